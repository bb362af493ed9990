"""Nouns and rules of places and things that carry a plate.

Rules
- A place's code says where it stands and of which class it is, and never changes; what is drawn is nine digits.
- A place has one plate at a time. A new plate has the next issue number, and the one before is refused from then on.
- What a plate says is for everybody: it hangs in the street. Who checked in where is for the citizen alone.
- People who check in do not check out, so nobody can say how many are inside: there is no capacity.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.clock import epoch_ms
from core.errors import BadInput
from core.geo import Point
from core.locale import Text

REGISTER_SCOPE: Final = "codes:register"
CHECK_IN_PREFIX: Final = "chk"
# The city's answer to a contagion needs some 14 to 28 days (reference §7.3 row 21); after that nobody needs it.
CHECK_IN_KEPT: Final = timedelta(days=30)
OWN_DIGITS: Final = 9
NAME_LENGTH_MAX: Final = 80
CLIENT_ID_LENGTH_MAX: Final = 64

_CLASS: Final = re.compile(r"[0-9]{6}", re.ASCII)
_REPORT_CATEGORY: Final = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)


class PlaceKind(StrEnum):
    """What carries the plate."""

    PLACE = "PLACE"
    THING = "THING"


class PlaceAction(StrEnum):
    """What whoever reads a plate can do there."""

    REPORT = "REPORT"
    CHECK_IN = "CHECK_IN"


KIND_LABELS: Final[dict[PlaceKind, Text]] = {
    PlaceKind.PLACE: Text(zh="地点", en="Place"),
    PlaceKind.THING: Text(zh="设施", en="Thing"),
}
ACTION_LABELS: Final[dict[PlaceAction, Text]] = {
    PlaceAction.REPORT: Text(zh="上报问题", en="Report a problem"),
    PlaceAction.CHECK_IN: Text(zh="到访登记", en="Check in"),
}


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registrar says of a place.

    category: six digits, its class in CJ/T 553 (its tables are the registrar's to know).
    report_category: the reports room's code of what goes wrong with it; None where nothing is reported.
    check_in: whether people may check in; only at a place.
    client_place_id: the name that the registrar's device gave this registration, so that it can ask again.
    """

    kind: PlaceKind
    category: str
    name: Text
    location: Point
    report_category: str | None
    check_in: bool
    client_place_id: str

    def check(self) -> None:
        """Raises: BadInput."""
        if not _CLASS.fullmatch(self.category):
            raise BadInput(field="category", problem="must be the six digits of a class")
        _check_name("nameZh", self.name.zh)
        _check_name("nameEn", self.name.en)
        if self.report_category is not None and not _REPORT_CATEGORY.fullmatch(self.report_category):
            raise BadInput(field="reportCategory", problem="is not the code of a category of reports")
        if self.check_in and self.kind is not PlaceKind.PLACE:
            raise BadInput(field="checkIn", problem="is for places only")
        check_client_id("clientPlaceId", self.client_place_id)


@dataclass(frozen=True, slots=True)
class Place:
    """A place or thing in the register. code: 21 digits. issue: of its present plate. registrar: a staff account."""

    code: str
    kind: PlaceKind
    category: str
    name: Text
    location: Point
    district: str
    report_category: str | None
    check_in: bool
    issue: int
    active: bool
    registrar: str
    client_place_id: str
    registered_at: datetime

    @property
    def actions(self) -> list[PlaceAction]:
        """What can be done at it now."""
        offered = {PlaceAction.REPORT: self.report_category is not None, PlaceAction.CHECK_IN: self.check_in}
        return [action for action, there in offered.items() if there and self.active]

    def is_of(self, asked: Registration) -> bool:
        """True when a registration that is sent again is the one this place was made by."""
        made = (self.kind, self.category, self.name, self.location, self.report_category, self.check_in)
        return made == (
            asked.kind,
            asked.category,
            asked.name,
            asked.location,
            asked.report_category,
            asked.check_in,
        )


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One citizen at one place. place: its 21 digits."""

    id: str
    at: datetime
    citizen: str
    place: str
    client_check_in_id: str

    @property
    def key(self) -> str:
        """Its place in a list, newest first."""
        return f"{epoch_ms(self.at)}:{self.id}"


def place_code(*, district: str, category: str, drawn: bytes) -> str:
    """21 digits (CJ/T 553). drawn: eight random bytes, for the nine digits of its own."""
    own = int.from_bytes(drawn, "big") % 10**OWN_DIGITS
    return f"{district}{category}{own:0{OWN_DIGITS}d}"


def check_client_id(field: str, value: str) -> str:
    """Raises: BadInput when it is empty or longer than 64 characters."""
    if not 1 <= len(value) <= CLIENT_ID_LENGTH_MAX:
        raise BadInput(field=field, problem=f"must have 1 to {CLIENT_ID_LENGTH_MAX} characters")
    return value


def _check_name(field: str, name: str) -> None:
    if not 1 <= len(name) <= NAME_LENGTH_MAX or name != name.strip():
        raise BadInput(field=field, problem=f"must have 1 to {NAME_LENGTH_MAX} characters, and no blanks around them")
    # Controls, and marks that turn the direction of writing, would let a plate say one thing and show another.
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name):
        raise BadInput(field=field, problem="must be one line of printable characters")
