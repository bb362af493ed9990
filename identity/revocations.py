"""Sessions and relations that were ended while an access token of theirs may still be out.

A request asks a set in memory, not a server. The set is fed about once a second from a sorted set in Redis (the id of
the session or relation → when its last token has expired), so what was ended is refused everywhere within about a
second, and at once where it was ended. When Redis does not answer, MongoDB's own rows are asked instead; when neither
does, tokens live to their own end, ten minutes at most. Redis may be wiped: each process keeps what it knows, and a
process that starts reads MongoDB first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from core.clock import Clock, epoch_s
from core.errors import Unavailable
from core.redis import Redis, answering
from identity.model import ACCESS_TOKEN_LIFETIME
from identity.tokens import LEEWAY_S

REFRESH_INTERVAL_S: Final = 1.0
# A refresh that hangs is given up: the next one takes a new connection.
REFRESH_TIMEOUT_S: Final = 5.0
# What one refresh reads at most; the rest comes with the next one, a second later.
_READ_MAX: Final = 50_000
_TOKEN_LIFE_S: Final = int(ACCESS_TOKEN_LIFETIME.total_seconds()) + LEEWAY_S
# Machines' clocks differ, and a write may land just behind a read: each refresh reads this much again.
_OVERLAP_S: Final = 30

_LOG = logging.getLogger(__name__)

# The ids of what was ended at or after an instant, each with when (the store's `ended_since`).
Recall: TypeAlias = Callable[[datetime], Awaitable[Iterable[tuple[str, datetime]]]]


class Revocations:
    """Which tokens are refused although they have not expired, by the id of what they belong to.

    namespace: the city's name, so that two cities may share one Redis.
    """

    def __init__(self, *, redis: Redis, clock: Clock, recall: Recall, namespace: str) -> None:
        self._redis = redis
        self._key = f"{namespace}:identity:revoked"
        self._clock = clock
        self._recall = recall
        self._until: dict[str, int] = {}
        self._read_to = 0

    def __contains__(self, id_: str) -> bool:
        return id_ in self._until

    def __len__(self) -> int:
        return len(self._until)

    async def open(self) -> None:
        """Know every revocation that still matters. Raises: Unavailable."""
        await self._ask_mongo()
        await self.refresh()

    async def add(self, id_: str) -> None:
        """Refuse the tokens of this session or relation: here at once, elsewhere within about a second.

        Called after the end was committed; Redis being gone does not undo that.
        """
        try:
            await self.announce(id_)
        except Unavailable:
            _LOG.warning("a revocation was not announced at once: Redis does not answer")

    async def announce(self, id_: str) -> None:
        """As `add`, and sure that others hear of it. Raises: Unavailable when Redis does not answer."""
        until = epoch_s(self._clock.now()) + _TOKEN_LIFE_S
        self._until[id_] = until
        async with answering():
            await self._redis.zadd(self._key, {id_: until})
            await self._redis.expire(self._key, 2 * _TOKEN_LIFE_S)

    async def refresh(self) -> None:
        """Learn what was added elsewhere and forget what has expired. Raises: Unavailable when nobody answers."""
        now = epoch_s(self._clock.now())
        try:
            await self._ask_redis(now)
        except Unavailable:
            await self._ask_mongo()
        self._forget(now)

    async def run(self) -> None:
        """Refresh about once a second until cancelled."""
        while True:
            try:
                async with asyncio.timeout(REFRESH_TIMEOUT_S):
                    await self.refresh()
            except (Unavailable, TimeoutError):
                _LOG.warning("revocations are not refreshed: neither Redis nor MongoDB answers")
            await asyncio.sleep(REFRESH_INTERVAL_S)

    async def _ask_redis(self, now: int) -> None:
        async with answering():
            await self._redis.zremrangebyscore(self._key, "-inf", now)
            rows: Any = await self._redis.zrangebyscore(
                self._key, self._read_to, "+inf", start=0, num=_READ_MAX, withscores=True
            )
        for id_, until in rows:
            self._until[id_.decode()] = int(until)
        last = int(rows[-1][1]) if len(rows) == _READ_MAX else now + _TOKEN_LIFE_S - _OVERLAP_S
        self._read_to = max(self._read_to, last)

    async def _ask_mongo(self) -> None:
        since = self._clock.now() - timedelta(seconds=_TOKEN_LIFE_S)
        for id_, ended_at in await self._recall(since):
            self._until[id_] = epoch_s(ended_at) + _TOKEN_LIFE_S

    def _forget(self, now: int) -> None:
        """Entries come about in the order of their end, so the oldest stand first."""
        expired = []
        for id_, until in self._until.items():
            if until > now:
                break
            expired.append(id_)
        for id_ in expired:
            del self._until[id_]
