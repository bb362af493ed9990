"""The GraphQL door: city events, for everybody to see; those of a district, and the one that a report became.

What people wrote is not here: no description, no unit's note. What several entities of one request ask for is loaded
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import strawberry
from strawberry.federation import field

from backends.base.entities import judge_references
from backends.governance import model
from backends.governance.categories import LEVEL_LABELS, Level
from backends.governance.listing import Listing
from backends.governance.model import SOURCE_LABELS, STATUS_LABELS, Source, Status
from backends.governance.service import Governance
from backends.governance.units import REASON_LABELS, Reason, Unit, unit_named
from core.geo import Point
from core.graph import PUBLIC, Connection, GeoPoint, Info, build_schema, connection_of, graphql_core_schema
from core.loading import DataLoader
from core.paging import Page, PageRequest

# Some 100 m: enough to see where in a neighbourhood it is, and not from whose window it was seen.
CITIZEN_DECIMALS: Final = 3

strawberry.enum(Source, name="CityEventSource", description="Who saw it.")
strawberry.enum(Status, name="CityEventStatus", description="Where a city event stands.")
strawberry.enum(Level, name="CityEventLevel", description="How fast a city event has to be dealt with.")


class Loads:
    """One request's loads, each gathered over everything in the request that asks for it."""

    @classmethod
    def of(cls, info: Info) -> Loads:
        return info.context.once("governance.loads", lambda: cls(info.context.service(Governance)))

    def __init__(self, governance: Governance) -> None:
        self._governance = governance
        self.event: DataLoader[str, model.Event | None] = DataLoader(self._event)
        self.of_report: DataLoader[str, model.Event | None] = DataLoader(self._of_report)
        self.open: DataLoader[str, int] = DataLoader(self._open)
        self.page: DataLoader[Listing, Page[model.Event]] = DataLoader(self._page)

    async def _event(self, ids: list[str]) -> Sequence[model.Event | None]:
        found = await self._governance.events(ids=ids)
        return [found.get(event_id) for event_id in ids]

    async def _of_report(self, refs: list[str]) -> Sequence[model.Event | None]:
        found = await self._governance.events_of_reports(refs=refs)
        return [found.get(ref) for ref in refs]

    async def _open(self, districts: list[str]) -> Sequence[int]:
        found = await self._governance.open_counts(districts=districts)
        return [found.get(code, 0) for code in districts]

    async def _page(self, listings: list[Listing]) -> Sequence[Page[model.Event]]:
        return await self._governance.pages(listings=listings)


@strawberry.federation.type(directives=[PUBLIC], description="Who deals with events: one of a district, or city-wide.")
class ExecutingUnit:
    facts: strawberry.Private[Unit]

    @strawberry.field
    def code(self) -> strawberry.ID:
        return strawberry.ID(self.facts.code)

    @strawberry.field
    def name(self, info: Info) -> str:
        return self.facts.name.in_(info.context.locale)

    @field(description="Null for a unit that works city-wide.")
    def district(self) -> District | None:
        return District.known(self.facts.district)


@strawberry.federation.type(directives=[PUBLIC], description="One order to a unit.")
class EventDispatch:
    facts: strawberry.Private[model.Dispatch]

    @strawberry.field
    def unit(self) -> ExecutingUnit:
        return ExecutingUnit(facts=unit_named(self.facts.unit))

    @strawberry.field
    def at(self) -> datetime:
        return self.facts.at

    @field(description="Why it is this unit's, in words that may be shown.")
    def reason(self, info: Info) -> str:
        return REASON_LABELS[self.facts.reason].in_(info.context.locale)

    @field(description="True when a rule chose the unit; false when a person did.")
    def automatic(self) -> bool:
        return self.facts.reason is not Reason.BY_HAND


@strawberry.federation.type(directives=[PUBLIC], description="The event came to this status.")
class EventStep:
    facts: strawberry.Private[model.Step]

    @strawberry.field
    def status(self) -> Status:
        return self.facts.status

    @strawberry.field
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.facts.status].in_(info.context.locale)

    @strawberry.field
    def at(self) -> datetime:
        return self.facts.at


