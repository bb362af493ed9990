"""What is posted is judged field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.governance.errors import FieldInvalid
from backends.governance.intake import dispatch_of, report_of, step_of
from backends.governance.model import Report, Source, Status
from core.geo import Point
from tests.unit.governance.reporting import NOW

BODY: dict[str, Any] = {
    "source": "CITIZEN", "ref": "rep_01J", "number": "20261122-000001", "category": "street-lamp", "district": "110101",
    "longitude": 116.4, "latitude": 39.9, "openedAt": "2026-11-22T11:00:00+08:00", "dueAt": "2026-11-29T11:00:00+08:00",
    "status": "SUBMITTED", "version": 1,
}  # fmt: skip


def test_a_report_is_read_whole() -> None:
    assert report_of(BODY, now=NOW) == Report(
        source=Source.CITIZEN,
        ref="rep_01J",
        number="20261122-000001",
        category="street-lamp",
        district="110101",
        location=Point(116.4, 39.9),
        opened_at=datetime(2026, 11, 22, 3, tzinfo=UTC),
        due_at=datetime(2026, 11, 29, 3, tzinfo=UTC),
        status="SUBMITTED",
        version=1,
    )


def test_what_a_source_may_not_know_may_be_null_or_left_out() -> None:
    unknown = {"district": None, "longitude": None, "latitude": None, "dueAt": None}
    found = report_of(BODY | unknown, now=NOW)
    assert (found.district, found.location, found.due_at) == (None, None, None)
    assert report_of({k: v for k, v in BODY.items() if k not in unknown}, now=NOW) == found


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("source", ["citizen", "NOBODY", None, 1, ["CITIZEN"], {}]),
        ("ref", ["", "-a", "a" * 65, "a b", "rep\n", None, 7, "syn-20261122-110101-0", "案"]),
        ("number", ["", " ", "n" * 41, "a\u202eb", "a\nb", None, 5]),
        ("category", ["", "Street", "a" * 41, "a_b", None, []]),
        ("district", ["110000", "110103", "", 110101, []]),
        ("location", [("116", 39.9), (116.4, None), (None, 39.9), (181, 0), (0, -90.1), (True, False)]),
        (
            "openedAt",
            [
                *("", "now", "2026-11-22T11:00:00", "2026-11-22T12:05:01+08:00", "1999-12-31T00:00:00Z", None, 5),
                *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
            ],
        ),
        ("dueAt", ["", "2026-11-29", "2027-11-24T12:00:00+08:00", 5]),
        ("status", ["", "Open", "A" * 33, "A-B", None, 1]),
        ("version", [-1, 2**31, True, 1.0, "1", None]),
    ],
)
def test_a_bad_field_is_named(field: str, values: list[Any]) -> None:
    for value in values:
        changed = dict(zip(("longitude", "latitude"), value, strict=True)) if field == "location" else {field: value}
        with pytest.raises(FieldInvalid) as refused:
            report_of(BODY | changed, now=NOW)
        assert refused.value.field == field, value


@pytest.mark.parametrize("body", [None, [], "a", 1, {}, BODY | {"description": "x"}, {"source": "CITIZEN"}])
def test_a_body_of_another_shape_is_refused(body: object) -> None:
    with pytest.raises(FieldInvalid) as refused:
        report_of(body, now=NOW)
    assert refused.value.field == "body"


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3)


@given(st.fixed_dictionaries({}, optional={name: _JSON for name in BODY}))
def test_whatever_comes_is_read_or_refused_by_name(changed: dict[str, Any]) -> None:
    try:
        report_of(BODY | changed, now=NOW)
    except FieldInvalid as refused:
        assert refused.field in {*BODY, "location"}


def test_orders_and_steps_are_read() -> None:
    assert dispatch_of({}) == (None, None)
    assert dispatch_of({"unit": "gas", "note": " 请尽快 "}) == ("gas", "请尽快")
    assert step_of({"status": "DONE", "note": "修复"}) == (Status.DONE, "修复")
    assert step_of({"status": "ACCEPTED"}) == (Status.ACCEPTED, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "FINISHED"}, "status"),
        ({"status": None}, "status"),
        ({"status": ["DONE"]}, "status"),
        ({}, "body"),
        ({"status": "DONE", "by": "me"}, "body"),
        ({"status": "DONE", "note": ""}, "note"),
        ({"status": "DONE", "note": "x" * 501}, "note"),
        ({"status": "DONE", "note": "a\u200bb"}, "note"),
        ({"status": "DONE", "note": 5}, "note"),
    ],
)
def test_a_bad_step_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        step_of(body)
    assert refused.value.field == field
