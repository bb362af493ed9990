"""One process's part in delivering events: a relay and a worker over one queue."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.clock import Clock
from core.events.deliveries import INDEXES, Deliveries
from core.events.model import Counts, Limits, Subscription
from core.events.queue import Queue
from core.events.relay import Relay
from core.events.spreading import Spreading
from core.events.worker import Delivering
from core.mongo import Mongo, ensure_indexes
from core.tasks import ended

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backbone:
    """Delivers events while `run` runs. Any number of processes may run one.

    redis_url: where the queue is; it may be wiped at any time. queue: its name there.
    subscriptions: the handlers of this process; a delivery for a handler that it does not know is left for others.
    counts: what it has done, for metrics. jitter: fractions 0…1.
    """

    mongo: Mongo
    redis_url: str
    clock: Clock
    subscriptions: Sequence[Subscription]
    limits: Limits = field(default_factory=Limits)
    counts: Counts = field(default_factory=Counts)
    jitter: Callable[[], float] = random.random
    queue: str = "citytong-events"

    def __post_init__(self) -> None:
        names = [s.handler for s in self.subscriptions]
        if len(set(names)) != len(names):
            raise ValueError(f"two handlers of one name: {sorted({n for n in names if names.count(n) > 1})}")

    async def prepare(self) -> None:
        """Make the indexes. Once, before the first event."""
        await ensure_indexes(self.mongo, INDEXES)

    async def run(self) -> None:
        """Relay and work until cancelled; ends within two seconds of that, giving back what it has begun.

        MongoDB and Redis may come and go meanwhile, and need not be there at the start.
        """
        queue = Queue(redis_url=self.redis_url, limits=self.limits, name=self.queue)
        await queue.open()
        try:
            await self._run(queue)
        finally:
            await _closed(queue, within_s=self.limits.stop_s / 4)

    async def _run(self, queue: Queue) -> None:
        deliveries = Deliveries(self.mongo, self.clock, self.limits)
        handlers = {s.handler: s for s in self.subscriptions}
        delivering = Delivering(deliveries, handlers, self.counts, self.jitter)
        spreading = Spreading(self.mongo, self.clock, self.limits)
        relay = Relay(spreading=spreading, queue=queue, subscriptions=self.subscriptions, counts=self.counts)
        tasks = [
            asyncio.create_task(relay.run(), name="events: relay"),
            asyncio.create_task(queue.work(delivering.deliver), name="events: worker"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await ended(tasks, within_s=self.limits.stop_s + 0.2)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()  # a fault in here is a bug: it ends the run


async def _closed(queue: Queue, *, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            await queue.close()
    except TimeoutError:
        _LOG.warning("the queue's connections did not close in time")
