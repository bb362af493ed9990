"""Where a program of a district is filed (区级应用备案): a row for each program and district."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from pymongo import ASCENDING, IndexModel

from core.mongo import Document, Mongo, Session, answering, ensure_indexes

FILINGS: Final = "mini_filings"
# Of the queue as it is shown.
WAITING_MAX: Final = 200
_INDEXES: Final = {
    FILINGS: [
        IndexModel([("app_id", ASCENDING), ("district", ASCENDING)], name="one_each", unique=True),
        IndexModel([("state", ASCENDING), ("asked_at", ASCENDING)], name="queue"),
    ]
}


class FilingState(StrEnum):
    PENDING = "PENDING"
    FILED = "FILED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Filing:
    """district: GB/T 2260. note: what the officer who decided said."""

    app_id: str
    organisation: str
    district: str
    state: FilingState
    asked_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FilingStore:
    """Every method raises Unavailable when MongoDB does not answer. session: of the transaction that it is part of."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def one(self, app_id: str, district: str, *, session: Session | None = None) -> Filing | None:
        wanted = {"app_id": app_id, "district": district}
        async with answering():
            row = await self.mongo.collection(FILINGS).find_one(wanted, session=session)
        return _filing(row) if row else None

    async def of(self, app_id: str, *, session: Session | None = None) -> list[Filing]:
        """By district."""
        async with answering():
            found = self.mongo.collection(FILINGS).find({"app_id": app_id}, session=session)
            return [_filing(row) for row in await found.sort("district", ASCENDING).to_list(None)]

    async def waiting(self) -> list[Filing]:
        """Those that nobody has decided about, the oldest first."""
        async with answering():
            found = self.mongo.collection(FILINGS).find({"state": FilingState.PENDING.value})
            return [_filing(row) for row in await found.sort("asked_at", ASCENDING).limit(WAITING_MAX).to_list(None)]

    async def put(self, one: Filing, *, session: Session) -> None:
        of = {"app_id": one.app_id, "district": one.district}
        row = {
            **of,
            "organisation": one.organisation,
            "state": one.state.value,
            "asked_at": one.asked_at,
            "decided_by": one.decided_by,
            "decided_at": one.decided_at,
            "note": one.note,
        }
        await self.mongo.collection(FILINGS).replace_one(of, row, upsert=True, session=session)


def _filing(row: Document) -> Filing:
    return Filing(
        app_id=row["app_id"],
        organisation=row["organisation"],
        district=row["district"],
        state=FilingState(row["state"]),
        asked_at=row["asked_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        note=row["note"],
    )
