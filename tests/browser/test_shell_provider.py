"""The shell as the provider's pages, and what its owner sees of it afterwards: a partner's question, a kiosk's code,
consents and their end, a child's code in both logs."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from core.paging import PageRequest
from identity.oidc.demo import CLIENTS, DEMO_SECRET
from tests.browser.shell_phone import CITIZEN, NewPhone, Phone
from tests.support.city import JSON, OpenCity
from tests.support.residents import resident

PARTNER, _, KIOSK = CLIENTS
PARTNER_ID = "shell-partner"
VERIFIER = "v" * 64
CHILD = "张*北"
REPRESENTATIVE = "13800000003"
# Builds nothing yet, whichever file came before: the city is the run's.
BUILDER = "13700000081"
SCOPE = "openid profile phone address real_name"
LOOKS: dict[str, dict[str, str]] = {
    "light": {"theme": "light"},
    "elder-dark-en": {"theme": "dark", "mode": "elder", "locale": "en"},
}
SCREENS = {
    "/device?user_code=BCDF-GHJK": "#user-code",
    "/developer/device?code=BCDF-GHJK": "#user-code, #studio",
    "/signed-out?confirm=1": "[data-testid=leave]",
    "/signed-out": "[data-testid=signed-out]",
    "/me/real-name": "[data-testid=level]",
    "/me/real-name/counter": "[data-testid=issue-ticket]",
    "/me/real-name/document": "#doc-number",
    "/me/real-name/face": "[data-testid=begin-face]",
    "/me/real-name/net-id": "#net-id",
    "/security/claims": "[data-testid=empty]",
    "/security/merge": "#other-phone",
    "/me/data": "[data-testid=my-data]",
    "/me/data/consents": "[data-testid=consents], [data-testid=empty]",
    "/me/data/access": "[data-testid=accesses], [data-testid=empty]",
    "/me/data/copy": "[data-testid=ask-copy], [data-testid=copy]",
    "/me/data/leave": "[data-testid=kept]",
    "/me/family/invite": "[data-testid=invite]",
    "/me/family/children": "[data-testid=find-children]",
    "/me/organisations/new": "#uscc",
}


@dataclass(frozen=True, slots=True)
class Partner:
    """A service on a port of its own. told: with what browsers came back to it."""

    callback: str
    told: list[str]

    def question(self, base: str, **more: str) -> str:
        """Where it sends the browser."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        asked = {"response_type": "code", "client_id": PARTNER_ID, "redirect_uri": self.callback, "scope": SCOPE}
        asked |= {"state": "s", "nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{base}/oidc/authorize?{urlencode(asked | more)}"

    async def tokens(self, base: str) -> JSON:
        """What it gets for the code that came last."""
        given = parse_qs(urlsplit(self.told[-1]).query)
        assert given["state"] == ["s"]
        form = {"grant_type": "authorization_code", "code": given["code"][0], "code_verifier": VERIFIER}
        async with aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(PARTNER_ID, DEMO_SECRET)}
        ) as http:
            async with http.post(f"{base}/oidc/token", data=form | {"redirect_uri": self.callback}) as answer:
                assert answer.status == 200, await answer.text()
                tokens: JSON = await answer.json()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {tokens['access_token']}"}) as http:
            async with http.get(f"{base}/oidc/userinfo") as answer:
                userinfo: JSON = await answer.json()
        return {"claims": userinfo, "id": jwt.decode(tokens["id_token"], options={"verify_signature": False})}


@pytest_asyncio.fixture
async def partner(shell_city: OpenCity) -> AsyncIterator[Partner]:
    told: list[str] = []

    async def came_back(request: web.Request) -> web.Response:
        told.append(str(request.url))
        return web.Response(text="<title>library</title><h1>library</h1>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/callback", came_back)
    async with TestServer(app) as server:
        callback = f"http://127.0.0.1:{server.port}/callback"
        store = shell_city.city.rooms.wings.openid.parts.store
        await store.put_client(replace(PARTNER, id=PARTNER_ID, redirect_uris=(callback,)))
        yield Partner(callback, told)


