"""The stand-in as a command."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.contract.notifications.standing_in import ROOT, StandIn


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backends.carriers", "serve", *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_is_and_ends_when_told_also_while_somebody_waits(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = await started("--credentials", str(tmp_path / "account.json"))
    assert process.stdout is not None
    line = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    assert set(line) == {"fcm", "smtp", "project", "credentials", "pid"}
    assert line["pid"] == process.pid
    host, port = line["smtp"].removeprefix("smtp://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    assert (await reader.readline()).startswith(b"220 ")
    async with aiohttp.ClientSession(line["fcm"]) as session:
        async with session.get("/healthz") as response:
            assert (response.status, await response.json()) == (200, {"status": "alive"})
        begun = time.monotonic()
        process.send_signal(number)
        output, errors = await asyncio.wait_for(process.communicate(), 10)
    writer.close()
    assert (process.returncode, output, errors) == (0, b"", b"")
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--port", "Port {port} is in use: stop what listens there, or choose another with --port."),
        ("--smtp-port", "Cannot listen on 127.0.0.1:{port} for mail: choose another with --smtp-port."),
    ],
)
async def test_a_port_in_use_is_one_sentence(option: str, sentence: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await started(option, str(port))
        output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, output, errors.decode()) == (2, b"", sentence.format(port=port) + "\n")


@pytest.mark.parametrize(
    "body",
    [[], {"targets": []}, {"targets": {"a": {"fault": "SULK"}}}, {"targets": {"a": {"fault": "HANG", "times": -1}}},
     {"targets": {"a": {"fault": "HANG", "retryAfterS": True}}},
     {"targets": {str(n): {"fault": "HANG"} for n in range(1001)}}],
)  # fmt: skip
async def test_bad_behaviour_is_refused_and_changes_nothing(standing_in: StandIn, body: Any) -> None:
    async with standing_in.session.put("/behaviour", data=orjson.dumps(body)) as response:
        answer = await response.json()
    assert (response.status, answer["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")


async def test_bodies_are_bounded(standing_in: StandIn) -> None:
    async with standing_in.session.put("/behaviour", data=b"x" * 300_000) as response:
        assert response.status == 413
