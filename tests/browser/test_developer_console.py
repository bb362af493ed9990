"""The city's own program for those who build: what review found, a rollout from the first citizens to back again, keys,
domains, figures, and a tool that is let in. Everything is asked of a whole city."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Frame, Locator, Page, expect

from core.clock import epoch_s
from core.mongo import Session
from miniapps.developers.demo import APP, NAME
from miniapps.developers.granting import DEVICE_GRANT
from miniapps.developers.runs import IDENTIFYING
from miniapps.versions.model import Origin
from tests.browser.shell_phone import NewPhone, Phone
from tests.browser.test_mini_programs import PLAIN, answered, gone, opened, program, violations
from tests.support.city import JSON, REQUEST_CODE, OpenCity, did
from tests.support.developing import Holder
from tests.support.receiving import Receiver, receiving
from tests.support.residents import resident
from tests.support.waiting import until
from tests.unit.miniapps.releases.workshop import Developer, files

FOLDER: Final = Path("miniapps/programs/developer")
# A key is one organisation's in a city, and other files sign by the workshop's own.
STUDIO_KEY: Final = Developer(seed=bytes(range(32, 64)))
CONSOLE: Final = "org.city.developer"
ZHANG, OUYANG, REVIEWER = "13800000001", "13800000003", "13900000017"
# They begin to build, and nobody of the demo does: the city is the run's, and other files find its people as they were.
ASKED, BEGINNER = "13700000082", "13700000083"
BEGIN: Final = 'mutation { registerDeveloper(input: {name: "Situ builds"}) { id } }'
ME: Final = "{ developer { organisations { id name keys { id retiresAt } } } }"
ADD_KEY: Final = """mutation($of: ID!, $jwk: JSON!, $proof: String!) {
  addDeveloperKey(organisation: $of, jwk: $jwk, proof: $proof) { id }
}"""
CREATE: Final = "mutation($app: String!, $upload: String!) { createVersion(appId: $app, upload: $upload) { id } }"
SUBMIT: Final = "mutation($id: ID!) { submitVersion(id: $id) { id } }"
VERSION: Final = "query($id: ID!) { miniVersion(id: $id) { state rollout { percent paused } steps { act note } } }"
APPROVE: Final = """mutation($id: ID!) {
  reviewVersion(id: $id, decision: APPROVE, granted: ["city.user.phone"]) { id }
}"""
OPEN: Final = "mutation($app: String!) { openMiniProgram(appId: $app) { id } }"
NOTE: Final = """mutation($id: ID!, $at: DateTime!) {
  noteMiniLogs(session: $id, entries: [{level: ERROR, at: $at, text: "no answer", code: "E_TIMEOUT"}])
}"""
LET_IN: Final = (
    "mutation($code: String!, $for: ID!) { approveDeveloperDevice(userCode: $code, organisation: $for) { id } }"
)

NARROW: Final = {"width": 320, "height": 640}
REASONS: Final = {"city.user.phone": "To tell you", "city.device.location": "To find the way"}
SAID: Final = {"purpose": {"zh-CN": "通知", "en": "To tell you"}, "kept": {"zh-CN": "不保存", "en": "Not at all"}}


@dataclass(frozen=True, slots=True)
class Studio:
    """The demo's studio. rejected, ready: versions that the machine refused, and that a reviewer let through."""

    city: OpenCity
    owner: str
    id: str
    rejected: str
    ready: str

    async def version(self, id: str) -> JSON:
        found: JSON = await did(self.city, VERSION, self.owner, id=id)
        return found


async def begun(city: OpenCity) -> JSON:
    """A tool that shows a code."""
    async with city.http.post(f"{city.base}/open/device", data={"client_id": "tong"}) as response:
        told: JSON = await response.json()
    return told


async def token_of(city: OpenCity, tool: JSON) -> JSON:
    form = {"grant_type": DEVICE_GRANT, "client_id": "tong", "device_code": tool["device_code"]}
    async with city.http.post(f"{city.base}/open/token", data=form) as response:
        told: JSON = await response.json()
    return told


