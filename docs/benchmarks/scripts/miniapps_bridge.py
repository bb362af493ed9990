"""Round trips over the bridge of mini-programs, beside a bare MessagePort: `make bench-miniapps-bridge`.

In one Chromium with `--site-per-process`, in the real player: two programs, one that asks through the SDK and one that
speaks on the wire, and from each document a bare port to the shell's, which answers with objects of the same shape. In
each round all measures take their turns, shortly, in an order that goes round; what is compared is of one round and one
document. CPU is that of both renderers, which noise of the machine touches least.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from playwright.async_api import Browser, CDPSession, Frame, Page

from core.processes import free_port
from tests.browser.mini_stage import FILES, Stage, files_of, isolating_browser
from tests.support.waiting import until

OURS: Final = Path("docs/benchmarks/peers/bridge")
SDK: Final = "org.example.sdk"
WIRE: Final = "org.example.wire"
ROUNDS: Final = 25
TURN_MS: Final = 60
CALLS: Final = 10_000
PAGE: Final = """<!doctype html><html><head><link rel="icon" href="data:,"><title>bridge</title></head><body>
<script type="module" src="/bench/shell.js"></script></body></html>"""


@dataclass(frozen=True, slots=True)
class Measure:
    """app_id: whose document asks. way: `bare`, or by what it has."""

    app_id: str
    way: str
    bytes: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Turn:
    """cpu_s: of all renderers; there is nothing else to do for them."""

    calls: int
    per_s: float
    cpu_s: float
    p50_ms: float
    p99_ms: float


CASES: Final = [(100, 1), (100, 32), (10_000, 1), (10_000, 32)]
NAMES: Final = {"bare": "bare MessagePort", "wire": "bridge, on the wire", "sdk": "bridge, by the SDK"}
MEASURES: Final = [
    Measure(app_id, way, size, in_flight)
    for size, in_flight in CASES
    for app_id, way in ((SDK, "bare"), (SDK, "sdk"), (WIRE, "bare"), (WIRE, "wire"))
]


class Site:
    """The stage of the browser's tests, with this benchmark's page and programs."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        common = {f"common/{name}": (OURS / name).read_bytes() for name in ("asker.js", "program.js")}
        sdk = {"common/sdk.js": Path("sdk/js/dist/index.js").read_bytes()}
        for app_id, way in ((SDK, "sdk-way.js"), (WIRE, "wire-way.js")):
            way_js = {"common/way.js": (OURS / way).read_bytes()}
            FILES[app_id] = {**files_of(app_id, ("pages/home/home",)), **common, **way_js, **sdk}

    async def page(self, _: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def script(self, _: web.Request) -> web.Response:
        return web.Response(body=(OURS / "shell.js").read_bytes(), content_type="text/javascript")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        app = web.Application(middlewares=[self.stage.by_host])
        app.add_routes([web.get("/bench", self.page), web.get("/bench/shell.js", self.script), *self.stage.routes()])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.stage.port).start()
        try:
            yield
        finally:
            await runner.cleanup()


