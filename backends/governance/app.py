"""The roof of this backend: one place that chooses the collaborators, serves until told to stop, and stops."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from backends.base import running
from backends.base.door import Door, Metrics
from backends.base.execution import Executor
from backends.base.running import listening, stop_asked
from backends.governance.cost import TARIFF
from backends.governance.demo import SEED, DemoEvents
from backends.governance.errors import REFUSALS
from backends.governance.http import GovernanceDoor
from backends.governance.schema import executable
from backends.governance.service import Governance
from backends.governance.store import GovernanceStore
from core.clock import Clock, SystemClock
from core.errors import DomainError
from core.ids import Ids
from core.mongo import Mongo
from core.tasks import every, going_on

_DEMO_EVERY_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Settings(running.Settings):
    """Everything that this process is told.

    demo: whether to keep synthetic events up to date. seed: of these.
    """

    backend: ClassVar[str] = "governance"

    database: str = "governance"
    demo: bool = False
    seed: int = SEED


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Governance]:
    """The department's service on a prepared database. Raises: CannotStart."""
    clock = clock or SystemClock()
    async with running.opened(settings, prepare=_prepare) as mongo:
        yield Governance(GovernanceStore(mongo), clock, Ids(clock))


async def _prepare(mongo: Mongo) -> None:
    await GovernanceStore(mongo).prepare()


@contextlib.asynccontextmanager
async def serving(settings: Settings, governance: Governance) -> AsyncIterator[str]:
    """Answer HTTP over `governance`; gives the base URL. Raises: CannotStart."""
    ids = governance.ids
    executor = Executor(executable, TARIFF, REFUSALS.query_refused, ids)
    door = Door(
        executor, {Governance: governance}, governance.check, REFUSALS, ids, Metrics(settings.backend), settings.keys
    )
    async with listening(GovernanceDoor(governance, door).application(), settings) as base:
        yield base


async def serve(settings: Settings, *, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told once, when requests are answered. Raises: CannotStart."""
    stop = stop_asked()
    async with opened(settings) as governance, _fed(settings, governance), serving(settings, governance) as base:
        announce({"graphql": f"{base}/graphql", "intake": f"{base}/intake/events", "pid": os.getpid()})
        await stop.wait()


@contextlib.asynccontextmanager
async def _fed(settings: Settings, governance: Governance) -> AsyncIterator[None]:
    """With the demo switch: synthetic events are there from the start, and stay up to date."""
    if not settings.demo:
        yield
        return
    demo = DemoEvents(governance, settings.seed)
    with contextlib.suppress(DomainError):  # the loop tries again and says so in the log
        await demo.catch_up()
    async with going_on({"synthetic events": every(_DEMO_EVERY_S, demo.catch_up)}):
        yield
