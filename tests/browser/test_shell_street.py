"""The shell outdoors: plates, reports and their cases, acting for a mother, an inspector's look at a licence."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from playwright.async_api import FilePayload, Locator, Page, Route, expect

from tests.browser.shell_phone import CITIZEN, LONG_NAME, OFFICER, NewPhone, Phone, SamePhone, answer, operation
from tests.browser.test_shell_screens import LOOKS, check_looks, least_px_of
from tests.support.city import JSON, OpenCity
from tests.support.photos import photo

HANDLER = "13900000005"
REGISTRAR = "13900000008"
MOTHER = "刘*英"
LAMP = "东四北大街 17 号路灯"

REGISTER = "mutation($input: RegisterPlaceInput!) { registerPlace(input: $input) { code plate } }"
CASES = "{ me { cases(first: 20) { nodes { id number description status version } } } }"
ACT = "mutation($input: ActOnCaseInput!) { actOnCase(input: $input) { version } }"
LICENCES = "{ me { licences { id type { name } } } }"
SHARE = "mutation($input: ShareLicenceInput!) { shareLicence(input: $input) { text } }"


def picture(seed: int, size: tuple[int, int] = (800, 600)) -> FilePayload:
    return {"name": f"{seed}.jpg", "mimeType": "image/jpeg", "buffer": photo(seed=seed, size=size)}


async def plate_of(city: OpenCity, *, name: str, **more: object) -> JSON:
    """What is on a plate of the demonstration: registered again under its own number, it is the same."""
    registrar = await city.token(REGISTRAR, audience="STAFF")
    place = {
        "clientPlaceId": name,
        "kind": "THING",
        "category": "010503",
        "nameZh": LAMP,
        "nameEn": "Street lamp 17, Dongsi North Street",
        "location": {"longitude": 116.4170, "latitude": 39.9338},
        "reportCategory": "street-lamp",
        "checkIn": False,
        **more,
    }
    registered = await city.ask(REGISTER, token=registrar, input=place)
    assert registered.data, registered.errors
    plate: JSON = registered.data["registerPlace"]
    return plate


async def park_gate(city: OpenCity) -> JSON:
    return await plate_of(
        city,
        name="demo-park-gate",
        kind="PLACE",
        category="030102",
        nameZh="地坛公园南门",
        nameEn="Ditan Park, south gate",
        location={"longitude": 116.4163, "latitude": 39.9496},
        reportCategory="waste",
        checkIn=True,
    )


async def typed(page: Page, text: str) -> None:
    await page.fill("#paste", text)
    await page.get_by_test_id("verify").click()


async def cases_of(city: OpenCity, words: str) -> list[JSON]:
    found = await city.ask(CASES, token=await city.token(CITIZEN))
    assert found.data, found.errors
    return [case for case in found.data["me"]["cases"]["nodes"] if case["description"] == words]


async def step(phone: Phone, action: str, *, note: str = "", photos: list[FilePayload] | None = None) -> Locator:
    """Open the sheet of a step, fill it in and send it."""
    await phone.page.locator(f"[data-action={action}]").click()
    sheet = phone.page.get_by_test_id("sheet")
    if note:
        await sheet.locator("#note").fill(note)
    if photos:
        await sheet.locator(".photo-input").set_input_files(photos)
        await expect(sheet.locator("[data-state=sent]")).to_have_count(len(photos))
    await sheet.get_by_test_id("take-step").click()
    return sheet


async def test_a_lamp_s_way_from_its_plate_to_its_repair(new_phone: NewPhone, shell_city: OpenCity) -> None:
    """A photo is refused, the page is reloaded, the line breaks: one case. Another follows it. A handler mends it."""
    words = "17 号灯不亮，晚上很黑。"
    plate = (await plate_of(shell_city, name="demo-lamp"))["plate"]
    citizen = await new_phone(signed_in=CITIZEN, watched=True)
    page = citizen.page
    await citizen.open("/scan", ready="#paste")
    await typed(page, plate)
    await expect(page.get_by_test_id("plate")).to_contain_text(LAMP)
    await page.get_by_test_id("report").click()
    await expect(page.get_by_test_id("from-plate")).to_contain_text("路灯故障")
    await page.fill("#words", words)
    await photos_with_one_refused(page)
    await page.reload()
    await expect(page.locator("#words")).to_have_value(words)
    await expect(page.locator("[data-testid=photo][data-state=sent]")).to_have_count(1)
    await sent_over_a_broken_line(page)
    (case,) = await cases_of(shell_city, words)
    await expect(page.get_by_test_id("number")).to_have_text(case["number"])
    assert await page.evaluate("sessionStorage.getItem('citytong.report')") is None

    await another_follows(new_phone, plate, case["number"])
    await handled(new_phone, shell_city, citizen, case)
    await page.reload()
    await expect(page.get_by_test_id("case-head")).to_have_attribute("data-status", "RESOLVED")
    mended = page.locator(".stop[data-status=RESOLVED]").first
    await expect(mended).to_contain_text("已更换灯具")
    width = "(img) => img.decode().then(() => img.naturalWidth)"
    assert await mended.locator("img").evaluate(width) > 0, "the city shows the photo by its signed link"
    await page.get_by_role("radio", name="非常满意").check()
    await page.get_by_test_id("rate").get_by_role("button").click()
    await expect(page.get_by_test_id("rated")).to_contain_text("非常满意")
    citizen.faults[:] = [fault for fault in citizen.faults if "Failed to load resource" not in fault]
    assert citizen.faults == [] and citizen.strangers == []


async def photos_with_one_refused(page: Page) -> None:
    """One that the city refuses says why and can be taken out; one that is too large goes smaller."""

    async def refuse(route: Route) -> None:
        said = answer(code="REPORTS_TOO_MANY_PHOTOS", message="每天最多上传 60 张照片。", daily_max=60)
        await route.fulfill(status=429, body=said, content_type="application/json")

    uploads = "**/uploads/report-photos"
    await page.route(uploads, refuse)
    await page.set_input_files(".photo-input", [picture(1)])
    failed = page.locator("[data-testid=photo][data-state=failed]")
    await expect(failed).to_have_attribute("data-code", "REPORTS_TOO_MANY_PHOTOS")
    await expect(failed).to_contain_text("每天最多上传 60 张照片。")
    await failed.get_by_role("button", name="移除").click()
    await page.unroute(uploads)
    await page.evaluate(_WATCH_UPLOADS)
    await page.set_input_files(".photo-input", [picture(2, (3000, 1500))])
    await expect(page.locator("[data-testid=photo][data-state=sent]")).to_have_count(1)
    assert await page.evaluate("Promise.all(uploaded)") == [["image/jpeg", 2048, 1024]]


async def sent_over_a_broken_line(page: Page) -> None:
    """The city has it and its answer is lost: sent again, it is the same report."""
    ids: list[str] = []

    async def lose_the_first(route: Route) -> None:
        if operation(route.request) != "CreateReport":
            return await route.continue_()
        ids.append(json.loads(route.request.post_data or "")["variables"]["input"]["clientReportId"])
        if len(ids) > 1:
            return await route.continue_()
        await route.fetch()
        await route.abort()

    await page.route("**/graphql", lose_the_first)
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "CLIENT_UNREACHABLE")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("case-head")).to_have_attribute("data-status", "SUBMITTED")
    await page.unroute("**/graphql")
    assert len(ids) == 2 and ids[0] == ids[1]


async def another_follows(new_phone: NewPhone, plate: str, number: str) -> None:
    other = await new_phone(signed_in=LONG_NAME)
    await other.open(f"/scan?code={quote(plate, safe='')}", ready="[data-testid=plate]")
    await other.page.get_by_test_id("report").click()
    await other.page.fill("#words", "灯坏了")
    await other.page.get_by_test_id("send").click()
    similar = other.page.get_by_test_id("similar")
    await expect(similar).to_contain_text("米外，刚刚上报")
    assert await other.violations() == []
    await similar.get_by_test_id("neighbour").filter(has_text=number).get_by_test_id("follow").click()
    await expect(other.page.get_by_test_id("followed")).to_contain_text(number)
    assert other.faults == []


async def handled(new_phone: NewPhone, city: OpenCity, citizen: Phone, case: JSON) -> None:
    """Asked for more over a version that has moved meanwhile, answered, and mended with a photo."""
    handler = await new_phone(signed_in=HANDLER)
    page = handler.page
    await page.get_by_test_id("case").filter(has_text=case["number"]).get_by_role("link").click()
    await expect(page.get_by_test_id("case-head")).to_have_attribute("data-status", "SUBMITTED")
    accepted = {"caseId": case["id"], "version": case["version"], "action": "ACCEPT"}
    token = await city.token(HANDLER, audience="STAFF")
    assert (await city.ask(ACT, token=token, input=accepted)).errors == []
    sheet = await step(handler, "RETURN", note="是哪一侧的灯？")
    await expect(sheet.get_by_test_id("moved")).to_contain_text("已受理")
    await expect(sheet.locator("#note")).to_have_value("是哪一侧的灯？")
    await sheet.get_by_test_id("take-step").click()
    await expect(page.get_by_test_id("case-head")).to_have_attribute("data-status", "RETURNED")

    await citizen.page.reload()
    await step(citizen, "ANSWER", note="路东侧")
    await expect(citizen.page.get_by_test_id("case-head")).to_have_attribute("data-status", "SUBMITTED")

    await page.reload()
    for action in ("ACCEPT", "START"):
        await step(handler, action)
        await expect(page.get_by_test_id("sheet")).to_have_count(0)
    sheet = await step(handler, "RESOLVE", note="已更换灯具")
    await expect(sheet.get_by_test_id("trouble")).to_contain_text("请附上一张照片")
    await sheet.locator(".photo-input").set_input_files([picture(3)])
    await expect(sheet.locator("[data-state=sent]")).to_have_count(1)
    await sheet.get_by_test_id("take-step").click()
    await expect(page.get_by_test_id("case-head")).to_have_attribute("data-status", "RESOLVED")
    assert handler.faults == []


async def test_what_is_no_plate_is_named_and_a_visit_is_counted_once(
    same_phone: SamePhone, shell_city: OpenCity
) -> None:
    gate = (await park_gate(shell_city))["plate"]
    forged = gate[:-1] + ("A" if gate[-1] != "A" else "Q")
    phone = await same_phone(CITIZEN)
    page = phone.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    said = page.get_by_test_id("not-a-plate")
    for text, what in (
        ("CC1:SOMEBODY", "PERSONAL"),
        ("CL1:SOMEBODY", "LICENCE"),
        ("https://example.com/win", "STRANGE"),
        (forged, "FORGED"),
        ("110101010503000000000", "UNKNOWN"),
    ):
        await phone.open("/scan", ready="#paste")
        await typed(page, text)
        await expect(said).to_have_attribute("data-what", what)
    assert not any("SOMEBODY" in body for body in sent), "a person's code goes nowhere"

    await phone.open(f"/scan?code={quote(gate, safe='')}", ready="[data-testid=plate]")
    ids: list[str] = []

    async def lose_the_first(route: Route) -> None:
        if operation(route.request) != "CheckIn":
            return await route.continue_()
        ids.append(json.loads(route.request.post_data or "")["variables"]["input"]["clientCheckInId"])
        await (route.continue_() if len(ids) > 1 else route.abort())

    await page.route("**/graphql", lose_the_first)
    await page.get_by_test_id("check-in").click()
    await expect(page.get_by_test_id("trouble")).to_have_attribute("data-code", "CLIENT_UNREACHABLE")
    await page.get_by_test_id("check-in").click()
    await expect(page.get_by_test_id("checked-in")).to_contain_text(re.compile(r"已登记，\d\d:\d\d:\d\d"))
    assert len(ids) == 2 and ids[0] == ids[1]


async def test_where_the_device_says_it_and_where_it_does_not(new_phone: NewPhone) -> None:
    here = {"longitude": 116.4102, "latitude": 39.9341}
    found = await new_phone(signed_in=CITIZEN, permissions=["geolocation"], geolocation=here)
    await found.open("/report", ready="[data-testid=categories]")
    page = found.page
    await page.get_by_role("searchbox").fill("pothole")
    await expect(page.locator("[data-testid=categories] .choice")).to_have_count(1)
    await page.locator(".choice", has_text="路面破损").click()
    await expect(page.get_by_test_id("chosen")).to_contain_text("路面破损")
    await page.get_by_test_id("locate").click()
    await expect(page.get_by_test_id("located")).to_be_visible()
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("trouble")).to_contain_text("请说明情况")

    lost = await new_phone(signed_in="13800000003")
    page = lost.page
    await lost.open("/report", ready="[data-testid=categories]")
    await page.locator(".choice", has_text="噪声扰民").click()
    await page.get_by_test_id("locate").click()
    await expect(page.get_by_test_id("not-located")).to_have_attribute("data-why", "denied")
    await page.get_by_role("radio", name="东城区").check()
    await page.fill("#words", "夜里施工")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("trouble")).to_contain_text("请写明具体地点")
    await page.fill("#address", "安定门内大街 1 号门前")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("case-head")).to_have_attribute("data-status", "SUBMITTED")
    await expect(page.locator("main")).to_contain_text("安定门内大街 1 号门前")


async def test_acting_for_her_mother_and_for_nobody_else(new_phone: NewPhone, shell_city: OpenCity) -> None:
    """Her mother's health, never mixed with her own; her own code stays hers; ended, all is her own again."""
    phone = await new_phone(signed_in=CITIZEN)
    page = phone.page
    whose = page.get_by_test_id("health-of")
    await phone.open("/health", ready="[data-testid=health-card]")
    await expect(whose).to_have_text("张*华")
    await phone.open("/me/family", ready="[data-testid=relation]")
    await page.get_by_test_id("relation").filter(has_text=MOTHER).get_by_test_id("act-for").click()
    await expect(page.get_by_test_id("acting-hub")).to_contain_text(MOTHER)
    seen: list[str] = []
    await page.expose_function("saw", lambda name: seen.append(name))
    await page.evaluate(_WATCH_WHOSE)
    await page.get_by_role("link", name="健康状态").click()
    await expect(whose).to_have_text(MOTHER)
    assert "张*华" not in seen, "what was known of her is not shown for her mother"
    banner = page.get_by_test_id("acting")
    for path in ("/cases", "/me/family", "/me/display", "/code", "/me", "/report"):
        await page.evaluate("(path) => (location.hash = path)", path)
        await expect(page.locator(f"[data-screen='{path[1:]}']")).to_be_visible()
        await expect(banner).to_contain_text(MOTHER)
    await expect(page.get_by_test_id("acting-hub")).to_be_visible()
    assert await page.locator(".qr, .person, form").count() == 0, "one's own screens stay shut"
    kept = await page.evaluate("JSON.stringify({ ...sessionStorage, ...localStorage })")
    assert "act_" not in kept and "rel_" not in kept and MOTHER not in kept

    await page.evaluate("location.hash = '/health'")
    await expect(whose).to_have_text(MOTHER)
    await banner.get_by_role("button").click()
    await expect(banner).to_have_count(0)
    await expect(whose).to_have_text("张*华")
    assert phone.faults == []

    mother = await new_phone(signed_in="13800000004")
    await mother.open("/health", ready="[data-testid=look]")
    await expect(mother.page.get_by_test_id("look").first).to_contain_text("张*华")


