"""A subscription as somebody reads it who did not write the server: httpx-sse parses what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from httpx_sse import EventSource

from tests.support.waiting import until

ACCEPT = "text/event-stream, application/graphql-response+json"


@dataclass(slots=True)
class Told:
    """What came so far. ended: the server closed the stream."""

    status: int
    headers: httpx.Headers
    answers: list[Any] = field(default_factory=list)
    complete: bool = False
    ended: bool = False

    async def at_least(self, count: int) -> list[Any]:
        async def look() -> bool:
            return len(self.answers) >= count

        await until(look, what=f"{count} events")
        return self.answers

    async def to_its_end(self) -> list[Any]:
        async def look() -> bool:
            return self.ended

        await until(look, what="the stream's end")
        return self.answers


@asynccontextmanager
async def subscribed(
    base: str, query: str, *, token: str = "", accept: str = ACCEPT, **variables: Any
) -> AsyncIterator[Told]:
    """Yields when the stream has begun."""
    headers = {"Accept": accept, "Accept-Language": "en", **({"Authorization": f"Bearer {token}"} if token else {})}
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=60, trust_env=False) as client,
        client.stream("POST", f"{base}/graphql", json=body, headers=headers) as response,
    ):
        told = Told(response.status_code, response.headers)
        if response.status_code != 200:
            # A refusal is no stream, whoever asked for one.
            assert "event-stream" not in response.headers["Content-Type"]
            told.answers.append(orjson.loads(await response.aread()))
            told.ended = True
            yield told
            return
        reading = asyncio.create_task(_read(response, told))
        try:
            yield told
        finally:
            reading.cancel()
            await asyncio.wait((reading,))
        if not reading.cancelled():
            reading.result()


async def _read(response: httpx.Response, told: Told) -> None:
    async for event in EventSource(response).aiter_sse():
        if event.event == "complete":
            told.complete = True
        else:
            assert event.event == "next" and not told.complete
            told.answers.append(orjson.loads(event.data))
    told.ended = True
