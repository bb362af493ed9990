"""Where events wait: a collection beside the facts, written in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import bson
from bson.errors import InvalidDocument

from core.clock import Clock
from core.events.model import PAYLOAD_BYTES_MAX, Event, EventNotStorable, EventTooLarge
from core.ids import Ids
from core.mongo import Mongo, Session

EVENTS: Final = "events"


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
        event = Event(self.ids.new("evt"), name, _to_ms(self.clock.now()), dict(payload))
        await self.mongo.collection(EVENTS).insert_one(
            {"_id": event.id, "name": name, "at": event.occurred_at, "payload": event.payload, "spread": False},
            session=session,
        )
        return event


def _check(payload: Mapping[str, object]) -> None:
    try:
        size = len(bson.encode(payload))
    except (InvalidDocument, OverflowError) as fault:
        raise EventNotStorable() from fault
    if size > PAYLOAD_BYTES_MAX:
        raise EventTooLarge(bytes=size, bytes_max=PAYLOAD_BYTES_MAX)


def _to_ms(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
