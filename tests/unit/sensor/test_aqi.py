"""The air quality index against the tables of HJ 633-2012, typed here again from the standard."""

from __future__ import annotations

import pytest

from backends.sensor.aqi import Category, iaqi_of, index_of, reported_value
from core.locale import Locale

# HJ 633-2012 table 1. SO2 stops at IAQI 200 in the 1-hour column and goes on in the 24-hour one.
TABLE_1 = {
    "pm2_5": [(0, 0), (35, 50), (75, 100), (115, 150), (150, 200), (250, 300), (350, 400), (500, 500)],
    "pm10": [(0, 0), (50, 50), (150, 100), (250, 150), (350, 200), (420, 300), (500, 400), (600, 500)],
    "so2": [(0, 0), (150, 50), (500, 100), (650, 150), (800, 200), (1600, 300), (2100, 400), (2620, 500)],
    "no2": [(0, 0), (100, 50), (200, 100), (700, 150), (1200, 200), (2340, 300), (3090, 400), (3840, 500)],
    "co": [(0, 0), (5, 50), (10, 100), (35, 150), (60, 200), (90, 300), (120, 400), (150, 500)],
    "o3": [(0, 0), (160, 50), (200, 100), (300, 150), (400, 200), (800, 300), (1000, 400), (1200, 500)],
}


@pytest.mark.parametrize("pollutant", TABLE_1)
def test_every_breakpoint_is_its_level_exactly(pollutant: str) -> None:
    for concentration, level in TABLE_1[pollutant]:
        assert iaqi_of(pollutant, float(concentration)) == level


@pytest.mark.parametrize(
    ("pollutant", "concentration", "iaqi"),
    [
        ("pm2_5", 1.0, 2),  # 1.43, up
        ("pm2_5", 36.0, 52),  # 51.25, up
        ("pm2_5", 85.0, 113),  # 112.5, up
        ("pm2_5", 251.0, 301),
        ("pm10", 151.0, 101),  # 100.5, up
        ("pm10", 385.0, 250),
        ("no2", 101.0, 51),  # 50.5, up
        ("co", 0.1, 1),
        ("co", 7.5, 75),
        ("o3", 161.0, 52),  # 51.25, up
        ("so2", 801.0, 201),  # 200.125, up, in the 24-hour column
    ],
)
def test_between_breakpoints_it_is_linear_and_rounded_up(pollutant: str, concentration: float, iaqi: int) -> None:
    assert iaqi_of(pollutant, concentration) == iaqi


@pytest.mark.parametrize("pollutant", TABLE_1)
def test_beyond_the_table_the_index_stays_500(pollutant: str) -> None:
    top = TABLE_1[pollutant][-1][0]
    assert iaqi_of(pollutant, top * 1.5) == 500


@pytest.mark.parametrize("pollutant", TABLE_1)
def test_the_index_never_falls_as_the_concentration_rises(pollutant: str) -> None:
    top = TABLE_1[pollutant][-1][0]
    indexes = [iaqi_of(pollutant, top * step / 997) for step in range(998)]
    assert indexes == sorted(indexes)
    assert (indexes[0], indexes[-1]) == (0, 500)


@pytest.mark.parametrize(
    ("pollutant", "mean", "reported"),
    [("pm2_5", 35.5, "36"), ("pm2_5", 34.5, "34"), ("pm2_5", 35.4999, "35"), ("co", 0.25, "0.2"), ("co", 0.35, "0.4")],
)
def test_means_are_reported_rounded_half_to_even(pollutant: str, mean: float, reported: str) -> None:
    assert str(reported_value(pollutant, mean)) == reported


@pytest.mark.parametrize(
    ("aqi", "category"),
    [
        (0, Category.EXCELLENT),
        (50, Category.EXCELLENT),
        (51, Category.GOOD),
        (100, Category.GOOD),
        (101, Category.LIGHTLY_POLLUTED),
        (150, Category.LIGHTLY_POLLUTED),
        (151, Category.MODERATELY_POLLUTED),
        (200, Category.MODERATELY_POLLUTED),
        (201, Category.HEAVILY_POLLUTED),
        (300, Category.HEAVILY_POLLUTED),
        (301, Category.SEVERELY_POLLUTED),
        (500, Category.SEVERELY_POLLUTED),
    ],
)
def test_grades_begin_and_end_where_table_2_says(aqi: int, category: Category) -> None:
    assert Category.of(aqi) is category


def test_grades_are_named_in_both_languages() -> None:
    assert [c.label.in_(Locale.ZH_CN) for c in Category] == ["优", "良", "轻度污染", "中度污染", "重度污染", "严重污染"]
    assert [c.label.in_(Locale.EN) for c in Category] == [
        "Excellent", "Good", "Lightly polluted", "Moderately polluted", "Heavily polluted", "Severely polluted",
    ]  # fmt: skip
    assert all(c.advice.zh and c.advice.en for c in Category)


def test_the_index_is_the_greatest_and_names_its_pollutant() -> None:
    index = index_of({"pm2_5": 85.0, "pm10": 100.0, "o3": 20.0, "temperature": 3.0})
    assert index is not None
    assert (index.aqi, index.category, index.primary) == (113, Category.LIGHTLY_POLLUTED, ("pm2_5",))
    assert index.iaqi == {"pm2_5": 113, "pm10": 75, "o3": 7}
    assert index.concentrations == {"pm2_5": 85.0, "pm10": 100.0, "o3": 20.0}


def test_pollutants_that_tie_are_both_primary() -> None:
    index = index_of({"pm2_5": 75.0, "pm10": 150.0, "no2": 197.0})
    assert index is not None
    assert (index.aqi, index.primary) == (100, ("pm2_5", "pm10"))


def test_clean_air_has_no_primary_pollutant() -> None:
    index = index_of({"pm2_5": 35.0, "pm10": 50.0})
    assert index is not None
    assert (index.aqi, index.category, index.primary) == (50, Category.EXCELLENT, ())


def test_without_a_pollutant_there_is_no_index() -> None:
    assert index_of({"temperature": 3.0, "wind_speed": 1.0}) is None
    assert index_of({}) is None
