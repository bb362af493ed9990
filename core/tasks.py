"""Work that goes on beside the requests: kept going, and ended for sure.

Rules
- A task that fails is logged and started again: a city does not lose its event relay to one surprise.
- A task is cancelled until it ends. On Python 3.11 a cancel that meets a finished wait can be lost inside a driver
  (cpython issues 86296 and 91048; seen with PyMongo 4.20, whose reply came in the same turn, and with redis-py while it
  connects), and a process that waits for such a task would never stop.
- What must not be cut off half-way runs to its end in a task of its own; its caller is cancelled after that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

R = TypeVar("R")
Work: TypeAlias = Callable[[], Awaitable[None]]

_LOG = logging.getLogger(__name__)
_PAUSE_AFTER_FAILURE_S: Final = 1.0
_CANCEL_AGAIN_AFTER_S: Final = 0.4
_END_WITHIN_S: Final = 10.0


@asynccontextmanager
async def going_on(work: Mapping[str, Work]) -> AsyncIterator[None]:
    """Keep each named piece of work going while inside; end all of it on leaving."""
    tasks = [asyncio.create_task(_kept_going(name, run), name=name) for name, run in work.items()]
    try:
        yield
    finally:
        if not await ended(tasks, within_s=_END_WITHIN_S):
            left = [task.get_name() for task in tasks if not task.done()]
            _LOG.error("background work did not end", extra={"facts": {"work": left}})


def every(seconds: float, work: Callable[[], Awaitable[object]]) -> Work:
    """A piece of work for `going_on` that does `work` at once and then again after each pause.

    work: does what is due and nothing twice: other processes do the same. A fault is logged and the next turn comes.
    """

    async def turns() -> None:
        while True:
            raise_if_cancelled()
            await work()
            await asyncio.sleep(seconds)

    return turns


async def ended(tasks: Collection[asyncio.Task[Any]], *, within_s: float) -> bool:
    """Cancel the tasks, again and again, until all have ended or the time is up; True when they have."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    left = {task for task in tasks if not task.done()}
    while left and (remaining := deadline - loop.time()) > 0:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(_CANCEL_AGAIN_AFTER_S, remaining))
    return not left


class Unbroken:
    """Runs what must not be cut off half-way, each in a task of its own: a caller who is cancelled stops waiting, and
    the work goes on.
    """

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, R]) -> R:
        """What `work` gives. Raises: what it raises, and at once when the caller is cancelled."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def ended(self, *, within_s: float) -> None:
        """Wait for all that is under way, and no longer than that."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within_s)


async def to_its_end(work: Coroutine[Any, Any, R]) -> R:
    """Await `work`, which never learns that its caller was cancelled: that is raised when `work` has ended.

    work: bounds its own time, for nothing else will.
    """
    task, cancelled = asyncio.create_task(work), None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as fault:
            cancelled = fault
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # looked at, so that nobody is told that it was not
    raise cancelled


def raise_if_cancelled() -> None:
    """For the top of an endless loop: notice a cancel that was lost further down."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError()


async def _kept_going(name: str, run: Work) -> None:
    while True:
        raise_if_cancelled()
        try:
            await run()
            return
        except Exception:
            _LOG.exception("background work failed; it starts again", extra={"facts": {"work": name}})
        await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
