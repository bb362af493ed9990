"""The cache that a flood of one-time entries does not empty."""

from __future__ import annotations

import random

import pytest

from core.bounded import Bounded


def test_what_was_asked_for_again_outlives_a_flood() -> None:
    cache: Bounded[str, str] = Bounded(10, 1_000)
    for name in ("a", "b"):
        cache.put(name, name, weight=1)
        assert cache.get(name) == name
    for number in range(100):
        cache.put(str(number), "", weight=1)
    assert (cache.get("a"), cache.get("b"), cache.get("91"), len(cache)) == ("a", "b", None, 10)
    assert (cache.hits, cache.misses) == (4, 1)


def test_a_look_is_no_use() -> None:
    cache: Bounded[str, str] = Bounded(2, 100)
    cache.put("a", "a", weight=1)
    assert (cache.peek("a"), cache.peek("b"), cache.hits, cache.misses) == ("a", None, 0, 0)
    cache.put("b", "b", weight=1)
    cache.put("c", "c", weight=1)
    assert (cache.get("a"), cache.get("c")) == (None, "c")


def test_proven_entries_leave_room_for_others() -> None:
    cache: Bounded[int, int] = Bounded(10, 1_000)
    for number in range(10):
        cache.put(number, number, weight=1)
        cache.get(number)
    cache.put(10, 10, weight=1)
    # Of ten that were proven the first two are on trial again; the oldest of them had to go.
    assert [cache.get(n) for n in range(11)] == [None, *range(1, 11)]


def test_an_entry_put_again_weighs_what_it_weighs_now() -> None:
    cache: Bounded[str, str] = Bounded(10, 100)
    for name in ("a", "b", "c"):
        cache.put(name, name, weight=20)
    cache.get("a")
    cache.put("a", "A", weight=70)
    assert (cache.weight, cache.get("a"), cache.get("b"), cache.get("c")) == (90, "A", None, "c")
    cache.put("a", "A", weight=101)
    assert (cache.weight, len(cache), cache.get("a")) == (20, 1, None)


def test_what_outweighs_the_cache_is_not_kept_and_displaces_nothing() -> None:
    cache: Bounded[str, str] = Bounded(10, 100)
    cache.put("a", "a", weight=100)
    assert cache.put("b", "b", weight=101) == "b"
    assert (cache.get("a"), cache.get("b"), cache.weight) == ("a", None, 100)


@pytest.mark.parametrize("entries_max", [1, 2, 7])
def test_bounds_hold_whatever_is_put_and_asked(entries_max: int) -> None:
    draw = random.Random(entries_max)
    cache: Bounded[int, int] = Bounded(entries_max, 50)
    held: dict[int, int] = {}
    for _ in range(5_000):
        key = draw.randint(0, 12)
        if draw.random() < 0.5:
            weight = draw.randint(0, 60)
            cache.put(key, key, weight=weight)
            held[key] = weight
        elif cache.get(key) is None:
            held.pop(key, None)
        assert len(cache) <= entries_max and cache.weight <= 50
    kept = [key for key in list(held) if cache.get(key) is not None]
    assert (len(kept), sum(held[key] for key in kept)) == (len(cache), cache.weight)


def test_popular_entries_are_found_more_often_than_a_plain_lru_finds_them() -> None:
    draw = random.Random(4)
    popular = draw.choices(range(1_000), [1 / (rank + 1) for rank in range(1_000)], k=20_000)
    asked = [key if draw.random() < 0.5 else -number for number, key in enumerate(popular, 1)]
    cache: Bounded[int, int] = Bounded(100, 100)
    lru: dict[int, None] = {}
    ours = plain = 0
    for key in asked:
        if cache.get(key) is not None:
            ours += 1
        else:
            cache.put(key, key, weight=1)
        if key in lru:
            plain += 1
            del lru[key]
        lru[key] = None
        if len(lru) > 100:
            del lru[next(iter(lru))]
    assert ours > 1.2 * plain
