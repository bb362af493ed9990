"""What passes without being projected, what may not, and that nobody can tell which it was."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema

from api.gateway.execute import Answer, Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport, RequestContext, SubgraphRequest, SubgraphResponse
from core.graph import Context
from core.principal import Principal, PrincipalKind
from tests.unit.gateway.conftest import subgraph

SUPERGRAPH = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
{ query: Query }
enum join__Graph { A @join__graph(name: "a", url: "") }
enum Level @join__type(graph: A) { LOW HIGH HIDDEN @inaccessible }
enum Mood @join__type(graph: A) { GOOD BAD }
interface Being @join__type(graph: A) { id: ID! }
type Person implements Being @join__type(graph: A, key: "id") {
  id: ID! name: String! nick: String level: Level mood: Mood! friends: [Being!]! secret: String @authenticated
}
type Robot implements Being @join__type(graph: A, key: "id") { id: ID! model: String }
union Some @join__type(graph: A) = Person | Robot
type Query @join__type(graph: A) { me: Person someone(id: ID): Some beings: [Being] grid: [[Int!]!] }
"""
OWN = """
enum Level { LOW HIGH HIDDEN }
enum Mood { GOOD BAD }
interface Being { id: ID! }
type Person implements Being @key(fields: "id") {
  id: ID! name: String! nick: String level: Level mood: Mood! friends: [Being!]! secret: String
}
type Robot implements Being @key(fields: "id") { id: ID! model: String }
union Some = Person | Robot
type Query { me: Person someone(id: ID): Some beings: [Being] grid: [[Int!]!] }
directive @key(fields: String!) repeatable on OBJECT
"""
ROBOT = {"__typename": "Robot", "id": "r", "model": None}
ME: dict[str, Any] = {
    "__typename": "Person", "id": "p", "name": "Ada", "nick": None, "level": "HIDDEN", "mood": "GOOD", "secret": "s",
}  # fmt: skip
ME["friends"] = [ROBOT, ME]
SIGNED_IN = Principal(kind=PrincipalKind.CITIZEN, actor="c", subject="c")

PASSES = [
    "{ me { id name nick mood } }",
    "query ($id: ID) { someone(id: $id) { __typename ... on Person { name friends { __typename id } } } }",
    "{ beings { __typename id } grid me { friends { __typename id ... on Robot { model } } } }",
    "{ me { id ...F ...F } } fragment F on Person { id nick other: name }",
]
LOOKED_AT = [
    "{ me { level } }",  # a value of the enum is hidden
    "{ me { kind: __typename id } }",
    "{ __typename me { id } }",  # no subgraph is asked what the root's type is called
    "{ beings { ... on Robot { model } } }",  # the type is fetched and not shown
    "{ me { secret id } }",
    "{ me { id } __schema { queryType { name } } }",
]


def own(sdl: str = OWN, **data: Any) -> GraphQLSchema:
    told = {"me": ME, "someone": ROBOT, "beings": [ME, None, ROBOT], "grid": [[1], []], **data}
    return subgraph(sdl, {f"Query.{k}": lambda source, info, v=v, **given: v for k, v in told.items()}, dict)


@dataclass
class Remote:
    """A subgraph elsewhere: it answers what a local one does, in bytes, or `instead`."""

    local: LocalTransport = field(default_factory=lambda: LocalTransport(own()))
    instead: Any = None
    beside: dict[str, Any] = field(default_factory=dict)

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        answer = self.instead or (await self.local.fetch(request, context)).data
        raw = b" " + orjson.dumps({"data": answer, **self.beside})
        return SubgraphResponse(orjson.loads(raw)["data"], raw=None if self.beside else raw)


def asked(transport: Any, query: str, *, passing: bool = True, principal: Principal = SIGNED_IN) -> Answer:
    engine = Engine(supergraph=Supergraph.parse(SUPERGRAPH), transports={"a": transport}, passing=passing)
    context = Context(request_id="r", principal=principal)

    async def ask() -> Answer:
        for _ in range(3):  # The third is by compiled calls.
            answer = await engine.execute(query=query, variables={"id": "r"}, context=context)
        return answer

    return asyncio.run(ask())


