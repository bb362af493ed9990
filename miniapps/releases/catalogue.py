"""Which programs there are, in memory: looked up again every few seconds, bounded, searched as it stands."""

from __future__ import annotations

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

    async def listed(self) -> Listed:
        """Raises: Unavailable."""
        now = self.clock.now()
        if self._listed is None or self._read_at is None or now - self._read_at >= LOOKED_AGAIN_AFTER:
            programs = await self.store.running(most=PROGRAMS_MAX)
            organisations = await self.store.organisations({program.organisation for program in programs})
            self._listed = Listed({program.app_id: program for program in programs}, organisations)
            self._read_at = now
        return self._listed

    def forget(self) -> None:
        """Look again: something was published or revoked here."""
        self._read_at = None
