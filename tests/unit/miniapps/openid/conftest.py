"""Programs that run, on real stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from tests.unit.miniapps.runs import Runs, open_runs


@pytest_asyncio.fixture
async def runs(mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> AsyncIterator[Runs]:
    opened = await open_runs(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher)
    yield opened
    await opened.personal.close()
