"""The code on a plate as text and as a QR."""

from __future__ import annotations

import string
import time
from dataclasses import replace
from typing import Any

import pytest
import zxingcpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey
from PIL import Image

from api.domains.citycode import cc1, placecode
from api.domains.citycode.errors import PlateForeign, PlateForged, PlateMalformed, PlatePersonal
from api.domains.citycode.placecode import Plate
from core.errors import DomainError

KEY = SigningKey(bytes(range(32)))
ALPHANUMERIC = set(string.digits + string.ascii_uppercase + " $%*+-./:")  # ISO/IEC 18004 table 5
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PLATE = Plate("HTTPS://CITY.EXAMPLE.CN", "110101010503000000017", "K7QA", 1)
TEXT = placecode.issue(PLATE, city="110000", key=KEY)

plates = st.builds(
    Plate,
    base=st.sampled_from(["HTTPS://CITY.EXAMPLE.CN", "HTTP://127.0.0.1:8000", "HTTPS://A"]),
    code=st.integers(0, 10**15 - 1).map("110101{:015d}".format),
    kid=st.text(BASE32, min_size=4, max_size=4),
    issue=st.integers(1, 9_999),
)


def believed(text: str, *, city: str = "110000") -> Plate | None:
    """What a verifier reads from a plate; None when it is refused, which must be a `DomainError`."""
    try:
        signed = placecode.parse(text)
        signed.plate.check_city(city)
        signed.check_signature(KEY.verify_key, city=city)
    except DomainError:
        return None
    return signed.plate


@given(plates)
def test_what_is_issued_is_read_back_in_either_case(plate: Plate) -> None:
    text = placecode.issue(plate, city="110000", key=KEY)
    assert set(text) <= ALPHANUMERIC
    assert believed(text) == believed(text.lower()) == believed(f"  {text}\r\n") == plate


@given(plates)
@settings(max_examples=20)
def test_a_strange_reader_reads_the_qr_and_finds_version_7_at_most(plate: Plate) -> None:
    text = placecode.issue(plate, city="110000", key=KEY)
    pixels: Any = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_image(scale=3)
    height, width = pixels.shape
    read = zxingcpp.read_barcode(Image.frombuffer("L", (width, height), bytes(memoryview(pixels))))
    assert read is not None
    extra: Any = read.extra
    assert (read.text, read.ec_level) == (text, "M")
    assert int(extra["Version"]) <= 7
    assert believed(read.text) == plate


@given(plates, st.integers(0, 200), st.text([*sorted(ALPHANUMERIC), "ſ", "\0", "码"], max_size=4), st.integers(0, 4))
@settings(max_examples=500)
def test_any_change_of_a_plate_is_refused(plate: Plate, at: int, inserted: str, removed: int) -> None:
    text = placecode.issue(plate, city="110000", key=KEY)
    changed = text[:at] + inserted + text[at + removed :]
    assume(changed.strip().upper() != text)
    assert believed(changed) is None


@pytest.mark.parametrize("place", range(103))
def test_each_character_of_the_signature_counts(place: int) -> None:
    head, _, signature = TEXT.rpartition(".")
    for other in BASE32:
        if other != signature[place]:
            assert believed(f"{head}.{signature[:place]}{other}{signature[place + 1 :]}") is None


@pytest.mark.parametrize(
    "changes",
    [{"base": "HTTPS://EVIL.EXAMPLE.CN"}, {"code": "110101010503000000018"}, {"kid": "K7QB"}, {"issue": 2}],
    ids=str,
)
def test_a_signature_is_for_one_plate(changes: dict[str, Any]) -> None:
    signature = TEXT.rpartition(".")[2]
    with pytest.raises(PlateForged):
        placecode.parse(f"{replace(PLATE, **changes).unsigned}.{signature}").check_signature(
            KEY.verify_key, city="110000"
        )


def test_a_plate_of_another_city_is_told_apart() -> None:
    elsewhere = placecode.issue(replace(PLATE, code="310101010503000000017"), city="310000", key=KEY)
    with pytest.raises(PlateForeign):
        placecode.parse(elsewhere).plate.check_city("110000")
    # Nor does a signature made for another city hold here, though the digits are ours.
    assert believed(placecode.issue(PLATE, city="310000", key=KEY)) is None


def test_what_signs_persons_signs_no_plate() -> None:
    raw = KEY.sign(b"CC1" + PLATE.unsigned.encode()).signature
    forged = f"{PLATE.unsigned}.{placecode._written(raw)}"
    assert believed(TEXT) == PLATE
    assert believed(forged) is None


@pytest.mark.parametrize("text", ["CC1:", "  cc1:X624", "CC1:" + "X" * 131])
def test_a_personal_code_is_told_apart(text: str) -> None:
    with pytest.raises(PlatePersonal):
        placecode.parse(text)
    with pytest.raises(DomainError):
        cc1.parse(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "A",
        TEXT.replace("HTTPS", "FTP"),
        TEXT.replace("/P/", "/Q/"),
        TEXT.replace(".1.", ".01."),
        TEXT.replace(".1.", ".0."),
        TEXT.replace(".1.", ".10000."),
        TEXT.replace("CITY", "CI@TY"),
        TEXT.replace("HTTPS", "HTTPſ"),
        TEXT.replace("110101", "١10101"),
        TEXT[:40] + "\n" + TEXT[40:],
    ],
)
def test_what_is_no_plate_is_malformed(text: str) -> None:
    with pytest.raises(PlateMalformed):
        placecode.parse(text)


@pytest.mark.parametrize("unit", ["A", " ", "HTTPS://", "码", "\ud800"])
def test_a_megabyte_is_refused_unread(unit: str) -> None:
    text = unit * (2**20 // len(unit))
    started = time.process_time()
    for _ in range(1000):
        with pytest.raises(PlateMalformed):
            placecode.parse(text)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://city.example.cn/", "HTTPS://CITY.EXAMPLE.CN"),
        ("http://127.0.0.1:8000", "HTTP://127.0.0.1:8000"),
        ("https://city.example.cn/app?x=1", "HTTPS://CITY.EXAMPLE.CN"),
    ],
)
def test_the_address_on_a_plate_is_the_city_s(url: str, base: str) -> None:
    assert placecode.base_of(url) == base


@pytest.mark.parametrize("url", ["ftp://city.example.cn", "https://城市.cn", "https://u:p@city.cn", "https://[::1]"])
def test_an_address_that_does_not_fit_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="plate"):
        placecode.base_of(url)


@pytest.mark.parametrize("changes", [{"issue": 0}, {"issue": 10_000}, {"kid": "k7qa"}, {"code": "1101"}], ids=str)
def test_a_plate_that_does_not_fit_is_never_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a plate"):
        placecode.issue(replace(PLATE, **changes), city="110000", key=KEY)
