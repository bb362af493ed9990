"""The audit: who did what that matters for security, in a chain that cannot be changed unseen.

Rules
- An entry is written in the transaction of what it tells of: both happen, or neither. It holds ids and codes, nothing
  personal, so that it may be kept when a person is forgotten.
- Entries are linked soon after, in one order, each to the one before: `link = SHA-256(link before ‖ entry)`. Nobody who
  writes an entry waits for another who does.
- A checkpoint says how long the chain is and what its last link is, signed. It goes to MongoDB, to the log and to
  whoever asks for the latest: a chain that was made anew does not hold a checkpoint that somebody kept.
- An entry that is not linked yet can still be changed unseen: that is as long as `seal` is behind, which is seconds.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import orjson
from bson.int64 import Int64
from nacl.exceptions import BadSignatureError
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from core.clock import Clock, to_ms
from core.errors import DomainError, Kind
from core.ids import Ids
from core.keys import KeyRing
from core.mongo import Document, Mongo, Session, answering, ensure_indexes

ENTRIES: Final = "audit_entries"
HEAD: Final = "audit_head"
CHECKPOINTS: Final = "audit_checkpoints"
KEY_PURPOSE: Final = "audit-checkpoint"
# A checkpoint must verify as long as anybody may look back.
KEY_OVERLAP: Final = timedelta(days=365 * 10)
SEAL_EVERY_S: Final = 2.0
_BATCH: Final = 500
_GENESIS: Final = hashlib.sha256(b"CityTong audit").digest()
_KIND: Final = re.compile(r"[a-z_]+\.[a-z_]+")
_CHECKPOINT: Final = re.compile(
    r"citytong-audit/1\n(\d+)\n([A-Za-z0-9+/]{43}=)\n([0-9T:.+-]+)\n\n(\w+) ([A-Za-z0-9+/]{86}==)\n"
)
_INDEXES: Final = {
    ENTRIES: [
        IndexModel(
            [("seq", ASCENDING)], name="in_order", unique=True, partialFilterExpression={"seq": {"$type": "long"}}
        ),
        IndexModel([("waits", ASCENDING), ("_id", ASCENDING)], name="waiting", partialFilterExpression={"waits": True}),
        IndexModel([("subject", ASCENDING), ("_id", DESCENDING)], name="of_subject"),
        IndexModel([("actor", ASCENDING), ("_id", DESCENDING)], name="of_actor"),
    ],
    CHECKPOINTS: [IndexModel([("seq", DESCENDING)], name="latest")],
}

_LOG = logging.getLogger(__name__)

About: TypeAlias = Mapping[str, str | int | bool | Sequence[str]]


class CheckpointMalformed(DomainError):
    code = "AUDIT_CHECKPOINT_MALFORMED"
    kind = Kind.INVALID
    template = "This is not a checkpoint of the audit."
    template_zh = "这不是有效的审计检查点。"


@dataclass(frozen=True, slots=True)
class Entry:
    """kind: `credentials.passkey_added`. actor: who did it. subject: whose account it is about, often the same.

    client: the program it was done with, empty for the city's own. about: ids, codes and numbers.
    """

    id: str
    at: datetime
    kind: str
    actor: str
    subject: str
    client: str
    about: About

    def canonical(self) -> bytes:
        """What is hashed: JSON with sorted keys and without blanks (as RFC 8785 for what stands in it)."""
        told = {
            "id": self.id,
            "at": self.at.isoformat(timespec="milliseconds"),
            "kind": self.kind,
            "actor": self.actor,
            "subject": self.subject,
            "client": self.client,
            "about": dict(self.about),
        }
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain's length and last link at an instant, signed with the key `kid` (Ed25519)."""

    seq: int
    link: bytes
    at: datetime
    kid: str
    signature: bytes

    @property
    def text(self) -> str:
        """As it is kept and told: four lines, a blank one, the signature; see `parse`."""
        return f"{signed_text(self.seq, self.link, self.at)}\n{self.kid} {_b64(self.signature)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Raises: CheckpointMalformed."""
        found = _CHECKPOINT.fullmatch(text)
        if found is None:
            raise CheckpointMalformed()
        try:
            at = datetime.fromisoformat(found[3])
        except ValueError as fault:
            raise CheckpointMalformed() from fault
        return cls(int(found[1]), base64.b64decode(found[2]), at, found[4], base64.b64decode(found[5]))


