"""How clients prove themselves and their keys; and the lists of what attackers send instead."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from typing import Any

import orjson

from core.clock import epoch_s
from identity.oidc.demo import DEMO_REDIRECT, DEMO_SECRET
from identity.oidc.model import AuthMethod, ClientState
from tests.support.attacks import against
from tests.support.conformance import fapi2, oidcc
from tests.unit.identity.oidc.partners import (
    APP,
    BANK,
    BANK_KEY,
    PARTNER,
    VERIFIER,
    Answer,
    Partners,
    private_key,
    public_jwk,
)
from tests.unit.identity.room import ISSUER, Room

ANY_CODE = {
    "grant_type": "authorization_code",
    "code": "x" * 43,
    "redirect_uri": DEMO_REDIRECT,
    "code_verifier": VERIFIER,
}


async def _with(partners: Partners, assertion: str, **more: str) -> Answer:
    form = {
        **ANY_CODE,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        **more,
    }
    return await partners.post("/oidc/token", form, proofs=[partners.proof("POST", "/oidc/token")])


# --- secrets


WRONG: list[tuple[dict[str, str], tuple[str, str] | None]] = [
    ({}, None),
    ({"client_id": PARTNER.id}, None),
    ({"client_id": PARTNER.id, "client_secret": DEMO_SECRET}, None),  # it is registered for the header
    ({}, (PARTNER.id, "wrong")),
    ({}, (PARTNER.id, "")),
    ({}, ("nobody", DEMO_SECRET)),
    ({}, (APP.id, "anything")),
    ({}, (BANK.id, DEMO_SECRET)),
]


@against("enumeration by message", "client")
async def test_a_wrong_client_gets_one_answer_whatever_is_wrong(partners: Partners) -> None:
    for form, auth in WRONG:
        answer = await partners.post("/oidc/token", {**ANY_CODE, **form}, auth=auth)
        assert (answer.status, answer.body) == (
            401,
            {"error": "invalid_client", "error_description": "the client did not prove itself"},
        )
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_one_way_of_proving_oneself_at_a_time(partners: Partners) -> None:
    both = {**ANY_CODE, "client_id": PARTNER.id, "client_secret": DEMO_SECRET}
    assert (await partners.post("/oidc/token", both, auth=(PARTNER.id, DEMO_SECRET))).error == "invalid_request"
    other = {**ANY_CODE, "client_id": "demo-shop"}
    assert (await partners.post("/oidc/token", other, auth=(PARTNER.id, DEMO_SECRET))).error == "invalid_request"


@oidcc("oidcc-server-client-secret-post")
async def test_a_secret_in_the_form_is_for_whom_it_is_registered(partners: Partners) -> None:
    await partners.provider.parts.store.put_client(replace(PARTNER, auth_method=AuthMethod.SECRET_POST))
    form = {**ANY_CODE, "client_id": PARTNER.id, "client_secret": DEMO_SECRET}
    assert (await partners.post("/oidc/token", form)).error == "invalid_grant"
    assert (await partners.post("/oidc/token", ANY_CODE, auth=(PARTNER.id, DEMO_SECRET))).error == "invalid_client"


@against("guessing", "client secret")
async def test_whoever_guesses_secrets_is_slowed_down(partners: Partners) -> None:
    answers = [await partners.post("/oidc/token", ANY_CODE, auth=(PARTNER.id, f"guess {n}")) for n in range(31)]
    assert [answer.status for answer in answers] == [401] * 30 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_a_client_that_is_not_approved_can_do_nothing(partners: Partners) -> None:
    for state in (ClientState.PENDING, ClientState.SUSPENDED):
        await partners.provider.parts.store.put_client(replace(PARTNER, state=state))
        answer = await partners.post("/oidc/token", ANY_CODE, auth=(PARTNER.id, DEMO_SECRET))
        assert answer.error == "unauthorized_client"


# --- assertions (RFC 7523)


@against("replaying", "client assertion")
async def test_a_good_assertion_proves_the_client_once(partners: Partners) -> None:
    assertion = partners.assertion()
    assert (await _with(partners, assertion)).error == "invalid_grant"  # the client is known; the code is not
    assert (await _with(partners, assertion)).error == "invalid_client"


BAD_ASSERTIONS: list[dict[str, Any]] = [
    {"aud": f"{ISSUER}/oidc/token"},
    {"aud": [ISSUER]},
    {"aud": [ISSUER, "https://other.example"]},
    {"aud": "https://other.example"},
    {"aud": None},
    {"iss": "demo-app"},
    {"sub": "demo-app"},
    {"jti": None},
    {"jti": ""},
    {"exp": None},
    {"exp": 1},
    {"exp": 4_000_000_000},
    {"nbf": 4_000_000_000},
    {"iat": 4_000_000_000},
    {"headers": {"kid": "another"}},
    {"headers": {"jwk": {"kty": "EC"}}},
    {"headers": {"jku": "https://evil.example/keys"}},
    {"headers": {"x5u": "https://evil.example/chain"}},
    {"headers": {"crit": ["exp"]}},
    {"headers": {"kid": "../../dev/null"}},
    {"key": private_key()},
]


@fapi2(
    "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
    "ensure-client-assertion-with-wrong-aud-fails",
    "ensure-client-assertion-with-no-sub-fails",
    "ensure-invalid-client-assertions-fail",
)
async def test_an_assertion_that_is_not_quite_right_proves_nothing(partners: Partners) -> None:
    for changed in BAD_ASSERTIONS:
        if "sub" in changed:
            changed = {**changed, "iss": BANK.id}
        answer = await _with(partners, partners.assertion(**changed))
        assert (answer.status, answer.error) == (401, "invalid_client"), changed


@against("algorithm confusion", "client assertion")
async def test_no_assertion_by_alg_none_or_by_the_public_key_as_a_secret(partners: Partners) -> None:
    head, body, _ = partners.assertion().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"bank-1"}').decode().rstrip("=")
    assert (await _with(partners, f"{none}.{body}.")).error == "invalid_client"
    assert (await _with(partners, f"{none}.{body}.AAAA")).error == "invalid_client"
    public = orjson.dumps(public_jwk(BANK_KEY))
    hs256 = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"bank-1"}').decode().rstrip("=")
    tag = hmac.digest(public, f"{hs256}.{body}".encode(), "sha256")
    confused = f"{hs256}.{body}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"
    assert (await _with(partners, confused)).error == "invalid_client"
    assert (await _with(partners, f"{head}.{body}.AAAA")).error == "invalid_client"


BAD_KEYS: list[dict[str, Any]] = [
    {"use": "enc", "alg": "ES256"},
    {"use": "sig", "alg": "ECDH-ES"},
    {"use": "sig", "key_ops": ["sign"]},
    {"use": "sig", "key_ops": "verify"},
]


@against("a key that is not for signatures", "client assertion")
async def test_a_key_that_is_not_for_checking_signatures_checks_none(partners: Partners) -> None:
    for key in BAD_KEYS:
        client = replace(BANK, jwks=(public_jwk(BANK_KEY, kid="bank-1", **key),))
        await partners.provider.parts.store.put_client(client)
        assert (await _with(partners, partners.assertion())).error == "invalid_client"


# --- DPoP (RFC 9449)


async def _shown(partners: Partners, *proofs: str) -> Answer:
    form = {**ANY_CODE, **partners.proof_of(APP)}
    return await partners.post("/oidc/token", form, proofs=proofs)


@against("replaying", "proof of a partner's key")
async def test_a_good_proof_is_good_once(partners: Partners) -> None:
    proof = partners.proof("POST", "/oidc/token")
    assert (await _shown(partners, proof)).error == "invalid_grant"
    assert (await _shown(partners, proof)).error == "invalid_dpop_proof"


async def test_a_proof_without_our_nonce_is_told_it(partners: Partners, room: Room) -> None:
    for nonce in (None, "mine", ""):
        answer = await _shown(partners, partners.proof("POST", "/oidc/token", nonce=nonce))
        assert (answer.status, answer.error) == (400, "use_dpop_nonce")
    told = answer.headers["DPoP-Nonce"]
    room.clock.advance(seconds=300)
    assert (await _shown(partners, partners.proof("POST", "/oidc/token", nonce=told))).error == "invalid_grant"
    room.clock.advance(seconds=300)
    assert (await _shown(partners, partners.proof("POST", "/oidc/token", nonce=told))).error == "use_dpop_nonce"


BAD_PROOFS: list[dict[str, Any]] = [
    {"htm": "GET"},
    {"htu": f"{ISSUER}/oidc/userinfo"},
    {"htu": "https://other.example/oidc/token"},
    {"htu": None},
    {"htu": 7},
    {"iat": None},
    {"iat": True},
    {"iat": 1},
    {"iat": 4_000_000_000},
    {"jti": None},
    {"jti": "j" * 129},
    {"headers": {"typ": "JWT"}},
    {"headers": {"jwk": None}},
    {"headers": {"jwk": "text"}},
    {"headers": {"jwk": public_jwk(private_key())}},
    {"headers": {"jwk": {**public_jwk(private_key()), "d": "AA"}}},
    {"headers": {"jwk": {"kty": "oct", "k": "AAAA"}}},
    {"headers": {"jku": "https://evil.example/"}},
]


@fapi2("dpop-negative-tests")
@against("algorithm confusion", "partner's proof")
async def test_a_proof_that_is_not_quite_right_proves_nothing(partners: Partners) -> None:
    for changed in BAD_PROOFS:
        answer = await _shown(partners, partners.proof("POST", "/oidc/token", **changed))
        assert (answer.status, answer.error) == (400, "invalid_dpop_proof"), changed


async def test_a_proof_is_for_the_endpoint_whatever_query_and_port_it_names(partners: Partners) -> None:
    for htu in (f"{ISSUER}/oidc/token?x=1", f"{ISSUER}:443/oidc/token", "HTTPS://CITY.TEST/oidc/token"):
        assert (await _shown(partners, partners.proof("POST", "/oidc/token", htu=htu))).error == "invalid_grant"


async def test_two_proofs_are_none(partners: Partners) -> None:
    proofs = [partners.proof("POST", "/oidc/token") for _ in range(2)]
    assert (await _shown(partners, *proofs)).error == "invalid_dpop_proof"


async def test_a_private_key_in_a_proof_is_refused(partners: Partners) -> None:
    key = partners.key
    secret = {**public_jwk(key), "d": "AAAA"}
    assert (await _shown(partners, partners.proof("POST", "/oidc/token", headers={"jwk": secret}))).status == 400


# --- what is read at all


@against("oversized input", "bodies")
async def test_bodies_are_bounded_and_of_one_type(partners: Partners) -> None:
    async with partners.http.post("/oidc/token", data=b"a=" + b"x" * 40_000, headers=_FORM) as response:
        assert response.status == 413
    async with partners.http.post("/oidc/token", json=ANY_CODE) as response:
        assert (response.status, (await response.json())["error"]) == (400, "invalid_request")
    many = "&".join(f"p{n}=1" for n in range(100))
    async with partners.http.post("/oidc/token", data=many, headers=_FORM) as response:
        assert (response.status, (await response.json())["error"]) == (400, "invalid_request")
    async with partners.http.post("/oidc/token", data="code=1&code=2", headers=_FORM) as response:
        assert (response.status, (await response.json())["error"]) == (400, "invalid_request")


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_a_time_is_the_citys(partners: Partners, room: Room) -> None:
    assertion = partners.assertion(exp=epoch_s(room.clock.now()) + 60)
    room.clock.advance(seconds=71)
    assert (await _with(partners, assertion)).error == "invalid_client"
