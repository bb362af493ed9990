"""How text is cut into terms, and how much of a question is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.data.terms import TERMS_MAX, folded, question_terms, terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("空气质量", ["空气", "气质", "质量"]),
        ("水", ["水"]),
        ("公园 park", ["公园", "park"]),
        ("ＰＭ２．５浓度", ["pm2", "5", "浓度"]),
        ("Café STATIONS", ["cafe", "station"]),
        ("cities", ["city"]),
        ("gas status analysis class bus", ["gas", "status", "analysis", "class", "bus"]),
        ("the quality of the air", ["quality", "air"]),
        ("地铁10号线", ["地铁", "10", "号线"]),
        ("𠀀𠀁", ["𠀀𠀁"]),
        ("!!! ---", []),
        ("", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert list(terms_of(text)) == terms


def test_a_single_character_is_a_term_of_what_asks_for_it() -> None:
    assert list(terms_of("水质", single=True)) == ["水质", "水", "质"]


@pytest.mark.parametrize(("text", "same"), [("Ａ", "a"), ("É", "e"), ("ﬁ", "fi"), ("Ⅳ", "iv"), ("北京", "北京")])
def test_what_makes_no_difference(text: str, same: str) -> None:
    assert folded(text) == same


@given(st.text(max_size=400))
def test_a_question_has_a_bounded_number_of_terms_each_once(text: str) -> None:
    found = question_terms(text)
    assert len(found) == len(set(found)) <= TERMS_MAX
    assert all(0 < len(term) <= 40 for term in found)
