"""What may be lost while people prove who they are: checks of a face that were begun, tickets for a counter.

Rules
- Redis never holds a person: keys are blind indexes, values are sealed to their key.
- What is taken is gone, to one caller alone; a fault behind it means to begin again.
- Expiry follows the city's clock; Redis' own only cleans up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from core.clock import Clock, epoch_ms
from core.crypto import FieldCipher, UnsealError
from core.redis import Redis, answering

_PURPOSE: Final = "evidence.pending"


@dataclass(frozen=True, slots=True)
class Pending:
    """namespace: the city's name, so that two cities may share one Redis."""

    redis: Redis
    cipher: FieldCipher
    clock: Clock
    namespace: str

    async def put(self, kind: str, name: str, value: str, *, life: timedelta, replace: bool = True) -> bool:
        """False, unless `replace`, where there is one of this name. Raises: Unavailable."""
        key = self._key(kind, name)
        row = {"value": value, "until": epoch_ms(self.clock.now() + life)}
        sealed = self.cipher.seal(orjson.dumps(row), purpose=_PURPOSE, owner=key)
        async with answering():
            return bool(await self.redis.set(key, sealed, px=life, nx=not replace))

    async def get(self, kind: str, name: str) -> str | None:
        """Raises: Unavailable."""
        key = self._key(kind, name)
        async with answering():
            return self._open(key, await self.redis.get(key))

    async def take(self, kind: str, name: str) -> str | None:
        """Raises: Unavailable."""
        key = self._key(kind, name)
        async with answering():
            return self._open(key, await self.redis.getdel(key))

    def _open(self, key: str, sealed: Any) -> str | None:
        if sealed is None:
            return None
        try:
            row = orjson.loads(self.cipher.open(bytes(sealed), purpose=_PURPOSE, owner=key))
        except UnsealError:
            return None  # sealed with the master key of before; it may be lost
        return str(row["value"]) if epoch_ms(self.clock.now()) < row["until"] else None

    def _key(self, kind: str, name: str) -> str:
        index = self.cipher.blind_index(name, purpose=f"evidence.{kind}").hex()[:32]
        return f"{self.namespace}:identity:evidence-{kind}:{index}"
