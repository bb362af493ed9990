"""The roof of this backend: one place that chooses the collaborators, serves until told to stop, and stops."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from backends.base import running
from backends.base.door import Door, Metrics
from backends.base.execution import Executor
from backends.base.running import CannotStart
from backends.data import demo
from backends.data.cost import TARIFF
from backends.data.errors import REFUSALS, QueryRefused
from backends.data.faces import DemoProvider
from backends.data.http import INTAKE_BYTES_MAX, Routes
from backends.data.keys import Grant
from backends.data.records import Records
from backends.data.registers import Registers
from backends.data.schema import executable
from backends.data.service import Catalogue
from backends.data.shelf import Question
from backends.data.store import CatalogueStore
from core.clock import Clock, SystemClock
from core.crypto import FieldCipher, UnsealError
from core.ids import Ids
from core.jose import key_of_seed
from core.mongo import Mongo

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings(running.Settings):
    """Everything that this process is told, beside what every backend is.

    master_key: 32 bytes; personal fields are sealed and found by it. base_url: where readers reach this backend; empty
    for where it listens. grants: who may do what. demo: whether to add the demonstration's datasets and registers.
    face_key: 32 bytes, with which the demonstration's checks of people are signed; with none, there are no such checks.
    """

    backend: ClassVar[str] = "data"

    database: str = "data"
    master_key: bytes = field(default=b"", repr=False)
    base_url: str = ""
    grants: tuple[Grant, ...] = ()
    demo: bool = False
    face_key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Department:
    """The department's services over one database."""

    catalogue: Catalogue
    registers: Registers


def base_url(settings: Settings) -> str:
    """Where readers reach this backend."""
    return settings.base_url or f"http://{settings.host}:{settings.port}"


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Department]:
    """The department on a prepared database, the demonstration's facts in it. Raises: CannotStart."""
    clock, cipher = clock or SystemClock(), FieldCipher(settings.master_key)

    async def prepare(mongo: Mongo) -> None:
        await CatalogueStore(mongo).prepare()
        try:
            await Records(mongo, cipher).prepare()
        except UnsealError as fault:
            raise CannotStart(
                "TONG_DATA_MASTER_KEY is not the key that the registers were sealed with. Bring that key back."
            ) from fault

    async with running.opened(settings, prepare=prepare) as mongo:
        department = Department(
            Catalogue(CatalogueStore(mongo), clock, base_url(settings)),
            Registers(Records(mongo, cipher), Ids(clock), clock),
        )
        if settings.demo:
            added = await demo.load_demo(catalogue=department.catalogue, records=department.registers.records)
            _LOG.info("the demonstration stands", extra={"facts": {"datasets_changed": added}})
        # Before anybody asks: a full catalogue takes seconds to read.
        await department.catalogue.find(Question())
        yield department


@contextlib.asynccontextmanager
async def serving(settings: Settings, department: Department) -> AsyncIterator[str]:
    """Answer HTTP over the department; gives the URL that it listens on. Raises: CannotStart."""
    catalogue = department.catalogue
    ids = Ids(catalogue.clock)
    own = base_url(settings)
    executor = Executor(executable, TARIFF, QueryRefused, ids)
    door = Door(executor, {Catalogue: catalogue}, catalogue.check, REFUSALS, ids, Metrics("data"))
    routes = Routes(door, catalogue, department.registers, settings.grants)
    routes_of = routes.all()
    if settings.demo and settings.face_key:
        records, key = department.registers.records, key_of_seed(settings.face_key)
        provider = DemoProvider(door, records, settings.grants, key, own, ids, catalogue.clock)
        await provider.prepare()
        routes_of += provider.routes()
    application = door.application(routes=routes_of, bytes_max=INTAKE_BYTES_MAX)
    async with running.listening(application, settings) as base:
        yield base


async def serve(settings: Settings, *, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told once, when requests are answered. Raises: CannotStart."""
    stop = running.stop_asked()
    async with opened(settings) as department, serving(settings, department) as base:
        announce({"graphql": f"{base}/graphql", "intake": f"{base}/intake/datasets", "pid": os.getpid()})
        await stop.wait()
