"""Keys that may post to a backend: kept as digests, compared in a time that says nothing of them."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest


def key_digest(key: str) -> bytes:
    """What is kept of a key."""
    return sha256(key.encode(errors="surrogateescape")).digest()  # bytes of a header that are not UTF-8, as they came


def digests_of(keys: str) -> tuple[bytes, ...]:
    """Of keys as a setting lists them, separated by commas; none when it is empty."""
    return tuple(key_digest(key.strip()) for key in keys.split(",") if key.strip())


def is_known(authorization: str, *, keys: Iterable[bytes]) -> bool:
    """True when an `Authorization` header bears one of the keys; every key is compared, whatever the first says."""
    scheme, _, presented = authorization.partition(" ")
    digest = key_digest(presented.strip())
    known = [compare_digest(digest, key) for key in keys]
    return scheme.lower() == "bearer" and any(known)
