"""`/graphql`: GraphQL over HTTP, POST and GET.

Rules
- A request that cannot be executed at all has no `data`; in the modern media type its status is 400, in plain JSON
  it is 200 once the body was a GraphQL request (clients of that type read the errors).
- A request that was executed is 200, whatever single fields failed: partial results are results.
- A client that accepts `text/event-stream` gets events (`streams.py`): a subscription its stream, all else a stream of
  one answer. What GraphQL refuses before it began is an ordinary answer of status 400 to who accepts one too, of
  either type; else such a stream.
- A stream counts when it begins, and each of its events as a query.
- A bad access token is 401 before anything runs, so that a client refreshes and repeats, once.
Source: github.com/graphql/graphql-over-http, spec §5 and §6.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

import orjson
from aiohttp import web

from api.gateway.documents import Documents
from api.gateway.errors import DocumentNotKnown
from api.gateway.execute import Answer, Engine
from api.gateway.transport import RequestContext
from api.web.asking import Asked
from api.web.errors import (
    CrossSite,
    MediaTypeUnsupported,
    MethodNotAllowed,
    NotAcceptable,
    RequestMalformed,
    RequestTooLarge,
    RequestTooSlow,
)
from api.web.media import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    beside_events,
    require_json,
    require_own_site,
    response_type,
)
from api.web.replies import Reply, refused
from api.web.streams import Streams, at_once
from core.errors import DomainError, Kind
from core.graph import GraphQLRequest
from core.principal import PrincipalKind
from core.sharing import InFlight
from core.tasks import Unbroken

_OPTIONS: Final = orjson.OPT_NON_STR_KEYS
BODY_S: Final = 10.0
_QUERY_CHARACTERS_MAX: Final = 65_536
# Levels that orjson writes for sure; it reads four times as many.
_SURELY_WRITTEN: Final = 200
_Written: TypeAlias = tuple[bytes, int]


class Asks(Protocol):
    """Makes the context of each request."""

    async def context(self, asked: Asked) -> RequestContext:
        """Raises: DomainError, when the caller is not to be answered at all."""
        ...

    async def renewed(self, asked: Asked, before: Any) -> RequestContext:
        """The same caller's next context, in a stream. Raises: DomainError, when they are answered no more."""
        ...

    def sameness(self, context: Any) -> Hashable:
        """All of a context that an answer can depend on: two requests that are alike in it may share one."""
        ...


class Admits(Protocol):
    """Says who has asked enough for now."""

    async def admit(self, context: Any, weigh: Callable[[], tuple[str, float]]) -> None:
        """weigh: the kind of operation, empty for what is no operation, and its estimated cost. Raises: RateLimited."""
        ...


