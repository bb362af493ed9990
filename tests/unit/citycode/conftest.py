"""The room on real stores."""

from __future__ import annotations

from datetime import timedelta

import pytest
import pytest_asyncio

from api.domains.citycode.places import KEY_OVERLAP, Places
from api.domains.citycode.places import KEY_PURPOSE as PLACE_KEYS
from api.domains.citycode.placestore import PlaceStore
from api.domains.citycode.service import KEY_PURPOSE, CityCodes
from api.domains.citycode.store import CityCodeStore
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo
from tests.unit.citycode.people import BASE, SHANGHAI, Build, BuildPlaces


@pytest.fixture
def build(clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Build:
    """Another process of the same city: nothing shared but the database."""

    def of(mongo: Mongo) -> CityCodes:
        return CityCodes(
            store=CityCodeStore(mongo=mongo, zone=SHANGHAI),
            keys=KeyRing(
                purpose=KEY_PURPOSE,
                algorithm=Algorithm.ED25519,
                mongo=mongo,
                cipher=cipher,
                clock=clock,
                overlap=timedelta(minutes=5),
            ),
            outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
            cipher=cipher,
            ids=ids,
            clock=clock,
            zone=SHANGHAI,
        )

    return of


@pytest_asyncio.fixture
async def codes(build: Build, mongo: Mongo) -> CityCodes:
    room = build(mongo)
    await room.open()
    return room


@pytest.fixture
def build_places(clock: FixedClock, ids: Ids, cipher: FieldCipher) -> BuildPlaces:
    """Another process of the same city: nothing shared but the database."""

    def of(mongo: Mongo) -> Places:
        return Places(
            store=PlaceStore(mongo=mongo),
            keys=KeyRing(
                purpose=PLACE_KEYS,
                algorithm=Algorithm.ED25519,
                mongo=mongo,
                cipher=cipher,
                clock=clock,
                overlap=KEY_OVERLAP,
            ),
            outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
            ids=ids,
            clock=clock,
            base=BASE,
        )

    return of


@pytest_asyncio.fixture
async def places(build_places: BuildPlaces, mongo: Mongo) -> Places:
    register = build_places(mongo)
    await register.open()
    return register
