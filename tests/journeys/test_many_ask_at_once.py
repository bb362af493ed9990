"""Several who ask at once, some who hang up, and one who asks too much: one city for all of it.

MongoDB's own bound on operations holds requests still while they are looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import pytest_asyncio

from api.app import City, door, open_city
from api.gateway.transport import LocalTransport
from api.web.graphql import GraphQLDoor
from api.web.lean import LEAN
from api.web.ports import answering, bound
from core import redis as core_redis
from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import OPERATIONS_MAX, Mongo
from miniapps.asking.model import document_id
from tests.conftest import NOW
from tests.support.city import Visitor, settings
from tests.support.departments import nowhere
from tests.support.photos import PHOTO_TYPE, photo
from tests.support.waiting import until

ME = "{ me { maskedName } }"
PER_MINUTE = 60
PROGRAMS = Path(__file__).parents[2] / "miniapps" / "programs"


@dataclass(frozen=True, slots=True)
class Street(Visitor):
    """A city behind a port, its door at hand. zhang, ouyang: tokens; elsewhere: zhang's on another phone."""

    city: City
    graphql: GraphQLDoor
    clock: FixedClock
    zhang: str
    ouyang: str
    elsewhere: str

    @property
    def turns(self) -> asyncio.Semaphore:
        """On which operations of MongoDB wait to begin."""
        semaphore = self.city.ground.mongo.client._running
        assert isinstance(semaphore, asyncio.Semaphore)
        return semaphore

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """No operation of MongoDB begins inside; those that wait go on afterwards."""
        async with AsyncExitStack() as stack:
            for _ in range(OPERATIONS_MAX):
                await stack.enter_async_context(self.turns)
            yield

    async def change_begun(self) -> None:
        """A change is under way, and came as far as MongoDB."""

        async def begun() -> bool:
            return self.turns.locked() and bool(self.turns._waiters)

        await until(begun, what="a change at MongoDB's door")

    @property
    def run(self) -> int:
        """How many calls of the identity room began."""
        identity = self.city.engine.transports["identity"]
        assert isinstance(identity, LocalTransport)
        return identity.ran.total()

    async def under_way(self, queries: int, *, shared: int = 0) -> None:
        in_flight = self.graphql.in_flight
        assert in_flight is not None

        async def reached() -> bool:
            return len(in_flight) == queries and in_flight.shared == shared

        await until(reached, what=f"{queries} queries under way, {shared} of them shared")

    def fresh(self) -> None:
        assert self.graphql.in_flight is not None
        self.graphql.in_flight.shared = 0


@pytest_asyncio.fixture(scope="module")
async def street(stores: Stores) -> AsyncIterator[Street]:
    clock, database = FixedClock(NOW), "tests_at_once"
    cleared = core_redis.connect(url=stores.redis_url)
    await cleared.flushall()
    await cleared.aclose()
    mongo = Mongo.connect(url=stores.mongo_url, database=database)
    await mongo.client.drop_database(database)
    await mongo.close()
    told = settings(
        mongo_url=stores.mongo_url,
        redis_url=stores.redis_url,
        database=database,
        departments=nowhere(),
        TONG_REQUESTS_PER_MINUTE_MAX=str(PER_MINUTE),
        TONG_DATA_URL="",
        TONG_GOVERNANCE_URL="",
    )
    city = await open_city(told, clock=clock)
    try:
        await city.load_demo()
        app = door(city)
        async with answering(app, bound(host="127.0.0.1", port=0)) as base, aiohttp.ClientSession() as http:
            visitor = Visitor(base, http)
            # Afterwards nothing but what is asked goes to MongoDB.
            async with city.working():
                zhang, ouyang = await visitor.token("+8613800000001"), await visitor.token("+8613800000003")
                clock.advance(seconds=120)
                elsewhere = await visitor.token("+8613800000001")
            yield Street(base, http, city, app[LEAN].graphql, clock, zhang, ouyang, elsewhere)
    finally:
        await city.close()


async def test_one_person_s_question_asked_twice_at_once_runs_once(street: Street) -> None:
    street.fresh()
    before = street.run
    async with street.held():
        asks = [street.ask(ME, token=token) for token in (street.zhang, street.zhang, street.ouyang)]
        asking = [asyncio.create_task(ask) for ask in asks]
        await street.under_way(2, shared=1)
    answers = [answer.data for answer in await asyncio.gather(*asking)]
    # Two persons never share.
    assert answers == [{"me": {"maskedName": name}} for name in ("张*华", "张*华", "欧**国")]
    assert street.run == before + 2


