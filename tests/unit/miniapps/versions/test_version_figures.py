"""What those who build a program learn of its runs, and what they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import BadInput, Forbidden, NotFound
from core.paging import PageRequest
from miniapps.errors import SessionOver, TooOften
from miniapps.releases.reports import Blocked, Kind
from miniapps.versions import blocked, figures
from miniapps.versions.blocked import OF_ADDRESS
from miniapps.versions.figures import DAYS, LOGS, Entry, Level
from tests.support.threats import covers
from tests.unit.miniapps.releases.workshop import APP
from tests.unit.miniapps.runs import citizen
from tests.unit.miniapps.versions.bench import LI, REVIEWER, ZHANG, Bench

FIRST = PageRequest.of(first=50, after=None)


async def test_openings_are_counted_by_day_version_and_person(bench: Bench) -> None:
    await bench.released(1)
    crowd = [citizen(f"cit_{number}", session=f"ses_{number}") for number in range(9)]
    for one in (*crowd, crowd[0]):
        await bench.opens(one)
    (day,) = await bench.figures.days(principal=ZHANG, app_id=APP, days=7)
    assert (day.day, day.opens, day.people_told, dict(day.by_version)) == ("2026-11-22", 10, "<10", {1: 10})
    await bench.opens(LI)
    assert (await bench.figures.days(principal=ZHANG, app_id=APP, days=7))[0].people_told == "10"
    bench.clock.advance(seconds=86_400)
    await bench.released(2)
    await bench.opens(LI)
    today, yesterday = await bench.figures.days(principal=ZHANG, app_id=APP, days=7)
    assert (today.day, dict(today.by_version), today.people_told) == ("2026-11-23", {2: 1}, "<10")
    assert yesterday.opens == 11
    assert [one.day for one in await bench.figures.days(principal=ZHANG, app_id=APP, days=1)] == ["2026-11-23"]
    # Nobody is named, and all of it leaves.
    mongo = bench.desk.store.mongo
    rows = await mongo.collection(DAYS).find().sort("day").to_list(None)
    assert [(row["opens"], row["people"]) for row in rows] == [(11, 10), (1, 1)]
    assert not any("cit_" in str(row) or "o_" in str(row) for row in rows)
    assert all(row["leaves_at"] > bench.clock.now() + timedelta(days=28) for row in rows)
    with pytest.raises(NotFound):
        await bench.figures.days(principal=LI, app_id=APP, days=7)
    with pytest.raises(BadInput):
        await bench.figures.days(principal=ZHANG, app_id=APP, days=31)


async def test_what_a_run_writes_down_is_kept_redacted(bench: Bench) -> None:
    await bench.released(1)
    session = (await bench.sessions.begin(principal=LI, app_id=APP)).session.id
    now = bench.clock.now()
    entries = [
        Entry(Level.INFO, now, "reader 13800000001 signed in"),
        Entry(Level.ERROR, now - timedelta(days=9), "no answer", code="E_TIMEOUT"),
        Entry(Level.ERROR, now, code="E_TIMEOUT"),
        Entry(Level.INFO, now, event="loan.renewed"),
    ]
    assert await bench.figures.note(principal=LI, session_id=session, entries=entries) == 2
    found = await bench.figures.logs(principal=ZHANG, app_id=APP, level=None, version_code=1, request=FIRST)
    assert {(one.level, one.text, one.code, one.at) for one in found.rows} == {
        (Level.INFO, "reader […] signed in", "", now),
        (Level.ERROR, "no answer", "E_TIMEOUT", now),
    }
    errors = await bench.figures.logs(principal=ZHANG, app_id=APP, level=Level.ERROR, version_code=None, request=FIRST)
    assert [one.text for one in errors.rows] == ["no answer"]
    (day,) = await bench.figures.days(principal=ZHANG, app_id=APP, days=1)
    assert (dict(day.errors), dict(day.events)) == ({"E_TIMEOUT": 2}, {"loan_renewed": 1})
    # A time without an offset is of no known hour.
    naive = Entry(Level.WARN, now.replace(tzinfo=None), "slow")
    assert await bench.figures.note(principal=LI, session_id=session, entries=[naive]) == 1
    slow = await bench.figures.logs(principal=ZHANG, app_id=APP, level=Level.WARN, version_code=None, request=FIRST)
    assert [one.at for one in slow.rows] == [now]
    # Not of a run of somebody else's, not too much at once.
    with pytest.raises(SessionOver):
        await bench.figures.note(principal=ZHANG, session_id=session, entries=entries)
    with pytest.raises(BadInput):
        await bench.figures.note(principal=LI, session_id=session, entries=entries * 13)
    with pytest.raises(NotFound):
        await bench.figures.logs(principal=LI, app_id=APP, level=None, version_code=None, request=FIRST)


async def test_a_program_that_writes_much_is_sampled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "WHOLE_UP_TO", 10)
    monkeypatch.setattr(figures, "KEPT_MAX", 40)
    await bench.released(1)
    session = (await bench.sessions.begin(principal=LI, app_id=APP)).session.id
    now = bench.clock.now()

    async def wrote(level: Level, count: int) -> int:
        entries = [Entry(level, now, f"line {number}") for number in range(count)]
        return await bench.figures.note(principal=LI, session_id=session, entries=entries)

    assert await wrote(Level.INFO, 30) == 12  # ten, and each tenth after them
    assert await wrote(Level.ERROR, 20) == 10  # all of them, until there are forty
    assert await wrote(Level.ERROR, 10) == 0
    assert await bench.desk.store.mongo.collection(LOGS).count_documents({}) == 22


async def test_names_of_events_are_bounded(bench: Bench) -> None:
    await bench.released(1)
    session = (await bench.sessions.begin(principal=LI, app_id=APP)).session.id
    for turn in range(5):
        entries = [Entry(Level.INFO, bench.clock.now(), event=f"e-{turn}-{number}") for number in range(50)]
        await bench.figures.note(principal=LI, session_id=session, entries=entries)
    (day,) = await bench.figures.days(principal=ZHANG, app_id=APP, days=1)
    assert len(day.events) == 201 and day.events["others"] == 50


@covers("T32")
async def test_what_browsers_say_was_tried_is_counted_by_version_within_bounds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.released(1)
    second = await bench.workshop.releases.release((await bench.released(2)).release)
    assert second is not None
    tried = (Blocked("img-src", Kind.ELSEWHERE), Blocked("img-src", Kind.ELSEWHERE), Blocked("connect-src", Kind.CITY))
    for one in tried:
        await bench.blocking.blocked(second, one, address="2001:db8::1")
    wanted = {2: {"img-src elsewhere": 2, "connect-src city": 1}}
    (day,) = await bench.figures.days(principal=ZHANG, app_id=APP, days=7)
    assert (dict(day.blocked), day.opens) == (wanted, 0)
    assert await bench.blocking.of(principal=REVIEWER, app_id=APP) == wanted
    with pytest.raises(Forbidden):
        await bench.blocking.of(principal=ZHANG, app_id=APP)

    # One household says so much of one release, and all of them so much.
    monkeypatch.setattr(blocked, "OF_RELEASE", replace(blocked.OF_RELEASE, count_max=OF_ADDRESS.count_max + 2))
    for _ in range(OF_ADDRESS.count_max - len(tried)):
        await bench.blocking.blocked(second, tried[0], address="2001:db8::2")
    with pytest.raises(TooOften):
        await bench.blocking.blocked(second, tried[0], address="2001:db8::3")
    for number in (1, 2):
        await bench.blocking.blocked(second, tried[0], address=f"192.0.2.{number}")
    with pytest.raises(TooOften):
        await bench.blocking.blocked(second, tried[0], address="192.0.2.3")
    counted = await bench.blocking.of(principal=REVIEWER, app_id=APP)
    assert sum(counted[2].values()) == OF_ADDRESS.count_max + 2
    rows = await bench.desk.store.mongo.collection(DAYS).find().to_list(None)
    assert "192.0.2" not in str(rows) and "2001:db8" not in str(rows)
    bench.clock.advance(seconds=30 * 86_400)
    assert await bench.blocking.of(principal=REVIEWER, app_id=APP) == {}
