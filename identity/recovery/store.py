"""Changes of phone, recoveries, merges and who stands before an account that sleeps, in MongoDB.

Rules
- A citizen has at most one change of phone and one merge that are open, and one recovery that waits.
- Phones, names and numbers are sealed: with the account's key where the account is known to be theirs, with the city's
  in a recovery, which is nobody's until it is proven.
- A state is left once: each write names the state that it leaves, and transactions that decide hold the account's row.
- What was never proven leaves within hours, what has ended after `KEPT`, by a TTL index.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import orjson
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from core.crypto import FieldCipher
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.personal import PersonalCipher
from core.resealing import SealedField
from identity.recovery.model import (
    KEPT,
    ChangeState,
    Merge,
    MergeState,
    PhoneChange,
    Recovery,
    RecoveryState,
)

R = TypeVar("R")

CHANGES: Final = "identity_phone_changes"
RECOVERIES: Final = "identity_recoveries"
MERGES: Final = "identity_merges"
SLEEPERS: Final = "identity_sleepers"
_NEW_PHONE: Final = "phone_change.phone"
_ASKED: Final = "recovery.asked"
_MERGED_PHONE: Final = "merge.phone"
SEALED: Final = (SealedField(RECOVERIES, "asked", _ASKED),)
# What nobody proved is of no use for longer.
_UNPROVEN_KEPT: Final = timedelta(hours=2)
# The newest of an account, at most.
LISTED_MAX: Final = 20

_OPEN: Final = {"open": True}
_LEAVES: Final = IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0)
_DUE: Final = IndexModel([("next_at", ASCENDING)], name="due", partialFilterExpression=_OPEN)
_INDEXES: Final = {
    CHANGES: [
        IndexModel([("citizen", ASCENDING)], name="one_open", unique=True, partialFilterExpression=_OPEN),
        IndexModel([("citizen", ASCENDING), ("open", DESCENDING), ("_id", DESCENDING)], name="of_citizen"),
        _DUE,
        _LEAVES,
    ],
    RECOVERIES: [
        IndexModel([("secret", ASCENDING)], name="one_per_secret", unique=True),
        IndexModel(
            [("citizen", ASCENDING)],
            name="one_waiting",
            unique=True,
            partialFilterExpression={"state": RecoveryState.WAITING.value},
        ),
        IndexModel([("citizen", ASCENDING), ("_id", DESCENDING)], name="of_citizen"),
        _LEAVES,
    ],
    MERGES: [
        IndexModel([("into", ASCENDING)], name="one_open", unique=True, partialFilterExpression=_OPEN),
        _DUE,
        _LEAVES,
    ],
    SLEEPERS: [_LEAVES],
}


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Somebody who showed the code of an account that sleeps. secret: digest of what they hold."""

    secret: bytes = field(repr=False)
    citizen: str
    until: datetime


