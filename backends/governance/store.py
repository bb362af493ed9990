"""Events and the log of changes in MongoDB.

Rules
- An event and the changes that it causes are one transaction, and so is a change's place in the log: the counter is
  raised in that same transaction. Two writers cannot both raise it (one meets a write conflict and begins again), and
  one that fails takes its raise back with it. So places are given in the order of commits, none is left out, and who
  has read up to a place has read everything before it.
- A source's own id is unique by index: a report that comes twice at once is one event.
- Writers of one process queue here, in order; only writers of other processes are met in the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure

from backends.governance.listing import Listing
from backends.governance.model import OPEN, Change, Dispatch, Event, Kind, Outcome, Report, Source, Status, Step
from backends.governance.units import Reason
from core.errors import Unavailable
from core.geo import Point
from core.mongo import Document, Mongo, Session, answering, ensure_indexes

R = TypeVar("R")

WRITERS_WAIT_S: Final = 5.0
PAGES_TOGETHER: Final = 50  # in one command
_NAMESPACE_EXISTS: Final = 48
_EVENTS: Final = "events"
_CHANGES: Final = "changes"
_COUNTERS: Final = "counters"
_NEWEST: Final = {"opened": DESCENDING, "_id": DESCENDING}


@dataclass(frozen=True, slots=True)
class GovernanceStore:
    mongo: Mongo
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False, compare=False)

    async def prepare(self) -> None:
        """Make what is missing. Safe to run by several processes at once."""
        async with answering():
            await self._create(_CHANGES)
            await self._create(_COUNTERS)
            await ensure_indexes(self.mongo, _INDEXES)

    async def _create(self, name: str) -> None:
        try:
            await self.mongo.database.create_collection(name, check_exists=False)
        except OperationFailure as fault:
            if fault.code != _NAMESPACE_EXISTS:
                raise

    async def changing(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Do `work` in one transaction, after the writers of this process that came before.

        Raises: Unavailable, what `work` raises.
        """
        async with self._queued():
            try:
                return await self.mongo.transaction(work)
            except DuplicateKeyError:
                # Another process has stored this report first; now `work` finds it.
                return await self.mongo.transaction(work)

    @asynccontextmanager
    async def _queued(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WRITERS_WAIT_S):
                await self._writing.acquire()
        except TimeoutError as fault:
            raise Unavailable() from fault
        try:
            yield
        finally:
            self._writing.release()

    async def put(self, outcome: Outcome, *, session: Session) -> None:
        """Store an event as it is now, and the changes at the end of the log."""
        document = _document_of(outcome.event)
        await self.mongo.collection(_EVENTS).replace_one({"_id": outcome.event.id}, document, True, session=session)
        for change in outcome.changes:
            place = await self._next_place(session)
            row = _change_document(replace(change, seq=place), outcome.event.id)
            await self.mongo.collection(_CHANGES).insert_one(row, session=session)

    async def _next_place(self, session: Session) -> int:
        raised = await self.mongo.collection(_COUNTERS).find_one_and_update(
            {"_id": _CHANGES},
            {"$inc": {"seq": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        assert raised is not None  # it was made if it was missing
        return int(raised["seq"])

    async def find(self, *, event_id: str, session: Session | None = None) -> Event | None:
        async with answering():
            found = await self.mongo.collection(_EVENTS).find_one({"_id": event_id}, session=session)
        return _event_of(found) if found else None

    async def find_report(self, *, source: Source, ref: str, session: Session | None = None) -> Event | None:
        async with answering():
            found = await self.mongo.collection(_EVENTS).find_one({"source": source, "ref": ref}, session=session)
        return _event_of(found) if found else None

    async def find_numbered(self, *, number: str) -> list[Event]:
        """The events that go by this number, two at most: numbers are the sources' own, and may meet."""
        async with answering():
            found = self.mongo.collection(_EVENTS).find({"number": number}, limit=2)
            return [_event_of(document) async for document in found]

    async def events(self, *, ids: Sequence[str]) -> dict[str, Event]:
        async with answering():
            found = self.mongo.collection(_EVENTS).find({"_id": {"$in": list(ids)}}, batch_size=len(ids) + 1)
            return {document["_id"]: _event_of(document) async for document in found}

    async def events_of_reports(self, *, refs: Sequence[str]) -> dict[str, Event]:
        """By the ids that the city knows its citizens' reports by."""
        query = {"source": Source.CITIZEN, "ref": {"$in": list(refs)}}
        async with answering():
            found = self.mongo.collection(_EVENTS).find(query, batch_size=len(refs) + 1)
            return {document["ref"]: _event_of(document) async for document in found}

    async def known_refs(self, *, source: Source, refs: Sequence[str]) -> set[str]:
        """Which of these the source has reported."""
        query = {"source": source, "ref": {"$in": list(refs)}}
        async with answering():
            return {d["ref"] async for d in self.mongo.collection(_EVENTS).find(query, {"ref": 1, "_id": 0})}

    async def pages(self, listings: Sequence[Listing]) -> list[list[Event]]:
        """Of each listing up to `page.limit` events: one command for up to `PAGES_TOGETHER` listings."""
        pages: list[list[Event]] = [[] for _ in listings]
        for start in range(0, len(listings), PAGES_TOGETHER):
            together = listings[start : start + PAGES_TOGETHER]
            first, *more = (_pipeline(listing, n) for n, listing in enumerate(together, start))
            joined: list[Document] = [{"$unionWith": {"coll": _EVENTS, "pipeline": pipeline}} for pipeline in more]
            rows = 1 + sum(listing.page.limit for listing in together)  # all of them in the first answer
            async with answering():
                found = await self.mongo.collection(_EVENTS).aggregate([*first, *joined], batchSize=rows)
                async for document in found:
                    pages[document["page"]].append(_event_of(document))
        return pages

    async def open_counts(self, *, districts: Sequence[str]) -> dict[str, int]:
        """How many events of each district are open; a district without one is left out."""
        matched = {"district": {"$in": list(districts)}, "status": {"$in": sorted(OPEN)}}
        pipeline: list[Document] = [{"$match": matched}, {"$group": {"_id": "$district", "open": {"$sum": 1}}}]
        async with answering():
            found = await self.mongo.collection(_EVENTS).aggregate(pipeline)
            return {document["_id"]: document["open"] async for document in found}

    async def changes(self, *, after: int, limit: int) -> list[Change]:
        """In order, behind a place."""
        async with answering():
            found = self.mongo.collection(_CHANGES).find({"_id": {"$gt": after}}, sort={"_id": ASCENDING}, limit=limit)
            return [_change_of(document) async for document in found]

    async def remove_synthetic(self, *, before: datetime) -> int:
        """Remove the demonstration's own events that were opened before this; how many."""
        async with answering():
            query = {"synthetic": True, "opened": {"$lt": before}}
            return (await self.mongo.collection(_EVENTS).delete_many(query)).deleted_count


_INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    _EVENTS: [
        IndexModel([("source", ASCENDING), ("ref", ASCENDING)], name="report", unique=True),
        IndexModel([("number", ASCENDING)], name="number"),
        IndexModel(list(_NEWEST.items()), name="newest"),
        *(
            IndexModel([*((part, ASCENDING) for part in parts), *_NEWEST.items()], name="_".join(parts))
            for parts in (("district", "status"), ("district",), ("status",), ("category",))
        ),
    ],
}


def _pipeline(listing: Listing, page: int) -> list[Document]:
    query: Document = {
        name: value
        for name, value in (
            ("district", listing.district), ("status", listing.status), ("category", listing.category),
        )
        if value is not None
    }  # fmt: skip
    if listing.behind is not None:
        opened, event_id = listing.behind
        query["opened"] = {"$lte": opened}  # for the index; the next line says it to the end
        query["$or"] = [{"opened": {"$lt": opened}}, {"_id": {"$lt": event_id}}]
    return [{"$match": query}, {"$sort": _NEWEST}, {"$limit": listing.page.limit}, {"$set": {"page": page}}]


def _document_of(event: Event) -> Document:
    report = event.report
    return {
        "source": report.source,
        "ref": report.ref,
        "number": report.number,
        "category": report.category,
        "district": report.district,
        "location": report.location.geojson() if report.location else None,
        "opened": report.opened_at,
        "due": report.due_at,
        "said": report.status,
        "version": report.version,
        "status": event.status,
        "synthetic": event.synthetic,
        "dispatches": [{"unit": d.unit, "at": d.at, "reason": d.reason, "note": d.note} for d in event.dispatches],
        "steps": [{"status": s.status, "at": s.at, "note": s.note} for s in event.steps],
        "ended": event.ended_at,
        "updated": event.updated_at,
    }


def _event_of(document: Mapping[str, Any]) -> Event:
    return Event(
        id=document["_id"],
        report=_report_of(document),
        status=Status(document["status"]),
        synthetic=document["synthetic"],
        dispatches=tuple(Dispatch(d["unit"], d["at"], Reason(d["reason"]), d["note"]) for d in document["dispatches"]),
        steps=tuple(Step(Status(s["status"]), s["at"], s["note"]) for s in document["steps"]),
        ended_at=document["ended"],
        updated_at=document["updated"],
    )


def _report_of(document: Mapping[str, Any]) -> Report:
    return Report(
        source=Source(document["source"]),
        ref=document["ref"],
        number=document["number"],
        category=document["category"],
        district=document["district"],
        location=Point(*document["location"]["coordinates"]) if document["location"] else None,
        opened_at=document["opened"],
        due_at=document["due"],
        status=document["said"],
        version=document["version"],
    )


def _change_document(change: Change, event_id: str) -> Document:
    return {
        "_id": change.seq,
        "event": event_id,
        "ref": change.ref,
        "kind": change.kind,
        "unit": change.unit,
        "status": change.status,
        "note": change.note,
        "at": change.at,
    }


def _change_of(document: Mapping[str, Any]) -> Change:
    return Change(
        ref=document["ref"],
        kind=Kind(document["kind"]),
        unit=document["unit"],
        status=Status(document["status"]),
        note=document["note"],
        at=document["at"],
        seq=document["_id"],
    )