async def test_a_question_in_another_language_or_of_another_session_is_another(street: Street) -> None:
    street.fresh()
    async with street.held():
        asking = [
            asyncio.create_task(street.ask(ME, token=street.zhang)),
            asyncio.create_task(street.ask(ME, token=street.zhang, language="en")),
            asyncio.create_task(street.ask(ME, token=street.elsewhere)),
            asyncio.create_task(street.ask("query($a: Boolean!) { me { maskedName @include(if: $a) } }", a=True)),
        ]
        await street.under_way(3)
    assert [answer.status for answer in await asyncio.gather(*asking)] == [200] * 4


async def test_who_are_not_signed_in_share_what_is_public(street: Street) -> None:
    street.fresh()
    async with street.held():
        asking = [
            asyncio.create_task(street.ask("{ licenceTypes { code } healthOrder { id } }", device=f"d{n}"))
            for n in range(3)
        ]
        await street.under_way(1, shared=2)
    first, *others = await asyncio.gather(*asking)
    assert first.data and not first.errors and all(other == first for other in others)


async def test_one_of_two_who_hangs_up_leaves_the_other_the_answer(street: Street) -> None:
    street.fresh()
    async with street.held():
        first, second = (asyncio.create_task(street.ask(ME, token=street.zhang)) for _ in range(2))
        await street.under_way(1, shared=1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert (await second).data == {"me": {"maskedName": "张*华"}}


async def test_the_last_who_hangs_up_ends_the_query(street: Street) -> None:
    street.fresh()
    async with street.held():
        asking = asyncio.create_task(street.ask(ME, token=street.zhang))
        await street.under_way(1)
        asking.cancel()
        await street.under_way(0)
    assert (await street.ask(ME, token=street.zhang)).data == {"me": {"maskedName": "张*华"}}


async def test_a_change_goes_on_though_its_client_hangs_up(street: Street) -> None:
    async def unread() -> int:
        answer = await street.ask("{ me { unreadCount } }", token=street.zhang)
        assert answer.data is not None
        return int(answer.data["me"]["unreadCount"])

    assert await unread() > 0
    async with street.held():
        asking = asyncio.create_task(street.ask("mutation { markAllMessagesRead { unreadCount } }", token=street.zhang))
        await street.change_begun()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def read() -> bool:
        return await unread() == 0

    await until(read, what="the change")


async def test_an_upload_is_kept_though_its_client_hangs_up(street: Street) -> None:
    photos = street.city.ground.mongo.collection("reports_photos")
    before = await photos.count_documents({})

    body, (host, _, port) = photo(size=(320, 240)), street.base.removeprefix("http://").rpartition(":")
    head = [
        "POST /uploads/report-photos HTTP/1.1",
        f"Host: {host}:{port}",
        f"Authorization: Bearer {street.zhang}",
        f"Content-Type: {PHOTO_TYPE}",
        f"Content-Length: {len(body)}",
    ]
    async with street.held():
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await street.change_begun()
        writer.close()
        await writer.wait_closed()

    async def kept() -> bool:
        return await photos.count_documents({}) == before + 1

    await until(kept, what="the photo")


async def test_who_asks_too_much_is_told_when_to_come_back(street: Street) -> None:
    """Last, for it empties a bucket: the clock stands still."""
    headers = {"Authorization": f"Bearer {street.ouyang}", "Accept": "application/graphql-response+json"}
    opened = await street.ask('mutation { openMiniProgram(appId: "org.city.air") { id } }', token=street.ouyang)
    assert opened.data is not None, opened.errors
    (document, *_) = orjson.loads((PROGRAMS / "air" / "operations.json").read_bytes())["documents"]
    of_program = {"session": opened.data["openMiniProgram"]["id"], "documentId": document_id(document)}
    for _ in range(3 * PER_MINUTE):
        async with street.http.post(f"{street.base}/graphql", json={"query": ME}, headers=headers) as response:
            refused = await response.json(content_type=None)
            if response.status != 200:
                break
    assert (response.status, response.headers["Retry-After"]) == (429, "1")
    assert response.content_type == "application/graphql-response+json" and "data" not in refused
    assert refused["errors"][0]["extensions"] == {
        "code": "RATE_LIMITED",
        "kind": "LIMITED",
        "retryable": True,
        "limit": PER_MINUTE,
        "retry_after_s": 1,
    }
    assert (await street.ask(ME, token=street.zhang)).status == 200
    async with street.http.get(f"{street.base}/metrics") as response:
        assert 'tong_rate_limits_total{outcome="refused"} 1.0' in await response.text()
    # Nor has a program of theirs another bucket.
    async with street.http.post(f"{street.base}/mini/graphql", json=of_program, headers=headers) as response:
        refused = await response.json(content_type=None)
    assert (response.status, refused["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    street.clock.advance(seconds=60)
    assert (await street.ask(ME, token=street.ouyang)).status == 200
