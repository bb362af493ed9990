"""ZIP archives, written in one way and read in one way.

A package is read by several parsers, and each way in which two of them can disagree is a way to show one file to the
reviewer and another to the citizen. So the bytes are parsed here, not by `zipfile`, and there is one shape alone:
entries end to end from the first byte, in the order of the central directory, each header the same in both places, then
the directory, then the end record, and nothing else. Time and memory are linear in the bytes given and the budgets.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from . import names
from .errors import (
    EMPTY,
    NAME_ENCODING,
    NOT_A_ZIP,
    RATIO,
    TOO_LARGE,
    TOO_MANY_ENTRIES,
    UNPACKED_TOO_LARGE,
    ZIP_64,
    ZIP_COMMENT,
    ZIP_CRC,
    ZIP_DATA,
    ZIP_DIRECTORY,
    ZIP_ENCRYPTED,
    ZIP_EXTRA,
    ZIP_FILE_TYPE,
    ZIP_FLAGS,
    ZIP_HEADERS_DIFFER,
    ZIP_LAYOUT,
    ZIP_METHOD,
    ZIP_MULTI_DISK,
    ZIP_PREFIX,
    ZIP_SIZE,
    ZIP_TRAILING,
    BundleError,
)

PACKED_BYTES_MAX: Final = 2_000_000
UNPACKED_BYTES_MAX: Final = 10_000_000
ENTRIES_MAX: Final = 2_000
RATIO_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may cost. Bytes, entries, and how many times its size an entry may unpack to."""

    packed: int = PACKED_BYTES_MAX
    unpacked: int = UNPACKED_BYTES_MAX
    entries: int = ENTRIES_MAX
    ratio: int = RATIO_MAX


