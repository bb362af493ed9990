"""City events: how one arrives, whose work it is, and how it moves.

Rules
- Every step is a row of `STEPS`; an event moves in no other way. A dispatch begins a unit's work, and a unit that
  returns an event gives it up: it waits for the next dispatch.
- The city's own word about a report goes first: what it has settled is CLOSED here, what it opens again is dispatched
  again. The city is never told what it said itself: only a dispatch that followed from it.
- Of two words about one report the one with the higher version holds, in whatever order they come.
- Whether an event is overdue is computed, never stored.
Source: the course of a case of the 12345 hotline (派单, 签收, 办理, 办结, 退单, 重办), simplified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from backends.governance.categories import DUE_WITHIN, Category, category_of
from backends.governance.errors import FieldInvalid, StepNotAllowed, UnitUnknown
from backends.governance.units import UNITS, Reason, Unit, government_of, serves, unit_for
from core.geo import Point
from core.locale import Text

HISTORY_KEPT: Final = 20  # of dispatches, and of steps; the rest is in the change log
SYNTHETIC_PREFIX: Final = "syn-"


class Source(StrEnum):
    """Who saw it."""

    CITIZEN = "CITIZEN"
    SENSOR = "SENSOR"
    PATROL = "PATROL"


class Status(StrEnum):
    """Where an event stands."""

    REPORTED = "REPORTED"
    DISPATCHED = "DISPATCHED"
    ACCEPTED = "ACCEPTED"
    HANDLING = "HANDLING"
    DONE = "DONE"
    RETURNED = "RETURNED"
    CLOSED = "CLOSED"


class Kind(StrEnum):
    """What the city is told of."""

    DISPATCHED = "DISPATCHED"
    STATUS = "STATUS"


SOURCE_LABELS: Final[Mapping[Source, Text]] = {
    Source.CITIZEN: Text(zh="市民上报", en="Citizen"),
    Source.SENSOR: Text(zh="物联感知", en="Sensor"),
    Source.PATROL: Text(zh="巡查发现", en="Patrol"),
}
STATUS_LABELS: Final[Mapping[Status, Text]] = {
    Status.REPORTED: Text(zh="已上报", en="Reported"),
    Status.DISPATCHED: Text(zh="已派单", en="Dispatched"),
    Status.ACCEPTED: Text(zh="已签收", en="Accepted"),
    Status.HANDLING: Text(zh="办理中", en="Being dealt with"),
    Status.DONE: Text(zh="已办结", en="Done"),
    Status.RETURNED: Text(zh="已退单", en="Returned"),
    Status.CLOSED: Text(zh="已关闭", en="Closed by the city"),
}

_S = Status
# Where a unit's step leads: from where it may be taken, and whether it must be said what was done or why.
STEPS: Final[Mapping[Status, tuple[frozenset[Status], bool]]] = {
    _S.ACCEPTED: (frozenset({_S.DISPATCHED}), False),
    _S.HANDLING: (frozenset({_S.ACCEPTED}), False),
    _S.DONE: (frozenset({_S.HANDLING}), True),
    _S.RETURNED: (frozenset({_S.DISPATCHED, _S.ACCEPTED, _S.HANDLING}), True),
}
DISPATCHABLE: Final = frozenset({_S.REPORTED, _S.DISPATCHED, _S.ACCEPTED, _S.RETURNED})
ENDED: Final = frozenset({_S.DONE, _S.CLOSED})
OPEN: Final = frozenset(Status) - ENDED
# What the city calls a report that it has settled, or opened again.
CITY_SETTLES: Final = frozenset({"RESOLVED", "CLOSED", "REJECTED", "DUPLICATE"})
CITY_REOPENS: Final = frozenset({"REOPENED"})


@dataclass(frozen=True, slots=True)
class Report:
    """What a source says of an event: the facts, and their version.

    ref: the source's own id, which the event is known by there. number: as people quote it.
    district: None where the source does not know. status: the source's own word for where the matter stands.
    """

    source: Source
    ref: str
    number: str
    category: str
    district: str | None
    location: Point | None
    opened_at: datetime
    due_at: datetime | None
    status: str
    version: int


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One order to a unit. note: a dispatcher's words, not for the public."""

    unit: str
    at: datetime
    reason: Reason
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The event came to `status`. note: a unit's words, not for the public."""

    status: Status
    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What the city is told: of which report, what, and whose work it now is.

    seq: its place in the log, 1, 2, 3 … without a gap; 0 until it is written.
    """

    ref: str
    kind: Kind
    unit: str
    status: Status
    note: str | None
    at: datetime
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """A city event. ended_at: when it was done or closed; None while it is open."""

    id: str
    report: Report
    status: Status
    synthetic: bool
    dispatches: tuple[Dispatch, ...]
    steps: tuple[Step, ...]
    ended_at: datetime | None
    updated_at: datetime

    @property
    def category(self) -> Category:
        return category_of(self.report.category)

    @property
    def due_at(self) -> datetime:
        """As the source says, or by the level of the event."""
        return self.report.due_at or self.report.opened_at + DUE_WITHIN[self.category.level]

    @property
    def dispatch(self) -> Dispatch | None:
        """The order that holds now."""
        return self.dispatches[-1] if self.dispatches else None

    def is_overdue(self, *, now: datetime) -> bool:
        """Past its time while open, or ended too late."""
        return (self.ended_at or now) > self.due_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """An event after something happened to it, and what the city is to be told, in order."""

    event: Event
    changes: tuple[Change, ...] = ()


def arrived(report: Report, *, event_id: str, at: datetime, synthetic: bool = False) -> Outcome:
    """A new event, and its dispatch by rule unless the source has settled it already."""
    reported = Event(event_id, report, Status.REPORTED, synthetic, (), (Step(Status.REPORTED, at),), None, at)
    if report.status in CITY_SETTLES:
        return Outcome(_at(reported, Step(Status.CLOSED, at)))
    return _dispatched_by_rule(reported, at=at)


def updated(event: Event, report: Report, *, at: datetime) -> Outcome:
    """The event after a newer word of its source; the same one after an older word or the same."""
    if report.version <= event.report.version:
        return Outcome(event)
    known, event = event.report, replace(event, report=report, updated_at=at)
    if report.status in CITY_SETTLES and event.status in OPEN:
        return Outcome(_at(event, Step(Status.CLOSED, at)))
    # Said again it is the same reopening: a unit that has finished meanwhile is not sent out twice.
    reopened = report.status in CITY_REOPENS and known.status not in CITY_REOPENS
    if (reopened and event.status in ENDED) or _is_misplaced(event):
        return _dispatched_by_rule(event, at=at)
    return Outcome(event)


def dispatched(event: Event, *, unit_code: str | None, note: str | None, at: datetime) -> Outcome:
    """Given to a unit by hand. unit_code: None is the district's government.

    Raises: UnitUnknown, StepNotAllowed.
    """
    unit = government_of(event.report.district) if unit_code is None else UNITS.get(unit_code)
    if unit is None or not serves(unit, event.report.district):
        raise UnitUnknown(unit=(unit_code or "")[:64])
    if event.status not in DISPATCHABLE:
        raise StepNotAllowed(status=event.status, asked=Status.DISPATCHED)
    return _dispatched(event, unit, Reason.BY_HAND, note=note, at=at)


def moved(event: Event, *, to: Status, note: str | None, at: datetime) -> Outcome:
    """A step of the unit. Raises: FieldInvalid, StepNotAllowed."""
    sources, needs_note = STEPS.get(to, (frozenset(), False))
    if event.status not in sources or event.dispatch is None:
        raise StepNotAllowed(status=event.status, asked=to)
    if needs_note and note is None:
        raise FieldInvalid(field="note", problem="say what was done, or why the event is returned")
    change = Change(event.report.ref, Kind.STATUS, event.dispatch.unit, to, note, at)
    return Outcome(_at(event, Step(to, at, note)), _told(event, change))


def _is_misplaced(event: Event) -> bool:
    """The rules chose a unit that has not begun, and by the facts of now they would choose another."""
    held = event.dispatch
    if event.status is not Status.DISPATCHED or held is None or held.reason is Reason.BY_HAND:
        return False
    return held.unit != unit_for(district=event.report.district, category=event.report.category)[0].code


def _dispatched_by_rule(event: Event, *, at: datetime) -> Outcome:
    unit, reason = unit_for(district=event.report.district, category=event.report.category)
    return _dispatched(event, unit, reason, note=None, at=at)


def _dispatched(event: Event, unit: Unit, reason: Reason, *, note: str | None, at: datetime) -> Outcome:
    dispatches = (*event.dispatches, Dispatch(unit.code, at, reason, note))[-HISTORY_KEPT:]
    change = Change(event.report.ref, Kind.DISPATCHED, unit.code, Status.DISPATCHED, note, at)
    ordered = replace(event, dispatches=dispatches)
    return Outcome(_at(ordered, Step(Status.DISPATCHED, at, note)), _told(event, change))


def _told(event: Event, change: Change) -> tuple[Change, ...]:
    """Only of citizens' reports: what sensors and patrols saw is known to nobody there."""
    return (change,) if event.report.source is Source.CITIZEN else ()


def _at(event: Event, step: Step) -> Event:
    return replace(
        event,
        status=step.status,
        steps=(*event.steps, step)[-HISTORY_KEPT:],
        ended_at=step.at if step.status in ENDED else None,
        updated_at=step.at,
    )
