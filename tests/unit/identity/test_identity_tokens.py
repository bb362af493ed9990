"""Access tokens: what we make is accepted, and nothing else is."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.clock import FixedClock, epoch_s
from core.ids import Ids
from core.keys import Algorithm, KeyState, RingKey
from core.principal import Jurisdiction, Principal, PrincipalKind
from identity import tokens
from identity.errors import TokenExpired, TokenInvalid
from identity.relations import ActingPrincipal
from identity.tokens import AccessTokens, verification_key
from tests.support.attacks import against

ISSUER, AUDIENCE = "https://city.test", "https://city.test/graphql"

CITIZEN = Principal(
    kind=PrincipalKind.CITIZEN,
    actor="cit_1",
    subject="cit_1",
    session_id="ses_1",
    scopes=frozenset({"citizen"}),
    real_name_level=4,
)
OFFICER = Principal(
    kind=PrincipalKind.STAFF,
    actor="stf_1",
    subject="stf_1",
    session_id="ses_2",
    scopes=frozenset({"staff", "citycode:scan"}),
    jurisdiction=Jurisdiction("110101"),
)
CLERK = dataclasses.replace(OFFICER, department="11110000000021000D")
CARER = ActingPrincipal(
    kind=PrincipalKind.CITIZEN,
    actor="cit_1",
    subject="cit_2",
    session_id="ses_3",
    scopes=frozenset({"health:read", "licences:read"}),
    real_name_level=3,
    relation_id="rel_1",
    acting_id="act_1",
)
PROVEN = dataclasses.replace(
    CITIZEN, methods=frozenset({"swk", "user"}), authenticated_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
)


@dataclass
class Ring:
    """A key ring without a database."""

    keys: dict[str, RingKey]
    asked: int = 0

    @property
    def active(self) -> RingKey:
        return next(key for key in self.keys.values() if key.state is KeyState.ACTIVE)

    async def find(self, kid: str) -> RingKey | None:
        self.asked += 1
        return self.keys.get(kid)


def _key(kid: str, state: KeyState = KeyState.ACTIVE) -> RingKey:
    return RingKey(kid, Algorithm.ES256, state, generate_private_key(SECP256R1()))


@pytest.fixture
def ring() -> Ring:
    return Ring({"AAAA": _key("AAAA")})


@pytest.fixture
def checker(ring: Ring, clock: FixedClock, ids: Ids) -> AccessTokens:
    return AccessTokens(keys=ring, issuer=ISSUER, audience=AUDIENCE, clock=clock, ids=ids)


def _private(ring: Ring) -> EllipticCurvePrivateKey:
    private = ring.active.private
    assert isinstance(private, EllipticCurvePrivateKey)
    return private


def _good_claims(clock: FixedClock) -> dict[str, Any]:
    now = epoch_s(clock.now())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "cit_1",
        "sid": "ses_1",
        "iat": now,
        "exp": now + 600,
        "jti": "tok_1",
        "scope": "citizen",
        "kind": "citizen",
        "acr": "urn:city:rl:4",
    }


def _sign(ring: Ring, claims: Mapping[str, Any], **headers: Any) -> str:
    return jwt.encode(
        dict(claims), _private(ring), algorithm="ES256", headers={"kid": "AAAA", "typ": "at+jwt", **headers}
    )


def _segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _signed_as_is(ring: Ring, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Signed with the right key, whatever the header says."""
    signing_input = f"{_segment(header)}.{_segment(claims)}"
    signature = jwt.get_algorithm_by_name("ES256").sign(signing_input.encode(), _private(ring))
    return f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize("principal", [CITIZEN, OFFICER, CLERK, CARER, PROVEN])
async def test_a_token_says_what_its_principal_says(checker: AccessTokens, principal: Principal) -> None:
    assert await checker.verify(checker.issue(principal).text) == principal


