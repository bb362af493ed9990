"""Publishers and their runs, in MongoDB.

An ID token is entered as it is used, by an index that takes it once, and stays until it has expired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from miniapps.developers.runs import Publisher, Run

PUBLISHERS: Final = "mini_publishers"
RUNS: Final = "mini_publisher_runs"
# Of one program: those that live are few, for each took an ID token.
_RUNS_MAX: Final = 50
_INDEXES: Final = {
    PUBLISHERS: [IndexModel([("app_id", ASCENDING), ("_id", ASCENDING)], name="of_app")],
    RUNS: [
        IndexModel([("shown", ASCENDING)], name="once", unique=True),
        IndexModel([("app_id", ASCENDING), ("_id", DESCENDING)], name="of_app"),
        IndexModel([("kid", ASCENDING)], name="by_key", unique=True, partialFilterExpression={"kid": {"$gt": ""}}),
        IndexModel([("leaves_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
}


@dataclass(frozen=True, slots=True)
class PublisherStore:
    """Every method raises Unavailable when MongoDB does not answer. session: of the transaction that it is part of."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    # --- publishers

    async def publisher(self, id: str) -> Publisher | None:
        async with answering():
            return _publisher(await self.mongo.collection(PUBLISHERS).find_one({"_id": id}))

    async def of_app(self, app_id: str, *, session: Session | None = None) -> Sequence[Publisher]:
        """In the order in which they came."""
        async with answering():
            found = self.mongo.collection(PUBLISHERS).find({"app_id": app_id}, session=session)
            rows = await found.sort("_id", ASCENDING).to_list(None)
        return [publisher for row in rows if (publisher := _publisher(row))]

    async def add(self, one: Publisher, *, session: Session) -> None:
        row: Document = {
            "_id": one.id,
            "app_id": one.app_id,
            "organisation": one.organisation,
            "issuer": one.issuer,
            "claims": dict(one.claims),
            "by": one.by,
            "added_at": one.added_at,
        }
        await self.mongo.collection(PUBLISHERS).insert_one(row, session=session)

    async def use(self, id: str, *, at: datetime, session: Session) -> None:
        """A run of its was let in."""
        await self.mongo.collection(PUBLISHERS).update_one({"_id": id}, {"$set": {"used_at": at}}, session=session)

    async def remove(self, id: str, *, session: Session) -> None:
        await self.mongo.collection(PUBLISHERS).delete_one({"_id": id}, session=session)

    # --- runs

    async def enter(self, one: Run, *, shown: bytes, leaves_at: datetime) -> bool:
        """False where this ID token was shown before, or the key is another run's. shown: names the token."""
        row: Document = {
            "_id": one.id,
            "publisher": one.publisher,
            "app_id": one.app_id,
            "organisation": one.organisation,
            "issuer": one.issuer,
            "told": dict(one.told),
            "at": one.at,
            "expires_at": one.expires_at,
            "jwk": dict(one.jwk) if one.jwk else None,
            "kid": one.kid,
            "package": one.package,
            "shown": shown,
            "leaves_at": leaves_at,
        }
        async with answering():
            try:
                await self.mongo.collection(RUNS).insert_one(row)
            except DuplicateKeyError:
                return False
        return True

    async def run(self, id: str) -> Run | None:
        async with answering():
            return _run(await self.mongo.collection(RUNS).find_one({"_id": id}))

    async def run_with_key(self, kid: str, *, session: Session) -> bool:
        """Whether one brought this key of late."""
        return await self.mongo.collection(RUNS).find_one({"kid": kid}, {"_id": 1}, session=session) is not None

    async def keys_that_sign(self, app_id: str, package: str, *, now: datetime) -> Sequence[Run]:
        """Runs that live, whose publisher is there, and whose key has signed nothing yet but this package."""
        wanted: Document = {
            "app_id": app_id,
            "expires_at": {"$gt": now},
            "kid": {"$gt": ""},
            "package": {"$in": ["", package]},
            "publisher": {"$in": [one.id for one in await self.of_app(app_id)]},
        }
        return await self._runs(wanted)

    async def with_keys(self, app_id: str) -> Sequence[Run]:
        """Of late, the last first."""
        return await self._runs({"app_id": app_id, "kid": {"$gt": ""}})

    async def sign(self, run: Run, package: str, *, session: Session) -> bool:
        """Its key signed this package, and no other ever will; False where it has signed another."""
        row = await self.mongo.collection(RUNS).find_one_and_update(
            {"_id": run.id, "package": {"$in": ["", package]}}, {"$set": {"package": package}}, session=session
        )
        return row is not None

    async def _runs(self, wanted: Document) -> Sequence[Run]:
        async with answering():
            rows = await self.mongo.collection(RUNS).find(wanted).sort("_id", DESCENDING).to_list(_RUNS_MAX)
        return [run for row in rows if (run := _run(row))]


def _publisher(row: Document | None) -> Publisher | None:
    if row is None:
        return None
    return Publisher(
        id=row["_id"],
        app_id=row["app_id"],
        organisation=row["organisation"],
        issuer=row["issuer"],
        claims=row["claims"],
        by=row["by"],
        added_at=row["added_at"],
        used_at=row.get("used_at"),
    )


def _run(row: Document | None) -> Run | None:
    if row is None:
        return None
    return Run(
        id=row["_id"],
        publisher=row["publisher"],
        app_id=row["app_id"],
        organisation=row["organisation"],
        issuer=row["issuer"],
        told=row["told"],
        at=row["at"],
        expires_at=row["expires_at"],
        jwk=row["jwk"],
        package=row["package"],
    )
