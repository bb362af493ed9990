"""Files of releases as they are answered: unpacked once, kept in memory within a bound, and let go when revoked.

What is asked for is found by its exact name among the files of one release, so no path leads anywhere else. A page
begins with the city's own script. Whether a release still runs is asked again every few seconds, so that what was
revoked by another process is not served from here for long.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from core.clock import Clock
from miniapps.bundles import archive, blocks, names
from miniapps.releases.model import SERVED, Release, ReleaseState
from miniapps.releases.store import ReleaseStore

BYTES_MAX: Final = 64 * 1024 * 1024
# How long another process's revocation may go unseen here.
LOOKED_AGAIN_AFTER: Final = timedelta(seconds=5)
_PACKED_WORTH: Final = frozenset({"css", "csv", "html", "js", "json", "map", "md", "mjs", "otf", "svg", "ttf", "txt"})
_PACKED_WORTH_TOO: Final = frozenset({"wasm", "webmanifest", "ico", "wav"})

Prepare: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class File:
    """packed: by gzip, where that is smaller. page: an HTML document."""

    raw: bytes = field(repr=False)
    packed: bytes | None = field(repr=False)
    etag: str
    media_type: str
    page: bool

    @classmethod
    def of(cls, raw: bytes, path: str) -> File:
        media_type, ending = names.check_type(path), path.rpartition(".")[2].lower()
        packed = gzip.compress(raw, 6, mtime=0) if ending in _PACKED_WORTH | _PACKED_WORTH_TOO else raw
        etag = f'"{hashlib.sha256(raw).hexdigest()[:20]}"'
        return cls(raw, packed if len(packed) < len(raw) else None, etag, media_type, ending == "html")

    @property
    def bytes(self) -> int:
        return len(self.raw) + len(self.packed or b"")


@dataclass(frozen=True, slots=True)
class Opened:
    """A release whose files are at hand."""

    release: Release
    files: Mapping[str, File] = field(repr=False)
    headers: Mapping[str, str]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())


@dataclass(slots=True)
class _Kept:
    opened: Opened
    bytes: int
    state: ReleaseState
    looked_at: datetime


@dataclass(slots=True)
class Shelf:
    """prepare: makes of a packaged page the one that is answered. headers: of every file of a release."""

    store: ReleaseStore
    clock: Clock
    prepare: Prepare
    headers: Callable[[Release], Mapping[str, str]]
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
        await self._look_again(kept)
        return kept.opened, kept.state in SERVED

    def forget(self) -> None:
        """Look at every release again: something was revoked here."""
        for kept in self._kept.values():
            kept.looked_at = datetime.min.replace(tzinfo=kept.looked_at.tzinfo)

    async def _look_again(self, kept: _Kept) -> None:
        now = self.clock.now()
        if now - kept.looked_at < LOOKED_AGAIN_AFTER:
            return
        kept.state = await self.store.state_of(kept.opened.release.id) or ReleaseState.REVOKED
        kept.looked_at = now

    async def _open_once(self, place: tuple[str, str]) -> _Kept | None:
        """Of many who ask for a release at once, one unpacks it."""
        lock = self._opening.setdefault(place, asyncio.Lock())
        try:
            async with lock:
                return self._kept.get(place) or await self._open(place)
        finally:
            if not lock.locked():
                self._opening.pop(place, None)

    async def _open(self, place: tuple[str, str]) -> _Kept | None:
        release = await self.store.release_at(*place)
        package = await self.store.package(release.package_sha256) if release else None
        if release is None or package is None:
            return None
        files = await asyncio.to_thread(self._files, package)
        opened = Opened(release, files, self.headers(release))
        kept = _Kept(opened, opened.bytes, release.state, self.clock.now())
        self._kept[place] = kept
        held = sum(one.bytes for one in self._kept.values())
        while held > self.bytes_max and len(self._kept) > 1:
            held -= self._kept.popitem(last=False)[1].bytes
        return kept

    def _files(self, package: bytes) -> Mapping[str, File]:
        unpacked = archive.unpack(blocks.split(package).unsigned)
        return {
            path: File.of(self.prepare(raw) if path.lower().endswith(".html") else raw, path)
            for path, raw in unpacked.items()
        }
