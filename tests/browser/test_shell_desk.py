"""The officer's desk: a purpose first, a camera or a paste, and a verdict that cannot be mistaken for another."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Page, Route, async_playwright, expect

from tests.browser.shell_phone import (
    CHROMIUM_ARGS,
    CITIZEN,
    OFFICER,
    NewPhone,
    SamePhone,
    answer,
    chromium,
    operation,
    phone_of,
)
from tests.support.city import OpenCity
from tests.support.waiting import until

REFUSALS = {
    "CITYCODE_FORGED": "伪造的码",
    "CITYCODE_EXPIRED": "过期的码",
    "CITYCODE_NOT_YET_VALID": "还没有生效的码",
    "CITYCODE_REPLAYED": "已经用过的码",
    "CITYCODE_FOREIGN": "其他城市的码",
    "CITYCODE_KEY_UNKNOWN": "无法确认签发方",
    "CITYCODE_MALFORMED": "这不是城市码",
}


async def show_code(same_phone: SamePhone) -> bytes:
    """A citizen's code screen, as a picture. The screen is left: its moving band is drawn as long as it is shown."""
    citizen = await same_phone(CITIZEN)
    await citizen.open("/code", ready=".qr")
    picture = await citizen.page.screenshot()
    await citizen.open("/me", ready=".person")
    return picture


def read(picture: bytes) -> str:
    text: str = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))[0].text
    return text


async def paste(page: Page, text: str) -> None:
    await page.fill("#paste", text)
    await page.get_by_test_id("verify").click()


async def test_a_purpose_comes_first(same_phone: SamePhone) -> None:
    officer = await same_phone(OFFICER)
    await paste(officer.page, "CC1:ANYTHING")
    await expect(officer.page.get_by_test_id("trouble")).to_contain_text("请先选择扫码事由")
    await expect(officer.page.get_by_role("dialog")).to_have_count(0)
    await expect(officer.page.get_by_role("radio").first).to_be_focused()


async def test_the_next_officer_chooses_a_purpose_anew(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=OFFICER)
    await phone.page.get_by_role("radio", name="就诊").check()
    await phone.open("/me", ready=".person")
    await phone.open("/desk", ready="[data-testid=own-scans]")
    await expect(phone.page.get_by_role("radio", name="就诊")).to_be_checked()
    await phone.open("/me", ready=".person")
    await phone.page.get_by_role("button", name="退出登录").click()
    await phone.page.get_by_test_id("confirm").click()
    await phone.page.wait_for_selector("#phone")
    await phone.sign_in("13900000002")
    await expect(phone.page.get_by_role("radio", checked=True)).to_have_count(0)


async def test_an_answer_that_was_lost_is_asked_for_again_as_the_same_check(same_phone: SamePhone) -> None:
    """The city recorded the scan and its answer never came: the citizen's code is not "used" for that."""
    text = read(await show_code(same_phone))
    officer = await same_phone(OFFICER)
    page = officer.page
    ids: list[str] = []
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def lose_the_first(route: Route) -> None:
        if operation(route.request) != "ScanCode":
            return await route.continue_()
        ids.append(json.loads(route.request.post_data or "")["variables"]["input"]["clientScanId"])
        if len(ids) > 1:
            return await route.continue_()
        asked.set()
        await may_answer.wait()
        await route.fetch()
        await route.abort()

    await page.route("**/graphql", lose_the_first)
    await page.get_by_role("radio", name="进入场所").check()
    await paste(page, text)
    verdict, onward = page.get_by_test_id("verdict"), page.get_by_test_id("next")
    await asked.wait()
    await expect(verdict).to_contain_text("正在核验")
    await expect(onward).to_be_disabled()
    may_answer.set()
    await expect(verdict).to_have_attribute("data-code", "CLIENT_UNREACHABLE")
    await expect(onward).to_have_text("重试")
    await expect(page.locator("#paste")).to_have_value(text)
    await onward.click()
    await expect(verdict).to_have_attribute("data-verdict", "accepted")
    await expect(page.locator("#paste")).to_have_value("")
    assert len(ids) == 2 and ids[0] == ids[1]
    await onward.click()
    await expect(page.get_by_test_id("own-scans").get_by_test_id("scan")).not_to_have_count(0)


