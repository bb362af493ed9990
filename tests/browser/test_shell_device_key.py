"""Sessions of the shell are bound to a key that no script can read: what is carried away of them opens nothing."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Page, Request, expect

from core.clock import SystemClock
from tests.browser.shell_phone import CITIZEN, NewPhone, Phone, operation, phone_of
from tests.support.city import OpenCity, Visitor
from tests.support.waiting import until
from tests.unit.identity.devices.owners import AppKey

DEVICES = "{ devices { current keyBound } }"
REFRESH = "mutation($token: String!) { refreshSession(refreshToken: $token) { accessToken } }"
ENDED = "登录已失效，请重新登录。"

# The page's own modules, not a second copy of them: the page names them under a version.
_OWN = """globalThis.own = (name) => import(new URL(name, document.querySelector("script[type=module]").src).href)"""
_TOKENS = """async () => ({
  access: (await own("session.js")).accessToken(),
  refresh: await (await own("vault.js")).readToken() ?? null,
})"""
_ASK = "async (asked) => (await (await own('api.js')).ask(asked)).data"
_BOUND = "async () => (await own('device-key.js')).isBound((await own('session.js')).accessToken())"
_HELD = """async () => {
  const key = await (await own("vault.js")).readKey();
  if (!key) return null;
  const read = await crypto.subtle.exportKey("pkcs8", key.privateKey).catch((error) => error.name);
  return { x: key.jwk.x, read };
}"""
_ACT = """async () => {
  const api = await own("api.js");
  const { me } = (await api.ask("{ me { id relations { id side kind } } }")).data;
  await api.actFor(me.relations.find((one) => one.side === "ACTOR" && one.kind === "CARER").id);
  const bound = (await own("device-key.js")).isBound((await own("acting.js")).acting().token);
  return { bound, mine: me.id, theirs: (await api.ask("{ me { id } }")).data.me.id };
}"""
_UPLOAD = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 30 });
  canvas.getContext("2d").fillRect(0, 0, 40, 30);
  const photo = await new Promise((made) => canvas.toBlob(made, "image/png"));
  const { uploadPhoto } = await own("upload.js");
  return (await uploadPhoto(photo, { signal: new AbortController().signal, onprogress: () => null })).id;
}"""
_PROVE = """async () => {
  const api = await own("api.js");
  api.proveWith(async () => true);
  await api.prove();
}"""
_CLEAR = """(key) => new Promise((done) => {
  const opened = indexedDB.open("citytong", 1);
  opened.onsuccess = () => {
    const kept = opened.result.transaction("kept", "readwrite");
    if (key) kept.objectStore("kept").delete(key);
    else kept.objectStore("kept").clear();
    kept.oncomplete = () => (opened.result.close(), done(null));
  };
})"""


async def run(page: Page, script: str, argument: Any = None) -> Any:
    """What a script of ours finds in the page. own: one of the page's modules."""
    await page.evaluate(f"() => {{ {_OWN} }}")
    return await page.evaluate(script, argument)


def asked_of(page: Page) -> list[Request]:
    """Fills with what the page asks the graph."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith("/graphql") else None)
    return asked


async def bound(page: Page) -> bool:
    """As the page's token says it, and the city of the device that asks."""
    devices = (await run(page, _ASK, DEVICES))["devices"]
    said: set[bool] = {one["keyBound"] for one in devices if one["current"]} | {await run(page, _BOUND)}
    assert len(said) == 1
    return said.pop()


async def ended_once(phone: Phone) -> None:
    """Led to the way in, with one sentence and no loop."""
    asked = asked_of(phone.page)
    await phone.page.reload()
    await phone.page.wait_for_selector("#phone")
    await expect(phone.page.locator("main").get_by_text(ENDED)).to_have_count(1)
    assert len(asked) <= 3
    assert await run(phone.page, "localStorage.getItem('citytong.session')") is None


