"""The public figures, counted from the cases themselves and kept for a minute: asking often costs nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from api.domains.reports.categories import CATEGORIES
from api.domains.reports.store import ReportStore, Tally
from api.domains.reports.workflow import SETTLED, Status
from core.clock import Clock
from core.divisions import DISTRICTS

KEPT: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Count:
    """total: all that were ever reported. open: those that the city has still to settle."""

    total: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """by_district, by_category: of every district and category, also where nothing was reported.

    median_s: from the report to the result, of the latest cases that were resolved; None where there are none.
    """

    at: datetime
    all: Count
    by_status: Mapping[Status, int]
    by_district: Mapping[str, Count]
    by_category: Mapping[str, Count]
    median_s: float | None
    median_s_by_district: Mapping[str, float]

    @classmethod
    def of(cls, tallies: Sequence[Tally], settling: Sequence[tuple[str, float]], *, at: datetime) -> Figures:
        times: dict[str, list[float]] = {}
        for district, seconds in settling:
            times.setdefault(district, []).append(seconds)
        status: Counter[Status] = Counter()
        for tally in tallies:
            status[tally.status] += tally.count
        return cls(
            at=at,
            all=_count(tallies),
            by_status={one: status[one] for one in Status},
            by_district={code: _count([t for t in tallies if t.district == code]) for code in DISTRICTS},
            by_category={code: _count([t for t in tallies if t.category == code]) for code in CATEGORIES},
            median_s=median(seconds for _, seconds in settling) if settling else None,
            median_s_by_district={district: median(found) for district, found in times.items()},
        )


def _count(tallies: Sequence[Tally]) -> Count:
    return Count(sum(t.count for t in tallies), sum(t.count for t in tallies if t.status not in SETTLED))


@dataclass(slots=True)
class Statistics:
    """Counts at most once a minute in one process, however many ask."""

    store: ReportStore
    clock: Clock
    _kept: Figures | None = None
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def figures(self) -> Figures:
        """Raises: Unavailable."""
        async with self._counting:
            now = self.clock.now()
            if self._kept is None or now - self._kept.at >= KEPT:
                self._kept = Figures.of(await self.store.tallies(), await self.store.settling_times(), at=now)
            return self._kept
