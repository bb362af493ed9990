"""What an event tells another room about a person, sealed: events outlive requests and are read by operators.

The room that emits seals what is personal under `facts`; the room that handles opens it. What only identifies rows
(ids) stays in clear beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from core.crypto import FieldCipher
from core.events.deliveries import EVENTS
from core.resealing import SealedField

_PURPOSE: Final = "event.facts"
SEALED: Final = SealedField(
    EVENTS,
    "payload.facts",
    _PURPOSE,
    # A report without a name is nobody's but the case's.
    lambda _, payload: str(payload.get("citizen") or payload.get("case")),
    needs=("payload.citizen", "payload.case"),
)


def seal_facts(facts: Mapping[str, Any], *, owner: str, cipher: FieldCipher) -> bytes:
    """facts: JSON values. owner: the id in the same payload that they are about, such as a citizen's."""
    return cipher.seal(orjson.dumps(facts), purpose=_PURPOSE, owner=owner)


def open_facts(sealed: bytes, *, owner: str, cipher: FieldCipher) -> dict[str, Any]:
    """Raises: UnsealError."""
    facts: dict[str, Any] = orjson.loads(cipher.open(sealed, purpose=_PURPOSE, owner=owner))
    return facts
