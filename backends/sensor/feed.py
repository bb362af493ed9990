"""Keeps the demo city's synthetic readings up to the present hour."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from backends.sensor import synthetic
from backends.sensor.model import HOUR, Recorded, hour_of
from backends.sensor.service import Sensors
from core.clock import Clock
from core.errors import DomainError

_LOG = logging.getLogger(__name__)

BACKFILL_H: Final = 48
BACKFILL_H_MAX: Final = 24 * 366
_BATCH_H: Final = 24 * 14
_LOOK_EVERY_S: Final = 30.0
_RETRY_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class SyntheticFeed:
    """Writes what the model says of the demo stations, through the same door as any reading.

    hours: how far back from now hours are filled, 1 to `BACKFILL_H_MAX`.
    """

    sensors: Sensors
    clock: Clock
    seed: int = synthetic.SEED
    hours: int = BACKFILL_H

    async def catch_up(self) -> Recorded:
        """Add every hour that is missing of the last `hours`, the present one included."""
        stations = synthetic.stations()
        await self.sensors.register(*stations)
        start, end = synthetic.last_hours(now=self.clock.now(), hours=self.hours)
        done = Recorded(0, 0)
        while start <= end:
            until = min(start + (_BATCH_H - 1) * HOUR, end)
            batch = list(synthetic.readings(seed=self.seed, stations=stations, start=start, end=until))
            done += await self.sensors.record(batch)
            start = until + HOUR
        return done

    async def run(self) -> None:
        """Catch up each time the clock enters a new hour, until cancelled; a database that is away is tried again."""
        filled = None
        while True:
            hour, pause_s = hour_of(self.clock.now()), _LOOK_EVERY_S
            if hour != filled:
                try:
                    added = await self.catch_up()
                    filled = hour
                    _LOG.info("synthetic readings added", extra={"facts": {"rows": added.accepted}})
                except DomainError as fault:
                    pause_s = _RETRY_S
                    _LOG.warning("synthetic readings are waiting", extra={"facts": {"code": fault.code}})
            await asyncio.sleep(pause_s)
