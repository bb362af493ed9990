"""The access log: who read which personal fields of whom, why, with which program, on whose behalf.

Rules
- A reading is written before it is answered: what is not in the log was not shown. There is no buffer to lose; whoever
  reads of many people at once writes all of it in one go.
- One entry for an act of reading, however many fields it took; asked for again in the same request it is the same act.
- What people read of themselves is not logged. What a program reads for them is.
- An entry holds ids and codes and is never changed: it stays when a person is forgotten, and then names nobody.
- Rooms that keep a record of their own of such acts (a scan, a check of a licence) do not write a second one here:
  they are sources of the same list (`AccessSource`).
Source: PIPL articles 44, 45 and 54; docs/decisions/0024-a-reading-is-logged-before-it-is-answered.md
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError

from core import logs
from core.clock import Clock, epoch_ms, epoch_s, to_ms
from core.errors import BadInput
from core.ids import Ids, is_id, made_at_ms, ulid
from core.locale import Text
from core.mongo import Document, Mongo, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.principal import Principal

ACCESSES: Final = "access_log"
ACCESS_PREFIX: Final = "acc"
# Longer than the six months that network logs must be kept (Cybersecurity Law, article 21).
KEPT: Final = timedelta(days=3 * 365)
FIELDS_MAX: Final = 100
_DUPLICATE: Final = 11000
_FIRST: Final = "0" * 26
_LAST: Final = "7" + "Z" * 25
_INDEXES: Final = {
    ACCESSES: [
        IndexModel([("subject", ASCENDING), ("_id", DESCENDING)], name="of_subject"),
        IndexModel(
            [("once", ASCENDING)], name="once", unique=True, partialFilterExpression={"once": {"$type": "binData"}}
        ),
        IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ]
}

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Access:
    """One act of reading.

    reader: who read (`stf_…`, `cit_…`), or the program itself. subject: whose fields. fields: codes of what was read.
    purpose: a code; reason: in words, where the reader gave any. client: the program, empty for the city's own.
    for_whom: on whose behalf the reader read; empty for their own office.
    """

    id: str
    at: datetime
    reader: str
    subject: str
    fields: tuple[str, ...]
    purpose: str
    client: str = ""
    for_whom: str = ""
    reason: Text | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands in the list, of whichever source it is: newest first, by id within a millisecond."""

    ms: int
    id: str

    @classmethod
    def of(cls, key: str) -> Place:
        """From a cursor's key. Raises: BadInput."""
        ms, _, id_ = key.partition(":")
        prefix = id_.partition("_")[0]
        if not (ms.isascii() and ms.isdigit() and len(ms) <= 15 and is_id(id_, prefix=prefix) and prefix.isalpha()):
            raise BadInput(field="after", problem="is not a cursor")
        return cls(int(ms), id_)

    @property
    def key(self) -> str:
        return f"{self.ms}:{self.id}"

    def key_among(self, prefix: str) -> str:
        """The same place in a list of ids of one kind that is ordered by instant, then id: `ms:id`."""
        mine = self.id.partition("_")[0]
        return self.key if mine == prefix else f"{self.ms}:{prefix}_{_LAST if prefix < mine else _FIRST}"

    def id_among(self, prefix: str) -> str:
        """The same place in a list that is ordered by id alone."""
        mine = self.id.partition("_")[0]
        if mine == prefix:
            return self.id
        edge = b"\xff" if prefix < mine else b"\x00"
        return f"{prefix}_{ulid(ms=self.ms, randomness=edge * 10)}"


