"""The HTTP door of a backend: GraphQL for the gateway, health and metrics for operators, and the backend's own routes.

| route | who | what |
|---|---|---|
| POST /graphql | the gateway | `{"query", "variables", "operationName"}` |
| GET /healthz, /readyz, /metrics | operators | alive; the database answers; Prometheus text |
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from backends.base.errors import Refusals
from backends.base.execution import Executor
from backends.base.http import body_of, json_of, refusal_of, reply
from backends.base.keys import is_known
from core import logs
from core.errors import DomainError, Internal, NotFound
from core.graph import Context, GraphQLRequest
from core.ids import Ids
from core.locale import negotiate

_LOG = logging.getLogger(__name__)

GRAPHQL_BYTES_MAX: Final = 256 * 1024
_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_RESPONSE_TYPE: Final = "application/graphql-response+json"


class Metrics:
    """This process's counters, in a registry of their own; a backend adds its own to `registry`.

    backend: its name, which the counters' names begin with.
    """

    def __init__(self, backend: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            f"{backend}_requests_total", "Requests by route and status.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            f"{backend}_request_seconds", "Time to answer, by route.", ("route",), registry=self.registry
        )


@dataclass(frozen=True, slots=True)
class Door:
    """The routes that every backend has, and how each request is answered.

    services: what resolvers find by type. check: raises Unavailable when the database does not answer.
    keys: digests (`keys.key_digest`) of the keys that the backend's own routes ask for; with none, nobody may.
    """

    executor: Executor
    services: Mapping[type, object]
    check: Callable[[], Awaitable[None]]
    refusals: Refusals
    ids: Ids
    metrics: Metrics
    keys: tuple[bytes, ...] = ()

    def application(self, *, routes: Iterable[web.RouteDef], bytes_max: int = GRAPHQL_BYTES_MAX) -> web.Application:
        """With the backend's own routes beside these. bytes_max: the largest body that any of them takes."""
        app = web.Application(client_max_size=max(bytes_max, GRAPHQL_BYTES_MAX), middlewares=[self._answer])
        app.router.add_post("/graphql", self.graphql)
        app.router.add_get("/healthz", self.alive)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.measured)
        app.add_routes(routes)
        return app

    def authorise(self, request: web.Request) -> None:
        """Raises: the backend's KeyInvalid."""
        if not is_known(request.headers.get("Authorization", ""), keys=self.keys):
            raise self.refusals.key_invalid()

    async def body(self, request: web.Request, *, bytes_max: int = GRAPHQL_BYTES_MAX) -> bytes:
        """Raises: the backend's BodyTooLarge, BodyTooSlow, BodyMalformed."""
        return await body_of(request, bytes_max=bytes_max, refusals=self.refusals)

    async def graphql(self, request: web.Request) -> web.Response:
        body = GraphQLRequest.of(json_of(await self.body(request)))
        locale = negotiate(request.headers.get("Accept-Language"))
        context = Context(logs.request_id.get(), locale=locale, services=self.services)
        response = await self.executor.run(body, context)
        return reply(response, status=200 if "data" in response else 400, content_type=_RESPONSE_TYPE)

    async def alive(self, request: web.Request) -> web.Response:
        return reply({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        await self.check()
        return reply({"status": "ready"})

    async def measured(self, request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @web.middleware
    async def _answer(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Give every request an id, every fault an answer, and every answer a count."""
        sent = request.headers.get("X-Request-Id", "")
        request_id = sent if _REQUEST_ID.fullmatch(sent) else self.ids.new("req")
        token = logs.request_id.set(request_id)
        started = time.perf_counter()
        try:
            response = await self._guarded(request, handler)
        finally:
            logs.request_id.reset(token)
        route = request.match_info.route.resource.canonical if request.match_info.route.resource else "none"
        self.metrics.requests.labels(route, str(response.status)).inc()
        self.metrics.seconds.labels(route).observe(time.perf_counter() - started)
        response.headers["X-Request-Id"] = request_id
        return response

    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except DomainError as refusal:
            return refusal_of(request, refusal)
        except web.HTTPNotFound:
            return refusal_of(request, NotFound(thing="path"))
        except web.HTTPException as answer:
            return web.Response(status=answer.status, text=answer.text, headers=_kept(answer))
        except Exception as fault:
            incident = self.ids.new("inc")
            _LOG.error("request failed", exc_info=fault, extra={"facts": {"incident": incident}})
            return refusal_of(request, Internal(incident=incident))


def _kept(answer: web.HTTPException) -> dict[str, str]:
    """What aiohttp's own answer says besides its text: which methods are allowed."""
    return {name: value for name, value in answer.headers.items() if name == "Allow"}
