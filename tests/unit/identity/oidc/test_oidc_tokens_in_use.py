"""Refresh, userinfo, introspection, revocation, exchange, devices: what tokens do after they were given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jwt
import pytest

from core.oauth import USER_CODE_LENGTH
from identity.errors import TokenInvalid
from identity.oidc.demo import DEMO_SECRET
from identity.oidc.errors import UserCodeWrong
from identity.oidc.model import GrantType
from tests.support.attacks import against
from tests.support.conformance import oidcc
from tests.unit.identity.oidc.partners import (
    APP,
    BANK,
    KIOSK,
    PARTNER,
    SERVICE,
    SHOP,
    Answer,
    Partners,
    id_claims,
    private_key,
)
from tests.unit.identity.room import ALEXANDER, ZHANG, Room, outcome

OFFLINE = "openid profile offline_access"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


# --- refresh


@oidcc("oidcc-refresh-token")
@against("replaying", "partner's refresh token")
async def test_a_refresh_token_rotates_and_its_second_use_ends_the_family(partners: Partners, room: Room) -> None:
    first = await partners.tokens(scope=OFFLINE)
    second = await partners.refresh(first["refresh_token"])
    assert second.status == 200 and second.body["refresh_token"] != first["refresh_token"]
    assert id_claims(second.body)["sub"] == id_claims(first)["sub"]
    assert (await partners.refresh(first["refresh_token"])).error == "invalid_grant"
    assert (await partners.refresh(second.body["refresh_token"])).error == "invalid_grant"
    assert (await partners.userinfo(second.body["access_token"])).status == 401
    assert [entry["about"]["because"] for entry in await room.audited("oidc.grant_ended")] == ["refresh_reused"]


async def test_without_offline_access_there_is_nothing_to_refresh(partners: Partners) -> None:
    assert "refresh_token" not in await partners.tokens()


async def test_a_refresh_token_is_for_its_client_its_scopes_and_its_time(partners: Partners, room: Room) -> None:
    token = (await partners.tokens(scope=OFFLINE))["refresh_token"]
    assert (await partners.refresh(token, client=SHOP)).error == "invalid_grant"
    assert (await partners.refresh(token, scope="openid phone")).error == "invalid_scope"
    narrow = await partners.refresh(token, scope="openid")
    assert narrow.body["scope"] == "openid"
    room.clock.advance(seconds=91 * 86_400)
    assert (await partners.refresh(narrow.body["refresh_token"])).error == "invalid_grant"
    for guess in ("", "x" * 43, "x" * 9000):
        assert (await partners.refresh(guess)).error == "invalid_grant"


async def test_a_public_clients_refresh_token_wants_its_key(partners: Partners) -> None:
    token = (await partners.tokens(client=APP, scope=OFFLINE))["refresh_token"]
    stolen = partners.proof("POST", "/oidc/token", key=private_key())
    assert (await partners.refresh(token, client=APP)).error == "invalid_dpop_proof"
    assert (await partners.refresh(token, client=APP, proofs=[stolen])).error == "invalid_grant"
    own = partners.proof("POST", "/oidc/token")
    assert (await partners.refresh(token, client=APP, proofs=[own])).status == 200


async def test_a_fapi_client_keeps_its_refresh_token(partners: Partners) -> None:
    token = (await partners.tokens(client=BANK, scope=OFFLINE))["refresh_token"]
    for _ in range(2):
        answer = await partners.refresh(token, client=BANK, proofs=[partners.proof("POST", "/oidc/token")])
        assert answer.body["refresh_token"] == token


async def test_what_was_bound_to_a_key_stays_bound(partners: Partners) -> None:
    code = await partners.code(partners.browser, await partners.zhang(), scope=OFFLINE)
    proof = partners.proof("POST", "/oidc/token")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": PARTNER.redirect_uris[0],
        "code_verifier": "v" * 64,
    }
    tokens = (await partners.token(form, proofs=[proof])).body
    assert tokens["token_type"] == "DPoP"
    assert (await partners.refresh(tokens["refresh_token"])).error == "invalid_grant"


async def test_offline_access_outlasts_the_session_and_nothing_else_does(partners: Partners, room: Room) -> None:
    short, zhang = await partners.tokens(), await partners.zhang()
    code = await partners.code(partners.browser, zhang, scope=OFFLINE)
    long = (await partners.redeem(code)).body
    other = (await partners.redeem(await partners.code(partners.browser, zhang))).body
    await room.identity.sessions.sign_out(principal=zhang)
    assert (await partners.userinfo(long["access_token"])).status == 200
    assert (await partners.userinfo(other["access_token"])).status == 401
    assert (await partners.userinfo(short["access_token"])).status == 200  # of another session of hers


# --- userinfo


@oidcc("oidcc-userinfo-get", "oidcc-userinfo-post-header", "oidcc-userinfo-post-body")
async def test_userinfo_answers_get_and_post_with_header_or_form(partners: Partners) -> None:
    token = (await partners.tokens())["access_token"]
    by_get = await partners.userinfo(token)
    by_form = await partners.post("/oidc/userinfo", {"access_token": token})
    async with partners.http.post("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"}) as response:
        assert await response.json() == by_get.body == by_form.body
    both = await partners.browser.post("/oidc/userinfo", {"access_token": token}, Authorization=f"Bearer {token}")
    assert both.error == "invalid_request"


@against("a stolen session", "bound token")
async def test_a_bound_token_opens_nothing_without_its_key(partners: Partners) -> None:
    token = (await partners.tokens(client=APP))["access_token"]

    def proof(**changed: Any) -> str:
        return partners.proof("GET", "/oidc/userinfo", **{"token": token, **changed})

    assert (await partners.userinfo(token, proof=proof(), scheme="DPoP")).status == 200
    as_bearer = await partners.userinfo(token)
    assert (as_bearer.status, as_bearer.error) == (401, "invalid_token")
    assert as_bearer.headers["WWW-Authenticate"].startswith('DPoP error="invalid_token"')
    for bad in (proof(key=private_key()), proof(token=None), proof(token="other"), proof(htm="POST")):
        assert (await partners.userinfo(token, proof=bad, scheme="DPoP")).status == 401
    nonce = await partners.userinfo(token, proof=proof(nonce=None), scheme="DPoP")
    assert (nonce.status, nonce.error) == (401, "use_dpop_nonce") and nonce.headers["DPoP-Nonce"]
    assert 'error="use_dpop_nonce"' in nonce.headers["WWW-Authenticate"]
    plain = (await partners.tokens())["access_token"]
    assert (await partners.userinfo(plain, proof=proof(token=plain), scheme="DPoP")).status == 401


@against("mix-up", "token of another audience")
async def test_userinfo_takes_no_other_token(partners: Partners, room: Room) -> None:
    tokens, city = await partners.tokens(), await room.sign_in(ALEXANDER)
    head, body, signature = tokens["access_token"].split(".")
    bad = [
        tokens["id_token"],
        city.access.text,
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        "nothing",
        "",
    ]
    for token in bad:
        assert (await partners.userinfo(token)).status == 401
    async with partners.http.get("/oidc/userinfo") as response:
        assert response.status == 401 and "DPoP" in response.headers["WWW-Authenticate"]
    room.clock.advance(seconds=605)
    assert (await partners.userinfo(tokens["access_token"])).status == 401


@against("mix-up", "token of a partner")
async def test_a_partners_token_never_opens_the_graph(partners: Partners, room: Room) -> None:
    tokens = await partners.tokens(scope=OFFLINE)
    for token in (tokens["access_token"], tokens["id_token"]):
        with pytest.raises(TokenInvalid):
            await room.identity.authenticate(token=token)
    assert await outcome(room.identity.sessions.refresh(refresh_token=tokens["refresh_token"])) != "ok"


# --- introspection and revocation


async def _introspect(partners: Partners, token: str, client: Any = PARTNER) -> Answer:
    return await partners.post("/oidc/introspect", {"token": token}, auth=(client.id, DEMO_SECRET))


@against("reading another's", "partner's tokens")
async def test_a_client_learns_of_its_own_tokens_alone(partners: Partners) -> None:
    tokens = await partners.tokens(scope=OFFLINE)
    told = (await _introspect(partners, tokens["access_token"])).body
    assert (told["active"], told["client_id"], told["sub"]) == (True, PARTNER.id, id_claims(tokens)["sub"])
    assert "grant" not in told
    assert (await _introspect(partners, tokens["refresh_token"])).body["active"] is True
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await _introspect(partners, token, SHOP)).body == {"active": False}
    assert (await _introspect(partners, "guess")).body == {"active": False}
    assert (await partners.post("/oidc/introspect", {"token": "x"})).error == "invalid_client"
    assert (await partners.post("/oidc/introspect", {"token": "x", "client_id": APP.id})).error == "unauthorized_client"


async def test_a_revoked_token_is_dead_and_anothers_is_not_touched(partners: Partners) -> None:
    async def revoke(token: str, client: Any = PARTNER) -> Answer:
        return await partners.post("/oidc/revoke", {"token": token}, auth=(client.id, DEMO_SECRET))

    tokens = await partners.tokens(scope=OFFLINE)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await revoke(token, SHOP)).error == "invalid_request"
        assert (await _introspect(partners, token)).body["active"] is True
    assert (await revoke("guess")).status == 200
    assert (await revoke(tokens["access_token"])).status == 200
    assert (await partners.userinfo(tokens["access_token"])).status == 401
    fresh = (await partners.refresh(tokens["refresh_token"])).body
    assert (await revoke(fresh["refresh_token"])).status == 200
    assert (await partners.userinfo(fresh["access_token"])).status == 401
    assert (await partners.refresh(fresh["refresh_token"])).error == "invalid_grant"


# --- exchange and the client itself


async def _exchange(partners: Partners, token: str, **changed: str) -> Answer:
    form = {
        "grant_type": GrantType.EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS,
        "audience": SHOP.id,
        **changed,
    }
    return await partners.token(form, client=SERVICE)


async def _called(partners: Partners) -> str:
    """A citizen's token that was exchanged for one meant for the service."""
    await partners.provider.parts.store.put_client(
        replace(PARTNER, grant_types=PARTNER.grant_types | {GrantType.EXCHANGE}, exchange_to=frozenset({SERVICE.id}))
    )
    token = (await partners.tokens())["access_token"]
    form = {
        "grant_type": GrantType.EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS,
        "audience": SERVICE.id,
    }
    return str((await partners.token(form)).body["access_token"])


