"""The city's log of releases, watched: that it takes nothing back and shows one history.

The log signs what it holds. Whoever keeps the last note and asks for the next sees whether the one grew out of the
other; a log that shows different people different histories is found out when two of them compare their notes.
Sources: C2SP tlog-checkpoint, tlog-tiles; RFC 9162 §2.1.4; `bundles.tiles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .bundles import tiles, tlog
from .bundles.errors import LOG, BundleError
from .bundles.tiles import View
from .calls import Call, Request
from .city import City
from .errors import LogRolledBack, LogSplit
from .keys import PublishedKeys

CHECKPOINT_PATH: Final = "/tlog/checkpoint"
TILE_PATH: Final = "/tlog/tile/"
_CHECKPOINT_BYTES_MAX: Final = 16 * 1024
_TILE_BYTES_MAX: Final = tiles.WIDTH * 32


@dataclass(slots=True)
class Monitor:
    """seen: the note (a signed checkpoint) that was seen last, or None. Keep it between runs, and give it when you
    start.
    """

    city: City
    seen: str | None = None

    def look(self) -> Call[tlog.Checkpoint]:
        """What the log shows now; then `seen` is its note. After a refusal `seen` stays as it was.

        Raises: LogRolledBack, LogSplit; BundleError LOG for what the log did not sign; CityTongError.
        """
        keys = yield from self.city.keys()
        note = (yield from self._got(CHECKPOINT_PATH, _CHECKPOINT_BYTES_MAX)).decode("utf-8", "replace")
        told = read_note(note, keys)
        if self.seen is not None:
            before = read_note(self.seen, keys)
            if told.size < before.size:  # and it need not have the tiles any more that would show it
                raise LogRolledBack(f"The log shows {told.size} entries, and was seen with {before.size}.")
            if tiles.compare(before, told, (yield from self._tree(before.size, told.size))) is View.SPLIT:
                raise LogSplit((self.seen, note))
        self.seen = note
        return told

    def _tree(self, old: int, size: int) -> Call[tiles.Tree]:
        """As much of the tree of `size` as shows whether that of `old` grew into it."""
        found: dict[tiles.Place, bytes] = {}
        if old != size:
            for tile in tiles.tiles_of_growth(old, size):
                found[tile.place] = yield from self._got(TILE_PATH + tile.path, _TILE_BYTES_MAX)
        return tiles.Tree(size, found)

    def _got(self, path: str, bytes_max: int) -> Call[bytes]:
        request = Request("GET", self.city.issuer + path, repeatable=True, answer_bytes_max=bytes_max)
        return (yield from self.city.asked(lambda: request)).body


def read_note(note: str, keys: PublishedKeys) -> tlog.Checkpoint:
    """The checkpoint that one of the log's published keys signed. Raises: BundleError LOG."""
    refused = BundleError(LOG, detail="the city published no key of its log")
    for key in keys.logs:
        try:
            return tlog.read_checkpoint(note, key)
        except BundleError as fault:
            refused = fault
    raise refused
