"""Redis under cancellation: whoever hangs up leaves no answer behind for another, and no connection taken."""

from __future__ import annotations

import asyncio
import random

import pytest

from core import redis as core_redis
from core.embedded import Stores
from core.redis import Redis

_KEYS = 40


@pytest.mark.parametrize("times", [1, 2])
async def test_cancelled_commands_leave_no_answer_for_others(stores: Stores, redis: Redis, times: int) -> None:
    dice = random.Random(2026)
    await redis.mset({f"key {n}": f"value {n}" for n in range(_KEYS)})
    asked = core_redis.connect(url=stores.redis_url)
    script = asked.register_script("return redis.call('GET', KEYS[1])")

    async def get(n: int) -> object:
        return await asked.get(f"key {n}")

    async def run(n: int) -> object:
        return await script(keys=[f"key {n}"])

    async def together(n: int) -> object:
        async with asked.pipeline(transaction=True) as pipeline:
            pipeline.get("key 0")
            pipeline.get(f"key {n}")
            return (await pipeline.execute())[1]

    ways = (get, run, together)
    for _ in range(60):
        wanted = [dice.randrange(_KEYS) for _ in range(12)]
        asking = [asyncio.create_task(dice.choice(ways)(n)) for n in wanted]
        for _ in range(dice.randrange(8)):
            await asyncio.sleep(0)
        for task in dice.sample(asking, 6):
            for _ in range(times):
                task.cancel()
                if times > 1:
                    await asyncio.sleep(0)
        ends = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 10)
        for n, end in zip(wanted, ends, strict=True):
            assert isinstance(end, asyncio.CancelledError) or end == f"value {n}".encode()
    assert not asked.connection_pool._in_use_connections
    assert [await get(n) for n in range(_KEYS)] == [f"value {n}".encode() for n in range(_KEYS)]
    await asked.aclose()
