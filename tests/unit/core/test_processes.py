"""Children that live and answer nothing are ended and started again; a slow spell does not end them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core import processes
from core.processes import PROBE_FAILURES_MAX, Child, free_port


async def _at_once() -> None:
    return None


def child(folder: Path, alive: Callable[[], Awaitable[None]]) -> Child:
    argv = ["sleep", "60"]
    return Child(name="c", argv=argv, ready=_at_once, log=folder / "log", alive=alive, probe_every_s=0.01)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_child_that_hangs_is_killed_and_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROBE_TIMEOUT_S", 0.02)
    hangs = True

    async def alive() -> None:
        if hangs:
            await asyncio.Event().wait()

    running = child(tmp_path, alive)
    await running.start()
    try:
        first = running.pid
        await until(lambda: running.pid not in (first, None))
        hangs = False
    finally:
        await running.stop()
    assert running.pid is None


async def test_a_child_that_answers_in_time_is_left_alone(tmp_path: Path) -> None:
    asked = 0

    async def alive() -> None:
        nonlocal asked
        asked += 1
        if asked % PROBE_FAILURES_MAX:
            raise ConnectionError

    running = child(tmp_path, alive)
    await running.start()
    try:
        first = running.pid
        await until(lambda: asked > 4 * PROBE_FAILURES_MAX)
        assert running.pid == first
    finally:
        await running.stop()


def test_a_port_that_is_free_is_given_once_and_no_outgoing_connection_takes_it() -> None:
    first = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        others = [free_port(first) for _ in range(20)]
    assert len({first, *others}) == 21 and max(first, *others) < 32_768
    assert free_port(first) == first
