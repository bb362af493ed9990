"""The code screen: a QR that strangers' decoders read, that renews itself in time, and says so when it cannot."""

from __future__ import annotations

import io
from typing import Any

import zxingcpp
from PIL import Image
from playwright.async_api import Page, Route, expect

from tests.browser.shell_phone import CITIZEN, NewPhone, Phone, answer, operation
from tests.support.waiting import until

# What is asked with a clock that has just run ahead is asked again by the city's, for its proof was refused.
ONCE = (["Code"], ["Code", "Code"])


async def read(page: Page) -> str:
    """What a decoder that we did not write sees on the screen."""
    picture = Image.open(io.BytesIO(await page.screenshot()))
    codes = zxingcpp.read_barcodes(picture)
    assert len(codes) == 1
    return codes[0].text


_SHOWN = """document.querySelector("[data-testid=qr] path")?.getAttribute("d")"""
_PLAY = "(el) => getComputedStyle(el).animationPlayState"


async def share_of_width(page: Page, width: int) -> float:
    """How much of the phone the modules take, without their quiet zone."""
    box = await page.get_by_test_id("qr").bounding_box()
    assert box is not None
    return box["width"] * 41 / 49 / width


async def code_screen(new_phone: NewPhone, **more: Any) -> Phone:
    phone = await new_phone(signed_in=CITIZEN, **more)
    await phone.open("/code", ready=".qr")
    return phone


async def count_asked(page: Page) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(operation(request)) if request.method == "POST" else None)
    return asked


async def test_a_decoder_reads_the_code_and_it_is_version_6(new_phone: NewPhone) -> None:
    phone = await code_screen(new_phone)
    text = await read(phone.page)
    assert text.startswith("CC1:")
    qr = phone.page.get_by_test_id("qr")
    assert await qr.get_attribute("data-modules") == "41"
    assert await share_of_width(phone.page, 390) >= 0.6
    for width in (390, 320):
        await phone.page.set_viewport_size({"width": width, "height": 844})
        await phone.page.evaluate("document.documentElement.style.fontSize = '32px'")
        assert await share_of_width(phone.page, width) >= 0.6
    assert "城市码二维码" in (await qr.get_attribute("aria-label") or "")


async def test_it_reads_in_the_dark_and_in_elder_mode_too(new_phone: NewPhone) -> None:
    for prefs in ({"theme": "dark"}, {"mode": "elder", "theme": "dark"}):
        phone = await code_screen(new_phone, prefs=prefs)
        assert (await read(phone.page)).startswith("CC1:")
        await phone.page.close()


async def test_it_renews_itself_before_it_ends(new_phone: NewPhone) -> None:
    phone = await new_phone()
    page = phone.page
    await page.clock.install()
    await phone.sign_in(CITIZEN)
    await phone.stop_the_clock()
    await phone.open("/code", ready=".qr")
    first = await read(page)
    drawn = await page.get_by_test_id("qr").locator("path").get_attribute("d")
    assert drawn
    band = await page.get_by_test_id("band").inner_html()
    asked = await count_asked(page)
    await page.clock.run_for(48_000)
    assert "Code" not in asked
    async with page.expect_response("**/graphql"):
        await page.clock.run_for(5_000)
    assert asked in ONCE

    async def another_code() -> bool:
        """A code made within the same second of the city's is the same code.

        In small steps: a clock that runs away from an answer finds its code over when it comes.
        """
        shown = await page.evaluate(_SHOWN)
        if shown is None or shown == drawn:
            await page.clock.run_for(2_000)
            return False
        return True

    await until(another_code, what="a code of another second", deadline_s=60)
    second = await read(page)
    assert second != first
    assert await page.get_by_test_id("band").inner_html() != band


async def test_without_a_line_it_says_how_long_then_hides_then_comes_back(new_phone: NewPhone) -> None:
    phone = await new_phone()
    page = phone.page
    await page.clock.install()
    await phone.sign_in(CITIZEN)
    await phone.stop_the_clock()
    await phone.open("/code", ready=".qr")
    await page.context.set_offline(True)
    await page.clock.run_for(53_000)
    slab = page.get_by_test_id("city-code")
    await expect(slab).to_have_attribute("data-state", "late")
    await expect(page.get_by_test_id("countdown")).to_contain_text("暂时没能更新")
    await page.clock.run_for(10_000)
    await page.clock.resume()
    await expect(page.get_by_test_id("code-ended")).to_contain_text("此码已失效")
    await expect(page.get_by_test_id("qr")).to_have_count(0)
    assert await page.get_by_test_id("band").locator("g").evaluate(_PLAY) == "paused"
    await expect(page.get_by_test_id("offline")).to_be_hidden()
    assert await phone.violations() == []
    await page.context.set_offline(False)
    await page.clock.run_for(2_000)
    await expect(page.get_by_test_id("qr")).to_be_visible()


async def test_a_hidden_page_rests_and_renews_when_looked_at(new_phone: NewPhone) -> None:
    phone = await new_phone()
    page = phone.page
    await page.clock.install()
    await phone.sign_in(CITIZEN)
    await phone.open("/code", ready=".qr")
    asked = await count_asked(page)
    await page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    await page.clock.run_for(120_000)
    assert asked == []
    await expect(page.get_by_test_id("city-code")).to_have_attribute("data-state", "resting")
    await expect(page.get_by_test_id("code-resting")).to_have_text("正在更新")
    await expect(page.get_by_test_id("qr")).to_have_count(0)
    assert "此码已失效" not in await page.locator("body").inner_text()
    assert await phone.violations() == []
    await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.get_by_test_id("city-code")).to_have_attribute("data-state", "live")
    assert asked in ONCE


async def test_the_band_moves_and_stands_still_for_who_asks_so(new_phone: NewPhone) -> None:
    moving = "() => document.getAnimations().filter((a) => a.animationName === 'travel').length"
    phone = await code_screen(new_phone)
    assert await phone.page.evaluate(moving) == 1
    still = await code_screen(new_phone, reduced_motion="reduce")
    assert await still.page.evaluate(moving) == 0
    assert await still.page.get_by_test_id("band").locator("path").count() == 11


async def test_an_unhappy_city_is_told_with_its_incident(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=CITIZEN)

    async def fail(route: Route) -> None:
        if operation(route.request) == "Code":
            await route.fulfill(
                json=None, body=answer(code="INTERNAL", incident="inc_1"), content_type="application/json"
            )
        else:
            await route.continue_()

    await phone.page.route("**/graphql", fail)
    await phone.open("/code", ready="[data-testid=problem]")
    await expect(phone.page.get_by_test_id("problem")).to_contain_text("INTERNAL · inc_1")
    await phone.page.unroute("**/graphql")
    await phone.page.evaluate("dispatchEvent(new Event('online'))")
    await expect(phone.page.get_by_test_id("qr")).to_be_visible()
    assert await phone.page.evaluate("document.activeElement.tagName") == "H1"
