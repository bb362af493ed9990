"""The whole city for each journey: a database of its own, a clock that stands still, the departments beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import Mongo
from core.redis import Redis
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
    told = settings(
        mongo_url=stores.mongo_url, redis_url=stores.redis_url, database=mongo.database.name, departments=beside
    )
    async with open_demo_city(told, clock) as opened:
        yield opened
