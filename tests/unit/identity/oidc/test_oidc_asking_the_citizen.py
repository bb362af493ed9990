"""prompt, max_age, acr, hints, claims; and the yes that only the right citizen in the right browser gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from core.errors import BadInput, Forbidden, NotFound, SignInRequired, StepUpRequired
from core.principal import ANONYMOUS
from identity.oidc.errors import AnotherPerson, InteractionGone, LevelTooLow
from identity.relations import RelationKind
from tests.support.attacks import against
from tests.support.conformance import fapi2, oidcc
from tests.unit.identity.oidc.partners import BASIC_REQUEST, PARTNER, SHOP, Browser, Partners, id_claims
from tests.unit.identity.room import ALEXANDER, ISSUER, OFFICER, ZHANG, Room, outcome


async def _error(browser: Browser, **changed: str) -> str:
    answer = await browser.get("/oidc/authorize", {**BASIC_REQUEST, **changed})
    return answer.told.get("error", "code" if "code" in answer.told else "asked")


@oidcc("oidcc-prompt-none-not-logged-in", "oidcc-prompt-none-logged-in")
async def test_prompt_none_never_asks(partners: Partners) -> None:
    browser = partners.browser
    assert await _error(browser, prompt="none") == "login_required"
    await partners.tokens(browser)
    assert await _error(browser, prompt="none") == "code"
    assert await _error(browser, prompt="none", scope="openid phone") == "consent_required"
    assert await _error(partners.browser, prompt="none") == "login_required"


async def test_whoever_agreed_before_is_not_asked_again_and_may_ask_to_be(partners: Partners) -> None:
    browser = partners.browser
    await partners.tokens(browser)
    assert await _error(browser) == "code"
    assert [await _error(browser, prompt=p) for p in ("login", "consent", "select_account")] == ["asked"] * 3
    other = {"client_id": SHOP.id, "redirect_uri": SHOP.redirect_uris[0]}
    assert await _error(browser, **other) == "asked"


@oidcc("oidcc-max-age-1", "oidcc-max-age-10000")
async def test_max_age_asks_who_signed_in_too_long_ago(partners: Partners, room: Room) -> None:
    browser = partners.browser
    await partners.tokens(browser)
    room.clock.advance(seconds=10)
    assert await _error(browser, max_age="10000") == "code"
    assert await _error(browser, max_age="1") == "asked"
    assert await _error(browser, max_age="1", prompt="none") == "login_required"
    interaction = await partners.asked(browser, max_age="1")
    zhang = replace(await partners.zhang(), authenticated_at=room.clock.now())
    room.clock.advance(seconds=5)
    with pytest.raises(StepUpRequired):
        await partners.agreed(browser, interaction, zhang)
    proven = replace(zhang, authenticated_at=room.clock.now())
    assert "code" in (await partners.agreed(browser, interaction, proven)).told


@oidcc("oidcc-prompt-login")
async def test_prompt_login_wants_a_proof_since_it_was_asked(partners: Partners, room: Room) -> None:
    browser = partners.browser
    zhang = replace(await partners.zhang(), authenticated_at=room.clock.now())
    room.clock.advance(seconds=5)
    interaction = await partners.asked(browser, prompt="login")
    with pytest.raises(StepUpRequired):
        await partners.agreed(browser, interaction, zhang)
    room.clock.advance(seconds=5)
    code = (await partners.agreed(browser, interaction, replace(zhang, authenticated_at=room.clock.now()))).told["code"]
    claims = id_claims((await partners.redeem(code)).body)
    assert claims["auth_time"] == int(room.clock.now().timestamp())


@oidcc("oidcc-ensure-request-with-acr-values-succeeds")
async def test_an_essential_acr_is_met_or_refused(partners: Partners) -> None:
    wish = orjson.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:city:rl:5"]}}}).decode()
    browser = partners.browser
    await partners.tokens(browser)
    assert await _error(browser, claims=wish, prompt="none") == "unmet_authentication_requirements"
    with pytest.raises(LevelTooLow):
        await partners.agreed(browser, await partners.asked(browser, claims=wish), await partners.zhang())
    lower = wish.replace("rl:5", "rl:3")
    assert await _error(browser, claims=lower) == "code"
    assert await _error(browser, acr_values="urn:city:rl:5", prompt="none") == "code"  # wished for alone


@oidcc("oidcc-id-token-hint")
async def test_an_id_token_hint_names_the_person(partners: Partners, room: Room) -> None:
    browser = partners.browser
    tokens = await partners.tokens(browser)
    hint = tokens["id_token"]
    room.clock.advance(seconds=3600)  # it has expired, and is a hint all the same
    assert await _error(browser, prompt="none", id_token_hint=hint) == "code"
    head, body, signature = hint.split(".")
    forged = f"{head}.{body}.{'A' * len(signature)}"
    assert await _error(browser, prompt="none", id_token_hint=forged) == "invalid_request"
    assert await _error(browser, prompt="none", id_token_hint=tokens["access_token"]) == "invalid_request"
    other = {"client_id": SHOP.id, "redirect_uri": SHOP.redirect_uris[0]}
    assert await _error(browser, id_token_hint=hint, **other) == "invalid_request"
    alexander = await room.citizen(ALEXANDER)
    interaction = await partners.asked(partners.browser, id_token_hint=hint)
    with pytest.raises(AnotherPerson):
        await partners.agreed(partners.browser, interaction, alexander)


@oidcc("oidcc-claims-essential")
@fapi2("test-claims-parameter-identity-claims")
async def test_the_claims_parameter_asks_for_single_claims(partners: Partners) -> None:
    wish = {"userinfo": {"phone_number": {"essential": True}, "unknown": None}, "id_token": {"name": None}}
    browser, zhang = partners.browser, await partners.zhang()
    interaction = await partners.asked(browser, scope="openid", claims=orjson.dumps(wish).decode())
    looked = await partners.provider.interactions.look(interaction_id=interaction)
    assert looked.request.claims == {"name", "phone_number"} and looked.request.essential == {"phone_number"}
    tokens = (await partners.redeem((await partners.agreed(browser, interaction, zhang)).told["code"])).body
    assert id_claims(tokens)["name"] == "张丽华" and "phone_number" not in id_claims(tokens)
    told = (await partners.userinfo(tokens["access_token"])).body
    assert (told["name"], told["phone_number"]) == ("张丽华", "+8613800000001")


@oidcc("oidcc-scope-all")
async def test_every_scope_brings_its_claims(partners: Partners) -> None:
    tokens = await partners.tokens(scope="openid profile phone address real_name")
    told = (await partners.userinfo(tokens["access_token"])).body
    del told["sub"]
    assert told == {
        "name": "张丽华",
        "phone_number": "+8613800000001",
        "phone_number_verified": True,
        "address": {"country": "CN", "locality": "东城区"},
        "real_name_level": 4,
    }


async def test_a_client_learns_only_what_was_ticked(partners: Partners) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    interaction = await partners.asked(browser, scope="openid profile phone")
    answer = await partners.agreed(browser, interaction, zhang, claims=frozenset({"name"}))
    tokens = (await partners.redeem(answer.told["code"])).body
    assert (await partners.userinfo(tokens["access_token"])).body.keys() == {"sub", "name"}


@against("mass assignment", "claims")
async def test_more_than_was_asked_for_cannot_be_ticked(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    interaction, before = await partners.asked(browser), await room.dump()
    with pytest.raises(BadInput):
        await partners.agreed(browser, interaction, zhang, claims=frozenset({"name", "phone_number"}))
    assert await room.dump() == before


async def test_a_client_cannot_ask_for_what_it_was_not_approved_for(partners: Partners) -> None:
    store = partners.provider.parts.store
    await store.put_client(replace(PARTNER, scopes=frozenset({"openid"})))
    assert await _error(partners.browser, scope="openid profile") == "invalid_scope"
    wish = '{"userinfo":{"phone_number":null}}'
    assert await _error(partners.browser, scope="openid", claims=wish) == "invalid_scope"


@oidcc("oidcc-display-popup", "oidcc-ui-locales", "oidcc-claims-locales", "oidcc-login-hint")
async def test_display_locales_and_login_hint_reach_the_page(partners: Partners) -> None:
    interaction = await partners.asked(
        partners.browser, display="popup", ui_locales="en zh-CN", claims_locales="en", login_hint="+8613800000001"
    )
    request = (await partners.provider.interactions.look(interaction_id=interaction)).request
    assert (request.display, request.ui_locales, request.login_hint) == ("popup", ("en", "zh-CN"), "+8613800000001")


@against("another's rights", "acting for somebody")
async def test_only_a_citizen_for_themself_agrees(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    interaction = await partners.asked(browser)
    with pytest.raises(SignInRequired):
        await partners.agreed(browser, interaction, ANONYMOUS)
    with pytest.raises(Forbidden):
        await partners.agreed(browser, interaction, await room.clerk(OFFICER))
    with pytest.raises((Forbidden, NotFound)):
        await partners.agreed(browser, interaction, await room.acting(actor=zhang))
    await room.identity.sessions.sign_out(principal=zhang)
    assert await outcome(partners.agreed(browser, interaction, zhang)) == "AUTH_TOKEN_INVALID"


@against("replaying", "interaction")
async def test_an_interaction_is_answered_once_and_expires(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    interaction = await partners.asked(browser)
    await partners.agreed(browser, interaction, zhang)
    with pytest.raises(InteractionGone):
        await partners.agreed(browser, interaction, zhang)
    late = await partners.asked(browser, prompt="consent")
    room.clock.advance(seconds=601)
    with pytest.raises(InteractionGone):
        await partners.agreed(browser, late, zhang)
    for guess in ("x" * 43, "", "../x"):
        with pytest.raises(InteractionGone):
            await partners.provider.interactions.look(interaction_id=guess)


@against("session fixation", "interaction of another browser")
async def test_a_yes_in_another_browser_is_no_yes(partners: Partners, room: Room) -> None:
    """The attacker begins, the victim is sent the link and agrees: neither of the two browsers gets a code."""
    attacker, victim, zhang = partners.browser, partners.browser, await partners.zhang()
    interaction = await partners.asked(attacker)
    answer = await partners.agreed(victim, interaction, zhang)
    assert (answer.status, answer.error, answer.to) == (400, "access_denied", "")
    answer = await attacker.get(f"{ISSUER}/oidc/authorize/{interaction}")
    assert (answer.status, answer.error, answer.to) == (400, "access_denied", "")
    assert [entry["about"]["because"] for entry in await room.audited("oidc.grant_ended")] == ["began_elsewhere"]


async def test_a_person_is_refused_on_the_citys_page_and_a_program_in_json(partners: Partners) -> None:
    path = "/oidc/authorize?client_id=nobody"
    shown = await partners.http.get(path, headers={"Accept": "text/html,*/*"}, allow_redirects=False)
    to = urlsplit(shown.headers["Location"])
    assert (shown.status, f"{to.scheme}://{to.netloc}", to.path) == (303, ISSUER, "/authorize/refused")
    assert parse_qs(to.query)["error"] == ["invalid_request"]
    with pytest.raises(InteractionGone):  # which is what that page says
        await partners.provider.interactions.look(interaction_id="refused")
    told = await partners.http.get(path, headers={"Accept": "*/*"}, allow_redirects=False)
    assert (told.status, (await told.json())["error"]) == (400, "invalid_request")


@against("session fixation", "provider's cookie")
async def test_the_session_cookie_is_new_after_each_yes(partners: Partners) -> None:
    browser = partners.browser
    await partners.tokens(browser)
    before = dict(browser.cookies)
    await partners.agreed(browser, await partners.asked(browser, prompt="consent"), await partners.zhang())
    after = browser.cookies
    assert before["__Host-oidc-session"] != after["__Host-oidc-session"]
    fixed = Browser(partners.http, {"__Host-oidc-session": before["__Host-oidc-session"]})
    assert await _error(fixed, prompt="none") == "login_required"


async def test_a_browser_is_signed_in_no_longer_than_the_citys_session(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    await partners.code(browser, zhang)
    assert await _error(browser, prompt="none") == "code"
    await room.identity.sessions.sign_out(principal=zhang)
    assert await _error(browser, prompt="none") == "login_required"


async def test_a_no_goes_to_the_client_and_grants_nothing(partners: Partners, room: Room) -> None:
    browser = partners.browser
    to = await partners.provider.interactions.deny(interaction_id=await partners.asked(browser))
    answer = await browser.get(to)
    assert (answer.told["error"], answer.told["state"], answer.told["iss"]) == ("access_denied", "a state", ISSUER)
    assert await room.mongo.collection("identity_oidc_grants").count_documents({}) == 0


async def test_acting_for_another_tells_that_others_name_and_who_acts(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    relation = await room.relation(RelationKind.CARER)
    interaction = await partners.asked(browser, scope="openid profile phone address offline_access")
    answer = await partners.agreed(browser, interaction, zhang, relation=relation)
    tokens = (await partners.redeem(answer.told["code"])).body
    assert "refresh_token" not in tokens
    told = (await partners.userinfo(tokens["access_token"])).body
    assert told.keys() == {"sub", "name"} and told["name"] == "刘秀英"
    own = id_claims(await partners.tokens(partners.browser))
    assert id_claims(tokens)["act"] == {"sub": own["sub"]} and id_claims(tokens)["sub"] != own["sub"]
    entry = (await room.audited("oidc.granted"))[0]
    assert (entry["actor"], entry["subject"]) == (zhang.actor, await room.id_of("liu"))
    await room.identity.acting.end(principal=zhang, relation_id=relation)
    assert (await partners.userinfo(tokens["access_token"])).status == 401


@against("another's rights", "relation of another")
async def test_nobody_acts_by_anothers_relation(partners: Partners, room: Room) -> None:
    browser, alexander = partners.browser, await room.citizen(ALEXANDER)
    interaction, relation = await partners.asked(browser), await room.relation(RelationKind.CARER)
    with pytest.raises(NotFound):
        await partners.agreed(browser, interaction, alexander, relation=relation)
    assert await room.mongo.collection("identity_oidc_grants").count_documents({}) == 0
    # The question is still there: for oneself it may be answered.
    assert (await partners.agreed(browser, interaction, alexander)).told["code"]


async def test_a_subject_is_another_for_each_sector_and_lasts(partners: Partners, room: Room) -> None:
    first, again = id_claims(await partners.tokens())["sub"], id_claims(await partners.tokens())["sub"]
    shop = {"redirect_uri": SHOP.redirect_uris[0]}
    code = await partners.code(partners.browser, await partners.zhang(), client_id=SHOP.id, **shop)
    elsewhere = id_claims((await partners.redeem(code, client=SHOP, **shop)).body)["sub"]
    assert first == again != elsewhere
    assert ZHANG not in first and await room.id_of("zhang") not in (first, elsewhere)


async def test_redis_holds_nothing_in_clear(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    await partners.asked(browser, login_hint="+8613800000001", prompt="consent")
    code = await partners.code(browser, zhang)
    for key in await room.redis.keys("*oidc*"):
        held: Any = key
        if await room.redis.type(key) == b"string":
            held += await room.redis.get(key) or b""
        for secret in (code, zhang.actor, "13800000001", "demo-partner"):
            assert secret.encode() not in held
