"""Refusing to start: what must be there before a city opens, and one sentence for what is not.

The drivers' own words are never shown: they may quote a URL with its password.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymongo.errors import PyMongoError

from core.errors import Unavailable
from core.mongo import Mongo

S = TypeVar("S")


class CityUnavailable(Exception):
    """The city cannot be opened here. The message is one sentence that says what to do."""


def connected(store: str, setting: str, connect: Callable[[], S]) -> S:
    """Raises: CityUnavailable when the URL is malformed."""
    try:
        return connect()
    except (PyMongoError, ValueError) as fault:
        raise CityUnavailable(f"{setting} is not a URL that {store}'s driver can read.") from fault


async def answering(store: str, setting: str, probe: Awaitable[None]) -> None:
    """Raises: CityUnavailable, which names the setting, when `probe` says that the store is not there."""
    try:
        await probe
    except Unavailable as fault:
        raise CityUnavailable(f"{store} does not answer. Check that it runs, and that {setting} is right.") from fault


async def is_replica_set(mongo: Mongo) -> None:
    """Transactions and change streams need one; a standalone server would fail at the first write.

    Raises: CityUnavailable.
    """
    hello = await mongo.client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise CityUnavailable("MongoDB must be a replica set or a sharded cluster. Start mongod with --replSet.")
