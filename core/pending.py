"""What waits for an answer and may be lost: codes, device codes, what was shown once. In Redis.

Rules
- Redis never holds a secret or a person: keys are blind indexes, values are sealed to their key.
- Expiry follows the city's clock; Redis' own only cleans up.
- Losing it all means that who waits begins again, and nothing worse: whatever was shown once is refused again by its
  own expiry, at most minutes later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson

from core.clock import Clock, epoch_ms
from core.crypto import FieldCipher, UnsealError
from core.redis import Redis, answering


@dataclass(frozen=True, slots=True)
class Pending:
    """prefix: what the keys of it begin with, with the city's name, so that two cities may share one Redis. family:
    names what it is for.
    """

    redis: Redis
    cipher: FieldCipher
    clock: Clock
    prefix: str
    family: str

    async def put(
        self, slot: StrEnum, name: str, value: Mapping[str, Any], *, life: timedelta, kept: timedelta = timedelta(0)
    ) -> None:
        """value: JSON. kept: how much longer than its life it is found by `remains`. Raises: Unavailable."""
        key = self._key(slot, name)
        row = {"value": value, "until": epoch_ms(self.clock.now() + life)}
        sealed = self.cipher.seal(orjson.dumps(row), purpose=self._purpose, owner=key)
        async with answering():
            await self.redis.set(key, sealed, px=life + kept)

    async def get(self, slot: StrEnum, name: str) -> dict[str, Any] | None:
        """Raises: Unavailable."""
        async with answering():
            return self._open(slot, name, await self.redis.get(self._key(slot, name)), expired=False)

    async def remains(self, slot: StrEnum, name: str) -> dict[str, Any] | None:
        """As `get`, also after its life. Raises: Unavailable."""
        async with answering():
            return self._open(slot, name, await self.redis.get(self._key(slot, name)), expired=True)

    async def take(self, slot: StrEnum, name: str) -> dict[str, Any] | None:
        """To one caller alone. Raises: Unavailable."""
        async with answering():
            return self._open(slot, name, await self.redis.getdel(self._key(slot, name)), expired=False)

    async def first(self, mark: StrEnum, name: str, *, life: timedelta) -> bool:
        """True for the one who says it first. Raises: Unavailable."""
        async with answering():
            return bool(await self.redis.set(self._key(mark, name), b"1", nx=True, px=life))

    async def marked(self, mark: StrEnum, name: str) -> bool:
        """Raises: Unavailable."""
        async with answering():
            return bool(await self.redis.exists(self._key(mark, name)))

    def _open(self, slot: StrEnum, name: str, sealed: Any, *, expired: bool) -> dict[str, Any] | None:
        if sealed is None:
            return None
        try:
            row = orjson.loads(self.cipher.open(bytes(sealed), purpose=self._purpose, owner=self._key(slot, name)))
        except UnsealError:
            return None  # sealed with the master key of before; it may be lost
        if not expired and epoch_ms(self.clock.now()) >= row["until"]:
            return None
        value: dict[str, Any] = row["value"]
        return value

    @property
    def _purpose(self) -> str:
        return f"{self.family}.pending"

    def _key(self, kind: StrEnum, name: str) -> str:
        index = self.cipher.blind_index(name, purpose=f"{self.family}.{kind.value}").hex()[:32]
        return f"{self.prefix}{kind.value}:{index}"
