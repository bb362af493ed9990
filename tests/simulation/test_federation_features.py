"""Random graphs that use what Federation offers, with nulls and failures in the data: answered as the whole would be.

`test_federated_equals_monolith` draws who owns what; here each graph draws its features: several, compound and nested
keys, stubs that resolve no references, `@requires` with arguments, fragments and chains, `@provides`, `@override`,
`@inaccessible`, `@interfaceObject`, types that are non-null in one place and fail, lists of lists, enums, scalars of
every width, variables everywhere, conditions, fragments and aliases. A failure names its seed; `replay(SEED)` runs it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import pytest
from graphql import GraphQLInterfaceType, GraphQLSchema, build_schema, execute_sync, parse

from api.gateway.execute import Answer, Engine
from api.gateway.limits import GatewayLimits
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport
from core.graph import Context
from tests.support.composing import composed

SEEDS: Final = 60
_LIMITS: Final = GatewayLimits(aliases=10_000, tokens=100_000, document_chars=1_000_000, selections=5_000, fields=9_000)
_DIRECTIVES: Final = """
directive @key(fields: String!, resolvable: Boolean) repeatable on OBJECT | INTERFACE
directive @interfaceObject on OBJECT
directive @shareable on FIELD_DEFINITION
directive @external on FIELD_DEFINITION
directive @inaccessible on FIELD_DEFINITION
directive @override(from: String!) on FIELD_DEFINITION
directive @requires(fields: String!) on FIELD_DEFINITION
directive @provides(fields: String!) on FIELD_DEFINITION
"""
_COMMON: Final = """
scalar Any  enum Mood { CALM LOUD }  input Pick { n: Int = 2  among: [Int!]  deeper: Pick }
"""
TYPES: Final[dict[str, list[Any]]] = {
    "String": ["text", "", "张", None],
    "Int": [0, -7, 2**31 - 1, None],
    "Float": [1e300, -0.0, 0.1, None],
    "Any": [2**63 - 1, {"a": [1, None]}, [[]], -0.0, None],
    "Mood": ["CALM", "LOUD", None],
    "[Int]": [[1, None, 3], [], None],
    "[[Int]]": [[[1], None, [None]], [], None],
    "[[Int!]!]": [[[1, 2]], [[1], None], [[None]], None],
    "Int!": [4, 5, 6, None],
    "[String!]": [["a"], ["a", None], None],
}
KEYS: Final = ("id", "code", "id region", "org { id }")
_KEY_FIELDS: Final = {"id": "id: ID!", "code": "code: ID!", "region": "region: ID!", "org": "org: Org!"}


@dataclass(frozen=True)
class Member:
    """A field of an entity. owner: who resolves it; other: who shared it, provides it or was overridden."""

    name: str
    type: str
    owner: str
    target: str = ""
    directive: str = ""
    arguments: str = ""
    hidden: bool = False
    other: str = ""
    role: str = ""
    reliable: bool = False


class World:
    """One random graph: its entities, each with the keys by which each subgraph knows it."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.seed = seed
        self.graphs = [f"g{n}" for n in range(random.randint(2, 4))]
        self.entities = [f"E{n}" for n in range(random.randint(2, 3))]
        # The first subgraph knows every key, so that each other one can be entered; a stub cannot be.
        self.keys = {
            (g, e): list(KEYS) if g == "g0" else random.sample(KEYS, random.randint(1, 2))
            for e in self.entities
            for g in self.graphs
        }
        self.members = {e: list(self._members(e)) for e in self.entities}
        self.stubs = {
            (g, e) for g, e in self.keys if g != "g0" and not any(g in (m.owner, m.other) for m in self.members[e])
        }

    def _members(self, entity: str) -> Iterator[Member]:
        random = self.random
        for number in range(random.randint(3, 7)):
            kind = random.choice(list(TYPES))
            owner, other = random.sample(self.graphs, 2)
            role = random.choice(["", "", "shareable", "override", "provided"])
            given = "(pick: Pick, n: Int = 1)" if random.random() < 0.4 else ""
            yield Member(f"f{number}", kind, owner, arguments=given, other=other if role else "", role=role)
        for number in range(random.randint(1, 3)):
            owner = random.choice(self.graphs)
            target = random.choice([*self.entities, "Node"])
            shape = random.choice(["{}", "[{}]", "[[{}]]", "{}!", "[{}!]"])
            yield Member(f"to{number}", shape.format(target), owner, target=target)
        yield from self._chain(entity)

    def _chain(self, entity: str) -> Iterator[Member]:
        """A value, what is derived of it elsewhere, and what is derived of that once more."""
        first, second = self.random.sample(self.graphs, 2)
        hidden = self.random.random() < 0.5
        arguments = "(n: Int = 1)" if self.random.random() < 0.5 else ""
        yield Member("base", "Int", first, arguments=arguments, hidden=hidden, reliable=True)
        yield Member("near", "Node", first, target="Node", reliable=True)
        base = "base(n: 3)" if arguments else "base"
        fragments = f"near {{ ... on {self.entities[0]} {{ code }} id }}"
        needs = self.random.choice([base, f"{base} {fragments}", fragments])
        yield Member("derived", "String", second, directive=needs, reliable=True)
        yield Member("again", "String", first, directive="derived", reliable=True)

    # Schemas

    def parts(self) -> dict[str, str]:
        """Every subgraph. For `notes` no type is told from another: what the others call an interface is one object."""
        masked = 'type Node @key(fields: "id") @interfaceObject { id: ID! note: String }'
        return {**{g: self.part(g) for g in self.graphs}, "notes": f"type Query {{ marked: [Node] }} {masked}"}

    def part(self, graph: str) -> str:
        types = [self._entity(graph, e) for e in self.entities]
        roots = "type Query { " + " ".join(f"all{e}: [{e}!]" for e in self.entities) + " nodes: [Node] } "
        node = 'interface Node @key(fields: "id") { id: ID! }'
        return f"{roots if graph == 'g0' else ''}{_COMMON} {node} type Org {{ id: ID! @shareable }} {' '.join(types)}"

    def _entity(self, graph: str, entity: str) -> str:
        keys = self.keys[graph, entity]
        names = {name for key in keys for name in _KEY_FIELDS if name in key.split()} | {"id"}
        members = self.members[entity]
        lines = {n: f"{_KEY_FIELDS[n]} @shareable" for n in _KEY_FIELDS if n in names}
        for member in members:
            lines.update(self._lines(graph, entity, member))
        for member in members:
            for name in self._outside(graph, member):
                there = next((m for m in members if m.name == name), None)
                if there is not None and name not in lines:
                    lines[name] = f"{name}{there.arguments}: {there.type} @external"
        if any(m.directive and m.owner == graph and "near" in m.directive for m in members):
            lines.setdefault("code", f"{_KEY_FIELDS['code']} @external")
        resolvable = "" if (graph, entity) not in getattr(self, "stubs", set()) else ", resolvable: false"
        stated = " ".join(f'@key(fields: "{key}"{resolvable})' for key in keys)
        return f"type {entity} implements Node {stated} {{ {' '.join(lines.values())} }}"

    def _lines(self, graph: str, entity: str, m: Member) -> Iterator[tuple[str, str]]:
        head = f"{m.name}{m.arguments}: {m.type}"
        hidden = " @inaccessible" if m.hidden else ""
        if graph == m.owner:
            provided = (
                [o.name for o in self.members[m.target] if o.role == "provided" and o.other == graph]
                if (m.target in self.entities and hasattr(self, "members"))
                else []
            )
            provides = f' @provides(fields: "{" ".join(provided)}")' if provided else ""
            requires = f' @requires(fields: "{m.directive}")' if m.directive else ""
            override = f' @override(from: "{m.other}")' if m.role == "override" else ""
            shared = " @shareable" if m.role in ("shareable", "provided") else ""
            yield m.name, f"{head}{provides}{requires}{override}{shared}{hidden}"
        elif graph == m.other:
            yield m.name, head + (" @external" if m.role == "provided" else " @shareable" if m.role else "")

    def _outside(self, graph: str, m: Member) -> list[str]:
        words = m.directive.replace("(", " ").replace(")", " ").split() if graph == m.owner else []
        return [w for w in words if w in ("base", "near", "derived")]

    def whole(self) -> str:
        types = []
        for entity in self.entities:
            body = " ".join(f"{m.name}{m.arguments}: {m.type}" for m in self.members[entity] if not m.hidden)
            types.append(f"type {entity} implements Node {{ {' '.join(_KEY_FIELDS.values())} note: String {body} }}")
        roots = " ".join(f"all{e}: [{e}!]" for e in self.entities)
        rest = f"interface Node {{ id: ID! note: String }} type Org {{ id: ID! }} {_COMMON} {' '.join(types)}"
        return f"type Query {{ {roots} nodes: [Node] marked: [Node] }} {rest}"

    # Data: every value follows from the entity and the field

    def value(self, m: Member, entity: str, key: str, given: dict[str, Any]) -> Any:
        dice = Random(f"{self.seed} {entity} {key} {m.name}")
        told = f"{given.get('n')}{given.get('pick')}" if m.arguments else ""
        if m.target:
            return self._targets(m, dice)
        if m.reliable:
            return dice.randint(1, 9) + given.get("n", 0)
        if dice.random() < 0.08:
            raise RuntimeError("a value that fails")
        if m.type == "String" and told:
            return told
        found = TYPES[m.type]
        return dice.choice(found if dice.random() < 0.5 else found[:2])

    def _targets(self, m: Member, dice: Random) -> Any:
        kinds = self.entities if m.target == "Node" else [m.target]

        def one() -> Any:
            return (
                None if dice.random() < 0.1 and not m.reliable else about(dice.choice(kinds), str(dice.randint(1, 4)))
            )

        depth = m.type.count("[")
        return [[one(), one()], None, []] if depth == 2 else [one(), one(), one()] if depth else one()

    def resolver(self, m: Member, entity: str, *, whole: bool) -> Any:
        def resolve(source: dict[str, Any], info: Any, **given: Any) -> Any:
            key = source["__key"]
            if not m.directive:
                return self.value(m, entity, key, given)
            return f"{m.name} of {self._needed(m, entity, source) if whole else shown(source, m.directive)}"

        return resolve

    def _needed(self, m: Member, entity: str, source: dict[str, Any]) -> str:
        """What a subgraph would have been sent."""
        by_name = {one.name: one for one in self.members[entity]}
        made: dict[str, Any] = {}
        if "base" in m.directive:
            made["base"] = self.value(by_name["base"], entity, source["__key"], {"n": 3} if "base(" in m.directive else
                                      {"n": 1} if by_name["base"].arguments else {})  # fmt: skip
        if "near" in m.directive:
            made["near"] = self.value(by_name["near"], entity, source["__key"], {})
        if m.directive == "derived":
            made["derived"] = f"derived of {self._needed(by_name['derived'], entity, source)}"
        return shown(made, m.directive)


