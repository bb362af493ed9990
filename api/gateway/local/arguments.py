"""Arguments and variables: literals coerced once, variables once a request, the rest by graphql-core's own functions.

A value that a resolver could change (a list, an input object) is made anew for every call, as graphql-core does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from graphql import GraphQLError, GraphQLSchema, Undefined, get_variable_values, is_non_null_type
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_argument_values,
    input_is_nested_too_deeply,
)
from graphql.language import OperationDefinitionNode, ValueNode, VariableNode
from graphql.utilities import coerce_input_value

from api.gateway.local.fields import FieldPlan

Arguments: TypeAlias = Callable[[VariableValues], dict[str, Any]]

_ERRORS_MAX: Final = 50
_UNCHANGEABLE: Final = (str, int, float, bool, type(None), Enum)


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    type: Any
    bare: VariableValueSource
    signature: Any
    required: bool
    default: bool


class Variables:
    """The variables of one operation."""

    __slots__ = ("_definitions", "_known", "_schema")

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._known: list[_Variable] | None = []
        for definition in self._definitions:
            signature = get_variable_signature(schema, definition)
            if isinstance(signature, GraphQLError):
                self._known = None
                break
            bare, required = VariableValueSource(signature), is_non_null_type(signature.type)
            default = definition.default_value is not None
            self._known.append(_Variable(signature.name, signature.type, bare, signature, required, default))

    def coerced(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values for one request; whatever is not plainly right is graphql-core's to judge."""
        if not self._definitions:
            return VariableValues({}, {})
        return self._plainly(given) or get_variable_values(
            self._schema, self._definitions, dict(given), max_errors=_ERRORS_MAX
        )

    def _plainly(self, given: Mapping[str, Any]) -> VariableValues | None:
        if self._known is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for known in self._known:
            value = given.get(known.name, Undefined)
            if value is Undefined:
                if known.default or known.required:
                    return None
                sources[known.name] = known.bare
                continue
            if type(value) in (list, dict, tuple) and input_is_nested_too_deeply(value, known.type):
                return None
            made = coerce_input_value(value, known.type)
            if made is Undefined:
                return None
            sources[known.name] = VariableValueSource(known.signature, value)
            coerced[known.name] = made
        return VariableValues(sources, coerced)


def literal_arguments(plan: FieldPlan) -> dict[str, Any] | None:
    """The arguments of a field where they are the same for every call and nobody can change them; else None."""
    if any(_holds_variable(argument.value) for argument in plan.node.arguments or ()):
        return None
    try:
        values = get_argument_values(plan.definition, plan.node, VariableValues({}, {}))
    except Exception:
        # It fails for every call, at its own time and place.
        return None
    return values if unchangeable(values) else None


def unchangeable(values: Mapping[str, Any]) -> bool:
    return all(isinstance(value, _UNCHANGEABLE) for value in values.values())


def called_arguments(plan: FieldPlan) -> Arguments:
    """The arguments of a field for one call."""
    definition, node = plan.definition, plan.node
    direct = _direct_variables(plan)

    def of_call(variables: VariableValues) -> dict[str, Any]:
        if direct is not None:
            values = {}
            for out_name, name in direct:
                value = variables.coerced.get(name)
                if value is None:
                    break
                values[out_name] = value
            else:
                return values
        return get_argument_values(definition, node, variables)

    return of_call


def _direct_variables(plan: FieldPlan) -> list[tuple[str, str]] | None:
    """Name as the resolver knows it and variable, where every argument that there is is a variable."""
    given = {argument.name.value: argument.value for argument in plan.node.arguments or ()}
    if given.keys() != plan.definition.args.keys():
        return None
    direct = []
    for name, definition in plan.definition.args.items():
        value = given[name]
        if not isinstance(value, VariableNode):
            return None
        direct.append((definition.out_name or name, value.name.value))
    return direct


def _holds_variable(value: ValueNode) -> bool:
    waiting: list[Any] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, VariableNode):
            return True
        waiting.extend(getattr(node, "values", None) or ())
        waiting.extend(field.value for field in getattr(node, "fields", None) or ())
    return False
