"""Erasures and legal holds in MongoDB.

Rules
- An account has at most one erasure that is open. It waits, then runs through its steps; each step that is done is
  noted, so that a process that was killed is carried on by another one.
- Whoever runs an erasure holds a claim until `next_at`; `claims` only grows, and its value is the claim's token.
- A hold and the beginning of an erasure write the same row, so that of two at one instant one sees the other.
- A hold's reason is sealed with the key of the person whom it is about.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.personal import PersonalCipher

R = TypeVar("R")

ERASURES: Final = "identity_erasures"
HOLDS: Final = "identity_legal_holds"
ERASURE_PREFIX: Final = "era"
HOLD_PREFIX: Final = "hld"
_REASON: Final = "legal_hold.reason"
_INDEXES: Final = {
    ERASURES: [
        IndexModel([("citizen", ASCENDING)], name="one_open", unique=True, partialFilterExpression={"open": True}),
        IndexModel([("citizen", ASCENDING), ("_id", DESCENDING)], name="of_citizen"),
        IndexModel([("next_at", ASCENDING)], name="due", partialFilterExpression={"open": True}),
    ],
    HOLDS: [IndexModel([("citizen", ASCENDING), ("until", ASCENDING)], name="of_citizen")],
}


class ErasureState(StrEnum):
    """WAITING: can be called off. RUNNING: has begun, and cannot."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Erasure:
    """due_at: before then it is not begun. steps: how many of them are done. claims: the token of the newest claim."""

    id: str
    citizen: str
    state: ErasureState
    asked_at: datetime
    due_at: datetime
    steps: int = 0
    claims: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """Until `until`, or until it is lifted, the law wants this account kept.

    by: who placed it. reason: as they wrote.
    """

    id: str
    citizen: str
    reason: str = field(repr=False)
    by: str
    at: datetime
    until: datetime


