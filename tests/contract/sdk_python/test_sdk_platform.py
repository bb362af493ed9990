"""The city of tests as its users meet it: served over a socket, with a developer's tools, and as a plugin of pytest."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from citytong_sdk import MiniApp, PrivateKey
from citytong_sdk import errors as e
from citytong_sdk.bundles import tlog
from citytong_sdk.testing import FakeClock, FakePlatform
from citytong_sdk.webhooks import AppRevoked, UnknownEvent

from tests.contract.sdk_python.test_sdk_verbs import signed_package
from tests.support.waiting import until

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@asynccontextmanager
async def served() -> AsyncIterator[FakePlatform]:
    """A city of tests behind uvicorn on a free port, which knows its own address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        city = FakePlatform(url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(city.asgi, log_config=None, lifespan="on"))
        running = asyncio.create_task(server.serve(sockets=[listening]))

        async def started() -> bool:
            return server.started

        await until(started, what="uvicorn")
        yield city
        server.should_exit = True
        await running


async def test_over_a_socket_it_is_the_same_city() -> None:
    async with served() as city:
        key = PrivateKey.generate()
        city.register("org.example.program", keys=[key.jwk])
        citizen = city.citizen()
        async with MiniApp(app_id="org.example.program", key=key, platform=city.url, clock=city.clock) as app:
            session = await app.auth.code2session(city.login_code(citizen))
            claims = await asyncio.to_thread(app.sync.auth.verify_launch_token, city.launch_token(citizen))
            assert session.openid == claims.openid == city.openid(citizen)
            app.sync.close()
            told = UnknownEvent(id="", at=city.clock.now(), app_id="a.b", name="tea.ready", data={})
            assert await city.webhook(told, to=f"{city.url}/nowhere") == 404


async def test_through_httpx_s_own_asgi_transport(city: FakePlatform) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=city.asgi), base_url=city.url) as client:
        found = (await client.get("/.well-known/city-open")).json()
        assert found["issuer"] == city.url
        assert tlog.read_key(found["tlog"]["keys"][0]).name == found["tlog"]["origin"]
        assert (await client.post("/open/token")).json()["error"] == "invalid_request"
        assert (await client.post("/open/v1/nothing")).json()["error"]["code"] == "NOT_FOUND"
        for door in ("code2session", "phone", "messages", "graphql", "webhooks/test"):
            assert (await client.post(f"/open/v1/{door}", json={})).status_code == 401


async def test_a_developer_s_tool_signs_in_and_uploads(city: FakePlatform, turn: FakeClock) -> None:
    async with httpx.AsyncClient(transport=city.transport(), base_url=city.url) as client:
        shown = (await client.post("/open/device", data={"client_id": "tong"})).json()
        poll = {"grant_type": DEVICE, "client_id": "tong", "device_code": shown["device_code"]}
        waits = await client.post("/open/token", data=poll)
        assert (waits.status_code, waits.json()["error"]) == (400, "authorization_pending")
        city.approve_device(shown["user_code"])
        tokens = (await client.post("/open/token", data=poll)).json()
        assert (tokens["scope"], (await client.post("/open/token", data=poll)).json()["error"]) == (
            "developer",
            "expired_token",
        )
        renewal = {"grant_type": "refresh_token", "client_id": "tong", "refresh_token": tokens["refresh_token"]}
        renewed = (await client.post("/open/token", data=renewal)).json()
        assert (await client.post("/open/token", data=renewal)).json()["error"] == "invalid_grant"

        package, bearer = signed_package(PrivateKey.generate()), f"Bearer {renewed['access_token']}"
        sent = await client.put("/open/packages", content=package, headers={"Authorization": bearer})
        assert (sent.json()["appId"], sent.json()["bytes"]) == ("org.example.library", len(package))
        nothing = await client.put("/open/packages", content=b"PK", headers={"Authorization": bearer})
        assert nothing.json()["error"]["fields"]["problem"].startswith("BUNDLE_")
        # A developer's token opens no backend's door, and a token ends.
        assert (await client.post("/open/v1/phone", json={}, headers={"Authorization": bearer})).status_code == 401
        turn.advance(600)
        assert (await client.put("/open/packages", headers={"Authorization": bearer})).status_code == 401


async def test_a_revoked_program_s_backend_is_nobody(app: MiniApp, city: FakePlatform) -> None:
    city.answer("d1", {}, personal=False)
    await app.graphql("d1")
    city.revoke()
    with pytest.raises(e.NotAuthenticated):
        await app.graphql("d1")


async def test_two_programs_know_one_citizen_by_two_names(city: FakePlatform, app: MiniApp) -> None:
    citizen = city.citizen()
    async with city.mini_app("org.example.other") as other:
        openids = {city.openid(citizen, one.app_id) for one in (app, other)}
        assert len(openids) == 2
        with pytest.raises(LookupError, match="which program"):
            city.login_code(citizen)
        told = AppRevoked(id="", at=city.clock.now(), app_id=other.app_id, reason="fraud")
        sent = city.signed_webhook(told)
        assert isinstance(await other.webhooks.verify(sent.headers, sent.body), AppRevoked)
        with pytest.raises(e.WebhookInvalid):
            await app.webhooks.verify(sent.headers, sent.body)


def test_a_seed_repeats_a_run() -> None:
    runs = []
    for _ in range(2):
        city = FakePlatform(seed=3)
        city.mini_app()
        runs.append((city.login_code(city.citizen()), city.launch_token(city.citizen())))
    assert runs[0] == runs[1]


def test_pytest_has_its_fixtures_where_the_plugin_is(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import asyncio\n"
        "def test_mine(citytong_app, citytong_platform, citytong_clock):\n"
        "    citizen = citytong_platform.citizen()\n"
        "    token = citytong_platform.launch_token(citizen)\n"
        "    assert citytong_app.sync.auth.verify_launch_token(token).openid == citytong_platform.openid(citizen)\n"
        "    session = asyncio.run(citytong_app.auth.code2session(citytong_platform.login_code(citizen)))\n"
        "    assert session.expires_at > citytong_clock.now()\n",
        encoding="utf-8",
    )
    source = Path(__file__).parents[3] / "sdk" / "python" / "src"
    plain = ["-p", "no:cacheprovider", "-p", "citytong_sdk.testing.plugin"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *plain, str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(source), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0 and "1 passed" in ran.stdout, ran.stdout + ran.stderr
