"""Key sets over HTTP, for whoever checks what we sign without asking us."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from core.keys import KeyRing

# The next key is in the set long before it signs, so a copy that is five minutes old still knows every signer.
_CACHE: Final = "public, max-age=300"


def key_set(path: str, keys: KeyRing) -> web.RouteDef:
    """`GET path`: the ring's public keys by `kid`, as a JWK set (RFC 7517 §5, RFC 8037)."""

    async def published(_: web.Request) -> web.Response:
        return web.Response(
            body=orjson.dumps(keys.jwks()),
            content_type="application/jwk-set+json",
            headers={"Cache-Control": _CACHE, "Access-Control-Allow-Origin": "*"},
        )

    return web.get(path, published)