async def test_acting_ends_with_what_it_rests_on(same_phone: SamePhone) -> None:
    """A token that is over is asked for anew; a relation that is over ends it, and the session goes on."""
    phone = await same_phone(CITIZEN)
    page = phone.page
    await phone.open("/me/family", ready="[data-testid=relation]")
    await page.get_by_test_id("relation").filter(has_text=MOTHER).get_by_test_id("act-for").click()
    await expect(page.get_by_test_id("acting-hub")).to_be_visible()
    asked: list[str] = []
    refusals = [answer(code="AUTH_TOKEN_EXPIRED")]

    async def late(route: Route) -> None:
        asked.append(operation(route.request))
        if asked[-1] == "Health" and refusals:
            return await route.fulfill(body=refusals.pop(), content_type="application/json")
        await route.continue_()

    await page.route("**/graphql", late)
    await page.evaluate("location.hash = '/health'")
    await expect(page.get_by_test_id("health-of")).to_have_text(MOTHER)
    assert [name for name in asked if name in ("Health", "ActFor")] == ["Health", "ActFor", "Health"]
    refusals.append(answer(code="AUTH_TOKEN_INVALID"))
    await page.evaluate("location.hash = '/cases'")
    await page.evaluate("location.hash = '/health'")
    await expect(page.get_by_test_id("acting")).to_have_count(0)
    await expect(page.get_by_test_id("health-of")).to_have_text("张*华")


