"""From what a resolver gave to what GraphQL answers: one closure a type, made once a plan.

Each does the ordinary case itself and leaves the rest to `Executor`'s methods: values that are no list, abstract types
that Strawberry's own rules do not settle by class, types with an `is_type_of` of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from operator import methodcaller
from types import CoroutineType
from typing import Any, Final, Protocol
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
)
from graphql.pyutils import Path, inspect, is_awaitable

from api.gateway.local.fields import FieldPlan
from api.gateway.local.machine import Complete, Machine, Slot, abandon, info_of, joined, new, odd_item

_BACKREF: Final = "strawberry-definition"
_CAST: Final = "__as_strawberry_type__"
_DEFAULT_IS_TYPE_OF: Final = "GraphQLCoreConverter.from_object.<locals>._get_is_type_of.<locals>.is_type_of"
_DEFAULT_UNION: Final = "StrawberryUnion.get_type_resolver.<locals>._resolve_union_type"
_DEFAULT_INTERFACE: Final = "GraphQLCoreConverter.from_interface.<locals>._get_resolve_type.<locals>.resolve_type"

# Values of exactly these types are neither awaitable nor errors.
PLAIN: Final = frozenset({str, int, float, bool, bytes, dict, list, tuple, datetime, date, time, Decimal, UUID})


class Selections(Protocol):
    """What completions need to know of the operation they belong to."""

    schema: GraphQLSchema

    def slot(self, object_type: GraphQLObjectType, details: list[Any]) -> Slot: ...
    def rows(self, plan: FieldPlan, item_type: Any, object_type: GraphQLObjectType, kind: type) -> Complete: ...


def completion(plan: FieldPlan, declared: Any, selections: Selections) -> Complete:
    """The completion of any value of the type `declared` at `plan`."""
    if isinstance(declared, GraphQLNonNull):
        return _required(plan, completion(plan, declared.of_type, selections))
    if isinstance(declared, GraphQLList):
        return _optional(_any_list(plan, declared, selections))
    if is_leaf_type(declared):
        leaf = leaf_of(declared)
        return _optional(lambda value, path, at, machine: leaf(value))
    if is_abstract_type(declared):
        return _optional(_abstract(plan, declared, selections))
    return _optional(_object(plan, declared, selections))


def _required(plan: FieldPlan, inner: Complete) -> Complete:
    missing = f"Cannot return null for non-nullable field {plan.parent}.{plan.name}."

    def complete(value: Any, path: Path | None, at: Path, machine: Machine) -> Any:
        completed = inner(value, path, at, machine)
        if completed is None:
            raise TypeError(missing)
        return completed

    return complete


def _optional(inner: Complete) -> Complete:
    def complete(value: Any, path: Path | None, at: Path, machine: Machine) -> Any:
        if value is None or value is Undefined:
            return None
        if isinstance(value, Exception):
            raise value
        return inner(value, path, at, machine)

    return complete


# Leaves


def leaf_of(declared: Any) -> Callable[[Any], Any]:
    """Coerces a value that is not null."""
    coerce, unusual = declared.coerce_output_value, unusual_leaf(declared)

    def leaf(value: Any) -> Any:
        made = coerce(value)
        return made if type(made) in PLAIN else unusual(value, made)

    return leaf


def unusual_leaf(declared: Any) -> Callable[[Any, Any], Any]:
    """What graphql-core makes of a coerced value that is none, or is to be awaited."""

    def judge(value: Any, made: Any) -> Any:
        if made is None or made is Undefined:
            raise TypeError(
                f"Expected `{inspect(declared)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
                f" returned: {inspect(made)}"
            )
        return _passed(made) if is_awaitable(made) else made

    return judge


async def _passed(value: Any) -> Any:
    return await value


def names_of_members(declared: Any) -> tuple[type[Enum], Mapping[Any, str]] | None:
    """An enum of Strawberry's: its Python class, and each member's name in GraphQL."""
    kind = getattr(declared, "wrapped_cls", None)
    if not isinstance(declared, GraphQLEnumType) or not (isinstance(kind, type) and issubclass(kind, Enum)):
        return None
    try:
        return kind, {member: declared.coerce_output_value(member) for member in kind}
    except Exception:
        return None


def writes_iso(declared: Any) -> bool:
    """Whether the type is a scalar that calls `isoformat` of its values and does no more, as Strawberry's dates do."""
    coerce = declared.coerce_output_value
    return isinstance(coerce, methodcaller) and coerce.__reduce__() == (methodcaller, ("isoformat",))


# What passes as it is, as the text of a condition on `v`.
_AS_IT_IS: Final = (
    (GraphQLString, "type(v) is str"),
    (GraphQLID, "type(v) is str"),
    (GraphQLBoolean, "v is True or v is False"),
    (GraphQLInt, "type(v) is int and -2147483648 <= v <= 2147483647"),
    (GraphQLFloat, "type(v) is float and v - v == 0.0"),
)


def as_it_is(declared: Any) -> str | None:
    return next((condition for known, condition in _AS_IT_IS if known is declared), None)


# Objects


def class_of(declared: GraphQLObjectType) -> tuple[type, bool] | None:
    """The Python class whose instances are objects of this type without a further question.

    True beside it: unless Strawberry's `cast` says otherwise of the instance.
    """
    definition = declared.extensions.get(_BACKREF)
    if definition is None:
        return None if declared.is_type_of else (dict, False)
    kind = (definition.concrete_of or definition).origin
    asked = declared.is_type_of
    if asked is not None and getattr(asked, "__qualname__", "") != _DEFAULT_IS_TYPE_OF:
        return None
    return (kind, asked is not None) if _honest(kind) else None


