"""`POST /open/sandbox/graphql`: a program that is still being written asks the graph for a test citizen.

With a developer's token; the body is `{"citizen", "appId", "document", "variables", "granted"}`, the answer
`{"data", "errors", "withheld"}`. Source: docs/sdk/guides/sandbox.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from aiohttp import web

from core.errors import BadInput, DomainError
from core.graph import Context
from miniapps.asking.model import TEXT_LENGTH_MAX
from miniapps.bodies import json_body, text_of
from miniapps.open_replies import RequestId, refusal, reply
from miniapps.sandbox.service import Sandbox

PATH: Final = "/open/sandbox/graphql"

# Asks the graph in a request's name: as this citizen, a text and its variables.
GraphAs: TypeAlias = Callable[[web.Request, str, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


def routes(
    sandbox: Sandbox,
    *,
    context: Callable[[web.Request], Awaitable[Context]],
    graph: GraphAs,
    request_id: RequestId,
) -> list[web.RouteDef]:
    async def ask(request: web.Request) -> web.Response:
        try:
            return await answered(request)
        except DomainError as fault:
            return refusal(fault, request, request_id(request))

    async def answered(request: web.Request) -> web.Response:
        who = await context(request)
        body = await json_body(request)

        async def asked(citizen: str, text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
            return await graph(request, citizen, text, variables)

        told = await sandbox.ask(
            principal=who.principal,
            id=text_of(body, "citizen"),
            app_id=text_of(body, "appId"),
            text=text_of(body, "document", length_max=TEXT_LENGTH_MAX),
            variables=body.get("variables"),
            granted=_names(body.get("granted")),
            ask=asked,
        )
        return reply({"data": told.data, "errors": list(told.errors), "withheld": list(told.withheld)})

    return [web.post(PATH, ask)]


def _names(found: Any) -> list[str]:
    """Raises: BadInput."""
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise BadInput(field="granted", problem="must be a list of permissions")
    return found