async def test_a_true_code_shows_who_and_when_and_only_once(same_phone: SamePhone) -> None:
    text = read(await show_code(same_phone))
    officer = await same_phone(OFFICER)
    page = officer.page
    await page.get_by_role("radio", name="进入场所").check()
    await paste(page, text)
    verdict = page.get_by_test_id("verdict")
    await expect(verdict).to_have_attribute("data-verdict", "accepted")
    await expect(verdict.get_by_test_id("masked-name")).to_have_text("张*华")
    await expect(verdict).to_contain_text("进入场所")
    assert await officer.violations() == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("own-scans").get_by_test_id("scan").first).to_contain_text("张*华")
    await paste(page, text)
    await expect(verdict).to_have_attribute("data-code", "CITYCODE_REPLAYED")
    await page.get_by_test_id("next").click()
    await paste(page, text[:60] + ("A" if text[60] != "A" else "B") + text[61:])
    await expect(verdict).to_have_attribute("data-code", "CITYCODE_FORGED")
    citizen = await same_phone(CITIZEN)
    await citizen.open("/scans", ready="[data-testid=scan]")
    newest = citizen.page.get_by_test_id("scan").first
    await expect(newest).to_contain_text("东城区综合执法局")
    await expect(newest).to_contain_text("进入场所")


async def test_each_refusal_has_its_own_words_shape_and_colour(same_phone: SamePhone) -> None:
    officer = await same_phone(OFFICER)
    page = officer.page
    await page.get_by_role("radio", name="身份核验").check()
    refusing = list(REFUSALS)

    async def refuse(route: Route) -> None:
        if operation(route.request) == "ScanCode":
            await route.fulfill(body=answer(code=refusing.pop(0)), content_type="application/json")
        else:
            await route.continue_()

    await page.route("**/graphql", refuse)
    looks = set()
    for code, words in REFUSALS.items():
        await paste(page, "CC1:X")
        verdict = page.get_by_test_id("verdict")
        await expect(verdict).to_have_attribute("data-code", code)
        await expect(verdict.locator(".stamp")).to_have_text(words)
        await expect(verdict.locator(".verdict-do")).not_to_be_empty()
        shape = await verdict.locator(".stamp path").get_attribute("d")
        colour = await verdict.locator(".stamp").evaluate("(el) => getComputedStyle(el).color")
        looks.add((shape, colour))
        assert await officer.violations() == []
        await page.keyboard.press("Escape")
    assert len(looks) == len(REFUSALS)


async def test_no_camera_is_told_and_pasting_still_works(same_phone: SamePhone) -> None:
    officer = await same_phone(OFFICER)
    await officer.page.get_by_role("radio", name="就诊").check()
    await officer.page.get_by_test_id("open-camera").click()
    trouble = officer.page.get_by_test_id("camera-trouble")
    await expect(trouble).to_contain_text("请在下面粘贴码的内容")
    await expect(officer.page.locator("#paste")).to_be_editable()


@pytest.mark.parametrize("detector", ["shipped", "browser's own"])
async def test_the_camera_reads_the_citizen_s_screen(
    same_phone: SamePhone, shell_city: OpenCity, tmp_path: Path, detector: str
) -> None:
    """Chromium's camera shows a picture of the code screen. Debian's Chromium has no BarcodeDetector of its own, so
    for the second case zxing-cpp stands behind that interface."""
    film = tmp_path / "camera.mjpeg"
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS + camera)
        context, officer = await phone_of(browser, shell_city.base, prefs={"locale": "zh-CN", "theme": "light"})
        looks: list[str] = []
        shown: list[bytes] = []

        def look() -> str:
            looks.append(read(shown[0]))
            return looks[-1]

        if detector != "shipped":
            await context.expose_function("zxing", look)
            await context.add_init_script(_DETECTOR)
        await officer.sign_in(OFFICER)
        await officer.page.get_by_role("radio", name="公共交通").check()
        shown.append(await show_code(same_phone))  # last of all: a code is good for a minute
        picture = Image.open(io.BytesIO(shown[0])).convert("RGB")
        picture.crop((0, 100, 780, 880)).resize((720, 720)).save(film, "JPEG")
        if detector == "shipped":
            await officer.page.route("**/jsQR.js", lambda route: route.abort())
            await officer.page.get_by_test_id("open-camera").click()
            trouble = officer.page.get_by_test_id("camera-trouble")
            await expect(trouble).to_have_attribute("data-fault", "broken")
            await expect(officer.page.get_by_test_id("open-camera")).to_be_focused()
            await officer.page.unroute("**/jsQR.js")
            officer.faults.clear()
        await officer.page.get_by_test_id("open-camera").click()
        verdict = officer.page.get_by_test_id("verdict")
        await expect(verdict).to_have_attribute("data-verdict", "accepted")
        await expect(officer.page.get_by_test_id("finder")).to_have_count(0)
        assert officer.faults == []
        if detector != "shipped":
            await officer.page.get_by_test_id("next").click()
            seen = len(looks)
            await until(
                lambda: asyncio.sleep(0, len(looks) > seen + 2), what="looks at the phone that still lies there"
            )
            await expect(officer.page.get_by_test_id("finder")).to_be_visible()
            await expect(officer.page.get_by_role("dialog")).to_have_count(0)
        await browser.close()


_DETECTOR = """globalThis.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return [{ rawValue: await zxing() }]; }
};"""
