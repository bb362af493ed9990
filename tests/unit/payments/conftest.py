"""The room on a real MongoDB."""

from __future__ import annotations

import pytest_asyncio

from api.domains.payments.service import Payments
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from tests.unit.payments.people import build


@pytest_asyncio.fixture
async def payments(mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Payments:
    room = build(mongo=mongo, clock=clock, ids=ids, cipher=cipher)
    await room.open()
    return room
