"""Units (执行单位): who deals with which kind of event in which district.

Rules
- A kind of event has one unit in a district: the district's own, or one that works city-wide and serves the district.
- Where no unit takes a kind, the district's government does (无人可接单区政府兜底); where the district is not
  known either, the city's hotline centre.
The units' names belong to the demonstration; a city puts its own here.
Source: the 12345 hotline's rules of dispatch, simplified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.divisions import DISTRICTS, District
from core.locale import Text


class Reason(StrEnum):
    """Why an event is with a unit."""

    BY_CATEGORY = "BY_CATEGORY"
    NO_UNIT_FOR_CATEGORY = "NO_UNIT_FOR_CATEGORY"
    DISTRICT_UNKNOWN = "DISTRICT_UNKNOWN"
    BY_HAND = "BY_HAND"


REASON_LABELS: Final[Mapping[Reason, Text]] = {
    Reason.BY_CATEGORY: Text(zh="按事项类别派单", en="This unit deals with this kind of event here"),
    Reason.NO_UNIT_FOR_CATEGORY: Text(
        zh="无对应执行单位，区政府兜底", en="No unit deals with this kind of event here: the district's government does"
    ),
    Reason.DISTRICT_UNKNOWN: Text(zh="属地不明，市级受理", en="The district is not known: the city's centre takes it"),
    Reason.BY_HAND: Text(zh="人工派单", en="Chosen by a dispatcher"),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """district: the one that it belongs to; None works city-wide."""

    code: str
    name: Text
    district: str | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of unit. zh, en: its name, with {} where the district's stands.

    districts: where there is one; None: everywhere. citywide: one unit serves all of these districts.
    """

    code: str
    zh: str
    en: str
    categories: frozenset[str]
    districts: frozenset[str] | None = None
    citywide: bool = False

    def unit(self, district: District) -> Unit:
        if self.citywide:
            return Unit(self.code, Text(zh=self.zh, en=self.en))
        name = Text(zh=self.zh.format(district.name.zh), en=self.en.format(district.name.en))
        return Unit(f"{district.code}-{self.code}", name, district.code)

    def takes(self, district: str, category: str) -> bool:
        return category in self.categories and (self.districts is None or district in self.districts)


_URBAN: Final = frozenset({"110101", "110102", "110105", "110106", "110107", "110108"})
_KINDS: Final = (
    _Kind(
        "management",
        "{}城市管理委员会",
        "{} District Commission of City Management",
        frozenset({"street-lamp", "waste", "road-damage", "manhole", "shared-bikes", "public-toilet"}),
    ),
    _Kind("traffic", "{}交通支队", "{} Traffic Police Detachment", frozenset({"traffic-light", "illegal-parking"})),
    _Kind("environment", "{}生态环境局", "{} Bureau of Ecology and Environment", frozenset({"noise"})),
    _Kind("parks", "{}园林绿化局", "{} Bureau of Parks and Forestry", frozenset({"fallen-tree"})),
    _Kind(
        "enforcement", "{}城市管理综合行政执法局", "{} Bureau of City Law Enforcement", frozenset({"illegal-building"})
    ),
    _Kind("water", "市自来水集团", "City Waterworks Group", frozenset({"water-leak"}), _URBAN, citywide=True),
    _Kind("power", "市电力公司", "City Power Company", frozenset({"power-failure"}), citywide=True),
    _Kind("gas", "市燃气集团", "City Gas Group", frozenset({"gas-smell"}), citywide=True),
    _Kind("heating", "市热力集团", "City Heating Group", frozenset({"heating"}), _URBAN, citywide=True),
)
_GOVERNMENT: Final = _Kind("government", "{}人民政府办公室", "{} District Government Office", frozenset())
CITY_CENTRE: Final = Unit("centre", Text(zh="市市民热线服务中心", en="City Hotline Service Centre"))

UNITS: Final[Mapping[str, Unit]] = {
    unit.code: unit
    for unit in (
        CITY_CENTRE,
        *(kind.unit(district) for district in DISTRICTS.values() for kind in (*_KINDS, _GOVERNMENT)),
    )
}


def unit_for(*, district: str | None, category: str) -> tuple[Unit, Reason]:
    """Whose work this is by the rules, and why. district: a code of this city, or None."""
    if district is None:
        return CITY_CENTRE, Reason.DISTRICT_UNKNOWN
    for kind in _KINDS:
        if kind.takes(district, category):
            return kind.unit(DISTRICTS[district]), Reason.BY_CATEGORY
    return government_of(district), Reason.NO_UNIT_FOR_CATEGORY


def government_of(district: str | None) -> Unit:
    """Who takes what nobody else does."""
    return CITY_CENTRE if district is None else _GOVERNMENT.unit(DISTRICTS[district])


def serves(unit: Unit, district: str | None) -> bool:
    """True when the unit may be sent to work in the district."""
    return unit.district is None or unit.district == district


def unit_named(code: str) -> Unit:
    """A unit by its code; one that has been dissolved goes by its code."""
    return UNITS.get(code) or Unit(code, Text(zh=code, en=code))
