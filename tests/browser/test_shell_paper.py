"""A citizen's papers: what is told, what is owed, what is held; a payment is made once, a code shown works once."""

from __future__ import annotations

import asyncio
import io
import json
import re
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import zxingcpp
from PIL import Image
from playwright.async_api import Page, Route, expect

from tests.browser.shell_phone import CITIZEN, LONG_NAME, OFFICER, NewPhone, Phone, SamePhone, operation
from tests.browser.test_shell_screens import check, check_looks
from tests.support.city import OpenCity
from tests.support.waiting import until

PAPERS = """{ me { id unreadCount
  wallet { available { amount } }
  licences { id type { code } }
  payments(first: 100) { nodes { id bill { id } } }
  inbox(first: 100) { nodes { id category readAt link } }
} }"""
VERIFY = """mutation($input: VerifyLicenceInput!) {
  verifyLicence(input: $input) { id result purpose fields { name value } holder { maskedName } }
}"""
FIND = "mutation($input: FindCitizenInput!) { findCitizen(input: $input) { id } }"
ISSUE = "mutation($input: IssueBillInput!) { issueBill(input: $input) { id } }"
CLERK = "13900000004"
DRIVING = "11110000000021000D001"


async def papers(city: OpenCity, phone: str = CITIZEN) -> dict[str, Any]:
    """What the city itself says of a citizen's papers."""
    answer = await city.ask(PAPERS, token=await city.token(phone))
    assert answer.data and not answer.errors, answer.errors
    me: dict[str, Any] = answer.data["me"]
    return me


async def billed(city: OpenCity, fen: int, *, phone: str = CITIZEN, name: str = "张丽华") -> str:
    """The id of a new bill, sent as its clerk does it."""
    clerk = await city.token(CLERK, audience="STAFF")
    found = await city.ask(FIND, token=clerk, input={"phone": phone, "name": name, "reason": "开具停车费账单"})
    assert found.data, found.errors
    today = city.clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
    asked = {
        "payerId": found.data["findCitizen"]["id"],
        "titleZh": "停车费",
        "titleEn": "Parking",
        "amountFen": fen,
        "dueOn": today,
        "idempotencyKey": f"shell-test-{uuid4()}",
    }
    answer = await city.ask(ISSUE, token=clerk, input=asked)
    assert answer.data, answer.errors
    bill: str = answer.data["issueBill"]["id"]
    return bill


async def broken_answers(page: Page, name: str, times: int, then: asyncio.Event) -> list[str]:
    """The line breaks after the request reached the city, so often; the next waits for `then`. The keys that were sent,
    as they are sent.
    """
    keys: list[str] = []

    async def lose(route: Route) -> None:
        if operation(route.request) != name:
            return await route.continue_()
        keys.append(json.loads(route.request.post_data or "{}")["variables"]["input"]["idempotencyKey"])
        if len(keys) > times:
            await then.wait()
            return await route.continue_()
        await route.fetch()  # the city hears it, and answers
        await route.abort()  # and nobody hears the city

    await page.route("**/graphql", lose)
    return keys


async def open_sheet(phone: Phone, bill: str) -> Page:
    await phone.open(f"/bills/{bill}", ready="[data-testid=pay]")
    await phone.page.get_by_test_id("pay").click()
    return phone.page


async def test_a_line_that_breaks_after_the_city_heard_pays_once_and_says_so(
    same_phone: SamePhone, shell_city: OpenCity
) -> None:
    bill, before = await billed(shell_city, 1234), await papers(shell_city)
    phone = await same_phone(CITIZEN)
    page, seen = phone.page, asyncio.Event()
    await phone.open(f"/bills/{bill}", ready="[data-testid=pay]")
    assert await phone.press("pay")
    sheet = page.get_by_test_id("pay-sheet")
    await expect(sheet).to_contain_text("北京市城市管理委员会")
    await expect(sheet).to_contain_text("停车费")
    keys = await broken_answers(page, "Pay", times=2, then=seen)
    confirm = page.get_by_test_id("confirm")
    await expect(confirm).to_be_enabled()
    await confirm.dblclick()
    await expect(page.get_by_test_id("unsure")).to_contain_text("还不知道这笔是否已缴成")
    seen.set()
    await expect(page.get_by_test_id("receipt")).to_be_visible()
    assert len(keys) == 3 and len(set(keys)) == 1
    after = await papers(shell_city)
    assert [each["bill"]["id"] for each in after["payments"]["nodes"]].count(bill) == 1
    assert before["wallet"]["available"]["amount"] - after["wallet"]["available"]["amount"] == 1234
    await expect(page.get_by_test_id("bill-face")).to_have_attribute("data-status", "PAID")
    assert len((await page.get_by_test_id("receipt-number").inner_text()).replace(" ", "")) == 16


