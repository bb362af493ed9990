"""What the governance tests say often: reports to post, requests, processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from core.mongo import Mongo

KEY = "a-governance-key"
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

    async def data(self, query: str, variables: dict[str, Any] | None = None, locale: str = "en") -> dict[str, Any]:
        response = await self.graphql(query, variables, locale)
        assert "errors" not in response, response
        found: dict[str, Any] = response["data"]
        return found

    async def post(self, path: str, body: Any, *, key: str | None = KEY, **sent: str) -> tuple[int, dict[str, Any]]:
        data = BytesIO(body if isinstance(body, bytes) else orjson.dumps(body))
        headers = {name.replace("_", "-"): value for name, value in sent.items()}
        async with self.session.post(path, data=data, headers=headers | _bearer(key)) as response:
            return response.status, orjson.loads(await response.read())

    async def get(self, path: str, *, key: str | None = KEY) -> tuple[int, dict[str, Any]]:
        async with self.session.get(path, headers=_bearer(key)) as response:
            return response.status, orjson.loads(await response.read())

    async def intake(self, **facts: Any) -> tuple[int, dict[str, Any]]:
        return await self.post("/intake/events", report(**facts))

    async def taken(self, **facts: Any) -> str:
        """The id of the event that a report became."""
        status, answer = await self.intake(**facts)
        assert status == 200, answer
        return str(answer["id"])

    async def step(self, event_id: str, status: str, note: str | None = None) -> tuple[int, dict[str, Any]]:
        return await self.post(f"/events/{event_id}/status", {"status": status, "note": note})

    async def changes(self, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
        status, answer = await self.get(f"/changes?after={after}&limit={limit}")
        assert status == 200, answer
        found: list[dict[str, Any]] = answer["changes"]
        return found


def _bearer(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def report(**facts: Any) -> dict[str, Any]:
    return {
        "source": "CITIZEN",
        "ref": "rep_1",
        "number": "20261122-000001",
        "category": "street-lamp",
        "district": "110101",
        "longitude": 116.416123,
        "latitude": 39.928456,
        "openedAt": "2026-11-22T11:00:00+08:00",
        "dueAt": "2026-11-29T11:00:00+08:00",
        "status": "SUBMITTED",
        "version": 1,
    } | facts


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


async def stored(mongo: Mongo) -> dict[str, int]:
    """How many documents there are."""
    return {name: await mongo.collection(name).count_documents({}) for name in ("events", "changes", "counters")}


async def command(*arguments: str | Path, env: Iterable[tuple[str, str]] = ()) -> asyncio.subprocess.Process:
    """`python -m backends.governance …`, as an operator runs it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backends.governance", *map(str, arguments),
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
