"""Without a line: the shell opens, programs run from what was verified and kept, and nothing else runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Error, Frame, Page, async_playwright

from tests.browser.mini_stage import FILES, PIXEL, Stage, files_of, open_stage
from tests.browser.shell_phone import CHROMIUM_ARGS, chromium
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT = "org.example.kept"
HOME = "pages/home/home"
LOAN = "pages/loan/loan"
_PAGE = b"""<!doctype html><html><head><meta charset="utf-8"><title>kept</title>
<link rel="stylesheet" href="../../common/look.css"><script src="../../common/classic.js?1"></script>
<script>globalThis.inline = import("../../common/late.js").then(() => "it's \\u003cinline\\u003e &amp;");</script>
<script type="importmap">{"imports": {"library": "../../common/library.js"}}</script>
<script type="module">import { late } from "library"; globalThis.named = late;</script>
<script type="module" src="../../common/main.js"></script></head>
<body style="background: url(../../common/i.png)"><h1>Kept</h1><img id="one" src="../../common/i.png" alt="">
<img id="many" srcset="../../common/i.png 1x, ../../common/i.png 2x" alt=""><img id="gone" src="no.png" alt=""></body></html>"""
_MAIN = b"""import { late } from "./library.js";
import "./program.js";
const there = (image) => new Promise((r) => { image.onload = () => r(image.naturalWidth); image.onerror = () => r(0); });
const image = new Image();
const shown = there(image);
image.src = new URL("./i.png", import.meta.url);
const asked = new XMLHttpRequest();
asked.open("GET", new URL("data.json", import.meta.url));
const heard = new Promise((r) => (asked.onloadend = () => r(asked.responseText)));
asked.send();
const name = "./late.js";
globalThis.found = {
  late, image: await shown, xhr: await heard, named: (await import(name)).late, literal: (await import("./late.js")).late,
  fetched: await (await fetch("../../common/data.json")).json(), gone: (await fetch("nowhere.json")).status,
  circle: (await import("./circle/a.js")).sum(), here: import.meta.url.endsWith("/common/main.js"),
};
globalThis.ready = true;
"""
_COMMON = {
    "look.css": b'@import "more.css"; @font-face { font-family: x; src: url(x.woff2) } h1 { background: url("i.png") }',
    "more.css": b"/* url(a.png) */ h1 { color: rgb(1, 2, 3); cursor: url(i.png), auto }",
    "classic.js": b"globalThis.classic = 'ran';",
    "library.js": b"export { late } from './late.js';",
    "late.js": b"export const late = 'late';",
    "main.js": _MAIN,
    "data.json": b'{"a": 1}',
    "circle/a.js": b"import { b } from './b.js'; export const a = () => 1; export const sum = () => a() + b();",
    "circle/b.js": b"import { a } from './a.js'; export const b = () => a() + 1;",
}
_WITHIN = """async () => ({ found, classic, inline: await inline, named, origin, color: getComputedStyle(document.querySelector("h1")).color,
  images: [...document.images].map(({ naturalWidth }) => naturalWidth), early, query: welcome.launch.query })"""


def _files() -> dict[str, bytes]:
    files = files_of(KEPT, (HOME, LOAN))
    return files | {f"common/{name}": text for name, text in _COMMON.items()} | {f"{HOME}.html": _PAGE}


@pytest.fixture(scope="module", autouse=True)
def kept_program() -> Iterator[None]:
    FILES[KEPT] = _files()
    yield
    del FILES[KEPT]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(kept_program: None) -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=chromium(), args=[*CHROMIUM_ARGS, "--site-per-process"]
        )
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(stage: Stage, browser: Browser) -> AsyncIterator[BrowserContext]:
    stage.begin()
    opened = await browser.new_context()
    yield opened
    stage.begin()
    await opened.close()


async def kept_shell(stage: Stage, context: BrowserContext) -> Page:
    """The shell was opened once, with its worker; then the stand-in for its screens, somebody signed in."""
    page = await context.new_page()
    page.on("console", lambda m: print("CONSOLE", m.text[:300]))
    page.on("pageerror", lambda m: print("ERR", m))
    await page.goto(stage.base)
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    await until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), what="the worker")
    await page.goto(f"{stage.base}/harness")
    await page.wait_for_selector("html[data-ready]", state="attached")
    await page.evaluate("signIn()")
    return page


async def is_ready(frame: Frame) -> bool:
    try:
        return bool(await frame.evaluate("globalThis.ready === true && 'found' in globalThis"))
    except Error:
        return False


async def program_in(page: Page) -> Frame:
    async def found() -> Frame | None:
        for frame in page.frames:
            if frame.parent_frame not in (None, page.main_frame) and await is_ready(frame):
                return frame
        return None

    return await until(found, what="the program")


async def started(page: Page, **more: Any) -> Frame:
    await page.evaluate("([id, more]) => open(id, more)", [KEPT, {"page": HOME, **more}])
    return await program_in(page)


async def refused(page: Page) -> str:
    """Why a program does not start."""
    said: str = await page.evaluate(
        "([id, page]) => open(id, { page }).then(() => 'started', (error) => error.code)", [KEPT, HOME]
    )
    return said


async def test_a_program_starts_without_a_line_as_it_does_with_one(stage: Stage, context: BrowserContext) -> None:
    page = await kept_shell(stage, context)
    online = await (await started(page, query={"a": "1"})).evaluate(_WITHIN)
    stage.down = True
    offline = await (await started(page, query={"a": "1"})).evaluate(_WITHIN)
    print(json.dumps(online), json.dumps(offline))
    assert offline == online
    assert (offline["found"]["fetched"], offline["images"][0], offline["early"]) == ({"a": 1}, 1, True)
