"""What the city signs for backends, on the vectors that every implementation meets; and with others' libraries, both
ways.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from citytong_sdk.auth import check_launch_token
from citytong_sdk.errors import SealInvalid, TokenInvalid, WebhookInvalid
from citytong_sdk.keys import LAUNCH, DecryptionKey, PrivateKey, published
from citytong_sdk.phone import read_sealed
from citytong_sdk.sealing import seal, unseal
from citytong_sdk.testing import FakePlatform
from citytong_sdk.webhooks import check_webhook
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from core import jose
from miniapps.developers.errors import KeyRefused
from miniapps.developers.keys import sealing_key, signing_key
from miniapps.releases.model import Rollout
from sdk.contract import backend
from tests.support.threats import covers

VECTORS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in backend.VECTORS.glob("*.json")}
TOKENS, HOOKS, SEALS = (VECTORS[name] for name in ("launch_tokens", "webhooks", "sealed_phones"))


def cases(name: str, kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", VECTORS[name][kind], ids=lambda case: case["id"])


@pytest.mark.parametrize("file", backend.generated(), ids=lambda file: file.name)
def test_the_vectors_are_current(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == backend.generated()[file], "run `make contract` and commit what changed"


# --- launch tokens


def checked(case: dict[str, Any]) -> dict[str, Any]:
    found = check_launch_token(
        case["token"],
        keys=published(TOKENS["jwks"]).of(LAUNCH),
        issuer=TOKENS["issuer"],
        app_id=TOKENS["app_id"],
        now=case["now"],
        max_age=TOKENS["max_age"],
        skew=TOKENS["skew"],
    )
    return dataclasses.asdict(found)


@cases("launch_tokens", "good")
def test_a_launch_token_is_read(case: dict[str, Any]) -> None:
    assert case["read"].items() <= checked(case).items()


@covers("T22")
@cases("launch_tokens", "refused")
def test_a_launch_token_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid) as refusal:
        checked(case)
    assert refusal.value.reason == case["reason"]


@cases("launch_tokens", "good")
def test_pyjwt_reads_the_tokens_as_well(case: dict[str, Any]) -> None:
    kid = jwt.get_unverified_header(case["token"])["kid"]
    key = next(jwt.PyJWK(one) for one in TOKENS["jwks"]["keys"] if one["kid"] == kid)
    claims = jwt.decode(
        case["token"],
        key,
        ["EdDSA"],
        audience=TOKENS["app_id"],
        issuer=TOKENS["issuer"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["sub"] == case["read"]["openid"]


def test_a_token_that_pyjwt_made_is_read() -> None:
    own = PrivateKey.generate()
    claims = jwt.decode(TOKENS["good"][0]["token"], options={"verify_signature": False})
    made = jwt.encode(claims, own.private, "EdDSA", headers={"kid": own.kid, "typ": "mp-launch+jwt"})
    keys = published({"keys": [{**own.jwk, "city_purpose": LAUNCH}]}).of(LAUNCH)
    found = check_launch_token(made, keys=keys, issuer=TOKENS["issuer"], app_id=TOKENS["app_id"], now=backend.NOW)
    assert found.openid == claims["sub"]


# --- webhooks


def heard(case: dict[str, Any]) -> dict[str, Any]:
    body = case["body"].encode("utf-8", "surrogateescape")
    keys = published(HOOKS["jwks"]).webhooks
    found = check_webhook(case["headers"], body, keys=keys, app_id=HOOKS["app_id"], now=case["now"])
    fields = dataclasses.asdict(found)
    assert fields.get("name", found.type) == case["type"]
    return fields


@cases("webhooks", "good")
def test_a_webhook_is_heard(case: dict[str, Any]) -> None:
    found = heard(case)
    assert case["read"].items() <= json.loads(json.dumps(found, default=str)).items()
    assert found["id"] == "whd_1"


@covers("T25")
@cases("webhooks", "refused")
def test_a_webhook_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(WebhookInvalid) as refusal:
        heard(case)
    assert refusal.value.reason == case["reason"]


def test_pynacl_believes_what_the_city_of_tests_signs_and_not_another_body() -> None:
    city = FakePlatform()
    sent = city.signed_webhook({"type": "ping", "timestamp": "2027-01-15T08:00:00Z", "data": {"appId": "a.b"}})
    version, _, signature = sent.headers["webhook-signature"].partition(",")
    key = VerifyKey(city.rings.published().webhooks[0].public_bytes_raw())
    signed = f"{sent.id}.{sent.headers['webhook-timestamp']}.".encode()
    assert version == "v1a"
    key.verify(signed + sent.body, base64.b64decode(signature))
    with pytest.raises(BadSignatureError):
        key.verify(signed + sent.body + b" ", base64.b64decode(signature))


# --- client assertions, as the city checks them (core.jose)


def test_the_city_s_own_check_takes_the_good_assertions_and_no_forged_one() -> None:
    keys = VECTORS["client_assertions"]["keys"]["keys"]
    for case in VECTORS["client_assertions"]["good"]:
        jose.check_with_one_of(jose.take_apart(case["assertion"]), keys, allowed=("EdDSA", "ES256"))
    forged = [case for case in VECTORS["client_assertions"]["refused"] if case["id"].startswith(("by-a", "alg-none"))]
    assert len(forged) == 3
    for case in forged:
        with pytest.raises(jose.TokenFault):
            jose.check_with_one_of(jose.take_apart(case["assertion"]), keys, allowed=("EdDSA", "ES256"))


@pytest.mark.parametrize("kind", ["good", "refused"])
def test_the_city_of_tests_takes_assertions_as_the_vectors_say(kind: str) -> None:
    from citytong_sdk.testing.doors import PATHS
    from citytong_sdk.testing.model import Asked

    told = VECTORS["client_assertions"]
    city = FakePlatform(url=told["audience"].removesuffix("/open/token"))
    city.register(told["app_id"], keys=told["keys"]["keys"])
    city.clock.advance(told["now"] - city.clock())
    form = "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for case in told[kind]:
        asked = Asked("POST", PATHS["token"], headers, f"{form}&client_assertion={case['assertion']}".encode())
        statuses = [city.handle(asked).status, city.handle(asked).status]
        assert statuses == ([200, 401] if kind == "good" else [401, 401]), case["id"]


@pytest.mark.parametrize(
    "own",
    [PrivateKey.generate(), PrivateKey(generate_private_key(SECP256R1()))],
    ids=lambda key: key.jwk["crv"],
)
def test_the_city_takes_the_keys_that_a_backend_makes(own: PrivateKey) -> None:
    for claim, whom in (("app", {"app_id": "a.b"}), ("organisation", {"organisation": "mpo_1"})):
        proof = own.proof(**whom, now=backend.NOW)
        kept = signing_key(own.jwk, proof, claim=claim, whom=next(iter(whom.values())), now=backend.NOW + 300)
        assert kept["kid"] == own.kid
        with pytest.raises(KeyRefused):
            signing_key(own.jwk, proof, claim=claim, whom="another", now=backend.NOW)
    with pytest.raises(ValueError, match="program's or"):
        own.proof()


# --- sealed phones

KEYS = {key.kid: key for key in (DecryptionKey.from_pem(pem.encode()) for pem in SEALS["private_keys_pem"])}


def opened(case: dict[str, Any]) -> dict[str, Any]:
    found = read_sealed(
        case["sealed"],
        keys=KEYS,
        city_keys=published(SEALS["jwks"]),
        issuer=SEALS["issuer"],
        app_id=SEALS["app_id"],
        now=case["now"],
        skew=SEALS["skew"],
    )
    return dataclasses.asdict(found.phone)


@cases("sealed_phones", "good")
def test_a_sealed_phone_is_opened(case: dict[str, Any]) -> None:
    assert opened(case) == case["read"]


@covers("T24")
@cases("sealed_phones", "refused")
def test_a_sealed_phone_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(SealInvalid) as refusal:
        opened(case)
    assert refusal.value.reason == case["reason"]
    assert "138" not in str(refusal.value)


def both_curves() -> list[DecryptionKey]:
    return [DecryptionKey.generate(), DecryptionKey(X25519PrivateKey.generate())]


def of_joserfc(key: DecryptionKey) -> ECKey | OKPKey:
    return (OKPKey if key.jwk["kty"] == "OKP" else ECKey).import_key(key.pem().decode())


ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]


@pytest.mark.parametrize("own", both_curves(), ids=lambda key: key.jwk["crv"])
def test_the_city_takes_the_keys_that_phones_are_sealed_to(own: DecryptionKey) -> None:
    assert sealing_key(own.jwk)["kid"] == own.kid


@pytest.mark.parametrize("own", both_curves(), ids=lambda key: key.jwk["crv"])
def test_joserfc_opens_what_is_sealed_here(own: DecryptionKey) -> None:
    sealed = seal("a.b.c", to=own.jwk, random=bytes)
    found = jwe.decrypt_compact(sealed, of_joserfc(own), algorithms=ALGORITHMS)
    assert found.plaintext == b"a.b.c"


@covers("T24")
@pytest.mark.parametrize("own", both_curves(), ids=lambda key: key.jwk["crv"])
def test_what_joserfc_seals_is_opened_here(own: DecryptionKey) -> None:
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "cty": "JWT", "kid": own.kid}
    sealed = jwe.encrypt_compact(header, b"a.b.c", of_joserfc(own), algorithms=ALGORITHMS)
    assert unseal(sealed, {own.kid: own}) == "a.b.c"


# --- cohorts


@pytest.mark.parametrize("case", VECTORS["cohorts"]["cases"], ids=lambda case: f"{case['openid'][:6]}-{case['salt']}")
def test_a_citizen_is_in_the_cohort_that_the_vectors_say(case: dict[str, Any]) -> None:
    """As the city draws it, and as it is written down."""
    text = case["openid"] + case["app_id"] + case["salt"]
    assert int(hashlib.sha256(text.encode()).hexdigest()[:16], 16) % 10_000 == case["place"]
    drawn = [
        Rollout("mrl_1", 1, share, case["salt"]).draws(openid=case["openid"], app_id=case["app_id"])
        for share in (case["place"], case["place"] + 1)
    ]
    assert drawn == [False, True]
