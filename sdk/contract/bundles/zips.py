"""Archives written byte by byte, right or wrong in just one place."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_LOCAL: Final = ("version", "flags", "method", "time", "date", "crc", "packed", "size", "name_length", "extra_length")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file. `packed`: its data as it stands in the archive; `fields`, `local`, `central`: values in place of those
    that fit, in both headers or one."""

    name: bytes = b"app.js"
    content: bytes = b"1"
    packed: bytes | None = None
    method: int = 0
    extra: bytes = b""
    comment: bytes = b""
    fields: Mapping[str, int] = field(default_factory=dict)
    local: Mapping[str, int] = field(default_factory=dict)
    central: Mapping[str, int] = field(default_factory=dict)
    local_name: bytes | None = None

    @property
    def data(self) -> bytes:
        return self.content if self.packed is None else self.packed

    def shared(self, own: Mapping[str, int]) -> list[int]:
        fitting = {
            "version": 20,
            "flags": 0x0800,
            "method": self.method,
            "time": 0,
            "date": 0x21,
            "crc": zlib.crc32(self.content),
            "packed": len(self.data),
            "size": len(self.content),
            "name_length": len(self.name),
            "extra_length": len(self.extra),
        }
        return [{**fitting, **self.fields, **own}[name] for name in _LOCAL]


def deflated(content: bytes) -> bytes:
    """`content` as a deflate stream of one stored block: the same bytes with every zlib."""
    return b"\x01" + struct.pack("<HH", len(content), len(content) ^ 0xFFFF) + content


def zipped(
    entries: Sequence[Entry],
    *,
    before: bytes = b"",
    between: bytes = b"",
    after_entries: bytes = b"",
    after: bytes = b"",
    end: Mapping[str, int] | None = None,
    end_comment: bytes = b"",
    shift: int = 0,
    reverse: bool = False,
) -> bytes:
    """An archive of `entries`, with bytes where none belong. shift: what is added to each offset in the directory."""
    body, central = before, []
    for index, entry in enumerate(entries):
        at = len(body) + shift
        body += struct.pack("<4s5H3I2H", b"PK\3\4", *entry.shared(entry.local)) + (entry.local_name or entry.name)
        body += entry.extra + entry.data + (between if index + 1 < len(entries) else b"")
        tail = {"disk": 0, "internal": 0, "external": 0o100644 << 16, "offset": at, **entry.central}
        central.append(
            struct.pack("<4s6H3I2H", b"PK\1\2", 0x0314, *entry.shared(entry.central))
            + struct.pack(
                "<3H2I", len(entry.comment), *(tail[key] for key in ("disk", "internal", "external", "offset"))
            )
            + entry.name
            + entry.extra
            + entry.comment
        )
    body += after_entries
    directory = b"".join(reversed(central) if reverse else central)
    said = {
        "disk": 0,
        "start_disk": 0,
        "here": len(entries),
        "count": len(entries),
        "size": len(directory),
        "offset": len(body),
        "comment": len(end_comment),
        **(end or {}),
    }
    return body + directory + struct.pack("<4s4H2IH", b"PK\5\6", *said.values()) + end_comment + after
