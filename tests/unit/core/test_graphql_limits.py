"""How large a document is, told without recursion and in bounded work."""

from __future__ import annotations

import pytest
from graphql import build_schema, parse, validate

from core.graphql_limits import COMPARISONS_MAX, RULES, Size, deeper_than, size_of


@pytest.mark.parametrize(
    ("document", "depth"),
    [
        ("{a}", 1),
        ("{a{b{c}}}", 3),
        ("{a{...on T{b{... {c}}}}}", 3),
        ("query{a} mutation{a{b{c{d}}}}", 4),
        ("fragment F on T{b{c}} {a{...F}}", 4),  # a spread counts as a level
    ],
)
def test_depth_is_counted_through_fragments(document: str, depth: int) -> None:
    assert not deeper_than(parse(document), depth)
    assert deeper_than(parse(document), depth - 1)


def test_a_cycle_of_fragments_is_endless() -> None:
    assert deeper_than(parse("fragment A on T{...B} fragment B on T{a{...A}} {...A}"), 100)


def test_many_spreads_of_one_fragment_are_walked_once_a_depth() -> None:
    layers = "".join(f"fragment F{n} on T{{{f'...F{n + 1} ' * 50}}}" for n in range(14)) + "fragment F14 on T{a}"
    assert not deeper_than(parse(layers + "{...F0}"), 16)


@pytest.mark.parametrize(
    ("document", "depth"),
    [
        ("{a(b: 1)}", 1),
        ("{a(b: [1])}", 1),
        ("{a(b: [[{c: [1]}]])}", 4),
        ("{a @b(c: [[1]])}", 2),
        ("query ($v: I = [[[1]]]) {a}", 3),
        ("query ($v: I @b(c: [[1]])) {a}", 2),
    ],
)
def test_depth_is_counted_in_values_too(document: str, depth: int) -> None:
    assert not deeper_than(parse(document), depth)
    assert deeper_than(parse(document), depth - 1)


def test_inline_fragments_do_not_hide_depth() -> None:
    assert deeper_than(parse("{" + "...{" * 100 + "a{b{c}}" + "}" * 101), 2)


def test_everything_that_is_written_counts() -> None:
    document = parse("query($v: I) {a: b @c ...F ...{d}} fragment F on T @e @f {g: h}")
    assert size_of(document) == Size(selections=7, aliases=2, directives=3)


def test_comparing_fields_pair_by_pair_has_a_budget() -> None:
    schema = build_schema("type Query {a: Query b: Int}")
    pairs = COMPARISONS_MAX // 2
    few, many = "{" + "a{b} " * 50 + "}", "{" + "a{b} " * 400 + "}"
    assert 50 * 49 < pairs < 400 * 399 // 2
    assert validate(schema, parse(few), RULES) == []
    assert [fault.message for fault in validate(schema, parse(many), RULES)] == ["Validation aborted."]
