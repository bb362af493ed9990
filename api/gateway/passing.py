"""When a subgraph's answer is the answer: what may pass without being projected.

Only for a plan of one fetch at the root, without a field that is refused or masked, without introspection, and where
the fetch asks what the client asked: on every type the same fields in the same order under the same keys, and no
`__typename` that the client did not ask.
- A subgraph in this process passes unlooked at, since what comes is what graphql-core's rules make of its schema: it
  has just the keys that were asked, and no null and no enum value that its schema forbids. That schema itself is
  compared, once a plan, and has to promise all that the public schema promises (`promised`).
- A subgraph elsewhere is not believed. Its answer is looked at as closely as projecting it would (`fitting`): each
  object has just the keys that were asked, in their order, no null stands where none may, enum values and type names
  are known. Then its bytes are what would be written, but for scalars, which nobody here can check in either case, and
  for a key that is written twice in one object: of that only the last is looked at. An answer with anything beside
  `data` is never passed on as it came.
What does not pass is projected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    is_leaf_type,
)
from graphql.language import (
    FieldNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from api.gateway.plan import Fetch
from api.gateway.selection import INTROSPECTION, Field, Selection

# Whether a value that is not null would be projected to itself, and nothing be said of it.
Fits: TypeAlias = Callable[[Any], bool]
_Asked: TypeAlias = dict[str, list[FieldNode]]


def asked_of(fetch: Fetch) -> SelectionSetNode:
    """What a fetch asks at the root."""
    operation = parse(fetch.document, no_location=True).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation.selection_set


# In this process


@dataclass(frozen=True, slots=True)
class _Promises:
    """Compares what is asked of a subgraph's own schema with what the client may expect of the public one."""

    own: GraphQLSchema
    public: GraphQLSchema
    _kept: dict[tuple[int, str, tuple[int, ...]], bool] = field(default_factory=dict)

    def keeps(self, own: Any, public: Any, wanted: Selection, asked: Sequence[SelectionSetNode]) -> bool:
        """Of a composite type: for every object that the subgraph can give there."""
        own_possible = self.own.get_possible_types(own) if is_abstract_type(own) else [own]
        possible = self.public.get_possible_types(public) if is_abstract_type(public) else [public]
        by_name = {declared.name: declared for declared in possible}
        return all(
            declared.name in by_name and self._kept_for(declared, by_name[declared.name], wanted, asked)
            for declared in own_possible
        )

    def _kept_for(self, own: Any, public: Any, wanted: Selection, asked: Sequence[SelectionSetNode]) -> bool:
        key = (id(wanted), own.name, tuple(map(id, asked)))
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = self._object(own, public, wanted, asked)
        return known

    def _object(self, own: Any, public: Any, wanted: Selection, asked: Sequence[SelectionSetNode]) -> bool:
        found: _Asked = {}
        for selections in asked:
            self._collect(selections, own, found)
        fields = wanted.by_type.get(own.name, ())
        return [f.response_key for f in fields] == list(found) and all(
            self._field(own, public, f, found[f.response_key]) for f in fields
        )

    def _collect(self, selections: SelectionSetNode, own: GraphQLObjectType, found: _Asked) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            elif isinstance(node, InlineFragmentNode) and self._applies(node, own):
                self._collect(node.selection_set, own, found)

    def _applies(self, node: InlineFragmentNode, own: GraphQLObjectType) -> bool:
        on = self.own.type_map[node.type_condition.name.value] if node.type_condition else own
        return on is own or (is_abstract_type(on) and self.own.is_sub_type(on, own))

    def _field(self, own: Any, public: Any, wanted: Field, nodes: list[FieldNode]) -> bool:
        name = nodes[0].name.value
        if _rewritten(wanted) or name != wanted.call.name:
            return False
        if name == "__typename":
            return True
        below = [node.selection_set for node in nodes if node.selection_set is not None]
        return self._value(own.fields[name].type, public.fields[name].type, wanted, below)

    def _value(self, own: Any, public: Any, wanted: Field, below: Sequence[SelectionSetNode]) -> bool:
        if isinstance(public, GraphQLNonNull):
            return isinstance(own, GraphQLNonNull) and self._value(own.of_type, public.of_type, wanted, below)
        own = _nullable(own)
        if isinstance(public, GraphQLList):
            return isinstance(own, GraphQLList) and self._value(own.of_type, public.of_type, wanted, below)
        if isinstance(public, GraphQLEnumType):
            return isinstance(own, GraphQLEnumType) and own.values.keys() <= public.values.keys()
        if is_leaf_type(public):
            return is_leaf_type(own)
        return wanted.sub is not None and self.keeps(own, public, wanted.sub, below)


