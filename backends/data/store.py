"""The catalogue in MongoDB: datasets, their rows, and the order in which they changed.

Rules
- A dataset and its rows change in one transaction: a reader finds one version of both, whole.
- Every change takes the next revision from one document that is written in the same transaction. So revisions are
  committed in order, and who has seen revision n finds what came after by asking for what is greater.
- A dataset that is withdrawn leaves its id and its revision behind, so that every process learns of it.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from bson.binary import Binary
from pymongo import ASCENDING, IndexModel, ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure

from backends.data.errors import CatalogueFull, DatasetInvalid, DatasetTaken, DatasetUnknown
from backends.data.model import Dataset, Publication, Rows, RowsFile, entry_of
from backends.data.tables import csv_of, json_of
from backends.data.vocabulary import Format
from core.mongo import Document, Mongo, Session, answering, ensure_indexes

_LOG = logging.getLogger(__name__)

DATASETS_MAX: Final = 20_000
_DATASETS: Final = "datasets"
_ROWS: Final = "rows"
_COUNTS: Final = "counts"
_CATALOGUE: Final = "catalogue"
_LEVEL: Final = 6
_NAMESPACE_EXISTS: Final = 48


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be published, with its rows as they will be served."""

    publication: Publication
    csv: bytes | None = None
    json: bytes | None = None

    @classmethod
    def of(cls, publication: Publication) -> Draft:
        table = publication.table
        return cls(publication) if table is None else cls(publication, csv_of(table), json_of(table))

    @property
    def rows(self) -> Rows | None:
        if self.csv is None or self.json is None or self.publication.table is None:
            return None
        return Rows(len(self.publication.table.rows), _file(self.csv), _file(self.json))


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a publication. changed: False when the same thing stood already."""

    version: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One dataset as it stands at a revision; None when it was withdrawn."""

    revision: int
    id: str
    dataset: Dataset | None


