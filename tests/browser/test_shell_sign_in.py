"""Signing in, and staying signed in: over mistakes, reloads, tabs and tokens that run out."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, Route, expect

from tests.browser.shell_phone import CITIZEN, OFFICER, NewPhone, answer, operation

pytest_plugins = ["tests.browser.shell_fixtures"]

SIDE = "localStorage.getItem('citytong.session')"
REFRESH_TOKEN = "async () => await (await import('/vault.js')).readToken() ?? null"


async def ask_for_code(page: Page, phone: str) -> str:
    """Up to the code's field; returns the code that the demo city shows."""
    await page.fill("#phone", phone)
    await page.keyboard.press("Enter")
    shown = await page.get_by_test_id("demo-code").get_by_role("button").inner_text()
    return "".join(filter(str.isdigit, shown))


async def test_with_the_keyboard_alone(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    page = phone.page
    code = await ask_for_code(page, "+86 138 0000 0001")
    await expect(page.locator("#code")).to_be_focused()
    await page.keyboard.type(code)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("张丽华")
    assert await page.evaluate(SIDE) == "CITIZEN"
    assert phone.faults == []


async def test_a_pasted_message_fills_the_code(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    page = phone.page
    code = await ask_for_code(page, CITIZEN)
    assert await page.get_attribute("#code", "autocomplete") == "one-time-code"
    await page.fill("#code", f" {code[:3]} {code[3:]} ")
    await page.wait_for_selector(".bricks")


async def test_mistakes_are_told_with_what_to_do(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    page = phone.page
    trouble = page.get_by_test_id("trouble")
    await page.fill("#phone", "1380000")
    await page.keyboard.press("Enter")
    await expect(trouble).to_contain_text("请输入 11 位手机号")
    await expect(page.locator("#phone")).to_be_focused()
    code = await ask_for_code(page, CITIZEN)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    await page.fill("#code", wrong)
    await expect(trouble).to_have_attribute("data-code", "AUTH_CODE_WRONG")
    await expect(trouble).to_contain_text("还可以试 4 次")
    assert await phone.violations() == []
    await expect(page.locator("#code")).to_have_value("")
    await page.fill("#code", code)
    await page.wait_for_selector(".bricks")


async def test_a_limit_says_how_long_to_wait(new_phone: NewPhone) -> None:
    phone = await new_phone()

    async def limit(route: Route) -> None:
        body = answer(code="AUTH_TOO_MANY_REQUESTS", retry_after_s=130)
        await route.fulfill(body=body, content_type="application/json", status=429)

    await phone.page.route("**/graphql", limit)
    await phone.open(ready="#phone")
    await phone.page.fill("#phone", CITIZEN)
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.get_by_test_id("trouble")).to_contain_text("请 3 分钟后再试")


async def test_a_city_without_the_demo_switch_shows_none_of_it(new_phone: NewPhone) -> None:
    phone = await new_phone()

    async def absent(route: Route) -> None:
        await route.fulfill(status=404, body="404: Not Found")

    await phone.page.route("**/dev/sms*", absent)
    async with phone.page.expect_response("**/dev/sms*"):
        await phone.open(ready="#phone")
    await expect(phone.page.locator(".demo")).to_have_count(0)


async def test_staff_land_at_the_desk_and_see_no_citizen_s_screen(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=OFFICER)
    await expect(phone.page.get_by_test_id("officer")).to_contain_text("DC-0312")
    await phone.open("/home", ready="[data-testid=tallies]")
    assert await phone.page.evaluate("location.hash") == "#/desk"


async def test_a_reload_spends_no_token_and_a_new_tab_spends_one(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN)
    before = await phone.page.evaluate(REFRESH_TOKEN)
    await phone.page.reload()
    await phone.page.wait_for_selector(".bricks")
    assert await phone.page.evaluate(REFRESH_TOKEN) == before
    assert await phone.page.evaluate("sessionStorage.length") == 0
    tab = await phone.page.context.new_page()
    await tab.goto(phone.base)
    await tab.wait_for_selector(".bricks")
    assert await tab.evaluate(REFRESH_TOKEN) != before


async def test_a_stranger_is_led_to_sign_in(new_phone: NewPhone) -> None:
    stranger = await new_phone()
    await stranger.open("/home", ready="#phone")
    assert await stranger.page.evaluate("location.hash") == "#/sign-in"


async def test_four_tabs_at_once_do_not_spend_one_token_twice(new_phone: NewPhone) -> None:
    """A token spent twice would end the session for all of them; they live in processes of their own."""
    phone = await new_phone(signed_in=CITIZEN)
    tabs = [await phone.page.context.new_page() for _ in range(4)]
    await asyncio.gather(*(tab.goto(f"{phone.base}/#/home") for tab in tabs))
    await asyncio.gather(*(tab.wait_for_selector(".bricks") for tab in tabs))
    last = await phone.page.context.new_page()
    await last.goto(f"{phone.base}/#/me")
    await last.wait_for_selector(".person")


async def test_signing_out_in_one_tab_ends_the_other(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN)
    other = await phone.page.context.new_page()
    await other.goto(f"{phone.base}/#/me")
    await other.get_by_role("button", name="退出登录").click()
    await other.get_by_test_id("confirm").click()
    await phone.page.wait_for_selector("#phone")


async def test_an_access_token_that_ran_out_is_renewed_once(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN)
    seen: list[str] = []

    async def run_out(route: Route) -> None:
        name = operation(route.request)
        seen.append(name)
        if name == "Me" and seen.count("Me") == 1:
            body = answer(code="AUTH_TOKEN_EXPIRED")
            await route.fulfill(body=body, content_type="application/json", status=401)
        else:
            await route.continue_()

    await phone.page.route("**/graphql", run_out)
    await phone.page.evaluate("location.hash = '/me'")
    await phone.page.wait_for_selector(".person")
    assert seen == ["Me", "Refresh", "Me"]


async def test_a_session_that_was_ended_elsewhere_leads_to_sign_in(new_phone: NewPhone) -> None:
    here = await new_phone(signed_in=CITIZEN, user_agent="Chrome/1 Android")
    there = await new_phone(signed_in=CITIZEN, user_agent="Firefox/1 Windows")
    await here.open("/me/devices", ready=".device")
    row = here.page.get_by_test_id("device").filter(has_text="Firefox · Windows").first
    await row.get_by_role("button", name="结束 Firefox · Windows 的登录").click()
    await here.page.get_by_test_id("confirm").click()
    await expect(row).to_contain_text("已结束")
    await there.page.reload()
    await there.page.wait_for_selector("#phone")
    assert await there.page.evaluate(SIDE) is None
    assert await there.page.evaluate(REFRESH_TOKEN) is None
