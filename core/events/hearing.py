"""Hearing of events as they are committed, by whichever process: for whoever waits in this one to be told.

Rules
- A change stream only wakes, as the relay's does. What happened is read from the rows by who was woken, so a stream
  that breaks, skips or begins late costs time and no event: listeners look by themselves every so often.
- A process has one stream for each kind of event, however many listen, and none while nobody does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from pymongo.errors import InvalidOperation, PyMongoError

from core.events.deliveries import EVENTS
from core.mongo import Document, Mongo
from core.tasks import ended, raise_if_cancelled

_LOG = logging.getLogger(__name__)
# Below the client's timeout, which a quiet stream would run into; and no longer than an end may wait for it.
_AWAIT_MS: Final = 500
_PAUSE_S: Final = 1.0
_END_WITHIN_S: Final = 2.0


@dataclass(slots=True, eq=False)
class Hearing:
    """Of the events of one name. by: the member of their payload that says whom each is about."""

    mongo: Mongo
    name: str
    by: str
    _listening: dict[str, set[asyncio.Event]] = field(default_factory=dict)
    _watching: asyncio.Task[None] | None = None

    @contextmanager
    def of(self, subject: str) -> Iterator[asyncio.Event]:
        """What is set whenever something may have happened to `subject`; who was woken clears it before they look."""
        heard = asyncio.Event()
        self._listening.setdefault(subject, set()).add(heard)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name=f"hearing: {self.name}")
        try:
            yield heard
        finally:
            left = self._listening[subject]
            left.discard(heard)
            if not left:
                del self._listening[subject]

    async def close(self) -> None:
        """Before the client of MongoDB closes, when nobody listens any more."""
        if self._watching is not None:
            await ended({self._watching}, within_s=_END_WITHIN_S)

    async def _watch(self) -> None:
        while self._listening:
            raise_if_cancelled()
            try:
                await self._listen()
            except InvalidOperation:
                return
            except PyMongoError as fault:
                _LOG.warning("a change stream broke", extra={"facts": {"fault": type(fault).__name__}})
                await asyncio.sleep(_PAUSE_S)

    async def _listen(self) -> None:
        whom = f"fullDocument.payload.{self.by}"
        only: list[Document] = [
            {"$match": {"operationType": "insert", "fullDocument.name": self.name}},
            {"$project": {whom: 1}},
        ]
        async with await self.mongo.collection(EVENTS).watch(only, max_await_time_ms=_AWAIT_MS) as stream:
            for subject in self._listening:  # what was appended before it was open
                self._wake(subject)
            while stream.alive and self._listening:
                raise_if_cancelled()
                if (change := await stream.try_next()) is not None:
                    self._wake(change["fullDocument"]["payload"][self.by])

    def _wake(self, subject: str) -> None:
        for heard in self._listening.get(subject, ()):
            heard.set()
