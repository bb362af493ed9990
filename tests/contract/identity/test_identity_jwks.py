"""What others rely on: the published keys check our tokens with nothing of ours, by the RFCs alone.

The checker below is written from RFC 7515 §5.2, RFC 7517 and RFC 7518 §3.4, §6.2 on `cryptography`'s ECDSA.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest_asyncio
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo
from core.principal import Principal, PrincipalKind
from identity.http import JWKS_PATH, routes
from identity.tokens import AccessTokens

CITIZEN = Principal(
    kind=PrincipalKind.CITIZEN,
    actor="cit_1",
    subject="cit_1",
    session_id="ses_1",
    scopes=frozenset({"citizen"}),
    real_name_level=1,
)


@pytest_asyncio.fixture
async def keys(mongo: Mongo, cipher: FieldCipher, clock: FixedClock) -> KeyRing:
    ring = KeyRing(
        purpose="access-token",
        algorithm=Algorithm.ES256,
        mongo=mongo,
        cipher=cipher,
        clock=clock,
        overlap=timedelta(minutes=15),
    )
    await ring.open()
    return ring


@pytest_asyncio.fixture
async def server(keys: KeyRing) -> AsyncIterator[TestServer]:
    application = web.Application()
    application.add_routes(routes(keys=keys))
    running = TestServer(application)
    await running.start_server()
    yield running
    await running.close()


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _checked(token: str, jwks: dict[str, Any]) -> dict[str, Any]:
    header, payload, signature = token.split(".")
    wanted = json.loads(_decoded(header))
    (key,) = [key for key in jwks["keys"] if key["kid"] == wanted["kid"]]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    x, y = (int.from_bytes(_decoded(key[name]), "big") for name in ("x", "y"))
    r, s = (int.from_bytes(half, "big") for half in (_decoded(signature)[:32], _decoded(signature)[32:]))
    public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), f"{header}.{payload}".encode(), ECDSA(SHA256()))
    claims = json.loads(_decoded(payload))
    assert isinstance(claims, dict)
    return claims


async def _published(server: TestServer) -> dict[str, Any]:
    async with ClientSession() as client, client.get(server.make_url(JWKS_PATH)) as response:
        assert response.status == 200
        assert response.content_type == "application/jwk-set+json"
        assert response.headers["Cache-Control"] == "public, max-age=300"
        published = json.loads(await response.read())
        assert isinstance(published, dict)
        return published


async def test_a_stranger_checks_our_token_with_the_published_keys(
    server: TestServer, keys: KeyRing, clock: FixedClock, ids: Ids
) -> None:
    tokens = AccessTokens(
        keys=keys, issuer="https://city.test", audience="https://city.test/graphql", clock=clock, ids=ids
    )
    claims = _checked(tokens.issue(CITIZEN).text, await _published(server))
    assert (claims["sub"], claims["acr"]) == ("cit_1", "urn:city:rl:1")


async def test_no_private_member_is_published(server: TestServer) -> None:
    published = await _published(server)
    assert len(published["keys"]) == 2
    for key in published["keys"]:
        assert key.keys() == {"kid", "use", "alg", "kty", "crv", "x", "y"}


async def test_a_copy_of_the_keys_from_before_a_rotation_checks_the_tokens_after_it(
    server: TestServer, keys: KeyRing, clock: FixedClock, ids: Ids
) -> None:
    tokens = AccessTokens(
        keys=keys, issuer="https://city.test", audience="https://city.test/graphql", clock=clock, ids=ids
    )
    old_copy, old_token = await _published(server), tokens.issue(CITIZEN).text
    await keys.rotate()
    assert _checked(tokens.issue(CITIZEN).text, old_copy)["sub"] == "cit_1"
    assert _checked(old_token, await _published(server))["sub"] == "cit_1"
    clock.advance(seconds=15 * 60)
    assert len((await _published(server))["keys"]) == 2
