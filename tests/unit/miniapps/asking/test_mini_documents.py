"""What a program's documents may ask, and how they are asked without what is withheld: on the city's own graph."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from graphql import parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from api.city_graph import PublishedGraph
from identity.consents.catalogue import FIELDS
from miniapps.asking.errors import OperationsInvalid
from miniapps.asking.model import (
    DOCUMENTS_MAX,
    FILE_BYTES_MAX,
    TEXT_LENGTH_MAX,
    document,
    documents,
    narrowed,
)
from miniapps.asking.published import OperationsCheck
from miniapps.scopes import OPEN, SCOPES, SETTLED

GRAPH = PublishedGraph()
CODE = """query Code($first: Int!, $after: String, $named: Boolean!) {
  me {
    masked: maskedName
    ...Named @include(if: $named)
    cityCode { text expiresAt }
    scans(first: $first, after: $after) { nodes { id at purposeLabel scanner { badge } } }
  }
  districts { code name }
}
fragment Named on Citizen { name home: homeDistrict { ...Place } }
fragment Place on District { code name }"""


def _refused(text: str) -> tuple[str, str]:
    with pytest.raises(OperationsInvalid) as refusal:
        document(text, GRAPH)
    return refusal.value.rule, refusal.value.detail


def test_a_document_is_known_by_the_hash_of_its_text_and_says_what_it_needs() -> None:
    found = document(CODE, GRAPH)
    assert found.id == hashlib.sha256(CODE.encode()).hexdigest()
    assert found.name == "Code"
    assert found.scopes == {
        *("city.data.masked_name", "city.data.name", "city.data.home_district", "city.data.city_code"),
        "city.data.scans",
    }
    assert found.withheld(frozenset({"city.data.city_code", "city.data.scans"})) == [
        *("Citizen.homeDistrict", "Citizen.maskedName", "Citizen.name"),
    ]
    assert found.withheld(found.scopes) == []


@pytest.mark.parametrize(
    ("text", "rule", "says"),
    [
        ("query { me { id } }", "closed", "Citizen.id"),
        ("query { me { wallet { balance { text } } } }", "closed", "Citizen.wallet"),
        ("query { me { sessions { nodes { id } } } }", "closed", "Citizen.sessions"),
        ("query { me { scans { nodes { person { maskedName } } } } }", "closed", "Scan.person"),
        ("query { staffMe { displayName } }", "closed", "Query.staffMe"),
        ('query { bill(id: "bil_1") { title } }', "closed", "Query.bill"),
        ("query { __schema { types { name } } }", "closed", "Query.__schema"),
        ('query { __type(name: "Citizen") { name } }', "closed", "Query.__type"),
        ('mutation { revokeSession(id: "ses_1") { id } }', "closed", "Mutation.revokeSession"),
        ("query { city_withheld_0: districts { code } }", "closed", "city_withheld_0 is the city's own name"),
        ("query { me { nosuch } }", "schema", "Cannot query field 'nosuch' on type 'Citizen'."),
        ("query A { districts { code } } query B { districts { code } }", "kind", "it must be one query or mutation"),
        ("query {", "syntax", "Syntax Error: Expected Name, found <EOF>."),
    ],
)
def test_what_no_scope_opens_is_refused_when_it_is_published(text: str, rule: str, says: str) -> None:
    assert _refused(text) == (rule, says)


def test_a_mutation_that_anybody_may_make_is_no_program_s() -> None:
    text = 'mutation { requestSignInCode(input: {phone: "13800000001"}) { expiresAt } }'
    assert _refused(text) == ("closed", "Mutation.requestSignInCode")


def test_texts_and_files_are_bounded() -> None:
    assert _refused("query { districts { code } }" + " " * TEXT_LENGTH_MAX)[0] == "size"
    assert _refused("{ a(b: " + "[" * 5000 + "]" * 5000 + ") }")[0] == "syntax"
    many = {"documents": [f"query Q{n} {{ districts {{ code }} }}" for n in range(DOCUMENTS_MAX + 1)]}
    for raw in (b"x" * (FILE_BYTES_MAX + 1), orjson.dumps(many)):
        with pytest.raises(OperationsInvalid, match="size"):
            documents(raw, GRAPH)
    for raw in (b"{", b"[]", b'{"documents": [1]}', b"{}"):
        with pytest.raises(OperationsInvalid, match="format"):
            documents(raw, GRAPH)


def test_a_program_declares_the_scopes_of_its_documents() -> None:
    raw, check = orjson.dumps({"documents": ["query Me { me { maskedName } }"]}), OperationsCheck(GRAPH)
    check(raw, {"city.data.masked_name"})
    with pytest.raises(OperationsInvalid) as refusal:
        check(raw, {"city.data.name"})
    assert (refusal.value.rule, refusal.value.document) == ("undeclared", "Me")
    assert refusal.value.detail == "Citizen.maskedName needs city.data.masked_name"


def test_what_is_withheld_is_not_asked_and_is_null_where_it_would_have_been() -> None:
    found = document(CODE, GRAPH)
    asked = narrowed(found, frozenset({"Citizen.maskedName", "Citizen.homeDistrict", "Citizen.scans"}))
    assert validate(GRAPH.schema, parse(asked.text)) == []
    assert not any(word in asked.text for word in ("maskedName", "homeDistrict", "scans", "fragment Place", "$after"))
    assert asked.variables == {"named"}
    answer = {"me": {name: "Citizen" for name in asked.holes} | {"name": "甲", "cityCode": {"text": "CC1"}}}
    assert asked.filled(answer) == {
        "me": {"masked": None, "home": None, "scans": None, "name": "甲", "cityCode": {"text": "CC1"}}
    }


def test_what_is_given_whole_is_asked_as_it_stands() -> None:
    found = document(CODE, GRAPH)
    asked = narrowed(found, frozenset())
    assert asked.holes == {}
    assert asked.variables == {"first", "after", "named"}
    assert (data := {"me": {"masked": "*甲"}}) is asked.filled(data)


def test_one_name_for_two_fields_leaves_two_holes() -> None:
    text = "query { a: me { x: maskedName } b: me { x: maskedPhone } }"
    asked = narrowed(document(text, GRAPH), frozenset({"Citizen.maskedName", "Citizen.maskedPhone"}))
    assert {hole.key for hole in asked.holes.values()} == {"x"}
    assert len(asked.holes) == 2
    assert validate(GRAPH.schema, parse(asked.text)) == []


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(sorted(document(CODE, GRAPH).fields))))
def test_whatever_is_withheld_the_rest_is_a_valid_document(withheld: set[str]) -> None:
    """Fields below a withheld one are gone with it; no other of those withheld is left in the text."""
    found = document(CODE, GRAPH)
    asked = narrowed(found, frozenset(withheld))
    assert validate(GRAPH.schema, parse(asked.text)) == []
    again = document(asked.text.replace("city_withheld_", "hole_"), GRAPH)
    assert withheld.isdisjoint(again.fields)
    assert set(again.fields) <= set(found.fields)


def test_scopes_name_what_there_is_and_people_have_words_for_them() -> None:
    types = GRAPH.schema.type_map
    for scope, fields in SCOPES.items():
        assert scope in FIELDS
        for coordinate in fields:
            type_name, _, name = coordinate.partition(".")
            assert type_name in types
            assert name == "*" or name in types[type_name].fields  # type: ignore[attr-defined]
    assert {scope for scope in SCOPES if FIELDS[scope].sensitive} >= SETTLED
    assert OPEN == {"Query.me"}
