"""The graph: its snapshots are current, every field says who may read it, composing gives what is committed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from graphql import FieldDefinitionNode, NonNullTypeNode, ObjectTypeDefinitionNode, parse

import backends.data.schema
import backends.governance.schema
import backends.sensor.schema
from api.composition import SUPERGRAPH, compose, composed_of, current, fingerprint
from core.graph import sdl

ROOT = Path(__file__).parents[2]
ACCESS = {"public", "authenticated", "requiresScopes", "policy"}
# What federation itself adds.
FEDERATION_FIELDS = {("Query", "_entities"), ("Query", "_service"), ("_Service", "sdl")}
SUBGRAPHS = {subgraph.name: subgraph for subgraph in current()}


@pytest.mark.parametrize("name", SUBGRAPHS)
def test_the_committed_subgraph_is_the_code_s(name: str) -> None:
    subgraph = SUBGRAPHS[name]
    assert subgraph.file.read_text() == subgraph.sdl, f"{name}: run `make schema` and commit what changed"


BACKENDS = {
    "sensor": backends.sensor.schema.schema,
    "governance": backends.governance.schema.schema,
    "data": backends.data.schema.schema,
}


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_s_snapshot_is_its_code_s(name: str) -> None:
    committed = (ROOT / "backends" / name / "schema.graphql").read_text()
    assert committed == sdl(BACKENDS[name]), "run `make schema` and commit what changed"


def test_the_supergraph_is_composed_of_the_subgraphs_as_they_are() -> None:
    assert composed_of(SUPERGRAPH.read_text()) == fingerprint(current()), "run `make schema` and commit what changed"


async def test_composing_anew_gives_the_committed_supergraph() -> None:
    assert await compose(current()) == SUPERGRAPH.read_text()


@pytest.mark.parametrize("name", SUBGRAPHS)
def test_every_field_states_its_access(name: str) -> None:
    silent = [
        f"{definition.name.value}.{field.name.value}"
        for definition in parse(SUBGRAPHS[name].sdl).definitions
        if isinstance(definition, ObjectTypeDefinitionNode)
        for field in definition.fields or ()
        if not _states_access(definition, field) and (definition.name.value, field.name.value) not in FEDERATION_FIELDS
    ]
    assert silent == []


# Where an entity is at home; what other rooms and departments add to it may be missing, and it stands without.
HOMES = {"Citizen": "identity", "District": "identity", "Case": "reports", "Scan": "citycode", "Place": "citycode"}


@pytest.mark.parametrize("name", SUBGRAPHS)
def test_what_is_added_to_another_s_entity_may_be_missing(name: str) -> None:
    """A field that cannot be null takes its whole entity with it when its subgraph does not answer."""
    never_null = [
        f"{definition.name.value}.{field.name.value}"
        for definition in parse(SUBGRAPHS[name].sdl).definitions
        if isinstance(definition, ObjectTypeDefinitionNode) and HOMES.get(definition.name.value, name) != name
        for field in definition.fields or ()
        if isinstance(field.type, NonNullTypeNode) and "external" not in _names(field)
    ]
    assert set(never_null) <= {"Citizen.id", "District.code", "Case.id", "Scan.id", "Place.code"}


@pytest.mark.parametrize("name", BACKENDS)
def test_a_department_that_is_down_takes_no_other_answer_with_it(name: str) -> None:
    never_null = [
        field.name.value
        for definition in parse(sdl(BACKENDS[name])).definitions
        if isinstance(definition, ObjectTypeDefinitionNode) and definition.name.value == "Query"
        for field in definition.fields or ()
        if isinstance(field.type, NonNullTypeNode)
    ]
    assert set(never_null) <= {"_entities", "_service"}


def _states_access(definition: ObjectTypeDefinitionNode, field: FieldDefinitionNode) -> bool:
    return bool((_names(field) | _names(definition)) & ACCESS)


# Sign-in returns a session before anybody is signed in; every other way to one is closed.
PERSONAL_AND_PUBLIC = {"identity: Session.deviceName"}


def test_nothing_personal_is_public() -> None:
    both = {
        f"{name}: {definition.name.value}.{field.name.value}"
        for name, subgraph in SUBGRAPHS.items()
        for definition in parse(subgraph.sdl).definitions
        if isinstance(definition, ObjectTypeDefinitionNode)
        for field in definition.fields or ()
        if "personal" in _names(field)
        and "public" in _names(field) | _names(definition)
        and not _names(field) & (ACCESS - {"public"})
    }
    assert both == PERSONAL_AND_PUBLIC


def _names(node: FieldDefinitionNode | ObjectTypeDefinitionNode) -> set[str]:
    return {directive.name.value for directive in node.directives or ()}


def test_only_mutations_look_at_the_client() -> None:
    """What is asked twice at once is answered once, wherever it is asked from (`Asking.sameness`)."""
    looking = [
        f"{path.relative_to(ROOT)}: {top.name}"
        for folder in ("identity", "miniapps", "notifications", "api/domains")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for top in ast.parse(path.read_text()).body
        if isinstance(top, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(top)
        if isinstance(node, ast.Attribute) and node.attr == "client"
        if isinstance(node.value, ast.Attribute) and node.value.attr == "context"
    ]
    # `_origin` and `asking` are what mutations of the wings are counted by.
    assert set(looking) == {
        "identity/schema.py: Mutation",
        "identity/credentials/graph.py: _origin",
        "identity/evidence/graph.py: asking",
        "identity/recovery/graph.py: _origin",
    }
