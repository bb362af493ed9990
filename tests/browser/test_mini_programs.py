"""The city's own two programs, as a citizen meets them: the air nearby, the city code and who scanned it;
and an app of webxdc by its adapter."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
import zxingcpp
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.async_api import Frame, Locator, Page, Route, expect

from miniapps.releases.own import OwnPrograms
from sdk.adapters.webxdc.convert import convert
from sdk.adapters.webxdc.convert import read as app
from tests.browser.mini_programs import ended
from tests.browser.shell_phone import CITIZEN, LONG_NAME, OFFICER, NewPhone, Phone
from tests.support.city import OpenCity
from tests.support.waiting import until

PROGRAMS: Final = Path("miniapps/programs")
XDC: Final = Path(__file__).parent / "mini" / "notes_xdc"
AIR, CODE = "org.city.air", "org.city.code"
# In Haidian, a hundred metres from nothing in particular.
HERE: Final = {"geolocation": {"latitude": 39.95, "longitude": 116.31}, "permissions": ["geolocation"]}
# A page within a page within a page is hit elsewhere than it is drawn when Chromium only pretends a finer screen.
PLAIN: Final = {"device_scale_factor": 1}

SCAN: Final = """mutation($input: ScanCityCodeInput!) { scanCityCode(input: $input) { person { maskedName } } }"""
STATION: Final = """query($district: ID!) {
  stations(districtCode: $district) { nodes { district { airQuality { aqi } } } }
}"""


async def program(page: Page, path: str) -> Frame:
    async def found() -> Frame | None:
        return next((frame for frame in page.frames if ".mini.localhost" in frame.url and path in frame.url), None)

    return await until(found, what=path)


async def opened(phone: Phone, app_id: str, path: str, *, ready: str) -> Frame:
    await phone.open(f"/mini/{app_id}", ready=f"[data-app='{app_id}'] .mini-who")
    frame = await program(phone.page, path)
    await frame.wait_for_selector(ready)
    return frame


async def answered(page: Page, press: Callable[[], Awaitable[None]], *, tick: list[str] | None = None) -> list[str]:
    """What the permission sheet wants, answered: with yes to `tick` (None: to all), else with no."""
    await press()
    sheet = page.locator("dialog[open]")
    await sheet.get_by_test_id("deny").wait_for()
    boxes = await sheet.locator("input[name=permission]").all()
    names = [await box.get_attribute("value") or "" for box in boxes]
    for box, name in zip(boxes, names, strict=True):
        await box.set_checked(tick is None or name in tick)
    confirm = sheet.get_by_test_id("deny" if tick == [] else "confirm")
    await confirm.click()
    await expect(sheet).to_have_count(0)
    return names


async def gone(frame: Frame) -> bool:
    return frame.is_detached()


async def holds(line: Locator, count: int) -> bool:
    return await line.count() == count


async def fresh(frame: Frame, look: Callable[[], Awaitable[bool]], *, what: str) -> None:
    """It is so, if need be of what the city says now: an hour may have begun since the page asked."""

    async def so() -> bool:
        if await look():
            return True
        await frame.locator(".fresh button").click()
        await expect(frame.locator(".fresh[data-state=now]")).to_be_visible()
        return False

    await until(so, what=what)


async def violations(frame: Frame) -> list[str]:
    """Of what stands there: no program's colour fades."""
    await frame.evaluate(AXE_SCRIPT)
    said = "axe.run({resultTypes: ['violations']}).then((r) => r.violations.map((v) => `${v.id} ${v.nodes[0].html}`))"
    found: list[str] = await frame.evaluate(said)
    return found


@pytest.mark.parametrize("name", ["air", "code"])
def test_a_program_names_its_documents_by_what_they_say(name: str) -> None:
    documents = json.loads((PROGRAMS / name / "operations.json").read_text())["documents"]
    named = (PROGRAMS / name / "common" / "documents.js").read_text()
    assert [text for text in documents if sha256(text.encode()).hexdigest() not in named] == []
    assert named.count("export const") == len(documents)


async def test_the_nearest_stations_one_of_them_and_back_to_the_list(shell_city: OpenCity, new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN, **HERE, **PLAIN)
    page = phone.page
    frame = await opened(phone, AIR, "pages/list", ready="#near")
    wanted = await answered(page, frame.locator("#near").click)
    assert set(wanted) == {"city.device.location.fuzzy", "city.data.home_district"}

    await expect(frame.locator("h1")).to_have_text("海淀区的空气")
    rows = frame.locator(".row")
    await expect(rows).to_have_count(2 + 6)
    first = rows.first
    assert await first.locator("svg.shape").count() == 1
    assert await first.locator(".grade").inner_text()
    assert await violations(frame) == []

    await first.click()
    station = await program(page, "pages/station")
    await station.wait_for_selector(".trend")
    await fresh(station, lambda: holds(station.locator("tbody tr"), 24), what="the whole day")
    await expect(station.locator(".trend")).to_have_attribute("aria-label", re.compile("过去 24 小时.*最高"))
    assert await violations(station) == []
    await page.locator(f"[data-app='{AIR}']").get_by_test_id("mini-back").click()
    await expect(rows).to_have_count(2 + 6)
    await expect(first).to_be_focused()

    # The same index as the city's own, where a district has one station.
    await frame.locator("#district").select_option("110107")
    await expect(frame.locator("h1")).to_have_text("石景山区的空气")

    async def alike() -> bool:
        answer = await shell_city.ask(STATION, district="110107")
        assert answer.data is not None
        (only,) = answer.data["stations"]["nodes"]
        return await rows.first.locator(".number").inner_text() == str(only["district"]["airQuality"]["aqi"])

    await fresh(frame, alike, what="the city's own index")


