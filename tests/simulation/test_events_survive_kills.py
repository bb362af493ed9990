"""`kill -9` on the worker, on Redis with all its data, and on MongoDB: every event still takes effect exactly once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest_asyncio
from pymongo.errors import PyMongoError

from core import embedded
from core.clock import SystemClock
from core.embedded import Stores
from core.errors import Unavailable
from core.events import INDEXES, Outbox
from core.ids import Ids
from core.mongo import Mongo, Session, ensure_indexes
from core.processes import die_with_parent
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
PROCESS = Path(__file__).with_name("tally_process.py")
DATABASE = "kills"
# A transaction whose client was killed keeps its rows locked for this long (MongoDB's default is a minute).
ORPHANED_TRANSACTION_S = 3
RECOVERY_S = 90.0


@dataclass
class Ground:
    """Servers of the test's own, processes to kill, and what was promised to whoever appended."""

    stores: Stores
    mongo: Mongo
    stack: AsyncExitStack
    acknowledged: set[str] = field(default_factory=set)

    async def worker(self, mode: str = "run") -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROCESS),
            self.stores.mongo_url,
            DATABASE,
            self.stores.redis_url,
            mode,
            env={"PYTHONPATH": str(ROOT)},
            preexec_fn=die_with_parent,
        )
        self.stack.push_async_callback(_killed, process)
        return process

    async def append(self, count: int) -> None:
        """Append one after the other; one that MongoDB did not acknowledge is left to chance."""
        clock = SystemClock()
        outbox = Outbox(self.mongo, Ids(clock), clock)

        async def work(session: Session) -> str:
            return (await outbox.append(name="gate.opened", payload={}, session=session)).id

        for _ in range(count):
            try:
                self.acknowledged.add(await self.mongo.transaction(work))
            except (Unavailable, PyMongoError):
                continue

    async def tallied(self) -> int:
        return await self.mongo.collection("tally").count_documents({})

    async def all_done(self) -> bool:
        """True when no event waits. MongoDB may be away while this is asked."""
        try:
            undone = await self.mongo.collection("events").count_documents({"state": {"$ne": "done"}})
            return undone == 0 and await self.tallied() >= len(self.acknowledged)
        except (Unavailable, PyMongoError):
            return False

    async def assert_each_once(self) -> None:
        events = {row["_id"] async for row in self.mongo.collection("events").find({}, {"_id": 1})}
        times = {row["_id"]: row["times"] async for row in self.mongo.collection("tally").find()}
        assert self.acknowledged <= events
        assert times == dict.fromkeys(events, 1)
        assert await self.mongo.collection("event_deliveries").count_documents({"dead.at": {"$exists": True}}) == 0


async def _killed(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@asynccontextmanager
async def _ground(folder: Path) -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        stores = await embedded.start(folder)
        stack.push_async_callback(stores.stop)
        mongo = Mongo.connect(url=stores.mongo_url, database=DATABASE)
        stack.push_async_callback(mongo.close)
        await mongo.client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=ORPHANED_TRANSACTION_S)
        await ensure_indexes(mongo, INDEXES)
        await mongo.database.create_collection("tally")
        yield Ground(stores, mongo, stack)


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with _ground(tmp_path) as ground:
        yield ground


def kill_9(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


async def test_a_worker_killed_inside_its_handler(ground: Ground) -> None:
    victim = await ground.worker("hang")
    appending = asyncio.create_task(ground.append(20))
    entered = ground.mongo.collection("entered")
    await until(lambda: _some(entered.count_documents({})), what="a handler at work", deadline_s=RECOVERY_S)
    kill_9(victim.pid)
    await victim.wait()
    await appending
    assert await ground.tallied() == 0

    await ground.worker()
    await until(ground.all_done, what="the end of every event", deadline_s=RECOVERY_S)
    assert len(ground.acknowledged) == 20
    await ground.assert_each_once()


async def _some(counting: Awaitable[int]) -> bool:
    return await counting > 0


async def test_redis_killed_with_all_it_held(ground: Ground) -> None:
    await ground.worker()
    await ground.worker()
    appending = asyncio.create_task(ground.append(150))
    for reached in (20, 80):
        await until(partial(_over, ground, reached), what=f"{reached} handled", deadline_s=RECOVERY_S)
        kill_9(ground.stores.children["valkey"].pid)
    await appending
    await until(ground.all_done, what="the end of every event", deadline_s=RECOVERY_S)
    assert len(ground.acknowledged) == 150
    await ground.assert_each_once()


async def _over(ground: Ground, reached: int) -> bool:
    return await ground.tallied() >= reached


async def test_mongodb_killed_and_started_again(ground: Ground) -> None:
    await ground.worker()
    await ground.worker()
    appending = asyncio.create_task(ground.append(150))
    await until(lambda: _over(ground, 20), what="the first twenty", deadline_s=RECOVERY_S)
    kill_9(ground.stores.children["mongod"].pid)
    await appending
    await until(ground.all_done, what="the end of every event", deadline_s=RECOVERY_S)
    assert len(ground.acknowledged) >= 100
    await ground.assert_each_once()
