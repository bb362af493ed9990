"""Transactions are all or nothing; operations are bounded, and cancelling their callers does not harm the pool."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pymongo
import pytest
from pymongo.errors import ExecutionTimeout, NetworkTimeout

import core.mongo
from core.embedded import Stores
from core.errors import Unavailable
from core.mongo import OPERATIONS_MAX, Mongo, Session, answering


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

    assert 0.3 <= await mongo.transaction(hold) < 2
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
    assert await asyncio.wait_for(things.find({}).to_list(), 2) == [{"_id": 1}]
    await fresh.close()


async def test_operations_that_have_begun_end_though_their_callers_are_cancelled(mongo: Mongo) -> None:
    things = mongo.collection("things")
    adding = [asyncio.create_task(things.insert_one({"_id": n})) for n in range(OPERATIONS_MAX + 5)]
    for _ in range(5):
        await asyncio.sleep(0)
    for task in adding:
        task.cancel()
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
    await impatient.ping()
    await impatient.close()


async def _slow(mongo: Mongo) -> object:
    return await mongo.collection("things").find({"$where": "sleep(5000) || true"}).to_list()
