"""The carriers' stand-in as its operator starts it, and the city's own carriers on top of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio

from core.clock import FixedClock
from notifications.mail import SmtpCarrier
from notifications.push import FcmCarrier
from tests.conftest import NOW
from tests.contract.notifications.standing_in import ROOT, StandIn


@pytest_asyncio.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Any]]:
    """One process for all tests of the folder: what it said when it was ready."""
    file = tmp_path_factory.mktemp("carriers") / "account.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backends.carriers", "serve", "--credentials", str(file),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    yield orjson.loads(line)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest_asyncio.fixture
async def standing_in(running: dict[str, Any]) -> AsyncIterator[StandIn]:
    """The stand-in, told to fail nobody."""
    async with aiohttp.ClientSession(running["fcm"]) as session:
        stand_in = StandIn(session, running)
        await stand_in.behave({})
        yield stand_in


@pytest_asyncio.fixture(scope="module")
async def fcm(running: dict[str, Any]) -> AsyncIterator[FcmCarrier]:
    """One for all of them, for making one costs more than they do."""
    carrier = FcmCarrier(
        url=running["fcm"],
        project=running["project"],
        credentials_file=Path(running["credentials"]),
        clock=FixedClock(NOW),
        timeout_s=2.0,
    )
    yield carrier
    await carrier.close()


@pytest_asyncio.fixture
async def smtp(running: dict[str, Any], clock: FixedClock) -> SmtpCarrier:
    return SmtpCarrier(
        url=running["smtp"],
        sender="city@citytong.example",
        public_url="https://city.example/",
        clock=clock,
        timeout_s=2.0,
    )
