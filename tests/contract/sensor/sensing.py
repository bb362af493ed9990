"""What the sensor tests say often: stations, readings, requests, processes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from backends.sensor.model import Reading, Station
from core.locale import Text
from core.mongo import Mongo

KEY = "an-ingest-key"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Door:
    base: str
    session: aiohttp.ClientSession

    async def graphql(self, query: str, variables: dict[str, Any] | None = None, locale: str = "en") -> dict[str, Any]:
        body = orjson.dumps({"query": query, "variables": variables})
        async with self.session.post("/graphql", data=body, headers={"Accept-Language": locale}) as response:
            answer: dict[str, Any] = orjson.loads(await response.read())
            return answer

    async def post(
        self, rows: Any, *, key: str | None = KEY, path: str = "/ingest/readings", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        body = BytesIO(rows if isinstance(rows, bytes) else orjson.dumps(rows))
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        async with self.session.post(path, data=body, headers=sent) as response:
            return response.status, orjson.loads(await response.read())


def station(code: str, district: str | None = "110101", *, synthetic: bool = False, source: str = "A") -> Station:
    text = Text(zh=f"{code} 站", en=f"Station {code}")
    return Station(code, text, district, synthetic=synthetic, source=Text(zh=f"来源{source}", en=f"Source {source}"))


def reading(code: str, hours_ago: int = 0, **values: float) -> Reading:
    return Reading(code, NOW - timedelta(hours=hours_ago), values or {"pm2_5": 35.0})


def row(code: str = "a", hours_ago: int = 0, **values: float) -> dict[str, Any]:
    at = NOW - timedelta(hours=hours_ago)
    return {"station": code, "ts": at.isoformat(), "values": values or {"pm2_5": 35}}


async def stored(mongo: Mongo) -> list[tuple[str, datetime]]:
    """Every (station, hour) that stands, as often as it stands."""
    found = mongo.collection("readings").find({})
    return sorted([(d["m"]["station"], d["ts"]) async for d in found])


async def expire_leases(mongo: Mongo) -> None:
    """What the passing of `LEASE_S` does, without the wait."""
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    await mongo.collection("stations").update_many({"lease": {"$exists": True}}, {"$set": {"lease.until": long_ago}})


async def until(condition: Callable[[], Any], *, timeout_s: float = 20.0) -> Any:
    """What `condition` gives once it is true; fails when it never is."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        outcome = condition()
        if asyncio.iscoroutine(outcome):
            outcome = await outcome
        if outcome:
            return outcome
        await asyncio.sleep(0.02)
    raise AssertionError("the condition never held")


async def command(*arguments: str | Path, env: Iterable[tuple[str, str]] = ()) -> asyncio.subprocess.Process:
    """`python -m backends.sensor …`, as an operator runs it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backends.sensor", *map(str, arguments),
        cwd=ROOT, env=dict(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command that ends by itself."""
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The line that `serve` prints when it answers."""
    assert process.stdout is not None
    line: dict[str, Any] = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    return line
