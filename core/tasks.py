"""Work that goes on beside the requests: kept going, and ended for sure.

Rules
- A task that fails is logged and started again: a city does not lose its event relay to one surprise.
- A task is cancelled until it ends. Libraries swallow a cancellation now and then (redis-py does while it
  connects), and a process that waits for such a task would never stop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

_LOG = logging.getLogger(__name__)
_PAUSE_AFTER_FAILURE_S: Final = 1.0
_CANCEL_AGAIN_AFTER_S: Final = 0.25


@asynccontextmanager
async def going_on(work: Mapping[str, Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Keep each named piece of work going while inside; end all of it on leaving."""
    tasks = [asyncio.create_task(_kept_going(name, run), name=name) for name, run in work.items()]
    try:
        yield
    finally:
        pending = set(tasks)
        while pending:
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_AFTER_S)


async def _kept_going(name: str, run: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await run()
            return
        except Exception:
            _LOG.exception("background work failed; it starts again", extra={"facts": {"work": name}})
        await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
