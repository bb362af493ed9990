"""The officer's desk: a purpose first, a camera or a paste, and a verdict that cannot be mistaken for another."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Page, Route, async_playwright, expect

from tests.browser.shell_phone import CHROMIUM_ARGS, CITIZEN, OFFICER, NewPhone, answer, operation, phone_of
from tests.support.city import OpenCity

pytest_plugins = ["tests.browser.shell_fixtures"]

REFUSALS = {
    "CITYCODE_FORGED": "伪造的码",
    "CITYCODE_EXPIRED": "过期的码",
    "CITYCODE_NOT_YET_VALID": "还没有生效的码",
    "CITYCODE_REPLAYED": "已经用过的码",
    "CITYCODE_FOREIGN": "其他城市的码",
    "CITYCODE_KEY_UNKNOWN": "无法确认签发方",
    "CITYCODE_MALFORMED": "这不是城市码",
}


async def show_code(new_phone: NewPhone) -> bytes:
    """A citizen's code screen, as a picture."""
    citizen = await new_phone(signed_in=CITIZEN)
    await citizen.open("/code", ready=".qr")
    return await citizen.page.screenshot()


def read(picture: bytes) -> str:
    text: str = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))[0].text
    return text


async def paste(page: Page, text: str) -> None:
    await page.fill("#paste", text)
    await page.get_by_test_id("verify").click()


async def test_a_purpose_comes_first(new_phone: NewPhone) -> None:
    officer = await new_phone(signed_in=OFFICER)
    await paste(officer.page, "CC1:ANYTHING")
    await expect(officer.page.get_by_test_id("trouble")).to_contain_text("请先选择扫码事由")
    await expect(officer.page.get_by_role("dialog")).to_have_count(0)
    await expect(officer.page.get_by_role("radio").first).to_be_focused()


async def test_a_true_code_shows_who_and_when_and_only_once(new_phone: NewPhone) -> None:
    text = read(await show_code(new_phone))
    officer = await new_phone(signed_in=OFFICER)
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
    citizen = await new_phone(signed_in=CITIZEN)
    await expect(citizen.page.get_by_test_id("matter")).to_contain_text("东城区综合执法局扫了您的码：进入场所")


async def test_each_refusal_has_its_own_words_shape_and_colour(new_phone: NewPhone) -> None:
    officer = await new_phone(signed_in=OFFICER)
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


async def test_no_camera_is_told_and_pasting_still_works(new_phone: NewPhone) -> None:
    officer = await new_phone(signed_in=OFFICER)
    await officer.page.get_by_role("radio", name="就诊").check()
    await officer.page.get_by_test_id("open-camera").click()
    trouble = officer.page.get_by_test_id("camera-trouble")
    await expect(trouble).to_contain_text("请在下面粘贴码的内容")
    await expect(officer.page.locator("#paste")).to_be_editable()


@pytest.mark.parametrize("detector", ["shipped", "browser's own"])
async def test_the_camera_reads_the_citizen_s_screen(
    new_phone: NewPhone, shell_city: OpenCity, tmp_path: Path, detector: str
) -> None:
    """Chromium's camera shows a picture of the code screen. Debian's Chromium has no BarcodeDetector of its own, so
    for the second case zxing-cpp stands behind that interface."""
    picture = await show_code(new_phone)
    film = tmp_path / "camera.mjpeg"
    Image.open(io.BytesIO(picture)).convert("RGB").crop((0, 100, 780, 880)).resize((720, 720)).save(film, "JPEG")
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS + camera)
        context, officer = await phone_of(browser, shell_city.base, prefs={"locale": "zh-CN", "theme": "light"})
        if detector != "shipped":
            await context.expose_function("zxing", lambda: read(picture))
            await context.add_init_script(_DETECTOR)
        await officer.sign_in(OFFICER)
        await officer.page.get_by_role("radio", name="公共交通").check()
        await officer.page.get_by_test_id("open-camera").click()
        verdict = officer.page.get_by_test_id("verdict")
        await expect(verdict).to_have_attribute("data-verdict", "accepted", timeout=20_000)
        await expect(officer.page.get_by_test_id("finder")).to_have_count(0)
        assert officer.faults == []
        await browser.close()


_DETECTOR = """globalThis.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return [{ rawValue: await zxing() }]; }
};"""
