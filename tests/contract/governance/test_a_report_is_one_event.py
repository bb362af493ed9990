"""What the city, sensors and patrols post: taken in once, by whoever has the key, and in no other shape."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

import orjson
import pytest

from backends.base import http
from backends.governance.http import POST_BYTES_MAX
from backends.governance.model import Source
from backends.governance.service import Governance
from backends.governance.store import GovernanceStore
from core.clock import FixedClock
from core.ids import Ids
from core.mongo import Mongo
from tests.contract.governance.governing import KEY, Door, code, report, stored
from tests.unit.governance.reporting import report as report_facts

NOTHING = {"events": 0, "changes": 0, "counters": 0}
ONE = {"events": 1, "changes": 1, "counters": 1}


async def test_ten_posts_at_once_are_one_event(door: Door, mongo: Mongo) -> None:
    answers = await asyncio.gather(*(door.intake() for _ in range(10)))
    assert {status for status, _ in answers} == {200}
    assert len({answer["id"] for _, answer in answers}) == 1
    assert sorted(answer["created"] for _, answer in answers) == [False] * 9 + [True]
    assert await stored(mongo) == ONE


@pytest.mark.parametrize("source", Source)
async def test_ten_processes_at_once_make_one_event(
    mongo: Mongo, clock: FixedClock, governance: Governance, source: Source
) -> None:
    """Each with a queue of its own, so that they meet in the database; only a citizen's report raises the counter."""
    processes = [Governance(GovernanceStore(mongo), clock, Ids(clock)) for _ in range(10)]
    answers = await asyncio.gather(*(one.take_in(report=report_facts(source=source)) for one in processes))
    assert len({answer.id for answer in answers}) == 1
    assert sorted(answer.created for answer in answers) == [False] * 9 + [True]
    assert (await stored(mongo))["events"] == 1


async def test_versions_in_any_order_end_with_the_newest(door: Door, mongo: Mongo) -> None:
    versions = [3, 1, 5, 2, 4, 5, 1]
    answers = await asyncio.gather(*(door.intake(version=v, number=f"N-{v}") for v in versions))
    assert sorted(answer["created"] for _, answer in answers) == [False] * 6 + [True]
    event = await mongo.collection("events").find_one({})
    assert event is not None
    assert (event["version"], event["number"]) == (5, "N-5")
    assert await stored(mongo) == ONE


async def test_an_older_version_changes_nothing(door: Door, mongo: Mongo) -> None:
    event_id = await door.taken(version=7)
    before = await mongo.collection("events").find_one({})
    for version in (6, 7):
        answer = await door.intake(version=version, status="CLOSED", category="noise", district="110108")
        assert answer == (200, {"id": event_id, "created": False})
    assert await mongo.collection("events").find_one({}) == before
    assert await stored(mongo) == ONE


async def test_sources_do_not_take_each_other_s_refs(door: Door, mongo: Mongo) -> None:
    ids = [await door.taken(source=source, ref="a-1") for source in ("CITIZEN", "SENSOR", "PATROL")]
    assert len(set(ids)) == 3
    assert await stored(mongo) == {"events": 3, "changes": 1, "counters": 1}


async def test_the_city_closes_and_reopens(door: Door) -> None:
    event_id = await door.taken()
    assert await door.intake(version=2, status="RESOLVED") == (200, {"id": event_id, "created": False})
    query = "query ($id: ID!) { cityEvent(id: $id) { status endedAt dispatches { automatic unit { code } } } }"
    closed = (await door.data(query, {"id": event_id}))["cityEvent"]
    assert (closed["status"], closed["endedAt"]) == ("CLOSED", "2026-11-22T04:00:00+00:00")
    await door.intake(version=3, status="REOPENED")
    again = (await door.data(query, {"id": event_id}))["cityEvent"]
    assert (again["status"], again["endedAt"]) == ("DISPATCHED", None)
    assert again["dispatches"] == [{"automatic": True, "unit": {"code": "110101-management"}}] * 2
    told = [(c["kind"], c["status"]) for c in await door.changes()]
    assert told == [("DISPATCHED", "DISPATCHED")] * 2  # not the closing, which the city said itself


KEYED = [
    ("POST", "/intake/events", report()),
    ("POST", "/events/evn_01KANZZZZZZZZZZZZZZZZZZZZZ/status", {"status": "ACCEPTED"}),
    ("POST", "/events/evn_01KANZZZZZZZZZZZZZZZZZZZZZ/dispatch", {}),
    ("GET", "/changes", None),
]


