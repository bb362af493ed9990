"""Ending tasks for sure.

One cancel is not enough: on Python 3.11 a cancel that meets a finished wait can be lost inside a driver (cpython
issues 86296 and 91048; seen with PyMongo 4.20, whose reply came in the same turn), and the task runs on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

_AGAIN_S: Final = 0.4


async def ended(tasks: Collection[asyncio.Task[Any]], *, within_s: float) -> bool:
    """Cancel the tasks, again and again, until all have ended or the time is up; True when they have."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    left = {task for task in tasks if not task.done()}
    while left and (remaining := deadline - loop.time()) > 0:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(_AGAIN_S, remaining))
    return not left


def raise_if_cancelled() -> None:
    """For the top of an endless loop: notice a cancel that was lost further down."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError()
