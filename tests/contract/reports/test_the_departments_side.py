"""What goes out to the departments and what comes back, against a real server that speaks the agreed words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.domains.reports.errors import HandOverFailed, HandOverRefused
from api.domains.reports.governance import Governance
from api.domains.reports.model import EntryKind
from api.domains.reports.service import CREATED, MOVED, Reports
from api.domains.reports.worker import chores, subscriptions
from api.domains.reports.workflow import Action, Status
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.embedded import Stores
from core.errors import DomainError
from core.events import Backbone, Event, Limits, open_facts
from core.locale import Text
from core.mongo import Mongo
from core.tasks import going_on
from tests.support.waiting import DEADLINE_S, until
from tests.unit.reports.reporting import ANNA, DONGCHENG, Build, citizen, everything, handler, reported

KEY = "governance-key"
UNIT = {"zh": "交道口街道", "en": "Jiaodaokou Subdistrict"}


@dataclass
class Departments:
    """The other side: what it was told, what it says, and how it answers."""

    told: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    status: int = 202
    raw: bytes | None = None
    hang: bool = False

    async def intake(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        if self.hang:
            await asyncio.Event().wait()
        if self.status < 300:
            self.told.append(orjson.loads(await request.read()))
        return web.Response(status=self.status)

    async def changes(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        self.asked.append(request.query_string)
        after, limit = int(request.query["after"]), int(request.query["limit"])
        page = [change for change in self.log if not isinstance(change["seq"], int) or change["seq"] > after][:limit]
        return web.Response(body=orjson.dumps({"changes": page}) if self.raw is None else self.raw, status=self.status)

    def say(self, ref: str, kind: str = "DISPATCHED", **more: Any) -> None:
        change = {"seq": len(self.log) + 1, "ref": ref, "kind": kind, "unit": UNIT, "status": "OPEN", "note": None}
        self.log.append(change | {"at": "2026-11-22T03:59:00Z"} | more)


@pytest.fixture
def departments() -> Departments:
    return Departments(status=200)


@pytest_asyncio.fixture
async def governance(departments: Departments) -> AsyncIterator[Governance]:
    application = web.Application()
    application.add_routes([web.post("/intake/events", departments.intake), web.get("/changes", departments.changes)])
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        yield Governance(url=str(server.make_url("")), key=KEY, session=session, timeout_s=DEADLINE_S)


@pytest_asyncio.fixture
async def linked(build: Build, mongo: Mongo, governance: Governance) -> Reports:
    made = build(mongo, governance)
    await made.open()
    return made


def told_of(case_id: str, *, name: str = CREATED, action: str | None = None) -> Event:
    payload = {"case": case_id, "citizen": ANNA} | ({"action": action} if action else {})
    return Event(id="evt_1", name=name, occurred_at=datetime(2026, 11, 22, 4, 0, tzinfo=UTC), payload=payload)


async def test_the_departments_are_told_of_a_case_and_of_nobody(linked: Reports, departments: Departments) -> None:
    case = await reported(linked, description="我叫张三", address="某某胡同 9 号")
    await linked.hand_over(told_of(case.id))
    assert departments.told == [
        {
            "source": "CITIZEN",
            "ref": case.id,
            "number": "20261122-000001-4",
            "category": "street-lamp",
            "district": "110101",
            "longitude": DONGCHENG.longitude,
            "latitude": DONGCHENG.latitude,
            "openedAt": "2026-11-22T04:00:00+00:00",
            "dueAt": "2026-11-29T04:00:00+00:00",
            "status": "SUBMITTED",
            "version": 1,
        }
    ]


async def test_a_move_is_told_as_the_case_stands_now(linked: Reports, departments: Departments) -> None:
    case = await reported(linked)
    await linked.act(principal=handler(), case_id=case.id, version=1, action=Action.ACCEPT)
    await linked.hand_over(told_of(case.id))
    await linked.hand_over(told_of(case.id, name=MOVED, action="ACCEPT"))
    assert [(one["version"], one["status"]) for one in departments.told] == [(2, "ACCEPTED"), (2, "ACCEPTED")]
    await linked.hand_over(told_of(case.id, name=MOVED, action="DISPATCHED"))
    await linked.hand_over(told_of("rep_01KAMP0000000000000000000A"))
    assert len(departments.told) == 2


@pytest.mark.parametrize(
    ("status", "refusal", "retryable"),
    [
        (400, HandOverRefused, False),
        (401, HandOverFailed, True),
        (403, HandOverFailed, True),
        (409, HandOverRefused, False),
        (429, HandOverFailed, True),
        (301, HandOverFailed, True),
        (500, HandOverFailed, True),
        (503, HandOverFailed, True),
    ],
)
async def test_what_the_departments_refuse(
    linked: Reports, departments: Departments, status: int, refusal: type[DomainError], retryable: bool
) -> None:
    case = await reported(linked)
    departments.status = status
    with pytest.raises(refusal) as refused:
        await linked.hand_over(told_of(case.id))
    assert refused.value.extensions["retryable"] is retryable


async def test_departments_that_hang_or_are_gone_are_tried_again(
    linked: Reports, build: Build, mongo: Mongo, departments: Departments, governance: Governance
) -> None:
    case = await reported(linked)
    departments.hang = True
    hasty = Governance(url=governance.url, key=KEY, session=governance.session, timeout_s=0.5)
    with pytest.raises(HandOverFailed):
        await build(mongo, hasty).hand_over(told_of(case.id))
    gone = Governance(url="http://127.0.0.1:9", key=KEY, session=governance.session)
    with pytest.raises(HandOverFailed):
        await build(mongo, gone).hand_over(told_of(case.id))


async def test_what_the_departments_do_stands_in_the_timeline_once(
    linked: Reports, build: Build, mongo: Mongo, departments: Departments, governance: Governance, cipher: FieldCipher
) -> None:
    case = await reported(linked)
    departments.say(case.id, at="2026-11-22T03:59:00Z")  # by a clock that is a minute behind ours
    departments.say("rep_01KAMP0000000000000000000A")
    departments.say(case.id, "STATUS", note="班组已到场", unit=None)
    twin = build(mongo, governance)
    await asyncio.gather(*(one.take_over() for one in (linked, twin, linked, twin)), return_exceptions=True)
    await linked.take_over()
    kept = await linked.case(principal=citizen(), case_id=case.id)
    assert [(entry.kind, entry.note, entry.status) for entry in kept.timeline] == [
        (EntryKind.REPORTED, "", Status.SUBMITTED),
        (EntryKind.DISPATCHED, "", Status.SUBMITTED),
        (EntryKind.STATUS, "班组已到场", Status.SUBMITTED),
    ]
    assert kept.timeline[1].at == kept.created_at
    assert (kept.unit, kept.version, kept.status) == (kept.timeline[1].unit, 1, Status.SUBMITTED)
    assert kept.unit is not None
    assert (kept.unit.zh, kept.unit.en) == (UNIT["zh"], UNIT["en"])
    moves = await mongo.collection("events").find({"name": MOVED}).sort("$natural", 1).to_list(None)
    assert [one["payload"]["action"] for one in moves] == ["DISPATCHED", "STATUS"]
    facts = open_facts(moves[1]["payload"]["facts"], owner=ANNA, cipher=cipher)
    assert (facts["status"]["en"], facts["note"]) == ("Progress", "班组已到场")
    before = await everything(mongo)
    await linked.take_over()
    assert departments.asked[-1] == "after=3&limit=100"
    assert await everything(mongo) == before


async def test_how_far_a_unit_is_stands_in_words(
    linked: Reports, mongo: Mongo, departments: Departments, cipher: FieldCipher
) -> None:
    case = await reported(linked)
    departments.say(case.id, status="DISPATCHED")
    for status in ("ACCEPTED", "HANDLING", "DONE", "RETURNED", "ABDUCTED", ["DONE"]):
        departments.say(case.id, "STATUS", status=status)
    await linked.take_over()
    kept = await linked.case(principal=citizen(), case_id=case.id)
    assert [entry.label for entry in kept.timeline[1:]] == [
        Text(zh="派单", en="Dispatched"),
        Text(zh="处置单位已签收", en="Accepted by the unit"),
        Text(zh="处置单位办理中", en="The unit is working on it"),
        Text(zh="处置单位已处置", en="Dealt with by the unit"),
        Text(zh="处置单位已退单", en="Returned by the unit"),
        Text(zh="办理进展", en="Progress"),
        Text(zh="办理进展", en="Progress"),
    ]
    assert kept.status is Status.SUBMITTED
    moves = await mongo.collection("events").find({"name": MOVED}).sort("$natural", 1).to_list(None)
    told = [open_facts(one["payload"]["facts"], owner=ANNA, cipher=cipher)["status"]["en"] for one in moves]
    assert told == [entry.label.en for entry in kept.timeline[1:]]


async def test_a_long_log_is_read_in_pages_and_a_case_is_bounded(
    linked: Reports, departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.domains.reports.service.ENTRIES_MAX", 6)
    case = await reported(linked)
    for turn in range(108):
        departments.say(case.id if turn > 99 else "rep_01KAMP0000000000000000000A", "STATUS", note=str(turn))
    await linked.take_over()
    kept = await linked.case(principal=citizen(), case_id=case.id)
    assert [entry.note for entry in kept.timeline[1:]] == ["100", "101", "102", "103", "104"]
    assert departments.asked == ["after=0&limit=100", "after=100&limit=100"]
    assert await linked.store.cursor("governance") == 108


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "EXPLODED"},
        {"kind": None},
        {"kind": ["STATUS"]},
        {"ref": 5},
        {"ref": "x" * 10_000},
    ],
    ids=["kind", "no kind", "kinds", "number", "long"],
)
async def test_a_change_without_words_is_passed_over(
    linked: Reports, mongo: Mongo, departments: Departments, odd: dict[str, Any]
) -> None:
    case = await reported(linked)
    departments.say(**{"ref": case.id, **odd})
    departments.say(case.id, "STATUS", note="x" * 5000, unit={"zh": 1}, at="never")
    departments.say(case.id, "STATUS", note=" \n ")
    await linked.take_over()
    [_, entry, silent] = (await linked.case(principal=citizen(), case_id=case.id)).timeline
    assert (len(entry.note), entry.unit, entry.at) == (1000, None, case.created_at)
    assert silent.note == ""
    assert await linked.store.cursor("governance") == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"changes": 5}',
        b'{"changes": [{}]}',
        b'{"changes": [{"seq": "1", "ref": "x"}]}',
        b'{"changes": [{"seq": true, "ref": "x"}]}',
        b'{"changes": [{"seq": 2, "ref": "x"}, {"seq": 2, "ref": "x"}]}',
        b'{"changes": [{"seq": 0, "ref": "x"}]}',
        b" " * (2**20 + 1),
    ],
    ids=lambda raw: raw.strip().decode()[:40] or "long",
)
async def test_an_answer_in_other_words_changes_nothing(
    linked: Reports, mongo: Mongo, departments: Departments, raw: bytes
) -> None:
    await reported(linked)
    departments.raw = raw
    before = await everything(mongo)
    with pytest.raises(HandOverFailed):
        await linked.take_over()
    assert await everything(mongo) == before


async def test_without_departments_nothing_happens(room: Reports, mongo: Mongo) -> None:
    case = await reported(room)
    before = await everything(mongo)
    await room.hand_over(told_of(case.id))
    await room.take_over()
    assert await everything(mongo) == before


async def test_the_backbone_carries_a_case_there_and_the_chore_brings_the_answer(
    linked: Reports, mongo: Mongo, stores: Stores, clock: FixedClock, departments: Departments
) -> None:
    backbone = Backbone(
        mongo=mongo,
        redis_url=stores.redis_url,
        clock=clock,
        subscriptions=subscriptions(linked),
        limits=Limits(poll_s=0.05),
        queue=f"events-{mongo.database.name}",
    )
    await backbone.prepare()
    async with going_on({"events": backbone.run, **chores(linked)}):
        case = await reported(linked)

        async def arrived() -> bool:
            return [one["ref"] for one in departments.told] == [case.id]

        await until(arrived, what="the case")
        departments.say(case.id)

        async def shown() -> bool:
            return len((await linked.case(principal=citizen(), case_id=case.id)).timeline) == 2

        await until(shown, what="the answer")


async def test_departments_that_are_away_are_waited_for_without_noise(
    linked: Reports, departments: Departments, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.domains.reports.worker._TAKE_OVER_EVERY_S", 0.01)
    case = await reported(linked)
    departments.say(case.id)
    departments.status = 503
    async with going_on(chores(linked)):

        async def asked_again() -> bool:
            return len(departments.asked) > 2

        await until(asked_again, what="another try")
        departments.status = 200

        async def shown() -> bool:
            return len((await linked.case(principal=citizen(), case_id=case.id)).timeline) == 2

        await until(shown, what="the change")
    assert {record.levelname for record in caplog.records if record.name.startswith(("api.", "core."))} == {"WARNING"}
    assert all(record.exc_info is None for record in caplog.records)
