"""How often a program may do something: fixed windows in Redis, which may be lost.

Rules
- Keys are blind indexes under the city's name: Redis never says who runs what.
- Windows follow the city's clock; Redis' own expiry only cleans up.
- What counts and what it guards may be one script of Redis: then what is one too many leaves the rest as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from core.clock import Clock, epoch_s
from core.crypto import FieldCipher
from core.errors import DomainError
from core.redis import Redis, answering
from miniapps.errors import TooOften

# In Lua: counts once more under a key, which leaves `kept_ms` after the first time; how often it is then.
COUNTED: Final = """
local function counted(key, kept_ms)
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('PEXPIRE', key, kept_ms) end
  return count
end
"""
_COUNT: Final = f"{COUNTED}return counted(KEYS[1], ARGV[1])"
_SPEND: Final = "redis.call('INCRBY', KEYS[1], ARGV[1]); redis.call('PEXPIRE', KEYS[1], ARGV[2])"


@dataclass(frozen=True, slots=True)
class Count:
    """What one act is counted under, in Redis. kept_for: from the first act on. refused: what is said of one act more
    than `count_max`.
    """

    key: str
    count_max: int
    kept_for: timedelta
    refused: Callable[[], DomainError]

    @property
    def kept_ms(self) -> int:
        return int(self.kept_for.total_seconds() * 1000)

    async def charge(self, redis: Redis) -> None:
        """Count one act. Raises: what `refused` makes, Unavailable."""
        async with answering():
            count = await redis.register_script(_COUNT)(keys=[self.key], args=[self.kept_ms])
        if int(count) > self.count_max:
            raise self.refused()


@dataclass(frozen=True, slots=True)
class Pace:
    """kind: names what is counted. count_max: how often within a window of `window_s` seconds, or what it may cost."""

    kind: str
    count_max: int
    window_s: int


# Of one citizen.
OPENINGS: Final = Pace("open", 60, 60)
# Of one session each.
CODES: Final = Pace("code", 20, 60)
PHONE_CODES: Final = Pace("phone-code", 6, 60)
WRITES: Final = Pace("write", 240, 60)
ANSWERS: Final = Pace("answer", 60, 60)


@dataclass(frozen=True, slots=True)
class Paces:
    """namespace: the city's name, so that two cities may share one Redis."""

    redis: Redis
    cipher: FieldCipher
    clock: Clock
    namespace: str

    async def charge(self, pace: Pace, subject: str) -> None:
        """Count one act. Raises: TooOften, Unavailable."""
        key, left_s = self._window(pace, subject)
        refused = partial(TooOften, retry_after_s=left_s)
        await Count(key, pace.count_max, timedelta(seconds=2 * pace.window_s), refused).charge(self.redis)

    async def check(self, pace: Pace, subject: str, *, refused: Callable[[int], DomainError]) -> None:
        """That not all is spent of what a window has. refused: of the seconds until the next one.

        Raises: what `refused` makes, Unavailable.
        """
        key, left_s = self._window(pace, subject)
        async with answering():
            spent = await self.redis.get(key)
        if spent is not None and int(spent) >= pace.count_max:
            raise refused(left_s)

    async def spend(self, pace: Pace, subject: str, units: int) -> None:
        """What an act cost, which is known after it: the last one may cost more than was left. Raises: Unavailable."""
        key, _ = self._window(pace, subject)
        async with answering():
            await self.redis.register_script(_SPEND)(keys=[key], args=[units, 2000 * pace.window_s])

    def _window(self, pace: Pace, subject: str) -> tuple[str, int]:
        """Where it is counted, and the seconds that are left of this window."""
        window, into = divmod(epoch_s(self.clock.now()), pace.window_s)
        index = self.cipher.blind_index(f"{subject}:{window}", purpose=f"mini.{pace.kind}").hex()[:32]
        return f"{self.namespace}:mini:pace:{index}", pace.window_s - into
