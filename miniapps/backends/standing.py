"""Whether a program's backend may ask at all, and how often: looked up once in a quarter of a minute, not at each call.

Rules
- A program that was taken back, or whose organisation is blocked, loses its backend within `KEPT_FOR` in every process.
- What an officer changes of a quota counts within the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from core.bounded import Bounded
from core.clock import Clock
from core.errors import SignInRequired
from miniapps.developers.service import Developers
from miniapps.limits import Count

KEPT_FOR: Final = timedelta(seconds=15)
_PROGRAMS_KEPT: Final = 4096


class Quotas(Protocol):
    """Who counts what a backend asks in a day."""

    async def limits(self, app_id: str) -> Mapping[str, int]:
        """How much of each in a day. Raises: NotFound, Unavailable."""
        ...

    async def count(self, app_id: str, name: str, *, per_day: int) -> None:
        """One call more. Raises: DomainError of kind LIMITED, Unavailable."""
        ...

    def counter(self, app_id: str, name: str, *, per_day: int) -> Count:
        """What counts calls of today, and refuses with a DomainError of kind LIMITED."""
        ...


@dataclass(frozen=True, slots=True)
class _Standing:
    """limits: by what is called; None where the backend may ask nothing."""

    limits: Mapping[str, int] | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Standings:
    developers: Developers
    quotas: Quotas
    clock: Clock
    _kept: Bounded[str, _Standing] = field(default_factory=lambda: Bounded(_PROGRAMS_KEPT, _PROGRAMS_KEPT), repr=False)

    async def check(self, app_id: str) -> None:
        """Raises: SignInRequired where it may ask nothing, Unavailable."""
        if (await self._of(app_id)).limits is None:
            raise SignInRequired()

    async def charge(self, app_id: str, name: str) -> None:
        """Count one call. Raises: SignInRequired, DomainError of kind LIMITED, Unavailable."""
        await self.quotas.count(app_id, name, per_day=await self._per_day(app_id, name))

    async def counter(self, app_id: str, name: str) -> Count:
        """What counts one call, for who does that in one step with what the call does. Raises: SignInRequired,
        Unavailable.
        """
        return self.quotas.counter(app_id, name, per_day=await self._per_day(app_id, name))

    async def _per_day(self, app_id: str, name: str) -> int:
        limits = (await self._of(app_id)).limits
        if limits is None:
            raise SignInRequired()
        return limits[name]

    async def _of(self, app_id: str) -> _Standing:
        known, now = self._kept.get(app_id), self.clock.now()
        if known is not None and now < known.until:
            return known
        return self._kept.put(app_id, _Standing(await self._limits(app_id), now + KEPT_FOR), weight=1)

    async def _limits(self, app_id: str) -> Mapping[str, int] | None:
        lives, program = await asyncio.gather(self.developers.builds(app_id), self.developers.releases.program(app_id))
        if not lives or (program is not None and program.revoked):
            return None
        return await self.quotas.limits(app_id)
