"""CC1 on its published vectors: by the room, and by a reader that shares no code with it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.signing import SigningKey, VerifyKey

from api.domains.citycode import cc1
from api.domains.citycode.errors import CodeKeyUnknown
from core.errors import DomainError

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "sdk/contract/vectors/citycode.json").read_text(encoding="utf-8")
)
SEED = bytes.fromhex(VECTORS["seed_hex"])
PUBLIC = bytes.fromhex(VECTORS["public_key_hex"])

each_valid = pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["name"])
each_invalid = pytest.mark.parametrize("case", VECTORS["invalid"], ids=lambda case: case["name"])


def body_of(case: dict[str, Any]) -> cc1.Body:
    body = case["body"]
    return cc1.Body(
        city=body["city"],
        pseudonym=bytes.fromhex(body["pseudonym"]),
        real_name_level=body["real_name_level"],
        issued_at=datetime.fromtimestamp(body["iat"], UTC),
        ttl_s=body["ttl_s"],
        kid=body["kid"],
    )


def verify(text: str, *, now: int, city: str, kids: list[str]) -> cc1.Body:
    """What a verifier does, in its order."""
    code = cc1.parse(text)
    code.body.check_city(city)
    if code.body.kid not in kids:
        raise CodeKeyUnknown()
    code.check_signature(VerifyKey(PUBLIC))
    code.body.check_time(now=datetime.fromtimestamp(now, UTC))
    return code.body


def test_the_public_key_belongs_to_the_seed() -> None:
    assert bytes(SigningKey(SEED).verify_key) == PUBLIC


@each_valid
def test_we_write_the_published_text(case: dict[str, Any]) -> None:
    assert body_of(case).pack().hex() == case["body_hex"]
    assert cc1.issue(body_of(case), key=SigningKey(SEED)) == case["text"]


@each_valid
def test_we_read_the_published_body(case: dict[str, Any]) -> None:
    assert verify(case["text"], now=case["now"], city=case["city"], kids=case["kids"]) == body_of(case)


@each_invalid
def test_we_refuse_with_the_published_error(case: dict[str, Any]) -> None:
    with pytest.raises(DomainError) as refusal:
        verify(case["text"], now=case["now"], city=VECTORS["city"], kids=[VECTORS["kid"]])
    assert refusal.value.code == case["error"]


def test_the_vectors_show_every_refusal_that_needs_no_memory() -> None:
    assert {case["error"] for case in VECTORS["invalid"]} == {
        "CITYCODE_MALFORMED",
        "CITYCODE_FOREIGN",
        "CITYCODE_KEY_UNKNOWN",
        "CITYCODE_FORGED",
        "CITYCODE_EXPIRED",
        "CITYCODE_NOT_YET_VALID",
    }


# From here on nothing of the room is used: RFC 9285 by its text, Ed25519 by OpenSSL.

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def base45_decoded(text: str) -> bytes:
    values = [ALPHABET.index(character) for character in text]
    groups = [values[i : i + 3] for i in range(0, len(values), 3)]
    numbers = [sum(v * 45**place for place, v in enumerate(group)) for group in groups]
    return b"".join(n.to_bytes(len(group) - 1, "big") for n, group in zip(numbers, groups, strict=True))


def read_by_a_stranger(text: str, *, now: int, city: str, keys: dict[str, bytes]) -> dict[str, Any] | None:
    """The fields of a code that may be believed now, else None."""
    if not text.startswith("CC1:") or len(text) != 135 or any(c not in ALPHABET for c in text):
        return None
    try:
        octets = base45_decoded(text[4:])
    except OverflowError:
        return None
    raw, signature = octets[:23], octets[23:]
    kid = base64.b32encode(bytes(2) + raw[20:]).decode()
    iat, ttl_s = int.from_bytes(raw[15:19], "big"), raw[19]
    fields = {
        "city": f"{int.from_bytes(raw[1:4], 'big'):06d}",
        "pseudonym": raw[4:14].hex(),
        "real_name_level": raw[14],
        "iat": iat,
        "ttl_s": ttl_s,
        "kid": kid[4:],
    }
    well_formed = raw[0] == 0x11 and raw[14] <= 5 and ttl_s > 0 and kid.startswith("AAAA")
    if not well_formed or fields["city"] != city or kid[4:] not in keys or not iat - 30 <= now < iat + ttl_s:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(keys[kid[4:]]).verify(signature, b"CC1" + raw)
    except InvalidSignature:
        return None
    return fields


@each_valid
def test_a_stranger_reads_the_same(case: dict[str, Any]) -> None:
    keys = dict.fromkeys(case["kids"], PUBLIC)
    assert read_by_a_stranger(case["text"], now=case["now"], city=case["city"], keys=keys) == case["body"]


@each_valid
def test_a_stranger_signs_the_same(case: dict[str, Any]) -> None:
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(b"CC1" + bytes.fromhex(case["body_hex"]))
    assert signature.hex() == case["signature_hex"]


@each_invalid
def test_a_stranger_refuses_the_same(case: dict[str, Any]) -> None:
    keys = {VECTORS["kid"]: PUBLIC}
    assert read_by_a_stranger(case["text"], now=case["now"], city=VECTORS["city"], keys=keys) is None
