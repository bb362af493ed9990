"""How often a program may do something: fixed windows in Redis, which may be lost.

Rules
- Keys are blind indexes under the city's name: Redis never says who runs what.
- Windows follow the city's clock; Redis' own expiry only cleans up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.clock import Clock, epoch_s
from core.crypto import FieldCipher
from core.redis import Redis, answering
from miniapps.errors import TooOften


@dataclass(frozen=True, slots=True)
class Pace:
    """kind: names what is counted. count_max: how often within a window of `window_s` seconds."""

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
        window, into = divmod(epoch_s(self.clock.now()), pace.window_s)
        index = self.cipher.blind_index(f"{subject}:{window}", purpose=f"mini.{pace.kind}").hex()[:32]
        key = f"{self.namespace}:mini:pace:{index}"
        async with answering():
            async with self.redis.pipeline(transaction=True) as together:
                together.incr(key)
                together.pexpire(key, timedelta(seconds=2 * pace.window_s))
                counted, _ = await together.execute()
        if int(counted) > pace.count_max:
            raise TooOften(retry_after_s=pace.window_s - into)