def _honest(kind: type) -> bool:
    """Neither awaitable nor an error, and without attributes that are made up when asked."""
    if issubclass(kind, BaseException) or hasattr(kind, "__await__") or hasattr(kind, "__getattr__"):
        return False
    return kind.__getattribute__ is object.__getattribute__


def is_cast(value: Any) -> bool:
    return getattr(value, _CAST, None) is not None


def _object(plan: FieldPlan, declared: GraphQLObjectType, selections: Selections) -> Complete:
    slot = selections.slot(declared, plan.details)
    if declared.is_type_of is None:
        return lambda value, path, at, machine: slot.run(value, path, machine)
    return _asked(plan, declared)


def _asked(plan: FieldPlan, declared: GraphQLObjectType) -> Complete:
    def complete(value: Any, path: Any, at: Path, machine: Machine) -> Any:
        info = info_of(plan, at, machine)
        return machine.complete_object_value(declared, plan.details, info, path, value, None)

    return complete


def _abstract(plan: FieldPlan, declared: Any, selections: Selections) -> Complete:
    settled = _settled_by_class(plan, declared, selections)

    def complete(value: Any, path: Any, at: Path, machine: Machine) -> Any:
        slot = settled.get(type(value))
        if slot is not None and not is_cast(value):
            return slot.run(value, path, machine)
        info = info_of(plan, at, machine)
        return machine.complete_abstract_value(declared, plan.details, info, path, value, None)

    return complete


def _settled_by_class(plan: FieldPlan, declared: Any, selections: Selections) -> dict[type, Slot]:
    """For each class of which Strawberry's own rules can only say one type: that type's selection."""
    rule = getattr(declared.resolve_type, "__qualname__", "")
    kind: type = object
    if isinstance(declared, GraphQLInterfaceType):
        definition = declared.extensions.get(_BACKREF)
        if rule != _DEFAULT_INTERFACE or definition is None:
            return {}
        kind = definition.origin
    elif not isinstance(declared, GraphQLUnionType) or rule != _DEFAULT_UNION:
        return {}
    settled: dict[type, Slot] = {}
    for possible in selections.schema.get_possible_types(declared):
        definition, found = possible.extensions.get(_BACKREF), class_of(possible)
        if found is None or definition is None or definition.concrete_of or definition.is_graphql_generic:
            continue
        if definition.name == possible.name and issubclass(found[0], kind) and found[0] not in settled:
            settled[found[0]] = selections.slot(possible, plan.details)
    return settled


# Lists


def list_of(plan: FieldPlan, declared: GraphQLList[Any], selections: Selections) -> Complete:
    """The completion of a Python list or tuple."""
    item_type = declared.of_type
    inner = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
    if isinstance(inner, GraphQLObjectType) and (found := class_of(inner)):
        return selections.rows(plan, item_type, inner, found[0])
    return plain_rows(plan, item_type, selections)


def plain_rows(plan: FieldPlan, item_type: Any, selections: Selections) -> Complete:
    """A list whose rows are completed one by one."""
    inner = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
    return _rows(plan, item_type, inner, completion(plan, item_type, selections))


def _any_list(plan: FieldPlan, declared: GraphQLList[Any], selections: Selections) -> Complete:
    rows = list_of(plan, declared, selections)

    def complete(value: Any, path: Any, at: Path, machine: Machine) -> Any:
        if type(value) is list or type(value) is tuple:
            return rows(value, path, at, machine)
        return machine.complete_list_value(declared, plan.details, info_of(plan, at, machine), path, value, None)

    return complete


def _rows(plan: FieldPlan, item_type: Any, inner: Any, complete_item: Complete) -> Complete:
    passes = _passes(inner)

    def complete(value: Sequence[Any], path: Any, at: Path, machine: Machine) -> Any:
        rows: list[Any] = []
        awaited: list[Any] = []
        index = -1
        try:
            for index, item in enumerate(value):
                if passes is not None and passes(item):
                    rows.append(item)
                elif type(item) is CoroutineType:
                    machine.made.append(item)
                    rows.append(_awaited_row(plan, item_type, item, complete_item, (path, index), at, machine))
                    awaited.append(index)
                elif odd_item(plan, item_type, item, rows, index, path, at, machine):
                    awaited.append(index)
        except Exception:
            abandon(machine, [rows[place] for place in awaited], value[index + 1 :])
            raise
        return joined(rows, awaited) if awaited else rows

    return complete


def _passes(inner: Any) -> Callable[[Any], bool] | None:
    if inner is GraphQLString or inner is GraphQLID:
        return lambda item: type(item) is str
    if inner is GraphQLInt:
        return lambda item: type(item) is int and -2147483648 <= item <= 2147483647
    return None


async def _awaited_row(
    plan: FieldPlan, item_type: Any, item: Any, complete: Complete, place: tuple[Any, int], at: Path, machine: Machine
) -> Any:
    path = new(Path, (*place, None))
    try:
        completed = complete(await item, path, at, machine)
        if type(completed) is CoroutineType or is_awaitable(completed):
            completed = await completed
    except Exception as error:
        machine.handle_field_error(error, item_type, plan.details, path)
        return None
    return completed
