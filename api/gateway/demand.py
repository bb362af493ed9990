"""Demand control: what an operation costs, estimated before it runs and counted after.

Rules (the IBM cost specification as Apollo and Hive read it, with these defaults)
- An object that is given costs 1, a scalar or enum nothing, a mutation 10 more; `@cost(weight:)` on a field or a type
  says otherwise, and on an argument adds its weight where that argument is given.
- A list counts as many times as `@listSize` says: the largest of its slicing arguments that are given, else
  `assumedSize`, else the default of the engine. `sizedFields` passes the size on to lists below.
- Selections for different types are added up: the estimate is an upper bound, never below what can come.
The estimate is compiled once a document into a tree in which only sizes that stand in variables are still open.
Source: https://ibm.github.io/graphql-specs/cost-spec.html, https://specs.apollo.dev/cost/v0.1
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from graphql.language import (
    ConstDirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeDefinitionNode,
    VariableNode,
)
from graphql.utilities import value_from_ast_untyped

_MUTATION: Final = 10.0
# A size beyond this is as good as endless; it keeps products of sizes finite.
_SIZE_MAX: Final = 1_000_000
_ESTIMATE_MAX: Final = 1e15


@dataclass(frozen=True, slots=True)
class ListSize:
    """One `@listSize`."""

    assumed: int | None = None
    arguments: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Costs:
    """What a supergraph says: weights by `Type`, `Type.field` and `Type.field(argument:)`, sizes by `Type.field`."""

    weights: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, ListSize] = field(default_factory=dict)


def read_costs(definitions: Iterable[TypeDefinitionNode], *, cost: str, list_size: str) -> Costs:
    """cost, list_size: what this supergraph calls the two directives. Raises: ValueError for a weight that is none."""
    weights: dict[str, float] = {}
    sizes: dict[str, ListSize] = {}
    for definition in definitions:
        _weigh(weights, definition.name.value, definition, cost)
        for one in getattr(definition, "fields", None) or ():
            coordinate = f"{definition.name.value}.{one.name.value}"
            _weigh(weights, coordinate, one, cost)
            for argument in getattr(one, "arguments", None) or ():
                _weigh(weights, f"{coordinate}({argument.name.value}:)", argument, cost)
            for directive in _named(one, list_size):
                sizes[coordinate] = _list_size(directive)
    return Costs(weights, sizes)


def _weigh(weights: dict[str, float], coordinate: str, node: Any, cost: str) -> None:
    for directive in _named(node, cost):
        weights[coordinate] = float(_arguments(directive)["weight"])


def _list_size(directive: ConstDirectiveNode) -> ListSize:
    given = _arguments(directive)
    assumed = given.get("assumedSize")
    return ListSize(
        assumed=int(assumed) if assumed is not None else None,
        arguments=tuple(given.get("slicingArguments") or ()),
        fields=tuple(given.get("sizedFields") or ()),
    )


def _named(node: Any, name: str) -> list[ConstDirectiveNode]:
    return [d for d in node.directives or () if d.name.value == name]


def _arguments(directive: ConstDirectiveNode) -> dict[str, Any]:
    return {a.name.value: value_from_ast_untyped(a.value) for a in directive.arguments or ()}


@dataclass(frozen=True, slots=True)
class Size:
    """How long a list will be. number: as written; variables: names whose values count when they are given."""

    number: int
    variables: tuple[str, ...] = ()
    fallback: int = 0

    def of(self, values: Mapping[str, Any]) -> int:
        # An Int may be written as a float (1e6), and is sent on as it was written.
        given = [int(v) for name in self.variables if isinstance(v := values.get(name), int | float)]
        found = max([self.number, *given]) if self.number >= 0 or given else self.fallback
        return min(max(found, 0), _SIZE_MAX)


@dataclass(frozen=True, slots=True, eq=False)
class Costed:
    """One field of an operation. own: what one object or value of it costs; once: what asking costs at all."""

    response_key: str
    own: float
    once: float
    size: Size | None
    below: tuple[Part, ...]

    def estimate(self, values: Mapping[str, Any], known: Estimates) -> float:
        one = self.own + sum(part.estimate(values, known) for part in self.below)
        return min(self.once + one * (self.size.of(values) if self.size else 1), _ESTIMATE_MAX)

    def actual(self, parent: Mapping[str, Any], known: Actuals) -> float:
        if self.response_key not in parent:
            return 0.0
        return self.once + self._given(parent[self.response_key], known)

    def _given(self, value: Any, known: Actuals) -> float:
        if value is None:
            return 0.0
        if type(value) is list:
            return sum(self._given(item, known) for item in value)
        if type(value) is not dict:
            return self.own
        return self.own + sum(part.actual(value, known) for part in self.below)


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """A fragment where it is spread: one object however often, so that fragments within fragments stay small."""

    below: tuple[Part, ...]

    def estimate(self, values: Mapping[str, Any], known: Estimates) -> float:
        key = id(self)
        if key not in known:
            known[key] = min(sum(part.estimate(values, known) for part in self.below), _ESTIMATE_MAX)
        return known[key]

    def actual(self, parent: Mapping[str, Any], known: Actuals) -> float:
        key = (id(self), id(parent))
        if key not in known:
            known[key] = sum(part.actual(parent, known) for part in self.below)
        return known[key]


Part: TypeAlias = Costed | Spread
Estimates: TypeAlias = dict[int, float]
Actuals: TypeAlias = dict[tuple[int, int], float]


@dataclass(frozen=True, slots=True)
class Demand:
    """The cost of one operation. A field that is asked twice at one place counts twice.

    fixed: the estimate, where no size stands in a variable.
    """

    base: float
    parts: tuple[Part, ...]
    fixed: float | None = None

    def estimate(self, values: Mapping[str, Any]) -> float:
        """Before it runs, an upper bound. values: the variables', checked, defaults among them."""
        if self.fixed is not None:
            return self.fixed
        known: Estimates = {}
        return min(self.base + sum(part.estimate(values, known) for part in self.parts), _ESTIMATE_MAX)

    def actual(self, data: Mapping[str, Any] | None) -> float:
        """By the shape of the answer, as the client reads it."""
        known: Actuals = {}
        return self.base + sum(part.actual(data or {}, known) for part in self.parts)


