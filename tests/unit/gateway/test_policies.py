"""`@policy`: an OR of ANDs of names, asked of whoever made the engine; what is not known and what breaks denies."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import pytest
from graphql import GraphQLInterfaceType, build_schema

from api.gateway.access import PolicyRule, Reader, rule_of_policies
from api.gateway.errors import SupergraphInvalid
from api.gateway.execute import Answer, Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport
from core.graph import Context
from core.principal import ANONYMOUS, Principal
from tests.unit.gateway.conftest import Recorded, signed_in

SDL: Final = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5")
  @link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY)
  @link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY)
  @link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY) { query: Query }
enum join__Graph { A @join__graph(name: "a", url: "") }
scalar policy__Policy
scalar Secret @join__type(graph: A) @policy(policies: [["scalars"]])
enum Mood @join__type(graph: A) @policy(policies: [["enums"]]) { GLAD }
interface Thing @join__type(graph: A) { id: ID! label: String }
type Safe implements Thing @join__type(graph: A) @join__implements(graph: A, interface: "Thing")
  @policy(policies: [["types"]]) { id: ID! label: String }
type Box implements Thing @join__type(graph: A) @join__implements(graph: A, interface: "Thing") {
  id: ID!
  label: String @policy(policies: [["labels"]])
}
type Query @join__type(graph: A) {
  open: String
  either: String @policy(policies: [["a", "b"], ["c"]])
  both: String @policy(policies: [["a"]]) @requiresScopes(scopes: [["staff"]]) @authenticated
  unknown: String @policy(policies: [["nobody_gave_this"]])
  unknownOrA: String @policy(policies: [["nobody_gave_this"], ["a"]])
  breaks: String @policy(policies: [["breaks"]])
  secret: Secret
  mood: Mood
  safe: Safe
  box: Box
  things: [Thing]
}
"""
ROOT: Final = {name: name for name in ("open", "either", "both", "unknown", "unknownOrA", "breaks", "secret")}
SAFE, BOX = {"id": "s", "label": "gold", "kind": "Safe"}, {"id": "b", "label": "hats", "kind": "Box"}


class House:
    """An engine over one subgraph; `holding` names the policies that hold. asked: what was evaluated, in order."""

    def __init__(self, *holding: str) -> None:
        self.asked: list[str] = []
        schema = build_schema(SDL, assume_valid_sdl=True)
        thing = schema.type_map["Thing"]
        assert isinstance(thing, GraphQLInterfaceType) and schema.query_type is not None
        thing.resolve_type = lambda value, info, kind: value["kind"]
        values: dict[str, Any] = {**ROOT, "mood": "GLAD", "safe": SAFE, "box": BOX, "things": [SAFE, BOX]}
        for name, value in values.items():
            schema.query_type.fields[name].resolve = lambda source, info, value=value: value
        names = ("a", "b", "c", "types", "labels", "scalars", "enums")
        policies = {name: self._policy(name, name in holding) for name in names}
        self.transport = Recorded(LocalTransport(schema=schema))
        self.engine = Engine(
            supergraph=Supergraph.parse(SDL),
            transports={"a": self.transport},
            policies={**policies, "breaks": self._breaks},
        )

    def _policy(self, name: str, holds: bool) -> Callable[[Principal], bool]:
        def policy(principal: Principal) -> bool:
            self.asked.append(name)
            return holds

        return policy

    def _breaks(self, principal: Principal) -> bool:
        raise ValueError(f"no such person: {principal.actor}")

    async def ask(self, query: str, principal: Principal = ANONYMOUS) -> Answer:
        return await self.engine.execute(query=query, context=Context(request_id="r", principal=principal))


@pytest.mark.parametrize(
    ("holding", "allowed"),
    [((), False), (("a",), False), (("b",), False), (("a", "b"), True), (("c",), True), (("a", "b", "c"), True)],
)
async def test_policies_are_an_or_of_ands(holding: tuple[str, ...], allowed: bool) -> None:
    house = House(*holding)
    answer = await house.ask("{ either }")
    assert answer.data == {"either": "either" if allowed else None}
    assert [e["extensions"]["code"] for e in answer.errors] == ([] if allowed else ["UNAUTHENTICATED"])
    assert len(house.transport.requests) == allowed


