"""A whole city on one machine: embedded stores, the departments' backends, and their ends.

What production runs as separate services, `make run` and the tests run as children of one process, with the same
code and over the same protocols.
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
import orjson

from api.backends import BACKENDS, SUBGRAPHS, Backend
from api.startup import answering, connected
from core import embedded
from core import redis as core_redis
from core.crypto import MASTER_KEY_BYTES
from core.jose import key_of_seed
from core.mongo import Mongo
from core.processes import Child, ChildFailed
from core.tasks import raise_if_cancelled

# What the embedded servers will bring, so that every other setting is checked before they are started.
STAND_INS: Final[Mapping[str, str]] = {
    "TONG_MONGO_URL": "mongodb://embedded/",
    "TONG_REDIS_URL": "redis://embedded/",
    "TONG_MASTER_KEY": base64.b64encode(bytes(MASTER_KEY_BYTES)).decode(),
}
_POLL_S: Final = 0.05
_NAMED_TIMEOUT_S: Final = 5.0


@dataclass(slots=True)
class Machine:
    """What runs beside the gateway.

    env: the settings that reach it (`TONG_MONGO_URL`, …). children: the supervised processes by name.
    """

    env: dict[str, str] = field(repr=False)
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def pids(self) -> dict[str, int | None]:
        return {name: child.pid for name, child in self.children.items()}


@asynccontextmanager
async def machine(
    *, folder: Path, env: Mapping[str, str], inherited: Mapping[str, str], named: Collection[str], demo: bool
) -> AsyncIterator[Machine]:
    """Start what `env` does not already name, under `folder`; end it on leaving.

    inherited: the environment that children run in, beside the settings of their own. named: the subgraphs that
        answer elsewhere already.

    A server named by TONG_MONGO_URL, TONG_REDIS_URL or TONG_SUBGRAPHS is used as it is.
    Raises: CityUnavailable, EmbeddedUnavailable, ChildFailed: one sentence each.
    """
    await _named_stores_answer(env)
    running = Machine(env=dict(env))
    async with AsyncExitStack() as stack:
        stores = await embedded.start(folder, mongo="TONG_MONGO_URL" not in env, redis="TONG_REDIS_URL" not in env)
        stack.push_async_callback(stores.stop)
        running.children.update(stores.children)
        running.env.update(stores.urls)
        running.env.setdefault("TONG_MASTER_KEY", _kept_key(folder / "master.key"))
        wanted = _wanted(env, named=named, demo=demo)
        await _start(wanted, running, stack, folder=folder, inherited=inherited, demo=demo)
        yield running


async def _named_stores_answer(env: Mapping[str, str]) -> None:
    """A store that is named and not there is said before anything is started."""
    if url := env.get("TONG_MONGO_URL"):
        mongo = connected(
            "MongoDB", "TONG_MONGO_URL", partial(Mongo.connect, url=url, database="admin", timeout_s=_NAMED_TIMEOUT_S)
        )
        try:
            await answering("MongoDB", "TONG_MONGO_URL", mongo.ping())
        finally:
            await mongo.close()
    if url := env.get("TONG_REDIS_URL"):
        async with connected("Redis", "TONG_REDIS_URL", partial(core_redis.connect, url=url)) as redis:
            await answering("Redis", "TONG_REDIS_URL", core_redis.ping(redis))


def _wanted(env: Mapping[str, str], *, named: Collection[str], demo: bool) -> list[Backend]:
    """What the settings do not already name elsewhere."""
    return [
        backend
        for backend in BACKENDS
        if backend.name not in named
        and (demo or not backend.demo_only)
        and not any(setting in env for setting in backend.told if setting != SUBGRAPHS)
    ]


async def _start(
    backends: Collection[Backend],
    running: Machine,
    stack: AsyncExitStack,
    *,
    folder: Path,
    inherited: Mapping[str, str],
    demo: bool,
) -> None:
    """Side by side. Those that did start are ended by the stack. Raises: ChildFailed."""
    for backend in backends:
        ports = {flag: embedded.kept_port(folder / f"{backend.name}{_suffix(flag)}") for flag in backend.ports}
        known: dict[str, str | int] = {
            "mongo": running.env["TONG_MONGO_URL"],
            "folder": str(folder),
            "key": _kept_key(folder / f"{backend.name}.key"),
            "master": _kept_key(folder / f"{backend.name}-master.key"),
            "seed": (seed := _kept_key(folder / f"{backend.name}-signing.key")),
            "jwk": orjson.dumps(key_of_seed(base64.b64decode(seed)).jwk()).decode(),
            **{flag.strip("-").replace("-", "_"): port for flag, port in ports.items()},
        }
        child = _child(backend, ports, known, folder=folder, inherited=inherited, demo=demo)
        stack.push_async_callback(child.stop)
        running.children[backend.name] = child
        told = dict(backend.told)
        if demo and not running.env.keys() & backend.told_in_demo.keys():
            told |= backend.told_in_demo
        _tell(running.env, {name: value.format_map(known) for name, value in told.items()})
    try:
        async with asyncio.TaskGroup() as starting:
            for backend in backends:
                starting.create_task(running.children[backend.name].start())
    except BaseExceptionGroup as faults:
        failed = faults.subgroup(ChildFailed)
        raise (failed.exceptions[0] if failed else faults) from faults


def _suffix(flag: str) -> str:
    """Of the file that keeps a port: sensor.port, carriers-smtp.port."""
    return f"{flag.removeprefix('-').removesuffix('port').removesuffix('-')}.port"


def _tell(env: dict[str, str], told: Mapping[str, str]) -> None:
    for name, value in told.items():
        env[name] = f"{env[name]},{value}" if name == SUBGRAPHS and env.get(name) else value


def _child(
    backend: Backend,
    ports: Mapping[str, int],
    known: Mapping[str, str | int],
    *,
    folder: Path,
    inherited: Mapping[str, str],
    demo: bool,
) -> Child:
    probe = f"http://127.0.0.1:{ports['--port']}{backend.probe}"
    given = {**backend.given, **(backend.given_in_demo if demo else {})}
    argv = [sys.executable, "-m", f"backends.{backend.name}", "serve"]
    argv += [word for flag, port in ports.items() for word in (flag, str(port))]
    argv += [word.format_map(known) for word in backend.arguments]
    argv += ["--demo"] if demo and not backend.demo_only else []
    return Child(
        name=backend.name,
        argv=argv,
        ready=lambda: _answers(probe),
        # Of any status: a backend whose MongoDB is away answers 503, and killing it would not bring that back.
        alive=lambda: _speaks(probe),
        log=folder / f"{backend.name}.log",
        # URLs and keys go by environment, which other accounts cannot read.
        env={**inherited, **{name: value.format_map(known) for name, value in given.items()}},
    )


async def _answers(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while True:
            raise_if_cancelled()
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass  # not listening yet: asked again until the child's time is up
            await asyncio.sleep(_POLL_S)


async def _speaks(url: str) -> None:
    """Raises: aiohttp.ClientError when no HTTP answer comes. The caller bounds the time."""
    async with aiohttp.ClientSession() as session, session.get(url):
        return


def _kept_key(file: Path) -> str:
    """The folder's master key, made at the first start; readable by this account alone."""
    if not file.exists():
        key = base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES))
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(key)
    return file.read_text().strip()
