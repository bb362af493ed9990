"""One row for each event and handler: the once-only mark, the retry clock and the dead letter in one document.

Rules
- A row is open while it has `next_at`, the instant from which a relay hands it to the queue (again).
- `tries` is counted when a try begins, so that a handler which kills its process runs out of tries too.
- `claims` only grows, and its value is the token of a claim: a worker that was taken for dead puts nothing off
  and buries nothing when it wakes up. It may still be the one that gets it done: open to done happens once.
- A row is done or dead for good only by a majority write; what merely paces the work needs one machine's memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.write_concern import WriteConcern

from core.clock import Clock
from core.events.model import Event, Limits
from core.mongo import Collection, Document, Mongo, Session

EVENTS: Final = "events"
DELIVERIES: Final = "event_deliveries"
SUBSCRIPTIONS: Final = "event_subscriptions"
LEASES: Final = "event_leases"

INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    EVENTS: [
        IndexModel([("state", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
    ],
    DELIVERIES: [
        IndexModel([("next_at", ASCENDING)], sparse=True),
        IndexModel([("at", ASCENDING)], partialFilterExpression={"next_at": {"$exists": True}}),
        IndexModel([("event", ASCENDING)]),
        IndexModel([("dead.at", ASCENDING)], sparse=True),
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
    ],
    SUBSCRIPTIONS: [IndexModel([("event", ASCENDING)])],
}
"""For `core.mongo.ensure_indexes`, before the first event."""


class _DoneElsewhereError(Exception):
    """Aborts the transaction of a try that came second, with all that its handler wrote."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One try of one delivery, held by this process until `busy_until` passes. `tries` includes this one."""

    id: str
    event_id: str
    tries: int
    token: int

    @property
    def held(self) -> Document:
        """The row while it is still this claim's."""
        return {"_id": self.id, "claims": self.token, "next_at": {"$exists": True}}


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The rows, as a worker sees them."""

    mongo: Mongo
    clock: Clock
    limits: Limits

    @property
    def rows(self) -> Collection:
        return self.mongo.collection(DELIVERIES)

    @property
    def pace(self) -> Collection:
        """The same rows for writes that may be lost in a failover: the work is then only begun or handed over again."""
        return self.rows.with_options(write_concern=WriteConcern(w=1))

    async def claim(self, id_: str, *, timeout_s: float) -> Claim | None:
        """Begin a try; None when the delivery is done, dead, or in another process's hands."""
        now = self.clock.now()
        until = now + timedelta(seconds=timeout_s + self.limits.grace_s)
        row = await self.pace.find_one_and_update(
            {"_id": id_, "next_at": {"$exists": True}, "busy_until": {"$not": {"$gt": now}}},
            {"$set": {"next_at": until, "busy_until": until}, "$inc": {"tries": 1, "claims": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return Claim(id_, row["event"], row["tries"], row["claims"]) if row else None

    async def event_of(self, claim: Claim) -> Event | None:
        row = await self.mongo.collection(EVENTS).find_one({"_id": claim.event_id})
        return Event(row["_id"], row["name"], row["at"], row["payload"]) if row else None

    async def do_within(self, claim: Claim, work: Callable[[Session], Awaitable[None]]) -> bool:
        """Run `work` and mark the delivery done, in one transaction; False when it was done already.

        The mark comes last: a transaction whose process is killed keeps its locks for up to a minute, and a locked
        row here would hold up the relay with all that is due.
        """

        async def once(session: Session) -> None:
            await work(session)
            if not await self._mark_done(claim, session=session):
                raise _DoneElsewhereError

        try:
            await self.mongo.transaction(once)
        except _DoneElsewhereError:
            return False
        return True

    async def mark_done(self, claim: Claim) -> bool:
        return await self._mark_done(claim)

    async def _mark_done(self, claim: Claim, session: Session | None = None) -> bool:
        # Not `held`: a transaction's snapshot may be older than the claim, whose write one machine acknowledged. A
        # filter that fits both states makes the server report the conflict, and the transaction runs again.
        result = await self.rows.update_one(
            {"_id": claim.id, "next_at": {"$exists": True}},
            {"$set": done_at(self.clock.now(), self.limits), "$unset": {"next_at": "", "busy_until": ""}},
            session=session,
        )
        return result.modified_count == 1

    async def retry(self, claim: Claim, *, after_s: float) -> None:
        due = self.clock.now() + timedelta(seconds=after_s)
        await self.pace.update_one(claim.held, {"$set": {"next_at": due}, "$unset": {"busy_until": ""}})

    async def bury(self, claim: Claim, *, error: str) -> None:
        dead = {"error": error, "at": self.clock.now()}
        await self.rows.update_one(claim.held, {"$set": {"dead": dead}, "$unset": {"next_at": "", "busy_until": ""}})

    async def give_back(self, claim: Claim) -> None:
        """Undo the claim: this process stops before the try could end."""
        change = {"$set": {"next_at": self.clock.now()}, "$unset": {"busy_until": ""}, "$inc": {"tries": -1}}
        await self.pace.update_one(claim.held, change)

    async def leave(self, id_: str, *, pause_max_s: float = 60.0) -> None:
        """Let another process have it: handed over again soon, and ever later while nobody knows its handler."""
        now = self.clock.now()
        row = await self.rows.find_one({"_id": id_}, {"handed": 1})
        pause_s = min(2.0 ** min(row["handed"] if row else 0, 6), pause_max_s)
        await self.pace.update_one(
            {"_id": id_, "next_at": {"$exists": True}, "busy_until": {"$not": {"$gt": now}}},
            {"$set": {"next_at": now + timedelta(seconds=pause_s)}},
        )


def delivery_id(*, event_id: str, handler: str) -> str:
    return f"{event_id}:{handler}"


def handler_of(delivery: str) -> str:
    return delivery.partition(":")[2]


def done_at(now: datetime, limits: Limits) -> dict[str, Any]:
    """The fields that say: done, and forgotten after the retention."""
    return {"done_at": now, "expires_at": now + timedelta(seconds=limits.retention_s)}
