"""A random graph, split at random over subgraphs, answers every random query as the whole would.

One seed makes everything: the types, who owns which field, what is required and provided, and the queries. A failure
names its seed; `world(SEED)` replays it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import getitem
from random import Random
from typing import Any

from graphql import GraphQLSchema, build_schema, execute_sync, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from api.gateway.errors import SubgraphUnavailable
from api.gateway.execute import Engine
from api.gateway.limits import GatewayLimits
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport, RequestContext, SubgraphRequest, SubgraphResponse, Transport
from core.graph import Context

Resolver = Callable[..., Any]
HEAD = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
{ query: Query }
"""


@dataclass
class Member:
    """One field of an entity. owners: the subgraphs that resolve it. target: the type it leads to, if any; choices: the
    entities it can lead to, known to every owner."""

    name: str
    type: str
    owners: tuple[str, ...]
    target: str = ""
    requires: str = ""
    choices: tuple[str, ...] = ()


@dataclass
class World:
    """A random graph. present: for each entity, the subgraphs that know it."""

    random: Random
    graphs: tuple[str, ...]
    members: dict[str, list[Member]] = field(default_factory=dict)
    present: dict[str, tuple[str, ...]] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)

    @property
    def entities(self) -> list[str]:
        return list(self.members)

    def in_graph(self, graph: str) -> list[str]:
        return [e for e in self.entities if graph in self.present[e]]

    def label_owners(self, graph: str) -> bool:
        """Whether the subgraph can offer `label` on the interface: it resolves it on every entity it knows."""
        return all(graph in self.member(e, "label").owners for e in self.in_graph(graph))

    def member(self, entity: str, name: str) -> Member:
        return next(m for m in self.members[entity] if m.name == name)


def world(seed: int) -> World:
    random = Random(seed)
    graphs = tuple(f"g{n}" for n in range(random.randint(2, 4)))
    made = World(random=random, graphs=graphs)
    for number in range(random.randint(2, 4)):
        # The first entity is known everywhere, so that no subgraph is empty.
        known = graphs if number == 0 else tuple(random.sample(graphs, random.randint(1, len(graphs))))
        made.present[f"E{number}"] = known
        made.members[f"E{number}"] = [Member("label", "String", some(random, known))]
    for name in made.entities:
        for number in range(random.randint(2, 6)):
            made.members[name].append(random_member(made, name, f"f{number}", random))
        required = [m.name for m in made.members[name] if not m.target]
        owner = random.choice(made.present[name])
        others = [r for r in required if owner not in made.member(name, r).owners]
        if others:
            made.members[name].append(Member("derived", "String", (owner,), requires=random.choice(others)))
    made.roots = {e: random.choice(made.present[e]) for e in made.entities}
    return made


def some(random: Random, graphs: tuple[str, ...]) -> tuple[str, ...]:
    """One subgraph, and now and then a second that shares the field."""
    return tuple(random.sample(graphs, 2 if len(graphs) > 1 and random.random() < 0.25 else 1))


def random_member(made: World, entity: str, name: str, random: Random) -> Member:
    kind = random.choice(["scalar", "scalar", "one", "many", "thing", "things"])
    owners = some(random, made.present[entity])
    if kind == "scalar":
        return Member(name, "String", owners)
    known = tuple(e for e in made.entities if set(owners) <= set(made.present[e]))
    target = "Thing" if kind.startswith("thing") else random.choice(known)
    choices = known if target == "Thing" else (target,)
    return Member(name, f"[{target}]" if kind in ("many", "things") else target, owners, target, choices=choices)


# Schemas


def sdl_of_whole(made: World) -> str:
    """The graph in one piece."""
    types = [f"type {e} implements Thing {{ id: ID! {fields(made.members[e])} }}" for e in made.entities]
    roots = " ".join(f"all{e}: [{e}]" for e in made.entities)
    return f"type Query {{ {roots} things: [Thing] }} interface Thing {{ id: ID! label: String }} {' '.join(types)}"


def fields(members: list[Member]) -> str:
    return " ".join(f"{m.name}{arguments(m)}: {m.type}" for m in members)


def arguments(member: Member) -> str:
    return "" if member.target or member.requires or member.name == "label" else "(n: Int = 1)"


