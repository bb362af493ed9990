"""The room on a real store."""

from __future__ import annotations

import pytest
import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from notifications.model import Channel
from notifications.outgoing import DeliveryStore
from notifications.reach import ReachStore
from notifications.service import Notifications
from notifications.store import MessageStore
from tests.unit.notifications.told import SHANGHAI, Build


@pytest.fixture
def build(clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Build:
    """Another process of the same city: nothing shared but the database."""

    def of(mongo: Mongo, channels: frozenset[Channel] = frozenset(Channel)) -> Notifications:
        return Notifications(
            store=MessageStore(mongo=mongo),
            reach=ReachStore(mongo=mongo),
            deliveries=DeliveryStore(mongo=mongo),
            cipher=cipher,
            ids=ids,
            clock=clock,
            zone=SHANGHAI,
            channels=channels,
            new_code=lambda: "135790",
        )

    return of


@pytest_asyncio.fixture
async def room(build: Build, mongo: Mongo) -> Notifications:
    opened = build(mongo)
    await opened.open()
    return opened
