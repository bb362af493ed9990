"""The wing on real stores."""

from __future__ import annotations

import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from tests.unit.miniapps.releases.workshop import Workshop, build


@pytest_asyncio.fixture
async def workshop(mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Workshop:
    return await build(mongo=mongo, clock=clock, ids=ids, cipher=cipher)
