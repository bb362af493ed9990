"""The city's graph as those see it who do not run it: read once in a process, however many cities it opens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from graphql import DocumentNode, GraphQLSchema, print_schema, validate

from api.composition import SUPERGRAPH
from api.gateway.errors import ValidationFailed
from api.gateway.limits import GatewayLimits, check_size, parse_bounded
from api.gateway.normalize import rules_of
from api.gateway.supergraph import Supergraph
from core.graphql_limits import RULES


@cache
def supergraph() -> Supergraph:
    """Reading it is a third of opening a city. Raises: SupergraphInvalid."""
    return Supergraph.parse(SUPERGRAPH.read_text())


@cache
def sdl() -> str:
    """The graph that clients ask, written down. Raises: SupergraphInvalid."""
    return print_schema(supergraph().schema)


@dataclass(frozen=True, slots=True)
class PublishedGraph:
    """What documents of mini-programs are read against (`miniapps.asking.model.GraphRules`)."""

    @property
    def schema(self) -> GraphQLSchema:
        return supergraph().schema

    def read(self, text: str) -> DocumentNode:
        """Within the engine's own limits: what is too much for it is refused when it is published.

        Raises: DomainError, as the engine's refusals.
        """
        limits = GatewayLimits()
        node = parse_bounded(text, limits)
        check_size(node, limits)
        if refusals := validate(self.schema, node, RULES, max_errors=1):
            raise ValidationFailed(reason=refusals[0].message)
        return node

    def public(self, type_name: str, field_name: str) -> bool:
        """No rule says who may read the field, and it is nobody's personal data, whatever object comes."""
        graph = supergraph()
        if rules_of(graph, type_name, field_name):
            return False
        owners = {type_name, *graph.members(type_name)}
        found = (graph.types[owner].fields.get(field_name) for owner in owners)
        return not any(one.labels for one in found if one is not None)
