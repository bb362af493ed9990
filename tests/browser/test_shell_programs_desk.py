"""Officers let programs in: the queue, one version with all that is known of it, the decision, the program's record."""

from __future__ import annotations

from contextlib import suppress

import pytest
import pytest_asyncio
from playwright.async_api import Error, Page, Route, expect

from core.mongo import Session
from core.paging import PageRequest
from miniapps.versions import demo
from miniapps.versions.demo import APP
from miniapps.versions.model import State
from tests.browser.shell_phone import NewPhone, Phone, answer, operation
from tests.browser.test_shell_screens import check_looks
from tests.support.city import JSON, OpenCity, did
from tests.support.waiting import until

REVIEWER, OFFICER, INSPECTOR, BUILDER = "13900000017", "13900000019", "13900000001", "13800000001"
FILE = 'mutation($app: String!) { fileWithDistrict(appId: $app, district: "110108") { state } }'
SET_WORDS = """mutation($app: String!, $name: String!, $title: JSON!, $body: JSON!) {
  setMiniTemplate(appId: $app, name: $name, title: $title, body: $body) { name }
}"""
WORDS = {
    "title": {"zh-CN": "活动改期", "en": "A walk was moved"},
    "body": {"zh-CN": "{walk} 改到 {day}", "en": "{walk} is on {day} now"},
}
WORDS_TOLD = """query($app: String!) {
  developerApp(appId: $app) { templates { state refusedBecause bannedBecause } }
}"""
ORIGIN = {
    "publisher": "mtp_01J9ZZZZZZZZZZZZZZZZZZZZZZ",
    "issuer": "https://token.actions.githubusercontent.com",
    "claims": {
        "team": "walks",
        "sha": "c0ffee" * 6,
        "run_id": "4711",
        "repository": "hutong/a-walk-through-the-hutongs",
    },
}
FILES, SCRIPT = demo.files, "pages/index.js"
_FIRST = PageRequest.of(first=1, after=None)


def _faulty(script: bytes) -> bytes:
    """A page made from text (where nobody comes), and a permission that nothing uses any more."""
    lines = [line for line in script.decode().splitlines() if "getPhoneNumber" not in line]
    return "\n".join([*lines, 'if (!at("walks")) document.body.innerHTML = `<p>${name} ${km} km</p>`;\n']).encode()


@pytest_asyncio.fixture(scope="module")
async def version(shell_city: OpenCity) -> str:
    """The one that waits: the demo's, with two faults of its developer that the machine warns of."""
    platform = shell_city.city.rooms.platform
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "files", lambda kit: {**FILES(kit), SCRIPT: _faulty(FILES(kit)[SCRIPT])})
        await shell_city.city.rooms.load_demo_review()

    async def passed() -> str | None:
        waiting = (await platform.versions.desk.store.queue(request=_FIRST)).rows
        return waiting[0].id if waiting else None

    return await until(passed, what="a version in the queue")