@pytest.mark.parametrize(
    ("holding", "principal", "allowed"),
    [
        (("a",), signed_in("staff"), True),
        ((), signed_in("staff"), False),
        (("a",), signed_in(), False),
        (("a",), ANONYMOUS, False),
    ],
)
async def test_all_kinds_of_rules_must_hold(holding: tuple[str, ...], principal: Principal, allowed: bool) -> None:
    house = House(*holding)
    assert ((await house.ask("{ both }", principal)).data == {"both": "both"}) is allowed
    assert len(house.transport.requests) == allowed


@pytest.mark.parametrize(
    ("policy", "query", "path"),
    [
        ("scalars", "{ secret }", ["secret"]),
        ("enums", "{ mood }", ["mood"]),
        ("types", "{ safe { id } }", ["safe"]),
        ("labels", "{ box { label } }", ["box", "label"]),
        ("types", "{ things { ... on Safe { id } } }", ["things", 0, "id"]),
    ],
)
async def test_a_policy_on_whatever_it_may_stand_guards_it(policy: str, query: str, path: list[str | int]) -> None:
    refused = await House().ask(query, signed_in())
    assert [(e["path"], e["extensions"]["code"]) for e in refused.errors] == [(path, "FORBIDDEN")]
    allowed = await House(policy).ask(query, signed_in())
    assert allowed.errors == [] and allowed.data != refused.data


async def test_through_an_interface_the_policies_of_all_who_implement_it_hold() -> None:
    for holding, allowed in (((), False), (("types",), False), (("labels",), False), (("types", "labels"), True)):
        answer = await House(*holding).ask("{ things { label } }")
        labels = ["gold", "hats"] if allowed else [None, None]
        assert answer.data == {"things": [{"label": label} for label in labels]}


async def test_a_policy_that_nobody_gave_denies_and_an_alternative_still_allows() -> None:
    answer = await House("a").ask("{ unknown unknownOrA }", signed_in())
    assert answer.data == {"unknown": None, "unknownOrA": "unknownOrA"}
    assert [e["path"] for e in answer.errors] == [["unknown"]]


async def test_a_policy_that_breaks_denies_and_the_log_says_which_but_not_of_whom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await House().ask("{ open breaks }", signed_in())
    assert answer.data == {"open": "open", "breaks": None}
    assert [e["extensions"]["code"] for e in answer.errors] == ["FORBIDDEN"]
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert record.__dict__["facts"] == {"policy": "breaks", "fault": "ValueError"}
    assert "cit_1" not in caplog.text


async def test_each_policy_is_asked_once_a_request_and_only_if_the_document_needs_it() -> None:
    house = House("a", "b", "types", "labels")
    await house.ask("{ either both unknownOrA open }", signed_in("staff"))
    assert sorted(house.asked) == ["a", "b"]
    house.asked.clear()
    await house.ask("{ open }")
    assert house.asked == []
    await house.ask("{ things { label } safe { label } }")
    assert sorted(house.asked) == ["labels", "types"]


async def test_plans_are_kept_by_what_fails() -> None:
    house = House("c")
    for number in range(5):
        await house.ask("{ either unknown }", Principal(kind=signed_in().kind, actor=f"cit_{number}"))
    assert house.engine.cached_plans == 1


def test_only_true_allows() -> None:
    rule = PolicyRule(frozenset({frozenset({"odd"})}))
    assert not rule.allows(Reader(ANONYMOUS, {"odd": lambda principal: "yes"}))  # type: ignore[dict-item,return-value]


@pytest.mark.parametrize("value", [None, "a", ["a"], [["a"], "b"]])
def test_a_list_of_lists_is_asked(value: object) -> None:
    with pytest.raises(SupergraphInvalid):
        rule_of_policies(value)


def test_no_group_allows_nobody_and_an_empty_one_everybody() -> None:
    assert not rule_of_policies([]).allows(Reader(signed_in()))
    assert rule_of_policies([[]]).allows(Reader(ANONYMOUS))


def test_the_supergraph_names_its_policies() -> None:
    assert Supergraph.parse(SDL).policies == {
        *("a", "b", "c", "nobody_gave_this", "breaks", "scalars", "enums", "types", "labels")
    }