async def test_an_inspector_checks_a_licence_once(new_phone: NewPhone, shell_city: OpenCity) -> None:
    officer = await new_phone(signed_in=OFFICER)  # first: a code is good for a minute
    zhang = await shell_city.token(CITIZEN)
    held = await shell_city.ask(LICENCES, token=zhang)
    assert held.data
    driving = next(one["id"] for one in held.data["me"]["licences"] if one["type"]["name"] == "机动车驾驶证")
    shared = await shell_city.ask(SHARE, token=zhang, input={"licenceId": driving, "purpose": "路面执法检查"})
    assert shared.data
    text = shared.data["shareLicence"]["text"]
    page = officer.page
    verdict = page.get_by_test_id("verdict")
    await typed(page, text[:70] + ("A" if text[70] != "A" else "B") + text[71:])
    await expect(verdict).to_have_attribute("data-code", "LICENCES_CODE_FORGED")
    await expect(verdict.locator(".stamp")).to_have_text("伪造的证照码")
    await page.keyboard.press("Escape")
    await typed(page, text)
    await expect(verdict).to_have_attribute("data-status", "VALID")
    await expect(verdict.locator(".stamp")).to_have_text("证照有效")
    await expect(page.get_by_test_id("masked-name")).to_have_text("持证人 张*华")
    await expect(verdict).to_contain_text("路面执法检查")
    assert await officer.violations() == []
    await page.keyboard.press("Escape")
    await typed(page, text)
    await expect(verdict).to_have_attribute("data-code", "LICENCES_CODE_REPLAYED")
    assert officer.faults == []