@dataclass(frozen=True, slots=True)
class GraphQLDoor:
    """The handler of `/graphql`: `post` and `get` behind aiohttp, `answered` for whoever has a whole request.

    request_bytes_max: the largest body. documents: which may be sent, and by what names. in_flight: None shares
    nothing; else a query that is asked again, the same in everything, while it is being answered is answered once.
    rates: how often each caller may ask; None: as often as they like. unbroken: what no hang-up ends.
    streams: those that are open.
    """

    engine: Engine
    asking: Asks
    request_bytes_max: int
    documents: Documents = field(default_factory=Documents)
    in_flight: InFlight[_Written] | None = None
    rates: Admits | None = None
    unbroken: Unbroken = field(default_factory=Unbroken, repr=False)
    streams: Streams = field(default_factory=Streams, repr=False)

    async def post(self, request: web.Request) -> web.StreamResponse:
        told = await self._posted(request, Asked.of(request))
        return response(told) if isinstance(told, Reply) else told

    async def get(self, request: web.Request) -> web.Response:
        return response(await self._got(request, Asked.of(request)))

    async def answered(self, asked: Asked, raw: bytes | bytearray, wanted: str) -> Reply:
        """The answer to a POST whose body is `raw`, in the media type `wanted`."""
        try:
            body = GraphQLRequest.of(self.documents.resolved(_decoded(raw)))
        except DomainError as fault:
            return refused(asked, fault, media_type=wanted, status=_refused_status(fault))
        return await self._answer(asked, body, wanted)

    async def asked(self, context: RequestContext, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to who asks by another way than `/graphql`, counted as if they had come by it.

        Raises: RateLimited.
        """
        if self.rates is not None:
            await self.rates.admit(context, partial(self._weight, GraphQLRequest(query, variables, None)))
        return (await self.engine.execute(query=query, variables=variables, context=context)).as_dict()

    async def _posted(self, request: web.Request, asked: Asked) -> Reply | web.StreamResponse:
        try:
            wanted = response_type(asked.headers.get("accept"))
        except DomainError as fault:
            return refused(asked, fault, media_type=JSON, status=406)
        streams = wanted == EVENT_STREAM
        if streams:
            wanted = GRAPHQL_RESPONSE
        try:
            require_json(asked.headers.get("content-type", ""), asked.headers.get("content-encoding"))
            raw = await self._body(request)
        except MediaTypeUnsupported as fault:
            return refused(asked, fault, media_type=wanted, status=415)
        except RequestTooLarge as fault:
            return refused(asked, fault, media_type=wanted, status=413)
        except RequestTooSlow:
            return too_slow(asked, wanted)
        return await (self._streamed(request, asked, raw) if streams else self.answered(asked, raw, wanted))

    async def _streamed(self, request: web.Request, asked: Asked, raw: bytes) -> Reply | web.StreamResponse:
        """For who wants events: a stream, or what was refused before one began."""
        other = beside_events(asked.headers["accept"])
        try:
            body = GraphQLRequest.of(self.documents.resolved(_decoded(raw)))
        except DomainError as fault:
            told = refused(asked, fault, media_type=GRAPHQL_RESPONSE, status=_refused_status(fault))
        else:
            if self._kind(body) == "subscription":
                return await self._subscribed(request, asked, body, other)
            told = await self._answer(asked, body, GRAPHQL_RESPONSE)
        return _for_events(told, other)

    async def _subscribed(
        self, request: web.Request, asked: Asked, body: GraphQLRequest, other: str | None
    ) -> Reply | web.StreamResponse:
        try:
            context = await self.asking.context(asked)
            if self.rates is not None:
                await self.rates.admit(context, partial(self._weight, body))
            who = context.principal
            # A tool's subject is the organisation that it was let in for.
            organisation = who.subject if who.kind is PrincipalKind.SERVICE else ""
            with self.streams.claimed(who.actor or asked.remote, organisation=organisation):
                renewed = partial(self.asking.renewed, asked, context)
                answers = await self.engine.subscribe(
                    query=body.query,
                    variables=body.variables,
                    operation_name=body.operation_name,
                    context=context,
                    renewed=partial(self._of_event, renewed, self._weight(body)[1]),
                )
                if not isinstance(answers, Answer):
                    return await self.streams.run(request, answers, renewed, context.locale)
        except DomainError as fault:
            return refused(asked, fault, media_type=other or GRAPHQL_RESPONSE, status=fault.http_status)
        return _for_events(Reply(400, answers.as_bytes(), GRAPHQL_RESPONSE), other)

    async def _of_event(self, renewed: Callable[[], Awaitable[RequestContext]], cost: float) -> RequestContext:
        """Who is told of an event, which counts as a query of the same: those of years may come at once.

        Raises: RateLimited; what `renewed` raises.
        """
        context = await renewed()
        if self.rates is not None:
            await self.rates.admit(context, lambda: ("query", cost))
        return context

    async def _got(self, request: web.Request, asked: Asked) -> Reply:
        try:
            wanted: str | None = response_type(asked.headers.get("accept"))
            if wanted == EVENT_STREAM:
                wanted = beside_events(asked.headers["accept"])
            if wanted is None:
                raise NotAcceptable()
        except DomainError as fault:
            return refused(asked, fault, media_type=JSON, status=406)
        try:
            require_own_site(asked.headers)
            body = GraphQLRequest.of(self.documents.resolved(_from_query(request)))
        except CrossSite as fault:
            return refused(asked, fault, media_type=wanted, status=403)
        except DomainError as fault:
            return refused(asked, fault, media_type=wanted, status=_refused_status(fault))
        if self._kind(body) == "mutation":
            return refused(asked, MethodNotAllowed(), media_type=wanted, status=405)
        return await self._answer(asked, body, wanted)

    def _kind(self, body: GraphQLRequest) -> str:
        """What it does; empty for a document that is refused, which does nothing: the engine says why."""
        try:
            return self.engine.operation_kind(query=body.query, operation_name=body.operation_name)
        except DomainError:
            return ""

    def _weight(self, body: GraphQLRequest) -> tuple[str, float]:
        try:
            return self.engine.weigh(query=body.query, variables=body.variables, operation_name=body.operation_name)
        except DomainError:
            return "", 0.0

    async def _answer(self, asked: Asked, body: GraphQLRequest, wanted: str) -> Reply:
        try:
            context = await self.asking.context(asked)
            if self.rates is not None:
                await self.rates.admit(context, partial(self._weight, body))
        except DomainError as fault:
            return refused(asked, fault, media_type=wanted, status=fault.http_status)
        written, status = await self._written(body, context, wanted)
        return Reply(status, written, wanted)

    async def _written(self, body: GraphQLRequest, context: RequestContext, wanted: str) -> _Written:
        """The answer. A client that hangs up ends its query, down to the subgraphs, but never a mutation half-way."""
        kind = self._kind(body)
        if kind == "mutation":
            return await self.unbroken.run(self._executed(body, context, wanted))
        if self.in_flight is None or kind != "query":
            return await self._executed(body, context, wanted)
        variables = orjson.dumps(body.variables, option=orjson.OPT_SORT_KEYS | _OPTIONS)
        key = (body.query, body.operation_name, variables, wanted, self.asking.sameness(context))
        return await self.in_flight.share(key, lambda: self._executed(body, context, wanted))

    async def _executed(self, body: GraphQLRequest, context: RequestContext, wanted: str) -> _Written:
        answer = await self.engine.execute(
            query=body.query, variables=body.variables, operation_name=body.operation_name, context=context
        )
        return answer.as_bytes(), _status(answer, wanted)

    async def _body(self, request: web.Request) -> bytes:
        """The whole body, read no further than the limit and no longer than ten seconds."""
        limit = self.request_bytes_max
        if (request.content_length or 0) > limit:
            raise RequestTooLarge(bytes_max=limit)
        try:
            async with asyncio.timeout(BODY_S):
                return await request.read()
        except TimeoutError as fault:
            raise RequestTooSlow(seconds_max=int(BODY_S)) from fault
        except web.HTTPRequestEntityTooLarge as fault:
            raise RequestTooLarge(bytes_max=limit) from fault


def too_slow(asked: Asked, wanted: str) -> Reply:
    """For a body that did not come in time."""
    return refused(asked, RequestTooSlow(seconds_max=int(BODY_S)), media_type=wanted, status=408)


def response(reply: Reply) -> web.Response:
    """As aiohttp writes it."""
    return web.Response(status=reply.status, body=reply.body, headers=dict(reply.content_headers))


def _for_events(told: Reply, other: str | None) -> Reply:
    """As a stream of one answer; but what GraphQL refused as it is, to who takes that too, and what HTTP refused."""
    if told.status == 200 or (told.status == 400 and other is None):
        return at_once(told)
    return told._replace(media_type=other or GRAPHQL_RESPONSE)


def _status(answer: Answer, wanted: str) -> int:
    return 400 if wanted == GRAPHQL_RESPONSE and answer.refused else 200


def _refused_status(fault: DomainError) -> int:
    """Clients of automatic persisted queries read `PERSISTED_QUERY_NOT_FOUND` in an answer that is 200."""
    if isinstance(fault, DocumentNotKnown):
        return 200
    return 400 if fault.kind is not Kind.FORBIDDEN else 403


def _decoded(raw: bytes | bytearray) -> object:
    """Raises: RequestMalformed, also for what is nested so deep that orjson reads it but would not write it again."""
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise RequestMalformed(problem="the body is not JSON") from fault
    if raw.count(b"[") + raw.count(b"{") > _SURELY_WRITTEN:
        try:
            orjson.dumps(told)
        except orjson.JSONEncodeError as fault:
            raise RequestMalformed(problem="it is nested too deep") from fault
    return told


def _from_query(request: web.Request) -> dict[str, object]:
    parameters = request.query
    body: dict[str, object] = {"query": parameters.get("query"), "operationName": parameters.get("operationName")}
    if len(parameters.get("query", "")) > _QUERY_CHARACTERS_MAX:
        raise RequestMalformed(problem="`query` is too long for GET")
    if document_id := parameters.get("documentId"):
        body["documentId"] = document_id
    for name in ("variables", "extensions"):
        if raw := parameters.get(name):
            body[name] = _decoded(raw.encode())
    return body
