"""Transactions: all or nothing, tried again when two collide, bounded."""

from __future__ import annotations

import asyncio

import pymongo
import pytest

from core.errors import Unavailable
from core.mongo import Mongo, Session, answering


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


async def test_colliding_transactions_all_happen(mongo: Mongo) -> None:
    counter = mongo.collection("counter")
    await counter.insert_one({"_id": "c", "n": 0})

    async def work(session: Session) -> None:
        row = await counter.find_one({"_id": "c"}, session=session)
        assert row is not None
        await counter.update_one({"_id": "c"}, {"$set": {"n": row["n"] + 1}}, session=session)

    done = await asyncio.gather(*(mongo.transaction(work) for _ in range(5)), return_exceptions=True)
    happened = sum(result is None for result in done)
    assert all(isinstance(result, Unavailable) for result in done if result is not None)
    assert happened >= 1
    assert await counter.find_one({"_id": "c"}) == {"_id": "c", "n": happened}


async def test_a_server_that_does_not_answer_in_time_is_unavailable(mongo: Mongo) -> None:
    with pymongo.timeout(1e-6):
        with pytest.raises(Unavailable):
            await mongo.ping()
        with pytest.raises(Unavailable):
            async with answering():
                await mongo.collection("things").find_one({})
