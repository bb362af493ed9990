"""Deliveries that failed for good: listed, tried again, or given up by a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from core.clock import Clock
from core.errors import NotFound
from core.events.deliveries import DELIVERIES, done_at
from core.events.model import DeadLetter, Limits
from core.mongo import Document, Mongo
from core.paging import PAGE_SIZE_MAX, Page, PageRequest


@dataclass(frozen=True, slots=True)
class DeadLetters:
    mongo: Mongo
    clock: Clock
    limits: Limits = field(default_factory=Limits)

    async def page(self, *, request: PageRequest) -> Page[DeadLetter]:
        """The oldest events' first."""
        query: Document = {"dead.at": {"$exists": True}, "_id": {"$gt": request.after or ""}}
        rows = await self.mongo.collection(DELIVERIES).find(query).sort("_id").limit(request.limit).to_list()
        letters = [_letter(row) for row in rows]
        return Page.of(rows=letters, keys=[letter.id for letter in letters], request=request)

    async def all(self) -> AsyncIterator[DeadLetter]:
        """Every one, page after page."""
        after: str | None = None
        while True:
            page = await self.page(request=PageRequest(PAGE_SIZE_MAX, after))
            for letter in page.rows:
                yield letter
            if not page.has_next:
                return
            after = page.keys[-1]

    async def replay(self, *, id: str) -> None:
        """Let the handler have its tries again, from now. Raises: NotFound."""
        await self._end(id, {"$set": {"next_at": self.clock.now(), "tries": 0, "handed": 0}, "$unset": {"dead": ""}})

    async def discard(self, *, id: str) -> None:
        """Give it up: the event counts as done for this handler. Raises: NotFound."""
        await self._end(id, {"$set": done_at(self.clock.now(), self.limits), "$unset": {"dead": ""}})

    async def _end(self, id_: str, change: Document) -> None:
        result = await self.mongo.collection(DELIVERIES).update_one({"_id": id_, "dead.at": {"$exists": True}}, change)
        if not result.matched_count:
            raise NotFound(thing="dead letter")


def _letter(row: Document) -> DeadLetter:
    return DeadLetter(
        id=row["_id"],
        event_id=row["event"],
        event_name=row["name"],
        handler=row["handler"],
        error=row["dead"]["error"],
        tries=row["tries"],
        at=row["dead"]["at"],
    )
