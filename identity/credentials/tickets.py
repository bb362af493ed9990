"""What waits for an answer and may be lost: challenges, sign-ins half done, screens to be linked. All of it in Redis.

Rules
- Redis holds no id, no secret and no account in clear: keys are blind indexes under the city's name, values are sealed
  and open under their own key alone.
- A ticket that is taken is gone: of two who take it at the same instant one has it.
- A ticket is changed only from what was read, so two answers at once cannot both count.
- Expiry follows the city's clock; Redis' own only cleans up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from core.clock import Clock, epoch_ms, from_epoch_s
from core.crypto import FieldCipher
from core.redis import Redis, answering

# KEYS[1]: the ticket. ARGV: what was read, what it becomes (empty: nothing). Returns 1 for the one who changed it.
_SWAP: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') end
return 1
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One thing that waits. told: what was put; expires_at: until when it waits."""

    kind: str
    id: str = field(repr=False)
    told: Mapping[str, Any] = field(repr=False)
    expires_at: datetime
    sealed: bytes = field(repr=False)


class Tickets:
    """namespace: the city's name, so that two cities may share one Redis."""

    def __init__(self, *, redis: Redis, cipher: FieldCipher, clock: Clock, namespace: str) -> None:
        self._redis = redis
        self._cipher = cipher
        self._clock = clock
        self._namespace = namespace
        self._swap = redis.register_script(_SWAP)

    async def put(self, kind: str, id: str, told: Mapping[str, Any], *, lives: timedelta) -> datetime:
        """Make this the one ticket of its kind and id. Returns when it expires. Raises: Unavailable."""
        expires_at = self._clock.now() + lives
        async with answering():
            await self._redis.set(self._key(kind, id), self._seal(kind, id, told, expires_at), px=lives)
        return expires_at

    async def read(self, kind: str, id: str) -> Ticket | None:
        """Raises: Unavailable."""
        async with answering():
            sealed = await self._redis.get(self._key(kind, id))
        return self._open(kind, id, sealed)

    async def take(self, kind: str, id: str) -> Ticket | None:
        """The ticket, for the one caller who takes it. Raises: Unavailable."""
        async with answering():
            sealed = await self._redis.getdel(self._key(kind, id))
        return self._open(kind, id, sealed)

    async def change(self, ticket: Ticket, told: Mapping[str, Any]) -> bool:
        """False when it is no longer as it was read. Raises: Unavailable."""
        return await self._swapped(ticket, self._seal(ticket.kind, ticket.id, told, ticket.expires_at))

    async def finish(self, ticket: Ticket) -> bool:
        """Take a ticket as it was read; False when it is no longer so. Raises: Unavailable."""
        return await self._swapped(ticket, b"")

    async def _swapped(self, ticket: Ticket, sealed: bytes) -> bool:
        async with answering():
            return bool(await self._swap(keys=[self._key(ticket.kind, ticket.id)], args=[ticket.sealed, sealed]))

    def _key(self, kind: str, id: str) -> str:
        return f"{self._namespace}:identity:{kind}:{self._cipher.blind_index(id, purpose=f'ticket:{kind}').hex()[:32]}"

    def _seal(self, kind: str, id: str, told: Mapping[str, Any], expires_at: datetime) -> bytes:
        row = orjson.dumps({"told": dict(told), "expires": epoch_ms(expires_at)})
        return self._cipher.seal(row, purpose=f"ticket:{kind}", owner=id)

    def _open(self, kind: str, id: str, sealed: object) -> Ticket | None:
        if not isinstance(sealed, bytes):
            return None
        row = orjson.loads(self._cipher.open(sealed, purpose=f"ticket:{kind}", owner=id))
        expires_at = from_epoch_s(row["expires"] / 1000)
        if self._clock.now() >= expires_at:
            return None
        return Ticket(kind, id, row["told"], expires_at, sealed)
