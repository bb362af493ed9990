"""What becomes of versions, told to who follows them: in its order, all of it, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
import pytest_asyncio

from core.crypto import FieldCipher
from core.embedded import Stores
from core.errors import NotFound
from core.events import Hearing
from core.mongo import Mongo
from core.paging import encode_cursor
from core.redis import Redis
from miniapps.versions.desk import VERSION_MOVED
from miniapps.versions.model import Move
from miniapps.versions.moves import Moves
from miniapps.versions.store import VersionStore
from tests.support.counting import counted
from tests.support.waiting import until
from tests.unit.miniapps.releases.workshop import APP
from tests.unit.miniapps.versions.bench import LI, ZHANG, Bench, Posts

FIRST = encode_cursor("0")


@pytest_asyncio.fixture
async def elsewhere(bench: Bench, mongo: Mongo, stores: Stores, cipher: FieldCipher) -> AsyncIterator[Moves]:
    """Of another process, whose client of MongoDB is its own. It looks by itself when nobody wakes it for a minute."""
    own = Mongo.connect(url=stores.mongo_url, database=mongo.database.name)
    hearing = Hearing(own, VERSION_MOVED, by="app_id")
    yield Moves(VersionStore(own, cipher), bench.developers, hearing, asked_again_s=60)
    await hearing.close()
    await own.close()


@asynccontextmanager
async def following(moves: Moves, after: str | None = None) -> AsyncIterator[AsyncGenerator[Move, None]]:
    stream = await moves.follow(principal=ZHANG, app_id=APP, after=after)
    async with aclosing(stream):
        yield stream


async def names(stream: AsyncGenerator[Move, None], count: int) -> list[str]:
    return [(await anext(stream)).name for _ in range(count)]


def restless(moves: Moves) -> Moves:
    """Looks and asks all the time, and is woken by nothing that happens."""
    return Moves(moves.store, moves.builders, Hearing(moves.store.mongo, "nothing", by="app_id"), asked_again_s=0.02)


def removed(bench: Bench) -> None:
    """Zhang works for the library no longer."""
    people = bench.developers.people
    assert isinstance(people, Posts)
    people.posts_of.clear()


async def test_a_version_s_way_is_told_where_it_does_not_happen(bench: Bench, elsewhere: Moves) -> None:
    async with following(elsewhere) as stream:
        waiting = asyncio.create_task(names(stream, 6))
        version = await bench.rolling(1)
        await bench.rollouts.widen(principal=ZHANG, id=version.id, percent=20)
        await bench.rollouts.pause(principal=ZHANG, id=version.id)
        await bench.rollouts.resume(principal=ZHANG, id=version.id)
        way = ["draft", "submitted", "checking", "in_review", "approved", "rolling", "widened", "paused", "resumed"]
        assert await waiting + await names(stream, 3) == [f"version.{word}" for word in way]


async def test_a_step_that_takes_another_along_is_told_with_it(bench: Bench, elsewhere: Moves) -> None:
    await bench.released(1)
    async with following(elsewhere) as stream:
        second = await bench.released(2)
        await bench.rollouts.roll_back(principal=ZHANG, id=second.id, reason="It loses its way")
        told = [await anext(stream) for _ in range(10)]
        assert {(move.version.version_code, move.name) for move in told[6:]} == {
            (1, "version.superseded"),
            (2, "version.released"),
            (2, "version.revoked"),
            (1, "version.released"),
        }
        assert [move.number for move in told] == list(range(8, 18))


async def test_what_happens_at_once_has_an_order_without_a_gap(bench: Bench, elsewhere: Moves) -> None:
    drafts = [await bench.draft(code) for code in range(1, 7)]
    async with following(elsewhere) as stream:
        await asyncio.gather(*(bench.versions.withdraw(principal=ZHANG, id=one.id) for one in drafts))
        withdrawn = [await anext(stream) for _ in drafts]
    assert [move.number for move in withdrawn] == [7, 8, 9, 10, 11, 12]
    assert {move.version.id for move in withdrawn} == {one.id for one in drafts}
    async with following(elsewhere, FIRST) as stream:
        assert [(await anext(stream)).number for _ in range(12)] == list(range(1, 13))
    # Who comes back is told the rest, and the same.
    async with following(elsewhere, encode_cursor("9")) as stream:
        assert [(await anext(stream)).version.id for _ in range(3)] == [move.version.id for move in withdrawn[3:]]


async def test_nobody_is_told_who_may_not_read_it(bench: Bench, elsewhere: Moves) -> None:
    with pytest.raises(NotFound):
        await elsewhere.follow(principal=LI, app_id=APP)
    async with following(elsewhere) as stream:
        version = await bench.draft(1)
        await bench.versions.submit(principal=ZHANG, id=version.id)
        assert await names(stream, 2) == ["version.draft", "version.submitted"]
        removed(bench)
        # The machine goes on with it.
        await bench.versions.examine_submitted(version.id)
        with pytest.raises(NotFound):
            await anext(stream)


async def test_who_was_removed_learns_so_though_nothing_happens(bench: Bench, elsewhere: Moves) -> None:
    async with following(restless(elsewhere)) as stream:
        removed(bench)
        with pytest.raises(NotFound):
            await anext(stream)


async def test_where_the_change_stream_hears_nothing_it_is_told_all_the_same(bench: Bench, elsewhere: Moves) -> None:
    async with following(restless(elsewhere)) as stream:
        waiting = asyncio.create_task(names(stream, 2))
        version = await bench.draft(1)
        await bench.versions.withdraw(principal=ZHANG, id=version.id)
        assert await waiting == ["version.draft", "version.withdrawn"]


async def test_one_event_asks_little_of_the_store(bench: Bench, elsewhere: Moves, redis: Redis) -> None:
    async with following(elsewhere) as stream:
        await bench.draft(1)
        await anext(stream)
        await bench.draft(2)
        async with counted(redis, keys="nothing") as asked:
            await anext(stream)
    # The move; then who asks, whose program it is, and whether they still belong to those who build it.
    assert asked.mongo == [
        f"find {name}"
        for name in (
            "mini_versions",
            "mini_apps",
            "mini_domains",
            "mini_accounts",
            "mini_developers",
            "mini_organisations",
        )
    ]


async def test_nobody_listens_when_nobody_follows(bench: Bench, elsewhere: Moves) -> None:
    async with following(elsewhere) as stream:
        await bench.draft(1)
        assert await names(stream, 1) == ["version.draft"]
    watching = elsewhere.hearing._watching
    assert watching is not None

    async def ended() -> bool:
        return watching.done()

    await until(ended, what="the change stream's end")
    # And again.
    async with following(elsewhere) as stream:
        await bench.draft(2)
        assert await names(stream, 1) == ["version.draft"]
