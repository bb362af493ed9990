"""What must be remembered of messages: whom the city told what, and what they have read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel

from core.mongo import Document, Mongo, Session, answering, ensure_indexes, move_rows
from core.paging import Page, PageRequest
from core.resealing import SealedField
from notifications.model import (
    MESSAGE_KEPT,
    UNREAD_COUNTED_MAX,
    Category,
    Notification,
    Priority,
    message_id,
)
from notifications.sealing import VARIABLES

R = TypeVar("R")

_MESSAGES: Final = "notifications_messages"
SEALED: Final = (SealedField(_MESSAGES, "sealed", VARIABLES),)
_NEWEST_FIRST: Final = [("citizen", ASCENDING), ("_id", DESCENDING)]
_INDEXES: Final = {
    _MESSAGES: [
        IndexModel([("citizen", ASCENDING), ("dedup", ASCENDING)], name="once", unique=True),
        IndexModel(_NEWEST_FIRST, name="inbox", partialFilterExpression={"inbox": True}),
        # Small: what is read leaves it, so counting what is unread touches nothing else.
        IndexModel(_NEWEST_FIRST, name="unread", partialFilterExpression={"unread": True}),
        IndexModel([("forget_at", ASCENDING)], name="forget", expireAfterSeconds=0),
    ]
}


class MessageStore:
    """The inboxes."""

    def __init__(self, *, mongo: Mongo) -> None:
        self._mongo = mongo
        self._messages = mongo.collection(_MESSAGES)

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: what `work` raises, Unavailable."""
        return await self._mongo.transaction(work)

    async def add(self, message: Notification, *, session: Session) -> bool:
        """Put the message where it belongs; False when the citizen has been told this already."""
        once = {"citizen": message.citizen, "dedup": message.dedup_key}
        # An upsert and not an insert: a duplicate key would end the caller's transaction.
        written = await self._messages.update_one(
            once, {"$setOnInsert": _row_of(message)}, upsert=True, session=session
        )
        return written.upserted_id is not None

    async def inbox(self, citizen: str, *, page: PageRequest, unread_only: bool) -> Page[Notification]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        query: dict[str, Any] = {"citizen": citizen, "unread" if unread_only else "inbox": True}
        if page.after is not None:
            query["_id"] = {"$lt": message_id(page.after)}
        async with answering():
            rows = await self._messages.find(query).sort("_id", DESCENDING).limit(page.limit).to_list(page.limit)
        messages = [_message_of(row) for row in rows]
        return Page.of(rows=messages, keys=[message.id for message in messages], request=page)

    async def find(self, citizen: str, ids: Sequence[str]) -> dict[str, Notification]:
        """Those of the messages that lie in this citizen's inbox, by id. Raises: Unavailable."""
        query = {"_id": {"$in": list(ids)}, "citizen": citizen, "inbox": True}
        async with answering():
            rows = await self._messages.find(query).to_list(len(ids))
        return {row["_id"]: _message_of(row) for row in rows}

    async def ids_of(self, citizen: str) -> list[str]:
        """Every message of a citizen. Raises: Unavailable."""
        async with answering():
            return [row["_id"] async for row in self._messages.find({"citizen": citizen}, {"_id": 1})]

    async def move(self, citizen: str, to: str) -> None:
        """Put every message of somebody into the inbox of another account of theirs; what that was told already goes.

        Raises: Unavailable.
        """
        await move_rows(self._messages, "citizen", source=citizen, to=to)

    async def forget(self, citizen: str) -> None:
        """Delete every message of a citizen whose account is gone. Raises: Unavailable."""
        async with answering():
            await self._messages.delete_many({"citizen": citizen})

    async def by_id(self, ids: Sequence[str]) -> dict[str, Notification]:
        """For those who send. Raises: Unavailable."""
        async with answering():
            rows = await self._messages.find({"_id": {"$in": list(ids)}}).to_list(len(ids))
        return {row["_id"]: _message_of(row) for row in rows}

    async def unread(self, citizen: str) -> int:
        """How many are unread, counted up to `UNREAD_COUNTED_MAX`. Raises: Unavailable."""
        query = {"citizen": citizen, "unread": True}
        async with answering():
            return await self._messages.count_documents(query, limit=UNREAD_COUNTED_MAX, hint="unread")

    async def mark_read(self, citizen: str, *, ids: Sequence[str], now: datetime) -> int:
        """How many of these became read by this. Raises: Unavailable."""
        return await self._mark({"citizen": citizen, "unread": True, "_id": {"$in": list(ids)}}, now)

    async def mark_all_read(self, citizen: str, *, up_to: str | None, now: datetime) -> int:
        """How many became read by this: those up to one message, or all. Raises: Unavailable."""
        bound = {"_id": {"$lte": up_to}} if up_to else {}
        return await self._mark({"citizen": citizen, "unread": True, **bound}, now)

    async def _mark(self, query: Mapping[str, Any], now: datetime) -> int:
        change = {"$set": {"read_at": now}, "$unset": {"unread": ""}}
        async with answering():
            marked = await self._messages.update_many(query, change)
        return marked.modified_count


def _row_of(message: Notification) -> Document:
    row: Document = {
        "_id": message.id,
        "template": message.template,
        "version": message.version,
        "sealed": message.sealed,
        "category": message.category.value,
        "priority": message.priority.value,
        "link": message.link,
        "at": message.at,
        "not_before": message.not_before,
        "expires_at": message.expires_at,
        "forget_at": message.at + MESSAGE_KEPT if message.inbox else message.expires_at,
    }
    return {**row, "inbox": True, "unread": True} if message.inbox else row


def _message_of(row: Document) -> Notification:
    return Notification(
        id=row["_id"],
        citizen=row["citizen"],
        template=row["template"],
        version=row["version"],
        sealed=row["sealed"],
        category=Category(row["category"]),
        priority=Priority(row["priority"]),
        link=row["link"],
        dedup_key=row["dedup"],
        at=row["at"],
        not_before=row["not_before"],
        expires_at=row["expires_at"],
        inbox=row.get("inbox", False),
        read_at=row.get("read_at"),
    )
