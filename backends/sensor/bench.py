"""Measures the importer beside a bare `insert_many` of the same documents, in one run and against one server.

The bare insert gets its documents ready-made and its batches of the same size, into a collection with the same
options; what the ratio shows is the price of reading CSV, believing it, and adding each reading once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from backends.sensor.importer import BATCH_ROWS, Importer, read
from backends.sensor.model import Recorded
from backends.sensor.service import Sensors
from backends.sensor.store import SensorStore, document_of
from core.clock import SystemClock
from core.mongo import Document, Mongo

_OPERATION_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """One round, in rows a second: files imported, documents inserted bare, files imported again."""

    rows: int
    imported: float
    bare: float
    again: float

    @property
    def ratio(self) -> float:
        return self.imported / self.bare


async def measure(*, mongo_url: str, files: Sequence[Path], rounds: int) -> list[Round]:
    """Each round on databases of its own, dropped behind it; the order of the two writers changes every round."""
    return [await _round(mongo_url, files, bare_first=n % 2 == 1) for n in range(rounds)]


def table(rounds: Sequence[Round]) -> str:
    """The rounds and their medians as Markdown."""
    rows = [f"| {n} | {_cells(r)} |" for n, r in enumerate(rounds, start=1)]
    middle = Round(
        rounds[0].rows, *(median(getattr(r, name) for r in rounds) for name in ("imported", "bare", "again"))
    )
    head = "| round | rows | import, rows/s | bare insert_many, rows/s | ratio | second import (adds none), rows/s |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows, f"| median | {_cells(middle)} |"])


def _cells(r: Round) -> str:
    return f"{r.rows:,} | {r.imported:,.0f} | {r.bare:,.0f} | {r.ratio:.2f} | {r.again:,.0f}"


async def _round(mongo_url: str, files: Sequence[Path], *, bare_first: bool) -> Round:
    mongos = [
        Mongo.connect(url=mongo_url, database=name, timeout_s=_OPERATION_TIMEOUT_S)
        for name in ("bench_import", "bench_bare")
    ]
    try:
        for mongo in mongos:
            await mongo.client.drop_database(mongo.database.name)
            await SensorStore(mongo).prepare()
        bare = await _bare(mongos[1], files) if bare_first else 0.0
        taken, imported = await _import(mongos[0], files)
        again, repeated = await _import(mongos[0], files)
        assert (again.accepted, again.duplicates) == (0, taken.accepted)
        bare = bare or await _bare(mongos[1], files)
        return Round(taken.accepted, taken.accepted / imported, taken.accepted / bare, taken.accepted / repeated)
    finally:
        for mongo in mongos:
            await mongo.client.drop_database(mongo.database.name)
            await mongo.close()


async def _import(mongo: Mongo, files: Sequence[Path]) -> tuple[Recorded, float]:
    """What was recorded, and the seconds it took."""
    importer = Importer(Sensors(SensorStore(mongo), SystemClock()), lambda file, done: None)
    started, total = perf_counter(), Recorded(0, 0)
    for file in files:
        total += await importer.take(file)
    return total, perf_counter() - started


async def _bare(mongo: Mongo, files: Sequence[Path]) -> float:
    """The seconds spent in `insert_many` alone."""
    spent = 0.0
    for file in files:
        for batch in list(_documents(file)):
            started = perf_counter()
            await mongo.collection("readings").insert_many(batch, ordered=False)
            spent += perf_counter() - started
    return spent


def _documents(file: Path) -> Iterator[list[Document]]:
    for batch in read(file, now=SystemClock().now(), batch_rows=BATCH_ROWS):
        yield [document_of(row.reading) for row in batch]