async def test_a_token_has_the_header_and_claims_of_rfc_9068(
    checker: AccessTokens, ring: Ring, clock: FixedClock
) -> None:
    token = checker.issue(OFFICER)
    assert jwt.get_unverified_header(token.text) == {"alg": "ES256", "kid": "AAAA", "typ": "at+jwt"}
    claims = jwt.decode(token.text, options={"verify_signature": False})
    assert claims.pop("jti").startswith("tok_")
    now = epoch_s(clock.now())
    assert claims == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 600,
        "sub": "stf_1",
        "sid": "ses_2",
        "scope": "citycode:scan staff",
        "kind": "staff",
        "jurisdiction": "110101",
    }
    assert token.expires_at == clock.now() + timedelta(minutes=10)


async def test_acting_for_another_stands_in_the_act_claim(checker: AccessTokens) -> None:
    claims = jwt.decode(checker.issue(CARER).text, options={"verify_signature": False})
    assert (claims["sub"], claims["act"]) == ("cit_2", {"sub": "cit_1"})
    assert (claims["rel"], claims["acting"], claims["scope"]) == ("rel_1", "act_1", "health:read licences:read")


async def test_no_token_is_made_for_another_without_a_relation(checker: AccessTokens) -> None:
    """It could not be ended with the relation; and without its `act` claim it would be the other's own."""
    with pytest.raises(TypeError):
        checker.issue(dataclasses.replace(CITIZEN, subject="cit_2"))


async def test_a_token_never_outlives_its_bound(checker: AccessTokens, clock: FixedClock) -> None:
    soon, late = clock.now() + timedelta(seconds=90), clock.now() + timedelta(hours=1)
    assert checker.issue(CARER, until=soon).expires_at == soon
    assert checker.issue(CARER, until=late).expires_at == clock.now() + timedelta(minutes=10)


@pytest.mark.parametrize(
    "change",
    [
        {"act": ...},
        {"rel": ...},
        {"acting": ...},
        {"act": {"sub": "cit_2"}},
        {"act": {"sub": 7}},
        {"act": {}},
        {"act": None},
        {"act": "cit_1"},
        {"act": [["sub", "cit_1"]]},
        {"act": {"sub": "cit_1", "act": {"sub": "cit_3"}}},
        {"rel": 7},
        {"acting": None},
        {"scope": "health:read citizen"},
        {"scope": "staff"},
        {"scope": "citycode:scan"},
        {"kind": "staff"},
        {"jurisdiction": "110101"},
        {"dept": "11110000000021000D"},
    ],
    ids=str,
)
async def test_claims_of_acting_that_do_not_fit_are_refused(
    checker: AccessTokens, ring: Ring, clock: FixedClock, change: dict[str, Any]
) -> None:
    good = {**_good_claims(clock), "sub": "cit_2", "act": {"sub": "cit_1"}, "rel": "rel_1", "acting": "act_1"}
    good["scope"] = "health:read"
    assert (await checker.verify(_sign(ring, good))).actor == "cit_1"
    claims = {**good, **change}
    with pytest.raises(TokenInvalid):
        await checker.verify(_sign(ring, {name: value for name, value in claims.items() if value is not ...}))


@against("another's rights", "acting for somebody")
async def test_a_token_whose_actor_was_put_in_afterwards_is_refused(checker: AccessTokens) -> None:
    header, _, signature = checker.issue(CITIZEN).text.split(".")
    claims = jwt.decode(checker.issue(CARER).text, options={"verify_signature": False})
    with pytest.raises(TokenInvalid):
        await checker.verify(f"{header}.{_segment(claims)}.{signature}")


async def test_a_token_lives_ten_minutes_and_a_leeway(checker: AccessTokens, clock: FixedClock) -> None:
    text = checker.issue(CITIZEN).text
    clock.advance(seconds=600 + tokens.LEEWAY_S - 1)
    assert await checker.verify(text) == CITIZEN
    clock.advance(seconds=1)
    with pytest.raises(TokenExpired):
        await checker.verify(text)


async def test_an_expired_token_is_expired_also_where_it_was_never_seen(
    checker: AccessTokens, clock: FixedClock
) -> None:
    text = checker.issue(CITIZEN).text
    clock.advance(seconds=700)
    with pytest.raises(TokenExpired):
        await checker.verify(text)


