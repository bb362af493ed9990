"""The log that the city reads: in order, without a gap, whatever writes at once; and how units move an event."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import core.mongo
from backends.governance.errors import StepNotAllowed
from backends.governance.model import Source, Status
from backends.governance.service import Governance
from backends.governance.store import GovernanceStore
from core.clock import FixedClock
from core.errors import Unavailable
from core.ids import Ids
from core.mongo import Mongo, Session
from tests.contract.governance.governing import Door, code, stored
from tests.unit.governance.reporting import report as report_facts

UNIT = {"zh": "东城区城市管理委员会", "en": "Dongcheng District Commission of City Management"}


async def test_a_report_s_way_through_its_unit_is_told_step_by_step(door: Door, clock: FixedClock) -> None:
    event_id = await door.taken()
    for status, note in (("ACCEPTED", None), ("HANDLING", None), ("DONE", "路灯已修复")):
        clock.advance(seconds=60)
        answer = await door.step(event_id, status, note)
        shown = {"id": event_id, "number": "20261122-000001", "status": status}
        assert answer == (200, shown | {"unit": {"code": "110101-management", **UNIT}})
    assert await door.changes() == [
        {"seq": n, "ref": "rep_1", "kind": kind, "unit": UNIT, "status": status, "note": note, "at": at}
        for n, kind, status, note, at in (
            (1, "DISPATCHED", "DISPATCHED", None, "2026-11-22T04:00:00+00:00"),
            (2, "STATUS", "ACCEPTED", None, "2026-11-22T04:01:00+00:00"),
            (3, "STATUS", "HANDLING", None, "2026-11-22T04:02:00+00:00"),
            (4, "STATUS", "DONE", "路灯已修复", "2026-11-22T04:03:00+00:00"),
        )
    ]


async def test_what_is_returned_is_dispatched_again(door: Door) -> None:
    event_id = await door.taken()
    await door.step(event_id, "RETURNED", "不属于本单位职责")
    _, answer = await door.post(f"/events/{event_id}/dispatch", {"unit": "power", "note": "请电力公司处理"})
    assert (answer["status"], answer["unit"]["code"]) == ("DISPATCHED", "power")
    told = [(c["kind"], c["unit"]["en"], c["note"]) for c in await door.changes(after=1)]
    assert told == [
        ("STATUS", UNIT["en"], "不属于本单位职责"),
        ("DISPATCHED", "City Power Company", "请电力公司处理"),
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "refusal"),
    [
        ("status", {"status": "DONE", "note": "x"}, 409, "GOVERNANCE_STEP_NOT_ALLOWED"),
        ("status", {"status": "DISPATCHED"}, 409, "GOVERNANCE_STEP_NOT_ALLOWED"),
        ("status", {"status": "CLOSED"}, 409, "GOVERNANCE_STEP_NOT_ALLOWED"),
        ("status", {"status": "RETURNED"}, 400, "GOVERNANCE_FIELD_INVALID"),
        ("status", {"status": "ENDED"}, 400, "GOVERNANCE_FIELD_INVALID"),
        ("status", b"{", 400, "GOVERNANCE_BODY_MALFORMED"),
        ("dispatch", {"unit": "110102-parks"}, 400, "GOVERNANCE_UNIT_UNKNOWN"),
        ("dispatch", {"unit": 5}, 400, "GOVERNANCE_FIELD_INVALID"),
    ],
)
async def test_a_step_that_is_refused_changes_nothing(
    door: Door, mongo: Mongo, path: str, body: Any, status: int, refusal: str
) -> None:
    event_id = await door.taken()
    before = await mongo.collection("events").find_one({})
    answer = await door.post(f"/events/{event_id}/{path}", body)
    assert (answer[0], code(answer[1])) == (status, refusal)
    assert await mongo.collection("events").find_one({}) == before
    assert await stored(mongo) == {"events": 1, "changes": 1, "counters": 1}


@pytest.mark.parametrize("event_id", ["evn_01KANZZZZZZZZZZZZZZZZZZZZZ", "x", "%00", "é"])
async def test_an_event_that_is_not_there_is_not_found(door: Door, mongo: Mongo, event_id: str) -> None:
    for path, body in (("status", {"status": "ACCEPTED"}), ("dispatch", {})):
        status, answer = await door.post(f"/events/{event_id}/{path}", body)
        assert (status, code(answer)) == (404, "NOT_FOUND")
    assert (await stored(mongo))["events"] == 0


async def test_of_two_who_take_one_step_one_does(door: Door, governance: Governance, mongo: Mongo) -> None:
    event_id = await door.taken()
    answers = await asyncio.gather(*(door.step(event_id, "ACCEPTED") for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    assert len(await door.changes()) == 2


async def test_places_are_without_a_gap_under_many_writers_of_many_processes(
    governance: Governance, mongo: Mongo, clock: FixedClock
) -> None:
    """A reader that follows the log while it is written sees every place once and in order."""
    processes = [Governance(GovernanceStore(mongo), clock, Ids(clock)) for _ in range(4)]
    reports, each = 24, 2
    seen: list[int] = []

    async def write(n: int) -> None:
        one, other = processes[n % 4], processes[(n + 1) % 4]
        taken = await one.take_in(report=report_facts(ref=f"rep_{n}"))
        # Two try the same step: one of them fails and must leave no place behind.
        moves = [p.move(event_id=taken.id, to=Status.ACCEPTED) for p in (one, other)]
        ends = await asyncio.gather(*moves, return_exceptions=True)
        assert sorted(type(end).__name__ for end in ends) == ["Event", "StepNotAllowed"]

    async def read() -> None:
        while len(seen) < reports * each:
            seen.extend(c.seq for c in await governance.changes(after=seen[-1] if seen else 0, limit=7))
            await asyncio.sleep(0)

    async with asyncio.timeout(90), asyncio.TaskGroup() as group:
        group.create_task(read())
        for n in range(reports):
            group.create_task(write(n))
    assert seen == list(range(1, reports * each + 1))


async def test_who_is_beaten_too_long_is_told_to_come_again(
    governance: Governance, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction of another process holds the counter and does not end."""
    taken = await governance.take_in(report=report_facts())
    monkeypatch.setattr(core.mongo, "TRANSACTION_TRIED_S", 0.0)
    async with mongo.client.start_session() as session, await session.start_transaction():
        await mongo.collection("counters").update_one({}, {"$inc": {"seq": 1}}, session=session)
        with pytest.raises(Unavailable):
            await governance.move(event_id=taken.id, to=Status.ACCEPTED)
        await session.abort_transaction()
    monkeypatch.undo()
    await governance.move(event_id=taken.id, to=Status.ACCEPTED)
    assert [c.seq for c in await governance.changes(after=0, limit=10)] == [1, 2]


