"""How often somebody may do something: sliding logs in Redis, which may be lost.

Rules
- Keys are blind indexes under the city's name: Redis never holds a phone, an account or an address in clear, and two
  cities may share one Redis.
- A charge is counted before the act, in one step of Redis; a refused one counts nowhere.
- Limits follow the city's clock; Redis' own expiry only cleans up.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.clock import Clock, epoch_ms
from core.crypto import FieldCipher
from core.redis import Redis, answering
from identity.errors import TooManyRequests
from identity.limits import Limit

# KEYS[1]: one subject's log of instants. ARGV: now, entry, then count_max and window (ms) of each limit.
# Returns 0 and logs the entry, or the milliseconds to wait and logs nothing. An entry that stands there already was
# sent a second time by the driver after a broken connection.
_CHARGE: Final = """
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
local now, wait, longest = tonumber(ARGV[1]), 0, 0
for i = 3, #ARGV, 2 do
  local max, window = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  longest = math.max(longest, window)
  local within = redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', now - window), '+inf')
  if within >= max then
    local hindmost = redis.call('ZREVRANGE', KEYS[1], max - 1, max - 1, 'WITHSCORES')
    wait = math.max(wait, tonumber(hindmost[2]) + window - now)
  end
end
if wait > 0 then return wait end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - longest))
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], longest)
return 0
"""


@dataclass(frozen=True, slots=True)
class Charge:
    """One subject of a limit (`Charges.key`), and what holds for it."""

    key: str
    limits: tuple[Limit, ...]


class Charges:
    """What was done lately, by whom. namespace: the city's name, of which Redis holds each key."""

    def __init__(self, *, redis: Redis, cipher: FieldCipher, clock: Clock, namespace: str) -> None:
        self._redis = redis
        self._cipher = cipher
        self._clock = clock
        self._namespace = namespace
        self._charge = redis.register_script(_CHARGE)

    def key(self, kind: str, subject: str) -> str:
        return f"{self._namespace}:identity:{kind}:{self._cipher.blind_index(subject, purpose=kind).hex()[:32]}"

    async def forgive(self, key: str) -> int:
        """Count what a subject did as never done. Returns how often that was. Raises: Unavailable."""
        async with answering():
            async with self._redis.pipeline(transaction=True) as together:
                together.zcard(key)
                together.delete(key)
                counted, _ = await together.execute()
        return int(counted)

    async def charge(self, charges: Sequence[Charge]) -> None:
        """Count one act by each, in this order, or by none. Raises: TooManyRequests, Unavailable."""
        now, entry = epoch_ms(self._clock.now()), secrets.token_hex(8)
        async with answering():
            for position, charge in enumerate(charges):
                pairs = [n for limit in charge.limits for n in (limit.count_max, limit.window_s * 1000)]
                wait_ms = int(await self._charge(keys=[charge.key], args=[now, entry, *pairs]))
                if wait_ms:
                    for charged in charges[:position]:
                        await self._redis.zrem(charged.key, entry)
                    raise TooManyRequests(retry_after_s=-(-wait_ms // 1000))
