"""The city's graph as SDL, for those who build on it: introspection is off in production, and `tong typegen` needs it.

It is the whole of the graph that anybody may ask: what it names is no secret, and who may read a field is decided where
it is asked, not by who knows that there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from aiohttp import web

from core.files import File

SDL_PATH: Final = "/.well-known/city-graph.graphql"
_HEADERS: Final = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "public, max-age=300",
    "Access-Control-Allow-Origin": "*",
}


def sdl_routes(sdl: Callable[[], str]) -> list[web.RouteDef]:
    """`GET /.well-known/city-graph.graphql`, with a tag of its content. sdl: asked for once."""

    @cache
    def file() -> File:
        return File.of(sdl().encode(), _HEADERS)

    async def answer(request: web.Request) -> web.Response:
        return file().answer(request)

    return [web.get(SDL_PATH, answer)]
