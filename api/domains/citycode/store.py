"""What scanning must remember, in MongoDB: who goes by which pseudonym, every scan, every officer's counts.

`citycode_scans.code` is unique: inserting the scan *is* the check against replay, so it holds between processes and
without Redis.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from api.domains.citycode.errors import CodeReplayed, ScanIdReused
from api.domains.citycode.model import PSEUDONYM_KEPT, SCAN_KEPT, TALLY_KEPT, Scan, ScanPurpose, place_of
from core.clock import day_start
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest

R = TypeVar("R")

_PSEUDONYMS: Final = "citycode_pseudonyms"
_SCANS: Final = "citycode_scans"
_TALLIES: Final = "citycode_tallies"
# About 30 MB. A citizen who falls out costs one write more.
REMEMBERED_MAX: Final = 100_000


def _forgotten_after(field: str, kept: timedelta) -> IndexModel:
    return IndexModel([(field, ASCENDING)], name="forget", expireAfterSeconds=int(kept.total_seconds()))


def _newest_first(owner: str) -> IndexModel:
    return IndexModel([(owner, ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name=f"by_{owner}")


_INDEXES: Final = {
    _PSEUDONYMS: [_forgotten_after("day_start", PSEUDONYM_KEPT)],
    _SCANS: [
        IndexModel([("code", ASCENDING)], name="once", unique=True),
        IndexModel(
            [("scanner", ASCENDING), ("client_scan_id", ASCENDING)],
            name="once_per_client_scan",
            unique=True,
            partialFilterExpression={"client_scan_id": {"$type": "string"}},
        ),
        _newest_first("citizen"),
        _newest_first("scanner"),
        _forgotten_after("at", SCAN_KEPT),
    ],
    _TALLIES: [
        IndexModel([("scanner", ASCENDING), ("day", ASCENDING), ("purpose", ASCENDING)], name="one", unique=True),
        _forgotten_after("day_start", TALLY_KEPT),
    ],
}


class CityCodeStore:
    """zone: where the city's day begins and ends."""

    def __init__(self, *, mongo: Mongo, zone: tzinfo, remembered_max: int = REMEMBERED_MAX) -> None:
        self._mongo = mongo
        self._zone = zone
        self._pseudonyms = mongo.collection(_PSEUDONYMS)
        self._scans = mongo.collection(_SCANS)
        self._tallies = mongo.collection(_TALLIES)
        self._remembered_max = remembered_max
        self._remembered: OrderedDict[bytes, str] = OrderedDict()

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: what `work` raises, Unavailable."""
        return await self._mongo.transaction(work)

    async def remember(self, pseudonym: bytes, *, citizen: str, day: date) -> None:
        """Make the pseudonym resolve to the citizen for a month. Asks MongoDB once a day for each citizen.

        Raises: Unavailable.
        """
        if self._remembered.get(pseudonym) != citizen:
            await self._write_pseudonym(pseudonym, citizen, day)
            self._remembered[pseudonym] = citizen
        self._remembered.move_to_end(pseudonym)
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)

    async def _write_pseudonym(self, pseudonym: bytes, citizen: str, day: date) -> None:
        fact = {"citizen": citizen, "day": day.isoformat(), "day_start": day_start(day, self._zone)}
        async with answering():
            row = await self._pseudonyms.find_one_and_update(
                {"_id": pseudonym}, {"$setOnInsert": fact}, upsert=True, return_document=ReturnDocument.AFTER
            )
        if row is None or row["citizen"] != citizen:
            # 80 bits: not before some 10^12 pseudonyms are kept at once. Never sign one person's code for another.
            raise RuntimeError("two citizens drew one pseudonym")

    async def citizen_of(self, pseudonym: bytes) -> str | None:
        """The citizen who goes, or went this month, by this pseudonym. Raises: Unavailable."""
        async with answering():
            row = await self._pseudonyms.find_one({"_id": pseudonym}, {"citizen": 1})
        return row["citizen"] if row else None

    async def forget(self, pseudonyms: Sequence[bytes]) -> None:
        """Have these pseudonyms lead to nobody any more. Raises: Unavailable."""
        async with answering():
            await self._pseudonyms.delete_many({"_id": {"$in": list(pseudonyms)}})
        for one in pseudonyms:
            self._remembered.pop(one, None)

    async def add(self, scan: Scan, *, session: Session) -> None:
        """Record the scan. Raises: CodeReplayed, ScanIdReused."""
        try:
            await self._scans.insert_one(_row_of(scan), session=session)
        except DuplicateKeyError as fault:
            taken = (fault.details or {}).get("keyPattern", {})
            raise (CodeReplayed() if "code" in taken else ScanIdReused()) from fault

    async def scan_of_code(self, code: bytes) -> Scan | None:
        """The scan that used up this code, once no failure can undo it any more. Raises: Unavailable."""
        async with answering():
            # A plain majority read may miss the very scan that has just stood in the way of another.
            row = await self._scans.with_options(read_concern=ReadConcern("linearizable")).find_one({"code": code})
        return _scan_of(row) if row else None

    async def scans(self, ids: Iterable[str]) -> dict[str, Scan]:
        """Those that exist, by id, in one query. Raises: Unavailable."""
        wanted = list(ids)
        if not wanted:
            return {}
        async with answering():
            rows = await self._scans.find({"_id": {"$in": wanted}}).to_list(len(wanted))
        return {row["_id"]: _scan_of(row) for row in rows}

    async def scans_of_citizen(self, citizen: str, *, page: PageRequest) -> Page[Scan]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        return await self._list({"citizen": citizen}, page)

    async def scans_by_scanner(self, scanner: str, *, since: datetime, page: PageRequest) -> Page[Scan]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        return await self._list({"scanner": scanner, "at": {"$gte": since}}, page)

    async def _list(self, query: Mapping[str, Any], page: PageRequest) -> Page[Scan]:
        conditions = [query]
        if page.after is not None:
            at, scan_id = place_of(page.after)
            conditions.append({"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": scan_id}}]})
        async with answering():
            rows = (
                await self._scans.find({"$and": conditions})
                .sort([("at", DESCENDING), ("_id", DESCENDING)])
                .limit(page.limit)
                .to_list(page.limit)
            )
        scans = [_scan_of(row) for row in rows]
        return Page.of(rows=scans, keys=[scan.key for scan in scans], request=page)

    async def count_one(self, *, scanner: str, day: date, purpose: ScanPurpose, session: Session) -> None:
        """Count one more scan."""
        await self._tallies.update_one(
            {"scanner": scanner, "day": day.isoformat(), "purpose": purpose.value},
            {"$inc": {"count": 1}, "$setOnInsert": {"day_start": day_start(day, self._zone)}},
            upsert=True,
            session=session,
        )

    async def counts(self, *, scanner: str, day: date) -> dict[ScanPurpose, int]:
        """What was counted of an officer's day; a purpose without scans is missing. Raises: Unavailable."""
        async with answering():
            rows = await self._tallies.find({"scanner": scanner, "day": day.isoformat()}).to_list(len(ScanPurpose))
        return {ScanPurpose(row["purpose"]): row["count"] for row in rows}


def _row_of(scan: Scan) -> Document:
    row: Document = {
        "_id": scan.id,
        "at": scan.at,
        "purpose": scan.purpose.value,
        "scanner": scan.scanner,
        "citizen": scan.citizen,
        "code": scan.code,
        "code_issued_at": scan.code_issued_at,
        "jurisdiction": scan.jurisdiction,
    }
    return row if scan.client_scan_id is None else {**row, "client_scan_id": scan.client_scan_id}


def _scan_of(row: Document) -> Scan:
    return Scan(
        id=row["_id"],
        at=row["at"],
        purpose=ScanPurpose(row["purpose"]),
        scanner=row["scanner"],
        citizen=row["citizen"],
        code=row["code"],
        code_issued_at=row["code_issued_at"],
        jurisdiction=row["jurisdiction"],
        client_scan_id=row.get("client_scan_id"),
    )
