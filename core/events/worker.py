"""One delivery, from its id to its end: claimed, run, and marked done, due again, or dead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pymongo.errors import InvalidOperation, PyMongoError

from core.errors import DomainError, Kind, Unavailable
from core.events.deliveries import Claim, Deliveries, handler_of
from core.events.model import Counts, Event, Subscription, retry_pause_s
from core.mongo import Session

R = TypeVar("R")
_LOG = logging.getLogger(__name__)
_ASKS_MAX: Final = 6
_GIVE_BACK_S: Final = 0.5
DIED = "EVENT_HANDLER_NEVER_RETURNED"
EVENT_MISSING = "EVENT_MISSING"


@dataclass(frozen=True, slots=True)
class Delivering:
    """Runs the handlers of one process. `jitter` gives fractions 0…1 for the pauses between tries."""

    deliveries: Deliveries
    subscriptions: Mapping[str, Subscription]
    counts: Counts
    jitter: Callable[[], float]
    slots: Mapping[str, asyncio.Semaphore] = field(init=False)

    def __post_init__(self) -> None:
        slots = {handler: asyncio.Semaphore(s.at_once) for handler, s in self.subscriptions.items()}
        object.__setattr__(self, "slots", slots)

    async def deliver(self, id_: str) -> None:
        """One try. Raises nothing: a delivery that is not brought to its end is handed over again at its `next_at`."""
        try:
            await self._deliver(id_)
        except InvalidOperation:
            _LOG.debug("the client of MongoDB is closed", extra={"facts": {"delivery": id_}})
        except (PyMongoError, Unavailable) as fault:
            _LOG.warning("a delivery is put off", extra={"facts": {"delivery": id_, "fault": type(fault).__name__}})
        except Exception:
            _LOG.exception("a delivery broke outside its handler", extra={"facts": {"delivery": id_}})

    async def _deliver(self, id_: str) -> None:
        subscription = self.subscriptions.get(handler_of(id_))
        if subscription is None:
            self.counts.abandoned += 1
            await self.deliveries.leave(id_)
            return
        async with self.slots[subscription.handler]:
            await self._claim_and_try(id_, subscription)

    async def _claim_and_try(self, id_: str, subscription: Subscription) -> None:
        claim = await _asking(lambda: self.deliveries.claim(id_, timeout_s=subscription.timeout_s))
        if claim is None:
            return
        try:
            await self._try(claim, subscription)
        except asyncio.CancelledError:
            await self._give_back(claim)
            raise

    async def _try(self, claim: Claim, subscription: Subscription) -> None:
        if claim.tries > self.deliveries.limits.tries_max:
            await self._bury(claim, DIED)
            return
        event = await _asking(lambda: self.deliveries.event_of(claim))
        if event is None:
            await self._bury(claim, EVENT_MISSING)
            return
        try:
            done = await self._run(claim, event, subscription)
        except Exception as fault:
            await self._failed(claim, fault)
        else:
            self.counts.done += done

    async def _run(self, claim: Claim, event: Event, subscription: Subscription) -> bool:
        """Run the handler and mark it; False when another process did so first."""
        if subscription.after is not None:
            async with asyncio.timeout(subscription.timeout_s):
                await subscription.after(event)
            return await _asking(lambda: self.deliveries.mark_done(claim))
        within = subscription.within
        assert within is not None

        async def work(session: Session) -> None:
            await within(event, session)

        async with asyncio.timeout(subscription.timeout_s):
            return await self.deliveries.do_within(claim, work)

    async def _failed(self, claim: Claim, fault: Exception) -> None:
        limits, error = self.deliveries.limits, _code(fault)
        facts = {"delivery": claim.id, "tries": claim.tries, "error": error}
        # What is invalid stays so however often it is tried.
        final = isinstance(fault, DomainError) and fault.kind is Kind.INVALID
        if final or claim.tries >= limits.tries_max:
            await self._bury(claim, error)
            return
        _LOG.warning("a handler failed and is tried again", extra={"facts": facts}, exc_info=fault)
        pause_s = retry_pause_s(tries=claim.tries, limits=limits, fraction=self.jitter())
        await _asking(lambda: self.deliveries.retry(claim, after_s=pause_s))
        self.counts.retried += 1

    async def _bury(self, claim: Claim, error: str) -> None:
        await _asking(lambda: self.deliveries.bury(claim, error=error))
        self.counts.dead += 1
        _LOG.error("a delivery is dead", extra={"facts": {"delivery": claim.id, "error": error}})

    async def _give_back(self, claim: Claim) -> None:
        """On the way out: without it the delivery would wait until its claim ends."""
        try:
            async with asyncio.timeout(_GIVE_BACK_S):
                await self.deliveries.give_back(claim)
        except (PyMongoError, TimeoutError):
            _LOG.debug("a claim is left to run out", extra={"facts": {"delivery": claim.id}})


async def _asking(ask: Callable[[], Awaitable[R]]) -> R:
    """Ask MongoDB again while it has no primary, for as long as one operation's time six times over.

    Every call made through here may happen twice: it is bound to a claim's token.
    """
    for attempt in range(_ASKS_MAX - 1):
        try:
            return await ask()
        except InvalidOperation:
            raise
        except PyMongoError as fault:
            _LOG.debug("asking again", extra={"facts": {"fault": type(fault).__name__}})
        await asyncio.sleep(0.1 * 2**attempt)
    return await ask()


def _code(fault: Exception) -> str:
    """What is kept of a failure: a code or a type's name, since an exception's text may quote a citizen."""
    return fault.code if isinstance(fault, DomainError) else type(fault).__name__
