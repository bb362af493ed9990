"""`/graphql`: GraphQL over HTTP, POST and GET.

Rules
- A request that cannot be executed at all has no `data`; in the modern media type its status is 400, in plain JSON
  it is 200 once the body was a GraphQL request (clients of that type read the errors).
- A request that was executed is 200, whatever single fields failed: partial results are results.
- A bad access token is 401 before anything runs, so that a client refreshes and repeats, once.
Source: github.com/graphql/graphql-over-http, spec §5 and §6.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

import orjson
from aiohttp import web

from api.gateway.execute import Answer, Engine
from api.gateway.transport import RequestContext
from api.web.errors import MethodNotAllowed, RequestMalformed, RequestTooLarge, RequestTooSlow
from api.web.media import GRAPHQL_RESPONSE, JSON, require_json, response_type
from core.errors import DomainError
from core.graph import GraphQLRequest
from core.locale import Locale, negotiate

_OPTIONS: Final = orjson.OPT_NON_STR_KEYS
_BODY_S: Final = 10.0
_QUERY_CHARACTERS_MAX: Final = 65_536


class Asks(Protocol):
    """Makes the context of each request."""

    async def context(self, request: web.Request) -> RequestContext:
        """Raises: DomainError, when the caller is not to be answered at all."""
        ...


@dataclass(frozen=True, slots=True)
class GraphQLDoor:
    """The handler of `/graphql`.

    request_bytes_max: the largest body.
    """

    engine: Engine
    asking: Asks
    request_bytes_max: int

    async def post(self, request: web.Request) -> web.Response:
        try:
            wanted = response_type(request.headers.get("Accept"))
        except DomainError as fault:
            return refused(request, fault, media_type=JSON, status=406)
        try:
            require_json(request.content_type, request.charset, request.headers.get("Content-Encoding"))
        except DomainError as fault:
            return refused(request, fault, media_type=wanted, status=415)
        try:
            body = GraphQLRequest.of(_decoded(await self._body(request)))
        except RequestTooLarge as fault:
            return refused(request, fault, media_type=wanted, status=413)
        except RequestTooSlow as fault:
            return refused(request, fault, media_type=wanted, status=408)
        except DomainError as fault:
            return refused(request, fault, media_type=wanted, status=400)
        return await self._answer(request, body, wanted)

    async def get(self, request: web.Request) -> web.Response:
        try:
            wanted = response_type(request.headers.get("Accept"))
        except DomainError as fault:
            return refused(request, fault, media_type=JSON, status=406)
        try:
            body = GraphQLRequest.of(_from_query(request))
        except DomainError as fault:
            return refused(request, fault, media_type=wanted, status=400)
        if self._changes(body):
            return refused(request, MethodNotAllowed(), media_type=wanted, status=405)
        return await self._answer(request, body, wanted)

    def _changes(self, body: GraphQLRequest) -> bool:
        """True for a mutation. A document that is refused changes nothing: the engine says why, as for POST."""
        try:
            return self.engine.operation_kind(query=body.query, operation_name=body.operation_name) == "mutation"
        except DomainError:
            return False

    async def _answer(self, request: web.Request, body: GraphQLRequest, wanted: str) -> web.Response:
        try:
            context = await self.asking.context(request)
        except DomainError as fault:
            return refused(request, fault, media_type=wanted, status=fault.http_status)
        answer = await self.engine.execute(
            query=body.query, variables=body.variables, operation_name=body.operation_name, context=context
        )
        return web.Response(
            body=orjson.dumps(answer.as_dict(), option=_OPTIONS),
            status=_status(answer, wanted),
            headers={"Content-Type": f"{wanted}; charset=utf-8", "Cache-Control": "no-store"},
        )

    async def _body(self, request: web.Request) -> bytes:
        """The whole body, read no further than the limit and no longer than ten seconds."""
        limit = self.request_bytes_max
        if (request.content_length or 0) > limit:
            raise RequestTooLarge(bytes_max=limit)
        try:
            async with asyncio.timeout(_BODY_S):
                return await request.read()
        except TimeoutError as fault:
            raise RequestTooSlow(seconds_max=int(_BODY_S)) from fault
        except web.HTTPRequestEntityTooLarge as fault:
            raise RequestTooLarge(bytes_max=limit) from fault


def refused(request: web.Request, fault: DomainError, *, media_type: str, status: int) -> web.Response:
    """A refusal in GraphQL's shape, in the reader's language."""
    locale: Locale = negotiate(request.headers.get("Accept-Language"))
    error = {"message": fault.message_in(locale), "extensions": fault.extensions}
    headers = {"Content-Type": f"{media_type}; charset=utf-8", "Cache-Control": "no-store"}
    if status == 405:
        headers["Allow"] = "POST"
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return web.Response(body=orjson.dumps({"errors": [error]}), status=status, headers=headers)


def _status(answer: Answer, wanted: str) -> int:
    return 400 if wanted == GRAPHQL_RESPONSE and answer.refused else 200


def _decoded(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise RequestMalformed(problem="the body is not JSON") from fault


def _from_query(request: web.Request) -> dict[str, object]:
    parameters = request.query
    body: dict[str, object] = {"query": parameters.get("query"), "operationName": parameters.get("operationName")}
    if len(parameters.get("query", "")) > _QUERY_CHARACTERS_MAX:
        raise RequestMalformed(problem="`query` is too long for GET")
    for name in ("variables", "extensions"):
        if raw := parameters.get(name):
            body[name] = _decoded(raw.encode())
    return body