class ErasureStore:
    """What is remembered of erasures."""

    def __init__(self, *, mongo: Mongo, personal: PersonalCipher) -> None:
        self._mongo = mongo
        self._erasures = mongo.collection(ERASURES)
        self._holds = mongo.collection(HOLDS)
        self._personal = personal

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """All of `work`'s writes or none; `work` may run several times. Raises: Unavailable."""
        return await self._mongo.transaction(work)

    async def add(self, erasure: Erasure, *, ordered_by: str = "", session: Session) -> bool:
        """False when one is open already; the transaction is lost then. ordered_by: of staff, empty for its owner."""
        row = {
            "_id": erasure.id,
            "citizen": erasure.citizen,
            "state": erasure.state.value,
            "asked_at": erasure.asked_at,
            "ordered_by": ordered_by,
            "due_at": erasure.due_at,
            "next_at": erasure.due_at,
            "steps": 0,
            "claims": 0,
            "open": True,
        }
        try:
            await self._erasures.insert_one(row, session=session)
        except DuplicateKeyError:
            return False
        return True

    async def newest(self, citizen: str) -> Erasure | None:
        async with answering():
            row = await self._erasures.find_one({"citizen": citizen}, sort=[("_id", DESCENDING)])
        return _erasure(row) if row else None

    async def open_of(self, citizen: str, *, session: Session) -> Erasure | None:
        """The one that waits or runs."""
        row = await self._erasures.find_one({"citizen": citizen, "open": True}, session=session)
        return _erasure(row) if row else None

    async def cancel(self, citizen: str, *, ordered: bool = False, now: datetime, session: Session) -> Erasure | None:
        """Call off the one that waits; None where none does. ordered: one that staff ordered, else one that they
        did not.
        """
        by = {"$nin": ["", None]} if ordered else {"$in": ["", None]}
        row = await self._erasures.find_one_and_update(
            {"citizen": citizen, "open": True, "state": ErasureState.WAITING.value, "ordered_by": by},
            {"$set": {"state": ErasureState.CANCELLED.value, "cancelled_at": now}, "$unset": {"open": ""}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return _erasure(row) if row else None

    # --- running

    async def claim(self, *, now: datetime, lease: timedelta) -> Erasure | None:
        """The next one to run, or to run on, which nobody else runs until `lease` has passed. One that is held waits
        for its hold's end.
        """

        query = {"open": True, "next_at": {"$lte": now}}

        async def work(session: Session) -> tuple[bool, Document | None]:
            row = await self._erasures.find_one(query, sort=[("next_at", ASCENDING)], session=session)
            if row is None:
                return False, None
            waits = row["state"] == ErasureState.WAITING.value
            held_until = await self._held_until(row["citizen"], now, session) if waits else None
            running: Document = {"state": ErasureState.RUNNING.value, "next_at": now + lease}
            change = {"$set": {"next_at": held_until}} if held_until else {"$set": running, "$inc": {"claims": 1}}
            after = await self._erasures.find_one_and_update(
                {"_id": row["_id"]}, change, return_document=ReturnDocument.AFTER, session=session
            )
            return held_until is not None, after

        held, row = await self._mongo.transaction(work)
        while held:
            held, row = await self._mongo.transaction(work)
        return _erasure(row) if row else None

    async def note_step(self, claimed: Erasure, *, steps: int, next_at: datetime) -> bool:
        """So many steps are done, and the claim lasts until `next_at`; False when it was lost."""
        return await self._change(claimed, {"$set": {"steps": steps, "next_at": next_at}})

    async def finish(self, claimed: Erasure, *, now: datetime) -> bool:
        done = {"state": ErasureState.DONE.value, "done_at": now}
        return await self._change(claimed, {"$set": done, "$unset": {"open": "", "next_at": ""}})

    async def _change(self, claimed: Erasure, change: Document) -> bool:
        async with answering():
            result = await self._erasures.update_one(
                {"_id": claimed.id, "open": True, "claims": claimed.claims}, change
            )
        return result.matched_count == 1

    # --- legal holds

    async def hold(self, hold: Hold, *, session: Session) -> bool:
        """False when the account's erasure has begun."""
        running = {"citizen": hold.citizen, "open": True, "state": ErasureState.RUNNING.value}
        if await self._erasures.find_one(running, session=session) is not None:
            return False
        row = {
            "_id": hold.id,
            "citizen": hold.citizen,
            "reason": await self._personal.seal({"text": hold.reason}, owner=hold.citizen, purpose=_REASON),
            "by": hold.by,
            "at": hold.at,
            "until": hold.until,
            "lifted_at": None,
        }
        await self._holds.insert_one(row, session=session)
        await self._erasures.update_many(
            {"citizen": hold.citizen, "open": True}, {"$set": {"held_at": hold.at}}, session=session
        )
        return True

    async def lift(self, hold_id: str, *, by: str, now: datetime, session: Session) -> str | None:
        """The citizen whose hold was lifted; None when there is no such hold that runs."""
        row = await self._holds.find_one_and_update(
            {"_id": hold_id, "lifted_at": None, "until": {"$gt": now}},
            {"$set": {"lifted_at": now, "lifted_by": by}},
            session=session,
        )
        if row is None:
            return None
        waiting = {"citizen": row["citizen"], "open": True, "state": ErasureState.WAITING.value}
        await self._erasures.update_many(waiting, [{"$set": {"next_at": "$due_at"}}], session=session)
        return str(row["citizen"])

    async def holds(self, citizen: str, *, now: datetime) -> list[Hold]:
        """Those that run, the one that ends last first."""
        query = {"citizen": citizen, "lifted_at": None, "until": {"$gt": now}}
        async with answering():
            rows = await self._holds.find(query).sort("until", DESCENDING).to_list(None)
        return [await self._hold(row) for row in rows]

    async def _held_until(self, citizen: str, now: datetime, session: Session) -> datetime | None:
        query = {"citizen": citizen, "lifted_at": None, "until": {"$gt": now}}
        row = await self._holds.find_one(query, sort=[("until", DESCENDING)], session=session)
        until: datetime | None = row["until"] if row else None
        return until

    async def _hold(self, row: Document) -> Hold:
        opened = await self._personal.open(row["reason"], owner=row["citizen"], purpose=_REASON)
        return Hold(row["_id"], row["citizen"], opened["text"], row["by"], row["at"], row["until"])


def _erasure(row: Document) -> Erasure:
    return Erasure(
        id=row["_id"],
        citizen=row["citizen"],
        state=ErasureState(row["state"]),
        asked_at=row["asked_at"],
        due_at=row["due_at"],
        steps=row["steps"],
        claims=row["claims"],
    )
