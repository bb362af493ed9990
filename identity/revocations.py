"""Sessions that were ended while an access token of theirs may still be out.

A request asks a set in memory, not a server. The set is fed about once a second from a sorted set in Redis (session
id → when its last token has expired), so an ended session is refused everywhere within about a second, and at once
where it was ended. When Redis does not answer, the sessions themselves in MongoDB are asked instead; when neither
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
_KEY: Final = "identity:revoked"

_LOG = logging.getLogger(__name__)

# The ids of sessions that were ended at or after an instant, each with when (the store's `ended_since`).
Recall: TypeAlias = Callable[[datetime], Awaitable[Iterable[tuple[str, datetime]]]]


class Revocations:
    """Which sessions' tokens are refused although they have not expired."""

    def __init__(self, *, redis: Redis, clock: Clock, recall: Recall) -> None:
        self._redis = redis
        self._clock = clock
        self._recall = recall
        self._until: dict[str, int] = {}
        self._read_to = 0

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._until

    def __len__(self) -> int:
        return len(self._until)

    async def open(self) -> None:
        """Know every revocation that still matters. Raises: Unavailable."""
        await self._ask_mongo()
        await self.refresh()

    async def add(self, session_id: str) -> None:
        """Refuse this session's tokens: here at once, elsewhere within about a second.

        Called after the end of the session was committed; Redis being gone does not undo that.
        """
        try:
            await self.announce(session_id)
        except Unavailable:
            _LOG.warning("a revocation was not announced at once: Redis does not answer")

    async def announce(self, session_id: str) -> None:
        """As `add`, and sure that others hear of it. Raises: Unavailable when Redis does not answer."""
        until = epoch_s(self._clock.now()) + _TOKEN_LIFE_S
        self._until[session_id] = until
        async with answering():
            await self._redis.zadd(_KEY, {session_id: until})
            await self._redis.expire(_KEY, 2 * _TOKEN_LIFE_S)

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
            await self._redis.zremrangebyscore(_KEY, "-inf", now)
            rows: Any = await self._redis.zrangebyscore(
                _KEY, self._read_to, "+inf", start=0, num=_READ_MAX, withscores=True
            )
        for session_id, until in rows:
            self._until[session_id.decode()] = int(until)
        last = int(rows[-1][1]) if len(rows) == _READ_MAX else now + _TOKEN_LIFE_S - _OVERLAP_S
        self._read_to = max(self._read_to, last)

    async def _ask_mongo(self) -> None:
        since = self._clock.now() - timedelta(seconds=_TOKEN_LIFE_S)
        for session_id, ended_at in await self._recall(since):
            self._until[session_id] = epoch_s(ended_at) + _TOKEN_LIFE_S

    def _forget(self, now: int) -> None:
        """Entries come about in the order of their end, so the oldest stand first."""
        expired = []
        for session_id, until in self._until.items():
            if until > now:
                break
            expired.append(session_id)
        for session_id in expired:
            del self._until[session_id]
