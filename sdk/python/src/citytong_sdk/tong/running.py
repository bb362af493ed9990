"""The pages of a program in a real Chromium, fenced as in the city: what each did (`review.dynamic.Measured`).

Each page is opened three times, each time as if for the first time: as it is; on a slow phone and line, until something
is painted; and without a line. Nothing leaves: Chromium asks `served.Served` for everything, resolves no name and knows
no proxy that answers, in case something finds a way around.

A slow phone is a quarter of this machine's speed, a slow line 1.6 Mbit/s with 150 ms before each answer, as in
Lighthouse's mobile profile. What the host brings is on the phone already and waits for no line.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import zlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from citytong_sdk.review.dynamic import ITEMS_MAX, PAINT_MS_MAX, Measured

from .errors import TongError
from .served import UNANSWERED, Served

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage, Frame, Page, Route

T = TypeVar("T")
_LOADED_WITHIN_MS: Final = 15_000
# A page that goes on asking is looked at all the same.
_QUIET_WITHIN_MS: Final = 3_000
# How long a page that has loaded may go on before it is looked at.
_SETTLES_MS: Final = 300
_PAINTS_WITHIN_MS: Final = 5_000
_UNLOADS_WITHIN_S: Final = 3.0
_LOOKED_AT_WITHIN_S: Final = 30.0
_SLOWER: Final = 4
_LINE_BYTES_PER_S: Final = 1_600_000 / 8
_LINE_LATENCY_S: Final = 0.15
_PHONE: Final = {"width": 390, "height": 844}
_FENCE: Final = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # The shell and the program share one process: what slows it slows both, and the one waits for the other's end.
    # The shell holds nothing that the program could take.
    "--disable-site-isolation-trials",
)
# The discard port of this machine, and for its own addresses too.
_NOWHERE: Final = {"server": "http://127.0.0.1:9", "bypass": "<-loopback>"}
_SHOWN: Final = "() => document.body !== null && document.body.innerText.trim() !== ''"
_ELDER: Final = """() => {
  document.documentElement.style.fontSize = '200%';
  const { scrollWidth, clientWidth } = document.documentElement;
  document.documentElement.style.fontSize = '';
  return Number(scrollWidth - clientWidth);
}"""
_AXE: Final = "async () => (await axe.run()).violations.map(({ id, nodes }) => `${id} ×${nodes.length}`)"
_PAINT: Final = (
    """() => performance.getEntriesByType('paint').find(({ name }) => name === 'first-contentful-paint')?.startTime"""
)
_UNLOAD: Final = """() => {
  const began = performance.now();
  document.querySelector('iframe').remove();
  return performance.now() - began;
}"""
_NO_LINE: Final = "Failed to load resource: net::ERR_"


class _Line:
    """A slow line: one answer after the other, each some time after it was asked for."""

    def __init__(self) -> None:
        self._free_at = 0.0

    async def carry(self, content: bytes) -> None:
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + len(zlib.compress(content)) / _LINE_BYTES_PER_S
        await asyncio.sleep(self._free_at - now + _LINE_LATENCY_S)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a page did while it ran. unanswered: what it asked for, as it may, and did not get here."""

    faults: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    policy: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        _note(self.faults, text)

    def message(self, message: ConsoleMessage) -> None:
        if message.text == UNANSWERED:
            _note(self.unanswered, message.text)
        # That a domain of its own did not answer is this run's doing.
        if message.type != "error" or message.text.startswith(_NO_LINE):
            return
        fenced = "Content Security Policy" in message.text or "Trusted Type" in message.text
        _note(self.policy if fenced else self.console, message.text)

    def elsewhere(self, served: Served, url: str) -> None:
        """What is neither the program's nor its host's was asked for."""
        _note(self.unanswered if served.declared(url) else self.leaks, urlsplit(url).netloc or url)


