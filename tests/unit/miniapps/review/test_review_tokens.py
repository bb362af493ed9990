"""JavaScript cut into words: what is code, what is text, and where neither can be told."""

from __future__ import annotations

import pytest

from miniapps.review.javascript import BAD, NAME, REGEX, STRING, TEMPLATE, Script
from miniapps.review.sources import Source


def script(text: str) -> Script:
    return Script(Source("a.js", text))


def words(text: str, kind: int) -> list[str]:
    read = script(text)
    return [read.word(token) for token in range(len(read)) if read.kind(token) == kind]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a / b / c", []),
        ("a = /b/g", ["/b/g"]),
        ("return /[/]/", ["/[/]/"]),
        ("if (a) /b/.test(c)", ["/b/"]),
        ("a.if(b) / c / d", []),
        ("(a) / b / c", []),
        ("a++ / b / c", []),
        ("x = ++/b/.c", ["/b/"]),
        ("({}) / b / c", []),
        ("{} /b/.test(c)", ["/b/"]),
        ("typeof /b/", ["/b/"]),
        ("`${/b/}`", ["/b/"]),
    ],
)
def test_a_slash_divides_or_begins_a_regular_expression(text: str, found: list[str]) -> None:
    assert words(text, REGEX) == found
    assert script(text).faults == []


def test_names_strings_and_templates_are_read_with_their_escapes() -> None:
    assert words(r"\u0065val(\u{65}val)", NAME) == ["eval", "eval"]
    read = script(r"""'\x65\u0076al' "a\
b" `c${d}e`""")
    assert [value for _, value in read.literals()] == ["eval", "ab", "c", "e"]
    assert read.literal(0) == "eval"
    assert read.literal(2) is None  # `c${`


def test_comments_are_no_code() -> None:
    assert words("a // eval\n/* eval\n */ b", NAME) == ["a", "b"]


def test_a_template_within_a_template_ends_where_it_ends() -> None:
    assert words("`a${`b${c}d` + {e: 1}.e}f` + g", NAME) == ["c", "e", "e", "g"]
    assert words("`a${`b`}c`", TEMPLATE) == ["`a${", "`b`", "}c`"]


@pytest.mark.parametrize(
    "text", ["'a", '"a\nb"', "`a", "/* a", "a )", "(a", "x = /a", "a <!-- b", "--> a", "a }", "\\"]
)
def test_what_cannot_be_read_is_a_fault_at_its_place(text: str) -> None:
    read = script(text)
    assert len(read.faults) >= 1
    assert read.faults[0][0] <= len(text)


def test_goes_to_is_an_operator() -> None:
    assert script("while (i-->0) {}").faults == []


def test_brackets_know_each_other() -> None:
    read = script("f(a, [b], {c})")
    assert read.closing(1) == len(read) - 1
    assert read.word(read.closing(4)) == "]"


def test_a_fault_costs_its_line_alone() -> None:
    assert words("'a\nb", NAME) == ["b"]
    assert len(words("'a\nb", BAD)) == 1
    assert words("'a'", STRING) == ["'a'"]