@dataclass(slots=True)
class Estimator:
    """Compiles operations. size_default: of a list about which nothing is said."""

    schema: GraphQLSchema
    costs: Costs
    size_default: int
    _fragments: dict[tuple[str, tuple[tuple[str, Size], ...]], Spread] = field(default_factory=dict)
    _definitions: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)
    _open: bool = False

    def demand(self, document: DocumentNode, operation: OperationDefinitionNode) -> Demand:
        """Of a document that was validated. Each fragment is read once, however often it is spread."""
        self._fragments.clear()
        definitions = [d for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
        self._definitions = {d.name.value: d for d in definitions}
        mutation = operation.operation.value == "mutation"
        root = self.schema.get_root_type(operation.operation)
        self._open = False
        made = Demand(_MUTATION if mutation else 0.0, tuple(self._selected(operation.selection_set, root, {})))
        return made if self._open else replace(made, fixed=made.estimate({}))

    def _selected(self, selections: SelectionSetNode | None, parent: Any, sized: Mapping[str, Size]) -> list[Part]:
        found: list[Part] = []
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                if not node.name.value.startswith("__"):
                    found.append(self._field(node, parent, sized))
            elif isinstance(node, InlineFragmentNode):
                inner = self.schema.get_type(node.type_condition.name.value) if node.type_condition else parent
                found += self._selected(node.selection_set, inner, sized)
            elif isinstance(node, FragmentSpreadNode):
                found.append(self._spread(node.name.value, sized))
        return found

    def _spread(self, name: str, sized: Mapping[str, Size]) -> Spread:
        key = (name, tuple(sized.items()))
        held = self._fragments.get(key)
        if held is None:
            definition = self._definitions[name]
            condition = self.schema.get_type(definition.type_condition.name.value)
            held = self._fragments[key] = Spread(tuple(self._selected(definition.selection_set, condition, sized)))
        return held

    def _field(self, node: FieldNode, parent: Any, sized: Mapping[str, Size]) -> Costed:
        assert isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
        name = node.name.value
        coordinate = f"{parent.name}.{name}"
        declared = parent.fields[name].type
        named = get_named_type(declared)
        weights = self.costs.weights
        own = weights.get(coordinate, weights.get(named.name, 0.0 if is_leaf_type(named) else 1.0))
        given = [f"{coordinate}({argument.name.value}:)" for argument in node.arguments or ()]
        said = self.costs.sizes.get(coordinate)
        size = self._size(node, said)
        below_sized = dict.fromkeys(said.fields, size) if said and said.fields else {}
        return Costed(
            response_key=node.alias.value if node.alias else name,
            own=own,
            once=sum(weights.get(argument, 0.0) for argument in given),
            size=sized.get(name, size) if _is_list(declared) else None,
            below=tuple(self._selected(node.selection_set, named, below_sized)),
        )

    def _size(self, node: FieldNode, said: ListSize | None) -> Size:
        if said is None:
            return Size(self.size_default)
        fallback = said.assumed if said.assumed is not None else self.size_default
        number, variables = -1, []
        for argument in node.arguments or ():
            if argument.name.value in said.arguments:
                if isinstance(argument.value, IntValueNode):
                    number = max(number, int(argument.value.value))
                elif isinstance(argument.value, VariableNode):
                    variables.append(argument.value.name.value)
                    self._open = True
        if number < 0 and not variables:
            return Size(fallback)
        return Size(number, tuple(variables), fallback)


def _is_list(declared: Any) -> bool:
    inner = declared.of_type if isinstance(declared, GraphQLNonNull) else declared
    return isinstance(inner, GraphQLList)
