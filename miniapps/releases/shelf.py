"""Releases that are served, in memory: opened once, bounded, and let go when they are revoked.

Whether a release still runs is asked again every few seconds, so that what another process revoked is not served from
here for long.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from miniapps.bundles.errors import BundleError
from miniapps.releases.model import SERVED, Release, ReleaseState
from miniapps.releases.opening import Opened, Opener
from miniapps.releases.store import ReleaseStore

_LOG = logging.getLogger(__name__)
BYTES_MAX: Final = 64 * 1024 * 1024
# How long another process's revocation may go unseen here.
LOOKED_AGAIN_AFTER: Final = timedelta(seconds=5)


@dataclass(slots=True)
class _Kept:
    opened: Opened
    size: int
    state: ReleaseState
    looked_at: datetime | None


@dataclass(slots=True)
class Shelf:
    store: ReleaseStore
    clock: Clock
    opener: Opener
    bytes_max: int = BYTES_MAX
    _kept: OrderedDict[tuple[str, str], _Kept] = field(default_factory=OrderedDict, repr=False)
    _opening: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict, repr=False)

    async def find(self, app_key: str, root: str) -> tuple[Opened, bool] | None:
        """The release in this folder of this host, and whether it may still be served. Raises: Unavailable."""
        place = (app_key, root)
        kept = self._kept.get(place) or await self._open_once(place)
        if kept is None:
            return None
        if place in self._kept:
            self._kept.move_to_end(place)
        if not await self._look_again(kept):
            self._kept.pop(place, None)
            kept = await self._open_once(place)
        return (kept.opened, kept.state in SERVED) if kept else None

    def forget(self) -> None:
        """Look at every release again: something was revoked here."""
        for kept in self._kept.values():
            kept.looked_at = None

    async def _look_again(self, kept: _Kept) -> bool:
        """False: it was approved anew since it was opened, and may do other things now."""
        now = self.clock.now()
        if kept.looked_at is not None and now - kept.looked_at < LOOKED_AGAIN_AFTER:
            return True
        kept.state, index = await self.store.state_of(kept.opened.release.id) or (ReleaseState.REVOKED, -1)
        kept.looked_at = now
        return index == kept.opened.release.log_index or kept.state not in SERVED

    async def _open_once(self, place: tuple[str, str]) -> _Kept | None:
        """Of many who ask for a release at once, one opens it."""
        lock = self._opening.setdefault(place, asyncio.Lock())
        try:
            async with lock:
                return self._kept.get(place) or await self._open(place)
        finally:
            if not lock.locked():
                self._opening.pop(place, None)

    async def _open(self, place: tuple[str, str]) -> _Kept | None:
        release = await self.store.release_at(*place)
        opened = await self._opened(release) if release else None
        if release is None or opened is None:
            return None
        kept = _Kept(opened, opened.size, release.state, self.clock.now())
        self._kept[place] = kept
        held = sum(one.size for one in self._kept.values())
        while held > self.bytes_max and len(self._kept) > 1:
            held -= self._kept.popitem(last=False)[1].size
        return kept

    async def _opened(self, release: Release) -> Opened | None:
        package = await self.store.package(release.package_sha256)
        organisation = (await self.store.organisations([release.organisation])).get(release.organisation)
        if package is None or organisation is None:
            return None
        try:
            signing = await self.store.signing_package(organisation, release.package_sha256)
            return await asyncio.to_thread(self.opener.opened, release, signing, package, self.clock.now())
        except BundleError as fault:
            facts = {"release": release.id, "rule": fault.code}
            _LOG.error("a published package is not what was signed", extra={"facts": facts})
            return None
