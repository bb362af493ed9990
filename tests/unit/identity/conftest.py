"""The room on real stores, with the demo accounts."""

from __future__ import annotations

import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from tests.unit.identity.room import Room, build


@pytest_asyncio.fixture
async def room(mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Room:
    return await build(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher)