async def handed_in(city: OpenCity, tool: str, code: int, script: bytes = b"") -> str:
    """A version that the machine has looked at; its id."""
    contents = files(code, app_id=APP, name="胡同你好", city_domains={})
    contents["app.js"] += script
    contents["i18n/en.json"] = json.dumps({"name": "Hello Hutong", "city_reasons": REASONS}).encode()
    contents["privacy.json"] = json.dumps({"data": [{"name": name, **SAID} for name in REASONS]}).encode()
    package = STUDIO_KEY.signed(contents, at=epoch_s(city.clock.now()))
    headers = {"Authorization": f"Bearer {tool}"}
    async with city.http.put(f"{city.base}/open/packages", data=package, headers=headers) as response:
        upload = (await response.json())["upload"]
    id: str = (await did(city, CREATE, tool, app=APP, upload=upload))["id"]
    await did(city, SUBMIT, tool, id=id)

    async def looked_at() -> bool:
        return (await did(city, VERSION, tool, id=id))["state"] in ("IN_REVIEW", "REJECTED")

    await until(looked_at, what="the machine's findings", deadline_s=60)
    return id


@pytest_asyncio.fixture(scope="module")
async def studio(shell_city: OpenCity) -> Studio:
    city, zhang = shell_city, await shell_city.token(ZHANG)
    (id,) = (one["id"] for one in (await did(city, ME, zhang))["organisations"] if one["name"] == NAME)
    shown = await begun(city)
    await did(city, LET_IN, zhang, **{"code": shown["user_code"], "for": id})
    tool = (await token_of(city, shown))["access_token"]
    key = Holder(Ed25519PrivateKey.from_private_bytes(STUDIO_KEY.seed), "EdDSA")
    proof = key.proof({"organisation": id, "iat": epoch_s(city.clock.now())})
    await did(city, ADD_KEY, zhang, of=id, jwk=key.jwk, proof=proof)
    rejected = await handed_in(city, tool, 1, b"eval('1');\n")
    ready = await handed_in(city, tool, 2)
    await did(city, APPROVE, await city.token(REVIEWER, audience="STAFF"), id=ready)
    return Studio(city, zhang, id, rejected, ready)


async def console(new_phone: NewPhone, **look: Any) -> tuple[Phone, Frame]:
    """Its first page, for who has agreed."""
    phone = await new_phone(signed_in=ZHANG, **PLAIN, **look)
    frame = await opened(phone, CONSOLE, "pages/home", ready=".ask, .card")
    if await frame.locator(".ask").count():
        await answered(phone.page, frame.locator(".ask .main").click)
        await frame.wait_for_selector(".card")
    return phone, frame


async def to(page: Page, frame: Frame, press: str, name: str) -> Frame:
    """The page that a press leads to, drawn."""
    await frame.locator(press).click()
    found = await program(page, f"pages/{name}")
    await found.wait_for_selector("h1")
    return found


async def back(page: Page, frame: Frame) -> None:
    await page.locator(f"[data-app='{CONSOLE}']").get_by_test_id("mini-back").click()
    await until(lambda: gone(frame), what="the page to be left")


async def sure(page: Page, press: Callable[[], Awaitable[None]], *, reason: str = "") -> None:
    """Pressed, and said yes to twice."""
    await press()
    sheet = page.locator("dialog[open]")
    first = await sheet.locator("h1, h2").first.inner_text()
    await sheet.get_by_test_id("modal-yes").click()
    await expect(sheet.locator("h1, h2").first).not_to_have_text(first)
    if reason:
        await sheet.get_by_role("textbox").fill(reason)
    await sheet.get_by_test_id("modal-yes").click()
    await expect(sheet).to_have_count(0)


async def stands(frame: Frame, words: str) -> None:
    await expect(frame.locator(".head .pill")).to_have_text(words)


def test_documents_and_words_are_whole() -> None:
    documents = json.loads((FOLDER / "operations.json").read_text())["documents"]
    named = (FOLDER / "common" / "documents.js").read_text()
    assert [text for text in documents if sha256(text.encode()).hexdigest() not in named] == []
    assert named.count("export const") == len(documents)


def test_the_console_knows_which_claims_say_whose_run_it_is() -> None:
    (listed,) = re.findall(r"export const WHOSE = \[(.*?)\]", (FOLDER / "common" / "claims.js").read_text())
    assert set(re.findall(r"'(\w+)'", listed)) == IDENTIFYING


