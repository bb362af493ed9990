"""Phones that change and accounts that are lost, on the room's real stores."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.identity.recovery.lost import Lost
from tests.unit.identity.room import Room


@pytest_asyncio.fixture
async def lost(room: Room) -> Lost:
    made = Lost.on(room)
    await made.phones.open()
    return made