async def test_a_service_calls_another_for_the_same_citizen(partners: Partners, room: Room) -> None:
    called = await _called(partners)
    room.clock.advance(seconds=300)
    answer = await _exchange(partners, called)
    assert answer.body["issued_token_type"] == ACCESS
    claims = _claims(answer.body["access_token"])
    assert (claims["aud"], claims["client_id"]) == (SHOP.id, SERVICE.id)
    assert claims["act"] == {"sub": SERVICE.id, "act": {"sub": PARTNER.id}}
    assert claims["sub"] == await partners.provider.parts.store.subject(await room.id_of("zhang"), SHOP.sector)
    assert answer.body["expires_in"] == 300  # no longer than the first
    assert (await partners.userinfo(answer.body["access_token"])).status == 401
    assert (await _introspect(partners, answer.body["access_token"], SHOP)).body["active"] is True
    assert len(await room.audited("oidc.token_exchanged")) == 2


@against("another's rights", "client")
async def test_no_exchange_of_what_is_not_the_services_to_exchange(partners: Partners, room: Room) -> None:
    called, own = await _called(partners), (await partners.tokens())["access_token"]
    refused = {
        "invalid_target": [
            await _exchange(partners, called, audience="demo-bank"),
            await _exchange(partners, called, audience=""),
        ],
        "invalid_grant": [
            await _exchange(partners, own),
            await _exchange(partners, "guess"),
            await _exchange(partners, (await room.sign_in(ALEXANDER)).access.text),
        ],
        "invalid_request": [
            await _exchange(partners, called, subject_token_type="urn:ietf:params:oauth:token-type:jwt"),
            await _exchange(partners, called, actor_token="x"),
        ],
        "invalid_scope": [await _exchange(partners, called, scope="openid phone")],
    }
    for error, answers in refused.items():
        assert {answer.error for answer in answers} == {error}
    ends = await room.mongo.collection("identity_oidc_grants").find({}).to_list(None)
    for grant in ends:
        await partners.provider.parts.grants.end(grant["_id"], because="test")
    assert (await _exchange(partners, called)).error == "invalid_grant"


