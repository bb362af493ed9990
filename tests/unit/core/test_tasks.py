"""Background work: started again when it fails, ended even when it swallows a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from core import tasks
from core.tasks import going_on, to_its_end


async def test_work_that_fails_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_PAUSE_AFTER_FAILURE_S", 0)
    starts = 0
    third = asyncio.Event()

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts < 3:
            raise ValueError("a surprise")
        third.set()
        await asyncio.Event().wait()

    async with going_on({"work": work}):
        await asyncio.wait_for(third.wait(), 20)
    assert starts == 3


async def test_work_that_swallows_a_cancellation_ends_all_the_same() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    async def leave() -> None:
        async with going_on({"stubborn": stubborn}):
            await asyncio.sleep(0)

    await asyncio.wait_for(leave(), 10)
    assert swallowed == 3


async def test_what_runs_to_its_end_outlasts_its_callers_cancellation() -> None:
    may_end, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await may_end.wait()
        ended.set()

    caller = asyncio.create_task(to_its_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(caller, 5)
    assert ended.is_set()


async def test_what_runs_to_its_end_gives_its_result_or_its_fault() -> None:
    async def work(fault: Exception | None) -> int:
        if fault:
            raise fault
        return 7

    assert await to_its_end(work(None)) == 7
    with pytest.raises(ValueError, match="half-way"):
        await to_its_end(work(ValueError("half-way")))
