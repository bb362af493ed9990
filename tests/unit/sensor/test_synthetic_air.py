"""The demo city's model: repeatable, plausible, shaped as its docstring says, and marked wherever it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import correlation, fmean

import pytest

from backends.sensor import synthetic
from backends.sensor.model import PROPERTIES, Reading, Station
from core.divisions import DISTRICTS

STATIONS = {s.code: s for s in synthetic.stations()}
CENTRE, MOUNTAINS = STATIONS["syn-110101-1"], STATIONS["syn-110119-1"]
WINTER, SUMMER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
PINNED = {
    "pm2_5": 50.0,
    "pm10": 88.0,
    "so2": 5.0,
    "no2": 22.0,
    "co": 0.8,
    "o3": 56.0,
    "temperature": 6.6,
    "pressure": 1016.6,
    "dew_point": -5.4,
    "wind_speed": 2.3,
}


def hours(station: Station, start: datetime, days: int, *, seed: int = synthetic.SEED) -> list[Reading]:
    end = start + timedelta(days=days)
    return list(synthetic.readings(seed=seed, stations=[station], start=start, end=end))


def means(station: Station, start: datetime, name: str, *, days: int = 60) -> float:
    return fmean(r.values[name] for r in hours(station, start, days))


def test_every_district_has_a_station_and_every_station_says_synthetic() -> None:
    assert {s.district_code for s in STATIONS.values()} == set(DISTRICTS)
    assert len(STATIONS) == 24
    for station in STATIONS.values():
        assert station.synthetic
        assert "合成" in station.name.zh and "synthetic" in station.name.en
        assert "模拟" in station.source.zh and "Synthetic" in station.source.en


def test_an_hour_is_the_same_whenever_it_is_made() -> None:
    run = hours(CENTRE, WINTER, 3)
    alone = synthetic.reading(seed=synthetic.SEED, station=CENTRE, ts=WINTER + timedelta(hours=30))
    assert run[30] == alone
    assert len(run) == 73


def test_the_model_is_pinned() -> None:
    """A change of these values changes every demo city's history: it is made on purpose or not at all."""
    reading = synthetic.reading(seed=synthetic.SEED, station=CENTRE, ts=datetime(2026, 11, 22, 4, tzinfo=UTC))
    assert reading.values == PINNED


def test_another_seed_is_another_city() -> None:
    assert [r.values for r in hours(CENTRE, WINTER, 2)] != [r.values for r in hours(CENTRE, WINTER, 2, seed=1)]


@pytest.mark.parametrize("start", [WINTER, SUMMER])
def test_every_value_is_plausible(start: datetime) -> None:
    for station in STATIONS.values():
        for reading in hours(station, start, 10):
            for name, value in reading.values.items():
                assert PROPERTIES[name].plausible(value) == value
            assert reading.values["pm10"] >= reading.values["pm2_5"]


def test_the_shape_is_beijings() -> None:
    assert means(CENTRE, WINTER, "pm2_5") > 1.2 * means(CENTRE, SUMMER, "pm2_5")
    assert means(CENTRE, SUMMER, "o3") > 1.5 * means(CENTRE, WINTER, "o3")
    assert means(CENTRE, WINTER, "pm2_5") > 1.4 * means(MOUNTAINS, WINTER, "pm2_5")
    assert means(CENTRE, SUMMER, "temperature") > 15 + means(CENTRE, WINTER, "temperature")


def test_haze_comes_in_episodes() -> None:
    series = [r.values["pm2_5"] for r in hours(CENTRE, WINTER, 60)]
    assert correlation(series[:-1], series[1:]) > 0.9
    assert correlation(series[:-72], series[72:]) < 0.5
    assert max(series) > 4 * min(series)


def test_traffic_peaks_and_weekends_show_in_no2() -> None:
    readings = hours(CENTRE, WINTER, 84)

    def mean_at(hour: int, days: set[int]) -> float:
        local = [(r.ts + timedelta(hours=8), r) for r in readings]
        return fmean(r.values["no2"] for at, r in local if at.hour == hour and at.weekday() in days)

    working, weekend = set(range(5)), {5, 6}
    assert mean_at(8, working) > 1.5 * mean_at(3, working)
    assert mean_at(8, working) > 1.05 * mean_at(8, weekend)


def test_a_backfill_ends_with_the_present_hour() -> None:
    now = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
    start, end = synthetic.last_hours(now=now, hours=48)
    assert (start, end) == (datetime(2026, 11, 20, 5, tzinfo=UTC), datetime(2026, 11, 22, 4, tzinfo=UTC))
    assert len(list(synthetic.readings(seed=1, stations=[CENTRE], start=start, end=end))) == 48