async def test_what_is_carried_away_opens_nothing(new_phone: NewPhone, shell_city: OpenCity) -> None:
    phone = await new_phone(signed_in=CITIZEN, watched=True)
    page = phone.page
    assert await bound(page)
    held = await run(page, _HELD)
    assert held["read"] == "InvalidAccessError"

    # A thief with both tokens, as a bearer and with a key of their own.
    stolen: dict[str, str] = await run(page, _TOKENS)
    thief, theirs = Visitor(shell_city.base, shell_city.http), AppKey(SystemClock())
    url = f"{shell_city.base}/graphql"

    async def tried(query: str, headers: dict[str, str], **variables: Any) -> list[str]:
        sent = {"query": query, "variables": variables}
        async with thief.http.post(url, json=sent, headers=headers) as answered:
            return [error["extensions"]["code"] for error in (await answered.json(content_type=None))["errors"]]

    proof = theirs.proof(token=stolen["access"], htu=url)
    assert (await thief.ask(DEVICES, token=stolen["access"])).codes == ["AUTH_DPOP_REQUIRED"]
    assert await tried(DEVICES, {"Authorization": f"DPoP {stolen['access']}", "DPoP": proof}) == ["AUTH_DPOP_REQUIRED"]
    assert await tried(REFRESH, {}, token=stolen["refresh"]) == ["AUTH_DPOP_KEY_MISSING"]
    assert await tried(REFRESH, {"DPoP": theirs.proof(htu=url)}, token=stolen["refresh"]) == ["AUTH_DPOP_KEY_MISSING"]

    # Its owner goes on: reloaded, in two more tabs that refresh at once, for another person, and with a photo.
    await page.reload()
    await page.wait_for_selector(".bricks")
    tabs = [await page.context.new_page() for _ in range(2)]
    for tab in tabs:
        await tab.goto(phone.base, wait_until="commit")
    for tab in tabs:
        await tab.wait_for_selector(".bricks")
        assert await bound(tab)
        assert await run(tab, _HELD) == held
    assert (await run(tabs[0], _TOKENS))["refresh"] != stolen["refresh"]
    done = await run(tabs[0], _ACT)
    assert done["bound"] and done["mine"] != done["theirs"]
    async with page.expect_request("**/uploads/report-photos") as uploaded:
        assert await run(page, _UPLOAD)
    sent = await (await uploaded.value).all_headers()
    assert sent["authorization"].startswith("DPoP ") and sent["dpop"]

    # Signed out, the device stays known by its key; forgotten, it has none. A tab that renews its session has one made.
    for tab in tabs:
        await tab.close()
    await run(page, "async () => (await own('api.js')).signOut()")
    await phone.sign_in(CITIZEN)
    assert await bound(page) and await run(page, _HELD) == held
    await phone.open("/security/devices", ready="[data-testid=gear-one]")
    await page.locator("[data-testid=gear-one][data-current]").get_by_role("button", name="移除").click()
    await page.get_by_test_id("confirm").click()
    await page.wait_for_selector("#phone")
    assert await run(page, _HELD) is None
    assert [fault for fault in phone.faults if "status of 401" not in fault] == [] and phone.strangers == []


async def test_a_key_that_is_gone_leads_to_the_way_in(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in="13700000061")
    page = phone.page
    for gone in ("device-key", None):
        assert await bound(page)
        before = await run(page, _HELD)
        await run(page, _CLEAR, gone)
        await ended_once(phone)
        await phone.sign_in("13700000061")
        assert (await run(page, _HELD))["x"] != before["x"]
    # A tab that has no token of its own, and a refresh token without the key.
    await run(page, _CLEAR, "device-key")
    await run(page, "async () => (await own('session.js')).dropAccess()")
    await ended_once(phone)


async def test_a_session_from_before_is_bound_when_it_is_proven(new_phone: NewPhone) -> None:
    """Begun where there is no WebCrypto, which nobody is told of; then the browser is a newer one."""
    phone = await new_phone()
    page = phone.page
    await page.add_init_script("localStorage.newer || Object.defineProperty(crypto, 'subtle', { value: undefined })")
    await phone.sign_in("13700000062")
    assert not await bound(page)
    await run(page, "localStorage.newer = 'yes'")
    await page.reload()
    await page.wait_for_selector(".bricks")
    assert not await bound(page)
    asked = asked_of(page)
    for _ in range(2):
        await run(page, _PROVE)
    assert await bound(page)
    assert [operation(request) for request in asked].count("RegisterDeviceKey") == 1
    await run(page, "async () => (await own('session.js')).dropAccess()")
    assert await bound(page), "renewed by its proof"
    assert phone.faults == []


async def test_a_wrong_clock_is_set_by_the_city_s(new_phone: NewPhone) -> None:
    phone = await new_phone()
    page = phone.page
    await page.clock.set_system_time("2031-05-06T07:08:09Z")
    asked = asked_of(page)
    await phone.sign_in("13700000063")
    assert await bound(page)
    names = [operation(request) for request in asked]
    assert names.count("RequestCode") == 2 and names.count("SignIn") == 1, "learned once"


async def test_at_another_address_than_the_city_s_own_no_session_is_bound(
    shell_city: OpenCity, shell_browser: Browser
) -> None:
    base = shell_city.base.replace("127.0.0.1", "elsewhere.localhost")
    context, phone = await phone_of(shell_browser, base, prefs={"locale": "zh-CN"})
    async with context:
        page = phone.page
        asked = asked_of(page)
        await phone.open("/sign-in", ready="#phone")
        await page.focus("#phone")  # and it offers passkeys, while one types

        async def without_a_proof() -> bool:
            return len(asked) > 2

        await until(without_a_proof, what="a question without a proof")
        await phone.sign_in("13700000064")
        assert not await bound(page)
        names = [operation(request) for request in asked]
        assert names[:3] == ["BeginPasskeySignIn"] * 3, "with a proof, by the city's clock, without"
        assert (names.count("BeginPasskeySignIn"), names.count("RequestCode"), names.count("SignIn")) == (3, 1, 1)
        await page.reload()
        await page.wait_for_selector(".bricks")
        await run(page, "async () => (await own('session.js')).dropAccess()")
        assert not await bound(page), "renewed without a proof"
        assert [operation(request) for request in asked].count("Refresh") == 3
