"""The door for verifiers without a connection: the keys that licences are shown under."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from core.keys import KeyRing

KEYS_PATH: Final = "/.well-known/licence-keys.json"
# The next key is in the list before it signs, so a list that is some minutes old is still a good one.
_CACHE: Final = "public, max-age=300"


def routes(*, keys: KeyRing) -> list[web.RouteDef]:
    """`GET /.well-known/licence-keys.json`: a JWK set (RFC 7517 §5, RFC 8037) of Ed25519 keys by `kid`."""

    async def published(_: web.Request) -> web.Response:
        return web.Response(
            body=orjson.dumps(keys.jwks()),
            content_type="application/jwk-set+json",
            headers={"Cache-Control": _CACHE, "Access-Control-Allow-Origin": "*"},
        )

    return [web.get(KEYS_PATH, published)]
