"""The one way to ask what time it is. Rules and tests get a clock that they can hold still."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 the one place


class FixedClock:
    """A clock for tests and simulations: it moves only when told."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def to_ms(instant: datetime) -> datetime:
    """As precise as MongoDB keeps it."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def epoch_s(instant: datetime) -> int:
    """Whole seconds since 1970-01-01T00:00:00Z, rounded down."""
    return int(instant.timestamp())


def from_epoch_s(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def epoch_ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def city_day(instant: datetime, zone: tzinfo) -> date:
    """The calendar day of an instant where the city is."""
    return instant.astimezone(zone).date()


def day_start(day: date, zone: tzinfo) -> datetime:
    """The instant at which a day of the city begins, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
