"""Ids that carry their kind and sort by time: `cit_01J9Z…`, a prefix and a ULID.

Source: github.com/ulid/spec: 48 bits of milliseconds, 80 bits of randomness, Crockford base32.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from core.clock import Clock, epoch_ms

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes ids. `random_bytes` is the source of randomness: a seeded one replays a test."""

    clock: Clock
    random_bytes: Callable[[int], bytes] = field(default=secrets.token_bytes)

    def new(self, prefix: str) -> str:
        """A new id of one kind; `prefix` is two to four lower-case letters."""
        return f"{prefix}_{ulid(ms=epoch_ms(self.clock.now()), randomness=self.random_bytes(10))}"


def ulid(*, ms: int, randomness: bytes) -> str:
    """26 characters; `ms` since 1970 (48 bits), `randomness` is 10 bytes."""
    number = (ms << 80) | int.from_bytes(randomness, "big")
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def made_at_ms(id_: str) -> int:
    """When an id was made, in milliseconds since 1970. `id_` has an id's form."""
    number = 0
    for character in id_.partition("_")[2][:10]:
        number = number << 5 | _CROCKFORD.index(character)
    return number


def is_id(text: str, *, prefix: str) -> bool:
    """True when `text` has the form of an id of this kind; says nothing about existence."""
    head, _, body = text.partition("_")
    return head == prefix and _ULID.fullmatch(body) is not None
