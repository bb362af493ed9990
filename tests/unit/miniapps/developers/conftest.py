"""The wing of those who build, anew for each test."""

from __future__ import annotations

import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from tests.unit.miniapps.developers.wing import Wing, open_wing


@pytest_asyncio.fixture
async def wing(mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Wing:
    return await open_wing(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher)
