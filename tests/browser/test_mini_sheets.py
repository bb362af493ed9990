"""Sheets that the host draws for a program: yes is armed (E30), the program does not reach them (E29)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Frame, Page, expect

from core.locale import Text
from core.mongo import Session
from miniapps.backends.templates import Words
from tests.browser.mini_programs import LIBRARY, LONG, answer, begin, opened, publish
from tests.browser.shell_phone import CITIZEN, NewPhone, phone_of
from tests.support.city import OpenCity
from tests.support.threats import covers
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
LINK = "https://library.example/catalogue"
ARMED = "[data-testid=confirm]:not([aria-disabled])"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def published(shell_city: OpenCity, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    await publish(shell_city, tmp_path_factory.mktemp("programs"))
    yield


Still = tuple[Page, Frame]


@pytest_asyncio.fixture(scope="module")
async def still(published: None, shell_city: OpenCity, shell_browser: Browser) -> AsyncIterator[Still]:
    """A program on a phone whose clock stands still."""
    context, phone = await phone_of(shell_browser, shell_city.base, prefs={"locale": "zh-CN", "theme": "light"})
    await phone.page.clock.install()
    await phone.sign_in(CITIZEN)
    shelf = await opened(phone)
    await phone.stop_the_clock()
    yield phone.page, shelf
    await context.close()


async def asked(page: Page, shelf: Frame, method: str = "makePhoneCall", **params: Any) -> Any:
    """The program asks, after a tap in it; where yes is on the phone."""
    await shelf.click("#tap")
    await begin(shelf, method, **(params or {"phoneNumber": "010-12345"}))
    await page.wait_for_selector("[data-testid=confirm]")
    await page.evaluate("Promise.allSettled(document.querySelector('dialog').getAnimations().map((a) => a.finished))")
    # It lies still; whoever watched it before has been told where by the time that a new watcher is.
    await page.get_by_test_id("confirm").evaluate(
        "(yes) => new Promise((told) => new IntersectionObserver((_, own) => told(own.disconnect())).observe(yes))"
    )
    box = await page.get_by_test_id("confirm").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def unanswered(shelf: Frame) -> bool:
    said: bool = await shelf.evaluate("globalThis.answer === undefined")
    return said


async def left(shelf: Frame) -> bool:
    """The program has not the keyboard. It hears of that by another process, later."""
    return not await shelf.evaluate("document.hasFocus()")


@covers("T15", "E30")
async def test_a_double_tap_confirms_nothing_and_one_that_waits_does(still: Still) -> None:
    """E30, by the page's own clock, which stands still between the taps."""
    page, shelf = still

    # However the two taps fall: both early; one early and one after; one beside it and one on it.
    for first, second in ((100, 200), (700, 150), (750, 400)):
        x, y = await asked(page, shelf)
        await page.clock.run_for(first)
        await page.mouse.click(x, y)
        await page.clock.run_for(second)
        await page.mouse.click(x, y)
        await expect(page.get_by_test_id("confirm")).to_be_visible()
        assert await unanswered(shelf)
        await page.keyboard.press("Escape")
        assert (await answer(shelf))["err"]["code"] == "E_USER_CANCEL"

    x, y = await asked(page, shelf)
    await page.clock.run_for(900)
    yes = page.get_by_test_id("confirm")
    await expect(yes).to_be_enabled()
    await page.mouse.click(x, y - 150)  # on the sheet, beside the button
    await expect(yes).to_be_disabled()
    await page.mouse.click(x, y)
    assert await unanswered(shelf)
    await page.clock.run_for(499)
    await expect(yes).to_be_disabled()
    await page.mouse.click(x, y)
    assert await unanswered(shelf)
    # A finger that came down too early and goes up after it.
    await page.clock.run_for(100)
    await page.mouse.down()
    await page.clock.run_for(600)
    await page.mouse.up()
    assert await unanswered(shelf)
    # Scripts press nothing.
    await yes.evaluate("(yes) => yes.click()")
    await yes.dispatch_event("pointerdown", {"isPrimary": True})
    assert await unanswered(shelf)
    await page.clock.run_for(501)
    await expect(yes).to_be_enabled()
    await page.mouse.click(x, y)
    assert "ok" in await answer(shelf)


