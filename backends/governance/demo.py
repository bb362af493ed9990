"""City events for a demonstration: some a day and district, made up by a seed, and marked so wherever they show.

They are dispatched by rule like any event and go no further: nobody's work is made up. Those of the last days are
there, older ones are removed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from backends.governance.categories import CATEGORIES
from backends.governance.model import SYNTHETIC_PREFIX, Report, Source
from backends.governance.service import Governance
from core.divisions import DISTRICTS
from core.geo import Point

SEED: Final = 20261122
DAYS_KEPT: Final = 3
A_DAY: Final = 2  # in each district
_ZONE: Final = ZoneInfo("Asia/Shanghai")
# A point well inside each district, and how far round it events are made up, in degrees.
_CENTRES: Final = {
    "110101": (116.416, 39.928), "110102": (116.366, 39.912), "110105": (116.480, 39.950), "110106": (116.287, 39.858),
    "110107": (116.185, 39.912), "110108": (116.298, 39.970), "110109": (116.090, 39.940), "110111": (116.140, 39.745),
    "110112": (116.660, 39.900), "110113": (116.655, 40.130), "110114": (116.230, 40.220), "110115": (116.340, 39.720),
    "110116": (116.630, 40.320), "110117": (117.120, 40.140), "110118": (116.840, 40.370), "110119": (115.970, 40.455),
}  # fmt: skip
_ROUND: Final = 0.008
# What an instrument can see, and what a patrol does.
_SEEN_BY: Final = {
    Source.SENSOR: ("manhole", "traffic-light", "water-leak", "street-lamp", "noise"),
    Source.PATROL: tuple(sorted(CATEGORIES.keys() - {"noise", "gas-smell", "heating"})),
}


@dataclass(frozen=True, slots=True)
class DemoEvents:
    """Keeps the demonstration's own events up to the present."""

    governance: Governance
    seed: int = SEED

    async def catch_up(self) -> int:
        """Add what is missing of the last days, remove what is older; how many were added. Raises: Unavailable."""
        now = self.governance.clock.now()
        today = now.astimezone(_ZONE).date()
        reports = [
            report
            for back in range(DAYS_KEPT)
            for report in reports_of(today - timedelta(days=back), seed=self.seed)
            if report.opened_at <= now
        ]
        added = sum([await self._add(source, reports) for source in _SEEN_BY])
        await self.governance.store.remove_synthetic(before=_begin(today - timedelta(days=DAYS_KEPT - 1)))
        return added

    async def _add(self, source: Source, reports: list[Report]) -> int:
        own = [report for report in reports if report.source is source]
        known = await self.governance.known_refs(source=source, refs=[report.ref for report in own])
        missing = [report for report in own if report.ref not in known]
        for report in missing:
            await self.governance.take_in(report=report, synthetic=True)
        return len(missing)


def reports_of(day: date, *, seed: int) -> Iterator[Report]:
    """What is seen on a day of the city's calendar, the same whenever it is asked."""
    for district in DISTRICTS:
        chance = random.Random(f"{seed}:{day}:{district}")
        for n in range(A_DAY):
            source = chance.choice(list(_SEEN_BY))
            yield Report(
                source=source,
                ref=f"{SYNTHETIC_PREFIX}{day:%Y%m%d}-{district}-{n}",
                number=f"SYN-{day:%Y%m%d}-{district}-{n}",
                category=chance.choice(_SEEN_BY[source]),
                district=district,
                location=_point_in(district, chance),
                opened_at=_begin(day) + timedelta(minutes=chance.randrange(24 * 60)),
                due_at=None,
                status="REPORTED",
                version=1,
            )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), _ZONE)


def _point_in(district: str, chance: random.Random) -> Point:
    longitude, latitude = (round(chance.uniform(x - _ROUND, x + _ROUND), 5) for x in _CENTRES[district])
    return Point(longitude, latitude)
