"""The door as one aiohttp application: routes, and what surrounds every request."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from multidict import istr

from api.web.asking import REQUEST_ID, Asked, begin
from api.web.figures import EngineFigures
from api.web.graphql import GraphQLDoor, response
from api.web.hosts import OtherHosts, is_for
from api.web.lean import LEAN, Lean
from api.web.media import JSON
from api.web.metrics import Metrics
from api.web.replies import CSP, SECURITY_HEADERS, SERVER_NAME, broken
from api.web.shell import Shell
from core.errors import DomainError
from core.tasks import Unbroken

Check: TypeAlias = Callable[[], Awaitable[None]]

_GRAPHIQL: Final = Path(__file__).parent / "graphiql"
# As `istr`, so that the header's own spelling is not worked out again for every response.
_HEADERS: Final = (
    (hdrs.CACHE_CONTROL, "no-cache"),
    *((istr(name), value) for name, value in SECURITY_HEADERS.items()),
)
# Methods that change nothing (RFC 9110 §9.2.1): of what is beside the graph, a client who hangs up ends these alone.
_SAFE: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_ENDS_WITHIN_S: Final = 3.0
_X_REQUEST_ID: Final = istr("X-Request-Id")
# GraphiQL's editor writes style elements; it is served in development only.
_GRAPHIQL_CSP: Final = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; font-src 'self' data:"


def application(
    *,
    graphql: GraphQLDoor,
    metrics: Metrics,
    checks: Sequence[tuple[str, Check]],
    shell: Shell | None,
    routes: Sequence[web.RouteDef],
    development: bool,
    others: OtherHosts | None = None,
) -> web.Application:
    """Assemble the door.

    checks: name and probe of each thing that must answer before this process takes work.
    shell: the web shell, where there is one. routes: those that rooms bring (key sets, the demo's
    messages). others: who answers on hosts that are not the city's; none of the routes is there.
    """
    surrounding = [_apart(others, metrics), _around(metrics, graphql.unbroken)]
    app = web.Application(middlewares=surrounding, client_max_size=graphql.request_bytes_max)
    app.on_shutdown.append(graphql.streams.stop)
    app.on_cleanup.append(_ended(graphql.unbroken))
    app[LEAN] = Lean(graphql, metrics, others)
    metrics.registry.register(EngineFigures(graphql))
    app.router.add_post("/graphql", graphql.post)
    app.router.add_get("/graphql", graphql.get, allow_head=False)
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", _ready(checks))
    app.router.add_get("/metrics", metrics.expose)
    app.add_routes(routes)
    if development:
        app.router.add_get("/graphiql", _file(_GRAPHIQL / "index.html"))
        app.router.add_static("/graphiql/", _GRAPHIQL)
    if shell is not None:
        app.add_routes(shell.routes())
    return app


def _ended(unbroken: Unbroken) -> Callable[[web.Application], Awaitable[None]]:
    async def wait(app: web.Application) -> None:
        await unbroken.ended(within_s=_ENDS_WITHIN_S)

    return wait


def _apart(others: OtherHosts | None, metrics: Metrics) -> Middleware:
    """The outermost: what names a host that is not the city's never comes to a route of the city."""

    @web.middleware
    async def apart(request: web.Request, handler: Handler) -> web.StreamResponse:
        if others is None or not is_for(others, request):
            return await handler(request)
        started = time.perf_counter()
        answer = await _answered_by(others, request)
        metrics.answered("other host", answer.status, time.perf_counter() - started)
        return answer

    return apart


async def _answered_by(others: OtherHosts, request: web.Request) -> web.StreamResponse:
    request_id = request[REQUEST_ID] = begin(request.headers.get("X-Request-Id", ""))
    try:
        answer = await others.answer(request)
    except Exception as fault:
        answer = response(broken(Asked.of(request), fault, "other host"))
    answer.headers[_X_REQUEST_ID] = request_id
    answer.headers[hdrs.SERVER] = SERVER_NAME
    return answer


def _around(metrics: Metrics, unbroken: Unbroken) -> Middleware:
    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = request[REQUEST_ID] = begin(request.headers.get("X-Request-Id", ""))
        started = time.perf_counter()
        handling = _handled(request, handler)
        # GraphQL tells a change from a query itself.
        cancellable = request.method in _SAFE or request.path == "/graphql"
        response = await (handling if cancellable else unbroken.run(handling))
        # What was begun already is an event stream, and its seconds are those of its life.
        route = f"{_route(request)} (stream)" if response.prepared else _route(request)
        metrics.answered(route, response.status, time.perf_counter() - started)
        if response.prepared:
            return response
        headers = response.headers
        headers[_X_REQUEST_ID] = request_id
        headers[hdrs.SERVER] = SERVER_NAME
        for name, value in _HEADERS:
            headers.setdefault(name, value)
        if request.path.startswith("/graphiql"):
            headers["Content-Security-Policy"] = _GRAPHIQL_CSP
        return response

    return around


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return _plain(answer)
    except (ConnectionResetError, web.RequestPayloadError):
        # The client hung up while it was sending, or its body is not what its headers say.
        return web.Response(status=400)
    except Exception as fault:
        return response(broken(Asked.of(request), fault, _route(request)))


def _plain(answer: web.HTTPException) -> web.Response:
    """aiohttp's own answers are exceptions; what they say goes on, which files have not changed included."""
    kept = {name: answer.headers[name] for name in ("Allow", "Location", "ETag") if name in answer.headers}
    return web.Response(status=answer.status, text=answer.text, headers=kept)


def _route(request: web.Request) -> str:
    """The pattern that matched, never the path as asked."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


async def _alive(request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


def _ready(checks: Sequence[tuple[str, Check]]) -> Handler:
    async def ready(request: web.Request) -> web.Response:
        states = {name: await _state(check) for name, check in checks}
        ok = all(state == "ok" for state in states.values())
        return web.Response(body=orjson.dumps(states), status=200 if ok else 503, content_type=JSON)

    return ready


async def _state(check: Check) -> str:
    try:
        await check()
    except DomainError as fault:
        return fault.code
    return "ok"


def _file(path: Path) -> Handler:
    async def serve(request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return serve
