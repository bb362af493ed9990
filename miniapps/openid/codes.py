"""Login and phone codes in Redis, where they may be lost: the program asks for another.

Rules
- The key is the code's hash; the row is sealed to it, and says which program and session, never who or what for whom:
  the phone itself is never in here.
- Redeeming takes the code away in one step: of two who show it at once, one gets what it opens. That it was used is
  remembered as long as it would have lived.
- Its life follows the city's clock; Redis' own expiry only cleans up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from core.clock import Clock
from core.crypto import FieldCipher, UnsealError, digest
from core.redis import Redis, answering
from miniapps.openid.errors import CodeInvalid, CodeUsed
from miniapps.openid.model import CODE_LIFE, CodeKind, Issued

_PURPOSE: Final = "mini.code"
_LENGTH_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Codes:
    """namespace: the city's name, so that two cities may share one Redis."""

    redis: Redis
    cipher: FieldCipher
    clock: Clock
    namespace: str

    async def put(self, code: str, issued: Issued) -> None:
        """Raises: Unavailable."""
        key = self._key(code, "code")
        row = {
            "kind": issued.kind.value,
            "app": issued.app_id,
            "session": issued.session_id,
            "version": issued.version_code,
            "until": issued.until.isoformat(),
        }
        sealed = self.cipher.seal(orjson.dumps(row), purpose=_PURPOSE, owner=key)
        async with answering():
            await self.redis.set(key, sealed, px=CODE_LIFE)

    async def take(self, code: str, kind: CodeKind, *, app_id: str) -> Issued:
        """To one caller alone; shown by another program than it was made for, it is gone for both.

        Raises: CodeInvalid, CodeUsed, Unavailable.
        """
        if len(code) > _LENGTH_MAX:
            raise CodeInvalid()
        key, used = self._key(code, "code"), self._key(code, "code-used")
        async with answering():
            sealed = await self.redis.getdel(key)
            if sealed is None:
                raise CodeUsed() if await self.redis.get(used) == app_id.encode() else CodeInvalid()
            await self.redis.set(used, app_id.encode(), px=CODE_LIFE)
        issued = self._opened(sealed, key)
        if issued is None or (issued.kind, issued.app_id) != (kind, app_id) or self.clock.now() >= issued.until:
            raise CodeInvalid()
        return issued

    def _opened(self, sealed: Any, key: str) -> Issued | None:
        try:
            row = orjson.loads(self.cipher.open(bytes(sealed), purpose=_PURPOSE, owner=key))
        except UnsealError:
            return None  # sealed with the master key of before; it may be lost
        until = datetime.fromisoformat(row["until"])
        return Issued(CodeKind(row["kind"]), row["app"], row["session"], row["version"], until)

    def _key(self, code: str, slot: str) -> str:
        return f"{self.namespace}:mini:{slot}:{digest(code).hex()}"