async def test_a_payment_that_nobody_heard_of_is_asked_for_again_when_the_bill_is_opened_again(
    same_phone: SamePhone, shell_city: OpenCity
) -> None:
    """The sheet is closed while nothing is known: the same key asks again, and the truth comes out."""
    bill, before = await billed(shell_city, 777), await papers(shell_city)
    phone = await same_phone(CITIZEN)
    page = await open_sheet(phone, bill)
    heard: list[str] = []

    async def break_after_the_first(route: Route) -> None:
        if not heard:
            if operation(route.request) != "Pay":
                return await route.continue_()
            heard.append("Pay")
            await route.fetch()
        await route.abort()

    await page.route("**/graphql", break_after_the_first)
    await page.get_by_test_id("confirm").click()
    await page.get_by_test_id("unsure").wait_for()
    await page.get_by_test_id("pay-sheet").locator("xpath=ancestor::dialog").get_by_role("button", name="关闭").click()
    await page.wait_for_selector("[data-testid=as-of]")  # what was known, and that it may be old
    await page.unroute("**/graphql")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.get_by_test_id("receipt")).to_be_visible()
    after = await papers(shell_city)
    assert before["wallet"]["available"]["amount"] - after["wallet"]["available"]["amount"] == 777


async def test_too_little_money_is_said_and_test_money_is_marked(new_phone: NewPhone, shell_city: OpenCity) -> None:
    bill = await billed(shell_city, 5000, phone=LONG_NAME, name="Alexander Montgomery-Featherstonehaugh")
    phone = await new_phone(signed_in=LONG_NAME)
    page = await open_sheet(phone, bill)
    await expect(page.get_by_test_id("lacking")).to_contain_text("还差 ¥50.00")
    await expect(page.get_by_test_id("confirm")).to_have_count(0)
    assert await phone.violations() == []
    await expect(page.get_by_test_id("top-up")).to_have_text("演示充值 ¥100.00 测试资金")
    await page.get_by_test_id("top-up").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("receipt")).to_contain_text("¥50.00")
    await phone.open("/wallet/money", ready="[data-testid=entries]")
    await expect(page.get_by_test_id("balance")).to_have_text("¥50.00")