class Bench:
    """The shell's page, the programs' documents within it, and what Chromium says of their processes."""

    def __init__(self, page: Page, processes: CDPSession) -> None:
        self.page = page
        self.processes = processes
        self.frames: dict[str, Frame] = {}
        self.shown = ""

    async def open(self, app_id: str) -> None:
        await self.page.evaluate("id => open(id)", app_id)
        self.shown = app_id

        async def found() -> Frame | None:
            for frame in self.page.frames:
                if app_id.replace(".", "-") in frame.url and await frame.evaluate("globalThis.ready === true"):
                    return frame
            return None

        self.frames[app_id] = await until(found, what=app_id)
        await self.page.evaluate("id => bare(id)", app_id)

    async def show(self, app_id: str) -> None:
        if self.shown != app_id:
            await self.page.evaluate("id => show(id)", app_id)
            self.shown = app_id

    async def cpu_s(self) -> float:
        told = await self.processes.send("SystemInfo.getProcessInfo")
        return float(sum(one["cpuTime"] for one in told["processInfo"] if one["type"] == "renderer"))

    async def turn(self, measure: Measure, **until_then: int) -> Turn:
        await self.show(measure.app_id)
        asked = {"way": measure.way, "bytes": measure.bytes, "inFlight": measure.in_flight, **until_then}
        before = await self.cpu_s()
        found = await self.frames[measure.app_id].evaluate("asked => measure(asked)", asked)
        spent, calls = await self.cpu_s() - before, found["calls"]
        return Turn(calls, calls / found["ms"] * 1000, spent, found["p50"], found["p99"])

    @staticmethod
    async def heap(session: CDPSession) -> int:
        """Bytes that are alive."""
        for _ in range(3):
            await session.send("HeapProfiler.collectGarbage")
        return int((await session.send("Runtime.getHeapUsage"))["usedSize"])

    async def growth(self) -> dict[str, tuple[float, float]]:
        """KiB that calls leave behind when all is collected, and all that is there, by process."""
        context = self.page.context
        sessions = {
            "shell": await context.new_cdp_session(self.page),
            "program": await context.new_cdp_session(self.frames[SDK]),  # fails where it has no process of its own
        }
        measure = Measure(SDK, "sdk", 100, 32)
        await self.turn(measure, most=CALLS // 5)
        before = {name: await self.heap(one) for name, one in sessions.items()}
        await self.turn(measure, most=CALLS)
        after = {name: await self.heap(one) for name, one in sessions.items()}
        return {name: ((after[name] - before[name]) / 1024, after[name] / 1024) for name in sessions}


async def measured(bench: Bench) -> dict[Measure, list[Turn]]:
    found: dict[Measure, list[Turn]] = {one: [] for one in MEASURES}
    for number in range(ROUNDS + 1):
        first = number * 3 % len(MEASURES)
        for one in [*MEASURES[first:], *MEASURES[:first]]:
            turn = await bench.turn(one, ms=TURN_MS)
            if number > 0:  # the first warms up
                found[one].append(turn)
    return found


def median_of(turns: list[Turn], figure: str) -> float:
    return float(statistics.median(getattr(one, figure) for one in turns))


def share(turns: list[Turn], bare: list[Turn]) -> float:
    """By rate: the median of the rounds."""
    return statistics.median(one.per_s / two.per_s for one, two in zip(turns, bare, strict=True))


def cpu_us(turns: list[Turn]) -> float:
    """A trip's, over all rounds: one turn is short beside the ticks that CPU time is told in."""
    return sum(one.cpu_s for one in turns) / sum(one.calls for one in turns) * 1e6


def line(size: int, in_flight: int, app_id: str, way: str, found: dict[Measure, list[Turn]]) -> str:
    bares = {one: found[Measure(one, "bare", size, in_flight)] for one in (SDK, WIRE)}
    turns = [*bares[SDK], *bares[WIRE]] if way == "bare" else found[Measure(app_id, way, size, in_flight)]
    shares = "1.00 | 1.00"
    if way != "bare":
        shares = f"{share(turns, bares[app_id]):.2f} | {cpu_us(bares[app_id]) / cpu_us(turns):.2f}"
    per_s, p50, p99 = (median_of(turns, name) for name in ("per_s", "p50_ms", "p99_ms"))
    payload = "100 B" if size == 100 else "10 KB"
    figures = f"{per_s:,.0f} | {p50:.1f} | {p99:.1f} | {cpu_us(turns):.0f}"
    return f"| {payload} | {in_flight} | {NAMES[way]} | {figures} | {shares} |"


def table(found: dict[Measure, list[Turn]]) -> str:
    lines = [
        line(size, in_flight, app_id, way, found)
        for size, in_flight in CASES
        for app_id, way in ((SDK, "bare"), (WIRE, "wire"), (SDK, "sdk"))
    ]
    head = "| payload | in flight | way | trips/s | p50 ms | p99 ms | CPU µs a trip | of bare, by rate | by CPU |"
    return "\n".join([head, "|---|---:|---|---:|---:|---:|---:|---:|---:|", *lines])


async def in_chromium(browser: Browser, stage: Stage) -> None:
    page = await (await browser.new_context()).new_page()
    await page.goto(f"{stage.base}/bench")
    await page.wait_for_selector("html[data-ready]", state="attached")
    bench = Bench(page, await browser.new_browser_cdp_session())
    for app_id in (SDK, WIRE):
        await bench.open(app_id)
    sizes: Any = await bench.frames[SDK].evaluate("[size(100), size(10_000)]")
    sys.stdout.write(f"{browser.version}; variables of {sizes[0]} and {sizes[1]} characters\n\n")
    sys.stdout.write(table(await measured(bench)) + "\n\n")
    for name, (grown, there) in (await bench.growth()).items():
        sys.stdout.write(f"{CALLS:,} calls: the {name}'s heap is {grown:+,.0f} KiB, of {there:,.0f} KiB\n")


async def main() -> None:
    stage = Stage(port=free_port())
    stage.begin()
    async with Site(stage).open(), isolating_browser() as browser:
        await in_chromium(browser, stage)


if __name__ == "__main__":
    asyncio.run(main())