def projected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every answer that is projected from here on."""
    found: list[object] = []
    inner = Engine._projected

    def noted(*given: Any) -> Answer:
        found.append(given)
        return inner(*given)

    monkeypatch.setattr(Engine, "_projected", noted)
    return found


@pytest.mark.parametrize("query", PASSES)
def test_what_needs_no_projecting_passes_and_reads_the_same(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = asked(LocalTransport(own()), query, passing=False)
    found = projected(monkeypatch)
    here, there = asked(LocalTransport(own()), query), asked(Remote(), query)
    assert found == []
    assert here.errors == there.errors == []
    assert here.as_bytes() == there.as_bytes().strip() == looked_at.as_bytes()


@pytest.mark.parametrize("query", LOOKED_AT)
def test_what_has_to_be_projected_is(query: str) -> None:
    looked_at = asked(LocalTransport(own()), query, passing=False, principal=Principal())
    for transport in (LocalTransport(own()), Remote()):
        found = asked(transport, query, principal=Principal())
        assert found.raw is None
        assert found.as_bytes() == looked_at.as_bytes()


LIES: list[dict[str, Any]] = [
    {"me": {"id": "p", "mood": "GOOD", "friends": [], "phone": "138"}},  # more than was asked
    {"me": {"id": "p", "mood": "GOOD"}},
    {"me": {"mood": "GOOD", "id": "p", "friends": []}},  # in another order
    {"me": {"id": None, "mood": "GOOD", "friends": []}},
    {"me": {"id": "p", "mood": "SO SO", "friends": []}},
    {"me": {"id": "p", "mood": ["GOOD"], "friends": []}},
    {"me": {"id": "p", "mood": "GOOD", "friends": [None]}},
    {"me": {"id": "p", "mood": "GOOD", "friends": {}}},
    {"me": {"id": "p", "mood": "GOOD", "friends": [{"__typename": "Ghost", "id": "g"}]}},
    {"me": {"id": "p", "mood": "GOOD", "friends": [{"__typename": 1, "id": "g"}]}},
    {"me": {"id": "p", "mood": "GOOD", "friends": ["r"]}},
    {"me": [{"id": "p", "mood": "GOOD", "friends": []}]},
    {"me": {"id": "p", "mood": "GOOD", "friends": []}, "you": {"id": "q"}},
    {"you": 1},
]


@pytest.mark.parametrize("lie", LIES)
def test_a_subgraph_elsewhere_is_not_believed(lie: dict[str, Any]) -> None:
    query = "{ me { id mood friends { __typename id } } }"
    found = asked(Remote(instead=lie), query)
    assert found.raw is None
    assert found.as_bytes() == asked(Remote(instead=lie), query, passing=False).as_bytes()
    assert b"138" not in found.as_bytes()


@pytest.mark.parametrize("name", [5, True, {}, [], [{}], "Ghost", None])
def test_a_type_name_that_is_none_does_not_pass(name: Any) -> None:
    for root, query in (
        ("me", "{ me { __typename id } }"),
        ("someone", "{ someone { __typename ... on Being { id } } }"),
    ):
        lie = {root: {"__typename": name, "id": "p"}}
        found = asked(Remote(instead=lie), query)
        assert found.raw is None
        assert found.as_bytes() == asked(Remote(instead=lie), query, passing=False).as_bytes()


ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, 2**63, "", "Robot", "Person", "GOOD", "HIDDEN", "\u2028\x00"),
    *([], {}, [None], [[]], [[1]], {"__typename": "Robot"}, {"__proto__": 1}, {"id": {}}),
]


def spoiled(answer: Any, chance: random.Random) -> Any:
    """The answer with something wrong at up to three places."""
    for _ in range(chance.randint(0, 3)):
        places = list(holders(answer))
        if not places:
            break
        (held, key), way = chance.choice(places), chance.random()
        if type(held) is dict and way < 0.15:
            del held[key]
        elif type(held) is dict and way < 0.3:
            held[chance.choice(["__proto__", "secret", "__typename", "id"])] = chance.choice(ODD)
        elif type(held) is dict and way < 0.4:
            held[key] = held.pop(key)
        else:
            held[key] = orjson.loads(orjson.dumps(chance.choice(ODD)))
    return answer


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, below in value.items() if type(value) is dict else enumerate(value) if type(value) is list else ():
        yield value, key
        yield from holders(below)


async def test_whatever_a_subgraph_answers_nobody_can_tell_whether_it_passed() -> None:
    chance = random.Random(4)
    context = Context(request_id="r", principal=SIGNED_IN)
    far, supergraph = Remote(), Supergraph.parse(SUPERGRAPH)
    here = {"a": LocalTransport(own())}
    looking, *passing = (
        Engine(supergraph=supergraph, transports=transports, passing=passes)
        for transports, passes in (({"a": far}, False), ({"a": far}, True), (here, False))
    )
    passed = 0
    for query in (*PASSES, *LOOKED_AT[:4]):
        whole = (await passing[1].execute(query=query, variables={"id": "r"}, context=context)).data
        for _ in range(60):
            far.instead = spoiled(orjson.loads(orjson.dumps(whole)), chance)
            found = await passing[0].execute(query=query, variables={"id": "r"}, context=context)
            expected = await looking.execute(query=query, variables={"id": "r"}, context=context)
            written = orjson.dumps(orjson.loads(found.as_bytes()))
            assert written == expected.as_bytes(), (query, far.instead)
            passed += found.raw is not None
    assert 30 < passed < 500


def test_what_stands_beside_the_data_does_not_pass() -> None:
    found = asked(Remote(beside={"extensions": {"trace": "10.0.0.7"}}), "{ me { id } }")
    assert found.as_bytes() == b'{"data":{"me":{"id":"p"}}}'


@pytest.mark.parametrize(
    ("promise", "instead", "query", "answer"),
    [
        ("name: String!", "name: String", "{ me { id name } }", {"me": None}),
        ("friends: [Being!]!", "friends: [Being]!", "{ me { friends { __typename id } } }", None),
        ("mood: Mood!", "mood: String!", "{ me { mood } }", {"me": {"mood": "GOOD"}}),
        ("enum Mood { GOOD BAD }", "enum Mood { GOOD BAD SO_SO }", "{ me { mood } }", {"me": {"mood": "GOOD"}}),
    ],
)
def test_a_schema_that_promises_less_is_looked_at(
    promise: str, instead: str, query: str, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert promise in OWN
    me = {**ME, "name": None, "friends": [ROBOT]}
    looked_at = asked(LocalTransport(own(OWN.replace(promise, instead), me=me)), query, passing=False)
    found = projected(monkeypatch)
    answered = asked(LocalTransport(own(OWN.replace(promise, instead), me=me)), query)
    assert len(found) == 3
    assert answered.as_bytes() == looked_at.as_bytes()
    assert answer is None or answered.data == answer


def test_a_member_that_the_public_schema_does_not_know_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    sdl = OWN.replace("union Some = Person | Robot", "type Ghost { id: ID } union Some = Person | Robot | Ghost")
    found = projected(monkeypatch)
    query = "{ someone(id: 1) { __typename } }"
    answer = asked(LocalTransport(own(sdl, someone={"__typename": "Ghost"})), query)
    assert len(found) == 3
    assert answer.data == {"someone": None}
    assert [e["extensions"]["code"] for e in answer.errors] == ["VALUE_INVALID"]


def test_an_error_is_told_and_its_null_completed() -> None:
    def broken(source: Any, info: Any) -> Any:
        raise ValueError("inside")

    schema = own()
    schema.type_map["Person"].fields["name"].resolve = broken  # type: ignore[attr-defined]
    answer = asked(LocalTransport(schema), "{ me { id name } }")
    assert answer.data == {"me": None}
    assert [e["path"] for e in answer.errors] == [["me", "name"]]
