"""Photos as they arrive and as they are shown, over a real connection."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any, Final

import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler
from PIL import Image

from api.domains.reports.http import UPLOAD_PATH, routes
from api.domains.reports.model import PHOTOS_MAX
from api.domains.reports.service import Reports
from core.clock import FixedClock
from core.errors import DomainError
from core.graph import Context
from core.mongo import Mongo
from core.principal import ANONYMOUS, Principal
from tests.support.waiting import DEADLINE_S, until
from tests.unit.reports import reporting
from tests.unit.reports.reporting import (
    DONGCHENG,
    acting,
    bomb,
    citizen,
    encoded,
    everything,
    jpeg,
    street,
    with_gps,
)

WHO: Final[dict[str, Principal]] = {
    "": ANONYMOUS,
    "anna": citizen(),
    "zhou": reporting.handler(),
    "inspector": reporting.handler(scopes=frozenset({"staff", "citycode:scan"})),
    "carer": acting(frozenset({"reports:read"})),
}
Client = TestClient[web.Request, web.Application]


@web.middleware
async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """As the city's door answers a refusal."""
    try:
        return await handler(request)
    except DomainError as fault:
        return web.Response(status=fault.http_status, body=orjson.dumps(fault.extensions))


@asynccontextmanager
async def door(room: Reports, *, arrives_within_s: float, came: list[str] | None = None) -> AsyncIterator[Client]:
    """came: fills with who has come to the door."""

    async def context(request: web.Request) -> Context:
        if came is not None:
            came.append(request.headers.get("Authorization", ""))
        return Context(request_id="r", principal=WHO[request.headers.get("Authorization", "")])

    application = web.Application(middlewares=[refusing], client_max_size=256 * 1024)
    application.add_routes(routes(service=room, context=context, arrives_within_s=arrives_within_s))
    async with TestClient(TestServer(application)) as made:
        yield made


@pytest_asyncio.fixture
async def client(room: Reports) -> AsyncIterator[Client]:
    """In time for everybody."""
    async with door(room, arrives_within_s=DEADLINE_S) as made:
        yield made


async def upload(client: Client, raw: Any, *, kind: str = "image/jpeg", who: str = "anna", **headers: str) -> Any:
    sent = {"Content-Type": kind, "Authorization": who, **headers}
    body = BytesIO(raw) if isinstance(raw, bytes) else raw
    async with client.post(UPLOAD_PATH, data=body, headers=sent) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_photo_is_taken_in_and_shown_by_its_link_alone(client: Client) -> None:
    status, made = await upload(client, with_gps(DONGCHENG, street(size=(2000, 1000))))
    assert (status, made["width"], made["height"]) == (201, 1600, 800)
    for link, size in ((made["url"], (1600, 800)), (made["thumbnailUrl"], (320, 160))):
        async with client.get(link) as shown:
            raw = await shown.read()
            assert (shown.status, shown.content_type) == (200, "image/jpeg")
            assert shown.headers["X-Content-Type-Options"] == "nosniff"
            assert shown.headers["Cache-Control"] == "private, max-age=600, immutable"
            assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        picture = Image.open(BytesIO(raw))
        assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", size, {})
        assert b"SECRET" not in raw


async def test_a_handler_sends_photos_too(client: Client) -> None:
    assert (await upload(client, jpeg(), who="zhou"))[0] == 201


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("", 401, "UNAUTHENTICATED"),
        ("inspector", 403, "FORBIDDEN"),
        ("carer", 403, "FORBIDDEN"),
    ],
)
async def test_who_may_not_send_photos(client: Client, mongo: Mongo, who: str, status: int, code: str) -> None:
    got, refusal = await upload(client, jpeg(), who=who)
    assert (got, refusal["code"]) == (status, code)
    assert await everything(mongo) == {}


HOSTILE: Final[dict[str, tuple[bytes, str, str]]] = {
    "bomb": (bomb(), "image/png", "REPORTS_PHOTO_TOO_MANY_PIXELS"),
    "cut off": (jpeg()[:2000], "image/jpeg", "REPORTS_PHOTO_BROKEN"),
    "gif": (encoded(street(), "GIF"), "image/jpeg", "REPORTS_PHOTO_UNSUPPORTED"),
    "gif by its name": (encoded(street(), "GIF"), "image/gif", "REPORTS_PHOTO_UNSUPPORTED"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", "REPORTS_PHOTO_UNSUPPORTED"),
    "svg by its name": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "REPORTS_PHOTO_UNSUPPORTED"),
    "html": (b"<!doctype html><script>alert(1)</script>", "image/jpeg", "REPORTS_PHOTO_UNSUPPORTED"),
    "zip": (b"PK\x03\x04" + bytes(99), "image/jpeg", "REPORTS_PHOTO_UNSUPPORTED"),
    "nothing": (b"", "image/jpeg", "REPORTS_PHOTO_UNSUPPORTED"),
    "too large": (b"\xff\xd8\xff" + bytes(10 * 2**20), "image/jpeg", "REPORTS_PHOTO_TOO_LARGE"),
    "form": (jpeg(), "multipart/form-data", "REPORTS_PHOTO_UNSUPPORTED"),
}


