"""What the governance department does: takes events in once, gives them to units, follows them, and tells the city."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backends.governance import model
from backends.governance.listing import EVENT, Listing, key_of
from backends.governance.model import Change, Event, Outcome, Report, Source, Status
from backends.governance.store import GovernanceStore
from core.clock import Clock
from core.errors import NotFound
from core.ids import Ids, is_id
from core.mongo import Session
from core.paging import Page

CHANGES_MAX: Final = 500
CHECK_S: Final = 1.0  # well under the 2 s after which who asks takes this process for dead


@dataclass(frozen=True, slots=True)
class TakenIn:
    """created: False when the event stood already."""

    id: str
    created: bool


@dataclass(frozen=True, slots=True)
class Governance:
    """The department's verbs. Those that change an event answer when the change is on a majority of the nodes."""

    store: GovernanceStore
    clock: Clock
    ids: Ids

    async def check(self) -> None:
        """Raises: Unavailable when the database does not answer within `CHECK_S`."""
        await self.store.mongo.ping(within_s=CHECK_S)

    async def take_in(self, *, report: Report, synthetic: bool = False) -> TakenIn:
        """A new event with its dispatch, or a newer word about one that stands; an older word changes nothing.

        May be sent again after any failure. Raises: Unavailable.
        """
        known = await self.store.find_report(source=report.source, ref=report.ref)
        if known is not None and known.report.version >= report.version:
            return TakenIn(known.id, created=False)

        async def work(session: Session) -> TakenIn:
            event = await self.store.find_report(source=report.source, ref=report.ref, session=session)
            outcome = self._after(event, report, synthetic=synthetic)
            if outcome.event != event:
                await self.store.put(outcome, session=session)
            return TakenIn(outcome.event.id, created=event is None)

        return await self.store.changing(work)

    def _after(self, event: Event | None, report: Report, *, synthetic: bool) -> Outcome:
        now = self.clock.now()
        if event is None:
            return model.arrived(report, event_id=self.ids.new(EVENT), at=now, synthetic=synthetic)
        return model.updated(event, report, at=now)

    async def dispatch(self, *, event_id: str, unit_code: str | None = None, note: str | None = None) -> Event:
        """Give an event to a unit by hand; None is the district's government.

        Raises: NotFound, UnitUnknown, StepNotAllowed, Unavailable.
        """
        return await self._change(
            event_id, lambda event, now: model.dispatched(event, unit_code=unit_code, note=note, at=now)
        )

    async def move(self, *, event_id: str, to: Status, note: str | None = None) -> Event:
        """A step of the unit that has the event. Raises: NotFound, FieldInvalid, StepNotAllowed, Unavailable."""
        return await self._change(event_id, lambda event, now: model.moved(event, to=to, note=note, at=now))

    async def _change(self, event_id: str, step: Callable[[Event, datetime], Outcome]) -> Event:
        async def work(session: Session) -> Event:
            event = await self.store.find(event_id=event_id, session=session)
            if event is None:
                raise NotFound(thing="event")
            outcome = step(event, self.clock.now())
            await self.store.put(outcome, session=session)
            return outcome.event

        return await self.store.changing(work)

    async def named(self, *, name: str) -> Event:
        """An event by its id, or by the number that people quote.

        Raises: NotFound, also when two events go by the number; Unavailable.
        """
        if is_id(name, prefix=EVENT):
            found = [event] if (event := await self.store.find(event_id=name)) else []
        else:
            found = await self.store.find_numbered(number=name)
        if len(found) != 1:
            raise NotFound(thing="event")
        return found[0]

    async def changes(self, *, after: int, limit: int) -> Sequence[Change]:
        """What the city is to be told, in order, behind the place `after`; at most `limit`, 1 to `CHANGES_MAX`."""
        return await self.store.changes(after=after, limit=limit)

    async def pages(self, *, listings: Sequence[Listing]) -> list[Page[Event]]:
        """Of each listing its page."""
        rows = await self.store.pages(listings)
        return [
            Page.of(rows=events, keys=[key_of(event) for event in events], request=listing.page)
            for events, listing in zip(rows, listings, strict=True)
        ]

    async def events(self, *, ids: Sequence[str]) -> Mapping[str, Event]:
        """Those of `ids` that an event has."""
        return await self.store.events(ids=ids)

    async def events_of_reports(self, *, refs: Sequence[str]) -> Mapping[str, Event]:
        """The events of citizens' reports, by the city's ids of the reports."""
        return await self.store.events_of_reports(refs=refs)

    async def open_counts(self, *, districts: Sequence[str]) -> Mapping[str, int]:
        """How many events of each district are open; a district without one is left out."""
        return await self.store.open_counts(districts=districts)

    async def known_refs(self, *, source: Source, refs: Sequence[str]) -> set[str]:
        """Which of these the source has reported."""
        return await self.store.known_refs(source=source, refs=refs)
