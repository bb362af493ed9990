"""The departments' backends in this process, each behind a port of its own, as a city finds them beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import orjson

import backends.data.app as data_app
import backends.governance.app as governance_app
import backends.sensor.app as sensor_app
from backends.base.keys import digests_of
from backends.data.keys import grants_of
from backends.sensor.feed import SyntheticFeed
from core.clock import Clock, SystemClock
from core.jose import key_of_seed
from core.mongo import Mongo
from core.processes import free_port
from core.tasks import going_on

KEY: Final = "the-departments-key-of-the-tests"
FACE_KEY: Final = bytes(range(64, 96))


@asynccontextmanager
async def departments(
    *, mongo_url: str, database: str, clock: Clock, dead: Collection[str] = ()
) -> AsyncIterator[dict[str, str]]:
    """The settings by which a city reaches them. Their databases are named after `database` and go with the block.

    dead: the names of those behind whose port nobody answers.
    """
    starts = {"sensor": sensor_backend, "governance": governance_backend, "data": data_backend}
    async with AsyncExitStack() as stack:
        bases: dict[str, str] = {}
        for name, start in starts.items():
            if name in dead:
                bases[name] = f"http://127.0.0.1:{free_port()}"
                continue
            own = f"{database}_{name}"
            stack.push_async_callback(_dropped, mongo_url, own)
            bases[name] = await stack.enter_async_context(start(mongo_url=mongo_url, database=own, clock=clock))
        yield reached_at(bases)


def reached_at(bases: Mapping[str, str]) -> dict[str, str]:
    """The settings of a city whose departments answer at these addresses."""
    return {
        "TONG_SUBGRAPHS": ",".join(f"{name}={base}/graphql" for name, base in bases.items()),
        "TONG_GOVERNANCE_URL": bases["governance"],
        "TONG_GOVERNANCE_KEY": KEY,
        "TONG_DATA_URL": bases["data"],
        "TONG_DATA_KEY": KEY,
    }


def seen_by(provider: str) -> dict[str, str]:
    """The settings of a city whose people are seen by the data department's provider, and come by its net-IDs."""
    return {
        "TONG_FACE_URL": provider,
        "TONG_FACE_KEY": KEY,
        "TONG_FACE_JWK": orjson.dumps(key_of_seed(FACE_KEY).jwk()).decode(),
        "TONG_NET_ID_URL": provider,
        "TONG_NET_ID_KEY": KEY,
    }


def nowhere() -> dict[str, str]:
    """The settings of a city that has no department to speak to."""
    return reached_at({name: f"http://127.0.0.1:{free_port()}" for name in ("sensor", "governance", "data")})


@asynccontextmanager
async def sensor_backend(*, mongo_url: str, database: str, clock: Clock, port: int = 0) -> AsyncIterator[str]:
    """With synthetic readings up to the clock's hour, also when a clock that goes by itself enters the next one."""
    told = sensor_app.Settings(mongo_url=mongo_url, database=database, port=port, demo=True, mongo_timeout_s=10)
    async with sensor_app.opened(told, clock=clock) as sensors:
        feed = SyntheticFeed(sensors, clock, told.seed, told.backfill_h, look_every_s=1)
        await feed.catch_up()
        going = {"synthetic feed": feed.run} if isinstance(clock, SystemClock) else {}
        async with going_on(going), sensor_app.serving(told, sensors) as base:
            yield base


@asynccontextmanager
async def governance_backend(*, mongo_url: str, database: str, clock: Clock, port: int = 0) -> AsyncIterator[str]:
    told = governance_app.Settings(
        mongo_url=mongo_url, database=database, port=port, mongo_timeout_s=10, keys=digests_of(KEY)
    )
    async with governance_app.opened(told, clock=clock) as governance, governance_app.serving(told, governance) as base:
        yield base


@asynccontextmanager
async def data_backend(*, mongo_url: str, database: str, clock: Clock, port: int = 0) -> AsyncIterator[str]:
    """With the demonstration's registers, datasets and provider."""
    told = data_app.Settings(
        mongo_url=mongo_url,
        database=database,
        port=port or free_port(),
        mongo_timeout_s=10,
        master_key=bytes(range(32, 64)),
        grants=grants_of(f"tests:publish+population+families+organisations+addresses+documents+faces+netids={KEY}"),
        demo=True,
        face_key=FACE_KEY,
    )
    async with data_app.opened(told, clock=clock) as department, data_app.serving(told, department) as base:
        yield base


async def _dropped(mongo_url: str, database: str) -> None:
    mongo = Mongo.connect(url=mongo_url, database=database)
    await mongo.client.drop_database(database)
    await mongo.close()
