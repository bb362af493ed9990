"""What partners rely on: npm's `openid-client`, certified and not ours, goes the whole way through the provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from api.app import open_city
from api.serving import bound, listening
from core.clock import SystemClock
from core.embedded import Stores
from core.keys import Algorithm
from core.mongo import Mongo
from core.redis import Redis
from identity.oidc.demo import CLIENTS, DEMO_BANK_KEY, DEMO_BANK_PRIVATE, DEMO_REDIRECT, DEMO_SIGNED_OUT
from identity.oidc.model import KeyWrap
from tests.support.city import JSON, OpenCity, settings
from tests.support.departments import nowhere

_CLIENT = Path(__file__).parent / "oidc_client"
# Signs its requests, and reads answers that are signed and encrypted for it.
_COURT = replace(
    next(client for client in CLIENTS if client.id == "demo-bank"),
    id="test-court",
    sector="court.example",
    signed_requests=True,
    id_token_wrap=KeyWrap.ECDH_WRAPPED,
    userinfo_wrap=KeyWrap.ECDH,
    userinfo_alg=Algorithm.ES256,
)
_RELATIONS = "{ me { relations { id kind subject { maskedName } } } }"


async def _ran(*argv: str, within_s: float) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=_CLIENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), within_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()[-3000:]
    return out.decode()


@pytest_asyncio.fixture
async def lived_in(stores: Stores, mongo: Mongo, redis: Redis) -> AsyncIterator[OpenCity]:
    """A demonstration city by the machine's own clock, which its public URL leads to."""
    held = bound(host="127.0.0.1", port=0)
    base = f"http://127.0.0.1:{held.getsockname()[1]}"
    told = settings(
        mongo_url=stores.mongo_url,
        redis_url=stores.redis_url,
        database=mongo.database.name,
        departments=nowhere(),
        TONG_PUBLIC_URL=base,
    )
    city = await open_city(told, clock=SystemClock())
    try:
        await city.load_demo()
        async with city.working(), listening(city, held), aiohttp.ClientSession() as http:
            yield OpenCity(base, http, city, city.ground.clock)
    finally:
        await city.close()


@pytest.mark.timeout(180)
async def test_a_certified_client_goes_the_whole_way(lived_in: OpenCity) -> None:
    if not (_CLIENT / "node_modules" / "openid-client").is_dir():
        await _ran("npm", "ci", "--ignore-scripts", "--silent", within_s=120)
    token = await lived_in.token("13800000001")
    found = await lived_in.ask(_RELATIONS, token=token)
    assert found.data and not found.errors, found.errors
    carer = next(one["id"] for one in found.data["me"]["relations"] if one["kind"] == "CARER")
    opens = generate_private_key(SECP256R1())
    opening = {**ECAlgorithm.to_jwk(opens.public_key(), as_dict=True), "use": "enc", "kid": "open-1"}
    store = lived_in.city.rooms.wings.openid.parts.store
    await store.put_client(replace(_COURT, jwks=(DEMO_BANK_KEY, opening), created_at=lived_in.clock.now()))
    given = {
        "court": _COURT.id,
        "opening": {**ECAlgorithm.to_jwk(opens, as_dict=True), "kid": "open-1", "key_ops": ["deriveBits"]},
        "issuer": lived_in.base,
        "token": token,
        "relation": carer,
        "bank": {**DEMO_BANK_KEY, "d": DEMO_BANK_PRIVATE, "key_ops": ["sign"]},
        "redirect": DEMO_REDIRECT,
        "signedOut": DEMO_SIGNED_OUT,
    }
    saw: JSON = json.loads(await _ran("node", "journey.mjs", json.dumps(given), within_s=60))
    assert saw == {
        "discovered": lived_in.base,
        "page": "/authorize/",
        "tokenType": "dpop",
        "acr": "urn:city:rl:4",
        "amr": ["sms"],
        "userinfo": {"name": "张丽华", "phone_number": "+8613800000001", "phone_number_verified": True},
        "anotherKey": 401,
        "sameSubject": True,
        "active": True,
        "graph": 401,
        "silent": True,
        "codeTwice": "invalid_grant",
        "afterCodeTwice": False,
        "actor": True,
        "actedFor": "刘秀英",
        "kiosk": "张丽华",
        "pairwise": True,
        "court": {
            "answered": ["response"],
            "response": {"alg": "ES256", "aud": "test-court", "iss": lived_in.base},
            "unsigned": "invalid_request",
            "encrypted": {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "cty": "JWT", "kid": "open-1"},
            "idToken": "test-court",
            "verified": {"name": "张丽华", "birthdate": "1985-03-12"},
            "framework": "urn:city:real-name",
        },
        "signedOut": f"{DEMO_SIGNED_OUT}?state=bye",
        "afterSignOut": "login_required",
        "afterRevocation": False,
    }
