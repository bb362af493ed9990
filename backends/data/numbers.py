"""Numbers of people and of organisations, judged by their own digits.

A number that is judged good here may still belong to nobody: only the register knows that.
Source: GB 11643-1999 with ISO/IEC 7064 MOD 11-2 (people); GB 32100-2015 with MOD 31-3 (organisations).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from stdnum.cn import uscc as _uscc

_ID_NUMBER: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"
# Provinces of GB/T 2260; 81 to 83 stand in residence permits of Hong Kong, Macao and Taiwan, 9x in foreigners'.
_PROVINCES: Final = frozenset(
    f"{n}"
    for n in (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
              61, 62, 63, 64, 65, 71, 81, 82, 83, *range(90, 100))
)  # fmt: skip
_EARLIEST: Final = date(1880, 1, 1)


def is_id_number(number: str, *, today: date) -> bool:
    """True when `number` (18 characters, X in capitals) has a province, a day of birth up to today, and its digit."""
    if not _ID_NUMBER.fullmatch(number) or number[:2] not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return _EARLIEST <= born <= today and number[17] == check_character(number[:17])


def check_character(body: str) -> str:
    """The eighteenth character of the seventeen digits `body`."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def is_uscc(code: str) -> bool:
    """True when `code` is a unified social credit code with its check character."""
    return len(code) == 18 and code.isascii() and code == code.upper() and bool(_uscc.is_valid(code))
