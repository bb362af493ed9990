"""What a query could bring is reckoned before it runs, whatever it is written like."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import parse

from backends.base.cost import FIELDS_MAX, ROWS_MAX
from backends.sensor.cost import TARIFF
from backends.sensor.errors import QueryTooCostly
from backends.sensor.schema import schema
from core.graph import sdl

RANGE = 'property: "pm2_5", from: "2026-01-01T00:00:00Z", to: "2026-11-01T00:00:00Z"'


def refused(query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> tuple[str, int, int]:
    with pytest.raises(QueryTooCostly) as caught:
        TARIFF.bound(parse(query), variables or {}, name)
    return caught.value.counted, caught.value.asked, caught.value.most


def series(aliases: int, first: int) -> str:
    rows = " ".join(f"r{n}: readings({RANGE}, first: {first}) {{ nodes {{ observedAt }} }}" for n in range(aliases))
    return f"{{ stations(first: 100) {{ nodes {{ {rows} }} }} }}"


def test_rows_are_counted_through_every_list() -> None:
    TARIFF.bound(parse(series(1, 199)), {}, None)
    assert refused(series(1, 200)) == ("rows", 100 + 100 * 200, ROWS_MAX)
    assert refused(series(40, 1000)) == ("rows", 100 + 100 * 40 * 1000, ROWS_MAX)


def test_a_list_counts_however_short_it_is() -> None:
    assert refused(series(10, 1)) == ("rows", 100 + 100 * 10 * 20, ROWS_MAX)


def test_lists_within_lists_multiply() -> None:
    query = """{ stations(first: 100) { nodes { district { stations(first: 100) { edges { node {
      district { stations(first: 100) { nodes { code } } } } } } } } } }"""
    assert refused(query) == ("rows", 100 + 100 * 100 + 100 * 100 * 100, ROWS_MAX)


def test_fragments_weigh_where_they_are_spread_and_are_weighed_once() -> None:
    layers = " ".join(
        f"fragment F{n} on Station {{ ...F{n + 1} a{n}: district {{ code }} ...F{n + 1} }}" for n in range(40)
    )
    query = f"{{ stations(first: 20) {{ nodes {{ ...F0 }} }} }} {layers} fragment F40 on Station {{ code }}"
    assert refused(query)[0] == "fields"
    inline = (
        "{ stations(first: 100) { nodes { ... on Station { r: readings("
        + RANGE
        + ", first: 201) { edges { cursor } } } } } }"
    )
    assert refused(inline)[0] == "rows"


def test_fields_are_counted_too() -> None:
    values = " ".join(f"v{n}: value" for n in range(100))
    query = f"{{ stations(first: 100) {{ nodes {{ latest {{ values {{ {values} }} }} }} }} }}"
    each_station = 1 + 1 + 12 * 100
    assert refused(query) == ("fields", 1 + 1 + 100 * each_station, FIELDS_MAX)


def test_a_series_has_one_value_a_row() -> None:
    page = f"readings({RANGE}, first: 1000) {{ nodes {{ observedAt values {{ property {{ id name unit }} value }} }} }}"
    TARIFF.bound(parse(f'{{ station(code: "a") {{ {page} b: {page} }} }}'), {}, None)


QUERY = (
    "query Q($n: Int = 1000, $r: [_Any!]!) { _entities(representations: $r) { ... on Station { r: readings(%s) } } }"
)


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, 30 * 1000),
        ({"n": 999}, 30 * 999),
        ({"n": 10**9}, 30 * 1000),
        ({"n": True}, None),
        ({"n": "1000"}, None),
        ({"n": -5}, None),
        ({"n": 100}, None),
    ],
)
def test_variables_and_their_defaults_count(variables: dict[str, Any], asked: int | None) -> None:
    query = QUERY % f"{RANGE}, first: $n" + "query Other { __typename }"
    variables = {"r": [{"__typename": "Station", "code": str(n)} for n in range(30)], **variables}
    query = query.replace(") } } }", ") { pageInfo { hasNextPage } } } } }", 1)
    if asked is None:
        TARIFF.bound(parse(query), variables, "Q")
    else:
        assert refused(query, variables, "Q") == ("rows", asked, ROWS_MAX)
    TARIFF.bound(parse(query), variables, "Other")


def test_the_lengths_of_pages_are_those_of_the_schema() -> None:
    text = sdl(schema)
    for name, (default, _) in TARIFF.pages.items():
        told = re.findall(rf"\b{name}\([^)]*first: Int! = (\d+)", text)
        assert told
        assert set(told) == {str(default)}