async def test_an_officer_reviews_a_version(new_phone: NewPhone, shell_city: OpenCity, version: str) -> None:
    filed = await shell_city.ask(FILE, token=await shell_city.token(BUILDER), app=APP)
    assert filed.errors == []
    officer = await new_phone(signed_in=REVIEWER)
    page = officer.page
    waiting = page.get_by_test_id("waiting")
    await expect(waiting).to_contain_text("胡同漫步")
    await expect(waiting).to_contain_text("个人开发者 · 信用 C")
    await expect(waiting).to_contain_text("精确位置（敏感）和手机号（敏感）")
    await expect(waiting).to_contain_text("2 条警告")
    screens = {
        "/desk/programs": "[data-testid=waiting]",
        f"/desk/programs/{version}": "[data-testid=approve]",
        f"/desk/programs/app/{APP}": "[data-testid=quotas]",
    }
    assert await check_looks(officer, screens) == {}

    await officer.wear({})
    await officer.open(f"/desk/programs/{version}", ready="[data-testid=approve]")
    citizen = await _opens_what_waits(officer, new_phone, shell_city)
    found = page.get_by_test_id("findings").locator("[data-severity=WARNING]")
    await expect(found).to_have_count(2)
    await expect(found.last).to_contain_text("pages/index.js:15:33")
    await expect(found.last).to_contain_text("R-MARKUP-FROM-TEXT")
    await expect(page.get_by_test_id("permissions")).to_contain_text("新增 精确位置")
    script = page.get_by_test_id("file").filter(has_text="pages/index.js")
    await script.locator("summary").click()
    # What a package holds is shown, and never becomes a part of the page.
    await expect(script.locator(".came").filter(has_text="innerHTML")).to_contain_text("<p>${name} ${km} km</p>")
    await expect(page.get_by_test_id("grants")).to_contain_text("To reach you when a walk is put off")

    await page.get_by_test_id("reject").click()
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "CLIENT_REJECT_WITHOUT_WHY")
    await page.get_by_test_id("add-finding").locator("summary").click()
    await page.fill("#finding-message", "位置没有说保存多久")
    await page.fill("#finding-path", "privacy.json")
    await page.fill("#finding-line", "3")
    await page.get_by_role("button", name="加上").click()
    await expect(page.get_by_test_id("own-finding")).to_contain_text("privacy.json:3")
    await page.locator("input[name=grant][value='city.user.phone']").uncheck()
    # Looked up something elsewhere: what was written is still there.
    await page.get_by_role("link", name="小程序档案").click()
    await expect(page.get_by_test_id("capability")).to_have_count(2)
    await page.go_back()
    await expect(page.get_by_test_id("own-finding")).to_have_count(1)
    assert await officer.press("approve")
    sheet = page.get_by_test_id("sheet")
    await expect(sheet).to_contain_text("授予 1 项，共申请 2 项")
    assert await officer.violations() == []
    await sheet.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("version-state").first).to_contain_text("已批准，尚未发布")
    # The matter is over: nothing is opened.
    await expect(page.get_by_test_id("try")).to_have_count(0)
    await citizen.page.goto("about:blank")
    await citizen.open(f"/mini/{APP}?trial")
    await expect(citizen.page.locator("#main")).to_contain_text("这个小程序已不在这里")
    await expect(page.get_by_test_id("granted")).to_contain_text("手机号 · 未授予")
    await expect(page.get_by_test_id("approve")).to_have_count(0)
    kept = await shell_city.city.rooms.platform.versions.desk.store.version(version)
    assert kept is not None
    assert kept.state is State.APPROVED and kept.granted == {"city.device.location"}
    assert kept.findings[0].where == "privacy.json"

    await officer.open(f"/desk/programs/app/{APP}", ready="[data-testid=quotas]")
    await page.get_by_test_id("quota-form").locator("summary").click()
    await page.fill("#per-day", "70,000")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_test_id("quotas")).to_contain_text("上限 70,000")
    await page.get_by_test_id("refuse").click()
    await page.fill("dialog textarea", "没有海淀的路线")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("filing")).to_contain_text("不予备案")
    await expect(page.get_by_test_id("filing")).to_contain_text("没有海淀的路线")
    await expect(page.get_by_test_id("file")).to_have_count(0)
    assert officer.faults == []


async def _opens_what_waits(officer: Phone, new_phone: NewPhone, city: OpenCity) -> Phone:
    """The officer opens it on their own phone, by the code on the desk, as the citizen who they are."""
    page = officer.page
    await page.get_by_test_id("try").click()
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "MINIAPPS_NO_CITIZEN")
    await city.token(REVIEWER)  # as a citizen, once
    await page.get_by_test_id("try").click()
    to = await page.get_by_test_id("trial-address").inner_text()
    assert to == f"{city.base}/#/mini/{APP}?trial"
    await _looks_right(officer)
    citizen = await new_phone()
    await citizen.page.goto(to)
    await citizen.page.fill("#phone", REVIEWER)
    await citizen.page.click("button[type=submit]")
    await citizen.page.get_by_test_id("demo-code").get_by_role("button").click()
    await expect(citizen.page.get_by_test_id("mini-trial")).to_have_text("体验版")
    await until(lambda: _shows(citizen.page, "五道营 2.4 km"), what="the program in the trial")
    # Who comes back to it finds the trial. Who opens the program does not, while the trial still lives.
    for to, finds in (
        (f"/mini/{APP}", citizen.page.get_by_test_id("mini-trial")),
        (f"/mini/{APP}?page=pages/index", None),
    ):
        await citizen.page.evaluate("location.hash = '#/home'")
        await expect(citizen.page.locator("#app")).to_be_visible()
        await citizen.page.evaluate("to => (location.hash = `#${to}`)", to)
        if finds:
            await expect(finds).to_be_visible()
    await expect(citizen.page.locator("#main")).to_contain_text("这个小程序已不在这里")
    return citizen