async def test_what_was_found_and_a_version_all_the_way_and_back(new_phone: NewPhone, studio: Studio) -> None:
    phone, home = await console(new_phone)
    page = phone.page
    await expect(home.locator(".card h2").first).to_have_text(NAME)
    assert await violations(home) == []
    app = await to(page, home, f'[id="app-{APP}"]', "app")
    await expect(app.locator("#versions ~ div .row")).to_have_count(2)
    assert await violations(app) == []

    refused = await to(page, app, f"#version-{studio.rejected}", "version")
    await stands(refused, "未通过")
    worst = refused.locator(".thing[data-severity=ERROR]").first
    await expect(worst).to_contain_text("app.js:41")
    await expect(worst).to_contain_text("怎么改：")
    assert await refused.locator("#now ~ .stack button").count() == 0
    # What a rule is for stands outside of the city: its address is shown before anything is opened.
    await worst.get_by_role("button", name="规则 R-EVAL 的说明").click()
    await expect(page.locator("dialog[open]")).to_contain_text("review-rules#r-eval")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)
    assert await violations(refused) == []
    await back(page, refused)

    ready = await to(page, app, f"#version-{studio.ready}", "version")
    await stands(ready, "已通过，待发布")
    await expect(ready.locator("dt", has_text="city.user.phone").locator("~ dd")).to_have_text("已授予")
    await expect(ready.locator("dt", has_text="city.device.location").locator("~ dd")).to_have_text("未授予")
    changes = await to(page, ready, "#changes", "changes")
    await expect(changes.locator("#files")).to_contain_text("变了")
    await expect(changes.get_by_text("没有正在运行的版本")).to_be_visible()
    await changes.select_option("#from", studio.rejected)
    await expect(changes.locator("#files")).to_have_text("变了 2 个文件")
    await expect(changes.get_by_text("没有正在运行的版本")).to_have_count(0)
    await changes.locator("summary", has_text="app.js").focus()
    await page.keyboard.press("Enter")
    await expect(changes.locator("details[open] .went")).to_contain_text("eval('1');")
    assert await violations(changes) == []
    await back(page, changes)
    # More than the rating allows is not even sent; no at the first question changes nothing.
    await ready.fill("#start-percent", "50")
    await ready.click("#start-send")
    await expect(ready.locator("#start-percent")).to_be_focused()
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await ready.fill("#start-percent", "2.5")
    await ready.click("#start-send")
    await page.locator("dialog[open]").get_by_role("button").last.click()
    assert (await studio.version(studio.ready))["state"] == "APPROVED"
    await sure(page, ready.locator("#start-send").click)
    await stands(ready, "灰度发布中")
    await expect(ready.locator(".bricks")).to_have_attribute("aria-label", "已向 2.5% 的市民发布")
    assert await violations(ready) == []

    await ready.fill("#widen-percent", "40")
    await sure(page, ready.locator("#widen-send").click)
    await expect(ready.locator(".bricks")).to_have_attribute("aria-label", "已向 40% 的市民发布")
    await sure(page, ready.locator("#act-pause").click)
    await expect(ready.locator("#act-resume")).to_be_visible()
    assert (await studio.version(studio.ready))["rollout"] == {"percent": 40, "paused": True}
    await sure(page, ready.locator("#act-resume").click)
    await expect(ready.locator("#act-pause")).to_be_visible()
    await sure(page, ready.locator("#act-promote").click)
    await stands(ready, "全量运行")

    # It is opened, and fails: those who build it see that, and nobody's name.
    city, ouyang = studio.city, await studio.city.token(OUYANG)
    run = await did(city, OPEN, ouyang, app=APP)
    await did(city, NOTE, ouyang, id=run["id"], at=city.clock.now().isoformat())
    await back(page, ready)
    await expect(app.locator(f"#version-{studio.ready}")).to_contain_text("全量运行")
    figures = await to(page, app, "#figures", "figures")
    await expect(figures.locator(".days")).to_have_attribute("aria-label", re.compile("最近 14 天共打开 1 次"))
    await expect(figures.locator("#by-code tbody")).to_contain_text("E_TIMEOUT")
    assert await violations(figures) == []
    await back(page, figures)
    logs = await to(page, app, "#logs", "logs")
    await expect(logs.locator(".log")).to_have_text("no answer")
    await logs.select_option("#level", "WARN")
    await expect(logs.locator(".lead")).to_have_text("没有符合的日志。")
    assert await violations(logs) == []
    await back(page, logs)

    again = await to(page, app, f"#version-{studio.ready}", "version")
    await sure(page, again.locator("#act-rollBack").click, reason="借书页打不开")
    await stands(again, "已收回")
    told = await studio.version(studio.ready)
    assert (told["state"], told["steps"][-1]) == ("REVOKED", {"act": "ROLL_BACK", "note": "借书页打不开"})
    assert [fault for fault in phone.faults if "Content Security Policy" in fault] == []


