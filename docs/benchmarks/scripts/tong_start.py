"""From an empty folder to a program that runs: `make bench-tong-start`.

What a stranger does who has the wheel and nothing else: `tong new demo`, `tong dev`, and a Chromium that has seen
neither, until the page says its first words. Each step by the wall, and by the CPU of all processes that it began. The
wheel is built here and its dependencies are linked from this environment: what a registry takes to send them is the
line's affair.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import psutil
from playwright.async_api import Error, Page

from tests.browser.mini_stage import isolating_browser
from tests.support.waiting import until
from tests.support.wheel import built, installed

ROUNDS: Final = 5
BUDGET_S: Final = 60
GREETING: Final = "您来过 1 次"
NEW: Final = "`tong new demo`"
DEV: Final = "`tong dev`, until it says its address"
PAGE: Final = "Chromium, from the address to the page's words"
ALL: Final = "**all of it**"

Figures = tuple[float, float]


def cpu_s() -> float:
    """Of this process, its children and theirs: of those that ended, and of those that still run."""
    ended = os.times()
    running = 0.0
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = child.cpu_times()
            running += times.user + times.system + times.children_user + times.children_system
    return ended.user + ended.system + ended.children_user + ended.children_system + running


class Stopwatch:
    """Steps one after another. taken: seconds of the wall and of the CPU, by the step's name."""

    def __init__(self) -> None:
        self.taken: dict[str, Figures] = {}
        self._at = time.perf_counter(), cpu_s()

    def lap(self, step: str) -> None:
        now = time.perf_counter(), cpu_s()
        self.taken[step] = now[0] - self._at[0], now[1] - self._at[1]
        self._at = now


async def round_of(tong: Path, folder: Path, browser: Page) -> dict[str, Figures]:
    env = {"PATH": f"{tong.parent}:/usr/bin:/bin", "HOME": str(folder)}
    watch = Stopwatch()
    made = await asyncio.create_subprocess_exec(tong, "new", "demo", cwd=folder, env=env, stdout=DEVNULL)
    assert await made.wait() == 0
    watch.lap(NEW)
    async with _dev(tong, folder / "demo", env) as address:
        watch.lap(DEV)
        await browser.goto(address)
        await until(lambda: _greets(browser), what=GREETING)
        watch.lap(PAGE)
    return watch.taken


@asynccontextmanager
async def _dev(tong: Path, project: Path, env: dict[str, str]) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(tong, "dev", "--port", "0", cwd=project, env=env, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()[-1]
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()


async def _greets(page: Page) -> bool:
    for frame in page.frames:
        with suppress(Error):  # it went while it was looked at
            if ".mini.localhost" in frame.url and GREETING in await frame.evaluate("document.body.innerText"):
                return True
    return False


def row(step: str, taken: list[Figures]) -> str:
    cells = (f"{statistics.median(of):.1f} ({min(of):.1f}–{max(of):.1f})" for of in zip(*taken, strict=True))
    return f"| {step} | {' | '.join(cells)} |"


async def measured(root: Path) -> list[dict[str, Figures]]:
    tong = installed(built(root / "wheel"), root / "env", extra="tong").with_name("tong")
    rounds = []
    for number in range(ROUNDS):
        folder = root / str(number)
        folder.mkdir()
        async with isolating_browser() as browser:  # each time one that keeps nothing
            rounds.append(await round_of(tong, folder, await browser.new_page()))
    return rounds


def main() -> None:
    with tempfile.TemporaryDirectory() as root:
        rounds = asyncio.run(measured(Path(root)))
    for one in rounds:
        one[ALL] = sum(wall for wall, _ in one.values()), sum(cpu for _, cpu in one.values())
    rows = [row(step, [one[step] for one in rounds]) for step in rounds[0]]
    first = f"The first round: {rounds[0][ALL][0]:.1f} s, of {BUDGET_S}."
    sys.stdout.write("\n".join(["| step | wall, s | CPU, s |", "|---|---:|---:|", *rows, "", first, ""]))


if __name__ == "__main__":
    main()
