"""The embedded servers: they start, keep data over a `kill -9`, and say clearly why they cannot run."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from core import embedded
from core.embedded import EmbeddedUnavailable, Stores
from core.mongo import Mongo
from core.redis import Redis, ping


async def test_both_servers_answer(mongo: Mongo, redis: Redis) -> None:
    await mongo.ping()
    await ping(redis)
    await mongo.collection("things").insert_one({"_id": "a"})
    assert await mongo.collection("things").count_documents({}) == 1


async def test_a_second_city_on_one_folder_is_refused_in_one_sentence(stores: Stores, data_folder: Path) -> None:
    with pytest.raises(EmbeddedUnavailable, match=r"already running on .*--data-dir"):
        await embedded.start(data_folder / "stores")


async def test_acknowledged_writes_survive_kill_9_and_the_servers_come_back(tmp_path: Path) -> None:
    stores = await embedded.start(tmp_path)
    mongo = Mongo.connect(url=stores.mongo_url, database="kept", timeout_s=15)
    try:
        for n in range(200):
            await mongo.collection("things").insert_one({"_id": n})
        first = stores.children["mongod"].pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert await mongo.collection("things").count_documents({}) == 200
        assert stores.children["mongod"].pid != first
    finally:
        await mongo.close()
        await stores.stop()


async def test_a_second_start_keeps_data_even_when_the_port_was_taken(tmp_path: Path) -> None:
    stores = await embedded.start(tmp_path)
    mongo = Mongo.connect(url=stores.mongo_url, database="kept", timeout_s=10)
    await mongo.collection("things").insert_one({"_id": 1})
    await mongo.close()
    await stores.stop()
    old_port = int((tmp_path / "mongo.port").read_text())
    squatter = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", old_port)
    started = time.monotonic()
    stores = await embedded.start(tmp_path)
    try:
        assert int((tmp_path / "mongo.port").read_text()) != old_port
        mongo = Mongo.connect(url=stores.mongo_url, database="kept", timeout_s=10)
        assert await mongo.collection("things").count_documents({}) == 1
        await mongo.close()
        assert time.monotonic() - started < 30
    finally:
        squatter.close()
        await stores.stop()
