"""In-flight deduplication: what several ask for at the same moment is fetched once.

Nothing is kept: whoever asks after the answer came causes a new fetch. The key must hold everything that can change
the answer. Work goes on while anybody waits for it, and is cancelled when the last one has gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

R = TypeVar("R")


@dataclass(slots=True)
class _Shared(Generic[R]):
    task: asyncio.Task[R]
    waiting: int = 0


@dataclass(slots=True)
class InFlight(Generic[R]):
    """Under way, by key. shared: how often somebody was served by another's work."""

    shared: int = 0
    _under_way: dict[Hashable, _Shared[R]] = field(default_factory=dict)

    async def share(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """What `work` gives, or what the same work gives that is under way. Raises: what it raises."""
        one = self._under_way.get(key)
        if one is None:
            one = self._under_way[key] = _Shared(asyncio.create_task(work()))
        else:
            self.shared += 1
        one.waiting += 1
        try:
            return await asyncio.shield(one.task)
        finally:
            one.waiting -= 1
            if self._under_way.get(key) is one and (one.task.done() or not one.waiting):
                del self._under_way[key]
            if not one.waiting and not one.task.done():
                one.task.cancel()

    def __len__(self) -> int:
        return len(self._under_way)