@covers("T15", "E30")
async def test_out_of_view_it_begins_anew(still: Still) -> None:
    page, shelf = still
    hide = """(state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    x, y = await asked(page, shelf)
    yes = page.get_by_test_id("confirm")
    await page.clock.run_for(700)
    await page.evaluate(hide, "hidden")
    await page.clock.run_for(5000)
    await expect(yes).to_have_attribute("aria-disabled", "true")
    await page.evaluate(hide, "visible")
    await page.clock.run_for(700)
    await expect(yes).to_have_attribute("aria-disabled", "true")
    await page.clock.run_for(101)
    await expect(yes).not_to_have_attribute("aria-disabled", "true")

    # Scrolled away it is not armed, nor by the time that went before.
    await yes.evaluate("(yes) => (yes.style.marginTop = '200vh')")
    await expect(yes).to_have_attribute("aria-disabled", "true")
    await page.clock.run_for(5000)
    await expect(yes).to_have_attribute("aria-disabled", "true")
    await yes.evaluate("(yes) => (yes.style.marginTop = '0')")
    await expect(yes).to_have_class("primary arming")
    await page.clock.run_for(801)
    await expect(yes).not_to_have_attribute("aria-disabled", "true")
    await page.mouse.click(x, y)
    assert "ok" in await answer(shelf)


@covers("T15")
async def test_the_keyboard_is_armed_too(still: Still) -> None:
    page, shelf = still
    await asked(page, shelf)
    await page.get_by_test_id("confirm").focus()
    await page.keyboard.press("Enter")
    assert await unanswered(shelf)
    await page.keyboard.down("Enter")  # held down over the moment
    await page.clock.run_for(900)
    await page.keyboard.down("Enter")
    assert await unanswered(shelf)
    await page.keyboard.up("Enter")
    await page.clock.run_for(501)
    await page.keyboard.press("Enter")
    assert "ok" in await answer(shelf)


@covers("T16", "E29")
async def test_a_program_s_focus_and_layers_do_not_reach_the_sheet(new_phone: NewPhone) -> None:
    """E29: it covers its window, takes the focus, and hears every key and tap that comes to it."""
    phone = await new_phone(signed_in="13800000005")
    page = phone.page
    shelf = await opened(phone)
    await shelf.evaluate(
        """() => {
          globalThis.heard = [];
          addEventListener('keydown', ({ key }) => heard.push(key), true);
          addEventListener('pointerdown', () => heard.push('tap'), true);
          globalThis.over = document.createElement('button');
          over.textContent = '允许';
          over.popover = 'manual';
          over.style.cssText = 'position:fixed;inset:0;z-index:2147483647;width:100vw;height:100vh';
          document.body.append(over);
          over.showPopover();
        }"""
    )
    await begin(shelf, "authorize", scopes=["city.device.location.fuzzy"])
    await page.wait_for_selector(ARMED)
    in_sheet = "document.activeElement.closest('dialog') !== null"
    assert await page.evaluate(in_sheet)
    held = page.locator(f"[data-app='{LIBRARY}'] .mini-mount")
    assert await held.evaluate("(mount) => [getComputedStyle(mount).visibility, mount.inert]") == ["hidden", True]
    await page.evaluate("() => addEventListener('focus', () => (globalThis.given = true))")
    await shelf.evaluate("window.focus(); over.focus()")
    await page.wait_for_function("globalThis.given")  # it was taken, and given back
    await until(lambda: left(shelf), what="the keyboard to leave the program")
    await page.wait_for_function(f"document.hasFocus() && {in_sheet}")
    for key in ("a", "Tab", "Tab"):
        await page.keyboard.press(key)
    assert await page.evaluate(in_sheet)
    await page.mouse.click(195, 60)  # the shade beside the sheet puts it away
    assert "ok" in await answer(shelf)
    assert await shelf.evaluate("heard") == []

    # One that goes on taking it is closed, and its sheet with it.
    await begin(shelf, "authorize", scopes=["city.device.location.fuzzy"])
    await page.wait_for_selector("[data-testid=wanted]")
    await shelf.evaluate("setInterval(() => { window.focus(); over.focus(); }, 5)")
    closed = page.get_by_test_id("mini-closed")
    await expect(closed).to_have_attribute("data-code", "SEIZED")
    await expect(closed.get_by_role("heading", level=1)).to_have_text("它抢占键盘，已经关闭")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_what_is_wanted_is_decided_one_by_one_and_kept_as_it_was_read(
    new_phone: NewPhone, shell_city: OpenCity
) -> None:
    phone = await new_phone(signed_in="13800000003")
    page = phone.page
    shelf = await opened(phone)
    await begin(shelf, "authorize", scopes=["city.user.phone", "city.device.clipboard", "city.device.location.fuzzy"])
    await page.wait_for_selector(ARMED)
    sheet = page.get_by_role("dialog")
    await expect(sheet.get_by_test_id("mini-asker")).to_contain_text("城市图书馆")
    await expect(sheet.get_by_test_id("mini-by")).to_have_attribute("data-verified", "true")
    await expect(sheet.get_by_test_id("on-no")).to_contain_text("不允许也能继续使用")
    boxes = sheet.get_by_role("checkbox")
    assert [await box.is_checked() for box in await boxes.all()] == [False, True, True]  # the number is sensitive
    await boxes.nth(2).click(force=True)
    sizes = [await button.bounding_box() for button in await sheet.locator(".yes-no button").all()]
    assert len({(box["width"], box["height"]) for box in sizes if box}) == 1
    await page.get_by_test_id("confirm").click()  # which waits: no yes counts within a moment of the tick
    assert (await answer(shelf))["ok"] == {
        "granted": ["city.device.clipboard"],
        "denied": ["city.user.phone", "city.device.location.fuzzy"],
    }
    await phone.open("/me/data/consents", ready="[data-testid=consents]")
    await page.get_by_test_id("consents").get_by_role("link", name="城市图书馆").first.click()
    await page.locator(".fold summary").click()
    await expect(page.locator("blockquote")).to_contain_text("复制书号")


async def test_who_is_opened_next_is_told_by_the_city_and_leaving_takes_a_sheet_along(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in="13800000004")
    page = phone.page
    shelf = await opened(phone)
    await asked(page, shelf, "openURL", url=LINK)
    await expect(page.get_by_role("dialog")).to_contain_text("library.example")
    await page.keyboard.press("Escape")
    await shelf.click("#tap")
    await begin(shelf, "openMiniProgram", appId=LONG)
    await expect(page.get_by_test_id("next-program")).to_contain_text("登记平台")
    await page.locator(ARMED).click()
    await page.wait_for_selector(f"[data-app='{LONG}'] .mini-who")
    await expect(page.locator(f"[data-app='{LIBRARY}']")).to_be_hidden()
    assert await page.evaluate("location.hash") == f"#/mini/{LONG}"

    await phone.open(f"/mini/{LIBRARY}", ready=f"[data-app='{LIBRARY}']:not([hidden]) .mini-who")
    await begin(shelf, "authorize", scopes=["city.device.clipboard"])
    await page.wait_for_selector("[data-testid=confirm]")
    await phone.open("/home", ready="[data-testid=mini-tiles]")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (await answer(shelf))["ok"] == {"granted": [], "denied": ["city.device.clipboard"]}


async def test_the_keyboard_goes_on_in_the_program_after_a_sheet(still: Still) -> None:
    page, shelf = still
    for method in ("makePhoneCall", "showModal"):
        await shelf.click("#tap")
        params = {"phoneNumber": "010-12345"} if method == "makePhoneCall" else {"title": "续借？"}
        await begin(shelf, method, **params)
        await page.wait_for_selector("dialog[open]")
        await until(lambda: left(shelf), what="the keyboard to leave the program")
        await page.keyboard.press("Escape")
        await answer(shelf)

        async def back() -> bool:
            return bool(await shelf.evaluate("document.hasFocus()"))

        await until(back, what="the keyboard")


async def _worded(city: OpenCity) -> None:
    """Its kinds of messages have words, which a reviewer saw."""
    shelf = city.city.rooms.program_messages.shelf
    both = {
        name: Text(zh=zh, en=en)
        for name, zh, en in (("booking", "{venue}开场提醒", "{venue} opens"), ("hours", "时长已登记", "Hours noted"))
    }

    async def work(session: Session) -> None:
        for name, title in both.items():
            words = Words(title, Text(zh="请于{at}前到场。", en="Be there by {at}.") if name == "booking" else title)
            await shelf.write(LONG, name, words, session=session)
        await shelf.hand_in(LONG, at=city.clock.now(), session=session)
        await shelf.approve(LONG, session=session)

    await city.city.ground.mongo.transaction(work)


async def test_a_person_says_which_messages_they_want_and_takes_them_back(
    shell_city: OpenCity, new_phone: NewPhone
) -> None:
    await _worded(shell_city)
    phone = await new_phone(prefs={"locale": "zh-CN", "theme": "light"})
    await phone.sign_in(CITIZEN)
    page, shelf = phone.page, await opened(phone, LONG)
    await shelf.click("#tap")
    await begin(shelf, "requestSubscribeMessage", tmplIds=["booking", "hours", "none"])
    sheet = page.get_by_role("dialog")
    await expect(sheet.get_by_test_id("wanted")).to_contain_text("…开场提醒")
    await sheet.get_by_role("checkbox", name="时长已登记").uncheck()
    await page.wait_for_selector(ARMED)
    await page.get_by_test_id("confirm").click()
    assert (await answer(shelf))["ok"] == {"booking": "accept", "hours": "reject", "none": "filter"}

    await phone.open(f"/mini/{LONG}/about", ready="[data-testid=mini-subscriptions] li")
    mine = page.get_by_test_id("mini-subscriptions")
    await expect(mine).to_contain_text("还可发 1 条")
    await mine.get_by_role("button", name="取消").click()
    await expect(mine.locator("li")).to_have_count(0)
