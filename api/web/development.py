"""What only a demonstration may show: the code that a real city would send by SMS, and that of its staff's app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from aiohttp import web
from yarl import URL


def sms_routes(latest: Callable[[str], Awaitable[Mapping[str, Any] | None]]) -> list[web.RouteDef]:
    """`GET /dev/sms?phone=…`: `{"code", "expires_at"}` of the newest message, 204 when there is none (yet).

    Mounted with the demo switch alone: without it the path is 404, and a client can tell.
    """

    async def sms(request: web.Request) -> web.Response:
        message = await latest(request.query.get("phone", ""))
        if message is None:
            return web.Response(status=204)
        return web.Response(
            body=orjson.dumps(message), content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return [web.get("/dev/sms", sms)]


def totp_routes(now: Callable[[], Mapping[str, str]]) -> list[web.RouteDef]:
    """`GET /dev/totp`: `{"code", "expires_at"}` of the authenticator app that all of the demo's staff have.

    Mounted with the demo switch alone, as `sms_routes` is.
    """

    async def totp(_: web.Request) -> web.Response:
        return web.Response(
            body=orjson.dumps(now()), content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return [web.get("/dev/totp", totp)]


def net_id_routes(platform: str, audience: str) -> list[web.RouteDef]:
    """`GET /dev/net-id`: on to where the demonstration's platform gives net-ID credentials for this city.

    Mounted with the demo switch alone, as `sms_routes` is. platform: its address; audience: the city's.
    """

    async def onward(_: web.Request) -> web.Response:
        to = URL(platform).with_path("/net-id").with_query(audience=audience)
        return web.Response(status=303, headers={"Location": str(to), "Cache-Control": "no-store"})

    return [web.get("/dev/net-id", onward)]
