"""RP-initiated logout with all its bad cases, and clients that are told (back-channel)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt
import pytest

from core.events import Event
from core.mongo import Session
from identity.oidc.demo import DEMO_SIGNED_OUT
from identity.oidc.grants import LOGOUT_DUE
from identity.oidc.logout import NotTold
from identity.oidc.model import BROWSER_LIFETIME
from identity.oidc.tokens import LOGOUT_EVENT
from identity.oidc.worker import subscriptions
from tests.support.attacks import against
from tests.support.conformance import oidcc
from tests.unit.identity.oidc.partners import BASIC_REQUEST, PARTNER, SHOP, Browser, Partners, id_claims
from tests.unit.identity.room import ISSUER, Room

HEARD = "https://library.example/logout"


async def _signed_in(partners: Partners, browser: Browser) -> bool:
    answer = await browser.get("/oidc/authorize", {**BASIC_REQUEST, "prompt": "none"})
    return "code" in answer.told


@oidcc("oidcc-rp-initiated-logout")
async def test_a_client_signs_its_citizen_out(partners: Partners, room: Room) -> None:
    browser = partners.browser
    tokens = await partners.tokens(browser)
    params = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": DEMO_SIGNED_OUT, "state": "s&1"}
    answer = await browser.get("/oidc/end_session", params)
    assert (answer.status, answer.to) == (303, f"{DEMO_SIGNED_OUT}?state=s%261")
    assert not await _signed_in(partners, browser)
    assert (await partners.userinfo(tokens["access_token"])).status == 401
    assert [entry["about"]["because"] for entry in await room.audited("oidc.grant_ended")] == ["signed_out"]


async def test_the_citys_own_session_goes_on(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    tokens = (await partners.redeem(await partners.code(browser, zhang))).body
    await browser.post("/oidc/end_session", {"id_token_hint": tokens["id_token"]})
    device = await room.identity.store.session(zhang.session_id)
    assert device is not None and device.revoked_at is None


@oidcc("oidcc-rp-initiated-logout-no-state", "oidcc-rp-initiated-logout-no-post-logout-redirect-uri")
async def test_no_state_and_no_uri_are_fine(partners: Partners) -> None:
    browser = partners.browser
    hint = {"id_token_hint": (await partners.tokens(browser))["id_token"]}
    assert (await browser.get("/oidc/end_session", hint)).to == f"{ISSUER}/signed-out"
    hint = {"id_token_hint": (await partners.tokens(browser))["id_token"]}
    answer = await browser.get("/oidc/end_session", {**hint, "post_logout_redirect_uri": DEMO_SIGNED_OUT})
    assert answer.to == DEMO_SIGNED_OUT


UNREGISTERED = [
    "https://evil.example/",
    DEMO_SIGNED_OUT + "/",
    DEMO_SIGNED_OUT + "?x=1",
    "javascript:alert(1)",
    "//evil",
]


@oidcc(
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
)
@against("open redirect", "signing out")
async def test_nobody_is_sent_to_a_uri_that_is_not_registered(partners: Partners) -> None:
    for uri in UNREGISTERED:
        browser = partners.browser
        hint = (await partners.tokens(browser))["id_token"]
        answer = await browser.get("/oidc/end_session", {"id_token_hint": hint, "post_logout_redirect_uri": uri})
        assert (answer.status, answer.error, answer.to) == (400, "invalid_request", "")
        assert await _signed_in(partners, browser)


@oidcc(
    "oidcc-rp-initiated-logout-bad-id-token-hint",
    "oidcc-rp-initiated-logout-modified-id-token-hint",
    "oidcc-rp-initiated-logout-no-id-token-hint",
)
@against("cross-site request", "signing out")
async def test_a_hint_that_is_not_ours_signs_nobody_out(partners: Partners) -> None:
    browser = partners.browser
    tokens = await partners.tokens(browser)
    head, body, signature = tokens["id_token"].split(".")
    for hint in (f"{head}.{body}.{'A' * len(signature)}", f"{head}.{body}.", "x", tokens["access_token"]):
        answer = await browser.get("/oidc/end_session", {"id_token_hint": hint})
        assert (answer.status, answer.error) == (400, "invalid_request")
    wrong = {"id_token_hint": tokens["id_token"], "client_id": SHOP.id}
    assert (await browser.get("/oidc/end_session", wrong)).status == 400
    bare = {"post_logout_redirect_uri": DEMO_SIGNED_OUT, "client_id": PARTNER.id}
    assert (await browser.get("/oidc/end_session", bare)).status == 400
    assert await _signed_in(partners, browser)


@oidcc("oidcc-rp-initiated-logout-no-params", "oidcc-rp-initiated-logout-only-state")
async def test_without_a_hint_the_page_asks(partners: Partners) -> None:
    browser = partners.browser
    assert (await browser.get("/oidc/end_session")).to == f"{ISSUER}/signed-out"
    await partners.tokens(browser)
    for params in (None, {"state": "s"}):
        assert (await browser.get("/oidc/end_session", params)).to == f"{ISSUER}/signed-out?confirm=1"
    assert await _signed_in(partners, browser)
    foreign = await browser.post("/oidc/end_session/confirm", {}, Origin="https://evil.example")
    assert (foreign.status, foreign.error) == (403, "access_denied")
    assert await _signed_in(partners, browser)
    assert (await browser.post("/oidc/end_session/confirm", {}, Origin=ISSUER)).to == f"{ISSUER}/signed-out"
    assert not await _signed_in(partners, browser)


@against("cross-site request", "signing out")
async def test_another_browsers_hint_signs_nobody_out(partners: Partners) -> None:
    """A client that kept somebody's ID token sends another browser here with it."""
    browser = partners.browser
    await partners.tokens(browser)
    elsewhere = (await partners.tokens(partners.browser))["id_token"]
    answer = await browser.get("/oidc/end_session", {"id_token_hint": elsewhere})
    assert answer.to == f"{ISSUER}/signed-out?confirm=1" and await _signed_in(partners, browser)