class RecoveryStore:
    """What is remembered of all of them."""

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher, personal: PersonalCipher) -> None:
        self._mongo = mongo
        self._cipher = cipher
        self._personal = personal

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """All of `work`'s writes or none; `work` may run several times. Raises: Unavailable."""
        return await self._mongo.transaction(work)

    async def forget(self, citizen: str) -> None:
        """Delete what is known of an account that is gone. Raises: Unavailable."""
        async with answering():
            await self._mongo.collection(CHANGES).delete_many({"citizen": citizen})
            await self._mongo.collection(RECOVERIES).delete_many({"citizen": citizen})

    # --- changes of phone

    async def put_change(self, change: PhoneChange, *, now: datetime, session: Session) -> None:
        row: Document = {
            "citizen": change.citizen,
            "state": change.state.value,
            "phone": await self._seal(change.phone, owner=change.citizen, purpose=_NEW_PHONE),
            "session_id": change.session_id,
            "asked_at": change.asked_at,
            "code_until": change.code_until,
            "effective_at": change.effective_at,
        }
        if change.open:
            row |= {"open": True, "next_at": change.effective_at, "delete_at": None}
            update: Document = {"$set": row}
        else:
            update = {"$set": {**row, "delete_at": now + KEPT}, "$unset": {"open": "", "next_at": ""}}
        await self._mongo.collection(CHANGES).update_one({"_id": change.id}, update, upsert=True, session=session)

    async def change(self, citizen: str, *, session: Session | None = None) -> PhoneChange | None:
        """The open one, or else the newest."""
        rows, order = self._mongo.collection(CHANGES), [("open", DESCENDING), ("_id", DESCENDING)]
        if session is not None:
            row = await rows.find_one({"citizen": citizen}, sort=order, session=session)
        else:
            async with answering():
                row = await rows.find_one({"citizen": citizen}, sort=order)
        return await self._change(row) if row else None

    async def due_change(self, *, now: datetime, again_at: datetime) -> PhoneChange | None:
        """One that has waited long enough, which nobody else looks at until `again_at`."""
        async with answering():
            row = await self._mongo.collection(CHANGES).find_one_and_update(
                {"open": True, "state": ChangeState.WAITING.value, "next_at": {"$lte": now}},
                {"$set": {"next_at": again_at}},
                sort=[("next_at", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return await self._change(row) if row else None

    # --- recoveries

    async def add_recovery(self, recovery: Recovery, *, session: Session) -> None:
        asked = orjson.dumps([recovery.phone, recovery.name, recovery.id_number])
        row = {
            "_id": recovery.id,
            "secret": recovery.secret,
            "asked": self._cipher.seal(asked, purpose=_ASKED, owner=recovery.id),
            "asked_at": recovery.asked_at,
            **_standing(recovery),
            "delete_at": recovery.asked_at + _UNPROVEN_KEPT,
        }
        await self._mongo.collection(RECOVERIES).insert_one(row, session=session)

    async def recovery(self, secret: bytes, *, session: Session | None = None) -> Recovery | None:
        """That of the one who holds what `secret` is the digest of."""
        return await self._found({"secret": secret}, session)

    async def recovery_of(self, citizen: str, recovery_id: str, *, session: Session) -> Recovery | None:
        return await self._found({"_id": recovery_id, "citizen": citizen}, session)

    async def waiting(self, citizen: str, *, session: Session) -> Recovery | None:
        return await self._found({"citizen": citizen, "state": RecoveryState.WAITING.value}, session)

    async def recoveries(self, citizen: str) -> list[Recovery]:
        """The newest of those that were proven to be this account's, newest first."""
        async with answering():
            cursor = self._mongo.collection(RECOVERIES).find({"citizen": citizen}).sort("_id", DESCENDING)
            rows = await cursor.limit(LISTED_MAX).to_list(None)
        return [self._recovery(row) for row in rows]

    async def move_recovery(
        self, recovery: Recovery, to: RecoveryState, *, now: datetime, session: Session, **told: Any
    ) -> Recovery | None:
        """Leave the state that was read; None when somebody else did."""
        moved = replace(recovery, state=to, **told)
        # Of what was never proven nothing stays.
        kept = {"delete_at": (moved.due_at or now) + KEPT} if moved.citizen else {}
        row = await self._mongo.collection(RECOVERIES).find_one_and_update(
            {"_id": recovery.id, "state": recovery.state.value}, {"$set": {**_standing(moved), **kept}}, session=session
        )
        return moved if row else None

    async def _found(self, query: Document, session: Session | None) -> Recovery | None:
        rows = self._mongo.collection(RECOVERIES)
        if session is not None:
            row = await rows.find_one(query, session=session)
        else:
            async with answering():
                row = await rows.find_one(query)
        return self._recovery(row) if row else None

    # --- merges

    async def add_merge(self, merge: Merge, *, session: Session) -> None:
        """In place of one whose code was not shown; one that runs stays, and the transaction is lost then."""
        rows = self._mongo.collection(MERGES)
        await rows.delete_many({"into": merge.into, "state": MergeState.CODE_SENT.value}, session=session)
        row = {
            "_id": merge.id,
            "into": merge.into,
            "source": merge.source,
            "state": merge.state.value,
            "phone": await self._seal(merge.phone, owner=merge.into, purpose=_MERGED_PHONE),
            "asked_at": merge.asked_at,
            "code_until": merge.code_until,
            "steps": 0,
            "claims": 0,
            "delete_at": merge.asked_at + _UNPROVEN_KEPT,
        }
        await rows.insert_one(row, session=session)

    async def merge(self, into: str, merge_id: str) -> Merge | None:
        async with answering():
            row = await self._mongo.collection(MERGES).find_one({"_id": merge_id, "into": into})
        return await self._merge(row) if row else None

    async def merging(self, into: str, *, session: Session) -> bool:
        """Whether another account is being moved into this one."""
        return await self._mongo.collection(MERGES).find_one({"into": into, "open": True}, session=session) is not None

    async def run_merge(self, merge: Merge, *, source: str, now: datetime, session: Session) -> bool:
        """The other account is known, and closed in this transaction; False when that was done already."""
        running = {"state": MergeState.RUNNING.value, "source": source, "open": True, "next_at": now}
        changed = await self._mongo.collection(MERGES).update_one(
            {"_id": merge.id, "state": MergeState.CODE_SENT.value},
            {"$set": running, "$unset": {"delete_at": ""}},
            session=session,
        )
        return changed.modified_count == 1

    async def claim_merge(self, *, now: datetime, lease: timedelta) -> Merge | None:
        """The next one to run on, which nobody else runs until `lease` has passed."""
        async with answering():
            row = await self._mongo.collection(MERGES).find_one_and_update(
                {"open": True, "next_at": {"$lte": now}},
                {"$set": {"next_at": now + lease}, "$inc": {"claims": 1}},
                sort=[("next_at", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return await self._merge(row) if row else None

    async def note_step(self, claimed: Merge, *, steps: int, next_at: datetime) -> bool:
        """So many steps are done, and the claim lasts until `next_at`; False when it was lost."""
        return await self._step(claimed, {"$set": {"steps": steps, "next_at": next_at}})

    async def finish_merge(self, claimed: Merge, *, now: datetime) -> bool:
        done = {"state": MergeState.DONE.value, "phone": None, "delete_at": now + KEPT}
        return await self._step(claimed, {"$set": done, "$unset": {"open": "", "next_at": ""}})

    async def _step(self, claimed: Merge, change: Document) -> bool:
        async with answering():
            result = await self._mongo.collection(MERGES).update_one(
                {"_id": claimed.id, "open": True, "claims": claimed.claims}, change
            )
        return result.matched_count == 1

    # --- accounts that sleep

    async def add_sleeper(self, sleeper: Sleeper) -> None:
        row = {"_id": sleeper.secret, "citizen": sleeper.citizen, "tries": 0, "delete_at": sleeper.until}
        async with answering():
            await self._mongo.collection(SLEEPERS).insert_one(row)

    async def try_sleeper(self, secret: bytes, *, now: datetime, tries_max: int) -> Sleeper | None:
        """Count a try; None when none is left, or it is too late."""
        async with answering():
            row = await self._mongo.collection(SLEEPERS).find_one_and_update(
                {"_id": secret, "delete_at": {"$gt": now}, "tries": {"$lt": tries_max}}, {"$inc": {"tries": 1}}
            )
        return Sleeper(bytes(row["_id"]), row["citizen"], row["delete_at"]) if row else None

    async def take_sleeper(self, sleeper: Sleeper, *, session: Session) -> bool:
        gone = await self._mongo.collection(SLEEPERS).delete_one({"_id": sleeper.secret}, session=session)
        return gone.deleted_count == 1

    # --- rows

    async def _seal(self, phone: str, *, owner: str, purpose: str) -> bytes:
        return await self._personal.seal({"phone": phone}, owner=owner, purpose=purpose)

    async def _opened(self, sealed: bytes | None, *, owner: str, purpose: str) -> str:
        return (await self._personal.open(sealed, owner=owner, purpose=purpose))["phone"] if sealed else ""

    async def _change(self, row: Document) -> PhoneChange:
        return PhoneChange(
            id=row["_id"],
            citizen=row["citizen"],
            phone=await self._opened(row["phone"], owner=row["citizen"], purpose=_NEW_PHONE),
            state=ChangeState(row["state"]),
            session_id=row["session_id"],
            asked_at=row["asked_at"],
            code_until=row["code_until"],
            effective_at=row["effective_at"],
        )

    def _recovery(self, row: Document) -> Recovery:
        phone, name, id_number = orjson.loads(self._cipher.open(row["asked"], purpose=_ASKED, owner=row["_id"]))
        return Recovery(
            id=row["_id"],
            secret=bytes(row["secret"]),
            phone=phone,
            name=name,
            id_number=id_number,
            state=RecoveryState(row["state"]),
            asked_at=row["asked_at"],
            expires_at=row["expires_at"],
            check=row["check"],
            citizen=row["citizen"] or "",
            proven_at=row["proven_at"],
            due_at=row["due_at"],
        )

    async def _merge(self, row: Document) -> Merge:
        return Merge(
            id=row["_id"],
            into=row["into"],
            phone=await self._opened(row["phone"], owner=row["into"], purpose=_MERGED_PHONE),
            state=MergeState(row["state"]),
            asked_at=row["asked_at"],
            code_until=row["code_until"],
            source=row["source"],
            steps=row["steps"],
            claims=row["claims"],
        )


def _standing(recovery: Recovery) -> Document:
    return {
        "state": recovery.state.value,
        "expires_at": recovery.expires_at,
        "check": recovery.check,
        "citizen": recovery.citizen or None,
        "proven_at": recovery.proven_at,
        "due_at": recovery.due_at,
    }
