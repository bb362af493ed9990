"""Signing in, and staying signed in: over mistakes, reloads, tabs and tokens that run out."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, Route, expect

from tests.browser.shell_phone import CITIZEN, OFFICER, NewPhone, answer, operation

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
    await phone.open("/home", ready="[data-testid=own-scans]")
    await expect(phone.page).to_have_url(f"{phone.base}/#/desk")


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
    await expect(stranger.page).to_have_url(f"{stranger.base}/#/sign-in")


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
    # What home still had to ask is neither here nor there.
    assert [name for name in seen if name in ("Me", "Refresh")] == ["Me", "Refresh", "Me"]


async def test_a_session_that_was_ended_elsewhere_leads_to_sign_in(new_phone: NewPhone) -> None:
    here = await new_phone(signed_in=CITIZEN, user_agent="Chrome/1 Android")
    there = await new_phone(signed_in=CITIZEN, user_agent="Firefox/1 Windows")
    await there.open("/me", ready=".person")
    await here.open("/me/devices", ready=".device")
    row = here.page.get_by_test_id("device").filter(has_text="Firefox · Windows").first
    await row.get_by_role("button", name="结束 Firefox · Windows 的登录").click()
    await here.page.get_by_test_id("confirm").click()
    await expect(row).to_contain_text("已结束")
    await there.page.reload()
    await there.page.wait_for_selector("#phone")
    assert await there.page.evaluate(SIDE) is None
    assert await there.page.evaluate(REFRESH_TOKEN) is None
    await expect(there.page.get_by_test_id("ended")).to_have_text("登录已失效，请重新登录。")
    assert await there.violations() == []
    await there.page.fill("#code", await ask_for_code(there.page, CITIZEN))
    await there.page.wait_for_selector(".person")


async def test_signing_out_does_not_wait_for_the_line(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN)
    heard, may_answer = asyncio.Event(), asyncio.Event()
    tokens: list[str] = []

    async def hang(route: Route) -> None:
        if operation(route.request) == "SignOut":
            tokens.append(route.request.headers["authorization"])
            heard.set()
            await may_answer.wait()
        await route.continue_()

    await phone.page.route("**/graphql", hang)
    await phone.open("/me", ready=".person")
    await phone.page.get_by_role("button", name="退出登录").click()
    await phone.page.get_by_test_id("confirm").click()
    await phone.page.wait_for_selector("#phone")
    await heard.wait()
    assert await phone.page.evaluate(SIDE) is None
    assert await phone.page.evaluate(REFRESH_TOKEN) is None
    assert await phone.page.evaluate("sessionStorage.length") == 0
    assert [token.startswith("DPoP ey") for token in tokens] == [True]
    await expect(phone.page.get_by_test_id("ended")).to_have_count(0)
    async with phone.page.expect_response(lambda response: operation(response.request) == "SignOut"):
        may_answer.set()


async def test_a_tab_of_another_session_neither_speaks_nor_signs_out_for_this_one(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN)
    stale = await phone.page.context.new_page()
    await stale.add_init_script(
        "sessionStorage['citytong.handed-on'] = JSON.stringify("
        "{ access: { token: 'of-another', until: Date.now() + 600000, session: 'ses_other' }, offsetMs: 0 })"
    )
    said: list[str] = []
    stale.on("request", lambda request: said.append(request.headers.get("authorization", "")))
    await stale.goto(f"{phone.base}/#/me")
    await stale.wait_for_selector(".person")
    assert "Bearer of-another" not in said
    await stale.evaluate(_FORGET_ANOTHER)
    assert await stale.evaluate(SIDE) == "CITIZEN"
    assert await stale.evaluate(REFRESH_TOKEN) is not None


_FORGET_ANOTHER = """async () => {
  const page = document.querySelector("script[type=module]").src;
  await (await import(new URL("session.js", page))).forget({ only: "ses_other", byCity: true });
}"""


async def test_the_way_in_survives_language_reload_back_and_a_bad_line(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    page = phone.page
    await page.get_by_role("button", name="我是工作人员").click()
    await page.fill("#phone", "0086 139-0000-0001")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Staff sign-in")
    await expect(page.locator("#phone")).to_have_value("139 0000 0001")
    await page.get_by_role("link", name="Display and language").click()
    await page.get_by_role("radio", name="简体中文").check()
    await page.get_by_role("button", name="返回").click()
    await expect(page.locator("#phone")).to_have_value("139 0000 0001")
    await page.press("#phone", "Enter")
    await page.wait_for_selector("#code")
    assert await phone.violations() == []
    await page.go_back()
    await expect(page.locator("#phone")).to_have_value("139 0000 0001")
    await page.go_forward()
    await page.reload()
    shown = await page.get_by_test_id("demo-code").get_by_role("button").inner_text()

    async def unreachable(route: Route) -> None:
        await (route.abort() if operation(route.request) == "SignIn" else route.continue_())

    await page.route("**/graphql", unreachable)
    code = "".join(filter(str.isdigit, shown))
    await page.fill("#code", code)
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "CLIENT_UNREACHABLE")
    await expect(page.locator("#code")).to_have_value(code)
    assert await page.get_attribute("#code", "aria-invalid") is None
    await page.unroute("**/graphql")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-screen='sign-in/second'] [data-testid=demo-code]")
    await page.reload()  # the second step survives it, too
    await page.get_by_test_id("demo-code").get_by_role("button").click()
    await page.wait_for_selector("[data-screen=desk] [data-testid=own-scans]")
    # Of the way in nothing is left; what this person's duties are is kept beside the session.
    assert await page.evaluate("Object.keys(sessionStorage)") == ["citytong.roles"]


async def test_a_slow_line_is_told_and_three_taps_send_one_code(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    page = phone.page
    asked, may_answer = asyncio.Event(), asyncio.Event()
    sent: list[str] = []

    async def slow(route: Route) -> None:
        if operation(route.request) == "RequestCode":
            sent.append("code")
            asked.set()
            await may_answer.wait()
        await route.continue_()

    await page.route("**/graphql", slow)
    await page.fill("#phone", "13800000003")
    send = page.locator("button[type=submit]")
    await send.click()
    await asked.wait()
    await expect(send).to_have_text("正在发送…")
    await expect(page.locator("#announce")).to_have_text("正在发送…")
    await send.dispatch_event("click")
    await send.dispatch_event("click")
    may_answer.set()
    await page.wait_for_selector("#code")
    assert sent == ["code"]


async def test_a_code_that_is_spent_leads_to_another_one(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    page = phone.page

    async def spend(route: Route) -> None:
        if operation(route.request) == "SignIn":
            body = answer(code="AUTH_CODE_WRONG", tries_left=0)
            await route.fulfill(body=body, content_type="application/json", status=401)
        else:
            await route.continue_()

    await page.route("**/graphql", spend)
    await ask_for_code(page, "13800000003")
    await page.fill("#code", "000000")
    trouble = page.get_by_test_id("trouble")
    await expect(trouble).to_contain_text("验证码已作废。 请重新获取。 AUTH_CODE_WRONG")
    await expect(page.locator(".primary")).to_have_text(re.compile("重新发送"))
    assert await phone.violations() == []


DAMAGED = ["null", "{bad", "[]", '"x"', '{"constructor":1}', '{"__proto__":{}}', '{"access":null}', '{"access":{}}']


async def test_damaged_storage_is_as_good_as_none(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    for damaged in DAMAGED:
        await phone.page.evaluate(
            "(text) => { localStorage['citytong.prefs'] = text;"
            " sessionStorage['citytong.handed-on'] = sessionStorage['citytong.sign-in'] = text }",
            damaged,
        )
        await phone.page.reload()
        await phone.page.wait_for_selector("#phone")
    assert phone.faults == []


async def test_a_browser_that_keeps_nothing_and_is_old_still_signs_in(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.page.add_init_script(_KEEPS_NOTHING)
    await phone.sign_in(CITIZEN)
    await phone.open("/me", ready=".person")
    assert phone.faults == []


_KEEPS_NOTHING = """for (const name of ["localStorage", "sessionStorage", "indexedDB"])
  Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError") } });
delete AbortSignal.any;"""
