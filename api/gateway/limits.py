"""How much one request may ask, checked before anything costly is done with it.

Every check is linear in the document: a 100-deep query and 10,000 aliases are refused in bounded time. Each refusal
names its limit. Seam: demand control (`@cost`, `@listSize`) joins here, on the normalised operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import GraphQLError, GraphQLSyntaxError
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

from api.gateway.errors import (
    DocumentTooLarge,
    ParseFailed,
    TooDeep,
    TooManyAliases,
    TooManyDirectives,
    TooManyRootFields,
    TooManyTokens,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLimits:
    """The engine's bounds.

    deadline_s: seconds a subgraph has for one fetch; deadlines_s: the same for named subgraphs.
    plan_budget: ways weighed while planning. plans_max, documents_max: entries kept in the caches; cached_chars: how
    long the documents of all entries of one cache may be together.
    errors_max: errors reported in one answer.
    """

    document_chars: int = 100_000
    tokens: int = 5_000
    depth: int = 30
    aliases: int = 100
    root_fields: int = 50
    directives: int = 100
    fields: int = 20_000
    plan_budget: int = 20_000
    plans_max: int = 1_000
    documents_max: int = 1_000
    cached_chars: int = 4_000_000
    errors_max: int = 1_000
    deadline_s: float = 5.0
    deadlines_s: Mapping[str, float] = field(default_factory=dict)

    def deadline_of(self, service: str) -> float:
        return self.deadlines_s.get(service, self.deadline_s)


def parse_bounded(query: str, limits: GatewayLimits) -> DocumentNode:
    """Parse a document that may be hostile.

    Raises: DocumentTooLarge, TooManyTokens, TooDeep, ParseFailed.
    """
    if len(query) > limits.document_chars:
        raise DocumentTooLarge(limit=limits.document_chars)
    try:
        return parse(query, max_tokens=limits.tokens)
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

    Raises: TooDeep, TooManyAliases, TooManyDirectives, TooManyRootFields.
    """
    aliases = directives = 0
    for node in _nodes(document):
        aliases += isinstance(node, FieldNode) and node.alias is not None
        directives += len(getattr(node, "directives", None) or ())
    if aliases > limits.aliases:
        raise TooManyAliases(limit=limits.aliases)
    if directives > limits.directives:
        raise TooManyDirectives(limit=limits.directives)
    _check_operations(document, limits)


def _check_operations(document: DocumentNode, limits: GatewayLimits) -> None:
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    depths: dict[str, int] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            if len(definition.selection_set.selections) > limits.root_fields:
                raise TooManyRootFields(limit=limits.root_fields)
            if _depth(definition.selection_set, fragments, depths, limits.depth) > limits.depth:
                raise TooDeep(limit=limits.depth)


def _nodes(document: DocumentNode) -> Iterator[Node]:
    """Every definition and selection, without recursion."""
    stack: list[Node] = list(document.definitions)
    while stack:
        node = stack.pop()
        yield node
        below = getattr(node, "selection_set", None)
        stack.extend(below.selections if below else ())


def _depth(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    depths: dict[str, int],
    limit: int,
) -> int:
    """Nesting of fields, fragments spread; stops soon after `limit`. A fragment in a circle counts as flat."""
    deepest = 0
    for node in selections.selections:
        if limit < 0:
            return 1
        if isinstance(node, FragmentSpreadNode):
            deepest = max(deepest, _fragment_depth(node.name.value, fragments, depths, limit))
            continue
        below = getattr(node, "selection_set", None)
        own = int(isinstance(node, FieldNode))
        deepest = max(deepest, own + (_depth(below, fragments, depths, limit - 1) if below else 0))
    return deepest


def _fragment_depth(
    name: str, fragments: Mapping[str, FragmentDefinitionNode], depths: dict[str, int], limit: int
) -> int:
    if name not in depths:
        depths[name] = 0
        fragment = fragments.get(name)
        if fragment is not None:
            depths[name] = _depth(fragment.selection_set, fragments, depths, limit)
    return depths[name]
