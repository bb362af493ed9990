"""`POST /mini/graphql`: what the host sends for a program that it runs, with the citizen's own token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from core.errors import BadInput
from core.graph import Context
from miniapps.asking.service import Asking

PATH: Final = "/mini/graphql"
_BYTES_MAX: Final = 256 * 1024
_ARRIVES_WITHIN_S: Final = 10

# Asks the graph in a request's context.
Graph: TypeAlias = Callable[[Context, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


def routes(*, asking: Asking, context: Callable[[web.Request], Awaitable[Context]], graph: Graph) -> list[web.RouteDef]:
    async def ask(request: web.Request) -> web.Response:
        who = await context(request)
        body = await _body(request)

        async def asked(text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
            return await graph(who, text, variables)

        told = await asking.ask(
            principal=who.principal,
            session_id=_text(body, "session"),
            document_id=_text(body, "documentId"),
            variables=body.get("variables"),
            ask=asked,
        )
        answer = {"data": told.data, "errors": told.errors, "withheld": told.withheld}
        return web.Response(
            body=orjson.dumps(answer), content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return [web.post(PATH, ask)]


async def _body(request: web.Request) -> Mapping[str, Any]:
    """Raises: BadInput."""
    if request.content_type != "application/json":
        raise BadInput(field="content-type", problem="must be application/json")
    chunks, length = [], 0
    try:
        async with asyncio.timeout(_ARRIVES_WITHIN_S):
            async for chunk in request.content.iter_any():
                length += len(chunk)
                if length > _BYTES_MAX:
                    raise BadInput(field="body", problem=f"must be at most {_BYTES_MAX} bytes")
                chunks.append(chunk)
    except TimeoutError as fault:
        raise BadInput(field="body", problem=f"must arrive within {_ARRIVES_WITHIN_S} s") from fault
    try:
        body = orjson.loads(b"".join(chunks))
    except orjson.JSONDecodeError as fault:
        raise BadInput(field="body", problem="must be JSON") from fault
    if not isinstance(body, dict):
        raise BadInput(field="body", problem="must be an object")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 128:
        raise BadInput(field=name, problem="must be a text of 1 to 128 characters")
    return value
