"""Whose work an event is, by district and kind; and that nothing is left to nobody."""

from __future__ import annotations

import pytest

from backends.governance.categories import CATEGORIES
from backends.governance.units import CITY_CENTRE, UNITS, Reason, serves, unit_for
from core.divisions import DISTRICTS


@pytest.mark.parametrize(
    ("district", "category", "unit", "reason"),
    [
        ("110101", "street-lamp", "110101-management", Reason.BY_CATEGORY),
        ("110108", "illegal-parking", "110108-traffic", Reason.BY_CATEGORY),
        ("110119", "power-failure", "power", Reason.BY_CATEGORY),
        ("110105", "heating", "heating", Reason.BY_CATEGORY),
        ("110119", "heating", "110119-government", Reason.NO_UNIT_FOR_CATEGORY),
        ("110101", "accessibility", "110101-government", Reason.NO_UNIT_FOR_CATEGORY),
        ("110101", "unheard-of", "110101-government", Reason.NO_UNIT_FOR_CATEGORY),
        (None, "street-lamp", "centre", Reason.DISTRICT_UNKNOWN),
    ],
)
def test_an_event_goes_to(district: str | None, category: str, unit: str, reason: Reason) -> None:
    found, why = unit_for(district=district, category=category)
    assert (found.code, why) == (unit, reason)


def test_every_kind_in_every_district_has_a_unit_that_serves_it() -> None:
    for district in DISTRICTS:
        for category in CATEGORIES:
            unit, _ = unit_for(district=district, category=category)
            assert serves(unit, district)
            assert UNITS[unit.code] == unit


def test_units_are_named_by_their_district() -> None:
    assert UNITS["110101-management"].name.zh == "东城区城市管理委员会"
    assert UNITS["110101-management"].name.en == "Dongcheng District Commission of City Management"
    assert len(UNITS) == 16 * 6 + 4 + 1
    assert serves(CITY_CENTRE, "110101")
    assert not serves(UNITS["110101-parks"], "110102")
    assert not serves(UNITS["110101-parks"], None)
