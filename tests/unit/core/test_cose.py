"""The strict reader: what it refuses, whoever wrote it."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from core import cose
from core.cose import NotCose

KEY = SigningKey(bytes(range(32)))
MESSAGE = cose.sign1(b"what is said", key=KEY, kid=b"K7QA")

# Every tag that the library would build something for, some that nobody knows, and our own.
TAGS = (
    0,
    1,
    2,
    3,
    4,
    5,
    18,
    24,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    52,
    54,
    100,
    256,
    258,
    260,
    261,
    1004,
    43000,
    55799,
    2**40,
)


def tagged(number: int) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(number, b"1"))


@pytest.mark.parametrize("number", TAGS)
@pytest.mark.parametrize("around", [b"", b"\x81", b"\xa1\x01"], ids=["bare", "in an array", "in a map"])
def test_no_tag_is_looked_into(number: int, around: bytes) -> None:
    with pytest.raises(NotCose):
        cose.decode(around + tagged(number))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "0101",  # two items
        "9f01ff",  # indefinite length
        "5f4101ff",
        "bf0102ff",
        "a201010102",  # one key twice
        "8201",  # cut off
        "5b7fffffffffffffff01",  # eight exabytes, it says
        "9b7fffffffffffffff01",
        "bb7fffffffffffffff0101",
        "61ff",  # not UTF-8
        "a1800001",  # an array for a key
        "ff",
        "1c",
        "81" * 200 + "01",
    ],
)
def test_what_is_not_strict_is_refused(written: str) -> None:
    with pytest.raises(NotCose):
        cose.decode(bytes.fromhex(written))


def test_a_message_is_read_as_it_was_written() -> None:
    message = cose.parse(MESSAGE)
    assert (message.payload, message.kid, message.headers) == (b"what is said", b"K7QA", {1: -8, 4: b"K7QA"})
    assert message.verify(KEY.verify_key)
    assert not message.verify(SigningKey(bytes(32)).verify_key)


def sent(*parts: Any) -> bytes:
    return b"\xd2" + cbor2.dumps(list(parts))


PROTECTED = cbor2.dumps({1: -8, 4: b"K7QA"})


@pytest.mark.parametrize(
    "raw",
    [
        sent(PROTECTED, {}, b"said"),
        sent(PROTECTED, {}, b"said", b"", b""),
        sent(PROTECTED, {}, None, bytes(64)),  # a detached payload
        sent(PROTECTED, {}, "said", bytes(64)),
        sent(PROTECTED, [], b"said", bytes(64)),
        sent({1: -8}, {}, b"said", bytes(64)),
        sent(cbor2.dumps([1, -8]), {}, b"said", bytes(64)),
        sent(PROTECTED + b"\x00", {}, b"said", bytes(64)),
        sent(PROTECTED, {4: b"OTHR"}, b"said", bytes(64)),  # a label in both maps
        sent(cbor2.dumps({1: -8, 2: [99], 99: 1}), {}, b"said", bytes(64)),  # a critical header
        b"\xd2" + cbor2.dumps({1: 2}),
        b"\xd2" + MESSAGE,
    ],
)
def test_what_is_no_sign1_is_refused(raw: bytes) -> None:
    with pytest.raises(NotCose):
        cose.parse(raw)


@pytest.mark.parametrize("header", [{}, {1: -7}, {1: -19}, {1: "EdDSA"}])
def test_the_algorithm_is_eddsa_and_protected(header: dict[int, Any]) -> None:
    """Signed with the right key over the right bytes, and yet not said to be."""
    protected = cbor2.dumps(header) if header else b""
    unsheltered = {} if header else {1: -8}
    unsigned = cose.parse(sent(protected, unsheltered, b"said", bytes(64)))
    signature = KEY.sign(unsigned.to_be_signed).signature
    assert not cose.parse(sent(protected, unsheltered, b"said", signature)).verify(KEY.verify_key)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_wrong(length: int) -> None:
    assert not cose.parse(sent(PROTECTED, {}, b"said", bytes(length))).verify(KEY.verify_key)


def test_a_key_id_that_is_no_bytes_is_none() -> None:
    assert cose.parse(sent(cbor2.dumps({1: -8}), {4: 7}, b"said", bytes(64))).kid is None


@given(raw=st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    for read in (cose.decode, cose.parse):
        try:
            read(raw)
        except NotCose:
            continue


@given(place=st.integers(0, len(MESSAGE) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_never_believed(place: int, bit: int) -> None:
    raw = bytearray(MESSAGE)
    raw[place] ^= 1 << bit
    try:
        message = cose.parse(bytes(raw))
    except NotCose:
        return
    assert not message.verify(KEY.verify_key)
