"""What citizens do about their own data, on the room's real stores."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.identity.consents.rights import Rights
from tests.unit.identity.room import Room


@pytest_asyncio.fixture
async def rights(room: Room) -> Rights:
    made = Rights.on(room)
    await made.open()
    return made
