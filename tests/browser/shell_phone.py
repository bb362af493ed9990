"""A phone that shows the shell: a Chromium page of phone size, and what a person does with it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, Page, Request

from tests.support.waiting import until

CITIZEN = "13800000001"
LONG_NAME = "13800000002"
OFFICER = "13900000001"

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium() -> str | None:
    """Where Chromium is: without the windows that nobody sees where that is installed, since it costs half as much."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@dataclass(frozen=True, slots=True)
class Phone:
    """base: the city. faults: what the console complained of. strangers: requests that left the city, of one that is
    watched; None of another, since to hear of each request is a tenth of what it costs to load the shell.
    """

    base: str
    page: Page
    faults: list[str] = field(default_factory=list)
    strangers: list[str] | None = None

    async def open(self, path: str = "", *, ready: str = "h1") -> None:
        """Show a screen by its address, as a link would, and wait for `ready`. Until it comes, the one before stays."""
        await self.page.goto(f"{self.base}/#{path}")
        await self.page.wait_for_selector(f"body:not([aria-busy]) :is({ready})", state="attached")

    async def sign_in(self, phone: str) -> None:
        """Through the screens, as a person does; the demo city shows the code."""
        await self.open("/sign-in", ready="#phone")
        if phone.startswith("139"):
            await self.page.locator(".sign-in-other button").first.click()
        await self.page.fill("#phone", phone)
        await self.page.click("button[type=submit]")
        await self.page.get_by_test_id("demo-code").get_by_role("button").click()
        if phone.startswith("139"):
            await (
                self.page.locator("[data-screen='sign-in/second']")
                .get_by_test_id("demo-code")
                .get_by_role("button")
                .click()
            )
        await self.page.wait_for_selector(_BEGUN)

    async def wear(self, prefs: dict[str, str]) -> None:
        """Another look, as its owner would choose it: a new phone for each would load the shell and sign in again."""
        await self.page.evaluate("(kept) => (localStorage['citytong.prefs'] = kept)", json.dumps({**PLAIN, **prefs}))
        await self.page.reload()

    async def begin_again(self) -> None:
        """Where one begins, signed in as before: one tab, nothing routed, and forgotten what a start forgets."""
        for tab in self.page.context.pages:
            if tab is not self.page:
                await tab.close()
        await self.page.unroute_all()
        await self.page.evaluate(
            "(kept) => { sessionStorage.clear(); localStorage['citytong.prefs'] = kept; location.hash = '/home'; }",
            json.dumps(PLAIN),
        )
        await self.page.reload()
        await self.page.wait_for_selector(_BEGUN)
        self.faults.clear()

    async def violations(self) -> list[str]:
        """What axe finds wrong, each with its first culprit. Still pictures only: a fade is not a colour."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE_SCRIPT)
        return await self._of_a_still_picture(_VIOLATIONS)

    async def stop_the_clock(self) -> None:
        """From now on the page's installed clock goes by the test's word alone, however slow the machine is.

        It is put ahead, since it cannot be stopped at a moment that is over when it hears of it.
        """
        await self.page.clock.pause_at(await self.page.evaluate("Date.now()") / 1000 + _AHEAD_S)

    async def press(self, test_id: str) -> bool:
        """Press what opens a sheet that asks. Was its yes still unarmed when it came? Half a second later it is not."""
        asked: bool = await self.page.get_by_test_id(test_id).evaluate(_PRESS)
        return asked

    async def overflow_px(self) -> int:
        """How far the page can be scrolled sideways."""
        wide: int = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return max(0, wide)

    async def small_targets(self, least_px: float) -> list[str]:
        """Controls narrower or lower than this. A link within a sentence is not a control."""
        # A button that was pressed is a little smaller for a moment.
        return await self._of_a_still_picture(_SMALL_TARGETS, least_px)

    async def _of_a_still_picture(self, look: str, *said: Any) -> list[str]:
        """What is seen while nothing moves but what moves for ever.

        Both are asked in one breath, since what comes late may fade in at any moment; and from outside, again and
        again: what ends may start the next (an armed button fades into its own colour), and a page's own clock may be
        a test's.
        """

        async def seen() -> list[str] | None:
            found: list[str] | None = await self.page.evaluate(
                f"(said) => ({_MOVING})() ? null : ({look})(said)", *said
            )
            return found

        return await until(seen, what="a still picture")


# What a phone looks like unless a test says otherwise.
PLAIN = {"locale": "zh-CN", "theme": "light"}

NewPhone = Callable[..., Awaitable[Phone]]
SamePhone = Callable[[str], Awaitable[Phone]]

# Where one begins: at home, at the counter, with the cases of one's district, or with what waits for an officer.
_BEGUN = (
    "[data-screen=home] .bricks, [data-testid=own-scans], [data-testid=staff-cases], [data-testid=counter], "
    "[data-testid=acts], [data-testid=programs]"
)
_AHEAD_S = 30
_PRESS = """(button) => {
  button.click();
  return document.querySelector("dialog[open] [data-testid=confirm]").disabled;
}"""
# A band travels for ever; a ring's way is renewed every second. What is arming is about to change.
_MOVING = """() => document.querySelector(".arming") !== null || document.getAnimations().some((each) =>
  each.playState === "running" && each.effect.getTiming().iterations !== Infinity
  && each.transitionProperty !== "stroke-dashoffset")"""

_VIOLATIONS = """() => axe.run({ resultTypes: ["violations"], preload: false })
  .then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)}`))"""

_SMALL_TARGETS = """(least) => [...document.querySelectorAll("a, button, summary, .choice, .field, textarea")]
  .filter((el) => el.checkVisibility() && !el.classList.contains("skip"))
  .map((el) => [el, el.getBoundingClientRect()])
  .filter(([, box]) => box.width < least - 0.5 || box.height < least - 0.5)
  .map(([el, box]) => `${el.className || el.tagName} ${box.width.toFixed(0)}x${box.height.toFixed(0)}`)"""


async def phone_of(
    browser: Browser, base: str, *, prefs: dict[str, str], watched: bool = False, **look: Any
) -> tuple[BrowserContext, Phone]:
    """A new phone that has never seen the city.

    prefs: the look that its owner chose. watched: says which requests leave the city. look: of the Chromium context.
    """
    context = await browser.new_context(
        **{
            "viewport": {"width": 390, "height": 844},
            "device_scale_factor": 1,
            "timezone_id": "Asia/Shanghai",
            "locale": prefs.get("locale", "zh-CN"),
            **look,
        }
    )
    kept = json.dumps(json.dumps(prefs))
    await context.add_init_script(f"localStorage['citytong.prefs'] ??= {kept}")
    # Each new phone would fetch all of the shell; what its worker does is asked in test_mini_offline.py.
    await context.add_init_script("delete Navigator.prototype.serviceWorker")
    strangers: list[str] | None = [] if watched else None
    phone = Phone(base, await context.new_page(), strangers=strangers)
    _watch(phone)
    return context, phone


def _watch(phone: Phone) -> None:
    if (strangers := phone.strangers) is not None:

        def asked(request: Request) -> None:
            if not request.url.startswith((phone.base, "data:", "blob:")):
                strangers.append(request.url)

        phone.page.on("request", asked)
    phone.page.on("pageerror", lambda error: phone.faults.append(str(error)))
    phone.page.on("console", lambda said: phone.faults.append(said.text) if said.type in ("error", "warning") else None)


def answer(*, data: Any = None, code: str = "", message: str = "", **extensions: Any) -> str:
    """A GraphQL answer as the city would write it, for what a whole city cannot be brought to say at will."""
    errors = [{"message": message, "extensions": {"code": code, **extensions}}] if code else []
    return json.dumps({"data": data, **({"errors": errors} if errors else {})})


def operation(request: Request) -> str:
    """The name of the operation that a request sends."""
    found = re.search(r'"operationName":"(\w+)"', request.post_data or "")
    return found[1] if found else ""
