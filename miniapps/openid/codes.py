"""Login and phone codes in Redis, where they may be lost: the program asks for another.

Rules
- The key is the code's hash; the row is sealed to it, and says which program and session, never who or what for whom:
  the phone itself is never in here.
- Redeeming takes the code away in one step: of two who show it at once, one gets what it opens. That it was used is
  remembered as long as it would have lived. What counts redemptions is part of the step: one too many takes nothing.
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
from miniapps.limits import COUNTED, Count
from miniapps.openid.errors import CodeInvalid, CodeUsed
from miniapps.openid.model import CODE_LIFE, CodeKind, Issued

_PURPOSE: Final = "mini.code"
_LENGTH_MAX: Final = 128
_LIFE_MS: Final = int(CODE_LIFE.total_seconds() * 1000)
# KEYS: the code; that it was used; what counts it, if anything does. ARGV: who uses it, for how many ms that is
# remembered; how much may be counted, and for how many ms that is kept.
_TAKE: Final = f"""{COUNTED}
if KEYS[3] and counted(KEYS[3], ARGV[4]) > tonumber(ARGV[3]) then return {{'refused'}} end
local sealed = redis.call('GETDEL', KEYS[1])
if not sealed then return {{'gone', redis.call('GET', KEYS[2])}} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {{'taken', sealed}}
"""


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

    async def take(self, code: str, kind: CodeKind, *, app_id: str, count: Count | None = None) -> Issued:
        """To one caller alone; shown by another program than it was made for, it is gone for both.

        Raises: CodeInvalid, CodeUsed, what `count` refuses with, Unavailable.
        """
        if len(code) > _LENGTH_MAX:
            raise CodeInvalid()
        key, used = self._key(code, "code"), self._key(code, "code-used")
        keys, args = [key, used], [app_id, str(_LIFE_MS)]
        if count is not None:
            keys, args = [*keys, count.key], [*args, str(count.count_max), str(count.kept_ms)]
        async with answering():
            came, *found = await self.redis.register_script(_TAKE)(keys=keys, args=args)
        if count is not None and came == b"refused":
            raise count.refused()
        if came == b"gone":
            raise CodeUsed() if found == [app_id.encode()] else CodeInvalid()
        issued = self._opened(found[0], key)
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