async def _shows(page: Page, words: str) -> bool:
    """Whether a program's page says so: it stands in a frame of its own."""
    for frame in page.frames:
        if ".mini.localhost" in frame.url:
            with suppress(Error):  # it went, or was loaded again, while it was looked at
                if await frame.get_by_text(words).count():
                    return True
    return False


async def test_one_that_runs_is_looked_at_again_but_by_nobody_of_its_own(new_phone: NewPhone, version: str) -> None:
    officer = await new_phone(signed_in=REVIEWER)
    told: JSON = {"state": "RELEASED", "secondLook": True, "origin": ORIGIN}
    words = {
        "titles": {"zh-CN": "活动改期", "en": "A walk was moved"},
        "bodies": {"zh-CN": "{walk} 改到 {day}", "en": "{walk} is on {day} now"},
    }
    template = {
        "name": "walk_moved",
        "state": "WAITING",
        "revision": "0123456789abcdef",
        "refusedBecause": None,
        "bannedBecause": None,
        "handedIn": words,
        "approved": None,
        "banned": False,
    }

    async def as_told(route: Route) -> None:
        if operation(route.request) == "Templates":
            return await route.fulfill(body=answer(data={"miniTemplates": [template]}), content_type="application/json")
        if operation(route.request) != "VersionReviewed":
            return await route.continue_()
        found = await (await route.fetch()).json()
        found["data"]["miniVersion"] |= told
        await route.fulfill(json=found)

    await officer.page.route("**/graphql", as_told)
    await officer.open(f"/desk/programs/{version}", ready="[data-testid=confirm-again]")
    await expect(officer.page.get_by_test_id("second-look")).to_contain_text("随机抽中复查")
    await expect(officer.page.get_by_test_id("templates")).to_contain_text("{walk} 改到 {day}")
    await expect(officer.page.get_by_test_id("templates")).to_contain_text("{walk} is on {day} now")
    await expect(officer.page.get_by_test_id("grants")).to_have_count(0)
    # Whose run handed it in: what is known first, and what its owner asks for besides by its own name.
    terms = await officer.page.get_by_test_id("origin").locator("dt").all_inner_texts()
    assert terms == ["代码库", "提交", "运行编号", "team", "签发方", "可信发布者"]
    await _looks_right(officer)
    told["own"] = True
    await officer.page.reload()
    await expect(officer.page.get_by_test_id("own-matter")).to_contain_text("您是这家机构的成员")
    await expect(officer.page.get_by_test_id("confirm-again")).to_have_count(0)
    assert officer.faults == []


