"""Noticing that files were saved. By looking: a project is small, and looking works on every file system.

A file is what is in it: one that is written anew as it was is not saved. A build that writes among its own sources
would else be the reason for the next one, without an end.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

EVERY_S: Final = 0.25
_IGNORED: Final = frozenset({"node_modules", "__pycache__", ".git", ".venv"})
_LOOKED_AT_MAX: Final = 10_000
# A larger file is not read: its size and when it was written stand for what is in it.
_READ_BYTES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _File:
    """stamp: its size and when it was written, in nanoseconds. content: what tells what is in it from anything else."""

    stamp: tuple[int, int] = field(compare=False)
    content: bytes


Seen: TypeAlias = Mapping[str, _File]
NOTHING: Final[Seen] = MappingProxyType({})


def look(places: Sequence[Path], without: Path | None = None, *, before: Seen = NOTHING) -> Seen:
    """Every file at or under `places`, by its path. without: a folder that is passed over. before: an earlier look;
    what was not written since is not read again.
    """
    found: dict[str, _File] = {}
    waiting = list(places)
    while waiting and len(found) < _LOOKED_AT_MAX:
        path = waiting.pop()
        try:
            if path.is_dir():
                inner = [one for one in path.iterdir() if one.name not in _IGNORED and not one.is_symlink()]
                waiting += [one for one in inner if one != without]
            elif path.is_file():
                found[str(path)] = _file(path, before.get(str(path)))
        except OSError:
            continue  # It went while it was looked at, or cannot be read: it is not there.
    return found


def _file(path: Path, known: _File | None) -> _File:
    """Raises: OSError."""
    stat = path.stat()
    stamp = (stat.st_size, stat.st_mtime_ns)
    if known is not None and known.stamp == stamp:
        return known
    if stat.st_size > _READ_BYTES_MAX:
        return _File(stamp, repr(stamp).encode())
    return _File(stamp, hashlib.sha256(path.read_bytes()).digest())


async def saves(places: Sequence[Path], *, since: Seen, without: Path | None = None) -> AsyncIterator[None]:
    """Once for each burst of changes, when the writing has calmed down. since: a look before the files were read."""
    before = since
    while True:
        await asyncio.sleep(EVERY_S)
        last, before = before, await asyncio.to_thread(look, places, without, before=before)
        if before == last:
            continue
        while (calm := await asyncio.to_thread(look, places, without, before=before)) != before:
            before = calm
            await asyncio.sleep(EVERY_S / 2)
        yield