@dataclass(frozen=True, slots=True)
class CatalogueStore:
    """most: how many datasets the catalogue takes."""

    mongo: Mongo
    most: int = DATASETS_MAX

    async def prepare(self) -> None:
        """Make the indexes and the count that are missing. Safe to run by several processes at once."""
        async with answering():
            await self._create(_ROWS)
            await ensure_indexes(
                self.mongo, {_DATASETS: [IndexModel([("revision", ASCENDING)], name="revision", unique=True)]}
            )
            try:
                await self.mongo.collection(_COUNTS).insert_one({"_id": _CATALOGUE, "revision": 0, "datasets": 0})
            except DuplicateKeyError:
                return  # it stands, with what it has counted

    async def _create(self, name: str) -> None:
        """Before a transaction does: two that make the same collection are in each other's way."""
        try:
            await self.mongo.database.create_collection(name, check_exists=False)
        except OperationFailure as fault:
            if fault.code != _NAMESPACE_EXISTS:
                raise

    async def put(self, drafts: Sequence[Draft], *, by: str, now: datetime) -> list[Published]:
        """Publish all of these, or none; what stands already with the same checksum is left alone.

        by: who publishes; a dataset is replaced only by who published it first.
        Raises: DatasetTaken, CatalogueFull, Unavailable.
        """

        async def step(session: Session) -> list[Published]:
            standing = await self._standing([d.publication.id for d in drafts], session)
            for found in standing.values():
                if found["by"] != by:
                    raise DatasetTaken()
            changed = [d for d in drafts if _changes(d, standing.get(d.publication.id))]
            if changed:
                await self._write(changed, standing, by, now, session)
            return [_published(d, standing.get(d.publication.id)) for d in drafts]

        return await self.mongo.transaction(step)

    async def withdraw(self, id: str, *, by: str) -> None:
        """Take a dataset and its rows out of the catalogue. Raises: DatasetUnknown, DatasetTaken, Unavailable."""

        async def step(session: Session) -> None:
            found = (await self._standing([id], session)).get(id)
            if found is None or found.get("withdrawn"):
                raise DatasetUnknown()
            if found["by"] != by:
                raise DatasetTaken()
            revision = await self._revisions(1, added=-1, session=session)
            gone = {"_id": id, "revision": revision, "version": found["version"], "by": by, "withdrawn": True}
            await self.mongo.collection(_DATASETS).replace_one({"_id": id}, gone, session=session)
            await self.mongo.collection(_ROWS).delete_one({"_id": id}, session=session)

        await self.mongo.transaction(step)

    async def changes(self, *, after: int, limit: int) -> list[Change]:
        """The next changes behind this revision, in order, at most `limit`."""
        async with answering():
            found = self.mongo.collection(_DATASETS).find(
                {"revision": {"$gt": after}}, sort={"revision": ASCENDING}, limit=limit
            )
            return [_change_of(document) async for document in found]

    async def rows(self, id: str, format: Format) -> bytes | None:
        """A dataset's rows, packed (zlib); None when the city publishes none."""
        name = format.lower()
        async with answering():
            found = await self.mongo.collection(_ROWS).find_one({"_id": id}, projection={name: True})
        return None if found is None else bytes(found[name])

    async def _standing(self, ids: Sequence[str], session: Session) -> dict[str, Document]:
        found = self.mongo.collection(_DATASETS).find(
            {"_id": {"$in": list(ids)}}, projection={"entry": False, "rows": False}, session=session
        )
        return {document["_id"]: document async for document in found}

    async def _write(
        self, drafts: Sequence[Draft], standing: Mapping[str, Document], by: str, now: datetime, session: Session
    ) -> None:
        added = sum(1 for d in drafts if _is_new(standing.get(d.publication.id)))
        last = await self._revisions(len(drafts), added=added, session=session)
        documents = [
            _document(draft, standing.get(draft.publication.id), revision, by, now)
            for revision, draft in enumerate(drafts, start=last - len(drafts) + 1)
        ]
        replaced = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in documents]
        await self.mongo.collection(_DATASETS).bulk_write(replaced, session=session)
        await self._write_rows(drafts, session)

    async def _write_rows(self, drafts: Sequence[Draft], session: Session) -> None:
        kept = self.mongo.collection(_ROWS)
        bare = [d.publication.id for d in drafts if d.csv is None]
        if bare:
            await kept.delete_many({"_id": {"$in": bare}}, session=session)
        packed = [document for d in drafts if (document := _rows_document(d))]
        if packed:
            await kept.bulk_write([ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in packed], session=session)

    async def _revisions(self, many: int, *, added: int, session: Session) -> int:
        """Take the next revisions; the last of them. Raises: CatalogueFull."""
        count = await self.mongo.collection(_COUNTS).find_one_and_update(
            {"_id": _CATALOGUE},
            {"$inc": {"revision": many, "datasets": added}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        assert count is not None, "made by prepare"
        if added > 0 and count["datasets"] > self.most:
            raise CatalogueFull(most=self.most)
        return int(count["revision"])


def _changes(draft: Draft, standing: Document | None) -> bool:
    return standing is None or standing.get("checksum") != draft.publication.checksum


def _is_new(standing: Document | None) -> bool:
    return standing is None or bool(standing.get("withdrawn"))


def _published(draft: Draft, standing: Document | None) -> Published:
    version, changed = standing["version"] if standing else 0, _changes(draft, standing)
    return Published(version + changed, changed)


def _document(draft: Draft, standing: Document | None, revision: int, by: str, now: datetime) -> Document:
    rows = draft.rows
    return {
        "_id": draft.publication.id,
        "revision": revision,
        "version": _published(draft, standing).version,
        "checksum": draft.publication.checksum,
        "by": by,
        "modified": now,
        "entry": dict(draft.publication.said),
        "rows": rows and {"count": rows.count, "csv": _file_document(rows.csv), "json": _file_document(rows.json)},
    }


def _rows_document(draft: Draft) -> Document | None:
    if draft.csv is None or draft.json is None:
        return None
    return {
        "_id": draft.publication.id,
        "csv": Binary(zlib.compress(draft.csv, _LEVEL)),
        "json": Binary(zlib.compress(draft.json, _LEVEL)),
    }


def _change_of(document: Mapping[str, Any]) -> Change:
    id, revision = document["_id"], document["revision"]
    if document.get("withdrawn"):
        return Change(revision, id, None)
    try:
        entry = entry_of(document["entry"])
    except DatasetInvalid as fault:
        # Written by a version with other rules: one such entry must not take the catalogue down.
        _LOG.error("a dataset is left out", extra={"facts": {"dataset": id, "field": fault.field}})
        return Change(revision, id, None)
    return Change(revision, id, Dataset(id, entry, document["version"], document["modified"], _rows_of(document)))


def _rows_of(document: Mapping[str, Any]) -> Rows | None:
    rows = document["rows"]
    return rows and Rows(rows["count"], RowsFile(**rows["csv"]), RowsFile(**rows["json"]))


def _file(content: bytes) -> RowsFile:
    return RowsFile(len(content), sha256(content).hexdigest())


def _file_document(file: RowsFile) -> Document:
    return {"byte_size": file.byte_size, "checksum": file.checksum}
