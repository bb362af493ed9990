"""Points, distances, districts."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from core.geo import Point, distance_m, district_of


@pytest.mark.parametrize(
    ("longitude", "latitude", "district"),
    [
        (116.397, 39.916, "110101"),  # the Palace Museum
        (116.310, 39.990, "110108"),  # Peking University
        (116.460, 39.920, "110105"),  # Guomao
        (116.020, 40.360, "110119"),  # Badaling
        (117.900, 39.900, None),
        (121.470, 31.230, None),  # Shanghai
    ],
)
def test_a_place_lies_in_its_district(longitude: float, latitude: float, district: str | None) -> None:
    assert district_of(Point(longitude, latitude)) == district


def test_a_degree_of_latitude_is_111_km() -> None:
    assert distance_m(Point(116.4, 39.0), Point(116.4, 40.0)) == pytest.approx(111_195, abs=1)


@pytest.mark.parametrize(("longitude", "latitude"), [(181, 0), (0, 91), (float("nan"), 0), (0, float("inf"))])
def test_what_is_no_point_is_refused(longitude: float, latitude: float) -> None:
    with pytest.raises(BadInput):
        Point.of(longitude=longitude, latitude=latitude)
