"""Subscriptions: each event answered by the ordinary plan, of who asks as they are by then; and how a stream ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLSchema, execute_sync, parse

from api.gateway.execute import Answer, Engine
from api.gateway.limits import GatewayLimits
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport, Transport
from core.errors import DomainError, NotFound
from core.graph import Context
from core.principal import ANONYMOUS, Principal
from identity.errors import TokenExpired
from tests.unit.gateway.conftest import Recorded, signed_in, subgraph

SUPERGRAPH = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY)
{ query: Query subscription: Subscription }
enum join__Graph { RIVER @join__graph(name: "river", url: "") NAMES @join__graph(name: "names", url: "") }
type Query @join__type(graph: RIVER) @join__type(graph: NAMES) { ping: String @join__field(graph: RIVER) }
type Subscription @join__type(graph: RIVER) {
  passed(bridge: ID!): Boat! @join__field(graph: RIVER)
  hidden: Boat @join__field(graph: RIVER) @requiresScopes(scopes: [["harbour"]])
  far: String @join__field(graph: NAMES)
}
type Boat @join__type(graph: RIVER, key: "id") @join__type(graph: NAMES, key: "id") {
  id: ID!
  bridge: ID @join__field(graph: RIVER)
  slow: String @join__field(graph: RIVER)
  cargo: String @join__field(graph: RIVER) @requiresScopes(scopes: [["harbour"]])
  name: String @join__field(graph: NAMES)
}
"""
RIVER = """
type Query { ping: String }
type Subscription { passed(bridge: ID!): Boat! hidden: Boat }
type Boat @key(fields: "id") { id: ID! bridge: ID slow: String cargo: String }
"""
NAMES = """
type Query { other: String }
type Boat @key(fields: "id") { id: ID! name: String }
"""
PASSED = "subscription($bridge: ID!) { passed(bridge: $bridge) { id bridge name } }"


class Far:
    """A subgraph that answers, and tells of nothing."""

    def __init__(self, inner: Transport) -> None:
        self.fetch = inner.fetch


@dataclass
class River:
    """boats: their ids as they pass, or what goes wrong then. left: whether the source was closed."""

    boats: list[str | Exception] = field(default_factory=lambda: ["b1", "b2"])
    limits: GatewayLimits = field(default_factory=GatewayLimits)
    readers: list[Principal | DomainError] = field(default_factory=list)
    left: bool = False
    endless: bool = False

    def __post_init__(self) -> None:
        self.river = LocalTransport(self._river())
        self.names = Recorded(LocalTransport(self._names()))
        transports: dict[str, Transport] = {"river": self.river, "names": Far(self.names)}
        self.engine = Engine(supergraph=Supergraph.parse(SUPERGRAPH), transports=transports, limits=self.limits)

    async def subscribe(
        self, query: str = PASSED, principal: Principal = ANONYMOUS, **variables: Any
    ) -> Answer | AsyncGenerator[Answer, None]:
        async def renewed() -> Context:
            now = self.readers.pop(0) if self.readers else principal
            if isinstance(now, DomainError):
                raise now
            return Context(request_id="req-2", principal=now)

        context = Context(request_id="req-1", principal=principal)
        return await self.engine.subscribe(query=query, context=context, renewed=renewed, variables=variables)

    async def told(self, query: str = PASSED, principal: Principal = ANONYMOUS, **variables: Any) -> list[Answer]:
        """All that comes, to the end."""
        stream = await self.subscribe(query, principal, **({"bridge": "west"} | variables))
        assert not isinstance(stream, Answer), stream
        return [answer async for answer in stream]

    async def refused(self, query: str, principal: Principal = ANONYMOUS, **variables: Any) -> list[str]:
        answer = await self.subscribe(query, principal, **variables)
        assert isinstance(answer, Answer) and answer.refused and answer.data is None
        return codes(answer)

    def _river(self) -> GraphQLSchema:
        async def slow(source: Any, info: Any) -> str:
            if source["id"] == "b1":
                await asyncio.Event().wait()
            return "at last"

        schema = subgraph(RIVER, {"Boat.slow": slow, "Boat.cargo": lambda source, info: "tea"}, lambda made: made)
        assert schema.subscription_type is not None
        for one in schema.subscription_type.fields.values():
            one.subscribe, one.resolve = self._pass, lambda event, info, **arguments: event
        return schema

    async def _pass(self, source: Any, info: Any, bridge: str = "east") -> AsyncGenerator[Any, None]:
        if bridge == "none":
            raise NotFound(thing="bridge")

        async def passing() -> AsyncGenerator[Any, None]:
            try:
                for boat in self.boats:
                    if isinstance(boat, Exception):
                        raise boat
                    yield {"id": boat, "bridge": bridge}
                if self.endless:
                    await asyncio.Event().wait()
            finally:
                self.left = True

        return passing()

    def _names(self) -> GraphQLSchema:
        def reference(made: dict[str, Any]) -> Any:
            return {**made, "name": made["id"].upper()} if made["id"] != "b0" else NotFound(thing="boat")

        return subgraph(NAMES, {}, reference)


def codes(answer: Answer) -> list[str]:
    return [error["extensions"]["code"] for error in answer.errors]


