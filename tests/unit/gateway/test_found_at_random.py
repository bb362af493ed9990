"""What `tests/simulation` found, each as small as it can be told."""

from __future__ import annotations

from typing import Any

from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport
from core.graph import Context
from tests.support.composing import composed
from tests.unit.gateway.conftest import Resolvers, subgraph

_HEAD = """
directive @key(fields: String!) on OBJECT
directive @external on FIELD_DEFINITION
directive @requires(fields: String!) on FIELD_DEFINITION
"""
_SPOT = 'interface Spot { id: ID! } type Home implements Spot @key(fields: "id")'
PARTS = {
    "all": "type Query { all: [Thing] } interface Thing { id: ID! } "
    'type One implements Thing @key(fields: "id") { id: ID! } type Two implements Thing @key(fields: "id") { id: ID! }',
    "homes": _SPOT + " { id: ID! }"
    ' type One @key(fields: "id") { id: ID! home: Spot } type Two @key(fields: "id") { id: ID! home: Spot }',
    "streets": _SPOT + " { id: ID! street: String }"
    ' type Two @key(fields: "id") { id: ID! home: Spot @external far: String @requires(fields: "home { id }") }',
}


def _home(source: Any, info: Any) -> dict[str, Any]:
    return {"__typename": "Home", "id": source["id"]}


def _street(source: Any, info: Any) -> str:
    raise ValueError("no street")


RESOLVERS: dict[str, Resolvers] = {
    "all": {"Query.all": lambda source, info: [{"__typename": "One", "id": "1"}, {"__typename": "Two", "id": "2"}]},
    "homes": {"One.home": _home, "Two.home": _home},
    "streets": {"Home.street": _street, "Two.far": lambda source, info: f"far from {source['home']['id']}"},
}


def part(name: str) -> LocalTransport:
    root = "" if name == "all" else "type Query { nothing: String } "
    return LocalTransport(schema=subgraph(_HEAD + root + PARTS[name], RESOLVERS[name], lambda made: made))


async def test_what_fails_where_the_client_asked_nothing_is_not_told() -> None:
    """`Two.home` is fetched for `far` under the key of the `home` that is asked of `One`, and its street fails."""
    transports = {name: part(name) for name in PARTS}
    engine = Engine(supergraph=Supergraph.parse(composed(PARTS)), transports=transports)
    query = "{ all { ... on One { home { ... on Home { street } } } ... on Two { far } } }"
    answer = await engine.execute(query=query, context=Context(request_id="r"))
    assert answer.data == {"all": [{"home": {"street": None}}, {"far": "far from 2"}]}
    assert [error["path"] for error in answer.errors] == [["all", 0, "home", "street"]]