def shown(made: dict[str, Any], directive: str) -> str:
    near = made["near"] if "near" in directive else None
    told = [f"{made['base']}"] if "base" in directive else []
    told += (
        [f"{near['__typename']} {near['id']} {near.get('code') if near['__typename'] == 'E0' else ''}"] if near else []
    )
    return " ".join(told) or str(made.get("derived"))


def about(entity: str, key: str) -> dict[str, Any]:
    """An object as everybody knows it; its id says which type it is of."""
    own = entity.removeprefix("E") + key
    known = {"id": own, "code": f"c{own}", "region": f"r{own}", "org": {"id": f"o{own}"}}
    return {"__typename": entity, "__key": key, **known}


def reference(made: dict[str, Any], *, masked: bool) -> dict[str, Any]:
    """The object that a reference means, whichever key it came by; what else was sent stands beside it."""
    own = made.get("id") or made.get("code", "")[1:] or made["org"]["id"][1:]
    entity = f"E{own[0]}" if made["__typename"] == "Node" else made["__typename"]
    return {**about(entity, own[1:]), **made, "__typename": made["__typename"] if masked else entity}


def executable(world: World, sdl: str, *, whole: bool, masked: bool = False) -> GraphQLSchema:
    if not whole:
        names = ["Node"] if masked else world.entities
        asked = "_entities(representations: [_Any!]!): [_Entity]!"
        root = sdl.replace("type Query {", f"type Query {{ {asked}")
        sdl = f"{_DIRECTIVES} scalar _Any union _Entity = {' | '.join(names)} {root}"
        sdl += "" if "type Query" in root else f" type Query {{ {asked} }}"
    schema = build_schema(sdl, assume_valid_sdl=True)
    types: Any = schema.type_map
    for name, kind in types.items():
        if isinstance(kind, GraphQLInterfaceType) or name == "_Entity":
            kind.resolve_type = lambda value, info, abstract: value["__typename"]
    everyone = [about(e, str(n)) for e in world.entities for n in (1, 2, 3)]
    for entity in world.entities:
        for member in world.members[entity]:
            if member.name in getattr(types.get(entity), "fields", ()):
                types[entity].fields[member.name].resolve = world.resolver(member, entity, whole=whole)
        mine = [one for one in everyone if one["__typename"] == entity]
        if f"all{entity}" in types["Query"].fields:
            types["Query"].fields[f"all{entity}"].resolve = lambda source, info, mine=mine: mine
    for name in ("Node", *world.entities):
        if "note" in getattr(types.get(name), "fields", ()):
            types[name].fields["note"].resolve = lambda source, info: f"note {source['id']}"
    for name in {"nodes", "marked"} & types["Query"].fields.keys():
        types["Query"].fields[name].resolve = lambda source, info: masks(everyone) if masked else everyone
    if not whole:
        find = types["Query"].fields["_entities"]
        find.resolve = lambda source, info, representations: [reference(one, masked=masked) for one in representations]
    return schema


