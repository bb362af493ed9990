"""What browsers say that a program's pages tried and were refused: counted by the day and version, for those who build
it and for officers.

Rules
- So much is counted of one address and of one release in an hour; what comes on top is let fall. A count that stands
  at its bound says that it happened often, not how often.
- It leaves with the program's other figures, after thirty days.
Source: threat T32.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from pymongo import DESCENDING

from core.addresses import address_group
from core.clock import city_day
from core.mongo import answering
from core.principal import Principal
from miniapps.limits import Pace, Paces
from miniapps.releases.model import Release
from miniapps.releases.reports import Blocked
from miniapps.versions.figures import DAYS, DAYS_MAX, Counting, blocked_of
from miniapps.versions.records import require_officer

# By version code, how often by directive and kind of address.
ByVersion: TypeAlias = Mapping[int, Mapping[str, int]]
OF_ADDRESS: Final = Pace("csp-address", 60, 3_600)
OF_RELEASE: Final = Pace("csp-release", 1_000, 3_600)


@dataclass(frozen=True, slots=True)
class Blocking:
    """What answers on programs' hosts tells it (its protocol `Hears`)."""

    counting: Counting
    paces: Paces

    async def blocked(self, release: Release, one: Blocked, *, address: str) -> None:
        """Raises: TooOften, Unavailable."""
        await self.paces.charge(OF_ADDRESS, f"{address_group(address)} {release.id}")
        await self.paces.charge(OF_RELEASE, release.id)
        field = f"blocked.{release.version_code}.{one.directive} {one.kind.value}"
        await self.counting.add(release.app_id, {field: 1})

    async def of(self, *, principal: Principal, app_id: str) -> ByVersion:
        """Of the last thirty days, the newest version first; for officers. Raises: SignInRequired, Forbidden,
        Unavailable.
        """
        require_officer(principal)
        since = city_day(self.counting.clock.now() - timedelta(days=DAYS_MAX - 1), self.counting.zone).isoformat()
        async with answering():
            found = self.counting.mongo.collection(DAYS).find({"app_id": app_id, "day": {"$gte": since}})
            rows = await found.sort("day", DESCENDING).to_list(None)
        sums: dict[int, Counter[str]] = {}
        for row in rows:
            for code, counts in blocked_of(row).items():
                sums.setdefault(code, Counter()).update(counts)
        return {code: dict(sums[code].most_common()) for code in sorted(sums, reverse=True)}
