"""What a program's documents may ask, and how they are asked without what is withheld: on the city's own graph."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    parse,
    validate,
)
from graphql.language import InterfaceTypeDefinitionNode, ObjectTypeDefinitionNode
from hypothesis import given, settings
from hypothesis import strategies as st

from api.city_graph import PublishedGraph
from api.composition import SUPERGRAPH
from identity.consents.catalogue import FIELDS
from miniapps.asking.errors import OperationsInvalid
from miniapps.asking.model import (
    DOCUMENTS_MAX,
    FILE_BYTES_MAX,
    TEXT_LENGTH_MAX,
    document,
    narrowed,
    texts,
)
from miniapps.asking.published import OperationsCheck
from miniapps.scopes import OPEN, SCOPES, SETTLED, scope_of
from tests.support.threats import covers

GRAPH = PublishedGraph()
RESTRICTS = {"authenticated", "requiresScopes", "policy", "personal"}
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
        ("query {", "syntax", "The document is not GraphQL: Syntax Error: Expected Name, found <EOF>."),
    ],
)
@covers("T33")
def test_what_no_scope_opens_is_refused_when_it_is_published(text: str, rule: str, says: str) -> None:
    assert _refused(text) == (rule, says)


def test_a_mutation_that_anybody_may_make_is_no_program_s() -> None:
    text = 'mutation { requestSignInCode(input: {phone: "13800000001"}) { expiresAt } }'
    assert _refused(text) == ("closed", "Mutation.requestSignInCode")


def test_texts_and_files_are_bounded() -> None:
    assert _refused("query { districts { code } }" + " " * TEXT_LENGTH_MAX)[0] == "size"
    assert _refused("{ a(b: " + "[" * 5000 + "]" * 5000 + ") }")[0] == "size"
    many = {"documents": [f"query Q{n} {{ districts {{ code }} }}" for n in range(DOCUMENTS_MAX + 1)]}
    for raw in (b"x" * (FILE_BYTES_MAX + 1), orjson.dumps(many)):
        with pytest.raises(OperationsInvalid, match="size"):
            texts(raw)
    for raw in (b"{", b"[]", b'{"documents": [1]}', b"{}"):
        with pytest.raises(OperationsInvalid, match="format"):
            texts(raw)


@pytest.mark.parametrize(
    "text",
    [
        # Fields of one name are compared pair by pair: this took a second of the processor, and a file holds a hundred.
        "{" + "districts{code}" * 400 + "}",
        "{" + " ".join(f"a{n}: districts {{ code }}" for n in range(60)) + "}",
        "{districts{" + " ".join(f"a{n}: code" for n in range(101)) + "}}",
        "{districts{" + "code " * 501 + "}}",
        "{districts" + "{stations{nodes{district" * 11 + "{code}" + "}}}" * 11 + "}",
    ],
)
def test_what_the_engine_would_refuse_is_refused_when_it_is_published(text: str) -> None:
    assert _refused(text)[0] == "size"


def test_comparing_the_fields_of_a_document_has_a_budget() -> None:
    same = "{districts{" + "stations{nodes{code}}" * 120 + "}}"
    assert _refused(same) == ("schema", "Validation aborted.")


def test_a_program_declares_the_scopes_of_its_documents() -> None:
    raw, check = orjson.dumps({"documents": ["query Me { me { maskedName } }"]}), OperationsCheck(GRAPH)
    check(raw, {"city.data.masked_name"})
    with pytest.raises(OperationsInvalid) as refusal:
        check(raw, {"city.data.name"})
    assert (refusal.value.rule, refusal.value.document) == ("undeclared", "Me")
    assert refusal.value.detail == "Citizen.maskedName needs city.data.masked_name"


@covers("T33")
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
            assert name in types[type_name].fields  # type: ignore[attr-defined]
    assert {scope for scope in SCOPES if FIELDS[scope].sensitive} >= SETTLED
    assert OPEN == {"Query.me"}


# Of the types that scopes open something of, what no program is told, whatever its citizen says.
CLOSED = {
    "Citizen": {
        # The same for every program; `openid` is what each knows them by.
        "id",
        *("actings", "bills", "cases", "checkIns", "healthFacts", "healthLooks", "inbox", "licenceShowings"),
        *("licences", "lookUps", "miniPermits", "notificationPreferences", "payments", "realNameEvidence"),
        *("recentMiniPrograms", "relations", "sessions", "supportedCases", "unreadCount", "wallet"),
    },
    # What an officer saw of the person, and when the code was made that they scanned.
    "Scan": {"person", "health", "codeIssuedAt"},
    # What officers see of a version, and what the console leaves to `tong`.
    "MiniVersion": {
        *("builder", "filesH1", "own", "permissions", "programName", "secondLook", "testAccount", "tried"),
    },
    "MiniTemplate": {"banned", "handedInAt", "revision"},
    "DeveloperApp": {"publishingKeys"},
    # It is answered in the shell: what says who asks is for whom it asks.
    "DeveloperInvitation": {"askedAt", "organisation", "organisationName"},
    # Whoever builds for an organisation is asked for no more of it than that they may.
    "Organisation": {"uscc", "kind", "suspendedBy", "suspensionReason", "handOverUntil", "members", "actings"},
    "OrganisationMember": {"id", "roleLabel", "matters", "matterLabels", "limits", "since", "until", "person"},
}
# All of the city's ways in begin here: each that a program has is named in a scope.
ROOTS = {"Query", "Mutation"}


def test_whoever_adds_a_field_to_a_type_that_scopes_open_decides_about_it() -> None:
    opened = {coordinate.partition(".")[0] for fields in SCOPES.values() for coordinate in fields} - ROOTS
    assert opened >= CLOSED.keys()
    for name in opened:
        kind = GRAPH.schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        undecided = {field for field in kind.fields if not scope_of(name, field) and not GRAPH.public(name, field)}
        assert undecided == CLOSED.get(name, set()), "open it in miniapps/scopes.py, or list it as closed here"


def test_each_field_that_a_scope_opens_can_be_asked() -> None:
    """Also what is below it: a field whose own fields were all closed would be none."""
    for coordinate in (one for fields in SCOPES.values() for one in fields):
        type_name, _, name = coordinate.partition(".")
        below = get_named_type(GRAPH.schema.type_map[type_name].fields[name].type)  # type: ignore[attr-defined]
        if isinstance(below, GraphQLObjectType):
            assert any(scope_of(below.name, one) or GRAPH.public(below.name, one) for one in below.fields), coordinate


def test_no_path_of_what_is_open_leads_to_what_somebody_must_be_asked_for() -> None:
    """By the supergraph's own words, not by what the city's reading of them says: whatever a document can reach
    without a scope says of itself that it is public, and nothing that it can reach is somebody's.
    """
    told = {
        one.name.value: one
        for one in parse(SUPERGRAPH.read_text()).definitions
        if isinstance(one, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
    }
    types, reached, waiting = GRAPH.schema.type_map, set[str](), ["Query"]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        kind = types[name]
        if is_abstract_type(kind):
            waiting.extend(one.name for one in GRAPH.schema.get_possible_types(kind))
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        fields = {one.name.value: one for one in told[name].fields or ()}
        for field_name, found in kind.fields.items():
            free = GRAPH.public(name, field_name)
            if free:
                said = {
                    mark.name.value.split("__")[-1]
                    for place in (told[name], fields[field_name])
                    for mark in place.directives or ()
                }
                assert said.isdisjoint(RESTRICTS), f"{name}.{field_name} is {sorted(said & RESTRICTS)}"
            if free or f"{name}.{field_name}" in OPEN or scope_of(name, field_name):
                below = get_named_type(found.type)
                if is_composite_type(below):
                    waiting.append(below.name)
    assert {"Citizen", "Scan", "District", "MiniProgram"} <= reached
    assert reached.isdisjoint({"Wallet", "Session", "Consent", "Message", "Case", "MiniSession", "Licence", "Bill"})
