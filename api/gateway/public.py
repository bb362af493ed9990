"""The schema that clients see: the supergraph without its machinery and without what is inaccessible.

Types, directives and scalars of linked specifications (`join__Graph`, `link__Import`, `@join__field`, …) are dropped,
as are elements marked `@inaccessible`; of applied directives only those with meaning to a client stay.
Source: https://specs.apollo.dev/link/v1.0, https://specs.apollo.dev/inaccessible/v0.2
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from graphql import GraphQLSchema, build_ast_schema
from graphql.language import (
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    DirectiveLocation,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
)

N = TypeVar("N", bound=Node)

_SHOWN: Final = frozenset({"deprecated", "specifiedBy", "oneOf"})
_EXECUTABLE: Final = frozenset(location.value for location in DirectiveLocation if location.value in {
    "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
})  # fmt: skip


def public_schema(document: DocumentNode, *, features: frozenset[str], inaccessible: str) -> GraphQLSchema:
    """What clients validate against and introspect.

    features: names of linked specifications as this document calls them; `name__Thing` belongs to one.
    inaccessible: the local name of the `@inaccessible` directive.
    """
    hidden = frozenset(_hidden_types(document, features, inaccessible))
    kept = (_shown_definition(node, hidden, features, inaccessible) for node in document.definitions)
    return build_ast_schema(DocumentNode(definitions=tuple(n for n in kept if n is not None)), assume_valid_sdl=True)


def _hidden_types(document: DocumentNode, features: frozenset[str], inaccessible: str) -> Iterable[str]:
    for node in document.definitions:
        if isinstance(node, TypeDefinitionNode):
            name = node.name.value
            if _belongs_to_feature(name, features) or _marked(node, inaccessible):
                yield name


def _belongs_to_feature(name: str, features: frozenset[str]) -> bool:
    prefix, separator, _ = name.partition("__")
    return bool(separator) and prefix in features


def _marked(node: Any, directive: str) -> bool:
    return any(d.name.value == directive for d in node.directives or ())


def _shown_definition(
    node: Node, hidden: frozenset[str], features: frozenset[str], inaccessible: str
) -> DefinitionNode | None:
    if isinstance(node, SchemaDefinitionNode):
        return _with(node, directives=())
    if isinstance(node, DirectiveDefinitionNode):
        executable = any(location.value in _EXECUTABLE for location in node.locations)
        return node if executable and not _belongs_to_feature(node.name.value, features) else None
    if not isinstance(node, TypeDefinitionNode) or node.name.value in hidden:
        return None
    return _shown_type(node, hidden, inaccessible)


def _shown_type(node: TypeDefinitionNode, hidden: frozenset[str], inaccessible: str) -> DefinitionNode:
    changes: dict[str, Any] = {"directives": _shown_directives(node)}
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        changes["fields"] = tuple(
            _shown_field(f, inaccessible) for f in node.fields or () if not _marked(f, inaccessible)
        )
        changes["interfaces"] = tuple(i for i in node.interfaces or () if i.name.value not in hidden)
    elif isinstance(node, InputObjectTypeDefinitionNode):
        changes["fields"] = _shown_each(node.fields or (), inaccessible)
    elif isinstance(node, EnumTypeDefinitionNode):
        changes["values"] = _shown_each(node.values or (), inaccessible)
    elif isinstance(node, UnionTypeDefinitionNode):
        changes["types"] = tuple(t for t in node.types or () if t.name.value not in hidden)
    return _with(node, **changes)


def _shown_field(node: FieldDefinitionNode, inaccessible: str) -> FieldDefinitionNode:
    arguments = _shown_each(node.arguments or (), inaccessible)
    return _with(node, directives=_shown_directives(node), arguments=arguments)


def _shown_each(nodes: Iterable[N], inaccessible: str) -> tuple[N, ...]:
    return tuple(_with(n, directives=_shown_directives(n)) for n in nodes if not _marked(n, inaccessible))


def _shown_directives(node: Any) -> tuple[ConstDirectiveNode, ...]:
    return tuple(d for d in node.directives or () if d.name.value in _SHOWN)


def _with(node: N, **changes: Any) -> N:
    """A copy of an AST node with some of its parts changed."""
    parts = {key: getattr(node, key, None) for key in node.keys}
    return type(node)(**{**parts, **changes})
