"""The roof of this backend: one place that chooses the collaborators, serves until told to stop, and stops."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from backends.base import running
from backends.base.door import Door, Metrics
from backends.base.execution import Executor
from backends.base.running import listening, stop_asked
from backends.sensor.cost import TARIFF
from backends.sensor.errors import REFUSALS
from backends.sensor.feed import BACKFILL_H, SyntheticFeed
from backends.sensor.http import SensorDoor
from backends.sensor.schema import executable
from backends.sensor.service import Sensors
from backends.sensor.store import SensorStore
from backends.sensor.synthetic import SEED
from core.clock import Clock, SystemClock
from core.errors import DomainError
from core.ids import Ids
from core.mongo import Mongo
from core.tasks import going_on


@dataclass(frozen=True, slots=True)
class Settings(running.Settings):
    """Everything that this process is told.

    demo: whether to keep synthetic readings up to date. seed: of the synthetic model. backfill_h: how many hours of
    synthetic readings there shall be at least.
    """

    backend: ClassVar[str] = "sensor"

    database: str = "sensor"
    demo: bool = False
    seed: int = SEED
    backfill_h: int = BACKFILL_H


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Sensors]:
    """The department's service on a prepared database. Raises: CannotStart."""
    async with running.opened(settings, prepare=_prepare) as mongo:
        yield Sensors(SensorStore(mongo), clock or SystemClock())


async def _prepare(mongo: Mongo) -> None:
    await SensorStore(mongo).prepare()


@contextlib.asynccontextmanager
async def serving(settings: Settings, sensors: Sensors) -> AsyncIterator[str]:
    """Answer HTTP over `sensors`; gives the base URL. Raises: CannotStart."""
    ids = Ids(sensors.clock)
    executor = Executor(executable, TARIFF, REFUSALS.query_refused, ids)
    door = Door(executor, {Sensors: sensors}, sensors.check, REFUSALS, ids, Metrics(settings.backend), settings.keys)
    async with listening(SensorDoor.of(sensors, door).application(), settings) as base:
        yield base


async def serve(settings: Settings, *, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told once, when requests are answered. Raises: CannotStart."""
    stop = stop_asked()
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
