"""What the engine reads from a composed supergraph, and what it shows of it."""

from __future__ import annotations

import pytest
from graphql import print_schema

from api.gateway.access import PolicyRule, Rule
from api.gateway.errors import SupergraphInvalid
from api.gateway.normalize import rules_of
from api.gateway.ownership import FieldJoin, Key, TypeRef
from api.gateway.supergraph import Supergraph
from tests.unit.gateway.conftest import CITY

SUPERGRAPH = Supergraph.parse(CITY)


def test_subgraphs_have_names_and_addresses() -> None:
    assert {s.name: s.url for s in SUPERGRAPH.subgraphs.values()} == {
        "air": "http://air.internal/graphql",
        "code": "http://code.internal/graphql",
        "identity": "http://identity.internal/graphql",
    }


def test_the_public_schema_shows_no_machinery_and_nothing_inaccessible() -> None:
    shown = print_schema(SUPERGRAPH.schema)
    for hidden in ("join__", "link__", "@public", "requiresScopes", "authenticated", "SECRET", "ref:"):
        assert hidden not in shown
    assert "scalar Long" in shown
    assert "advice(locale: String): String!" in shown


def test_a_field_belongs_to_the_subgraphs_that_are_named() -> None:
    population = SUPERGRAPH.types["District"].fields["population"]
    assert population.joins == {
        "air": FieldJoin(type=TypeRef(named="Int", shape=""), resolvable=False),
        "code": FieldJoin(type=TypeRef(named="Int", shape="")),
    }
    assert SUPERGRAPH.types["District"].fields["perHead"].joins["air"].requires == "population"


def test_a_field_without_a_name_belongs_to_every_subgraph_of_its_type() -> None:
    assert set(SUPERGRAPH.types["District"].fields["code"].joins) == {"air", "code", "identity"}


def test_keys_say_whether_references_are_resolved() -> None:
    officer = SUPERGRAPH.types["Officer"]
    assert officer.joins["identity"].keys == (Key(fields="ref", resolvable=True),)
    assert officer.joins["code"].keys == (Key(fields="ref", resolvable=False),)


def test_members_are_those_of_the_whole_and_those_a_subgraph_knows() -> None:
    assert SUPERGRAPH.members("Found") == {"Citizen", "District"}
    assert SUPERGRAPH.members("Node") == {"Citizen", "Officer"}
    assert SUPERGRAPH.members_in("identity", "Node") == {"Citizen", "Officer"}
    assert SUPERGRAPH.members_in("air", "Node") == frozenset()


def test_access_rules_are_read_as_or_of_ands() -> None:
    notes = SUPERGRAPH.types["Citizen"].fields["notes"]
    assert notes.rules == {Rule(scopes=frozenset({frozenset({"staff", "notes"}), frozenset({"admin"})}))}
    assert SUPERGRAPH.types["Query"].fields["me"].rules == {Rule()}


def test_a_rule_on_an_implementing_type_counts_through_the_interface() -> None:
    assert Rule(scopes=frozenset({frozenset({"staff"})})) in rules_of(SUPERGRAPH, "Node", "id")
    assert rules_of(SUPERGRAPH, "Citizen", "id") == frozenset()


def test_composed_directives_are_kept_readable() -> None:
    name = SUPERGRAPH.types["Citizen"].fields["name"]
    assert name.directives["personal"] == ({"class": "IDENTITY", "level": 3},)
    assert SUPERGRAPH.types["Query"].fields["districts"].directives["public"] == ({},)


@pytest.mark.parametrize(
    ("sdl", "reason"),
    [
        ("type Query { a: Int }", "it has no enum join__Graph."),
        ("type Query {", "Syntax Error: Expected Name, found <EOF>."),
        (
            'schema @link(url: "https://a.example/tape/v1.0", for: EXECUTION) { query: Query } type Query { a: Int }',
            "it asks for tape, which this engine does not know.",
        ),
        (
            'schema @link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY,'
            ' import: [{name: "@authenticated", as: "@auth"}]) { query: Query } type Query { a: Int @auth }',
            "it renames what it imports of authenticated.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(sdl: str, reason: str) -> None:
    with pytest.raises(SupergraphInvalid) as refusal:
        Supergraph.parse(sdl)
    assert refusal.value.reason == reason


def test_policies_are_read_as_rules_and_named() -> None:
    with_policy = CITY.replace("@authenticated\n  citizens", '@policy(policies: [["x"]])\n  citizens')
    assert with_policy != CITY
    supergraph = Supergraph.parse(with_policy)
    assert supergraph.types["Query"].fields["me"].rules == {PolicyRule(frozenset({frozenset({"x"})}))}
    assert supergraph.policies == {"x"}


def test_a_progressive_override_stays_with_the_subgraph_it_comes_from() -> None:
    supergraph = Supergraph.parse(
        """
        enum join__Graph { A @join__graph(name: "a", url: "") B @join__graph(name: "b", url: "") }
        type Query @join__type(graph: A) @join__type(graph: B) {
          x: Int
            @join__field(graph: A, usedOverridden: true, overrideLabel: "percent(5)")
            @join__field(graph: B, override: "a", overrideLabel: "percent(5)")
          y: Int @join__field(graph: A, usedOverridden: true) @join__field(graph: B, override: "a")
        }
        """
    )
    assert supergraph.resolvers("Query", "x") == frozenset({"a"})
    assert supergraph.resolvers("Query", "y") == frozenset({"b"})
