"""A verb is written once, and run by whoever waits: with asyncio or without.

A verb is a generator that yields steps and is sent what came of each: a request's answer, nothing for a pause,
whether an id is new. It opens no socket and knows no event loop, so the two runners (`AsyncRunner`, `BlockingRunner`)
differ in how they wait and in nothing else; `awaited` and `blocking` make a method of a verb for one of them.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeAlias, TypeVar, cast

import httpx

from .errors import AnswerInvalid, TimedOut, Unreachable
from .replay import ReplayStore

T = TypeVar("T")
V = TypeVar("V")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Request:
    """repeatable: to ask again is harmless, though nobody knows whether the first arrived. answer_bytes_max: of the
    body.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    repeatable: bool = False
    answer_bytes_max: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Response:
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Answered by the `Response`. Raises: Unreachable, TimedOut, AnswerInvalid."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class First:
    """Answered by whether `id` was never seen in `store`, which remembers it for `ttl_s`."""

    store: ReplayStore
    id: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Alone:
    """Answered by what `work` returns, while no other work of this name runs."""

    name: str
    work: Callable[[], Generator[Any, Any, Any]]


Step: TypeAlias = Send | Pause | First | Alone
Call: TypeAlias = Generator[Step, Any, T]


def send(request: Request) -> Call[Response]:
    return cast(Response, (yield Send(request)))


def first(store: ReplayStore, id: str, ttl_s: float) -> Call[bool]:
    return bool((yield First(store, id, ttl_s)))


