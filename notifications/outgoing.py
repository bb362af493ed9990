"""What is on its way to a phone or an address: rows that senders claim, one sender at a time.

Rules
- A row is open while it has `next_at`. A sender claims what is due by moving `next_at` past the time that sending may
  take (its lease) and writing its own token: whoever dies leaves the row due again.
- Whatever is written about a claimed row names the token, so a sender whose lease has run out changes nothing.
- A try is counted when it is claimed: what kills its sender again and again comes to an end too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pymongo import ASCENDING, IndexModel, UpdateOne

from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from notifications.model import DELIVERY_KEPT, Channel, Lane

DELIVERIES: Final = "notifications_deliveries"
_INDEXES: Final = {
    DELIVERIES: [
        IndexModel(
            [("lane", ASCENDING), ("next_at", ASCENDING)],
            name="due",
            partialFilterExpression={"next_at": {"$exists": True}},
        ),
        IndexModel([("message", ASCENDING), ("target", ASCENDING)], name="once", unique=True),
        IndexModel([("at", ASCENDING)], name="forget", expireAfterSeconds=int(DELIVERY_KEPT.total_seconds())),
    ]
}


class State(StrEnum):
    """PENDING: waits for `next_at`. SENDING: claimed. The others are ends.

    SENT: the carrier took it. FAILED: it will not, or not within the tries. EXPIRED: its time was over first.
    DROPPED: the target is gone, or the citizen no longer wants it. WITHHELD: over the citizen's rate.
    """

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    DROPPED = "DROPPED"
    WITHHELD = "WITHHELD"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one target. tries: with the present one. expires_at: it is not sent after this."""

    id: str
    message: str
    citizen: str
    channel: Channel
    target: str
    lane: Lane
    at: datetime
    expires_at: datetime
    next_at: datetime | None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a claimed delivery. code: why, as the metrics count it. next_at: when it is tried again."""

    state: State
    code: str = ""
    next_at: datetime | None = None
    uncounted: bool = False

    @classmethod
    def again(cls, next_at: datetime, *, code: str, uncounted: bool = False) -> Ending:
        """uncounted: the carrier was not asked, so it was no try."""
        return cls(State.PENDING, code, next_at, uncounted)


class DeliveryStore:
    """The outbox of phones and addresses."""

    def __init__(self, *, mongo: Mongo) -> None:
        self._mongo = mongo
        self._deliveries = mongo.collection(DELIVERIES)

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def add(self, deliveries: Sequence[Delivery], *, session: Session) -> None:
        if deliveries:
            await self._deliveries.insert_many([_row_of(one) for one in deliveries], session=session)

    async def claim(
        self, *, lanes: Collection[Lane], token: str, now: datetime, lease: timedelta, most: int
    ) -> list[Delivery]:
        """Up to `most` of what is due, the most urgent first, for the holder of this token. Raises: Unavailable."""
        due = {"lane": {"$in": sorted(lanes)}, "next_at": {"$lte": now}}
        claimed = {"$set": {"next_at": now + lease, "token": token, "state": State.SENDING.value}, "$inc": {"tries": 1}}
        async with answering():
            found = self._deliveries.find(due, {"_id": 1}).sort([("lane", ASCENDING), ("next_at", ASCENDING)])
            ids = [row["_id"] for row in await found.limit(most).to_list(most)]
            if not ids:
                return []
            # Of two senders that found the same rows, each row is one's: the other finds it no longer due.
            await self._deliveries.update_many({"_id": {"$in": ids}, "next_at": {"$lte": now}}, claimed)
            rows = await self._deliveries.find({"_id": {"$in": ids}, "token": token}).to_list(most)
        return [_delivery_of(row) for row in rows]

    async def end(self, endings: Sequence[tuple[Delivery, Ending]], *, token: str) -> None:
        """Write down what became of them, as far as they are still this token's. Raises: Unavailable."""
        writes = [UpdateOne({"_id": one.id, "token": token}, _change_of(ending)) for one, ending in endings]
        if writes:
            async with answering():
                await self._deliveries.bulk_write(writes, ordered=False)

    async def forget(self, messages: Sequence[str]) -> None:
        """Send none of these messages any more. Raises: Unavailable."""
        async with answering():
            await self._deliveries.delete_many({"message": {"$in": list(messages)}})

    async def next_at(self, lanes: Collection[Lane]) -> datetime | None:
        """When something of these lanes is due next. Raises: Unavailable."""
        async with answering():
            rows = [
                await self._deliveries.find_one(
                    {"lane": lane, "next_at": {"$exists": True}}, {"next_at": 1}, sort=[("next_at", ASCENDING)]
                )
                for lane in sorted(lanes)
            ]
        return min((row["next_at"] for row in rows if row), default=None)

    def stream(self, *, await_ms: int) -> Any:
        """A change stream of new rows, for waking senders. Its faults are PyMongo's."""
        only: list[Document] = [{"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}}]
        return self._deliveries.watch(only, max_await_time_ms=await_ms)


def _change_of(ending: Ending) -> Document:
    change: Document = {"$set": {"state": ending.state.value, "code": ending.code}, "$unset": {"token": ""}}
    if ending.next_at is None:
        change["$unset"]["next_at"] = ""
    else:
        change["$set"]["next_at"] = ending.next_at
    if ending.uncounted:
        change["$inc"] = {"tries": -1}
    return change


def _row_of(one: Delivery) -> Document:
    row: Document = {
        "_id": one.id,
        "message": one.message,
        "citizen": one.citizen,
        "channel": one.channel.value,
        "target": one.target,
        "lane": int(one.lane),
        "at": one.at,
        "expires_at": one.expires_at,
        "tries": 0,
    }
    if one.next_at is None:
        return {**row, "state": State.WITHHELD.value, "code": "RATE_LIMITED"}
    return {**row, "state": State.PENDING.value, "code": "", "next_at": one.next_at}


def _delivery_of(row: Document) -> Delivery:
    return Delivery(
        id=row["_id"],
        message=row["message"],
        citizen=row["citizen"],
        channel=Channel(row["channel"]),
        target=row["target"],
        lane=Lane(row["lane"]),
        at=row["at"],
        expires_at=row["expires_at"],
        next_at=row["next_at"],
        tries=row["tries"],
    )
