"""One HTTP/1.1 connection to a subgraph: a request, its whole answer, the next request.

What is read is judged by llhttp, the parser of Node.js, in its strict mode (httptools): two lengths, a length beside
chunks, a bad chunk or a line that ends in half a line break are no answer. Here stand the rules of the connection.

Rules
- A connection that has met anything unexpected is never used again: a fault, bytes that nobody asked for, an answer
  before its request was sent whole, `Connection: close`. So an answer can only be that of its own request.
- An answer is whole or it is a fault. One without length or chunks ends with the connection (RFC 9112 §6.3); that
  it was not cut short, its JSON tells.
- Interim answers (1xx) are passed over; nothing is upgraded, redirected or decompressed.
- Whoever stops waiting closes the connection, at once: the subgraph sees that nobody listens.
Source: RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

# Of status line and headers, trailers too; as aiohttp and nginx have it.
_HEAD_BYTES_MAX: Final = 32 * 1024
# What each byte of a body pays for: itself, and the framing of the smallest chunks. More beside it keeps us busy for
# nothing (endless interim answers, extensions of chunks, trailers).
_BESIDE_EACH: Final = 16


class Unanswered(ConnectionError):
    """The connection ended before a whole answer came. nothing: not even a byte of one."""

    def __init__(self, *, nothing: bool) -> None:
        super().__init__("the connection ended before the answer" + ("" if nothing else " did"))
        self.nothing = nothing


class BadAnswer(ValueError):
    """What came is not an answer that may be trusted."""


@dataclass(frozen=True, slots=True)
class Received:
    """A whole answer. again_later: it names a time (`Retry-After`) to ask again."""

    status: int
    body: bytes
    again_later: bool


class Connection(asyncio.Protocol):
    """Answers one request at a time. idle_since: when it was last given back, on the loop's clock."""

    __slots__ = (
        "_again_later",
        "_beside",
        "_bytes_left",
        "_framed",
        "_head_done",
        "_head_left",
        "_keep",
        "_nothing",
        "_parser",
        "_parts",
        "_status",
        "_surplus",
        "_transport",
        "_waiter",
        "idle_since",
    )

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Received] | None = None

    @property
    def open(self) -> bool:
        """Whether a request can be written now."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, bytes_max: int) -> Received:
        """The answer to `request`, of at most `bytes_max` bytes. Raises: Unanswered, BadAnswer."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise Unanswered(nothing=True)
        waiter: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        self._begin(bytes_max)
        transport.write(request)
        try:
            return await waiter
        finally:
            self._waiter = None
            if not self._keep or transport.get_write_buffer_size():
                self.drop()

    def drop(self) -> None:
        """Close at once, with nothing said: an answer under way has no taker any more."""
        if self._transport is not None:
            self._transport.abort()

    def _begin(self, bytes_max: int) -> None:
        # A parser for each answer: what one left behind cannot colour the next.
        self._parser = HttpResponseParser(self)
        self._bytes_left, self._head_left = bytes_max, _HEAD_BYTES_MAX
        self._parts: list[bytes] = []
        self._status = self._beside = 0
        self._nothing = True
        self._head_done = self._framed = self._again_later = self._keep = self._surplus = False

    # Of the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            self._keep = False
            self.drop()
            return
        self._nothing = False
        self._beside += len(data)
        fault: Exception | None = None
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            fault = error
        if self._status:
            self._keep = self._keep and fault is None and not self._surplus
            waiter.set_result(self._answer())
        elif fault is not None:
            waiter.set_exception(_bad(fault))
        elif self._beside > _HEAD_BYTES_MAX:
            waiter.set_exception(BadAnswer("the answer is hardly any body"))

    def connection_lost(self, fault: Exception | None) -> None:
        waiter, self._transport = self._waiter, None
        if waiter is None or waiter.done():
            return
        self._keep = False
        if fault is None and self._head_done and not self._framed:
            self._status = self._parser.get_status_code()
            waiter.set_result(self._answer())
        else:
            error = Unanswered(nothing=self._nothing)
            error.__cause__ = fault
            waiter.set_exception(error)

    def _answer(self) -> Received:
        parts = self._parts
        return Received(self._status, parts[0] if len(parts) == 1 else b"".join(parts), self._again_later)

    # Of the parser

    def on_message_begin(self) -> None:
        self._surplus = self._status != 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_left -= len(name) + len(value)
        if self._head_left < 0:
            raise BadAnswer("the head of the answer is too large")
        if self._surplus or self._head_done:
            return
        known = name.lower()
        if known == b"content-length":
            self._framed = True
            if int(value) > self._bytes_left:
                raise BadAnswer("the answer is too large")
        elif known == b"transfer-encoding":
            # The parser would read anything but chunks up to the end of the connection.
            if self._framed or value.lower() != b"chunked":
                raise BadAnswer("the answer has another coding than chunks")
            self._framed = True
        elif known == b"retry-after":
            self._again_later = True

    def on_headers_complete(self) -> None:
        self._head_done = True

    def on_body(self, body: bytes) -> None:
        if self._surplus:
            return
        self._beside -= _BESIDE_EACH * len(body)
        self._bytes_left -= len(body)
        if self._bytes_left < 0:
            raise BadAnswer("the answer is too large")
        self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._surplus:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self._status, self._keep = status, self._parser.should_keep_alive()
        elif status == 101:
            raise BadAnswer("the subgraph wants another protocol")
        else:
            self._head_done = self._framed = self._again_later = False


def _bad(fault: Exception) -> BadAnswer:
    """What a callback refused, or what the parser did."""
    refused = fault.__context__
    if isinstance(refused, BadAnswer):
        return refused
    bad = BadAnswer("the answer is not HTTP/1.1 as it is written")
    bad.__cause__ = fault
    return bad
