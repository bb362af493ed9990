"""References that the gateway sends to `_entities`, judged one by one: a bad one is null with a coded error.

Strawberry takes what it gets and fails the whole list over one reference. Source: Apollo Federation subgraph
specification, "Resolving entity references".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLSchema

from core.errors import BadInput, DomainError

KEY_LENGTH_MAX = 64


def judge_references(schema: GraphQLSchema, *, keys: Mapping[str, str]) -> GraphQLSchema:
    """The same schema, whose `_entities` resolves good references beside bad ones.

    keys: the entities of this subgraph and the field that is each one's key.
    """
    assert schema.query_type is not None
    field = schema.query_type.fields["_entities"]
    assert field.resolve is not None
    field.resolve = _judging(field.resolve, keys)
    return schema


def _judging(resolve: Callable[..., Any], keys: Mapping[str, str]) -> Callable[..., Any]:
    def judged(root: Any, info: Any, *, representations: list[object]) -> list[Any]:
        faults = [_fault(reference, keys) for reference in representations]
        good = [r for r, fault in zip(representations, faults, strict=True) if fault is None]
        found = iter(resolve(root, info, representations=good))
        # An error that stands in a list is the null of its place, and the others stay.
        return [fault if fault is not None else next(found) for fault in faults]

    return judged


def _fault(reference: object, keys: Mapping[str, str]) -> DomainError | None:
    if not isinstance(reference, dict):
        return BadInput(field="representations", problem="each must be an object")
    key = keys.get(name) if isinstance(name := reference.get("__typename"), str) else None
    if key is None:
        return BadInput(field="representations", problem="__typename names no entity of this subgraph")
    value = reference.get(key)
    if set(reference) != {"__typename", key} or not isinstance(value, str) or len(value) > KEY_LENGTH_MAX:
        return BadInput(field="representations", problem=f"{name} needs {key}, a short string, and nothing else")
    return None