class AccessSource(Protocol):
    """What one room records of reading, as rows of the access log."""

    async def newest(self, subject: str, *, behind: Place | None, limit: int) -> Sequence[tuple[Place, Access]]:
        """At most `limit` entries about `subject` behind a place, newest first. Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class RoomRecords(Generic[R]):
    """A room's list as a source. prefix: of its ids. page: newest first. by_time: its cursor is `ms:id`, not the id."""

    prefix: str
    page: Callable[[str, PageRequest], Awaitable[Page[R]]]
    access: Callable[[R], Access]
    by_time: bool = True

    async def newest(self, subject: str, *, behind: Place | None, limit: int) -> Sequence[tuple[Place, Access]]:
        after = None
        if behind is not None:
            after = behind.key_among(self.prefix) if self.by_time else behind.id_among(self.prefix)
        page = await self.page(subject, PageRequest(limit, after))
        rows = [self.access(row) for row in page.rows]
        return [(Place(epoch_ms(row.at) if self.by_time else made_at_ms(row.id), row.id), row) for row in rows]


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Writes the log, and shows a person theirs."""

    mongo: Mongo
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def read(
        self, *, reader: Principal, subject: str, fields: Sequence[str], purpose: str, client: str = ""
    ) -> None:
        """Somebody is about to be shown `fields` of `subject`. Raises: Unavailable, and then they must not be."""
        await self.read_each(reader=reader, subjects=[subject], fields=fields, purpose=purpose, client=client)

    async def read_each(
        self, *, reader: Principal, subjects: Iterable[str], fields: Sequence[str], purpose: str, client: str = ""
    ) -> None:
        """As `read`, of several people at once."""
        if not fields or len(fields) > FIELDS_MAX:
            raise ValueError(f"a reading is of 1 to {FIELDS_MAX} fields")
        others = sorted({one for one in subjects if client or one != reader.actor})
        rows = [self._row(reader, one, tuple(sorted(set(fields))), purpose, client) for one in others]
        if rows:
            await self._write(rows)

    async def page(self, subject: str, *, sources: Sequence[AccessSource] = (), request: PageRequest) -> Page[Access]:
        """What was read of `subject`, newest first, with what the sources recorded. Raises: BadInput, Unavailable."""
        behind = Place.of(request.after) if request.after is not None else None
        every = [RoomRecords(ACCESS_PREFIX, self._own, lambda row: row, by_time=False), *sources]
        asked = (source.newest(subject, behind=behind, limit=request.limit) for source in every)
        found = [sorted(rows, reverse=True, key=_place) for rows in await asyncio.gather(*asked)]
        merged = list(islice(heapq.merge(*found, key=_place, reverse=True), request.limit))
        return Page.of(rows=[access for _, access in merged], keys=[place.key for place, _ in merged], request=request)

    async def _own(self, subject: str, request: PageRequest) -> Page[Access]:
        query: dict[str, Any] = {"subject": subject}
        if request.after is not None:
            query["_id"] = {"$lt": request.after}
        async with answering():
            cursor = self.mongo.collection(ACCESSES).find(query).sort("_id", DESCENDING).limit(request.limit)
            rows = [_access(row) for row in await cursor.to_list(None)]
        return Page.of(rows=rows, keys=[row.id for row in rows], request=request)

    def _row(self, reader: Principal, subject: str, fields: tuple[str, ...], purpose: str, client: str) -> Document:
        now = to_ms(self.clock.now())
        for_whom = reader.subject if reader.delegated else ""
        row: Document = {
            "_id": self.ids.new(ACCESS_PREFIX),
            "at": now,
            "reader": reader.actor,
            "subject": subject,
            "fields": list(fields),
            "purpose": purpose,
            "client": client,
            "for_whom": for_whom,
            "delete_at": now + KEPT,
        }
        if request := logs.request_id.get():
            # Clients may choose a request's id: one that is used again later is another act.
            minute = str(epoch_s(now) // 60)
            act = "\n".join([request, minute, reader.actor, for_whom, subject, purpose, client, *fields])
            row["once"] = hashlib.sha256(act.encode()).digest()
        return row

    async def _write(self, rows: list[Document]) -> None:
        try:
            async with answering():
                await self.mongo.collection(ACCESSES).insert_many(rows, ordered=False)
        except BulkWriteError as fault:
            if any(error["code"] != _DUPLICATE for error in fault.details["writeErrors"]):
                raise


def _place(row: tuple[Place, Access]) -> Place:
    return row[0]


def _access(row: Document) -> Access:
    return Access(
        id=row["_id"],
        at=row["at"],
        reader=row["reader"],
        subject=row["subject"],
        fields=tuple(row["fields"]),
        purpose=row["purpose"],
        client=row["client"],
        for_whom=row["for_whom"],
    )
