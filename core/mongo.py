"""MongoDB, as every store uses it: majority writes, indexes made at start, transactions that retry.

Rules
- Facts live here. A write that was acknowledged survives the loss of any one machine.
- Every transaction states snapshot reads and majority writes itself (Jepsen on MongoDB 4.2.6: weaker defaults
  of a database or collection are taken over silently).
- A transaction is tried again only where the server says that this is safe, for a bounded time.
- What a process keeps in memory of what a transaction changes is let go after its commit (`after_commit`): before it,
  whoever asks is given the old facts again, and they stay.
- An operation that has begun is never cancelled: it ends by itself, within its timeout. PyMongo's pool does not survive
  it (4.20 on Python 3.11: a wait that is cancelled twice leaves a condition behind that still takes the pool's lock,
  and nobody gives it back). What waits to begin does so here, where cancelling is safe.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import pymongo
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, DuplicateKeyError, ExecutionTimeout, PyMongoError, WaitQueueTimeoutError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from core.errors import Unavailable
from core.tasks import to_its_end

Document: TypeAlias = dict[str, Any]
Session: TypeAlias = AsyncClientSession
Collection: TypeAlias = AsyncCollection[Document]
Database: TypeAlias = AsyncDatabase[Document]
R = TypeVar("R")

TRANSACTION_TRIED_S: Final = 5.0
COMMIT_TRIES_MAX: Final = 8
OPERATIONS_MAX: Final = 32  # at once, of one process; well under the pool's 100 connections
_UNKNOWN: Final = "UnknownTransactionCommitResult"
_RETRY_BASE_S: Final = 0.01
_RETRY_CAP_S: Final = 0.2
_CODEC: Final[CodecOptions[Document]] = CodecOptions(tz_aware=True, tzinfo=UTC)
_MAJORITY: Final = WriteConcern(w="majority", wtimeout=10_000)
# What waits for the commit of a session's transaction.
_waiting: Final[WeakKeyDictionary[Session, list[Callable[[], None]]]] = WeakKeyDictionary()


class _Client(AsyncMongoClient[Document]):
    """A client whose operations begin `OPERATIONS_MAX` at a time and then run to their end.

    `_retry_internal` is what every operation of the driver passes through once, retries and all; a test holds the
    driver to that.
    """

    def __init__(self, url: str, *, timeout_s: float, **options: Any) -> None:
        super().__init__(url, timeoutMS=int(timeout_s * 1000), **options)
        self._begin_within_s = timeout_s
        self._running = asyncio.Semaphore(OPERATIONS_MAX)

    async def _retry_internal(self, func: Any, session: Session | None, *args: Any, **options: Any) -> Any:
        # A transaction that has begun never queues: those in front of it may be waiting for what it holds.
        if session is not None and session.in_transaction:
            return await to_its_end(super()._retry_internal(func, session, *args, **options))
        async with self._turn():
            return await to_its_end(super()._retry_internal(func, session, *args, **options))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._begin_within_s):
                await self._running.acquire()
        except TimeoutError as fault:
            raise WaitQueueTimeoutError("too many operations are in front of this one") from fault
        try:
            yield
        finally:
            self._running.release()


def _database(client: AsyncMongoClient[Document], name: str) -> Database:
    return client.get_database(
        name, codec_options=_CODEC, write_concern=_MAJORITY, read_concern=ReadConcern("majority")
    )


@dataclass(frozen=True, slots=True)
class Mongo:
    """One database of the city and the client that it is reached through."""

    client: AsyncMongoClient[Document]
    database: Database

    @classmethod
    def connect(cls, *, url: str, database: str, timeout_s: float = 5.0) -> Mongo:
        """Opens nothing yet: the first operation does.

        timeout_s: bounds each operation, retries and all; and its wait to begin.
        """
        client = _Client(
            url,
            timeout_s=timeout_s,
            tz_aware=True,
            tzinfo=UTC,
            serverSelectionTimeoutMS=int(timeout_s * 1000),
            retryWrites=True,
            retryReads=True,
            uuidRepresentation="standard",
        )
        return cls(client, _database(client, database))

    def beside(self, database: str) -> Mongo:
        """Another database of the same server, by the same client."""
        return Mongo(self.client, _database(self.client, database))

    def collection(self, name: str) -> Collection:
        return self.database[name]

    async def ping(self, *, within_s: float | None = None) -> None:
        """Raises: Unavailable when no primary answers, `within_s` if that is shorter than the client's timeout."""
        try:
            # The first bounds the wait to begin, the second what has begun.
            async with asyncio.timeout(within_s):
                with pymongo.timeout(within_s) if within_s else nullcontext():
                    await self.database.command("ping", read_preference=ReadPreference.PRIMARY)
        except (PyMongoError, TimeoutError) as fault:
            raise Unavailable() from fault

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Run `work` in one transaction and commit it; all of its writes happen, or none.

        `work` may run several times: it must take everything it changes from its session. Where many write one
        document, each begins again until it comes through; no try begins when `TRANSACTION_TRIED_S` have passed.
        Raises: what `work` raises; Unavailable when the time is used up or no primary answers.
        """
        now = asyncio.get_running_loop().time
        give_up = now() + TRANSACTION_TRIED_S
        async with answering(), self.client.start_session() as session:
            for attempt in itertools.count():
                try:
                    return await _attempt(session, work)
                except PyMongoError as fault:
                    if not fault.has_error_label("TransientTransactionError"):
                        raise
                    last = fault
                await asyncio.sleep(_backoff_s(attempt))
                if now() >= give_up:
                    break
            raise Unavailable() from last

    async def snapshot(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Run `work`, which only reads, on what was acknowledged at one instant: a transaction without its commit.

        Raises: what `work` raises; Unavailable.
        """
        async with answering(), self.client.start_session(snapshot=True) as session:
            return await work(session)

    async def close(self) -> None:
        await self.client.close()


