"""What licences must remember, in MongoDB: every version of every licence, and every time one was checked.

`licences_showings._id` is the code's own: inserting the showing *is* the check against replay, so it holds between
processes. `licences.held` is unique for a person and a type: inserting the licence *is* the check that they hold none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar

import orjson
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from api.domains.licences.catalogue import Catalogue
from api.domains.licences.errors import AlreadyHeld, CodeReplayed, VerificationIdReused
from api.domains.licences.forms import LicenceType
from api.domains.licences.model import (
    ENDABLE,
    SHOWING_KEPT,
    WALLET_MAX,
    Ended,
    Licence,
    LicenceStatus,
    Showing,
    place_of,
)
from core.crypto import FieldCipher
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.resealing import SealedField

R = TypeVar("R")

_LICENCES: Final = "licences"
_SHOWINGS: Final = "licences_showings"
_VALUES: Final = "licences.values"
_REASON: Final = "licences.reason"
_PURPOSE: Final = "licences.purpose"


def _with_holder(row: Document, _: Document) -> str:
    return f"{row['_id']}|{row['holder']}"


SEALED: Final = (
    SealedField(_LICENCES, "values", _VALUES, _with_holder, needs=("holder",)),
    SealedField(_LICENCES, "ended.reason", _REASON),
    SealedField(_SHOWINGS, "purpose", _PURPOSE, _with_holder, needs=("holder",)),
)


def _newest_first(owner: str) -> IndexModel:
    return IndexModel([(owner, ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name=f"by_{owner}")


_INDEXES: Final = {
    _LICENCES: [
        IndexModel([("identifier", ASCENDING)], name="one", unique=True),
        IndexModel(
            [("holder", ASCENDING), ("type", ASCENDING)],
            name="one_held",
            unique=True,
            partialFilterExpression={"held": True},
        ),
        IndexModel([("holder", ASCENDING), ("issued_at", DESCENDING)], name="by_holder"),
        IndexModel(
            [("notice_on", ASCENDING)], name="by_notice", partialFilterExpression={"notice_on": {"$type": "string"}}
        ),
    ],
    _SHOWINGS: [
        IndexModel(
            [("verifier", ASCENDING), ("client_verification_id", ASCENDING)],
            name="once_per_client_verification",
            unique=True,
            partialFilterExpression={"client_verification_id": {"$type": "string"}},
        ),
        _newest_first("holder"),
        IndexModel([("at", ASCENDING)], name="forget", expireAfterSeconds=int(SHOWING_KEPT.total_seconds())),
    ],
}


class LicenceStore:
    """catalogue: knows every version of a type that a licence was issued under. cipher: seals what is personal."""

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher, catalogue: Catalogue) -> None:
        self._mongo = mongo
        self._cipher = cipher
        self._catalogue = catalogue
        self._licences = mongo.collection(_LICENCES)
        self._showings = mongo.collection(_SHOWINGS)

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: what `work` raises, Unavailable."""
        return await self._mongo.transaction(work)

    # Licences

    async def add(self, licence: Licence, *, notice_on: date | None, session: Session) -> None:
        """Raises: AlreadyHeld when the holder has one of this type."""
        row = {**self._row_of(licence), **({"notice_on": notice_on.isoformat()} if notice_on else {})}
        try:
            await self._licences.insert_one(row, session=session)
        except DuplicateKeyError as fault:
            if "holder" not in (fault.details or {}).get("keyPattern", {}):
                raise
            raise AlreadyHeld() from fault

    async def let_go(self, *, holder: str, type_code: str, today: date, session: Session) -> None:
        """An expired licence no longer stands in the way of a new one of its type."""
        await self._licences.update_one(
            {"holder": holder, "type": type_code, "held": True, "valid_until": {"$lt": today.isoformat()}},
            {"$unset": {"held": ""}},
            session=session,
        )

    async def settle(
        self,
        licence_id: str,
        *,
        from_: frozenset[LicenceStatus],
        to: LicenceStatus,
        session: Session,
        ended: Ended | None = None,
    ) -> bool:
        """Move a licence to a status that it does not leave again; False when it is in none of `from_` any more."""
        change: dict[str, Any] = {"status": to.value}
        if ended is not None:
            reason = self._seal(_REASON, ended.reason.encode(), licence_id)
            change["ended"] = {"at": ended.at, "by": ended.by, "reason": reason}
        moved = await self._licences.update_one(
            {"_id": licence_id, "status": {"$in": [status.value for status in from_]}},
            {"$set": change, "$unset": {"held": "", "notice_on": ""}},
            session=session,
        )
        return moved.modified_count == 1

    async def licences(self, ids: Sequence[str]) -> dict[str, Licence]:
        """Those that there are. Raises: Unavailable."""
        async with answering():
            rows = await self._licences.find({"_id": {"$in": list(ids)}}).to_list(len(ids))
        return {row["_id"]: self._licence_of(row) for row in rows}

    async def licence(self, licence_id: str) -> Licence | None:
        """Raises: Unavailable."""
        return (await self.licences([licence_id])).get(licence_id)

    async def licence_identified(self, identifier: str, *, session: Session) -> Licence | None:
        """By its GB/T 36904 identifier."""
        row = await self._licences.find_one({"identifier": identifier}, session=session)
        return self._licence_of(row) if row else None

    async def licences_of(self, holder: str, *, types: Sequence[str] | None = None) -> list[Licence]:
        """What a person holds or held, without the versions that were replaced; at most 200, the newest first.

        types: only of these. Raises: Unavailable.
        """
        query: dict[str, Any] = {"holder": holder, "status": {"$ne": LicenceStatus.REPLACED.value}}
        if types is not None:
            query["type"] = {"$in": list(types)}
        async with answering():
            rows = await self._licences.find(query).sort("issued_at", DESCENDING).limit(WALLET_MAX).to_list(WALLET_MAX)
        return [self._licence_of(row) for row in rows]

    async def due_notices(self, *, today: date, limit: int) -> list[tuple[Licence, str]]:
        """Licences with a notice due today or before, each with the day it was due. Raises: Unavailable."""
        async with answering():
            rows = (
                await self._licences.find({"notice_on": {"$lte": today.isoformat()}})
                .sort("notice_on", ASCENDING)
                .limit(limit)
                .to_list(limit)
            )
        return [(self._licence_of(row), row["notice_on"]) for row in rows]

    async def take_notice(self, licence_id: str, *, due: str, next_on: date | None, session: Session) -> bool:
        """Mark a notice as given; False when somebody else has, or the licence was ended meanwhile."""
        change = {"$set": {"notice_on": next_on.isoformat()}} if next_on else {"$unset": {"notice_on": ""}}
        taken = await self._licences.update_one({"_id": licence_id, "notice_on": due}, change, session=session)
        return taken.modified_count == 1

    # Showings

    async def add_showing(self, showing: Showing, *, session: Session) -> None:
        """Record that a code was checked. Raises: CodeReplayed, VerificationIdReused."""
        try:
            await self._showings.insert_one(self._row_of_showing(showing), session=session)
        except DuplicateKeyError as fault:
            taken = (fault.details or {}).get("keyPattern", {})
            raise (CodeReplayed() if "_id" in taken else VerificationIdReused()) from fault

    async def showing(self, showing_id: str) -> Showing | None:
        """The showing that used up a code, once no failure can undo it any more. Raises: Unavailable."""
        async with answering():
            # A plain majority read may miss the very showing that has just stood in the way of another.
            found = self._showings.with_options(read_concern=ReadConcern("linearizable"))
            row = await found.find_one({"_id": showing_id})
        return self._showing_of(row) if row else None

    async def showings_of(self, holder: str, *, page: PageRequest) -> Page[Showing]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        conditions: list[Mapping[str, Any]] = [{"holder": holder}]
        if page.after is not None:
            at, showing_id = place_of(page.after)
            conditions.append({"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": showing_id}}]})
        async with answering():
            rows = (
                await self._showings.find({"$and": conditions})
                .sort([("at", DESCENDING), ("_id", DESCENDING)])
                .limit(page.limit)
                .to_list(page.limit)
            )
        showings = [self._showing_of(row) for row in rows]
        return Page.of(rows=showings, keys=[showing.key for showing in showings], request=page)

    # Forgetting

    async def forget(self, holder: str, *, at: datetime) -> None:
        """End what somebody holds whose account is gone, and what any of it said of them; that it was issued stays.

        So do showings, without the words of those who asked. Raises: Unavailable.
        """
        async with answering():
            for row in await self._licences.find({"holder": holder}, {"status": 1, "ended": 1}).to_list(None):
                await self._licences.update_one({"_id": row["_id"]}, self._without_holder(row, holder, at=at))
            async for row in self._showings.find({"holder": holder}, {"_id": 1}):
                nothing = self._seal(_PURPOSE, b"", row["_id"], holder)
                await self._showings.update_one({"_id": row["_id"]}, {"$set": {"purpose": nothing}})

    def _without_holder(self, row: Document, holder: str, *, at: datetime) -> Document:
        ended = row.get("ended")
        change: dict[str, Any] = {"values": self._seal(_VALUES, b"{}", row["_id"], holder)}
        if LicenceStatus(row["status"]) in ENDABLE:
            change["status"], ended = LicenceStatus.CANCELLED.value, {"at": at, "by": holder}
        if ended:
            change["ended"] = {**ended, "reason": self._seal(_REASON, b"", row["_id"])}
        return {"$set": change, "$unset": {"held": "", "notice_on": ""}}

    # Rows

    def _row_of(self, licence: Licence) -> Document:
        return {
            "_id": licence.id,
            "holder": licence.holder,
            "type": licence.type.code,
            "type_version": licence.type.version,
            "issuer": licence.issuer,
            "serial": licence.serial,
            "version": licence.version,
            "identifier": licence.identifier.text,
            "valid_from": licence.valid_from.isoformat(),
            "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
            "issued_at": licence.issued_at,
            "issued_by": licence.issued_by,
            "values": self._seal(_VALUES, orjson.dumps(dict(licence.values)), licence.id, licence.holder),
            "status": licence.settled.value,
            "replaces": licence.replaces,
            **({"held": True} if licence.held else {}),
        }

    def _licence_of(self, row: Document) -> Licence:
        values = self._open(_VALUES, row["values"], row["_id"], row["holder"])
        ended = row.get("ended")
        return Licence(
            id=row["_id"],
            holder=row["holder"],
            type=self._type_of(row),
            serial=row["serial"],
            version=row["version"],
            issuer=row["issuer"],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_until=date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
            issued_at=row["issued_at"],
            issued_by=row["issued_by"],
            values=orjson.loads(values),
            settled=LicenceStatus(row["status"]),
            held=row.get("held", False),
            replaces=row["replaces"],
            ended=Ended(ended["at"], ended["by"], self._open(_REASON, ended["reason"], row["_id"]).decode())
            if ended
            else None,
        )

    def _row_of_showing(self, showing: Showing) -> Document:
        row = {
            "_id": showing.id,
            "at": showing.at,
            "licence": showing.licence,
            "holder": showing.holder,
            "type": showing.type.code,
            "type_version": showing.type.version,
            "verifier": showing.verifier,
            "jurisdiction": showing.jurisdiction,
            "purpose": self._seal(_PURPOSE, showing.purpose.encode(), showing.id, showing.holder),
            "names": list(showing.names),
            "status": showing.status.value,
        }
        named = showing.client_verification_id is not None
        return {**row, **({"client_verification_id": showing.client_verification_id} if named else {})}

    def _showing_of(self, row: Document) -> Showing:
        return Showing(
            id=row["_id"],
            at=row["at"],
            licence=row["licence"],
            holder=row["holder"],
            type=self._type_of(row),
            verifier=row["verifier"],
            jurisdiction=row["jurisdiction"],
            purpose=self._open(_PURPOSE, row["purpose"], row["_id"], row["holder"]).decode(),
            names=tuple(row["names"]),
            status=LicenceStatus(row["status"]),
            client_verification_id=row.get("client_verification_id"),
        )

    def _type_of(self, row: Document) -> LicenceType:
        return self._catalogue.at(row["type"], row["type_version"])

    def _seal(self, purpose: str, plain: bytes, *row: str) -> bytes:
        return self._cipher.seal(plain, purpose=purpose, owner="|".join(row))

    def _open(self, purpose: str, sealed: bytes, *row: str) -> bytes:
        return self._cipher.open(sealed, purpose=purpose, owner="|".join(row))
