"""A city as its operator starts it: one process by command line, with children of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import until

_ROOT = Path(__file__).parents[2]
_READY_S = 120


@dataclass(frozen=True, slots=True)
class CityProcess:
    """ready: the line of JSON that it printed. process: the gateway's. said: what it printed for a person instead."""

    ready: dict[str, Any]
    process: asyncio.subprocess.Process
    folder: Path
    said: str = ""

    @property
    def base(self) -> str:
        return str(self.ready["shell"]).rstrip("/")

    def signal_child(self, name: str, number: signal.Signals) -> None:
        """To the child as it was started; one that came back has another pid."""
        os.kill(self.ready["pids"][name], number)

    async def stop(self) -> int:
        """As Ctrl-C does; returns the exit status once every process is gone."""
        self.process.send_signal(signal.SIGINT)
        status = await asyncio.wait_for(self.process.wait(), 30)

        async def gone() -> bool:
            return not processes_of(self.folder)

        await until(gone, what="the end of every process")
        return status


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that name the folder or come from a process that does."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


@asynccontextmanager
async def city_process(
    folder: Path, *arguments: str, welcome: bool = False, **environment: str
) -> AsyncIterator[CityProcess]:
    """`python -m api serve --embedded --demo` on `folder`; killed at the end if it still runs."""
    arguments = (*arguments, *(["--welcome"] if welcome else []))
    argv = ["-m", "api", "serve", "--embedded", "--demo", "--data-dir", str(folder), "--port", "0", *arguments]
    with (folder.parent / f"{folder.name}.err").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *argv,
            cwd=_ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, **environment},  # noqa: TID251 a real process gets a real environment
        )
    assert process.stdout is not None
    try:
        if welcome:
            said = await asyncio.wait_for(process.stdout.readuntil(b"Ctrl-C"), _READY_S)
            yield CityProcess({}, process, folder, said.decode())
            return
        line = await asyncio.wait_for(process.stdout.readline(), _READY_S)
        assert line, "the city did not open; its .err file says why"
        yield CityProcess(json.loads(line), process, folder)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
