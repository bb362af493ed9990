"""Graphs that made other planners explode: each query is planned in few steps, and answered as the whole would.

Steps are counted, not seconds: what a query may cost is said beside it, and it is no more than a little above what it
costs today. `apollographql/router#8381` is the query of that issue (over 250 GB there), `federation#2935` its shape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import pytest
from graphql import GraphQLInterfaceType, GraphQLSchema, GraphQLUnionType, build_schema, execute_sync, parse
from graphql.language import FragmentDefinitionNode, ObjectTypeDefinitionNode, OperationDefinitionNode

from api.gateway.execute import Engine
from api.gateway.fetches import Drawing
from api.gateway.limits import Budget, GatewayLimits
from api.gateway.normalize import Normalizer
from api.gateway.optimize import optimize
from api.gateway.paths import Paths
from api.gateway.plan import QueryPlan, make_plan
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport
from core.graph import Context
from tests.support.composing import composed

_ID = "id: ID!"
_PLAIN: Final = GatewayLimits()


def implementers(count: int) -> dict[str, str]:
    """An interface with many implementers, each with fields in four subgraphs, and ways from one back to another."""
    names = [f"T{n}" for n in range(count)]
    first = f"type Query {{ units: [Unit!] }} interface Unit {{ {_ID} kind: String peer: Unit }} "
    parts = {"g0": first + entities(names, "Unit", lambda _: "kind: String peer: Unit")}
    for g in range(1, 5):
        named = f"interface Unit {{ {_ID} state{g}: State{g} }}"
        own = entities(names, "Unit", lambda t, g=g: f"state{g}: State{g} own{g}_{t}: String")
        parts[f"g{g}"] = f"{named} type State{g} {{ a: String b: String next: Unit }} {own}"
    return parts


def entities(names: list[str], interface: str, body: Any) -> str:
    return " ".join(f'type {t} implements {interface} @key(fields: "id") {{ {_ID} {body(t)} }}' for t in names)


def many_keys(count: int) -> dict[str, str]:
    """One type, as many keys, as many subgraphs: every subgraph knows every key, so every hop is possible."""
    keys = " ".join(f'@key(fields: "k{n}")' for n in range(count))
    body = " ".join(f"k{n}: ID! @shareable" for n in range(count))
    parts = {f"g{n}": f"type E {keys} {{ {body} own{n}: String to{n}: E }}" for n in range(count)}
    parts["g0"] += " type Query { es: [E] }"
    return parts


def ring_of_keys(count: int) -> dict[str, str]:
    """The same, but each subgraph knows two keys: the far side is many hops away, by two ways round."""
    parts = {}
    for n in range(count):
        mine = (f"k{n}", f"k{(n + 1) % count}")
        keys = " ".join(f'@key(fields: "{k}")' for k in mine)
        body = " ".join(f"{k}: ID! @shareable" for k in mine)
        parts[f"g{n}"] = f"type E {keys} {{ {body} own{n}: String to{n}: E }}"
    parts["g0"] += " type Query { es: [E] }"
    return parts


def requiring(count: int) -> dict[str, str]:
    """Each field requires that of the subgraph before, and a value of the entity beside it: they need each other."""
    parts = {"g0": f'type Query {{ es: [E] }} type E @key(fields: "id") {{ {_ID} to: E @shareable f0: String }}'}
    for n in range(1, count):
        needed = f'@requires(fields: "f{n - 1} to {{ f{n - 1} }}")'
        outside = f"f{n - 1}: String @external"
        parts[f"g{n}"] = f'type E @key(fields: "id") {{ {_ID} to: E @external {outside} f{n}: String {needed} }}'
    return parts


def unions(count: int) -> dict[str, str]:
    """A union whose members' fields are spread over two subgraphs."""
    names = [f"M{n}" for n in range(count)]
    members = " | ".join(names)
    return {
        "g0": f"type Query {{ anything: [U] }} union U = {members} "
        + " ".join(f'type {m} @key(fields: "id") {{ {_ID} rel: U x_{m}: String }}' for m in names),
        "g1": f"union U = {members} "
        + " ".join(f'type {m} @key(fields: "id") {{ {_ID} y: String more: U }}' for m in names),
    }


