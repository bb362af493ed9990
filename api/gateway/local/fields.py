"""One field of one selection, as far as it is the same for every request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from graphql.language import FieldNode


@dataclass(slots=True)
class FieldPlan:
    """key: as the client calls it. details: its merged occurrences. head: what its `GraphQLResolveInfo` begins with.

    complete: turns what the resolver gave into the answer; set once the completion is made, since it can hold this.
    """

    key: str
    definition: GraphQLField
    parent: GraphQLObjectType
    details: list[FieldDetails]
    type: Any = field(init=False)
    parent_name: str = field(init=False)
    head: tuple[Any, ...] = field(init=False)
    complete: Callable[..., Any] = field(init=False)

    def __post_init__(self) -> None:
        nodes = [detail.node for detail in self.details]
        self.type = self.definition.type
        self.parent_name = self.parent.name
        self.head = (nodes[0].name.value, nodes, self.type, self.parent)

    @property
    def name(self) -> str:
        return self.node.name.value

    @property
    def node(self) -> FieldNode:
        return self.details[0].node
