"""References that the gateway sends to `_entities`, judged one by one: a bad one is null with a coded error.

Strawberry takes what it gets and fails the whole list over one reference. Source: Apollo Federation subgraph
specification, "Resolving entity references".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import GraphQLSchema

from core.errors import BadInput, DomainError

KEY_LENGTH_MAX: Final = 64
# The entities of this subgraph and the field that is each one's key.
KEYS: Final[Mapping[str, str]] = {"District": "code", "Station": "code", "ObservedProperty": "id"}


def judge_references(schema: GraphQLSchema) -> GraphQLSchema:
    """The same schema, whose `_entities` resolves good references beside bad ones."""
    assert schema.query_type is not None
    field = schema.query_type.fields["_entities"]
    assert field.resolve is not None
    field.resolve = _judging(field.resolve)
    return schema


def _judging(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def judged(root: Any, info: Any, *, representations: list[object]) -> list[Any]:
        faults = [_fault(reference) for reference in representations]
        good = [r for r, fault in zip(representations, faults, strict=True) if fault is None]
        found = iter(resolve(root, info, representations=good))
        # An error that stands in a list is the null of its place, and the others stay.
        return [fault if fault is not None else next(found) for fault in faults]

    return judged


def _fault(reference: object) -> DomainError | None:
    if not isinstance(reference, dict):
        return BadInput(field="representations", problem="each must be an object")
    key = KEYS.get(name) if isinstance(name := reference.get("__typename"), str) else None
    if key is None:
        return BadInput(field="representations", problem="__typename names no entity of this subgraph")
    value = reference.get(key)
    if set(reference) != {"__typename", key} or not isinstance(value, str) or len(value) > KEY_LENGTH_MAX:
        return BadInput(field="representations", problem=f"{name} needs {key}, a short string, and nothing else")
    return None
