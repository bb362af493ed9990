"""How much a GraphQL request may bring at most, reckoned from its text before anything is loaded.

Rules
- A list is taken to be as long as it may be: `first` rows, every representation, every property.
- Two things are counted: rows, which the database is asked for; and fields, which are worked out one by one while
  nothing else in this process moves.
- A fragment is weighed once for each place that it is spread at, so weighing is quick where running would not be.
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

from backends.sensor.aqi import POLLUTANTS
from backends.sensor.errors import QueryTooCostly
from backends.sensor.model import PROPERTIES
from backends.sensor.service import READINGS_PAGE_MAX
from core.paging import PAGE_SIZE_MAX

ROWS_MAX: Final = 20_000
FIELDS_MAX: Final = 100_000
_ASKED_SHOWN_MAX: Final = 2**31 - 1
LIST_ROWS: Final = 20  # what a list costs at least, however short
# The lists that are read by page: how long when nobody says, and at most.
_PAGES: Final = {"stations": (20, PAGE_SIZE_MAX), "readings": (100, READINGS_PAGE_MAX)}
_LENGTHS: Final = {
    "observedProperties": len(PROPERTIES),
    "values": len(PROPERTIES),
    "concentrations": len(POLLUTANTS),
    "primaryPollutants": len(POLLUTANTS),
}
_ROWS: Final = {"latest": 1, "airQuality": 1, "station": 1}


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer may hold: rows read from the database, and fields."""

    rows: int = 0
    fields: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.rows + other.rows, self.fields + other.fields)

    def times(self, n: int) -> Cost:
        return Cost(self.rows * n, self.fields * n)


def bound_cost(document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None) -> None:
    """Raises: QueryTooCostly. The document is valid for the schema; the variables may be anything."""
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode) and _runs(operation, operation_name):
            cost = _Weighing.of(document, operation, variables).cost(operation.selection_set, _TOP)
            _bound("rows", cost.rows, ROWS_MAX)
            _bound("fields", cost.fields, FIELDS_MAX)


def _runs(operation: OperationDefinitionNode, name: str | None) -> bool:
    return not name or (operation.name is not None and operation.name.value == name)


def _bound(counted: str, asked: int, most: int) -> None:
    if asked > most:
        raise QueryTooCostly(counted=counted, most=most, asked=min(asked, _ASKED_SHOWN_MAX))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a selection stands. page: how long the list around it is; series: whether its rows have one value each."""

    page: int = 1
    series: bool = False


_TOP: Final = _Place()


@dataclass(frozen=True, slots=True)
class _Weighing:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    known: dict[tuple[str, _Place], Cost] = field(default_factory=dict)

    @classmethod
    def of(cls, document: DocumentNode, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> _Weighing:
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        defaults = {
            v.variable.name.value: value_from_ast_untyped(v.default_value)
            for v in operation.variable_definitions or ()
            if v.default_value is not None
        }
        return cls(fragments, {**defaults, **given})

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
        if name in _PAGES:
            page = self._page(node)
            inside = _Place(page, place.series or name == "readings")
            return self.cost(node.selection_set, inside) + Cost(max(page, LIST_ROWS), 1)
        each = self.cost(node.selection_set, _Place(series=place.series))
        return each.times(self._length(node, place)) + Cost(_ROWS.get(name, 0), 1)

    def _length(self, node: FieldNode, place: _Place) -> int:
        match node.name.value:
            case "nodes" | "edges":
                return place.page
            case "values" if place.series:
                return 1
            case "_entities":
                asked = self._argument(node, "representations")
                return len(asked) if isinstance(asked, list) else 1
            case name:
                return _LENGTHS.get(name, 1)

    def _page(self, node: FieldNode) -> int:
        """As asked, or the default; one out of bounds is refused later, by the field itself."""
        default, most = _PAGES[node.name.value]
        asked = self._argument(node, "first")
        return min(max(asked, 0), most) if isinstance(asked, int) else default

    def _argument(self, node: FieldNode, name: str) -> object:
        written = next((a.value for a in node.arguments or () if a.name.value == name), None)
        return None if written is None else value_from_ast_untyped(written, dict(self.variables))
