"""The HTTP door: the public keys of access tokens, for whoever checks them without asking us."""

from __future__ import annotations

from aiohttp import web

from core.key_sets import key_set
from core.keys import KeyRing

JWKS_PATH = "/.well-known/jwks.json"


def routes(*, keys: KeyRing) -> list[web.RouteDef]:
    """`GET /.well-known/jwks.json` (RFC 8414)."""
    return [key_set(JWKS_PATH, keys)]
