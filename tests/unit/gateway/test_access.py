"""Fields whose rules the reader fails: pruned before planning, null with an error at their path."""

from __future__ import annotations

from typing import Any

import pytest

from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import RequestContext, SubgraphRequest, SubgraphResponse
from core.graph import Context
from core.principal import ANONYMOUS, Principal, PrincipalKind
from tests.unit.gateway.conftest import City, signed_in


def told(errors: list[dict[str, Any]]) -> list[tuple[list[Any], str]]:
    return [(e["path"], e["extensions"]["code"]) for e in errors]


async def test_a_field_for_signed_in_readers_is_null_for_others_and_never_asked(city: City) -> None:
    answer = await city.ask("{ citizens { id tel: phone } }")
    assert answer.data == {"citizens": [{"id": f"c{n}", "tel": None} for n in (1, 2, 3)]}
    assert told(answer.errors) == [(["citizens", n, "tel"], "UNAUTHENTICATED") for n in (0, 1, 2)]
    (request,) = city.transports["identity"].requests
    assert "phone" not in request.query


async def test_the_same_field_is_there_for_who_signed_in(city: City) -> None:
    answer = await city.ask("{ citizens { tel: phone } }", principal=signed_in())
    assert (answer.data, answer.errors) == ({"citizens": [{"tel": "138"}, {"tel": "139"}, {"tel": "137"}]}, [])


async def test_a_whole_subgraph_is_not_called_for_what_is_refused(city: City) -> None:
    answer = await city.ask("{ districts { name } citizens { id code { text } } }")
    assert answer.data is None
    assert told(answer.errors) == [(["citizens", n, "code"], "UNAUTHENTICATED") for n in (0, 1, 2)]
    assert city.asked() == ["identity"]


async def test_a_refused_mutation_changes_nothing(city: City) -> None:
    answer = await city.ask('mutation { rename(id: "c1", name: "x") { name } }')
    assert answer.data is None
    assert told(answer.errors) == [(["rename"], "UNAUTHENTICATED")]
    assert city.calls == []
    assert city.asked() == []


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (ANONYMOUS, "UNAUTHENTICATED"),
        (signed_in(), "FORBIDDEN"),
        (signed_in("staff"), "FORBIDDEN"),
        (signed_in("notes"), "FORBIDDEN"),
        (signed_in("staff", "notes"), None),
        (signed_in("admin"), None),
        (signed_in("admin", "other"), None),
    ],
)
async def test_scopes_are_an_or_of_ands(city: City, principal: Principal, code: str | None) -> None:
    answer = await city.ask("{ citizens { id notes } }", principal=principal)
    assert (answer.data is None) == (code is not None)
    assert [e["extensions"]["code"] for e in answer.errors] == ([code] * 3 if code else [])


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ('{ node(id: "c1") { id } }', ["node"]),
        ('{ node(id: "o1") { ... on Officer { badge } } }', ["node"]),
        ('mutation { scan(text: "x") { officer { badge } } }', ["scan", "officer"]),
    ],
)
async def test_a_rule_on_a_type_guards_every_way_to_it(city: City, query: str, path: list[str]) -> None:
    answer = await city.ask(query, principal=signed_in())
    assert told(answer.errors) == [(path, "FORBIDDEN")]
    assert "DC-0312" not in str(answer.as_dict())
    allowed = await city.ask(query, principal=signed_in("staff"))
    assert allowed.errors == []


async def test_plans_are_kept_by_what_the_reader_may_not_see_not_by_reader(city: City) -> None:
    query = "{ citizens { id phone } }"
    for number in range(20):
        await city.ask(query, principal=Principal(kind=signed_in().kind, actor=f"cit_{number}"))
    assert city.engine.cached_plans == 1
    await city.ask(query)
    await city.ask(query)
    assert city.engine.cached_plans == 2


NEEDED = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5")
  @link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY)
  @link(url: "https://citytong.dev/access/v1.0", import: ["@personal"]) { query: Query }
enum join__Graph { A @join__graph(name: "a", url: "") B @join__graph(name: "b", url: "")
  C @join__graph(name: "c", url: "") }
type Person @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") @join__type(graph: C, key: "id") {
  id: ID!
  phone: String @join__field(graph: A) @join__field(graph: B, external: true) @authenticated
  email: String @join__field(graph: C) @join__field(graph: B, external: true)
    @personal(class: "CONTACT", level: 2, mask: "EMAIL")
  card: String @join__field(graph: B, requires: "phone email")
}
type Query @join__type(graph: A) @join__type(graph: B) @join__type(graph: C) { me: Person @join__field(graph: A) }
"""


class Talkative:
    """A subgraph that knows nobody's phone or e-mail, and says so with the words it was given."""

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        root = "_entities" if "_entities" in request.query else "me"
        values = {"id": "p", "card": "c", "phone": None, "email": None}
        found = {"__typename": "Person", **{k: v for k, v in values.items() if k in request.query}}
        place: list[str | int] = ["_entities", 0] if root == "_entities" else ["me"]
        errors = [
            {"message": "ada@138 is wrong", "path": [*place, k], "extensions": {"code": "WRONG", "given": "ada@138"}}
            for k, v in found.items()
            if v is None
        ]
        return SubgraphResponse({root: [found] if root == "_entities" else found}, errors)


@pytest.mark.parametrize(
    ("query", "principal", "clear"),
    [
        ("{ me { card } }", ANONYMOUS, []),
        ("{ me { card } }", signed_in(), []),
        ("{ me { card phone email } }", ANONYMOUS, []),
        ("{ me { card phone: email email: phone } }", ANONYMOUS, []),
        ("{ me { card phone email } }", Principal(PrincipalKind.STAFF, "s", "s"), [["me", "phone"]]),
        ("{ me { card phone email } }", signed_in(), [["me", "phone"], ["me", "email"]]),
    ],
)
async def test_of_what_others_require_nothing_is_said_to_who_may_not_see_it(
    query: str, principal: Principal, clear: list[list[str]]
) -> None:
    engine = Engine(supergraph=Supergraph.parse(NEEDED), transports=dict.fromkeys("abc", Talkative()))
    answer = await engine.execute(query=query, context=Context(request_id="r", principal=principal))
    assert answer.data is not None and answer.data["me"]["card"] == "c"
    assert [e["path"] for e in answer.errors if "ada@138" in str(e)] == clear
    assert "SUBGRAPH_FAULT" in str(answer.errors) or len(clear) == 2
