"""What one act asks of MongoDB and Redis, apart from what the city does beside it: MongoDB's commands are counted where
the act runs, Redis' by what Redis itself saw of some keys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from pymongo import monitoring

from core.redis import Redis

_END = "counted so far"


@dataclass(frozen=True, slots=True)
class Asked:
    """mongo: `find identity_citizens`, … redis: `HGETALL`, …; what a script does inside is not asked."""

    mongo: list[str] = field(default_factory=list)
    redis: list[str] = field(default_factory=list)


_ASKED: ContextVar[Asked | None] = ContextVar("_ASKED", default=None)


class _Listener(monitoring.CommandListener):
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if (asked := _ASKED.get()) is not None:
            asked.mongo.append(f"{event.command_name} {event.command[event.command_name]}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


# A client takes listeners only when it is made, and the city's is made when this has been imported.
monitoring.register(_Listener())


@asynccontextmanager
async def counted(redis: Redis, *, keys: str) -> AsyncIterator[Asked]:
    """What this task, and those that it starts, ask of MongoDB; and what anybody asks of Redis with keys that have
    `keys` in them.
    """
    asked = Asked()
    async with redis.monitor() as seen:
        before = _ASKED.set(asked)
        try:
            yield asked
        finally:
            _ASKED.reset(before)
        await redis.echo(_END)
        while _END not in (one := await seen.next_command())["command"]:
            if keys in one["command"] and one["client_type"] != "lua":
                asked.redis.append(one["command"].split(maxsplit=1)[0].upper())
