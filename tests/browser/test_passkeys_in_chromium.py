"""Passkeys in a real Chromium with a virtual authenticator, and the demo's staff where a second step is the rule."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest_asyncio
from playwright.async_api import CDPSession, Page, async_playwright

from api.app import open_city
from api.serving import bound, listening
from core.clock import SystemClock
from core.embedded import Stores
from tests.browser.shell_phone import CHROMIUM_ARGS
from tests.support.city import OpenCity, settings
from tests.support.departments import departments

_CREATE = """async (options) => JSON.stringify((await navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options)),
})).toJSON())"""
_GET = """async (options) => JSON.stringify((await navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options)),
})).toJSON())"""
_BEGIN = "mutation { beginPasskeySignIn { id options } }"
_SIGN_IN = """mutation($input: SignInWithPasskeyInput!) {
  signInWithPasskey(input: $input) { accessToken session { deviceName } }
}"""


@pytest_asyncio.fixture(scope="module")
async def keyed_city(stores: Stores) -> AsyncIterator[OpenCity]:
    """A city that knows its own address, as passkeys ask for, and has its staff take a second step."""
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
            TONG_STAFF_SECOND_FACTOR="on",
        )
        city = await open_city(told, clock=clock)
        stack.push_async_callback(city.close)
        await city.load_demo()
        await stack.enter_async_context(city.working())
        base = await stack.enter_async_context(listening(city, held))
        yield OpenCity(base, await stack.enter_async_context(aiohttp.ClientSession()), city, clock)


@pytest_asyncio.fixture
async def page(keyed_city: OpenCity) -> AsyncIterator[Page]:
    """The city's first page, at `localhost`: a browser knows no passkeys for a number."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS)
        page = await browser.new_page()
        await page.goto(keyed_city.base.replace("127.0.0.1", "localhost"))
        yield page
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


async def test_a_passkey_is_made_signs_in_and_steps_up_in_a_real_browser(keyed_city: OpenCity, page: Page) -> None:
    city, token = keyed_city, await keyed_city.token("13800000001")
    tools, phone = await authenticator(page)
    begun = await city.ask("mutation { beginPasskeyRegistration { options } }", token=token)
    assert begun.data, begun.errors
    options = begun.data["beginPasskeyRegistration"]["options"]
    made = await page.evaluate(_CREATE, options)
    add = 'mutation($c: String!) { addPasskey(name: "Chromium", credential: $c) { id name synced } }'
    added = await city.ask(add, token=token, c=made)
    assert added.data, added.errors
    assert added.data["addPasskey"]["name"] == "Chromium"
    (kept,) = (await tools.send("WebAuthn.getCredentials", {"authenticatorId": phone}))["credentials"]
    assert kept["isResidentCredential"] and kept["rpId"] == "localhost"

    async def answered() -> dict[str, str]:
        asked = await city.ask(_BEGIN)
        assert asked.data, asked.errors
        challenge = asked.data["beginPasskeySignIn"]
        return {"id": challenge["id"], "credential": await page.evaluate(_GET, challenge["options"])}

    given = await answered()
    signed = await city.ask(_SIGN_IN, input={**given, "deviceName": "Chromium"})
    assert signed.data, signed.errors
    assert signed.data["signInWithPasskey"]["session"] == {"deviceName": "Chromium"}
    replayed = await city.ask(_SIGN_IN, input=given)
    assert replayed.codes == ["AUTH_PASSKEY_REFUSED"]
    # A second passkey of the same account: the browser is told which ones it has, and refuses to make it here.
    again = await city.ask(
        "mutation { beginPasskeyRegistration { options } }", token=signed.data["signInWithPasskey"]["accessToken"]
    )
    assert again.data, again.errors
    refusal = await page.evaluate(
        f"async (options) => ({_CREATE})(options).catch((error) => error.name)",
        again.data["beginPasskeyRegistration"]["options"],
    )
    assert refusal == "InvalidStateError"
    proof = await answered()
    stepped = await city.ask(
        "mutation($input: StepUpInput!) { stepUp(input: $input) { accessToken } }",
        token=token,
        input={"passkeyId": proof["id"], "credential": proof["credential"]},
    )
    assert stepped.data, stepped.errors
    # A user of whom the authenticator is not sure is asked for nothing that the city would believe.
    await tools.send("WebAuthn.setUserVerified", {"authenticatorId": phone, "isUserVerified": False})
    asked = await city.ask(_BEGIN)
    assert asked.data, asked.errors
    refusal = await page.evaluate(
        f"async (options) => ({_GET})(options).catch((error) => error.name)",
        asked.data["beginPasskeySignIn"]["options"],
    )
    assert refusal == "NotAllowedError"


async def test_the_demos_staff_take_the_second_step_with_the_published_secret(keyed_city: OpenCity) -> None:
    signed_in = await keyed_city.sign_in("13900000001", audience="STAFF")
    me = await keyed_city.ask(
        "{ staffMe { badge } signInMethods { totp { confirmedAt } } }", token=signed_in["accessToken"]
    )
    assert me.data, me.errors
    assert me.data["staffMe"]["badge"] == "DC-0312" and me.data["signInMethods"]["totp"] is not None
