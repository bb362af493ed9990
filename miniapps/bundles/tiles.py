"""The log's tree in tiles: which of them a proof needs, the proof from them, and what two checkpoints say together.

Rules
- A tile is 256 hashes side by side: at level 0 those of leaves, at each level above the roots of full tiles below. So
  the tree of any size is read, and grows, by a few tiles at its edge, and a full tile never changes.
- No tile is trusted: what is worked out from tiles is compared with a root that the log has signed.
Sources: C2SP tlog-tiles; RFC 9162 §2.1.3.1 (inclusion) and §2.1.4.1 (consistency).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from .errors import LOG, BundleError
from .tlog import Checkpoint, node_hash, root, split

WIDTH: Final = 256
# In the place of a level: the bundle of the entries whose hashes the tile of level 0 with this number holds.
ENTRIES: Final = -1
ENTRY_BYTES_MAX: Final = 65_535
_HEIGHT: Final = 8
_HASH_BYTES: Final = 32
_PATH: Final = re.compile(r"(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?")

# A level, and a number from the left.
Place: TypeAlias = tuple[int, int]
# The leaves from the first number on up to the second, without it.
Span: TypeAlias = tuple[int, int]


class Tile(NamedTuple):
    """width: how many hashes (or entries) of its place; fewer than 256 of one that is not full yet."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def place(self) -> Place:
        return self.level, self.number

    @property
    def path(self) -> str:
        """Its address behind `<log>/tile/`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        *first, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
        part = f".p/{self.width}" if self.width < WIDTH else ""
        return "/".join([level, *(f"x{three}" for three in first), last]) + part


def read_path(path: str) -> Tile:
    """The tile that `Tile.path` wrote. Raises: ValueError."""
    matched = _PATH.fullmatch(path)
    if not matched:
        raise ValueError("no tile's path")
    level, number, width = matched.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(number.replace("x", "").replace("/", "")),
        int(width) if width else WIDTH,
    )
    if tile.path != path or not 0 < tile.width <= WIDTH:
        raise ValueError("no tile's path")
    return tile


# --- what a proof is made of


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The leaves under each hash of the proof that leaf `index` stands in the tree of `size`."""
    begin, end, found = 0, size, list[Span]()
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency_spans(old: int, size: int) -> list[Span]:
    """The leaves under each hash of the proof that the tree of `old` (> 0) leaves grew into that of `size`."""
    begin, end, found = 0, size, list[Span]()
    while old < end:
        middle = begin + split(end - begin)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    # Whoever checks it has the root of the old tree itself.
    return [*([(begin, end)] if begin else []), *reversed(found)]


def tiles_of_leaf(index: int, size: int) -> list[Tile]:
    """The tiles that hold the leaf, and that its inclusion and the root of the tree are worked out from."""
    return _tiles([(0, size), (index, index + 1), *inclusion_spans(index, size)], size)


def tiles_of_growth(old: int, size: int) -> list[Tile]:
    """The tiles that the roots of both trees, and the consistency of one with the other, are worked out from."""
    return _tiles([(0, size), (0, old), *(consistency_spans(old, size) if old else [])], size)


def _tiles(spans: Iterable[Span], size: int) -> list[Tile]:
    places = {_place(height, index)[0] for span in spans for height, index in _subtrees(span)}
    return [
        Tile(level, number, min(WIDTH, (size >> _HEIGHT * level) - number * WIDTH)) for level, number in sorted(places)
    ]


def _subtrees(span: Span) -> Iterable[tuple[int, int]]:
    """The whole subtrees that a span of a proof is made of, each by its height and its number from the left."""
    begin, end = span
    while begin < end:
        height = (end - begin).bit_length() - 1
        yield height, begin >> height
        begin += 1 << height


def _place(height: int, index: int) -> tuple[Place, slice]:
    """Where the hashes are that a subtree's root is worked out from: the tile, and which bytes of it."""
    level, above = divmod(height, _HEIGHT)
    number, first = divmod(index << above, WIDTH)
    return (level, number), slice(first * _HASH_BYTES, (first + (1 << above)) * _HASH_BYTES)