@strawberry.federation.type(
    directives=[PUBLIC], keys=["id"], description="Something in the city that somebody has to deal with."
)
class CityEvent:
    facts: strawberry.Private[model.Event]

    @classmethod
    def of(cls, facts: model.Event) -> CityEvent:
        return cls(facts=facts)

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.facts.id)

    @field(description="As people quote it; a citizen's report keeps its own.")
    def number(self) -> str:
        return self.facts.report.number

    @strawberry.field
    def source(self) -> Source:
        return self.facts.report.source

    @strawberry.field
    def source_label(self, info: Info) -> str:
        return SOURCE_LABELS[self.facts.report.source].in_(info.context.locale)

    @field(description="The code of a report category.")
    def category(self) -> str:
        return self.facts.report.category

    @strawberry.field
    def category_label(self, info: Info) -> str:
        return self.facts.category.name.in_(info.context.locale)

    @strawberry.field
    def level(self) -> Level:
        return self.facts.category.level

    @strawberry.field
    def level_label(self, info: Info) -> str:
        return LEVEL_LABELS[self.facts.category.level].in_(info.context.locale)

    @strawberry.field
    def status(self) -> Status:
        return self.facts.status

    @strawberry.field
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.facts.status].in_(info.context.locale)

    @field(description="Null when the source does not know.")
    def district(self) -> District | None:
        return District.known(self.facts.report.district)

    @field(description="Null when the source does not know; of a citizen's report only to some 100 m.")
    def location(self) -> GeoPoint | None:
        point = self.facts.report.location
        if point is None or self.facts.report.source is not Source.CITIZEN:
            return GeoPoint.of(point) if point else None
        return GeoPoint.of(Point(round(point.longitude, CITIZEN_DECIMALS), round(point.latitude, CITIZEN_DECIMALS)))

    @strawberry.field
    def opened_at(self) -> datetime:
        return self.facts.report.opened_at

    @field(description="By when it has to be done.")
    def due_at(self) -> datetime:
        return self.facts.due_at

    @field(description="When it was done or closed.")
    def ended_at(self) -> datetime | None:
        return self.facts.ended_at

    @field(description="Past its time while open, or ended too late.")
    def overdue(self, info: Info) -> bool:
        return self.facts.is_overdue(now=info.context.service(Governance).clock.now())

    @field(description="Whose work it is now.")
    def unit(self) -> ExecutingUnit | None:
        held = self.facts.dispatch
        return ExecutingUnit(facts=unit_named(held.unit)) if held else None

    @field(description=f"The last {model.HISTORY_KEPT} orders to units, by time.")
    def dispatches(self) -> list[EventDispatch]:
        return [EventDispatch(facts=dispatch) for dispatch in self.facts.dispatches]

    @field(description=f"The last {model.HISTORY_KEPT} steps, by time.")
    def timeline(self) -> list[EventStep]:
        return [EventStep(facts=step) for step in self.facts.steps]

    @field(description="True when a demonstration made the event up.")
    def synthetic(self) -> bool:
        return self.facts.synthetic

    @strawberry.field
    def updated_at(self) -> datetime:
        return self.facts.updated_at

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> CityEvent | None:
        found = await Loads.of(info).event.load(id)
        return cls.of(found) if found else None


@strawberry.federation.type(keys=["code"])
class District:
    code: strawberry.ID = field(directives=[PUBLIC])

    @classmethod
    def known(cls, code: str | None) -> District | None:
        return cls(code=strawberry.ID(code)) if code else None

    @field(directives=[PUBLIC], description="The newest first.")
    async def city_events(self, info: Info, first: int = 20, after: str | None = None) -> Connection[CityEvent] | None:
        listing = Listing(PageRequest.of(first=first, after=after), district=self.code)
        return connection_of(await Loads.of(info).page.load(listing), CityEvent.of)

    @field(directives=[PUBLIC], description="Of all its events, how many are neither done nor closed.")
    async def open_event_count(self, info: Info) -> int | None:
        return await Loads.of(info).open.load(self.code)

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> District:
        return cls(code=code)


@strawberry.federation.type(keys=["id"])
class Case:
    id: strawberry.ID = field(authenticated=True)

    @field(authenticated=True, description="What the report became at the department; null until it has arrived there.")
    async def city_event(self, info: Info) -> CityEvent | None:
        found = await Loads.of(info).of_report.load(self.id)
        return CityEvent.of(found) if found else None

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Case:
        """Does no work: who may see a report is decided by the city, which names only what it has shown."""
        return cls(id=id)


@strawberry.type
class Query:
    @field(directives=[PUBLIC], description="The newest first; of one district, status or category, or of all.")
    async def city_events(
        self,
        info: Info,
        district: strawberry.ID | None = None,
        status: Status | None = None,
        category: str | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[CityEvent] | None:
        listing = Listing(PageRequest.of(first=first, after=after), district, status, category)
        return connection_of(await Loads.of(info).page.load(listing), CityEvent.of)

    @field(directives=[PUBLIC])
    async def city_event(self, info: Info, id: strawberry.ID) -> CityEvent | None:
        found = await Loads.of(info).event.load(id)
        return CityEvent.of(found) if found else None


schema = build_schema(query=Query, types=[CityEvent, District, Case])
KEYS: Final = {"CityEvent": "id", "District": "code", "Case": "id"}
executable = judge_references(graphql_core_schema(schema), keys=KEYS)