async def asked_of(phone: Phone, partner: Partner, **more: str) -> None:
    await phone.page.goto(partner.question(phone.base, **more))
    await phone.page.get_by_test_id("claims").wait_for()


async def test_a_partner_asks_and_the_citizen_decides(new_phone: NewPhone, partner: Partner) -> None:
    """Signed out first; for the child; for herself, fact by fact; seen and taken back; out of it again."""
    phone = await new_phone(watched=True)
    page, allow = phone.page, phone.page.get_by_test_id("confirm")
    await page.goto(partner.question(phone.base))
    asker = page.get_by_test_id("asker")
    await expect(asker).to_contain_text("演示图书馆")
    await expect(asker).to_contain_text("办理借书证")
    await page.get_by_test_id("sign-in-first").click()
    await page.fill("#phone", CITIZEN)
    await page.click("button[type=submit]")
    await page.get_by_test_id("demo-code").get_by_role("button").click()

    claims = page.get_by_test_id("claims")
    await expect(claims.get_by_label("姓名")).not_to_be_checked()
    await expect(claims.get_by_label("手机号码", exact=False).first).not_to_be_checked()
    await expect(claims.get_by_label("常住区")).to_be_checked()
    await page.get_by_test_id("as-whom").get_by_label(CHILD).check()
    await expect(claims.locator("label:visible")).to_have_count(1)
    await claims.get_by_label("姓名").check()
    await allow.click()
    await page.wait_for_url(f"{partner.callback}**")
    child = await partner.tokens(phone.base)
    assert child["claims"]["name"] == "张小北" and "phone_number" not in child["claims"]
    assert child["id"]["act"]["sub"] != child["id"]["sub"]

    await asked_of(phone, partner)
    await page.get_by_test_id("claims").get_by_label("姓名").check()
    await allow.click()
    await page.wait_for_url(f"{partner.callback}**")
    herself = await partner.tokens(phone.base)
    assert herself["claims"]["name"] == "张丽华" and "phone_number" not in herself["claims"]

    await she_takes_it_back(phone)
    await phone.page.goto(f"{phone.base}/oidc/end_session")
    await page.get_by_test_id("leave").click()
    await expect(page.get_by_test_id("signed-out")).to_be_visible()
    await asked_of(phone, partner)
    await page.get_by_test_id("deny").click()
    await page.wait_for_url(f"{partner.callback}**")
    assert parse_qs(urlsplit(partner.told[-1]).query)["error"] == ["access_denied"]
    await page.go_back()
    await expect(page.get_by_test_id("problem")).to_have_attribute("data-code", "OIDC_INTERACTION_GONE")
    assert phone.faults == []
    assert phone.strangers is not None
    assert [one for one in phone.strangers if not one.startswith(partner.callback)] == []


async def she_takes_it_back(phone: Phone) -> None:
    page = phone.page
    await phone.open("/me/data/access", ready="[data-testid=access]")
    await expect(page.get_by_test_id("access").filter(has_text="演示图书馆").first).to_contain_text("姓名")
    await page.get_by_label("工作人员").check()
    await expect(page.get_by_test_id("access").filter(has_text="演示图书馆").first).to_be_hidden()
    async with page.expect_download() as kept:
        await page.get_by_test_id("export-CSV").click()
    assert (await kept.value).suggested_filename.endswith(".csv")
    await phone.open("/me/data/consents", ready="[data-testid=consents]")
    await page.get_by_test_id("consents").first.get_by_role("link", name="演示图书馆").click()
    await page.get_by_text("看当时显示的内容").first.click()
    await expect(page.get_by_test_id("receipts")).to_contain_text("用途：办理借书证")
    await page.get_by_test_id("take-back").click()
    await page.get_by_test_id("sheet").get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("consent-state")).to_have_text(re.compile("已收回"))


