"""What reporting must remember, in MongoDB: cases, who follows them, place codes, counters, and a cursor.

A step is written with the version that it was decided on: of two handlers at once, one is told that the case changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from api.domains.reports.errors import AlreadyRated, CaseChanged, ClientReportIdReused
from api.domains.reports.model import (
    SIMILAR_MAX,
    SIMILAR_WITHIN_M,
    Case,
    Entry,
    PlaceFact,
    Rating,
    SimilarCase,
    case_number,
    category_of,
    list_key,
    place_in_list,
    similarity,
)
from api.domains.reports.rows import CASES, Rows, place_of, place_row
from api.domains.reports.workflow import Status
from core.geo import Point
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest

R = TypeVar("R")

_SUPPORTERS: Final = "reports_supporters"
_PLACES: Final = "reports_places"
_COUNTERS: Final = "reports_counters"
_CURSORS: Final = "reports_cursors"
_COUNTERS_KEPT: Final = timedelta(days=3)
# How many of the latest settled cases the median is taken of.
MEDIAN_OF_MAX: Final = 10_000
_INDEXES: Final = {
    CASES: [
        IndexModel([("number", ASCENDING)], name="number", unique=True),
        IndexModel(
            [("citizen", ASCENDING), ("client_report_id", ASCENDING)],
            name="once_per_client_report",
            unique=True,
            partialFilterExpression={"client_report_id": {"$type": "string"}},
        ),
        IndexModel([("citizen", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="by_citizen"),
        IndexModel(
            [("district", ASCENDING), ("open", ASCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)],
            name="by_district_due",
        ),
        IndexModel([("category", ASCENDING), ("open", ASCENDING), ("location", GEOSPHERE)], name="near"),
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel(
            [("district", ASCENDING), ("category", ASCENDING), ("status", ASCENDING)],
            name="counts",
        ),
        IndexModel(
            [("settled_at", DESCENDING), ("status", ASCENDING), ("district", ASCENDING), ("created_at", ASCENDING)],
            name="settled",
            partialFilterExpression={"settled_at": {"$type": "date"}},
        ),
    ],
    _SUPPORTERS: [
        IndexModel([("case", ASCENDING), ("citizen", ASCENDING)], name="once", unique=True),
        IndexModel([("citizen", ASCENDING), ("at", DESCENDING), ("case", DESCENDING)], name="by_citizen"),
    ],
    _COUNTERS: [
        IndexModel([("at", ASCENDING)], name="forget", expireAfterSeconds=int(_COUNTERS_KEPT.total_seconds())),
    ],
}


class Counted(StrEnum):
    """What is counted of a person and a day."""

    REPORT = "report"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases a handler wants to see. districts: those that they answer for. None: whatever it is."""

    districts: Sequence[str]
    statuses: Sequence[Status] | None = None
    category: str | None = None
    overdue_at: datetime | None = None

    def query(self) -> Document:
        found: Document = {"district": {"$in": list(self.districts)}}
        found |= {"status": {"$in": [one.value for one in self.statuses]}} if self.statuses else {"open": True}
        if self.category:
            found["category"] = self.category
        if self.overdue_at:
            found |= {"open": True, "paused_at": None, "due_at": {"$lt": self.overdue_at}}
        return found


@dataclass(frozen=True, slots=True)
class Tally:
    """How many cases stand in one status, by district and category."""

    district: str
    category: str
    status: Status
    count: int


