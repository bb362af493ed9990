"""Requests that clients sign (RFC 9101), and answers that the provider signs (JARM, RFC 9701) and encrypts (JWE)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey
from jwt.algorithms import RSAAlgorithm

from core import jose
from core.clock import epoch_s
from core.keys import Algorithm
from core.oauth import OAuthError
from identity.oidc.client_metadata import as_metadata, read_metadata
from identity.oidc.demo import DEMO_SECRET
from identity.oidc.model import Client, KeyWrap
from tests.support.attacks import against
from tests.support.conformance import fapi2, oidcc
from tests.unit.identity.oidc.partners import (
    APP,
    BANK,
    BANK_KEY,
    BASIC_REQUEST,
    JSON,
    PARTNER,
    Answer,
    Browser,
    Partners,
    id_claims,
    private_key,
    public_jwk,
)
from tests.unit.identity.room import ISSUER, Room

_RSA = generate_rsa_key(65537, 2048)
_OPEN = private_key()
SIGNING_JWK = public_jwk(BANK_KEY, kid="bank-1", use="sig", alg="ES256")
RSA_JWK = {**RSAAlgorithm.to_jwk(_RSA.public_key(), as_dict=True), "kid": "rsa-1", "use": "sig", "alg": "RS256"}
OPENING_JWK = public_jwk(_OPEN, kid="open-1", use="enc")
del RSA_JWK["key_ops"]


async def _kept(partners: Partners, client: Client, **changed: Any) -> Client:
    """This client, changed, as the provider knows it from here on."""
    after = replace(client, **changed)
    await partners.provider.parts.store.put_client(after)
    return after


def _request(partners: Partners, client: Client, *, key: Any = BANK_KEY, alg: str = "ES256", **changed: Any) -> str:
    now = epoch_s(partners.room.clock.now())
    headers = {"typ": "oauth-authz-req+jwt", "kid": "bank-1", **changed.pop("headers", {})}
    claims = {
        **BASIC_REQUEST,
        "client_id": client.id,
        "iss": client.id,
        "aud": ISSUER,
        "nbf": now,
        "exp": now + 300,
        **changed,
    }
    told = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(told, key, algorithm=alg, headers=headers)


def _unsigned(request: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{head}.{request.split('.')[1]}."


async def _push(partners: Partners, client: Client, request: str, **beside: str) -> Answer:
    return await partners.post("/oidc/par", {"request": request, **beside, **partners.proof_of(client)})


# --- requests


@fapi2(
    "ensure-request-object-with-multiple-aud-succeeds",
    "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted",
    "ensure-different-nonce-inside-and-outside-request-object",
    "ensure-different-state-inside-and-outside-request-object",
    "state-only-outside-request-object-not-used",
    "ensure-unsigned-request-at-par-endpoint-fails",
)
@against("mass assignment", "signed request")
async def test_what_a_client_signed_is_the_whole_request(partners: Partners, room: Room) -> None:
    bank = await _kept(partners, BANK, jwks=(SIGNING_JWK,), signed_requests=True)
    at = epoch_s(room.clock.now())
    request = _request(
        partners,
        bank,
        aud=["https://other.example", ISSUER],
        nbf=at + 8,
        max_age=3600,
        claims={"userinfo": {"name": {"essential": True}}},
        nonce="within",
        state=None,
        scope="openid phone",
    )
    beside = {"nonce": "beside", "state": "beside", "scope": "openid address", "redirect_uri": "https://evil.example/"}
    pushed = await _push(partners, bank, request, **beside)
    assert pushed.status == 201, pushed.body
    browser = partners.browser
    interaction = await partners.asked(browser, client_id=bank.id, request_uri=pushed.body["request_uri"])
    looked = (await partners.provider.interactions.look(interaction_id=interaction)).request
    assert (looked.nonce, looked.state, looked.max_age_s) == ("within", None, 3600)
    assert looked.scopes == {"openid", "phone"} and looked.essential == {"name"}
    answer = await partners.agreed(browser, interaction, await partners.zhang())
    assert answer.told.keys() == {"code", "iss"}
    tokens = (await partners.redeem(answer.told["code"], client=bank)).body
    assert id_claims(tokens)["nonce"] == "within"
    plain = {**BASIC_REQUEST, "client_id": bank.id, **partners.proof_of(bank)}
    assert (await partners.post("/oidc/par", plain)).error == "invalid_request"


def _bad_requests(at: int) -> list[dict[str, Any]]:
    return [
        {"exp": None},
        {"nbf": None},
        {"exp": at - 11, "nbf": at - 60},
        {"nbf": at, "exp": at + 3601},
        {"nbf": at - 3601, "exp": at - 1},
        {"nbf": at + 11},
        {"iat": at + 11},
        {"exp": str(at + 60)},
        {"exp": True},
        {"aud": "https://other.example"},
        {"aud": None},
        {"aud": f"{ISSUER}/oidc/par"},
        {"iss": "demo-app"},
        {"iss": None},
        {"client_id": "demo-app"},
        {"sub": "demo-bank"},
        {"request": "a.b.c"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        {"scope": ["openid"]},
        {"max_age": 1.5},
        {"key": private_key()},
        {"key": _OPEN, "headers": {"kid": "open-1"}},
        {"key": _RSA, "alg": "RS256", "headers": {"kid": "rsa-1"}},
        {"key": b"k" * 32, "alg": "HS256"},
        {"headers": {"kid": "another"}},
        {"headers": {"typ": "client-authentication+jwt"}},
        {"headers": {"jku": "https://evil.example/"}},
        {"headers": {"jwk": SIGNING_JWK}},
        {"headers": {"x5c": ["AA"]}},
    ]


@fapi2(
    "ensure-request-object-without-exp-fails",
    "ensure-request-object-without-nbf-fails",
    "ensure-expired-request-object-fails",
    "ensure-request-object-with-bad-aud-fails",
    "ensure-request-object-with-exp-over-60-fails",
    "ensure-request-object-with-nbf-over-60-fails",
    "ensure-signed-request-object-with-RS256-fails",
    "ensure-request-object-signature-algorithm-is-not-none",
    "ensure-request-object-with-invalid-signature-fails",
    "ensure-matching-key-in-authorization-request",
    "ensure-request-object-without-redirect-uri-fails",
    "par-authorization-request-containing-request_uri",
    "par-authorization-request-containing-request_uri-form-param",
)
@against("algorithm confusion", "signed request")
@against("key injection", "signed request")
async def test_a_request_that_is_not_quite_right_is_none(partners: Partners, room: Room) -> None:
    bank = await _kept(partners, BANK, jwks=(SIGNING_JWK, RSA_JWK, OPENING_JWK))
    for changed in _bad_requests(epoch_s(room.clock.now())):
        answer = await _push(partners, bank, _request(partners, bank, **changed))
        assert (answer.status, answer.error) == (400, "invalid_request_object"), changed
    good = _request(partners, bank)
    for request in (_unsigned(good), good[:-8] + "AAAAAAAA", good + ".x", "nothing", "x" * 9000):
        assert (await _push(partners, bank, request)).error == "invalid_request_object"
    assert (await _push(partners, bank, _request(partners, bank, redirect_uri=None))).error == "invalid_request"
    reference = {"request_uri": "urn:ietf:params:oauth:request_uri:x"}
    assert (await _push(partners, bank, good, **reference)).error == "invalid_request"
    assert not [key for key in await room.redis.keys("*oidc-pushed:*")]
    assert (await _push(partners, bank, good)).status == 201


@oidcc(
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-ensure-request-object-with-redirect-uri",
)
async def test_a_signed_request_in_the_browser(partners: Partners) -> None:
    browser = partners.browser
    no_key = await browser.get("/oidc/authorize", {**BASIC_REQUEST, "request": "a.b.c"})
    assert no_key.told["error"] == "request_not_supported"
    by_reference = await browser.get("/oidc/authorize", {**BASIC_REQUEST, "request_uri": "https://evil.example/r"})
    assert by_reference.told["error"] == "request_uri_not_supported"
    partner = await _kept(partners, PARTNER, jwks=(SIGNING_JWK,))
    good = _request(partners, partner, state="within")
    # The URI of the answer is the one that was signed, whatever stands beside it.
    only = {"client_id": partner.id, "request": good, "redirect_uri": "https://evil.example/", "state": "beside"}
    asked = await browser.get("/oidc/authorize", only)
    answer = await partners.agreed(browser, asked.to.rpartition("/")[2], await partners.zhang())
    assert answer.to.startswith(BASIC_REQUEST["redirect_uri"]) and answer.told["state"] == "within"
    elsewhere = _request(partners, partner, redirect_uri="https://evil.example/")
    refused = await browser.get("/oidc/authorize", {**BASIC_REQUEST, "request": elsewhere})
    assert (refused.status, refused.error, refused.to) == (400, "invalid_request", "")
    unsigned = await browser.get("/oidc/authorize", {**BASIC_REQUEST, "request": _unsigned(good)})
    assert unsigned.told["error"] == "invalid_request_object" and "code" not in unsigned.told
    lost = await browser.get("/oidc/authorize", {**only, "request": _unsigned(good)})
    assert (lost.status, lost.error, lost.to) == (400, "invalid_request_object", "")
    must = await _kept(partners, partner, signed_requests=True)
    plain = await browser.get("/oidc/authorize", BASIC_REQUEST)
    assert plain.told["error"] == "invalid_request"
    of_another = await browser.get("/oidc/authorize", {"client_id": APP.id, "request": _request(partners, must)})
    assert (of_another.error, of_another.to) == ("request_not_supported", "")  # no key, and nobody to answer to


# --- signed answers


def _read(partners: Partners, text: str, algorithm: Algorithm = Algorithm.ES256) -> JSON:
    """A token of the provider's, checked as its reader would."""
    token = jose.take_apart(text)
    (key,) = [one for one in partners.provider.parts.tokens.jwks()["keys"] if one["kid"] == token.header["kid"]]
    jose.check(token, key, allowed=(algorithm.value,))
    return dict(token.claims)


