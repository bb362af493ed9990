"""Small programs of the city's own, published for tests: one with pages and tabs that asks for things, one with a long
English name."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Error, Frame, Page

from miniapps.releases.own import OwnPrograms
from tests.browser.shell_phone import Phone
from tests.support.city import OpenCity
from tests.support.waiting import until

LIBRARY: Final = "city.test.library"
LONG: Final = "city.test.long"
_PAGES: Final = ("pages/shelf/shelf", "pages/mine/mine", "pages/book/book")
_SCRIPT: Final = (Path(__file__).parent / "mini" / "program.js").read_text()
_PAGE: Final = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>page</title>
<link rel="stylesheet" href="../../app.css"><script type="module" src="../../common/program.js"></script></head>
<body><h1>{name}</h1><p>三本书在架上，一本明天到期。</p><button id="tap">续借</button></body></html>"""
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="10" fill="#234a6b"/>'
    '<path d="M12 13h10v22H12zM26 13h10v22H26z" fill="#e9e2d0"/></svg>'
)
_CSS: Final = "body { font: 17px/1.6 sans-serif; margin: 24px } button { min-height: 44px; padding: 0 20px }"


def _written(folder: Path, manifest: dict[str, Any], english: dict[str, Any]) -> None:
    files = {
        "manifest.json": json.dumps(manifest),
        "app.js": "",
        "app.css": _CSS,
        "common/icon.svg": _ICON,
        "common/program.js": _SCRIPT,
        "i18n/en.json": json.dumps(english),
        **{f"{page}.html": _PAGE.format(name=manifest["name"]) for page in manifest["pages"]},
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


async def publish(city: OpenCity, folder: Path) -> None:
    """Both programs, through the door by which the city publishes its own. folder: an empty one."""
    (folder / "sdk").mkdir()
    common = {
        "icons": [{"src": "common/icon.svg", "sizes": "48x48"}],
        "version": {"name": "1.4.0", "code": 1},
        "platform_version": {"min_code": 1},
    }
    wanted = ("city.user.openid", "city.user.phone", "city.device.location.fuzzy", "city.device.clipboard")
    reasons = dict(zip(wanted, ("记住您的书架", "到期前打电话提醒", "找最近的分馆", "复制书号"), strict=True))
    _written(
        folder / "programs" / "air",  # of another category than the other
        {
            **common,
            "app_id": LIBRARY,
            "name": "城市图书馆",
            "short_name": "图书馆",
            "description": "查书、续借，看看哪个分馆最近。",
            "pages": list(_PAGES),
            "window": {
                "navigation_bar_title_text": "我的书架",
                "navigation_bar_background_color": "#234a6b",
                "navigation_bar_text_style": "white",
                "enable_pull_down_refresh": True,
            },
            "city_tab_bar": {"items": [{"page": _PAGES[0], "text": "书架"}, {"page": _PAGES[1], "text": "我的"}]},
            "req_permissions": [{"name": name, "reason": reasons[name]} for name in wanted],
        },
        {
            "name": "City Library",
            "short_name": "Library",
            "description": "Find books, renew them, see the nearest branch.",
        },
    )
    _written(
        folder / "programs" / "long",
        {
            **common,
            "app_id": LONG,
            "name": "北京市城市副中心公共文化设施预约与志愿服务时长登记平台",
            "description": "预约场馆，登记志愿服务时长。",
            "pages": ["pages/home/home"],
            "req_permissions": [{"name": "city.message.subscribe", "reason": "开场前提醒"}],
            "city_subscribe_templates": ["booking", "hours"],
        },
        {
            "name": "Municipal Cultural Venue Booking and Volunteer Hours",
            "description": "Book venues, log volunteer hours.",
        },
    )
    own = OwnPrograms(city.city.rooms.releases, programs=folder / "programs", sdk=folder / "sdk")
    await own.publish()


async def program_frame(page: Page, path: str = "", *, of: str = "") -> Frame:
    """The frame of a program's page (of the one at `path`, of the program `of`), when its script has the line."""

    async def found() -> Frame | None:
        for frame in page.frames:
            player = frame.parent_frame.url if frame.parent_frame else ""
            if ".mini.localhost" in frame.url and path in frame.url and player.endswith(of):
                with suppress(Error):  # it went, or was led on, while it was looked at
                    if await frame.evaluate("globalThis.ready === true"):
                        return frame
        return None

    return await until(found, what="the program's page")


async def opened(phone: Phone, app_id: str = LIBRARY, *, page: str = "") -> Frame:
    """A program on its screen, painted."""
    stage = f"[data-app='{app_id}']:not([hidden])"
    await phone.open(f"/mini/{app_id}" + (f"?page={page}" if page else ""), ready=f"{stage} .mini-who")
    frame = await program_frame(phone.page, page, of=f"/run/{app_id}")
    await phone.page.wait_for_selector(f"{stage} .mini-splash", state="hidden")
    return frame


async def ended(page: Page) -> None:
    """The reader ends the program before them; its own cross only puts it away."""
    await page.locator("[data-testid=mini-menu]:visible").click()
    await page.get_by_test_id("mini-end").click()


async def begin(frame: Frame, method: str, **params: Any) -> None:
    """Have the program ask; its answer comes to `answer`."""
    await frame.evaluate(
        "([m, p]) => { globalThis.answer = undefined; ask(m, p).then((a) => (answer = a)); }", [method, params]
    )


async def answer(frame: Frame) -> dict[str, Any]:
    """What the host answered to `begin`."""

    async def come() -> dict[str, Any] | None:
        said: dict[str, Any] | None = await frame.evaluate("globalThis.answer ?? null")
        return said

    return await until(come, what="the host's answer")
