"""The start of a program of 500 KB, beside the same page with no host: `make bench-miniapps-start`.

In one Chromium that isolates sites and splits its cache by site, on the stage of the browser's tests (real runtime,
real packages, real policies; the graph's answers are the stage's). In each round every way takes its turn: the page by
itself in a tab, with a warm cache; the program by the network; and without a line, from what the device keeps. Counted
from the touch (for the page: from the navigation) to the first contentful paint, and to the frame after the program's
modules ran; and how much of the first the program's own document took. What is compared is of one round.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Error, Frame, Page, async_playwright

from core.processes import free_port
from tests.browser.mini_stage import FILES, Stage, files_of, open_stage
from tests.browser.shell_phone import CHROMIUM_ARGS, chromium
from tests.support.waiting import until

Figures = tuple[float, float, float]
APP: Final = "org.example.start"
PAGE: Final = "pages/home/home"
ROUNDS: Final = 11
# How long a finger is down before its click, on phones: 60 to 120 ms.
DOWN_MS: Final = 80
ISOLATED: Final = ("--site-per-process", "--enable-features=SplitCacheByNetworkIsolationKey")
MODULES: Final = 10
WAYS: Final = {
    "bare": "the page by itself, cache warm",
    "cold": "program, first start ever: fetched, verified",
    "network": "program, warm, opened with nothing prepared",
    "touched": "program, warm, prepared while the finger was down",
    "home": "program, warm, prepared before the finger came down",
    "hot": "program, hot: alive, and comes to the front",
    "kept": "program, warm, without a line, composed from what is kept",
}
_HTML: Final = b"""<!doctype html><html><head><meta charset="utf-8"><title>start</title>
<link rel="stylesheet" href="../../common/look.css"></head><body><h1>Start</h1><p id="told">loading</p>
<img src="../../common/a.png" alt=""><img src="../../common/b.png" alt=""><img src="../../common/c.png" alt="">
<script type="module" src="../../common/main.js"></script></body></html>"""
_MAIN: Final = b"""import { value } from "./m0.js";
document.getElementById("told").textContent = `modules ${value}`;
requestAnimationFrame(() => setTimeout(() => (globalThis.drawn = performance.timeOrigin + performance.now())));
"""
_PAINTED: Final = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const begun = performance.timeOrigin;
  return paint && globalThis.drawn ? [begun + paint.startTime, globalThis.drawn, begun] : null;
}"""
# A run that ends has a moment for its last words (`GRACE_MS` of program.js); a start within it waits for them.
_CLOSE: Final = """async (id) => {
  handles[id].close();
  await new Promise((done) => setTimeout(done, 500));
  mounts[id].remove();
}"""
_PREPARE: Final = """async ([id, ms]) => {
  void prepare(id);
  await new Promise((done) => setTimeout(done, ms));
}"""
_SHOW: Final = """(id) => {
  const touched = performance.timeOrigin + performance.now();
  mounts[id].hidden = false;
  handles[id].show();
  return touched;
}"""
_STILL: Final = """() => new Promise((done) => {
  requestAnimationFrame(() => done(false));
  setTimeout(done, 100, true);
})"""
_DRAWN_AGAIN: Final = """() => new Promise((done) => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => done(performance.timeOrigin + performance.now());
  port2.postMessage(0);
}))"""
_TOUCH: Final = """async ([id, page]) => {
  const touched = performance.timeOrigin + performance.now();
  await open(id, { page });
  return touched;
}"""


def program() -> dict[str, bytes]:
    """About 500 KB: ten modules, each naming the next, a style sheet, three pictures."""
    source = random.Random(1)
    files = files_of(APP, (PAGE,))
    for number in range(MODULES):
        begin = f'import {{ value as next }} from "./m{number + 1}.js";' if number + 1 < MODULES else "const next = 0;"
        body = "".join(
            f"export function f{n}(a) {{ return a * {source.random()} + '{source.randbytes(40).hex()}'.length; }}\n"
            for n in range(310)
        )
        files[f"common/m{number}.js"] = f"{begin}\nexport const value = next + 1;\n{body}".encode()
    rules = "".join(f".c{n} {{ margin: {n}px; color: rgb({n % 256}, 2, 3); }}\n" for n in range(800))
    files["common/look.css"] = f"body {{ background: #efe }} #told {{ color: rgb(1, 2, 3) }}\n{rules}".encode()
    files |= {f"common/{name}.png": _png(seed) for seed, name in enumerate("abc")}
    return files | {"common/main.js": _MAIN, f"{PAGE}.html": _HTML}


def _png(seed: int, side: int = 120) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + random.Random(seed).randbytes(side * 3) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def bare(request: web.Request) -> web.Response:
    content = FILES[APP].get(request.match_info["path"])
    if content is None:
        raise web.HTTPNotFound()
    kinds = {"html": "text/html", "js": "text/javascript", "css": "text/css", "png": "image/png"}
    kind = kinds.get(request.path.rpartition(".")[2], "application/octet-stream")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=content, content_type=kind, headers=headers)


@asynccontextmanager
async def bare_site() -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/{path:.+}", bare)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://bare.localhost:{port}"
    finally:
        await runner.cleanup()


