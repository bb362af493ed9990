"""Keeps the demo city's synthetic readings up to the present hour."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backends.sensor import synthetic
from backends.sensor.model import HOUR, Recorded, hour_of
from backends.sensor.service import Sensors
from core.clock import Clock

_LOG = logging.getLogger(__name__)

BACKFILL_H: Final = 48
BACKFILL_H_MAX: Final = 24 * 366
_BATCH_H: Final = 72
_RETRY_S: Final = 3.0
_WRITERS_WAIT_S: Final = 10.0  # longer than the lease that a killed process leaves behind


@dataclass(frozen=True, slots=True)
class SyntheticFeed:
    """Writes what the model says of the demo stations, through the same door as any reading.

    hours: how far back from now hours are filled, 1 to `BACKFILL_H_MAX`.
    look_every_s: how often `run` looks at the clock.
    """

    sensors: Sensors
    clock: Clock
    seed: int = synthetic.SEED
    hours: int = BACKFILL_H
    look_every_s: float = 30.0

    async def catch_up(self, *, since: datetime | None = None) -> Recorded:
        """Add every hour that is missing of the last `hours`, or since an hour that stands; the present one included.

        Raises: WritersBusy, Unavailable.
        """
        stations = synthetic.stations()
        await self.sensors.register(*stations)
        start, end = synthetic.last_hours(now=self.clock.now(), hours=self.hours)
        start = start if since is None else max(start, since)
        done = Recorded(0, 0)
        while start <= end:
            until = min(start + (_BATCH_H - 1) * HOUR, end)
            batch = list(synthetic.readings(seed=self.seed, stations=stations, start=start, end=until))
            done += await self.sensors.record(batch, wait_s=_WRITERS_WAIT_S)
            start = until + HOUR
        return done

    async def run(self) -> None:
        """Catch up at once and when the clock enters a new hour, until cancelled; what fails is tried again."""
        filled: datetime | None = None
        while True:
            hour, pause_s = hour_of(self.clock.now()), self.look_every_s
            if hour != filled:
                try:
                    added = await self.catch_up(since=filled)
                    filled = hour
                    _LOG.info("synthetic readings added", extra={"facts": {"rows": added.accepted}})
                except Exception as fault:  # one fault must not end the feed
                    pause_s = min(_RETRY_S, self.look_every_s)
                    _LOG.warning("synthetic readings are waiting", extra={"facts": {"fault": type(fault).__name__}})
            await asyncio.sleep(pause_s)
