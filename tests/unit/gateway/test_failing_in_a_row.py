"""Mutations after one that failed: what is done, what is null and what is told is as graphql-core has it.

Every order of up to three fields, of two subgraphs and both kinds of nullability, with every set of them failing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, execute_sync, parse

from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport
from core.errors import NotFound, Unavailable
from core.graph import Context
from core.locale import Locale
from core.principal import ANONYMOUS
from tests.support.composing import composed
from tests.unit.gateway.conftest import Recorded

PARTS = {
    "one": "type Query { sure: Int! firm: Int! } type Mutation { must: Int! may: Int }",
    "two": "type Query { pong: Int } type Mutation { shall: Int! can: Int }",
}
OF = {"one": ("must", "may"), "two": ("shall", "can")}
WHOLE = "type Query { sure: Int! firm: Int! } type Mutation { must: Int! may: Int shall: Int! can: Int }"
FIELDS = ("must", "may", "shall", "can")
ORDERS = [order for length in (1, 2, 3) for order in itertools.permutations(FIELDS, length)]
CASES = [(order, failing) for order in ORDERS for n in range(3) for failing in itertools.combinations(order, n)]


@dataclass(frozen=True, slots=True)
class Came:
    """data, where errors are told, and which fields were done, in order."""

    data: Any
    paths: Sequence[Any]
    done: Sequence[str]


@dataclass
class World:
    """One subgraph for each of `PARTS`, an engine over them, and the whole as one schema for graphql-core."""

    failing: Sequence[str] = ()
    down: str = ""
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        whole = composed(PARTS).replace("query: Query }", "query: Query mutation: Mutation }")
        transports = {name: Recorded(LocalTransport(schema=self._schema(sdl))) for name, sdl in PARTS.items()}
        for name, transport in transports.items():
            transport.instead = partial(self._answers, name)
        self._engine = Engine(supergraph=Supergraph.parse(whole), transports=dict(transports))
        self._whole = self._schema(WHOLE)

    async def engines(self, order: Sequence[str], failing: Sequence[str], kind: str = "mutation") -> Came:
        self.failing, self.done = failing, []
        context = Context(request_id="req-1", principal=ANONYMOUS, locale=Locale.EN)
        answer = await self._engine.execute(query=f"{kind} {{ {' '.join(order)} }}", context=context)
        return Came(answer.data, [error["path"] for error in answer.errors], self.done)

    def graphql_cores(self, order: Sequence[str], failing: Sequence[str], kind: str = "mutation") -> Came:
        self.failing, self.done = failing, []
        found = execute_sync(self._whole, parse(f"{kind} {{ {' '.join(order)} }}"))
        return Came(found.data, [error.path for error in found.errors or ()], self.done)

    def _schema(self, sdl: str) -> GraphQLSchema:
        made = build_schema(sdl)
        assert made.query_type is not None and made.mutation_type is not None
        for name, one in {**made.query_type.fields, **made.mutation_type.fields}.items():
            one.resolve = partial(self._resolve, name)
        return made

    def _resolve(self, name: str, source: Any, info: Any) -> int:
        self.done.append(name)
        if name in self.failing:
            raise NotFound(thing=name)
        return len(name)

    def _answers(self, name: str, request: object) -> None:
        if name == self.down:
            raise Unavailable()


@pytest.fixture(scope="module")
def world() -> World:
    return World()


async def test_after_a_failure_the_rest_is_done_and_told_as_graphql_core_does(world: World) -> None:
    world.down = ""
    for order, failing in CASES:
        assert await world.engines(order, failing) == world.graphql_cores(order, failing), (order, failing)


async def test_of_a_query_too_one_failure_is_told_once(world: World) -> None:
    world.down = ""
    for order in (("sure", "firm"), ("firm", "sure")):
        ours, theirs = (await world.engines(order, ("sure",), "query"), world.graphql_cores(order, ("sure",), "query"))
        assert (ours.data, ours.paths) == (theirs.data, theirs.paths) == (None, [["sure"]])


@pytest.mark.parametrize("down", PARTS)
async def test_a_subgraph_that_is_down_is_one_whose_fields_all_fail(world: World, down: str) -> None:
    """It does nothing at all; of the other one's fields, neither more nor less is done than graphql-core would."""
    world.down = down
    here = OF["two" if down == "one" else "one"]
    for order in ORDERS:
        ours, theirs = await world.engines(order, ()), world.graphql_cores(order, OF[down])
        assert (ours.data, ours.done) == (theirs.data, [name for name in theirs.done if name in here]), order
        assert all(path in ours.paths for path in theirs.paths) and len(ours.paths) <= len(order), order