async def test_keys_domains_and_what_the_city_says_no_to(new_phone: NewPhone, studio: Studio) -> None:
    phone, home = await console(new_phone, prefs={"locale": "en"})
    page, city = phone.page, studio.city
    organisation = await to(page, home, f"#manage-{studio.id}", "organisation")
    await expect(organisation.locator(".grade")).to_contain_text("Grade")
    assert await violations(organisation) == []

    await organisation.locator("#new-app > summary").click()
    for name, typed in (("app", "studio.hutong.other"), ("zh", "胡同别处"), ("en", "E")):
        await organisation.fill(f"#app-form-{name}", typed)
    await organisation.click("#app-form-send")
    await wrong_at(organisation, "en", "English name: must have 2 to 60 printable characters")
    await expect(organisation.locator("#app-form .trouble")).to_contain_text("BAD_USER_INPUT")
    for name, typed in (("app", CONSOLE), ("en", "Elsewhere")):
        await organisation.fill(f"#app-form-{name}", typed)
    await organisation.click("#app-form-send")
    await expect(organisation.locator("#app-form > .trouble")).to_contain_text("MINIAPPS_")
    await expect(organisation.locator("#app-form-en:not([aria-invalid], [aria-describedby])")).to_have_count(1)

    key = Holder.ed25519()
    await organisation.locator("#add-key > summary").click()
    form = organisation.locator("#add-key-form")
    private = json.dumps({**key.jwk, "d": "c2VjcmV0"})
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    await form.locator("[name=jwk]").fill(private)
    await form.locator("[name=proof]").fill("x.y.z")
    await form.locator("[type=submit]").click()
    await wrong_at(form, "jwk", "There is a private key in this!")
    assert [body for body in sent if "c2VjcmV0" in body] == []
    await form.locator("[name=jwk]").fill(json.dumps(key.jwk))
    await form.locator("[type=submit]").click()
    await expect(form.locator(".trouble")).to_contain_text("MINIAPPS_KEY_REFUSED")
    await expect(form.locator("[name=proof]")).to_have_value("x.y.z")
    proof = key.proof({"organisation": studio.id, "iat": epoch_s(city.clock.now())})
    await form.locator("[name=proof]").fill(proof)
    await form.locator("[type=submit]").click()
    await expect(organisation.locator(".thing code", has_text=key.kid[:12])).to_have_count(1)
    await sure(page, organisation.locator(f'[id="retire-{key.kid}"]').click)
    await expect(organisation.locator(".thing", has_text=key.kid[:12])).to_contain_text("Retired")

    await back(page, organisation)
    app = await to(page, home, f'[id="app-{APP}"]', "app")
    backend = await to(page, app, "#backend", "backend")
    await expect(backend.locator("#quotas ~ .things > li")).to_have_count(3)
    await backend.locator("#add-domain > summary").click()
    await backend.fill("#domain-name", "localhost")
    await backend.click("#domain-send")
    await expect(backend.locator("#domain .trouble")).to_contain_text("MINIAPPS_DOMAIN_REFUSED")
    await backend.fill("#domain-name", "api.hutong.example")
    await backend.click("#domain-send")
    await expect(backend.locator("h3")).to_contain_text("api.hutong.example")
    await expect(backend.locator(".copied code").first).to_contain_text("citytong-domain=")
    assert await violations(backend) == []
    await told_again(page, backend)
    await back(page, backend)
    await words_of_messages(page, app, city)


async def told_again(page: Page, backend: Frame) -> None:
    """What the city told a backend: what was answered, and once more."""
    async with receiving() as receiver:
        await backend.locator("#set-webhook > summary").click()
        await backend.fill("#webhook-form-url", receiver.url)
        await backend.click("#webhook-form-send")
        await expect(backend.locator("#webhook ~ .thing")).to_contain_text(receiver.url)
        told = await to(page, backend, "#deliveries", "deliveries")
        await expect(told.locator(".lead")).to_have_text("No events were sent yet.")
        receiver.status = 500
        await told.click("#test")
        first = told.locator(".things > li").first
        await expect(first).to_contain_text("Test")
        await seen(told, first, "Last answer: HTTP 500")
        await expect(first.locator(".pill")).to_have_text("To be delivered")
        assert await violations(told) == []
        receiver.status = 204
        await told.click("#test")
        await seen(told, first, "Last answer: HTTP 204")
        await expect(first.locator(".pill")).to_have_text("Delivered")
        heard = len(receiver.calls)
        await first.get_by_role("button").click()
        await until(lambda: came(receiver, heard + 1), what="the same once more")
        await seen(told, first, "Last answer: HTTP 204")
        await back(page, told)


