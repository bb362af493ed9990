"""What was looked up lately: bounded, kept for a while, looked up again after it or when it is known to have changed.

Rules
- A value is as old as the beginning of its look-up, and no older than `kept_for` when it is given.
- What changes while it is looked up (`forget`) is given to who asked and not kept.
- Nothing is kept of a look-up that failed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from core.bounded import Bounded

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Lately(Generic[K, V]):
    """kept_for: for so long a change that nobody told may go unseen."""

    kept_for: timedelta
    entries_max: int
    _changes: int = 0
    _kept: Bounded[K, tuple[V, datetime]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._kept = Bounded(self.entries_max, self.entries_max)

    async def get(self, key: K, look: Callable[[], Awaitable[V]], *, now: datetime) -> V:
        """What `look` said, now or lately. Raises: what `look` raises."""
        known = self._kept.get(key)
        if known is not None and now < known[1]:
            return known[0]
        changes, found = self._changes, await look()
        if changes == self._changes:
            self._kept.put(key, (found, now + self.kept_for), weight=1)
        return found

    def forget(self) -> None:
        """Look everything up again: some of it was changed here."""
        self._changes += 1
        self._kept = Bounded(self.entries_max, self.entries_max)
