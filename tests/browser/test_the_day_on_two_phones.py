"""A citizen's day as people live it: what is due, a licence shown to an officer, a broken lamp, a mother's health.

Codes go from screen to screen by light: each QR is read back by zxing-cpp or drawn by it, which we did not write, and
shown to the other phone's camera as a film.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest_asyncio
import zxingcpp
from PIL import Image, ImageOps
from playwright.async_api import Playwright, async_playwright, expect

from core.clock import SystemClock
from core.embedded import Stores
from core.processes import free_port
from tests.browser.shell_phone import CITIZEN, OFFICER, NewPhone, Phone, phone_of
from tests.browser.test_shell_street import HANDLER, LAMP, MOTHER, cases_of, picture, plate_of, step
from tests.browser.test_the_walk_on_two_phones import camera_that_sees, film
from tests.support.city import OpenCity, open_demo_city, settings
from tests.support.departments import departments
from tests.support.waiting import until


@pytest_asyncio.fixture
async def shell_city(stores: Stores) -> AsyncIterator[OpenCity]:
    """A city of the day's own: in the one that all phones share, others have paid and been told before."""
    clock = SystemClock()
    async with departments(mongo_url=stores.mongo_url, database="day", clock=clock) as beside:
        port = free_port()
        more = {"TONG_PUBLIC_URL": f"http://127.0.0.1:{port}"}
        told = settings(
            mongo_url=stores.mongo_url, redis_url=stores.redis_url, database="day", departments=beside, **more
        )
        async with open_demo_city(told, clock, port=port) as city:
            yield city


WORDS = "路灯不亮，回家的路很黑。"


@asynccontextmanager
async def looking_at(reel: Path, playwright: Playwright, city: OpenCity) -> AsyncIterator[Phone]:
    """A phone whose camera sees this film, from when it is opened."""
    async with camera_that_sees(playwright, reel) as browser:
        prefs = {"locale": "zh-CN", "theme": "light"}
        context, phone = await phone_of(browser, city.base, prefs=prefs, permissions=["camera"], watched=True)
        yield phone
        assert phone.faults == [] and phone.strangers == []
        await context.close()


async def test_a_day_on_two_phones(new_phone: NewPhone, shell_city: OpenCity, tmp_path: Path) -> None:
    zhang = await new_phone(signed_in=CITIZEN, watched=True)
    await she_reads_what_is_due_and_pays(zhang)
    plate = (await plate_of(shell_city, name="demo-lamp"))["plate"]
    sign, shown = film(drawn(plate), tmp_path / "sign.y4m"), tmp_path / "shown.y4m"
    async with async_playwright() as playwright:
        async with looking_at(shown, playwright, shell_city) as inspector:
            await inspector.sign_in(OFFICER)  # before the code is made: it is good for a minute
            film(await she_shows_her_licence(zhang), shown)
            await an_inspector_reads_it(inspector)
        await expect(zhang.page.get_by_test_id("checked-by")).to_contain_text("东城区综合执法局")
        async with looking_at(sign, playwright, shell_city) as pocket:
            number = await she_reports_the_lamp(pocket)
    (case,) = [one for one in await cases_of(shell_city, WORDS) if one["number"] == number]
    await a_handler_mends_it(await new_phone(signed_in=HANDLER), number)
    await her_inbox_and_timeline_say_so(zhang, number, case["id"])
    await she_looks_after_her_mother(zhang)
    assert zhang.faults == [] and zhang.strangers == []


def drawn(plate: str) -> Image.Image:
    """A plate's QR with its quiet zone, as a workshop would print it."""
    pixels: Any = zxingcpp.create_barcode(plate, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_image(scale=8)
    height, width = pixels.shape
    return ImageOps.expand(Image.frombytes("L", (width, height), bytes(memoryview(pixels))), border=32, fill=255)


async def she_reads_what_is_due_and_pays(zhang: Phone) -> None:
    page = zhang.page
    await zhang.open("/messages", ready="[data-testid=letter]")
    await page.get_by_test_id("letter").filter(has_text="生活垃圾处理费").first.get_by_role("link").click()
    await page.get_by_test_id("onward").click()
    await page.get_by_test_id("bill-face").wait_for()
    if await page.get_by_test_id("pay").count():
        await page.get_by_test_id("pay").click()
        await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("bill-face")).to_have_attribute("data-status", "PAID")
    await expect(page.get_by_test_id("receipt-number")).to_have_text(re.compile(r"^[\dA-Z ]{16,}$"))