async def _error(browser: Browser, **changed: str) -> str:
    answer = await browser.get("/oidc/authorize", {**BASIC_REQUEST, **changed})
    return answer.told.get("error", "")


async def test_the_answer_is_signed_where_its_client_wants_that(partners: Partners) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    for mode, algorithm in (("jwt", Algorithm.ES256), ("query.jwt", Algorithm.ED25519)):
        await _kept(partners, PARTNER, response_alg=algorithm)
        answer = await partners.agreed(
            browser, await partners.asked(browser, response_mode=mode, prompt="consent"), zhang
        )
        assert answer.told.keys() == {"response"}
        told = _read(partners, answer.told["response"], algorithm)
        assert told.keys() == {"iss", "aud", "iat", "exp", "code", "state"}
        assert (told["iss"], told["aud"], told["state"]) == (ISSUER, PARTNER.id, "a state")
        assert told["exp"] - told["iat"] == 600
        tokens = await partners.redeem(told["code"])
        assert tokens.status == 200
        # It is signed by us and for this client, and no ID token all the same.
        assert await _error(browser, prompt="none", id_token_hint=answer.told["response"]) == "invalid_request"
    await _kept(partners, PARTNER)
    for more, error in (({"prompt": "none"}, "login_required"), ({"scope": "profile"}, "invalid_scope")):
        fault = await partners.browser.get("/oidc/authorize", {**BASIC_REQUEST, "response_mode": "jwt", **more})
        told = _read(partners, fault.told["response"])
        assert (told["error"], told["state"]) == (error, "a state") and fault.told.keys() == {"response"}
    interaction = await partners.asked(partners.browser, response_mode="jwt")
    to = await partners.provider.interactions.deny(interaction_id=interaction)
    assert (await partners.browser.get(to)).status == 400  # another browser's
    for mode in ("fragment", "form_post", "fragment.jwt", "form_post.jwt"):
        assert await _error(browser, response_mode=mode) == "invalid_request"


