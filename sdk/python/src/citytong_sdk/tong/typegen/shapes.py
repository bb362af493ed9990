"""What an operation takes and what its answer looks like, in no language yet.

Rules
- An object of an abstract type is one of its possible types: a union of what is asked of each, where that differs.
- A field under `@include` or `@skip` may be missing.
- What a citizen may withhold is null in the answer, whatever the graph says: every field of the citizen (the type of
  `Query.me`, through which all that is personal is reached) and every answer to a mutation may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_input_type,
    is_required_input_field,
    type_from_ast,
)

from .documents import Document


@dataclass(frozen=True, slots=True)
class Scalar:
    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """One of these texts: an enum's values, or the one name of a type."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    item: Shape


@dataclass(frozen=True, slots=True)
class Nullable:
    inner: Shape


@dataclass(frozen=True, slots=True)
class Member:
    """required: it is there, though it may be null."""

    key: str
    shape: Shape
    required: bool = True


@dataclass(frozen=True, slots=True)
class Object:
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Either:
    options: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """An input type by its name, for it may hold itself."""

    name: str


Shape: TypeAlias = Scalar | Literal | ListOf | Nullable | Object | Either | Input


@dataclass(frozen=True, slots=True)
class Typed:
    """A document with its shapes. inputs: the input types that its variables name, by name."""

    document: Document
    variables: Object
    data: Shape
    inputs: Mapping[str, Object]


def typed(document: Document, schema: GraphQLSchema) -> Typed:
    """document: valid against `schema`."""
    root = schema.get_root_type(document.operation.operation)
    assert root is not None, "the document is valid"
    inputs: dict[str, Object] = {}
    variables = tuple(
        _argument(one.variable.name.value, kind, one.default_value is not None, inputs)
        for one in document.operation.variable_definitions or ()
        if (kind := type_from_ast(schema, one.type)) is not None and is_input_type(kind)
    )
    data = _Answers(schema, document.fragments).object(root, [document.operation.selection_set])
    return Typed(document, Object(variables), data, inputs)


@dataclass(slots=True)
class _Asked:
    """A field of an answer under one key: what is asked beneath it, and whether it is surely there."""

    type: GraphQLOutputType | None
    beneath: list[SelectionSetNode] = field(default_factory=list)
    required: bool = False


@dataclass(frozen=True, slots=True)
class _Answers:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]

    def object(
        self, parent: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType, asked: Sequence[SelectionSetNode]
    ) -> Object | Either:
        if isinstance(parent, GraphQLObjectType):
            return self._of(parent, asked)
        every = tuple(dict.fromkeys(self._of(one, asked) for one in self.schema.get_possible_types(parent)))
        return every[0] if len(every) == 1 else Either(every)

    def _of(self, parent: GraphQLObjectType, asked: Sequence[SelectionSetNode]) -> Object:
        found: dict[str, _Asked] = {}
        for selections in asked:
            self._collect(parent, selections, found, surely=True)
        return Object(tuple(Member(key, self._shape(parent, one), one.required) for key, one in found.items()))

    def _collect(
        self, parent: GraphQLObjectType, selections: SelectionSetNode, found: dict[str, _Asked], *, surely: bool
    ) -> None:
        for node in selections.selections:
            sure = surely and not any(one.name.value in ("include", "skip") for one in node.directives or ())
            if isinstance(node, FieldNode):
                self._field(parent, node, found, sure)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                if self._applies(parent, fragment.type_condition.name.value):
                    self._collect(parent, fragment.selection_set, found, surely=sure)
            elif isinstance(node, InlineFragmentNode) and (
                node.type_condition is None or self._applies(parent, node.type_condition.name.value)
            ):
                self._collect(parent, node.selection_set, found, surely=sure)

    def _field(self, parent: GraphQLObjectType, node: FieldNode, found: dict[str, _Asked], sure: bool) -> None:
        key = node.alias.value if node.alias else node.name.value
        name = node.name.value
        one = found.setdefault(key, _Asked(None if name == "__typename" else parent.fields[name].type))
        one.required = one.required or sure
        if node.selection_set:
            one.beneath.append(node.selection_set)

    def _applies(self, parent: GraphQLObjectType, condition: str) -> bool:
        kind = self.schema.type_map[condition]
        return kind is parent or (
            isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and self.schema.is_sub_type(kind, parent)
        )

    def _shape(self, parent: GraphQLObjectType, one: _Asked) -> Shape:
        if one.type is None:
            return Literal((parent.name,))
        shape = self._answer(one.type, one.beneath)
        return Nullable(shape) if self._withheld(parent) and not isinstance(shape, Nullable) else shape

    def _withheld(self, parent: GraphQLObjectType) -> bool:
        """Whether a citizen may keep back what is asked of `parent`."""
        query = self.schema.query_type
        me = query.fields.get("me") if query else None
        return parent is self.schema.mutation_type or (me is not None and get_named_type(me.type) is parent)

    def _answer(self, kind: GraphQLOutputType, beneath: Sequence[SelectionSetNode]) -> Shape:
        if isinstance(kind, GraphQLNonNull):
            return self._surely(kind.of_type, beneath)
        return Nullable(self._surely(kind, beneath))

    def _surely(self, kind: GraphQLOutputType, beneath: Sequence[SelectionSetNode]) -> Shape:
        if isinstance(kind, GraphQLList):
            return ListOf(self._answer(kind.of_type, beneath))
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            return self.object(kind, beneath)
        return _leaf(kind)


def _leaf(kind: object) -> Scalar | Literal:
    if isinstance(kind, GraphQLEnumType):
        return Literal(tuple(kind.values))
    return Scalar(str(getattr(kind, "name", "")))


def _argument(key: str, kind: GraphQLInputType, defaulted: bool, inputs: dict[str, Object]) -> Member:
    return Member(key, _taken(kind, inputs), required=isinstance(kind, GraphQLNonNull) and not defaulted)


def _taken(kind: GraphQLInputType, inputs: dict[str, Object]) -> Shape:
    if isinstance(kind, GraphQLNonNull):
        return _surely_taken(kind.of_type, inputs)
    return Nullable(_surely_taken(kind, inputs))


def _surely_taken(kind: GraphQLInputType, inputs: dict[str, Object]) -> Shape:
    if isinstance(kind, GraphQLList):
        return ListOf(_taken(kind.of_type, inputs))
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType):
        return _leaf(named)
    if named.name not in inputs:
        inputs[named.name] = Object(())  # known before its members are read: one of them may be of this type
        inputs[named.name] = Object(tuple(_members(named, inputs)))
    return Input(named.name)


def _members(kind: GraphQLInputObjectType, inputs: dict[str, Object]) -> Iterable[Member]:
    for key, one in kind.fields.items():
        yield Member(key, _taken(one.type, inputs), required=is_required_input_field(one))
