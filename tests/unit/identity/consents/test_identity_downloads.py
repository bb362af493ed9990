"""A citizen takes their data away: made behind the request, sealed, for seven days, theirs alone."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.graph import Context
from core.locale import Locale, Text
from core.principal import Principal
from identity.consents.downloads import DOWNLOAD_FAILED, DOWNLOAD_READY, TRIES_MAX, DataSource
from identity.consents.http import routes
from identity.consents.shelf import DOWNLOADS, DownloadState
from identity.relations import RelationKind
from tests.support.attacks import against
from tests.unit.identity.consents.rights import Rights
from tests.unit.identity.room import ALEXANDER, CLERK, ZHANG, Room, outcome


async def _ready(rights: Rights, principal: Principal) -> str:
    asked = await rights.downloads.ask(principal=principal, locale=Locale.ZH_CN)
    await rights.downloads.work()
    return asked.id


async def _fresh(room: Room, phone: str) -> Principal:
    """Signed in just now: `Room.sign_in` lets a minute pass."""
    return replace(await room.citizen(phone), authenticated_at=room.clock.now())


async def test_the_copy_holds_what_identity_holds_and_an_index(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    await rights.give(zhang, "name")
    await room.identity.counter.find(principal=await room.clerk(CLERK), phone=ZHANG, name="张丽华", reason="办理居住证")
    zhang = await _fresh(room, ZHANG)
    download_id = await _ready(rights, zhang)
    [event] = await room.events(DOWNLOAD_READY)
    assert event.payload == {"citizen": zhang.subject, "download": download_id}
    download, raw = await rights.downloads.fetch(principal=zhang, download_id=download_id)
    assert (download.state, download.size) == (DownloadState.READY, len(raw))
    assert download.sha256 == hashlib.sha256(raw).hexdigest()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        held = {name: orjson.loads(archive.read(name)) for name in names if name.endswith(".json")}
        index = archive.read("index.html").decode()
    assert names[0] == "index.html"
    assert all(name in index for name in held)
    assert "登录设备" in index
    assert "Signed-in devices" in index
    assert (held["account.json"]["phone"], held["account.json"]["name"]) == ("+8613800000001", "张丽华")
    assert len(held["account.json"]["idNumber"]) == 18
    assert held["sessions.json"][0]["device"] == "测试手机"
    assert held["consents.json"][0]["history"][0]["act"] == "GIVEN"
    assert [row["reason"] for row in held["access-log.json"]] == ["办理居住证"]
    # Of others it says what they are to the citizen, not who.
    mother = (await room.identity.store.delegations.relations_of(zhang.subject))[0].subject
    assert mother.encode() not in b"".join(orjson.dumps(one) for one in held.values())


async def test_at_rest_the_file_is_sealed(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    await _ready(rights, zhang)
    row = await room.mongo.collection(DOWNLOADS).find_one({})
    assert row is not None
    assert b"PK\x03\x04" not in row["file"]
    assert b"UEsDB" not in row["file"]


@against("reading another's", "copy of the data")
@against("a stolen session", "copy of the data")
async def test_it_is_asked_for_and_fetched_with_a_fresh_proof_by_that_citizen_alone(room: Room, rights: Rights) -> None:
    zhang, alexander = await _fresh(room, ZHANG), await _fresh(room, ALEXANDER)
    acting = replace(await room.acting(RelationKind.CARER), authenticated_at=room.clock.now())
    clerk = replace(await room.clerk(CLERK), authenticated_at=room.clock.now())
    now = room.clock.now()
    stale = replace(zhang, authenticated_at=now - timedelta(minutes=6))
    zhang = replace(zhang, authenticated_at=now)
    before = await room.dump()
    assert await outcome(rights.downloads.ask(principal=stale, locale=Locale.EN)) == "STEP_UP_REQUIRED"
    rights.strong.add(zhang.subject)
    assert await outcome(rights.downloads.ask(principal=zhang, locale=Locale.EN)) == "STEP_UP_REQUIRED"
    rights.strong.clear()
    for other in (acting, clerk):
        assert await outcome(rights.downloads.ask(principal=other, locale=Locale.EN)) == "FORBIDDEN"
    assert await room.dump() == before
    download_id = await _ready(rights, zhang)
    fetch = rights.downloads.fetch
    assert await outcome(fetch(principal=stale, download_id=download_id)) == "STEP_UP_REQUIRED"
    alexander = replace(alexander, authenticated_at=now)
    assert await outcome(fetch(principal=alexander, download_id=download_id)) == "NOT_FOUND"
    assert await outcome(fetch(principal=acting, download_id=download_id)) == "FORBIDDEN"
    assert await outcome(fetch(principal=zhang, download_id="dld_nonsense")) == "NOT_FOUND"
    assert await room.audited("downloads.fetched") == []
    assert await outcome(fetch(principal=zhang, download_id=download_id)) == "ok"
    assert [row["actor"] for row in await room.audited("downloads.fetched")] == [zhang.actor]


async def test_it_is_there_for_seven_days(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    download_id = await _ready(rights, zhang)
    for days, expected in ((6.9, "ok"), (0.1, "NOT_FOUND")):
        room.clock.advance(seconds=days * 86_400)
        zhang = replace(zhang, authenticated_at=room.clock.now())
        assert await outcome(rights.downloads.fetch(principal=zhang, download_id=download_id)) == expected
    assert await rights.downloads.list(principal=zhang) == []


async def test_one_is_made_at_a_time_and_three_a_day(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    asking = (rights.downloads.ask(principal=zhang, locale=Locale.EN) for _ in range(3))
    outcomes = await asyncio.gather(*map(outcome, asking))
    assert sorted(outcomes) == ["IDENTITY_DOWNLOAD_UNDER_WAY", "IDENTITY_DOWNLOAD_UNDER_WAY", "ok"]
    await rights.downloads.work()
    assert await outcome(rights.downloads.ask(principal=zhang, locale=Locale.EN)) == "AUTH_TOO_MANY_REQUESTS"


async def test_two_processes_make_one_copy_and_a_killed_one_is_taken_over(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    reads, held = 0, asyncio.Event()

    async def slow(citizen: str) -> Any:
        nonlocal reads
        reads += 1
        if not held.is_set():
            await asyncio.Event().wait()
        return {"citizen": citizen}

    downloads = replace(rights.downloads, sources=(DataSource("slow", Text(zh="慢", en="slow"), slow),))
    asked = await downloads.ask(principal=zhang, locale=Locale.EN)
    killed = asyncio.create_task(downloads.work())
    while not reads:  # noqa: ASYNC110 it waits for the other task's first step
        await asyncio.sleep(0.01)
    await downloads.work()  # another process finds nothing to do
    assert reads == 1
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    held.set()
    room.clock.advance(seconds=121)
    await asyncio.gather(*(downloads.work() for _ in range(3)))
    assert reads == 2
    [done] = await downloads.list(principal=zhang)
    assert (done.id, done.state) == (asked.id, DownloadState.READY)
    assert len(await room.events(DOWNLOAD_READY)) == 1


async def test_a_room_that_never_answers_makes_no_half_copy(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)

    async def broken(citizen: str) -> Any:
        raise ConnectionError

    downloads = replace(rights.downloads, sources=(DataSource("broken", Text(zh="坏", en="broken"), broken),))
    await downloads.ask(principal=zhang, locale=Locale.EN)
    for _ in range(TRIES_MAX):
        assert await room.events(DOWNLOAD_FAILED) == []
        await downloads.work()
        room.clock.advance(seconds=121)
    assert len(await room.events(DOWNLOAD_FAILED)) == 1
    [done] = await downloads.list(principal=zhang)
    assert done.state is DownloadState.FAILED
    assert not done.fetchable(room.clock.now())


@asynccontextmanager
async def _door(rights: Rights, principal: Principal) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def context(request: web.Request) -> Context:
        return Context(request_id="req_test", principal=principal)

    app = web.Application()
    app.add_routes(routes(downloads=rights.downloads, context=context))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_graph_tells_where_and_the_door_hands_it_out(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    mutation = "mutation { requestDataDownload { id state url size } }"
    answer = await room.ask(mutation, principal=zhang, services=rights.services)
    assert answer["data"]["requestDataDownload"]["state"] == "ASKED"
    assert answer["data"]["requestDataDownload"]["url"] is None
    await rights.downloads.work()
    answer = await room.ask("{ dataDownloads { state url size sha256 } }", principal=zhang, services=rights.services)
    [told] = answer["data"]["dataDownloads"]
    async with _door(rights, zhang) as client:
        response = await client.get(told["url"])
        body = await response.read()
    assert (response.status, response.content_type, len(body)) == (200, "application/zip", told["size"])
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Disposition"].startswith("attachment")