async def test_each_event_is_answered_with_what_other_subgraphs_know_of_it() -> None:
    river = River()
    told = await river.told()
    assert [answer.as_dict() for answer in told] == [
        {"data": {"passed": {"id": id, "bridge": "west", "name": id.upper()}}} for id in ("b1", "b2")
    ]
    assert [request.variables["representations"][0]["id"] for request in river.names.requests] == ["b1", "b2"]
    assert river.left


async def test_one_subgraph_alone_is_asked_for_nothing_more() -> None:
    river = River()
    told = await river.told("subscription($bridge: ID!) { boat: passed(bridge: $bridge) { id } }")
    assert [answer.data for answer in told] == [{"boat": {"id": "b1"}}, {"boat": {"id": "b2"}}]
    assert river.names.requests == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { a: passed(bridge: 1) { id } hidden { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { ...F } fragment F on Subscription { a: far b: far }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($no: Boolean!) { passed(bridge: 1) @skip(if: $no) { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { ... @include(if: true) { passed(bridge: 1) { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { passed }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { passed(bridge: 1) { id }", "GRAPHQL_PARSE_FAILED"),
        ("subscription($bridge: ID!) { passed(bridge: $bridge) { id } }", "BAD_USER_INPUT"),
        ("subscription { hidden { id } }", "UNAUTHENTICATED"),
        ("subscription { far }", "SUBSCRIPTION_UNSUPPORTED"),
        ('subscription { passed(bridge: "none") { id } }', "NOT_FOUND"),
    ],
)
async def test_what_is_refused_never_begins(query: str, code: str) -> None:
    river = River()
    assert await river.refused(query, no=True) == [code]
    assert not river.left and river.engine.figures.executed == 0


async def test_a_subscription_that_may_cost_too_much_is_refused() -> None:
    assert await River(limits=GatewayLimits(cost_max=0)).refused(PASSED, bridge=1) == ["COST_ESTIMATED_TOO_EXPENSIVE"]


async def test_what_is_asked_for_one_answer_is_no_subscription() -> None:
    context = Context(request_id="req-1")
    answer = await River().engine.execute(query=PASSED, variables={"bridge": 1}, context=context)
    assert codes(answer) == ["SUBSCRIPTION_UNSUPPORTED"]


async def test_who_asks_is_who_they_are_at_each_event() -> None:
    river = River(boats=["b1", "b2", "b3"], readers=[signed_in("harbour"), ANONYMOUS, TokenExpired()])
    told = await river.told("subscription($bridge: ID!) { passed(bridge: $bridge) { cargo } }", signed_in("harbour"))
    assert [(answer.data, codes(answer)) for answer in told] == [
        ({"passed": {"cargo": "tea"}}, []),
        ({"passed": {"cargo": None}}, ["UNAUTHENTICATED"]),
        (None, [TokenExpired.code]),
    ]
    assert [answer.refused for answer in told] == [False, False, True] and river.left


@pytest.mark.parametrize(
    ("fault", "code"), [(NotFound(thing="bridge"), "NOT_FOUND"), (ValueError("a secret"), "INTERNAL")]
)
async def test_a_source_that_fails_ends_the_stream_by_saying_so(
    fault: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    first, last = await River(boats=["b1", fault, "b2"]).told()
    assert first.data == {"passed": {"id": "b1", "bridge": "west", "name": "B1"}}
    assert (last.refused, codes(last)) == (True, [code]) and "secret" not in str(last.as_dict())


async def test_an_event_that_cannot_be_told_whole_ends_nothing() -> None:
    first, second = await River(boats=["b0", "b2"]).told()
    assert (first.data, codes(first)) == ({"passed": {"id": "b0", "bridge": "west", "name": None}}, ["NOT_FOUND"])
    assert first.errors[0]["path"] == ["passed"]
    assert second.data == {"passed": {"id": "b2", "bridge": "west", "name": "B2"}}


async def test_each_event_has_the_deadline_of_its_subgraph() -> None:
    river = River(limits=GatewayLimits(deadlines_s={"river": 0.05}))
    first, second = await river.told("subscription($bridge: ID!) { passed(bridge: $bridge) { id slow } }")
    assert (first.data, codes(first)) == (None, ["SUBGRAPH_TIMEOUT"]) and not first.refused
    assert second.data == {"passed": {"id": "b2", "slow": "at last"}}


async def test_who_stops_asking_ends_the_source() -> None:
    river = River(endless=True)
    stream = await river.subscribe(bridge="west")
    assert not isinstance(stream, Answer)
    async with aclosing(stream):
        async for _ in stream:
            break
    assert river.left


async def test_a_subscription_is_explained_as_what_each_event_costs() -> None:
    plan = River().engine.explain(query=PASSED, stage="plan", variables={"bridge": 1})
    assert 'Fetch(service: "river")' in plan and 'Flatten(path: "passed")' in plan


async def test_the_schema_says_what_may_be_subscribed() -> None:
    schema = Supergraph.parse(SUPERGRAPH).schema
    found = execute_sync(schema, parse("{ __schema { subscriptionType { fields { name } } } }")).data
    assert found == {"__schema": {"subscriptionType": {"fields": [{"name": n} for n in ("passed", "hidden", "far")]}}}
