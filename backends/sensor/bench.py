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
    """Each round on databases of its own, dropped behind it.

    The two writers take turns file by file, and who goes first changes with every file, so that whatever else the
    machine does falls on both.
    """
    return [await _round(mongo_url, files) for _ in range(rounds)]


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


async def _round(mongo_url: str, files: Sequence[Path]) -> Round:
    ours, bare = (
        Mongo.connect(url=mongo_url, database=name, timeout_s=_OPERATION_TIMEOUT_S)
        for name in ("bench_import", "bench_bare")
    )
    try:
        for mongo in (ours, bare):
            await mongo.client.drop_database(mongo.database.name)
            await SensorStore(mongo).prepare()
        return await _timed(ours, bare, files)
    finally:
        for mongo in (ours, bare):
            await mongo.client.drop_database(mongo.database.name)
            await mongo.close()


async def _timed(ours: Mongo, bare: Mongo, files: Sequence[Path]) -> Round:
    rows, imported, inserted, repeated = 0, 0.0, 0.0, 0.0
    for n, file in enumerate(files):
        first = await _bare(bare, file) if n % 2 else 0.0
        taken, seconds = await _import(ours, file)
        inserted += first or await _bare(bare, file)
        rows, imported = rows + taken.accepted, imported + seconds
    for file in files:
        again, seconds = await _import(ours, file)
        assert again.accepted == 0
        repeated += seconds
    return Round(rows, rows / imported, rows / inserted, rows / repeated)


async def _import(mongo: Mongo, file: Path) -> tuple[Recorded, float]:
    """What was recorded, and the seconds it took."""
    importer = Importer(Sensors(SensorStore(mongo), SystemClock()), lambda file, done: None)
    started = perf_counter()
    return await importer.take(file), perf_counter() - started


async def _bare(mongo: Mongo, file: Path) -> float:
    """The seconds spent in `insert_many` alone."""
    spent = 0.0
    for batch in list(_documents(file)):
        started = perf_counter()
        await mongo.collection("readings").insert_many(batch, ordered=False)
        spent += perf_counter() - started
    return spent


def _documents(file: Path) -> Iterator[list[Document]]:
    for batch in read(file, now=SystemClock().now(), batch_rows=BATCH_ROWS):
        yield [document_of(row.reading) for row in batch]
