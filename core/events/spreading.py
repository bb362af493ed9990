"""What a relay does to the rows: it spreads events over their handlers, reserves what is due, and settles what is done.

Rules
- One relay works at a time, under a lease. The lease saves work; it is not what keeps effects single.
- Spreading and reserving are transactions that also touch the lease under its term, so a relay whose lease was
  taken while it slept can write nothing (fencing).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from pymongo import ASCENDING, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from core.clock import Clock
from core.events.deliveries import DELIVERIES, EVENTS, LEASES, SUBSCRIPTIONS, delivery_id, done_at
from core.events.model import Limits, Subscription
from core.mongo import Document, Mongo, Session

R = TypeVar("R")
_LEASE: Final = {"_id": "relay"}
_SETTLE_PAGES_MAX: Final = 10


class LeaseLost(Exception):
    """Another relay has taken over. Not an error: this one goes back to waiting."""


@dataclass(slots=True)
class Spreading:
    """The rows, as a relay sees them. It holds the lease when `term` is not 0."""

    mongo: Mongo
    clock: Clock
    limits: Limits
    term: int = field(default=0, init=False)
    _renew_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _settled_to: str = field(default="", init=False)

    async def register(self, subscriptions: Iterable[Subscription]) -> None:
        """Make handlers known to every relay: events spread from now on reach them."""
        now = self.clock.now()
        writes = [
            UpdateOne({"_id": s.handler}, {"$set": {"event": s.event, "seen_at": now}}, upsert=True)
            for s in subscriptions
        ]
        if writes:
            await self.mongo.collection(SUBSCRIPTIONS).bulk_write(writes, ordered=False)

    async def hold(self) -> bool:
        """Renew the lease when it is time to, or take it when it is free; True while it is held."""
        now = self.clock.now()
        if self.term and now < self._renew_at:
            return True
        leases = self.mongo.collection(LEASES)
        until = self._until(now)
        if self.term:
            renewed = await leases.update_one({**_LEASE, "term": self.term}, {"$set": until})
            self.term = self.term if renewed.matched_count else 0
            return self.term > 0
        try:
            taken = await leases.find_one_and_update(
                {**_LEASE, "until": {"$not": {"$gt": now}}},
                {"$set": until, "$inc": {"term": 1}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:  # somebody holds it: the upsert found no free lease and could not make a second
            return False
        self.term = taken["term"] if taken else 0
        return self.term > 0

    async def let_go(self) -> None:
        """Free the lease at once, so that another relay need not wait for its end."""
        term, self.term = self.term, 0
        if term:
            await self.mongo.collection(LEASES).update_one(
                {**_LEASE, "term": term}, {"$set": {"until": self.clock.now()}}
            )

    async def spread(self) -> tuple[int, list[str]]:
        """Make the rows of up to `batch` new events: how many events, and the ids to hand over now."""
        events = self.mongo.collection(EVENTS)
        fresh = await events.find({"state": "new"}, {"name": 1, "at": 1}).sort("_id").limit(self.limits.batch).to_list()
        if not fresh:
            return 0, []
        handlers = await self._handlers({row["name"] for row in fresh})
        rows = [self._row(event, handler) for event in fresh for handler in handlers.get(event["name"], ())]
        unheard = [event["_id"] for event in fresh if event["name"] not in handlers]
        heard = [event["_id"] for event in fresh if event["name"] in handlers]

        async def write(session: Session) -> None:
            if rows:
                await self.mongo.collection(DELIVERIES).insert_many(rows, ordered=False, session=session)
                await events.update_many({"_id": {"$in": heard}}, {"$set": {"state": "spread"}}, session=session)
            if unheard:
                done = {"state": "done", **done_at(self.clock.now(), self.limits)}
                await events.update_many({"_id": {"$in": unheard}}, {"$set": done}, session=session)

        await self._fenced(write)
        return len(fresh), [row["_id"] for row in rows]

    async def reserve_due(self) -> list[str]:
        """Up to `batch` ids whose time has come; they come again after `handover_s` unless a worker begins them."""
        now = self.clock.now()
        due = {"next_at": {"$lte": now}}
        deliveries = self.mongo.collection(DELIVERIES)
        rows = await deliveries.find(due, {"_id": 1}).sort("next_at", ASCENDING).limit(self.limits.batch).to_list()
        ids = [row["_id"] for row in rows]
        if not ids:
            return []
        later = now + timedelta(seconds=self.limits.handover_s)

        async def write(session: Session) -> None:
            change = {"$set": {"next_at": later}, "$inc": {"handed": 1}}
            await deliveries.update_many({"_id": {"$in": ids}, **due}, change, session=session)

        await self._fenced(write)
        return ids

    async def unreserve(self, ids: Sequence[str]) -> None:
        """The queue did not take them: they are due at once."""
        await self.mongo.collection(DELIVERIES).update_many(
            {"_id": {"$in": list(ids)}, "next_at": {"$exists": True}, "busy_until": {"$exists": False}},
            {"$set": {"next_at": self.clock.now()}},
        )

    async def settle(self) -> None:
        """Mark events done whose rows are all done. Dead letters keep their event open.

        Walks the open events in pages and goes on where it stopped, so that stuck ones do not hide the others.
        Needs no fence: what is done stays done, whoever says so.
        """
        for _ in range(_SETTLE_PAGES_MAX):
            if not await self._settle_page():
                return

    async def _settle_page(self) -> bool:
        events = self.mongo.collection(EVENTS)
        batch = self.limits.batch
        query = {"state": "spread", "_id": {"$gt": self._settled_to}}
        page = [row["_id"] for row in await events.find(query, {"_id": 1}).sort("_id").limit(batch).to_list()]
        if page:
            undone = {"event": {"$in": page}, "done_at": {"$exists": False}}
            open_ = set(await self.mongo.collection(DELIVERIES).distinct("event", undone))
            closed = [id_ for id_ in page if id_ not in open_]
            done = {"state": "done", **done_at(self.clock.now(), self.limits)}
            await events.update_many({"_id": {"$in": closed}, "state": "spread"}, {"$set": done})
        self._settled_to = page[-1] if len(page) == batch else ""
        return len(page) == batch

    async def _handlers(self, names: set[str]) -> dict[str, list[str]]:
        """The handlers of each event name that some process has offered lately."""
        alive = {"event": {"$in": list(names)}, "seen_at": {"$gt": self._lapsed()}}
        found: dict[str, list[str]] = {}
        async for row in self.mongo.collection(SUBSCRIPTIONS).find(alive):
            found.setdefault(row["event"], []).append(row["_id"])
        return found

    def _until(self, now: datetime) -> Document:
        """The lease's new end; a third of it later it is renewed, unless a transaction has done so meanwhile."""
        self._renew_at = now + timedelta(seconds=self.limits.lease_s / 3)
        return {"until": now + timedelta(seconds=self.limits.lease_s)}

    def _lapsed(self) -> datetime:
        return self.clock.now() - timedelta(seconds=self.limits.lapse_s)

    def _row(self, event: Document, handler: str) -> Document:
        return {
            "_id": delivery_id(event_id=event["_id"], handler=handler),
            "event": event["_id"],
            "name": event["name"],
            "handler": handler,
            "at": event["at"],
            "tries": 0,
            "claims": 0,
            "handed": 1,
            "next_at": self.clock.now() + timedelta(seconds=self.limits.handover_s),
        }

    async def _fenced(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Run `work` in a transaction that fails when the lease is another relay's by now."""

        async def write(session: Session) -> R:
            until = self._until(self.clock.now())
            held = await self.mongo.collection(LEASES).update_one(
                {**_LEASE, "term": self.term}, {"$set": until}, session=session
            )
            if not held.matched_count:
                self.term = 0
                raise LeaseLost()
            return await work(session)

        return await self.mongo.transaction(write)
