"""Programs that try everything, published as any other, and what came of it: beside a bare page that tries the same."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, web
from playwright.async_api import BrowserContext, Error, Frame, Page, async_playwright
from yarl import URL

from core.clock import SystemClock, epoch_s
from core.jose import thumbprint
from core.locale import Locale
from miniapps.releases.model import Category, Release
from tests.browser.collectors import Collector, collecting
from tests.browser.shell_phone import CHROMIUM_ARGS, CITIZEN, Phone
from tests.support.city import OpenCity
from tests.support.logged import logged
from tests.support.waiting import until
from tests.unit.miniapps.releases.workshop import Developer

OURS: Final = Path(__file__).parent / "mini"
STRICT: Final = "org.example.thief"
LOOSE: Final = "org.example.loose"  # may do without Trusted Types
PAGE: Final = "pages/thief/thief"
OTHER_PAGE: Final = "pages/loose/loose"
_GRANTED: Final = ("city.user.openid", "city.user.phone")
_HTML: Final = """<!doctype html><html><head><meta charset="utf-8"><title>thief</title>
<script>globalThis.inline = "ran";</script>
<script type="module" src="../../common/thief.js"></script><script type="module" src="../../common/program.js"></script>
</head><body><h1>Thief</h1><button>tap</button></body></html>"""
# What a document within the page finds in its own realm: it knocks at the collector that its address names.
_REALM: Final = """const server = new URL(document.currentScript.src).hash.slice(1);
if (typeof RTCPeerConnection === "function") {
  const line = new RTCPeerConnection({ iceServers: [{ urls: decodeURIComponent(server) }] });
  line.createDataChannel("x");
  line.createOffer().then((offer) => line.setLocalDescription(offer));
}
"""
_BARE: Final = '<!doctype html><html><head></head><body><script type="module" src="/thief.js"></script></body></html>'


def _files(app_id: str, page: str, **more: Any) -> dict[str, bytes]:
    manifest = {
        "app_id": app_id,
        "name": app_id,
        "description": "x",
        "icons": [{"src": "common/icon.svg"}],
        "version": {"name": "1.0.0", "code": 1},
        "platform_version": {"min_code": 1},
        "pages": [page, "pages/second/second"],
        "req_permissions": [{"name": name, "reason": "x"} for name in _GRANTED],
        **more,
    }
    return {
        "manifest.json": json.dumps(manifest).encode(),
        "app.js": b"",
        "app.css": b"",
        "common/icon.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "common/thief.js": (OURS / "thief.js").read_bytes(),
        "common/program.js": (OURS / "program.js").read_bytes(),
        "common/realm.js": _REALM.encode(),
        "common/markup.json": b'{"x": "<iframe srcdoc=x></iframe>"}',
        f"{page}.html": _HTML.encode(),
        "pages/second/second.html": _HTML.encode(),
    }


async def publish(city: OpenCity) -> dict[str, Release]:
    releases, developer = city.city.rooms.releases, Developer()
    organisation = await releases.organisation_of(
        names={Locale.ZH_CN: "贼", Locale.EN: "Thief"},
        verified=False,
        keys=[developer.jwk],
        key_id=thumbprint(developer.jwk),
    )
    made = {}
    for files in (_files(STRICT, PAGE), _files(LOOSE, OTHER_PAGE, city_csp={"trusted_types": False})):
        release = await releases.publish(
            package=developer.signed(files, at=epoch_s(SystemClock().now())),
            organisation=organisation,
            granted=_GRANTED,
            by="stf_1",
            category=Category.CULTURE,
        )
        made[release.app_id] = release
    return made


@dataclass
class Attempt:
    """found: what the page was told of each way. at: who hears of a leak."""

    at: Collector
    frame: Frame
    found: dict[str, str] = field(default_factory=dict)


@dataclass
class Scene:
    """A Chromium of a person, the shell in it, and the test's own server of pages without any policy.

    log: of Chromium's network. written: the city's log. said: what the console said.
    """

    city: OpenCity
    context: BrowserContext
    phone: Phone
    bare: str
    log: Path
    written: io.StringIO = field(repr=False)
    releases: dict[str, Release] = field(repr=False)
    said: list[str] = field(default_factory=list)
    policies: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)

    @property
    def page(self) -> Page:
        return self.phone.page

    async def opened(self, app_id: str, page: str, on: Phone | None = None) -> Frame:
        """on: another page of this phone."""
        phone = on or self.phone
        await phone.open(f"/mini/{app_id}", ready=f"[data-app='{app_id}'] .mini-who")
        return await self.frame_at(f"{page}.html", phone.page)

    async def beside(self) -> Phone:
        """The shell once more, for what may bring a page down."""
        return Phone(self.city.base, await self.context.new_page())

    async def frame_at(self, path: str, page: Page | None = None) -> Frame:
        async def found() -> Frame | None:
            for frame in (page or self.page).frames:
                if path in frame.url and await is_ready(frame):
                    return frame
            return None

        return await until(found, what=path)

    async def bare_page(self) -> Page:
        page = await self.context.new_page()
        await page.goto(f"{self.bare}/bare")
        await page.wait_for_function("globalThis.thief")
        return page


async def is_ready(frame: Frame) -> bool:
    try:
        return bool(await frame.evaluate("globalThis.ready === true && 'thief' in globalThis"))
    except Error:
        return False


_NOT_COPIED: Final = ("Connection-Allowlist", "Content-Encoding", "Content-Length", "Transfer-Encoding")


@asynccontextmanager
async def bare_server() -> AsyncIterator[str]:
    async def bare(_: web.Request) -> web.Response:
        return web.Response(text=_BARE, content_type="text/html")

    async def thief(_: web.Request) -> web.Response:
        headers = {"Access-Control-Allow-Origin": "*"}
        return web.Response(body=(OURS / "thief.js").read_bytes(), content_type="text/javascript", headers=headers)

    async def copy(request: web.Request) -> web.Response:
        """A page of a program as the city serves it, without the one header."""
        asked = URL(request.query["of"])
        headers = {"Host": asked.authority}
        async with ClientSession() as http, http.get(request.query["through"] + asked.path, headers=headers) as answer:
            told = {name: value for name, value in answer.headers.items() if name not in _NOT_COPIED}
            return web.Response(body=await answer.read(), headers=told)

    async def realm(_: web.Request) -> web.Response:
        return web.Response(text=_REALM, content_type="text/javascript")

    async def worker(_: web.Request) -> web.Response:
        return web.Response(text="", content_type="text/javascript")

    app = web.Application()
    served = {"/bare": bare, "/copy": copy, "/thief.js": thief, "/common/realm.js": realm, "/worker.js": worker}
    app.add_routes([web.get(path, answer) for path, answer in served.items()])
    runner = web.AppRunner(app, access_log=None)
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        listening = asked.dup()
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield f"http://bare.mini.localhost:{listening.getsockname()[1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def staged(city: OpenCity, chromium: str, folder: Path) -> AsyncIterator[Scene]:
    """Everything tried once, programs first: what the bare page does comes later, so it says when to look."""
    log = folder / "net.json"
    async with AsyncExitStack() as stack:
        releases, written = await publish(city), stack.enter_context(logged())
        at = {who: await stack.enter_async_context(collecting(who)) for who in ("strict", "loose", "kept", "control")}
        bare = await stack.enter_async_context(bare_server())
        playwright = await stack.enter_async_context(async_playwright())
        # A profile that stays, and Chromium whole: a private one, or one without windows, looks up no names of hints.
        context = await playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=chromium,
            args=[*CHROMIUM_ARGS, "--site-per-process", f"--log-net-log={log}", "--js-flags=--max-old-space-size=256"],
            viewport={"width": 390, "height": 844},
            locale="zh-CN",
        )
        stack.push_async_callback(context.close)
        phone = Phone(city.base, context.pages[0])
        scene = Scene(city, context, phone, bare, log, written, releases)
        phone.page.on("console", lambda told: scene.said.append(told.text))
        await phone.sign_in(CITIZEN)
        for app_id, page, who in ((STRICT, PAGE, "strict"), (LOOSE, OTHER_PAGE, "loose")):
            attempt = scene.attempts[app_id] = Attempt(at[who], await scene.opened(app_id, page))
            scene.policies[app_id] = await city.city.rooms.releases.csp_of(releases[app_id]) or ""
            await try_all(attempt)
            await leave_by_program(scene, attempt)
        scene.attempts["kept"] = Attempt(at["kept"], await kept(scene))
        await try_all(scene.attempts["kept"])
        await control(scene, at["control"])
        for attempt in scene.attempts.values():
            attempt.found = await attempt.frame.evaluate("found")
        yield scene


async def kept(scene: Scene) -> Frame:
    """A page as the shell's service worker puts it together from what was verified, though there is a line."""
    page = scene.page
    await until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), what="the worker")
    address = f"/run/{STRICT}/kept/{scene.releases[STRICT].package_sha256}/{PAGE}.html"
    await page.evaluate(
        """(address) => new Promise((resolve) => {
        const player = Object.assign(document.createElement("iframe"), { name: "kept", src: address });
        player.onload = () => {
          const { body } = player.contentDocument;
          resolve(body.append(body.querySelector("template").content.querySelector("iframe")));
        };
        document.body.append(player);
        })""",
        address,
    )

    async def found() -> Frame | None:
        for frame in page.frames:
            if frame.url == "about:srcdoc" and frame.parent_frame and frame.parent_frame.name == "kept":
                if await _is_thief(frame):
                    return frame
        return None

    return await until(found, what="the kept page")


