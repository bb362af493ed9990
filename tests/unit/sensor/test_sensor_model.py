"""Which rows are believed, and with which code the others are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.sensor.model import PROPERTIES, Station, reading_of, registered_station
from core.errors import BadInput, DomainError
from core.locale import Text

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def row(**changes: Any) -> dict[str, Any]:
    return {"station": "gate-1", "ts": "2026-11-22T12:00:00+08:00", "values": {"pm2_5": 35}, **changes}


def test_a_row_becomes_a_reading_in_utc() -> None:
    reading = reading_of(row(values={"pm2_5": 35, "co": 0.4}), now=NOW)
    assert (reading.station, reading.ts) == ("gate-1", datetime(2026, 11, 22, 4, tzinfo=UTC))
    assert reading.values == {"pm2_5": 35.0, "co": 0.4}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (None, "SENSOR_ROW_MALFORMED"),
        ([], "SENSOR_ROW_MALFORMED"),
        ({"station": "gate-1"}, "SENSOR_ROW_MALFORMED"),
        (row(extra=1), "SENSOR_ROW_MALFORMED"),
        (row(station=7), "SENSOR_ROW_MALFORMED"),
        (row(station="Gate 1"), "SENSOR_ROW_MALFORMED"),
        (row(station="x" * 64), "SENSOR_ROW_MALFORMED"),
        (row(values={}), "SENSOR_ROW_MALFORMED"),
        (row(values=[1]), "SENSOR_ROW_MALFORMED"),
        (row(values={"radon": 1}), "SENSOR_PROPERTY_UNKNOWN"),
        (row(values={"_id": 1}), "SENSOR_PROPERTY_UNKNOWN"),
        (row(values={"$set": 1}), "SENSOR_PROPERTY_UNKNOWN"),
        (row(values={"pm2_5": -0.1}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": 5000.1}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": float("nan")}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": float("inf")}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": 10**400}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": True}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": "35"}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": None}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(values={"pm2_5": 35, "co": 900}), "SENSOR_VALUE_IMPLAUSIBLE"),
        (row(ts=1795320000), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="noon"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="2026-11-22T12:00:00"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="9999-12-31T23:00:00+00:00"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="9999-12-31T23:00:00-12:00"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="0001-01-01T00:00:00+14:00"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="1989-12-31T23:00:00+00:00"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="2026-11-22T05:00:00+00:00"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="2026-11-22T03:30:00+00:00"), "SENSOR_TIME_IMPLAUSIBLE"),
        (row(ts="2026-11-22T03:00:00.5+00:00"), "SENSOR_TIME_IMPLAUSIBLE"),
    ],
)
def test_a_bad_row_is_refused_with_its_code(bad: object, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        reading_of(bad, now=NOW)
    assert refusal.value.code == code


def test_a_clock_that_runs_a_minute_fast_is_believed() -> None:
    assert reading_of(row(), now=NOW.replace(hour=3, minute=59, second=0)).values == {"pm2_5": 35.0}
    with pytest.raises(DomainError):
        reading_of(row(), now=NOW.replace(hour=3, minute=58, second=59))


@pytest.mark.parametrize("known", PROPERTIES.values(), ids=lambda p: p.id)
def test_both_ends_of_a_plausible_range_are_believed(known: Any) -> None:
    assert (known.plausible(known.least), known.plausible(known.most)) == (known.least, known.most)
    for beyond in (known.least - 0.01, known.most + 0.01):
        with pytest.raises(DomainError):
            known.plausible(beyond)


def test_a_station_is_registered_as_real() -> None:
    body = {
        "name": {"zh": "东门", "en": " East Gate "},
        "districtCode": "110101",
        "source": {"zh": "区监测站", "en": "District"},
    }
    assert registered_station(code="gate-1", body=body) == Station(
        "gate-1", Text(zh="东门", en="East Gate"), "110101", synthetic=False, source=Text(zh="区监测站", en="District")
    )


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("Gate", {}, "code"),
        ("g", {"extra": 1}, "body"),
        ("g", {"districtCode": "310101"}, "districtCode"),
        ("g", {"districtCode": ["110101"]}, "districtCode"),
        ("g", {"name": {"zh": "东门"}}, "name"),
        ("g", {"name": {"zh": "东\x00门", "en": "East"}}, "name"),
        ("g", {"name": {"zh": "东门", "en": "East\nGate"}}, "name"),
        ("g", {"source": {"zh": "东门", "en": "\u202etsaE"}}, "source"),
        ("g", {"name": {"zh": "东门", "en": "e" * 81}}, "name"),
        ("g", {"source": "us"}, "source"),
    ],
)
def test_a_bad_registration_names_its_field(code: str, changes: dict[str, Any], field: str) -> None:
    text = {"zh": "东门", "en": "East Gate"}
    with pytest.raises(BadInput) as refusal:
        registered_station(code=code, body={"name": text, "districtCode": "110101", "source": text, **changes})
    assert refusal.value.field == field
