"""Where events wait: a collection beside the facts, written in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import bson
from bson.errors import InvalidDocument

from core.clock import Clock, to_ms
from core.events.deliveries import DELIVERIES, EVENTS
from core.events.model import PAYLOAD_BYTES_MAX, Backlog, Event, EventNotStorable, EventTooLarge
from core.ids import Ids
from core.mongo import Mongo, Session, answering


@dataclass(frozen=True, slots=True)
class Outbox:
    """How a room says that something happened."""

    mongo: Mongo
    ids: Ids
    clock: Clock

    async def append(self, *, name: str, payload: Mapping[str, object], session: Session) -> Event:
        """Add an event to the caller's transaction: it exists when that transaction commits, and not otherwise.

        payload: at most 64 KiB as BSON, nothing personal in clear.
        Raises: EventTooLarge, EventNotStorable.
        """
        _check(payload)
        event = Event(self.ids.new("evt"), name, to_ms(self.clock.now()), dict(payload))
        await self.mongo.collection(EVENTS).insert_one(
            {"_id": event.id, "name": name, "at": event.occurred_at, "payload": event.payload, "state": "new"},
            session=session,
        )
        return event

    async def backlog(self) -> Backlog:
        """How much waits, and for how long the oldest has. Raises: Unavailable."""
        events, deliveries = self.mongo.collection(EVENTS), self.mongo.collection(DELIVERIES)
        fresh, open_, dead = {"state": "new"}, {"next_at": {"$exists": True}}, {"dead.at": {"$exists": True}}
        most = Backlog.COUNTED_MAX
        async with answering():
            counted = [
                await events.count_documents(fresh, limit=most),
                await deliveries.count_documents(open_, limit=most),
            ]
            oldest = [
                await events.find_one(fresh, {"at": 1}, sort=[("_id", 1)]),
                await deliveries.find_one(open_, {"at": 1}, sort=[("at", 1)]),
            ]
            dead_letters = await deliveries.count_documents(dead, limit=most)
        since = [row["at"] for row in oldest if row]
        return Backlog(
            waiting=min(sum(counted), most),
            dead=dead_letters,
            oldest_s=(self.clock.now() - min(since)).total_seconds() if since else 0.0,
        )


def _check(payload: Mapping[str, object]) -> None:
    try:
        size = len(bson.encode(payload))
    except (InvalidDocument, OverflowError) as fault:
        raise EventNotStorable() from fault
    if size > PAYLOAD_BYTES_MAX:
        raise EventTooLarge(bytes=size, bytes_max=PAYLOAD_BYTES_MAX)
