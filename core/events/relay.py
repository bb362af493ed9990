"""The relay: from the outbox to the queue, woken by a change stream and by a clock.

The change stream only wakes. What to do is always read from the rows, so a stream that breaks, skips or starts
late costs at most `poll_s`, and no resume token needs keeping.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pymongo.errors import InvalidOperation, PyMongoError

from core.errors import Unavailable
from core.events.deliveries import EVENTS
from core.events.model import Counts, Subscription
from core.events.queue import Queue, QueueUnavailable
from core.events.spreading import LeaseLost, Spreading
from core.tasks import ended, raise_if_cancelled

_LOG = logging.getLogger(__name__)
_PAUSE_MAX_S: Final = 2.0
_LET_GO_S: Final = 0.5
# Below the client's timeout, which `async for` on a quiet stream would run into.
_AWAIT_MS: Final = 1000
_REGISTRATIONS_PER_LAPSE: Final = 100


class Relay:
    """One process's relay. Several may run; the one with the lease works, the others wait for it."""

    def __init__(
        self, *, spreading: Spreading, queue: Queue, subscriptions: Sequence[Subscription], counts: Counts
    ) -> None:
        self._spreading = spreading
        self._queue = queue
        self._subscriptions = subscriptions
        self._counts = counts
        self._wake = asyncio.Event()
        self._registered_at: datetime | None = None

    async def run(self) -> None:
        """Until cancelled, or until MongoDB's client is closed under it."""
        watching = asyncio.create_task(self._watch(), name="events: change stream")
        try:
            await self._relay()
        except InvalidOperation:
            _LOG.info("the client of MongoDB is closed, the relay ends")
        finally:
            await ended({watching}, within_s=_LET_GO_S)
            await self._let_go()

    async def _relay(self) -> None:
        failures = 0
        while True:
            raise_if_cancelled()
            try:
                more = await self.round()
                failures = 0
            except (PyMongoError, Unavailable, QueueUnavailable, TimeoutError) as fault:
                if isinstance(fault, InvalidOperation):
                    raise
                failures, more = failures + 1, False
                _LOG.warning("the relay waits", extra={"facts": {"fault": _cause(fault), "failures": failures}})
                await asyncio.sleep(_pause_s(failures))
            except LeaseLost:
                more = False
            if not more:
                await self._rest()

    async def round(self) -> bool:
        """Everything there is to do now, at most one batch of each kind; True when more is waiting already."""
        self._wake.clear()
        await self._keep_registered()
        if not await self._spreading.hold():
            return False
        events, fresh = await self._spreading.spread()
        self._counts.spread += events
        await self._hand_over(fresh)
        due = await self._spreading.reserve_due()
        await self._hand_over(due)
        batch = self._spreading.limits.batch
        if events == batch or len(due) == batch:
            return True
        await self._spreading.settle()
        return False

    async def _hand_over(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        try:
            self._counts.handed_over += await self._queue.hand_over(ids)
        except (QueueUnavailable, TimeoutError):
            await self._spreading.unreserve(ids)
            raise

    async def _keep_registered(self) -> None:
        now = self._spreading.clock.now()
        every = timedelta(seconds=self._spreading.limits.lapse_s / _REGISTRATIONS_PER_LAPSE)
        if self._registered_at is None or now - self._registered_at >= every:
            await self._spreading.register(self._subscriptions)
            self._registered_at = now

    async def _rest(self) -> None:
        """Until something is appended, at most `poll_s`. A relay without the lease has nothing to be woken for."""
        poll_s = self._spreading.limits.poll_s
        if not self._spreading.term:
            await asyncio.sleep(poll_s)
            return
        try:
            async with asyncio.timeout(poll_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _watch(self) -> None:
        """Wake the relay at each event appended by any process; open the stream again whenever it breaks."""
        failures = 0
        while True:
            raise_if_cancelled()
            try:
                await self._listen()
            except InvalidOperation:
                return
            except PyMongoError as fault:
                failures += 1
                _LOG.warning("the change stream broke", extra={"facts": {"fault": type(fault).__name__}})
                await asyncio.sleep(_pause_s(failures))

    async def _listen(self) -> None:
        events = self._spreading.mongo.collection(EVENTS)
        only: list[dict[str, object]] = [{"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}}]
        async with await events.watch(only, max_await_time_ms=_AWAIT_MS) as stream:
            self._wake.set()  # what was appended while nobody listened
            while stream.alive:
                raise_if_cancelled()
                if await stream.try_next() is not None:
                    self._wake.set()

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(_LET_GO_S):
                await self._spreading.let_go()
        except (PyMongoError, TimeoutError):
            _LOG.debug("the relay's lease is left to run out")


def _pause_s(failures: int) -> float:
    return min(0.1 * 2.0 ** min(failures, 10), _PAUSE_MAX_S)


def _cause(fault: Exception) -> str:
    return type(fault.__cause__ or fault).__name__
