"""Without a line: the shell opens, programs run from what was verified and kept, and nothing else runs."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Error, Frame, Page

from tests.browser.mini_stage import APP, FILES, HOST, Stage, files_of, open_stage, to_harness
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT = "org.example.kept"
HOME = "pages/home/home"
LOAN = "pages/loan/loan"
_PAGE = b"""<!doctype html><html><head><meta charset="utf-8"><title>kept</title>
<link rel="stylesheet" href="../../common/look.css"><script src="../../common/classic.js?1"></script>
<script>
globalThis.inline = import("../../common/late.js").then(() => "it's \\u003cinline\\u003e &amp;");</script>
<script type="importmap">{"imports": {"library": "../../common/library.js"}}</script>
<script type="module">import { late } from "library"; globalThis.named = late;</script>
<script type="module" src="../../common/main.js"></script></head>
<body style="background: url(../../common/i.png)"><h1>Kept</h1><img id="one" src="../../common/i.png" alt="">
<img id="many" srcset="../../common/i.png 1x, ../../common/i.png 2x" alt=""><img id="gone" src="no.png" alt="">
</body></html>"""
_MAIN = b"""import { late } from "./library.js";
import "./program.js";
const there = (image) => new Promise((r) => {
  image.onload = () => r(image.naturalWidth);
  image.onerror = () => r(0);
});
const image = new Image();
const shown = there(image);
image.src = new URL("./i.png", import.meta.url);
const asked = new XMLHttpRequest();
asked.open("GET", new URL("data.json", import.meta.url));
const heard = new Promise((r) => (asked.onloadend = () => r(asked.responseText)));
asked.send();
const name = "./late.js";
globalThis.found = {
  late, image: await shown, xhr: await heard,
  named: (await import(name)).late, literal: (await import("./late.js")).late,
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
_WITHIN = """async () => ({ found, classic, inline: await inline, named, origin,
  color: getComputedStyle(document.querySelector("h1")).color,
  images: (await Promise.allSettled([...document.images].map((image) => image.decode()))).map(({ status }) => status),
  early, query: welcome.launch.query })"""


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
    await page.goto(stage.base)
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    await until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), what="the worker")
    return await to_harness(page, stage.base)


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


SPOIL = """async (at) => {
  const kept = await import("/mini/kept.js");
  const found = await kept.read("packages", "%s");
  found.bytes[at < 0 ? found.bytes.length + at : at] ^= 1;
  await kept.write("packages", "%s", found);
  return found.bytes.length;
}""".replace("%s", KEPT)

# What a hostile page tries; each is answered by the name of what stopped it.
_TRY = """async ([base, other]) => {
  const violated = [];
  addEventListener("securitypolicyviolation", ({ effectiveDirective: one }) => violated.push(one));
  const failed = (run) => Promise.resolve().then(run).then(() => "DONE", ({ name }) => name);
  const told = {
    fetch: await failed(() => fetch(`${base}/graphql`)),
    data: await failed(() => import("data:text/javascript,globalThis.ran=1")),
    blob: await failed(() => import(URL.createObjectURL(new Blob(["globalThis.ran=1"], { type: "text/javascript" })))),
    eval: await failed(() => (0, eval)("globalThis.ran=1")),
    script: await failed(() => { document.createElement("script").text = "globalThis.ran=1"; }),
    policy: await failed(() => trustedTypes.createPolicy("x", {})),
    parent: await failed(() => parent.document),
    shell: await failed(() => top.document),
    top: await failed(() => { top.location.href = other; }),
    store: await failed(() => indexedDB.open("citytong-mini")),
    caches: await failed(() => caches.keys()),
    worker: await failed(() => navigator.serviceWorker.register("/sw.js")),
    rtc: typeof RTCPeerConnection,
  };
  const image = new Image();
  await new Promise((r) => { image.onerror = r; image.src = `${other}/x.png`; });
  const frame = document.createElement("iframe");
  frame.src = other;
  const stopped = new Promise((r) => {
    addEventListener("securitypolicyviolation", ({ effectiveDirective: one }) => one === "frame-src" && r());
  });
  document.body.append(frame);
  await stopped;
  return { ...told, ran: globalThis.ran ?? null, violated: [...new Set(violated)].sort() };
}"""


