"""Numbers of people's documents, judged by their own characters: a number that is good may still be nobody's.

- Citizens' id numbers: 6 digits of a region, 8 of a birth date, 3 in sequence, 1 check character. Residence permits of
  Hong Kong, Macao and Taiwan residents have the same form with the regions 81, 82 and 83, which python-stdnum does not
  know; so have foreigners' permanent residence cards since 2023, which begin with 9.
- Permits to travel to the mainland, passports, and the machine-readable zone of these.
Source: GB 11643-1999; ISO/IEC 7064 MOD 11-2; GB/T 2260 (provinces); ICAO Doc 9303 parts 3 and 4; National Immigration
Administration (cards of 2023). How the last two digits of cards before 2023 are made is not published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from identity.errors import DocumentExpired, DocumentInvalid, IdNumberInvalid
from identity.levels import DocumentType

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

    @property
    def document(self) -> DocumentType:
        """What shows it."""
        permit = self.text[:2] in _RESIDENCE_PROVINCES
        return DocumentType.RESIDENCE_PERMIT if permit else DocumentType.RESIDENT_ID

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


# --- documents of those who have another number, or one more ------------------------------------------------------

_RESIDENCE_PROVINCES: Final = frozenset({"81", "82", "83"})
_ID_TYPES: Final = frozenset({DocumentType.RESIDENT_ID, DocumentType.RESIDENCE_PERMIT})
_DOCUMENT_LENGTH_MAX: Final = 32
# Letter of the region, eight digits that stay a person's own; a card adds two for how often it was issued.
_HOME_RETURN: Final = re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?")
_TAIWAN: Final = re.compile(r"[0-9]{8}")
# Cards since 2023: 9, two of the province, three of the nationality, birth date, three in sequence, check character.
_PERMANENT: Final = re.compile(r"9([0-9]{2})[0-9]{3}([0-9]{8})[0-9]{3}[0-9X]")
# Cards before: nationality, four of the place, birth date, two more.
_PERMANENT_BEFORE: Final = re.compile(r"[A-Z]{3}([0-9]{2})[0-9]{2}([0-9]{6})[0-9]{2}")
_PASSPORT: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,9}")
_NATIONALITY: Final = re.compile(r"[A-Z]{3}")
# Whose nationals are known here by other numbers.
_NOT_FOREIGN: Final = frozenset({"CHN", "HKG", "MAC", "TWN"})
_MAINLAND: Final = _PROVINCES - _RESIDENCE_PROVINCES - {"71"}


@dataclass(frozen=True, slots=True)
class Document:
    """One that its own characters do not condemn. nationality: ISO 3166-1 alpha-3, of a passport; else empty."""

    type: DocumentType
    number: str = field(repr=False)
    nationality: str = ""
    born: date | None = field(default=None, repr=False)
    expires_on: date | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """What one account alone has: equal for two ways to write one number."""
        return f"{self.type}:{self.nationality}:{self.number}"

    @classmethod
    def parse(
        cls,
        type: DocumentType,
        number: str,
        *,
        today: date,
        nationality: str = "",
        born: date | None = None,
        expires_on: date | None = None,
        mrz: str = "",
    ) -> Document:
        """As it was typed. A date that stands in the number is taken from it, and must not be said otherwise.

        mrz: both lines of a passport's machine-readable zone; what it says must be what was said.
        Raises: IdNumberInvalid, DocumentInvalid, DocumentExpired.
        """
        if expires_on is not None and expires_on < today:
            raise DocumentExpired()
        if born is not None and not _FIRST_BIRTH <= born <= today:
            raise DocumentInvalid(part="birthDate")
        text = "".join(number.split()).upper() if len(number) <= _DOCUMENT_LENGTH_MAX else ""
        if type in _ID_TYPES:
            return _resident(type, number, born, expires_on, today)
        if type is DocumentType.PASSPORT:
            found = cls(type, text, _nationality(nationality), born, expires_on)
            if not _PASSPORT.fullmatch(text):
                raise DocumentInvalid(part="number")
            return _as_in_zone(found, MachineReadable.parse(mrz, today=today)) if mrz else found
        return cls(type, *_permit(type, text, born, today), expires_on=expires_on)


def _resident(type: DocumentType, number: str, born: date | None, expires_on: date | None, today: date) -> Document:
    found = IdNumber.parse(number, today=today)
    if found.document is not type or born not in (None, found.born):
        raise IdNumberInvalid()
    return Document(type, found.text, "", found.born, expires_on)


def _permit(type: DocumentType, text: str, born: date | None, today: date) -> tuple[str, str, date | None]:
    """Number, no nationality, birth date. Raises: DocumentInvalid."""
    if type is DocumentType.HOME_RETURN_PERMIT and (match := _HOME_RETURN.fullmatch(text)):
        return match[1], "", born
    if type is DocumentType.TAIWAN_PERMIT and _TAIWAN.fullmatch(text):
        return text, "", born
    if type is DocumentType.PERMANENT_RESIDENCE:
        return text, "", _permanent(text, born, today)
    raise DocumentInvalid(part="number")


def _permanent(text: str, born: date | None, today: date) -> date | None:
    """The birth date: in cards before 2023 it has no century, and is as it was said."""
    if (match := _PERMANENT.fullmatch(text)) and text[17] == check_character(text[:17]):
        told = _day(match[2])
        sound = told is not None and _FIRST_BIRTH <= told <= today and born in (None, told)
    elif match := _PERMANENT_BEFORE.fullmatch(text):
        told = born
        days = [day for century in ("19", "20") if (day := _day(century + match[2])) and day <= today]
        sound = bool(days) and (born is None or born in days)
    else:
        raise DocumentInvalid(part="number")
    if not sound or match[1] not in _MAINLAND:
        raise DocumentInvalid(part="number")
    return told


def _nationality(text: str) -> str:
    code = text.strip().upper()
    if not _NATIONALITY.fullmatch(code) or code in _NOT_FOREIGN:
        raise DocumentInvalid(part="nationality")
    return code


def _day(digits: str) -> date | None:
    try:
        return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError:
        return None


# --- machine-readable zones ---------------------------------------------------------------------------------------

_LINE: Final = re.compile(r"[A-Z0-9<]{44}")
# What ICAO shortens, as everybody else writes it.
_ICAO: Final = {"D": "DEU"}


@dataclass(frozen=True, slots=True)
class MachineReadable:
    """What the zone of a passport says (TD3: two lines of 44). Source: ICAO Doc 9303 part 4 §4.2, part 3 §4.9."""

    number: str = field(repr=False)
    nationality: str
    born: date = field(repr=False)
    expires_on: date = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, today: date) -> MachineReadable:
        """Each of its check digits must be right. Raises: DocumentInvalid."""
        lines = text.upper().split() if len(text) <= 128 else []
        if len(lines) != 2 or not all(map(_LINE.fullmatch, lines)) or lines[0][0] != "P":
            raise DocumentInvalid(part="mrz")
        low = lines[1]
        checked = (low[:10], low[13:20], low[21:28], low[:10] + low[13:20] + low[21:44])
        optional = low[28:43] if low[42] != "<" else ""
        born, expires = _short_day(low[13:19], last=today), _short_day(low[21:27], last=date(today.year + 50, 1, 1))
        sound = all(one[-1] == zone_check_digit(one[:-1]) for one in (*checked, *filter(None, (optional,))))
        if not sound or born is None or expires is None or (not optional and low[28:42] != "<" * 14):
            raise DocumentInvalid(part="mrz")
        nationality = low[10:13].rstrip("<")
        return cls(low[:9].rstrip("<"), _ICAO.get(nationality, nationality), born, expires)


def zone_check_digit(characters: str) -> str:
    """Weights 7, 3, 1; digits as they are, A to Z as 10 to 35, the filler as 0. Source: ICAO Doc 9303 part 3 §4.9."""
    values = (0 if one == "<" else int(one, 36) for one in characters)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def _short_day(digits: str, *, last: date) -> date | None:
    """Of YYMMDD, the latest that is not behind `last`."""
    days = [_day(f"{century}{digits}") for century in (20, 19)] if digits.isdecimal() else []
    return next((day for day in days if day and day <= last), None)


def _as_in_zone(said: Document, zone: MachineReadable) -> Document:
    """Raises: DocumentInvalid where the two differ."""
    same = (
        said.number == zone.number
        and said.nationality == zone.nationality
        and said.born in (None, zone.born)
        and said.expires_on in (None, zone.expires_on)
    )
    if not same:
        raise DocumentInvalid(part="mrz")
    return Document(said.type, said.number, said.nationality, zone.born, zone.expires_on)