async def test_the_words_of_messages_are_decided_one_by_one(
    new_phone: NewPhone, shell_city: OpenCity, version: str
) -> None:
    builder, shelf = await shell_city.token(BUILDER), shell_city.city.rooms.program_messages.shelf
    for name in ("walk_full", "walk_moved"):
        await did(shell_city, SET_WORDS, builder, app=APP, name=name, **WORDS)

    async def handed_in(session: Session) -> None:
        await shelf.hand_in(APP, at=shell_city.clock.now(), session=session)

    await shell_city.city.rooms.ground.mongo.transaction(handed_in)
    officer = await new_phone(signed_in=REVIEWER)
    page = officer.page
    await officer.open(f"/desk/programs/app/{APP}", ready="[data-testid=template]")
    await _looks_right(officer)
    # Without knowing which program: all that wait, in one list.
    await officer.open("/desk/programs", ready="[data-testid=words-waiting]")
    await expect(page.get_by_test_id("words-waiting")).to_contain_text("有待审核")
    await page.get_by_test_id("words-waiting").get_by_role("link").click()
    await expect(page.get_by_test_id("template")).to_have_count(2)
    await expect(page.get_by_test_id("template").first).to_contain_text("胡同漫步")
    await expect(page.get_by_test_id("template").first.get_by_test_id("waits")).to_have_text("刚刚提交")
    assert await check_looks(officer, {"/desk/programs/words": "[data-testid=template]"}) == {}
    await officer.wear({})
    await officer.open("/desk/programs/words", ready="[data-testid=template]")
    await page.get_by_test_id("template").filter(has_text="walk_full").get_by_test_id("refuse-template").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "BAD_USER_INPUT")
    await page.fill("dialog textarea", "没有说是哪一天")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("template")).to_have_count(1)
    await page.get_by_test_id("template").get_by_role("link").click()
    full, moved = page.get_by_test_id("template").first, page.get_by_test_id("template").last
    await expect(full.get_by_test_id("template-state")).to_have_text("未通过")
    await expect(full).to_contain_text("未通过的原因：没有说是哪一天")
    await moved.get_by_test_id("take-template").click()
    await expect(moved.get_by_test_id("template-state")).to_have_text("已通过")
    await moved.get_by_test_id("ban-template").click()
    await page.fill("dialog textarea", "被用来发广告")
    await page.get_by_test_id("confirm").click()
    await expect(moved).to_contain_text("停用的原因：被用来发广告")
    await _looks_right(officer)
    # Those who build it are told; nobody decides about their own.
    told = (await did(shell_city, WORDS_TOLD, builder, app=APP))["templates"]
    assert [(one["state"], one["refusedBecause"], one["bannedBecause"]) for one in told] == [
        ("REFUSED", "没有说是哪一天", None),
        ("BANNED", None, "被用来发广告"),
    ]
    assert officer.faults == []


async def test_an_officer_proposes_to_take_a_program_back(new_phone: NewPhone, version: str) -> None:
    officer = await new_phone(signed_in=OFFICER, prefs={"locale": "en"})
    page = officer.page
    await page.get_by_role("link", name="Programs", exact=True).click()
    await page.fill("#program", "air")
    await page.get_by_role("button", name="Find it").click()
    await page.get_by_test_id("found").get_by_role("link").first.click()
    await expect(page.get_by_test_id("program-state")).to_contain_text("runs")
    await _looks_right(officer)
    # The city's own has no rating; somebody's has one, which an officer sets.
    await expect(page.get_by_test_id("rating")).to_have_count(0)
    await page.get_by_test_id("take-back").click()
    await page.fill("#reason", "It shows the air of another city")
    await page.get_by_role("button", name="Propose it").click()
    await expect(page.get_by_test_id("act-state")).to_contain_text("Waits for")
    await expect(page.get_by_test_id("changes")).to_contain_text("air")
    await page.get_by_test_id("withdraw").click()
    await expect(page.get_by_test_id("act-state")).to_contain_text("Withdrawn")

    await officer.open(f"/desk/programs/app/{APP}", ready="[data-testid=rating]")
    await page.get_by_text("Rate who builds it").click()
    await page.select_option("#grade", "B")
    await page.fill("#rate-reason", "Known for years")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.get_by_test_id("rating")).to_contain_text("Known for years")
    await expect(page.get_by_test_id("rating")).to_contain_text("rated B")
    await _looks_right(officer)
    assert officer.faults == []


async def test_other_staff_see_no_record(shell_city: OpenCity) -> None:
    inspector = await shell_city.token(INSPECTOR, audience="STAFF")
    for token in (inspector, await shell_city.token(BUILDER)):
        asked = await shell_city.ask(
            "query($app: String!) { programRecord(appId: $app) { name } }", token=token, app=APP
        )
        assert asked.codes == ["FORBIDDEN"]


async def _looks_right(phone: Phone) -> None:
    assert await phone.violations() + await phone.small_targets(44) == []
    assert await phone.overflow_px() == 0
