"""Senders: they take what is due, hand it to the carriers, and write down what became of it.

Any number of processes may run them. A sender wakes when something new is written (a change stream), when something is
due, and otherwise every `poll_s`, since a stream may break.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pymongo.errors import PyMongoError

from core.crypto import UnsealError
from core.errors import Unavailable
from core.tasks import ended, raise_if_cancelled
from notifications.channels import Again, Carrier, Parcel, Refused, Taken
from notifications.errors import TemplateUnknown
from notifications.model import TRIES_MAX, Channel, Lane, Notification, Priority, Reach, Target, retry_pause_s, send_at
from notifications.outgoing import Delivery, Ending, State
from notifications.service import Notifications

_LOG = logging.getLogger(__name__)
_STREAM_AWAIT_MS: Final = 1000
_PAUSE_AFTER_FAULT_S: Final = 1.0
_STOP_S: Final = 0.5
GONE: Final = "TARGET_GONE"
UNWANTED: Final = "UNWANTED"
QUIET: Final = "QUIET_HOURS"
CHANNEL_OFF: Final = "CHANNEL_OFF"
SENDER_DIED: Final = "SENDER_DIED"
UNREADABLE: Final = "UNREADABLE"
TIMEOUT: Final = "TIMEOUT"
CARRIER_BROKE: Final = "CARRIER_BROKE"


@dataclass(frozen=True, slots=True)
class SendLimits:
    """batch: deliveries that a sender claims at once; few enough to be sent within `send_s`.

    send_s: after this, what a carrier has not answered counts as a failed try. lease_s: longer than `send_s`, so that
    nobody else takes what is still being sent. poll_s: how long a sender rests at most.
    """

    batch: int = 20
    send_s: float = 40.0
    lease_s: float = 60.0
    poll_s: float = 5.0


@dataclass(slots=True)
class SendCounts:
    """How tries have ended in this process: by channel, state and code. The roof shows them as metrics."""

    endings: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """carriers: the ways that the city has set up. jitter: fractions 0…1 for the pauses between tries."""

    room: Notifications
    carriers: Mapping[Channel, Carrier]
    limits: SendLimits = SendLimits()
    counts: SendCounts = field(default_factory=SendCounts)
    jitter: Callable[[], float] = random.random
    new_token: Callable[[], str] = field(default=lambda: secrets.token_hex(12))

    async def run(self, lanes: Collection[Lane]) -> None:
        """Send what becomes due in these lanes until cancelled. MongoDB may come and go."""
        wake = asyncio.Event()
        watching = asyncio.create_task(self._watch(wake), name="notifications: change stream")
        try:
            while True:
                raise_if_cancelled()
                wake.clear()
                if not await self._round(lanes):
                    await self._rest(wake, lanes)
        finally:
            await ended({watching}, within_s=_STOP_S)

    async def close(self) -> None:
        """Let go of the carriers' connections."""
        for carrier in self.carriers.values():
            await carrier.close()

    async def send_due(self, lanes: Collection[Lane]) -> int:
        """Claim and send one batch of what is due; how many deliveries that were. Raises: Unavailable."""
        now, token = self.room.clock.now(), self.new_token()
        lease = timedelta(seconds=self.limits.lease_s)
        claimed = await self.room.deliveries.claim(
            lanes=lanes, token=token, now=now, lease=lease, most=self.limits.batch
        )
        if claimed:
            endings = await self._endings(claimed)
            await self.room.deliveries.end(endings, token=token)
            for delivery, ending in endings:
                self.counts.endings[delivery.channel.value, ending.state.value, ending.code] += 1
        return len(claimed)

    async def _endings(self, claimed: Sequence[Delivery]) -> list[tuple[Delivery, Ending]]:
        messages = await self.room.store.by_id(list({one.message for one in claimed}))
        reaches = await self.room.reach.of_all(list({one.citizen for one in claimed}))
        endings: list[tuple[Delivery, Ending]] = []
        parcels: dict[Channel, list[tuple[Delivery, Parcel]]] = {}
        for one in claimed:
            reach = reaches.get(one.citizen, Reach(one.citizen))
            prepared = self._prepare(one, messages.get(one.message), reach)
            if isinstance(prepared, Ending):
                endings.append((one, prepared))
            else:
                parcels.setdefault(one.channel, []).append((one, prepared))
        sent = await asyncio.gather(*(self._hand_over(channel, batch) for channel, batch in parcels.items()))
        for batch in sent:
            endings += [(one, await self._ending(one, outcome, reaches)) for one, outcome in batch]
        return endings

    def _prepare(self, one: Delivery, message: Notification | None, reach: Reach) -> Parcel | Ending:
        """The parcel to hand over, or why there is none. What has changed since it was planned counts."""
        now, target = self.room.clock.now(), reach.target(one.target)
        if now >= one.expires_at:
            return Ending(State.EXPIRED)
        if one.tries > TRIES_MAX:
            return Ending(State.FAILED, SENDER_DIED)
        if one.channel not in self.carriers:
            return Ending(State.DROPPED, CHANNEL_OFF)
        if target is None or message is None:
            return Ending(State.DROPPED, GONE)
        if message.priority is not Priority.CRITICAL and not reach.preferences.wants(message.category, one.channel):
            return Ending(State.DROPPED, UNWANTED)
        allowed = send_at(reach.preferences, message.priority, now, self.room.zone)
        if allowed > now:
            return Ending.again(allowed, code=QUIET, uncounted=True)
        try:
            return self._parcel(one, message, target)
        except (UnsealError, TemplateUnknown):
            return Ending(State.FAILED, UNREADABLE)

    def _parcel(self, one: Delivery, message: Notification, target: Target) -> Parcel:
        """A phone shows the notice alone; an address gets the body too, unless that is for the inbox only."""
        words = self.room.read(message, locale=target.language)
        template = self.room.catalogue.of(message.template, message.version)
        return Parcel(
            id=one.id,
            kind=target.kind,
            to=self.room.address(target),
            locale=target.language,
            title=words.notice,
            text="" if template.private or one.channel is Channel.PUSH else words.body,
            link=message.link,
            priority=message.priority,
            lives_s=max(int((one.expires_at - self.room.clock.now()).total_seconds()), 1),
        )

    async def _hand_over(
        self, channel: Channel, batch: Sequence[tuple[Delivery, Parcel]]
    ) -> list[tuple[Delivery, Taken | Again | Refused]]:
        try:
            async with asyncio.timeout(self.limits.send_s):
                outcomes = await self.carriers[channel].send([parcel for _, parcel in batch])
        except TimeoutError:
            outcomes = [Again(TIMEOUT)] * len(batch)
        except Exception:
            # A carrier's fault in our own code: what it was given must come to an end all the same.
            _LOG.exception("a carrier broke", extra={"facts": {"channel": channel.value}})
            outcomes = [Again(CARRIER_BROKE)] * len(batch)
        return [(one, outcome) for (one, _), outcome in zip(batch, outcomes, strict=True)]

    async def _ending(self, one: Delivery, outcome: Taken | Again | Refused, reaches: Mapping[str, Reach]) -> Ending:
        match outcome:
            case Taken():
                return Ending(State.SENT)
            case Refused(code, target_gone):
                if target_gone:
                    # If it cannot be forgotten now, the next refusal does it; the rest of the batch must be written.
                    with contextlib.suppress(PyMongoError, Unavailable):
                        await self.room.reach.remove_target(one.citizen, one.target)
                return Ending(State.FAILED, code)
            case Again(code, after_s):
                if one.tries >= TRIES_MAX:
                    return Ending(State.FAILED, code)
                pause_s = retry_pause_s(tries=one.tries, fraction=self.jitter(), told_s=after_s)
                return Ending.again(self.room.clock.now() + timedelta(seconds=pause_s), code=code)

    async def _round(self, lanes: Collection[Lane]) -> bool:
        """True when there may be more at once."""
        try:
            return await self.send_due(lanes) == self.limits.batch
        except (PyMongoError, Unavailable) as fault:
            _LOG.warning("a sender waits", extra={"facts": {"fault": type(fault).__name__}})
            await asyncio.sleep(_PAUSE_AFTER_FAULT_S)
            return False

    async def _rest(self, wake: asyncio.Event, lanes: Collection[Lane]) -> None:
        """Until something new is written or something is due."""
        try:
            async with asyncio.timeout(await self._rest_s(lanes)):
                await wake.wait()
        except TimeoutError:
            return

    async def _rest_s(self, lanes: Collection[Lane]) -> float:
        try:
            next_at = await self.room.deliveries.next_at(lanes)
        except (PyMongoError, Unavailable):
            return self.limits.poll_s
        until_s = (next_at - self.room.clock.now()).total_seconds() if next_at else self.limits.poll_s
        return min(max(until_s, 0.0), self.limits.poll_s)

    async def _watch(self, wake: asyncio.Event) -> None:
        """Wake the sender at each delivery that any process writes; open the stream again whenever it breaks."""
        while True:
            raise_if_cancelled()
            try:
                async with await self.room.deliveries.stream(await_ms=_STREAM_AWAIT_MS) as stream:
                    wake.set()  # what was written while nobody listened
                    while stream.alive:
                        raise_if_cancelled()
                        if await stream.try_next() is not None:
                            wake.set()
            except PyMongoError as fault:
                _LOG.warning("the change stream broke", extra={"facts": {"fault": type(fault).__name__}})
            await asyncio.sleep(_PAUSE_AFTER_FAULT_S)
