"""What a city's log shows, beside what it showed on this machine before.

A log that shows less than before, or another history, is somebody's lie or somebody's fault, and either way nothing to
go on with: status 5. The last checkpoint seen is kept under `<state>/<host>/`.
Sources: C2SP tlog-checkpoint and tlog-tiles; `bundles.tiles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from citytong_sdk.bundles import tiles, tlog
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.bundles.tiles import View
from citytong_sdk.log import CHECKPOINT_PATH, TILE_PATH, read_note

from . import files
from .errors import Exit, TongError, of_package
from .trust import CityKeys, Memory
from .web import Web

_CHECKPOINT_BYTES_MAX: Final = 16 * 1024
_TILE_BYTES_MAX: Final = tiles.WIDTH * 32


@dataclass(frozen=True, slots=True)
class LogSeen:
    """What the log shows now. view: beside what it showed here before; null at the first sight."""

    origin: str
    size: int
    view: View | None


def looked(city: Web, known: CityKeys, kept: Memory, of_release: str) -> LogSeen:
    """Look at the log as it is: it grew from what was seen here before, and from what a release was proven by.

    of_release: the signed checkpoint in the package's proof. Raises: TongError: a log that lies, status 5.
    """
    try:
        # Asked within the lock, so that nobody else keeps a later note between the question and its comparison.
        with files.locked(kept.lock()):
            return _looked(city, known, kept, of_release)
    except BundleError as fault:
        raise of_package(fault, city.base + CHECKPOINT_PATH) from fault


def _looked(city: Web, known: CityKeys, kept: Memory, of_release: str) -> LogSeen:
    note = city.get(CHECKPOINT_PATH, bytes_max=_CHECKPOINT_BYTES_MAX).decode("utf-8", "replace")
    told = read_note(note, known.published)
    before = (kept.recalled("checkpoint") or b"").decode()
    view = _compared(city, kept, (before, note), known, told) if before else None
    _compared(city, kept, (of_release, note), known, told)
    kept.keep("checkpoint", note.encode())
    return LogSeen(told.origin, told.size, view)


def proven_by(proof: bytes) -> str:
    """The signed checkpoint within a package's proof."""
    return proof.decode("utf-8", "replace").partition("\n\n")[2]


def _compared(city: Web, kept: Memory, notes: tuple[str, str], known: CityKeys, told: tlog.Checkpoint) -> View:
    """What the log shows, beside an older note of it. Raises: TongError for less, or for another history."""
    before = read_note(notes[0], known.published)
    # First, for such a log need not have the tiles any more that would show it.
    if told.size < before.size:
        raise TongError(
            "TONG_LOG_ROLLED_BACK",
            f"The log shows {told.size} entries, and was seen with {before.size}.",
            where=city.base + CHECKPOINT_PATH,
            why="A log only grows. Somebody shows you an old state of it, perhaps to keep a release from you.",
            advice="Try another line. If it stays so, tell the city and whoever watches its log.",
            exit=Exit.SIGNATURE,
        )
    view = tiles.compare(before, told, _tree(city, before.size, told.size))
    if view is View.SPLIT:
        raise _split(kept, notes, city)
    return view


def _tree(city: Web, old: int, size: int) -> tiles.Tree:
    """As much of the tree of `size` as shows whether that of `old` grew into it."""
    if old == size:
        return tiles.Tree(size, {})
    wanted = tiles.tiles_of_growth(old, size)
    return tiles.Tree(size, {one.place: city.get(TILE_PATH + one.path, bytes_max=_TILE_BYTES_MAX) for one in wanted})


def _split(kept: Memory, notes: tuple[str, str], city: Web) -> TongError:
    """Two signed notes that cannot both be true are kept: they prove to anybody that the log lied."""
    for name, note in zip(("split-before", "split-now"), notes, strict=True):
        kept.keep(name, note.encode())
    return TongError(
        "TONG_LOG_SPLIT",
        "The log shows two histories, and signed both.",
        where=city.base + CHECKPOINT_PATH,
        why="Somebody is shown other releases than you are: the city's log key is misused, or the log was rewritten.",
        advice=f"Use nothing of this city. Both notes are kept in {kept.folder}; give them to whoever watches the log.",
        exit=Exit.SIGNATURE,
    )
