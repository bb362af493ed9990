"""How the resolver of a field is called: by attribute, as the Strawberry function itself, or as graphql-core calls it.

Only what Strawberry's own converter made is taken apart, and only where nothing stands between the field and its
function: no field extension (permissions are extensions), no exception handler, no other default resolver. Everything
else is called whole, through `field.resolve`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction, isfunction, ismethod
from typing import Any, Final, TypeAlias

from graphql import GraphQLSchema
from graphql.execution.executor import default_field_resolver
from graphql.pyutils import Path
from strawberry.federation import Schema as FederationSchema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.utils.inspect import get_func_args

from api.gateway.local.arguments import called_arguments, literal_arguments, unchangeable
from api.gateway.local.fields import FieldPlan
from api.gateway.local.machine import Machine, info_of
from core.references import Schema as CitySchema
from core.references import in_places, together_of

# (source, path of the field, machine) → what the resolver gives.
Call: TypeAlias = Callable[[Any, Path, Machine], Any]

_BACKREF: Final = "strawberry-definition"
_MADE_BY: Final = "strawberry.schema.schema_converter"


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value stands on the source under a name of ours."""

    name: str


@dataclass(frozen=True, slots=True)
class Direct:
    """The function itself, with what it takes: the source first or by name, the info by name, ready arguments.

    info: makes Strawberry's info of graphql-core's; None where the function takes none.
    """

    function: Callable[..., Any]
    first: bool
    by_name: tuple[str, ...]
    info_name: str
    info: Callable[[Any], Any] | None
    arguments: dict[str, Any]
    awaited: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """A call that does everything, arguments included."""

    call: Call


Way: TypeAlias = Attribute | Direct | Whole


def way_of(plan: FieldPlan, schema: GraphQLSchema) -> Way:
    strawberry = _strawberry_field(plan, schema)
    if strawberry is None:
        return Whole(_as_graphql_core(plan))
    if strawberry.base_resolver is None:
        return Attribute(strawberry.python_name)
    return _direct(plan, strawberry, schema)


def _strawberry_field(plan: FieldPlan, schema: GraphQLSchema) -> StrawberryField | None:
    """The Strawberry field, if its function or attribute is all that there is to it."""
    resolve, field = plan.definition.resolve, plan.definition.extensions.get(_BACKREF)
    known = getattr(schema, "_strawberry_schema", None)
    if known is None or not isinstance(field, StrawberryField) or getattr(resolve, "__module__", "") != _MADE_BY:
        return None
    plain = type(field).get_result is StrawberryField.get_result and not field.extensions
    if not plain or field.is_subscription or known.schema_converter.exception_handlers:
        return None
    return field if field.base_resolver is not None or field.default_resolver is getattr else None


def _as_graphql_core(plan: FieldPlan) -> Call:
    resolve = plan.definition.resolve or default_field_resolver
    literal = literal_arguments(plan)
    if literal is not None:
        return lambda source, path, machine: resolve(source, info_of(plan, path, machine), **literal)
    arguments = called_arguments(plan)

    def call(source: Any, path: Path, machine: Machine) -> Any:
        return resolve(source, info_of(plan, path, machine), **arguments(machine.variable_values))

    return call


def _direct(plan: FieldPlan, field: StrawberryField, schema: GraphQLSchema) -> Way:
    resolver = field.base_resolver
    assert resolver is not None
    function = resolver.wrapped_func
    if not (isfunction(function) or ismethod(function)):
        return Whole(_as_graphql_core(plan))
    if field.is_async and not iscoroutinefunction(function):
        return Whole(_as_graphql_core(plan))
    converter = schema._strawberry_schema.schema_converter  # type: ignore[attr-defined]
    if getattr(function, "__func__", None) in (FederationSchema.entities_resolver, CitySchema.entities_resolver):
        own = isinstance(getattr(function, "__self__", None), CitySchema)
        return Whole(_entities(plan, field, converter, own=own))
    by_name = tuple(dict.fromkeys(p.name for p in (resolver.parent_parameter, resolver.root_parameter) if p))
    info_name = resolver.info_parameter.name if resolver.info_parameter else ""
    literal = literal_arguments(plan)
    ready = None if literal is None else _converted(field, converter, literal, None)
    direct = Direct(
        function=function,
        first=resolver.self_parameter is not None,
        by_name=by_name,
        info_name=info_name,
        info=_info_maker(converter.config.info_class, field) if info_name else None,
        arguments=ready or {},
        awaited=field.is_async,
    )
    if ready is not None and unchangeable(ready):
        return direct
    return Whole(_with_arguments(plan, direct, field, converter))