def masks(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "__typename": "Node"} for one in objects]


# Queries


class Asking:
    """One random document with its variables."""

    def __init__(self, world: World, random: Random) -> None:
        self.world, self.random = world, random
        self.variables: dict[str, tuple[str, Any]] = {}
        self.fragments: list[str] = []
        roots = [f"{self.alias('r')}all{e} {{ {self.entity(e, 2)} }}" for e in world.entities]
        roots += [f"nodes {{ {self.node(2)} }}", f"marked {{ {self.node(1)} }}"]
        chosen = " ".join(random.sample(roots, random.randint(1, 2)))
        text = f"{{ {chosen} }} {' '.join(self._spread(chosen))}"
        used = {name: told for name, told in self.variables.items() if re.search(rf"\${name}\b", text)}
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in used.items())
        self.document = f"query Q{f'({declared})' if declared else ''} {text}"
        self.given = {name: value for name, (_, value) in used.items() if value is not ...}

    def _spread(self, text: str) -> list[str]:
        """The fragments that are spread; some were drawn for what was then left out. Inner ones were drawn first."""
        kept: list[str] = []
        for fragment in reversed(self.fragments):
            if any(f"...{fragment.split()[1]}" in other for other in (text, *kept)):
                kept.append(fragment)
        return kept

    def alias(self, stem: str) -> str:
        # Each alias stands once in a document, so none clashes; those that types share clash on purpose.
        return f"{stem}{self.random.randrange(10**9)}: " if self.random.random() < 0.5 else ""

    def variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = (kind, value)
        return f"${name}"

    def condition(self) -> str:
        if self.random.random() > 0.15:
            return ""
        truth = self.random.choice(["true", "false", self.variable("Boolean!", self.random.random() < 0.5)])
        return f" @{self.random.choice(['skip', 'include'])}(if: {truth})"

    def arguments(self, m: Member) -> str:
        if not m.arguments or self.random.random() < 0.4:
            return ""
        told = [f"n: {self.random.choice([2, self.variable('Int', 5), self.variable('Int = 8', ...)])}"]
        if "pick" in m.arguments and self.random.random() < 0.6:
            among = self.variable("[Int!]", [1, 2])
            whole = self.variable("Pick", {"among": [3], "deeper": {"n": 4}})
            told.append(f"pick: {self.random.choice([whole, f'{{among: {among}}}', '{deeper: {among: [1]}}'])}")
        return f"({', '.join(told)})"

    def node(self, depth: int) -> str:
        parts = ["__typename", "id"] + (["note"] if self.random.random() < 0.5 else [])
        for entity in self.random.sample(self.world.entities, self.random.randint(0, len(self.world.entities))):
            parts.append(f"... on {entity}{self.condition()} {{ {self.entity(entity, depth)} }}")
        return " ".join(parts)

    def entity(self, entity: str, depth: int) -> str:
        parts = [self.random.choice(["__typename", "id", "key: code", "org { id }", "note"])]
        shown_members = [m for m in self.world.members[entity] if not m.hidden]
        for m in self.random.sample(shown_members, min(len(shown_members), self.random.randint(2, 5))):
            stem, given = self.alias(m.name), self.arguments(m)
            # Several types may use a name otherwise: with arguments, or another shape, it gets one of its own.
            head = stem or (f"{m.name}{entity}x{self.random.randrange(10**9)}: " if given or m.type != "Int" else "")
            if m.name == "near":
                # What is required is obtained under the client's own field where both are the same call, so what
                # fails below would null it for both.
                parts.append(f"{head}near{self.condition()} {{ __typename id note }}")
            elif m.target and depth:
                below = self.node(depth - 1) if m.target == "Node" else self.entity(m.target, depth - 1)
                parts.append(f"{head}{m.name}{given}{self.condition()} {{ {below} }}")
            elif not m.target:
                parts.append(f"{head}{m.name}{given}{self.condition()}")
        body = " ".join(parts)
        if self.random.random() < 0.2:
            name = f"F{len(self.fragments)}_{self.random.randrange(10**6)}"
            self.fragments.append(f"fragment {name} on {entity} {{ {body} }}")
            return f"...{name}{self.condition()} id"
        return body


