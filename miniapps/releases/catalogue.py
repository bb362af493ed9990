"""Which programs there are, in memory: looked up again every few seconds, bounded, searched as it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from miniapps.releases.model import Organisation, Program
from miniapps.releases.store import ReleaseStore

PROGRAMS_MAX: Final = 5_000
# How long another process's release may go unseen here.
LOOKED_AGAIN_AFTER: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Listed:
    """programs: those that have a release, by id."""

    programs: Mapping[str, Program]
    organisations: Mapping[str, Organisation]


@dataclass(slots=True)
class Catalogue:
    store: ReleaseStore
    clock: Clock
    _listed: Listed | None = None
    _read_at: datetime | None = field(default=None)
    _changed: bool = False
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def listed(self) -> Listed:
        """Of many who ask at once, one looks it up. Raises: Unavailable."""
        if (known := self._known()) is not None:
            return known
        async with self._reading:
            return self._known() or await self._read()

    def _known(self) -> Listed | None:
        fresh = self._read_at is not None and self.clock.now() - self._read_at < LOOKED_AGAIN_AFTER
        return self._listed if fresh else None

    async def _read(self) -> Listed:
        self._changed, at = False, self.clock.now()
        programs = await self.store.running(most=PROGRAMS_MAX)
        organisations = await self.store.organisations({program.organisation for program in programs})
        self._listed = Listed({program.app_id: program for program in programs}, organisations)
        # What changed while it was read may or may not be in it.
        self._read_at = None if self._changed else at
        return self._listed

    def forget(self) -> None:
        """Look again: something was published or revoked here."""
        self._changed, self._read_at = True, None
