"""The demonstration's events: the same for a seed, marked, where and what they say they are."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from backends.governance.categories import CATEGORIES
from backends.governance.demo import A_DAY, SEED, reports_of
from backends.governance.model import Source
from core.divisions import DISTRICTS
from core.geo import district_of

DAY = date(2026, 11, 22)


def test_a_day_has_events_in_every_district_and_is_the_same_when_asked_again() -> None:
    reports = list(reports_of(DAY, seed=SEED))
    assert reports == list(reports_of(DAY, seed=SEED))
    assert reports != list(reports_of(DAY, seed=SEED + 1))
    assert Counter(report.district for report in reports) == dict.fromkeys(DISTRICTS, A_DAY)


def test_each_says_what_is_so() -> None:
    begin = datetime(2026, 11, 22, tzinfo=ZoneInfo("Asia/Shanghai"))
    for report in reports_of(DAY, seed=SEED):
        assert report.location is not None
        assert district_of(report.location) == report.district
        assert report.category in CATEGORIES
        assert report.source in {Source.SENSOR, Source.PATROL}
        assert report.ref.startswith("syn-20261122-")
        assert report.number.startswith("SYN-20261122-")
        assert begin <= report.opened_at < begin + timedelta(days=1)


def test_the_days_points_lie_in_their_districts_whatever_the_day() -> None:
    days = [DAY + timedelta(days=n) for n in range(60)]
    reports = [report for day in days for report in reports_of(day, seed=SEED)]
    assert [r.ref for r in reports if r.location is None or district_of(r.location) != r.district] == []
