"""The subgraph as the gateway sees it: what everybody may see of an event, and in how many round trips."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener

from backends.governance import app
from backends.governance.cost import TARIFF
from backends.governance.model import Source, Status
from backends.governance.schema import KEYS, schema
from backends.governance.service import Governance
from backends.governance.store import GovernanceStore
from core.clock import FixedClock
from core.divisions import DISTRICTS
from core.embedded import Stores
from core.graph import sdl
from core.ids import Ids
from core.mongo import Document, Mongo
from tests.contract.governance.conftest import SETTINGS
from tests.contract.governance.governing import KEY, ROOT, Door, code
from tests.unit.governance.reporting import NOW, report

EVENT = """query ($id: ID!) { cityEvent(id: $id) { id number source sourceLabel category categoryLabel level levelLabel
  status statusLabel district { code } location { longitude latitude } openedAt dueAt endedAt overdue
  unit { code name district { code } } dispatches { unit { code } at reason automatic }
  timeline { status statusLabel at } synthetic updatedAt } }"""


async def test_an_event_as_everybody_sees_it(door: Door) -> None:
    event_id = await door.taken()
    assert (await door.data(EVENT, {"id": event_id}))["cityEvent"] == {
        "id": event_id,
        "number": "20261122-000001",
        "source": "CITIZEN",
        "sourceLabel": "Citizen",
        "category": "street-lamp",
        "categoryLabel": "Street lamp",
        "level": "ORDINARY",
        "levelLabel": "Ordinary",
        "status": "DISPATCHED",
        "statusLabel": "Dispatched",
        "district": {"code": "110101"},
        "location": {"longitude": 116.416, "latitude": 39.928},  # not 116.416123, 39.928456
        "openedAt": "2026-11-22T03:00:00+00:00",
        "dueAt": "2026-11-29T03:00:00+00:00",
        "endedAt": None,
        "overdue": False,
        "unit": {
            "code": "110101-management",
            "name": "Dongcheng District Commission of City Management",
            "district": {"code": "110101"},
        },
        "dispatches": [
            {
                "unit": {"code": "110101-management"},
                "at": "2026-11-22T04:00:00+00:00",
                "reason": "This unit deals with this kind of event here",
                "automatic": True,
            }
        ],
        "timeline": [
            {"status": "REPORTED", "statusLabel": "Reported", "at": "2026-11-22T04:00:00+00:00"},
            {"status": "DISPATCHED", "statusLabel": "Dispatched", "at": "2026-11-22T04:00:00+00:00"},
        ],
        "synthetic": False,
        "updatedAt": "2026-11-22T04:00:00+00:00",
    }


async def test_it_is_told_in_chinese_too(door: Door) -> None:
    event_id = await door.taken(category="gas-smell", district="110108", source="PATROL")
    found = (await door.data(EVENT, {"id": event_id}, "zh-CN"))["cityEvent"]
    labels = [found[name] for name in ("sourceLabel", "categoryLabel", "levelLabel", "statusLabel")]
    assert labels == ["巡查发现", "燃气异味", "紧急", "已派单"]
    assert found["unit"] == {"code": "gas", "name": "市燃气集团", "district": None}
    assert found["dispatches"][0]["reason"] == "按事项类别派单"
    assert found["location"] == {"longitude": 116.416123, "latitude": 39.928456}  # no citizen stands behind it


async def test_what_people_wrote_is_not_in_the_graph(door: Door) -> None:
    event_id = await door.taken()
    await door.post(f"/events/{event_id}/dispatch", {"unit": "power", "note": "住户张丽华"})
    await door.step(event_id, "RETURNED", "住户张丽华")
    shown = orjson.dumps(await door.data(EVENT, {"id": event_id}, "zh-CN")).decode()
    assert "已退单" in shown
    assert "张丽华" not in shown
    assert not re.search(r"note|description|ref\b", sdl(schema), re.I)


async def test_an_event_is_overdue_when_its_time_is_up(door: Door, clock: FixedClock) -> None:
    event_id = await door.taken(category="manhole", dueAt=None)  # opened an hour ago; due in another
    query = "query ($id: ID!) { cityEvent(id: $id) { overdue dueAt } }"
    clock.advance(seconds=3600)
    found = [(await door.data(query, {"id": event_id}))["cityEvent"]]
    clock.advance(seconds=1)
    found.append((await door.data(query, {"id": event_id}))["cityEvent"])
    assert found == [{"overdue": late, "dueAt": "2026-11-22T05:00:00+00:00"} for late in (False, True)]


async def three_a_district(governance: Governance, *, districts: int = 16) -> None:
    for n, district in enumerate(list(DISTRICTS)[:districts]):
        for hours in range(3):
            facts = report(
                ref=f"rep_{n}_{hours}", number=f"{district}-{hours}", district=district,
                opened_at=NOW - timedelta(hours=hours), category=("waste", "noise", "waste")[hours],
            )  # fmt: skip
            await governance.take_in(report=facts)


LIST = """query ($district: ID, $status: CityEventStatus, $category: String, $first: Int = 100, $after: String) {
  cityEvents(district: $district, status: $status, category: $category, first: $first, after: $after) {
    nodes { number } pageInfo { hasNextPage endCursor } } }"""


@pytest.mark.parametrize(
    ("variables", "numbers"),
    [
        ({"district": "110102"}, ["110102-0", "110102-1", "110102-2"]),
        ({"category": "noise"}, ["110101-1", "110102-1"]),
        ({"status": "ACCEPTED"}, ["110101-0"]),
        ({"district": "110101", "status": "DISPATCHED", "category": "waste"}, ["110101-2"]),
        ({"district": "110102", "status": "ACCEPTED"}, []),
        ({"district": "999999"}, []),
        ({"category": "unheard-of"}, []),
    ],
)
async def test_events_of_a_district_a_status_a_category(
    door: Door, governance: Governance, variables: dict[str, Any], numbers: list[str]
) -> None:
    await three_a_district(governance, districts=2)
    event = await governance.named(name="110101-0")
    await governance.move(event_id=event.id, to=Status.ACCEPTED)
    found = (await door.data(LIST, variables))["cityEvents"]
    assert sorted(node["number"] for node in found["nodes"]) == numbers


async def test_pages_follow_each_other_the_newest_first_and_new_events_do_not_shift_them(
    door: Door, governance: Governance, mongo: Mongo
) -> None:
    await three_a_district(governance, districts=3)  # three opened at the same instant each time
    stood = [(document["opened"], document["_id"], document["number"]) async for document in _events(mongo)]
    numbers, after = [], None
    while True:
        page = (await door.data(LIST, {"first": 2, "after": after}))["cityEvents"]
        numbers += [node["number"] for node in page["nodes"]]
        await governance.take_in(report=report(ref=f"new_{len(numbers)}", number="new", opened_at=NOW))
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert numbers == [number for _, _, number in sorted(stood, reverse=True)]
    assert [number[-1] for number in numbers] == list("000111222")


def _events(mongo: Mongo) -> AsyncIterator[Document]:
    return mongo.collection("events").find({})


@pytest.mark.parametrize("after", ["x", "MQ", "MTpldm5fMQ", "!" * 300])
async def test_a_cursor_that_is_none_is_refused(door: Door, after: str) -> None:
    response = await door.graphql(LIST, {"after": after})
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_is_1_to_100(door: Door, first: int) -> None:
    response = await door.graphql(LIST, {"first": first})
    assert response["errors"][0]["extensions"]["field"] == "first"


@pytest.mark.parametrize("event_id", ["evn_01KANZZZZZZZZZZZZZZZZZZZZZ", "", "x", "x" * 10_000])
async def test_an_event_that_is_not_there_is_null(door: Door, event_id: str) -> None:
    assert (await door.data(EVENT, {"id": event_id}))["cityEvent"] is None


ENTITIES = """query ($of: [_Any!]!) { _entities(representations: $of) {
  ... on District { code openEventCount cityEvents(first: 2) { nodes { number } pageInfo { hasNextPage } } }
  ... on Case { id cityEvent { number status } }
  ... on CityEvent { number } } }"""


class Commands(CommandListener):
    """The names of the commands that reached MongoDB."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: Any) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