def _info_maker(kind: Any, field: StrawberryField) -> Callable[[Any], Any]:
    return lambda info: kind(_raw_info=info, _field=field)


def _converted(field: StrawberryField, converter: Any, values: dict[str, Any], info: Any) -> dict[str, Any]:
    return convert_arguments(
        values, field.arguments, scalar_registry=converter.scalar_registry, config=converter.config, info=info
    )


def _with_arguments(plan: FieldPlan, direct: Direct, field: StrawberryField, converter: Any) -> Call:
    """Arguments are coerced by graphql-core's rules, then made into Strawberry's input types, for every call."""
    arguments, info_made = called_arguments(plan), _info_maker(converter.config.info_class, field)

    def call(source: Any, path: Path, machine: Machine) -> Any:
        values = arguments(machine.variable_values)
        info = info_made(info_of(plan, path, machine))
        try:
            given = _converted(field, converter, values, info)
        except Exception as error:
            if direct.awaited:
                # Strawberry converts inside the coroutine, so the fields beside it have begun by then.
                return _raising(error)
            raise
        for name in direct.by_name:
            given[name] = source
        if direct.info_name:
            given[direct.info_name] = info
        return direct.function(source, **given) if direct.first else direct.function(**given)

    return call


async def _raising(error: Exception) -> None:
    raise error


# Entities


@dataclass(frozen=True, slots=True)
class _Entity:
    """resolve: None where Strawberry itself makes the entity of its keys. together: its `resolve_references`."""

    resolve: Callable[..., Any] | None
    takes_info: bool
    together: Callable[..., Any] | None


def _entities(plan: FieldPlan, field: StrawberryField, converter: Any, *, own: bool) -> Call:
    """Strawberry's `_entities`, without taking each representation and each signature apart again.

    All references are begun before any is awaited, so a loader has them in one batch. together: only the city's own
    schema asks a type for all of its references at once.
    """
    arguments, info_made = called_arguments(plan), _info_maker(converter.config.info_class, field)
    whole = _as_graphql_core(plan)
    known: dict[str, _Entity] = {}

    def entity(name: str) -> _Entity:
        found = known.get(name)
        if found is None:
            origin = converter.type_map[name].definition.origin
            resolve = getattr(origin, "resolve_reference", None)
            takes = resolve is not None and "info" in get_func_args(resolve)
            found = known[name] = _Entity(resolve, takes, together_of(origin) if own else None)
        return found

    def call(source: Any, path: Path, machine: Machine) -> Any:
        representations = next(iter(arguments(machine.variable_values).values()))
        if not all(type(r) is dict and type(r.get("__typename")) is str for r in representations):
            return whole(source, path, machine)
        kinds = [entity(r["__typename"]) for r in representations]
        if not all(kind.resolve or kind.together for kind in kinds):
            return whole(source, path, machine)
        info = info_made(info_of(plan, path, machine))
        if not any(kind.together for kind in kinds):
            return [_begun(kind, r, info) for kind, r in zip(kinds, representations, strict=True)]
        return in_places(
            representations,
            together=lambda name: known[name].together,
            info=info,
            alone=lambda r: _begun(known[r["__typename"]], r, info),
        )

    return call


def _begun(entity: _Entity, representation: dict[str, Any], info: Any) -> Any:
    """The entity, an awaitable of it, or the error as a value."""
    keys = {name: value for name, value in representation.items() if name != "__typename"}
    if entity.takes_info:
        keys["info"] = info
    assert entity.resolve is not None
    try:
        return entity.resolve(**keys)
    except Exception as error:
        return error
