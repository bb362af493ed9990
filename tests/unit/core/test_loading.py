"""What several resolvers of one request load together."""

from __future__ import annotations

import asyncio

import pytest

from core.loading import DataLoader


async def test_who_is_cancelled_leaves_the_others_what_they_load() -> None:
    asked, begun, answered = list[list[int]](), asyncio.Event(), asyncio.Event()

    async def load(keys: list[int]) -> list[str]:
        asked.append(keys)
        begun.set()
        await answered.wait()
        return [f"number {key}" for key in keys]

    loader = DataLoader(load_fn=load)

    async def one(key: int) -> str:
        return await loader.load(key)

    first, second, third = (asyncio.create_task(one(key)) for key in (1, 1, 2))
    await begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    answered.set()
    assert [*await asyncio.gather(second, third, one(1))] == ["number 1", "number 2", "number 1"]
    assert asked == [[1, 2]]


async def test_a_failure_that_nobody_waits_for_any_more_is_no_noise() -> None:
    async def load(keys: list[int]) -> list[str]:
        raise RuntimeError("gone")

    loader = DataLoader(load_fn=load)

    async def one() -> str:
        return await loader.load(1)

    asking = asyncio.create_task(one())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(RuntimeError):
        await loader.load(1)