@pytest.mark.parametrize(("method", "path", "body"), KEYED, ids=[path for _, path, _ in KEYED])
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer ", "Basic a-governance-key", "Bearer \udce9"])
async def test_without_the_key_nothing_is_done(
    door: Door, mongo: Mongo, method: str, path: str, body: Any, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with door.session.request(method, path, data=orjson.dumps(body), headers=headers) as response:
        answer = await response.json()
    assert (response.status, code(answer)) == (401, "GOVERNANCE_KEY_INVALID")
    assert await stored(mongo) == NOTHING


async def test_a_second_key_is_good_while_the_first_is_changed(door: Door) -> None:
    assert (await door.post("/intake/events", report(), key="second-key"))[0] == 200


def padded(size: int) -> bytes:
    body = orjson.dumps(report())
    return body[:-1] + b" " * (size - len(body)) + b"}"


@pytest.mark.parametrize(
    ("body", "status", "refusal"),
    [
        (padded(POST_BYTES_MAX + 1), 413, "GOVERNANCE_BODY_TOO_LARGE"),
        (b"", 400, "GOVERNANCE_BODY_MALFORMED"),
        (b"{", 400, "GOVERNANCE_BODY_MALFORMED"),
        (b"\xff\xfe", 400, "GOVERNANCE_BODY_MALFORMED"),
        (b"[" * 5000, 400, "GOVERNANCE_BODY_MALFORMED"),
        (b"[]", 400, "GOVERNANCE_FIELD_INVALID"),
        (report(version="1"), 400, "GOVERNANCE_FIELD_INVALID"),
        (report(source="NOBODY"), 400, "GOVERNANCE_FIELD_INVALID"),
        (report(ref="syn-20261122-110101-0"), 400, "GOVERNANCE_FIELD_INVALID"),
    ],
)
async def test_a_bad_body_has_a_code_and_stores_nothing(
    door: Door, mongo: Mongo, body: Any, status: int, refusal: str
) -> None:
    answer = await door.post("/intake/events", body)
    assert (answer[0], code(answer[1])) == (status, refusal)
    assert await stored(mongo) == NOTHING


async def test_a_body_of_the_largest_size_is_taken(door: Door) -> None:
    assert (await door.post("/intake/events", padded(POST_BYTES_MAX)))[0] == 200


async def test_a_body_that_unpacks_to_too_much_is_refused(door: Door, mongo: Mongo) -> None:

    bomb = zlib.compress(b" " * (64 * 1024 * 1024), 9)
    status, answer = await door.post("/intake/events", bomb, Content_Encoding="deflate")
    assert (status, code(answer)) in [(413, "GOVERNANCE_BODY_TOO_LARGE"), (400, "GOVERNANCE_BODY_MALFORMED")]
    assert await stored(mongo) == NOTHING


async def test_a_body_that_never_comes_ends(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_TIMEOUT_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(door.base.rpartition(":")[2]))
    head = ("POST /intake/events HTTP/1.1", "Host: a", f"Authorization: Bearer {KEY}", "Content-Length: 9", "", "{")
    writer.write("\r\n".join(head).encode())
    line = await asyncio.wait_for(reader.readline(), 10)
    assert line.split()[1] == b"408"
    writer.close()


async def test_a_key_is_asked_for_before_a_body_is_read(door: Door) -> None:
    async with door.session.post("/intake/events", data=b"x" * 1_000_000) as response:
        assert response.status == 401


async def test_a_district_that_is_not_known_goes_to_the_city_s_centre(door: Door) -> None:
    await door.taken(district=None, longitude=None, latitude=None, dueAt=None)
    [told] = await door.changes()
    assert told["unit"] == {"zh": "市市民热线服务中心", "en": "City Hotline Service Centre"}


async def test_a_refusal_is_told_in_the_reader_s_language(door: Door) -> None:
    for locale, words in (
        ("zh", "内容有误（version）。"),
        ("en", "version: must be a whole number from 0 to 2147483647"),
    ):
        _, answer = await door.post("/intake/events", report(version=-1), Accept_Language=locale)
        assert answer["errors"][0]["message"] == words


async def test_posts_of_many_reports_go_beside_each_other(door: Door, mongo: Mongo) -> None:
    answers = await asyncio.gather(*(door.intake(ref=f"rep_{n}") for n in range(60)))
    assert [status for status, _ in answers] == [200] * 60
    assert await stored(mongo) == {"events": 60, "changes": 60, "counters": 1}
