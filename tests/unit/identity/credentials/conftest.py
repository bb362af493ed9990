"""The room with credentials; `strict`: where staff must take a second step."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.identity.credentials.holders import Holders, holders
from tests.unit.identity.room import Room


@pytest_asyncio.fixture
async def people(room: Room) -> Holders:
    return await holders(room, staff_must=False)


@pytest_asyncio.fixture
async def strict(room: Room) -> Holders:
    return await holders(room, staff_must=True)
