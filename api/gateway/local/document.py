"""One operation of a subgraph, compiled: read once, its functions written as its types first come up.

`@skip` and `@include` by variables are settled before: one variant for each of their outcomes, a few at most. A type
is compiled when the first object of it comes, so an interface with many types costs only what is met; past a bound,
graphql-core executes the rest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    assert_valid_schema,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.executor import Executor, default_field_resolver, default_type_resolver
from graphql.execution.values import VariableValues
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    VariableNode,
)
from graphql.pyutils import is_awaitable

from api.gateway.local import completion
from api.gateway.local.arguments import Variables
from api.gateway.local.fields import FieldPlan
from api.gateway.local.machine import Complete, Machine, ObjectRun, Slot, located, started
from api.gateway.local.source import object_function, rows_function
from core.bounded import Bounded

_FIELDS_MAX: Final = 5_000
_VARIANTS_MAX: Final = 8
_CONDITIONS: Final = frozenset({"skip", "include"})


class NotCompiled(Exception):
    """What graphql-core has to execute. reason: one of a few words, fit for a label."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LocalDocument:
    """A parsed, valid document and one operation of it, ready to run.

    fields_max: how many fields of it are compiled at most. Raises: NotCompiled.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation_name: str | None = None,
        *,
        fields_max: int = _FIELDS_MAX,
    ) -> None:
        assert_valid_schema(schema)
        self._schema, self._fields_max = schema, fields_max
        self._operation = _operation(document, operation_name)
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._conditions = _conditions(document)
        self._variables = Variables(schema, self._operation)
        self._variants: Bounded[tuple[bool, ...], _Variant] = Bounded(_VARIANTS_MAX, _VARIANTS_MAX)
        # The only one, where there are no conditions.
        self._lasting: _Variant | None = None
        if schema.get_root_type(self._operation.operation) is None:
            raise NotCompiled("root")

    def run(self, variables: Mapping[str, Any], context: Any) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Execute. Raises: NotCompiled, before anything was called."""
        values = self._variables.coerced(variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        variant = self._lasting if self._lasting is not None else self._variant(values)
        machine = started(variant.template, values, context)
        try:
            answer = variant.root(machine)
        except GraphQLError as error:
            located(machine, error)
            return _result(machine, None)
        if type(answer) is dict:
            return _result(machine, answer)
        return _answered(machine, answer)

    def _variant(self, values: VariableValues) -> _Variant:
        truths = tuple(values.coerced.get(name) for name in self._conditions)
        found = self._variants.get(truths)  # type: ignore[arg-type]
        if found is None:
            if not all(type(truth) is bool for truth in truths):
                raise NotCompiled("condition")
            conditions = VariableValues({}, dict(zip(self._conditions, truths, strict=True)))
            made = _Variant(self._schema, self._operation, self._fragments, conditions, self._fields_max)
            found = self._variants.put(truths, made, weight=1)  # type: ignore[arg-type]
            self._lasting = None if truths else found
        return found


async def _answered(machine: Machine, answer: Awaitable[Any]) -> ExecutionResult:
    try:
        data = await answer
    except GraphQLError as error:
        located(machine, error)
        data = None
    except BaseException:
        machine.tidy()
        raise
    return _result(machine, data)


def _result(machine: Machine, data: dict[str, Any] | None) -> ExecutionResult:
    errors = machine.collected_errors.errors
    if not errors:
        return ExecutionResult(data, None)
    # Where one field fails, those beside it are cut short.
    machine.tidy()
    return ExecutionResult(data, errors)


@dataclass(slots=True)
class _Variant:
    """An operation with its conditions settled. room: how many fields may still be compiled."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    definitions: dict[str, FragmentDefinitionNode]
    conditions: VariableValues
    room: int
    template: dict[str, Any] = field(init=False)
    fragments: dict[str, FragmentDetails] = field(init=False)
    _steps: list[ObjectRun] = field(init=False)
    _slots: dict[tuple[str, int], Slot] = field(default_factory=dict)
    # Every list of occurrences that was compiled, by identity: held, so that no other list takes its place.
    _known: dict[int, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fragments = {name: FragmentDetails(node, None) for name, node in self.definitions.items()}
        self.template = self._template()
        root = self.schema.get_root_type(self.operation.operation)
        assert root is not None
        try:
            collected = collect_fields(self.schema, self.fragments, self.conditions, root, self.operation)
            plans = self._plans(root, collected.grouped_field_set)
        except (GraphQLError, RecursionError) as fault:
            raise NotCompiled("selection") from fault
        serial = self.operation.operation is OperationType.MUTATION
        groups = [[plan] for plan in plans] if serial else [plans]
        self._steps = [object_function(group, self) for group in groups]

    def root(self, machine: Machine) -> Any:
        """The answer's data, or a coroutine of it. Raises: GraphQLError."""
        if len(self._steps) == 1:
            return self._steps[0](None, None, machine)
        return self._serially(machine)

    async def _serially(self, machine: Machine) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for step in self._steps:
            part = step(None, None, machine)
            answer.update(part if type(part) is dict else await part)
        return answer

    # What completions ask

    def slot(self, object_type: GraphQLObjectType, details: list[Any]) -> Slot:
        """The selection of a type, compiled when it is first run."""
        key = (object_type.name, id(details))
        found = self._slots.get(key)
        if found is None:
            self._known[id(details)] = details
            found = self._slots[key] = Slot(lambda *given: self._first(object_type, details)(*given))
        return found

    def rows(self, plan: FieldPlan, item_type: Any, object_type: GraphQLObjectType, kind: type) -> Complete:
        """The completion of a list of objects, compiled when it is first run."""
        self.slot(object_type, plan.details)
        made: list[Complete] = []

        def run(value: Any, path: Any, at: Any, machine: Machine) -> Any:
            if not made:
                made.append(self._made_rows(plan, item_type, object_type, kind))
            return made[0](value, path, at, machine)

        return run

    def _made_rows(self, plan: FieldPlan, item_type: Any, object_type: GraphQLObjectType, kind: type) -> Complete:
        fields = self._below(object_type, plan.details)
        if fields is None:
            return completion.plain_rows(plan, item_type, self)
        found = completion.class_of(object_type)
        return rows_function(plan, item_type, kind, bool(found and found[1]), fields, self)

    def runs(self, object_type: GraphQLObjectType, details: list[Any]) -> ObjectRun | None:
        """Where graphql-core comes back; None for occurrences that it collected itself."""
        if self._known.get(id(details)) is not details:
            return None
        return self.slot(object_type, details).run

    def _first(self, object_type: GraphQLObjectType, details: list[Any]) -> ObjectRun:
        fields = self._below(object_type, details)
        run = _by_graphql_core(object_type, details) if fields is None else object_function(fields, self)
        self._slots[object_type.name, id(details)].run = run
        return run

    def _below(self, object_type: GraphQLObjectType, details: list[Any]) -> list[FieldPlan] | None:
        """None when there is no more room."""
        if self.room <= 0:
            return None
        collected = collect_subfields(
            self.schema, self.fragments, self.conditions, self.operation, object_type, details
        )
        return self._plans(object_type, collected.grouped_field_set)

    def _plans(self, object_type: GraphQLObjectType, grouped: Mapping[str, list[Any]]) -> list[FieldPlan]:
        plans = []
        for key, details in grouped.items():
            definition = self.schema.get_field(object_type, details[0].node.name.value)
            if definition is not None:
                plan = FieldPlan(key, definition, object_type, details)
                self._known[id(details)] = details
                plan.complete = completion.completion(plan, plan.type, self)
                plans.append(plan)
        self.room -= len(plans)
        return plans

    def _template(self) -> dict[str, Any]:
        """The attributes of a machine that are the same for every run, made by graphql-core's own constructor."""
        made = Machine(
            self.schema,
            self.definitions,
            self.fragments,
            None,
            None,
            self.operation,
            VariableValues({}, {}),
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
        )
        made.runs = self.runs
        head = (self.schema, made.fragment_definitions, None, self.operation)
        end = (is_awaitable, None, made.async_helpers)
        return {**made.__dict__, "root_value": None, "info_ends": (head, end)}


def _by_graphql_core(object_type: GraphQLObjectType, details: list[Any]) -> ObjectRun:
    def run(source: Any, path: Any, machine: Machine) -> Any:
        return Executor.collect_and_execute_subfields(machine, object_type, details, path, source, None)

    return run


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [o for o in operations if name is None or (o.name is not None and o.name.value == name)]
    if len(named) != 1:
        raise NotCompiled("operation")
    if named[0].operation is OperationType.SUBSCRIPTION:
        raise NotCompiled("subscription")
    return named[0]


def _conditions(document: DocumentNode) -> tuple[str, ...]:
    """The variables that `@skip` and `@include` ask. Raises: NotCompiled for what this compiler does not know."""
    names: dict[str, None] = {}
    waiting: list[Any] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        for directive in node.directives or ():
            if directive.name.value not in _CONDITIONS or isinstance(node, OperationDefinitionNode):
                raise NotCompiled("directive")
            names |= {a.value.name.value: None for a in directive.arguments if isinstance(a.value, VariableNode)}
        if isinstance(node, FieldNode) and node.name.value in ("__schema", "__type"):
            raise NotCompiled("introspection")
        if isinstance(node, FragmentDefinitionNode) and node.variable_definitions:
            raise NotCompiled("fragment variables")
        if getattr(node, "selection_set", None):
            waiting.extend(node.selection_set.selections)
    return tuple(sorted(names))
