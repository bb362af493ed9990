"""Child processes that live and die with this one: started, watched, started again, ended.

Rules
- A child gets a session of its own, so Ctrl-C reaches only the parent, which ends its children in order.
- On Linux the kernel ends a child whose parent dies, even by `kill -9`: nothing is left behind.
- A child that ends by itself is started again with a growing pause, for as long as the parent wants it.
- A child that lives and answers nothing any more is killed, and so started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from core.tasks import ended, raise_if_cancelled

_LOG = logging.getLogger(__name__)
# Loaded here: between fork and exec nothing may take a lock.
_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1
_RESTART_PAUSE_S: Final = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
_STOP_TIMEOUT_S: Final = 8.0
PROBE_EVERY_S: Final = 3.0
PROBE_TIMEOUT_S: Final = 2.0
PROBE_FAILURES_MAX: Final = 5
_TAIL_BYTES: Final = 2000


class ChildFailed(Exception):
    """A child did not become ready. The message is one sentence for a person."""


class Child:
    """One supervised child process.

    argv: the command. ready: returns once the child answers; called after every start.
    log: the file that gets its output, appended to.
    alive: returns when the child still answers, whatever it says; asked every `probe_every_s`. Failing
        `PROBE_FAILURES_MAX` times in a row, it ends the child. None: only an exit counts.
    """

    def __init__(
        self,
        *,
        name: str,
        argv: Sequence[str],
        ready: Callable[[], Awaitable[None]],
        log: Path,
        env: Mapping[str, str] | None = None,
        ready_timeout_s: float = 30.0,
        alive: Callable[[], Awaitable[None]] | None = None,
        probe_every_s: float = PROBE_EVERY_S,
    ) -> None:
        self.name = name
        self._argv = argv
        self._ready = ready
        self._log = log
        self._env = env
        self._ready_timeout_s = ready_timeout_s
        self._alive = alive
        self._probe_every_s = probe_every_s
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start, wait until ready, then watch. Raises: ChildFailed."""
        await self._spawn()
        if not await self._is_ready():
            await self.stop()
            raise ChildFailed(f"{self.name} did not start; the end of {self._log} says why: {self._tail()}")
        self._watch = asyncio.create_task(self._supervise(), name=f"watch {self.name}")

    async def stop(self) -> None:
        """End the child: SIGTERM, and SIGKILL when it has not gone in 8 s."""
        if self._watch:
            await ended((self._watch,), within_s=_STOP_TIMEOUT_S)
        await self._end()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _spawn(self) -> None:
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    async def _is_ready(self) -> bool:
        """True once the child answers; False when it ends first, or has had its time."""
        assert self._process is not None
        answered = asyncio.ensure_future(self._ready())
        died = asyncio.create_task(self._process.wait(), name=f"{self.name} ends")
        await asyncio.wait({answered, died}, timeout=self._ready_timeout_s, return_when=asyncio.FIRST_COMPLETED)
        ready = answered.done() and answered.exception() is None
        await ended((answered, died), within_s=_STOP_TIMEOUT_S)
        return ready

    async def _supervise(self) -> None:
        failures = 0
        while True:
            raise_if_cancelled()
            assert self._process is not None
            status = await self._exit(self._process)
            _LOG.warning("child ended", extra={"facts": {"child": self.name, "status": status}})
            await asyncio.sleep(_RESTART_PAUSE_S[min(failures, len(_RESTART_PAUSE_S) - 1)])
            failures = 0 if await self._restarted() else failures + 1

    async def _exit(self, process: asyncio.subprocess.Process) -> int:
        """The status that the child ends with, by itself or because it no longer answers."""
        probing = asyncio.create_task(self._kill_when_silent(process), name=f"{self.name} answers")
        try:
            return await process.wait()
        finally:
            await ended((probing,), within_s=_STOP_TIMEOUT_S)

    async def _kill_when_silent(self, process: asyncio.subprocess.Process) -> None:
        failures = 0
        while self._alive is not None and failures < PROBE_FAILURES_MAX:
            raise_if_cancelled()
            await asyncio.sleep(self._probe_every_s)
            failures = 0 if await self._is_alive(self._alive) else failures + 1
        if self._alive is not None:
            _LOG.error("child answers no more", extra={"facts": {"child": self.name, "pid": process.pid}})
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _is_alive(self, alive: Callable[[], Awaitable[None]]) -> bool:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await alive()
        except Exception as fault:
            _LOG.warning("child is silent", extra={"facts": {"child": self.name, "fault": type(fault).__name__}})
            return False
        return True

    async def _restarted(self) -> bool:
        try:
            await self._spawn()
        except OSError:
            return False
        ready = await self._is_ready()
        if not ready:
            await self._end()
        _LOG.info("child started again", extra={"facts": {"child": self.name, "pid": self.pid, "ready": ready}})
        return ready

    def _tail(self) -> str:
        lines = self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it printed nothing"


def die_with_parent() -> None:
    """In the child, before exec: ask the kernel for SIGKILL when the parent dies (Linux only)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


# Below those that systems give to outgoing connections (32768 on Linux, 49152 by RFC 6335): none of them takes one
# between this look and whoever is to listen there. Each process goes through them from another one on.
_PORTS: Final = range(20_000, 32_768)
_turns = itertools.count(secrets.randbelow(len(_PORTS)))


def free_port(wanted: int = 0) -> int:
    """`wanted` if it is free on the loopback interface, else another port that is."""
    port = wanted or _another_port()
    while not _is_free(port):
        port = _another_port()
    return port


def _another_port() -> int:
    return _PORTS[next(_turns) % len(_PORTS)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
