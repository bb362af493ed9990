"""Test citizens: what of them is chosen, and what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from core.errors import BadInput

CITIZENS_MAX: Final = 20
LEVELS: Final = (1, 2, 3, 4, 5)
# Whose age nobody knows counts as grown up (sessions.capabilities): an id number says it, from this level on.
AGE_LEVEL_MIN: Final = 2
# Short and long, in both scripts, with the dot of the names of other peoples: what layouts break on.
NAMES: Final = (
    "张晓明",
    "欧阳婉清",
    "李桂英",
    "王伟",
    "阿卜杜热合曼·买买提",
    "陈思远",
    "Alex Chen",
    "Maria-Theresia von Hohenberg",
)


class AgeGroup(StrEnum):
    """CHILD: agrees to nothing by themself (PIPL article 31). MINOR: 14 to 17. ELDER: from 60 on."""

    CHILD = "CHILD"
    MINOR = "MINOR"
    ADULT = "ADULT"
    ELDER = "ELDER"


class Residence(StrEnum):
    """Whose number they have: a resident's, or that of a residence permit of Hong Kong, Macao or Taiwan."""

    MAINLAND = "MAINLAND"
    HONG_KONG = "HONG_KONG"
    MACAO = "MACAO"
    TAIWAN = "TAIWAN"


# First and last age, in whole years.
AGES: Final = {
    AgeGroup.CHILD: (7, 13),
    AgeGroup.MINOR: (14, 17),
    AgeGroup.ADULT: (18, 59),
    AgeGroup.ELDER: (60, 89),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """name: empty for one of `NAMES`. home_district: GB/T 2260; None for nobody's business."""

    name: str = ""
    age_group: AgeGroup = AgeGroup.ADULT
    level: int = 3
    residence: Residence = Residence.MAINLAND
    home_district: str | None = None

    def check(self) -> None:
        """Raises: BadInput."""
        if self.level not in LEVELS:
            raise BadInput(field="realNameLevel", problem=f"must be {LEVELS[0]} to {LEVELS[-1]}")
        if self.level < AGE_LEVEL_MIN and self.age_group is not AgeGroup.ADULT:
            problem = f"is known by an id number: from real-name level {AGE_LEVEL_MIN} on"
            raise BadInput(field="ageGroup", problem=problem)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Whom to make, all of it decided."""

    name: str
    born: date
    level: int
    residence: Residence
    home_district: str | None


def drawn(wanted: Wanted, *, today: date, draw: Callable[[int], int]) -> Drawn:
    """today: the city's. draw: a number below its argument."""
    first, last = AGES[wanted.age_group]
    latest = _years_before(today, first)
    days = (latest - _years_before(today, last + 1)).days
    return Drawn(
        name=wanted.name or NAMES[draw(len(NAMES))],
        born=latest - timedelta(days=draw(days)),
        level=wanted.level,
        residence=wanted.residence,
        home_district=wanted.home_district,
    )


def _years_before(day: date, years: int) -> date:
    """On 29 February, where there is none, the day before: who was born then is that old."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


@dataclass(frozen=True, slots=True)
class Row:
    """That an organisation made a test citizen (`mtc_…`). citizen: `cit_…`, which nobody outside is told."""

    id: str
    citizen: str
    organisation: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A test citizen as the city has them. id_number, born, age: None on level 1. age: in whole years."""

    phone: str
    name: str
    id_number: str | None
    born: date | None
    age: int | None
    level: int
    home_district: str | None


@dataclass(frozen=True, slots=True)
class Code:
    """What a real city would send."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A test citizen, for those who made them."""

    row: Row
    person: Person
