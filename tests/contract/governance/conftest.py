"""The governance department on a real MongoDB, behind its real HTTP door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from backends.base.keys import key_digest
from backends.governance import app
from backends.governance.app import Settings
from backends.governance.service import Governance
from backends.governance.store import GovernanceStore
from core.clock import FixedClock
from core.ids import Ids
from core.mongo import Mongo
from tests.contract.governance.governing import KEY, Door

SETTINGS = Settings(mongo_url="", keys=(key_digest(KEY), key_digest("second-key")))


@pytest_asyncio.fixture
async def governance(mongo: Mongo, clock: FixedClock, ids: Ids) -> Governance:
    store = GovernanceStore(mongo)
    await store.prepare()
    return Governance(store, clock, ids)


@pytest_asyncio.fixture
async def door(governance: Governance) -> AsyncIterator[Door]:
    async with app.serving(SETTINGS, governance) as base, aiohttp.ClientSession(base) as session:
        yield Door(base, session)
