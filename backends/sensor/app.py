"""The roof of this backend: one place that chooses the collaborators, serves until told to stop, and stops."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pymongo
from aiohttp import web
from pymongo.errors import PyMongoError

from backends.sensor.execution import Executor
from backends.sensor.feed import BACKFILL_H, SyntheticFeed
from backends.sensor.http import Metrics, SensorDoor
from backends.sensor.schema import executable
from backends.sensor.service import Sensors
from backends.sensor.store import SensorStore
from backends.sensor.synthetic import SEED
from core.clock import Clock, SystemClock
from core.errors import DomainError, Unavailable
from core.ids import Ids
from core.mongo import Mongo
from core.tasks import going_on

_START_S: Final = 5.0
_DRAIN_S: Final = 1.0
_LINGER_S: Final = 2.0  # for the rest of a body that was refused before its end
_CHECK_URL: Final = "check --mongo-url."
_KEEPALIVE_S: Final = 75.0


class CannotStart(Exception):
    """The backend cannot start. The message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that this process is told.

    mongo_url, database: where readings are kept. mongo_timeout_s: the most that one database operation may take.
    host, port: where to listen; port 0 takes a free one. demo: whether to keep synthetic readings up to date.
    seed: of the synthetic model. backfill_h: how many hours of synthetic readings there shall be at least.
    ingest_keys: digests of the keys that may post readings.
    """

    mongo_url: str
    database: str = "sensor"
    mongo_timeout_s: float = 2.5
    host: str = "127.0.0.1"
    port: int = 0
    demo: bool = False
    seed: int = SEED
    backfill_h: int = BACKFILL_H
    ingest_keys: tuple[bytes, ...] = ()


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Sensors]:
    """The department's service on a prepared database. Raises: CannotStart."""
    mongo = _connect(settings)
    try:
        sensors = Sensors(SensorStore(mongo), clock or SystemClock())
        try:
            with pymongo.timeout(_START_S):
                await sensors.store.prepare()
        except Unavailable as fault:
            raise CannotStart(
                "The sensor backend's MongoDB does not answer: check that it runs and that --mongo-url is right."
            ) from fault
        except PyMongoError as fault:
            raise CannotStart(f"MongoDB refuses the sensor backend ({type(fault).__name__}): {_CHECK_URL}") from fault
        yield sensors
    finally:
        await mongo.close()


def _connect(settings: Settings) -> Mongo:
    try:
        return Mongo.connect(url=settings.mongo_url, database=settings.database, timeout_s=settings.mongo_timeout_s)
    except (PyMongoError, ValueError) as fault:
        # The driver's own words may quote the URL with its password.
        raise CannotStart(f"The URL of the sensor backend's MongoDB cannot be read: {_CHECK_URL}") from fault


@contextlib.asynccontextmanager
async def serving(settings: Settings, sensors: Sensors) -> AsyncIterator[str]:
    """Answer HTTP over `sensors`; gives the base URL. Raises: CannotStart."""
    ids = Ids(sensors.clock)
    executor = Executor(executable, ids)
    door = SensorDoor(sensors, executor, ids, sensors.clock, Metrics(), settings.ingest_keys)
    runner = web.AppRunner(
        door.application(),
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


async def serve(settings: Settings, *, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told once, when requests are answered. Raises: CannotStart."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with opened(settings) as sensors, _fed(settings, sensors), serving(settings, sensors) as base:
        announce({"graphql": f"{base}/graphql", "ingest": f"{base}/ingest/readings", "pid": os.getpid()})
        await stop.wait()


async def backfill(settings: Settings) -> int:
    """Add the missing synthetic readings of the last hours; returns how many. Raises: CannotStart, DomainError."""
    async with opened(settings) as sensors:
        return (await _feed(settings, sensors).catch_up()).accepted


@contextlib.asynccontextmanager
async def _fed(settings: Settings, sensors: Sensors) -> AsyncIterator[None]:
    """With the demo switch: synthetic readings are there from the start, and stay up to date."""
    if not settings.demo:
        yield
        return
    feed = _feed(settings, sensors)
    with contextlib.suppress(DomainError):  # the loop tries again and says so in the log
        await feed.catch_up()
    async with going_on({"synthetic feed": feed.run}):
        yield


def _feed(settings: Settings, sensors: Sensors) -> SyntheticFeed:
    return SyntheticFeed(sensors, sensors.clock, settings.seed, settings.backfill_h)


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
