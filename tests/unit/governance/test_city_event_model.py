"""How an event moves: every step that is allowed, every one that is not, and what the city's own word does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backends.governance import model
from backends.governance.errors import FieldInvalid, StepNotAllowed, UnitUnknown
from backends.governance.model import Change, Dispatch, Kind, Source, Status, Step
from backends.governance.units import Reason
from tests.unit.governance.reporting import EVENT_ID, NOW, event, report

LATER = NOW + timedelta(hours=1)
ALLOWED = {
    (Status.DISPATCHED, Status.ACCEPTED),
    (Status.DISPATCHED, Status.RETURNED),
    (Status.ACCEPTED, Status.HANDLING),
    (Status.ACCEPTED, Status.RETURNED),
    (Status.HANDLING, Status.DONE),
    (Status.HANDLING, Status.RETURNED),
}


@pytest.mark.parametrize("to", Status)
@pytest.mark.parametrize("status", Status)
def test_a_step_is_allowed_from_where_the_table_says(status: Status, to: Status) -> None:
    before = event(status)
    if (status, to) not in ALLOWED:
        with pytest.raises(StepNotAllowed) as refused:
            model.moved(before, to=to, note="why", at=LATER)
        assert (refused.value.status, refused.value.asked) == (status, to)
        return
    outcome = model.moved(before, to=to, note="why", at=LATER)
    assert outcome.event == replace(
        before,
        status=to,
        steps=(*before.steps, Step(to, LATER, "why")),
        ended_at=LATER if to is Status.DONE else None,
        updated_at=LATER,
    )
    assert outcome.changes == (Change("rep_1", Kind.STATUS, "110101-management", to, "why", LATER),)


@pytest.mark.parametrize(("status", "to"), sorted(ALLOWED))
def test_what_ends_a_unit_s_work_needs_words(status: Status, to: Status) -> None:
    if to in {Status.DONE, Status.RETURNED}:
        with pytest.raises(FieldInvalid) as refused:
            model.moved(event(status), to=to, note=None, at=LATER)
        assert refused.value.field == "note"
    else:
        assert model.moved(event(status), to=to, note=None, at=LATER).event.status is to


@pytest.mark.parametrize("status", Status)
def test_an_event_is_dispatched_by_hand_before_its_unit_works_or_after_it_gave_it_up(status: Status) -> None:
    before = event(status)
    if status in {Status.HANDLING, Status.DONE, Status.CLOSED}:
        with pytest.raises(StepNotAllowed):
            model.dispatched(before, unit_code="gas", note=None, at=LATER)
        return
    outcome = model.dispatched(before, unit_code="gas", note="smells", at=LATER)
    assert outcome.event.status is Status.DISPATCHED
    assert outcome.event.dispatch == Dispatch("gas", LATER, Reason.BY_HAND, "smells")
    assert outcome.changes == (Change("rep_1", Kind.DISPATCHED, "gas", Status.DISPATCHED, "smells", LATER),)


@pytest.mark.parametrize("unit", ["nobody", "110102-management", "110102-government"])
def test_only_a_unit_that_serves_the_district_is_sent(unit: str) -> None:
    with pytest.raises(UnitUnknown) as refused:
        model.dispatched(event(), unit_code=unit, note=None, at=LATER)
    assert refused.value.unit == unit


def test_without_a_unit_the_district_s_government_takes_it() -> None:
    outcome = model.dispatched(event(Status.RETURNED), unit_code=None, note=None, at=LATER)
    assert outcome.changes[0].unit == "110101-government"


def test_an_event_arrives_and_is_dispatched_by_rule() -> None:
    outcome = model.arrived(report(), event_id=EVENT_ID, at=NOW)
    assert outcome.event.dispatches == (Dispatch("110101-management", NOW, Reason.BY_CATEGORY),)
    assert outcome.event.steps == (Step(Status.REPORTED, NOW), Step(Status.DISPATCHED, NOW))
    assert outcome.changes == (Change("rep_1", Kind.DISPATCHED, "110101-management", Status.DISPATCHED, None, NOW),)


@pytest.mark.parametrize("source", [Source.SENSOR, Source.PATROL])
def test_the_city_is_not_told_of_what_it_did_not_report(source: Source) -> None:
    outcome = model.arrived(report(source=source), event_id=EVENT_ID, at=NOW)
    assert (outcome.event.status, outcome.changes) == (Status.DISPATCHED, ())
    assert model.moved(outcome.event, to=Status.ACCEPTED, note=None, at=LATER).changes == ()


@pytest.mark.parametrize("said", ["RESOLVED", "CLOSED", "REJECTED", "DUPLICATE"])
def test_what_the_city_has_settled_already_is_nobody_s_work(said: str) -> None:
    outcome = model.arrived(report(status=said), event_id=EVENT_ID, at=NOW)
    assert (outcome.event.status, outcome.event.ended_at) == (Status.CLOSED, NOW)
    assert (outcome.event.dispatches, outcome.changes) == ((), ())


@pytest.mark.parametrize("said", ["RESOLVED", "CLOSED", "REJECTED", "DUPLICATE"])
@pytest.mark.parametrize("status", sorted(model.OPEN))
def test_what_the_city_settles_is_closed_and_not_told_back(status: Status, said: str) -> None:
    outcome = model.updated(event(status), report(status=said, version=2), at=LATER)
    assert (outcome.event.status, outcome.event.ended_at, outcome.changes) == (Status.CLOSED, LATER, ())


def test_what_is_done_stays_done_when_the_city_settles_it() -> None:
    before = event(Status.DONE)
    outcome = model.updated(before, report(status="CLOSED", version=2), at=LATER)
    assert (outcome.event.status, outcome.event.ended_at, outcome.changes) == (Status.DONE, NOW, ())


@pytest.mark.parametrize("status", sorted(model.ENDED))
def test_what_the_city_reopens_is_dispatched_again_once(status: Status) -> None:
    again = model.updated(event(status), report(status="REOPENED", version=2), at=LATER)
    assert (again.event.status, again.event.ended_at, len(again.event.dispatches)) == (Status.DISPATCHED, None, 2)
    assert [(c.kind, c.unit) for c in again.changes] == [(Kind.DISPATCHED, "110101-management")]
    done = replace(again.event, status=Status.DONE)
    said_again = model.updated(done, report(status="REOPENED", version=3), at=LATER)
    assert (said_again.event.status, said_again.changes) == (Status.DONE, ())


def test_a_reopening_of_what_is_open_sends_nobody_again() -> None:
    outcome = model.updated(event(Status.HANDLING), report(status="REOPENED", version=2), at=LATER)
    assert (outcome.event.status, outcome.changes) == (Status.HANDLING, ())


@pytest.mark.parametrize("version", [0, 1, 2])
def test_an_older_word_or_the_same_changes_nothing(version: int) -> None:
    before = event(version=2)
    outcome = model.updated(before, report(version=version, status="CLOSED", category="noise"), at=LATER)
    assert (outcome.event, outcome.changes) == (before, ())


@pytest.mark.parametrize(
    ("status", "facts", "unit"),
    [
        (Status.DISPATCHED, {"category": "noise"}, "110101-environment"),
        (Status.DISPATCHED, {"district": "110102"}, "110102-management"),
        (Status.DISPATCHED, {"category": "waste"}, None),  # the same unit's
        (Status.ACCEPTED, {"category": "noise"}, None),  # it has begun
        (Status.RETURNED, {"category": "noise"}, None),  # a dispatcher has it
    ],
)
def test_corrected_facts_move_what_waits_at_another_unit(
    status: Status, facts: dict[str, Any], unit: str | None
) -> None:
    outcome = model.updated(event(status), report(version=2, **facts), at=LATER)
    assert [change.unit for change in outcome.changes] == ([unit] if unit else [])
    assert outcome.event.status is status
    assert outcome.event.report == report(version=2, **facts)


def test_what_a_dispatcher_chose_is_not_moved_by_a_rule() -> None:
    chosen = model.dispatched(event(), unit_code="gas", note=None, at=NOW).event
    outcome = model.updated(chosen, report(version=2, category="noise"), at=LATER)
    assert (outcome.changes, outcome.event.dispatches) == ((), chosen.dispatches)


@pytest.mark.parametrize(
    ("category", "hours"),
    [
        ("manhole", 2),
        ("water-leak", 24),
        ("street-lamp", 7 * 24),
        ("illegal-building", 15 * 24),
        ("unheard-of", 7 * 24),
    ],
)
def test_without_the_source_s_word_an_event_is_due_by_its_level(category: str, hours: int) -> None:
    opened = report().opened_at
    assert event(category=category).due_at == opened + timedelta(hours=hours)
    assert event(category=category, due_at=NOW).due_at == NOW


@pytest.mark.parametrize(
    ("status", "ended", "overdue"),
    [(Status.HANDLING, None, True), (Status.DONE, -1, False), (Status.DONE, 1, True)],
)
def test_overdue_is_past_its_time_while_open_or_ended_too_late(
    status: Status, ended: int | None, overdue: bool
) -> None:
    ended_at = None if ended is None else NOW + timedelta(minutes=ended)
    assert replace(event(status, due_at=NOW), ended_at=ended_at).is_overdue(now=LATER) is overdue


def test_what_is_kept_of_an_event_s_course_is_bounded() -> None:
    one = event()
    for n in range(3 * model.HISTORY_KEPT):
        one = model.dispatched(one, unit_code="gas", note=str(n), at=LATER).event
    assert [len(one.dispatches), len(one.steps)] == [model.HISTORY_KEPT] * 2
    assert one.dispatches[-1].note == str(3 * model.HISTORY_KEPT - 1)