async def test_a_verified_token_is_remembered_and_the_memory_is_bounded(
    checker: AccessTokens, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED_MAX", 2)
    texts = [checker.issue(CITIZEN).text for _ in range(3)]
    for text in texts:
        await checker.verify(text)
    assert ring.asked == 3
    await checker.verify(texts[2])
    assert ring.asked == 3
    await checker.verify(texts[0])
    assert ring.asked == 4


async def test_an_old_token_outlives_the_rotation_of_its_key(checker: AccessTokens, ring: Ring) -> None:
    text = checker.issue(CITIZEN).text
    old = ring.keys["AAAA"]
    ring.keys = {
        "AAAA": RingKey("AAAA", Algorithm.ES256, KeyState.RETIRED, old.private),
        "BBBB": _key("BBBB"),
    }
    assert await checker.verify(text) == CITIZEN
    assert jwt.get_unverified_header(checker.issue(CITIZEN).text)["kid"] == "BBBB"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.test"},
        {"aud": "https://other.test"},
        {"aud": [AUDIENCE]},
        {"aud": [AUDIENCE, "https://other.test"]},
        {"kind": "emperor"},
        {"scope": ["citizen"]},
        {"scope": None},
        {"exp": "1900000000"},
        {"exp": 1e20},
        {"iat": True},
        {"iat": 4_000_000_000},
        {"act": "cit_2"},
        {"acr": 4},
        {"sub": 7},
        *({claim: ...} for claim in ("iss", "aud", "sub", "sid", "iat", "exp", "jti", "scope", "kind")),
    ],
    ids=str,
)
@against("mix-up", "token of another audience")
async def test_claims_that_do_not_fit_are_refused(
    checker: AccessTokens, ring: Ring, clock: FixedClock, change: dict[str, Any]
) -> None:
    claims = {**_good_claims(clock), **change}
    text = _sign(ring, {name: value for name, value in claims.items() if value is not ...})
    with pytest.raises(TokenInvalid):
        await checker.verify(text)


async def test_the_claims_that_these_cases_change_are_good_unchanged(
    checker: AccessTokens, ring: Ring, clock: FixedClock
) -> None:
    assert await checker.verify(_sign(ring, _good_claims(clock))) == CITIZEN


@pytest.mark.parametrize(
    "headers",
    [
        {"typ": "JWT"},
        {"typ": "application/at+jwt"},
        {"typ": "id+jwt"},
        {"kid": "ZZZZ"},
        {"kid": 7},
        {"kid": "../../etc/passwd"},
        {"jku": "https://attacker.test/jwks.json"},
        {"x5u": "https://attacker.test/cert.pem"},
        {"jwk": {"kty": "EC"}},
        {"crit": ["exp"], "exp": 1},
        {"b64": True},
    ],
    ids=str,
)
@against("key injection", "access token")
async def test_headers_that_do_not_fit_are_refused(
    checker: AccessTokens, ring: Ring, clock: FixedClock, headers: dict[str, Any]
) -> None:
    good = {"alg": "ES256", "kid": "AAAA", "typ": "at+jwt"}
    assert await checker.verify(_signed_as_is(ring, good, _good_claims(clock))) == CITIZEN
    with pytest.raises(TokenInvalid):
        await checker.verify(_signed_as_is(ring, {**good, **headers}, _good_claims(clock)))


@against("key injection", "access token")
async def test_a_key_in_the_header_is_not_believed(checker: AccessTokens, clock: FixedClock) -> None:
    attacker = _key("AAAA")
    text = jwt.encode(
        _good_claims(clock),
        attacker.private,  # type: ignore[arg-type]
        algorithm="ES256",
        headers={"kid": "AAAA", "typ": "at+jwt", "jwk": attacker.jwk()},
    )
    with pytest.raises(TokenInvalid):
        await checker.verify(text)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
