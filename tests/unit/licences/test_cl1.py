"""CL1: what a code may say, what is refused, and that a camera reads it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import base45
import cbor2
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from api.domains.licences import cl1
from api.domains.licences.catalogue import DRIVING_LICENCE
from api.domains.licences.errors import (
    CodeExpired,
    CodeForeign,
    CodeForged,
    CodeMalformed,
    CodeNotYetValid,
    TooMuchToShow,
)
from api.domains.licences.identifiers import LicenceIdentifier
from core import cose
from core.errors import DomainError

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
KEY = SigningKey(bytes(range(32)))
CLAIMS = cl1.Claims(
    city="110000",
    issued_at=NOON,
    expires_at=NOON + timedelta(seconds=60),
    cti=bytes(range(16)),
    licence=LicenceIdentifier(DRIVING_LICENCE.code, DRIVING_LICENCE.issuer, "0123456789ABCDEFGHIJ", 1).text,
    type_code=DRIVING_LICENCE.code,
    purpose="租车",
    fields={"name": "张丽华", "class": "C1"},
)
TEXT = cl1.issue(CLAIMS, kid="K7QA", key=KEY)
RAW: dict[int, Any] = cbor2.loads(CLAIMS.pack())


def written(payload: bytes, *, kid: object = b"K7QA") -> str:
    """A code of any payload, signed by the city."""
    message = cose.sign1(payload, key=KEY, kid=kid)  # type: ignore[arg-type]
    return cl1.PREFIX + str(base45.b45encode(message).decode())


def believed(text: str) -> cl1.Claims:
    """What a verifier does, without a memory."""
    code = cl1.parse(text)
    code.claims.check_city("110000")
    code.check_signature(KEY.verify_key)
    code.claims.check_time(now=NOON)
    return code.claims


def test_what_was_written_is_read() -> None:
    code = cl1.parse(f"  {TEXT}\n")
    assert (code.claims, code.kid) == (CLAIMS, "K7QA")
    assert believed(TEXT) == CLAIMS
    assert list(code.claims.fields) == ["name", "class"]


def test_a_code_names_no_citizen_and_keeps_to_the_alphabet_of_a_qr() -> None:
    assert b"cit_" not in base45.b45decode(TEXT[4:])
    assert set(TEXT) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert all(value not in repr(cl1.parse(TEXT)) for value in ("租车", "张丽华"))


def test_a_camera_reads_it() -> None:
    most = replace(CLAIMS, fields={"name": "欧阳建国", "address": "北" * 80, "born": "1971-11-30", "class": "B2"})
    for claims in (CLAIMS, most):
        text = cl1.issue(claims, kid="K7QA", key=KEY)
        drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_image(scale=4)
        found = zxingcpp.read_barcode(drawn)
        assert found is not None
        assert found.text == text
        assert believed(found.text) == claims


def test_a_stranger_verifies_it_with_the_public_key_alone() -> None:
    protected, _, payload, signature = cbor2.loads(base45.b45decode(TEXT[4:])).value
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    Ed25519PublicKey.from_public_bytes(bytes(KEY.verify_key)).verify(signature, signed)
    assert cbor2.loads(protected) == {1: -8, 4: b"K7QA"}
    assert cbor2.loads(payload) == RAW


def test_no_code_is_longer_than_a_qr_that_scans() -> None:
    with pytest.raises(TooMuchToShow):
        cl1.issue(replace(CLAIMS, fields={f"f{n}": "长" * 80 for n in range(6)}), kid="K7QA", key=KEY)


CHANGED: dict[str, dict[int, Any]] = {
    "no city": {1: ""},
    "a city of other digits": {1: "11000٠"},
    "a city that is a number": {1: 110000},
    "no time": {6: None},
    "a time before all times": {6: -1},
    "a time with a fraction": {6: 1795320000.0},
    "true for a time": {6: True},
    "a time beyond the calendar": {4: 2**63, 6: 2**63 - 1},
    "an end before its beginning": {4: RAW[6] - 1},
    "no life": {4: RAW[6]},
    "a life of more than 255 s": {4: RAW[6] + 256},
    "a short cti": {7: bytes(15)},
    "a cti of text": {7: "x" * 16},
    "no identifier": {-70001: "1.2.156.3005.2"},
    "an identifier of a wrong check character": {-70001: CLAIMS.licence[:-1] + "?"},
    "another type than the identifier's": {-70002: DRIVING_LICENCE.code[:-1] + "9"},
    "no purpose": {-70003: ""},
    "a purpose without end": {-70003: "x" * 61},
    "no fields": {-70004: {}},
    "fields that are a list": {-70004: ["name"]},
    "a field that is a number": {-70004: {"name": 1}},
    "a field of a number": {-70004: {1: "name"}},
    "a value without end": {-70004: {"name": "x" * 81}},
    "a name without end": {-70004: {"x" * 41: "C1"}},
    "a crowd of fields": {-70004: {str(n): "x" for n in range(33)}},
    "a claim of somebody else's": {2: "cit_01KAMP0000000000000000000A"},
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_claim_out_of_its_bounds_is_refused_though_signed(change: dict[int, Any]) -> None:
    with pytest.raises(CodeMalformed):
        cl1.parse(written(cbor2.dumps({**RAW, **change})))


@pytest.mark.parametrize("claim", RAW)
def test_no_claim_may_be_missing(claim: int) -> None:
    with pytest.raises(CodeMalformed):
        cl1.parse(written(cbor2.dumps({name: value for name, value in RAW.items() if name != claim})))


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\xa0", CLAIMS.pack() + b"\x00", cbor2.dumps([RAW])])
def test_a_payload_that_is_no_claims_set_is_refused(payload: bytes) -> None:
    with pytest.raises(CodeMalformed):
        cl1.parse(written(payload))


@pytest.mark.parametrize("kid", ["K7QA", 7, None, b"\xff\xfe"])
def test_a_key_id_is_ascii_bytes(kid: object) -> None:
    with pytest.raises(CodeMalformed):
        cl1.parse(written(CLAIMS.pack(), kid=kid))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CL1:",
        "CC1:" + TEXT[4:],
        TEXT.lower(),
        TEXT[4:],
        "CL1:ÄÖÜ",
        "CL1:" + ":::" * 9,
        "CL1:" + "0" * 1_987,
        " " * 10_000_000,
        "CL1:" + "0" * 10_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_code_is_malformed(text: str) -> None:
    with pytest.raises(CodeMalformed):
        cl1.parse(text)


@pytest.mark.parametrize("length", range(len(TEXT)))
def test_a_code_that_is_cut_off_is_malformed(length: int) -> None:
    with pytest.raises(CodeMalformed):
        cl1.parse(TEXT[:length])


@pytest.mark.parametrize(
    ("after_s", "refusal"),
    [(-31, CodeNotYetValid), (-30.001, CodeNotYetValid), (-30, None), (0, None), (59.999, None), (60, CodeExpired)],
)
def test_a_code_lives_its_minute(after_s: float, refusal: type[DomainError] | None) -> None:
    now = NOON + timedelta(seconds=after_s)
    if refusal is None:
        CLAIMS.check_time(now=now)
        return
    with pytest.raises(refusal):
        CLAIMS.check_time(now=now)


def test_another_city_s_and_another_key_s_code_are_told_apart() -> None:
    with pytest.raises(CodeForeign):
        CLAIMS.check_city("310000")
    with pytest.raises(CodeForged):
        cl1.parse(TEXT).check_signature(SigningKey(bytes(32)).verify_key)


OCTETS = bytes(base45.b45decode(TEXT[4:]))


def refused(octets: bytes) -> bool:
    try:
        believed(cl1.PREFIX + str(base45.b45encode(octets).decode()))
    except DomainError as refusal:
        return refusal.code.startswith("LICENCES_CODE_")
    return False


def test_every_flipped_bit_is_refused() -> None:
    flipped = (
        OCTETS[:n] + bytes([OCTETS[n] ^ 1 << bit]) + OCTETS[n + 1 :] for n in range(len(OCTETS)) for bit in range(8)
    )
    assert all(refused(octets) for octets in flipped)


@settings(deadline=timedelta(milliseconds=200))
@given(place=st.integers(0, len(OCTETS) - 1), value=st.integers(0, 255))
def test_every_other_byte_is_refused_in_time(place: int, value: int) -> None:
    changed = OCTETS[:place] + bytes([value]) + OCTETS[place + 1 :]
    assert changed == OCTETS or refused(changed)


@settings(deadline=timedelta(milliseconds=200))
@given(text=st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=2_000))
def test_noise_is_refused_in_time(text: str) -> None:
    with pytest.raises(CodeMalformed):
        cl1.parse("CL1:" + text)


def test_signed_noise_is_refused_too() -> None:
    """The decoder of the claims meets bytes that nobody planned."""
    draw = random.Random(2026)
    for _ in range(2_000):
        payload = bytearray(CLAIMS.pack())
        for _ in range(draw.randint(1, 6)):
            payload[draw.randrange(len(payload))] = draw.randrange(256)
        try:
            claims = cl1.parse(written(bytes(payload))).claims
        except CodeMalformed:
            continue
        assert claims.expires_at - claims.issued_at <= timedelta(seconds=255)
