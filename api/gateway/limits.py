"""How much one request may ask, checked before anything costly is done with it.

Every check is linear in the document: a 100-deep query and 10,000 aliases are refused in bounded time. What grows
faster has a count of its own: fields once fragments are spread, and steps of planning. Each refusal names its limit.
What an operation asks of subgraphs has an estimate of its own, in `demand`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from graphql import GraphQLError, GraphQLSyntaxError
from graphql.language import DocumentNode, OperationDefinitionNode, parse

from api.gateway.errors import (
    DocumentTooLarge,
    ParseFailed,
    PlanTooCostly,
    TooDeep,
    TooManyAliases,
    TooManyDirectives,
    TooManyRootFields,
    TooManySelections,
    TooManyTokens,
)
from core.graphql_limits import deeper_than, size_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLimits:
    """The engine's bounds.

    depth: levels of fields, and of input values, whether they are written or come as variables.
    selections: fields, fragments and spreads as they are written; fields: the same once fragments are spread.
    plan_budget: steps of planning, see `Budget`. A large query (7 levels over 4 subgraphs, 16 fetches) takes 69 fields
    and 300 steps; 1,000 fields and 5,000 steps are about 0.1 s of one core.
    plans_max, documents_max: entries kept in the caches; cached_bytes: how much of memory the entries of one
    cache may take together.
    cost_max: the most that an operation may cost by its estimate (`demand`); None: as much as it likes.
    list_size: how long a list is taken to be where the supergraph has no `@listSize`.
    errors_max: errors reported in one answer. masked_max: masked fields named in one answer.
    deadline_s: seconds a subgraph has for one fetch; deadlines_s: the same for named subgraphs.
    """

    document_chars: int = 100_000
    tokens: int = 5_000
    depth: int = 30
    aliases: int = 100
    root_fields: int = 50
    directives: int = 100
    selections: int = 500
    fields: int = 1_000
    plan_budget: int = 5_000
    plans_max: int = 1_000
    documents_max: int = 1_000
    cached_bytes: int = 64 * 1024 * 1024
    cost_max: int | None = None
    list_size: int = 10
    errors_max: int = 1_000
    masked_max: int = 100
    deadline_s: float = 5.0
    deadlines_s: Mapping[str, float] = field(default_factory=dict)

    def deadline_of(self, service: str) -> float:
        return self.deadlines_s.get(service, self.deadline_s)


_NESTING: Final = frozenset({dict, list})


def parse_bounded(query: str, limits: GatewayLimits) -> DocumentNode:
    """Parse a document that may be hostile.

    Raises: DocumentTooLarge, TooManyTokens, TooDeep, ParseFailed.
    """
    if len(query) > limits.document_chars:
        raise DocumentTooLarge(limit=limits.document_chars)
    try:
        # Nobody asks where a node stood; the tokens of a document take twice as much memory as its nodes.
        return parse(query, max_tokens=limits.tokens, no_location=True)
    except GraphQLSyntaxError as error:
        if "tokens" in error.message and str(limits.tokens) in error.message:
            raise TooManyTokens(limit=limits.tokens) from None
        if "nested too deeply" in error.message:
            raise TooDeep(limit=limits.depth) from None
        raise ParseFailed(reason=error.message) from None
    except GraphQLError as error:
        raise ParseFailed(reason=error.message) from None


def check_size(document: DocumentNode, limits: GatewayLimits) -> None:
    """Refuse a document that asks too much, before validation (whose cost grows faster than the document).

    Raises: TooManySelections, TooManyAliases, TooManyDirectives, TooManyRootFields, TooDeep.
    """
    size = size_of(document)
    if size.aliases > limits.aliases:
        raise TooManyAliases(limit=limits.aliases)
    if size.directives > limits.directives:
        raise TooManyDirectives(limit=limits.directives)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            if len(definition.selection_set.selections) > limits.root_fields:
                raise TooManyRootFields(limit=limits.root_fields)
    if size.selections > limits.selections:
        raise TooManySelections(limit=limits.selections)
    if deeper_than(document, limits.depth):
        raise TooDeep(limit=limits.depth)


def check_values(values: Sequence[object], limits: GatewayLimits) -> None:
    """Refuse variables that are nested deeper than what is written in a document may be.

    Raises: TooDeep.
    """
    level: list[Any] = [value for value in values if type(value) in _NESTING]
    depth = 0
    while level:
        depth += 1
        if depth > limits.depth:
            raise TooDeep(limit=limits.depth)
        below = chain.from_iterable(value.values() if type(value) is dict else value for value in level)
        level = [value for value in below if type(value) in _NESTING]


@dataclass(slots=True)
class Budget:
    """The work that planning one operation may cost, in steps; every stage after normalising draws on the same."""

    limit: int
    spent: int = 0

    def spend(self, steps: int = 1) -> None:
        """Raises: PlanTooCostly."""
        self.spent += steps
        if self.spent > self.limit:
            raise PlanTooCostly(limit=self.limit)