async def came(receiver: Receiver, count: int) -> bool:
    return len(receiver.calls) >= count


async def seen(frame: Frame, line: Locator, words: str) -> None:
    """Looked at again until it says so."""

    async def said() -> bool:
        await frame.click("#look")
        return words in await line.inner_text()

    await until(said, what=words)


async def words_of_messages(page: Page, app: Frame, city: OpenCity) -> None:
    """Proposed, refused, and written anew."""
    told = await to(page, app, "#templates", "templates")
    form = told.locator("#new-template")
    written = {"name": "loan_due", "title-zh-CN": "快到期了", "body-zh-CN": "请在{day}前归还", "title-en": "Due soon"}
    for name, words in {**written, "body-en": "Bring it back by {date}"}.items():
        await form.locator(f"[name={name}]").fill(words)
    await told.click("#new-template-send")
    await expect(form.locator(".trouble")).to_contain_text("other names in their braces")
    await form.locator("[name=body-en]").fill("Bring it back by {day}: www.hutong.example")
    await told.click("#new-template-send")
    await wrong_at(told, "body-en", "Text in English: must hold no address")
    await form.locator("[name=body-en]").fill("Bring it back by {day}")
    await told.click("#new-template-send")
    one = told.locator(".things > li")
    await expect(one.locator(".pill")).to_have_text("Not handed in yet")
    await expect(one.locator("blockquote[lang=zh-CN]")).to_contain_text("请在{day}前归还")
    assert await violations(told) == []

    shelf = city.city.rooms.program_messages.shelf

    async def refused(session: Session) -> None:
        await shelf.hand_in(APP, at=city.clock.now(), session=session)
        await shelf.refuse(APP, "loan_due", because="Say what is due", session=session)

    await city.city.rooms.ground.mongo.transaction(refused)
    await one.locator("summary").click()
    await one.locator("[name=title-en]").fill("A book is due soon")
    await one.locator("[type=submit]").click()
    await expect(one.locator(".pill")).to_have_text("Refused")
    await expect(one).to_contain_text("The reviewer says: Say what is due.")
    await expect(one).to_contain_text("Goes in with the next version")
    await expect(one.locator("details")).not_to_have_attribute("open", "")
    assert await violations(told) == []


async def test_a_developer_is_asked_in_the_console_and_answers_in_the_shell(
    new_phone: NewPhone, studio: Studio
) -> None:
    await resident(studio.city, phone=ASKED, name="司徒晴")
    token = await studio.city.token(ASKED)
    await did(studio.city, BEGIN, token)
    asked = (await did(studio.city, "{ developer { id } }", token))["id"]
    phone, home = await console(new_phone, prefs={"locale": "en"})
    organisation = await to(phone.page, home, f"#manage-{studio.id}", "organisation")
    await organisation.locator("#add-member > summary").click()
    await organisation.fill("#member-who", asked)
    await organisation.click("#member-send")
    await expect(organisation.locator("#invited")).to_contain_text(re.compile(r"can accept until \w+ \d"))
    await expect(organisation.locator("#members ~ .things:not(#invited) > li")).to_have_count(1)

    theirs = await new_phone(signed_in=ASKED, **PLAIN)
    await theirs.open("/me/organisations", ready="[data-testid=builder-asks]")
    await expect(theirs.page.get_by_test_id("builder-asks")).to_contain_text(NAME)
    assert await theirs.violations() == []
    await theirs.page.get_by_test_id("build-with").click()
    await expect(theirs.page.get_by_test_id("builder-asks")).to_have_count(0)
    await expect(theirs.page.get_by_test_id("builder-answered")).to_contain_text("开发者控制台")
    assert await theirs.violations() == []
    mine = (await did(studio.city, ME, token))["organisations"]
    assert studio.id in [one["id"] for one in mine]


