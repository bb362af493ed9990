"""How fast a health status is, hot and cold, beside a bare Redis GET: `python -m docs.benchmarks.scripts.health`.

On an embedded MongoDB and Redis of its own, one process, sixteen askers at once. The measures take turns in each round,
so that a busy machine slows all of them alike; the median of the rounds counts.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from api.domains.health.cache import StatusCache
from api.domains.health.demo import RULES
from api.domains.health.model import FactKind
from api.domains.health.service import Entry, Health
from api.domains.health.store import HealthStore
from core import embedded
from core import redis as core_redis
from core.clock import SystemClock
from core.crypto import FieldCipher
from core.departments import HEALTH
from core.events import Outbox
from core.ids import Ids
from core.locale import Text
from core.mongo import Mongo
from core.principal import Principal, PrincipalKind
from core.redis import Redis

ROUNDS = 5
CALLS = 600
AT_ONCE = 16
CITIZENS = 50
DOCTOR = Principal(
    kind=PrincipalKind.STAFF,
    actor="stf_01KAMP0000000000000000000D",
    subject="stf_01KAMP0000000000000000000D",
    scopes=frozenset({"health:record", "health:rules"}),
    department=HEALTH.code,
)
FACTS: list[tuple[FactKind, dict[str, Any]]] = [
    (FactKind.VACCINATION, {"dose": 3}),
    (FactKind.TEMPERATURE, {"tenths": 366}),
    (FactKind.ANTIGEN, {"result": "NEGATIVE"}),
    (FactKind.NUCLEIC_TEST, {"result": "NEGATIVE"}),
]


async def per_s(call: Callable[[int], Awaitable[object]]) -> float:
    async def asker(first: int) -> None:
        for number in range(first, CALLS, AT_ONCE):
            await call(number)

    started = time.perf_counter()
    await asyncio.gather(*(asker(first) for first in range(AT_ONCE)))
    return CALLS / (time.perf_counter() - started)


async def measured(health: Health, redis: Redis, ids: Ids) -> dict[str, float]:
    accounts = [ids.new("cit") for _ in range(CITIZENS)]
    now = health.clock.now()
    await health.publish(principal=DOCTOR, text=orjson.dumps(RULES).decode())
    await health.order(
        principal=DOCTOR, reason=Text(zh="测量", en="Measured"), until=now + timedelta(days=1), client_order_id="one"
    )
    for account in accounts:
        for kind, details in FACTS:
            entry = Entry(f"{account}{kind}", account, kind, now - timedelta(hours=1), None, details)
            await health.record(principal=DOCTOR, entry=entry)

    async def status(number: int) -> None:
        account = accounts[number % CITIZENS]
        asker = Principal(kind=PrincipalKind.CITIZEN, actor=account, subject=account)
        await health.status(principal=asker, citizen_id=account)

    async def cold(number: int) -> None:
        await health._computed(accounts[number % CITIZENS], 1, now=now, ends=now + timedelta(days=1))

    async def head(number: int) -> None:
        await health.store.standing(accounts[number % CITIZENS])

    await redis.set("bare", b"x" * 700)
    for number in range(CITIZENS):
        await status(number)
    measures: dict[str, Callable[[int], Awaitable[object]]] = {
        "bare Redis GET, 700 bytes": lambda _: redis.get("bare"),
        "bare MongoDB find: what stands (in both below)": head,
        "hot: what stands, then the sealed status from Redis": status,
        "working out alone: four facts, eleven rules": cold,
    }
    rounds = [{name: await per_s(call) for name, call in measures.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(one[name] for one in rounds) for name in measures}


async def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stores = await embedded.start(Path(folder))
        mongo = Mongo.connect(url=stores.mongo_url, database="bench")
        redis, clock, cipher = core_redis.connect(url=stores.redis_url), SystemClock(), FieldCipher(bytes(range(32)))
        ids = Ids(clock)
        health = Health(
            store=HealthStore(mongo=mongo, cipher=cipher),
            cache=StatusCache(redis=redis, cipher=cipher, clock=clock),
            outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
            cipher=cipher,
            ids=ids,
            clock=clock,
        )
        await mongo.collection("events").database.create_collection("events")
        await health.open()
        found = await measured(health, redis, ids)
        sys.stdout.write("| what | /s |\n|---|---:|\n")
        for name, rate in found.items():
            sys.stdout.write(f"| {name} | {rate:,.0f} |\n")
        await redis.aclose()
        await mongo.close()
        await stores.stop()


if __name__ == "__main__":
    asyncio.run(main())