async def test_an_expired_hint_still_signs_out(partners: Partners, room: Room) -> None:
    browser = partners.browser
    hint = (await partners.tokens(browser))["id_token"]
    room.clock.advance(seconds=3000)
    await browser.get("/oidc/end_session", {"id_token_hint": hint})
    assert not await _signed_in(partners, browser)


async def test_a_browser_is_forgotten_after_half_a_day(partners: Partners, room: Room) -> None:
    browser = partners.browser
    await partners.tokens(browser)
    room.clock.advance(seconds=BROWSER_LIFETIME.total_seconds())
    assert not await _signed_in(partners, browser)


# --- back-channel


async def _delivered(partners: Partners, status: int) -> list[tuple[str, Mapping[str, str]]]:
    """What clients were sent for the logouts that are due."""
    sent: list[tuple[str, Mapping[str, str]]] = []

    async def post(url: str, form: Mapping[str, str]) -> int:
        sent.append((url, form))
        return status

    handlers = subscriptions(partners.provider, post=post)
    for event in await partners.room.events():
        for handler in handlers:
            if handler.event == event.name:
                await _handled(partners, handler, event)
    return sent


async def _handled(partners: Partners, handler: Any, event: Event) -> None:
    if handler.after:
        await handler.after(event)
    else:
        await partners.room.mongo.transaction(lambda session: handler.within(event, session))


async def _hearing(partners: Partners) -> None:
    await partners.provider.parts.store.put_client(replace(PARTNER, backchannel_logout_uri=HEARD))


@oidcc("oidcc-backchannel-rp-initiated-logout")
async def test_clients_of_a_browser_are_told_that_it_signed_out(partners: Partners, room: Room) -> None:
    await _hearing(partners)
    browser = partners.browser
    tokens = await partners.tokens(browser)
    await browser.get("/oidc/end_session", {"id_token_hint": tokens["id_token"]})
    ((url, form),) = await _delivered(partners, 200)
    assert url == HEARD and form.keys() == {"logout_token"}
    header, claims = jwt.get_unverified_header(form["logout_token"]), id_claims({"id_token": form["logout_token"]})
    own = id_claims(tokens)
    assert header["typ"] == "logout+jwt"
    assert (claims["iss"], claims["aud"]) == (ISSUER, PARTNER.id)
    assert (claims["sub"], claims["sid"]) == (own["sub"], own["sid"])
    assert claims["events"] == {LOGOUT_EVENT: {}} and "nonce" not in claims and claims["exp"] - claims["iat"] == 120
    assert len(await room.audited("oidc.logout_told")) == 1


async def test_signing_out_of_the_city_tells_them_too(partners: Partners, room: Room) -> None:
    await _hearing(partners)
    zhang = await partners.zhang()
    code = await partners.code(partners.browser, zhang, scope="openid profile offline_access")
    kept = (await partners.redeem(code)).body
    await room.identity.sessions.sign_out(principal=zhang)
    await _delivered(partners, 200)  # the end of the session makes the logout due
    assert [event.payload["client_id"] for event in await room.events(LOGOUT_DUE)] == [PARTNER.id]
    assert (await partners.userinfo(kept["access_token"])).status == 200  # offline access was agreed to
    sent = await _delivered(partners, 200)
    assert [url for url, _ in sent] == [HEARD]


async def test_of_an_erased_account_clients_hear_the_session_alone(partners: Partners, room: Room) -> None:
    await _hearing(partners)
    first, grants = await partners.tokens(), partners.provider.parts.grants
    citizen = await room.id_of("zhang")

    async def erase(session: Session) -> None:
        await grants.end_all(because="account_erased", session=session, also_offline=True, citizen=citizen)
        await grants.store.forget_subjects(citizen, session=session)

    await room.mongo.transaction(erase)
    ((_, form),) = await _delivered(partners, 200)
    claims = id_claims({"id_token": form["logout_token"]})
    assert "sub" not in claims and claims["sid"] == id_claims(first)["sid"]
    assert await room.mongo.collection("identity_oidc_subjects").count_documents({}) == 0


async def test_a_client_that_does_not_answer_is_told_again(partners: Partners, room: Room) -> None:
    await _hearing(partners)
    browser = partners.browser
    tokens = await partners.tokens(browser)
    await browser.get("/oidc/end_session", {"id_token_hint": tokens["id_token"]})
    for status in (500, 503, 302, 429):
        with pytest.raises(NotTold):
            await _delivered(partners, status)
    assert len(await _delivered(partners, 400)) == 1  # it said no: that is an answer
    assert len(await room.audited("oidc.logout_refused")) == 1


async def test_withdrawing_consent_ends_every_grant_of_that_client(partners: Partners, room: Room) -> None:
    await _hearing(partners)
    zhang = await partners.zhang()
    code = await partners.code(partners.browser, zhang, scope="openid profile offline_access")
    tokens = (await partners.redeem(code)).body
    ledger = partners.provider.parts.consents.consents  # type: ignore[attr-defined]
    (consent,) = await ledger.store.consents(zhang.subject)
    await ledger.withdraw(principal=zhang, consent_id=consent.id)
    assert (await partners.userinfo(tokens["access_token"])).status == 401
    assert (await partners.refresh(tokens["refresh_token"])).error == "invalid_grant"
    assert [url for url, _ in await _delivered(partners, 200)] == [HEARD]
    assert (
        await partners.provider.parts.consents.given(citizen=zhang.subject, client=PARTNER.id, purpose=PARTNER.purpose)
        == frozenset()
    )
