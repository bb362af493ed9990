"""Event streams: answers that come one after another, as GraphQL over Server-Sent Events, one stream a request.

Rules
- Each answer is a `next`, the end a `complete`. A comment every `heartbeat_s` tells proxies and clients that the line
  is there, and who asks is asked for again then, as before each answer.
- A stream has no end of its own. After `life_s`, and when the process stops, it ends by `complete` alone: ask again.
  What ends it for a reason is told by a last `next` that holds nothing but the error.
- Nothing waits in a queue: the next event is asked for when the last one is on its way. Who reads nothing for
  `unread_s` is told so, and has `linger_s` to read that.
Source: github.com/enisdenjo/graphql-sse, PROTOCOL.md (distinct connections mode); WHATWG HTML, server-sent events
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import orjson
from aiohttp import web

from api.gateway.execute import Answer
from api.gateway.transport import RequestContext, error_value
from api.web.asking import REQUEST_ID
from api.web.errors import StreamsOf, StreamUnread, TooManyStreams
from api.web.media import EVENT_STREAM
from api.web.replies import SECURITY_HEADERS, SERVER_NAME, Reply, broken_by
from core.errors import DomainError
from core.locale import Locale
from core.tasks import ended

_BEAT: Final = b":\n\n"
_COMPLETE: Final = b"event: complete\ndata: \n\n"
_END_WITHIN_S: Final = 5.0
# A proxy that holds answers back until they are whole is told not to (nginx).
_HEADERS: Final = {
    "Content-Type": f"{EVENT_STREAM}; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "Server": SERVER_NAME,
    **SECURITY_HEADERS,
}


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """open_max: streams of this process; of_one_max: of one caller in it; of_organisation_max: of all tools of one
    organisation. The others: seconds, see the rules.
    """

    open_max: int = 500
    of_one_max: int = 10
    of_organisation_max: int = 50
    life_s: float = 600.0
    heartbeat_s: float = 15.0
    unread_s: float = 30.0
    linger_s: float = 30.0


@dataclass(slots=True, eq=False)
class Streams:
    """Every stream of one door. open: how many there are. unread: how many were left because nobody read them."""

    limits: StreamLimits = field(default_factory=StreamLimits)
    open: int = 0
    unread: int = 0
    _of: Counter[tuple[StreamsOf, str]] = field(default_factory=Counter)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def claimed(self, caller: str, *, organisation: str = "") -> Iterator[None]:
        """A place for one more. organisation: for whom a tool asks; empty for nobody's. Raises: TooManyStreams."""
        shares = {(StreamsOf.CALLER, caller): self.limits.of_one_max}
        if organisation:
            shares[StreamsOf.ORGANISATION, organisation] = self.limits.of_organisation_max
        for share, most in shares.items():
            if self._of[share] >= most:
                raise TooManyStreams(whose=share[0], most=most)
        if self.open >= self.limits.open_max:
            raise TooManyStreams(whose=StreamsOf.PROCESS, most=self.limits.open_max)
        self.open += 1
        self._of.update(shares.keys())
        try:
            yield
        finally:
            self.open -= 1
            for share in shares:
                self._of[share] -= 1
                if not self._of[share]:
                    del self._of[share]

    async def stop(self, _: web.Application) -> None:
        """End every stream, now and from now on: the process stops."""
        self._stopping.set()

    async def run(
        self,
        request: web.Request,
        answers: AsyncGenerator[Answer, None],
        renewed: Callable[[], Awaitable[RequestContext]],
        locale: Locale,
    ) -> web.StreamResponse:
        """Write the answers until one side ends it. renewed: who asks, as of now; raises what ends the stream."""
        response = web.StreamResponse(headers={**_HEADERS, "X-Request-Id": request[REQUEST_ID]})
        response.force_close()
        line = _Line(request, response, self.limits)
        try:
            await response.prepare(request)
            # Whoever waits for the beginning sees it now, and knows that nothing is missed from here on.
            await line.write(_BEAT)
            await self._fill(line, answers, renewed, locale)
        except StreamUnread as fault:
            self.unread += 1
            await line.give_up(_last(fault, locale))
        except ConnectionError:
            line.gone = True
        except Exception as fault:
            await line.give_up(_last(broken_by(fault, request[REQUEST_ID], "/graphql"), locale))
        finally:
            # One that did not end in time ends by itself: it was cancelled, and what runs cannot be closed.
            with suppress(RuntimeError):
                await answers.aclose()
        if not line.gone:
            with suppress(ConnectionError):
                await response.write_eof()
        return response

    async def _fill(
        self,
        line: _Line,
        answers: AsyncGenerator[Answer, None],
        renewed: Callable[[], Awaitable[RequestContext]],
        locale: Locale,
    ) -> None:
        now = asyncio.get_running_loop().time
        until, stopping = now() + self.limits.life_s, asyncio.create_task(self._stopping.wait())
        coming: asyncio.Task[Answer | None] | None = None
        try:
            while (left := until - now()) > 0 and not self._stopping.is_set():
                coming = coming or asyncio.create_task(_next(answers))
                await asyncio.wait(
                    {coming, stopping}, timeout=min(left, self.limits.heartbeat_s), return_when=asyncio.FIRST_COMPLETED
                )
                if coming.done():
                    answer, coming = coming.result(), None
                    if answer is None:
                        break
                    await line.write(written(answer.as_bytes()))
                    if answer.refused:
                        break
                elif not stopping.done():
                    await renewed()
                    await line.write(_BEAT)
            await line.write(_COMPLETE)
        except StreamUnread:
            raise
        except DomainError as fault:
            await line.write(_last(fault, locale))
        finally:
            await ended([task for task in (stopping, coming) if task is not None], within_s=_END_WITHIN_S)


@dataclass(slots=True)
class _Line:
    """A connection that is written to. gone: it is of no use any more."""

    request: web.Request
    response: web.StreamResponse
    limits: StreamLimits
    gone: bool = False

    async def write(self, told: bytes) -> None:
        """Raises: StreamUnread, ConnectionError."""
        try:
            async with asyncio.timeout(self.limits.unread_s):
                await self.response.write(told)
        except TimeoutError as fault:
            raise StreamUnread(seconds_max=int(self.limits.unread_s)) from fault

    async def give_up(self, last: bytes) -> None:
        """Say why, behind what was not read yet, and leave it when that is not read either."""
        try:
            async with asyncio.timeout(self.limits.linger_s):
                await self.response.write(last)
                await self.response.write_eof()
        except (TimeoutError, ConnectionError):
            if self.request.transport is not None:
                self.request.transport.abort()
        self.gone = True


def at_once(reply: Reply) -> Reply:
    """An answer that is whole, as a stream of one."""
    return Reply(200, written(reply.body) + _COMPLETE, EVENT_STREAM, reply.headers)


def written(answer: bytes) -> bytes:
    """One `next`. JSON holds no line break outside its strings, and there it is escaped."""
    return b"event: next\ndata: " + answer + b"\n\n"


def _last(fault: DomainError, locale: Locale) -> bytes:
    return written(orjson.dumps({"errors": [error_value(fault, locale)]})) + _COMPLETE


async def _next(answers: AsyncGenerator[Answer, None]) -> Answer | None:
    return await anext(answers, None)
