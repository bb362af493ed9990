"""CL1 on its published vectors: by the room, and by a reader that shares no code with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import base45
import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.signing import SigningKey, VerifyKey

from api.domains.licences import cl1
from api.domains.licences.errors import CodeKeyUnknown
from core.errors import DomainError

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "sdk/contract/vectors/licence.json").read_text(encoding="utf-8")
)
SEED = bytes.fromhex(VECTORS["seed_hex"])
PUBLIC = bytes.fromhex(VECTORS["public_key_hex"])

each_valid = pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["name"])
each_invalid = pytest.mark.parametrize("case", VECTORS["invalid"], ids=lambda case: case["name"])


def claims_of(case: dict[str, Any]) -> cl1.Claims:
    claims = case["claims"]
    return cl1.Claims(
        city=claims["city"],
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        cti=bytes.fromhex(claims["cti"]),
        licence=claims["licence"],
        type_code=claims["type_code"],
        purpose=claims["purpose"],
        fields=claims["fields"],
    )


def verify(text: str, *, now: int, city: str, kids: list[str]) -> cl1.Claims:
    """What a verifier does, in its order."""
    code = cl1.parse(text)
    code.claims.check_city(city)
    if code.kid not in kids:
        raise CodeKeyUnknown()
    code.check_signature(VerifyKey(PUBLIC))
    code.claims.check_time(now=datetime.fromtimestamp(now, UTC))
    return code.claims


def test_the_public_key_belongs_to_the_seed() -> None:
    assert bytes(SigningKey(SEED).verify_key) == PUBLIC


@each_valid
def test_we_write_the_published_text(case: dict[str, Any]) -> None:
    assert claims_of(case).pack().hex() == case["payload_hex"]
    assert cl1.issue(claims_of(case), kid=case["kid"], key=SigningKey(SEED)) == case["text"]


@each_valid
def test_we_read_the_published_claims(case: dict[str, Any]) -> None:
    assert verify(case["text"], now=case["now"], city=case["city"], kids=case["kids"]) == claims_of(case)


@each_invalid
def test_we_refuse_with_the_published_error(case: dict[str, Any]) -> None:
    with pytest.raises(DomainError) as refusal:
        verify(case["text"], now=case["now"], city=VECTORS["city"], kids=[VECTORS["kid"]])
    assert refusal.value.code == case["error"]


def test_the_vectors_show_every_refusal_that_needs_no_memory() -> None:
    assert {case["error"] for case in VECTORS["invalid"]} == {
        "LICENCES_CODE_MALFORMED",
        "LICENCES_CODE_FOREIGN",
        "LICENCES_CODE_KEY_UNKNOWN",
        "LICENCES_CODE_FORGED",
        "LICENCES_CODE_EXPIRED",
        "LICENCES_CODE_NOT_YET_VALID",
    }


# From here on nothing of the room is used: COSE by its text, Ed25519 by OpenSSL.


def read_by_a_stranger(text: str, *, now: int, city: str, keys: dict[str, bytes]) -> dict[str, Any] | None:
    """The claims of a code that may be believed now, else None."""
    try:
        message = cbor2.loads(base45.b45decode(text.removeprefix("CL1:")))
        protected, _, payload, signature = message.value
        header, claims = cbor2.loads(protected), cbor2.loads(payload)
        Ed25519PublicKey.from_public_bytes(keys[header[4].decode()]).verify(
            signature, cbor2.dumps(["Signature1", protected, b"", payload])
        )
        if header[1] != -8 or claims[1] != city or not claims[6] - 30 <= now < claims[4]:
            return None
        return {
            "city": claims[1],
            "iat": claims[6],
            "exp": claims[4],
            "cti": claims[7].hex(),
            "licence": claims[-70001],
            "type_code": claims[-70002],
            "purpose": claims[-70003],
            "fields": claims[-70004],
        }
    except (ValueError, AttributeError, KeyError, TypeError, InvalidSignature, cbor2.CBORDecodeError):
        return None


@each_valid
def test_a_stranger_reads_the_same(case: dict[str, Any]) -> None:
    keys = dict.fromkeys(case["kids"], PUBLIC)
    assert read_by_a_stranger(case["text"], now=case["now"], city=case["city"], keys=keys) == case["claims"]


@each_valid
def test_a_stranger_signs_the_same(case: dict[str, Any]) -> None:
    protected, payload = cbor2.dumps({1: -8, 4: case["kid"].encode()}), bytes.fromhex(case["payload_hex"])
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    message = cbor2.CBORTag(18, [protected, {}, payload, signature])
    assert cbor2.dumps(message).hex() == case["message_hex"]


@pytest.mark.parametrize(
    "case",
    [case for case in VECTORS["invalid"] if case["error"] != "LICENCES_CODE_MALFORMED"],
    ids=lambda case: case["name"],
)
def test_a_stranger_refuses_the_same(case: dict[str, Any]) -> None:
    keys = {VECTORS["kid"]: PUBLIC}
    assert read_by_a_stranger(case["text"], now=case["now"], city=VECTORS["city"], keys=keys) is None
