"""How a backend's process starts and ends: its database is prepared, it listens, and a signal stops it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Final

import pymongo
from aiohttp import web
from pymongo.errors import PyMongoError

from core.errors import Unavailable
from core.mongo import Mongo

_START_S: Final = 5.0
_DRAIN_S: Final = 1.0
_LINGER_S: Final = 2.0  # for the rest of a body that was refused before its end
_CHECK_URL: Final = "check --mongo-url."
_KEEPALIVE_S: Final = 75.0


class CannotStart(Exception):
    """The backend cannot start. The message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What every backend is told; each adds its own.

    backend: its name, as its sentences say it.
    mongo_url, database: where its facts are kept. mongo_timeout_s: the most that one database operation may take.
    host, port: where to listen; port 0 takes a free one. keys: digests of the keys that may post.
    """

    backend: ClassVar[str]

    mongo_url: str
    database: str
    mongo_timeout_s: float = 2.5
    host: str = "127.0.0.1"
    port: int = 0
    keys: tuple[bytes, ...] = ()


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, prepare: Callable[[Mongo], Awaitable[None]]) -> AsyncIterator[Mongo]:
    """The backend's database, with its collections and indexes made by `prepare`. Raises: CannotStart."""
    mongo = _connect(settings)
    try:
        try:
            with pymongo.timeout(_START_S):
                await prepare(mongo)
        except Unavailable as fault:
            raise CannotStart(
                f"The {settings.backend} backend's MongoDB does not answer: "
                "check that it runs and that --mongo-url is right."
            ) from fault
        except PyMongoError as fault:
            raise CannotStart(
                f"MongoDB refuses the {settings.backend} backend ({type(fault).__name__}): {_CHECK_URL}"
            ) from fault
        yield mongo
    finally:
        await mongo.close()


def _connect(settings: Settings) -> Mongo:
    try:
        return Mongo.connect(url=settings.mongo_url, database=settings.database, timeout_s=settings.mongo_timeout_s)
    except (PyMongoError, ValueError) as fault:
        # The driver's own words may quote the URL with its password.
        raise CannotStart(
            f"The URL of the {settings.backend} backend's MongoDB cannot be read: {_CHECK_URL}"
        ) from fault


@contextlib.asynccontextmanager
async def listening(application: web.Application, settings: Settings) -> AsyncIterator[str]:
    """Answer HTTP; gives the base URL. Raises: CannotStart."""
    runner = web.AppRunner(
        application,
        access_log=None,
        keepalive_timeout=_KEEPALIVE_S,
        lingering_time=_LINGER_S,
        shutdown_timeout=_DRAIN_S,
    )
    await runner.setup()
    try:
        yield await _listen(runner, settings)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> str:
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {settings.port} is in use: stop what listens there, or choose another with --port."
            ) from fault
        raise CannotStart(f"Cannot listen on {settings.host}:{settings.port}: {fault.strerror}.") from fault
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


def stop_asked() -> asyncio.Event:
    """Is set by the first SIGTERM or SIGINT from now on."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