BUDGET: Final = Limits()

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCATOR_64: Final = b"PK\x06\x07"
_STORED, _DEFLATED = 0, 8
_UTF_8: Final = 0x0800
_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000
# 1980-01-01 00:00, the first moment that ZIP knows.
_DATE: Final = 0x0021
_MADE_BY_UNIX: Final = 0x0314
_REGULAR_0644: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the central directory. `shared`: the fields that the entry's own header has to repeat."""

    shared: tuple[int, ...]
    name: bytes
    path: str
    offset: int

    @property
    def flags(self) -> int:
        return self.shared[1]

    @property
    def method(self) -> int:
        return self.shared[2]

    @property
    def crc(self) -> int:
        return self.shared[5]

    @property
    def packed(self) -> int:
        return self.shared[6]

    @property
    def size(self) -> int:
        return self.shared[7]


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of `files` by path: the same bytes for the same files, wherever and whenever.

    Names in the order of their UTF-8 bytes, 1980-01-01, mode 0644, the flag for UTF-8, no extra fields, no directories.
    An entry is stored when deflate makes it no smaller, or more than a hundred times smaller. What deflate writes is up
    to the version of zlib (zlib-ng and a later zlib may write other bytes for the same content), so "the same bytes"
    holds for one zlib alone; that is why a statement signs the hash of the content (h1) beside the hash of the bytes.
    Raises: BundleError of names and budgets: what is packed can be unpacked.
    """
    ordered = sorted(files.items(), key=lambda item: item[0].encode("utf-8", "surrogatepass"))
    _check_names([path for path, _ in ordered])
    if not ordered:
        raise BundleError(EMPTY)
    if len(ordered) > ENTRIES_MAX:
        raise BundleError(TOO_MANY_ENTRIES, detail=str(len(ordered)))
    if (total := sum(map(len, files.values()))) > UNPACKED_BYTES_MAX:
        raise BundleError(UNPACKED_TOO_LARGE, detail=f"{total} bytes")
    entries, directory = bytearray(), bytearray()
    for path, content in ordered:
        name = path.encode()
        method, data = _compressed(content)
        shared = (20, _UTF_8, method, 0, _DATE, zlib.crc32(content), len(data), len(content), len(name), 0)
        directory += _CENTRAL.pack(_CENTRAL_MAGIC, _MADE_BY_UNIX, *shared, 0, 0, 0, _REGULAR_0644, len(entries)) + name
        entries += _LOCAL.pack(_LOCAL_MAGIC, *shared) + name + data
    end = _END.pack(_END_MAGIC, 0, 0, len(ordered), len(ordered), len(directory), len(entries), 0)
    packed = bytes(entries + directory + end)
    if len(packed) > PACKED_BYTES_MAX:
        raise BundleError(TOO_LARGE, detail=f"{len(packed)} bytes")
    return packed


def unpack(data: bytes, limits: Limits = BUDGET) -> Mapping[str, bytes]:
    """The files of the archive `data` (without a signing block) by path, in the archive's order.

    Raises: BundleError: BUNDLE_NOT_A_ZIP, BUNDLE_ZIP_…, BUNDLE_NAME_…, BUNDLE_TYPE_FORBIDDEN and the budgets.
    Source: threats T26 and T27; APPNOTE 6.3.10 for the records.
    """
    if len(data) > limits.packed:
        raise BundleError(TOO_LARGE, detail=f"{len(data)} bytes")
    entries, directory_offset = _directory(data, limits)
    _check_names([entry.path for entry in entries])
    _check_sizes(entries, limits)
    files, position = {}, 0
    for entry in entries:
        if entry.offset != position:
            raise BundleError(ZIP_LAYOUT if position else ZIP_PREFIX, entry.path, f"an entry at byte {entry.offset}")
        start = _data_offset(data, entry, directory_offset)
        position = start + entry.packed
        if position > directory_offset:
            raise BundleError(ZIP_LAYOUT, entry.path, "goes on into the directory")
        files[entry.path] = _content(data[start:position], entry)
    if position != directory_offset:
        raise BundleError(ZIP_LAYOUT, detail=f"{directory_offset - position} bytes before the directory")
    return files


def directory_offset(data: bytes) -> int:
    """Where the central directory of `data` begins, which its end record and its size agree on.

    Raises: BundleError NOT_A_ZIP, ZIP_TRAILING, ZIP_COMMENT, ZIP_MULTI_DISK, ZIP_64, ZIP_DIRECTORY, ZIP_LAYOUT.
    """
    return _end(data)[1]


def _end(data: bytes) -> tuple[int, int]:
    """How many entries there are, and where the directory begins."""
    at = len(data) - _END.size
    if at < 0 or data[at : at + 4] != _END_MAGIC:
        raise _no_end(data)
    _, disk, disk_of_directory, here, count, size, offset, comment = _END.unpack_from(data, at)
    if comment:
        raise BundleError(ZIP_COMMENT)
    if 0xFFFF in (disk, disk_of_directory, here, count) or 0xFFFFFFFF in (size, offset):
        raise BundleError(ZIP_64)
    if data[max(at - 20, 0) : max(at - 16, 0)] == _LOCATOR_64:
        raise BundleError(ZIP_64)
    if disk or disk_of_directory:
        raise BundleError(ZIP_MULTI_DISK)
    if here != count:
        raise BundleError(ZIP_DIRECTORY, detail="two counts of entries")
    if offset + size != at:
        raise BundleError(ZIP_LAYOUT, detail="the directory does not end where the end record begins")
    return count, offset


def _no_end(data: bytes) -> BundleError:
    """Why `data` does not end in an end record: something follows one, or there is none."""
    at = data.rfind(_END_MAGIC, max(len(data) - _END.size - 0xFFFF, 0))
    if at < 0 or at + _END.size > len(data):
        return BundleError(NOT_A_ZIP)
    comment = _END.unpack_from(data, at)[7]
    return BundleError(ZIP_COMMENT if comment == len(data) - at - _END.size else ZIP_TRAILING)


def _directory(data: bytes, limits: Limits) -> tuple[list[_Entry], int]:
    count, start = _end(data)
    if count > limits.entries:
        raise BundleError(TOO_MANY_ENTRIES, detail=str(count))
    if not count:
        raise BundleError(EMPTY)
    entries, at, end = [], start, len(data) - _END.size
    for _ in range(count):
        entry, at = _entry(data, at, end)
        entries.append(entry)
    if at != end:
        raise BundleError(ZIP_DIRECTORY, detail="more in the directory than it counts")
    return entries, start


def _entry(data: bytes, at: int, end: int) -> tuple[_Entry, int]:
    if at + _CENTRAL.size > end or data[at : at + 4] != _CENTRAL_MAGIC:
        raise BundleError(ZIP_DIRECTORY, detail="fewer entries than counted")
    _, _made_by, *shared, comment, disk, _, external, offset = _CENTRAL.unpack_from(data, at)
    name_length, extra = shared[8], shared[9]
    after = at + _CENTRAL.size + name_length + extra + comment
    if after > end:
        raise BundleError(ZIP_DIRECTORY, detail="an entry goes on after the directory's end")
    name = data[at + _CENTRAL.size : at + _CENTRAL.size + name_length]
    path = _path(name, shared[1])
    if comment:
        raise BundleError(ZIP_COMMENT, path)
    if 0xFFFFFFFF in (shared[6], shared[7], offset) or disk == 0xFFFF:
        raise BundleError(ZIP_64, path)
    if disk:
        raise BundleError(ZIP_MULTI_DISK, path)
    if extra:
        raise BundleError(ZIP_EXTRA, path)
    _check_kind(path, shared[0], shared[1], shared[2], external)
    return _Entry(shared=tuple(shared), name=name, path=path, offset=offset), after


def _path(name: bytes, flags: int) -> str:
    try:
        return name.decode("utf-8" if flags & _UTF_8 else "ascii")
    except UnicodeDecodeError:
        raise BundleError(NAME_ENCODING, name[:64].decode("ascii", "replace")) from None


def _check_kind(path: str, version: int, flags: int, method: int, external: int) -> None:
    if flags & _ENCRYPTED:
        raise BundleError(ZIP_ENCRYPTED, path)
    if flags & ~_UTF_8:
        raise BundleError(ZIP_FLAGS, path, f"0x{flags:04x}")
    if method not in (_STORED, _DEFLATED) or version > 20:
        raise BundleError(ZIP_METHOD, path, f"method {method}, version {version}")
    kind, is_folder = external >> 28, external & 0x10
    if kind not in (0, 0o10) or is_folder or path.endswith("/"):
        raise BundleError(ZIP_FILE_TYPE, path)


def _check_names(paths: list[str]) -> None:
    for path in paths:
        names.check_path(path)
        names.check_type(path)
    names.check_unique(paths)


def _check_sizes(entries: list[_Entry], limits: Limits) -> None:
    for entry in entries:
        if entry.method == _STORED and entry.packed != entry.size:
            raise BundleError(ZIP_SIZE, entry.path, "stored, with two sizes")
        if entry.size > entry.packed * limits.ratio:
            raise BundleError(RATIO, entry.path, f"{entry.packed} bytes swell to {entry.size}")
    if (total := sum(entry.size for entry in entries)) > limits.unpacked:
        raise BundleError(UNPACKED_TOO_LARGE, detail=f"{total} bytes")


def _data_offset(data: bytes, entry: _Entry, directory_offset: int) -> int:
    """Where the content of `entry` begins, once its own header has said the same as the directory."""
    at = entry.offset
    after = at + _LOCAL.size + len(entry.name)
    if after > directory_offset:
        raise BundleError(ZIP_LAYOUT, entry.path, "goes on into the directory")
    magic, *shared = _LOCAL.unpack_from(data, at)
    if magic != _LOCAL_MAGIC:
        raise BundleError(ZIP_LAYOUT if at else ZIP_PREFIX, entry.path, "no entry begins there")
    if tuple(shared) != entry.shared or data[at + _LOCAL.size : after] != entry.name:
        raise BundleError(ZIP_HEADERS_DIFFER, entry.path)
    return after


def _content(data: bytes, entry: _Entry) -> bytes:
    content = data if entry.method == _STORED else _inflated(data, entry)
    if zlib.crc32(content) != entry.crc:
        raise BundleError(ZIP_CRC, entry.path)
    return content


def _inflated(data: bytes, entry: _Entry) -> bytes:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # One byte more than declared: enough to know that there is more, and nothing to fear.
        content = inflate.decompress(data, entry.size + 1)
    except zlib.error:
        raise BundleError(ZIP_DATA, entry.path, "broken") from None
    if len(content) > entry.size:
        raise BundleError(ZIP_SIZE, entry.path, "unpacks to more than declared")
    if not inflate.eof or inflate.unused_data:
        raise BundleError(ZIP_DATA, entry.path, "ends early, or goes on after its end")
    if len(content) < entry.size:
        raise BundleError(ZIP_SIZE, entry.path, "unpacks to less than declared")
    return content


def _compressed(content: bytes) -> tuple[int, bytes]:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    data = deflate.compress(content) + deflate.flush()
    if len(data) >= len(content) or len(content) > len(data) * RATIO_MAX:
        return _STORED, content
    return _DEFLATED, data
