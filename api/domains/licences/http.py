"""The door for verifiers without a connection: the keys that licences are shown under."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.key_sets import key_set
from core.keys import KeyRing

KEYS_PATH: Final = "/.well-known/licence-keys.json"


def routes(*, keys: KeyRing) -> list[web.RouteDef]:
    """`GET /.well-known/licence-keys.json`: Ed25519 keys."""
    return [key_set(KEYS_PATH, keys)]
