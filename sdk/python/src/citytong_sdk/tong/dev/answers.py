"""What the developer's city answers to a program's documents: made of the schema alone, the same each time.

Rules
- What the citizen has not agreed to is null, and told under `withheld`.
- `mocks.json` beside `citytong.toml` says better: `{"Query.stations": […], "Station.name": "天坛"}` by coordinate, or
  `{"LoanList": {"data": {…}}}` by the name of an operation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    default_type_resolver,
    get_named_type,
    graphql_sync,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
    visit,
)

from citytong_sdk.review.operations import document_id

Info: TypeAlias = "GraphQLResolveInfo[Any]"

MOCKS: Final = "mocks.json"
_ROWS: Final = 3
_SCALARS: Final[Mapping[str, Any]] = {
    "Int": 1,
    "Float": 1.5,
    "Boolean": True,
    "ID": "id_1",
    "DateTime": "2026-01-01T08:00:00+08:00",
    "Date": "2026-01-01",
    "JSON": {},
}


class Answering(Protocol):
    """Who answers documents."""

    def answer(
        self, text: str, variables: Mapping[str, Any], allowed: Callable[[str], bool], *, citizen: str
    ) -> dict[str, Any]:
        """text: a document. citizen: the label of whom it is for; empty for nobody."""
        ...

    def personal(self, text: str) -> Mapping[str, str]:
        """The permission of each personal field that a document asks for, by `Type.field`."""
        ...


@dataclass(frozen=True, slots=True)
class Answers:
    """schema: the city's, as SDL; empty where the project has none yet. scopes: the permission that a personal field
    needs, by `Type.field`. mocks: what `mocks.json` says.
    """

    schema: str = field(repr=False)
    scopes: Mapping[str, str]
    mocks: Mapping[str, Any] = field(repr=False)

    def answer(
        self, text: str, variables: Mapping[str, Any], allowed: Callable[[str], bool], *, citizen: str
    ) -> dict[str, Any]:
        """The answer to one document, as `POST /mini/graphql` gives it; the same for every citizen."""
        if not self.schema:
            return refused("UNAVAILABLE", "tong dev has no schema to answer by: `tong typegen` fetches the city's.")
        try:
            document = parse(text)
        except GraphQLError as fault:
            return refused("GRAPHQL_PARSE_FAILED", fault.message)
        schema = _schema(self.schema)
        if faults := validate(schema, document):
            return refused("GRAPHQL_VALIDATION_FAILED", faults[0].message)
        name = next(
            (one.name.value for one in document.definitions if isinstance(one, OperationDefinitionNode) and one.name),
            "",
        )
        if isinstance(whole := self.mocks.get(name), dict) and "data" in whole:
            return {"withheld": [], **whole}
        withheld: set[str] = set()
        resolver = self._resolver(allowed, withheld)
        done = graphql_sync(
            schema, text, variable_values=dict(variables), field_resolver=resolver, type_resolver=_first_type
        )
        told: dict[str, Any] = {"data": done.data, "withheld": sorted(withheld)}
        # A null that a citizen withheld where the schema promises a value is no fault of the program's.
        if done.errors and not withheld:
            told["errors"] = [{"message": one.message, "path": one.path} for one in done.errors]
        return told

    def personal(self, text: str) -> Mapping[str, str]:
        """The permission of each personal field that a document asks for, by `Type.field`."""
        try:
            node = parse(text)
        except GraphQLError:
            return {}
        found: dict[str, str] = {}
        types = TypeInfo(_schema(self.schema)) if self.schema else None
        if types is not None:
            visit(node, TypeInfoVisitor(types, _Fields(types, self.scopes, found)))
        return found

    def _resolver(self, allowed: Callable[[str], bool], withheld: set[str]) -> Callable[..., Any]:
        def resolve(source: Any, info: Info, **_: Any) -> Any:
            coordinate = f"{info.parent_type.name}.{info.field_name}"
            scope = self.scopes.get(coordinate)
            if scope is not None and not allowed(scope):
                withheld.add(coordinate)
                return None
            if isinstance(source, dict) and info.field_name in source:
                return source[info.field_name]
            if coordinate in self.mocks:
                return self.mocks[coordinate]
            return _made(info.return_type, info.field_name, _place(info))

        return resolve


class _Fields(Visitor):
    def __init__(self, types: TypeInfo, scopes: Mapping[str, str], found: dict[str, str]) -> None:
        super().__init__()
        self._types = types
        self._scopes = scopes
        self._found = found

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._types.get_parent_type()
        coordinate = f"{parent.name}.{node.name.value}" if parent else ""
        if scope := self._scopes.get(coordinate):
            self._found[coordinate] = scope


def mocks_of(folder: Path) -> Mapping[str, Any]:
    """Raises: ValueError for a file that is no JSON object."""
    path = folder / MOCKS
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not isinstance(told, dict):
        raise ValueError(f"{MOCKS} must be one object")
    return told


def documents(operations: bytes) -> Mapping[str, str]:
    """The texts of a program's file of operations, by their ids; none where it is not one."""
    try:
        told = json.loads(operations or b"{}").get("documents", [])
    except (ValueError, AttributeError):
        return {}
    return {document_id(text): text for text in told if isinstance(text, str)}


@lru_cache(maxsize=4)
def _schema(text: str) -> GraphQLSchema:
    return build_schema(text, assume_valid=True)


def _made(type_: Any, name: str, place: int) -> Any:
    """A value of `type_` for the field `name`, the `place`-th of its list."""
    if is_non_null_type(type_):
        return _made(type_.of_type, name, place)
    if is_list_type(type_):
        return [_made(type_.of_type, name, row) for row in range(_ROWS)]
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values.values())).value
    if isinstance(named, GraphQLScalarType):
        if named.name == "ID":
            return f"{name}_{place + 1}"
        # A page of a list is its last: a program that reads on would read for ever.
        if name in ("hasNextPage", "hasPreviousPage"):
            return False
        return _SCALARS.get(named.name, f"{name} {place + 1}")
    return {}


def _place(info: Info) -> int:
    return next((step for step in reversed(info.path.as_list()) if isinstance(step, int)), 0)


def _first_type(value: Any, info: Info, abstract: Any) -> Any:
    if isinstance(value, dict) and "__typename" in value:
        return default_type_resolver(value, info, abstract)
    possible = info.schema.get_possible_types(abstract) if is_abstract_type(abstract) else []
    first = next(iter(possible), None)
    return first.name if isinstance(first, GraphQLObjectType) else None


def refused(code: str, message: str, **more: str) -> dict[str, Any]:
    """As the city's door for programs refuses."""
    return {"data": None, "withheld": [], "errors": [{"message": message, "extensions": {"code": code, **more}}]}
