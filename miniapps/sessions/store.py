"""What is remembered of citizens and programs, in MongoDB: when they met, what was refused, what was used.

Rules
- `miniapps_visits` has a row for each citizen and program, `miniapps_permits` one for each permission beside that. What
  the citizen agreed to stands in the ledger of consents and not here.
- Nothing in here says more of a person than which programs they use: ids, codes, instants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from core.mongo import Document, Mongo, answering, ensure_indexes, move_rows

VISITS: Final = "miniapps_visits"
PERMITS: Final = "miniapps_permits"
# Of one citizen: far more programs than anybody uses.
VISITS_MAX: Final = 500
_OF_ONE: Final = [("citizen", ASCENDING), ("app", ASCENDING)]
_INDEXES: Final = {
    VISITS: [
        IndexModel(_OF_ONE, name="one_each", unique=True),
        IndexModel([("citizen", ASCENDING), ("last_at", DESCENDING)], name="recent"),
    ],
    PERMITS: [IndexModel([*_OF_ONE, ("name", ASCENDING)], name="one_each", unique=True)],
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A citizen's use of a program: its first and last opening."""

    app_id: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Permit:
    """refused: how often the citizen said no. used_at: when the city last did for the program what it permits."""

    app_id: str
    name: str
    refused: int
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionStore:
    mongo: Mongo

    async def open(self) -> None:
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    # --- visits

    async def note_visit(self, citizen: str, app_id: str, *, code: int, at: datetime) -> datetime | None:
        """When they had opened it last; None: never. code: of the version that is opened; which they had is kept while
        it is the newest. Raises: Unavailable.
        """
        of, change = {"citizen": citizen, "app": app_id}, {"$max": {"last_at": at, "code": code}}
        async with answering():
            before = await self.mongo.collection(VISITS).find_one_and_update(
                of, {**change, "$setOnInsert": {"first_at": at}}, {"last_at": 1}, upsert=True
            )
        return before["last_at"] if before else None

    async def has_opened(self, citizen: str, app_id: str, code: int) -> bool:
        """Whether the newest version that they opened is this one. Raises: Unavailable."""
        of = {"citizen": citizen, "app": app_id, "code": code}
        async with answering():
            return await self.mongo.collection(VISITS).find_one(of, {"_id": 1}) is not None

    async def visits(self, citizen: str, *, limit: int = VISITS_MAX) -> list[Visit]:
        """The last used first. Raises: Unavailable."""
        async with answering():
            cursor = self.mongo.collection(VISITS).find({"citizen": citizen}).sort("last_at", DESCENDING).limit(limit)
            return [Visit(row["app"], row["first_at"], row["last_at"]) for row in await cursor.to_list(None)]

    # --- permits

    async def permits(self, citizen: str, *, app_id: str | None = None) -> list[Permit]:
        """Raises: Unavailable."""
        query = {"citizen": citizen} if app_id is None else {"citizen": citizen, "app": app_id}
        async with answering():
            rows = await self.mongo.collection(PERMITS).find(query).to_list(None)
        return [_permit(row) for row in rows]

    async def note_refusals(self, citizen: str, app_id: str, names: Iterable[str]) -> None:
        """One more no to each. Raises: Unavailable."""
        await self._note(citizen, app_id, {name: {"$inc": {"refused": 1}} for name in names})

    async def set_refusals(self, citizen: str, app_id: str, names: Iterable[str], *, count: int) -> None:
        """Raises: Unavailable."""
        await self._note(citizen, app_id, {name: {"$set": {"refused": count}} for name in names})

    async def note_use(self, citizen: str, app_id: str, names: Iterable[str], *, at: datetime) -> None:
        """Raises: Unavailable."""
        await self._note(citizen, app_id, {name: {"$max": {"used_at": at}} for name in names})

    async def _note(self, citizen: str, app_id: str, changes: Mapping[str, Document]) -> None:
        writes = [
            UpdateOne({"citizen": citizen, "app": app_id, "name": name}, change, upsert=True)
            for name, change in changes.items()
        ]
        if writes:
            async with answering():
                await self.mongo.collection(PERMITS).bulk_write(writes, ordered=False)

    # --- people who go

    async def move(self, source: str, to: str) -> None:
        """An account is closed for another of the same person: what it knew of programs comes over where the other
        knows none. Moving twice is moving once. Raises: Unavailable.
        """
        for name in (VISITS, PERMITS):
            await move_rows(self.mongo.collection(name), "citizen", source=source, to=to)

    async def forget(self, citizen: str, *, app_id: str | None = None) -> None:
        """app_id: of this program alone. Raises: Unavailable."""
        which = {"citizen": citizen, **({"app": app_id} if app_id is not None else {})}
        async with answering():
            for name in (VISITS, PERMITS):
                await self.mongo.collection(name).delete_many(which)


def _permit(row: Document) -> Permit:
    return Permit(row["app"], row["name"], row.get("refused", 0), row.get("used_at"))
