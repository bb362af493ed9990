"""Which programs a search finds, and in which order; and what a release may become."""

from __future__ import annotations

import itertools

import pytest

from core.locale import Locale
from miniapps.releases.errors import CannotChange
from miniapps.releases.model import Category, Program, ReleaseState, Words, check_becomes, found


def program(app_id: str, zh: str, en: str, *, about: str = "", category: Category = Category.OTHER) -> Program:
    words = {Locale.ZH_CN: Words(zh, zh, ""), Locale.EN: Words(en, en, about)}
    return Program(app_id, "k", "mpo_1", category, words, "", "1.0", 1, 1, "mpr_1")


PROGRAMS = [
    program("org.city.air", "空气质量", "Air near me", category=Category.ENVIRONMENT),
    program("org.city.code", "城市码", "City code", about="Who scanned it, and the air"),
    program("org.fair", "集市", "Fair", category=Category.COMMERCE),
]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", ["org.city.air", "org.city.code", "org.fair"]),
        ("air", ["org.city.air", "org.fair", "org.city.code"]),
        ("ＡＩＲ near", ["org.city.air"]),
        ("城市", ["org.city.code"]),
        ("质量", ["org.city.air"]),
        ("org.fair", ["org.fair"]),
        ("library", []),
    ],
)
def test_names_that_begin_so_come_first(search: str, expected: list[str]) -> None:
    rows = found(PROGRAMS, search=search, category=None, locale=Locale.EN)
    assert [one.program.app_id for one in rows] == expected


def test_a_category_narrows_it() -> None:
    rows = found(PROGRAMS, search="air", category=Category.COMMERCE, locale=Locale.ZH_CN)
    assert [one.program.app_id for one in rows] == ["org.fair"]


def test_what_a_release_may_become() -> None:
    states = ReleaseState
    allowed = {
        *((states.TRIAL, after) for after in states if after is not states.TRIAL),
        (states.ROLLING, states.RELEASED),
        (states.ROLLING, states.SUPERSEDED),
        (states.ROLLING, states.REVOKED),
        (states.RELEASED, states.SUPERSEDED),
        (states.RELEASED, states.REVOKED),
        # The one after it was rolled back.
        (states.SUPERSEDED, states.RELEASED),
        (states.SUPERSEDED, states.REVOKED),
    }
    for before, after in itertools.product(states, states):
        if (before, after) in allowed:
            check_becomes(before, after)
        else:
            with pytest.raises(CannotChange):
                check_becomes(before, after)
