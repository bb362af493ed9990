"""JSON and base64 in one spelling: what is signed can be written in one way alone, and each byte of it counts."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Final

_B64URL: Final = re.compile(r"[A-Za-z0-9_-]*")


class _Twice(ValueError):
    """A member that stands twice in an object."""


def canonical(value: object) -> bytes:
    """`value` as JSON in UTF-8: members sorted, no spaces. Its names are ASCII, so all languages sort them alike."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def json_object(data: bytes) -> dict[str, object]:
    """The one JSON object that `data` is.

    Raises: ValueError for anything else: another encoding, a member twice, NaN, a nesting too deep to be meant.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        canonical(value)  # Neither half a character nor a number beyond all numbers.
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_b64url(text: str) -> bytes:
    """Raises: ValueError unless `text` is the one spelling of its bytes."""
    if not _B64URL.fullmatch(text):
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text:
        raise ValueError("not canonical")
    return data


def from_b64(text: str) -> bytes:
    """Raises: ValueError unless `text` is the one spelling of its bytes in base64 with padding."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise ValueError("not base64") from fault
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical")
    return data


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice("a member stands twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
