"""What a report costs: `python -m docs.benchmarks.scripts.reports`.

The photo pipeline on one thread, by size; reports written one after the other and 32 at a time; the query for similar
cases, the public figures and a handler's list with 20,000 cases in the city. Real MongoDB, started for the run.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image

from api.domains.reports.categories import CATEGORIES
from api.domains.reports.model import HANDLE_SCOPE
from api.domains.reports.photos import PhotoLinks, PhotoStore
from api.domains.reports.pictures import Darkroom, develop
from api.domains.reports.rows import Rows
from api.domains.reports.service import NewReport, Reports
from api.domains.reports.statistics import Statistics
from api.domains.reports.store import ReportStore
from core import embedded
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.events import Outbox
from core.geo import Point
from core.ids import Ids
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import Jurisdiction, Principal, PrincipalKind

CASES = 20_000
ROUNDS = 200
PHOTOS = (
    ("JPEG", (1280, 960)),
    ("JPEG", (4000, 3000)),
    ("JPEG", (7000, 5000)),
    ("PNG", (1280, 960)),
    ("WEBP", (4000, 3000)),
)
CENTRE = Point(116.4074, 39.9042)


def photo(size: tuple[int, int], kind: str) -> bytes:
    """Noise over a gradient: about as hard to pack as a photo."""
    small = Image.effect_noise((size[0] // 4, size[1] // 4), 60).resize(size)
    picture = Image.merge("RGB", (small, Image.linear_gradient("L").resize(size), small))
    out = BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def citizen(number: int) -> Principal:
    account = f"cit_{number:026d}"
    return Principal(kind=PrincipalKind.CITIZEN, actor=account, subject=account, scopes=frozenset({"citizen"}))


def report(number: int, chance: random.Random) -> NewReport:
    """Somewhere within some 5 km of the centre, of any category."""
    here = Point(CENTRE.longitude + chance.uniform(-0.06, 0.06), CENTRE.latitude + chance.uniform(-0.045, 0.045))
    return NewReport(
        client_report_id=f"r{number}",
        category=chance.choice(sorted(CATEGORIES)),
        location=here,
        description="路灯连续三晚不亮,夜间行走不便。",
    )


def room(mongo: Mongo) -> Reports:
    clock, cipher = FixedClock(datetime(2026, 11, 22, 4, 0, tzinfo=UTC)), FieldCipher(bytes(range(32)))
    ids = Ids(clock)
    store = ReportStore(mongo=mongo, rows=Rows(cipher))
    return Reports(
        store=store,
        photos=PhotoStore(mongo=mongo, cipher=cipher),
        links=PhotoLinks(cipher=cipher, clock=clock),
        darkroom=Darkroom(),
        statistics=Statistics(store=store, clock=clock),
        outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
        cipher=cipher,
        ids=ids,
        clock=clock,
        zone=ZoneInfo("Asia/Shanghai"),
    )


async def create(reports: Reports, first: int, count: int, *, at_once: int) -> float:
    """Reports per second."""
    chance, waiting = random.Random(first), iter(range(first, first + count))

    async def work() -> None:
        for number in waiting:
            await reports.create(principal=citizen(number), report=report(number, chance))

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return count / (time.perf_counter() - started)


async def fill(mongo: Mongo, reports: Reports, chance: random.Random) -> None:
    """Bring the city to 20,000 cases, as the store would write them."""
    made = await reports.create(principal=citizen(CASES), report=report(CASES, chance))
    rows = []
    for number in range(2_300, CASES):
        wanted = report(number, chance)
        assert wanted.location is not None
        case = replace(
            made,
            id=reports.ids.new("rep"),
            number=f"bench-{number}",
            category=CATEGORIES[wanted.category or ""],
            location=wanted.location,
        )
        rows.append(Rows(reports.cipher).of(case))
    for first in range(0, len(rows), 2_000):
        await mongo.collection("reports_cases").insert_many(rows[first : first + 2_000])


async def timed(call: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> tuple[float, float]:
    """Milliseconds, median and 95th percentile."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def show(*cells: object) -> None:
    sys.stdout.write("| " + " | ".join(str(cell) for cell in cells) + " |\n")


def pipeline() -> None:
    show("photo", "sent, MB", "ms of CPU")
    show("---", "---:", "---:")
    for kind, size in PHOTOS:
        raw, taken = photo(size, kind), []
        for _ in range(5):
            started = time.thread_time()
            develop(raw)
            taken.append((time.thread_time() - started) * 1000)
        show(f"{kind} {size[0]} × {size[1]}", f"{len(raw) / 2**20:.1f}", f"{statistics.median(taken):.0f}")


async def city(mongo: Mongo) -> None:
    reports, chance = room(mongo), random.Random(1)
    await reports.open()
    show("what", "/s")
    show("---", "---:")
    show("reports, one after the other", f"{await create(reports, 0, 300, at_once=1):,.0f}")
    show("reports, 32 at a time", f"{await create(reports, 300, 2_000, at_once=32):,.0f}")
    await fill(mongo, reports, chance)
    who = Principal(
        kind=PrincipalKind.STAFF,
        actor="stf_x",
        subject="stf_x",
        scopes=frozenset({"staff", HANDLE_SCOPE}),
        jurisdiction=Jurisdiction("110101"),
    )

    async def similar() -> object:
        near = report(0, chance)
        assert near.location is not None
        return await reports.similar(principal=citizen(1), category=near.category or "", location=near.location)

    async def listed() -> object:
        return await reports.staff_cases(principal=who, page=PageRequest(first=20))

    async def figures() -> object:
        return await Statistics(store=reports.store, clock=reports.clock).figures()

    sys.stdout.write("\n")
    show(f"with {CASES:,} cases", "ms, median", "ms, p95")
    show("---", "---:", "---:")
    for name, call, rounds in (
        ("similar cases within 250 m", similar, ROUNDS),
        ("a handler's first 20", listed, ROUNDS),
        ("the figures, counted anew", figures, 20),
    ):
        median, p95 = await timed(call, rounds)
        show(name, f"{median:.1f}", f"{p95:.1f}")


async def main() -> None:
    pipeline()
    sys.stdout.write("\n")
    with tempfile.TemporaryDirectory(prefix="citytong-bench-", ignore_cleanup_errors=True) as folder:
        stores = await embedded.start(Path(folder))
        mongo = Mongo.connect(url=stores.mongo_url, database="bench", timeout_s=20)
        try:
            await city(mongo)
        finally:
            await mongo.close()
            await stores.stop()


if __name__ == "__main__":
    asyncio.run(main())