async def test_who_gives_no_location_sees_their_own_district_and_without_a_line_what_was_kept(
    new_phone: NewPhone,
) -> None:
    phone = await new_phone(signed_in=LONG_NAME, prefs={"locale": "en"}, **PLAIN)
    frame = await opened(phone, AIR, "pages/list", ready="#near")
    await answered(phone.page, frame.locator("#near").click, tick=["city.data.home_district"])
    await expect(frame.locator(".note")).to_have_text("Without your location: the district you live in.")
    await expect(frame.locator("h1")).to_have_text("Air in Chaoyang")
    before = await frame.locator(".row").all_inner_texts()
    assert before

    async def no_line(route: Route) -> None:
        await route.abort("internetdisconnected")

    await phone.page.route("**/mini/graphql", no_line)
    await frame.locator(".fresh button").click()
    await expect(frame.locator(".fresh[data-state=offline]")).to_contain_text("You are offline. This is from")
    assert await frame.locator(".row").all_inner_texts() == before


async def test_a_code_that_is_scanned_and_then_listed(shell_city: OpenCity, new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN, **PLAIN)
    page = phone.page
    frame = await opened(phone, CODE, "pages/index", ready=".ask")
    assert await violations(frame) == []
    await answered(page, frame.locator(".ask button").click)
    await frame.wait_for_selector(".qr")
    await expect(frame.locator(".who")).to_contain_text("姓名没有显示")  # what is withheld takes nothing else with it
    await answered(page, frame.locator(".who button").click)
    await expect(frame.locator(".who")).to_have_text("张*华")
    assert await violations(frame) == []

    text = await read(page)
    assert text.startswith("CC1:")
    staff = await shell_city.token(OFFICER, audience="STAFF")
    scanned = await shell_city.ask(SCAN, token=staff, input={"text": text, "purpose": "VENUE_ENTRY"})
    assert scanned.data is not None, scanned.errors
    assert scanned.data["scanCityCode"]["person"] == {"maskedName": "张*华"}

    await frame.locator("#scans").click()
    await frame.wait_for_selector(".ask")
    await answered(page, frame.locator(".ask button").click)
    await expect(frame.locator(".rows li").first).to_contain_text("东城区")
    assert await violations(frame) == []


async def test_who_says_no_is_told_kindly_and_the_rest_works(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=LONG_NAME, prefs={"locale": "en", "mode": "elder"}, **PLAIN)
    frame = await opened(phone, CODE, "pages/index", ready=".ask")
    await answered(phone.page, frame.locator(".ask button").click, tick=[])
    await expect(frame.locator(".ask")).to_contain_text("You did not agree before")
    await frame.locator("#scans").click()
    await answered(phone.page, frame.locator(".ask button").click)
    await expect(frame.locator(".below")).to_have_text("Nobody has scanned your code yet.")
    await frame.locator("#code").click()
    await frame.get_by_role("button", name="Open permission settings").click()
    await expect(phone.page.locator("dialog[open]")).to_be_visible()


async def test_an_app_of_webxdc_runs_by_its_adapter_and_finds_again_what_it_sent(
    shell_city: OpenCity, new_phone: NewPhone, tmp_path: Path
) -> None:
    app_id = "org.example.notes"
    made = convert(app(XDC), app_id=app_id)
    assert (made.refused, made.handlers, made.sinks) == ("", 1, ("index.html",))
    for path, content in made.files.items():
        file = tmp_path / "programs" / "notes" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    own = OwnPrograms(shell_city.city.rooms.releases, programs=tmp_path / "programs", sdk=tmp_path / "none")
    await own.publish()

    phone = await new_phone(signed_in="13800000003", prefs={"locale": "en"}, **PLAIN)
    frame = await opened(phone, app_id, "index", ready="body[data-ready]")
    for words in ("milk", "bread"):
        await frame.locator("input").fill(words)
        await frame.locator("button").click()
    await expect(frame.locator("li")).to_have_text(["1/1 milk mine", "2/2 bread mine"])
    await expect(phone.page.locator(f"[data-app='{app_id}'] h1")).to_have_text("Notes: bread")
    await ended(phone.page)
    await until(lambda: gone(frame), what="the program to be closed")
    await expect(phone.page.locator("[data-screen=home]")).to_be_visible()  # where it was opened
    again = await opened(phone, app_id, "index", ready="body[data-ready]")
    await expect(again.locator("li")).to_have_text(["1/2 milk mine", "2/2 bread mine"])
    assert [fault for fault in phone.faults if "Content Security Policy" in fault] == []


async def read(page: Page) -> str:
    """What a decoder that we did not write sees on the screen."""
    codes: list[Any] = []

    async def seen() -> bool:
        picture = Image.open(io.BytesIO(await page.screenshot()))
        codes[:] = zxingcpp.read_barcodes(picture)
        return len(codes) == 1

    await until(seen, what="a code that can be read")
    text: str = codes[0].text
    return text