def sdl_of_part(made: World, graph: str) -> str:
    """What one subgraph answers, and what it needs to know to answer it."""
    types = []
    for entity in made.in_graph(graph):
        mine = [m for m in made.members[entity] if graph in m.owners]
        needed = [made.member(entity, m.requires) for m in mine if m.requires]
        shown = {m.name: m for m in [*mine, *needed]}
        types.append(f"type {entity} implements Thing {{ id: ID! {fields(list(shown.values()))} }}")
    label = "label: String" if made.label_owners(graph) else ""
    roots = " ".join(f"all{e}: [{e}]" for e, owner in made.roots.items() if owner == graph)
    things = "things: [Thing]" if graph == made.graphs[0] else ""
    return (
        f"scalar _Any union _Entity = {' | '.join(made.in_graph(graph))} interface Thing {{ id: ID! {label} }}"
        f" type Query {{ {roots} {things} _entities(representations: [_Any!]!): [_Entity]! }} {' '.join(types)}"
    )


def supergraph_of(made: World) -> str:
    """What composition would make of the parts."""
    graphs = " ".join(f'{g.upper()} @join__graph(name: "{g}", url: "")' for g in made.graphs)
    everywhere = " ".join(f"@join__type(graph: {g.upper()})" for g in made.graphs)
    label = " ".join(f"@join__field(graph: {g.upper()})" for g in made.graphs if made.label_owners(g)) or "@join__field"
    roots = " ".join(f"all{e}: [{e}] @join__field(graph: {g.upper()})" for e, g in made.roots.items())
    things = f"things: [Thing] @join__field(graph: {made.graphs[0].upper()})"
    return "\n".join(
        [
            HEAD,
            f"enum join__Graph {{ {graphs} }}",
            f"interface Thing {everywhere} {{ id: ID! label: String {label} }}",
            f"type Query {everywhere} {{ {roots} {things} }}",
            *(joined_type(made, e) for e in made.entities),
        ]
    )


def joined_type(made: World, entity: str) -> str:
    keys = " ".join(f'@join__type(graph: {g.upper()}, key: "id")' for g in made.present[entity])
    implements = " ".join(f'@join__implements(graph: {g.upper()}, interface: "Thing")' for g in made.present[entity])
    body = " ".join(f"{m.name}{arguments(m)}: {m.type} {joins(made, entity, m)}" for m in made.members[entity])
    return f"type {entity} implements Thing {implements} {keys} {{ id: ID! {body} }}"


def joins(made: World, entity: str, member: Member) -> str:
    requires = f', requires: "{member.requires}"' if member.requires else ""
    owned = [f"@join__field(graph: {g.upper()}{requires})" for g in member.owners]
    needing = {g for m in made.members[entity] if m.requires == member.name for g in m.owners}
    external = [f"@join__field(graph: {g.upper()}, external: true)" for g in needing]
    return " ".join([*owned, *external])


# Data: every value follows from the entity and the field, so each subgraph knows it alone


def value_of(made: World, entity: str, key: str, member: Member, n: int) -> Any:
    if not member.target:
        return None if (len(key) + len(member.name)) % 5 == 0 else f"{entity}.{key}.{member.name}.{n}"
    choice = Random(f"{entity}.{key}.{member.name}")
    found = [reference(choice.choice(member.choices), str(choice.randint(1, 4))) for _ in range(3)]
    return [*found, None] if member.type.startswith("[") else choice.choice([*found, None])


def reference(entity: str, key: str) -> dict[str, Any]:
    return {"__typename": entity, "id": key}


def executable(made: World, sdl: str, *, whole: bool) -> GraphQLSchema:
    schema = build_schema(sdl)
    everyone = [reference(e, str(n)) for e in made.entities for n in (1, 2, 3)]
    for entity in made.entities:
        for member in made.members[entity]:
            attach(schema, entity, member.name, member_resolver(made, entity, member, whole=whole))
        mine = [r for r in everyone if r["__typename"] == entity]
        attach(schema, "Query", f"all{entity}", lambda source, info, mine=mine: mine)
    things = [r for r in everyone if r["__typename"] in made.in_graph(made.graphs[0])]
    attach(schema, "Query", "things", lambda source, info: things)
    attach(schema, "Query", "_entities", lambda source, info, representations: representations)
    for name in ("Thing", "_Entity"):
        if name in schema.type_map:
            schema.type_map[name].resolve_type = lambda value, info, kind: value["__typename"]  # type: ignore[attr-defined]
    return schema


def attach(schema: GraphQLSchema, type_name: str, field_name: str, resolve: Resolver) -> None:
    found = getattr(schema.type_map.get(type_name), "fields", {}).get(field_name)
    if found is not None:
        found.resolve = resolve


def member_resolver(made: World, entity: str, member: Member, *, whole: bool) -> Resolver:
    def resolve(source: dict[str, Any], info: Any, n: int = 1) -> Any:
        if not member.requires:
            return value_of(made, entity, source["id"], member, n)
        required = made.member(entity, member.requires)
        known = value_of(made, entity, source["id"], required, 1) if whole else source[member.requires]
        return f"derived from {known}"

    return resolve


