"""The subgraph as the gateway sees it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import aiohttp
import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener

from backends.sensor import app
from backends.sensor.app import Settings
from backends.sensor.feed import SyntheticFeed
from backends.sensor.schema import KEYS, schema
from backends.sensor.service import Sensors
from backends.sensor.store import SensorStore
from core.clock import FixedClock
from core.divisions import DISTRICTS
from core.embedded import Stores
from core.graph import sdl
from core.mongo import Document, Mongo
from tests.contract.sensor.sensing import NOW, ROOT, Door, reading, station

AIR = """query ($of: [_Any!]!) { _entities(representations: $of) { ... on District { code airQuality {
  observedAt aqi category categoryLabel primaryPollutant { id name } primaryPollutants { id } advice
  concentrations { property { id unit ucumCode } value iaqi } stationCount synthetic source } } } }"""


def districts(*codes: str) -> dict[str, Any]:
    return {"of": [{"__typename": "District", "code": code} for code in codes]}


async def air(door: Door, code: str = "110101", locale: str = "en") -> Any:
    response = await door.graphql(AIR, districts(code), locale)
    assert "errors" not in response, response
    return response["data"]["_entities"][0]["airQuality"]


async def test_a_districts_air_is_the_mean_over_its_stations(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a", source="A"), station("b", source="B"), station("else", "110102"))
    await sensors.record(
        [
            reading("a", pm2_5=80.0, co=0.4, temperature=3.0),
            reading("b", pm2_5=90.0, co=0.7),
            reading("else", pm2_5=500.0),
        ]
    )
    assert await air(door) == {
        "observedAt": "2026-11-22T04:00:00+00:00",
        "aqi": 113,
        "category": "LIGHTLY_POLLUTED",
        "categoryLabel": "Lightly polluted",
        "primaryPollutant": {"id": "pm2_5", "name": "Fine particles PM2.5"},
        "primaryPollutants": [{"id": "pm2_5"}],
        "advice": "Children, older people and people with heart or lung disease should cut down on long or hard "
        "exercise outdoors.",
        "concentrations": [
            {"property": {"id": "pm2_5", "unit": "µg/m³", "ucumCode": "ug/m3"}, "value": 85.0, "iaqi": 113},
            {"property": {"id": "co", "unit": "mg/m³", "ucumCode": "mg/m3"}, "value": 0.6, "iaqi": 6},
        ],
        "stationCount": 2,
        "synthetic": False,
        "source": "Source A; Source B",
    }


async def test_text_comes_in_the_readers_language(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a"))
    await sensors.record([reading("a", pm2_5=80.0)])
    found = await air(door, locale="zh-CN,zh;q=0.9,en;q=0.1")
    assert (found["categoryLabel"], found["source"]) == ("轻度污染", "来源A")
    assert found["primaryPollutant"]["name"] == "细颗粒物 PM2.5"
    assert found["advice"].startswith("儿童、老年人")


async def test_air_older_than_three_hours_is_not_told(door: Door, sensors: Sensors, clock: FixedClock) -> None:
    await sensors.register(station("a"))
    await sensors.record([reading("a")])
    clock.advance(seconds=3 * 3600)
    assert (await air(door))["observedAt"] == "2026-11-22T04:00:00+00:00"
    clock.advance(seconds=1)
    assert await air(door) is None


async def test_the_last_hour_that_any_station_reported_counts(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a"), station("b"))
    await sensors.record([reading("a", 1, pm2_5=35.0), reading("b", 1, pm2_5=75.0), reading("b", 0, temperature=1.0)])
    found = await air(door)
    assert (found["observedAt"], found["stationCount"]) == ("2026-11-22T03:00:00+00:00", 2)
    assert found["concentrations"][0]["value"] == 55.0
    await sensors.record([reading("a", 0, pm2_5=20.0)])
    found = await air(door)
    assert (found["observedAt"], found["concentrations"][0]["value"]) == ("2026-11-22T04:00:00+00:00", 20.0)


async def test_instruments_go_before_the_model(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("real", source="R"), station("model", synthetic=True, source="S"))
    await sensors.record([reading("model", 0, pm2_5=200.0)])
    assert ((await air(door))["synthetic"], (await air(door))["source"]) == (True, "Source S")
    await sensors.record([reading("real", 2, pm2_5=10.0)])
    found = await air(door)
    assert (found["synthetic"], found["source"], found["stationCount"]) == (False, "Source R", 1)
    assert found["concentrations"][0]["value"] == 10.0


async def test_a_district_without_stations_or_unknown_has_no_air(door: Door) -> None:
    response = await door.graphql(AIR, districts("110117", "999999"))
    assert response["data"]["_entities"] == [
        {"code": "110117", "airQuality": None},
        {"code": "999999", "airQuality": None},
    ]


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


async def test_sixteen_districts_cost_two_round_trips(mongo: Mongo, stores: Stores, clock: FixedClock) -> None:
    commands = Commands()
    client = AsyncMongoClient[Document](stores.mongo_url, tz_aware=True, event_listeners=[commands])
    try:
        counted = Mongo(client, client[mongo.database.name])
        sensors = Sensors(SensorStore(counted), clock)
        await sensors.store.prepare()
        await SyntheticFeed(sensors, clock, hours=3).catch_up()
        async with app.serving(Settings(mongo_url=""), sensors) as base, aiohttp.ClientSession(base) as session:
            commands.names.clear()
            response = await Door(base, session).graphql(AIR, districts(*DISTRICTS))
            sent = list(commands.names)
    finally:
        await client.close()
    found = response["data"]["_entities"]
    assert [d["code"] for d in found] == list(DISTRICTS)
    assert all(d["airQuality"]["synthetic"] for d in found)
    assert sent == ["find", "find"]


async def test_stations_are_listed_in_pages(door: Door, sensors: Sensors) -> None:
    await sensors.register(*(station(f"s{n}", "110101" if n % 2 else "110102") for n in range(5)))
    page = """query ($after: String, $of: ID) { stations(first: 2, after: $after, districtCode: $of) {
      nodes { code } edges { cursor node { code } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    first = (await door.graphql(page))["data"]["stations"]
    assert [n["code"] for n in first["nodes"]] == ["s0", "s1"]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    last = (await door.graphql(page, {"after": first["pageInfo"]["endCursor"], "of": "110102"}))["data"]["stations"]
    assert [e["node"]["code"] for e in last["edges"]] == ["s2", "s4"]
    assert (last["pageInfo"]["hasNextPage"], last["pageInfo"]["hasPreviousPage"]) == (False, True)


async def test_a_station_tells_where_it_stands_and_what_it_measured_last(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a"), station("nowhere", None))
    await sensors.record([reading("a", 5, pm2_5=1.0), reading("a", 2, wind_speed=2.0, pm2_5=3.0)])
    query = """
      { a: station(code: "a") { ...S } nowhere: station(code: "nowhere") { ...S } none: station(code: "x") { code } }
      fragment S on Station {
        code name synthetic source district { code } latest { observedAt values { property { id } value } } }"""
    assert (await door.graphql(query))["data"] == {
        "a": {
            "code": "a",
            "name": "Station a",
            "synthetic": False,
            "source": "Source A",
            "district": {"code": "110101"},
            "latest": {
                "observedAt": "2026-11-22T02:00:00+00:00",
                "values": [
                    {"property": {"id": "pm2_5"}, "value": 3.0},
                    {"property": {"id": "wind_speed"}, "value": 2.0},
                ],
            },
        },
        "nowhere": {
            "code": "nowhere", "name": "Station nowhere", "synthetic": False, "source": "Source A", "district": None,
            "latest": None,
        },
        "none": None,
    }  # fmt: skip


SERIES = """query ($from: DateTime!, $to: DateTime!, $first: Int!, $after: String, $of: ID = "pm2_5") {
  station(code: "a") { readings(property: $of, from: $from, to: $to, first: $first, after: $after) {
    nodes { observedAt values { value } } pageInfo { hasNextPage endCursor } } } }"""


async def test_a_series_is_read_in_pages_from_its_first_hour_to_before_its_end(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a"))
    await sensors.record([reading("a", n, **({"pm2_5": float(n)} if n != 3 else {"o3": 1.0})) for n in range(8)])
    variables: dict[str, Any] = {"from": "2026-11-22T05:00:00+08:00", "to": NOW.isoformat(), "first": 4}
    first = (await door.graphql(SERIES, variables))["data"]["station"]["readings"]
    assert [n["values"] for n in first["nodes"]] == [[{"value": v}] for v in (7.0, 6.0, 5.0, 4.0)]
    assert first["pageInfo"]["hasNextPage"] is True
    last = await door.graphql(SERIES, {**variables, "after": first["pageInfo"]["endCursor"]})
    assert [n["observedAt"][11:16] for n in last["data"]["station"]["readings"]["nodes"]] == ["02:00", "03:00"]
    assert last["data"]["station"]["readings"]["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"first": 0}, "BAD_USER_INPUT"),
        ({"first": 1001}, "BAD_USER_INPUT"),
        ({"after": "!"}, "BAD_USER_INPUT"),
        ({"after": "eA"}, "BAD_USER_INPUT"),
        ({"from": "2026-11-22T05:00:00"}, "BAD_USER_INPUT"),
        ({"from": "yesterday"}, "BAD_USER_INPUT"),
        ({"of": "radon"}, "SENSOR_PROPERTY_UNKNOWN"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "SENSOR_RANGE_REFUSED"),
        ({"from": "1989-12-31T23:59:59Z"}, "SENSOR_RANGE_REFUSED"),
        ({"to": "9999-12-31T23:59:59-12:00"}, "SENSOR_RANGE_REFUSED"),
        ({"to": "2026-11-23T04:00:01Z"}, "SENSOR_RANGE_REFUSED"),
        ({"from": "2025-11-21T03:59:59Z"}, "SENSOR_RANGE_REFUSED"),
    ],
)
async def test_a_bad_argument_is_refused_with_a_code(
    door: Door, sensors: Sensors, changes: dict[str, Any], code: str
) -> None:
    await sensors.register(station("a"))
    good = {"from": "2026-11-22T05:00:00Z", "to": NOW.isoformat(), "first": 4}
    [error] = (await door.graphql(SERIES, {**good, **changes}))["errors"]
    assert error["extensions"]["code"] == code


async def test_observed_properties_have_units(door: Door) -> None:
    found = (await door.graphql("{ observedProperties { id name unit ucumCode } }"))["data"]["observedProperties"]
    assert len(found) == 12
    assert found[0] == {"id": "pm2_5", "name": "Fine particles PM2.5", "unit": "µg/m³", "ucumCode": "ug/m3"}


async def test_it_is_a_federation_subgraph(door: Door) -> None:
    sdl: str = (await door.graphql("{ _service { sdl } }"))["data"]["_service"]["sdl"]
    assert 'url: "https://specs.apollo.dev/federation/v2.9"' in sdl
    assert 'type District @key(fields: "code")' in sdl
    assert "airQuality: AirQuality @public" in sdl


def test_the_committed_schema_is_current() -> None:
    committed = (ROOT / "backends" / "sensor" / "schema.graphql").read_text(encoding="utf-8")
    assert committed == sdl(schema), "run: make schema"


async def test_an_unforeseen_fault_shows_only_an_incident(door: Door, mongo: Mongo) -> None:
    await mongo.collection("stations").insert_one({"_id": "bent"})
    response = await door.graphql('{ station(code: "bent") { code } }')
    [error] = response["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["incident"] in error["message"]
    assert "KeyError" not in str(error)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        "District",
        None,
        7,
        {"__typename": "Citizen", "id": "1"},
        {"__typename": ["District"], "code": "110101"},
        {"__typename": "District"},
        {"__typename": "District", "code": 110101},
        {"__typename": "Station", "code": {"$ne": ""}},
        {"__typename": "Station", "code": "a", "info": 1},
        {"__typename": "Station", "code": "a" * 65},
        {"__typename": "ObservedProperty", "code": "pm2_5"},
    ],
)
async def test_a_bad_reference_is_null_with_a_code_and_the_good_ones_stay(
    door: Door, sensors: Sensors, bad: object
) -> None:
    await sensors.register(station("a"))
    query = """query ($r: [_Any!]!) { _entities(representations: $r) {
      ... on District { district: code } ... on Station { station: code } ... on ObservedProperty { unit } } }"""
    good = [
        {"__typename": "District", "code": "110101"},
        {"__typename": "Station", "code": "a"},
        {"__typename": "Station", "code": "none"},
        {"__typename": "ObservedProperty", "id": "co"},
    ]
    response = await door.graphql(query, {"r": [*good[:2], bad, *good[2:]]})
    if bad is None:  # the type of the argument says so itself
        assert set(response) == {"errors"}
    else:
        told = [{"district": "110101"}, {"station": "a"}, None, None, {"unit": "mg/m³"}]
        assert response["data"] == {"_entities": told}
        assert [e["path"] for e in response["errors"]] == [["_entities", 2]]
    assert [e["extensions"]["code"] for e in response["errors"]] == ["BAD_USER_INPUT"]


def test_the_judged_references_are_the_keys_of_the_schema() -> None:
    declared = dict(re.findall(r'type (\w+) .*@key\(fields: "(\w+)"\)', sdl(schema)))
    assert declared == KEYS


async def test_what_many_stations_measured_is_one_round_trip_an_asked_series(
    mongo: Mongo, stores: Stores, clock: FixedClock
) -> None:
    commands = Commands()
    client = AsyncMongoClient[Document](stores.mongo_url, tz_aware=True, event_listeners=[commands])
    try:
        sensors = Sensors(SensorStore(Mongo(client, client[mongo.database.name])), clock)
        await sensors.store.prepare()
        await SyntheticFeed(sensors, clock, hours=6).catch_up()
        async with app.serving(Settings(mongo_url=""), sensors) as base, aiohttp.ClientSession(base) as session:
            commands.names.clear()
            response = await Door(base, session).graphql(MANY)
            sent = list(commands.names)
    finally:
        await client.close()
    nodes = response["data"]["stations"]["nodes"]
    assert len(nodes) == 24
    for node in nodes:
        assert node["a"] == node["b"]
        assert [len(node[name]["nodes"]) for name in ("a", "c", "d")] == [3, 2, 3]
        assert node["a"]["pageInfo"] == {"hasNextPage": True}
        assert node["a"]["nodes"][0]["observedAt"] == "2026-11-22T00:00:00+00:00"
    assert sorted(sent) == ["aggregate", "aggregate", "aggregate", "find"]


MANY = """{ stations(first: 24) { nodes {
  a: readings(property: "pm2_5", from: "2026-11-22T00:00:00Z", to: "2026-11-22T05:00:00Z", first: 3) { ...R }
  b: readings(property: "pm2_5", from: "2026-11-22T08:00:00+08:00", to: "2026-11-22T05:00:00Z", first: 3) { ...R }
  c: readings(property: "pm2_5", from: "2026-11-22T00:00:00Z", to: "2026-11-22T02:00:00Z", first: 3) { ...R }
  d: readings(property: "o3", from: "2026-11-22T00:00:00Z", to: "2026-11-22T05:00:00Z", first: 3) { ...R } } } }
  fragment R on ReadingConnection { nodes { observedAt values { value } } pageInfo { hasNextPage } }"""


async def test_a_request_keeps_its_id(door: Door) -> None:
    for sent, kept in (("req_from-gateway.1", True), ("not an id!", False)):
        headers = {"X-Request-Id": sent}
        async with door.session.post("/graphql", data=b'{"query":"{__typename}"}', headers=headers) as response:
            assert (response.headers["X-Request-Id"] == sent) is kept
            assert response.content_type == "application/graphql-response+json"
            assert await response.read() == b'{"data":{"__typename":"Query"}}'


def test_the_clock_of_these_tests_is_noon_in_beijing() -> None:
    assert datetime.fromisoformat("2026-11-22T12:00:00+08:00") == NOW
