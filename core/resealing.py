"""Rows whose sealed fields are sealed anew, while the city runs.

Rules
- Each room says where its rows hold what a `FieldCipher` sealed (`SealedField`); what lives for minutes in Redis needs
  no saying.
- A row is written only if the field still holds what was read: who writes it meanwhile wins, a row that was deleted
  stays deleted.
- What is sealed as it should be is read and left alone. So it may be broken off and run again at any time, by several
  at once, and a run that changed nothing says that nothing is left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pymongo import ASCENDING, UpdateOne

from core.crypto import FieldCipher, UnsealError
from core.mongo import Document, Mongo, answering

AT_ONCE: Final = 500

# Of a row and of the object in it that holds the field: whose it is sealed as. None: something else stands there.
OwnerOf: TypeAlias = Callable[[Document, Document], str | None]


def _of_row(row: Document, holder: Document) -> str:
    return str(row["_id"])


def of_element(row: Document, holder: Document) -> str:
    """For fields in the elements of a list, sealed to the element's own id."""
    return str(holder["id"])


@dataclass(frozen=True, slots=True)
class SealedField:
    """One field of a collection's rows that a `FieldCipher` seals.

    path: with dots between; through a list it means each of its elements. owner: of a row and the object in it that
    holds the field. needs: paths that `owner` reads, beside `_id`.
    """

    collection: str
    path: str
    purpose: str
    owner: OwnerOf = _of_row
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one collection so far: rows that were read; fields sealed anew; fields that no key opens."""

    collection: str
    rows: int = 0
    renewed: int = 0
    lost: int = 0


# What a field's bytes become; None: they stay. Raises UnsealError: no key opens them.
Renew: TypeAlias = Callable[[SealedField, str, bytes], Awaitable[bytes | None]]


def with_cipher(cipher: FieldCipher) -> Renew:
    """Everything that a previous master key sealed is sealed with that of now."""

    async def renew(place: SealedField, owner: str, sealed: bytes) -> bytes | None:
        return cipher.reseal(sealed, purpose=place.purpose, owner=owner)

    return renew


async def reseal(
    mongo: Mongo, places: Sequence[SealedField], renew: Renew, *, dry: bool = False
) -> AsyncIterator[Progress]:
    """Go through the rows of one collection, `AT_ONCE` at a time; says how far it is after each.

    places: fields of one collection. dry: count what would be written, and write nothing.
    Raises: what `renew` raises but UnsealError, Unavailable.
    """
    rows = mongo.collection(places[0].collection)
    wanted = dict.fromkeys((path for one in places for path in (one.path, *one.needs)), 1)
    done, last = Progress(places[0].collection), dict[str, Any]()
    while True:
        async with answering():
            found = await rows.find(last, wanted).sort("_id", ASCENDING).limit(AT_ONCE).to_list(None)
        writes = list[UpdateOne]()
        renewed = lost = 0
        for row in found:
            before, after, unopened = await _row_anew(row, places, renew)
            lost += unopened
            renewed += len(after)
            if after:
                writes.append(UpdateOne({"_id": row["_id"], **before}, {"$set": after}))
        if writes and not dry:
            async with answering():
                await rows.bulk_write(writes, ordered=False)
        done = Progress(done.collection, done.rows + len(found), done.renewed + renewed, done.lost + lost)
        yield done
        if len(found) < AT_ONCE:
            return
        last = {"_id": {"$gt": found[-1]["_id"]}}


async def _row_anew(row: Document, places: Sequence[SealedField], renew: Renew) -> tuple[Document, Document, int]:
    """What stood where, what shall stand there, and how many fields no key opens."""
    before, after, lost = Document(), Document(), 0
    for place in places:
        for path, holder, sealed in _fields(row, place.path.split(".")):
            if (owner := place.owner(row, holder)) is None:
                continue
            try:
                fresh = await renew(place, owner, sealed)
            except UnsealError:
                lost += 1
                continue
            if fresh is not None:
                before[path], after[path] = sealed, fresh
    return before, after, lost


def _fields(holder: Any, path: Sequence[str], at: str = "") -> Iterator[tuple[str, Document, bytes]]:
    """Each place that a path leads to, the object that holds it, and its bytes."""
    if isinstance(holder, list):
        for number, element in enumerate(holder):
            yield from _fields(element, path, f"{at}{number}.")
    elif isinstance(holder, dict) and path[0] in holder:
        value, where = holder[path[0]], f"{at}{path[0]}"
        if len(path) > 1:
            yield from _fields(value, path[1:], f"{where}.")
        elif isinstance(value, bytes):
            yield where, holder, value
