"""Which officer may open which version under review, in MongoDB. A row leaves when its version is decided about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from core.mongo import Document, Mongo, Session, answering, ensure_indexes

TRIALS: Final = "mini_review_trials"
_INDEXES: Final = {
    TRIALS: [
        IndexModel([("app_id", ASCENDING), ("at", DESCENDING)], name="of_app"),
        IndexModel([("version", ASCENDING), ("officer", ASCENDING)], name="one_each", unique=True),
    ]
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What one officer may open. release: of the version, as it is tried."""

    app_id: str
    version: str
    release: str
    officer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TrialStore:
    """Every method raises Unavailable when MongoDB does not answer. session: of the transaction that it is part of."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def put(self, one: Trial, *, session: Session) -> None:
        of = {"version": one.version, "officer": one.officer}
        row = {**of, "app_id": one.app_id, "release": one.release, "at": one.at}
        await self.mongo.collection(TRIALS).replace_one(of, row, upsert=True, session=session)

    async def of_app(self, app_id: str) -> list[Trial]:
        """The last begun first."""
        async with answering():
            found = self.mongo.collection(TRIALS).find({"app_id": app_id})
            return [_trial(row) for row in await found.sort("at", DESCENDING).to_list(None)]

    async def of_version(self, version: str, *, session: Session | None = None) -> list[Trial]:
        async with answering():
            rows = await self.mongo.collection(TRIALS).find({"version": version}, session=session).to_list(None)
        return [_trial(row) for row in rows]

    async def end(self, version: str, *, session: Session) -> None:
        await self.mongo.collection(TRIALS).delete_many({"version": version}, session=session)


def _trial(row: Document) -> Trial:
    return Trial(row["app_id"], row["version"], row["release"], row["officer"], row["at"])
