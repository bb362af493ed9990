"""A clock that stands still until it is turned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

# 15 January 2027, 08:00 UTC.
START: Final = 1_800_000_000.0


class FakeClock:
    """Called, it says the seconds of Unix time, as `time.time` does."""

    def __init__(self, now: float = START) -> None:
        self._now = now

    def __call__(self) -> float:
        return self._now

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def advance(self, seconds: float) -> None:
        self._now += seconds
