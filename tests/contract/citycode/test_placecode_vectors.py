"""CP1 on its published vectors: by the room, and by a reader that shares no code with it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.signing import SigningKey, VerifyKey

from api.domains.citycode import placecode
from api.domains.citycode.errors import PlateKeyUnknown
from api.domains.citycode.placecode import Plate
from core.errors import DomainError

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "sdk/contract/vectors/placecode.json").read_text(encoding="utf-8")
)
SEED, PUBLIC = bytes.fromhex(VECTORS["seed_hex"]), bytes.fromhex(VECTORS["public_key_hex"])
CITY, KID = VECTORS["city"], VECTORS["kid"]

each_valid = pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["name"])
each_invalid = pytest.mark.parametrize("case", VECTORS["invalid"], ids=lambda case: case["name"])


def verify(text: str) -> Plate:
    """What a verifier does, in its order."""
    signed = placecode.parse(text)
    signed.plate.check_city(CITY)
    if signed.plate.kid != KID:
        raise PlateKeyUnknown()
    signed.check_signature(VerifyKey(PUBLIC), city=CITY)
    return signed.plate


@each_valid
def test_we_write_the_published_plate(case: dict[str, Any]) -> None:
    assert placecode.issue(Plate(**case["plate"]), city=CITY, key=SigningKey(SEED)) == case["text"].strip().upper()


@each_valid
def test_we_read_the_published_plate(case: dict[str, Any]) -> None:
    assert verify(case["text"]) == Plate(**case["plate"])


@each_invalid
def test_we_refuse_with_the_published_error(case: dict[str, Any]) -> None:
    with pytest.raises(DomainError) as refusal:
        verify(case["text"])
    assert refusal.value.code == case["error"]


# From here on nothing of the room is used: RFC 4648 by the standard library, Ed25519 by OpenSSL.


def read_by_a_stranger(text: str) -> dict[str, Any] | None:
    """The fields of a plate that may be believed, else None."""
    bare = text.strip()
    if not bare.isascii():
        return None
    unsigned, _, written = bare.upper().rpartition(".")
    parts = re.fullmatch(r"(HTTPS?://[A-Z0-9.:-]+)/P/(\d{21})\.([A-Z2-7]{4})\.([1-9]\d{0,3})", unsigned)
    if parts is None or parts[2][:2] != CITY[:2] or parts[3] != KID or not re.fullmatch("[A-Z2-7]{103}", written):
        return None
    signature = base64.b32decode(written + "=")
    if base64.b32encode(signature).decode().rstrip("=") != written:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(PUBLIC).verify(signature, f"CP1:{CITY}:{unsigned}".encode())
    except InvalidSignature:
        return None
    return {"base": parts[1], "code": parts[2], "kid": parts[3], "issue": int(parts[4])}


@each_valid
def test_a_stranger_reads_the_same(case: dict[str, Any]) -> None:
    assert read_by_a_stranger(case["text"]) == case["plate"]


@each_valid
def test_a_stranger_signs_the_same(case: dict[str, Any]) -> None:
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(case["message"].encode())
    assert signature.hex() == case["signature_hex"]


@each_invalid
def test_a_stranger_refuses_the_same(case: dict[str, Any]) -> None:
    assert read_by_a_stranger(case["text"]) is None


def test_the_vectors_show_every_refusal_that_needs_no_memory() -> None:
    assert {case["error"] for case in VECTORS["invalid"]} == {
        "CITYCODE_PLATE_MALFORMED",
        "CITYCODE_PLATE_PERSONAL",
        "CITYCODE_PLATE_FOREIGN",
        "CITYCODE_PLATE_KEY_UNKNOWN",
        "CITYCODE_PLATE_FORGED",
    }
