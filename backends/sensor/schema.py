"""The GraphQL door: stations, what they measure, and the air of a district that another subgraph names.

What several entities of one request ask for is loaded together: sixteen districts cost as many round trips as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import strawberry
from strawberry.federation import field

from backends.base.entities import judge_references
from backends.sensor import model
from backends.sensor.aqi import Category
from backends.sensor.service import READINGS_PAGE_MAX, Air, Sensors, Series
from core.graph import PUBLIC, Connection, Info, build_schema, connection_of, graphql_core_schema
from core.loading import DataLoader
from core.paging import Page, PageRequest

strawberry.enum(Category, name="AirQualityCategory", description="The six grades of HJ 633-2012.")


class Loads:
    """One request's loads, each gathered over everything in the request that asks for it."""

    @classmethod
    def of(cls, info: Info) -> Loads:
        return info.context.once("sensor.loads", lambda: cls(info.context.service(Sensors)))

    def __init__(self, sensors: Sensors) -> None:
        self._sensors = sensors
        self.air: DataLoader[str, Air | None] = DataLoader(self._air)
        self.latest: DataLoader[str, model.Reading | None] = DataLoader(self._latest)
        self.station: DataLoader[str, model.Station | None] = DataLoader(self._station)
        self.stations: DataLoader[tuple[str, PageRequest], Page[model.Station]] = DataLoader(self._stations)
        self.readings: DataLoader[tuple[str, Series], Page[model.Reading]] = DataLoader(self._readings)

    async def _air(self, districts: list[str]) -> Sequence[Air | None]:
        found = await self._sensors.air_of(districts=districts)
        return [found.get(code) for code in districts]

    async def _latest(self, stations: list[str]) -> Sequence[model.Reading | None]:
        found = await self._sensors.latest(stations=stations)
        return [found.get(code) for code in stations]

    async def _station(self, codes: list[str]) -> Sequence[model.Station | None]:
        found = await self._sensors.stations_of(codes=codes)
        return [found.get(code) for code in codes]

    async def _stations(self, asked: list[tuple[str, PageRequest]]) -> Sequence[Page[model.Station]]:
        """One district's page each: there are sixteen districts."""
        return await asyncio.gather(*(self._sensors.list_stations(page=page, district=d) for d, page in asked))

    async def _readings(self, asked: list[tuple[str, Series]]) -> Sequence[Page[model.Reading]]:
        """Together what is asked of several stations for one series: aliases of it cost nothing more."""
        stations: dict[Series, list[str]] = {}
        for code, series in asked:
            stations.setdefault(series, []).append(code)
        pages = await asyncio.gather(
            *(self._sensors.list_readings(stations=codes, series=series) for series, codes in stations.items())
        )
        found = dict(zip(stations, pages, strict=True))
        return [found[series][code] for code, series in asked]


@strawberry.federation.type(directives=[PUBLIC], keys=["id"], description="Something that stations measure.")
class ObservedProperty:
    facts: strawberry.Private[model.ObservedProperty]

    @classmethod
    def of(cls, facts: model.ObservedProperty) -> ObservedProperty:
        return cls(facts=facts)

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.facts.id)

    @strawberry.field
    def name(self, info: Info) -> str:
        return self.facts.name.in_(info.context.locale)

    @field(description="The unit as people read it.")
    def unit(self) -> str:
        return self.facts.unit

    @field(description="The unit in the Unified Code for Units of Measure.")
    def ucum_code(self) -> str:
        return self.facts.ucum

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> ObservedProperty | None:
        known = model.PROPERTIES.get(id)
        return cls.of(known) if known else None


@strawberry.federation.type(directives=[PUBLIC], description="What was measured of one property over an hour.")
class MeasuredValue:
    property: ObservedProperty
    value: float

    @classmethod
    def all_of(cls, reading: model.Reading) -> list[MeasuredValue]:
        return [
            cls(property=ObservedProperty.of(known), value=reading.values[known.id])
            for known in model.PROPERTIES.values()
            if known.id in reading.values
        ]


@strawberry.federation.type(directives=[PUBLIC], description="A station's means over the hour of `observedAt`.")
class Reading:
    observed_at: datetime
    values: list[MeasuredValue]

    @classmethod
    def of(cls, reading: model.Reading) -> Reading:
        return cls(observed_at=reading.ts, values=MeasuredValue.all_of(reading))


@strawberry.federation.type(
    directives=[PUBLIC], description="A pollutant's mean over a district's stations, and its own index (IAQI)."
)
class Concentration:
    property: ObservedProperty
    value: float
    iaqi: int


