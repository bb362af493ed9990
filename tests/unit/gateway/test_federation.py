"""The rarer parts of Federation 2, on a small library: interface objects, several and nested keys, chains of
requires, provides, override, values split over subgraphs, unions that differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLSchema

from api.gateway.execute import Answer, Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport
from core.graph import Context
from tests.unit.gateway.conftest import FIXTURES, Recorded, Resolvers, subgraph

WORKS: dict[str, dict[str, object]] = {
    "b1": {"__typename": "Book", "id": "b1", "title": "Tea"},
    "f1": {"__typename": "Film", "id": "f1", "title": "Rain", "minutes": 90},
}
CARDS = {"r1": "card-1", "r2": "card-2"}
IDS = {card: key for key, card in CARDS.items()}


def of_reader(made: dict[str, Any]) -> dict[str, Any]:
    """A reader as the catalogue knows it, from either key."""
    key = made.get("id") or IDS[made["card"]]
    return {"__typename": "Reader", "id": key, "card": CARDS[key]}


def catalogue() -> GraphQLSchema:
    def reference(made: dict[str, Any]) -> Any:
        if made["__typename"] == "Reader":
            return of_reader(made)
        return WORKS[made["id"]] if made["__typename"] in ("Work", "Book", "Film") else made

    resolvers: Resolvers = {
        "Query.works": lambda source, info: list(WORKS.values()),
        "Query.shelf": lambda source, info: {"room": "east", "place": {"floor": 2}},
        "Query.featured": lambda source, info: {**WORKS["b1"], "blurb": "provided"},
        "Query.copies": lambda source, info: [{"book": WORKS["b1"], "number": n} for n in (1, 2)],
    }
    return subgraph((FIXTURES / "library" / "catalogue.graphql").read_text(), resolvers, reference)


def loans() -> GraphQLSchema:
    resolvers: Resolvers = {
        "Query.mostLent": lambda source, info: [{"id": "f1"}, {"id": "b1"}],
        "Query.shelf": lambda source, info: {"place": {"aisle": "K"}},
        "Query.readers": lambda source, info: [{"id": "r1"}, {"id": "r2"}],
        "Work.lent": lambda source, info: {"b1": 7, "f1": 9}[source["id"]],
        "Copy.lentTo": lambda source, info: {"id": "r2"} if source["number"] == 2 else None,
        "Reader.loans": lambda source, info, max: max,
        "Reader.standing": lambda source, info: f"standing({source['spread']})",
        "Reader.greeting": lambda source, info: f"hello {source['label']} {source['standing2']}",
    }
    return subgraph((FIXTURES / "library" / "loans.graphql").read_text(), resolvers, lambda made: made)


def people() -> GraphQLSchema:
    resolvers: Resolvers = {
        "Query.found": lambda source, info: [
            {"__typename": "Reader", "card": "card-1"},
            {"__typename": "Book", "id": "b1"},
        ],
        "Reader.name": lambda source, info: f"name of {source['card']}",
        "Reader.friends": lambda source, info: [{"card": c} for c in IDS if c != source["card"]],
        "Reader.spread": lambda source, info: 3,
        "Reader.label": lambda source, info: "you",
        "Reader.standing2": lambda source, info: f"second({source['standing']})",
        "Book.blurb": lambda source, info: "asked",
        "Book.pages": lambda source, info: 120,
    }
    return subgraph((FIXTURES / "library" / "people.graphql").read_text(), resolvers, lambda made: made)


@dataclass
class Library:
    transports: dict[str, Recorded] = field(
        default_factory=lambda: {
            build.__name__: Recorded(LocalTransport(schema=build())) for build in (catalogue, loans, people)
        }
    )

    async def ask(self, query: str) -> Answer:
        supergraph = Supergraph.parse((FIXTURES / "library.supergraph.graphql").read_text())
        engine = Engine(supergraph=supergraph, transports=dict(self.transports))
        return await engine.execute(query=query, context=Context(request_id="r"))

    def asked(self) -> list[str]:
        return sorted(name for name, transport in self.transports.items() for _ in transport.requests)


ANSWERED: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (
        "a field of an interface object, for objects whose types are known",
        "{ works { title lent } }",
        {"works": [{"title": "Tea", "lent": 7}, {"title": "Rain", "lent": 9}]},
        ["catalogue", "loans"],
    ),
    (
        "an interface object alone needs nobody to say what its objects are",
        "{ mostLent { id lent } }",
        {"mostLent": [{"id": "f1", "lent": 9}, {"id": "b1", "lent": 7}]},
        ["loans"],
    ),
    (
        "what an interface object really is, from the subgraph that knows",
        "{ mostLent { __typename lent ... on Film { minutes } } }",
        {"mostLent": [{"__typename": "Film", "lent": 9, "minutes": 90}, {"__typename": "Book", "lent": 7}]},
        ["catalogue", "loans"],
    ),
    (
        "a field of the interface object wanted of one type only",
        "{ works { id ... on Book { lent pages } } }",
        {"works": [{"id": "b1", "lent": 7, "pages": 120}, {"id": "f1"}]},
        ["catalogue", "loans", "people"],
    ),
    (
        "an overridden field comes from who took it over",
        "{ works { ... on Book { pages } } }",
        {"works": [{"pages": 120}, {}]},
        ["catalogue", "people"],
    ),
    (
        "what a path provides is not asked elsewhere",
        "{ featured { ... on Book { blurb } } }",
        {"featured": {"blurb": "provided"}},
        ["catalogue"],
    ),
    (
        "the same field off that path is asked of its owner",
        "{ works { ... on Book { blurb } } }",
        {"works": [{"blurb": "asked"}, {}]},
        ["catalogue", "people"],
    ),
    (
        "a shared value is put together from the subgraphs that know parts of it",
        "{ shelf { room place { floor aisle } } }",
        {"shelf": {"room": "east", "place": {"floor": 2, "aisle": "K"}}},
        ["catalogue", "loans"],
    ),
    (
        "a key with an object inside",
        "{ copies { number lentTo { loans } } }",
        {"copies": [{"number": 1, "lentTo": None}, {"number": 2, "lentTo": {"loans": 2}}]},
        ["catalogue", "loans"],
    ),
    (
        "a key that clients never see is found through a third subgraph",
        "{ readers { name } }",
        {"readers": [{"name": "name of card-1"}, {"name": "name of card-2"}]},
        ["catalogue", "loans", "people"],
    ),
    (
        "a required field that comes from the one that requires a field of this one",
        "{ readers { greeting } }",
        {"readers": [{"greeting": "hello you second(standing(3))"}] * 2},
        ["catalogue", "loans", "loans", "loans", "people", "people"],
    ),
    (
        "members of a union go on where their fields are",
        "{ found { ... on Reader { loans(max: 5) friends { name } } ... on Book { title } } }",
        {"found": [{"loans": 5, "friends": [{"name": "name of card-2"}]}, {"title": "Tea"}]},
        ["catalogue", "loans", "people"],
    ),
]


@pytest.mark.parametrize(("query", "data", "asked"), [row[1:] for row in ANSWERED], ids=[row[0] for row in ANSWERED])
async def test_federation(query: str, data: dict[str, Any], asked: list[str]) -> None:
    library = Library()
    answer = await library.ask(query)
    assert answer.errors == []
    assert answer.data == data
    assert library.asked() == asked
