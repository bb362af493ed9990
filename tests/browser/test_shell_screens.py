"""Every screen in every look: no axe violation, nothing wider than the phone, no small target, no stranger asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from playwright.async_api import Route, expect

from tests.browser.shell_phone import CITIZEN, LONG_NAME, OFFICER, NewPhone, Phone, SamePhone, operation

CITIZEN_SCREENS = {
    "/home": ".bricks",
    "/code": ".qr",
    "/scans": "[data-testid=scans], [data-testid=empty]",
    "/me": ".person",
    "/me/devices": ".device",
    "/me/district": ".choice",
    "/me/display": ".choice",
    "/security": "[data-testid=ways-in]",
    "/security/passkeys": "[data-testid=no-passkeys-here]",
}
SIGN_IN_SCREENS = {
    "/sign-in": "[data-testid=demo-accounts]",
    "/sign-in/password": "#password",
    "/sign-in/recover": "#lost-phone",
    "/sign-in/screen": "[data-testid=link-code]",
}
OFFICER_SCREENS = {"/desk": "[data-testid=own-scans]", "/me": ".person", "/me/devices": ".device"}

LOOKS: dict[str, dict[str, str]] = {
    "light": {"theme": "light"},
    "dark-english-larger": {"theme": "dark", "locale": "en", "text": "larger"},
    "elder": {"theme": "light", "mode": "elder"},
}


async def check(phone: Phone, screens: dict[str, str], *, least_px: int) -> dict[str, list[str]]:
    """What is wrong, by screen."""
    wrong: dict[str, list[str]] = {}
    for path, ready in screens.items():
        await phone.open(path, ready=ready)
        found = await phone.violations() + await phone.small_targets(least_px)
        if over := await phone.overflow_px():
            found.append(f"{over} px too wide")
        if found:
            wrong[path] = found
    return wrong


async def check_looks(phone: Phone, screens: dict[str, str], looks: Iterable[str] = LOOKS) -> dict[str, Any]:
    """What is wrong, by look and screen."""
    wrong = {}
    for look in looks:
        await phone.wear(LOOKS[look])
        wrong[look] = await check(phone, screens, least_px=least_px_of(look))
    return {look: found for look, found in wrong.items() if found}


def least_px_of(look: str) -> int:
    return 60 if LOOKS[look].get("mode") == "elder" else 44


async def test_a_citizen_s_screens(new_phone: NewPhone) -> None:
    phone = await new_phone(watched=True)
    await phone.open("/sign-in", ready="#phone")
    assert await check_looks(phone, SIGN_IN_SCREENS) == {}
    await phone.sign_in(LONG_NAME)
    assert await check_looks(phone, CITIZEN_SCREENS) == {}
    assert phone.faults == []
    assert phone.strangers == []


async def test_an_officer_s_screens(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=OFFICER)
    assert await check_looks(phone, OFFICER_SCREENS) == {}
    assert phone.faults == []


async def test_at_320_px_with_text_at_200_per_cent_nothing_is_cut(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=LONG_NAME, prefs={"locale": "en"}, viewport={"width": 320, "height": 568})
    for path, ready in CITIZEN_SCREENS.items():
        await phone.open(path, ready=ready)
        await phone.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert (path, await phone.overflow_px()) == (path, 0)


async def test_forced_colours_keep_the_code_and_the_axe(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN, forced_colors="active")
    assert await check(phone, CITIZEN_SCREENS, least_px=44) == {}


async def test_home_knows_the_citizen(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=LONG_NAME, prefs={"locale": "en"})
    page = phone.page
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Alexander Montgomery-Featherstonehaugh")
    air = page.get_by_test_id("air")
    await expect(air.get_by_role("heading", level=2)).to_have_text("Chaoyang · today's air")
    assert 0 < int(await air.get_by_test_id("aqi").inner_text()) <= 500
    await expect(air.get_by_test_id("synthetic")).to_have_text("Synthetic data")
    await page.get_by_role("searchbox").fill("area")
    await expect(page.get_by_test_id("found").get_by_role("link")).to_have_text(["My district"])


async def test_the_keyboard_alone_is_enough(same_phone: SamePhone) -> None:
    phone = await same_phone(CITIZEN)
    page = phone.page
    await page.reload()
    await page.wait_for_selector(".bricks")
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("跳到正文")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    # To where one is already: to its beginning, and the history knows the way back as before.
    before = await page.evaluate("history.state.depth")
    await page.locator(".dock-item[href='#/home']").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_be_focused()
    assert await page.evaluate("history.state.depth") == before
    async with page.context.expect_page() as beside:
        await page.locator(".dock-item[href='#/home']").focus()
        await page.keyboard.press("ControlOrMeta+Enter")
    await (await beside.value).close()
    await page.locator(".dock-item.city").focus()
    ring = await page.locator(".dock-item.city").evaluate("(el) => getComputedStyle(el).outlineStyle")
    assert ring == "solid"
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".qr")
    assert await page.evaluate("document.activeElement.tagName") == "H1"


async def test_signing_out_asks_first_and_yes_is_armed_after_a_moment(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.page.clock.install()
    await phone.sign_in(CITIZEN)
    await phone.open("/me", ready=".person")
    page = phone.page
    await phone.stop_the_clock()
    await page.get_by_role("button", name="退出登录").click()
    yes = page.get_by_test_id("confirm")
    await page.clock.run_for(700)
    await expect(yes).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="退出登录")).to_be_focused()
    await page.get_by_role("button", name="退出登录").click()
    await page.clock.run_for(801)
    await expect(yes).to_be_enabled()
    await yes.click()
    await page.clock.resume()
    await page.wait_for_selector("#phone")
    assert await page.evaluate("localStorage.getItem('citytong.session')") is None


async def test_what_is_missing_is_named_and_the_rest_stands(same_phone: SamePhone) -> None:
    """The sensor backend is away: the same answer that the gateway gives then."""
    phone = await same_phone(CITIZEN)
    page = phone.page

    async def without_air(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        if "homeDistrict" in (body.get("data") or {}).get("me", {}):
            body["data"]["me"]["homeDistrict"]["airQuality"] = None
            where = ["me", "homeDistrict", "airQuality"]
            body["errors"] = [{"message": "x", "path": where, "extensions": {"code": "SUBGRAPH_UNAVAILABLE"}}]
        await route.fulfill(response=response, json=body)

    await page.route("**/graphql", without_air)
    await page.reload()
    part = page.get_by_test_id("partial")
    await expect(part).to_contain_text("暂时无法获取空气质量")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("张丽华")
    assert await phone.violations() == []
    await page.unroute("**/graphql")
    await part.get_by_role("button", name="重试").click()
    await expect(page.get_by_test_id("aqi")).to_be_visible()


async def test_offline_says_what_still_works(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN)
    page = phone.page
    await page.context.set_offline(True)
    await expect(page.get_by_test_id("offline")).to_contain_text("没有网络")
    await page.evaluate("location.hash = '/me/district'")
    problem = page.get_by_test_id("problem")
    await expect(problem).to_have_attribute("data-code", "CLIENT_OFFLINE")
    await problem.get_by_role("button", name="重试").click()
    await expect(page.locator("h1")).to_be_focused()
    await expect(problem).to_have_count(1)
    await page.context.set_offline(False)
    await expect(page.locator(".choice")).to_have_count(16)


async def test_what_was_known_stays_when_the_line_is_bad_and_is_renewed_when_it_is_back(same_phone: SamePhone) -> None:
    phone = await same_phone(CITIZEN)
    page = phone.page
    await phone.open("/me", ready=".person")
    await page.route("**/graphql", lambda route: route.abort())
    await phone.open("/home", ready="[data-testid=as-of]")
    await expect(page.get_by_test_id("air")).to_contain_text("东城区")
    assert await phone.violations() == []
    await page.get_by_test_id("as-of").get_by_role("button", name="重试").click()
    await expect(page.locator("h1")).to_be_focused()
    await expect(page.get_by_test_id("as-of")).to_have_count(1)
    await page.unroute("**/graphql")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.get_by_test_id("as-of")).to_have_count(0)
    await expect(page.get_by_test_id("air")).to_contain_text("东城区")


async def test_back_leads_back_and_to_where_it_was(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN, viewport={"width": 390, "height": 500})
    page = phone.page
    await page.evaluate("scrollTo(0, 150)")
    entries = await page.evaluate("history.length")
    await page.get_by_role("link", name="证照").evaluate("(link) => link.click()")
    await page.wait_for_selector("[data-testid=licences]")
    await page.get_by_role("button", name="返回").click()
    await page.wait_for_selector(".bricks")
    assert await page.evaluate("[history.length, scrollY]") == [entries + 1, 150]
    await page.go_forward()
    await page.wait_for_selector("[data-testid=licences]")
    await page.get_by_role("button", name="返回").click()
    await page.wait_for_selector(".bricks")
    assert await page.evaluate("history.length") == entries + 1


async def test_a_screen_that_does_not_come_says_so_and_can_be_asked_for_again(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open("/sign-in", ready="#phone")
    await phone.page.route("**/views/recover.js", lambda route: route.abort())
    await phone.page.evaluate("location.hash = '/sign-in/recover'")
    problem = phone.page.locator("[data-screen='sign-in/recover']").get_by_test_id("problem")
    await expect(problem).to_have_attribute("data-code", "CLIENT_UNREACHABLE")
    await expect(phone.page.locator("h1")).to_be_focused()
    await phone.page.unroute_all()
    await problem.get_by_role("button").click()
    await phone.page.wait_for_selector("#lost-phone")


async def test_a_sheet_goes_with_its_screen(same_phone: SamePhone) -> None:
    phone = await same_phone(CITIZEN)
    await phone.open("/me", ready=".person")
    await phone.page.get_by_role("button", name="退出登录").click()
    await phone.page.go_back()
    await phone.page.wait_for_selector(".bricks")
    await expect(phone.page.get_by_role("dialog")).to_have_count(0)


async def test_a_picked_district_stays_picked_and_is_sent_once(new_phone: NewPhone) -> None:
    """A later answer of the city, and another one than before, does not take it back."""
    phone = await new_phone(signed_in="13800000003")
    page = phone.page
    await phone.open("/me/district", ready=".choice")
    await phone.open("/me", ready=".person")
    arrived, may_answer = asyncio.Event(), asyncio.Event()
    saved: list[str] = []

    async def late(route: Route) -> None:
        name = operation(route.request)
        if name == "Districts":
            response = await route.fetch()
            body = await response.json()
            body["data"]["me"]["homeDistrict"] = {"code": "110101"}
            arrived.set()
            await may_answer.wait()
            await route.fulfill(response=response, json=body)
        elif name == "SetDistrict":
            saved.append(name)
            await asked_twice.wait()
            await route.abort()
        else:
            await route.continue_()

    asked_twice = asyncio.Event()
    await page.route("**/graphql", late)
    await phone.open("/me/district", ready=".choice")
    await arrived.wait()
    await page.get_by_role("radio", name="延庆区").check()
    async with page.expect_response(lambda response: operation(response.request) == "Districts"):
        may_answer.set()
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    await expect(page.get_by_role("radio", name="延庆区")).to_be_checked()
    save = page.locator("button[type=submit]")
    await save.click()
    await expect(save).to_have_text("正在保存…")
    await save.dispatch_event("click")
    asked_twice.set()
    await expect(page.get_by_test_id("problem")).to_have_attribute("data-code", "CLIENT_UNREACHABLE")
    await expect(save).to_have_text("保存")
    assert saved == ["SetDistrict"]


async def test_a_screen_that_comes_late_begins_at_its_top(new_phone: NewPhone) -> None:
    """What was scrolled while it was on its way is the screen before."""
    phone = await new_phone(signed_in=CITIZEN, viewport={"width": 390, "height": 400})
    page, busy, may_come = phone.page, phone.page.locator("body[aria-busy]"), asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/views/display.js", late)
    await page.evaluate("scrollTo(0, 200); location.hash = '/me/display'")
    await expect(busy).to_have_count(1)
    await page.go_back()
    await expect(busy).to_have_count(0)
    await page.go_forward()
    await expect(busy).to_have_count(1)
    may_come.set()
    await page.wait_for_selector("[data-screen='me/display'] h1")
    assert await page.evaluate("scrollY") == 0
    await expect(page.locator("h1")).to_be_focused()


async def test_the_first_paint_is_already_in_the_reader_s_look(new_phone: NewPhone) -> None:
    """The modules never come here: what is set was set before them."""
    phone = await new_phone(prefs={"theme": "dark", "mode": "elder", "text": "large"})
    await phone.page.route("**/app.js", lambda route: route.abort())
    await phone.page.goto(phone.base)
    look = await phone.page.evaluate("({ ...document.documentElement.dataset })")
    assert look == {"sandbox": "", "theme": "dark", "mode": "elder", "text": "large"}
    await expect(phone.page.locator(".brand")).to_have_text("城市通")


async def test_the_dock_keeps_its_words_whole_on_a_narrow_phone(new_phone: NewPhone) -> None:
    phone = await new_phone(
        signed_in=LONG_NAME, prefs={"locale": "en", "text": "larger"}, viewport={"width": 320, "height": 640}
    )
    await phone.page.reload()
    await phone.page.wait_for_selector(".bricks")
    box = await phone.page.locator(".dock-item.city").bounding_box()
    assert box is not None
    assert box["width"] > 240