async def test_a_kiosk_is_let_in_by_its_code(new_phone: NewPhone, shell_city: OpenCity) -> None:
    phone = await new_phone(signed_in=CITIZEN, watched=True)
    page, http = phone.page, shell_city.http
    form = {"client_id": KIOSK.id, "scope": "openid profile"}
    async with http.post(f"{phone.base}/oidc/device_authorization", data=form) as answer:
        begun: JSON = await answer.json()
    await page.goto(begun["verification_uri_complete"])
    await page.fill("#user-code", "BCDF")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("alert")).to_contain_text("8 个字母")
    await page.fill("#user-code", begun["user_code"].lower())
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_test_id("user-code")).to_have_text(begun["user_code"])
    await expect(page.get_by_test_id("asker")).to_contain_text("演示自助终端")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("paired")).to_be_visible()
    form = {"client_id": KIOSK.id, "device_code": begun["device_code"]}
    form |= {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}
    async with http.post(f"{phone.base}/oidc/token", data=form) as answer:
        refused: JSON = await answer.json()
    assert refused.get("error") != "authorization_pending", "the kiosk need not wait any more"
    assert phone.faults == [] and phone.strangers == []


async def test_a_developer_begins_and_signs_a_tool_in(new_phone: NewPhone, shell_city: OpenCity) -> None:
    await resident(shell_city, phone=BUILDER, name="司徒晓")
    phone = await new_phone(signed_in=BUILDER, watched=True)
    page, http = phone.page, shell_city.http
    async with http.post(f"{phone.base}/open/device", data={"client_id": "tong"}) as answer:
        begun: JSON = await answer.json()
    await phone.open(f"/developer/device?code={begun['user_code']}", ready="#studio")
    await page.fill("#studio", "欧阳软件")
    await page.get_by_test_id("begin-building").click()
    await expect(page.locator("#user-code")).to_have_value(begun["user_code"])
    await expect(page.locator("main")).to_contain_text("欧阳软件 · 负责人")
    # A finger that means one button does not meet the other.
    yes, no = [await page.get_by_test_id(id).bounding_box() for id in ("approve-tool", "deny-tool")]
    assert yes and no and no["y"] - (yes["y"] + yes["height"]) >= 8
    await page.get_by_test_id("approve-tool").click()
    await expect(page.get_by_test_id("paired")).to_be_visible()
    form = {"client_id": "tong", "device_code": begun["device_code"]}
    form |= {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}
    async with http.post(f"{phone.base}/open/token", data=form) as answer:
        assert (await answer.json())["scope"] == "developer"
    assert phone.faults == [] and phone.strangers == []


async def test_a_guardian_shows_the_child_s_code_and_both_logs_say_so(
    new_phone: NewPhone, shell_city: OpenCity
) -> None:
    """Switched to the child, its code under its own name; ended, her own; both sides of it are written down."""
    phone = await new_phone(signed_in=CITIZEN, watched=True)
    page = phone.page
    await phone.open("/me/family", ready="[data-testid=relation]")
    await page.get_by_test_id("relation").filter(has_text=CHILD).get_by_test_id("act-for").click()
    await page.get_by_role("link", name="城市码").first.click()
    await expect(page.get_by_test_id("holder")).to_have_text(CHILD)
    await expect(page.locator(".qr")).to_be_visible()
    await expect(page.get_by_test_id("last-scan")).to_have_count(0)
    await page.get_by_test_id("acting").get_by_role("button").click()
    await expect(page.get_by_test_id("holder")).to_have_text("张*华")

    await phone.open("/me/family", ready="[data-testid=actings]")
    newest = page.get_by_test_id("actings").locator("li").first
    await expect(newest).to_contain_text(f"张*华 替 {CHILD} 办理")
    await expect(newest).to_contain_text("出示城市码")
    assert phone.faults == [] and phone.strangers == []

    relations = shell_city.city.rooms.wings.identity.store.delegations
    zhang = (await shell_city.ask("{ me { id } }", token=await shell_city.token(CITIZEN))).data
    assert zhang is not None
    (guardian,) = [
        one
        for one in await relations.relations_of(zhang["me"]["id"])
        if one.kind == "GUARDIAN" and one.ended_at is None
    ]
    shown = (await shell_city.city.rooms.wings.identity.access.page(guardian.subject, request=PageRequest(10))).rows[0]
    assert (shown.reader, shown.fields, shown.purpose) == (guardian.actor, ("city_code",), "citycode.show")
    begun = (await relations.acted_for(guardian.subject, request=PageRequest(10))).rows[0]
    assert begun.actor == guardian.actor and "citycode:show" in begun.matters


