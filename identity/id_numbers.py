"""Citizens' id numbers: 6 digits of a region, 8 of a birth date, 3 in sequence, 1 check character.

Residence permits of Hong Kong, Macao and Taiwan residents have the same form with the regions 81, 82 and 83, which
python-stdnum does not know.
Source: GB 11643-1999; ISO/IEC 7064 MOD 11-2; GB/T 2260 (provinces).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from identity.errors import IdNumberInvalid

_FORM: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_LENGTH_MAX: Final = 32
_WEIGHTS: Final = tuple(2 ** (17 - place) % 11 for place in range(17))
_CHECK_CHARACTERS: Final = "10X98765432"
_FIRST_BIRTH: Final = date(1850, 1, 1)
_PROVINCES: Final = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)


@dataclass(frozen=True, slots=True)
class IdNumber:
    """text: 18 characters with an upper-case X."""

    text: str = field(repr=False)
    born: date = field(repr=False)

    @classmethod
    def parse(cls, typed: str, *, today: date) -> IdNumber:
        """Blanks and a small x are forgiven. Raises: IdNumberInvalid."""
        text = "".join(typed.split()).upper() if len(typed) <= _LENGTH_MAX else ""
        if not _FORM.fullmatch(text) or text[:2] not in _PROVINCES or text[17] != check_character(text[:17]):
            raise IdNumberInvalid()
        try:
            born = date.fromisoformat(f"{text[6:10]}-{text[10:12]}-{text[12:14]}")
        except ValueError as fault:
            raise IdNumberInvalid() from fault
        if not _FIRST_BIRTH <= born <= today:
            raise IdNumberInvalid()
        return cls(text, born)

    @classmethod
    def of(cls, told: str, *, today: date) -> IdNumber | None:
        """What a register told; None where it cannot be one."""
        try:
            return cls.parse(told, today=today)
        except IdNumberInvalid:
            return None


def check_character(digits: str) -> str:
    """Of the 17 digits before it."""
    return _CHECK_CHARACTERS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]
