"""Words of templates, subscriptions and messages on their way, in MongoDB.

Rules
- Words are written, handed in with a version, and good from its approval on; each step is a column of its own. What
  an officer refused is not good with the version, nor handed in anew without a change.
- What waits for an officer has a place in one queue (`queued`), worked out anew by whatever changes the row.
- A subscription counts how many messages the citizen asked for and did not get yet; sending takes one, or nothing is
  sent. It holds no word of theirs but what they chose, and the digest of what they were shown.
- A message is kept a day: so long its idempotency key stands for it. Its data are sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from pymongo import ASCENDING, IndexModel

from core.crypto import FieldCipher, digest
from core.locale import Text
from core.mongo import Document, Mongo, Session, answering, ensure_indexes, move_rows
from core.paging import Page, PageRequest
from core.resealing import SealedField
from miniapps.backends.templates import TemplateState, Words

TEMPLATES: Final = "mini_templates"
SUBSCRIPTIONS: Final = "mini_subscriptions"
MESSAGES: Final = "mini_messages"
KEPT_FOR: Final = timedelta(hours=24)
# So many yeses of one template are kept; who asks on and on gathers no more.
LEFT_MAX: Final = 50
_PURPOSE: Final = "mini.message"
SEALED: Final = (SealedField(MESSAGES, "sealed", _PURPOSE),)
# Its place in the queue, the longest waiting first; empty for what nobody has to decide about.
_QUEUE: Final[Document] = {
    "$set": {
        "queued": {
            "$cond": [
                {
                    "$and": [
                        {"$eq": [{"$type": "$handed_in"}, "object"]},
                        {"$ne": ["$handed_in", "$approved"]},
                        {"$ne": ["$banned", True]},
                        {"$eq": [{"$ifNull": ["$refused_because", ""]}, ""]},
                    ]
                },
                {"$concat": [{"$dateToString": {"date": "$handed_in_at"}}, " ", "$_id"]},
                "",
            ]
        }
    }
}
_INDEXES: Final = {
    TEMPLATES: [
        IndexModel([("queued", ASCENDING)], name="queue", partialFilterExpression={"queued": {"$gt": ""}}),
    ],
    SUBSCRIPTIONS: [
        IndexModel(
            [("citizen", ASCENDING), ("app_id", ASCENDING), ("template", ASCENDING)], name="one_each", unique=True
        )
    ],
    MESSAGES: [
        IndexModel([("app_id", ASCENDING), ("key", ASCENDING)], name="once", unique=True),
        IndexModel([("citizen", ASCENDING)], name="of_citizen"),
        IndexModel([("expires_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
}


@dataclass(frozen=True, slots=True)
class Template:
    """approved: the words that citizens are shown; None until a version with it is approved. banned: by the city.

    handed_in_at: when reviewers got these words. refused_because: an officer's reason not to take what was handed in;
    banned_because: to ban it, or to lift that. queued: its place among those that wait; empty where nobody decides.
    """

    app_id: str
    name: str
    draft: Words | None
    handed_in: Words | None
    approved: Words | None
    banned: bool
    refused_because: str = ""
    banned_because: str = ""
    handed_in_at: datetime | None = None
    queued: str = ""

    @property
    def state(self) -> TemplateState:
        """Of what was handed in last."""
        if self.banned:
            return TemplateState.BANNED
        if self.handed_in is None:
            return TemplateState.WRITTEN
        if self.refused_because:
            return TemplateState.REFUSED
        return TemplateState.APPROVED if self.handed_in == self.approved else TemplateState.WAITING

    @property
    def revision(self) -> str:
        """Names the words that were handed in; empty where none were."""
        if self.handed_in is None:
            return ""
        return digest(orjson.dumps(_words_row(self.handed_in)).decode()).hex()[:16]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """left: messages that were asked for and not sent yet. always: what the citizen wants without being asked; None:
    to be asked.
    """

    app_id: str
    template: str
    left: int
    always: bool | None


@dataclass(frozen=True, slots=True)
class Message:
    """digest: of all that its sender said, so that its key stands for nothing else. data: for the places."""

    id: str
    app_id: str
    citizen: str
    template: str
    page: str
    key: str
    digest: str
    at: datetime
    data: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageShelf:
    """Every method raises Unavailable when MongoDB does not answer."""

    mongo: Mongo
    cipher: FieldCipher

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)
            # Of rows from before there was a queue, nobody knows since when they wait.
            since: Document = {"$set": {"handed_in_at": {"$ifNull": ["$handed_in_at", "$$NOW"]}}}
            await self.mongo.collection(TEMPLATES).update_many({"queued": {"$exists": False}}, [since, _QUEUE])

    # --- words

    async def waiting(self, *, request: PageRequest) -> Page[Template]:
        """Of all programs, those that an officer has to decide about; who waits longest comes first."""
        wanted = {"queued": {"$gt": request.after or ""}}
        async with answering():
            found = self.mongo.collection(TEMPLATES).find(wanted).sort("queued", ASCENDING)
            rows = await found.limit(request.limit).to_list(None)
        return Page.of(rows=[_template(row) for row in rows], keys=[row["queued"] for row in rows], request=request)

    async def templates(self, app_id: str, *, session: Session | None = None) -> dict[str, Template]:
        """By their names."""
        async with answering():
            rows = await self.mongo.collection(TEMPLATES).find({"app_id": app_id}, session=session).to_list(None)
        return {row["name"]: _template(row) for row in rows}

    async def write(self, app_id: str, name: str, words: Words, *, session: Session) -> None:
        await self._change(app_id, name, {"draft": _words_row(words)}, session)

    async def ban(self, app_id: str, name: str, *, banned: bool, because: str, session: Session) -> None:
        await self._change(app_id, name, {"banned": banned, "banned_because": because}, session)

    async def refuse(self, app_id: str, name: str, *, because: str, session: Session) -> None:
        """What was handed in is not taken; what was good before still is."""
        await self._change(app_id, name, {"refused_because": because}, session)

    async def accept(self, one: Template, *, session: Session) -> None:
        """What was handed in is good from now on."""
        assert one.handed_in is not None, "somebody looked at it"
        await self._change(
            one.app_id, one.name, {"approved": _words_row(one.handed_in), "refused_because": ""}, session
        )

    async def _change(self, app_id: str, name: str, change: Mapping[str, Any], session: Session) -> None:
        # Words are texts, whatever they begin with.
        row = {"$set": {"app_id": app_id, "name": name, **{key: {"$literal": one} for key, one in change.items()}}}
        await self.mongo.collection(TEMPLATES).update_one(
            {"_id": f"{app_id}:{name}"}, [row, _QUEUE], upsert=True, session=session
        )

    async def hand_in(self, app_id: str, *, at: datetime, session: Session) -> None:
        """What was written stands before the reviewers as it is now."""
        same = {"$eq": ["$draft", "$handed_in"]}
        told = {
            "handed_in": "$draft",
            "handed_in_at": {"$cond": [same, {"$ifNull": ["$handed_in_at", at]}, at]},
            "refused_because": {"$cond": [same, {"$ifNull": ["$refused_because", ""]}, ""]},
        }
        await self._all(app_id, {"draft": {"$exists": True}}, told, session)

    async def approve(self, app_id: str, *, session: Session) -> None:
        """What stood before them is good, but for what was refused."""
        wanted = {"handed_in": {"$exists": True}, "refused_because": {"$in": [None, ""]}}
        await self._all(app_id, wanted, {"approved": "$handed_in"}, session)

    async def _all(self, app_id: str, wanted: Document, told: Document, session: Session) -> None:
        which = {"app_id": app_id, **wanted}
        await self.mongo.collection(TEMPLATES).update_many(which, [{"$set": told}, _QUEUE], session=session)

    # --- subscriptions

    async def subscribed(self, citizen: str, *, app_id: str | None = None) -> dict[tuple[str, str], Subscribed]:
        """By program and template."""
        wanted = {"citizen": citizen, **({"app_id": app_id} if app_id else {})}
        async with answering():
            rows = await self.mongo.collection(SUBSCRIPTIONS).find(wanted).to_list(None)
        return {
            (row["app_id"], row["template"]): Subscribed(row["app_id"], row["template"], row["left"], row["always"])
            for row in rows
        }

    async def subscribe(
        self,
        citizen: str,
        app_id: str,
        template: str,
        *,
        always: bool | None,
        shown: str,
        at: datetime,
        session: Session,
    ) -> None:
        """One message more. always: None leaves it. shown: the digest of what they read."""
        change: list[Document] = [
            {
                "$set": {
                    "citizen": citizen,
                    "app_id": app_id,
                    "template": template,
                    "left": {"$min": [{"$add": [{"$ifNull": ["$left", 0]}, 1]}, LEFT_MAX]},
                    "always": {"$ifNull": ["$always", None]} if always is None else always,
                    "shown": shown,
                    "at": at,
                }
            }
        ]
        which = {"citizen": citizen, "app_id": app_id, "template": template}
        await self.mongo.collection(SUBSCRIPTIONS).update_one(which, change, upsert=True, session=session)

    async def settle(
        self, citizen: str, app_id: str, template: str, *, always: bool | None, at: datetime, session: Session
    ) -> None:
        """Nothing more is sent until they say yes again. always: False where they are not to be asked either."""
        which = {"citizen": citizen, "app_id": app_id, "template": template}
        change = {"$set": {"left": 0, "always": always, "at": at}}
        await self.mongo.collection(SUBSCRIPTIONS).update_one(which, change, upsert=True, session=session)

    async def spend(self, citizen: str, app_id: str, template: str, *, session: Session) -> bool | None:
        """Take one; False where all were sent, None where none was asked for."""
        which = {"citizen": citizen, "app_id": app_id, "template": template}
        rows = self.mongo.collection(SUBSCRIPTIONS)
        done = await rows.update_one({**which, "left": {"$gt": 0}}, {"$inc": {"left": -1}}, session=session)
        if done.modified_count:
            return True
        row = await rows.find_one(which, session=session)
        return False if row and row["always"] is not False and row.get("shown") else None

    async def move(self, source: str, to: str) -> None:
        """An account is closed for another of the same person, who keeps what they chose there. Twice is once."""
        await move_rows(self.mongo.collection(SUBSCRIPTIONS), "citizen", source=source, to=to)

    async def forget(self, citizen: str, *, app_id: str | None = None) -> None:
        """app_id: of this program alone."""
        which = {"citizen": citizen, **({"app_id": app_id} if app_id is not None else {})}
        async with answering():
            await self.mongo.collection(SUBSCRIPTIONS).delete_many(which)
            await self.mongo.collection(MESSAGES).delete_many(which)

    # --- messages

    async def keyed(self, app_id: str, key: str) -> tuple[str, str] | None:
        """The id and the digest of the message that a key stands for."""
        async with answering():
            row = await self.mongo.collection(MESSAGES).find_one({"app_id": app_id, "key": key}, {"digest": 1})
        return (row["_id"], row["digest"]) if row else None

    async def add(self, one: Message, *, session: Session) -> None:
        """Raises: DuplicateKeyError where its key stands for one already."""
        row = {
            "_id": one.id,
            "app_id": one.app_id,
            "citizen": one.citizen,
            "template": one.template,
            "page": one.page,
            "key": one.key,
            "digest": one.digest,
            "at": one.at,
            "expires_at": one.at + KEPT_FOR,
            "sealed": self.cipher.seal(orjson.dumps(dict(one.data)), purpose=_PURPOSE, owner=one.id),
        }
        await self.mongo.collection(MESSAGES).insert_one(row, session=session)

    async def message(self, id: str, *, session: Session) -> Message | None:
        row = await self.mongo.collection(MESSAGES).find_one({"_id": id}, session=session)
        if row is None:
            return None
        data = orjson.loads(self.cipher.open(row["sealed"], purpose=_PURPOSE, owner=id))
        told = {name: row[name] for name in ("app_id", "citizen", "template", "page", "key", "digest", "at")}
        return Message(id=id, data=data, **told)


def _words_row(words: Words) -> Document:
    return {
        "title": {"zh": words.title.zh, "en": words.title.en},
        "body": {"zh": words.body.zh, "en": words.body.en},
    }


def _words(row: Document | None) -> Words | None:
    return Words(Text(**row["title"]), Text(**row["body"])) if row else None


def _template(row: Document) -> Template:
    return Template(
        app_id=row["app_id"],
        name=row["name"],
        draft=_words(row.get("draft")),
        handed_in=_words(row.get("handed_in")),
        approved=_words(row.get("approved")),
        banned=bool(row.get("banned")),
        refused_because=row.get("refused_because", ""),
        banned_because=row.get("banned_because", ""),
        handed_in_at=row.get("handed_in_at") if row.get("handed_in") else None,
        queued=row.get("queued", ""),
    )
