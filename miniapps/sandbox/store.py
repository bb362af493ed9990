"""Which organisation made which test citizen, in MongoDB; who they are, identity knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pymongo import ASCENDING, IndexModel

from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from miniapps.sandbox.model import CITIZENS_MAX, Row

TEST_CITIZENS: Final = "mini_test_citizens"
_INDEXES: Final = {
    TEST_CITIZENS: [
        IndexModel([("organisation", ASCENDING), ("_id", ASCENDING)], name="of_organisation"),
        IndexModel([("citizen", ASCENDING)], name="of_citizen", unique=True),
    ],
}


@dataclass(frozen=True, slots=True)
class SandboxStore:
    """Every method raises Unavailable when MongoDB does not answer. session: of the transaction that it is part of."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def add(self, row: Row, *, session: Session) -> None:
        told = {"_id": row.id, "citizen": row.citizen, "organisation": row.organisation, "at": row.created_at}
        await self.mongo.collection(TEST_CITIZENS).insert_one(told, session=session)

    async def one(self, id: str, *, organisation: str) -> Row | None:
        """None also for another organisation's."""
        return await self._found({"_id": id, "organisation": organisation})

    async def of_citizen(self, citizen: str) -> Row | None:
        return await self._found({"citizen": citizen})

    async def all_of(self, organisation: str, *, session: Session | None = None) -> list[Row]:
        """The first made first."""
        found = self.mongo.collection(TEST_CITIZENS).find({"organisation": organisation}, session=session)
        ordered = found.sort("_id", ASCENDING).limit(CITIZENS_MAX)
        if session is not None:
            return [_row(one) for one in await ordered.to_list(None)]
        async with answering():
            return [_row(one) for one in await ordered.to_list(None)]

    async def remove(self, id: str, *, session: Session) -> bool:
        """False where it was gone."""
        gone = await self.mongo.collection(TEST_CITIZENS).delete_one({"_id": id}, session=session)
        return gone.deleted_count == 1

    async def forget(self, citizen: str) -> None:
        """An account is erased, by whomever."""
        async with answering():
            await self.mongo.collection(TEST_CITIZENS).delete_one({"citizen": citizen})

    async def _found(self, which: Mapping[str, str]) -> Row | None:
        async with answering():
            row = await self.mongo.collection(TEST_CITIZENS).find_one(which)
        return _row(row) if row else None


def _row(row: Document) -> Row:
    return Row(id=row["_id"], citizen=row["citizen"], organisation=row["organisation"], created_at=row["at"])
