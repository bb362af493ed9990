"""What every test may stand on: real MongoDB and Redis (started once a run), a still clock, seeded randomness."""

from __future__ import annotations

import asyncio
import gc
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop

from core import embedded
from core import redis as core_redis
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.embedded import Stores
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from tests.support.remembering import filled

# Schemas and parsed documents stay for the whole run: looking through them for cycles is a tenth of its time.
gc.set_threshold(50_000, 20, 100)
# The event loop that every process of the city runs on.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

_MEMORY_WANTED = 4 * 1024**3
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
# Those that open whole cities come last: tests before them count what is in a database, and no city may live beside.
_LAST = ("architecture", "journeys", "simulation", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By folder; those of one folder stay as they are."""
    items.sort(key=lambda item: _LAST.index(folder) if (folder := _folder_of(item)) in _LAST else -1)


def _folder_of(item: pytest.Item) -> str:
    parts = item.path.relative_to(item.config.rootpath).parts
    return parts[1] if len(parts) > 1 else ""


@pytest.fixture(scope="session")
def data_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="citytong-test-", dir=_roomy(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _roomy() -> Path | None:
    """Memory, where there is enough of it: half of what tests wait for is a disk. None: wherever temporary files go."""
    memory = Path("/dev/shm")
    enough = memory.is_dir() and shutil.disk_usage(memory).free > _MEMORY_WANTED
    return memory if enough else None


@pytest_asyncio.fixture(scope="session")
async def stores(data_folder: Path) -> AsyncIterator[Stores]:
    """The run's MongoDB and Redis. Tests that kill a server start their own."""
    running = await embedded.start(data_folder / "stores")
    await _without_journal(running)
    yield running
    await running.stop()


async def _without_journal(running: Stores) -> None:
    """What is acknowledged need not be in the journal, for which each write waits: nothing kills this MongoDB."""
    mongo = Mongo.connect(url=running.mongo_url, database="admin", timeout_s=10)
    config = (await mongo.database.command("replSetGetConfig"))["config"]
    changed = {**config, "writeConcernMajorityJournalDefault": False, "version": config["version"] + 1}
    await mongo.database.command("replSetReconfig", changed)
    await mongo.close()


@pytest_asyncio.fixture(scope="session")
async def admin(stores: Stores) -> AsyncIterator[Mongo]:
    """The client of the run."""
    connected = Mongo.connect(url=stores.mongo_url, database="admin", timeout_s=10)
    # The clock of the tests stands still; MongoDB's does not, and would remove what has "expired" meanwhile.
    await connected.client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
    yield connected
    await connected.close()


@pytest_asyncio.fixture
async def mongo(admin: Mongo, request: pytest.FixtureRequest) -> Mongo:
    """The database of the test's folder, emptied: its collections and indexes stay, since making them costs most."""
    return await folders_database(admin, request)


async def folders_database(admin: Mongo, request: pytest.FixtureRequest) -> Mongo:
    folder = request.path.parent.relative_to(request.config.rootpath)
    database = admin.beside("_".join(folder.parts))
    await _emptied(database)
    return database


async def _emptied(mongo: Mongo) -> None:
    """All collections at once: each waits until MongoDB has it on its disk, and one after the other that adds up."""
    collections = await (await mongo.database.list_collections()).to_list()
    # MongoDB deletes from neither row by row.
    whole = [one["name"] for one in collections if one["type"] == "timeseries" or one["name"] == "system.profile"]
    rows = [one["name"] for one in collections if one["name"] not in whole and not one["name"].startswith("system.")]
    async with asyncio.TaskGroup() as emptying:
        for name in whole:
            emptying.create_task(mongo.database.drop_collection(name))
        for name in await filled(mongo, rows):
            emptying.create_task(_without_rows(mongo, name))


async def _without_rows(mongo: Mongo, collection: str) -> None:
    await mongo.collection(collection).delete_many({})


@pytest_asyncio.fixture
async def redis(stores: Stores) -> AsyncIterator[Redis]:
    """The run's Redis, emptied."""
    connected = core_redis.connect(url=stores.redis_url)
    await connected.flushall()
    yield connected
    await connected.aclose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def ids(clock: FixedClock) -> Ids:
    return Ids(clock, random.Random(2026).randbytes)


@pytest.fixture
def cipher() -> FieldCipher:
    return FieldCipher(bytes(range(32)))
