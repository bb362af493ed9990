"""The room on real stores."""

from __future__ import annotations

import pytest
import pytest_asyncio

from api.domains.reports.governance import Governance
from api.domains.reports.photos import PhotoLinks, PhotoStore
from api.domains.reports.pictures import Darkroom
from api.domains.reports.rows import Rows
from api.domains.reports.service import Reports
from api.domains.reports.statistics import Statistics
from api.domains.reports.store import ReportStore
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.mongo import Mongo
from tests.unit.reports.reporting import SHANGHAI, Build


@pytest.fixture
def build(clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Build:
    """Another process of the same city: nothing shared but the database."""

    def of(mongo: Mongo, governance: Governance | None = None) -> Reports:
        store = ReportStore(mongo=mongo, rows=Rows(cipher))
        return Reports(
            store=store,
            photos=PhotoStore(mongo=mongo, cipher=cipher),
            links=PhotoLinks(cipher=cipher, clock=clock),
            darkroom=Darkroom(),
            statistics=Statistics(store=store, clock=clock),
            outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
            cipher=cipher,
            ids=ids,
            clock=clock,
            zone=SHANGHAI,
            governance=governance,
        )

    return of


@pytest_asyncio.fixture
async def room(build: Build, mongo: Mongo) -> Reports:
    made = build(mongo)
    await made.open()
    return made
