"""The data backend as an operator runs it: a command, its ready line, its signals, its keys."""

from __future__ import annotations

import asyncio
import base64
import signal
import sys
import time
from pathlib import Path

import aiohttp
import orjson
import pytest

from backends.data.schema import schema
from core.embedded import Stores
from core.graph import sdl
from core.mongo import Mongo
from tests.contract.data.publishing import ASK, GRANTS, PUBLISH, Door
from tests.unit.data.datasets import body

ROOT = Path(__file__).parents[3]
KEY = base64.b64encode(bytes(range(32))).decode()


async def command(*arguments: str, **env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backends.data", *arguments,
        cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_the_demonstration_serves_the_catalogue_and_the_registers(stores: Stores, mongo: Mongo) -> None:
    env = {"TONG_DATA_MONGO_URL": stores.mongo_url, "TONG_DATA_MASTER_KEY": KEY, "TONG_DATA_KEYS": GRANTS}
    process = await command("serve", "--demo", "--database", mongo.database.name, **env)
    assert process.stdout is not None
    line = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    base = line["graphql"].removesuffix("/graphql")
    assert line == {"graphql": f"{base}/graphql", "intake": f"{base}/intake/datasets", "pid": process.pid}
    async with aiohttp.ClientSession(base) as session:
        door = Door(base, session)
        assert (await door.send("GET", "/readyz")) == (200, {"status": "ready"})
        assert (await door.send("GET", "/healthz")) == (200, {"status": "alive"})
        found = await door.graphql(
            '{ datasets(search: "公园", first: 1) { nodes { id distributions { downloadURL } } } }'
        )
        [parks] = found["data"]["datasets"]["nodes"]
        assert parks["distributions"][0]["downloadURL"] == f"{base}/datasets/parks/rows.csv"
        async with session.get(parks["distributions"][0]["downloadURL"]) as response:
            assert (await response.text()).startswith("name,district,district_name\r\n颐和园,110108,海淀区\r\n")
        xiaoming = {"name": "王小明", "idNumber": "110101199003070038"}
        assert await door.ask("population/check", xiaoming, key=ASK) == (200, {"match": True})
        assert (await door.publish("mine", body(), key=PUBLISH))[0] == 200
        metrics = (await door.send("GET", "/metrics"))[1].decode()
        assert 'data_requests_total{route="/intake/datasets/{id}",status="200"} 1.0' in metrics
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, output, errors = await ended(process)
    assert (code, output) == (0, "")
    assert time.monotonic() - started < 15
    assert not any(secret in errors for secret in (ASK, PUBLISH, KEY, "王小明", "110101199003070038"))


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"TONG_DATA_MASTER_KEY": ""}, "Set TONG_DATA_MASTER_KEY to 32 random bytes in base64.\n"),
        ({"TONG_DATA_MASTER_KEY": "secret!!"}, "Set TONG_DATA_MASTER_KEY to 32 random bytes in base64.\n"),
        (
            {"TONG_DATA_KEYS": "secret-key"},
            "TONG_DATA_KEYS cannot be read: entry 1 is not name:right+right=key.\n",
        ),
        (
            {"TONG_DATA_MONGO_URL": ""},
            "The URL of the data backend's MongoDB cannot be read: check --mongo-url.\n",
        ),
    ],
)
async def test_what_prevents_a_start_is_one_sentence(stores: Stores, env: dict[str, str], said: str) -> None:
    good = {"TONG_DATA_MONGO_URL": stores.mongo_url, "TONG_DATA_MASTER_KEY": KEY, "TONG_DATA_KEYS": GRANTS}
    assert await ended(await command("serve", **{**good, **env})) == (2, "", said)


async def test_another_master_key_is_refused(stores: Stores, mongo: Mongo) -> None:
    where = ("serve", "--database", mongo.database.name)
    first = await command(*where, TONG_DATA_MONGO_URL=stores.mongo_url, TONG_DATA_MASTER_KEY=KEY)
    assert first.stdout is not None
    assert await asyncio.wait_for(first.stdout.readline(), 30)
    first.send_signal(signal.SIGINT)
    assert (await ended(first))[0] == 0
    other = base64.b64encode(bytes(32)).decode()
    second = await command(*where, TONG_DATA_MONGO_URL=stores.mongo_url, TONG_DATA_MASTER_KEY=other)
    said = "TONG_DATA_MASTER_KEY is not the key that the registers were sealed with. Bring that key back.\n"
    assert await ended(second) == (2, "", said)


def test_the_committed_schema_is_the_present_one() -> None:
    assert (ROOT / "backends" / "data" / "schema.graphql").read_text(encoding="utf-8") == sdl(schema)
