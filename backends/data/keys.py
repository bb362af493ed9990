"""Who may do what: every key has a name, which stands on record, and the rights that it was given.

Written `name:right+right=key`, several separated by commas. A name may have two keys while one is being changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from typing import Final

from backends.base.keys import key_digest
from backends.data.errors import KeyInvalid, KeyMayNot

KEY_LENGTH_MIN: Final = 8
# Publishes the demonstration's datasets, and nobody's key may have it.
DEMO_NAME: Final = "demo"
_GRANT: Final = re.compile(r"([a-z][a-z0-9-]{0,31}):([a-z+]{1,120})=(\S+)")


class Right(StrEnum):
    PUBLISH = "publish"
    POPULATION = "population"
    FAMILIES = "families"
    ORGANISATIONS = "organisations"
    ADDRESSES = "addresses"
    DOCUMENTS = "documents"
    FACES = "faces"
    NET_IDS = "netids"


@dataclass(frozen=True, slots=True)
class Grant:
    """digest: of the key."""

    name: str
    rights: frozenset[Right]
    digest: bytes = field(repr=False)


def grants_of(text: str) -> tuple[Grant, ...]:
    """Raises: ValueError with a sentence that quotes no key."""
    return tuple(_grant_of(i, one.strip()) for i, one in enumerate(text.split(","), start=1) if one.strip())


def holder(authorization: str, *, grants: Sequence[Grant], right: Right) -> str:
    """The name of the key that an `Authorization` header bears. Every key is compared, whatever the first says.

    Raises: KeyInvalid, KeyMayNot.
    """
    scheme, _, presented = authorization.partition(" ")
    digest = key_digest(presented.strip())
    found = [grant for grant in grants if compare_digest(digest, grant.digest)]
    if scheme.lower() != "bearer" or not found:
        raise KeyInvalid()
    if right not in found[0].rights:
        raise KeyMayNot(right=right.value)
    return found[0].name


def _grant_of(number: int, text: str) -> Grant:
    match = _GRANT.fullmatch(text)
    if match is None:
        raise ValueError(f"entry {number} is not name:right+right=key")
    name, rights, key = match.groups()
    if name == DEMO_NAME or len(key) < KEY_LENGTH_MIN:
        raise ValueError(f"entry {number} has a name that is taken, or a key under {KEY_LENGTH_MIN} characters")
    if unknown := set(rights.split("+")) - set(Right):
        raise ValueError(f"entry {number} has a right that there is not: {min(unknown)!r}")
    return Grant(name, frozenset(map(Right, rights.split("+"))), key_digest(key))
