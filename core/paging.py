"""Lists are read in pages, forwards, by cursor (Relay Cursor Connections).

A cursor is the sort key of an edge, opaque to clients and bound to nothing else: a page asked for twice
is the same page, and rows that arrive meanwhile do not shift it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.errors import BadInput

T = TypeVar("T")

PAGE_SIZE_MAX = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`first` rows (1…100) behind the sort key `after` (None: from the start)."""

    first: int
    after: str | None = None

    @classmethod
    def of(cls, *, first: int, after: str | None, first_max: int = PAGE_SIZE_MAX) -> PageRequest:
        """From GraphQL arguments. Raises: BadInput."""
        if not 1 <= first <= first_max:
            raise BadInput(field="first", problem=f"must be between 1 and {first_max}")
        return cls(first, decode_cursor(after) if after else None)

    @property
    def limit(self) -> int:
        """One row more than is shown, so that a page knows whether another follows."""
        return self.first + 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The rows of one page, each with its sort key."""

    rows: Sequence[T]
    keys: Sequence[str]
    has_next: bool
    has_previous: bool

    @classmethod
    def of(cls, *, rows: Sequence[T], keys: Sequence[str], request: PageRequest) -> Page[T]:
        """From up to `request.limit` rows in order."""
        shown = request.first
        return cls(rows[:shown], keys[:shown], len(rows) > shown, request.after is not None)


def encode_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Raises: BadInput when this was never one of our cursors."""
    if len(cursor) > 256:
        raise BadInput(field="after", problem="is not a cursor")
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as fault:
        raise BadInput(field="after", problem="is not a cursor") from fault
