"""The ways to the city of tests: httpx's two transports without a socket, and ASGI, which a server can serve."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import httpx

from .model import Asked, Lost, Reply

if TYPE_CHECKING:
    from .platform import FakePlatform


class AsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, city: FakePlatform) -> None:
        self._city = city

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return _exchanged(self._city, request, await request.aread())


class BlockingTransport(httpx.BaseTransport):
    def __init__(self, city: FakePlatform) -> None:
        self._city = city

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return _exchanged(self._city, request, request.read())


def _exchanged(city: FakePlatform, request: httpx.Request, body: bytes) -> httpx.Response:
    """Raises: httpx.ReadTimeout when the city takes longer than the client waits, httpx.ReadError for a lost answer."""
    path = request.url.raw_path.decode("ascii")
    takes_s, waits_s = city.takes_s(path), request.extensions.get("timeout", {}).get("read")
    if takes_s and waits_s is not None and takes_s > waits_s:
        city.clock.advance(waits_s)
        raise httpx.ReadTimeout("the city is slow", request=request)
    city.clock.advance(takes_s)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        reply = city.handle(Asked(request.method, path, headers, body))
    except Lost:
        raise httpx.ReadError("the connection broke", request=request) from None
    return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body, request=request)


Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Application:
    """`FakePlatform` as an ASGI app, for `httpx.ASGITransport` or a server. Here what is slow is slow for real."""

    def __init__(self, city: FakePlatform) -> None:
        self._city = city

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        query = scope.get("query_string", b"").decode("ascii")
        path = scope["path"] + (f"?{query}" if query else "")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = await read_body(receive)
        await asyncio.sleep(self._city.takes_s(path))
        reply = self._city.handle(Asked(scope["method"], path, headers, body))
        await _write(reply, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def read_body(receive: Receive, *, bytes_max: int = sys.maxsize) -> bytes:
    """The body of a request over ASGI, cut off after `bytes_max`."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > bytes_max or not message.get("more_body"):
            return bytes(body[:bytes_max])


async def _write(reply: Reply, send: Send) -> None:
    headers = {**reply.headers, "content-length": str(len(reply.body))}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": reply.body})
