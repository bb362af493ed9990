"""The data department on a real MongoDB, behind its real HTTP door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from backends.data import app
from backends.data.app import Department, Settings
from backends.data.keys import grants_of
from backends.data.records import Records
from backends.data.registers import Registers
from backends.data.service import Catalogue
from backends.data.store import CatalogueStore
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from tests.contract.data.publishing import GRANTS, Door

BASE_URL = "https://data.city.example"


@pytest_asyncio.fixture
async def catalogue(mongo: Mongo, clock: FixedClock) -> Catalogue:
    store = CatalogueStore(mongo)
    await store.prepare()
    return Catalogue(store, clock, BASE_URL)


@pytest_asyncio.fixture
async def registers(mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Registers:
    records = Records(mongo, cipher)
    await records.prepare()
    return Registers(records, ids, clock, a_minute_max=30, of_one_a_day_max=5)


@pytest.fixture
def settings(mongo: Mongo) -> Settings:
    return Settings(mongo_url="", database=mongo.database.name, grants=grants_of(GRANTS))


@pytest_asyncio.fixture
async def door(settings: Settings, catalogue: Catalogue, registers: Registers) -> AsyncIterator[Door]:
    department = Department(catalogue, registers)
    async with app.serving(settings, department) as base, aiohttp.ClientSession(base) as session:
        yield Door(base, session)