# Queries


def random_query(made: World, random: Random) -> str:
    roots = [f"r{n}: all{e} {{ {' '.join(wanted(made, e, random, 2))} }}" for n, e in enumerate(made.entities)]
    roots.append(f"things {{ {' '.join(wanted(made, 'Thing', random, 2))} }}")
    return "{ " + " ".join(random.sample(roots, random.randint(1, len(roots)))) + " }"


def wanted(made: World, type_name: str, random: Random, depth: int) -> Iterator[str]:
    yield random.choice(["__typename", "id", "key: id", "label"])
    if type_name == "Thing":
        for entity in random.sample(made.entities, random.randint(0, len(made.entities))):
            yield f"... on {entity} {{ {' '.join(wanted(made, entity, random, depth))} }}"
        return
    for member in random.sample(made.members[type_name], random.randint(1, min(4, len(made.members[type_name])))):
        if member.target and depth:
            alias = f"{member.name}_{type_name}: " if random.random() < 0.8 else f"{member.name}x{type_name}: "
            yield f"{alias}{member.name} {{ {' '.join(wanted(made, member.target, random, depth - 1))} }}"
        elif not member.target:
            yield random_leaf(member, random)


def random_leaf(member: Member, random: Random) -> str:
    if arguments(member) and random.random() < 0.5:
        n = random.randint(1, 3)
        return f"{member.name}_{n}: {member.name}(n: {n})"
    return random.choice([member.name, f"also_{member.name}: {member.name}"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_the_federated_answer_is_the_monoliths(seed: int) -> None:
    made = world(seed)
    whole = executable(made, sdl_of_whole(made), whole=True)
    parts = {g: LocalTransport(schema=executable(made, sdl_of_part(made, g), whole=False)) for g in made.graphs}
    limits = GatewayLimits(aliases=10_000, tokens=100_000, document_chars=1_000_000)
    supergraph = Supergraph.parse(supergraph_of(made))
    engine = Engine(supergraph=supergraph, transports=parts, limits=limits)
    projecting = Engine(supergraph=supergraph, transports=parts, limits=limits, passing=False)
    for _ in range(2):
        query = random_query(made, made.random)
        expected = execute_sync(whole, parse(query))
        assert expected.errors is None
        answer = asyncio.run(engine.execute(query=query, context=Context(request_id=f"seed-{seed}")))
        assert answer.errors == [], (seed, query)
        assert answer.data == expected.data, (seed, query)
        projected = asyncio.run(projecting.execute(query=query, context=Context(request_id=f"seed-{seed}")))
        assert answer.as_bytes() == projected.as_bytes(), (seed, query)


@dataclass
class Down:
    """A subgraph that does not answer."""

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        raise SubgraphUnavailable(service=request.service)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_a_subgraph_that_is_down_makes_nulls_that_are_told_and_changes_nothing_else(seed: int) -> None:
    made = world(seed)
    whole = executable(made, sdl_of_whole(made), whole=True)
    down = made.random.choice(made.graphs)
    parts: dict[str, Transport] = {
        g: Down() if g == down else LocalTransport(schema=executable(made, sdl_of_part(made, g), whole=False))
        for g in made.graphs
    }
    limits = GatewayLimits(aliases=10_000, tokens=100_000, document_chars=1_000_000, errors_max=1_000_000)
    engine = Engine(supergraph=Supergraph.parse(supergraph_of(made)), transports=parts, limits=limits)
    query = random_query(made, made.random)
    expected = execute_sync(whole, parse(query))
    answer = asyncio.run(engine.execute(query=query, context=Context(request_id=f"seed-{seed}")))
    told = {tuple(e["path"]) for e in answer.errors}
    assert {e["extensions"]["service"] for e in answer.errors} <= {down}
    assert len(told) == len(answer.errors), (seed, query)
    # What is told can also be a field that would have been null anyway.
    assert set(lost(answer.data, expected.data, ())) <= told, (seed, query)
    data: Any = answer.data
    assert all(reduce(getitem, path, data) is None for path in told), (seed, query)


def lost(found: Any, expected: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """The paths at which `found` has a null that `expected` has not; anything else that differs fails."""
    if found is None and expected is not None:
        yield path
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key, value in expected.items():
            yield from lost(found[key], value, (*path, key))
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for index, value in enumerate(expected):
            yield from lost(found[index], value, (*path, index))
    else:
        assert found == expected