def after_commit(session: Session, call: Callable[[], None]) -> None:
    """Call once when the transaction of `session` is committed, or may be; not at all where it fails.

    For work that is part of its caller's transaction. call: quick, and cannot fail.
    """
    _waiting.setdefault(session, []).append(call)


async def _attempt(session: Session, work: Callable[[Session], Awaitable[R]]) -> R:
    """One try: what an earlier one would have done after its commit is not done."""
    _waiting.pop(session, None)
    async with await session.start_transaction(
        read_concern=ReadConcern("snapshot"), write_concern=_MAJORITY, read_preference=ReadPreference.PRIMARY
    ):
        result = await work(session)
        calls = _waiting.pop(session, [])
        try:
            await _commit(session)
        except PyMongoError as fault:
            if not fault.has_error_label(_UNKNOWN):
                calls = []
            raise
        finally:
            # Also where the caller was cancelled meanwhile, which ends no commit that has begun.
            for call in calls:
                call()
        return result


async def _commit(session: Session) -> None:
    """Commit, asking again while the outcome is unknown: a commit is idempotent."""
    for attempt in range(COMMIT_TRIES_MAX):
        try:
            await session.commit_transaction()
            return
        except PyMongoError as fault:
            if not fault.has_error_label(_UNKNOWN) or attempt + 1 == COMMIT_TRIES_MAX:
                raise
        await asyncio.sleep(_backoff_s(attempt))


def _backoff_s(attempt: int) -> float:
    """Full jitter, doubling up to a bound. Only the wait is random, never the outcome."""
    return random.uniform(0, min(_RETRY_BASE_S * 2 ** min(attempt, 8), _RETRY_CAP_S))


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Turn "no primary answers in time" into `Unavailable`; let every other fault through."""
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout) as fault:
        raise Unavailable() from fault
    except PyMongoError as fault:
        if fault.timeout:
            raise Unavailable() from fault
        raise


async def move_rows(rows: Collection, field: str, *, source: str, to: str) -> None:
    """What is somebody's by `field` becomes another's; where that one has the same already, it goes. Twice is once.

    Raises: Unavailable.
    """
    async with answering():
        ids = [row["_id"] async for row in rows.find({field: source}, {"_id": 1})]
        for id in ids:
            try:
                await rows.update_one({"_id": id}, {"$set": {field: to}})
            except DuplicateKeyError:
                await rows.delete_one({"_id": id})


async def ensure_indexes(mongo: Mongo, indexes: Mapping[str, Sequence[IndexModel]]) -> None:
    """Make the indexes of each collection (by name) where they are missing."""
    async with asyncio.TaskGroup() as making:
        for name, models in indexes.items():
            making.create_task(_make_indexes(mongo, name, models))


async def _make_indexes(mongo: Mongo, collection: str, models: Sequence[IndexModel]) -> None:
    await mongo.collection(collection).create_indexes(list(models))
