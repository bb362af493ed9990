"""`POST /mini/graphql`: what the host sends for a program that it runs, with the citizen's own token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from core.graph import Context
from miniapps.asking.service import Asking
from miniapps.bodies import json_body, text_of

PATH: Final = "/mini/graphql"

# Asks the graph in a request's context.
Graph: TypeAlias = Callable[[Context, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


def routes(*, asking: Asking, context: Callable[[web.Request], Awaitable[Context]], graph: Graph) -> list[web.RouteDef]:
    async def ask(request: web.Request) -> web.Response:
        who = await context(request)
        body = await json_body(request)

        async def asked(text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
            return await graph(who, text, variables)

        told = await asking.ask(
            principal=who.principal,
            session_id=text_of(body, "session"),
            document_id=text_of(body, "documentId"),
            variables=body.get("variables"),
            ask=asked,
        )
        answer = {"data": told.data, "errors": told.errors, "withheld": told.withheld}
        return web.Response(
            body=orjson.dumps(answer), content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return [web.post(PATH, ask)]