def replay(seed: int) -> None:
    """One world, three queries."""
    world = World(seed)
    whole = executable(world, world.whole(), whole=True)
    sdl = world.parts()
    parts = {
        g: LocalTransport(schema=executable(world, one, whole=False, masked=g == "notes")) for g, one in sdl.items()
    }
    engine = Engine(supergraph=Supergraph.parse(composed(sdl)), transports=parts, limits=_LIMITS)
    for _ in range(3):
        asking = Asking(world, world.random)
        expected = execute_sync(whole, parse(asking.document), variable_values=asking.given)
        context = Context(request_id=f"seed-{seed}")
        answer = asyncio.run(engine.execute(query=asking.document, variables=asking.given, context=context))
        compare(answer, expected, f"seed {seed}: {asking.document} {asking.given}")


def compare(answer: Answer, expected: Any, named: str) -> None:
    assert repr(answer.data) == repr(expected.data), f"{named}\n{answer.errors[:3]}\n{expected.errors}"
    told = [tuple(error["path"]) for error in answer.errors]
    assert len(set(told)) == len(told), named
    # Where a null travels up, who else failed below it depends on who was asked first.
    for path in [tuple(e.path or ()) for e in expected.errors or ()]:
        near = any(path[: len(t)] == t or t[: len(path)] == path for t in told)
        assert near or nulled_above(expected.data, path, told), (named, path, told)
    for path in told:
        assert is_nulled(expected.data, path), (named, path)
    # What the engine itself finds amiss in an answer cannot be blamed on one subgraph.
    blamed = [
        e["extensions"] for e in answer.errors if e["extensions"]["code"] not in ("NON_NULL_MISSING", "VALUE_INVALID")
    ]
    assert all(extensions["service"] for extensions in blamed), named


def nulled_above(data: Any, path: tuple[Any, ...], told: list[tuple[Any, ...]]) -> bool:
    """Whether another error explains the null that stands at or above `path`."""
    length = depth_of_null(data, path)
    return length is not None and any(t[:length] == path[:length] for t in told)


def is_nulled(data: Any, path: tuple[Any, ...]) -> bool:
    return depth_of_null(data, path) is not None


def depth_of_null(data: Any, path: tuple[Any, ...]) -> int | None:
    for depth, step in enumerate(path):
        if data is None:
            return depth
        data = data[step]
    return len(path) if data is None else None


@pytest.mark.parametrize("first", range(0, SEEDS, 15))
def test_the_answer_is_the_monoliths(first: int) -> None:
    for seed in range(first, first + 15):
        replay(seed)