async def test_a_health_check_shows_a_colour_for_five_minutes(new_phone: NewPhone, shell_city: OpenCity) -> None:
    officer = await new_phone(signed_in=OFFICER)  # first: a code is good for a minute
    zhang = await shell_city.token(CITIZEN)
    shown = await shell_city.ask("{ me { cityCode { text } } }", token=zhang)
    assert shown.data
    page = officer.page
    await page.clock.install()
    await page.get_by_role("radio", name="健康核验").check()
    await typed(page, shown.data["me"]["cityCode"]["text"])
    card = page.get_by_test_id("verdict").get_by_test_id("health-card")
    await expect(card).to_have_attribute("data-colour", "GREEN")
    await expect(card.locator(".health-word")).to_have_text("绿码")
    assert await card.locator(".health-word path").count() == 1, "a word and a shape beside the colour"
    await page.clock.run_for(5 * 60_000 + 100)
    await expect(card).to_have_count(0)
    await expect(page.get_by_test_id("health-over")).to_be_visible()


async def test_the_street_s_screens_in_every_look(new_phone: NewPhone, shell_city: OpenCity) -> None:
    gate = await park_gate(shell_city)
    screens = citizen_screens(gate, (await mine(shell_city))["id"])
    citizen = await new_phone(signed_in=CITIZEN, watched=True)
    for look in LOOKS:
        # Who reloads acts for nobody else any more.
        assert await check_looks(citizen, screens, (look,)) == {}
        await citizen.page.get_by_test_id("relation").filter(has_text=MOTHER).get_by_test_id("act-for").click()
        await expect(citizen.page.get_by_test_id("acting-hub")).to_be_visible()
        assert (look, await citizen.violations() + await citizen.small_targets(least_px_of(look))) == (look, [])
    assert citizen.faults == [] and citizen.strangers == []


