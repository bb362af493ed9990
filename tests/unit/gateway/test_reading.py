"""A document is read once: for the door that looks at it, and for the engine that executes it."""

from __future__ import annotations

from typing import Any

import graphql
import pytest
from graphql import DocumentNode, GraphQLSchema

from api.gateway import reading
from api.gateway.errors import ValidationFailed
from api.gateway.limits import GatewayLimits
from api.gateway.reading import Reading
from api.gateway.supergraph import Supergraph
from tests.unit.gateway.conftest import CITY


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that were validated, in order."""
    found: list[str] = []

    def validate(schema: GraphQLSchema, node: DocumentNode, *arguments: Any, **options: Any) -> object:
        found.append(str(node))
        return graphql.validate(schema, node, *arguments, **options)

    monkeypatch.setattr(reading, "validate", validate)
    return found


@pytest.fixture
def known() -> Reading:
    return Reading(Supergraph.parse(CITY), GatewayLimits())


def test_a_look_ahead_serves_the_execution(known: Reading, read: list[str]) -> None:
    seen = known.ahead("{ ping }", None)
    assert known.document("{ ping }", None) is seen
    assert known.ahead("{ ping }", None) is seen
    assert len(read) == 1


def test_a_refusal_that_a_look_met_is_told_without_reading_again(known: Reading, read: list[str]) -> None:
    for look in (known.ahead, known.ahead, known.document):
        with pytest.raises(ValidationFailed):
            look("{ pong }", None)
    assert len(read) == 1
    assert known.ahead("{ ping }", None).kind == "query"
    with pytest.raises(ValidationFailed):
        known.document("{ pong }", None)
    assert len(read) == 3


def test_a_look_is_no_use_and_white_space_makes_no_second_document(known: Reading, read: list[str]) -> None:
    first = known.document("{ ping }", None)
    assert known.document("{  ping  }", None) is first
    assert len(read) == 1
    assert {name: len(cache) for name, cache in known.caches.items()} == {"texts": 2, "documents": 1}