async def she_shows_her_licence(zhang: Phone) -> Image.Image:
    """Her screen where the code is, as the officer's camera sees it."""
    page = zhang.page
    await zhang.open("/wallet", ready="[data-testid=licences]")
    await page.get_by_test_id("licences").get_by_role("link").filter(has_text="机动车驾驶证").click()
    await page.get_by_test_id("show").click()
    await page.get_by_test_id("confirm").click()
    code = page.get_by_test_id("licence-code").locator(".qr")
    await code.wait_for()
    return Image.open(io.BytesIO(await code.screenshot())).convert("L")


async def an_inspector_reads_it(inspector: Phone) -> None:
    await inspector.page.get_by_test_id("open-camera").click()
    verdict = inspector.page.get_by_test_id("verdict")
    await expect(verdict).to_have_attribute("data-status", "VALID", timeout=30_000)
    await expect(verdict).to_contain_text("机动车驾驶证")
    await expect(inspector.page.get_by_test_id("masked-name")).to_have_text("持证人 张*华")


async def she_reports_the_lamp(pocket: Phone) -> str:
    """Her phone again, before the plate. The number of her case."""
    page = pocket.page
    await pocket.sign_in(CITIZEN)
    await pocket.open("/scan", ready="[data-testid=open-camera]")
    await page.get_by_test_id("open-camera").click()
    await expect(page.get_by_test_id("plate")).to_contain_text(LAMP, timeout=30_000)
    await page.get_by_test_id("report").click()
    await page.fill("#words", WORDS)
    await page.set_input_files(".photo-input", [picture(11)])
    await expect(page.locator("[data-testid=photo][data-state=sent]")).to_have_count(1)
    await page.get_by_test_id("send").click()
    head, anyway = page.get_by_test_id("case-head"), page.get_by_test_id("send-anyway")
    await head.or_(anyway).wait_for()
    if await anyway.count():
        await anyway.click()
    await expect(head).to_have_attribute("data-status", "SUBMITTED")
    return await page.get_by_test_id("number").inner_text()


async def a_handler_mends_it(handler: Phone, number: str) -> None:
    page = handler.page
    await page.get_by_test_id("case").filter(has_text=number).get_by_role("link").click()
    head = page.get_by_test_id("case-head")
    for action, status in (("ACCEPT", "ACCEPTED"), ("START", "IN_PROGRESS")):
        await step(handler, action)
        await expect(head).to_have_attribute("data-status", status)
    await step(handler, "RESOLVE", note="灯具已更换", photos=[picture(12)])
    await expect(head).to_have_attribute("data-status", "RESOLVED")
    assert handler.faults == []


async def her_inbox_and_timeline_say_so(zhang: Phone, number: str, case: str) -> None:
    page = zhang.page
    await zhang.open("/messages", ready="[data-testid=letter]")
    told = page.get_by_test_id("letter").filter(has_text=f"{number}有新进展：已办结")

    async def written() -> bool:
        await page.reload()
        await page.get_by_test_id("letter").first.wait_for()
        return await told.count() > 0

    await until(written, what="the message that it is mended")
    await told.first.get_by_role("link").click()
    await page.get_by_test_id("onward").click()
    await expect(page).to_have_url(re.compile(f"#/cases/{case}$"))
    mended = page.locator(".stop[data-status=RESOLVED]").first
    await expect(mended).to_contain_text("灯具已更换")
    await expect(mended.locator("img")).to_have_count(1)


async def she_looks_after_her_mother(zhang: Phone) -> None:
    page = zhang.page
    await zhang.open("/me/family", ready="[data-testid=relation]")
    await page.get_by_test_id("relation").filter(has_text=MOTHER).get_by_test_id("act-for").click()
    await page.get_by_role("link", name="健康状态").click()
    await expect(page.get_by_test_id("health-of")).to_have_text(MOTHER)
    await expect(page.get_by_test_id("health-card")).to_have_attribute("data-colour", "GREEN")
    await page.get_by_test_id("acting").get_by_role("button").click()
    await expect(page.get_by_test_id("health-of")).to_have_text("张*华")
