"""What the register of places must remember, in MongoDB: every place, and for a month who checked in.

A registration and a check-in are each unique by the name that the sender's device gave them: inserting *is* the check
whether it was done before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from api.domains.citycode.model import place_of
from api.domains.citycode.place import CHECK_IN_KEPT, CHECK_IN_PREFIX, CheckIn, Place, PlaceKind
from core.geo import Point
from core.locale import Text
from core.mongo import Collection, Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest

R = TypeVar("R")

_PLACES: Final = "citycode_places"
_CHECK_INS: Final = "citycode_check_ins"
_INDEXES: Final = {
    _PLACES: [
        IndexModel([("registrar", ASCENDING), ("client_place_id", ASCENDING)], name="once", unique=True),
    ],
    _CHECK_INS: [
        IndexModel([("citizen", ASCENDING), ("client_check_in_id", ASCENDING)], name="once", unique=True),
        IndexModel([("citizen", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_citizen"),
        IndexModel([("at", ASCENDING)], name="forget", expireAfterSeconds=int(CHECK_IN_KEPT.total_seconds())),
    ],
}


class CodeTaken(Exception):
    """Another place drew the same code: draw again."""


class AlreadyDone(Exception):
    """What was to be added is there, under the same name of the same sender: look at it."""


class PlaceStore:
    """Everything that the register must not forget."""

    def __init__(self, *, mongo: Mongo) -> None:
        self._mongo = mongo
        self._places = mongo.collection(_PLACES)
        self._check_ins = mongo.collection(_CHECK_INS)

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: what `work` raises, Unavailable."""
        return await self._mongo.transaction(work)

    async def add(self, place: Place, *, session: Session) -> None:
        """Raises: CodeTaken, AlreadyDone."""
        try:
            await self._places.insert_one(_row_of(place), session=session)
        except DuplicateKeyError as fault:
            taken = (fault.details or {}).get("keyPattern", {})
            raise (CodeTaken() if "_id" in taken else AlreadyDone()) from fault

    async def places(self, codes: Iterable[str]) -> dict[str, Place]:
        """Those that exist, by code, in one query. Raises: Unavailable."""
        wanted = list(codes)
        if not wanted:
            return {}
        async with answering():
            rows = await self._places.find({"_id": {"$in": wanted}}).to_list(len(wanted))
        return {row["_id"]: _place_of(row) for row in rows}

    async def place_registered_as(self, registrar: str, client_place_id: str) -> Place | None:
        """Raises: Unavailable."""
        async with answering():
            row = await _committed(self._places).find_one({"registrar": registrar, "client_place_id": client_place_id})
        return _place_of(row) if row else None

    async def retire(self, code: str, *, session: Session) -> Place | None:
        """The place, retired; None when it was not active."""
        return await self._change({"_id": code, "active": True}, {"$set": {"active": False}}, session)

    async def replace_plate(self, code: str, *, issue: int, session: Session) -> Place | None:
        """The place with the next issue number; None when it is not active or `issue` is not its present one."""
        return await self._change({"_id": code, "active": True, "issue": issue}, {"$inc": {"issue": 1}}, session)

    async def _change(self, which: Document, change: Document, session: Session) -> Place | None:
        row = await self._places.find_one_and_update(
            which, change, session=session, return_document=ReturnDocument.AFTER
        )
        return _place_of(row) if row else None

    async def add_check_in(self, check_in: CheckIn) -> None:
        """Raises: AlreadyDone, Unavailable."""
        row = {
            "_id": check_in.id,
            "at": check_in.at,
            "citizen": check_in.citizen,
            "place": check_in.place,
            "client_check_in_id": check_in.client_check_in_id,
        }
        async with answering():
            try:
                await self._check_ins.insert_one(row)
            except DuplicateKeyError as fault:
                raise AlreadyDone() from fault

    async def forget(self, citizen: str) -> None:
        """Delete where somebody checked in whose account is gone. Raises: Unavailable."""
        async with answering():
            await self._check_ins.delete_many({"citizen": citizen})

    async def check_in_named(self, citizen: str, client_check_in_id: str) -> CheckIn | None:
        """Raises: Unavailable."""
        async with answering():
            row = await _committed(self._check_ins).find_one(
                {"citizen": citizen, "client_check_in_id": client_check_in_id}
            )
        return _check_in_of(row) if row else None

    async def check_ins(self, citizen: str, *, page: PageRequest) -> Page[CheckIn]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        conditions: list[Mapping[str, Any]] = [{"citizen": citizen}]
        if page.after is not None:
            at, check_in = place_of(page.after, prefix=CHECK_IN_PREFIX)
            conditions.append({"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": check_in}}]})
        newest_first = [("at", DESCENDING), ("_id", DESCENDING)]
        async with answering():
            rows = await self._check_ins.find({"$and": conditions}).sort(newest_first).to_list(page.limit)
        found = [_check_in_of(row) for row in rows]
        return Page.of(rows=found, keys=[one.key for one in found], request=page)


def _committed(rows: Collection) -> Collection:
    # A plain majority read may miss the very row that has just stood in the way of another.
    return rows.with_options(read_concern=ReadConcern("linearizable"))


def _row_of(place: Place) -> Document:
    return {
        "_id": place.code,
        "kind": place.kind.value,
        "category": place.category,
        "name": {"zh": place.name.zh, "en": place.name.en},
        "location": place.location.geojson(),
        "district": place.district,
        "report_category": place.report_category,
        "check_in": place.check_in,
        "issue": place.issue,
        "active": place.active,
        "registrar": place.registrar,
        "client_place_id": place.client_place_id,
        "registered_at": place.registered_at,
    }


def _place_of(row: Document) -> Place:
    longitude, latitude = row["location"]["coordinates"]
    return Place(
        code=row["_id"],
        kind=PlaceKind(row["kind"]),
        category=row["category"],
        name=Text(**row["name"]),
        location=Point(longitude, latitude),
        district=row["district"],
        report_category=row["report_category"],
        check_in=row["check_in"],
        issue=row["issue"],
        active=row["active"],
        registrar=row["registrar"],
        client_place_id=row["client_place_id"],
        registered_at=row["registered_at"],
    )


def _check_in_of(row: Document) -> CheckIn:
    return CheckIn(
        id=row["_id"],
        at=row["at"],
        citizen=row["citizen"],
        place=row["place"],
        client_check_in_id=row["client_check_in_id"],
    )
