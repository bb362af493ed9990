"""Stations, what they measure, and which readings are believed.

Rules
- A reading is one station's means over one clock hour, stamped with a whole hour in UTC. What was not measured is
  absent, never zero.
- A value outside its property's plausible range is refused, not clipped.
- Nothing derived is stored: the air quality index is computed from readings when it is asked for (`aqi`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from backends.base.words import can_be_seen
from backends.sensor.errors import (
    PropertyUnknown,
    RangeRefused,
    RowMalformed,
    StationTaken,
    TimeImplausible,
    ValueImplausible,
)
from core.divisions import DISTRICTS
from core.errors import BadInput
from core.locale import Text

HOUR: Final = timedelta(hours=1)
FUTURE_MAX: Final = timedelta(seconds=60)
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
NAME_LENGTH_MAX: Final = 80
SERIES_DAYS_MAX: Final = 366
# Whose stations are made by the demo model, and whose come from the published files: nobody registers these.
SYNTHETIC_PREFIX: Final = "syn-"
IMPORTED_PREFIX: Final = "prsa-"
_STATION_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class ObservedProperty:
    """Something that stations measure.

    unit: as people read it. ucum: the same unit in the Unified Code for Units of Measure.
    least, most: the range outside which no instrument is believed.
    """

    id: str
    name: Text
    unit: str
    ucum: str
    least: float
    most: float

    def plausible(self, value: object) -> float:
        """`value` as a number in range. Raises: ValueImplausible."""
        believed = isinstance(value, int | float) and not isinstance(value, bool)
        if not believed or not self.least <= value <= self.most:  # type: ignore[operator]
            raise ValueImplausible(property=self.id, least=self.least, most=self.most, unit=self.unit)
        return float(value)  # type: ignore[arg-type]


# Pollutants are in the units of GB 3095-2012, so carbon monoxide alone is in milligrams.
PROPERTIES: Final[Mapping[str, ObservedProperty]] = {
    row[0]: ObservedProperty(row[0], Text(zh=row[1], en=row[2]), *row[3:])
    for row in (
        ("pm2_5", "细颗粒物 PM2.5", "Fine particles PM2.5", "µg/m³", "ug/m3", 0.0, 5_000.0),
        ("pm10", "可吸入颗粒物 PM10", "Particles PM10", "µg/m³", "ug/m3", 0.0, 10_000.0),
        ("so2", "二氧化硫", "Sulphur dioxide", "µg/m³", "ug/m3", 0.0, 5_000.0),
        ("no2", "二氧化氮", "Nitrogen dioxide", "µg/m³", "ug/m3", 0.0, 5_000.0),
        ("co", "一氧化碳", "Carbon monoxide", "mg/m³", "mg/m3", 0.0, 150.0),
        ("o3", "臭氧", "Ozone", "µg/m³", "ug/m3", 0.0, 2_000.0),
        ("temperature", "气温", "Air temperature", "°C", "Cel", -60.0, 60.0),
        ("pressure", "气压", "Air pressure", "hPa", "hPa", 500.0, 1_100.0),
        ("dew_point", "露点温度", "Dew point", "°C", "Cel", -80.0, 60.0),
        ("precipitation", "降水量", "Precipitation", "mm", "mm", 0.0, 500.0),
        ("wind_direction", "风向", "Wind direction", "°", "deg", 0.0, 360.0),
        ("wind_speed", "风速", "Wind speed", "m/s", "m/s", 0.0, 120.0),
    )
}


def observed_property(property_id: str) -> ObservedProperty:
    """Raises: PropertyUnknown."""
    found = PROPERTIES.get(property_id)
    if found is None:
        raise PropertyUnknown(property=property_id[:64])
    return found


@dataclass(frozen=True, slots=True)
class Station:
    """One measuring station.

    district_code: None where the file that named the station does not say where it stands.
    synthetic: True when its readings come from a model and not from an instrument.
    source: who measured, or which model, in words that may be shown.
    """

    code: str
    name: Text
    district_code: str | None
    synthetic: bool
    source: Text


@dataclass(frozen=True, slots=True)
class Reading:
    """What one station measured over the hour that `ts` names: property id -> value in the property's unit."""

    station: str
    ts: datetime
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch: rows now stored by it, and rows that stood already (or twice in the batch)."""

    accepted: int
    duplicates: int

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(self.accepted + other.accepted, self.duplicates + other.duplicates)


def hour_of(instant: datetime) -> datetime:
    """The whole hour that `instant` lies in."""
    return instant.replace(minute=0, second=0, microsecond=0)


def plausible_hour(ts: datetime, *, now: datetime) -> datetime:
    """`ts` in UTC when a reading may carry it. Raises: TimeImplausible."""
    if ts.tzinfo is None:
        raise TimeImplausible(problem="needs an offset, as in 2026-11-22T12:00:00+08:00")
    if not EARLIEST <= ts <= now + FUTURE_MAX:
        raise TimeImplausible(problem=f"must lie between {EARLIEST:%Y-%m-%d} and a minute from now")
    if ts != hour_of(ts):
        raise TimeImplausible(problem="must be a whole hour: a reading is the mean over one hour")
    return ts.astimezone(UTC)


def series_range(*, start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    """Both in UTC, when a series may be told from `start` to `end`. Raises: BadInput, RangeRefused."""
    for name, instant in (("from", start), ("to", end)):
        if instant.tzinfo is None:
            raise BadInput(field=name, problem="needs an offset, as in 2026-11-22T12:00:00+08:00")
        if not EARLIEST <= instant <= now + timedelta(days=1):
            raise _refused_range(name)
    if end - start > timedelta(days=SERIES_DAYS_MAX):
        raise _refused_range("to")
    return start.astimezone(UTC), end.astimezone(UTC)


def _refused_range(field: str) -> RangeRefused:
    return RangeRefused(field=field, earliest=f"{EARLIEST:%Y-%m-%d}", days_max=SERIES_DAYS_MAX)


def plausible_values(values: Mapping[str, object]) -> dict[str, float]:
    """Raises: PropertyUnknown, ValueImplausible."""
    return {name: observed_property(name).plausible(value) for name, value in values.items()}


def reading_of(row: object, *, now: datetime) -> Reading:
    """A reading from a row of JSON: {"station": code, "ts": RFC 3339, "values": {property id: number}}.

    Raises: RowMalformed, TimeImplausible, PropertyUnknown, ValueImplausible.
    """
    if not isinstance(row, dict) or set(row) != {"station", "ts", "values"}:
        raise RowMalformed(field="row", problem="must be an object with station, ts and values")
    station, values = row["station"], row["values"]
    if not is_station_code(station):
        raise RowMalformed(field="station", problem="is not a station code")
    if not isinstance(values, dict) or not values:
        raise RowMalformed(field="values", problem="must map at least one property to a number")
    return Reading(station, plausible_hour(_instant(row["ts"]), now=now), plausible_values(values))


def is_station_code(code: object) -> bool:
    return isinstance(code, str) and _STATION_CODE.fullmatch(code) is not None


def registered_station(*, code: str, body: object) -> Station:
    """A station from its registration: {"name": {"zh", "en"}, "districtCode": code, "source": {"zh", "en"}}.

    Raises: BadInput, StationTaken.
    """
    if not is_station_code(code):
        raise BadInput(field="code", problem="must be 1 to 63 of a-z, 0-9 and -")
    if code.startswith((SYNTHETIC_PREFIX, IMPORTED_PREFIX)):
        raise StationTaken(station=code)
    if not isinstance(body, dict) or set(body) != {"name", "districtCode", "source"}:
        raise BadInput(field="body", problem="must be an object with name, districtCode and source")
    if not isinstance(body["districtCode"], str) or body["districtCode"] not in DISTRICTS:
        raise BadInput(field="districtCode", problem="is not a district of this city")
    name, source = (_text(field, body[field]) for field in ("name", "source"))
    return Station(code, name, body["districtCode"], synthetic=False, source=source)


def mean(values: list[float]) -> float:
    """The arithmetic mean of at least one value, without the rounding of a running sum."""
    return math.fsum(values) / len(values)


def _instant(text: object) -> datetime:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else _not_an_instant()
    except ValueError as fault:
        raise TimeImplausible(problem="is not an RFC 3339 time") from fault


def _not_an_instant() -> datetime:
    raise TimeImplausible(problem="is not an RFC 3339 time")


def _text(field: str, value: object) -> Text:
    texts = [value.get(language) for language in ("zh", "en")] if isinstance(value, dict) else []
    if not texts or not all(isinstance(t, str) and 0 < len(t.strip()) <= NAME_LENGTH_MAX for t in texts):
        raise BadInput(field=field, problem=f"needs zh and en, 1 to {NAME_LENGTH_MAX} characters each")
    if not all(can_be_seen(str(t).strip()) for t in texts):
        raise BadInput(field=field, problem="must be of characters that can be seen")
    return Text(zh=str(texts[0]).strip(), en=str(texts[1]).strip())
