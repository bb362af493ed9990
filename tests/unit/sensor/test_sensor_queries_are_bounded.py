"""A GraphQL document is bounded before it runs."""

from __future__ import annotations

import asyncio

import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, GraphQLString

from backends.base.execution import DEPTH_MAX, DOCUMENTS_KEPT, SELECTIONS_MAX, Executor
from backends.sensor.cost import TARIFF
from backends.sensor.errors import QueryRefused
from backends.sensor.schema import executable
from core.clock import FixedClock
from core.errors import BadInput
from core.graph import Context, GraphQLRequest
from core.ids import Ids
from core.locale import Locale


@pytest.fixture
def executor(ids: Ids, clock: FixedClock) -> Executor:
    return Executor(executable, TARIFF, QueryRefused, ids)


async def answer(executor: Executor, query: str, locale: Locale = Locale.EN) -> dict[str, object]:
    response = await executor.run(GraphQLRequest(query, None, None), Context("r", locale=locale))
    assert set(response) == {"errors"}
    error: dict[str, object] = response["errors"][0]
    assert len(response["errors"]) == 1
    assert response["errors"][0]["extensions"]["code"] == "SENSOR_QUERY_REFUSED"
    return error


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{nope}",
        "{" + "a{" * (DEPTH_MAX + 1) + "b" + "}" * (DEPTH_MAX + 2),
        "{a(b:" + "[" * 1500 + "]" * 1500 + ")}",
        "{" + "observedProperties {id} " * (SELECTIONS_MAX // 2) + "}",
        "{" + "observedProperties {id} " * 200 + "}",
        "{" + " ".join(f"a{n}: observedProperties{{id}}" for n in range(10_000)) + "}",
        "subscription {x}",
    ],
)
async def test_a_query_that_is_too_much_or_wrong_is_refused(executor: Executor, query: str) -> None:
    error = await answer(executor, query)
    assert str(error["message"]).startswith("The query is refused: ")


async def test_a_refusal_is_told_in_the_readers_language(executor: Executor) -> None:
    assert (await answer(executor, "{nope}", Locale.ZH_CN))["message"] == "查询无法执行。"


async def test_a_variable_that_does_not_fit_is_refused_before_anything_runs(executor: Executor) -> None:
    query = "query ($n: Int!) { stations(first: $n) { nodes { code } } }"
    response = await executor.run(GraphQLRequest(query, {"n": "many"}, None), Context("r", locale=Locale.EN))
    assert set(response) == {"errors"}
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_request_that_takes_too_long_is_given_up(ids: Ids) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    field = GraphQLField(GraphQLString, resolve=never)
    schema = GraphQLSchema(GraphQLObjectType("Query", {"slow": field}))
    slow = Executor(schema, TARIFF, QueryRefused, ids, timeout_s=0.05)
    response = await slow.run(GraphQLRequest("{slow}", None, None), Context("r", locale=Locale.EN))
    assert response["data"] is None
    assert [e["extensions"]["code"] for e in response["errors"]] == ["UNAVAILABLE"]


async def test_documents_are_kept_up_to_a_bound(executor: Executor) -> None:
    for n in range(DOCUMENTS_KEPT + 20):
        await executor.run(GraphQLRequest(f"{{a{n}: __typename}}", None, None), Context("r"))
    assert len(executor._documents) == DOCUMENTS_KEPT
    assert "{a0: __typename}" not in executor._documents


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "query"),
        ({}, "query"),
        ({"query": 1}, "query"),
        ({"query": "{a}", "variables": []}, "variables"),
        ({"query": "{a}", "operationName": 1}, "operationName"),
    ],
)
def test_a_body_that_is_no_request_names_its_field(body: object, field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        GraphQLRequest.of(body)
    assert refusal.value.field == field
