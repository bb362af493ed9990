"""What it costs to count one request: most callers' (by this process alone), a script's (by leases), one command each.

CPU of this process, client of Redis included; the Redis is an embedded one, asked over TCP.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from api.web.errors import RateLimited
from api.web.rates import Rates
from core import embedded
from core import redis as core_redis
from core.clock import SystemClock
from core.crypto import FieldCipher
from core.graph import Client, Context
from core.principal import Principal, PrincipalKind
from core.redis import Redis


def _rates(redis: Redis, *, per_minute: int, told: Counter[str]) -> Rates:
    return Rates(
        redis=redis,
        cipher=FieldCipher(bytes(32)),
        clock=SystemClock(),
        namespace="bench",
        per_minute=per_minute,
        mutation_units=5,
        address_people=50,
        tell=lambda outcome: told.update([outcome]),
    )


def _citizen(name: str) -> Context:
    return Context(request_id="r", principal=Principal(kind=PrincipalKind.CITIZEN, actor=name, subject=name))


async def _row(name: str, told: Counter[str], ask: Callable[[int], Awaitable[object]], times: int) -> None:
    await ask(0)
    told.clear()
    began = time.process_time()
    for number in range(times):
        await ask(number)
    micros = (time.process_time() - began) / times * 1e6
    sys.stdout.write(f"| {name} | {micros:.1f} | {told['leased'] / times:.4f} |\n")


async def _main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stores = await embedded.start(Path(folder))
        redis = core_redis.connect(url=stores.redis_url)
        try:
            await _table(redis)
        finally:
            await redis.aclose()
            await stores.stop()


async def _table(redis: Redis) -> None:
    def weigh() -> tuple[str, float]:
        return "query", 1.0

    async def refused(context: Context) -> None:
        try:
            await rates.admit(context, weigh)
        except RateLimited:
            return

    told = Counter[str]()
    rates = _rates(redis, per_minute=600, told=told)
    people = [_citizen(f"cit_{n}") for n in range(1000)]
    scripts = [_citizen(f"cit_script_{n}") for n in range(100)]
    nobody = [Context(request_id="r", client=Client(address="192.0.2.1", device_id=f"d{n}")) for n in range(50)]
    bare = redis.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    sys.stdout.write("| who asks | CPU µs a request | commands a request |\n|---|---:|---:|\n")
    await _row("a thousand people, twenty times each", told, lambda n: rates.admit(people[n % 1000], weigh), 20_000)
    await _row("fifty devices at one address, not signed in", told, lambda n: rates.admit(nobody[n % 50], weigh), 2_500)
    await _row(
        "a hundred scripts, their whole minute at once", told, lambda n: rates.admit(scripts[n % 100], weigh), 59_000
    )
    await _row("the same, refused", told, lambda n: refused(scripts[n % 100]), 60_000)
    await _row("beside it: a bare script of Redis for each", told, lambda n: bare(keys=["bench"], args=[1]), 10_000)


if __name__ == "__main__":
    uvloop.run(_main())
