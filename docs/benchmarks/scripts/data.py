"""How fast the catalogue is searched at 5,000 datasets, beside a MongoDB `$regex` scan of the same texts:
`python -m docs.benchmarks.scripts.data`.

One process, one question at a time, wall time. Both give the titles of the first twenty; the index ranks and counts
all, the scan does neither. The two take turns, so that a busy machine slows both alike.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import orjson

from backends.data.demo import all_datasets
from backends.data.model import publication_of
from backends.data.service import Catalogue
from backends.data.shelf import Question
from backends.data.store import CatalogueStore
from core import embedded
from core.clock import FixedClock
from core.mongo import Mongo
from core.paging import PageRequest

DATASETS = 5_000
ROUNDS = 60
FIRST = 20
QUESTIONS = (
    "空气质量",
    "公园",
    "海淀区公园游客",
    "水",
    "2025",
    "air quality",
    "park visits Haidian",
    "street",
    "不存在的内容",
)
FIELDS = ("entry.title.zh", "entry.title.en", "entry.description.zh", "entry.description.en", "entry.keywords")


async def fill(catalogue: Catalogue) -> None:
    """The demonstration's datasets again and again under other ids and titles."""
    bodies = list(islice(cycle(all_datasets().items()), DATASETS))
    batch = []
    for number, (id, body) in enumerate(bodies):
        said = orjson.loads(orjson.dumps(body["dataset"]))
        said["title"]["zh"] += f"({number})"
        whole = publication_of(id=f"{id[:50]}-{number}", body={"dataset": said, "table": body["table"]})
        batch.append(replace(whole, table=None) if number % 10 else whole)
        if len(batch) == 500:
            await catalogue.publish_all(batch, by="bench")
            batch = []


async def measured(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1000


async def searched(catalogue: Catalogue, question: str) -> list[str]:
    answers = await catalogue.find(Question(search=question))
    _ = answers.total
    return [d.entry.title.zh for d in answers.page(PageRequest(FIRST)).rows]


async def scanned(mongo: Mongo, question: str) -> list[str]:
    words = [{"$regex": re.escape(word), "$options": "i"} for word in question.split()]
    query = {"$and": [{"$or": [{name: word} for name in FIELDS]} for word in words]}
    found = mongo.collection("datasets").find(query, projection={"entry.title": 1}, limit=FIRST)
    return [document["entry"]["title"]["zh"] async for document in found]


async def rounds(catalogue: Catalogue, mongo: Mongo) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"index": [], "$regex": []}
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            times["index"].append(await measured(lambda q=question: searched(catalogue, q)))  # type: ignore[misc]
            times["$regex"].append(await measured(lambda q=question: scanned(mongo, q)))  # type: ignore[misc]
    return times


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="citytong-bench-", ignore_cleanup_errors=True) as folder:
        stores = await embedded.start(Path(folder), redis=False)
        mongo = Mongo.connect(url=stores.mongo_url, database="bench_data", timeout_s=60)
        try:
            store = CatalogueStore(mongo)
            await store.prepare()
            clock = FixedClock(datetime(2026, 11, 22, tzinfo=UTC))
            await fill(Catalogue(store, clock, "http://bench"))
            fresh = Catalogue(store, clock, "http://bench")
            loading_ms = await measured(lambda: fresh.find(Question()))
            show(await rounds(fresh, mongo), loading_ms)
        finally:
            await mongo.close()
            await stores.stop()


def show(times: dict[str, list[float]], loading_ms: float) -> None:
    sys.stdout.write("| search | p50 ms | p99 ms |\n|---|---:|---:|\n")
    for name, found in times.items():
        cuts = statistics.quantiles(found, n=100)
        sys.stdout.write(f"| {name} | {cuts[49]:.2f} | {cuts[98]:.2f} |\n")
    sys.stdout.write(f"\nA process reads the catalogue of {DATASETS:,} in {loading_ms / 1000:.2f} s when it starts.\n")


if __name__ == "__main__":
    asyncio.run(main())
