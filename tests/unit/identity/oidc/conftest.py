"""The provider behind HTTP, with the demonstration's partners and a few more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from identity.oidc.demo import load_demo
from identity.oidc.http import routes
from tests.unit.identity.oidc.partners import APP, BANK, BANK_KEY, SERVICE, SHOP, Partners, opened, public_jwk
from tests.unit.identity.room import Room


@pytest_asyncio.fixture
async def partners(room: Room) -> AsyncIterator[Partners]:
    provider = await opened(room)
    bank = replace(BANK, jwks=(public_jwk(BANK_KEY, kid="bank-1", use="sig", alg="ES256"),))
    for client in (APP, SHOP, SERVICE, bank):
        await provider.parts.store.put_client(replace(client, created_at=room.clock.now()))
    await load_demo(store=provider.parts.store, clock=room.clock)
    application = web.Application()
    application.add_routes(routes(provider, address=lambda request: request.remote or ""))
    async with TestClient(TestServer(application)) as http:
        yield Partners(room, provider, http)
