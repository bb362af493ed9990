"""Queries run against the small city: what comes back, and which subgraphs were asked how often."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.gateway.execute import Engine
from api.gateway.transport import SubgraphRequest
from tests.unit.gateway.conftest import City, signed_in

ANSWERED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("{ ping }", {"ping": "pong"}, ["code"]),
    (
        "{ citizens { id scans(first: 1) { at citizen { name } } } }",
        {
            "citizens": [
                {"id": "c1", "scans": [{"at": "t0", "citizen": {"name": "张丽华"}}]},
                {"id": "c2", "scans": [{"at": "t0", "citizen": {"name": None}}]},
                {"id": "c3", "scans": [{"at": "t0", "citizen": {"name": "欧阳建国"}}]},
            ]
        },
        ["code", "identity", "identity"],
    ),
    # A key that the client did not ask is fetched and not shown.
    (
        "{ stations { district { name } } }",
        {"stations": [{"district": {"name": "Dongcheng"}}, {"district": {"name": "Chaoyang"}}]},
        ["air", "identity"],
    ),
    # A required field comes from a third subgraph first.
    (
        "{ districts { name perHead } }",
        {"districts": [{"name": "Dongcheng", "perHead": 7.0}, {"name": "Chaoyang", "perHead": 34.0}]},
        ["air", "code", "identity"],
    ),
    # The key under another name, and another field under the key's name.
    (
        "{ districts { code: name key: code air { aqi } } }",
        {
            "districts": [
                {"code": "Dongcheng", "key": "110101", "air": {"aqi": 40}},
                {"code": "Chaoyang", "key": "110105", "air": {"aqi": 90}},
            ]
        },
        ["air", "identity"],
    ),
    # One response key, different fields by type.
    (
        '{ search(text: "a") { __typename ... on Citizen { title: id } ... on District { title: code } } }',
        {"search": [{"__typename": "Citizen", "title": "c1"}, {"__typename": "District", "title": "110101"}]},
        ["identity"],
    ),
    (
        '{ search(text: "a") { kind: __typename ... on District { air { aqi label } } } }',
        {"search": [{"kind": "Citizen"}, {"kind": "District", "air": {"aqi": 40, "label": None}}]},
        ["air", "identity"],
    ),
    (
        "{ __typename numbers { __typename big matrix strict } }",
        {
            "__typename": "Query",
            "numbers": {
                "__typename": "Numbers",
                "big": 9007199254740993,
                "matrix": [[1, None], None, []],
                "strict": [[1, 2], [3]],
            },
        },
        ["identity"],
    ),
    # Fragments of one field are merged.
    (
        "{ districts { ...A ...B } } fragment A on District { air { aqi } } fragment B on District { air { label } }",
        {"districts": [{"air": {"aqi": 40, "label": None}}, {"air": {"aqi": 90, "label": None}}]},
        ["air", "identity"],
    ),
    ("{ __typename }", {"__typename": "Query"}, []),
]


@pytest.mark.parametrize(("query", "data", "asked"), ANSWERED, ids=[q for q, _, _ in ANSWERED])
async def test_answers(city: City, query: str, data: dict[str, Any], asked: list[str]) -> None:
    answer = await city.ask(query, principal=signed_in())
    assert answer.errors == []
    assert answer.data == data
    assert city.asked() == asked


async def test_fields_come_in_the_order_in_which_they_were_asked(city: City) -> None:
    answer = await city.ask("{ districts { perHead name air { label aqi } code } }")
    assert answer.data is not None
    assert list(answer.data["districts"][0]) == ["perHead", "name", "air", "code"]
    assert list(answer.data["districts"][0]["air"]) == ["label", "aqi"]


async def test_an_entity_that_stands_in_many_places_is_asked_once(city: City) -> None:
    await city.ask("{ citizens { home { air { aqi } } } }")
    (request,) = city.transports["air"].requests
    assert request.variables["representations"] == [
        {"__typename": "District", "code": "110101"},
        {"__typename": "District", "code": "110105"},
    ]


async def test_variables_reach_entity_fetches_with_their_defaults(city: City) -> None:
    query = """
        query ($hour: Int! = 7, $later: Int!) {
          districts { a: airAt(hour: $hour) { label } b: airAt(hour: $later) { aqi } }
        }
    """
    answer = await city.ask(query, variables={"later": 9})
    assert answer.data == {"districts": [{"a": {"label": "7:00"}, "b": {"aqi": 9}}] * 2}
    (request,) = city.transports["air"].requests
    assert {k: v for k, v in request.variables.items() if k != "representations"} == {"hour": 7, "later": 9}


async def test_a_variable_named_like_the_engines_own_does_not_clash(city: City) -> None:
    query = "query ($representations: Int!) { districts { airAt(hour: $representations) { aqi } } }"
    answer = await city.ask(query, variables={"representations": 3})
    assert answer.data == {"districts": [{"airAt": {"aqi": 3}}] * 2}


@pytest.mark.parametrize(
    ("variables", "data", "asked"),
    [
        (
            {"air": True, "name": False},
            {"districts": [{"air": {"aqi": 40}}, {"air": {"aqi": 90}}]},
            ["air", "identity"],
        ),
        ({"air": False, "name": False}, {"districts": [{}, {}]}, ["identity"]),
        ({"air": False, "name": True}, {"districts": [{"name": "Dongcheng"}, {"name": "Chaoyang"}]}, ["identity"]),
    ],
)
async def test_conditions_decide_what_is_fetched(
    city: City, variables: dict[str, Any], data: dict[str, Any], asked: list[str]
) -> None:
    query = """
        query ($air: Boolean!, $name: Boolean!) {
          districts { air @include(if: $air) { aqi } ... @include(if: $name) { name } name @skip(if: true) }
        }
    """
    answer = await city.ask(query, variables=variables)
    assert (answer.data, answer.errors) == (data, [])
    assert city.asked() == asked


async def test_mutations_run_one_after_the_other(city: City) -> None:
    query = """
        mutation {
          first: scan(text: "a") { citizen { name } }
          rename(id: "c2", name: "x") { name }
          wipe
          second: scan(text: "b") { at }
        }
    """
    answer = await city.ask(query, principal=signed_in())
    assert answer.data == {
        "first": {"citizen": {"name": "张丽华"}},
        "rename": {"name": "x"},
        "wipe": True,
        "second": {"at": "now"},
    }
    assert city.calls == ["scan a", "rename c2", "wipe", "scan b"]
    # Neighbours of one subgraph share a call; everything a mutation asks is there before the next one starts.
    assert [len(t.requests) for t in (city.transports["code"], city.transports["identity"])] == [2, 2]


async def test_a_fetch_starts_when_what_it_needs_is_there_not_in_waves(city: City) -> None:
    released = asyncio.Event()

    async def until_released(request: SubgraphRequest) -> None:
        await asyncio.wait_for(released.wait(), timeout=5)

    def release(request: SubgraphRequest) -> None:
        if "_entities" in request.query:
            released.set()

    city.transports["air"].instead = until_released
    city.transports["code"].instead = release
    # `stations` waits until `scans`, a second-wave fetch of the other branch, has started.
    answer = await city.ask("{ stations { code } citizens { scans(first: 0) { at } } }")
    assert answer.errors == []
    assert answer.data == {
        "stations": [{"code": "s110101"}, {"code": "s110105"}],
        "citizens": [{"scans": []}, {"scans": []}, {"scans": []}],
    }


async def test_introspection_is_answered_by_the_public_schema(city: City) -> None:
    query = '{ ping __type(name: "Officer") { name fields { name } } s: __schema { queryType { name } } }'
    answer = await city.ask(query)
    assert answer.data == {
        "ping": "pong",
        "__type": {"name": "Officer", "fields": [{"name": "id"}, {"name": "badge"}]},
        "s": {"queryType": {"name": "Query"}},
    }
    assert city.asked() == ["code"]


async def test_introspection_can_be_closed_and_then_nothing_is_suggested(city: City) -> None:
    city.engine = Engine(supergraph=city.engine.supergraph, transports=city.engine.transports, introspection=False)
    asked = await city.ask("{ __schema { queryType { name } } }")
    assert [e["extensions"]["code"] for e in asked.errors] == ["GRAPHQL_VALIDATION_FAILED"]
    misspelt = await city.ask("{ district { code } }")
    assert [e["message"] for e in misspelt.errors] == ["Cannot query field 'district' on type 'Query'."]
    assert (await city.ask("{ __typename ping }")).data == {"__typename": "Query", "ping": "pong"}


async def test_one_operation_of_several_is_chosen_by_name(city: City) -> None:
    document = "query A { ping } query B { districts { code } }"
    assert (await city.ask(document, operation_name="A")).data == {"ping": "pong"}
    refused = await city.ask(document)
    assert refused.refused
    assert refused.errors[0]["extensions"]["code"] == "OPERATION_RESOLUTION_FAILURE"
    assert refused.as_dict().keys() == {"errors"}


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ ping ", None, "GRAPHQL_PARSE_FAILED"),
        ("{ pong }", None, "GRAPHQL_VALIDATION_FAILED"),
        ('{ citizens { level(as: "x") } }', None, "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { citizens { scans(first: $n) { at } } }", {"n": "three"}, "BAD_USER_INPUT"),
        ("query ($n: Int!) { citizens { scans(first: $n) { at } } }", None, "BAD_USER_INPUT"),
    ],
)
async def test_refusals_have_codes_and_nothing_is_asked(
    city: City, query: str, variables: dict[str, Any] | None, code: str
) -> None:
    answer = await city.ask(query, variables=variables)
    assert answer.refused
    assert [e["extensions"]["code"] for e in answer.errors] == [code]
    assert city.asked() == []
