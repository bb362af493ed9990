"""Files that are answered from memory: packed once, and not sent again to whoever has them.

A file has one tag whether it is sent packed or plain, so the tag is a weak one (RFC 9110 §8.8.1): it says that the
content is the same, not that the bytes on the wire are. No ranges are answered, which would need a strong one.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

from aiohttp import web

_PACKED_WORTH: Final = (
    *("text/", "application/json", "application/manifest+json", "application/wasm", "image/svg+xml", "image/x-icon"),
    *("font/otf", "font/ttf", "audio/wav"),
)


@dataclass(frozen=True, slots=True)
class File:
    """packed: by gzip, where that is smaller. headers: all but those that belong to a request."""

    raw: bytes = field(repr=False)
    packed: bytes | None = field(repr=False)
    etag: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, raw: bytes, headers: Mapping[str, str]) -> Self:
        """headers: with the type of its content."""
        worth = headers["Content-Type"].startswith(_PACKED_WORTH)
        packed = gzip.compress(raw, mtime=0) if worth else raw
        etag = f'W/"{hashlib.sha256(raw).hexdigest()[:20]}"'
        return cls(raw, packed if len(packed) < len(raw) else None, etag, headers)

    @property
    def size(self) -> int:
        return len(self.raw) + len(self.packed or b"")

    def answer(self, request: web.Request, **headers: str) -> web.Response:
        told = {**self.headers, **headers, "ETag": self.etag, "Vary": "Accept-Encoding"}
        if _named(request.headers.get("If-None-Match", ""), self.etag):
            return web.Response(status=304, headers=told)
        if self.packed is None or not takes_gzip(request.headers.get("Accept-Encoding", "")):
            return web.Response(body=self.raw, headers=told)
        return web.Response(body=self.packed, headers={**told, "Content-Encoding": "gzip"})


def _named(if_none_match: str, etag: str) -> bool:
    """By the weak comparison (RFC 9110 §13.1.2)."""
    return any(tag.strip().removeprefix("W/") == etag.removeprefix("W/") for tag in if_none_match.split(","))


# Browsers of one kind send the same header again and again.
@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client that sends this `Accept-Encoding` takes gzip, and likes it no less than plain bytes.

    Reads the first 16 codings; a malformed quality counts as 0. Source: RFC 9110 §12.5.3.
    """
    wishes: dict[str, float] = {}
    for part in accept_encoding.lower().split(",", 16)[:16]:
        coding, _, parameter = part.partition(";")
        wishes[coding.strip()] = _quality(parameter)
    liked = wishes.get("gzip", wishes.get("*", 0.0))
    return liked > 0 and liked >= wishes.get("identity", 0.0)


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