async def test_a_change_that_fails_after_its_place_was_given_gives_it_back(
    governance: Governance, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = await governance.take_in(report=report_facts())
    put = GovernanceStore.put

    async def put_and_fail(self: GovernanceStore, outcome: Any, *, session: Session) -> None:
        await put(self, outcome, session=session)
        raise StepNotAllowed(status="a", asked="b")

    with monkeypatch.context() as patched:
        patched.setattr(GovernanceStore, "put", put_and_fail)
        with pytest.raises(StepNotAllowed):
            await governance.move(event_id=taken.id, to=Status.ACCEPTED)
    assert [c.seq for c in await governance.changes(after=0, limit=10)] == [1]
    await governance.move(event_id=taken.id, to=Status.ACCEPTED)
    assert [c.seq for c in await governance.changes(after=0, limit=10)] == [1, 2]


async def test_a_reader_goes_on_where_it_stopped(door: Door) -> None:
    for n in range(5):
        await door.taken(ref=f"rep_{n}")
    read, after = [], 0
    while True:
        status, answer = await door.get(f"/changes?after={after}&limit=2")
        assert status == 200
        if not answer["changes"]:
            break
        read += [change["seq"] for change in answer["changes"]]
        assert answer["next"] == read[-1]
        after = answer["next"]
    assert (read, answer) == ([1, 2, 3, 4, 5], {"changes": [], "next": 5})
    assert (await door.get("/changes?after=99"))[1] == {"changes": [], "next": 99}


async def test_only_reports_of_citizens_are_told(governance: Governance, mongo: Mongo) -> None:
    for source in Source:
        taken = await governance.take_in(report=report_facts(source=source))
        await governance.move(event_id=taken.id, to=Status.ACCEPTED)
    assert [c.kind for c in await governance.changes(after=0, limit=10)] == ["DISPATCHED", "STATUS"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=1e3", "after"),
        ("after=%D9%A3", "after"),
        ("after=99999999999999999", "after"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=", "limit"),
        ("limit=%201", "limit"),
    ],
)
async def test_a_place_or_a_limit_that_is_none_is_named(door: Door, query: str, field: str) -> None:
    status, answer = await door.get(f"/changes?{query}")
    assert (status, code(answer)) == (400, "GOVERNANCE_FIELD_INVALID")
    assert answer["errors"][0]["extensions"]["field"] == field