async def test_a_shown_licence_is_read_by_a_stranger_s_decoder_checked_once_and_told(
    new_phone: NewPhone, shell_city: OpenCity
) -> None:
    held = {each["type"]["code"]: each["id"] for each in (await papers(shell_city))["licences"]}
    phone = await new_phone(signed_in=CITIZEN, prefs={"theme": "dark"}, watched=True)
    page = phone.page
    await phone.open(f"/licences/{held[DRIVING]}", ready="[data-testid=facts]")
    await expect(page.get_by_test_id("facts")).not_to_contain_text("SYNTHETIC-DL-0001")
    await page.get_by_test_id("uncover").click()
    await expect(page.get_by_test_id("facts")).to_contain_text("SYNTHETIC-DL-0001")
    await page.get_by_test_id("show").click()
    sheet = page.get_by_test_id("sheet")
    ticked = sheet.locator("input[type=checkbox]:checked")
    await expect(ticked).to_have_count(2)
    assert await ticked.evaluate_all("(boxes) => boxes.map((box) => box.value)") == ["name", "class"]
    await sheet.get_by_role("button", name="取消").click()
    await page.wait_for_selector("[data-testid=facts]")  # nothing happened
    await page.get_by_test_id("show").click()
    await page.get_by_role("radio", name="办理业务").check()
    await page.get_by_test_id("confirm").click()
    await page.wait_for_selector(".qr")
    box = await page.get_by_test_id("qr").bounding_box()
    modules = int(await page.get_by_test_id("qr").get_attribute("data-modules") or 0)
    assert box and box["width"] * modules / (modules + 8) >= 0.6 * 390
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(await page.screenshot())))
    assert code.text.startswith("CL1:")

    inspector = await shell_city.token(OFFICER, audience="STAFF")
    checked = await shell_city.ask(VERIFY, token=inspector, input={"text": code.text})
    assert checked.data, checked.errors
    told = checked.data["verifyLicence"]
    assert (told["result"], told["purpose"], told["holder"]["maskedName"]) == ("VALID", "办理业务", "张*华")
    assert [field["name"] for field in told["fields"]] == ["name", "class"]
    await expect(page.get_by_test_id("checked-by")).to_have_text("东城区综合执法局 · 工号 DC-0312")
    await expect(page.get_by_test_id("qr")).to_have_count(0)
    again = await shell_city.ask(VERIFY, token=inspector, input={"text": code.text})
    assert again.codes == ["LICENCES_CODE_REPLAYED"]
    await phone.open(f"/licences/{held[DRIVING]}", ready="[data-testid=showing]")
    await expect(page.get_by_test_id("showing").first).to_contain_text("办理业务")
    assert phone.faults == [] and phone.strangers == []


async def test_a_code_that_nobody_checked_ends_after_its_minute_and_the_city_is_left_alone(
    new_phone: NewPhone, shell_city: OpenCity
) -> None:
    held = {each["type"]["code"]: each["id"] for each in (await papers(shell_city))["licences"]}
    phone = await new_phone()
    page = phone.page
    await page.clock.install()
    await phone.sign_in(CITIZEN)
    await phone.open(f"/licences/{held[DRIVING]}/show", ready="[data-testid=sheet]")
    await page.clock.run_for(1_000)
    await page.get_by_test_id("confirm").click()
    await page.wait_for_selector(".qr")
    await page.clock.run_for(61_000)
    code = page.get_by_test_id("licence-code")
    await expect(code).to_have_attribute("data-state", "ended")
    await expect(page.get_by_test_id("qr")).to_have_count(0)
    await page.clock.run_for(20_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(operation(request)))
    await page.clock.run_for(60_000)
    assert "LastShowing" not in asked
    await page.get_by_test_id("again").click()
    await expect(page.get_by_test_id("qr")).to_be_visible()


async def test_a_message_is_read_once_opened_and_the_dock_counts(new_phone: NewPhone, shell_city: OpenCity) -> None:
    # Each sign-in may be a message of its own: all of them first.
    phone, token = await new_phone(signed_in=CITIZEN), await shell_city.token(CITIZEN)
    page, outbox = phone.page, shell_city.city.ground.outbox

    async def all_told() -> bool:
        return not (await outbox.backlog()).waiting

    async def mine() -> dict[str, Any]:
        answer = await shell_city.ask(PAPERS, token=token)
        assert answer.data is not None
        return dict(answer.data["me"])

    await until(all_told, what="the messages about these sign-ins")
    me = await mine()
    newest = next(each for each in me["inbox"]["nodes"] if not each["readAt"])
    await phone.open("/messages", ready="[data-testid=letter]")
    count = page.get_by_test_id("unread").locator(".unseen")
    await expect(count).to_have_text(f"，{me['unreadCount']} 条未读")
    row = page.locator(f"a[href='#/messages/{newest['id']}']")
    await expect(row).to_contain_text("未读")
    async with page.expect_response(lambda response: operation(response.request) == "MarkRead"):
        await row.click()
    await expect(page.get_by_test_id("onward")).to_have_attribute("href", f"#{newest['link']}")
    await page.get_by_role("button", name="返回").click()
    await expect(row).not_to_contain_text("未读")
    await expect(count).to_have_text(f"，{me['unreadCount'] - 1} 条未读")
    await page.get_by_test_id("mark-all").click()
    await expect(page.locator("[data-unread]")).to_have_count(0)
    await expect(count).to_have_count(0)
    assert (await mine())["unreadCount"] == 0


