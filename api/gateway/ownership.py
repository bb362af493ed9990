"""Who owns a type or a field, as values: what a supergraph says of each, once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.gateway.access import NOBODY, AccessRule
from api.gateway.masking import NO_LABELS, Label


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A field's type: the named type, and the brackets and marks around it (`[!]!`)."""

    named: str
    shape: str

    @staticmethod
    def of(text: str) -> TypeRef:
        named = text.strip("[]!")
        return TypeRef(named=named, shape=text.replace(named, ""))


@dataclass(frozen=True, slots=True)
class Subgraph:
    """name: how operators call it. url: where it answers when it is not in the process (may be empty)."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Key:
    """One `@key`: its field set as written, and whether the subgraph resolves references by it."""

    fields: str
    resolvable: bool


@dataclass(frozen=True, slots=True)
class TypeJoin:
    """What one subgraph knows of a type."""

    keys: tuple[Key, ...] = ()
    interface_object: bool = False


@dataclass(frozen=True, slots=True)
class FieldJoin:
    """What one subgraph knows of a field.

    resolvable: it answers the field by itself (given `requires`); otherwise only where a path `@provides` it.
    """

    type: TypeRef
    resolvable: bool = True
    requires: str = ""
    provides: str = ""


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A field of the supergraph.

    rules: what a reader must satisfy. labels: what personal data it holds. directives: composed ones, by name.
    """

    name: str
    type: TypeRef
    joins: Mapping[str, FieldJoin]
    rules: frozenset[AccessRule] = NOBODY
    labels: frozenset[Label] = NO_LABELS
    directives: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TypeDef:
    """A composite, enum or scalar type. members: the object types it can be at run time, in any subgraph."""

    name: str
    kind: str
    joins: Mapping[str, TypeJoin]
    fields: Mapping[str, FieldDef] = field(default_factory=dict)
    interfaces: Mapping[str, frozenset[str]] = field(default_factory=dict)
    union_members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rules: frozenset[AccessRule] = NOBODY

    @property
    def abstract(self) -> bool:
        return self.kind in ("interface", "union")

    @property
    def composite(self) -> bool:
        return self.abstract or self.kind == "object"
