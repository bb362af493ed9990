"""What the registers know, and what may be asked of them.

Rules
- The population register says whether a name goes with a number, and to a key with that right of its own who the
  children of such a person are. It looks the pair up under one blind index, so a wrong name and an unknown number are
  the same miss, and take the same time.
- Who represents an organisation is never told: whoever asks says who it is, and is told yes or no.
- A name is compared without what people write differently: case, accents, spaces, hyphens, dots between names.
- A number that its own digits condemn is told so: that says nothing of the register.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from backends.data.errors import NumberInvalid, QuestionMalformed
from backends.data.numbers import is_id_number, is_uscc
from backends.data.terms import folded
from core.divisions import DISTRICTS
from core.geo import Point

NAME_LENGTH_MAX: Final = 100
ADDRESS_LENGTH_MAX: Final = 100
DOCUMENT_TYPES: Final = frozenset({"HOME_RETURN_PERMIT", "TAIWAN_PERMIT", "PERMANENT_RESIDENCE", "PASSPORT"})


class Register(StrEnum):
    POPULATION = "population"
    FAMILIES = "families"
    ORGANISATIONS = "organisations"
    ADDRESSES = "addresses"
    DOCUMENTS = "documents"
    FACES = "faces"
    NET_IDS = "netids"


class Standing(StrEnum):
    """Of an organisation."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"
    DEREGISTERED = "DEREGISTERED"


@dataclass(frozen=True, slots=True)
class Person:
    """A name and the number that goes with it."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)

    @classmethod
    def of(cls, asked: object, *, today: date) -> Person:
        """From {"name", "idNumber"}. Raises: QuestionMalformed, NumberInvalid."""
        given = _members(asked, "name", "idNumber")
        number = _text(given, "idNumber", 18).upper()
        if not is_id_number(number, today=today):
            raise NumberInvalid(field="idNumber", standard="GB 11643")
        return cls(_text(given, "name", NAME_LENGTH_MAX), number)

    @property
    def pair(self) -> str:
        """What the two are looked up by, together."""
        return f"{self.id_number}\n{comparable(self.name)}"


@dataclass(frozen=True, slots=True)
class TravelDocument:
    """A permit, or a foreign passport, of somebody. born: told with the question, and then it must be right."""

    type: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    nationality: str = ""
    born: str = field(default="", repr=False)

    @classmethod
    def of(cls, asked: object) -> TravelDocument:
        """From {"type", "number", "name", "nationality"?, "birthDate"?}. Raises: QuestionMalformed."""
        told = asked if isinstance(asked, dict) else {}
        wanted = {name: told[name] for name in ("nationality", "birthDate") if name in told}
        given = _members(asked, "type", "number", "name", *wanted)
        if given["type"] not in DOCUMENT_TYPES:
            raise QuestionMalformed(field="type", problem=f"must be one of {', '.join(sorted(DOCUMENT_TYPES))}")
        optional = {name: _text(wanted, name, 10) for name in wanted}
        return cls(
            str(given["type"]),
            _text(given, "number", 18).upper(),
            _text(given, "name", NAME_LENGTH_MAX),
            optional.get("nationality", ""),
            optional.get("birthDate", ""),
        )

    @property
    def pair(self) -> str:
        """What it is looked up by."""
        return f"{self.type}\n{self.nationality}\n{self.number}\n{comparable(self.name)}"


def holder_of(name: str, number: str) -> str:
    """A person by any number of theirs."""
    return f"{number}\n{comparable(name)}"


@dataclass(frozen=True, slots=True)
class Organisation:
    uscc: str
    name: str
    standing: Standing = Standing.ACTIVE

    @classmethod
    def of(cls, asked: object) -> Organisation:
        """From {"uscc", "name"}. Raises: QuestionMalformed, NumberInvalid."""
        given = _members(asked, "uscc", "name")
        uscc = _text(given, "uscc", 18).upper()
        if not is_uscc(uscc):
            raise NumberInvalid(field="uscc", standard="GB 32100")
        return cls(uscc, _text(given, "name", NAME_LENGTH_MAX))


@dataclass(frozen=True, slots=True)
class Representation:
    """That this person is the legal representative of this organisation."""

    organisation: Organisation
    person: Person

    @classmethod
    def of(cls, asked: object, *, today: date) -> Representation:
        """From {"uscc", "name", "representative", "idNumber"}. Raises: QuestionMalformed, NumberInvalid."""
        given = _members(asked, "uscc", "name", "representative", "idNumber")
        return cls(
            Organisation.of({"uscc": given["uscc"], "name": given["name"]}),
            Person.of({"name": given["representative"], "idNumber": given["idNumber"]}, today=today),
        )

    @property
    def whole(self) -> str:
        """What the two are looked up by, together."""
        return f"{self.organisation.uscc}\n{self.person.pair}"


@dataclass(frozen=True, slots=True)
class Address:
    """A standard address. code: 9 digits of the street (GB/T 10114), 3 of the road, 4 of the house number.

    synthetic: True when the house and its place are made for the demonstration.
    """

    code: str
    text: str
    district: str
    point: Point
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class AddressQuestion:
    """district: GB/T 2260; None for the whole city."""

    text: str = field(repr=False)
    district: str | None = None

    @classmethod
    def of(cls, asked: object) -> AddressQuestion:
        """From {"text", "district"?}. Raises: QuestionMalformed."""
        given = _members(asked, "text", "district", optional="district")
        district = given.get("district")
        if district is not None and (not isinstance(district, str) or district not in DISTRICTS):
            raise QuestionMalformed(field="district", problem="is not a district of this city")
        return cls(_text(given, "text", ADDRESS_LENGTH_MAX), district)


def comparable(name: str) -> str:
    """A name without what people write differently."""
    return "".join(c for c in folded(name) if c.isalnum())


def _members(asked: object, *names: str, optional: str = "") -> Mapping[str, object]:
    if not isinstance(asked, dict) or not set(names) - {optional} <= set(asked) <= set(names):
        raise QuestionMalformed(field="body", problem=f"must be an object with {', '.join(names)}")
    return asked


def _text(given: Mapping[str, object], name: str, most: int) -> str:
    found = given[name]
    if not isinstance(found, str) or len(found) > most or not comparable(found):
        raise QuestionMalformed(field=name, problem=f"must be text of 1 to {most} characters")
    return found.strip()
