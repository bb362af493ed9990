"""A deadline around work that may or may not wait: the same as under `asyncio.timeout`, however the work goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest
import uvloop

from api.gateway.deadline import within

HERE: ContextVar[str] = ContextVar("HERE", default="outside")
LONG = 30.0


def run(loop: str, main: Callable[[], Awaitable[Any]]) -> Any:
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.SelectorEventLoop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())  # type: ignore[arg-type]


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def after(turns: int, value: Any) -> Any:
    for _ in range(turns):
        await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_it_gives_what_the_work_gives(loop: str, turns: int) -> None:
    async def main() -> None:
        assert await within(LONG, after(turns, "done")) == "done"
        with pytest.raises(ValueError, match="wrong"):
            await within(LONG, after(turns, ValueError("wrong")))

    run(loop, main)


def test_work_that_waits_too_long_is_ended_and_may_clean_up(loop: str) -> None:
    seen: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)
            seen.append("cleaned")
            raise

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await within(0.005, endless())
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run(loop, main)
    assert seen == ["cancelled", "cleaned"]


def test_the_deadline_ends_later_waits_as_well_as_the_first(loop: str) -> None:
    async def waits_again() -> None:
        await asyncio.sleep(0)
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await within(0.005, waits_again())

    run(loop, main)


@pytest.mark.parametrize("starts", [True, False])
def test_a_cancel_from_outside_is_a_cancel_and_no_timeout(loop: str, starts: bool) -> None:
    seen: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            seen.append("ended")

    async def main() -> None:
        async def inner() -> None:
            await within(LONG, endless())

        task = asyncio.create_task(inner())
        if starts:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(loop, main)
    assert seen == (["ended"] if starts else [])


def test_a_swallowed_cancel_lets_the_work_go_on(loop: str) -> None:
    async def stubborn() -> str:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
        return "after all"

    async def main() -> Any:
        task = asyncio.create_task(_awaited(within(LONG, stubborn())))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert run(loop, main) == "after all"


async def _awaited(work: Any) -> Any:
    return await work


def test_the_first_step_and_the_rest_run_in_one_task_and_one_context(loop: str) -> None:
    async def work() -> list[Any]:
        first = asyncio.current_task()
        HERE.set("inside")
        await asyncio.sleep(0)
        return [asyncio.current_task() is first, HERE.get()]

    async def main() -> list[Any]:
        found: list[Any] = await within(LONG, work())
        return [*found, HERE.get()]

    assert run(loop, main) == [True, "inside", "inside"]


def test_groups_and_deadlines_within_the_work_keep_their_meaning(loop: str) -> None:
    async def work() -> list[str]:
        seen = []
        try:
            async with asyncio.timeout(0.005):
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            seen.append("inner deadline")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(after(1, ValueError("in the group")))
                await asyncio.get_running_loop().create_future()
        except* ValueError:
            seen.append("group")
        return seen

    async def main() -> Any:
        return await within(LONG, work())

    assert run(loop, main) == ["inner deadline", "group"]


def test_closing_the_caller_closes_the_work() -> None:
    seen: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            seen.append("closed")

    async def main() -> None:
        caller = _awaited(within(LONG, endless()))
        caller.send(None)
        caller.close()

    run("asyncio", main)
    assert seen == ["closed"]
