"""The room with the wings that attacks go through."""

from __future__ import annotations

import pytest_asyncio

from identity.credentials.hashing import Hashing
from tests.unit.identity.credentials.holders import Holders, holders
from tests.unit.identity.room import Room
from tests.unit.identity.staffing.bureau import Bureau


@pytest_asyncio.fixture
async def people(room: Room) -> Holders:
    # A hash takes longer than a key is held: as in a city.
    return await holders(room, staff_must=False, hashing=Hashing())


@pytest_asyncio.fixture
async def bureau(room: Room) -> Bureau:
    return await Bureau.on(room)
