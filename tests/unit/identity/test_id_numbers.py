"""Citizens' id numbers (GB 11643): form, region, date, check character."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from identity.errors import IdNumberInvalid
from identity.id_numbers import IdNumber, check_character

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
