"""The governance backend as an operator runs it: commands, signals, the demonstration, a database that goes away."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

import backends.governance.__main__ as governance_main
from backends.governance.demo import A_DAY, DAYS_KEPT, DemoEvents, reports_of
from backends.governance.model import Source
from backends.governance.service import Governance
from core import embedded
from core.clock import FixedClock
from core.embedded import Stores
from core.errors import NotFound
from core.mongo import Mongo
from tests.contract.governance.governing import KEY, Door, code, command, ended, ready, report, stored
from tests.support.waiting import until
from tests.unit.governance.reporting import report as report_facts

ENV = [("TONG_GOVERNANCE_KEYS", f"old-key,{KEY}")]


def on(stores: Stores, mongo: Mongo) -> tuple[str, ...]:
    return ("--mongo-url", stores.mongo_url, "--database", mongo.database.name)


async def test_a_report_goes_through_a_process_and_an_operator_s_hands(
    stores: Stores, mongo: Mongo, capsys: pytest.CaptureFixture[str]
) -> None:
    async def said(*words: str) -> str:
        """What a command prints, run in this process."""
        arguments = governance_main._parser({}).parse_args([*words, *on(stores, mongo)])
        await governance_main._COMMANDS[arguments.command](arguments)
        return capsys.readouterr().out

    process = await command("serve", *on(stores, mongo), env=ENV)
    line = await ready(process)
    assert set(line) == {"graphql", "intake", "pid"}
    assert line["pid"] == process.pid
    base = line["graphql"].removesuffix("/graphql")
    async with aiohttp.ClientSession(base) as session:
        door = Door(base, session)
        opened = {"openedAt": "2026-11-20T12:00:00+08:00"}
        event_id = await door.taken(**opened)
        words = "street-lamp due 2026-11-29 03:00Z Dongcheng District Commission of City Management"
        assert await said("list", "--district", "110101") == f"{event_id} 20261122-000001 DISPATCHED {words}\n"
        assert await said("move", "20261122-000001", "ACCEPTED") == f"{event_id} 20261122-000001 ACCEPTED {words}\n"
        assert (await said("dispatch", event_id, "--unit", "power")).endswith("City Power Company\n")
        refused = await ended(await command("move", event_id, "DONE", "--note", "x", *on(stores, mongo)))
        assert refused == (2, "", "An event that is DISPATCHED cannot become DONE.\n")
        with pytest.raises(NotFound):
            await said("move", "nobody", "ACCEPTED")
        assert [c["status"] for c in await door.changes()] == ["DISPATCHED", "ACCEPTED", "DISPATCHED"]
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "", "")
        assert time.monotonic() - started < 15


async def test_without_keys_nobody_may_post(stores: Stores, mongo: Mongo) -> None:
    process = await command("serve", *on(stores, mongo))
    base = (await ready(process))["graphql"].removesuffix("/graphql")
    async with aiohttp.ClientSession(base) as session:
        for key in (None, "", KEY):
            status, answer = await Door(base, session).post("/intake/events", report(), key=key)
            assert (status, code(answer)) == (401, "GOVERNANCE_KEY_INVALID")
        process.send_signal(signal.SIGINT)
        assert await ended(process) == (0, "", "")
    assert (await stored(mongo))["events"] == 0


async def test_the_demonstration_is_there_when_it_answers_and_once(stores: Stores, mongo: Mongo) -> None:
    counts = []
    for _ in range(2):
        process = await command("serve", "--demo", *on(stores, mongo), env=ENV)
        base = (await ready(process))["graphql"].removesuffix("/graphql")
        async with aiohttp.ClientSession(base) as session:
            door = Door(base, session)
            found = await door.data("{ cityEvents(first: 100) { nodes { synthetic status source number } } }")
            assert await door.changes() == []
        process.terminate()
        assert (await ended(process))[0] == 0
        nodes = found["cityEvents"]["nodes"]
        assert {(n["synthetic"], n["status"]) for n in nodes} == {(True, "DISPATCHED")}
        assert {n["source"] for n in nodes} == {"PATROL", "SENSOR"}
        counts.append(len({n["number"] for n in nodes}))
        assert counts[-1] == len(nodes)
    assert 16 * A_DAY * (DAYS_KEPT - 1) <= counts[0] <= counts[1] <= 16 * A_DAY * DAYS_KEPT


async def test_the_demonstration_follows_the_days_and_removes_only_its_own(
    governance: Governance, mongo: Mongo, clock: FixedClock
) -> None:
    await governance.take_in(report=report_facts())
    await governance.take_in(report=report_facts(source=Source.PATROL))
    demo = DemoEvents(governance)
    assert await demo.catch_up() > 0
    assert await demo.catch_up() == 0
    events = mongo.collection("events")
    first = {document["ref"] async for document in events.find({"synthetic": True})}
    clock.advance(seconds=24 * 3600)
    assert await demo.catch_up() > 0
    second = {document["ref"] async for document in events.find({"synthetic": True})}
    days = [reports_of(date(2026, 11, day), seed=demo.seed) for day in (21, 22, 23)]
    assert second == {report.ref for day in days for report in day if report.opened_at <= clock.now()}
    assert len(first - second) == 16 * A_DAY
    clock.advance(seconds=30 * 24 * 3600)
    await demo.catch_up()
    assert await events.count_documents({"synthetic": True}) <= 16 * A_DAY * DAYS_KEPT
    assert await events.count_documents({"synthetic": False}) == 2


async def test_a_port_in_use_is_one_sentence(stores: Stores, mongo: Mongo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = await ended(await command("serve", "--port", str(port), *on(stores, mongo)))
    assert said == (2, "", f"Port {port} is in use: stop what listens there, or choose another with --port.\n")


async def test_a_database_that_is_badly_named_or_not_is_one_sentence() -> None:
    cases = (["serve", "--mongo-url", "mongodb://user:hunter2@["], ["list"])
    ends = await asyncio.gather(*[ended(await command(*case)) for case in cases])
    assert [(status, output) for status, output, _ in ends] == [(2, "")] * 2
    assert [errors for _, _, errors in ends] == [
        "The URL of the governance backend's MongoDB cannot be read: check --mongo-url.\n",
        "Name the database with --mongo-url or TONG_GOVERNANCE_MONGO_URL, "
        "or an embedded city's folder with --data-dir.\n",
    ]


@pytest_asyncio.fixture
async def own_stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """A MongoDB that this test may kill."""
    running = await embedded.start(tmp_path / "stores", redis=False)
    yield running
    await running.stop()


async def test_what_was_acknowledged_outlives_kill_9_of_the_database_and_no_place_is_lost(own_stores: Stores) -> None:
    process = await command("serve", "--mongo-url", own_stores.mongo_url, env=ENV)
    base = (await ready(process))["graphql"].removesuffix("/graphql")
    pid = own_stores.children["mongod"].pid
    assert pid is not None
    taken: list[str] = []
    try:
        async with aiohttp.ClientSession(base) as session:
            door = Door(base, session)

            async def write(ref: str) -> None:
                """As the city does: the same report again until it is acknowledged."""

                async def acknowledged() -> bool:
                    return (await door.intake(ref=ref, openedAt="2026-11-20T12:00:00+08:00"))[0] == 200

                await until(acknowledged, what=ref, deadline_s=40)
                taken.append(ref)
                if len(taken) == 5:
                    os.kill(pid, signal.SIGKILL)

            refs = [f"rep_{n}" for n in range(30)]
            await asyncio.gather(*(write(ref) for ref in refs))
            changes = await door.changes()
            assert [change["seq"] for change in changes] == list(range(1, 31))
            assert sorted(change["ref"] for change in changes) == sorted(taken) == sorted(refs)
    finally:
        process.terminate()
        await ended(process)
