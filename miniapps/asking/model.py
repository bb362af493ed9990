"""A program's documents: read once, and asked without what the citizen withholds.

Rules
- A document is one query (or a mutation of fields that a scope opens), named by the SHA-256 of its text. A program
  sends that name and values for the variables, never a text.
- Each field of it is public, open, or of a scope; a document with any other is refused as a whole when it is published.
- What the citizen withholds is never fetched: in its place stands `__typename` under a name of ours, so that the
  answer has a hole at each place where the field would have been, and the hole is null. Whatever the document said of
  the field (`@include`, its place in a list) holds for the hole.
Source: docs/decisions/0055-a-program-asks-by-trusted-documents-and-what-is-withheld-is-said.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import orjson
from graphql import GraphQLSchema, TypeInfo, TypeInfoVisitor, get_named_type, print_ast
from graphql.language import (
    REMOVE,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Visitor,
    visit,
)

from core.errors import DomainError
from miniapps.asking.errors import OperationsInvalid
from miniapps.scopes import OPEN, scope_of

FILE_BYTES_MAX: Final = 256 * 1024
DOCUMENTS_MAX: Final = 100
TEXT_LENGTH_MAX: Final = 16 * 1024
_HOLE: Final = "city_withheld_"
_TYPENAME: Final = "__typename"
# By the engine's code, the rule that a document breaks; another one says that it is too large.
_RULES: Final = {"GRAPHQL_PARSE_FAILED": "syntax", "GRAPHQL_VALIDATION_FAILED": "schema"}

Json: TypeAlias = Any


class GraphRules(Protocol):
    """The city's graph, as far as documents are read against it."""

    @property
    def schema(self) -> GraphQLSchema: ...

    def read(self, text: str) -> DocumentNode:
        """The document of a text that may be hostile, as the engine takes it. Raises: DomainError."""
        ...

    def public(self, type_name: str, field_name: str) -> bool:
        """Anybody may read it, and it is about nobody."""
        ...


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """id: SHA-256 of the text, in hex. fields: the scope of each field that has one, by `Type.field`."""

    id: str
    name: str
    node: DocumentNode = field(repr=False)
    fields: Mapping[str, str]
    schema: GraphQLSchema = field(repr=False)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.fields.values())

    def withheld(self, allowed: frozenset[str]) -> list[str]:
        """`Type.field` of what is not asked for where only these scopes are allowed, sorted."""
        return sorted(name for name, scope in self.fields.items() if scope not in allowed)


@dataclass(frozen=True, slots=True)
class Hole:
    """What stands in an answer for a field that was withheld: `key` is what the program calls it."""

    key: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A document without what is withheld. variables: those that it still has. holes: by their names in the answer."""

    text: str
    variables: frozenset[str]
    holes: Mapping[str, Hole]

    def filled(self, data: Json) -> Json:
        """The answer with null for each hole, under the program's own name."""
        if not self.holes:
            return data
        if isinstance(data, list):
            return [self.filled(one) for one in data]
        if not isinstance(data, dict):
            return data
        return {
            self.holes[key].key if key in self.holes else key: None if key in self.holes else self.filled(value)
            for key, value in data.items()
        }


def texts(raw: bytes) -> Mapping[str, str]:
    """What stands in a program's file of operations, by id: `{"documents": ["query …", …]}`.

    Raises: OperationsInvalid.
    """
    if len(raw) > FILE_BYTES_MAX:
        raise OperationsInvalid(rule="size", document="", detail=f"{FILE_BYTES_MAX} bytes at most")
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise OperationsInvalid(rule="format", document="", detail="it is not JSON") from fault
    found = told.get("documents") if isinstance(told, dict) else None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise OperationsInvalid(rule="format", document="", detail='it is not {"documents": [texts]}')
    if len(found) > DOCUMENTS_MAX:
        raise OperationsInvalid(rule="size", document="", detail=f"{DOCUMENTS_MAX} documents at most")
    return {document_id(text): text for text in found}


