"""Programs and releases in memory: looked up again every few seconds, bounded, searched as they stand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from core.clock import Clock
from core.lately import Lately
from miniapps.releases.model import Organisation, PackageKey, Program, Release, Terms
from miniapps.releases.store import ReleaseStore

PROGRAMS_MAX: Final = 5_000
# Of those that citizens have open.
RELEASES_MAX: Final = 1_000
# In the set that everybody fetches; older ones are asked for by name.
PACKAGE_KEYS_MAX: Final = 1_000
_NO_TERMS: Final = Terms()
# How long another process's release or revocation may go unseen here.
LOOKED_AGAIN_AFTER: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Listed:
    """programs: those that have a release, by id. terms: of those about which something was settled. icons: of those
    programs, by hash. package_keys: the last that signed a release each.
    """

    programs: Mapping[str, Program]
    organisations: Mapping[str, Organisation]
    terms: Mapping[str, Terms]
    icons: frozenset[str]
    package_keys: Sequence[PackageKey] = ()

    def shown(self, app_id: str, district: str | None) -> bool:
        """Whether it is listed for who is in this district; None: for who does not say."""
        of = self.terms.get(app_id, _NO_TERMS).districts
        return of is None or district in of


@dataclass(slots=True)
class Catalogue:
    store: ReleaseStore
    clock: Clock
    _listed: Listed | None = None
    _read_at: datetime | None = field(default=None)
    _changed: bool = False
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _releases: Lately[str, Release | None] = field(
        default_factory=lambda: Lately(LOOKED_AGAIN_AFTER, RELEASES_MAX), repr=False
    )

    async def listed(self) -> Listed:
        """Of many who ask at once, one looks it up. Raises: Unavailable."""
        if (known := self._known()) is not None:
            return known
        async with self._reading:
            return self._known() or await self._read()

    async def release(self, id: str) -> Release | None:
        """Of any state, which another process may have changed since. Raises: Unavailable."""
        return await self._releases.get(id, partial(self.store.release, id), now=self.clock.now())

    def _known(self) -> Listed | None:
        fresh = self._read_at is not None and self.clock.now() - self._read_at < LOOKED_AGAIN_AFTER
        return self._listed if fresh else None

    async def _read(self) -> Listed:
        self._changed, at = False, self.clock.now()
        programs = await self.store.running(most=PROGRAMS_MAX)
        # With those of which nothing runs for all yet: who gets a first version, or tries it, checks it by their keys.
        organisations = await self.store.organisations(await self.store.signing())
        terms = await self.store.all_terms(most=PROGRAMS_MAX)
        keys = await self.store.released_package_keys(most=PACKAGE_KEYS_MAX)
        icons = frozenset(program.icon for program in programs if program.icon)
        self._listed = Listed({program.app_id: program for program in programs}, organisations, terms, icons, keys)
        # What changed while it was read may or may not be in it.
        self._read_at = None if self._changed else at
        return self._listed

    def forget(self) -> None:
        """Look again: something was published, settled or revoked here."""
        self._changed, self._read_at = True, None
        self._releases.forget()
