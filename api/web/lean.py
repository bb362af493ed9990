"""The lean way in: `POST /graphql` in one plain form is answered without aiohttp; everything else is aiohttp's.

Rules
- A request is answered here only if its head has the one strict form that `plain` reads. With anything else the
  connection goes to aiohttp for good, with all that was not answered yet. So aiohttp alone judges unusual HTTP, and no
  connection is read by two parsers in turn.
- A connection is handed over between requests only. One request is under way at a time; what a client sends ahead
  waits in a bounded buffer.
- A request to a host that is not the city's is aiohttp's too, which knows who answers there.
- No timer belongs to a request: one sweep looks at all connections.
- A client that hangs up ends its query, and never a mutation half-way (`GraphQLDoor`).
Source: RFC 9112 §2.2, §5 and §6.3 (the strict form), §9.3 (keep-alive), §9.5 (deadlines).
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple, cast

from aiohttp import web

from api.web.asking import Asked, begin
from api.web.graphql import BODY_S, GraphQLDoor, too_slow
from api.web.hosts import OtherHosts
from api.web.media import EVENT_STREAM, require_json, response_type
from api.web.metrics import Metrics
from api.web.replies import SECURITY_HEADERS, SERVER_NAME, Reply, broken
from core.errors import DomainError

# aiohttp's bounds of one header line, so that none is accepted here that would be refused there.
_HEAD_BYTES_MAX: Final = 8_190
_HEADERS_MAX: Final = 100
# Of what a client sends ahead while its request is under way; beyond it, it is not read.
_AHEAD_BYTES_MAX: Final = 65_536
_ROUTE: Final = "/graphql"
_FIRST_LINE: Final = b"POST /graphql HTTP/1.1\r\n"
# Nothing is folded, nothing stands before a colon, one space and no other white space stands about a value.
_LINES: Final = re.compile(r"^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): (?! )(.+)(?<! )\r\n", re.MULTILINE)
_CHARACTERS: Final = bytes(range(0x20, 0x7F)) + b"\r\n"
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_LENGTH: Final = re.compile(r"0|[1-9][0-9]{0,8}")
# Longer than proxies keep a connection that nobody uses (nginx and AWS: 60 s), so that they are who closes it.
IDLE_S: Final = 75.0
# What changes how a body is read, or what the connection is.
_UNUSUAL: Final = frozenset({"transfer-encoding", "content-encoding", "expect", "upgrade", "trailer", "http2-settings"})


class Head(NamedTuple):
    """headers: by lower-case name. wanted: media type of the answer. length: of the body. closes: after the answer."""

    headers: Mapping[str, str]
    wanted: str
    length: int
    closes: bool


def plain(head: bytes | bytearray, bytes_max: int) -> Head | None:
    """What a head in the plain form says, its last empty line included; None for every other."""
    if head.translate(None, _CHARACTERS) or not head.startswith(_FIRST_LINE):
        return None
    lines = _LINES.findall(head.decode("ascii"), len(_FIRST_LINE))
    # Each line is one that fits and has no other end, but for the first and the last, which is empty.
    if head.count(b"\n") != len(lines) + 2 or head.count(b"\r") != len(lines) + 2:
        return None
    headers = {name.lower(): value for name, value in lines}
    # Lines of one name may be a list, or an attack: what they mean is not decided here.
    if len(headers) != len(lines) or len(lines) > _HEADERS_MAX or not _UNUSUAL.isdisjoint(headers):
        return None
    connection = headers.get("connection", "keep-alive").lower()
    length = headers.get("content-length", "")
    if not _HOST.fullmatch(headers.get("host", "")) or connection not in ("keep-alive", "close"):
        return None
    if not _LENGTH.fullmatch(length) or int(length) > bytes_max:
        return None
    try:
        require_json(headers.get("content-type", ""), None)
        wanted = response_type(headers.get("accept"))
    except DomainError:
        return None
    return None if wanted == EVENT_STREAM else Head(headers, wanted, int(length), connection == "close")


def _hopeless(held: bytes | bytearray) -> bool:
    """Whether what came of a head so far can never become a plain one."""
    return (
        not held.startswith(_FIRST_LINE[: len(held)])
        or len(held) >= _HEAD_BYTES_MAX
        or held.count(b"\n") != held.count(b"\r\n")
    )


@dataclass(frozen=True, slots=True)
class Deadlines:
    """In seconds. arriving_s: for a head, then for its body. unread_s: for the rest of an answer to be read.

    idle_s: between requests. (aiohttp has as long for the next whole head.)
    """

    arriving_s: float = BODY_S
    unread_s: float = 60.0
    idle_s: float = IDLE_S
    swept_every_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Lean:
    """What of an application may be answered past aiohttp."""

    graphql: GraphQLDoor
    metrics: Metrics
    others: OtherHosts | None = None

    def answers(self, head: Head) -> bool:
        return self.others is None or not self.others.owns(head.headers["host"])


LEAN: Final = web.AppKey("lean", Lean)


@dataclass(slots=True, eq=False)
class Listener:
    """All lean connections of one port. A call makes the protocol of a new one.

    aiohttp: makes the protocol of a connection that is handed over.
    """

    lean: Lean
    aiohttp: Callable[[], asyncio.Protocol]
    deadlines: Deadlines = field(default_factory=Deadlines)
    closing: bool = False
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    connections: set[Connection] = field(default_factory=set)
    _sweeping: asyncio.TimerHandle | None = None
    _gone: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> Connection:
        return Connection(self)

    def sweep(self) -> None:
        """Close what is overdue, now and every so often."""
        now = self.loop.time()
        for connection in list(self.connections):
            connection.expire(now)
        self._sweeping = self.loop.call_later(self.deadlines.swept_every_s, self.sweep)

    def forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if self.closing and not self.connections:
            self._gone.set()

    async def close(self, *, within_s: float) -> None:
        """Close idle connections, the others once they have answered, and after `within_s` those that have not."""
        self.closing = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in list(self.connections):
            connection.close_if_idle()
        if not self.connections:
            return
        try:
            async with asyncio.timeout(within_s):
                await self._gone.wait()
        except TimeoutError:
            cut = [connection.cut() for connection in list(self.connections)]
            await asyncio.gather(*filter(None, cut), return_exceptions=True)


class Connection(asyncio.Protocol):
    """One connection, as long as it is lean."""

    __slots__ = (
        "_body_at",
        "_full",
        "_head",
        "_held",
        "_known",
        "_listener",
        "_paused",
        "_remote",
        "_since",
        "_task",
        "_transport",
    )

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._remote = ""
        # What has come and is not answered; of that, a head that was read, and where its body begins.
        self._held: bytes | bytearray = b""
        self._head: Head | None = None
        self._body_at = 0
        # A client sends the same head again and again: the last one, and what was read in it.
        self._known: tuple[bytes, Head] | None = None
        self._task: asyncio.Task[None] | None = None
        self._paused = self._full = False
        # When what is waited for began: the rest of a request, the next one, or an answer's being read.
        self._since = listener.loop.time()

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._listener.connections.add(self)
        peer = transport.get_extra_info("peername")
        self._remote = str(peer[0]) if isinstance(peer, tuple) else str(peer or "")
        if (held := transport.get_extra_info("socket")) is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        held = self._held
        if not held:
            self._held = data
            self._since = self._listener.loop.time()
        elif isinstance(held, bytearray):
            held += data
        else:
            self._held = bytearray(held) + data
        if self._task is None and not self._full:
            self._next()
        elif len(self._held) > _AHEAD_BYTES_MAX and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._task is None:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._task is None:
            self._listener.forget(self)
        else:
            self._task.cancel()

    # Reading

    def _go_on(self) -> None:
        """After an answer: with what was sent ahead, or with waiting."""
        if self._transport is None:
            return
        self._since = self._listener.loop.time()
        if self._paused and len(self._held) <= _AHEAD_BYTES_MAX:
            self._paused = False
            self._transport.resume_reading()
        if self._held and not self._full:
            self._next()

    def _next(self) -> None:
        """Begin the next request if it is there whole; give the connection away if it is none of ours."""
        held, head = self._held, self._head
        if head is None:
            end = held.find(b"\r\n\r\n", 0, _HEAD_BYTES_MAX) + 4
            if end < 4:
                if _hopeless(held):
                    self._hand_over()
                return
            head = self._read(bytes(held[:end]))
            if head is None:
                self._hand_over()
                return
            self._head, self._body_at, self._since = head, end, self._listener.loop.time()
        last = self._body_at + head.length
        if len(held) >= last:
            self._begin(head, self._taken(last))

    def _read(self, head: bytes) -> Head | None:
        if self._known is not None and self._known[0] == head:
            return self._known[1]
        lean = self._listener.lean
        found = plain(head, lean.graphql.request_bytes_max)
        if found is None or not lean.answers(found):
            return None
        self._known = (head, found)
        return found

    def _taken(self, last: int) -> bytes | bytearray:
        """The body that ends at `last`; what comes after it stays."""
        held = self._held
        raw = held[self._body_at : last]
        if len(held) == last:
            self._held = b""
        else:
            # A bytearray gives its beginning away without moving the rest.
            self._held = rest = bytearray(held)
            del rest[:last]
        return raw

    def _hand_over(self) -> None:
        transport, listener = self._transport, self._listener
        if transport is None:
            return
        self._transport = None
        if (held := transport.get_extra_info("socket")) is not None and held.family != socket.AF_UNIX:
            # aiohttp waits for ever for an answer to be read; the kernel does not.
            unread_ms = int(listener.deadlines.unread_s * 1000)
            held.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread_ms)
        protocol = listener.aiohttp()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._paused:
            transport.resume_reading()
        protocol.data_received(bytes(self._held))
        listener.forget(self)

    # Answering

    def _begin(self, head: Head, raw: bytes | bytearray | None) -> None:
        self._head = None
        self._task = self._listener.loop.create_task(self._answer(head, raw))

    async def _answer(self, head: Head, raw: bytes | bytearray | None) -> None:
        """raw: None for a body that did not come in time."""
        lean, started = self._listener.lean, time.perf_counter()
        asked = Asked(head.headers, self._remote, begin(head.headers.get("x-request-id", "")))
        try:
            if raw is None:
                reply = too_slow(asked, head.wanted)
            else:
                reply = await lean.graphql.answered(asked, raw, head.wanted)
        except asyncio.CancelledError:
            self._end(closes=True)
            raise
        except Exception as fault:
            reply = broken(asked, fault, _ROUTE)
        lean.metrics.answered(_ROUTE, reply.status, time.perf_counter() - started)
        closes = head.closes or raw is None or self._listener.closing
        if self._transport is not None:
            self._transport.write(written(reply, asked.request_id, closes=closes))
        self._end(closes=closes)

    def _end(self, *, closes: bool) -> None:
        self._task = None
        if self._transport is None:
            self._listener.forget(self)
        elif closes:
            self._since = self._listener.loop.time()
            self._transport.close()
        else:
            self._go_on()

    # Ending

    def expire(self, now: float) -> None:
        """End it if it has waited too long for its client."""
        if self._task is not None or self._transport is None:
            return
        waited, deadlines = now - self._since, self._listener.deadlines
        if self._full or self._transport.is_closing():
            if waited > deadlines.unread_s:
                self._transport.abort()
        elif self._held:
            if waited > deadlines.arriving_s:
                if self._head is None:
                    self._transport.close()
                else:
                    self._begin(self._head, None)
        elif waited > deadlines.idle_s:
            self._transport.close()

    def close_if_idle(self) -> None:
        if self._task is None and self._transport is not None:
            self._transport.close()

    def cut(self) -> asyncio.Task[None] | None:
        """End it now; the task that was cancelled, if there was one."""
        if self._transport is not None:
            self._transport.abort()
        if self._task is not None:
            self._task.cancel()
        return self._task


# Writing


def written(reply: Reply, request_id: str, *, closes: bool) -> bytes:
    """The answer's bytes, its headers in the order in which aiohttp writes them."""
    end = "\r\nConnection: close\r\n\r\n" if closes else "\r\n\r\n"
    opening = _opening(reply.status, reply.media_type, reply.headers)
    head = f"{opening}{request_id}{_MIDDLE}{len(reply.body)}\r\nDate: {_date(int(time.time()))}{end}"
    return head.encode("latin-1") + reply.body


@lru_cache(maxsize=256)
def _opening(status: int, media_type: str, headers: tuple[tuple[str, str], ...]) -> str:
    lines = "".join(f"{name}: {value}\r\n" for name, value in Reply(status, b"", media_type, headers).content_headers)
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}X-Request-Id: "


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


_MIDDLE: Final = "".join(
    f"\r\n{name}: {value}" for name, value in {"Server": SERVER_NAME, **SECURITY_HEADERS, "Content-Length": ""}.items()
)