async def refused(page: Page, **more: Any) -> str:
    """Why a program does not start."""
    said: str = await page.evaluate(
        "([id, more]) => open(id, more).then(() => 'started', (error) => error.code)", [KEPT, {"page": HOME, **more}]
    )
    return said


async def test_a_program_starts_without_a_line_as_it_does_with_one(stage: Stage, context: BrowserContext) -> None:
    page = await kept_shell(stage, context)
    online = await (await started(page, query={"a": "1"})).evaluate(_WITHIN)
    stage.down = True
    offline = await (await started(page, query={"a": "1"})).evaluate(_WITHIN)
    assert offline == online
    assert (offline["found"]["fetched"], offline["early"]) == ({"a": 1}, True)
    assert offline["images"] == ["fulfilled", "fulfilled", "rejected"]


async def test_what_is_tried_is_kept_for_nobody_and_tried_by_what_the_city_says_now(
    stage: Stage, context: BrowserContext
) -> None:
    page = await kept_shell(stage, context)
    await started(page, scene="trial")
    stage.down = True
    assert [await refused(page), await refused(page, scene="trial")] == ["CLIENT_UNREACHABLE"] * 2
    stage.down = False
    await started(page)
    stage.down = True
    assert await refused(page, scene="trial") == "CLIENT_UNREACHABLE"
    assert await (await started(page)).evaluate("welcome.launch.scene") == "home"


async def test_a_page_lies_on_another_and_what_was_stored_is_there(stage: Stage, context: BrowserContext) -> None:
    page = await kept_shell(stage, context)
    await started(page)
    stage.down = True
    home = await started(page)
    assert (await home.evaluate("p => ask('navigateTo', { url: p })", LOAN))["ok"] == {}
    loan = await until(lambda: _frame_with(page, "Page"), what="the other page")
    assert await loan.evaluate("[self.origin, early, welcome.env.stack.length]") == ["null", True, 2]
    assert await page.evaluate("id => handles[id].back()", KEPT) is True


async def test_a_link_within_a_kept_page_stays_in_it(stage: Stage, context: BrowserContext) -> None:
    page = await kept_shell(stage, context)
    await started(page)
    stage.down = True
    home = await started(page)
    for address in ("#there", "../loan/loan.html", ""):
        await home.evaluate(
            "address => { const a = document.createElement('a'); a.setAttribute('href', address);"
            " document.body.append(a); a.click(); }",
            address,
        )
    assert await home.evaluate("[location.href, found !== undefined]") == ["about:srcdoc#there", True]


async def _frame_with(page: Page, heading: str) -> Frame | None:
    for frame in page.frames:
        try:
            if frame.parent_frame and await frame.evaluate(
                "h => globalThis.ready && document.querySelector('h1')?.textContent === h", heading
            ):
                return frame
        except Error:
            continue
    return None


