"""The room on real stores."""

from __future__ import annotations

from datetime import timedelta

import pytest
import pytest_asyncio

from api.domains.licences.announcing import Announcer
from api.domains.licences.catalogue import CATALOGUE
from api.domains.licences.issuing import Issuing
from api.domains.licences.service import KEY_PURPOSE, Licences
from api.domains.licences.store import LicenceStore
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo
from tests.unit.licences.licence_people import SHANGHAI, Build, Room


@pytest.fixture
def build(clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Build:
    """Another process of the same city: nothing shared but the database."""

    def of(mongo: Mongo) -> Room:
        store = LicenceStore(mongo=mongo, cipher=cipher, catalogue=CATALOGUE)
        announcer = Announcer(outbox=Outbox(mongo=mongo, ids=ids, clock=clock), cipher=cipher)
        keys = KeyRing(
            purpose=KEY_PURPOSE,
            algorithm=Algorithm.ED25519,
            mongo=mongo,
            cipher=cipher,
            clock=clock,
            overlap=timedelta(minutes=5),
        )
        return Room(
            Licences(
                store=store,
                catalogue=CATALOGUE,
                keys=keys,
                announcer=announcer,
                ids=ids,
                clock=clock,
                zone=SHANGHAI,
            ),
            Issuing(store=store, catalogue=CATALOGUE, announcer=announcer, ids=ids, clock=clock, zone=SHANGHAI),
        )

    return of


@pytest_asyncio.fixture
async def room(build: Build, mongo: Mongo) -> Room:
    made = build(mongo)
    await made.licences.open()
    return made