# --- the tree


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of `size` leaves as tiles tell it.

    tiles: by place, those that `tiles_of_leaf` or `tiles_of_growth` named; wider ones, of a later size, do as well.
    Every method raises BundleError LOG when a tile is missing or too short.
    """

    size: int
    tiles: Mapping[Place, bytes] = field(repr=False)

    def root(self, size: int | None = None) -> bytes:
        """Its root, or that of its first `size` leaves."""
        return self._root((0, self.size if size is None else size))

    def leaf(self, index: int) -> bytes:
        return self._root((index, index + 1))

    def inclusion(self, index: int) -> list[bytes]:
        """What `tlog.included` checks."""
        return [self._root(span) for span in inclusion_spans(index, self.size)]

    def consistency(self, old: int) -> list[bytes]:
        """What `tlog.consistent` checks. old: > 0."""
        return [self._root(span) for span in consistency_spans(old, self.size)]

    def _root(self, span: Span) -> bytes:
        *lefts, found = [self._subtree(*one) for one in _subtrees(span)] or [hashlib.sha256().digest()]
        for left in reversed(lefts):
            found = node_hash(left, found)
        return found

    def _subtree(self, height: int, index: int) -> bytes:
        place, part = _place(height, index)
        hashes = self.tiles.get(place, b"")
        if len(hashes) < part.stop:
            raise BundleError(LOG, detail="a tile of it is missing")
        return _root_of(hashes[part])


def _root_of(hashes: bytes) -> bytes:
    return root([hashes[at : at + _HASH_BYTES] for at in range(0, len(hashes), _HASH_BYTES)])


# --- growing


def edge(size: int) -> list[Place]:
    """The tiles that the next leaf of a tree of `size` may change, or its proof may need."""
    found, number = list[Place](), size
    while number or not found:
        found.append((len(found), number // WIDTH))
        number //= WIDTH
    return found


def grown(size: int, leaf: bytes, tiles: Mapping[Place, bytes]) -> dict[Place, bytes]:
    """The tiles that change as `leaf` becomes number `size`. tiles: those of `edge(size)` that there are."""
    changed, level, number, found = dict[Place, bytes](), 0, size, leaf
    while True:
        number, before = divmod(number, WIDTH)
        held = tiles.get((level, number), b"")
        if len(held) != before * _HASH_BYTES:
            raise BundleError(LOG, detail="a tile of it is missing")
        changed[level, number] = held + found
        if before + 1 < WIDTH:
            return changed
        level, found = level + 1, _root_of(changed[level, number])


def laid(leaves: Sequence[bytes]) -> dict[Place, bytes]:
    """All tiles of the tree of these hashes of leaves."""
    tiles, level, hashes = dict[Place, bytes](), 0, list(leaves)
    while hashes:
        rows = [b"".join(hashes[at : at + WIDTH]) for at in range(0, len(hashes), WIDTH)]
        tiles |= {(level, number): row for number, row in enumerate(rows)}
        level, hashes = level + 1, [_root_of(row) for row in rows if len(row) == WIDTH * _HASH_BYTES]
    return tiles


# --- bundles of entries


def write_entries(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle holds them. Raises: ValueError for one over 65,535 bytes."""
    every = list(entries)
    if any(len(entry) > ENTRY_BYTES_MAX for entry in every):
        raise ValueError("too long an entry")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in every)


def read_entries(bundle: bytes) -> list[bytes]:
    """Raises: BundleError LOG."""
    found, at = list[bytes](), 0
    while at < len(bundle):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin], "big")
        if at < begin or at > len(bundle):
            raise BundleError(LOG, detail="not a bundle of entries")
        found.append(bundle[begin:at])
    return found


# --- two checkpoints


class View(StrEnum):
    """What a log shows, beside what it showed before."""

    SAME = "SAME"
    GREW = "GREW"
    # The same log, but fewer leaves of it than it signed before: it is kept back, or rolled back.
    OLDER = "OLDER"
    # Two histories, both signed: who keeps both notes can prove to anybody that the log lied.
    SPLIT = "SPLIT"


def compare(seen: Checkpoint, told: Checkpoint, tree: Tree) -> View:
    """What `told` says to somebody who has `seen`. tree: of the larger, by `tiles_of_growth` of both; none of equals.

    Raises: BundleError LOG when they are of two logs, or the tiles are of neither, from which nothing follows.
    """
    if seen.origin != told.origin:
        raise BundleError(LOG, detail="of another log")
    if seen.size == told.size:
        return View.SAME if seen.root == told.root else View.SPLIT
    small, large = sorted((seen, told), key=lambda one: one.size)
    if tree.size != large.size or tree.root() != large.root:
        raise BundleError(LOG, detail="the tiles are of another tree")
    if tree.root(small.size) != small.root:
        return View.SPLIT
    return View.GREW if told is large else View.OLDER