_BASIC = "Basic " + base64.b64encode(f"{PARTNER.id}:{DEMO_SECRET}".encode()).decode()


async def _introspected(partners: Partners, token: str, accept: str) -> tuple[str, bytes]:
    headers = {"Accept": accept, "Authorization": _BASIC}
    async with partners.http.post("/oidc/introspect", data={"token": token}, headers=headers) as response:
        return response.content_type, await response.read()


async def test_introspection_is_signed_for_whoever_accepts_that(partners: Partners) -> None:
    token = (await partners.tokens())["access_token"]
    kind, body = await _introspected(partners, token, "application/token-introspection+jwt, application/json;q=0.5")
    assert kind == "application/token-introspection+jwt"
    assert jwt.get_unverified_header(body.decode())["typ"] == "token-introspection+jwt"
    told = _read(partners, body.decode())
    assert (told["iss"], told["aud"]) == (ISSUER, PARTNER.id) and told.keys() == {
        "iss",
        "aud",
        "iat",
        "token_introspection",
    }
    assert told["token_introspection"]["active"] is True and "grant" not in told["token_introspection"]
    kind, body = await _introspected(partners, "guess", "application/token-introspection+jwt")
    assert _read(partners, body.decode())["token_introspection"] == {"active": False}
    kind, body = await _introspected(partners, token, "application/json")
    assert kind == "application/json" and orjson.loads(body)["active"] is True
    # A signed answer about a token is no token: it opens nothing.
    kind, body = await _introspected(partners, token, "application/token-introspection+jwt")
    assert (await partners.userinfo(body.decode())).status == 401


