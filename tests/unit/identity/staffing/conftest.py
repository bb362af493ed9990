"""Staff and what they do, on the room's real stores."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.identity.room import Room
from tests.unit.identity.staffing.bureau import Bureau


@pytest_asyncio.fixture
async def bureau(room: Room) -> Bureau:
    return await Bureau.on(room)
