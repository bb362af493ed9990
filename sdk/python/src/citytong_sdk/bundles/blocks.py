"""The signing block of a package: signatures that stand between the entries and the central directory.

    [entries][u64 size | (u64 length | u32 id | value)* | u64 size | magic][central directory][end record]

All numbers are little-endian; `size` counts everything but the first field, `length` the id and the value. A reader of
ZIP that does not know the block skips it, for nothing points into it. Without the block, and with the directory's
offset moved back, the bytes are exactly those that were signed.
Source: W3C MiniApp Packaging, appendix on RPK signatures, with erratum 1: the magic ends where the directory begins.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .archive import PACKED_BYTES_MAX, directory_offset
from .errors import BLOCK, TOO_LARGE, BundleError

MAGIC: Final = b"CITYMA Sig Blk 1"
DEVELOPER: Final = 0x0100_0101
PLATFORM: Final = 0x0200_0201
LOG_PROOF: Final = 0x0200_0301
IDS: Final = (DEVELOPER, PLATFORM, LOG_PROOF)
# Signatures, names of capabilities and domains, a proof: more is not a signing block.
BLOCK_BYTES_MAX: Final = 64_000

_SIZE: Final = struct.Struct("<Q")
_PAIR: Final = struct.Struct("<QI")
_OFFSET_IN_END: Final = 6
_OFFSET: Final = struct.Struct("<I")
_FOOT: Final = _SIZE.size + len(MAGIC)


@dataclass(frozen=True, slots=True)
class Signed:
    """A package taken apart: `unsigned` as it was signed, and the block's values by id."""

    unsigned: bytes = field(repr=False)
    values: Mapping[int, bytes] = field(repr=False)


def split(package: bytes) -> Signed:
    """`package` without its block, and what the block holds; a package without a block has no values.

    Raises: BundleError BLOCK (ids unknown, twice or out of order; sizes that disagree), TOO_LARGE, and those of the end
    record.
    """
    if len(package) > PACKED_BYTES_MAX + BLOCK_BYTES_MAX:
        raise BundleError(TOO_LARGE, detail=f"{len(package)} bytes")
    end = directory_offset(package)
    if end < _FOOT or package[end - len(MAGIC) : end] != MAGIC:
        return Signed(unsigned=package, values={})
    size = _SIZE.unpack_from(package, end - _FOOT)[0]
    start = end - size - _SIZE.size
    if size < _FOOT or size > BLOCK_BYTES_MAX or start < 0 or _SIZE.unpack_from(package, start)[0] != size:
        raise BundleError(BLOCK, detail="its two sizes are not its size")
    values = _values(package[start + _SIZE.size : end - _FOOT])
    return Signed(unsigned=_moved(package[:start] + package[end:], start), values=values)


def strip(package: bytes) -> bytes:
    """The bytes that were signed: `package` without its block. Raises: as `split`."""
    return split(package).unsigned


def join(unsigned: bytes, values: Mapping[int, bytes]) -> bytes:
    """`unsigned` with a block that holds `values` by id, in the order of ids; with no value, `unsigned`.

    Raises: BundleError BLOCK (an unknown id, a block too large, or `unsigned` has a block), and those of the end
    record.
    """
    if split(unsigned).values or set(values) - set(IDS):
        raise BundleError(BLOCK, detail="an unknown id, or a second block")
    if not values:
        return unsigned
    pairs = b"".join(_PAIR.pack(4 + len(value), key) + value for key, value in sorted(values.items()))
    size = len(pairs) + _FOOT
    if size > BLOCK_BYTES_MAX:
        raise BundleError(BLOCK, detail=f"{size} bytes")
    at = directory_offset(unsigned)
    block = _SIZE.pack(size) + pairs + _SIZE.pack(size) + MAGIC
    return _moved(unsigned[:at] + block + unsigned[at:], at + len(block))


def _moved(package: bytes, directory: int) -> bytes:
    """`package`, its end record saying that the directory is at byte `directory`."""
    at = len(package) - _OFFSET_IN_END
    return package[:at] + _OFFSET.pack(directory) + package[at + _OFFSET.size :]


def _values(pairs: bytes) -> dict[int, bytes]:
    values: dict[int, bytes] = {}
    at, last = 0, 0
    while at < len(pairs):
        if at + _PAIR.size > len(pairs):
            raise BundleError(BLOCK, detail="a pair that is cut off")
        length, key = _PAIR.unpack_from(pairs, at)
        after = at + _SIZE.size + length
        if length < 4 or after > len(pairs):
            raise BundleError(BLOCK, detail="a pair of a wrong length")
        if key not in IDS or key <= last:
            raise BundleError(BLOCK, detail=f"id 0x{key:08x} is unknown or out of order")
        values[key], at, last = pairs[at + _PAIR.size : after], after, key
    if not values:
        raise BundleError(BLOCK, detail="nothing in it")
    return values
