"""The room with devices, where a new one cools off for a day."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.identity.devices.owners import Owners, owners
from tests.unit.identity.room import Room


@pytest_asyncio.fixture
async def city(room: Room) -> Owners:
    return await owners(room)
