"""Organisations in MongoDB; their members are relations (identity.delegations).

Rules
- One code has one organisation.
- What the city wrote as its reason is sealed, bound to its row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pymongo import ASCENDING, IndexModel

from core.crypto import FieldCipher
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.resealing import SealedField
from identity.model import Evidence
from identity.organisations.model import HandOver, Organisation, Suspender

ORGANISATIONS: Final = "identity_organisations"
_REASON: Final = "organisation.reason"
SEALED: Final = (SealedField(ORGANISATIONS, "reason", _REASON),)
_INDEXES: Final = {ORGANISATIONS: [IndexModel([("uscc", ASCENDING)], name="one_per_code", unique=True)]}


class OrganisationStore:
    """Everything about organisations but their members."""

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher) -> None:
        self._mongo = mongo
        self._cipher = cipher

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def add(self, organisation: Organisation, *, session: Session) -> None:
        """In a transaction that holds its code and found none of it."""
        row = {
            "_id": organisation.id,
            "uscc": organisation.uscc,
            "name": organisation.name,
            "created_at": organisation.created_at,
            "evidence": {"source": organisation.evidence.source, "at": organisation.evidence.at},
            "suspended_by": None,
            "reason": None,
            "hand_over": None,
        }
        await self._mongo.collection(ORGANISATIONS).insert_one(row, session=session)

    async def of_uscc(self, uscc: str, *, session: Session) -> Organisation | None:
        row = await self._mongo.collection(ORGANISATIONS).find_one({"uscc": uscc}, session=session)
        return self._organisation(row) if row else None

    async def organisation(self, id_: str, *, session: Session) -> Organisation | None:
        row = await self._mongo.collection(ORGANISATIONS).find_one({"_id": id_}, session=session)
        return self._organisation(row) if row else None

    async def organisations(self, ids: Iterable[str]) -> dict[str, Organisation]:
        """Those that exist, by id, in one query."""
        async with answering():
            rows = await self._mongo.collection(ORGANISATIONS).find({"_id": {"$in": list(ids)}}).to_list(None)
        return {row["_id"]: self._organisation(row) for row in rows}

    async def confirm(self, id_: str, *, name: str, evidence: Evidence, session: Session) -> Organisation:
        """Keep what the register said anew; an offer to hand it over is over."""
        told = {"source": evidence.source, "at": evidence.at}
        return await self._set(id_, {"name": name, "evidence": told, "hand_over": None}, session)

    async def offer(self, id_: str, hand_over: HandOver | None, *, session: Session) -> Organisation:
        row = {"by": hand_over.by, "to": hand_over.to, "expires_at": hand_over.expires_at} if hand_over else None
        return await self._set(id_, {"hand_over": row}, session)

    async def suspend(self, id_: str, by: Suspender | None, *, reason: str, session: Session) -> Organisation:
        """by: None lets it go on."""
        sealed = self._cipher.seal(reason.encode(), purpose=_REASON, owner=id_) if reason else None
        return await self._set(id_, {"suspended_by": by.value if by else None, "reason": sealed}, session)

    async def _set(self, id_: str, changes: dict[str, Any], session: Session) -> Organisation:
        row = await self._mongo.collection(ORGANISATIONS).find_one_and_update(
            {"_id": id_}, {"$set": changes}, return_document=True, session=session
        )
        assert row is not None, "read in this transaction"
        return self._organisation(row)

    def _organisation(self, row: Document) -> Organisation:
        reason, offered = row["reason"], row["hand_over"]
        return Organisation(
            id=row["_id"],
            uscc=row["uscc"],
            name=row["name"],
            created_at=row["created_at"],
            evidence=Evidence(**row["evidence"]),
            suspended_by=Suspender(row["suspended_by"]) if row["suspended_by"] else None,
            reason=self._cipher.open(reason, purpose=_REASON, owner=row["_id"]).decode() if reason else "",
            hand_over=HandOver(**offered) if offered else None,
        )