@pytest_asyncio.fixture
async def commands() -> Commands:
    return Commands()


@pytest_asyncio.fixture
async def watched(
    governance: Governance, mongo: Mongo, stores: Stores, clock: FixedClock, ids: Ids, commands: Commands
) -> AsyncIterator[Door]:
    """The door of a process whose commands are counted."""
    client = AsyncMongoClient[Document](stores.mongo_url, tz_aware=True, event_listeners=[commands])
    watched = Governance(GovernanceStore(Mongo(client, client[mongo.database.name])), clock, ids)
    async with app.serving(SETTINGS, watched) as base, aiohttp.ClientSession(base) as session:
        yield Door(base, session)
    await client.close()


async def test_many_entities_are_one_round_trip_a_kind(
    watched: Door, governance: Governance, commands: Commands
) -> None:
    await three_a_district(governance)
    ids = [(await governance.named(name=f"{district}-0")).id for district in DISTRICTS]
    cases = [f"rep_{n}_{hours}" for n in range(16) for hours in range(3)]
    of = [
        *({"__typename": "District", "code": district} for district in DISTRICTS),
        *({"__typename": "Case", "id": case} for case in [*cases, "rep_none"]),
        *({"__typename": "CityEvent", "id": event_id} for event_id in ids),
    ]
    commands.names.clear()
    found = (await watched.data(ENTITIES, {"of": of}))["_entities"]
    assert sorted(commands.names) == ["aggregate", "aggregate", "find", "find"]
    for district, entity in zip(DISTRICTS, found[:16], strict=True):
        assert entity == {
            "code": district,
            "openEventCount": 3,
            "cityEvents": {
                "nodes": [{"number": f"{district}-0"}, {"number": f"{district}-1"}],
                "pageInfo": {"hasNextPage": True},
            },
        }
    told = [(e["id"], e["cityEvent"] and e["cityEvent"]["number"]) for e in found[16 : 16 + 49]]
    numbers = [f"{district}-{hours}" for district in DISTRICTS for hours in range(3)]
    assert told == [*zip(cases, numbers, strict=True), ("rep_none", None)]
    assert [entity["number"] for entity in found[16 + 49 :]] == [f"{district}-0" for district in DISTRICTS]