# --- encrypted answers


def _opened(text: str, wrap: KeyWrap) -> str:
    key: ECKey | RSAKey = RSAKey.import_key(_RSA) if wrap is KeyWrap.RSA else ECKey.import_key(_OPEN)
    opened = jwe.decrypt_compact(text, key, algorithms=[wrap.value, "A256GCM"])
    assert opened.headers()["cty"] == "JWT" and opened.plaintext is not None
    return opened.plaintext.decode()


async def _userinfo(partners: Partners, token: str) -> tuple[str, str]:
    async with partners.http.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"}) as response:
        return response.content_type, await response.text()


async def test_only_their_client_reads_what_is_encrypted_for_it(partners: Partners) -> None:
    rsa = {**RSA_JWK, "use": "enc", "kid": "open-2"}
    del rsa["alg"]
    # A key for signatures stands first, and is not taken.
    keys = (public_jwk(private_key(), kid="sign-1", use="sig"), OPENING_JWK, rsa)
    browser = partners.browser
    for wrap in KeyWrap:
        await _kept(
            partners, PARTNER, jwks=keys, id_token_wrap=wrap, userinfo_wrap=wrap, userinfo_alg=Algorithm.ED25519
        )
        tokens = await partners.tokens(browser, prompt="consent")
        head = orjson.loads(jose.unb64(tokens["id_token"].split(".")[0]))
        assert (head["alg"], head["kid"]) == (wrap, "open-2" if wrap is KeyWrap.RSA else "open-1")
        signed = _opened(tokens["id_token"], wrap)
        claims = _read(partners, signed)
        assert (claims["aud"], claims["nonce"]) == (PARTNER.id, "a nonce")
        kind, body = await _userinfo(partners, tokens["access_token"])
        told = _read(partners, _opened(body, wrap), Algorithm.ED25519)
        assert kind == "application/jwt"
        assert told == {"sub": claims["sub"], "name": "张丽华", "iss": ISSUER, "aud": PARTNER.id}
    # The hint is what was signed; what was encrypted for the client is no hint (OpenID Connect Core §3.1.2.1).
    assert await _error(browser, prompt="none", id_token_hint=signed) == ""
    assert await _error(browser, prompt="none", id_token_hint=tokens["id_token"]) == "invalid_request"
    await _kept(partners, PARTNER, userinfo_alg=Algorithm.RS256)
    kind, body = await _userinfo(partners, (await partners.tokens(browser, prompt="consent"))["access_token"])
    assert _read(partners, body, Algorithm.RS256)["name"] == "张丽华"
    assert await _error(browser, prompt="none", id_token_hint=body) == "invalid_request"