@dataclass(frozen=True, slots=True)
class Proof:
    """What checking the whole chain found. entries: linked ones; waiting: those not linked yet. faults: sentences."""

    entries: int
    waiting: int
    checkpoints: int
    faults: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.faults


def link_of(before: bytes, entry: Entry) -> bytes:
    return hashlib.sha256(before + entry.canonical()).digest()


def signed_text(seq: int, link: bytes, at: datetime) -> str:
    return f"citytong-audit/1\n{seq}\n{_b64(link)}\n{at.isoformat(timespec='milliseconds')}\n"


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Writes, links and proves. keys: an Ed25519 ring of `KEY_PURPOSE`."""

    mongo: Mongo
    keys: KeyRing
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)
        await self.keys.open()

    async def append(
        self,
        kind: str,
        *,
        actor: str,
        subject: str = "",
        client: str = "",
        about: About | None = None,
        session: Session,
    ) -> Entry:
        """Add an entry to the caller's transaction."""
        if not _KIND.fullmatch(kind):
            raise ValueError("a kind is `wing.past_tense`")
        entry = Entry(self.ids.new("aud"), to_ms(self.clock.now()), kind, actor, subject or actor, client, about or {})
        row = {
            "_id": entry.id,
            "at": entry.at,
            "kind": kind,
            "actor": actor,
            "subject": entry.subject,
            "client": client,
            "about": dict(entry.about),
            "waits": True,
        }
        await self.mongo.collection(ENTRIES).insert_one(row, session=session)
        return entry

    # --- the chain

    async def seal(self) -> Checkpoint | None:
        """Link what waits and sign where the chain ends; None when nothing waited. Raises: Unavailable.

        Of two processes that do so at once, the second begins again after the first.
        """
        while await self.mongo.transaction(self._link_batch) == _BATCH:
            pass
        return await self._checkpoint()

    async def _link_batch(self, session: Session) -> int:
        head = await self._head(session)
        seq, link = head["seq"], bytes(head["link"])
        waiting = self.mongo.collection(ENTRIES).find({"waits": True}, session=session)
        rows = await waiting.sort("_id", ASCENDING).limit(_BATCH).to_list(None)
        writes = []
        for row in rows:
            seq, link = seq + 1, link_of(link, _entry(row))
            told = {"$set": {"seq": Int64(seq), "link": link}, "$unset": {"waits": ""}}
            writes.append(UpdateOne({"_id": row["_id"]}, told))
        if writes:
            await self.mongo.collection(ENTRIES).bulk_write(writes, session=session)
            await self.mongo.collection(HEAD).update_one(
                {"_id": "head"}, {"$set": {"seq": Int64(seq), "link": link}}, upsert=True, session=session
            )
        return len(rows)

    async def _checkpoint(self) -> Checkpoint | None:
        async with answering():
            head = await self.mongo.collection(HEAD).find_one({"_id": "head"})
        latest = await self.latest()
        if head is None or (latest is not None and latest.seq >= head["seq"]):
            return None
        made = self._signed(head["seq"], bytes(head["link"]))
        row = {"_id": self.ids.new("chk"), "seq": Int64(made.seq), "text": made.text}
        async with answering():
            await self.mongo.collection(CHECKPOINTS).insert_one(row)
        _LOG.info("audit checkpoint", extra={"facts": {"seq": made.seq, "link": _b64(made.link), "kid": made.kid}})
        return made

    def _signed(self, seq: int, link: bytes) -> Checkpoint:
        key, at = self.keys.active, to_ms(self.clock.now())
        signature = key.ed25519.sign(signed_text(seq, link, at).encode()).signature
        return Checkpoint(seq, link, at, key.kid, signature)

    async def latest(self) -> Checkpoint | None:
        """The newest checkpoint. Raises: Unavailable."""
        async with answering():
            row = await self.mongo.collection(CHECKPOINTS).find_one({}, sort=[("seq", DESCENDING)])
        return Checkpoint.parse(row["text"]) if row else None

    async def _head(self, session: Session) -> Document:
        head = await self.mongo.collection(HEAD).find_one({"_id": "head"}, session=session)
        return head or {"seq": 0, "link": _GENESIS}

    # --- the proof

    async def prove(self, *, kept: Checkpoint | None = None) -> Proof:
        """Read the whole chain and every checkpoint. kept: one from elsewhere, which this chain must hold.

        Raises: Unavailable.
        """
        faults: list[str] = []
        wanted = await self._signatures(faults)
        if kept is not None:
            await self._check_signature(kept, "the checkpoint that was kept", faults)
            wanted.setdefault(kept.seq, []).append((kept.link, "the checkpoint that was kept"))
        seq, link = 0, _GENESIS
        async for row in self._linked():
            seq, link = seq + 1, link_of(link, _entry(row))
            if row["seq"] != seq:
                faults.append(f"Entry {seq} is missing: {row['_id']} stands as number {row['seq']}.")
                break
            if bytes(row["link"]) != link:
                faults.append(f"Entry {seq} ({row['_id']}), or one before it, was changed.")
                break
            for said, name in wanted.pop(seq, ()):
                if said != link:
                    faults.append(f"Entry {seq} is not what {name} says.")
        if not faults:
            faults += [
                f"Entries are missing: {name} counts {n}, the chain {seq}." for n in wanted for _, name in wanted[n]
            ]
        async with answering():
            waiting = await self.mongo.collection(ENTRIES).count_documents({"waits": True})
            checkpoints = await self.mongo.collection(CHECKPOINTS).count_documents({})
        return Proof(seq, waiting, checkpoints, tuple(faults))

    async def _linked(self) -> AsyncIterator[Document]:
        async with answering():
            async for row in self.mongo.collection(ENTRIES).find({"seq": {"$gt": 0}}).sort("seq", ASCENDING):
                yield row

    async def _signatures(self, faults: list[str]) -> dict[int, list[tuple[bytes, str]]]:
        """What checkpoints say of the chain, by its length. Those that are not ours are faults."""
        said: dict[int, list[tuple[bytes, str]]] = {}
        async with answering():
            rows = await self.mongo.collection(CHECKPOINTS).find({}).sort("seq", ASCENDING).to_list(None)
        for row in rows:
            name = f"checkpoint {row['_id']}"
            try:
                checkpoint = Checkpoint.parse(row["text"])
            except CheckpointMalformed:
                faults.append(f"The {name} is malformed.")
                continue
            await self._check_signature(checkpoint, f"the {name}", faults)
            said.setdefault(checkpoint.seq, []).append((checkpoint.link, f"the {name}"))
        return said

    async def _check_signature(self, checkpoint: Checkpoint, name: str, faults: list[str]) -> None:
        key = await self.keys.find(checkpoint.kid)
        text = signed_text(checkpoint.seq, checkpoint.link, checkpoint.at).encode()
        try:
            if key is None:
                raise BadSignatureError
            key.ed25519.verify_key.verify(text, checkpoint.signature)
        except BadSignatureError:
            faults.append(f"The signature of {name} is not ours.")


def _entry(row: Document) -> Entry:
    return Entry(row["_id"], row["at"], row["kind"], row["actor"], row["subject"], row["client"], row["about"])


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