async def test_a_handler_s_screens(new_phone: NewPhone, shell_city: OpenCity) -> None:
    handler = await new_phone(signed_in=HANDLER)
    case = (await mine(shell_city))["id"]
    staff = {"/desk/cases": "[data-testid=case]", f"/desk/cases/{case}": "[data-testid=timeline]"}
    assert await check_looks(handler, staff, ("dark-english-larger", "elder")) == {}
    assert handler.faults == []


async def test_the_street_at_320_px_with_text_at_200_per_cent(new_phone: NewPhone, shell_city: OpenCity) -> None:
    gate, case = await park_gate(shell_city), (await mine(shell_city))["id"]
    phone = await new_phone(signed_in=CITIZEN, prefs={"locale": "en"}, viewport={"width": 320, "height": 568})
    for path, ready in citizen_screens(gate, case).items():
        await phone.open(path, ready=ready)
        await phone.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert (path, await phone.overflow_px()) == (path, 0)


def citizen_screens(plate: JSON, case: str) -> dict[str, str]:
    """The family comes last: from there one begins to act."""
    return {
        "/scan": "#paste",
        f"/scan?code={quote(plate['plate'], safe='')}": "[data-testid=plate]",
        "/report": "[data-testid=categories]",
        f"/report?place={plate['code']}": "[data-testid=from-plate]",
        "/cases": "[data-testid=case]",
        f"/cases/{case}": "[data-testid=timeline]",
        "/health": "[data-testid=health-card]",
        "/me/family": "[data-testid=relation]",
    }


async def mine(city: OpenCity) -> JSON:
    """A case of hers that the demonstration has brought to its end, with photos."""
    found = await city.ask(CASES, token=await city.token(CITIZEN))
    assert found.data
    case: JSON = found.data["me"]["cases"]["nodes"][-1]
    return case


_WATCH_UPLOADS = """() => {
  globalThis.uploaded = [];
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (photo) {
    uploaded.push(createImageBitmap(photo).then(({ width, height }) => [photo.type, width, height]));
    return send.call(this, photo);
  };
}"""

_WATCH_WHOSE = """() => new MutationObserver(() => {
  const whose = document.querySelector("[data-testid=health-of]");
  if (whose) saw(whose.textContent);
}).observe(document.body, { subtree: true, childList: true })"""