async def test_a_tool_is_let_in_by_its_code_and_signed_out(new_phone: NewPhone, studio: Studio) -> None:
    phone, home = await console(new_phone, prefs={"mode": "elder"})
    page, shown = phone.page, await begun(studio.city)
    tools = home.locator("#tools ~ .things > li")
    before = await tools.count()
    await home.locator("#tool > summary").click()
    await home.fill("#device-code", "BBBB-BBBB")
    await sure(page, home.locator("#device-send").click)
    await expect(home.locator("#device .trouble").first).to_contain_text("MINIAPPS_DEVICE_CODE_WRONG")
    await home.fill("#device-code", shown["user_code"])
    await sure(page, home.locator("#device-send").click)
    await expect(home.locator("#device-code")).to_have_value("")
    token = (await token_of(studio.city, shown))["access_token"]
    assert (await did(studio.city, ME, token))["organisations"][0]["id"] == studio.id
    await page.reload()
    home = await opened(phone, CONSOLE, "pages/home", ready=".card")
    tools = home.locator("#tools ~ .things > li")
    await expect(tools).to_have_count(before + 1)
    assert await violations(home) == []
    await sure(page, tools.first.locator("button").click)
    await expect(tools).to_have_count(before)


async def test_test_citizens_are_made_told_their_code_forgotten_and_removed(
    new_phone: NewPhone, studio: Studio
) -> None:
    phone, home = await console(new_phone, prefs={"mode": "elder"}, viewport=NARROW)
    page, city = phone.page, studio.city
    organisation = await to(page, home, f"#manage-{studio.id}", "organisation")
    told = await to(page, organisation, "#citizens", "citizens")
    await expect(told.get_by_text("还没有测试市民。")).to_be_visible()
    # What the city says no to is said where it was asked, and what was entered stays.
    await told.fill("#citizen-name", "Maria-Theresia von Hohenberg-Schwarzenau")
    await told.select_option("#citizen-age", "CHILD")
    await told.select_option("#citizen-level", "1")
    await told.click("#citizen-send")
    await wrong_at(told, "age", "填写的内容有误（年龄）。")
    await expect(told.locator("#citizen .trouble")).to_contain_text("BAD_USER_INPUT")
    await expect(told.locator("#citizen-name")).to_have_value("Maria-Theresia von Hohenberg-Schwarzenau")
    await told.select_option("#citizen-level", "4")
    await told.click("#citizen-send")
    one = told.locator("li[data-citizen]")
    await expect(one.locator("h2")).to_contain_text("实名 4 级")
    digits = await one.locator(".copied code").inner_text()
    assert digits.startswith("154") and len(digits) == 11
    await looks_right(told)

    show = one.get_by_role("button", name="看登录验证码")
    await show.click()
    await expect(one.get_by_role("status")).to_contain_text("现在没有验证码")
    id = str(await one.get_attribute("data-citizen"))
    asked = await city.ask(REQUEST_CODE, input={"phone": f"+86{digits}", "audience": "CITIZEN", "deviceId": id})
    assert asked.errors == []

    async def shown() -> bool:
        await show.click()
        return bool(re.match(r"\d{6} .*前有效", await one.get_by_role("status").inner_text()))

    await until(shown, what="the code that a real city would send")
    await one.locator("summary").click()
    await one.locator("select").select_option(APP)
    await sure(page, one.locator("form [type=submit]").click)
    await expect(one.locator("details")).not_to_have_attribute("open", "")
    await sure(page, one.get_by_role("button", name="删除").click)
    await expect(one).to_have_count(0)


