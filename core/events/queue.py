"""The queue between relays and workers: pydocket on Redis Streams. The only module that knows pydocket.

Rules
- Only a delivery's id goes through Redis, never a payload: pydocket logs calls and pickles arguments.
- The queue may lose everything; the rows in MongoDB are the truth. So nothing of a run is kept (`execution_ttl` 0),
  pydocket's own retries are not used, and the task given to it never raises.
- An id that is queued or running is not queued twice; one that has run may be queued again.
Source: pydocket 0.27 worker.py, _redelivery.py; docs/decisions/0003-state-and-event-are-one-transaction.md
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

from docket import Disposition, Docket, Worker
from redis.exceptions import RedisError

from core.events.model import Limits
from core.tasks import ended

_LOG = logging.getLogger(__name__)
_TASK: Final = "deliver"

# A worker renews its hold on a message four times in this span, so a killed worker's messages come back after five
# seconds however long a handler may take. Its row may be busy for longer: then the early copy does nothing.
_REDELIVERY: Final = timedelta(seconds=5)
# pydocket sleeps this long when every slot is taken: at 250 ms (its default) 32 slots cap at 128 deliveries a second.
_CHECK: Final = timedelta(milliseconds=25)
# Nothing is scheduled for later in Redis, so its scheduler has nothing to find; heartbeats only feed its dashboards.
_SCHEDULER: Final = timedelta(seconds=5)
_HEARTBEAT: Final = timedelta(seconds=10)
_RECONNECT: Final = timedelta(seconds=0.5)
# pydocket sets no read timeout on its connections (its reads block), so a Redis that hangs is noticed here.
_HAND_OVER_TIMEOUT_S: Final = 5.0


class QueueUnavailable(Exception):
    """Redis did not take what was handed over. The rows stay in MongoDB."""


class Queue:
    """One process's end of the queue; hands over and works at the same time.

    name: queues of different names do not see each other.
    """

    def __init__(self, *, redis_url: str, limits: Limits, name: str) -> None:
        self._limits = limits
        self._docket = Docket(name=name, url=redis_url, heartbeat_interval=_HEARTBEAT, execution_ttl=timedelta(0))
        self._deliver: Callable[[str], Awaitable[None]] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        self._docket.register(self._task, names=[_TASK])

    async def open(self) -> None:
        """Connects lazily: Redis need not answer yet."""
        await self._stack.enter_async_context(self._docket)

    async def close(self) -> None:
        await self._stack.aclose()

    async def hand_over(self, ids: Sequence[str]) -> int:
        """Queue deliveries; how many were not queued already. Raises: QueueUnavailable."""
        calls = [self._docket.call(_TASK, key=id_)(id_) for id_ in ids]
        try:
            async with asyncio.timeout(_HAND_OVER_TIMEOUT_S):
                executions = await self._docket.add_many(calls)
        except (RedisError, OSError) as fault:
            raise QueueUnavailable() from fault
        for execution in executions:
            if execution.disposition is Disposition.FAILED:
                raise QueueUnavailable() from execution.schedule_exception
        return sum(execution.disposition is Disposition.SCHEDULED for execution in executions)

    async def work(self, deliver: Callable[[str], Awaitable[None]]) -> None:
        """Call `deliver` with each id until cancelled. `deliver` raises nothing but CancelledError."""
        self._deliver = deliver
        async with Worker(
            self._docket,
            name=f"worker-{uuid.uuid4().hex[:12]}",
            concurrency=self._limits.concurrency,
            redelivery_timeout=_REDELIVERY,
            reconnection_delay=_RECONNECT,
            minimum_check_interval=_CHECK,
            scheduling_resolution=_SCHEDULER,
            schedule_automatic_tasks=False,
            message_batch=self._limits.concurrency,
        ) as worker:
            looping = asyncio.create_task(worker.run_forever(), name="events: pydocket")
            try:
                await asyncio.shield(looping)
            finally:
                await self._end(looping)

    async def _task(self, delivery: str) -> None:
        task = asyncio.current_task()
        assert task is not None and self._deliver is not None
        self._running.add(task)
        try:
            await self._deliver(delivery)
        finally:
            self._running.discard(task)

    async def _end(self, looping: asyncio.Task[None]) -> None:
        """Stop pydocket's loop. A cancel makes it wait for its tasks to finish, so they are cancelled too."""
        if looping.done():
            return
        if not await ended({looping, *self._running}, within_s=self._limits.stop_s):
            _LOG.warning("the queue did not end in time", extra={"facts": {"running": len(self._running)}})