@dataclass(frozen=True, slots=True)
class Chromium:
    """axe: the script of axe-core; none: accessibility is not looked at."""

    browser: Browser
    axe: str | None

    @property
    def version(self) -> str:
        return self.browser.version

    async def run(self, served: Served, path: str) -> Measured:
        """What the page at `path` does. Raises nothing for what a page does."""
        measured = await self._as_it_is(served, path)
        if not measured.booted:
            return measured
        without = await self._without_a_line(replace(served, offline=True), path)
        return replace(
            measured,
            paint_ms=await self._painted(served, path),
            faults_offline=without.faults,
            leaks=(*measured.leaks, *without.leaks),
        )

    async def _as_it_is(self, served: Served, path: str) -> Measured:
        async with self._page(served) as (page, heard):
            frame = await _opened(page, served.address(path), heard)
            # What shows nothing because nobody answers it has to show something without a line, too: said there.
            if frame and not heard.unanswered:
                await _sees(frame, heard)
            looked = await self._looked(frame) if frame else {}
            unload_ms = await _within(_UNLOADS_WITHIN_S, page.evaluate(_UNLOAD), otherwise=None) if frame else 0
        return Measured(
            path,
            faults=tuple(heard.faults),
            unload_ms=_number(unload_ms, otherwise=_UNLOADS_WITHIN_S * 1000),
            leaks=tuple(heard.leaks),
            console=tuple(heard.console),
            policy=tuple(heard.policy),
            **looked,
        )

    async def _without_a_line(self, served: Served, path: str) -> Measured:
        async with self._page(served) as (page, heard):
            if frame := await _opened(page, served.address(path), heard):
                await _sees(frame, heard)
        return Measured(path, faults=tuple(heard.faults), leaks=tuple(heard.leaks))

    async def _painted(self, served: Served, path: str) -> float | None:
        """Until its first paint; the better of two where the first was late, for this machine may do other things."""
        first = await self._first_paint(served, path)
        if first is None or first < PAINT_MS_MAX:
            return first
        second = await self._first_paint(served, path)
        return first if second is None else min(first, second)

    async def _first_paint(self, served: Served, path: str) -> float | None:
        from playwright.async_api import Error

        async with self._page(served, line=_Line()) as (page, _):
            session = await page.context.new_cdp_session(page)
            await session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
            try:
                await page.goto(served.address(path), wait_until="commit", timeout=_LOADED_WITHIN_MS)
                element = await page.wait_for_selector("iframe", state="attached", timeout=_LOADED_WITHIN_MS)
                frame = await element.content_frame() if element else None
                if frame is None:
                    return None
                painted = await frame.wait_for_function(_PAINT, timeout=_PAINTS_WITHIN_MS)
                told: object = await painted.json_value()
                return _number(told, otherwise=None)
            except Error:
                return _PAINTS_WITHIN_MS

    async def _looked(self, frame: Frame) -> dict[str, Any]:
        """What a page that has loaded is like; what it answers is its own word."""
        over = await _within(_LOOKED_AT_WITHIN_S, frame.evaluate(_ELDER), otherwise=0)
        found: object = []
        if self.axe:
            await _within(_LOOKED_AT_WITHIN_S, frame.evaluate(self.axe), otherwise=None)
            found = await _within(_LOOKED_AT_WITHIN_S, frame.evaluate(_AXE), otherwise=[])
        axe = [str(one) for one in found[:ITEMS_MAX]] if isinstance(found, list) else []
        return {"overflow_px": _number(over, otherwise=0), "axe": tuple(axe)}

    @asynccontextmanager
    async def _page(self, served: Served, *, line: _Line | None = None) -> AsyncIterator[tuple[Page, _Heard]]:
        """A page that knows nothing of those before. Whatever it does, it ends here: its process is killed."""
        from playwright.async_api import Error

        heard = _Heard()

        async def answer(route: Route) -> None:
            # Nobody waits any more for an answer to a page that has ended.
            with suppress(Error):
                await _answer(route, served, heard, line)

        context = await self.browser.new_context(
            viewport=_PHONE,  # type: ignore[arg-type]
            service_workers="block",
            accept_downloads=False,
            offline=served.offline,
        )
        try:
            await context.route("**/*", answer)
            page = await context.new_page()
            page.on("console", lambda message: heard.message(message))
            page.on("pageerror", lambda fault: heard.fault(str(fault)))
            page.on("websocket", lambda socket: heard.elsewhere(served, socket.url))
            yield page, heard
        finally:
            await context.close()


@asynccontextmanager
async def chromium(path: str) -> AsyncIterator[Chromium]:
    """A Chromium of its own, with a profile that ends with it. Raises: TongError when Playwright or it is not there."""
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError as fault:
        raise _nothing_to_run("Playwright is not installed.", "pip install playwright") from fault
    found = path or shutil.which("chromium-headless-shell") or shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(
                executable_path=found or None,
                # Chromium's own sandbox does not run as root.
                chromium_sandbox=os.geteuid() != 0,
                args=_FENCE,
                proxy=_NOWHERE,  # type: ignore[arg-type]
            )
        except Error as fault:
            raise _nothing_to_run(
                "Chromium does not start.", "playwright install chromium, or --chromium PATH"
            ) from fault
        try:
            yield Chromium(browser, _axe())
        finally:
            await browser.close()


async def _opened(page: Page, address: str, heard: _Heard) -> Frame | None:
    """The program's frame, once its page has loaded and settled; None, and a fault, if it never does."""
    from playwright.async_api import Error

    try:
        await page.goto(address, wait_until="load", timeout=_LOADED_WITHIN_MS)
        element = await page.query_selector("iframe")
        frame = await element.content_frame() if element else None
    except Error:
        frame = None
    if frame is None:
        heard.fault("it did not load")
        return None
    with suppress(Error):
        await frame.wait_for_load_state("networkidle", timeout=_QUIET_WITHIN_MS)
    await page.wait_for_timeout(_SETTLES_MS)
    return frame


async def _sees(frame: Frame, heard: _Heard) -> None:
    if not await _within(_LOOKED_AT_WITHIN_S, frame.evaluate(_SHOWN), otherwise=False):
        heard.fault("the page is empty")


async def _answer(route: Route, served: Served, heard: _Heard, line: _Line | None) -> None:
    url = route.request.url
    found = served.answer(url)
    if found is None:
        heard.elsewhere(served, url)
        await route.abort()
        return
    if line and found.own:
        await line.carry(found.body)
    await route.fulfill(status=found.status, headers=dict(found.headers), body=found.body)


async def _within(seconds: float, asked: Awaitable[T], *, otherwise: T) -> T:
    """What a page answers in time; `otherwise` where it does not, or throws."""
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(seconds):
            return await asked
    except (Error, TimeoutError):
        return otherwise


def _number(told: object, *, otherwise: T) -> float | T:
    return told if isinstance(told, int | float) else otherwise


def _note(kept: list[str], text: str) -> None:
    if len(kept) < ITEMS_MAX:
        kept.append(text)


def _nothing_to_run(message: str, advice: str) -> TongError:
    return TongError("TONG_NO_CHROMIUM", message, advice=advice)


def _axe() -> str | None:
    """The script of axe-core, where the package that brings it is installed."""
    spec = util.find_spec("axe_playwright_python")
    script = Path(spec.origin).with_name("axe.min.js") if spec and spec.origin else None
    return script.read_text(encoding="utf-8") if script and script.is_file() else None
