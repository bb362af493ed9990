"""Who one is, by the shell's pages and the demonstration's provider: each way to be known; a lost phone, its owner's no
and the account's return; a number that had another holder; two accounts that become one."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.async_api import Page, Route, expect

from identity.recovery.store import RECOVERIES
from identity.store import CITIZENS
from tests.browser.shell_phone import NewPhone, Phone, answer, operation
from tests.support.city import JSON, OpenCity

OWNER, NEW_NUMBER = "13700000071", "13700000073"
NAME, ID_NUMBER = "王小明", "110101199003070038"
# The demonstration's list of people who have a net-ID has her as the eleventh.
NET_ID_HOLDER = "林美玲"


async def told_code(page: Page) -> None:
    await page.get_by_test_id("demo-code").get_by_role("button").click()


async def proven_again(page: Page) -> None:
    """The sheet, if the city asks for it, with the code that it sends."""
    sheet = page.get_by_test_id("step-up")
    await sheet.get_by_role("button", name="发送验证码").click()
    await sheet.get_by_test_id("demo-code").get_by_role("button").click()
    await expect(sheet).to_have_count(0)


async def seen_by_the_provider(page: Page, *, well: bool = True) -> None:
    await page.locator(f"button[name=seen][value={'yes' if well else 'no'}]").click()


def own_faults(phone: Phone) -> list[str]:
    """Refusals are answers."""
    return [fault for fault in phone.faults if "status of 4" not in fault]


async def test_each_way_to_be_known(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=OWNER, prefs={"mode": "elder"})
    page, level = phone.page, phone.page.get_by_test_id("level")
    await phone.open("/me/real-name", ready="[data-testid=level]")
    await expect(level).to_contain_text("一级")
    await expect(page.get_by_test_id("ways-to-prove").get_by_role("link")).to_have_count(4)

    # A document: its number is looked at while it is typed, and what cannot be one is not sent.
    await page.get_by_role("link", name="其他证件").click()
    seen = page.get_by_test_id("number-seen")
    await page.get_by_label("港澳居民来往内地通行证").check()
    await page.fill("#doc-name", "John Roe")
    await page.fill("#doc-number", "H1234")
    await expect(seen).to_be_empty()
    await page.fill("#doc-number", "X1234567")
    await expect(seen).to_contain_text("格式不对")
    await page.get_by_role("button", name="核对").click()
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "CLIENT_NUMBER_FORM")
    await page.get_by_label("外国护照").check()
    await expect(seen).to_contain_text("格式正确")
    assert await phone.violations() == [] and await phone.small_targets(60) == []
    await page.fill("#doc-nationality", "CHN")
    await page.get_by_role("button", name="核对").click()
    await expect(page.locator("#doc-nationality")).to_be_focused()
    await page.fill("#doc-nationality", "gbr")
    await page.get_by_role("button", name="核对").click()
    await expect(level).to_contain_text("二级")

    await page.get_by_role("link", name="姓名和身份证号码").click()
    await page.fill("#own-name", NAME)
    await page.fill("#own-number", ID_NUMBER[:-1] + "9")
    await expect(seen).to_contain_text("格式不对")
    await page.fill("#own-number", ID_NUMBER)
    await page.get_by_role("button", name="核对").click()
    await expect(level).to_contain_text("三级")

    # A face: the provider says no, then yes; what it signed is nowhere to be read afterwards.
    for well in (False, True):
        await phone.open("/me/real-name/face", ready="[data-testid=begin-face]")
        await page.get_by_test_id("begin-face").click()
        await seen_by_the_provider(page, well=well)
        if not well:
            await expect(page.get_by_test_id("problem")).to_have_attribute("data-code", "IDENTITY_FACE_NOT_MATCHED")
            assert await phone.violations() == []
    await expect(level).to_contain_text("四级")
    await expect(page.get_by_test_id("evidence")).to_contain_text("实人核验")
    await expect(page).to_have_url(f"{phone.base}/#/me/real-name")
    kept = await page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state])")
    assert "eyJ" not in kept.replace("handed-on", "")
    await phone.open("/real-name/face", ready="[data-testid=face-over]")

    await phone.open("/me/real-name/counter", ready="[data-testid=issue-ticket]")
    await page.get_by_test_id("issue-ticket").click()
    await expect(page.get_by_test_id("ticket")).to_have_text(re.compile(r"^\d{4} \d{4}$"))
    await expect(page.locator(".slab-time")).to_have_text(re.compile(r"^[45]:\d\d$"))
    assert await phone.violations() == [] and await phone.overflow_px() == 0
    assert own_faults(phone) == []

    # A net-ID, by somebody who says neither name nor number.
    hers = await new_phone(signed_in="13700000072")
    await hers.open("/me/real-name/net-id", ready="#net-id")
    async with hers.page.expect_popup() as opened:
        await hers.page.get_by_test_id("demo-net-id").get_by_role("link").click()
    platform = await opened.value
    await platform.select_option("select", label=NET_ID_HOLDER)
    await platform.locator("button").click()
    await hers.page.fill("#net-id", await platform.locator("textarea").input_value())
    await hers.page.get_by_role("button", name="核对").click()
    await expect(hers.page.get_by_test_id("level")).to_contain_text("四级")
    await expect(hers.page.get_by_test_id("ways-to-prove").get_by_role("link")).to_have_text([re.compile("窗口")])
    await readings_alike_stand_as_one(hers)
    assert own_faults(hers) == []


async def readings_alike_stand_as_one(phone: Phone) -> None:
    """As a code that a guardian keeps on screen writes them: every time stands behind it, and others between stay."""

    def reading(minute: int, purpose: str) -> JSON:
        who: JSON = {"purpose": purpose, "reason": None, "program": "演示图书馆", "officer": None, "person": None}
        fields = [{"code": "name", "name": "姓名", "sensitive": False}]
        at = f"2026-11-20T10:{minute:02}:00+00:00"
        return {"id": f"acc_{minute}", "at": at, "onBehalfOf": None, "fields": fields, **who}

    nodes = [*(reading(m, "出示城市码") for m in (42, 41, 40)), reading(39, "办证"), reading(38, "出示城市码")]
    body = answer(data={"accessLog": {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}})

    async def told(route: Route) -> None:
        if operation(route.request) == "AccessLog":
            await route.fulfill(body=body, content_type="application/json")
        else:
            await route.continue_()

    await phone.page.route("**/graphql", told)
    await phone.open("/me/data/access", ready="[data-testid=access]")
    await expect(phone.page.get_by_test_id("access")).to_have_count(3)
    times = phone.page.get_by_test_id("times")
    await times.locator("summary").click()
    await expect(times).to_contain_text("共 3 次，18:40–18:42")
    await expect(times).to_contain_text("18:42:00 · 18:41:00 · 18:40:00")
    assert await phone.violations() == [] and await phone.small_targets(44) == []


async def asks_for_the_account(phone: Phone) -> None:
    """As far as the wait."""
    page = phone.page
    await page.fill("#lost-name", NAME)
    await page.fill("#lost-number", ID_NUMBER)
    await page.fill("#lost-phone", NEW_NUMBER)
    await page.keyboard.press("Enter")
    await told_code(page)
    await page.get_by_test_id("to-be-seen").click()
    await seen_by_the_provider(page)
    await expect(page.get_by_test_id("state")).to_contain_text("可以领取")


async def test_a_lost_account_comes_back_unless_its_owner_says_no(new_phone: NewPhone, shell_city: OpenCity) -> None:
    """The owner is who the test before made known; alone, this one makes them so itself."""
    owner = await new_phone(signed_in=OWNER)
    await owner.open("/me/real-name", ready="[data-testid=level]")
    if "一级" in await owner.page.get_by_test_id("level").inner_text():
        await owner.open("/me/real-name/register", ready="#own-name")
        await owner.page.fill("#own-name", NAME)
        await owner.page.fill("#own-number", ID_NUMBER)
        await owner.page.keyboard.press("Enter")
        await expect(owner.page.get_by_test_id("level")).to_contain_text("三级")

    phone = await new_phone()
    page = phone.page
    await phone.open("/sign-in", ready="#phone")
    await page.get_by_test_id("lost-phone").click()
    await page.fill("#lost-name", NAME)
    await page.fill("#lost-number", ID_NUMBER)
    await page.fill("#lost-phone", "12")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "AUTH_PHONE_INVALID")
    await expect(page.locator("#lost-phone")).to_be_focused()
    await asks_for_the_account(phone)
    assert await phone.violations() == [] and await phone.small_targets(44) == []
    assert ID_NUMBER not in await page.evaluate("JSON.stringify({ ...localStorage })")

    # The owner finds it under Security, and stops it; the asker is told when they come for the account.
    await owner.open("/security", ready="[data-testid=claim-notice]")
    assert await owner.violations() == []
    await owner.page.get_by_test_id("claim-notice").get_by_role("link").click()
    await expect(owner.page.get_by_test_id("claims")).to_contain_text("137****0073")
    await owner.page.get_by_test_id("stop-claim").click()
    await owner.page.get_by_test_id("confirm").click()
    await expect(owner.page.locator("[data-state=STOPPED]")).to_have_count(1)
    assert await owner.violations() == []
    await the_wait_is_over(phone, shell_city)
    await page.get_by_test_id("finish-recovery").click()
    await expect(page.get_by_test_id("recovery-ended")).to_be_visible()

    await asks_for_the_account(phone)
    await page.reload()
    await the_wait_is_over(phone, shell_city)
    await page.get_by_test_id("finish-recovery").click()
    await page.wait_for_selector(".bricks")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(NAME)
    assert await page.evaluate("localStorage.getItem('citytong.recovery')") is None
    await owner.open("/me", ready="#phone, .person")
    await owner.page.wait_for_selector("#phone")
    assert own_faults(phone) == []

    await another_account_is_merged(phone, new_phone)


async def the_wait_is_over(phone: Phone, city: OpenCity) -> None:
    """By the city's books and by the phone's."""
    ago = city.clock.now() - timedelta(minutes=1)
    rows = city.city.ground.mongo.collection(RECOVERIES)
    await rows.update_many({"state": "WAITING"}, {"$set": {"due_at": ago}})
    await phone.page.evaluate(
        """() => { const kept = JSON.parse(localStorage["citytong.recovery"]);
        localStorage["citytong.recovery"] = JSON.stringify({ ...kept, dueAt: "2026-01-01T00:00:00Z" }); }"""
    )
    await phone.page.reload()


async def another_account_is_merged(phone: Phone, new_phone: NewPhone) -> None:
    """Not one that does more than be there; then one that does not."""
    page = phone.page
    await new_phone(signed_in="13700000074")
    # He has licences, and relations too where another file's test came before.
    for other, because in (("13800000003", re.compile("LICENCES|RELATIONS")), ("13700000074", None)):
        await phone.open("/security/merge", ready="#other-phone")
        await page.fill("#other-phone", other)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#merge-code")
        await told_code(page)
        await page.get_by_test_id("merge-confirm").get_by_role("button", name="合并").click()
        await expect(page.get_by_test_id("sheet")).to_contain_text("永久注销")
        assert await phone.violations() == []
        await page.get_by_test_id("confirm").click()
        if because:
            await expect(page.get_by_test_id("merge-refused")).to_have_attribute("data-because", because)
            assert await phone.violations() == []
            await page.reload()
    await expect(page.get_by_test_id("merged")).to_be_visible()

    # A number that is another account's leads here; the freed one becomes this account's.
    await phone.open("/security/phone", ready="#new-phone")
    for number in ("13800000003", "13700000074"):
        await page.fill("#new-phone", number)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#new-code")
        await told_code(page)
        await page.get_by_role("button", name="确认新手机号").click()
        if number.startswith("138"):
            await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "IDENTITY_PHONE_HAS_ACCOUNT")
            await expect(page.get_by_test_id("onward")).to_have_attribute("href", "#/security/merge")
            await page.get_by_test_id("call-off").click()
            await page.wait_for_selector("#new-phone")
    await expect(page.locator("main")).to_contain_text("137****0074")
    assert own_faults(phone) == []


async def test_a_number_that_had_another_holder(new_phone: NewPhone, shell_city: OpenCity) -> None:
    number = "13700000076"
    mine = await shell_city.ask("{ me { id } }", token=await shell_city.token(number))
    assert mine.data is not None
    long_ago = shell_city.clock.now() - timedelta(days=400)
    rows = shell_city.city.ground.mongo.collection(CITIZENS)
    await rows.update_one({"_id": mine.data["me"]["id"]}, {"$set": {"signed_in_at": long_ago}})
    phone = await new_phone(prefs={"mode": "elder"})
    page = phone.page
    await phone.open("/sign-in", ready="#phone")
    await page.fill("#phone", number)
    await page.click("button[type=submit]")
    await told_code(page)
    await expect(page.locator("h1")).to_have_text("这是您的账号吗？")
    assert await phone.violations() == [] and await phone.small_targets(60) == []
    await page.get_by_test_id("begin-anew").click()
    await page.get_by_test_id("confirm").click()
    await page.wait_for_selector(".bricks")
    again = await shell_city.ask("{ me { id } }", token=await shell_city.token(number))
    assert again.data is not None and again.data["me"]["id"] != mine.data["me"]["id"]
    assert own_faults(phone) == []