@pytest.mark.parametrize(("raw", "kind", "code"), HOSTILE.values(), ids=HOSTILE)
async def test_what_is_no_photo_is_refused_and_leaves_nothing(
    client: Client, mongo: Mongo, raw: bytes, kind: str, code: str
) -> None:
    status, refusal = await upload(client, raw, kind=kind)
    assert (status, refusal["code"]) == (400, code)
    kept = await everything(mongo)
    assert set(kept) <= {"reports_counters"}  # that somebody tried, and nothing of what they sent


async def test_a_photo_that_says_nothing_of_its_size_is_bounded(client: Client, mongo: Mongo) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff"
        for _ in range(11):
            yield bytes(2**20)

    status, refusal = await upload(client, endless())
    assert (status, refusal["code"]) == (400, "REPORTS_PHOTO_TOO_LARGE")
    assert await everything(mongo) == {}


async def test_a_photo_that_does_not_come_to_an_end_is_given_up(room: Reports, mongo: Mongo) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff"
        await asyncio.Event().wait()

    async with door(room, arrives_within_s=0.5) as client:
        status, refusal = await upload(client, slow())
    assert (status, refusal["code"]) == (400, "REPORTS_PHOTO_TOO_SLOW")
    assert await everything(mongo) == {}


async def test_who_is_slow_does_not_take_everybody_s_place(room: Reports) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff"
        await asyncio.Event().wait()

    came: list[str] = []
    async with door(room, arrives_within_s=2.0, came=came) as client:

        async def all_there() -> bool:
            return len(came) == PHOTOS_MAX

        crawling = [asyncio.create_task(upload(client, slow())) for _ in range(PHOTOS_MAX)]
        await until(all_there, what="uploads under way")
        status, refusal = await upload(client, jpeg())
        assert (status, refusal["code"]) == (503, "REPORTS_PHOTOS_BUSY")
        assert (await upload(client, jpeg(), who="zhou"))[0] == 201
        ends = await asyncio.gather(*crawling)
        assert [(status, told["code"]) for status, told in ends] == [(400, "REPORTS_PHOTO_TOO_SLOW")] * PHOTOS_MAX
        assert (await upload(client, jpeg()))[0] == 201


async def test_a_packed_body_is_not_unpacked(client: Client, mongo: Mongo) -> None:
    status, refusal = await upload(client, gzip.compress(jpeg()), **{"Content-Encoding": "gzip"})
    assert (status, refusal["code"]) == (400, "REPORTS_PHOTO_UNSUPPORTED")
    assert await everything(mongo) == {}


async def test_a_link_shows_its_photo_in_its_size_and_for_its_time(client: Client, clock: FixedClock) -> None:
    link = (await upload(client, jpeg()))[1]["url"]
    other = (await upload(client, jpeg(street(2))))[1]["url"]
    path, _, query = link.partition("?")
    until, _, signature = query.partition("&signature=")
    wrong = [
        path,
        f"{path}?{until}",
        f"{path}?{until}&signature=",
        f"{path}?{until}&signature={signature[:-1]}",
        f"{path}?{until}&signature=é{signature[1:]}",
        f"{path}?until=9999999999&signature={signature}",
        f"{path}?until=x&signature={signature}",
        f"{path}?until={'9' * 400}&signature={signature}",
        link.replace("/full?", "/thumbnail?"),
        link.replace("/full?", "/original?"),
        f"{other.partition('?')[0]}?{query}",
    ]
    for url in wrong:
        async with client.get(url) as refused:
            assert (refused.status, (await refused.json(content_type=None))["code"]) == (404, "NOT_FOUND")
    clock.advance(seconds=599)
    async with client.get(link) as shown:
        assert (shown.status, shown.headers["Cache-Control"]) == (200, "private, max-age=1, immutable")
    clock.advance(seconds=1)
    async with client.get(link) as refused:
        assert refused.status == 404


async def test_links_of_the_same_minutes_are_the_same(room: Reports, clock: FixedClock) -> None:
    from api.domains.reports.photos import Size

    first = room.links.of("pho_x", Size.FULL)
    clock.advance(seconds=299)
    assert room.links.of("pho_x", Size.FULL) == first
    clock.advance(seconds=1)
    assert room.links.of("pho_x", Size.FULL) != first
