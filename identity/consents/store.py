"""The consent ledger in MongoDB.

Rules
- `identity_consents` says how things stand, one row for each citizen, client and purpose; `identity_consent_entries`
  says how they came about, and only grows. Both are written in one transaction.
- A text that was shown is kept once, under its hash. Nothing in here is personal: ids, codes and texts for everybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel

from core.locale import Locale
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from identity.consents.model import CONSENTS_MAX, Act, Consent, Entry, Grant, LegalBasis, Shown

R = TypeVar("R")

CONSENTS: Final = "identity_consents"
ENTRIES: Final = "identity_consent_entries"
TEXTS: Final = "identity_consent_texts"
_INDEXES: Final = {
    CONSENTS: [
        IndexModel(
            [("citizen", ASCENDING), ("client", ASCENDING), ("purpose", ASCENDING)], name="one_each", unique=True
        ),
        IndexModel([("citizen", ASCENDING), ("_id", DESCENDING)], name="of_citizen"),
    ],
    ENTRIES: [IndexModel([("consent", ASCENDING), ("number", ASCENDING)], name="of_consent", unique=True)],
}


class ConsentStore:
    """What is remembered of consents."""

    def __init__(self, *, mongo: Mongo) -> None:
        self._mongo = mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """All of `work`'s writes or none; `work` may run several times. Raises: Unavailable."""
        return await self._mongo.transaction(work)

    async def consents(self, citizen: str, *, client: str | None = None) -> list[Consent]:
        """A citizen's, also withdrawn ones, newest first; `client`: those of one program."""
        query = {"citizen": citizen} if client is None else {"citizen": citizen, "client": client}
        async with answering():
            cursor = self._mongo.collection(CONSENTS).find(query)
            rows = await cursor.sort("_id", DESCENDING).limit(CONSENTS_MAX).to_list(None)
        return [_consent(row) for row in rows]

    async def standing(
        self, *, citizen: str, client: str, purpose: str, session: Session | None = None
    ) -> Consent | None:
        query = {"citizen": citizen, "client": client, "purpose": purpose}
        if session is not None:
            row = await self._mongo.collection(CONSENTS).find_one(query, session=session)
        else:
            async with answering():
                row = await self._mongo.collection(CONSENTS).find_one(query)
        return _consent(row) if row else None

    async def consent(self, consent_id: str, *, session: Session) -> Consent | None:
        row = await self._mongo.collection(CONSENTS).find_one({"_id": consent_id}, session=session)
        return _consent(row) if row else None

    async def put(self, consent: Consent, *, session: Session) -> None:
        """Say how things stand now. A transaction that does so at the same time begins again."""
        row = {
            "citizen": consent.citizen,
            "client": consent.client,
            "purpose": consent.purpose,
            "basis": consent.basis.value,
            "grants": {name: {"at": grant.at, "until": grant.until} for name, grant in consent.grants.items()},
            "since": consent.since,
            "acts": consent.acts,
            "withdrawn_at": consent.withdrawn_at,
        }
        await self._mongo.collection(CONSENTS).update_one(
            {"_id": consent.id}, {"$set": row}, upsert=True, session=session
        )

    async def enter(self, entry: Entry, *, shown: Shown | None, session: Session) -> None:
        """Add an act to the ledger, with the text that it rests on."""
        row = {
            "_id": entry.id,
            "consent": entry.consent,
            "number": entry.number,
            "act": entry.act.value,
            "fields": list(entry.fields),
            "at": entry.at,
            "until": entry.until,
            "by": entry.by,
            "asked_hash": entry.asked_hash,
            "text_hash": entry.text_hash,
            "locale": entry.locale.value if entry.locale else None,
        }
        await self._mongo.collection(ENTRIES).insert_one(row, session=session)
        if shown is not None:
            text = {"text": shown.text, "locale": shown.locale.value}
            await self._mongo.collection(TEXTS).update_one(
                {"_id": entry.text_hash}, {"$setOnInsert": text}, upsert=True, session=session
            )

    async def entries(self, consent_id: str) -> list[Entry]:
        """The history of one consent, oldest first."""
        async with answering():
            cursor = self._mongo.collection(ENTRIES).find({"consent": consent_id}).sort("number", ASCENDING)
            rows = await cursor.to_list(None)
        return [_entry(row) for row in rows]

    async def text(self, text_hash: str) -> str | None:
        async with answering():
            row = await self._mongo.collection(TEXTS).find_one({"_id": text_hash})
        return str(row["text"]) if row else None


def _consent(row: Document) -> Consent:
    return Consent(
        id=row["_id"],
        citizen=row["citizen"],
        client=row["client"],
        purpose=row["purpose"],
        basis=LegalBasis(row["basis"]),
        grants={name: Grant(grant["at"], grant["until"]) for name, grant in row["grants"].items()},
        since=row["since"],
        acts=row["acts"],
        withdrawn_at=row["withdrawn_at"],
    )


def _entry(row: Document) -> Entry:
    return Entry(
        id=row["_id"],
        consent=row["consent"],
        number=row["number"],
        act=Act(row["act"]),
        fields=tuple(row["fields"]),
        at=row["at"],
        until=row["until"],
        by=row["by"],
        asked_hash=row["asked_hash"],
        text_hash=row["text_hash"],
        locale=Locale(row["locale"]) if row["locale"] else None,
    )
