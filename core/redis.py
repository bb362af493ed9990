"""Redis, for what may be lost: rate limits, one-time codes, caches, the job queue.

Losing Redis loses no fact. A store that needs it and finds it gone raises `Unavailable`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.errors import Unavailable

Redis: TypeAlias = AsyncRedis


def connect(*, url: str, timeout_s: float = 2.0) -> Redis:
    """Opens nothing yet: the first command does. A broken connection is tried again twice."""
    return AsyncRedis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        health_check_interval=15,
        retry=Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), 2),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )


async def ping(redis: Redis) -> None:
    """Raises: Unavailable."""
    async with answering():
        await redis.ping()


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Turn every fault of Redis into `Unavailable`."""
    try:
        yield
    except (RedisError, OSError) as fault:
        raise Unavailable() from fault