@against("algorithm confusion", "access token")
async def test_an_unsigned_token_is_refused(checker: AccessTokens, clock: FixedClock, algorithm: str) -> None:
    header = _segment({"alg": algorithm, "kid": "AAAA", "typ": "at+jwt"})
    for signature in ("", "AA"):
        with pytest.raises(TokenInvalid):
            await checker.verify(f"{header}.{_segment(_good_claims(clock))}.{signature}")


@against("algorithm confusion", "access token")
async def test_the_public_key_is_no_hmac_secret(checker: AccessTokens, ring: Ring, clock: FixedClock) -> None:
    pem = _private(ring).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = _segment({"alg": "HS256", "kid": "AAAA", "typ": "at+jwt"})
    signing_input = f"{header}.{_segment(_good_claims(clock))}"
    for secret in (pem, json.dumps(ring.active.jwk()).encode()):
        signature = jwt.get_algorithm_by_name("HS256").sign(signing_input.encode(), secret)
        with pytest.raises(TokenInvalid):
            await checker.verify(f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


@against("algorithm confusion", "access token")
async def test_a_token_changed_anywhere_is_refused(checker: AccessTokens) -> None:
    text = checker.issue(CITIZEN).text
    await checker.verify(text)
    # The last character of a segment may hold bits that decode to nothing, so it is left out.
    for position in range(0, len(text), 7):
        if text[position] == "." or text[position + 1 : position + 2] in ("", "."):
            continue
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(TokenInvalid):
            await checker.verify(changed)


@pytest.mark.parametrize("change", [lambda t: t + "=", lambda t: t + ".", lambda t: t + "\n", lambda t: " " + t])
async def test_a_token_is_its_exact_text(checker: AccessTokens, change: Any) -> None:
    with pytest.raises(TokenInvalid):
        await checker.verify(change(checker.issue(CITIZEN).text))


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "é.b.c", "x" * 5000, _segment([]) + ".e30.AA", _segment(1) + ".e30.AA"]
)
async def test_what_is_no_token_is_refused(checker: AccessTokens, text: str) -> None:
    with pytest.raises(TokenInvalid):
        await checker.verify(text)


@against("key injection", "access token")
async def test_another_citys_key_of_the_same_name_does_not_verify(
    checker: AccessTokens, clock: FixedClock, ids: Ids
) -> None:
    elsewhere = AccessTokens(keys=Ring({"AAAA": _key("AAAA")}), issuer=ISSUER, audience=AUDIENCE, clock=clock, ids=ids)
    with pytest.raises(TokenInvalid):
        await checker.verify(elsewhere.issue(CITIZEN).text)


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": None},
        {"alg": "ES384"},
        {"alg": "HS256"},
        {"kty": "oct", "k": "AAAA"},
        {"crv": "P-384"},
        {"key_ops": ["sign"]},
        {"key_ops": ["encrypt", "deriveKey"]},
        {"d": "AAAA"},
        {"x": "AAAA"},
    ],
    ids=str,
)
@against("a key that is not for signatures", "access token")
def test_a_key_that_is_not_for_checking_es256_is_refused(ring: Ring, change: dict[str, Any]) -> None:
    """PyJWT itself accepts `use: enc` and wrong `key_ops` (Wycheproof JWS 353-356)."""
    good = ring.active.jwk()
    assert verification_key({**good, "key_ops": ["verify"]}).curve.name == "secp256r1"
    with pytest.raises(TokenInvalid):
        verification_key({**good, **change})


@against("a key that is not for signatures", "access token")
async def test_a_token_under_an_encryption_key_is_refused(checker: AccessTokens, ring: Ring) -> None:
    class ForEncryption(RingKey):
        def jwk(self) -> dict[str, str]:
            return {**RingKey.jwk(self), "use": "enc"}

    ring.keys["AAAA"] = ForEncryption("AAAA", Algorithm.ES256, KeyState.ACTIVE, ring.active.private)
    with pytest.raises(TokenInvalid):
        await checker.verify(checker.issue(CITIZEN).text)


def test_a_token_does_not_show_itself_in_a_repr(checker: AccessTokens) -> None:
    token = checker.issue(CITIZEN)
    assert token.text not in repr(token)
