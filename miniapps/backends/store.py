"""Webhooks and what they tell, in MongoDB.

Rules
- A program's row says from when on something of it is due; who works for a program holds its row meanwhile, so a
  program is called by one process at a time.
- What is told is sealed: it holds openids.
- A row says no more than its state, and leaves after thirty days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from core.crypto import FieldCipher
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.resealing import SealedField
from miniapps.backends.model import KEPT_FOR, Delivery, DeliveryState, Kind, Webhook

WEBHOOKS: Final = "mini_webhooks"
DELIVERIES: Final = "mini_webhook_deliveries"
_PURPOSE: Final = "mini.webhook"
SEALED: Final = (SealedField(DELIVERIES, "sealed", _PURPOSE),)
# The first delivery of each program that has one pending, by the index `due`, which holds no other: one key is read of
# each program, however much waits for it.
FIRST_OF_EACH: Final[Sequence[Document]] = (
    {"$sort": {"app_id": 1, "next_at": 1}},
    {"$group": {"_id": "$app_id", "next_at": {"$first": "$next_at"}}},
)
_INDEXES: Final = {
    WEBHOOKS: [IndexModel([("failing", ASCENDING), ("due_at", ASCENDING)], name="due", sparse=True)],
    DELIVERIES: [
        IndexModel([("app_id", ASCENDING), ("_id", DESCENDING)], name="of_app"),
        IndexModel(
            [("app_id", ASCENDING), ("next_at", ASCENDING)],
            name="due",
            partialFilterExpression={"next_at": {"$exists": True}},
        ),
        IndexModel([("expires_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
}


@dataclass(frozen=True, slots=True)
class WebhookStore:
    """Every method raises Unavailable when MongoDB does not answer."""

    mongo: Mongo
    cipher: FieldCipher

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    # --- the address

    async def webhook(self, app_id: str, *, session: Session | None = None) -> Webhook | None:
        async with answering():
            row = await self.mongo.collection(WEBHOOKS).find_one({"_id": app_id}, session=session)
        return _webhook(row) if row else None

    async def put(self, one: Webhook, *, session: Session) -> None:
        change = {"$set": {**_row(one), "due_at": one.set_at}, "$unset": {"busy_until": ""}}
        await self.mongo.collection(WEBHOOKS).update_one({"_id": one.app_id}, change, upsert=True, session=session)

    async def remove(self, app_id: str, *, session: Session) -> None:
        await self.mongo.collection(WEBHOOKS).delete_one({"_id": app_id}, session=session)
        await self._bury(app_id, session)

    async def _bury(self, app_id: str, session: Session) -> None:
        """What waits is told no more unless it is replayed."""
        await self.mongo.collection(DELIVERIES).update_many(
            {"app_id": app_id, "next_at": {"$exists": True}},
            {"$set": {"state": DeliveryState.DEAD.value}, "$unset": {"next_at": ""}},
            session=session,
        )

    # --- what is told

    async def add(self, one: Delivery, body: bytes, *, session: Session) -> None:
        row = {
            "_id": one.id,
            "app_id": one.app_id,
            "kind": one.kind.value,
            "sealed": self.cipher.seal(body, purpose=_PURPOSE, owner=one.id),
            "created_at": one.created_at,
            "expires_at": one.created_at + KEPT_FOR,
            **_standing(one),
        }
        await self.mongo.collection(DELIVERIES).insert_one(row, session=session)
        await self._due(one, session)

    async def again(self, one: Delivery, *, session: Session) -> None:
        await self.mongo.collection(DELIVERIES).update_one({"_id": one.id}, {"$set": _standing(one)}, session=session)
        await self._due(one, session)

    async def _due(self, one: Delivery, session: Session) -> None:
        change = {"$min": {"due_at": one.next_at}}
        await self.mongo.collection(WEBHOOKS).update_one({"_id": one.app_id}, change, session=session)

    async def delivery(self, app_id: str, id: str, *, session: Session) -> Delivery | None:
        row = await self.mongo.collection(DELIVERIES).find_one({"_id": id, "app_id": app_id}, session=session)
        return _delivery(row) if row else None

    async def deliveries(self, app_id: str, *, limit: int, after: str | None) -> list[Delivery]:
        """The newest first. after: an id of the page before."""
        wanted: Document = {"app_id": app_id, **({"_id": {"$lt": after}} if after else {})}
        async with answering():
            found = self.mongo.collection(DELIVERIES).find(wanted, {"sealed": 0})
            rows = await found.sort("_id", DESCENDING).limit(limit).to_list(None)
        return [_delivery(row) for row in rows]

    # --- telling it

    async def claim(self, *, failing: bool, now: datetime, until: datetime) -> Webhook | None:
        """The program for which something has been due for longest; nobody else works for it until then.

        failing: of those whose last call failed, or of the others.
        """
        wanted = {"failing": failing, "due_at": {"$lte": now}, "busy_until": {"$not": {"$gt": now}}}
        change = {"$set": {"due_at": until, "busy_until": until}}
        async with answering():
            row = await self.mongo.collection(WEBHOOKS).find_one_and_update(
                wanted, change, sort=[("due_at", ASCENDING)], return_document=True
            )
        return _webhook(row) if row else None

    async def wake(self, now: datetime) -> bool:
        """Make those programs due of which a delivery is and they are not; True where there was one.

        A transaction that adds a delivery to a program that is due already changes nothing of its row, so it meets no
        claim. One that commits after the claim's release would be seen by nobody.
        """
        due: list[Document] = [*FIRST_OF_EACH, {"$match": {"next_at": {"$lte": now}}}]
        async with answering():
            found = await self.mongo.collection(DELIVERIES).aggregate(due, hint="due")
            apps = [row["_id"] async for row in found]
            asleep = {"_id": {"$in": apps}, "due_at": {"$exists": False}, "disabled_at": None}
            done = await self.mongo.collection(WEBHOOKS).update_many(asleep, {"$set": {"due_at": now}})
        return done.modified_count > 0

    async def due(self, app_id: str, *, now: datetime, limit: int) -> list[tuple[Delivery, bytes]]:
        """With the bodies, those first that have been due for longest."""
        wanted = {"app_id": app_id, "next_at": {"$lte": now}}
        async with answering():
            found = self.mongo.collection(DELIVERIES).find(wanted)
            rows = await found.sort("next_at", ASCENDING).limit(limit).to_list(None)
        return [(_delivery(row), self.cipher.open(row["sealed"], purpose=_PURPOSE, owner=row["_id"])) for row in rows]

    async def note(self, before: Delivery, after: Delivery) -> None:
        """What became of a call, unless it was replayed meanwhile."""
        standing = _standing(after)
        change: Document = {"$set": {name: value for name, value in standing.items() if value is not None}}
        if gone := {name: "" for name in ("next_at", "last_status") if standing.get(name) is None}:
            change["$unset"] = gone
        async with answering():
            await self.mongo.collection(DELIVERIES).update_one(
                {"_id": before.id, "attempts": before.attempts, "next_at": before.next_at}, change
            )

    async def release(self, one: Webhook, *, until: datetime, not_before: datetime) -> None:
        """Give back what was claimed until then. one: as it stands now. not_before: when it is anybody's turn again."""
        async with answering():
            first = await self.mongo.collection(DELIVERIES).find_one(
                {"app_id": one.app_id, "next_at": {"$exists": True}}, {"next_at": 1}, sort=[("next_at", ASCENDING)]
            )
            due_at = max(first["next_at"], not_before) if first else None
            # What was added since the claim made it due earlier. No member where nothing is: a null comes before dates.
            earlier = {"$cond": [{"$lt": ["$due_at", until]}, {"$min": ["$due_at", due_at]}, due_at or "$$REMOVE"]}
            told = {**_standing_of(one), "due_at": earlier, "busy_until": None}
            await self.mongo.collection(WEBHOOKS).update_one({"_id": one.app_id, "url": one.url}, [{"$set": told}])

    async def disable(self, one: Webhook) -> None:
        """It is called no more. one: as it stands then."""

        async def work(session: Session) -> None:
            change = {"$set": _standing_of(one), "$unset": {"due_at": "", "busy_until": ""}}
            wanted = {"_id": one.app_id, "url": one.url}
            await self.mongo.collection(WEBHOOKS).update_one(wanted, change, session=session)
            await self._bury(one.app_id, session)

        await self.mongo.transaction(work)


def _row(one: Webhook) -> Document:
    return {"url": one.url, "set_at": one.set_at, **_standing_of(one)}


def _standing_of(one: Webhook) -> Document:
    failing = one.failing_since is not None
    return {"failing_since": one.failing_since, "disabled_at": one.disabled_at, "failing": failing}


def _webhook(row: Document) -> Webhook:
    return Webhook(row["_id"], row["url"], row["set_at"], row["failing_since"], row["disabled_at"])


def _standing(one: Delivery) -> Document:
    """Of a pending one with when it is due; what is not there is looked for by no index."""
    due = {"next_at": one.next_at} if one.next_at is not None else {}
    return {"state": one.state.value, "attempts": one.attempts, "last_status": one.last_status, **due}


def _delivery(row: Document) -> Delivery:
    return Delivery(
        id=row["_id"],
        app_id=row["app_id"],
        kind=Kind(row["kind"]),
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        last_status=row.get("last_status"),
        created_at=row["created_at"],
        next_at=row.get("next_at"),
    )
