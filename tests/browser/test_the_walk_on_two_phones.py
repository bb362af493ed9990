"""The first walk as people take it: two phones, a QR on one, a camera on the other.

The citizen's QR is read back by zxing-cpp, which we did not write, and shown to the officer's camera as a film.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Playwright, async_playwright, expect

from core.clock import SystemClock
from core.embedded import Stores
from tests.browser.shell_phone import CHROMIUM_ARGS, CITIZEN, OFFICER, NewPhone, Phone, chromium, phone_of
from tests.support.city import OpenCity, open_demo_city, settings
from tests.support.departments import nowhere

_FILM = (640, 480)


async def qr_on(phone: Phone) -> Image.Image:
    """A photograph of the citizen's screen where the code is."""
    shot = await phone.page.get_by_test_id("city-code").screenshot()
    return Image.open(io.BytesIO(shot)).convert("L")


def read_qr(photograph: Image.Image) -> str:
    found = zxingcpp.read_barcodes(photograph)
    assert [each.format for each in found] == [zxingcpp.BarcodeFormat.QRCode]
    text: str = found[0].text
    return text


def film(photograph: Image.Image, file: Path) -> Path:
    """A film of a still: YUV4MPEG2, 4:2:0, as Chromium's fake camera plays it."""
    width, height = _FILM
    frame = Image.new("L", _FILM, 128)
    still = photograph.copy()
    still.thumbnail((height, height))
    frame.paste(still, ((width - still.width) // 2, (height - still.height) // 2))
    colourless = b"\x80" * (width * height // 2)
    one = b"FRAME\n" + frame.tobytes() + colourless
    file.write_bytes(f"YUV4MPEG2 W{width} H{height} F15:1 Ip A1:1 C420\n".encode() + one * 15)
    return file


@asynccontextmanager
async def camera_that_sees(playwright: Playwright, seen: Path) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.launch(
        executable_path=chromium(),
        args=[
            *CHROMIUM_ARGS,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={seen}",
        ],
    )
    try:
        yield browser
    finally:
        await browser.close()


async def test_two_phones_a_code_and_a_camera(new_phone: NewPhone, shell_city: OpenCity, tmp_path: Path) -> None:
    citizen = await new_phone(signed_in=CITIZEN, watched=True)
    page = citizen.page
    await expect(page.locator("h1")).to_contain_text("张丽华")
    await expect(page.get_by_test_id("air")).to_contain_text("东城区")
    await expect(page.get_by_test_id("air")).to_contain_text("模拟数据")

    async with async_playwright() as playwright, camera_that_sees(playwright, tmp_path / "qr.y4m") as browser:
        context, officer = await phone_of(
            browser, shell_city.base, prefs={"locale": "zh-CN", "theme": "light"}, permissions=["camera"], watched=True
        )
        await officer.sign_in(OFFICER)  # before the code is made: it is good for a minute
        await citizen.open("/code", ready=".qr")
        photograph = await qr_on(citizen)
        text = read_qr(photograph)
        assert text.startswith("CC1:") and len(text) == 135
        film(photograph, tmp_path / "qr.y4m")

        desk = officer.page
        await desk.get_by_label("进入场所").check()
        await desk.get_by_test_id("open-camera").click()
        verdict = desk.get_by_test_id("verdict")
        await expect(verdict).to_have_attribute("data-verdict", "accepted", timeout=30_000)
        await expect(desk.get_by_test_id("masked-name")).to_have_text("张*华")
        await expect(desk.get_by_test_id("scanned-at")).not_to_be_empty()

        await desk.get_by_role("button", name="关闭").click()
        await desk.fill("#paste", text)
        await desk.get_by_test_id("verify").click()
        await expect(verdict).to_have_attribute("data-code", "CITYCODE_REPLAYED")
        assert officer.faults == [] and officer.strangers == []
        await context.close()

    await citizen.open("/scans", ready="[data-testid=scan]")
    newest = page.get_by_test_id("scan").first
    await expect(newest).to_contain_text("东城区综合执法局")
    await expect(newest).to_contain_text("DC-0312")
    await expect(newest).to_contain_text("进入场所")
    assert citizen.faults == [] and citizen.strangers == []


@pytest_asyncio.fixture
async def airless_city(stores: Stores) -> AsyncIterator[OpenCity]:
    """A city whose departments' backends are dead."""
    told = settings(mongo_url=stores.mongo_url, redis_url=stores.redis_url, database="airless", departments=nowhere())
    async with open_demo_city(told, SystemClock()) as city:
        yield city


async def test_with_the_sensor_backend_dead_the_page_still_comes(
    airless_city: OpenCity, shell_browser: Browser
) -> None:
    context, phone = await phone_of(shell_browser, airless_city.base, prefs={"locale": "en", "theme": "light"})
    await phone.sign_in(CITIZEN)
    await expect(phone.page.locator("h1")).to_contain_text("张丽华")
    part = phone.page.get_by_test_id("partial")
    await expect(part).to_be_visible()
    await expect(part.get_by_role("button")).to_be_visible()
    await phone.open("/code", ready=".qr")
    assert read_qr(await qr_on(phone)).startswith("CC1:")
    await context.close()
