"""The whole city for each journey: a database of its own, a clock that stands still, a sensor backend over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import Mongo
from core.redis import Redis
from tests.support.city import OpenCity, open_demo_city, sensor_backend, settings


@pytest_asyncio.fixture
async def sensor(stores: Stores, mongo: Mongo, clock: FixedClock) -> AsyncIterator[str]:
    name = f"{mongo.database.name}_sensor"
    async with sensor_backend(mongo_url=stores.mongo_url, database=name, clock=clock) as url:
        yield url
    await mongo.client.drop_database(name)


@pytest_asyncio.fixture
async def city(stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock, sensor: str) -> AsyncIterator[OpenCity]:
    told = settings(mongo_url=stores.mongo_url, redis_url=stores.redis_url, database=mongo.database.name, sensor=sensor)
    async with open_demo_city(told, clock) as opened:
        yield opened
