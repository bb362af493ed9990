"""The sensor backend as an operator runs it: commands, signals, and a database that goes and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio

from core import embedded
from core.embedded import Stores
from core.mongo import Mongo
from tests.contract.sensor.sensing import KEY, Door, command, ended, expire_leases, ready, row, stored, until
from tests.unit.sensor.prsa import lines, written

ENV = [("TONG_SENSOR_INGEST_KEYS", f"old-key,{KEY}")]
AIR = """{ _entities(representations: [{__typename: "District", code: "110108"}]) {
  ... on District { airQuality { aqi synthetic source } } } }"""


def on(stores: Stores, mongo: Mongo) -> tuple[str, ...]:
    return ("--mongo-url", stores.mongo_url, "--database", mongo.database.name)


async def test_the_demo_serves_synthetic_air_and_a_second_start_adds_only_missing_hours(
    stores: Stores, mongo: Mongo
) -> None:
    first = await command("serve", "--demo", "--hours", "5", *on(stores, mongo), env=ENV)
    line = await ready(first)
    assert set(line) == {"graphql", "ingest", "pid"}
    assert line["pid"] == first.pid
    base = line["graphql"].removesuffix("/graphql")
    async with aiohttp.ClientSession(base) as session:
        found = (await Door(base, session).graphql(AIR))["data"]["_entities"][0]["airQuality"]
        assert found["synthetic"] is True
        assert found["source"] == "Synthetic: made by a seeded demo model, not measured"
        async with session.get("/readyz") as response:
            assert (response.status, await response.json()) == (200, {"status": "ready"})
    started = time.monotonic()
    first.send_signal(signal.SIGTERM)
    code, output, _ = await ended(first)
    assert (code, output) == (0, "")
    assert time.monotonic() - started < 15
    served = len(await stored(mongo))
    assert served in (24 * 5, 24 * 6)  # 6 when an hour has just ended; and so below
    code, output, _ = await ended(await command("backfill", "--hours", "9", *on(stores, mongo)))
    assert (code, orjson.loads(output)["accepted"]) in [(0, 24 * 9 - served), (0, 24 * 10 - served)]
    standing = await stored(mongo)
    assert len(standing) == len(set(standing)) == served + orjson.loads(output)["accepted"]


async def test_interrupt_stops_it_within_two_seconds_with_a_client_connected(stores: Stores, mongo: Mongo) -> None:
    process = await command("serve", *on(stores, mongo))
    base = (await ready(process))["graphql"].removesuffix("/graphql")
    async with aiohttp.ClientSession(base) as session:
        async with session.get("/healthz") as response:
            assert response.status == 200
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, _, errors = await ended(process)
    assert (code, errors) == (0, "")
    assert time.monotonic() - started < 15


async def test_a_port_in_use_is_one_sentence(stores: Stores, mongo: Mongo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, output, errors = await ended(await command("serve", "--port", str(port), *on(stores, mongo)))
    assert (code, output) == (2, "")
    assert errors == f"Port {port} is in use: stop what listens there, or choose another with --port.\n"


async def test_an_unreachable_database_is_one_sentence() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"mongodb://127.0.0.1:{unused.getsockname()[1]}/"
        verbs = (["serve"], ["import", "x.csv"], ["backfill"])
        started = [await command(*verb, "--mongo-url", url) for verb in verbs]
        ends = await asyncio.gather(*(ended(process) for process in started))
    said = "The sensor backend's MongoDB does not answer: check that it runs and that --mongo-url is right.\n"
    assert ends == [(2, "", said)] * 3


@pytest.mark.parametrize("url", ["http://x", "mongodb://user:hunter2@[", "mongodb://"])
async def test_a_bad_database_url_is_one_sentence_without_its_password(url: str) -> None:
    code, output, errors = await ended(await command("serve", "--mongo-url", url))
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert "check --mongo-url" in errors
    assert "hunter2" not in errors


async def test_files_are_imported_once(stores: Stores, mongo: Mongo, tmp_path: Path) -> None:
    files = [
        written(tmp_path / "PRSA_Data_Dongsi.csv.gz", lines(5000)),
        written(tmp_path / "PRSA_Data_Wanliu.csv", lines(100, station="Wanliu")),
    ]
    for accepted, duplicates in ((5100, 0), (0, 5100)):
        code, output, errors = await ended(await command("import", *files, *on(stores, mongo)))
        assert (code, orjson.loads(output)) == (0, {"accepted": accepted, "duplicates": duplicates})
        assert "PRSA_Data_Dongsi.csv.gz: " in errors
    assert len(set(await stored(mongo))) == len(await stored(mongo)) == 5100
    document = await mongo.collection("stations").find_one({"_id": "prsa-wanliu"})
    assert document is not None
    assert (document["name"], document["district"]) == ({"zh": "万柳", "en": "Wanliu"}, "110108")


async def test_a_bad_line_stops_the_import_and_the_mended_file_goes_on(
    stores: Stores, mongo: Mongo, tmp_path: Path
) -> None:
    text = lines(4500)
    file = written(tmp_path / "a.csv", text.replace("\n4200,2013", "\n4200,MMXIII"))
    code, output, errors = await ended(await command("import", file, *on(stores, mongo)))
    assert (code, output) == (2, "")
    assert errors.splitlines()[-1].endswith("a.csv, line 4201: holds a number or date that is none")
    assert len(await stored(mongo)) == 4000
    written(file, text)
    code, output, _ = await ended(await command("import", file, *on(stores, mongo)))
    assert (code, orjson.loads(output)) == (0, {"accepted": 500, "duplicates": 4000})


async def test_an_import_killed_at_any_point_is_finished_by_the_next(
    stores: Stores, mongo: Mongo, tmp_path: Path
) -> None:
    file = written(tmp_path / "a.csv.gz", lines(15_000))
    for least in (1, 4_000, 8_000):
        await expire_leases(mongo)
        process = await command("import", file, *on(stores, mongo))
        readings = mongo.collection("readings")

        async def enough(least: int = least, readings: Any = readings) -> bool:
            return bool(await readings.count_documents({}) >= least)

        await until(enough)
        with suppress(ProcessLookupError):  # it may have come to its end meanwhile
            process.kill()
        await process.communicate()
    code, output, _ = await ended(await command("import", file, *on(stores, mongo)))
    done = orjson.loads(output)
    assert code == 0
    assert done["accepted"] + done["duplicates"] == 15_000
    kept = await stored(mongo)
    assert len(set(kept)) == len(kept) == 15_000


@pytest_asyncio.fixture
async def own_stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """Servers that this test may kill."""
    running = await embedded.start(tmp_path / "stores", redis=False)
    yield running
    await running.stop()


async def test_a_database_that_goes_away_is_waited_for_briefly_and_used_again(own_stores: Stores) -> None:
    url = own_stores.mongo_url
    process = await command("serve", "--demo", "--hours", "3", "--mongo-url", url, "--database", "sensor", env=ENV)
    base = (await ready(process))["graphql"].removesuffix("/graphql")
    try:
        async with aiohttp.ClientSession(base) as session:
            door = Door(base, session)
            assert (await door.graphql(AIR))["data"]["_entities"][0]["airQuality"]["synthetic"] is True
            assert (await door.post([row("syn-110101-1", 5)]))[0] == 200
            await own_stores.children["mongod"].stop()

            started = time.monotonic()
            away = await door.graphql(AIR)
            assert time.monotonic() - started < 15
            assert away["data"] == {"_entities": [{"airQuality": None}]}
            [error] = away["errors"]
            assert (error["extensions"]["code"], error["path"]) == ("UNAVAILABLE", ["_entities", 0, "airQuality"])
            assert error["extensions"]["retryable"] is True
            status, refused = await door.post([row("syn-110101-1", 6)])
            assert (status, refused["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
            async with session.get("/readyz") as response:
                assert response.status == 503
            async with session.get("/healthz") as response:
                assert response.status == 200

            await own_stores.children["mongod"].start()

            async def back() -> bool:
                return "errors" not in await door.graphql(AIR)

            await until(back)
            assert await door.post([row("syn-110101-1", 5), row("syn-110101-1", 6)]) == (
                200,
                {"accepted": 1, "duplicates": 1},
            )
    finally:
        process.terminate()
        await ended(process)


async def test_a_database_that_hangs_is_not_waited_for(own_stores: Stores) -> None:
    url = own_stores.mongo_url
    process = await command("serve", "--demo", "--hours", "3", "--mongo-url", url, "--database", "sensor")
    base = (await ready(process))["graphql"].removesuffix("/graphql")
    pid = own_stores.children["mongod"].pid
    assert pid is not None
    try:
        async with aiohttp.ClientSession(base) as session:
            door = Door(base, session)
            os.kill(pid, signal.SIGSTOP)
            try:
                started = time.monotonic()
                away = await door.graphql(AIR)
                assert time.monotonic() - started < 15
            finally:
                os.kill(pid, signal.SIGCONT)
            assert away["errors"][0]["extensions"]["code"] == "UNAVAILABLE"

            async def back() -> bool:
                return "errors" not in await door.graphql(AIR)

            await until(back)
    finally:
        process.terminate()
        await ended(process)


async def test_an_acknowledged_batch_outlives_kill_9_of_the_database(own_stores: Stores) -> None:
    mongo = Mongo.connect(url=own_stores.mongo_url, database="sensor", timeout_s=10)
    process = await command("serve", "--mongo-url", own_stores.mongo_url, "--database", "sensor", env=ENV)
    base = (await ready(process))["graphql"].removesuffix("/graphql")
    try:
        async with aiohttp.ClientSession(base) as session:
            text = {"zh": "东门", "en": "East Gate"}
            station = orjson.dumps({"name": text, "districtCode": "110101", "source": text})
            headers = {"Authorization": f"Bearer {KEY}"}
            async with session.put("/ingest/stations/a", data=station, headers=headers) as response:
                assert response.status == 200
            door = Door(base, session)
            rows = [row("a", hour) for hour in range(500)]
            assert await door.post(rows) == (200, {"accepted": 500, "duplicates": 0})
            pid = own_stores.children["mongod"].pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)

            async def again() -> bool:
                return await door.post(rows) == (200, {"accepted": 0, "duplicates": 500})

            await until(again, timeout_s=30)
            assert len(await stored(mongo)) == 500
    finally:
        process.terminate()
        await ended(process)
        await mongo.close()
