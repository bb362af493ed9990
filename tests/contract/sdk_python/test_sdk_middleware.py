"""Who asks a program's backend: the middleware in Starlette, Litestar, Flask and a bare WSGI app, by real requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from citytong_sdk import MemoryReplay, MiniApp
from citytong_sdk.middleware import CityTongMiddleware, CityTongWSGIMiddleware, current_session, session_or_none
from citytong_sdk.testing import Citizen, FakeClock, FakePlatform
from citytong_sdk.webhooks import Ping
from flask import Flask
from flask import request as flask_request
from litestar import Litestar, Request, get, post
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

PUBLIC = ["/open", "/webhooks/*"]


def who() -> dict[str, str | None]:
    found = session_or_none()
    return {"openid": found.openid if found else None}


def starlette_app(app: MiniApp) -> Any:
    async def loans(_: StarletteRequest) -> JSONResponse:
        await asyncio.sleep(0)
        return JSONResponse({"openid": current_session().openid})

    async def public(_: StarletteRequest) -> JSONResponse:
        return JSONResponse(who(), headers={"Access-Control-Allow-Origin": "https://only.example"})

    async def hook(request: StarletteRequest) -> Response:
        await app.webhooks.verify(request.headers, await request.body())
        return Response(status_code=204)

    routes = [
        Route("/loans", loans, methods=["GET", "POST"]),
        Route("/open", public),
        Route("/webhooks/city", hook, methods=["POST"]),
    ]
    return Starlette(routes=routes)


def litestar_app(app: MiniApp) -> Any:
    @get("/loans")
    async def loans() -> dict[str, str | None]:
        return {"openid": current_session().openid}

    @get("/open")
    async def public() -> dict[str, str | None]:
        return who()

    @post("/webhooks/city", status_code=204)
    async def hook(request: Request[Any, Any, Any]) -> None:
        await app.webhooks.verify(request.headers, await request.body())

    return Litestar([loans, public, hook], openapi_config=None, logging_config=None)


def flask_app(app: MiniApp) -> Any:
    flask = Flask("loans")

    @flask.get("/loans")
    def loans() -> dict[str, str | None]:
        return {"openid": current_session().openid}

    @flask.get("/open")
    def public() -> dict[str, str | None]:
        return who()

    @flask.post("/webhooks/city")
    def hook() -> tuple[str, int]:
        app.sync.webhooks.verify(dict(flask_request.headers), flask_request.get_data())
        return "", 204

    return flask


def bare_app(app: MiniApp) -> Any:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == "/webhooks/city":
            headers = {
                name.removeprefix("HTTP_").replace("_", "-"): value
                for name, value in environ.items()
                if name.startswith("HTTP_")
            }
            app.sync.webhooks.verify(headers, environ["wsgi.input"].read())
            start_response("204 No Content", [])
            return
        start_response("200 OK", [("Content-Type", "application/json")])
        yield json.dumps(who()).encode()

    return answer


KINDS: dict[str, tuple[Callable[[MiniApp], Any], bool]] = {
    "starlette": (starlette_app, True),
    "litestar": (litestar_app, True),
    "flask": (flask_app, False),
    "wsgi": (bare_app, False),
}


class Served:
    """The app behind the middleware, asked by real requests of httpx."""

    def __init__(self, made: Any, *, is_asgi: bool) -> None:
        self.app = made
        self._is_asgi = is_asgi

    async def ask(self, method: str, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._is_asgi:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://app") as client:
                return await client.request(method, path, headers=named)
        return await asyncio.to_thread(self._ask_blocking, method, path, named)

    def _ask_blocking(self, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        with httpx.Client(transport=httpx.WSGITransport(app=self.app), base_url="http://app") as client:
            return client.request(method, path, headers=headers)


@pytest_asyncio.fixture(params=KINDS)
async def served(request: pytest.FixtureRequest, app: MiniApp) -> AsyncIterator[Served]:
    make, is_asgi = KINDS[request.param]
    middleware: Any = CityTongMiddleware if is_asgi else CityTongWSGIMiddleware
    yield Served(middleware(make(app), app, public=PUBLIC, expose=["X-Total"]), is_asgi=is_asgi)


async def test_a_good_token_says_who_asks(served: Served, city: FakePlatform, citizen: Citizen) -> None:
    others = city.citizen()
    for one in (citizen, others, citizen):
        answer = await served.ask("GET", "/loans", Authorization=f"MP {city.launch_token(one)}")
        assert (answer.status_code, answer.json()) == (200, {"openid": city.openid(one)})
    with pytest.raises(LookupError):
        current_session()


async def test_without_a_good_token_the_app_is_not_asked(
    served: Served, city: FakePlatform, turn: FakeClock, citizen: Citizen
) -> None:
    good = city.launch_token(citizen)
    turn.advance(331)
    for shown in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"MP {good}"}, {"Authorization": "MP x"}):
        answer = await served.ask("GET", "/loans", **shown)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("MP ")
        assert answer.json()["error"]["code"] in ("SDK_TOKEN_MISSING", "SDK_TOKEN_INVALID")
        assert good not in answer.text


async def test_a_public_path_needs_none_but_a_bad_one_is_still_refused(
    served: Served, city: FakePlatform, citizen: Citizen
) -> None:
    assert (await served.ask("GET", "/open")).json() == {"openid": None}
    known = await served.ask("GET", "/open", Authorization=f"MP {city.launch_token(citizen)}")
    assert known.json() == {"openid": city.openid(citizen)}
    assert (await served.ask("GET", "/open", Authorization="MP forged")).status_code == 401
    assert (await served.ask("POST", "/webhooks/%2e%2e/loans")).status_code == 401


async def test_a_page_of_no_origin_may_ask_with_a_token_and_never_with_cookies(
    served: Served, city: FakePlatform, citizen: Citizen
) -> None:
    """As a browser does for `mp.fetch`: it asks whether it may, then asks; also a refusal can be read."""
    asks = {
        "Origin": "null",
        "Access_Control_Request_Method": "POST",
        "Access_Control_Request_Headers": "authorization",
    }
    may = await served.ask("OPTIONS", "/loans", **asks)
    assert may.status_code == 204
    assert may.headers["access-control-allow-origin"] == "*"
    assert "authorization" in may.headers["access-control-allow-headers"]
    answers = [
        await served.ask("GET", "/loans", Origin="null", Authorization=f"MP {city.launch_token(citizen)}"),
        await served.ask("GET", "/open", Origin="null"),
        await served.ask("GET", "/loans", Origin="null"),
    ]
    assert [one.status_code for one in answers] == [200, 200, 401]
    for one in [may, *answers]:
        assert one.headers.get_list("access-control-allow-origin") == ["*"]
        assert "access-control-allow-credentials" not in one.headers
    assert answers[0].headers["access-control-expose-headers"] == "X-Total"
    plain = await served.ask("GET", "/loans", Authorization=f"MP {city.launch_token(citizen)}")
    assert "access-control-allow-origin" not in plain.headers


async def test_the_city_s_webhooks_come_through(served: Served, city: FakePlatform, app: MiniApp) -> None:
    sent = await city.webhook(Ping(id="", at=city.clock.now(), app_id=app.app_id), to=served.app)
    assert sent == 204
    assert [one.state for one in city.deliveries.values()] == ["delivered"]


async def test_when_the_city_is_silent_from_the_start_it_is_not_the_citizen_s_fault(
    served: Served, city: FakePlatform, citizen: Citizen
) -> None:
    city.fail("keys", "UNAVAILABLE", times=3)
    answer = await served.ask("GET", "/loans", Authorization=f"MP {city.launch_token(citizen)}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_each_token_once_where_a_store_says_so(app: MiniApp, city: FakePlatform, citizen: Citizen) -> None:
    seen = MemoryReplay(clock=city.clock)
    served = Served(CityTongMiddleware(starlette_app(app), app, replay=seen), is_asgi=True)
    token = city.launch_token(citizen)
    statuses = [(await served.ask("GET", "/loans", Authorization=f"MP {token}")).status_code for _ in range(2)]
    assert statuses == [200, 401]


async def test_two_requests_at_once_do_not_mix(app: MiniApp, city: FakePlatform) -> None:
    served = Served(CityTongMiddleware(starlette_app(app), app), is_asgi=True)
    citizens = [city.citizen() for _ in range(20)]
    answers = await asyncio.gather(
        *(served.ask("GET", "/loans", Authorization=f"MP {city.launch_token(one)}") for one in citizens)
    )
    assert [one.json()["openid"] for one in answers] == [city.openid(one) for one in citizens]


async def test_a_websocket_is_refused_before_it_opens(app: MiniApp, city: FakePlatform, citizen: Citizen) -> None:
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"openid": current_session().openid})

    middleware = CityTongMiddleware(Starlette(routes=[WebSocketRoute("/talk", talk)]), app)

    async def opened(headers: list[tuple[bytes, bytes]]) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/talk", "headers": headers, "query_string": b"", "subprotocols": []}
        await middleware(scope, receive, send)
        return sent

    assert await opened([]) == [{"type": "websocket.close", "code": 1008}]
    accepted = await opened([(b"authorization", f"MP {city.launch_token(citizen)}".encode())])
    assert [one["type"] for one in accepted[:2]] == ["websocket.accept", "websocket.send"]
    assert json.loads(accepted[1]["text"]) == {"openid": city.openid(citizen)}
