"""One run of a compiled operation, and what generated code calls when a value is out of the ordinary.

`Machine` is graphql-core's own executor with two things changed: how one is made (a copy of a template, since most of
it is the same for every request), and that the fields of an object are executed by generated code. Everything that
code hands over (errors, completion of odd values, gathering) is inherited, so it behaves as it does there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import CoroutineType
from typing import Any, Final, TypeAlias

from graphql import GraphQLError, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.executor import CollectedErrors
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, gather_with_cancel, is_awaitable

from api.gateway.local.fields import FieldPlan
from core.graphql_runs import TidyExecutor

# (source, path of the object, machine) → the object, or a coroutine that gives it.
ObjectRun: TypeAlias = Callable[[Any, Path | None, "Machine"], Any]
# (value, path of the value, path of the field, machine) → the completed value, or an awaitable of it.
Complete: TypeAlias = Callable[[Any, Path | None, Path, "Machine"], Any]


@dataclass(slots=True)
class Slot:
    """An object's selection; `run` is generated when it is first called."""

    run: ObjectRun


new: Final = tuple.__new__


class Machine(TidyExecutor):
    """One run. tail: what every `GraphQLResolveInfo` of it ends with.

    Generated code notes in `made` what stands behind a wrapper: the wrapper itself is in a task, or in what was noted.
    """

    tail: tuple[Any, ...]
    runs: Callable[[GraphQLObjectType, list[Any]], ObjectRun | None]

    def collect_and_execute_subfields(
        self, return_type: GraphQLObjectType, field_details_list: Any, path: Path, result: Any, position_context: Any
    ) -> Any:
        """Where graphql-core comes back to the fields of an object: generated code again, while there is room."""
        run = self.runs(return_type, field_details_list)
        if run is None:
            return super().collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        return run(result, path, self)


def started(template: dict[str, Any], variables: VariableValues, context: Any) -> Machine:
    """A machine for one request. template: the attributes that are the same for every request."""
    machine = Machine.__new__(Machine)
    attributes = machine.__dict__
    attributes.update(template)
    attributes["variable_values"] = variables
    attributes["context_value"] = context
    attributes["collected_errors"] = CollectedErrors()
    attributes["made"] = []
    attributes["background_futures"] = set()
    attributes["_relevant_sub_fields"] = {}
    head, end = template["info_ends"]
    attributes["tail"] = (*head, variables, context, *end)
    return machine


def info_of(plan: FieldPlan, path: Path, machine: Machine) -> GraphQLResolveInfo[Any]:
    return new(GraphQLResolveInfo, (*plan.head, path, *machine.tail))


def field_path(plan: FieldPlan, above: Path | None) -> Path:
    return new(Path, (above, plan.key, plan.parent_name))


# What generated code calls


def failed(plan: FieldPlan, error: Exception, above: Path | None, machine: Machine) -> None:
    """A field failed: it is null, or, where it may not be, the error travels on."""
    machine.handle_field_error(error, plan.type, plan.details, field_path(plan, above))


# Each takes the keys that are to be awaited so far (None: none) and gives the value with the keys from here on.
Awaited: TypeAlias = list[Any] | None


def finished(
    plan: FieldPlan, value: Any, above: Path | None, machine: Machine, keys: Awaited, key: Any
) -> tuple[Any, Awaited]:
    """Complete what a resolver gave: the value, or a coroutine of it."""
    path = field_path(plan, above)
    if is_awaitable(value):
        machine.made.append(value)
        return _awaited(plan, value, path, machine), noted(keys, key)
    completed = plan.complete(value, path, path, machine)
    if is_awaitable(completed):
        machine.made.append(completed)
        return _settled(plan, completed, path, machine), noted(keys, key)
    return completed, keys


def pending(
    plan: FieldPlan, value: Any, above: Path | None, machine: Machine, keys: Awaited, key: Any
) -> tuple[Any, Awaited]:
    """A coroutine that completes what the awaitable `value` gives."""
    machine.made.append(value)
    return _awaited(plan, value, field_path(plan, above), machine), noted(keys, key)


def settling(
    plan: FieldPlan, completed: Any, above: Path | None, machine: Machine, keys: Awaited, key: Any
) -> tuple[Any, Awaited]:
    """The coroutine of an object whose fields are awaited, guarded as a field."""
    machine.made.append(completed)
    return _settled(plan, completed, field_path(plan, above), machine), noted(keys, key)


def noted(keys: Awaited, key: Any) -> list[Any]:
    if keys is None:
        return [key]
    keys.append(key)
    return keys


async def _awaited(plan: FieldPlan, value: Awaitable[Any], path: Path, machine: Machine) -> Any:
    try:
        completed = plan.complete(await value, path, path, machine)
        if type(completed) is CoroutineType or is_awaitable(completed):
            completed = await completed
    except Exception as error:
        machine.handle_field_error(error, plan.type, plan.details, path)
        return None
    return completed


async def _settled(plan: FieldPlan, completed: Awaitable[Any], path: Path, machine: Machine) -> Any:
    try:
        return await completed
    except Exception as error:
        machine.handle_field_error(error, plan.type, plan.details, path)
        return None


def settled_item(plan: FieldPlan, item_type: Any, completed: Awaitable[Any], path: Path, machine: Machine) -> Any:
    """The coroutine of one row of a list, guarded as a row."""
    machine.made.append(completed)
    return _settled_item(plan, item_type, completed, path, machine)


async def _settled_item(
    plan: FieldPlan, item_type: Any, completed: Awaitable[Any], path: Path, machine: Machine
) -> Any:
    try:
        return await completed
    except Exception as error:
        machine.handle_field_error(error, item_type, plan.details, path)
        return None


def odd_item(
    plan: FieldPlan, item_type: Any, item: Any, rows: list[Any], index: int, list_path: Path, at: Path, machine: Machine
) -> bool:
    """Complete a row by graphql-core's rules and add it to `rows`. True when it is to be awaited."""
    path = new(Path, (list_path, index, None))
    info = info_of(plan, at, machine)
    if machine.is_awaitable(item):
        rows.append(machine.complete_awaitable_list_item_value(item, item_type, plan.details, info, path, None))
        return True
    return machine.complete_list_item_value(item, rows, item_type, plan.details, info, path, None)


def abandon(machine: Machine, awaited: list[Any], rest: Sequence[Any]) -> None:
    """An error travels on: what is under way beside it is settled in the background."""
    awaited.extend(item for item in rest if is_awaitable(item))
    if awaited:
        machine.settle_in_background(awaited)


async def joined(answer: Any, keys: list[Any]) -> Any:
    """`answer`, with what is awaited at `keys` (of an object, or places of a list) put in."""
    if len(keys) == 1:
        (key,) = keys
        answer[key] = await answer[key]
        return answer
    for key, value in zip(keys, await gather_with_cancel(*(answer[key] for key in keys)), strict=True):
        answer[key] = value
    return answer


def located(machine: Machine, error: GraphQLError) -> None:
    machine.collected_errors.add(error, None)
