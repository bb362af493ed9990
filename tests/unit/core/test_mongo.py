"""Transactions are all or nothing; operations are bounded, and cancelling their callers does not harm the pool."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pymongo
import pytest
from pymongo.errors import ExecutionTimeout, NetworkTimeout, OperationFailure

import core.mongo
from core.embedded import Stores
from core.errors import Unavailable
from core.mongo import OPERATIONS_MAX, Mongo, Session, after_commit, answering
from tests.support.waiting import until


async def test_a_failed_transaction_leaves_nothing(mongo: Mongo) -> None:
    things = mongo.collection("things")
    await things.insert_one({"_id": "kept", "n": 1})

    async def work(session: Session) -> None:
        await things.insert_one({"_id": "lost"}, session=session)
        await things.update_one({"_id": "kept"}, {"$set": {"n": 2}}, session=session)
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        await mongo.transaction(work)
    assert await things.find().to_list() == [{"_id": "kept", "n": 1}]


async def raise_counter(mongo: Mongo, session: Session) -> None:
    counter = mongo.collection("counter")
    row = await counter.find_one({"_id": "c"}, session=session)
    assert row is not None
    await counter.update_one({"_id": "c"}, {"$set": {"n": row["n"] + 1}}, session=session)


async def test_colliding_transactions_all_happen(mongo: Mongo) -> None:
    """More at once than each had tries when there were eight."""
    await mongo.collection("counter").insert_one({"_id": "c", "n": 0})
    await asyncio.gather(*(mongo.transaction(partial(raise_counter, mongo)) for _ in range(24)))
    assert await mongo.collection("counter").find_one({"_id": "c"}) == {"_id": "c", "n": 24}


async def test_what_waits_for_a_commit_is_done_once_and_after_it(mongo: Mongo) -> None:
    await mongo.collection("counter").insert_one({"_id": "c", "n": 0})
    done: list[int] = []
    tries = 0

    async def work(session: Session) -> None:
        nonlocal tries
        tries += 1
        after_commit(session, lambda: done.append(tries))
        await raise_counter(mongo, session)
        if tries == 1:  # as another writer of the same document would make it
            raise OperationFailure("again", 112, {"errorLabels": ["TransientTransactionError"]})
        assert done == []

    await mongo.transaction(work)
    assert (tries, done) == (2, [2])


async def test_what_waits_for_a_commit_that_never_comes_is_not_done(mongo: Mongo) -> None:
    done: list[str] = []

    async def work(session: Session) -> None:
        after_commit(session, lambda: done.append("done"))
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        await mongo.transaction(work)
    assert done == []


async def test_what_waits_for_a_commit_is_done_though_its_caller_was_cancelled_meanwhile(mongo: Mongo) -> None:
    await mongo.collection("counter").insert_one({"_id": "c", "n": 0})
    done: list[str] = []

    async def work(session: Session) -> None:
        after_commit(session, lambda: done.append("done"))
        await raise_counter(mongo, session)
        asyncio.get_running_loop().call_soon(raising.cancel)  # the commit has begun by then

    raising = asyncio.create_task(mongo.transaction(work))
    with pytest.raises(asyncio.CancelledError):
        await raising
    assert await mongo.collection("counter").find_one({"_id": "c"}) == {"_id": "c", "n": 1}
    assert done == ["done"]


async def test_a_transaction_that_never_comes_through_gives_up_in_time(
    mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one holds the document all the while."""
    monkeypatch.setattr(core.mongo, "TRANSACTION_TRIED_S", 0.3)
    await mongo.collection("counter").insert_one({"_id": "c", "n": 0})

    async def hold(session: Session) -> float:
        await raise_counter(mongo, session)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await mongo.transaction(partial(raise_counter, mongo))
        return time.monotonic() - began

    assert 0.3 <= await mongo.transaction(hold) < 15  # of its own accord the driver tries for two minutes
    assert await mongo.collection("counter").find_one({"_id": "c"}) == {"_id": "c", "n": 1}


async def test_a_server_that_does_not_answer_in_time_is_unavailable(mongo: Mongo) -> None:
    with pymongo.timeout(1e-6):
        with pytest.raises(Unavailable):
            await mongo.ping()
        with pytest.raises(Unavailable):
            async with answering():
                await mongo.collection("things").find_one({})


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_hundreds_of_operations_cancelled_at_once_leave_the_pool_whole(
    stores: Stores, mongo: Mongo, times: int
) -> None:
    """Cancelled twice is what a time limit above nested gathers does; a client without connections queues longest."""
    await mongo.collection("things").insert_one({"_id": 1})
    fresh = Mongo.connect(url=stores.mongo_url, database=mongo.database.name)
    things = fresh.collection("things")
    asked = [asyncio.create_task(things.find({}).to_list()) for _ in range(10 * OPERATIONS_MAX)]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    for _ in range(times):
        for task in asked:
            task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10)
    assert any(task.cancelled() for task in asked)
    assert await asyncio.wait_for(things.find({}).to_list(), 10) == [{"_id": 1}]
    await fresh.close()


async def test_operations_that_have_begun_end_though_their_callers_are_cancelled(mongo: Mongo) -> None:
    things, rows = mongo.collection("things"), [{"_id": n} for n in range(OPERATIONS_MAX + 5)]
    async with mongo.client.start_session() as session, await session.start_transaction():
        await things.insert_many(rows, session=session)
        # Each of these waits in MongoDB for what that transaction holds: none ends, and makes room, before it is over.
        adding = [asyncio.create_task(things.insert_one(row)) for row in rows]
        for _ in range(5):
            await asyncio.sleep(0)
        for task in adding:
            task.cancel()
        await session.abort_transaction()
    done = await asyncio.wait_for(asyncio.gather(*adding, return_exceptions=True), 10)
    assert all(isinstance(result, asyncio.CancelledError) for result in done)
    assert await things.count_documents({}) == OPERATIONS_MAX


async def test_an_operation_that_cannot_begin_in_time_is_unavailable(stores: Stores, mongo: Mongo) -> None:
    impatient = Mongo.connect(url=stores.mongo_url, database=mongo.database.name, timeout_s=0.5)
    await mongo.collection("things").insert_one({"_id": 1})
    with pymongo.timeout(2):
        slow = [asyncio.create_task(_slow(impatient)) for _ in range(OPERATIONS_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await impatient.ping(within_s=0.1)
    with pytest.raises(Unavailable):
        await impatient.ping()
    assert {type(fault) for fault in await asyncio.gather(*slow, return_exceptions=True)} <= {
        NetworkTimeout,
        ExecutionTimeout,
    }

    async def answers() -> bool:
        try:
            await impatient.ping()
        except Unavailable:
            return False
        return True

    await until(answers, what="a turn for who asks afterwards")
    await impatient.close()


async def _slow(mongo: Mongo) -> object:
    return await mongo.collection("things").find({"$where": "sleep(5000) || true"}).to_list()