async def test_a_client_speaks_for_itself(partners: Partners) -> None:
    answer = await partners.token({"grant_type": "client_credentials"}, client=SERVICE)
    claims = _claims(answer.body["access_token"])
    assert (claims["sub"], claims["aud"], claims["scope"]) == (SERVICE.id, SERVICE.id, "archive:read")
    assert "id_token" not in answer.body and "refresh_token" not in answer.body
    assert (await partners.userinfo(answer.body["access_token"])).status == 401
    own = answer.body["access_token"]
    assert (await _introspect(partners, own, SERVICE)).body["active"] is True
    wide = await partners.token({"grant_type": "client_credentials", "scope": "openid"}, client=SERVICE)
    assert wide.error == "invalid_scope"
    for grant in ("client_credentials", "password", "implicit", ""):
        answer = await partners.token({"grant_type": grant})
        assert answer.error == ("unauthorized_client" if grant == "client_credentials" else "unsupported_grant_type")


# --- devices


async def _poll(partners: Partners, device_code: str, client: Any = KIOSK) -> Answer:
    await partners.room.redis.delete(*(await partners.room.redis.keys("*oidc-poll*") or ["none"]))
    form = {"grant_type": GrantType.DEVICE, "device_code": device_code}
    return await partners.token(form, client=client, proofs=[partners.proof("POST", "/oidc/token")])