async def test_what_was_changed_where_it_is_kept_does_not_start(stage: Stage, context: BrowserContext) -> None:
    """T26. Of every byte: tests/contract/miniapps/test_bundle_vectors.py; here, that it is asked at each start."""
    page = await kept_shell(stage, context)
    await page.evaluate("([id, page]) => open(id, { page })", [KEPT, LOAN])
    stage.down = True
    size = await page.evaluate(SPOIL, 0)
    for at in (0, 40, size // 2, size - 30, -1):
        if at:
            await page.evaluate(SPOIL, at)
        assert (at, await refused(page)) == (at, "UNTRUSTED")
        await page.evaluate(SPOIL, at)
    assert await refused(page) == "started"


async def test_what_was_revoked_does_not_start_without_a_line(stage: Stage, context: BrowserContext) -> None:
    """T28, by the list that this device saw last."""
    page = await kept_shell(stage, context)
    await page.evaluate("([id, page]) => open(id, { page })", [KEPT, LOAN])
    stage.revoked.add(KEPT)
    await page.evaluate("([id, page]) => open(id, { page })", [APP, LOAN])
    stage.down = True
    assert await refused(page) == "E_APP_REVOKED"


async def test_a_kept_program_reaches_nothing(stage: Stage, context: BrowserContext) -> None:
    """E3, E4, E17, T4, T5, T7: no network, no window but by its line, no script that is not the package's."""
    page = await kept_shell(stage, context)
    await started(page)
    stage.down = True
    program = await started(page)
    other = stage.origin(APP)
    told = await program.evaluate(_TRY, [stage.base, other])
    assert {"connect-src", "frame-src", "img-src", "script-src-elem", "trusted-types"} <= set(told.pop("violated"))
    assert told.pop("ran") is None
    assert told.pop("rtc") == "undefined"
    assert "DONE" not in told.values(), told
    await program.evaluate("to => { location.href = to; }", f"{other}/left.html")
    await until(lambda: _left(program), what="the end of a page that goes elsewhere")
    assert [address for address in stage.missed if "127.0.0.1" not in address] == []


async def _left(program: Frame) -> bool:
    """Chromium shows its own page in place of what the player's policy does not let it frame."""
    return program.url.startswith("chrome-error:")


async def test_the_shell_opens_without_a_line(stage: Stage, context: BrowserContext) -> None:
    """On what it knows: who is signed in, and which programs this device keeps of theirs; they start."""
    page = await kept_shell(stage, context)
    await started(page)
    stage.down = True
    await context.set_offline(True)
    await page.goto(f"{stage.base}/#/home")
    await page.wait_for_selector("[data-screen=home] [data-testid=problem][data-code=CLIENT_OFFLINE]")
    assert await page.locator("[data-testid=offline] .notice").count() == 1
    await page.click("[data-testid=kept-programs] .mini-tile")
    assert await (await program_in(page)).evaluate("found.late") == "late"


async def test_nothing_of_who_signed_out_is_left(stage: Stage, context: BrowserContext) -> None:
    """Caches hold the shell's own files alone, at any time; what was a citizen's of programs goes with them."""
    page = await kept_shell(stage, context)
    await started(page)
    held = """async () => {
      const requests = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
      return requests.flat().map(({ url }) => new URL(url).pathname);
    }"""
    paths = await page.evaluate(held)
    assert len(paths) > 100
    assert {path[: len("/v-")] for path in paths} == {"/v-"}
    runs = (
        "import('/mini/kept.js').then(async ({ readAll }) => [await readAll('runs', ''), await readAll('storage', '')])"
    )
    assert len((await page.evaluate(runs))[0]) == 1
    await page.goto(f"{stage.base}/#/me")
    await page.evaluate(
        "async () => (await import(performance.getEntriesByType('resource')"
        ".find(({ name }) => name.endsWith('/session.js')).name)).forget()"
    )
    await until(lambda: _gone(page, runs), what="the end of what was theirs")
    assert await page.evaluate(held) == paths


async def _gone(page: Page, runs: str) -> bool:
    return bool(await page.evaluate(runs) == [[], []])


async def test_a_new_version_takes_over_and_the_old_one_is_thrown_away(
    stage: Stage, context: BrowserContext, tmp_path: Path
) -> None:
    page = await kept_shell(stage, context)
    (old,) = await page.evaluate("caches.keys()")
    try:
        stage.shell.folder = shutil.copytree(HOST, tmp_path / "host")
        (tmp_path / "host/tokens.css").write_text("/* new */" + (HOST / "tokens.css").read_text())
        await page.goto(stage.base)
        version = "document.querySelector('script[type=module]').src.split('/')[3]"
        new = (await page.evaluate(version)).removeprefix("v-")
        assert f"shell-{new}" != old
        await until(lambda: _keeps(page, f"shell-{new}"), what="the new version alone")
    finally:
        stage.shell.folder = HOST
    await context.set_offline(True)
    await page.reload()
    assert (await page.evaluate(version)) == f"v-{new}"


async def _keeps(page: Page, name: str) -> bool:
    return bool(await page.evaluate("caches.keys()") == [name])
