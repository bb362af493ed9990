"""The governance department on a real MongoDB, behind its real HTTP door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

import core.mongo
from backends.base.keys import key_digest
from backends.governance import app, store
from backends.governance.app import Settings
from backends.governance.service import Governance
from backends.governance.store import GovernanceStore
from core.clock import FixedClock
from core.ids import Ids
from core.mongo import Mongo
from tests.contract.governance.governing import KEY, Door

SETTINGS = Settings(mongo_url="", keys=(key_digest(KEY), key_digest("second-key")))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that does much else nobody gives up."""
    monkeypatch.setattr(store, "WRITERS_WAIT_S", 60.0)
    monkeypatch.setattr(core.mongo, "TRANSACTION_TRIED_S", 60.0)


@pytest_asyncio.fixture
async def governance(mongo: Mongo, clock: FixedClock, ids: Ids) -> Governance:
    log = GovernanceStore(mongo)
    await log.prepare()
    return Governance(log, clock, ids)


@pytest_asyncio.fixture
async def door(governance: Governance) -> AsyncIterator[Door]:
    async with app.serving(SETTINGS, governance) as base, aiohttp.ClientSession(base) as session:
        yield Door(base, session)
