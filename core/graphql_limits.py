"""How large a GraphQL document is, and how it is validated in bounded time: for every door that takes documents.

Rules
- A document that was parsed may still be hostile: every walk here uses a list, not recursion, and its work is bounded
  by the document's size (times the depth allowed).
- Validation compares fields of one name pair by pair, so its work grows with the square of the document. Therefore
  selections are counted before it, and comparing has a budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from graphql import OverlappingFieldsCanBeMergedRule, ValidationContext, specified_rules
from graphql.language import (
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
)

COMPARISONS_MAX: Final = 25_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a document holds as it is written, fragments not spread.

    selections: fields, inline fragments, spreads and definitions together.
    """

    selections: int
    aliases: int
    directives: int


def size_of(document: DocumentNode) -> Size:
    nodes = list(_nodes(document))
    return Size(
        selections=len(nodes),
        aliases=sum(isinstance(node, FieldNode) and node.alias is not None for node in nodes),
        directives=sum(len(_directives(node)) for node in nodes),
    )


def deeper_than(document: DocumentNode, depth_max: int) -> bool:
    """True when any field or any input value lies deeper than `depth_max`; a fragment cycle counts as endless."""
    return _fields_deeper_than(document, depth_max) or _values_deeper_than(document, depth_max)


def _fields_deeper_than(document: DocumentNode, depth_max: int) -> bool:
    """Each fragment is entered once a depth, so the work is the document's size times `depth_max` at most."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    waiting: list[tuple[DefinitionNode | SelectionNode, int]] = [(node, 0) for node in document.definitions]
    seen: set[tuple[str, int]] = set()
    while waiting:
        node, depth = waiting.pop()
        if depth > depth_max:
            return True
        for child in _selections(node):
            if isinstance(child, FragmentSpreadNode):
                name = child.name.value
                # A spread counts as a level, so that a cycle of fragments ends here too.
                if name in fragments and (name, depth + 1) not in seen:
                    seen.add((name, depth + 1))
                    waiting.append((fragments[name], depth + 1))
            else:
                waiting.append((child, depth + isinstance(child, FieldNode)))
    return False


def _values_deeper_than(document: DocumentNode, depth_max: int) -> bool:
    waiting = [(value, 0) for node in _nodes(document) for value in _values(node)]
    while waiting:
        value, depth = waiting.pop()
        if depth > depth_max:
            return True
        if isinstance(value, ListValueNode):
            waiting.extend((item, depth + 1) for item in value.values)
        elif isinstance(value, ObjectValueNode):
            waiting.extend((item.value, depth + 1) for item in value.fields)
    return False


def _nodes(document: DocumentNode) -> Iterator[Node]:
    """Every definition and every selection."""
    waiting: list[DefinitionNode | SelectionNode] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(_selections(node))


def _selections(node: DefinitionNode | SelectionNode) -> tuple[SelectionNode, ...]:
    below = getattr(node, "selection_set", None)
    return tuple(below.selections) if below else ()


def _values(node: Node) -> Iterator[ValueNode]:
    """The input values written at a node: arguments, its directives' arguments, defaults of variables."""
    variables = (node.variable_definitions or ()) if isinstance(node, OperationDefinitionNode) else ()
    yield from (v.default_value for v in variables if v.default_value is not None)
    holders = chain((node,), _directives(node), *(_directives(v) for v in variables))
    yield from (argument.value for holder in holders for argument in getattr(holder, "arguments", None) or ())


def _directives(node: Node) -> tuple[DirectiveNode, ...]:
    return tuple(getattr(node, "directives", None) or ())


class BudgetedMergeRule(OverlappingFieldsCanBeMergedRule):
    """The specification's field merging, given up (the document is then invalid) after `COMPARISONS_MAX` steps."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = COMPARISONS_MAX


RULES: Final = tuple(
    BudgetedMergeRule if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)
