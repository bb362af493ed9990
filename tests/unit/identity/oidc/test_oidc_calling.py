"""Clients are told of sign-outs where they are, and nothing inside the city's own network is."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.calling import NotPublic
from identity.oidc.logout import posting


async def test_a_city_of_the_world_posts_to_no_address_of_its_own_network() -> None:
    heard: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.text())
        return web.Response()

    inside = web.Application()
    inside.add_routes([web.post("/", hear)])
    async with TestServer(inside) as server, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{server.port}/"
        post = posting(http, issuer="https://city.test")
        for private in (url, f"http://localhost:{server.port}/", "https://169.254.169.254/", "https://[::1]/"):
            with pytest.raises(NotPublic):
                await post(private, {"logout_token": "x"})
        assert heard == []
        assert await posting(http, issuer="http://127.0.0.1:8000")(url, {"logout_token": "x"}) == 200
        assert heard == ["logout_token=x"]