@strawberry.federation.type(
    directives=[PUBLIC], description="The air of a district over one hour, by HJ 633-2012; computed, never stored."
)
class AirQuality:
    facts: strawberry.Private[Air]

    @classmethod
    def of(cls, facts: Air) -> AirQuality:
        return cls(facts=facts)

    @strawberry.field
    def observed_at(self) -> datetime:
        return self.facts.observed_at

    @field(description="0 to 500.")
    def aqi(self) -> int:
        return self.facts.index.aqi

    @strawberry.field
    def category(self) -> Category:
        return self.facts.index.category

    @strawberry.field
    def category_label(self, info: Info) -> str:
        return self.facts.index.category.label.in_(info.context.locale)

    @field(description="The pollutant that makes the index; none up to 50. Of several, the first.")
    def primary_pollutant(self) -> ObservedProperty | None:
        return next((ObservedProperty.of(model.PROPERTIES[p]) for p in self.facts.index.primary), None)

    @field(description="Every pollutant whose own index equals the index, when that is above 50.")
    def primary_pollutants(self) -> list[ObservedProperty]:
        return [ObservedProperty.of(model.PROPERTIES[p]) for p in self.facts.index.primary]

    @field(description="What people should do in such air.")
    def advice(self, info: Info) -> str:
        return self.facts.index.category.advice.in_(info.context.locale)

    @strawberry.field
    def concentrations(self) -> list[Concentration]:
        index = self.facts.index
        return [
            Concentration(property=ObservedProperty.of(model.PROPERTIES[p]), value=value, iaqi=index.iaqi[p])
            for p, value in index.concentrations.items()
        ]

    @field(description="How many stations reported this hour.")
    def station_count(self) -> int:
        return len(self.facts.stations)

    @field(description="True when the readings come from a model and not from instruments.")
    def synthetic(self) -> bool:
        return self.facts.synthetic

    @field(description="Who measured, or which model.")
    def source(self, info: Info) -> str:
        return self.facts.source.in_(info.context.locale)


@strawberry.federation.type(keys=["code"])
class District:
    code: strawberry.ID = field(directives=[PUBLIC])

    @field(directives=[PUBLIC], description="Null when no station of the district has reported lately.")
    async def air_quality(self, info: Info) -> AirQuality | None:
        air = await Loads.of(info).air.load(self.code)
        return AirQuality.of(air) if air else None

    @field(directives=[PUBLIC])
    async def stations(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Station] | None:
        page = PageRequest.of(first=first, after=after)
        return connection_of(await Loads.of(info).stations.load((self.code, page)), Station.of)

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> District:
        return cls(code=code)


@strawberry.federation.type(directives=[PUBLIC], keys=["code"], description="A measuring station.")
class Station:
    facts: strawberry.Private[model.Station]

    @classmethod
    def of(cls, facts: model.Station) -> Station:
        return cls(facts=facts)

    @strawberry.field
    def code(self) -> strawberry.ID:
        return strawberry.ID(self.facts.code)

    @strawberry.field
    def name(self, info: Info) -> str:
        return self.facts.name.in_(info.context.locale)

    @field(description="Null when the source does not say where the station stands.")
    def district(self) -> District | None:
        code = self.facts.district_code
        return District(code=strawberry.ID(code)) if code else None

    @field(description="True when its readings come from a model and not from an instrument.")
    def synthetic(self) -> bool:
        return self.facts.synthetic

    @field(description="Who measures, or which model.")
    def source(self, info: Info) -> str:
        return self.facts.source.in_(info.context.locale)

    @field(description="The last reading, however old.")
    async def latest(self, info: Info) -> Reading | None:
        reading = await Loads.of(info).latest.load(self.facts.code)
        return Reading.of(reading) if reading else None

    @field(
        description=f"The hours from <= ts < to that have this property, by time; at most {READINGS_PAGE_MAX} a page."
    )
    async def readings(
        self,
        info: Info,
        property: strawberry.ID,
        from_: Annotated[datetime, strawberry.argument(name="from")],
        to: datetime,
        first: int = 100,
        after: str | None = None,
    ) -> Connection[Reading]:
        page = PageRequest.of(first=first, after=after, first_max=READINGS_PAGE_MAX)
        series = info.context.service(Sensors).series(property_id=property, start=from_, end=to, page=page)
        return connection_of(await Loads.of(info).readings.load((self.facts.code, series)), Reading.of)

    @classmethod
    async def resolve_reference(cls, info: Info, code: strawberry.ID) -> Station | None:
        station = await Loads.of(info).station.load(code)
        return cls.of(station) if station else None


@strawberry.type
class Query:
    @field(directives=[PUBLIC])
    async def stations(
        self, info: Info, first: int = 20, after: str | None = None, district_code: strawberry.ID | None = None
    ) -> Connection[Station] | None:
        page = PageRequest.of(first=first, after=after)
        found = await info.context.service(Sensors).list_stations(page=page, district=district_code)
        return connection_of(found, Station.of)

    @field(directives=[PUBLIC])
    async def station(self, info: Info, code: strawberry.ID) -> Station | None:
        found = await Loads.of(info).station.load(code)
        return Station.of(found) if found else None

    @field(directives=[PUBLIC])
    def observed_properties(self, info: Info) -> list[ObservedProperty] | None:
        return [ObservedProperty.of(p) for p in info.context.service(Sensors).observed_properties()]


schema = build_schema(query=Query, types=[District, Station, ObservedProperty])
KEYS: Final = {"District": "code", "Station": "code", "ObservedProperty": "id"}
executable = judge_references(graphql_core_schema(schema), keys=KEYS)
