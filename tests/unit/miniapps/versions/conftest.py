"""The wing on real stores."""

from __future__ import annotations

import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from tests.unit.miniapps.versions.bench import Bench, open_bench


@pytest_asyncio.fixture
async def bench(mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Bench:
    return await open_bench(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher)
