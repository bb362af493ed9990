"""The sensor department on a real MongoDB, behind its real HTTP door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from backends.base.keys import key_digest
from backends.sensor import app
from backends.sensor.app import Settings
from backends.sensor.service import Sensors
from backends.sensor.store import SensorStore
from core.clock import FixedClock
from core.mongo import Mongo
from tests.contract.sensor.sensing import KEY, Door


@pytest_asyncio.fixture
async def sensors(mongo: Mongo, clock: FixedClock) -> Sensors:
    store = SensorStore(mongo)
    await store.prepare()
    return Sensors(store, clock)


@pytest_asyncio.fixture
async def door(sensors: Sensors) -> AsyncIterator[Door]:
    settings = Settings(mongo_url="", keys=(key_digest(KEY), key_digest("second-key")))
    async with app.serving(settings, sensors) as base, aiohttp.ClientSession(base) as session:
        yield Door(base, session)
