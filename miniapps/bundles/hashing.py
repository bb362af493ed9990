"""Hashes of a package and the names that follow from them.

`h1` is the hash of the content (Go's dirhash "h1:", over sorted lines of hash and name), the package's SHA-256 that of
the bytes without their signing block. A program's host is named by its id and its organisation's key, and the folder of
its files by its content.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from .encoding import from_b64

H1: Final = "h1:"
APP_KEY_CHARACTERS: Final = 26
ROOT_CHARACTERS: Final = 16


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def files_h1(files: Mapping[str, bytes]) -> str:
    """`h1:` and the base64 of the SHA-256 of the lines "<hex sha256>  <path>\\n", by the UTF-8 bytes of the paths."""
    lines = sorted((path.encode(), hashlib.sha256(content).hexdigest()) for path, content in files.items())
    listing = b"".join(digest.encode() + b"  " + path + b"\n" for path, digest in lines)
    return H1 + base64.b64encode(hashlib.sha256(listing).digest()).decode()


def root_prefix(h1: str) -> str:
    """The folder that a program's files are served from: the first 16 characters of h1 in lower-case base32.

    Raises: ValueError unless `h1` is one.
    """
    if not h1.startswith(H1) or len(digest := from_b64(h1.removeprefix(H1))) != 32:
        raise ValueError("not an h1 hash")
    return _base32(digest)[:ROOT_CHARACTERS]


def app_key(app_id: str, organisation_key_id: str) -> str:
    """The name of a program's host, bound to who signs it: 26 characters of base32 (130 bits of a SHA-256)."""
    return _base32(hashlib.sha256(f"{app_id}\0{organisation_key_id}".encode()).digest())[:APP_KEY_CHARACTERS]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
