"""Passkeys in a real Chromium with a virtual authenticator, by the shell's pages; and staff, who must have more."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest_asyncio
from playwright.async_api import CDPSession, Page, async_playwright, expect

from api.app import open_city
from api.serving import bound, listening
from core.clock import SystemClock
from core.embedded import Stores
from identity.demo import STAFF, people
from tests.browser.shell_phone import CHROMIUM_ARGS, Phone, operation, phone_of
from tests.support.city import OpenCity, settings
from tests.support.departments import departments

REPLAYED = "mutation($input: SignInWithPasskeyInput!) { signInWithPasskey(input: $input) { accessToken } }"


@pytest_asyncio.fixture(scope="module")
async def keyed_city(stores: Stores) -> AsyncIterator[OpenCity]:
    """A city that knows its own address, as passkeys ask for."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        held = stack.enter_context(bound(host="127.0.0.1", port=0))
        beside = await stack.enter_async_context(
            departments(mongo_url=stores.mongo_url, database="passkeys", clock=clock)
        )
        told = settings(
            mongo_url=stores.mongo_url,
            redis_url=stores.redis_url,
            database="passkeys",
            departments=beside,
            TONG_PUBLIC_URL=f"http://127.0.0.1:{held.getsockname()[1]}",
        )
        city = await open_city(told, clock=clock)
        stack.push_async_callback(city.close)
        await city.load_demo()
        await stack.enter_async_context(city.working())
        base = await stack.enter_async_context(listening(city, held))
        yield OpenCity(base, await stack.enter_async_context(aiohttp.ClientSession()), city, clock)


@pytest_asyncio.fixture
async def phone(keyed_city: OpenCity) -> AsyncIterator[Phone]:
    """The shell at `localhost`: a browser knows no passkeys for a number. The small Chromium has none."""
    base = keyed_city.base.replace("127.0.0.1", "localhost")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS)
        _, phone = await phone_of(browser, base, prefs={"locale": "zh-CN", "theme": "light"})
        yield phone
        await browser.close()


async def authenticator(page: Page, **kind: Any) -> tuple[CDPSession, str]:
    """A virtual one, as a phone has it; the DevTools session that drives it, and its id."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        **kind,
    }
    added = await tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return tools, added["authenticatorId"]


async def sign_out(phone: Phone) -> None:
    await phone.open("/me", ready=".person")
    await phone.page.get_by_role("button", name="退出登录").click()
    await phone.page.get_by_test_id("confirm").click()
    await phone.page.wait_for_selector("#phone")


async def test_a_passkey_is_made_signs_in_and_steps_up_by_the_shells_own_pages(
    keyed_city: OpenCity, phone: Phone
) -> None:
    page = phone.page
    tools, id = await authenticator(page)
    trouble = page.get_by_test_id("trouble")
    await phone.sign_in("13800000001")
    await phone.open("/security/passkeys", ready="[data-testid=empty]")
    await page.get_by_test_id("add-passkey").click()
    row = page.get_by_test_id("passkey")
    await expect(row).to_contain_text("Chrome · Linux")
    (kept,) = (await tools.send("WebAuthn.getCredentials", {"authenticatorId": id}))["credentials"]
    assert kept["isResidentCredential"] and kept["rpId"] == "localhost"
    # A second one for the same account: the browser is told which ones it has, and does not make it.
    await page.get_by_test_id("add-passkey").click()
    await expect(trouble).to_have_attribute("data-code", "CLIENT_PASSKEY_KNOWN")
    await row.get_by_role("button", name="改名").click()
    await page.fill("#own-name", "我的旧手机")
    await page.keyboard.press("Enter")
    await expect(row).to_contain_text("我的旧手机")
    assert await phone.violations() == []

    # In by the passkey alone; what was sent is good once.
    await sign_out(phone)
    # A user of whom the authenticator is not sure is asked for nothing that the city would believe.
    await tools.send("WebAuthn.setUserVerified", {"authenticatorId": id, "isUserVerified": False})
    await page.get_by_test_id("by-passkey").click()
    await expect(trouble).to_have_attribute("data-code", "CLIENT_PASSKEY_CANCELLED")
    await tools.send("WebAuthn.setUserVerified", {"authenticatorId": id, "isUserVerified": True})
    async with page.expect_request(lambda request: operation(request) == "SignInWithPasskey") as sent:
        await page.get_by_test_id("by-passkey").click()
    await page.wait_for_selector(".bricks")
    body = (await sent.value).post_data_json
    assert body is not None
    given = body["variables"]["input"]
    replayed = await keyed_city.ask(REPLAYED, input=given)
    assert replayed.codes == ["AUTH_PASSKEY_REFUSED"]

    # Signed in by a code alone, the session may not take the passkey away: it is asked for, and no is a no.
    await sign_out(phone)
    await tools.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": id, "enabled": False})
    await phone.sign_in("13800000001")
    await tools.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": id, "enabled": True})
    await phone.open("/security/passkeys", ready="[data-testid=passkey]")
    for proven in (False, True):
        await row.get_by_role("button", name="移除").click()
        await page.get_by_test_id("confirm").click()
        sheet = page.get_by_test_id("step-up")
        await expect(sheet.locator(".primary")).to_have_text("使用通行密钥")
        if proven:
            await sheet.locator(".primary").click()
        else:
            await page.get_by_role("dialog").get_by_role("button", name="取消").click()
            await expect(row).to_have_count(1)
            await expect(trouble).to_have_count(0)
    await expect(page.get_by_test_id("empty")).to_be_visible()
    assert [fault for fault in phone.faults if "403" not in fault] == []


async def test_staff_without_a_second_factor_get_one_before_anything_else(keyed_city: OpenCity, phone: Phone) -> None:
    page, identity = phone.page, keyed_city.city.rooms.wings.identity
    account = (await people(identity.store))["wu"]
    await keyed_city.city.rooms.wings.credentials.desk.store.forget(account)
    await authenticator(page)
    await phone.open("/sign-in", ready="#phone")
    await page.get_by_role("button", name="我是工作人员").click()
    await page.fill("#phone", STAFF["wu"].phone)
    await page.click("button[type=submit]")
    await page.get_by_test_id("demo-code").get_by_role("button").click()
    await expect(page.locator("h1")).to_have_text("先设置二次验证")
    assert await phone.violations() == []
    # Nothing else opens, and a reload leads back here.
    await phone.open("/desk/cases", ready="[data-screen=enrol] h1")
    await page.reload()
    await page.get_by_test_id("add-passkey").click()
    await page.wait_for_selector("[data-testid=staff-cases]")
    assert phone.faults == []


async def test_the_demos_staff_take_the_second_step_with_the_published_secret(keyed_city: OpenCity) -> None:
    """Two at once with one code: everybody who looks at the demonstration shares these accounts."""
    for _ in range(2):
        signed_in = await keyed_city.sign_in("13900000001", audience="STAFF")
    me = await keyed_city.ask(
        "{ staffMe { badge } signInMethods { totp { confirmedAt } } }", token=signed_in["accessToken"]
    )
    assert me.data, me.errors
    assert me.data["staffMe"]["badge"] == "DC-0312" and me.data["signInMethods"]["totp"] is not None
