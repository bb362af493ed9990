"""Ids that were seen once and may not come again: of launch tokens, webhooks and sealed phones.

A store says of an id whether it is the first time, and remembers it as long as what bears it could be believed. Two
processes that share no store do not know of each other: there use Redis.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .errors import ReplayStoreFull


class ReplayStore(Protocol):
    def first(self, id: str, ttl_s: float) -> bool | Awaitable[object]:
        """Whether `id` was not seen in the last `ttl_s` seconds; it is seen now. In one step for all who share the
        store.
        """
        ...


class MemoryReplay:
    """Of one process. most: ids held at once; when as many are alive, it refuses with `ReplayStoreFull`, for to
    forget one is to let it be played again.
    """

    def __init__(self, *, most: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most: Final = most
        self._clock: Final = clock
        self._seen: set[str] = set()
        self._ends: list[tuple[float, str]] = []
        self._lock: Final = threading.Lock()

    def first(self, id: str, ttl_s: float) -> bool:
        now = self._clock()
        with self._lock:
            while self._ends and self._ends[0][0] <= now:
                self._seen.discard(heapq.heappop(self._ends)[1])
            if id in self._seen:
                return False
            if len(self._seen) >= self._most:
                raise ReplayStoreFull(f"{self._most} ids are remembered already.")
            self._seen.add(id)
            heapq.heappush(self._ends, (now + ttl_s, id))
            return True


class _Sets(Protocol):
    def set(self, name: str, value: Any, /, *, nx: bool, px: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class RedisReplay:
    """Of all who share a Redis. client: anything with `set(name, value, nx=…, px=…)`: redis-py, valkey, either's
    asyncio client. prefix: of its keys.
    """

    client: _Sets = field(repr=False)
    prefix: str = "citytong:seen:"

    def first(self, id: str, ttl_s: float) -> bool | Awaitable[object]:
        told = self.client.set(self.prefix + id, b"1", nx=True, px=max(1, int(ttl_s * 1000)))
        return told if isinstance(told, Awaitable) else bool(told)
