"""The gateway's own HTTP client: POSTs to subgraphs over connections that are kept.

Rules
- An origin (scheme, host, port) has at most `connections_max` connections. Whoever finds none free waits in line, and
  the caller's deadline goes on; what was used last is used next, so that a quiet hour closes the rest.
- A connection that its server closed while it was idle is noticed before anything is written. Where it closed just
  then, so that not a byte of an answer came, a request is sent once more, on a new connection, if its sender says that
  doing it twice does no harm: a GraphQL query, never a mutation. (RFC 9110 §9.2.2: a request that is not idempotent
  is repeated only where it is known not to have been applied; RFC 9112 §9.3.1.)
- Names are resolved for each new connection, addresses tried as RFC 8305 says; a certificate must be good for the host.
Why not a library's client: docs/decisions/0014-subgraphs-are-called-by-a-client-of-our-own.md.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from aiohappyeyeballs import start_connection
from yarl import URL

from api.gateway.connection import Connection, Received, Unanswered

_NEXT_ADDRESS_S: Final = 0.25


@dataclass(slots=True)
class _Origin:
    """The connections to one host and port. tls: None for plain http. count: open ones and ones being opened.

    A place is a right to one connection. It passes from caller to caller, with the connection or with None in it.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    connections_max: int
    count: int = 0
    idle: deque[Connection] = field(default_factory=deque)
    waiting: deque[asyncio.Future[Connection | None]] = field(default_factory=deque)

    async def ask(self, request: bytes, bytes_max: int, *, repeatable: bool) -> Received:
        """Raises: OSError, ValueError."""
        place: Connection | None = self.idle.pop() if self.idle else await self._place()
        try:
            if place is not None and place.open:
                try:
                    return await place.ask(request, bytes_max)
                except Unanswered as fault:
                    if not (repeatable and fault.nothing):
                        raise
            place = None
            place = await self._connected()
            return await place.ask(request, bytes_max)
        finally:
            self._give_back(place)

    async def _place(self) -> Connection | None:
        if self.count < self.connections_max:
            self.count += 1
            return None
        mine: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self.waiting.append(mine)
        try:
            return await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._give_back(mine.result())
            raise

    def _give_back(self, place: Connection | None) -> None:
        if place is not None and not place.open:
            place = None
        while self.waiting:
            next_one = self.waiting.popleft()
            if not next_one.done():
                next_one.set_result(place)
                return
        if place is None:
            self.count -= 1
        else:
            place.idle_since = asyncio.get_running_loop().time()
            self.idle.append(place)

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        held = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S, loop=loop)
        name = self.host.rstrip(".") if self.tls else None
        return (await loop.create_connection(Connection, sock=held, ssl=self.tls, server_hostname=name))[1]

    def sweep(self, idle_since: float) -> None:
        """Close what has been idle since then or longer; forget what was closed from the other side."""
        while self.idle and (not self.idle[0].open or self.idle[0].idle_since <= idle_since):
            self.idle.popleft().drop()
            self.count -= 1


@dataclass(slots=True)
class Client:
    """The connections to every subgraph. To be closed when the last request has ended.

    connections_max: for one origin. idle_s: seconds after which a connection that nobody uses is closed. tls: what
    certificates are trusted; None: those that the machine trusts.
    """

    connections_max: int = 512
    idle_s: float = 15.0
    tls: ssl.SSLContext | None = None
    _origins: dict[tuple[str, str, int], _Origin] = field(default_factory=dict)
    _sweeping: asyncio.TimerHandle | None = None

    async def post(
        self, target: Target, headers: Mapping[str, str], body: bytes, *, bytes_max: int, repeatable: bool
    ) -> Received:
        """Raises: OSError (Unanswered among them), ValueError (BadAnswer; a header that cannot be sent)."""
        request = target.request(headers, body)
        origin = self._origins.get(target.origin) or self._new_origin(target)
        return await origin.ask(request, bytes_max, repeatable=repeatable)

    def _new_origin(self, target: Target) -> _Origin:
        scheme, host, port = target.origin
        if scheme == "https" and self.tls is None:
            self.tls = ssl.create_default_context()
        tls = self.tls if scheme == "https" else None
        made = self._origins[target.origin] = _Origin(host, port, tls, self.connections_max)
        if self._sweeping is None:
            self._sweep()
        return made

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for origin in self._origins.values():
            origin.sweep(loop.time() - self.idle_s)
        self._sweeping = loop.call_later(self.idle_s / 3, self._sweep)

    async def aclose(self) -> None:
        """Close what is idle, and stop sweeping."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for origin in self._origins.values():
            origin.sweep(float("inf"))
        self._origins.clear()
        # The sockets are closed in the next turn of the loop.
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Target:
    """Where a subgraph answers, and the head of a request as far as it is always the same."""

    url: str = field(repr=False)

    @cached_property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host, port. Raises: ValueError."""
        url = URL(self.url)
        if url.scheme not in ("http", "https") or not url.raw_host or not url.port:
            raise ValueError("a subgraph has an http or https URL")
        return url.scheme, url.raw_host, url.port

    @cached_property
    def _head(self) -> str:
        url = URL(self.url)
        head = f"POST {url.raw_path_qs} HTTP/1.1\r\nhost: {url.host_port_subcomponent}\r\n"
        if url.user is not None or url.password is not None:
            secret = base64.b64encode(f"{url.user or ''}:{url.password or ''}".encode()).decode()
            head += f"authorization: Basic {secret}\r\n"
        return f"{head}content-type: application/json\r\naccept: application/json\r\n"

    def request(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """The bytes of a request. Raises: ValueError for a header that would break out of its line."""
        told = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if told.count("\r") != len(headers) or told.count("\n") != len(headers) or "\0" in told:
            raise ValueError("a header's value holds a line break")
        # What came in as bytes that are not UTF-8 goes out as the same bytes.
        head = f"{self._head}{told}content-length: {len(body)}\r\n\r\n"
        return head.encode("utf-8", "surrogateescape") + body