async def test_an_organisation_a_child_an_invitation_a_copy_and_a_change_of_mind(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=REPRESENTATIVE, watched=True)
    page = phone.page
    await phone.open("/me/organisations/new", ready="#uscc")
    await page.fill("#uscc", "91110101MA0DEM001X")
    await page.fill("#org-name", "北京通城示范餐饮有限公司")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_test_id("my-post")).to_contain_text("我是")
    await page.get_by_test_id("invite-member").click()
    await page.fill("#other-name", "张丽华")
    await page.fill("#other-phone", CITIZEN)
    await page.get_by_test_id("matters").get_by_label("缴费").check()
    await page.fill("#limit", "500")
    await page.get_by_role("button", name="发出邀请").click()
    await expect(page.get_by_test_id("my-post")).to_be_visible()

    await phone.open("/me/data/copy", ready="[data-testid=ask-copy]")
    await page.get_by_test_id("ask-copy").click()
    await expect(page.get_by_test_id("copy")).to_be_visible()
    await phone.open("/me/data/leave", ready="[data-testid=kept]")
    await page.get_by_label("我明白了").check()
    await page.get_by_test_id("erase").click()
    await page.get_by_test_id("sheet").get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("leaving")).to_be_visible()
    await page.get_by_test_id("stay").click()
    await expect(page.get_by_test_id("erase")).to_be_disabled()
    assert phone.faults == [] and phone.strangers == []

    hers = await new_phone(signed_in=CITIZEN, watched=True)
    await hers.open("/me/family", ready="[data-testid=invitation]")
    await hers.page.get_by_test_id("invitation").filter(has_text="餐饮").get_by_test_id("accept").click()
    joined = hers.page.get_by_test_id("relation").filter(has_text="餐饮")
    await expect(joined).to_contain_text("缴费")
    await hers.open("/me/family/children", ready="[data-testid=find-children]")
    await hers.page.get_by_test_id("find-children").click()
    await expect(hers.page.get_by_test_id("children").locator("li")).to_have_count(2)
    assert hers.faults == [] and hers.strangers == []


@pytest.mark.parametrize("look", LOOKS)
async def test_the_provider_s_pages_and_one_s_own_in_every_size(
    new_phone: NewPhone, partner: Partner, look: str
) -> None:
    """Each as it is opened, and again at 320 px with text at 200 %."""
    phone = await new_phone(prefs=LOOKS[look], watched=True)
    least = 60 if "elder" in look else 44
    wrong: dict[str, list[str]] = {}

    async def look_at(name: str) -> None:
        found = await phone.violations() + await phone.small_targets(least)
        await phone.page.set_viewport_size({"width": 320, "height": 568})
        await phone.page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide = await phone.overflow_px()
        await phone.page.set_viewport_size({"width": 390, "height": 844})
        await phone.page.evaluate("document.documentElement.style.fontSize = ''")
        if found or wide:
            wrong[name] = [*found, f"{wide} px too wide"]

    await phone.page.goto(partner.question(phone.base))
    await phone.page.get_by_test_id("asker").wait_for()
    await look_at("asked, signed out")
    await phone.sign_in(CITIZEN)
    await asked_of(phone, partner, prompt="consent")
    await expect(phone.page.get_by_test_id("confirm")).to_be_enabled()
    await look_at("asked")
    for path, ready in SCREENS.items():
        await phone.open(path, ready=ready)
        await look_at(path)
    assert wrong == {}
    assert phone.faults == [] and phone.strangers == []
