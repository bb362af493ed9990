"""What the sensor department does: knows its stations, takes readings in once, and says how the air is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backends.sensor.aqi import Index, index_of
from backends.sensor.errors import StationUnknown
from backends.sensor.model import (
    FUTURE_MAX,
    PROPERTIES,
    ObservedProperty,
    Reading,
    Recorded,
    Station,
    mean,
    observed_property,
    series_range,
)
from backends.sensor.store import SensorStore
from core.clock import Clock, epoch_s, from_epoch_s
from core.errors import BadInput
from core.locale import Text
from core.paging import Page, PageRequest

FRESH_FOR: Final = timedelta(hours=3)
READINGS_PAGE_MAX: Final = 1000
WRITERS_WAIT_S: Final = 5.0
CHECK_S: Final = 1.0  # well under the 2 s after which who asks takes this process for dead


@dataclass(frozen=True, slots=True)
class Air:
    """A district's air over one hour: the index of the means over the stations that reported it."""

    observed_at: datetime
    index: Index
    stations: tuple[Station, ...]

    @property
    def synthetic(self) -> bool:
        return self.stations[0].synthetic

    @property
    def source(self) -> Text:
        """Every source among the stations, once each."""
        sources = list(dict.fromkeys(s.source for s in self.stations))
        return Text(zh=";".join(s.zh for s in sources), en="; ".join(s.en for s in sources))


@dataclass(frozen=True, slots=True)
class Series:
    """A page of a property's readings, start <= ts < end, that may be asked of any station: see `Sensors.series`."""

    property_id: str
    start: datetime
    end: datetime
    page: PageRequest


@dataclass(frozen=True, slots=True)
class Sensors:
    """The department's verbs.

    fresh_for: how old the last reading of a district may be for its air to be told at all.
    """

    store: SensorStore
    clock: Clock
    fresh_for: timedelta = FRESH_FOR

    async def check(self) -> None:
        """Raises: Unavailable when the database does not answer within `CHECK_S`."""
        await self.store.mongo.ping(within_s=CHECK_S)

    async def register(self, *stations: Station) -> None:
        """Add these stations, or set their names, districts and sources."""
        if stations:
            await self.store.put_stations(stations)

    async def record(self, readings: Sequence[Reading], *, wait_s: float = WRITERS_WAIT_S) -> Recorded:
        """Store those of `readings` whose (station, hour) has none yet; what stands is never changed.

        Answers only when the accepted rows are on a majority of the database's nodes. When it raises, some of the
        rows may stand: the same batch sent again ends with each of them standing once.
        wait_s: how long to wait for another writer of the same stations.
        Raises: StationUnknown, WritersBusy, Unavailable.
        """
        batch = {(r.station, r.ts): r for r in reversed(readings)}
        if not batch:
            return Recorded(0, 0)
        span = _Span.of(batch.values())
        await self._require_stations(span.stations)
        async with self.store.holding(stations=span.stations, wait_s=wait_s):
            standing = await self.store.standing(stations=span.stations, start=span.start, end=span.end)
            fresh = [reading for key, reading in batch.items() if key not in standing]
            if fresh:
                await self.store.add(fresh)
        return Recorded(len(fresh), len(readings) - len(fresh))

    async def unknown_stations(self, codes: Iterable[str]) -> set[str]:
        """Which of these codes no station has."""
        asked = set(codes)
        return asked - {s.code for s in await self.store.stations(codes=sorted(asked))}

    async def air_of(self, *, districts: Sequence[str]) -> dict[str, Air]:
        """The air of each district that has a reading younger than `fresh_for`.

        Taken over the last hour that any station of the district reported. Instruments go before the model:
        synthetic stations count only where no real one has reported.
        """
        stations = await self.store.stations(districts=districts)
        now = self.clock.now()
        readings = await self.store.readings_between(
            stations=[s.code for s in stations], start=now - self.fresh_for, end=now + FUTURE_MAX
        )
        airs = {code: air_over([s for s in stations if s.district_code == code], readings) for code in districts}
        return {code: air for code, air in airs.items() if air is not None}

    async def stations_of(self, *, codes: Sequence[str]) -> Mapping[str, Station]:
        """Those of `codes` that a station has."""
        return {s.code: s for s in await self.store.stations(codes=codes)}

    async def list_stations(self, *, page: PageRequest, district: str | None = None) -> Page[Station]:
        """Stations by code, of one district or of all."""
        found = await self.store.stations(
            districts=None if district is None else [district], after=page.after or "", limit=page.limit
        )
        return Page.of(rows=found, keys=[s.code for s in found], request=page)

    async def latest(self, *, stations: Sequence[str]) -> Mapping[str, Reading]:
        """The last reading of each station that has one."""
        return await self.store.latest(stations=stations)

    def series(self, *, property_id: str, start: datetime, end: datetime, page: PageRequest) -> Series:
        """Raises: BadInput, PropertyUnknown, RangeRefused."""
        observed_property(property_id)
        start, end = series_range(start=start, end=end, now=self.clock.now())
        return Series(property_id, start if page.after is None else max(start, _behind(page.after)), end, page)

    async def list_readings(self, *, stations: Sequence[str], series: Series) -> dict[str, Page[Reading]]:
        """Of each station the hours of the series in which it measured the property, by time."""
        found = await self.store.series(
            stations=stations,
            property_id=series.property_id,
            start=series.start,
            end=series.end,
            limit=series.page.limit,
        )
        rows = {code: found.get(code, []) for code in stations}
        return {
            code: Page.of(rows=own, keys=[str(epoch_s(r.ts)) for r in own], request=series.page)
            for code, own in rows.items()
        }

    def observed_properties(self) -> Sequence[ObservedProperty]:
        return list(PROPERTIES.values())

    async def _require_stations(self, codes: Sequence[str]) -> None:
        unknown = await self.unknown_stations(codes)
        if unknown:
            raise StationUnknown(station=min(unknown))


def air_over(stations: Sequence[Station], readings: Iterable[Reading]) -> Air | None:
    """The air over `stations` from their `readings`; None when none of these measured a pollutant."""
    by_code = {s.code: s for s in stations}
    own = [r for r in readings if r.station in by_code]
    for synthetic in (False, True):
        air = _air_of_last_hour(by_code, [r for r in own if by_code[r.station].synthetic is synthetic])
        if air is not None:
            return air
    return None


def _air_of_last_hour(stations: Mapping[str, Station], readings: Sequence[Reading]) -> Air | None:
    for hour in sorted({r.ts for r in readings}, reverse=True):
        # Keyed by station, so that a reading counts once whatever the database holds.
        reported = {r.station: r.values for r in readings if r.ts == hour}
        index = index_of(_means(reported.values()))
        if index is not None:
            return Air(hour, index, tuple(stations[code] for code in sorted(reported)))
    return None


def _means(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    columns: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return {name: mean(values) for name, values in columns.items()}


@dataclass(frozen=True, slots=True)
class _Span:
    """The stations and hours that a batch touches."""

    stations: list[str]
    start: datetime
    end: datetime

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> _Span:
        hours, stations = set(), set()
        for reading in readings:
            hours.add(reading.ts)
            stations.add(reading.station)
        return cls(sorted(stations), min(hours), max(hours))


def _behind(cursor: str) -> datetime:
    """The first instant behind the hour that a cursor names."""
    try:
        return from_epoch_s(int(cursor) + 1)
    except (ValueError, OverflowError, OSError) as fault:
        raise BadInput(field="after", problem="is not a cursor of this list") from fault
