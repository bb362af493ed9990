"""The HTTP door: GraphQL for the gateway, readings for the department's instruments, health and metrics.

| route | who | what |
|---|---|---|
| POST /graphql | the gateway | `{"query", "variables", "operationName"}` |
| POST /ingest/readings | instruments, with the key | rows (`ingest`), answered `{"accepted": n, "duplicates": n}` |
| PUT /ingest/stations/{code} | the department, with the key | a station (`model.registered_station`) |
| GET /healthz, /readyz, /metrics | operators | alive; the database answers; Prometheus text |
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from backends.sensor.errors import BodyMalformed, BodyTooLarge, BodyTooSlow, IngestKeyInvalid
from backends.sensor.execution import Executor
from backends.sensor.ingest import ingest
from backends.sensor.model import registered_station
from backends.sensor.service import Sensors
from core import logs
from core.clock import Clock
from core.errors import BadInput, DomainError, Internal, NotFound
from core.graph import Context, GraphQLRequest
from core.ids import Ids
from core.locale import negotiate

_LOG = logging.getLogger(__name__)

GRAPHQL_BYTES_MAX: Final = 256 * 1024
INGEST_BYTES_MAX: Final = 2 * 1024 * 1024
BODY_TIMEOUT_S: Final = 10
_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_RESPONSE_TYPE: Final = "application/graphql-response+json"


def key_digest(key: str) -> bytes:
    """What is kept of an ingest key."""
    return sha256(key.encode(errors="surrogateescape")).digest()  # bytes of a header that are not UTF-8, as they came


class Metrics:
    """This process's counters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sensor_requests_total", "Requests by route and status.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "sensor_request_seconds", "Time to answer, by route.", ("route",), registry=self.registry
        )
        self.rows = Counter(
            "sensor_ingest_rows_total", "Ingested rows by what became of them.", ("outcome",), registry=self.registry
        )


@dataclass(frozen=True, slots=True)
class SensorDoor:
    """The routes over one `Sensors`.

    ingest_keys: digests (`key_digest`) of the keys that may post; with none, nobody may.
    """

    sensors: Sensors
    executor: Executor
    ids: Ids
    clock: Clock
    metrics: Metrics
    ingest_keys: tuple[bytes, ...] = ()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=INGEST_BYTES_MAX, middlewares=[self._answer])
        app.router.add_post("/graphql", self.graphql)
        app.router.add_post("/ingest/readings", self.readings)
        app.router.add_put("/ingest/stations/{code}", self.station)
        app.router.add_get("/healthz", self.alive)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.measured)
        return app

    async def graphql(self, request: web.Request) -> web.Response:
        body = GraphQLRequest.of(_json(await _body(request, GRAPHQL_BYTES_MAX)))
        locale = negotiate(request.headers.get("Accept-Language"))
        context = Context(logs.request_id.get(), locale=locale, services={Sensors: self.sensors})
        response = await self.executor.run(body, context)
        return _reply(response, status=200 if "data" in response else 400, content_type=_RESPONSE_TYPE)

    async def readings(self, request: web.Request) -> web.Response:
        self._authorise(request)
        body = await _body(request, INGEST_BYTES_MAX)
        recorded = await ingest(
            sensors=self.sensors,
            body=body,
            content_type=request.content_type,
            now=self.clock.now(),
            locale=negotiate(request.headers.get("Accept-Language")),
        )
        self.metrics.rows.labels("accepted").inc(recorded.accepted)
        self.metrics.rows.labels("duplicate").inc(recorded.duplicates)
        return _reply({"accepted": recorded.accepted, "duplicates": recorded.duplicates})

    async def station(self, request: web.Request) -> web.Response:
        self._authorise(request)
        body = _json(await _body(request, GRAPHQL_BYTES_MAX))
        station = registered_station(code=request.match_info["code"], body=body)
        await self.sensors.register(station)
        return _reply({"code": station.code})

    async def alive(self, request: web.Request) -> web.Response:
        return _reply({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        await self.sensors.check()
        return _reply({"status": "ready"})

    async def measured(self, request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _authorise(self, request: web.Request) -> None:
        """Raises: IngestKeyInvalid. Digests are compared, so the time taken says nothing of the key."""
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        digest = key_digest(presented.strip())
        known = [compare_digest(digest, key) for key in self.ingest_keys]
        if scheme.lower() != "bearer" or not any(known):
            raise IngestKeyInvalid()

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
            return _refusal(request, refusal)
        except web.HTTPNotFound:
            return _refusal(request, NotFound(thing="path"))
        except web.HTTPException as answer:
            return web.Response(status=answer.status, text=answer.text, headers=_kept(answer))
        except Exception as fault:
            incident = self.ids.new("inc")
            _LOG.error("request failed", exc_info=fault, extra={"facts": {"incident": incident}})
            return _refusal(request, Internal(incident=incident))


def _kept(answer: web.HTTPException) -> dict[str, str]:
    """What aiohttp's own answer says besides its text: which methods are allowed."""
    return {name: value for name, value in answer.headers.items() if name == "Allow"}


async def _body(request: web.Request, bytes_max: int) -> bytes:
    """The whole body, unpacked, when it is no larger than `bytes_max` and comes in time.

    Raises: BodyTooLarge, BodyTooSlow, BodyMalformed.
    """
    if (request.content_length or 0) > bytes_max:
        raise BodyTooLarge(bytes_max=bytes_max)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await request.read()
    except web.HTTPRequestEntityTooLarge as fault:
        raise BodyTooLarge(bytes_max=bytes_max) from fault
    except TimeoutError as fault:
        raise BodyTooSlow(seconds_max=BODY_TIMEOUT_S) from fault
    except (web.RequestPayloadError, aiohttp.http.HttpProcessingError) as fault:
        raise BodyMalformed(problem="it is cut off, or not packed as Content-Encoding says") from fault
    if len(body) > bytes_max:
        raise BodyTooLarge(bytes_max=bytes_max)
    return body


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise BadInput(field="body", problem="is not JSON") from fault


def _reply(body: dict[str, Any], *, status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type=content_type)


def _refusal(request: web.Request, refusal: DomainError) -> web.Response:
    message = refusal.message_in(negotiate(request.headers.get("Accept-Language")))
    return _reply({"errors": [{"message": message, "extensions": refusal.extensions}]}, status=refusal.http_status)
