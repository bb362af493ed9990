"""The desks where staff decide: an account frozen by one officer and let go on by two, and what its owner sees; who is
hired; an identity seen at a counter."""

from __future__ import annotations

from playwright.async_api import Route, expect

from identity.demo import CITIZENS
from tests.browser.shell_phone import NewPhone, Phone, answer, operation
from tests.support.city import OpenCity

OFFICER, OTHER_OFFICER, ADMIN, CLERK = (f"139000000{n}" for n in (11, 12, 13, "09"))
LIU = CITIZENS["liu"]
OWNER = (LIU.phone or "").removeprefix("+86")
TICKET = "mutation { issueCounterTicket { code } }"
ELDER = {"theme": "dark", "mode": "elder", "locale": "en"}


async def wrong(phone: Phone, least_px: float = 44) -> list[str]:
    return await phone.violations() + await phone.small_targets(least_px) + ["too wide"] * await phone.overflow_px()


async def test_one_officer_freezes_and_two_let_go_on(new_phone: NewPhone) -> None:
    officer = await new_phone(signed_in=OFFICER)
    page = officer.page
    await page.get_by_role("link", name="账号处置").click()
    await page.fill("#their-name", LIU.name)
    await page.fill("#their-phone", OWNER)
    await page.fill("#reason", "本人到窗口报失手机")
    await page.get_by_role("button", name="查找").click()
    await expect(page.locator("h1")).to_have_text("刘*英")
    await page.get_by_test_id("freeze").click()
    await page.fill("dialog textarea", "手机丢失，防止冒用")
    assert await wrong(officer) == []
    asked: list[str] = []

    async def want_a_proof(route: Route) -> None:
        asked.append(operation(route.request))
        if asked.count("Freeze") == 1 and asked[-1] == "Freeze":
            refused = answer(code="STEP_UP_REQUIRED", max_age_s=300, strong=True)
            return await route.fulfill(body=refused, content_type="application/json")
        await route.continue_()

    await page.route("**/graphql", want_a_proof)
    await page.get_by_test_id("confirm").click()
    await page.get_by_test_id("step-up").get_by_test_id("demo-code").get_by_role("button").click()
    await expect(page.get_by_test_id("account-state")).to_contain_text("已冻结至")
    await expect(page.get_by_test_id("intervention")).to_contain_text("手机丢失，防止冒用")

    # Who has proven that it is theirs is told until when, and where to go.
    owner = await new_phone()
    await owner.open("/sign-in", ready="#phone")
    await owner.page.fill("#phone", OWNER)
    await owner.page.click("button[type=submit]")
    await owner.page.get_by_test_id("demo-code").get_by_role("button").click()
    trouble = owner.page.get_by_test_id("trouble")
    await expect(trouble).to_have_attribute("data-code", "AUTH_ACCOUNT_FROZEN")
    await expect(trouble).to_contain_text("报编号 itv_")
    owner.faults.clear()

    await page.get_by_role("link", name="解冻账号").click()
    await page.fill("#reason", "本人已找回手机")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_test_id("act-state")).to_contain_text("等待另一名工作人员")
    await expect(page.get_by_test_id("withdraw")).to_be_visible()
    await expect(page.get_by_test_id("approve")).to_have_count(0)

    other = await new_phone(signed_in=OTHER_OFFICER)
    await other.page.get_by_test_id("act").get_by_role("link").click()
    await expect(other.page.get_by_test_id("reason")).to_have_text("本人已找回手机")
    assert await wrong(other) == []
    await other.page.get_by_test_id("approve").click()
    await other.page.get_by_test_id("confirm").click()
    await expect(other.page.get_by_test_id("act-state")).to_contain_text("已批准并办理")

    await owner.sign_in(OWNER)
    await owner.open("/me/data/interventions", ready="[data-testid=interventions]")
    rows = owner.page.get_by_test_id("intervention")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("ZS-0202")
    await expect(rows.last).to_contain_text("账号已冻结")
    assert await wrong(owner) == []
    assert asked.count("StepUp") == 1 and asked.count("Freeze") == 2
    assert officer.faults + other.faults + owner.faults == []


async def test_who_manages_staff_proposes_and_changes_their_mind(new_phone: NewPhone) -> None:
    admin = await new_phone(signed_in=ADMIN, prefs=ELDER)
    page = admin.page
    await page.get_by_role("link", name="Staff", exact=True).click()
    await expect(page.get_by_test_id("members")).to_be_visible()
    assert await wrong(admin, 60) == []
    await page.get_by_test_id("member").filter(has_text="ZS-0102").get_by_role("link").click()
    await page.get_by_role("link", name="Change the jurisdiction").click()
    await page.get_by_label("Answers for").select_option("110108")
    await page.fill("#reason", "moves to the district's bureau")
    await page.get_by_role("button", name="Propose it").click()
    await expect(page.get_by_test_id("changes")).to_contain_text("Haidian")
    await expect(page.get_by_test_id("now")).to_contain_text("The whole city")
    assert await wrong(admin, 60) == []
    await page.get_by_test_id("withdraw").click()
    await expect(page.get_by_test_id("act-state")).to_contain_text("Withdrawn")
    await admin.open("/desk/propose/STAFF_HIRE", ready="[data-testid=propose]")
    assert await wrong(admin, 60) == []
    assert admin.faults == []


async def test_an_identity_is_seen_at_a_counter(new_phone: NewPhone, shell_city: OpenCity) -> None:
    asked = await shell_city.ask(TICKET, token=await shell_city.token(OWNER))
    assert asked.data is not None, asked.errors
    clerk = await new_phone(signed_in=CLERK)
    page = clerk.page
    assert await wrong(clerk) == []
    await page.fill("#ticket", asked.data["issueCounterTicket"]["code"])
    await page.fill("#number", LIU.id_number or "")
    await page.fill("#their-name", LIU.name)
    await page.fill("#reason", "本人到窗口核验")
    await page.get_by_role("button", name="确认是本人").click()
    await expect(page.get_by_test_id("verified")).to_contain_text("刘*英 已核验")
    assert clerk.faults == []
