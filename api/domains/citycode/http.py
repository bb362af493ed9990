"""The doors beside the graph: the keys for verifiers without a connection, and the address that a plate's QR opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias
from urllib.parse import quote

import orjson
from aiohttp import web

from api.domains.citycode import placecode
from core.keys import KeyRing

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

KEYS_PATH: Final = "/.well-known/city-code-keys.json"
PLACE_KEYS_PATH: Final = "/.well-known/place-code-keys.json"
PLATE_PATH: Final = "/P/{code}"
# The next key is in the list before it signs, so a list that is some minutes old is still a good one.
_CACHE: Final = "public, max-age=300"


def routes(*, keys: KeyRing, place_keys: KeyRing, base: str) -> list[web.RouteDef]:
    """`GET /.well-known/city-code-keys.json`, `…/place-code-keys.json`: JWK sets of Ed25519 keys by `kid`.

    `GET /P/{code}`: any camera that reads a plate lands in the shell, which asks the graph what the plate says.
    base: `placecode.base_of` the city's address.
    Source: RFC 7517 §5, RFC 8037.
    """

    async def plate(request: web.Request) -> web.Response:
        text = f"{base}/P/{request.match_info['code']}"
        placecode.parse(text)
        # Not `HTTPFound`: it would write the fragment anew and take its escapes away.
        return web.Response(status=302, headers={"Location": f"/#/scan?code={quote(text, safe='')}"})

    return [
        web.get(KEYS_PATH, _published(keys)),
        web.get(PLACE_KEYS_PATH, _published(place_keys)),
        web.get(PLATE_PATH, plate),
    ]


def _published(keys: KeyRing) -> Handler:
    async def published(_: web.Request) -> web.Response:
        return web.Response(
            body=orjson.dumps(keys.jwks()),
            content_type="application/jwk-set+json",
            headers={"Cache-Control": _CACHE, "Access-Control-Allow-Origin": "*"},
        )

    return published