async def test_message_settings_are_kept(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in="13800000003")
    page = phone.page

    async def that_pushes(route: Route) -> None:
        """This city of the tests has no way to push; it keeps the wish all the same."""
        if operation(route.request) != "Reached":
            return await route.continue_()
        response = await route.fetch()
        body = await response.json()
        body["data"]["me"]["notificationPreferences"]["pushAvailable"] = True
        await route.fulfill(response=response, json=body)

    await page.route("**/graphql", that_pushes)
    await phone.open("/me/messages", ready="[data-testid=quiet]")
    async with page.expect_response(lambda response: operation(response.request) == "SetReached"):
        await page.get_by_test_id("ways-HEALTH").get_by_role("checkbox", name="手机推送").uncheck()
    quiet = page.get_by_role("checkbox", name="开启免打扰")
    was = await quiet.is_checked()
    async with page.expect_response(lambda response: operation(response.request) == "SetReached"):
        await quiet.set_checked(not was)
    await page.reload()
    await page.wait_for_selector("[data-testid=quiet]")
    assert not await page.get_by_test_id("ways-HEALTH").get_by_role("checkbox", name="手机推送").is_checked()
    assert await page.get_by_test_id("ways-CITY").get_by_role("checkbox", name="手机推送").is_checked()
    assert await quiet.is_checked() is not was
    assert phone.faults == []


async def test_home_says_what_matters_and_what_is_missing(same_phone: SamePhone, shell_city: OpenCity) -> None:
    phone = await same_phone(CITIZEN)
    page = phone.page
    await expect(page.get_by_test_id("matter")).to_contain_text("生活垃圾处理费")
    assert await page.locator(".brick").count() == 6

    async def without_bills(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        if "bills" in (body.get("data") or {}).get("me", {}):
            body["data"]["me"]["bills"] = None
            where = ["me", "bills"]
            body["errors"] = [{"message": "x", "path": where, "extensions": {"code": "SUBGRAPH_UNAVAILABLE"}}]
        await route.fulfill(response=response, json=body)

    await page.route("**/graphql", without_bills)
    await page.reload()
    await expect(page.get_by_test_id("partial")).to_contain_text("暂时无法获取：账单")
    await expect(page.get_by_test_id("matter")).to_contain_text(re.compile("居住证还有 (30|29) 天到期"))
    assert await page.locator(".brick").count() == 6


async def all_papers(city: OpenCity) -> dict[str, str]:
    me = await papers(city)
    licence, bill = me["licences"][0]["id"], await billed(city, 100)
    return {
        "/messages": "[data-testid=letter]",
        f"/messages/{me['inbox']['nodes'][0]['id']}": "[data-testid=message]",
        "/me/messages": "[data-testid=quiet], [data-testid=reach-parts]",
        "/me/messages?about=email": "[data-testid=email]",
        "/wallet": ".card",
        f"/licences/{licence}": "[data-testid=facts]",
        f"/licences/{licence}/show": "[data-testid=confirm]:enabled",
        "/bills": "[data-testid=bill]",
        f"/bills/{bill}": "[data-testid=pay]",
        f"/bills/{me['payments']['nodes'][0]['bill']['id']}": "[data-testid=receipt]",
        "/wallet/money": "[data-testid=entries]",
    }


async def test_the_papers_in_every_look(new_phone: NewPhone, shell_city: OpenCity) -> None:
    phone = await new_phone(signed_in=CITIZEN, watched=True)
    assert await check_looks(phone, await all_papers(shell_city)) == {}
    assert phone.faults == [] and phone.strangers == []


async def test_the_papers_at_320_px_with_text_at_200_per_cent(new_phone: NewPhone, shell_city: OpenCity) -> None:
    phone = await new_phone(
        signed_in=CITIZEN, prefs={"locale": "en"}, viewport={"width": 320, "height": 568}, watched=True
    )
    await phone.page.add_init_script(_TWICE)
    await phone.page.reload()
    assert await check(phone, await all_papers(shell_city), least_px=44) == {}
    assert phone.faults == [] and phone.strangers == []


_TWICE = """addEventListener("DOMContentLoaded", () => (document.documentElement.style.fontSize = "200%"))"""
