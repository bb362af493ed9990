"""The rules of reporting, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.domains.reports.categories import CATEGORIES, DUE_WITHIN, Urgency
from api.domains.reports.errors import (
    ActionNotAllowed,
    CaseFull,
    CategoryUnknown,
    NoteRequired,
    PhotoRequired,
    ReopenTermOver,
)
from api.domains.reports.model import (
    Case,
    Entry,
    EntryKind,
    Step,
    bounded,
    case_number,
    category_of,
    check_client_report_id,
    check_photo_ids,
    is_case_number,
    is_doubtful,
    list_key,
    moved,
    place_in_list,
    similarity,
)
from api.domains.reports.workflow import Action, By, Status
from core.errors import BadInput, DomainError
from core.geo import Point

T0 = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PHOTO = "pho_01KAMP0000000000000000000A"


def a_case(**changes: Any) -> Case:
    values: dict[str, Any] = {
        "id": "rep_01KAMP0000000000000000000A",
        "number": "20261122-000001-1",
        "category": CATEGORIES["street-lamp"],
        "description": "d",
        "location": Point(116.4, 39.9),
        "address": "",
        "district": "110101",
        "created_at": T0,
        "updated_at": T0,
        "due_at": T0 + timedelta(days=7),
        "timeline": (Entry(at=T0, kind=EntryKind.REPORTED, status=Status.SUBMITTED),),
    }
    return Case(**values | changes)


def handled(action: Action, **changes: Any) -> Step:
    return Step(action, By.HANDLER, **{"note": "why", "photos": (), "staff": "stf_x"} | changes)


def test_a_step_moves_the_case_and_is_written_down() -> None:
    after = moved(a_case(), handled(Action.ACCEPT), now=T0 + timedelta(hours=1))
    assert (after.status, after.version, after.updated_at) == (Status.ACCEPTED, 2, T0 + timedelta(hours=1))
    assert after.timeline[1] == Entry(
        at=T0 + timedelta(hours=1),
        kind=EntryKind.ACTION,
        status=Status.ACCEPTED,
        action=Action.ACCEPT,
        by=By.HANDLER,
        staff="stf_x",
        note="why",
    )


def test_an_internal_note_moves_nothing() -> None:
    after = moved(a_case(), handled(Action.NOTE), now=T0 + timedelta(days=1))
    assert (after.status, after.due_at, after.version) == (Status.SUBMITTED, T0 + timedelta(days=7), 2)
    assert after.timeline[-1].internal


@pytest.mark.parametrize(
    ("case", "step", "refusal"),
    [
        (a_case(), handled(Action.RESOLVE), ActionNotAllowed),
        (a_case(), Step(Action.ACCEPT, By.REPORTER), ActionNotAllowed),
        (a_case(), handled(Action.REJECT, note=""), NoteRequired),
        (a_case(status=Status.IN_PROGRESS), handled(Action.RESOLVE), PhotoRequired),
        (a_case(status=Status.IN_PROGRESS), handled(Action.RESOLVE, note="", photos=(PHOTO,)), NoteRequired),
        (a_case(status=Status.RESOLVED), handled(Action.CLOSE, photos=(PHOTO,)), BadInput),
        (a_case(timeline=(a_case().timeline[0],) * 200), handled(Action.ACCEPT), CaseFull),
        (
            a_case(status=Status.RESOLVED, settled_at=T0 - timedelta(days=15, seconds=1)),
            Step(Action.REOPEN, By.REPORTER, note="still dark"),
            ReopenTermOver,
        ),
    ],
)
def test_what_a_step_is_refused_for(case: Case, step: Step, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        moved(case, step, now=T0)


def test_a_photo_is_asked_for_only_where_something_can_be_seen() -> None:
    noise = a_case(status=Status.IN_PROGRESS, category=CATEGORIES["noise"])
    assert moved(noise, handled(Action.RESOLVE), now=T0).status is Status.RESOLVED


def test_the_clock_stands_while_the_reporter_is_asked() -> None:
    asked = moved(a_case(), handled(Action.RETURN), now=T0 + timedelta(days=1))
    assert (asked.paused_at, asked.due_at) == (T0 + timedelta(days=1), T0 + timedelta(days=7))
    assert not asked.overdue(T0 + timedelta(days=100))
    answered = moved(asked, Step(Action.ANSWER, By.REPORTER, note="here"), now=T0 + timedelta(days=4))
    assert (answered.paused_at, answered.due_at) == (None, T0 + timedelta(days=10))
    assert not answered.overdue(T0 + timedelta(days=10))
    assert answered.overdue(T0 + timedelta(days=10, seconds=1))


def test_a_reopened_case_is_due_anew_and_its_term_runs_from_the_first_settling() -> None:
    resolved = moved(
        a_case(status=Status.IN_PROGRESS), handled(Action.RESOLVE, photos=(PHOTO,)), now=T0 + timedelta(days=1)
    )
    closed = moved(resolved, handled(Action.CLOSE), now=T0 + timedelta(days=3))
    assert closed.settled_at == T0 + timedelta(days=1)
    last = T0 + timedelta(days=16)
    assert [rule.action for rule in closed.open_to(By.REPORTER, last)] == [Action.REOPEN]
    assert closed.open_to(By.REPORTER, last + timedelta(seconds=1)) == []
    reopened = moved(closed, Step(Action.REOPEN, By.REPORTER, note="dark again"), now=last)
    assert (reopened.settled_at, reopened.due_at) == (None, last + timedelta(days=7))


def test_every_category_is_named_and_has_a_due_time() -> None:
    assert {one.code: code for code, one in CATEGORIES.items()} == {code: code for code in CATEGORIES}
    assert all(one.name.zh and one.name.en and one.group.zh and one.group.en for one in CATEGORIES.values())
    assert {one.urgency for one in CATEGORIES.values()} == set(Urgency)
    assert {urgency: within.total_seconds() / 3600 for urgency, within in DUE_WITHIN.items()} == {
        Urgency.EMERGENCY: 2,
        Urgency.LIFELINE: 24,
        Urgency.ORDINARY: 7 * 24,
        Urgency.COMPLEX: 15 * 24,
    }


@pytest.mark.parametrize("code", ["", "lamp", "STREET-LAMP", "x" * 10_000])
def test_a_category_that_there_is_not(code: str) -> None:
    with pytest.raises(CategoryUnknown):
        category_of(code)


@pytest.mark.parametrize(
    ("sequence", "number"), [(1, "20261122-000001-4"), (123, "20261122-000123-6"), (1_000_000, "20261122-1000000-5")]
)
def test_a_case_number_carries_a_check_digit(sequence: int, number: str) -> None:
    assert case_number(date(2026, 11, 22), sequence) == number
    assert is_case_number(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20261122-000123-5",
        "20261122-000132-6",
        "20261123-000123-6",
        "20261122000123-6",
        "20261122-00012٣-6",
        "20261122-000123-",
        "-".join(["1" * 1000] * 3),
    ],
)
def test_a_mistyped_number_is_told(text: str) -> None:
    assert not is_case_number(text)


@pytest.mark.parametrize(
    ("ours", "theirs", "like"),
    [((), (1,), None), ((1,), (), None), ((7,), (7,), 1.0), ((0,), (2**64 - 1,), 0.0), ((0, 255), (254,), 0.98)],
)
def test_pictures_are_compared_by_their_nearest_pair(
    ours: tuple[int, ...], theirs: tuple[int, ...], like: float | None
) -> None:
    assert similarity(ours, theirs) == like


@pytest.mark.parametrize(
    ("taken", "doubtful"),
    [
        ([], False),
        ([Point(116.4, 39.9)], False),
        ([Point(116.4, 39.9044)], False),
        ([Point(116.4, 39.9), Point(116.4, 39.9046)], True),
    ],
)
def test_a_photo_from_elsewhere_makes_a_report_doubtful(taken: list[Point], doubtful: bool) -> None:
    assert is_doubtful(Point(116.4, 39.9), taken) is doubtful


@pytest.mark.parametrize(
    "text", ["x" * 11, "", "   ", "a\x00b", "a\x1bb", "\ud800"], ids=["long", "empty", "blank", "nul", "escape", "half"]
)
def test_text_is_bounded(text: str) -> None:
    with pytest.raises(BadInput):
        bounded(text, field="description", length_max=10, required=True)


def test_text_keeps_its_lines() -> None:
    assert bounded("  a\nb\t ", field="description", length_max=10) == "a\nb"


@pytest.mark.parametrize("ids", [[PHOTO] * 2, ["pho_x"], ["rep_01KAMP0000000000000000000A"], [PHOTO] * 6])
def test_photo_ids_are_checked(ids: list[str]) -> None:
    with pytest.raises(BadInput):
        check_photo_ids(ids)
    assert check_photo_ids([PHOTO]) == (PHOTO,)


@pytest.mark.parametrize("text", ["", "x" * 65, "a\nb"])
def test_a_client_report_id_has_1_to_64_characters(text: str) -> None:
    with pytest.raises(BadInput):
        check_client_report_id(text)


def test_a_place_in_the_list_survives_its_cursor() -> None:
    key = list_key(T0, "rep_01KAMP0000000000000000000A")
    assert place_in_list(key) == (T0, "rep_01KAMP0000000000000000000A")


@pytest.mark.parametrize("key", ["", ":", "1", "1:cit_01KAMP0000000000000000000A", "-1:rep_x", "9" * 99 + ":rep_x"])
def test_a_key_that_was_never_ours_is_bad_input(key: str) -> None:
    with pytest.raises(BadInput):
        place_in_list(key)
