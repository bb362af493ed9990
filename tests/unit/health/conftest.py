"""The room on real stores."""

from __future__ import annotations

import pytest
import pytest_asyncio

from api.domains.health.cache import StatusCache
from api.domains.health.service import Health
from api.domains.health.store import HealthStore
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from tests.unit.health.people import Build


@pytest.fixture
def build(clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Build:
    """Another process of the same city: nothing shared but the database and Redis."""

    def of(mongo: Mongo, redis: Redis) -> Health:
        return Health(
            store=HealthStore(mongo=mongo, cipher=cipher),
            cache=StatusCache(redis=redis, cipher=cipher, clock=clock),
            outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
            cipher=cipher,
            ids=ids,
            clock=clock,
        )

    return of


@pytest_asyncio.fixture
async def health(build: Build, mongo: Mongo, redis: Redis) -> Health:
    room = build(mongo, redis)
    await room.open()
    return room
