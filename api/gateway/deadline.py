"""A deadline that costs nothing where nothing is waited for.

The first step of the work runs in the caller's own task, as any `await` would run it; only work that then waits is put
under `asyncio.timeout`, which takes a timer of the loop. What the first step waits for is handed to the task after
the timer is set, and nothing in between gives the loop a turn, so cancellation, context variables and the task's own
protocol are those of a plain `await`. Time counts from the first wait: no clock can end what does not let the loop run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


@coroutine
def within(seconds: float, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """What `work` gives. Raises: TimeoutError when it waits longer than `seconds`."""
    try:
        awaited = work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    return (yield from _timed(seconds, work, awaited).__await__())


async def _timed(seconds: float, work: Coroutine[Any, Any, T], awaited: Any) -> T:
    async with asyncio.timeout(seconds):
        return await _resumed(work, awaited)


@coroutine
def _resumed(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """`yield from work`, from where it stands: it already waits for `awaited`. Source: PEP 380."""
    try:
        while True:
            try:
                sent = yield awaited
            except GeneratorExit:
                work.close()
                raise
            except BaseException as fault:
                awaited = work.throw(fault)
            else:
                awaited = work.send(sent)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
