"""What modules of the conformance suite ask that no other test here asks; docs/conformance.md has the whole list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt.algorithms import RSAAlgorithm

from core import jose
from core.clock import epoch_s
from tests.support.attacks import against
from tests.support.conformance import fapi2, oidcc
from tests.unit.identity.oidc.partners import BANK, BASIC_REQUEST, Browser, Partners, id_claims, private_key, public_jwk
from tests.unit.identity.room import ISSUER, Room


@oidcc("oidcc-scope-profile", "oidcc-scope-email", "oidcc-scope-address", "oidcc-scope-phone", "oidcc-display-page")
async def test_each_scope_brings_its_own_claims(partners: Partners) -> None:
    brings = {
        "profile": {"name"},
        "email": set(),  # there is none: the scope is passed over, and the request goes on
        "address": {"address"},
        "phone": {"phone_number", "phone_number_verified"},
        "real_name": {"real_name_level"},
    }
    for scope, claims in brings.items():
        tokens = await partners.tokens(scope=f"{scope} openid", display="page", prompt="consent")
        assert set((await partners.userinfo(tokens["access_token"])).body) == {"sub"} | claims
        assert ("email" in tokens["scope"]) is False


async def _page(partners: Partners, browser: Browser, **changed: str) -> str:
    return await partners.asked(browser, client_id=BANK.id, request_uri=await partners.pushed(BANK, **changed))


@fapi2(
    "happy-flow",
    "user-rejects-authentication",
    "ensure-authorization-request-without-state-success",
    "ensure-authorization-request-without-nonce-success",
    "ensure-authorization-request-with-64-char-nonce-success",
    "ensure-authorization-request-with-long-nonce",
    "ensure-authorization-request-with-long-state",
    "ensure-other-scope-order-succeeds",
    "par-without-duplicate-parameters",
    "access-token-type-header-case-sensitivity",
    "refresh-token",
)
async def test_a_fapi_client_goes_its_way(partners: Partners) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    for state, nonce in (("", ""), ("s" * 1024, "n" * 64), ("s", "n" * 1024)):
        page = await _page(
            partners, browser, state=state, nonce=nonce, scope="offline_access profile openid", prompt="consent"
        )
        answer = await partners.agreed(browser, page, zhang)
        assert answer.told.get("state", "") == state and answer.told["iss"] == ISSUER
        tokens = (await partners.redeem(answer.told["code"], client=BANK)).body
        assert id_claims(tokens).get("nonce", "") == nonce and tokens["token_type"] == "DPoP"
    access = tokens["access_token"]
    for scheme in ("DPoP", "dpop", "DPOP"):
        proof = partners.proof("GET", "/oidc/userinfo", token=access)
        assert (await partners.userinfo(access, proof=proof, scheme=scheme)).status == 200
    renewed = await partners.refresh(
        tokens["refresh_token"], client=BANK, proofs=[partners.proof("POST", "/oidc/token")]
    )
    assert renewed.status == 200 and id_claims(renewed.body)["sub"] == id_claims(tokens)["sub"]
    unproven = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": BANK.id}
    assert (await partners.post("/oidc/token", unproven)).error == "invalid_client"
    no = await partners.provider.interactions.deny(interaction_id=await _page(partners, browser, prompt="consent"))
    refused = await browser.get(no)
    assert (refused.told["error"], refused.told["iss"]) == ("access_denied", ISSUER) and "code" not in refused.told


@fapi2(
    "par-ensure-pkce-required",
    "par-plain-pkce-rejected",
    "par-attempt-invalid-http-method",
    "ensure-response-type-code-idtoken-fails",
    "ensure-response-type-token-fails",
    "ensure-redirect-uri-in-authorization-request",
    "ensure-mismatched-dpop-jkt-fails",
)
@against("PKCE downgrade", "pushed request")
async def test_what_a_fapi_client_cannot_push(partners: Partners, room: Room) -> None:
    bad = {
        "invalid_request": [
            {"code_challenge": "", "code_challenge_method": ""},
            {"code_challenge_method": "plain"},
            {"code_challenge_method": ""},
            {"redirect_uri": ""},
            {"redirect_uri": "https://evil.example/"},
            {"response_type": ""},
        ],
        "unsupported_response_type": [{"response_type": "code id_token"}, {"response_type": "token"}],
    }
    for error, requests in bad.items():
        for changed in requests:
            form = {**BASIC_REQUEST, "client_id": BANK.id, **changed, **partners.proof_of(BANK)}
            answer = await partners.post("/oidc/par", form)
            assert (answer.status, answer.error) == (400, error), changed
    another = jose.thumbprint(public_jwk(private_key()))
    form = {**BASIC_REQUEST, "client_id": BANK.id, "dpop_jkt": another, **partners.proof_of(BANK)}
    mismatched = await partners.post("/oidc/par", form, proofs=[partners.proof("POST", "/oidc/par")])
    assert mismatched.error == "invalid_dpop_proof"
    for method in ("GET", "PUT", "DELETE"):
        async with partners.http.request(method, "/oidc/par") as response:
            assert response.status == 405
    assert not await room.redis.keys("*oidc-pushed:*")


@fapi2(
    "ensure-dpop-auth-code-binding-success",
    "ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
    "check-dpop-proof-nbf-exp",
    "ensure-dpopproof-with-iat-10seconds-before-succeeds",
    "ensure-dpopproof-with-iat-10seconds-after-succeeds",
)
async def test_a_code_is_bound_to_the_key_that_was_named(partners: Partners, room: Room) -> None:
    browser, zhang, at = partners.browser, await partners.zhang(), epoch_s(room.clock.now())
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": BASIC_REQUEST["redirect_uri"],
        "code_verifier": "v" * 64,
    }

    async def redeemed(**proof: Any) -> str:
        jkt = jose.thumbprint(public_jwk(partners.key))
        page = await _page(partners, browser, dpop_jkt=jkt, prompt="consent")
        code = (await partners.agreed(browser, page, zhang)).told["code"]
        shown = partners.proof("POST", "/oidc/token", **proof)
        answer = await partners.token({**form, "code": code}, client=BANK, proofs=[shown])
        return answer.error or str(answer.body["token_type"])

    for fine in ({}, {"iat": at - 10}, {"iat": at + 10}, {"nbf": at - 10, "exp": at + 60}):
        assert await redeemed(**fine) == "DPoP", fine
    assert await redeemed(iat=at + 11) == await redeemed(iat=at - 61) == "invalid_dpop_proof"
    assert await redeemed(key=private_key()) == "invalid_grant"


@fapi2("ensure-signed-client-assertion-with-RS256-fails", "ensure-client-assertion-in-token-endpoint")
async def test_a_fapi_client_proves_itself_by_a_strong_signature(partners: Partners) -> None:
    rsa = generate_rsa_key(65537, 2048)
    jwk = {**RSAAlgorithm.to_jwk(rsa.public_key(), as_dict=True), "kid": "rsa-1", "use": "sig"}
    await partners.provider.parts.store.put_client(replace(BANK, jwks=(jwk,)))
    form = {"grant_type": "authorization_code", "code": "x", "client_id": BANK.id}
    proofs = [partners.proof("POST", "/oidc/token")]
    assert (await partners.post("/oidc/token", form, proofs=proofs)).error == "invalid_client"
    for algorithm, error in (("RS256", "invalid_client"), ("PS256", "invalid_grant")):
        assertion = partners.assertion(key=rsa, alg=algorithm, headers={"kid": "rsa-1"})
        shown = {**form, **partners.proof_of(BANK), "client_assertion": assertion}
        assert (await partners.post("/oidc/token", shown, proofs=proofs)).error == error
