"""Noticing that files were saved. By looking: a project is small, and looking works on every file system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

EVERY_S: Final = 0.25
_IGNORED: Final = frozenset({"node_modules", "__pycache__", ".git", ".venv"})
_LOOKED_AT_MAX: Final = 10_000

Seen = frozenset[tuple[str, int, int]]


def look(places: Sequence[Path], without: Path | None = None) -> Seen:
    """Every file at or under `places`, with its size and when it was written. without: a folder that is passed over."""
    found: set[tuple[str, int, int]] = set()
    waiting = list(places)
    while waiting and len(found) < _LOOKED_AT_MAX:
        path = waiting.pop()
        try:
            if path.is_dir():
                inner = [one for one in path.iterdir() if one.name not in _IGNORED and not one.is_symlink()]
                waiting += [one for one in inner if one != without]
            elif path.is_file():
                stat = path.stat()
                found.add((str(path), stat.st_size, stat.st_mtime_ns))
        except OSError:
            continue  # It went while it was looked at: the next look finds it gone.
    return frozenset(found)


async def saves(places: Sequence[Path], *, since: Seen, without: Path | None = None) -> AsyncIterator[None]:
    """Once for each burst of changes, when the writing has calmed down. since: a look before the files were read."""
    before = since
    while True:
        await asyncio.sleep(EVERY_S)
        now = await asyncio.to_thread(look, places, without)
        if now == before:
            continue
        while (calm := await asyncio.to_thread(look, places, without)) != now:
            now = calm
            await asyncio.sleep(EVERY_S / 2)
        before = now
        yield