async def try_all(attempt: Attempt) -> None:
    await attempt.frame.evaluate("([w, p]) => void thief.tryAll(w, p)", [attempt.at.who, attempt.at.ports])


async def leave_by_program(scene: Scene, attempt: Attempt) -> None:
    """Each way that takes the page along, from a page of its own."""
    ways = await attempt.frame.evaluate("Object.keys(thief.LEAVE)")
    for way in ways:
        answer = await attempt.frame.evaluate("(url) => ask('navigateTo', { url })", f"pages/second/second?{way}=1")
        assert answer.get("ok") == {}, answer
        await leave(await scene.frame_at(f"pages/second/second.html?{way}=1"), way, attempt.at)


async def leave(frame: Frame, way: str, at: Collector) -> None:
    await frame.evaluate("([n, w, p]) => void thief.LEAVE[n](thief.addresses(w, p))", [way, at.who, at.ports])


async def control(scene: Scene, at: Collector) -> None:
    page = await scene.bare_page()
    scene.attempts["control"] = Attempt(at, page.main_frame)
    await page.evaluate("([w, p]) => void thief.STAY.speculation(thief.addresses(w, p))", [at.who, at.ports])
    await until(lambda: _has(at, "speculation"), what="what the page will ask for next")
    ways = await page.evaluate("Object.keys(thief.LEAVE)")
    framed = "(n) => { const f = document.createElement('iframe'); f.src = `/bare?${n}`; document.body.append(f); }"
    for way in ways:
        await page.evaluate(framed, way)
        frame = await until(partial(_with, page, f"/bare?{way}"), what=way)
        await leave(frame, way, at)
    await try_all(scene.attempts["control"])


async def _has(at: Collector, way: str) -> bool:
    return at.arrived[way] > 0


async def _with(page: Page, path: str) -> Frame | None:
    for frame in page.frames:
        if path in frame.url and await _is_thief(frame):
            return frame
    return None


async def _is_thief(frame: Frame) -> bool:
    try:
        return bool(await frame.evaluate("'thief' in globalThis"))
    except Error:
        return False
