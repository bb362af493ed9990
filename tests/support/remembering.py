"""What is built before each test and is the same each time: built once in a worker, then only put back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from core.mongo import Mongo

Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]

_REMEMBERED: Final[dict[tuple[str, str], Rows]] = {}


async def filled(mongo: Mongo, collections: Sequence[str]) -> list[str]:
    """Those of the collections that have a row: one question for all of them."""
    if not collections:
        return []
    heads: list[list[Mapping[str, Any]]] = [
        [{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}] for name in collections
    ]
    others: list[Mapping[str, Any]] = [
        {"$unionWith": {"coll": name, "pipeline": head}} for name, head in zip(collections[1:], heads[1:], strict=True)
    ]
    found = await mongo.collection(collections[0]).aggregate([*heads[0], *others])
    return [row["_id"] async for row in found]


async def once(mongo: Mongo, what: str, build: Callable[[], Awaitable[object]]) -> None:
    """Have in this database the rows that `build` adds; its indexes stay from the first time.

    what: names the rows. build: adds rows, the same each time, and changes none that are there.
    """
    key = (mongo.database.name, what)
    if key not in _REMEMBERED:
        before = await _rows(mongo)
        await build()
        _REMEMBERED[key] = _added(before, await _rows(mongo))
        return
    async with asyncio.TaskGroup() as putting:
        for name, rows in _REMEMBERED[key].items():
            putting.create_task(_put(mongo, name, rows))


async def _put(mongo: Mongo, collection: str, rows: Sequence[Mapping[str, Any]]) -> None:
    await mongo.collection(collection).insert_many([dict(row) for row in rows])


async def _rows(mongo: Mongo) -> Rows:
    names = [name for name in await mongo.database.list_collection_names() if not name.startswith("system.")]
    return {name: await mongo.collection(name).find({}).to_list(None) for name in await filled(mongo, names)}


def _added(before: Rows, after: Rows) -> Rows:
    there = {name: [row["_id"] for row in rows] for name, rows in before.items()}
    added = {name: [row for row in rows if row["_id"] not in there.get(name, ())] for name, rows in after.items()}
    return {name: rows for name, rows in added.items() if rows}