async def test_whose_runs_hand_in_and_which_run_handed_a_version_in(new_phone: NewPhone, studio: Studio) -> None:
    desk, claims = studio.city.city.rooms.platform.versions.desk, {"sha": "c0ffee" * 6, "repository": "hutong/hello"}
    handed, origin = await desk.found(studio.rejected), Origin("mtp_1", "https://ci.example", claims)

    async def by_a_run(session: Session) -> None:
        await desk.store.put(replace(handed, origin=origin), session=session)

    await desk.transaction(by_a_run)
    phone, home = await console(new_phone, prefs={"locale": "en"}, viewport=NARROW)
    page = phone.page
    app = await to(page, home, f'[id="app-{APP}"]', "app")
    version = await to(page, app, f"#version-{studio.rejected}", "version")
    assert await version.locator("#origin ~ .facts dt").all_inner_texts() == [
        "Repository",
        "Commit",
        "Issuer",
        "Trusted publisher",
    ]
    await looks_right(version)
    await back(page, version)

    told = await to(page, app, "#publishers", "publishers")
    await expect(told.get_by_text("There are none yet")).to_be_visible()
    await told.fill("#publisher-claims", "repository: hutong/hello")
    await told.click("#publisher-send")
    await expect(told.locator("#publisher .trouble")).to_contain_text("This line is wrong: repository: hutong/hello.")
    # What can be seen to be wrong is said at the field, and neither asked about nor sent.
    for written, said in (
        ("repository=hutong/hello\nrepository = hutong/other", "repository is there twice"),
        ("environment = release", "add one of repository, project_path, sub"),
    ):
        await told.fill("#publisher-claims", written)
        await told.click("#publisher-send")
        await wrong_at(told, "claims", said)
        assert await violations(told) == []
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await told.fill("#publisher-claims", "repository=hutong/hello\naud=elsewhere")
    await told.click("#publisher-send")
    await expect(page.locator("dialog[open]")).to_contain_text("hutong/hello")
    await expect(told.locator("#publisher [aria-invalid]")).to_have_count(0)
    await page.locator("dialog[open]").get_by_role("button").last.click()
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await sure(page, told.locator("#publisher-send").click)
    await wrong_at(told, "claims", "What its ID tokens must say: has a name that it cannot have")
    await told.fill(
        "#publisher-claims", "environment = release\n\nrepository=hutong/a-walk-through-the-hutongs-of-the-city"
    )
    await sure(page, told.locator("#publisher-send").click)
    one = told.locator("li[data-publisher]")
    await expect(one.locator("h2")).to_have_text("hutong/a-walk-through-the-hutongs-of-the-cityNot used yet")
    assert await one.locator("dt").all_inner_texts() == ["Repository", "Environment", "Issuer", "Added"]
    await expect(told.locator("#publisher")).to_be_hidden()
    await looks_right(told)
    await sure(page, one.get_by_role("button").click)
    await expect(one).to_have_count(0)


async def wrong_at(place: Frame | Locator, name: str, words: str) -> None:
    """The field of this name alone is marked, has the focus, and is described by what is wrong with it."""
    marked = place.locator("[aria-invalid]")
    await expect(marked).to_have_attribute("name", name)
    await expect(marked).to_be_focused()
    await expect(marked).to_have_accessible_description(re.compile(re.escape(words)))
    said = marked.locator("+ .trouble")
    await expect(said).to_contain_text(words)
    await expect(said).to_be_in_viewport(ratio=1)


async def looks_right(frame: Frame) -> None:
    wide = "document.documentElement.style.fontSize = '200%', document.documentElement.scrollWidth - innerWidth"
    assert await violations(frame) == []
    assert await frame.evaluate(wide) <= 0
    await frame.evaluate("document.documentElement.style.fontSize = ''")


async def test_who_builds_nothing_yet_registers_and_a_narrow_screen_with_large_text_cuts_nothing(
    new_phone: NewPhone, studio: Studio
) -> None:
    await resident(studio.city, phone=BEGINNER, name="司徒晨")
    phone = await new_phone(signed_in=BEGINNER, prefs={"locale": "en"}, viewport=NARROW, **PLAIN)
    page = phone.page
    home = await opened(phone, CONSOLE, "pages/home", ready=".ask")
    await answered(page, home.locator(".ask .main").click, tick=[])
    await expect(home.locator(".ask")).to_contain_text("You did not agree before")
    await home.locator(".ask .main").click()
    switch = page.get_by_role("switch", name="The programs you build")
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    await page.keyboard.press("Escape")
    await home.wait_for_selector("#register")
    await home.fill("#register-name", "S")
    await home.click("#register-send")
    await wrong_at(home, "name", "Public name: must have 2 to 60 printable characters")
    await home.fill("#register-name", NAME)
    await home.click("#register-send")
    await expect(home.locator("[aria-invalid]")).to_have_count(0)
    await expect(home.locator(".trouble").first).to_contain_text("MINIAPPS_NAME_TAKEN")
    await home.fill("#register-name", "A studio with a rather long name for a narrow screen")
    await home.click("#register-send")
    await home.wait_for_selector(".card h2")
    organisation = await to(page, home, "[id^=manage-]", "organisation")
    for frame in (home, organisation):
        wide = "document.documentElement.style.fontSize = '200%', document.documentElement.scrollWidth - innerWidth"
        assert await frame.evaluate(wide) <= 0
        assert await violations(frame) == []