async def _begun(partners: Partners) -> dict[str, Any]:
    answer = await partners.post("/oidc/device_authorization", {"client_id": KIOSK.id, "scope": "openid profile"})
    assert answer.status == 200
    return answer.body


async def test_a_device_waits_for_its_owner(partners: Partners) -> None:
    begun, zhang = await _begun(partners), await partners.zhang()
    assert len(begun["user_code"].replace("-", "")) == USER_CODE_LENGTH
    assert begun["verification_uri_complete"].endswith(f"/device?user_code={begun['user_code']}")
    assert (await _poll(partners, begun["device_code"])).error == "authorization_pending"
    form = {"grant_type": GrantType.DEVICE, "device_code": begun["device_code"]}
    hasty = await partners.token(form, client=KIOSK, proofs=[partners.proof("POST", "/oidc/token")])
    assert hasty.error == "slow_down"
    interactions = partners.provider.interactions
    found = await interactions.enter_user_code(principal=zhang, user_code=begun["user_code"].lower())
    to = await interactions.approve(
        principal=zhang, interaction_id=found.id, claims=found.request.claims, relation_id=None
    )
    assert to == ""
    tokens = await _poll(partners, begun["device_code"])
    assert tokens.body["token_type"] == "DPoP" and "sid" not in id_claims(tokens.body)
    assert (await _poll(partners, begun["device_code"])).error == "expired_token"
    with pytest.raises(UserCodeWrong):
        await interactions.enter_user_code(principal=zhang, user_code=begun["user_code"])


async def test_a_device_is_refused_expires_and_is_nobody_elses(partners: Partners, room: Room) -> None:
    zhang, interactions = await partners.zhang(), partners.provider.interactions
    begun = await _begun(partners)
    found = await interactions.enter_user_code(principal=zhang, user_code=begun["user_code"])
    await interactions.deny(interaction_id=found.id)
    assert (await _poll(partners, begun["device_code"])).error == "access_denied"
    begun = await _begun(partners)
    await partners.provider.parts.store.put_client(replace(APP, grant_types=frozenset({GrantType.DEVICE})))
    assert (await _poll(partners, begun["device_code"], APP)).error == "invalid_grant"
    room.clock.advance(seconds=601)
    assert (await _poll(partners, begun["device_code"])).error == "expired_token"
    with pytest.raises(UserCodeWrong):
        await interactions.enter_user_code(principal=zhang, user_code=begun["user_code"])
    wide = await partners.post("/oidc/device_authorization", {"client_id": KIOSK.id, "scope": "openid phone"})
    assert wide.error == "invalid_scope"


@against("guessing", "user code of a device")
async def test_user_codes_are_not_guessed(partners: Partners) -> None:
    zhang, interactions = await partners.zhang(), partners.provider.interactions
    outcomes = [
        await outcome(interactions.enter_user_code(principal=zhang, user_code=f"BCDF-{n:04d}")) for n in range(11)
    ]
    assert outcomes == ["OIDC_USER_CODE_WRONG"] * 10 + ["AUTH_TOO_MANY_REQUESTS"]


async def test_no_personal_fact_is_stored_in_clear(partners: Partners, room: Room) -> None:
    tokens = await partners.tokens(scope="openid profile phone address real_name offline_access")
    await partners.userinfo(tokens["access_token"])
    names = [name for name in await room.mongo.database.list_collection_names() if "oidc" in name or name == "events"]
    rows = [await room.mongo.collection(name).find({}).to_list(None) for name in names]
    for secret in ("张丽华", ZHANG, tokens["refresh_token"], tokens["access_token"]):
        assert secret not in repr(rows)
