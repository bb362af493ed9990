"""What is asked, as values: selections by type, and the places where their fields stand.

- A `Selection` says, for every object type a place can hold, which fields are wanted there. Fields that several types
  want alike are one `Field` with all those types, so an interface with many implementers stays small.
- A `Place` is a path in the merged internal answer. Each field gets a key there: the client's response key, or that
  with a suffix where types of one place use it for different fields or shapes.
Seam: `@defer` (a label on `Selection`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from graphql.language import FieldNode

from api.gateway.masking import NOTHING
from api.gateway.supergraph import Supergraph

INTROSPECTION: Final = frozenset({"__schema", "__type"})
Shapes: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """A field's name with its arguments as they are printed, `delivery(zip: $zip)`, and the variables they use."""

    name: str
    arguments: str = ""
    variables: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.name + self.arguments


@dataclass(slots=True)
class Place:
    """A path in the internal answer: which keys stand there and what they hold."""

    claims: dict[str, tuple[Call, dict[str, str]]] = field(default_factory=dict)
    children: dict[str, Place] = field(default_factory=dict)
    response_keys: dict[str, str] = field(default_factory=dict)

    def claim(self, wanted: str, call: Call, shapes: Shapes) -> str:
        """The key for a client's field: `wanted`, or `wanted__1` … where `wanted` holds something else."""
        for key in _suffixed(wanted):
            if self._fits(key, call, shapes):
                self.response_keys[key] = wanted
                return key
        raise AssertionError("unreachable: the suffixes never end")

    def claim_inner(self, call: Call, shapes: Shapes) -> str:
        """The key for a field that the engine needs for itself; one that a client already asks for is reused."""
        for key, (held, _) in self.claims.items():
            if held == call and self._fits(key, call, shapes):
                return key
        return next(key for key in _suffixed(call.name) if self._fits(key, call, shapes))

    def child(self, key: str) -> Place:
        return self.children.setdefault(key, Place())

    def _fits(self, key: str, call: Call, shapes: Shapes) -> bool:
        held = self.claims.get(key)
        if held is None:
            self.claims[key] = (call, dict(shapes))
            return True
        if held[0] != call or any(held[1].get(graph, shape) != shape for graph, shape in shapes.items()):
            return False
        held[1].update(shapes)
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One wanted field. types: the object types it is wanted on. key: where it stands; empty in a field set.

    denied: the reader is refused it. mask: how it is masked, one of `masking.MASKS` or `NOTHING`; empty: in clear.
    """

    response_key: str
    key: str
    call: Call
    types: frozenset[str]
    sub: Selection | None = None
    denied: bool = False
    mask: str = ""

    @property
    def fetched(self) -> bool:
        """Whether a subgraph is asked for it, as far as the reader goes."""
        return not self.denied and self.mask != NOTHING

    def narrowed(self, sub: Selection | None) -> Field:
        """The same field with less below it."""
        return Field(self.response_key, self.key, self.call, self.types, sub, self.denied, self.mask)


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is wanted at one place. by_type: the client's fields in the client's order, for each possible type."""

    fields: tuple[Field, ...]
    by_type: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)

    @property
    def planned(self) -> tuple[Field, ...]:
        """The fields that subgraphs have to answer."""
        return tuple(f for f in self.fields if f.fetched and f.call.name not in INTROSPECTION)


@dataclass(frozen=True, slots=True)
class Normalized:
    """One operation, ready to be planned. introspection: its `__schema` and `__type` fields, for the public schema."""

    kind: str
    name: str
    root_type: str
    selection: Selection
    place: Place
    introspection: tuple[FieldNode, ...]


def masked_paths(selection: Selection) -> tuple[tuple[str, ...], ...]:
    """The response keys down to each masked field, in the selection's order, each once; lists are left out."""
    found: dict[tuple[str, ...], None] = {}
    for wanted in selection.fields:
        if wanted.mask:
            found[(wanted.response_key,)] = None
        elif wanted.sub is not None:
            found.update(((wanted.response_key, *below), None) for below in masked_paths(wanted.sub))
    return tuple(found)


def shapes(supergraph: Supergraph, type_name: str, field_name: str) -> dict[str, str]:
    """Brackets and marks around a field's type, by subgraph: what must agree for two fields to share a key."""
    definition = supergraph.field_of(type_name, field_name)
    return {graph: join.type.shape for graph, join in definition.joins.items()} if definition else {}


def _suffixed(name: str) -> Iterator[str]:
    yield name
    number = 1
    while True:
        yield f"{name}__{number}"
        number += 1
