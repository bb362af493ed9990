"""The HTTP door: the public keys of access tokens, for whoever checks them without asking us."""

from __future__ import annotations

import orjson
from aiohttp import web

from core.keys import KeyRing

JWKS_PATH = "/.well-known/jwks.json"
# A key is published long before it signs, so a copy that is five minutes old still knows every signer.
_CACHE = "public, max-age=300"


def routes(*, keys: KeyRing) -> list[web.RouteDef]:
    """`GET /.well-known/jwks.json` (RFC 7517 §5, RFC 8414)."""

    async def jwks(_: web.Request) -> web.Response:
        return web.Response(
            body=orjson.dumps(keys.jwks()),
            content_type="application/jwk-set+json",
            headers={"Cache-Control": _CACHE, "Access-Control-Allow-Origin": "*"},
        )

    return [web.get(JWKS_PATH, jwks)]