def posts(count: int) -> dict[str, str]:
    """The graph of router#8381 as its query tells it: interfaces within interfaces, over subgraphs."""
    names = [f"P{n}" for n in range(count)]
    both = "PostInterface1 & PostInterface2"
    feed = f"interface Item {{ {_ID} }} interface PostInterface1 implements Item {{ {_ID} feed: [Item] }}"
    feed += f" interface PostInterface2 implements PostInterface1 & Item {{ {_ID} feed: [Item] }}"
    second = f"interface PostInterface1 {{ {_ID} }} interface PostInterface2 implements PostInterface1"
    return {
        "feed": f"type Query {{ postInterface1(id: ID!): PostInterface1 }} {feed} "
        f'type Recommendation implements Item @key(fields: "id") {{ {_ID} postInterface1: PostInterface1 }} '
        + entities(names, f"{both} & Item", lambda _: "feed: [Item]"),
        "cross": f"{second} {{ {_ID} crosspostRoot: Root }} type Root {{ postInterface1: PostInterface1 }} "
        + entities(names, both, lambda _: "crosspostRoot: Root"),
        "gallery": f"{second} {{ {_ID} gallery: Gallery }} type Gallery {{ items: [Picture] }} "
        f'type Picture @key(fields: "id") {{ {_ID} name: String @shareable }} '
        + entities(names, both, lambda _: "gallery: Gallery"),
    }


ROUTER_8381: Final = """
query Feed { postInterface1(id: "P1") { __typename feed {
  ...relatedPostFragment ... on Recommendation { postInterface1 { ...relatedPostFragment } }
} } }
fragment crosspostFragment on PostInterface2 { crosspostRoot { postInterface1 { ... on PostInterface2 {
  __typename gallery { __typename items { __typename id name } }
} } } }
fragment relatedPostFragment on PostInterface1 { __typename ... on PostInterface2 { ...crosspostFragment } }
"""
OWN: Final = " ".join(f"... on T{n} {{ own1_T{n} own4_T{n} }}" for n in range(70))
NESTED: Final = "{ units { id state1 { a next { state2 { b next { id state3 { a } kind } } } } } }"
ONE_OVER_AND_OVER: Final = "{ units { state4 { next { state4 { next { state4 { next { state4 { a } } } } } } } } }"
GRAPHS: Final = {
    "seventy": implementers(70),
    "dense": many_keys(12),
    "ring": ring_of_keys(12),
    "requires": requiring(9),
    "unions": unions(70),
    "posts": posts(40),
}
QUERIES: Final = {
    "every implementer alike": ("seventy", "{ units { id kind state1 { a } state2 { b } state3 { a } } }", 1_100),
    "every implementer its own": ("seventy", f"{{ units {{ id {OWN} }} }}", 900),
    "interfaces in interfaces": ("seventy", NESTED, 1_700),
    "one interface over and over": ("seventy", ONE_OVER_AND_OVER, 2_400),
    "router#8381": ("posts", ROUTER_8381, 1_600),
    "every hop": ("dense", "{ es { " + " ".join(f"own{n}" for n in range(12)) + " } }", 200),
    "hops in hops": (
        "dense",
        "{ es { " + " ".join(f"to{n} {{ k1 to{(n + 5) % 12} {{ own{n} }} }}" for n in range(12)) + " } }",
        900,
    ),
    "round the ring": ("ring", "{ es { " + " ".join(f"own{n}" for n in range(12)) + " } }", 3_000),
    "requires in requires": ("requires", "{ es { f8 to { f8 } } }", 4_500),
    "a union of seventy": (
        "unions",
        "{ anything { __typename "
        + " ".join(f"... on M{n} {{ x_M{n} y more {{ __typename }} }}" for n in range(70))
        + " } }",
        1_600,
    ),
    "a hundred aliases": (
        "dense",
        "{ es { to3 { " + " ".join(f"a{n}: to{n % 12} {{ own{n % 7} }}" for n in range(100)) + " } } }",
        2_600,
    ),
}


