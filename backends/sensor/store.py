"""Stations and readings in MongoDB.

Rules
- `readings` is a time-series collection: timeField `ts`, metaField `m` {station}, granularity hours; one document a
  station and hour, measured values beside `ts` by property id.
- A time-series collection has no unique index and takes no transactions. What keeps a reading from standing twice is
  that one writer at a time adds to a station: it holds the station's lease, looks what stands, and inserts the rest.
- A lease is time-bound by the server's clock and outlives every operation made under it, so a writer that was killed
  blocks its stations for `LEASE_S` at most, and what it did insert is found standing.

Source: docs/decisions/0010-one-reading-document-a-station-and-hour.md
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pymongo
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import OperationFailure, PyMongoError

from backends.sensor.errors import WritersBusy
from backends.sensor.model import Reading, Station
from core.locale import Text
from core.mongo import Document, Mongo, answering, ensure_indexes

LEASE_S: Final = 8
WRITE_TIMEOUT_S: Final = 5  # shorter than the lease: no insert may outlive it
_LEASE_POLL_S: Final = 0.02
_NAMESPACE_EXISTS: Final = 48
_STATIONS: Final = "stations"
_READINGS: Final = "readings"
_NOT_VALUES: Final = frozenset({"_id", "ts", "m"})


@dataclass(frozen=True, slots=True)
class SensorStore:
    mongo: Mongo
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False, compare=False)

    async def prepare(self) -> None:
        """Make the collections and indexes that are missing. Safe to run by several processes at once."""
        async with answering():
            await self._create(_STATIONS)
            await self._create(_READINGS, timeseries={"timeField": "ts", "metaField": "m", "granularity": "hours"})
            await ensure_indexes(self.mongo, _INDEXES)

    async def _create(self, name: str, **options: Any) -> None:
        try:
            await self.mongo.database.create_collection(name, check_exists=False, **options)
        except OperationFailure as fault:
            if fault.code != _NAMESPACE_EXISTS:
                raise

    async def put_stations(self, stations: Iterable[Station]) -> None:
        """Add these stations, or set what is known of them; their leases are left alone."""
        changes = [UpdateOne({"_id": s.code}, {"$set": _station_document(s)}, upsert=True) for s in stations]
        async with answering():
            await self.mongo.collection(_STATIONS).bulk_write(changes)

    async def stations(
        self,
        *,
        codes: Sequence[str] | None = None,
        districts: Sequence[str] | None = None,
        after: str = "",
        limit: int = 0,
    ) -> list[Station]:
        """In order of code; those of `codes` or `districts` where given, behind `after`, at most `limit` (0: all)."""
        query: Document = {"_id": {"$gt": after}}
        if codes is not None:
            query["_id"] = {"$in": list(codes)}
        if districts is not None:
            query["district"] = {"$in": list(districts)}
        async with answering():
            found = self.mongo.collection(_STATIONS).find(query, sort={"_id": ASCENDING}, limit=limit)
            return [_station_of(document) async for document in found]

    async def readings_between(self, *, stations: Sequence[str], start: datetime, end: datetime) -> list[Reading]:
        """Every reading of these stations with start <= ts <= end, in no order."""
        query = {"m.station": {"$in": list(stations)}, "ts": {"$gte": start, "$lte": end}}
        async with answering():
            found = self.mongo.collection(_READINGS).find(query, projection={"_id": 0})
            return [_reading_of(document) async for document in found]

    async def series(
        self, *, stations: Sequence[str], property_id: str, start: datetime, end: datetime, limit: int
    ) -> dict[str, list[Reading]]:
        """Of each station up to `limit` readings that have this property, start <= ts < end, by time.

        From the stations, so that each one's readings are found by index and no more of them read than are wanted.
        """
        pipeline: list[Document] = [
            {"$match": {"ts": {"$gte": start, "$lt": end}, property_id: {"$exists": True}}},
            {"$sort": {"ts": ASCENDING}},
            {"$limit": limit},
            {"$project": {"_id": 0, "ts": 1, "m": 1, property_id: 1}},
        ]
        joined = {"from": _READINGS, "localField": "_id", "foreignField": "m.station", "pipeline": pipeline, "as": "of"}
        each: list[Document] = [{"$match": {"_id": {"$in": list(stations)}}}, {"$lookup": joined}]
        async with answering():
            found = await self.mongo.collection(_STATIONS).aggregate([*each, {"$project": {"of": 1}}])
            return {document["_id"]: list(map(_reading_of, document["of"])) async for document in found}

    async def latest(self, *, stations: Sequence[str]) -> dict[str, Reading]:
        """The last reading of each of these stations that has one."""
        pipeline: list[Document] = [
            {"$match": {"m.station": {"$in": list(stations)}}},
            {"$sort": {"m.station": ASCENDING, "ts": DESCENDING}},
            {"$group": {"_id": "$m.station", "last": {"$first": "$$ROOT"}}},
        ]
        async with answering():
            found = await self.mongo.collection(_READINGS).aggregate(pipeline)
            return {document["_id"]: _reading_of(document["last"]) async for document in found}

    async def standing(self, *, stations: Sequence[str], start: datetime, end: datetime) -> set[tuple[str, datetime]]:
        """Which (station, hour) have a reading, start <= ts <= end."""
        query = {"m.station": {"$in": list(stations)}, "ts": {"$gte": start, "$lte": end}}
        async with answering():
            found = self.mongo.collection(_READINGS).find(query, projection={"_id": 0, "ts": 1, "m": 1})
            return {(document["m"]["station"], document["ts"]) async for document in found}

    async def add(self, readings: Sequence[Reading]) -> None:
        """Insert readings that do not stand yet. Only for who holds their stations' leases (`holding`)."""
        async with answering():
            await self.mongo.collection(_READINGS).insert_many([document_of(r) for r in readings], ordered=False)

    @contextlib.asynccontextmanager
    async def holding(self, *, stations: Sequence[str], wait_s: float) -> AsyncIterator[None]:
        """Be the only writer of these stations, for `WRITE_TIMEOUT_S` at most.

        wait_s: how long to wait for other writers.
        Raises: WritersBusy, Unavailable.
        """
        token, now = secrets.token_hex(8), asyncio.get_running_loop().time
        give_up = now() + wait_s
        # Writers of one process queue here, in order; only writers of other processes are met in the database.
        async with self._queued(wait_s):
            deadline = await self._lease(stations, token, give_up)
            try:
                with pymongo.timeout(max(deadline - now(), 0.001)):
                    yield
            finally:
                await asyncio.shield(self._release(token, stations))

    @contextlib.asynccontextmanager
    async def _queued(self, wait_s: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(wait_s):
                await self._writing.acquire()
        except TimeoutError as fault:
            raise WritersBusy(retry_after_s=LEASE_S) from fault
        try:
            yield
        finally:
            self._writing.release()

    async def _lease(self, stations: Sequence[str], token: str, give_up: float) -> float:
        """Take all of the stations' leases, or none and try again; returns the loop time at which writing must end.

        Counts time itself: a driver call that is cancelled from outside does not always end.
        """
        now = asyncio.get_running_loop().time
        try:
            while True:
                started = now()
                if await self._take(stations, token) == len(stations):
                    return started + WRITE_TIMEOUT_S
                await self._release(token, stations)
                if now() > give_up:
                    raise WritersBusy(retry_after_s=LEASE_S)
                await asyncio.sleep(_LEASE_POLL_S + secrets.randbelow(20) / 1000)
        except asyncio.CancelledError:
            await asyncio.shield(self._release(token, stations))
            raise

    async def _take(self, stations: Sequence[str], token: str) -> int:
        """Lease those of the stations that nobody holds; how many these are."""
        free = {"_id": {"$in": list(stations)}, "$expr": {"$lt": ["$lease.until", "$$NOW"]}}
        until = {"$add": ["$$NOW", LEASE_S * 1000]}
        async with answering():
            taken = await self.mongo.collection(_STATIONS).update_many(
                free, [{"$set": {"lease": {"writer": token, "until": until}}}]
            )
        return taken.modified_count

    async def _release(self, token: str, stations: Sequence[str]) -> None:
        # A lease that cannot be given back ends by itself: what was written is written, so this never fails a batch.
        with contextlib.suppress(PyMongoError), pymongo.timeout(2):
            await self.mongo.collection(_STATIONS).update_many(
                {"_id": {"$in": list(stations)}, "lease.writer": token}, {"$unset": {"lease": ""}}
            )


_INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    _STATIONS: [IndexModel([("district", ASCENDING), ("_id", ASCENDING)], name="district")],
    _READINGS: [IndexModel([("m.station", ASCENDING), ("ts", DESCENDING)], name="station_ts")],
}


def document_of(reading: Reading) -> Document:
    """A reading as it is stored."""
    return {"ts": reading.ts, "m": {"station": reading.station}, **reading.values}


def _reading_of(document: Mapping[str, Any]) -> Reading:
    values = {name: value for name, value in document.items() if name not in _NOT_VALUES}
    return Reading(document["m"]["station"], document["ts"], values)


def _station_document(station: Station) -> Document:
    return {
        "name": _text_document(station.name),
        "district": station.district_code,
        "synthetic": station.synthetic,
        "source": _text_document(station.source),
    }


def _station_of(document: Mapping[str, Any]) -> Station:
    name, source = Text(**document["name"]), Text(**document["source"])
    return Station(document["_id"], name, document["district"], document["synthetic"], source)


def _text_document(text: Text) -> Document:
    return {"zh": text.zh, "en": text.en}
