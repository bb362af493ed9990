"""Citizens' id numbers (GB 11643): form, region, date, check character."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from identity.errors import DocumentInvalid, IdNumberInvalid
from identity.id_numbers import Document, IdNumber, MachineReadable, check_character
from identity.levels import DocumentType

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "text", "born"),
    [
        ("110101198503120025", "110101198503120025", date(1985, 3, 12)),
        ("11010519491231002X", "11010519491231002X", date(1949, 12, 31)),  # the standard's own example
        ("11010519491231002x", "11010519491231002X", date(1949, 12, 31)),
        (" 110105 19491231 002X ", "11010519491231002X", date(1949, 12, 31)),
        ("440524188001010014", "440524188001010014", date(1880, 1, 1)),  # the standard's other example
        ("810000199408230021", "810000199408230021", date(1994, 8, 23)),  # python-stdnum refuses these three
        ("820000199408230023", "820000199408230023", date(1994, 8, 23)),
        ("830000199408230025", "830000199408230025", date(1994, 8, 23)),
    ],
)
def test_numbers_that_are_good(typed: str, text: str, born: date) -> None:
    number = IdNumber.parse(typed, today=TODAY)
    assert (number.text, number.born) == (text, born)
    assert text not in repr(number) and str(born.year) not in repr(number)


def _with_check(digits: str) -> str:
    return digits + check_character(digits)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "110101198503120026",  # check character
        "11010119850312002",  # 17
        "1101011985031200255",  # 19
        "110101850312002",  # the old 15
        "１１０１０１１９８５０３１２００２５",
        "110101198503120O25",
        _with_check("11010119850230002"),  # 30 February
        _with_check("11010119851332002"),
        _with_check("11010118491231002"),
        _with_check("11010120261123002"),  # tomorrow
        _with_check("90000019850312002"),  # no such region
        _with_check("16010119850312002"),
        _with_check("01010119850312002"),
        "1" * 100_000,
        "110101198503120025\x00",
    ],
)
def test_numbers_that_are_not(typed: str) -> None:
    with pytest.raises(IdNumberInvalid) as refusal:
        IdNumber.parse(typed, today=TODAY)
    assert "1985" not in str(refusal.value.extensions)


def test_who_was_born_today_has_one() -> None:
    assert IdNumber.parse(_with_check("11010120261122002"), today=TODAY).born == TODAY


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.integers(0, 999))
def test_the_check_character_is_that_of_another_implementation(born: date, sequence: int) -> None:
    digits = f"110101{born:%Y%m%d}{sequence:03d}"
    assert check_character(digits) == ric.calc_check_digit(digits + "0")


@given(st.from_regex(r"[0-9]{17}", fullmatch=True), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(digits: str, place: int, off: int) -> None:
    wrong = digits[:place] + str((int(digits[place]) + off) % 10) + digits[place + 1 :]
    assert check_character(wrong) != check_character(digits)


# --- other documents ----------------------------------------------------------------------------------------------

# ICAO Doc 9303 part 4, appendix B: the specimen of Utopia.
SPECIMEN = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"


@pytest.mark.parametrize(
    ("type", "typed", "number"),
    [
        ("HOME_RETURN_PERMIT", "h12345678", "H12345678"),
        ("HOME_RETURN_PERMIT", "M1234567802", "M12345678"),
        ("TAIWAN_PERMIT", " 1234 5678 ", "12345678"),
        ("PERMANENT_RESIDENCE", "911276197903120026", "911276197903120026"),
        ("PERMANENT_RESIDENCE", "DEU110079031202", "DEU110079031202"),
        ("RESIDENCE_PERMIT", "810000199408230021", "810000199408230021"),
        ("PASSPORT", "x1234567", "X1234567"),
    ],
)
def test_documents_that_are_good(type: str, typed: str, number: str) -> None:
    found = Document.parse(DocumentType(type), typed, today=TODAY, nationality="USA")
    assert found.number == number and number not in repr(found)


@pytest.mark.parametrize(
    ("type", "typed"),
    [
        ("HOME_RETURN_PERMIT", "A12345678"),
        ("HOME_RETURN_PERMIT", "H1234567"),
        ("HOME_RETURN_PERMIT", "H123456781"),
        ("TAIWAN_PERMIT", "123456789"),
        ("TAIWAN_PERMIT", "１２３４５６７８"),
        ("PERMANENT_RESIDENCE", "911276197903120027"),
        ("PERMANENT_RESIDENCE", "DEU110079133102"),
        ("PERMANENT_RESIDENCE", "DEU990079031202"),
        ("RESIDENCE_PERMIT", "110101198503120025"),
        ("RESIDENT_ID", "810000199408230021"),
        ("PASSPORT", "ABCDEFGH"),
        ("PASSPORT", "1234567890"),
        ("PASSPORT", "12-34567"),
        ("PASSPORT", "1" * 100_000),
    ],
)
def test_documents_that_are_not(type: str, typed: str) -> None:
    with pytest.raises((DocumentInvalid, IdNumberInvalid)):
        Document.parse(DocumentType(type), typed, today=TODAY, nationality="USA")


def test_a_zone_says_what_was_said() -> None:
    today = date(2010, 1, 1)
    zone = MachineReadable.parse(SPECIMEN, today=today)
    assert (zone.number, zone.nationality) == ("L898902C3", "UTO")
    assert (zone.born, zone.expires_on) == (date(1974, 8, 12), date(2012, 4, 15))
    said: dict[str, Any] = {"type": DocumentType.PASSPORT, "number": "L898902C3", "today": today, "mrz": SPECIMEN}
    found = Document.parse(**said, nationality="UTO")
    assert (found.born, found.expires_on) == (zone.born, zone.expires_on)
    for other in ({"nationality": "USA"}, {"nationality": "UTO", "born": date(1974, 8, 13)}):
        with pytest.raises(DocumentInvalid):
            Document.parse(**{**said, **other})


@given(st.integers(0, 87), st.sampled_from("0123456789ABCXYZ<"))
def test_one_wrong_character_of_a_zone_is_noticed_or_says_the_same(place: int, character: str) -> None:
    """But for what no digit covers: the upper line, the sex; and for characters of one weight (ICAO: 10 apart)."""
    text = SPECIMEN.replace("\n", "")
    wrong = text[:place] + character + text[place + 1 :]
    try:
        found = MachineReadable.parse(f"{wrong[:44]}\n{wrong[44:]}", today=date(2010, 1, 1))
    except DocumentInvalid:
        return
    values = (0 if one == "<" else int(one, 36) for one in (text[place], character))
    uncovered = place < 44 or 54 <= place < 57 or place == 64
    assert uncovered or len({value % 10 for value in values}) == 1
    assert uncovered or found.born == date(1974, 8, 12)


@given(st.text(max_size=40))
def test_what_is_typed_is_good_or_refused_and_never_worse(typed: str) -> None:
    for type in DocumentType:
        try:
            found = Document.parse(type, typed, today=TODAY, nationality="USA")
        except (DocumentInvalid, IdNumberInvalid):
            continue
        assert Document.parse(type, found.number, today=TODAY, nationality="USA").key == found.key
