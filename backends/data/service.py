"""What the data department does with its catalogue: lets it be searched, publishes into it, serves the rows.

A process holds the catalogue in memory (`shelf`) and reads what changed at most once in `FRESH_FOR`; what it published
itself it finds at once.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import orjson

from backends.data.errors import BodyMalformed, DatasetUnknown, RowsUnknown
from backends.data.model import Dataset, Distribution, Publication, RowsFile, all_distributions, publication_of
from backends.data.shelf import Answers, Question, Shelf
from backends.data.store import CatalogueStore, Draft, Published
from backends.data.vocabulary import Format
from core.clock import Clock

FRESH_FOR: Final = timedelta(seconds=1)
CHECK_S: Final = 1.0  # well under the 2 s after which who asks takes this process for dead
_CHANGES_AT_ONCE: Final = 200


@dataclass(slots=True)
class _Seen:
    """What this process knows of the catalogue. at: when it last asked for changes; None: ask now."""

    revision: int = 0
    at: datetime | None = None
    shelf: Shelf = field(default_factory=Shelf)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue's verbs. base_url: where readers reach this backend, without a slash at its end."""

    store: CatalogueStore
    clock: Clock
    base_url: str
    _seen: _Seen = field(default_factory=_Seen, init=False, repr=False, compare=False)

    async def check(self) -> None:
        """Raises: Unavailable when the database does not answer within `CHECK_S`."""
        await self.store.mongo.ping(within_s=CHECK_S)

    async def find(self, question: Question) -> Answers:
        """Raises: Unavailable."""
        return (await self._fresh()).find(question)

    async def datasets(self, ids: Sequence[str]) -> list[Dataset | None]:
        """Each of these, None for what is not in the catalogue. Raises: Unavailable."""
        shelf = await self._fresh()
        return [shelf.get(id) for id in ids]

    def distributions(self, dataset: Dataset) -> Sequence[Distribution]:
        return all_distributions(dataset, base_url=self.base_url)

    async def publish(self, *, by: str, id: str, body: bytes) -> Published:
        """Replace what the catalogue holds under `id`, rows and all, in one step; the same body twice changes nothing.

        by: the name of the key. body: JSON (`model.publication_of`).
        Raises: BodyMalformed, DatasetInvalid, DatasetTaken, CatalogueFull, Unavailable.
        """
        # One at a time: a large table takes its memory and its second once.
        async with self._seen.publishing:
            draft = await asyncio.to_thread(_draft, id, body)
            return (await self._put([draft], by))[0]

    async def publish_all(self, publications: Sequence[Publication], *, by: str) -> int:
        """Publish all of these in one step; how many changed. Raises: DatasetTaken, CatalogueFull, Unavailable."""
        async with self._seen.publishing:
            drafts = await asyncio.to_thread(lambda: [Draft.of(p) for p in publications])
            return sum(one.changed for one in await self._put(drafts, by))

    async def withdraw(self, *, by: str, id: str) -> None:
        """Raises: DatasetUnknown, DatasetTaken, Unavailable."""
        async with self._seen.publishing:
            await self.store.withdraw(id, by=by)
            await self._changed()

    async def rows_file(self, *, id: str, format: Format) -> RowsFile:
        """What is known of a dataset's rows. Raises: DatasetUnknown, RowsUnknown, Unavailable."""
        dataset = (await self._fresh()).get(id)
        if dataset is None:
            raise DatasetUnknown()
        if dataset.rows is None:
            raise RowsUnknown()
        return dataset.rows.csv if format is Format.CSV else dataset.rows.json

    async def rows(self, *, id: str, format: Format) -> bytes:
        """A dataset's rows as they stand now. Raises: RowsUnknown, Unavailable."""
        packed = await self.store.rows(id, format)
        if packed is None:
            raise RowsUnknown()
        return await asyncio.to_thread(zlib.decompress, packed)

    async def _put(self, drafts: Sequence[Draft], by: str) -> list[Published]:
        done = await self.store.put(drafts, by=by, now=self.clock.now())
        await self._changed()
        return done

    async def _changed(self) -> None:
        # Not while changes are being read: what that reading ends with may be older than this change.
        async with self._seen.asking:
            self._seen.at = None

    async def _fresh(self) -> Shelf:
        seen = self._seen
        async with seen.asking:
            asked_at = self.clock.now()
            while seen.at is None or asked_at - seen.at >= FRESH_FOR:
                changes = await self.store.changes(after=seen.revision, limit=_CHANGES_AT_ONCE)
                for change in changes:
                    seen.revision = change.revision
                    if change.dataset is None:
                        seen.shelf.remove(change.id)
                    else:
                        seen.shelf.put(change.dataset)
                    await asyncio.sleep(0)  # a whole catalogue takes seconds: others go on meanwhile
                if len(changes) < _CHANGES_AT_ONCE:
                    seen.at = asked_at
        return seen.shelf


def _draft(id: str, body: bytes) -> Draft:
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise BodyMalformed(problem="it is not JSON") from fault
    return Draft.of(publication_of(id=id, body=decoded))
