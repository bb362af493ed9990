"""The doors beside the graph: the keys for verifiers without a connection, and the address that a plate's QR opens."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from aiohttp import web

from api.domains.citycode import placecode
from core.key_sets import key_set
from core.keys import KeyRing

KEYS_PATH: Final = "/.well-known/city-code-keys.json"
PLACE_KEYS_PATH: Final = "/.well-known/place-code-keys.json"
PLATE_PATH: Final = "/P/{code}"


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
        key_set(KEYS_PATH, keys),
        key_set(PLACE_KEYS_PATH, place_keys),
        web.get(PLATE_PATH, plate),
    ]