def document_id(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def document(text: str, graph: GraphRules) -> TrustedDocument:
    """Raises: OperationsInvalid."""
    id = document_id(text)
    if len(text) > TEXT_LENGTH_MAX:
        raise OperationsInvalid(rule="size", document=id, detail=f"{TEXT_LENGTH_MAX} characters at most")
    try:
        node = graph.read(text)
    except DomainError as refusal:
        raise OperationsInvalid(rule=_RULES.get(refusal.code, "size"), document=id, detail=refusal.message) from refusal
    operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is OperationType.SUBSCRIPTION:
        raise OperationsInvalid(rule="kind", document=id, detail="it must be one query or mutation")
    name = operations[0].name.value if operations[0].name else ""
    return TrustedDocument(id, name, node, _fields(node, graph, id), graph.schema)


def _fields(node: DocumentNode, graph: GraphRules, id: str) -> Mapping[str, str]:
    """The scope of each field that needs one. Raises: OperationsInvalid."""
    found: dict[str, str] = {}
    types = TypeInfo(graph.schema)
    mutation = graph.schema.mutation_type

    class Look(Visitor):
        def enter_field(self, asked: FieldNode, *_: Any) -> None:
            parent = types.get_parent_type()
            assert parent is not None, "the document is valid"
            name = asked.name.value
            if asked.alias is not None and asked.alias.value.startswith(_HOLE):
                raise OperationsInvalid(
                    rule="closed", document=id, detail=f"{asked.alias.value} is the city's own name"
                )
            if name == _TYPENAME or f"{parent.name}.{name}" in OPEN:
                return
            if scope := scope_of(parent.name, name):
                found[f"{parent.name}.{name}"] = scope
            elif name.startswith("__") or parent is mutation or not graph.public(parent.name, name):
                raise OperationsInvalid(rule="closed", document=id, detail=f"{parent.name}.{name}")

    visit(node, TypeInfoVisitor(types, Look()))
    return found


def narrowed(document: TrustedDocument, withheld: frozenset[str]) -> Narrowed:
    """The document as it is asked. withheld: `Type.field`."""
    holes: dict[str, Hole] = {}
    names: dict[tuple[str, str], str] = {}
    types = TypeInfo(document.schema)

    class Take(Visitor):
        def enter_field(self, asked: FieldNode, *_: Any) -> FieldNode | None:
            parent = types.get_parent_type()
            coordinate = f"{get_named_type(parent).name if parent else ''}.{asked.name.value}"
            if coordinate not in withheld:
                return None
            key = asked.alias.value if asked.alias else asked.name.value
            name = names.setdefault((coordinate, key), f"{_HOLE}{len(names)}")
            holes[name] = Hole(key)
            return FieldNode(
                alias=NameNode(value=name),
                name=NameNode(value=_TYPENAME),
                arguments=(),
                directives=asked.directives,
                selection_set=None,
            )

    node = visit(document.node, TypeInfoVisitor(types, Take())) if withheld else document.node
    node, variables = _without_unused(node)
    return Narrowed(print_ast(node), variables, holes)


def _without_unused(node: DocumentNode) -> tuple[DocumentNode, frozenset[str]]:
    """Without fragments that nothing spreads any more and variables that nothing uses; and those that are left."""
    fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
    operation = next(one for one in node.definitions if isinstance(one, OperationDefinitionNode))
    spread, used = set[str](), set[str]()
    behind: list[SelectionSetNode | OperationDefinitionNode | FragmentDefinitionNode] = [operation]

    class Count(Visitor):
        def enter_variable_definition(self, *_: Any) -> object:
            return False  # where it is made is no use of it

        def enter_variable(self, found: Any, *_: Any) -> None:
            used.add(found.name.value)

        def enter_fragment_spread(self, found: Any, *_: Any) -> None:
            if found.name.value not in spread:
                spread.add(found.name.value)
                behind.append(fragments[found.name.value])

    while behind:
        visit(behind.pop(), Count())

    class Drop(Visitor):
        def enter_fragment_definition(self, found: FragmentDefinitionNode, *_: Any) -> object:
            return None if found.name.value in spread else REMOVE

        def enter_variable_definition(self, found: Any, *_: Any) -> object:
            return None if found.variable.name.value in used else REMOVE

    return visit(node, Drop()), frozenset(used)
