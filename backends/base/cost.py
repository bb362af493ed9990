"""How much a GraphQL request may bring at most, reckoned from its text before anything is loaded.

Rules
- A list is taken to be as long as it may be: `first` rows, every representation, every row of a fixed table.
- Two things are counted: rows, which the database is asked for; and fields, which are worked out one by one while
  nothing else in this process moves.
- A fragment is weighed once for each place that it is spread at, so weighing is quick where running would not be.
- Names are what is known of a field: a backend gives its `Tariff` by field name, the same wherever the field stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import DocumentNode, value_from_ast_untyped
from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from backends.base.errors import QueryTooCostly

ROWS_MAX: Final = 20_000
FIELDS_MAX: Final = 100_000
_ASKED_SHOWN_MAX: Final = 2**31 - 1
LIST_ROWS: Final = 20  # what a list costs at least, however short


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer may hold: rows read from the database, and fields."""

    rows: int = 0
    fields: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.rows + other.rows, self.fields + other.fields)

    def times(self, n: int) -> Cost:
        return Cost(self.rows * n, self.fields * n)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a backend's fields cost, by their names.

    too_costly: the backend's own refusal.
    pages: lists that are read by page: how long when nobody says (`first`), and at most.
    lengths: how long other lists may be; a field that is not named is one thing.
    rows: how many rows a field has read from the database, beside a page's.
    within: lengths that hold instead inside a page of this name, however deep.
    """

    too_costly: type[QueryTooCostly]
    pages: Mapping[str, tuple[int, int]]
    lengths: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    within: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def bound(self, document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None) -> None:
        """Raises: QueryTooCostly. The document is valid for the schema; the variables may be anything."""
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode) and _runs(operation, operation_name):
                cost = _Weighing.of(self, document, operation, variables).cost(operation.selection_set, _TOP)
                self._bound("rows", cost.rows, ROWS_MAX)
                self._bound("fields", cost.fields, FIELDS_MAX)

    def _bound(self, counted: str, asked: int, most: int) -> None:
        if asked > most:
            raise self.too_costly(counted=counted, most=most, asked=min(asked, _ASKED_SHOWN_MAX))

    def length(self, name: str, within: str) -> int:
        """How long the list of this name may be inside the page `within`; 1 for what is no list."""
        return {**self.lengths, **self.within.get(within, {})}.get(name, 1)


def _runs(operation: OperationDefinitionNode, name: str | None) -> bool:
    return not name or (operation.name is not None and operation.name.value == name)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a selection stands. page: how long the list around it is; within: the page around it that has a tariff."""

    page: int = 1
    within: str = ""


_TOP: Final = _Place()


@dataclass(frozen=True, slots=True)
class _Weighing:
    tariff: Tariff
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    known: dict[tuple[str, _Place], Cost] = field(default_factory=dict)

    @classmethod
    def of(
        cls, tariff: Tariff, document: DocumentNode, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> _Weighing:
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        defaults = {
            v.variable.name.value: value_from_ast_untyped(v.default_value)
            for v in operation.variable_definitions or ()
            if v.default_value is not None
        }
        return cls(tariff, fragments, {**defaults, **given})

    def cost(self, selections: SelectionSetNode | None, place: _Place) -> Cost:
        """Of one object with these selections."""
        total = Cost()
        for node in selections.selections if selections else ():
            match node:
                case FieldNode():
                    total += self._field(node, place)
                case FragmentSpreadNode():
                    total += self._fragment(node.name.value, place)
                case InlineFragmentNode():
                    total += self.cost(node.selection_set, place)
        return total

    def _fragment(self, name: str, place: _Place) -> Cost:
        if (name, place) not in self.known:
            self.known[name, place] = self.cost(self.fragments[name].selection_set, place)
        return self.known[name, place]

    def _field(self, node: FieldNode, place: _Place) -> Cost:
        name = node.name.value
        if name in self.tariff.pages:
            page = self._page(node)
            inside = _Place(page, name if name in self.tariff.within else place.within)
            return self.cost(node.selection_set, inside) + Cost(max(page, LIST_ROWS), 1)
        each = self.cost(node.selection_set, _Place(within=place.within))
        return each.times(self._length(node, place)) + Cost(self.tariff.rows.get(name, 0), 1)

    def _length(self, node: FieldNode, place: _Place) -> int:
        match node.name.value:
            case "nodes" | "edges":
                return place.page
            case "_entities":
                asked = self._argument(node, "representations")
                return len(asked) if isinstance(asked, list) else 1
            case name:
                return self.tariff.length(name, place.within)

    def _page(self, node: FieldNode) -> int:
        """As asked, or the default; one out of bounds is refused later, by the field itself."""
        default, most = self.tariff.pages[node.name.value]
        asked = self._argument(node, "first")
        return min(max(asked, 0), most) if isinstance(asked, int) else default

    def _argument(self, node: FieldNode, name: str) -> object:
        written = next((a.value for a in node.arguments or () if a.name.value == name), None)
        return None if written is None else value_from_ast_untyped(written, dict(self.variables))