async def test_without_a_key_nothing_leaves_unencrypted(partners: Partners) -> None:
    lost = (
        SIGNING_JWK,
        public_jwk(private_key(), use="enc", alg="RSA-OAEP"),
        {"use": "enc", "kty": "EC", "crv": "P-256"},
    )
    await _kept(partners, PARTNER, jwks=lost, id_token_wrap=KeyWrap.ECDH)
    code = await partners.code(partners.browser, await partners.zhang())
    answer = await partners.redeem(code)
    assert (answer.status, answer.error) == (400, "invalid_request") and "access_token" not in answer.body


ASKED: JSON = {
    "client_name": "银行",
    "purpose": "开户",
    "redirect_uris": ["https://bank.example/back"],
    "jwks": {"keys": [SIGNING_JWK, OPENING_JWK]},
    "id_token_encrypted_response_alg": "ECDH-ES+A256KW",
    "id_token_encrypted_response_enc": "A256GCM",
    "userinfo_encrypted_response_alg": "ECDH-ES",
    "authorization_signed_response_alg": "Ed25519",
    "require_signed_request_object": True,
}


def test_how_a_client_registers_for_it() -> None:
    client = read_metadata(ASKED, client_id="cli_1")
    assert (client.id_token_wrap, client.userinfo_wrap) == (KeyWrap.ECDH_WRAPPED, KeyWrap.ECDH)
    assert (client.userinfo_alg, client.response_alg) == (Algorithm.ES256, Algorithm.ED25519)  # signed first
    told = as_metadata(client, issuer=ISSUER)
    assert told["userinfo_encrypted_response_enc"] == "A256GCM" and told["userinfo_signed_response_alg"] == "ES256"
    assert {name: told[name] for name in ASKED if name not in ("client_name", "purpose")} == {
        name: value for name, value in ASKED.items() if name not in ("client_name", "purpose")
    }
    refused: list[JSON] = [
        {"id_token_encrypted_response_alg": "RSA1_5"},
        {"id_token_encrypted_response_alg": "dir"},
        {"id_token_encrypted_response_alg": "RSA-OAEP-256"},  # it has no such key
        {"id_token_encrypted_response_alg": None},
        {"id_token_encrypted_response_enc": "A128CBC-HS256"},
        {"authorization_signed_response_alg": "none"},
        {"authorization_encrypted_response_alg": "ECDH-ES"},
        {"userinfo_signed_response_alg": "HS256"},
        {"jwks": {"keys": [SIGNING_JWK]}},
        {"jwks": {"keys": [OPENING_JWK]}},  # nothing to sign requests with
        {"jwks": {"keys": [{**OPENING_JWK, "d": "AAAA"}]}},
        {"jwks": {"keys": [{**OPENING_JWK, "x": "AAAA"}]}},
        {"jwks": {"keys": [SIGNING_JWK, {**OPENING_JWK, "alg": "dir"}]}},
    ]
    for changed in refused:
        try:
            read_metadata({**ASKED, **changed}, client_id="cli_1")
        except OAuthError as fault:
            assert fault.code == "invalid_client_metadata", changed
        else:
            raise AssertionError(changed)
