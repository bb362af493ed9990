"""What the data department's tests say often: its door, its keys, what is sent through it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
import orjson

PUBLISH = "publishing-key"
OTHER = "another-publisher"
ASK = "asking-key"
GRANTS = (
    f"city:publish={PUBLISH},district:publish={OTHER},identity:population+families+organisations+addresses={ASK},"
    "neighbour:population=neighbours-key"
)


@dataclass(frozen=True, slots=True)
class Door:
    base: str
    session: aiohttp.ClientSession

    async def send(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and decoded answer (bytes where it is no JSON)."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        data = None if body is None else BytesIO(body if isinstance(body, bytes) else orjson.dumps(body))
        async with self.session.request(method, path, data=data, headers=sent) as response:
            content = await response.read()
            return response.status, orjson.loads(content) if "json" in response.content_type and content else content

    async def publish(self, id: str, body: Any, *, key: str | None = PUBLISH) -> tuple[int, Any]:
        return await self.send("PUT", f"/intake/datasets/{id}", body, key=key)

    async def ask(self, path: str, body: Any, *, key: str | None = ASK, locale: str = "en") -> tuple[int, Any]:
        return await self.send("POST", f"/registers/{path}", body, key=key, Accept_Language=locale)

    async def graphql(self, query: str, variables: dict[str, Any] | None = None, locale: str = "en") -> dict[str, Any]:
        asked = {"query": query, "variables": variables}
        answer: dict[str, Any] = (await self.send("POST", "/graphql", asked, Accept_Language=locale))[1]
        return answer


def code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])
