"""The catalogue over GraphQL and as linked data, as the gateway and readers ask for it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import pytest_asyncio

from backends.data import demo
from backends.data.registers import Registers
from backends.data.service import Catalogue
from core.clock import FixedClock
from tests.contract.data.publishing import Door, code


@pytest_asyncio.fixture
async def filled(catalogue: Catalogue, registers: Registers) -> Catalogue:
    assert await demo.load_demo(catalogue=catalogue, records=registers.records) == 372
    return catalogue


SEARCH = """query ($search: String, $theme: DataTheme, $district: ID, $publisher: ID, $first: Int!, $after: String) {
  datasets(search: $search, theme: $theme, district: $district, publisher: $publisher, first: $first, after: $after) {
    totalCount nodes { id } pageInfo { hasNextPage endCursor }
  } }"""


async def search(door: Door, **asked: Any) -> Any:
    return (await door.graphql(SEARCH, {"first": 3, **asked}))["data"]["datasets"]


@pytest.mark.usefixtures("filled")
async def test_a_search_with_conditions_page_by_page(door: Door) -> None:
    found = await search(door, search="空气质量", theme="ENVI", district="110108")
    assert (found["totalCount"], [n["id"] for n in found["nodes"]]) == (1, ["syn-good-air-days-110108"])
    ids: list[str] = []
    after = None
    while True:
        page = await search(door, search="parks", after=after)
        ids += [n["id"] for n in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert (len(ids), len(set(ids)), ids[0]) == (18, 18, "parks")


@pytest.mark.usefixtures("filled")
async def test_a_dataset_in_both_languages(door: Door) -> None:
    query = """{ dataset(id: "parks") { title themeLabel periodicityLabel synthetic rowCount keywords issued
      publisher { code name } licence { code url } contact { name email } coverage { code }
      distributions { format mediaType accessURL } } }"""
    zh = (await door.graphql(query, locale="zh-CN"))["data"]["dataset"]
    en = (await door.graphql(query))["data"]["dataset"]
    assert (zh["title"], zh["themeLabel"], zh["periodicityLabel"]) == ("北京市城市公园名录", "环境", "每年")
    assert (en["title"], en["themeLabel"], en["periodicityLabel"]) == ("City parks of Beijing", "Environment", "Annual")
    assert en["publisher"] == {"code": "11110000000022000L", "name": "Beijing Commission of City Management"}
    assert (en["rowCount"], en["synthetic"], en["issued"], en["coverage"]) == (14, False, "2026-09-01", [])
    assert [d["mediaType"] for d in en["distributions"]] == ["text/csv", "application/json"]


@pytest.mark.usefixtures("filled")
async def test_sixteen_districts_and_what_is_not_there_in_one_request(door: Door) -> None:
    query = """query ($of: [_Any!]!) { _entities(representations: $of) {
      ... on District { datasets(first: 5) { totalCount nodes { id } pageInfo { hasNextPage } } }
      ... on Dataset { id title } } }"""
    districts = [
        "110101",
        "110102",
        "110105",
        "110106",
        "110107",
        "110108",
        "110109",
        *(f"1101{n}" for n in range(11, 20)),
    ]
    of = [{"__typename": "District", "code": code} for code in districts]
    of += [{"__typename": "Dataset", "id": "parks"}, {"__typename": "Dataset", "id": "none"}]
    found = await door.graphql(query, {"of": of})
    assert "errors" not in found
    assert [e["datasets"]["totalCount"] for e in found["data"]["_entities"][:16]] == [22] * 16
    assert found["data"]["_entities"][16:] == [{"id": "parks", "title": "City parks of Beijing"}, None]


@pytest.mark.usefixtures("filled")
async def test_themes_and_facets_are_counted(door: Door) -> None:
    query = """{ datasetThemes { code label count } datasets(search: "interpark", theme: ENVI) { totalCount }
      all: datasets { totalCount facets { publishers { publisher { code } count } } }
      one: datasets(theme: TRAN) { facets { themes { code count } districts { district { code } count } } } }"""
    found = (await door.graphql(query))["data"]
    assert found["datasetThemes"][0] == {"code": "ENVI", "label": "Environment", "count": 68}
    assert sum(t["count"] for t in found["datasetThemes"]) == found["all"]["totalCount"] == 372
    assert sum(p["count"] for p in found["all"]["facets"]["publishers"]) == 372
    assert found["datasets"]["totalCount"] == 0
    assert found["one"]["facets"]["themes"] == [
        {"code": t["code"], "count": t["count"]} for t in found["datasetThemes"]
    ]
    assert {d["count"] for d in found["one"]["facets"]["districts"]} == {3}


MANY_SEARCHES = "{" + " ".join(f'a{n}: datasets(search: "{n}") {{ totalCount }}' for n in range(200)) + "}"
ROUND_AND_ROUND = "{ datasets(first: 100) { nodes { coverage { datasets(first: 100) { nodes { id } } } } } }"


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ('{ datasets(search: "%s") { totalCount } }' % ("水" * 201), "DATA_SEARCH_REFUSED"),
        ('{ datasets(district: "1") { totalCount } }', "DATA_SEARCH_REFUSED"),
        ("{ datasets(first: 101) { totalCount } }", "BAD_USER_INPUT"),
        ("{ datasets(first: 0) { totalCount } }", "BAD_USER_INPUT"),
        ('{ datasets(after: "MTIz") { nodes { id } } }', "BAD_USER_INPUT"),
        ("{ datasets { nodes { secret } } }", "DATA_QUERY_REFUSED"),
        (MANY_SEARCHES, "DATA_QUERY_TOO_COSTLY"),
        (ROUND_AND_ROUND, "DATA_QUERY_TOO_COSTLY"),
        ("{" * 500, "DATA_QUERY_REFUSED"),
    ],
)  # fmt: skip
async def test_a_query_out_of_bounds_is_refused(door: Door, query: str, refusal: str) -> None:
    assert code(await door.graphql(query)) == refusal


@pytest.mark.usefixtures("filled")
async def test_the_linked_catalogue_is_read_page_by_page(door: Door) -> None:
    ids: list[str] = []
    path: str | None = "/catalogue.jsonld"
    while path:
        async with door.session.get(path) as response:
            assert (response.status, response.content_type) == (200, "application/ld+json")
            page = orjson.loads(await response.read())
        assert page["@type"] == "dcat:Catalog"
        ids += [d["@id"] for d in page["dcat:dataset"]]
        following = page["hydra:view"].get("hydra:next")
        path = following and following["@id"].removeprefix("https://data.city.example")
    assert (len(ids), len(set(ids))) == (372, 372)
    assert (await door.send("GET", "/catalogue.jsonld?after=@@@"))[0] == 400


async def test_the_demonstration_is_loaded_once(filled: Catalogue, registers: Registers, clock: FixedClock) -> None:
    clock.advance(seconds=3600)
    assert await demo.load_demo(catalogue=filled, records=registers.records) == 0
    assert await registers.records.mongo.collection("people").count_documents({}) == 8