def alone(name: str, work: Callable[[], Call[T]]) -> Call[T]:
    return cast(T, (yield Alone(name, work)))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one request may take. timeout_s: as a whole; connect_timeout_s: until somebody is there."""

    timeout_s: float = 10.0
    connect_timeout_s: float = 5.0

    def of_httpx(self) -> httpx.Timeout:
        return httpx.Timeout(self.timeout_s, connect=min(self.connect_timeout_s, self.timeout_s))


# What travels compressed could be a bomb: nothing is asked for compressed, and nothing is taken so.
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "citytong-sdk"}


class AsyncRunner:
    """Runs verbs on the event loop of whoever calls. wait: instead of sleeping, for a clock of tests."""

    def __init__(
        self,
        *,
        limits: Limits,
        transport: httpx.AsyncBaseTransport | None,
        trust_env: bool,
        wait: Callable[[float], None] | None = None,
    ) -> None:
        self._wait = wait
        self._limits = limits
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=limits.of_httpx(),
            trust_env=trust_env,
            follow_redirects=False,
            headers=_HEADERS,
        )
        self._locks: dict[str, asyncio.Lock] = {}

    async def run(self, call: Call[T]) -> T:
        answer: Any = None
        fault: Exception | None = None
        while True:
            try:
                step = call.send(answer) if fault is None else call.throw(fault)
            except StopIteration as done:
                return cast(T, done.value)
            answer, fault = None, None
            try:
                answer = await self._do(step)
            except Exception as raised:  # the verb's to judge
                fault = raised

    async def close(self) -> None:
        await self._client.aclose()

    async def _do(self, step: Step) -> Any:
        match step:
            case Send(request):
                return await self._sent(request)
            case Pause(seconds):
                return self._wait(seconds) if self._wait else await asyncio.sleep(seconds)
            case First(store, id, ttl_s):
                told = store.first(id, ttl_s)
                return bool(await told) if inspect.isawaitable(told) else told
            case Alone(name, work):
                async with self._locks.setdefault(name, asyncio.Lock()):
                    return await self.run(work())

    async def _sent(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                async with self._client.stream(
                    request.method, request.url, headers=request.headers, content=request.body or None
                ) as answer:
                    body = _Body(request, answer)
                    if answer.is_stream_consumed:  # a transport of tests gives it whole
                        body.add(answer.content)
                    else:
                        async for chunk in answer.aiter_raw():
                            body.add(chunk)
                    return body.response()
        except TimeoutError:
            raise TimedOut("The city did not answer in time.", sent=True) from None
        except httpx.TransportError as fault:
            raise _unreachable(fault) from None


class BlockingRunner:
    """Runs verbs in the thread of whoever calls; any number of threads may. wait: instead of sleeping."""

    def __init__(
        self,
        *,
        limits: Limits,
        transport: httpx.BaseTransport | None,
        trust_env: bool,
        wait: Callable[[float], None] | None = None,
    ) -> None:
        self._wait = wait or time.sleep
        self._limits = limits
        self._client = httpx.Client(
            transport=transport,
            timeout=limits.of_httpx(),
            trust_env=trust_env,
            follow_redirects=False,
            headers=_HEADERS,
        )
        self._locks: dict[str, threading.Lock] = {}

    def run(self, call: Call[T]) -> T:
        answer: Any = None
        fault: Exception | None = None
        while True:
            try:
                step = call.send(answer) if fault is None else call.throw(fault)
            except StopIteration as done:
                return cast(T, done.value)
            answer, fault = None, None
            try:
                answer = self._do(step)
            except Exception as raised:  # the verb's to judge
                fault = raised

    def close(self) -> None:
        self._client.close()

    def _do(self, step: Step) -> Any:
        match step:
            case Send(request):
                return self._sent(request)
            case Pause(seconds):
                return self._wait(seconds)
            case First(store, id, ttl_s):
                told = store.first(id, ttl_s)
                if inspect.iscoroutine(told):
                    told.close()
                if not isinstance(told, bool):
                    raise TypeError("the replay store is asynchronous: give the sync client one that is not")
                return told
            case Alone(name, work):
                with self._locks.setdefault(name, threading.Lock()):
                    return self.run(work())

    def _sent(self, request: Request) -> Response:
        end = time.monotonic() + self._limits.timeout_s
        try:
            with self._client.stream(
                request.method, request.url, headers=request.headers, content=request.body or None
            ) as answer:
                body = _Body(request, answer)
                if answer.is_stream_consumed:  # a transport of tests gives it whole
                    body.add(answer.content)
                else:
                    for chunk in answer.iter_raw():
                        body.add(chunk)
                        if time.monotonic() > end:  # a city that drips
                            raise TimedOut("The city did not answer in time.", sent=True)
                return body.response()
        except httpx.TransportError as fault:
            raise _unreachable(fault) from None


class _Body:
    """An answer as it arrives, up to what it may be."""

    def __init__(self, request: Request, answer: httpx.Response) -> None:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise AnswerInvalid("The answer is compressed, which was not asked for.")
        self._most = request.answer_bytes_max
        self._answer = answer
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        self._body += chunk
        if len(self._body) > self._most:
            raise AnswerInvalid(f"The answer is larger than {self._most} bytes.")

    def response(self) -> Response:
        headers = {name.lower(): value for name, value in self._answer.headers.items()}
        return Response(self._answer.status_code, headers, bytes(self._body))


def _unreachable(fault: httpx.TransportError) -> Unreachable:
    """Without the fault's own sentence, which may quote what was sent."""
    before = isinstance(
        fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol
    )
    if isinstance(fault, httpx.TimeoutException):
        return TimedOut(f"The city did not answer in time ({type(fault).__name__}).", sent=not before)
    return Unreachable(f"The city cannot be reached ({type(fault).__name__}).", sent=not before)


@dataclass(frozen=True, slots=True)
class Door(Generic[V, T]):
    """Verbs, and who runs them."""

    verbs: V
    runner: T


def awaited(verb: Callable[Concatenate[V, P], Call[T]]) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The verb as a method of a `Door` of an `AsyncRunner`."""

    @functools.wraps(verb)
    async def method(self: Door[V, AsyncRunner], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.runner.run(verb(self.verbs, *args, **kwargs))

    return method


def blocking(verb: Callable[Concatenate[V, P], Call[T]]) -> Callable[Concatenate[Any, P], T]:
    """The verb as a method of a `Door` of a `BlockingRunner`."""

    @functools.wraps(verb)
    def method(self: Door[V, BlockingRunner], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.runner.run(verb(self.verbs, *args, **kwargs))

    return method