async def test_sixty_different_pages_are_two_round_trips(
    watched: Door, governance: Governance, commands: Commands
) -> None:
    await three_a_district(governance, districts=1)
    lists = " ".join(f"l{n}: cityEvents(first: {n}) {{ nodes {{ number }} }}" for n in range(1, 61))
    commands.names.clear()
    found = await watched.data(f"{{ {lists} }}")
    assert commands.names == ["aggregate", "aggregate"]
    assert [len(found[f"l{n}"]["nodes"]) for n in (1, 2, 3, 60)] == [1, 2, 3, 3]


async def test_a_report_that_only_a_sensor_s_ref_matches_has_no_event(door: Door, governance: Governance) -> None:
    await governance.take_in(report=report(source=Source.SENSOR, ref="rep_9"))
    found = await door.data(ENTITIES, {"of": [{"__typename": "Case", "id": "rep_9"}]})
    assert found["_entities"] == [{"id": "rep_9", "cityEvent": None}]


async def test_what_is_open_is_counted(door: Door, governance: Governance) -> None:
    await three_a_district(governance, districts=1)
    event = await governance.named(name="110101-0")
    for to in (Status.ACCEPTED, Status.HANDLING, Status.DONE):
        await governance.move(event_id=event.id, to=to, note="x")
    await door.intake(ref="rep_0_1", version=2, status="CLOSED", category="noise")
    of = [{"__typename": "District", "code": code} for code in ("110101", "110102", "nowhere")]
    found = await door.data(ENTITIES, {"of": of})
    assert [entity["openEventCount"] for entity in found["_entities"]] == [1, 0, 0]


@pytest.mark.parametrize(
    "bad",
    [
        {"__typename": "Citizen", "id": "x"},
        {"__typename": "Case"},
        {"__typename": "Case", "id": 5},
        {"__typename": "CityEvent", "id": "x" * 65},
        {"__typename": "District", "code": "110101", "name": "x"},
        5,
    ],
)
async def test_a_bad_reference_is_null_with_a_code_and_the_good_ones_stay(door: Door, bad: object) -> None:
    response = await door.graphql(ENTITIES, {"of": [{"__typename": "Case", "id": "a"}, bad]})
    assert response["data"]["_entities"] == [{"id": "a", "cityEvent": None}, None]
    assert [(e["path"], e["extensions"]["code"]) for e in response["errors"]] == [(["_entities", 1], "BAD_USER_INPUT")]


def test_the_judged_references_are_the_keys_of_the_schema() -> None:
    assert dict(re.findall(r'type (\w+) .*@key\(fields: "(\w+)"\)', sdl(schema))) == KEYS


def test_the_lengths_of_pages_are_those_of_the_schema() -> None:
    for name, (default, _) in TARIFF.pages.items():
        told = re.findall(rf"\b{name}\([^)]*first: Int! = (\d+)", sdl(schema))
        assert (len(told), set(told)) == (2, {str(default)})


def test_the_committed_schema_is_the_code_s() -> None:
    committed = (ROOT / "backends" / "governance" / "schema.graphql").read_text()
    assert committed == sdl(schema), "run `python -m backends.governance schema` and commit what changed"


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("{nope}", "GOVERNANCE_QUERY_REFUSED"),
        ("{" + " ".join(f"a{n}: cityEvents(first: 100) {{ nodes {{ id }} }}" for n in range(201)) + "}",
         "GOVERNANCE_QUERY_TOO_COSTLY"),
        ("{ cityEvents(first: 100) { nodes { district { cityEvents(first: 100) { nodes { district { "
         "cityEvents(first: 100) { nodes { id } } } } } } } } }", "GOVERNANCE_QUERY_TOO_COSTLY"),
        ("{ cityEvents(first: 100) { nodes { " + " ".join(f"d{n}: dispatches {{ at }}" for n in range(50))
         + " } } }", "GOVERNANCE_QUERY_TOO_COSTLY"),
    ],
)  # fmt: skip
async def test_a_query_that_is_wrong_or_too_much_is_not_run(
    watched: Door, commands: Commands, query: str, refusal: str
) -> None:
    commands.names.clear()
    answer = await watched.graphql(query)
    assert (set(answer), code(answer), commands.names) == ({"errors"}, refusal, [])


async def test_operators_see_that_it_lives_is_ready_and_what_it_did(door: Door) -> None:
    await door.taken()
    assert await door.get("/healthz", key=None) == (200, {"status": "alive"})
    assert await door.get("/readyz", key=None) == (200, {"status": "ready"})
    async with door.session.get("/metrics") as response:
        text = await response.text()
    assert 'governance_requests_total{route="/intake/events",status="200"} 1.0' in text
    assert KEY not in text
    assert (await door.get("/nowhere"))[0] == 404