def promised(wanted: Selection, root: str, fetch: Fetch, own: GraphQLSchema, public: GraphQLSchema) -> bool:
    """Whether what a subgraph of this schema makes of `fetch` is what the client is to read. root: its type's name."""
    own_root = own.get_root_type(OperationType(fetch.kind))
    if own_root is None or own_root.name != root:
        return False
    return _Promises(own, public).keeps(own_root, public.type_map[root], wanted, [asked_of(fetch)])


# Elsewhere


@dataclass(frozen=True, slots=True)
class _Looking:
    """Compiles the look at an answer; a selection of a type once, however many types lead to it."""

    public: GraphQLSchema
    _made: dict[tuple[int, str], Fits] = field(default_factory=dict)

    def at(self, declared: Any, wanted: Selection) -> Fits:
        key = (id(wanted), declared.name)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._new(declared, wanted)
        return found

    def _new(self, declared: Any, wanted: Selection) -> Fits:
        if isinstance(declared, GraphQLObjectType):
            return self._object(declared, wanted)
        possible = {t.name: self._object(t, wanted) for t in self.public.get_possible_types(declared)}
        return _by_typename(possible)

    def _object(self, declared: GraphQLObjectType, wanted: Selection) -> Fits:
        fields = wanted.by_type.get(declared.name, ())
        if any(_rewritten(f) for f in fields):
            return _never
        return _object_fits(
            tuple(f.response_key for f in fields),
            [(f.response_key, *self._field(declared, f)) for f in fields],
        )

    def _field(self, parent: GraphQLObjectType, wanted: Field) -> tuple[Fits | None, bool]:
        if wanted.call.name == "__typename":
            return _one_of(frozenset({parent.name})), True
        declared = parent.fields[wanted.call.name].type
        return self._value(_nullable(declared), wanted), isinstance(declared, GraphQLNonNull)

    def _value(self, declared: Any, wanted: Field) -> Fits | None:
        """None: anything fits."""
        if isinstance(declared, GraphQLList):
            inner = self._value(_nullable(declared.of_type), wanted)
            return _list_fits(inner, isinstance(declared.of_type, GraphQLNonNull))
        if isinstance(declared, GraphQLEnumType):
            return _one_of(frozenset(declared.values))
        if is_leaf_type(declared):
            return None
        return self.at(declared, wanted.sub) if wanted.sub is not None else _never


def fitting(wanted: Selection, root: str, public: GraphQLSchema) -> Fits:
    """Whether a whole answer's `data` is what the client is to read."""
    return _Looking(public).at(public.type_map[root], wanted)


def _rewritten(wanted: Field) -> bool:
    """Whether the projection does more with the field than take it."""
    return wanted.denied or bool(wanted.mask) or wanted.key != wanted.response_key or wanted.call.name in INTROSPECTION


def _object_fits(keys: tuple[str, ...], fields: list[tuple[str, Fits | None, bool]]) -> Fits:
    plain = [name for name, inner, required in fields if inner is None and required]
    careful = [(name, inner, required) for name, inner, required in fields if inner is not None]

    def fits(value: Any) -> bool:
        if type(value) is not dict or (*value,) != keys:
            return False
        for name in plain:
            if value[name] is None:
                return False
        for name, inner, required in careful:
            found = value[name]
            if required if found is None else not inner(found):
                return False
        return True

    return fits


def _by_typename(by_type: Mapping[str, Fits]) -> Fits:
    def fits(value: Any) -> bool:
        name = value.get("__typename") if type(value) is dict else None
        inner = by_type.get(name) if type(name) is str else None
        return inner is not None and inner(value)

    return fits


def _list_fits(inner: Fits | None, required: bool) -> Fits:
    def fits(value: Any) -> bool:
        if type(value) is not list or (required and None in value):
            return False
        return inner is None or all([item is None or inner(item) for item in value])

    return fits


def _one_of(values: frozenset[str]) -> Fits:
    return lambda value: type(value) is str and value in values


def _never(value: Any) -> bool:
    return False


def _nullable(declared: Any) -> Any:
    return declared.of_type if isinstance(declared, GraphQLNonNull) else declared