async def painted(page: Page, *, within: bool) -> list[float]:
    async def found() -> list[float] | None:
        frames: list[Frame] = page.frames if within else [page.main_frame]
        for frame in frames:
            if within and frame.parent_frame in (None, page.main_frame):
                continue
            try:
                if told := await frame.evaluate(_PAINTED):
                    return list(told)
            except Error:
                continue
        return None

    return await until(found, what="the first paint")


async def shell(context: BrowserContext, stage: Stage, *, kept: bool) -> Page:
    page = await context.new_page()
    if kept:
        await page.goto(stage.base)
        await until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), what="the worker")
    await page.goto(f"{stage.base}/harness")
    await page.wait_for_selector("html[data-ready]", state="attached")
    await page.evaluate("signIn()")
    return page


async def opened(page: Page, *, ahead_ms: int | None = None) -> Figures:
    """Milliseconds to the first paint and to the frame after the modules; those of the first that its document took.

    ahead_ms: so long before it is opened it begins to be prepared.
    """
    if ahead_ms is not None:
        await page.evaluate(_PREPARE, [APP, ahead_ms])
    touched = await page.evaluate(_TOUCH, [APP, PAGE])
    first, drawn, begun = await painted(page, within=True)
    await closed(page)
    return first - touched, drawn - touched, first - begun


async def shown_again(page: Page) -> Figures:
    """To the frame after the one in which it is drawn again; its document is there."""
    await page.evaluate(_TOUCH, [APP, PAGE])
    await painted(page, within=True)
    inner = next(frame for frame in page.frames if frame.parent_frame not in (None, page.main_frame))
    await page.evaluate("id => { handles[id].hide(); mounts[id].hidden = true; }", APP)
    await until(lambda: inner.evaluate(_STILL), what="a program that is not drawn")
    drawn = asyncio.ensure_future(inner.evaluate(_DRAWN_AGAIN))
    await page.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    touched = await page.evaluate(_SHOW, APP)
    at = await drawn
    await closed(page)
    return at - touched, at - touched, at - touched


async def closed(page: Page) -> None:
    await page.evaluate(_CLOSE, APP)
    await until(lambda: _alone(page), what="the end of the program")


async def _alone(page: Page) -> bool:
    return len(page.frames) == 1


async def by_itself(page: Page, site: str) -> Figures:
    await page.goto("about:blank")
    await page.goto(f"{site}/{PAGE}.html")
    first, drawn, begun = await painted(page, within=False)
    return first - begun, drawn - begun, first - begun


async def without_line(page: Page, stage: Stage) -> Figures:
    stage.down = True
    try:
        return await opened(page)
    finally:
        stage.begin()


async def measured(browser: Browser, stage: Stage, site: str) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {way: [] for way in WAYS}
    lone = await (await browser.new_context()).new_page()
    network = await shell(await browser.new_context(service_workers="block"), stage, kept=False)
    kept = await shell(await browser.new_context(), stage, kept=True)
    await opened(kept)  # keeps it
    for _ in range(2):  # caches are warm
        for turn in (by_itself(lone, site), opened(network, ahead_ms=DOWN_MS), without_line(kept, stage)):
            await turn
    turns: dict[str, Callable[[], Awaitable[Figures]]] = {
        "bare": lambda: by_itself(lone, site),
        "network": lambda: opened(network),
        "touched": lambda: opened(network, ahead_ms=DOWN_MS),
        "home": lambda: opened(network, ahead_ms=1_000),
        "hot": lambda: shown_again(network),
        "kept": lambda: without_line(kept, stage),
    }
    for number in range(ROUNDS):
        begin = number % len(turns)
        for way in [*turns, *turns][begin : begin + len(turns)]:
            found[way].append(await turns[way]())
        context = await browser.new_context(service_workers="block")
        found["cold"].append(await opened(await shell(context, stage, kept=False)))
        await context.close()
    return found


def table(found: dict[str, list[Figures]]) -> str:
    columns = ("first paint, ms", "modules have run, ms", "in its document, ms")
    lines = [f"| way | {' | of the page | '.join(columns)} | of the page |", "|---|---:|---:|---:|---:|---:|---:|"]
    for way, name in WAYS.items():
        cells = []
        for figure in (0, 1, 2):
            values = [one[figure] for one in found[way]]
            ratios = [one[figure] / two[figure] for one, two in zip(found[way], found["bare"], strict=True)]
            spread = f"{statistics.median(values):.0f} ({min(values):.0f}–{max(values):.0f})"
            cells += [spread, f"{statistics.median(ratios):.2f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


async def run() -> str:
    FILES[APP] = program()
    async with open_stage() as stage, bare_site() as site:
        stage.begin()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(), args=[*CHROMIUM_ARGS, *ISOLATED], headless=True
            )
            told = table(await measured(browser, stage, site))
            await browser.close()
    size = sum(map(len, FILES[APP].values()))
    said = f"{size / 1000:.0f} KB in {len(FILES[APP])} files; medians of {ROUNDS} rounds, with the least and the most."
    return f"{told}\n\nThe program: {said}\n"


def main() -> None:
    sys.stdout.write(asyncio.run(run()))


if __name__ == "__main__":
    main()
