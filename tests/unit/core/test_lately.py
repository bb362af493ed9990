"""What was looked up lately: no older than it says, and not kept when it changed meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.clock import FixedClock
from core.errors import Unavailable
from core.lately import Lately

FIVE = timedelta(seconds=5)


class _Shelf:
    """Numbers each look-up."""

    def __init__(self) -> None:
        self.looked = 0

    async def look(self) -> int:
        self.looked += 1
        return self.looked


async def test_it_is_as_old_as_it_says_and_no_older(clock: FixedClock) -> None:
    shelf, kept = _Shelf(), Lately[str, int](FIVE, 10)
    assert [await kept.get("a", shelf.look, now=clock.now()) for _ in range(2)] == [1, 1]
    assert await kept.get("b", shelf.look, now=clock.now()) == 2
    clock.advance(seconds=4.999)
    assert await kept.get("a", shelf.look, now=clock.now()) == 1
    clock.advance(seconds=0.001)
    assert await kept.get("a", shelf.look, now=clock.now()) == 3


async def test_what_changed_here_is_looked_up_again_also_what_was_on_its_way(clock: FixedClock) -> None:
    kept, may_answer, now = Lately[str, str](FIVE, 10), asyncio.Event(), clock.now()

    async def slow() -> str:
        await may_answer.wait()
        return "before"

    async def fresh() -> str:
        return "after"

    on_its_way = asyncio.create_task(kept.get("a", slow, now=now))
    await asyncio.sleep(0)
    kept.forget()
    may_answer.set()
    assert await on_its_way == "before"
    assert await kept.get("a", fresh, now=now) == "after"
    assert await kept.get("a", slow, now=now) == "after"


async def test_nothing_is_kept_of_a_look_that_failed_nor_of_more_than_it_holds(clock: FixedClock) -> None:
    shelf, kept, now = _Shelf(), Lately[str, int](FIVE, 2), clock.now()

    async def away() -> int:
        raise Unavailable()

    with pytest.raises(Unavailable):
        await kept.get("a", away, now=now)
    assert [await kept.get(name, shelf.look, now=now) for name in "abc"] == [1, 2, 3]
    assert await kept.get("a", shelf.look, now=now) == 4
