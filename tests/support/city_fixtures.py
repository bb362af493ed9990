"""The whole city for each journey: a database of its own, a clock that stands still, the departments beside it.

Opening one takes two seconds. Journeys that bear what others left behind have one a module: `same_city`. It is the
module's only one, for both would have one database and one Redis.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from core import redis as core_redis
from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import Mongo
from core.redis import Redis
from tests.conftest import NOW, folders_database
from tests.support.city import OpenCity, open_demo_city, settings
from tests.support.departments import departments


@pytest_asyncio.fixture
async def beside(stores: Stores, mongo: Mongo, clock: FixedClock) -> AsyncIterator[dict[str, str]]:
    """The departments' backends, as settings."""
    async with departments(mongo_url=stores.mongo_url, database=mongo.database.name, clock=clock) as told:
        yield told


@pytest_asyncio.fixture
async def city(
    stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock, beside: dict[str, str]
) -> AsyncIterator[OpenCity]:
    async with _opened(stores, mongo, clock, beside) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module")
async def module_s_city(
    stores: Stores, admin: Mongo, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[OpenCity, FixedClock]]:
    mongo, clock = await folders_database(admin, request), FixedClock(NOW)
    cleared = core_redis.connect(url=stores.redis_url)
    await cleared.flushall()
    await cleared.aclose()
    async with departments(mongo_url=stores.mongo_url, database=mongo.database.name, clock=clock) as told:
        async with _opened(stores, mongo, clock, told) as opened:
            yield opened, clock


@pytest.fixture
def same_city(module_s_city: tuple[OpenCity, FixedClock]) -> OpenCity:
    """The module's city, a minute later: the next code may be asked for, and nothing is of the same moment."""
    opened, clock = module_s_city
    clock.advance(seconds=61)
    return opened


@asynccontextmanager
async def _opened(stores: Stores, mongo: Mongo, clock: FixedClock, beside: dict[str, str]) -> AsyncIterator[OpenCity]:
    told = settings(
        mongo_url=stores.mongo_url, redis_url=stores.redis_url, database=mongo.database.name, departments=beside
    )
    async with open_demo_city(told, clock) as opened:
        yield opened
