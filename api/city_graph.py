"""The city's graph as those see it who do not run it: read once in a process, however many cities it opens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from graphql import GraphQLSchema

from api.composition import SUPERGRAPH
from api.gateway.normalize import rules_of
from api.gateway.supergraph import Supergraph


@cache
def supergraph() -> Supergraph:
    """Reading it is a third of opening a city. Raises: SupergraphInvalid."""
    return Supergraph.parse(SUPERGRAPH.read_text())


@dataclass(frozen=True, slots=True)
class PublishedGraph:
    """What documents of mini-programs are read against (`miniapps.asking.model.GraphRules`)."""

    @property
    def schema(self) -> GraphQLSchema:
        return supergraph().schema

    def public(self, type_name: str, field_name: str) -> bool:
        """No rule says who may read the field, and it is nobody's personal data, whatever object comes."""
        graph = supergraph()
        if rules_of(graph, type_name, field_name):
            return False
        owners = {type_name, *graph.members(type_name)}
        found = (graph.types[owner].fields.get(field_name) for owner in owners)
        return not any(one.labels for one in found if one is not None)
