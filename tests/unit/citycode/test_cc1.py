"""The personal code as bytes, as text and as a QR."""

from __future__ import annotations

import string
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zxingcpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey
from PIL import Image

from api.domains.citycode import cc1
from api.domains.citycode.errors import CodeExpired, CodeForged, CodeMalformed, CodeNotYetValid
from core.errors import DomainError

KEY = SigningKey(bytes(range(32)))
ISSUED_AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ALPHANUMERIC = set(string.digits + string.ascii_uppercase + " $%*+-./:")  # ISO/IEC 18004 table 5
CODE_TEXT = st.text(alphabet=[*sorted(ALPHANUMERIC), "a", "\n", "\0", "码"], max_size=8)

bodies = st.builds(
    cc1.Body,
    city=st.integers(0, 999_999).map("{:06d}".format),
    pseudonym=st.binary(min_size=10, max_size=10),
    real_name_level=st.integers(0, 5),
    issued_at=st.integers(0, 2**32 - 1).map(lambda s: datetime.fromtimestamp(s, UTC)),
    ttl_s=st.integers(1, 255),
    kid=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=4, max_size=4),
)


def a_body(**changes: Any) -> cc1.Body:
    body = cc1.Body(
        city="110000", pseudonym=b"0123456789", real_name_level=4, issued_at=ISSUED_AT, ttl_s=60, kid="K7QA"
    )
    return replace(body, **changes)


def verified(text: str) -> bytes | None:
    """The 23 bytes of a code that bears our signature; None when it is refused, which must be a `DomainError`."""
    try:
        code = cc1.parse(text)
        code.check_signature(KEY.verify_key)
    except DomainError:
        return None
    return code.raw


@given(bodies)
def test_what_is_issued_is_read_back(body: cc1.Body) -> None:
    text = cc1.issue(body, key=KEY)
    code = cc1.parse(text)
    code.check_signature(KEY.verify_key)
    assert code.body == body
    assert len(code.raw) == 23
    assert len(text) == 135
    assert set(text) <= ALPHANUMERIC


@given(bodies)
@settings(max_examples=25)
def test_a_strange_reader_reads_the_qr_and_finds_version_6(body: cc1.Body) -> None:
    text = cc1.issue(body, key=KEY)
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    assert drawn.to_image(scale=1, add_quiet_zones=False).shape == (41, 41)
    pixels: Any = drawn.to_image(scale=3)
    height, width = pixels.shape
    read = zxingcpp.read_barcode(Image.frombuffer("L", (width, height), bytes(memoryview(pixels))))
    assert read is not None
    extra: Any = read.extra
    assert (read.text, extra["Version"], read.ec_level) == (text, "6", "M")


def test_only_the_alphanumeric_mode_of_the_qr_makes_it_that_small() -> None:
    text = cc1.issue(a_body(), key=KEY)
    in_byte_mode = zxingcpp.create_barcode(text.lower(), zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    assert in_byte_mode.to_image(scale=1, add_quiet_zones=False).shape == (49, 49)


@given(bodies, st.integers(0, 134), CODE_TEXT, st.integers(0, 5))
@settings(max_examples=500)
def test_a_mutated_text_verifies_only_when_it_decodes_to_the_same_bytes(
    body: cc1.Body, at: int, inserted: str, removed: int
) -> None:
    text = cc1.issue(body, key=KEY)
    mutated = text[:at] + inserted + text[at + removed :]
    assume(mutated != text)
    assert verified(mutated) in (None, body.pack())
    if mutated.strip() != text:
        assert verified(mutated) is None


@given(bodies, st.integers(0, 87 * 8 - 1))
def test_no_bit_of_body_or_signature_can_be_turned(body: cc1.Body, bit: int) -> None:
    code = cc1.parse(cc1.issue(body, key=KEY))
    octets = bytearray(code.raw + code.signature)
    octets[bit // 8] ^= 1 << bit % 8
    turned = cc1.SignedCode(body, bytes(octets[:23]), bytes(octets[23:]))
    with pytest.raises(CodeForged):
        turned.check_signature(KEY.verify_key)


@given(st.text(max_size=300) | st.text(sorted(ALPHANUMERIC), min_size=131, max_size=131).map("CC1:".__add__))
@settings(max_examples=500)
def test_reading_anything_ends_in_a_domain_error(text: str) -> None:
    assert verified(text) is None


@pytest.mark.parametrize("unit", ["A", " ", "CC1:", "\0", "码", "\ud800"])
def test_a_megabyte_is_refused_without_being_read(unit: str) -> None:
    text = unit * (2**20 // len(unit))
    started = time.process_time()
    for _ in range(1000):
        with pytest.raises(CodeMalformed):
            cc1.parse(text)
    assert time.process_time() - started < 1.0  # reading a thousand megabytes takes minutes


@pytest.mark.parametrize("around", ["{}\n", "\r\n{}", "  {}\t", "{}" + " " * 121])
def test_blanks_around_a_code_are_let_pass(around: str) -> None:
    text = cc1.issue(a_body(), key=KEY)
    assert verified(around.format(text)) == a_body().pack()


@pytest.mark.parametrize(
    ("after_s", "refusal"),
    [
        (-30.001, CodeNotYetValid),
        (-30, None),
        (0, None),
        (59.999, None),
        (60, CodeExpired),
        (86_400, CodeExpired),
    ],
)
def test_a_code_lives_from_30_s_before_to_60_s_after_its_issue(
    after_s: float, refusal: type[DomainError] | None
) -> None:
    now = ISSUED_AT + timedelta(seconds=after_s)
    if refusal is None:
        a_body().check_time(now=now)
    else:
        with pytest.raises(refusal):
            a_body().check_time(now=now)


@pytest.mark.parametrize(
    "changes",
    [
        {"pseudonym": b"012345678"},
        {"pseudonym": b"0123456789A"},
        {"real_name_level": 6},
        {"real_name_level": -1},
        {"ttl_s": 0},
        {"kid": "ABC"},
        {"kid": "ABC1"},
    ],
    ids=str,
)
def test_a_body_that_does_not_fit_the_table_is_never_written(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        a_body(**changes).pack()


def test_neither_a_code_nor_its_pseudonym_shows_in_a_log_line() -> None:
    code = cc1.parse(cc1.issue(a_body(), key=KEY))
    assert "0123456789" not in repr(code)
    assert repr(code.raw) not in repr(code)
    assert repr(code.signature) not in repr(code)