@pytest.fixture(scope="module")
def supergraphs() -> Mapping[str, Supergraph]:
    return {name: Supergraph.parse(composed(parts)) for name, parts in GRAPHS.items()}


def planned(supergraph: Supergraph, query: str, budget: Budget) -> QueryPlan:
    document = parse(query)
    (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    asked = Normalizer(supergraph=supergraph, fragments=fragments).operation(operation)
    drawing = Drawing(supergraph=supergraph, paths=Paths(supergraph=supergraph, budget=budget), operation=asked)
    return make_plan(optimize(drawing.draw(), budget), {})


@pytest.mark.parametrize("name", QUERIES)
def test_it_is_planned_in_few_steps_and_its_text_stays_small(supergraphs: Mapping[str, Supergraph], name: str) -> None:
    graph, query, steps_max = QUERIES[name]
    budget = Budget(_PLAIN.plan_budget)
    plan = planned(supergraphs[graph], query, budget)
    assert budget.spent <= steps_max
    assert sum(len(fetch.document) for fetch in plan.fetches) <= 40_000


@pytest.mark.parametrize("name", QUERIES)
def test_it_is_answered_as_the_whole_would(supergraphs: Mapping[str, Supergraph], name: str) -> None:
    graph, query, _ = QUERIES[name]
    supergraph = supergraphs[graph]
    whole = supergraph.schema
    resolvable(whole)
    parts = {g: LocalTransport(schema=part(sdl)) for g, sdl in GRAPHS[graph].items()}
    engine = Engine(supergraph=supergraph, transports=parts)
    expected = execute_sync(whole, parse(query))
    assert expected.errors is None
    answer = asyncio.run(engine.execute(query=query, context=Context(request_id=name)))
    assert answer.errors == []
    assert answer.data == expected.data


def part(sdl: str) -> GraphQLSchema:
    """An executable subgraph; `f1` of what is required shows in the answer."""
    known = "directive @key(fields: String!) repeatable on OBJECT directive @shareable on FIELD_DEFINITION"
    more = "directive @external on FIELD_DEFINITION directive @requires(fields: String!) on FIELD_DEFINITION"
    names = [d.name.value for d in parse(sdl).definitions if isinstance(d, ObjectTypeDefinitionNode) and d.directives]
    union = f"scalar _Any union _Entity = {' | '.join(names)}"
    asked = "_entities(representations: [_Any!]!): [_Entity]!"
    root = (
        sdl.replace("type Query {", f"type Query {{ {asked}")
        if "type Query" in sdl
        else f"type Query {{ {asked} }} {sdl}"
    )
    schema = build_schema(f"{known} {more} {union} {root}")
    resolvable(schema)
    return schema


def resolvable(schema: GraphQLSchema) -> None:
    """Every value follows from the object and the field, so that whoever is asked gives the same."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = lambda value, info, abstract: value["__typename"]
        for field_name, field in getattr(kind, "fields", {}).items():
            if not name.startswith("__") and hasattr(field, "resolve"):
                field.resolve = resolver(schema, name, field_name)


def resolver(schema: GraphQLSchema, parent: str, name: str) -> Any:
    def resolve(source: dict[str, Any] | None, info: Any, **arguments: Any) -> Any:
        if name == "_entities":
            return [
                {"id": next(v for k, v in r.items() if k != "__typename"), **r} for r in arguments["representations"]
            ]
        own = (source or {}).get("id", "0")
        kind = str(info.return_type).strip("[]!")
        if name == "id" or (name[0] == "k" and name[1:].isdigit()):
            return own
        if kind in ("String", "ID"):
            return f"{parent}.{own}.{name}"
        found = [one(kind, int(own) + n) for n in range(3)]
        return found if str(info.return_type).startswith("[") else found[1]

    def one(kind: str, number: int) -> dict[str, Any]:
        declared = schema.type_map[kind]
        if not isinstance(declared, GraphQLInterfaceType | GraphQLUnionType):
            return {"__typename": kind, "id": str(number % 50)}
        # The same object in every subgraph, so only types that all of them know.
        names = sorted(t.name for t in schema.get_possible_types(declared) if t.name != "Recommendation")
        return {"__typename": names[number % len(names)], "id": str(number % 50)}

    return resolve
