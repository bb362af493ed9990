"""What a person sees of programs: the list, a program's page, one that runs, two at once, what programs may do."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Request, Response, Route, expect

from core.locale import Locale
from core.mongo import Session
from core.paging import PageRequest
from miniapps.sessions.capabilities import PERMISSIONS
from tests.browser.mini_programs import LIBRARY, LONG, answer, begin, ended, opened, program_frame, publish
from tests.browser.shell_phone import LONG_NAME, NewPhone, Phone, SamePhone, operation
from tests.browser.shell_phone import answer as answer_of_city
from tests.support.city import OpenCity
from tests.support.residents import resident
from tests.support.waiting import until

LOOKS: dict[str, dict[str, str]] = {
    "light": {"theme": "light"},
    "dark-english-larger": {"theme": "dark", "locale": "en", "text": "larger"},
    "elder": {"theme": "light", "mode": "elder"},
}
SCREENS = {
    "/home": "[data-testid=mini-tiles]",
    "/mini": "[data-testid=mini-list]",
    f"/mini/{LIBRARY}/about": "[data-testid=mini-permissions]",
    "/me/programs": "[data-testid=empty], [data-testid=mini-permits]",
    "/mini/city.test.none": "[data-testid=empty]",
}

# Names of the pages that are seen, of the program on screen.
_SEEN = """() => [...document.querySelectorAll(".mini-stage:not([hidden]) .mini-player")].flatMap((player) =>
  [...player.contentDocument.querySelectorAll("iframe:not([hidden])")].map((page) => page.src.split("/").at(-2)))"""


@pytest_asyncio.fixture(scope="module", autouse=True)
async def published(shell_city: OpenCity, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    await publish(shell_city, tmp_path_factory.mktemp("programs"))
    yield


async def wrong(phone: Phone, *, least_px: int) -> list[str]:
    found = await phone.violations() + await phone.small_targets(least_px)
    return found + [f"{over} px too wide" for over in [await phone.overflow_px()] if over]


@pytest.mark.parametrize("look", LOOKS)
async def test_every_screen_in_every_look(same_phone: SamePhone, look: str) -> None:
    prefs = LOOKS[look]
    least = 60 if prefs.get("mode") == "elder" else 44
    phone = await same_phone(LONG_NAME)
    await phone.wear(prefs)
    found: dict[str, list[str]] = {}
    for path, ready in SCREENS.items():
        await phone.open(path, ready=ready)
        found[path] = await wrong(phone, least_px=least)
    for app_id in (LONG, LIBRARY):
        await opened(phone, app_id)
        found[app_id] = await wrong(phone, least_px=least)
    await phone.page.locator("[data-testid=mini-menu]:visible").click()
    found["menu"] = await wrong(phone, least_px=least)
    await phone.page.keyboard.press("Escape")
    await begin(
        await program_frame(phone.page, "shelf"), "authorize", scopes=["city.user.phone", "city.device.clipboard"]
    )
    await phone.page.wait_for_selector("[data-testid=wanted]")
    found["permissions"] = await wrong(phone, least_px=least)
    assert {path: list_ for path, list_ in found.items() if list_} == {}


async def test_at_320_px_with_text_at_200_per_cent_nothing_is_cut(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=LONG_NAME, prefs={"locale": "en"}, viewport={"width": 320, "height": 568})
    page = phone.page
    for path, ready in SCREENS.items():
        await phone.open(path, ready=ready)
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert (path, await phone.overflow_px()) == (path, 0)
    await opened(phone)
    bar = await page.locator(".mini-bar:visible").evaluate(
        "(bar) => [bar.scrollWidth - bar.clientWidth, bar.clientHeight]"
    )
    assert bar[0] == 0
    who = await page.locator(".mini-who:visible").bounding_box()
    assert who is not None and who["width"] > 60
    await page.locator("[data-testid=mini-menu]:visible").click()
    assert await page.get_by_role("dialog").evaluate("(sheet) => sheet.scrollWidth - sheet.clientWidth") <= 0


async def test_programs_are_found_by_word_and_by_kind(same_phone: SamePhone) -> None:
    phone = await same_phone(LONG_NAME)
    page = phone.page
    await page.get_by_role("searchbox").fill("续借")
    hit = page.get_by_test_id("found-programs")
    await expect(hit.locator(".mini-name")).to_have_text(["城市图书馆"])
    async with page.expect_request(lambda asked: operation(asked) == "MiniPrograms") as listed:
        await phone.open("/mini", ready="[data-testid=mini-list]")
    asked = (await listed.value).post_data_json
    assert asked and asked["variables"]["district"] == "110105"
    names = page.get_by_test_id("mini-list").locator(".mini-name")
    await page.locator(".choice", has_text="环境").click()
    await expect(names.filter(has_text="城市图书馆")).to_have_count(1)
    await expect(names.filter(has_text="登记平台")).to_have_count(0)
    await page.locator(".choice", has_text="全部").click()
    await page.get_by_role("searchbox").fill("没有这样的")
    await expect(page.get_by_test_id("empty")).to_contain_text("没有找到")
    await page.get_by_role("searchbox").fill("场馆")
    await expect(names).to_have_text([re.compile("登记平台")])


async def test_a_program_s_page_says_who_built_it_and_settles_what_it_may_do(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in="13800000005", prefs={"locale": "en"})
    page = phone.page
    await phone.open(f"/mini/{LIBRARY}/about", ready="[data-testid=mini-permissions]")
    by = page.get_by_test_id("mini-by")
    await expect(by).to_have_attribute("data-verified", "true")
    await expect(page.get_by_test_id("mini-facts")).to_contain_text("1.4.0")
    switch = page.get_by_role("switch", name="Clipboard")
    await expect(switch).not_to_be_checked()
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(page.locator("[data-name='city.device.clipboard']")).to_contain_text("Allowed")
    await expect(switch).to_be_checked()
    await expect(switch).to_be_focused()
    await phone.open("/me/data/consents", ready="[data-testid=to-programs]")
    await page.get_by_test_id("to-programs").click()
    permits = page.get_by_test_id("mini-permits")
    await expect(permits).to_contain_text("Clipboard")
    await permits.get_by_role("link").click()
    await switch.click()
    await expect(page.locator("[data-name='city.device.clipboard']")).to_contain_text("Not allowed")
    await expect(switch).not_to_be_checked()
    await phone.open("/me/programs", ready="[data-testid=empty]")


async def test_a_program_lives_while_another_screen_is_shown_and_two_at_once(same_phone: SamePhone) -> None:
    phone = await same_phone("13800000004")
    page = phone.page
    shelf = await opened(phone)
    await expect(page.locator(".mini-title")).to_have_text("我的书架")
    await expect(page.get_by_test_id("mini-who")).to_contain_text("城市图书馆")
    await expect(page).to_have_title("城市图书馆 · 城市通")
    await shelf.evaluate("globalThis.mark = 'still here'")
    await page.get_by_role("button", name="我的", exact=True).click()
    await program_frame(page, "mine")
    await expect(page.get_by_role("button", name="我的", exact=True)).to_have_attribute("aria-current", "page")
    await page.get_by_role("button", name="书架").click()

    await phone.open("/home", ready="[data-testid=mini-tiles]")
    await expect(page.locator(".mini-stage")).to_be_hidden()
    await expect(page.get_by_test_id("mini-tiles").locator("span").first).to_have_text("图书馆")
    await opened(phone, LONG)
    await page.locator("[data-testid=mini-menu]:visible").click()
    await page.get_by_test_id("mini-switch").click()
    await expect(page.locator(f"[data-app='{LIBRARY}']")).to_be_visible()
    await expect(page.locator(f"[data-app='{LONG}']")).to_be_hidden()
    assert await shelf.evaluate("globalThis.mark") == "still here"

    # A link to one of its pages begins there, and is not there any more when one comes back.
    await phone.open(f"/mini/{LIBRARY}?page=pages/book/book&query=isbn%3D7", ready=".mini-who")
    book = await program_frame(page, "book")
    assert "isbn=7" in book.url
    await expect(page.get_by_test_id("mini-back")).to_have_attribute("aria-label", "首页")
    assert (await page.evaluate("location.hash")) == f"#/mini/{LIBRARY}"

    # Closed it is put away, and comes as it was; to be rid of it is another thing.
    await page.locator("[data-testid=mini-close]:visible").click()
    await expect(page.locator(f"[data-app='{LONG}']")).to_be_visible()  # where one came from
    await expect(page.locator(f"[data-app='{LIBRARY}']")).to_be_hidden()
    await opened(phone)
    hidden = "events.filter(({ ev }) => ev === 'apphide').map(({ d }) => d.reason)"
    assert await book.evaluate(hidden) == ["closed"]
    await ended(page)
    await expect(page.locator(f"[data-app='{LIBRARY}']")).to_have_count(0)
    await expect(page.locator(f"[data-app='{LONG}']")).to_be_visible()


async def test_the_system_s_back_goes_page_by_page_and_then_leaves_the_program(same_phone: SamePhone) -> None:
    phone = await same_phone("13800000004")
    page = phone.page
    shown = page.get_by_test_id("mini-stage")

    async def levels() -> int:
        return int(await page.evaluate("history.state.level ?? 0"))

    async def on(path: str, *, level: int) -> None:
        async def there() -> bool:
            return (await page.evaluate(_SEEN), await levels()) == ([path], level)

        await until(there, what=f"{path} at level {level}")

    shelf = await opened(phone)
    await begin(shelf, "navigateTo", url="pages/book/book?isbn=1")
    await on("book", level=1)
    await begin(await program_frame(page, "isbn=1"), "navigateTo", url="pages/book/book?isbn=2")
    await on("book", level=2)
    await page.go_back()
    await on("book", level=1)
    await page.go_forward()  # that page is gone
    await on("book", level=1)

    # A page that asks before it is left stays, and so does its entry, until the person agrees.
    book = await program_frame(page, "isbn=1")
    await begin(book, "enableAlertBeforeUnload", message="别走")
    await answer(book)
    await page.go_back()
    await page.get_by_role("dialog").wait_for()
    await page.keyboard.press("Escape")
    await on("book", level=1)
    await begin(book, "disableAlertBeforeUnload")
    await answer(book)

    # By the bar's own arrow the history follows.
    await page.locator("[data-testid=mini-back]:visible").click()
    await on("shelf", level=0)
    await begin(shelf, "navigateTo", url="pages/book/book?isbn=3")
    await on("book", level=1)
    await begin(await program_frame(page, "isbn=3"), "navigateTo", url="pages/book/book?isbn=4")
    await on("book", level=2)

    # From another screen back to where they were; a reload begins at the first page, with nothing behind it but home.
    await phone.open("/me", ready="h1")
    await page.go_back()
    await on("book", level=2)
    await page.reload()
    await program_frame(page, "shelf")
    await on("shelf", level=0)
    await page.go_back()
    await expect(shown).to_have_count(1)
    await expect(shown).to_be_hidden()
    assert await page.evaluate("location.hash") == "#/home"


async def test_closing_a_program_on_its_third_page_leads_where_it_was_opened(same_phone: SamePhone) -> None:
    phone = await same_phone("13800000004")
    page = phone.page
    await phone.open("/mini", ready="[data-testid=mini-list]")
    shelf = await opened(phone)
    await begin(shelf, "navigateTo", url="pages/book/book?isbn=1")
    await begin(await program_frame(page, "isbn=1"), "navigateTo", url="pages/book/book?isbn=2")
    await program_frame(page, "isbn=2")
    await page.locator("[data-testid=mini-close]:visible").click()
    await expect(page.get_by_test_id("mini-list")).to_be_visible()
    assert await page.evaluate("[location.hash, history.state.level ?? 0]") == ["#/mini", 0]


async def asked_of(phone: Phone, name: str, *, elsewhere: str, tile: str) -> object:
    """The variables with which home asks the city an operation, when one comes there from elsewhere."""
    await phone.open(elsewhere)
    async with phone.page.expect_request(lambda request: operation(request) == name) as asked:
        await phone.open("/home", ready=f"[data-testid=mini-tiles] a[href='#/mini/{tile}']")
    return json.loads((await asked.value).post_data or "{}")["variables"]


async def test_home_shows_programs_of_the_district_as_soon_as_it_knows_which(
    new_phone: NewPhone, shell_city: OpenCity
) -> None:
    releases = shell_city.city.rooms.releases
    listed = await releases.programs(locale=Locale.ZH_CN, page=PageRequest.of(first=1, after=None))
    first = listed.rows[0].app_id
    before = await releases.terms(first)

    async def of(districts: frozenset[str] | None) -> None:
        async def work(session: Session) -> None:
            await releases.store.put_terms(first, replace(before, districts=districts), session=session)

        await shell_city.city.ground.mongo.transaction(work)
        releases.forget()

    phone = await new_phone(signed_in="13800000003")
    await of(frozenset({"110108"}))
    try:
        # The city says which it is, and is asked for the rest; from then on it is asked with all else.
        assert await asked_of(phone, "MiniPrograms", elsewhere="/code", tile=first) == {"district": "110108"}
        assert await asked_of(phone, "Home", elsewhere="/bills", tile=first) == {"district": "110108"}
    finally:
        await of(before.districts)


async def test_tiles_of_the_district_come_when_no_hand_is_on_the_screen(
    new_phone: NewPhone, shell_city: OpenCity
) -> None:
    await resident(shell_city, phone="13700000091", name="司徒岚")  # who has used no program yet
    phone = await new_phone(signed_in="13700000091")
    page, comes = phone.page, asyncio.Event()
    tiles = page.get_by_test_id("mini-tiles").locator("a")

    async def late(route: Route) -> None:
        if operation(route.request) != "MiniPrograms":
            return await route.fallback()
        told = await route.fetch()
        body = await told.json()
        nodes = body["data"]["miniPrograms"]["nodes"]
        nodes.insert(0, {**nodes[0], "appId": "city.test.district", "name": "海淀", "shortName": "海淀"})
        await comes.wait()
        return await route.fulfill(response=told, json=body)

    async def shown() -> list[str]:
        hashes: list[str] = await tiles.evaluate_all("(all) => all.map(({ hash }) => hash)")
        return hashes

    async def before() -> list[str]:
        """The tiles of a screen that has asked for those of the district."""
        comes.clear()
        async with page.expect_request(_of_programs):
            await page.reload()
        await tiles.first.wait_for()
        return await shown()

    async def answered() -> None:
        async with page.expect_response(lambda response: _of_programs(response.request)) as told:
            comes.set()
        answer: Response = await told.value
        await answer.finished()
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def changed() -> bool:
        return "#/mini/city.test.district" in await shown()

    await page.route("**/graphql", late)
    were = await before()
    await tiles.first.evaluate("(tile) => (tile.mark = true)")
    await page.get_by_role("heading", level=1).hover()
    await page.mouse.down()
    await answered()
    assert await shown() == were
    await page.mouse.up()
    await until(changed, what="the district's programs")
    assert await shown() == ["#/mini/city.test.district", *were][:4]
    assert await tiles.nth(1).evaluate("(tile) => tile.mark")  # who stays keeps their tile

    were = await before()
    await tiles.first.focus()
    await answered()
    assert await shown() == were
    await expect(tiles.first).to_be_focused()
    await page.get_by_role("searchbox").focus()
    await until(changed, what="the district's programs")

    were = await before()
    await tiles.first.hover()
    await page.mouse.down()
    await answered()
    assert await shown() == were
    await page.mouse.up()
    await page.wait_for_url(f"**/{were[0]}")


def _of_programs(request: Request) -> bool:
    return operation(request) == "MiniPrograms"


async def test_a_program_that_one_rests_on_is_made_ready_and_opened_there(same_phone: SamePhone) -> None:
    phone = await same_phone("13800000005")
    page = phone.page
    await opened(phone)
    await ended(page)
    await expect(page.get_by_test_id("mini-stage")).to_have_count(0)
    await phone.open("/home", ready="[data-testid=mini-tiles]")
    await expect(page.locator("main [aria-busy]")).to_have_count(
        0
    )  # what was known is drawn anew if the city says more
    tile = page.get_by_test_id("mini-tiles").locator(f"a[href='#/mini/{LIBRARY}']")
    await tile.hover()

    async def waits() -> bool:
        return any(frame.url.endswith("/__mini/waiting.html") for frame in page.frames)

    await until(waits, what="the page that waits")
    await expect(page.locator(".mini-stage.waits")).to_be_hidden()
    await tile.click()
    await program_frame(page, "shelf")
    await expect(page.locator(f"[data-app='{LIBRARY}'] .mini-title")).to_have_text("我的书架")
    await expect(page.get_by_test_id("mini-stage")).to_have_count(1)


async def test_a_deep_link_from_outside_lands_on_the_program(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in="13800000005")
    await phone.page.goto(f"{phone.base}/miniapp/{LIBRARY}/pages/book/book?isbn=8")
    book = await program_frame(phone.page, "book")
    assert "isbn=8" in book.url
    await phone.open(f"/mini/{LIBRARY.upper()}?page=pages/mine/mine", ready=".mini-who")
    await program_frame(phone.page, "mine")
    assert (await phone.page.evaluate("location.hash")) == f"#/mini/{LIBRARY}"


async def test_what_a_program_has_drawn(same_phone: SamePhone) -> None:
    phone = await same_phone("13800000005")
    page = phone.page
    shelf = await opened(phone)
    await begin(shelf, "uiMainButtonSet", text="<b>续借</b>", visible=True)
    await expect(page.get_by_test_id("mini-main")).to_have_text("<b>续借</b>")
    await page.get_by_test_id("mini-main").click()
    await begin(shelf, "setNavigationBarColor", frontColor="#ffffff", backgroundColor="#ffee88")
    await expect(page.locator(".mini-bar")).to_have_attribute("data-front", "black")  # white could not be read
    await begin(shelf, "setTabBarBadge", index=1, text="3")
    await expect(page.locator(".mini-badge")).to_have_text("3")
    await begin(shelf, "showToast", title="已续借", duration=60_000)
    await expect(page.get_by_test_id("mini-toast")).to_have_text("已续借")
    await begin(shelf, "hideToast")
    await expect(page.get_by_test_id("mini-toast")).to_have_count(0)
    await begin(shelf, "showModal", title="续借？", content="到期日", editable=True)
    await page.get_by_role("textbox").fill("12 月 20 日")
    await page.get_by_test_id("modal-yes").click()
    assert (await answer(shelf))["ok"] == {"confirm": True, "cancel": False, "content": "12 月 20 日"}
    await begin(shelf, "showActionSheet", itemList=["按书名", "按分馆"])
    await page.get_by_role("button", name="按分馆").click()
    assert (await answer(shelf))["ok"] == {"tapIndex": 1}
    assert [one for one in await shelf.evaluate("events") if one["ev"] == "mainbutton"] != []


async def test_a_program_that_was_taken_back_says_so(new_phone: NewPhone) -> None:
    """The city's answer, as it stands when the platform has revoked the program."""
    phone = await new_phone()
    page = phone.page
    await page.clock.install()
    await phone.sign_in("13800000005")
    await opened(phone)

    async def revoked(route: Route) -> None:
        if operation(route.request) != "MiniSession":
            return await route.continue_()
        return await route.fulfill(
            body=answer_of_city(data={"miniSession": {"ended": "PROGRAM_REVOKED", "capabilities": []}})
        )

    await page.route("**/graphql", revoked)
    await page.clock.fast_forward(31_000)
    closed = page.get_by_test_id("mini-closed")
    await expect(closed).to_have_attribute("data-code", "E_APP_REVOKED")
    await expect(closed.get_by_role("heading", level=1)).to_have_text("市里已停用这个小程序")
    await expect(page.get_by_test_id("mini-retry")).to_have_count(0)
    await expect(closed.locator("h1")).to_be_focused()
    assert await phone.violations() == []


def permission_words(table: dict[str, str]) -> set[str]:
    return {key.removeprefix("permit.what.") for key in table if key.startswith("permit.what.")}


async def test_every_permission_has_words_in_both_languages(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    for name in ("zh-CN", "en"):
        table = await phone.page.evaluate("async (name) => (await import(`/locales/${name}.js`)).default", name)
        assert permission_words(table) == set(PERMISSIONS)
        assert {f"permit.name.{one}" for one in PERMISSIONS} <= set(table)
