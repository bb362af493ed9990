"""What the city publishes of itself: whole, when it changed, again when it failed; against the real data department."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, build_schema, parse, validate, visit

from api.composition import SUPERGRAPH
from api.publications import PAGES_MAX, PUBLICATIONS, Publication, Publisher, chores
from backends.data import app
from backends.data.app import Department, Settings
from backends.data.keys import grants_of
from backends.data.records import Records
from backends.data.registers import Registers
from backends.data.service import Catalogue
from backends.data.shelf import Question
from backends.data.store import CatalogueStore
from backends.data.vocabulary import Format
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from core.tasks import going_on
from tests.support.waiting import until

KEY = "the-city's-key"


def station(code: str, *values: tuple[str, float], synthetic: bool = True) -> dict[str, Any]:
    measured = [{"property": {"id": id}, "value": value} for id, value in values]
    latest = {"observedAt": "2026-11-22T04:00:00+00:00", "values": measured} if values else None
    return {
        "code": code,
        "name": f"{code} 站",
        "synthetic": synthetic,
        "district": {"code": "110101"},
        "latest": latest,
    }


ANSWERS: dict[str, Any] = {
    "stations": {
        "nodes": [station("a", ("pm2_5", 35.0), ("co", 0.4)), station("silent")],
        "pageInfo": {"hasNextPage": False, "endCursor": "a"},
    },
    "reportStatistics": {
        "byDistrict": [{"district": {"code": "110101"}, "total": 7, "open": 2, "medianResolvedS": None}],
        "byCategory": [{"category": {"code": "road", "name": "道路破损", "group": "市政"}, "total": 7, "open": 2}],
    },
    "licenceTypes": [
        {"code": "X" * 21, "name": "居住证", "version": 1, "issuer": {"code": "11110000000021000D", "name": "公安局"},
         "validMonths": 12},
    ],
}  # fmt: skip


@dataclass
class Graph:
    """A graph that answers what it is told to. asked: every operation, with its variables."""

    data: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(ANSWERS))
    errors: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((query, variables))
        wanted = {name: value for name, value in self.data.items() if name in query}
        return {"data": wanted, "errors": self.errors} if self.errors else {"data": wanted}


@pytest_asyncio.fixture
async def catalogue(mongo: Mongo, clock: FixedClock) -> Catalogue:
    store = CatalogueStore(mongo)
    await store.prepare()
    return Catalogue(store, clock, "https://data.city.example")


@pytest_asyncio.fixture
async def url(catalogue: Catalogue, cipher: FieldCipher, ids: Ids) -> AsyncIterator[str]:
    """Where the data department listens."""
    registers = Registers(Records(catalogue.store.mongo, cipher), ids, catalogue.clock)
    settings = Settings(mongo_url="", grants=grants_of(f"citytong:publish={KEY}"))
    async with app.serving(settings, Department(catalogue, registers)) as base:
        yield base


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
def publisher(graph: Graph, http: aiohttp.ClientSession, url: str, clock: FixedClock) -> Publisher:
    return Publisher(graph.ask, http, url, KEY, clock, PUBLICATIONS)


async def published(catalogue: Catalogue) -> dict[str, int]:
    """Version by id of everything in the catalogue."""
    return {dataset.id: dataset.version for dataset in (await catalogue.find(Question())).matches}


async def rows(catalogue: Catalogue, id: str) -> list[list[Any]]:
    found: list[list[Any]] = orjson.loads(await catalogue.rows(id=id, format=Format.JSON))["rows"]
    return found


async def test_every_publication_becomes_a_dataset(publisher: Publisher, catalogue: Catalogue) -> None:
    await publisher.publish_due()
    assert await published(catalogue) == {p.id: 1 for p in PUBLICATIONS}
    at = "2026-11-22T04:00:00+00:00"
    assert await rows(catalogue, "city-sensor-readings") == [
        ["a", "a 站", "110101", at, "pm2_5", 35.0, True],
        ["a", "a 站", "110101", at, "co", 0.4, True],
    ]
    assert await rows(catalogue, "city-reports-by-district") == [["110101", "东城区", 7, 2, None]]
    assert await rows(catalogue, "city-reports-by-category") == [["road", "道路破损", "市政", 7, 2]]
    assert await rows(catalogue, "city-licence-types") == [["X" * 21, "居住证", 1, "11110000000021000D", "公安局", 12]]
    readings, types = await catalogue.datasets(["city-sensor-readings", "city-licence-types"])
    assert readings is not None and readings.entry.synthetic
    assert types is not None and not types.entry.synthetic


async def test_what_changed_is_sent_when_it_is_due(
    publisher: Publisher, catalogue: Catalogue, graph: Graph, clock: FixedClock
) -> None:
    await publisher.publish_due()
    asked = len(graph.asked)
    await publisher.publish_due()  # not due yet
    assert len(graph.asked) == asked
    graph.data["reportStatistics"]["byDistrict"][0]["open"] = 3
    clock.advance(seconds=300)
    await publisher.publish_due()
    assert len(graph.asked) == 2 * asked
    assert {id: v for id, v in (await published(catalogue)).items() if v > 1} == {"city-reports-by-district": 2}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda graph: graph.errors.append({"message": "x", "extensions": {"code": "UNAVAILABLE"}}),
        lambda graph: graph.data.update(stations=None),
        lambda graph: graph.data["stations"]["nodes"][0].pop("latest"),
        lambda graph: graph.data["stations"].update(pageInfo=None),
        lambda graph: graph.data["stations"].update(pageInfo={"hasNextPage": True, "endCursor": "a"}),  # without an end
        lambda graph: graph.data["stations"]["nodes"][0]["latest"]["values"][0].update(value="much"),
        lambda graph: graph.data["stations"]["nodes"].clear(),
    ],
)
async def test_an_answer_that_is_not_whole_publishes_nothing(
    publisher: Publisher, catalogue: Catalogue, graph: Graph, clock: FixedClock, spoil: Any
) -> None:
    await publisher.publish_due()
    standing = await rows(catalogue, "city-sensor-readings")
    graph.data["stations"]["nodes"][0]["latest"]["values"][0]["value"] = 99.0
    good = copy.deepcopy(graph.data)
    spoil(graph)
    clock.advance(seconds=300)
    await publisher.publish_due()
    assert await rows(catalogue, "city-sensor-readings") == standing
    graph.data, graph.errors = good, []
    clock.advance(seconds=300)
    await publisher.publish_due()
    assert (await rows(catalogue, "city-sensor-readings"))[0][5] == 99.0
    assert len(graph.asked) < 3 * (len(PUBLICATIONS) + PAGES_MAX)


async def test_pages_are_published_together(publisher: Publisher, catalogue: Catalogue, graph: Graph) -> None:
    second = {
        "nodes": [station("b", ("co", 1.0), synthetic=False)],
        "pageInfo": {"hasNextPage": False, "endCursor": "b"},
    }
    graph.data["stations"]["pageInfo"] = {"hasNextPage": True, "endCursor": "cursor-a"}
    ask = graph.ask

    async def paged(query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        answer = await ask(query, variables)
        return {"data": {"stations": second}} if variables.get("after") == "cursor-a" else answer

    await Publisher(paged, publisher.http, publisher.url, KEY, publisher.clock, PUBLICATIONS).publish_due()
    assert [row[0] for row in await rows(catalogue, "city-sensor-readings")] == ["a", "a", "b"]


async def test_a_department_that_refuses_is_asked_again_and_nothing_secret_is_logged(
    publisher: Publisher, catalogue: Catalogue, graph: Graph, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = Publisher(graph.ask, publisher.http, publisher.url, "wrong-key", publisher.clock, PUBLICATIONS)
    nowhere = Publisher(graph.ask, publisher.http, "http://127.0.0.1:1", KEY, publisher.clock, PUBLICATIONS)
    for failing in (wrong, nowhere, wrong):
        await failing.publish_due()
    assert await published(catalogue) == {}
    facts = [record.__dict__["facts"] for record in caplog.records if record.name == "api.publications"]
    assert [f["publication"] for f in facts] == [p.id for p in PUBLICATIONS] * 3
    assert facts[0]["problem"] == "the data department answers 401"
    assert "wrong-key" not in caplog.text and KEY not in repr(publisher)
    await publisher.publish_due()
    assert len(await published(catalogue)) == len(PUBLICATIONS)


async def test_what_the_department_lost_comes_back(
    publisher: Publisher, catalogue: Catalogue, clock: FixedClock
) -> None:
    await publisher.publish_due()
    for id in await published(catalogue):
        await catalogue.withdraw(by="citytong", id=id)
    clock.advance(seconds=6 * 3600)
    await publisher.publish_due()
    assert set(await published(catalogue)) == {p.id for p in PUBLICATIONS}


async def test_the_chore_publishes_at_once(publisher: Publisher, catalogue: Catalogue) -> None:
    async def there() -> bool:
        publisher.clock.advance(seconds=1)  # type: ignore[attr-defined]
        return len(await published(catalogue)) == len(PUBLICATIONS)

    async with going_on(chores(publisher)):
        await until(there, what="the city's datasets")


class Unsaid(Visitor):
    """Gathers the fields of a query that the graph does not call public."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types, self.found = types, list[str]()

    def enter_field(self, asked: FieldNode, *_: Any) -> None:
        field, parent = self.types.get_field_def(), self.types.get_parent_type()
        nodes = [thing.ast_node for thing in (field, parent) if thing is not None]
        said = [directive.name.value for node in nodes if node for directive in node.directives or ()]
        if "public" not in said:
            self.found.append(asked.name.value)


@pytest.mark.parametrize("publication", PUBLICATIONS, ids=lambda p: p.id)
def test_the_queries_ask_the_citys_graph_for_what_is_public(publication: Publication) -> None:
    """A field that a room renames or closes is noticed here and not by the chore's log."""
    graph, query = build_schema(SUPERGRAPH.read_text(), assume_valid_sdl=True), parse(publication.query)
    assert [fault.message for fault in validate(graph, query)] == []
    types = TypeInfo(graph)
    unsaid = Unsaid(types)
    visit(query, TypeInfoVisitor(types, unsaid))
    assert unsaid.found == []
