"""Openids and unionids in MongoDB.

Rules
- Each is a row: the id, whose it is, and for whom (a program, an organisation). A citizen has one in use for each.
- When a person makes one account of two, what programs knew stays known: the ids of the account that goes come over,
  and are `former` where the other one has its own. Whoever is asked for by a former one is found.
- Which ones are in use changes only when a person goes or is forgotten, so a process keeps them for `KEPT_FOR`. Whether
  the account still stands is asked elsewhere, each time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.clock import Clock
from core.ids import Ids
from core.lately import Lately
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from miniapps.openid.model import OPENID_PREFIX, UNIONID_PREFIX, Subject, new_subject

OPENIDS: Final = "miniapps_openids"
UNIONIDS: Final = "miniapps_unionids"
# Called with a program, an openid of its, and the transaction.
Farewell: TypeAlias = Callable[[str, str, Session], Awaitable[None]]
KEPT_FOR: Final = timedelta(minutes=1)
_KEPT_MAX: Final = 65_536
_BY: Final = {OPENIDS: OPENID_PREFIX, UNIONIDS: UNIONID_PREFIX}
_ONE_IN_USE: Final = IndexModel(
    [("citizen", ASCENDING), ("for", ASCENDING)],
    name="one_in_use",
    unique=True,
    partialFilterExpression={"former": False},
)
_INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    name: [_ONE_IN_USE, IndexModel([("citizen", ASCENDING)], name="of_citizen")] for name in _BY
}


@dataclass(frozen=True, slots=True)
class OpenidStore:
    mongo: Mongo
    ids: Ids = field(repr=False)
    clock: Clock
    _known: Lately[tuple[str, str, str], str] = field(default_factory=lambda: Lately(KEPT_FOR, _KEPT_MAX), repr=False)

    async def open(self) -> None:
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def subject(self, citizen: str, *, app_id: str, organisation: str) -> Subject:
        """How this program knows this citizen, from the first time on. Raises: Unavailable."""
        return Subject(await self._one(OPENIDS, citizen, app_id), await self._one(UNIONIDS, citizen, organisation))

    async def _one(self, name: str, citizen: str, whom: str) -> str:
        made = partial(self._made, name, citizen, whom)
        return await self._known.get((name, citizen, whom), made, now=self.clock.now())

    async def citizen_of(self, openid: str, *, app_id: str) -> str | None:
        """Whom this program means; None where it is nobody's, or another program's. Raises: Unavailable."""
        async with answering():
            row = await self.mongo.collection(OPENIDS).find_one({"_id": openid, "for": app_id})
        return str(row["citizen"]) if row else None

    async def subjects(self, citizen: str) -> Mapping[str, str]:
        """What programs know the citizen by, by their ids: those in use. Raises: Unavailable."""
        async with answering():
            rows = await self.mongo.collection(OPENIDS).find({"citizen": citizen, "former": False}).to_list(None)
        return {row["for"]: row["_id"] for row in rows}

    async def _made(self, name: str, citizen: str, whom: str) -> str:
        rows, which = self.mongo.collection(name), {"citizen": citizen, "for": whom, "former": False}
        async with answering():
            row = await rows.find_one(which)
            if row is None:
                made: Document = {"_id": new_subject(_BY[name], self.ids.random_bytes), **which}
                try:
                    await rows.insert_one(made)
                except DuplicateKeyError:  # somebody else has just made it
                    row = await rows.find_one(which)
                else:
                    row = made
        assert row is not None, "subjects are not removed while they are made"
        return str(row["_id"])

    # --- people who go

    async def move(self, source: str, to: str) -> None:
        """An account is closed for another of the same person. Moving twice is moving once. Raises: Unavailable."""
        for name in _BY:
            rows = self.mongo.collection(name)
            async with answering():
                for row in await rows.find({"citizen": source}).to_list(None):
                    try:
                        await rows.update_one({"_id": row["_id"]}, {"$set": {"citizen": to}})
                    except DuplicateKeyError:
                        await rows.update_one({"_id": row["_id"]}, {"$set": {"citizen": to, "former": True}})
        self._known.forget()

    async def forget(self, citizen: str, *, tell: Farewell | None = None, app_id: str | None = None) -> None:
        """Nobody can tell any more whom programs mean. tell: each program, in the same transaction, whom it knew.

        app_id: this one alone; what its organisation knows them by stays. Raises: Unavailable.
        """
        which = {"citizen": citizen, **({"for": app_id} if app_id is not None else {})}

        async def work(session: Session) -> None:
            if tell is not None:
                known = self.mongo.collection(OPENIDS).find(which, session=session)
                for row in await known.to_list(None):
                    await tell(row["for"], row["_id"], session)
            for name in _BY:
                await self.mongo.collection(name).delete_many(which, session=session)

        await self.mongo.transaction(work)
        self._known.forget()
