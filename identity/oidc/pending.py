"""What may be lost: pushed requests, interactions, codes, device codes, signed-in browsers, what was shown once.

Rules
- Redis never holds a secret or a person: keys are blind indexes, values are sealed to their key.
- Expiry follows the city's clock; Redis' own only cleans up.
- Losing it all means that citizens and clients begin again, and nothing worse: whatever was shown once is refused
  again by its own expiry, at most minutes later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import orjson

from core.clock import Clock, epoch_ms
from core.crypto import FieldCipher, UnsealError
from core.redis import Redis, answering


class Slot(StrEnum):
    """What is kept under a random name."""

    PUSHED = "pushed"
    INTERACTION = "interaction"
    CODE = "code"
    DEVICE = "device"
    USER_CODE = "user-code"
    BROWSER = "browser"


class Mark(StrEnum):
    """What is remembered to have been seen."""

    CODE = "code-used"
    PROOF = "dpop"
    ASSERTION = "assertion"
    REVOKED = "revoked"
    POLL = "poll"
    PUSHED = "pushed-used"


_PURPOSE: Final = "oidc.pending"


@dataclass(frozen=True, slots=True)
class Pending:
    """namespace: the city's name, so that two cities may share one Redis."""

    redis: Redis
    cipher: FieldCipher
    clock: Clock
    namespace: str

    async def put(
        self, slot: Slot, name: str, value: Mapping[str, Any], *, life: timedelta, kept: timedelta = timedelta(0)
    ) -> None:
        """value: JSON. kept: how much longer than its life it is found by `remains`. Raises: Unavailable."""
        key = self._key(slot, name)
        row = {"value": value, "until": epoch_ms(self.clock.now() + life)}
        sealed = self.cipher.seal(orjson.dumps(row), purpose=_PURPOSE, owner=key)
        async with answering():
            await self.redis.set(key, sealed, px=life + kept)

    async def get(self, slot: Slot, name: str) -> dict[str, Any] | None:
        """Raises: Unavailable."""
        async with answering():
            return self._open(slot, name, await self.redis.get(self._key(slot, name)), expired=False)

    async def remains(self, slot: Slot, name: str) -> dict[str, Any] | None:
        """As `get`, also after its life. Raises: Unavailable."""
        async with answering():
            return self._open(slot, name, await self.redis.get(self._key(slot, name)), expired=True)

    async def take(self, slot: Slot, name: str) -> dict[str, Any] | None:
        """To one caller alone. Raises: Unavailable."""
        async with answering():
            return self._open(slot, name, await self.redis.getdel(self._key(slot, name)), expired=False)

    async def first(self, mark: Mark, name: str, *, life: timedelta) -> bool:
        """True for the one who says it first. Raises: Unavailable."""
        async with answering():
            return bool(await self.redis.set(self._key(mark, name), b"1", nx=True, px=life))

    async def marked(self, mark: Mark, name: str) -> bool:
        """Raises: Unavailable."""
        async with answering():
            return bool(await self.redis.exists(self._key(mark, name)))

    def _open(self, slot: Slot, name: str, sealed: Any, *, expired: bool) -> dict[str, Any] | None:
        if sealed is None:
            return None
        try:
            row = orjson.loads(self.cipher.open(bytes(sealed), purpose=_PURPOSE, owner=self._key(slot, name)))
        except UnsealError:
            return None  # sealed with the master key of before; it may be lost
        if not expired and epoch_ms(self.clock.now()) >= row["until"]:
            return None
        value: dict[str, Any] = row["value"]
        return value

    def _key(self, kind: Slot | Mark, name: str) -> str:
        index = self.cipher.blind_index(name, purpose=f"oidc.{kind.value}").hex()[:32]
        return f"{self.namespace}:identity:oidc-{kind.value}:{index}"