class ReportStore:
    def __init__(self, *, mongo: Mongo, rows: Rows) -> None:
        self._mongo = mongo
        self._rows = rows
        self._cases = mongo.collection(CASES)
        self._supporters = mongo.collection(_SUPPORTERS)
        self._places = mongo.collection(_PLACES)
        self._counters = mongo.collection(_COUNTERS)
        self._cursors = mongo.collection(_CURSORS)

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: what `work` raises, Unavailable."""
        return await self._mongo.transaction(work)

    # --- one case -------------------------------------------------------------------------------------------------

    async def next_number(self, *, day: date, now: datetime) -> str:
        """A case number of that day that nobody else gets. Numbers of reports that failed are left out."""
        async with answering():
            row = await self._counters.find_one_and_update(
                {"_id": f"number|{day.isoformat()}"},
                {"$inc": {"n": 1}, "$setOnInsert": {"at": now}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        assert row is not None  # an upsert that returns the row after it
        return case_number(day, row["n"])

    async def take_turn(
        self, *, what: Counted, who: str, day: date, now: datetime, most: int, session: Session | None = None
    ) -> bool:
        """Count one more of `what` for somebody's day; False, and nothing counted, when `most` are used up."""
        try:
            async with _outside(session):
                await self._counters.update_one(
                    {"_id": f"{what.value}|{who}|{day.isoformat()}", "n": {"$lt": most}},
                    {"$inc": {"n": 1}, "$setOnInsert": {"at": now}},
                    upsert=True,
                    session=session,
                )
        except DuplicateKeyError:
            return False
        return True

    async def add(self, case: Case, *, client_report_id: str | None, fingerprint: bytes, session: Session) -> None:
        """Raises: ClientReportIdReused."""
        row = self._rows.of(case)
        if client_report_id is not None:
            row |= {"client_report_id": client_report_id, "fingerprint": fingerprint}
        try:
            await self._cases.insert_one(row, session=session)
        except DuplicateKeyError as fault:
            raise ClientReportIdReused() from fault

    async def reported(self, *, citizen: str, client_report_id: str, surely: bool = False) -> tuple[Case, bytes] | None:
        """The case that was reported under this name, and the fingerprint of what was sent.

        surely: also one that has been written this very moment, which a plain majority read may miss.
        """
        cases = self._cases.with_options(read_concern=ReadConcern("linearizable")) if surely else self._cases
        async with answering():
            row = await cases.find_one({"citizen": citizen, "client_report_id": client_report_id})
        return (self._rows.case(row), row["fingerprint"]) if row else None

    async def case(self, case_id: str, *, session: Session | None = None) -> Case | None:
        async with _outside(session):
            row = await self._cases.find_one({"_id": case_id}, session=session)
        return self._rows.case(row) if row else None

    async def cases(self, case_ids: Collection[str]) -> dict[str, Case]:
        if not case_ids:
            return {}
        async with answering():
            rows = await self._cases.find({"_id": {"$in": list(case_ids)}}).to_list(len(case_ids))
        return {row["_id"]: self._rows.case(row) for row in rows}

    async def case_numbered(self, number: str) -> Case | None:
        async with answering():
            row = await self._cases.find_one({"number": number})
        return self._rows.case(row) if row else None

    async def move(self, before: Case, after: Case, *, session: Session) -> None:
        """Write a step. Raises: CaseChanged when the case is no longer the one that it was decided on."""
        wanted = self._rows.changing(after)
        unset = {name: "" for name, value in wanted.items() if value is None}
        change: Document = {
            "$set": {name: value for name, value in wanted.items() if value is not None},
            "$push": {"timeline": self._rows.entry(after.id, after.timeline[-1])},
        }
        if unset:
            change["$unset"] = unset
        done = await self._cases.update_one({"_id": before.id, "version": before.version}, change, session=session)
        if done.matched_count == 0:
            row = await self._cases.find_one({"_id": before.id}, {"version": 1}, session=session)
            raise CaseChanged(version=row["version"] if row else 0)

    async def append(self, case: Case, entry: Entry, *, now: datetime, session: Session) -> None:
        """A line from the departments' side; the case's version stays, for nobody here decided anything."""
        change: Document = {"$push": {"timeline": self._rows.entry(case.id, entry)}, "$set": {"updated_at": now}}
        if entry.unit:
            change["$set"]["unit"] = {"zh": entry.unit.zh, "en": entry.unit.en}
        await self._cases.update_one({"_id": case.id}, change, session=session)

    async def rate(self, case: Case, rating: Rating) -> None:
        """Raises: AlreadyRated."""
        async with answering():
            done = await self._cases.update_one(
                {"_id": case.id, "rating": {"$exists": False}},
                {"$set": {"rating": self._rows.rating(case.id, rating)}},
            )
        if done.matched_count == 0:
            raise AlreadyRated()

    async def hand_over(self, citizen: str, to: str) -> None:
        """Give what somebody reported and follows to another account of theirs. Raises: Unavailable.

        What a device sent once and might send again it sends no more: the account's sessions have ended.
        """
        once = dict.fromkeys(("client_report_id", "fingerprint"), "")
        async with answering():
            await self._cases.update_many({"citizen": citizen}, {"$set": {"citizen": to}, "$unset": once})
            followed = await self._supporters.find({"citizen": citizen}).to_list(None)
        for row in followed:
            await self._mongo.transaction(partial(self._follow_as, row, to))

    async def _follow_as(self, row: Document, to: str, session: Session) -> None:
        """Who follows a case twice counts once."""
        both = await self._supporters.find_one({"case": row["case"], "citizen": to}, session=session)
        if both is None:
            await self._supporters.update_one({"_id": row["_id"]}, {"$set": {"citizen": to}}, session=session)
            return
        gone = await self._supporters.delete_one({"_id": row["_id"]}, session=session)
        if gone.deleted_count:
            await self._cases.update_one({"_id": row["case"]}, {"$inc": {"supporters": -1}}, session=session)

    async def forget(self, citizen: str) -> None:
        """Cut loose what somebody reported whose account is gone: cases go on as those of nobody. Raises: Unavailable.

        How many follow a case stays; who they are does not.
        """
        theirs = dict.fromkeys(("citizen", "client_report_id", "fingerprint"), "")
        async with answering():
            await self._cases.update_many({"citizen": citizen}, {"$unset": theirs})
            await self._supporters.delete_many({"citizen": citizen})
            for what in Counted:
                day_by_day = {"$gte": f"{what.value}|{citizen}|", "$lt": f"{what.value}|{citizen}}}"}
                await self._counters.delete_many({"_id": day_by_day})

    # --- lists ----------------------------------------------------------------------------------------------------

    async def cases_of(self, citizen: str, *, page: PageRequest) -> Page[Case]:
        """Newest first. Raises: BadInput (cursor)."""
        return await self._list({"citizen": citizen}, "created_at", DESCENDING, page)

    async def cases_for(self, wanted: CaseFilter, *, page: PageRequest) -> Page[Case]:
        """Those that are due first come first. Raises: BadInput (cursor)."""
        return await self._list(wanted.query(), "due_at", ASCENDING, page)

    async def _list(self, query: Mapping[str, Any], by: str, order: int, page: PageRequest) -> Page[Case]:
        conditions = [query]
        if page.after is not None:
            at, case_id = place_in_list(page.after)
            beyond = "$lt" if order == DESCENDING else "$gt"
            conditions.append({"$or": [{by: {beyond: at}}, {by: at, "_id": {beyond: case_id}}]})
        async with answering():
            rows = (
                await self._cases.find({"$and": conditions})
                .sort([(by, order), ("_id", order)])
                .limit(page.limit)
                .to_list(page.limit)
            )
        keys = [list_key(row[by], row["_id"]) for row in rows]
        return Page.of(rows=[self._rows.case(row) for row in rows], keys=keys, request=page)

    async def between(
        self,
        *,
        start: datetime,
        end: datetime,
        categories: Sequence[str] | None,
        opened: bool | None,
        skip: int,
        limit: int,
    ) -> list[Case]:
        """Cases by when they were reported, newest first."""
        query: Document = {"created_at": {"$gte": start, "$lte": end}}
        if categories is not None:
            query["category"] = {"$in": list(categories)}
        if opened is not None:
            query["open"] = opened
        async with answering():
            rows = (
                await self._cases.find(query)
                .sort([("created_at", DESCENDING), ("_id", DESCENDING)])
                .skip(skip)
                .limit(limit)
                .to_list(limit)
            )
        return [self._rows.case(row) for row in rows]

    async def cases_numbered(self, numbers: Sequence[str]) -> list[Case]:
        if not numbers:
            return []
        async with answering():
            rows = await self._cases.find({"number": {"$in": list(numbers)}}).to_list(len(numbers))
        return [self._rows.case(row) for row in rows]

    # --- nearby ---------------------------------------------------------------------------------------------------

    async def near(self, point: Point, *, category: str, since: datetime, hashes: tuple[int, ...]) -> list[SimilarCase]:
        """Open cases of the category within 250 m that were reported since then; the nearest ten."""
        pipeline: list[Document] = [
            {
                "$geoNear": {
                    "near": point.geojson(),
                    "key": "location",
                    "distanceField": "distance",
                    "maxDistance": SIMILAR_WITHIN_M,
                    "query": {"category": category, "open": True, "created_at": {"$gte": since}},
                    "spherical": True,
                }
            },
            {"$limit": SIMILAR_MAX},
            {
                "$project": {
                    **dict.fromkeys(("number", "category", "status", "created_at", "supporters"), 1),
                    "hashes": 1,
                    "distance": 1,
                }
            },
        ]
        async with answering():
            cursor = await self._cases.aggregate(pipeline)
            rows = await cursor.to_list(SIMILAR_MAX)
        return [_similar(row, hashes) for row in rows]

    async def support(self, case: Case, *, citizen: str, now: datetime, session: Session) -> datetime:
        """Follow the case, once; since when. Counts a supporter who is new."""
        found = await self._supporters.find_one({"case": case.id, "citizen": citizen}, session=session)
        if found is not None:
            since: datetime = found["at"]
            return since
        await self._supporters.insert_one({"case": case.id, "citizen": citizen, "at": now}, session=session)
        await self._cases.update_one({"_id": case.id}, {"$inc": {"supporters": 1}}, session=session)
        return now

    async def supported(self, citizen: str, *, page: PageRequest) -> Page[tuple[str, datetime]]:
        """The ids of cases that a citizen follows, and since when; newest first. Raises: BadInput (cursor)."""
        query: Document = {"citizen": citizen}
        if page.after is not None:
            at, case_id = place_in_list(page.after)
            query["$or"] = [{"at": {"$lt": at}}, {"at": at, "case": {"$lt": case_id}}]
        async with answering():
            rows = (
                await self._supporters.find(query)
                .sort([("at", DESCENDING), ("case", DESCENDING)])
                .limit(page.limit)
                .to_list(page.limit)
            )
        keys = [list_key(row["at"], row["case"]) for row in rows]
        return Page.of(rows=[(row["case"], row["at"]) for row in rows], keys=keys, request=page)

    # --- places, statistics, cursor -------------------------------------------------------------------------------

    async def place(self, code: str) -> PlaceFact | None:
        async with answering():
            row = await self._places.find_one({"_id": code})
        return place_of(row) if row else None

    async def keep_place(self, place: PlaceFact, *, at: datetime, event: str, session: Session) -> None:
        """Keep what an event says of a place code, unless a later event has already said more."""
        kept = await self._places.find_one({"_id": place.code}, {"told": 1}, session=session)
        told = {"at": at, "event": event}
        if kept is None or (kept["told"]["at"], kept["told"]["event"]) < (at, event):
            row = {**place_row(place), "told": told}
            await self._places.replace_one({"_id": place.code}, row, upsert=True, session=session)

    async def tallies(self) -> list[Tally]:
        group = {"district": "$district", "category": "$category", "status": "$status"}
        async with answering():
            cursor = await self._cases.aggregate(
                [
                    {"$match": {"district": {"$gt": ""}}},  # makes it a scan of the index `counts` alone
                    {"$group": {"_id": group, "count": {"$sum": 1}}},
                ],
                hint="counts",
            )
            rows = await cursor.to_list(None)  # at most districts × categories × states
        return [Tally(r["_id"]["district"], r["_id"]["category"], Status(r["_id"]["status"]), r["count"]) for r in rows]

    async def settling_times(self) -> list[tuple[str, float]]:
        """The district and the seconds from report to result of the latest cases that were resolved."""
        wanted = {"settled_at": {"$type": "date"}, "status": {"$in": [Status.RESOLVED.value, Status.CLOSED.value]}}
        fields = {"_id": 0, "district": 1, "created_at": 1, "settled_at": 1}
        async with answering():
            rows = (
                await self._cases.find(wanted, fields, hint="settled")
                .sort("settled_at", DESCENDING)
                .limit(MEDIAN_OF_MAX)
                .to_list(MEDIAN_OF_MAX)
            )
        return [(row["district"], (row["settled_at"] - row["created_at"]).total_seconds()) for row in rows]

    async def cursor(self, name: str) -> int:
        """How far the changes of another side have been taken over; 0 at the start."""
        async with answering():
            row = await self._cursors.find_one({"_id": name})
        return row["seq"] if row else 0

    async def advance(self, name: str, *, before: int, seq: int, session: Session) -> bool:
        """Move the cursor on; False when somebody else has moved it meanwhile."""
        if before == 0:
            await self._cursors.update_one({"_id": name}, {"$setOnInsert": {"seq": 0}}, upsert=True, session=session)
        done = await self._cursors.update_one({"_id": name, "seq": before}, {"$set": {"seq": seq}}, session=session)
        return done.matched_count == 1


def _outside(session: Session | None) -> AbstractAsyncContextManager[None]:
    """`answering()` where no transaction does it: inside one, it has to see the driver's own faults to try again."""
    return answering() if session is None else nullcontext()


def _similar(row: Document, hashes: tuple[int, ...]) -> SimilarCase:
    return SimilarCase(
        id=row["_id"],
        number=row["number"],
        category=category_of(row["category"]),
        status=Status(row["status"]),
        created_at=row["created_at"],
        distance_m=-int(-row["distance"] // 10) * 10,
        supporters=row["supporters"],
        photo_similarity=similarity(hashes, tuple(int(one, 16) for one in row["hashes"])),
    )
