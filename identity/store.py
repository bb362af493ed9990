"""Accounts, sessions and refresh tokens in MongoDB.

Rules
- A phone number, an id number, a name and a device's name are stored sealed with the account's own key
  (core.personal). A phone is found again by its blind index, which is unique for each kind of account; so is an id
  number.
- A citizen without a phone stands in the unique index of phones under their own id, which no phone number equals.
- A refresh token is stored as its digest.
- An account that was erased stays as an id that leads to nobody (`erased_at`): everything that looks for accounts
  passes it by. Signing in and erasing write the account's row, so that one of them comes first.
- Evidence stands in its citizen's row, so that a level is known wherever the account is read. What was shown is sealed;
  what only one account may have (a document's number, a net-ID's symbol) has a blind index besides, which is unique.
- Sessions and refresh tokens leave by themselves: `delete_at` is a TTL index. Everything that reads them still
  judges times itself, since MongoDB cleans up about once a minute.
"""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.clock import Clock
from core.crypto import FieldCipher, UnsealError, same
from core.errors import NotFound
from core.locale import Text
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.personal import PersonalCipher
from core.principal import Jurisdiction, strong
from identity import delegations, evidence_rows
from identity.delegations import Delegations
from identity.errors import IdNumberTaken
from identity.freezes import Freezes, check_not_frozen, freeze_of
from identity.levels import (
    EvidenceKind,
    NameEvidence,
    level_of,
    replaced_by,
)
from identity.model import (
    BY_PHONE,
    DECOY,
    ENDED_SESSION_KEPT,
    Account,
    Audience,
    Citizen,
    DeviceSession,
    EndReason,
    RefreshToken,
    Staff,
    Standing,
)

R = TypeVar("R")

CITIZENS: Final = "identity_citizens"
STAFF: Final = "identity_staff"
SESSIONS: Final = "identity_sessions"
REFRESH_TOKENS: Final = "identity_refresh_tokens"
_ID_NUMBER: Final = "citizen.id_number"
_SHOWN: Final = "citizen.evidence"

_ONE_PER_PHONE: Final = IndexModel([("phone_index", ASCENDING)], name="one_per_phone", unique=True)
_LEAVES: Final = IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0)
_INDEXES: Final = {
    CITIZENS: [
        _ONE_PER_PHONE,
        IndexModel(
            [("id_number_index", ASCENDING)],
            name="one_per_id_number",
            unique=True,
            partialFilterExpression={"id_number_index": {"$type": "binData"}},
        ),
        IndexModel(
            [("evidence_indexes", ASCENDING)],
            name="one_per_document",
            unique=True,
            partialFilterExpression={"evidence_indexes": {"$type": "binData"}},
        ),
    ],
    STAFF: [_ONE_PER_PHONE],
    SESSIONS: [
        _LEAVES,
        IndexModel([("account_id", ASCENDING), ("_id", DESCENDING)], name="of_account"),
        IndexModel(
            [("revoked_at", ASCENDING)],
            name="ended",
            partialFilterExpression={"revoked_at": {"$type": "date"}},
        ),
    ],
    REFRESH_TOKENS: [_LEAVES],
}


class PhoneTaken(Exception):
    """Somebody else's transaction made the account of this phone first: look again."""


class IdentityStore:
    """Everything that identity must not forget."""

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher, personal: PersonalCipher, clock: Clock) -> None:
        """clock: by which evidence expires."""
        self._mongo = mongo
        self._clock = clock
        self._cipher = cipher
        self._personal = personal
        self._decoy: Document = {}
        self.delegations = Delegations(mongo=mongo, cipher=cipher, personal=personal)
        self.freezes = Freezes(mongo.collection(CITIZENS))

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, {**_INDEXES, **delegations.INDEXES})
        self._decoy = await self._citizen_row(DECOY)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """All of `work`'s writes or none; `work` may run several times. Raises: Unavailable."""
        return await self._mongo.transaction(work)

    # --- accounts

    async def citizens(self, ids: Iterable[str]) -> dict[str, Citizen]:
        """Those that exist, by id, in one query."""
        rows = await self._rows(CITIZENS, {"_id": {"$in": list(ids)}, "erased_at": None})
        return {row["_id"]: await self._citizen(row) for row in rows}

    async def staff(self, ids: Iterable[str]) -> dict[str, Staff]:
        """Those that exist, by id, in one query."""
        rows = await self._rows(STAFF, {"_id": {"$in": list(ids)}})
        return {row["_id"]: await self._staff(row) for row in rows}

    async def citizen_of_phone(self, phone: str, *, session: Session | None = None) -> Citizen | None:
        index = self._cipher.blind_index(phone, purpose="citizen.phone")
        row = await self._row(CITIZENS, {"phone_index": index}, session)
        return await self._citizen(row) if row else None

    async def citizen_or_decoy(self, phone: str) -> Citizen:
        """As `citizen_of_phone`; for a phone without a citizen `DECOY`, found with the same work."""
        index = self._cipher.blind_index(phone, purpose="citizen.phone")
        row = await self._row(CITIZENS, {"phone_index": index}, None) or self._decoy
        return await self._citizen(row, self._personal.forgetful)

    async def staff_or_decoy(self, phone: str) -> Account:
        """As `staff_of_phone`; for a phone without staff `DECOY`, found with the same work."""
        index = self._cipher.blind_index(phone, purpose="staff.phone")
        row = await self._row(STAFF, {"phone_index": index}, None)
        forgetful = self._personal.forgetful
        return await self._staff(row, forgetful) if row else await self._citizen(self._decoy, forgetful)

    async def staff_of_phone(self, phone: str, *, session: Session | None = None) -> Staff | None:
        index = self._cipher.blind_index(phone, purpose="staff.phone")
        row = await self._row(STAFF, {"phone_index": index}, session)
        return await self._staff(row) if row else None

    async def citizen_of_id_number(self, id_number: str, *, session: Session | None = None) -> Citizen | None:
        index = self._cipher.blind_index(id_number, purpose=_ID_NUMBER)
        row = await self._row(CITIZENS, {"id_number_index": index}, session)
        return await self._citizen(row) if row else None

    async def account(self, account_id: str, audience: Audience, *, session: Session | None = None) -> Account | None:
        if audience is Audience.CITIZEN:
            row = await self._row(CITIZENS, {"_id": account_id, "erased_at": None}, session)
            return await self._citizen(row) if row else None
        row = await self._row(STAFF, {"_id": account_id}, session)
        return await self._staff(row) if row else None

    async def add_citizen(
        self, citizen: Citizen, *, id_number: str | None = None, session: Session | None = None
    ) -> None:
        """id_number: with which the name was proven. Raises: PhoneTaken, IdNumberTaken."""
        row = {**await self._citizen_row(citizen), **await self._sealed_id_number(id_number, owner=citizen.id)}
        await self._add(CITIZENS, row, session)

    async def add_staff(self, staff: Staff, *, session: Session | None = None) -> None:
        """Raises: PhoneTaken."""
        row = {
            "_id": staff.id,
            **await self._sealed_phone(staff.phone, purpose="staff.phone", owner=staff.id),
            "display_name": await self._seal(staff.display_name, purpose="staff.display_name", owner=staff.id),
            "badge": staff.badge,
            "organisation": {"zh": staff.organisation.zh, "en": staff.organisation.en},
            "roles": list(staff.roles),
            "jurisdiction": staff.jurisdiction.code,
            "department": staff.department,
            "suspended": staff.suspended,
            "created_at": staff.created_at,
        }
        await self._add(STAFF, row, session)

    async def set_home_district(self, citizen_id: str, code: str, *, session: Session) -> Citizen | None:
        row = await self._mongo.collection(CITIZENS).find_one_and_update(
            {"_id": citizen_id}, {"$set": {"home_district": code}}, return_document=True, session=session
        )
        return await self._citizen(row) if row else None

    async def has_id_number(self, citizen_id: str, id_number: str, *, session: Session | None = None) -> bool | None:
        """Whether this is the number with which the citizen proved their name; None when they proved it with none."""
        row = await self._row(CITIZENS, {"_id": citizen_id}, session)
        index = row.get("id_number_index") if row else None
        return None if index is None else same(index, self._cipher.blind_index(id_number, purpose=_ID_NUMBER))

    async def keep_evidence(
        self,
        citizen_id: str,
        evidence: NameEvidence,
        *,
        name: str | None = None,
        id_number: str | None = None,
        shown: Mapping[str, str] | None = None,
        key: str | None = None,
        session: Session,
    ) -> Citizen:
        """Keep why somebody is believed, beside the evidence that stays (`levels.replaced_by`).

        name: what it proves, and id_number: with which. shown: what else there was to see. key: what of it one
        account alone may have.
        Raises: IdNumberTaken, NotFound.
        """
        row = await self._row(CITIZENS, {"_id": citizen_id, "erased_at": None}, session)
        if row is None:
            raise NotFound(thing="citizen")
        gone = replaced_by(evidence.kind)
        kept = [one for one in evidence_rows.rows_of(row) if one["kind"] not in gone]
        kept.append(
            {
                **evidence_rows.row_of(evidence),
                "shown": await self._personal.seal(shown, purpose=_SHOWN, owner=citizen_id) if shown else None,
                "index": self._cipher.blind_index(key, purpose=_SHOWN) if key else None,
            }
        )
        change: Document = {"evidence": kept, **await self._sealed_id_number(id_number, owner=citizen_id)}
        if name is not None:
            change["name"] = await self._seal(name, purpose="citizen.name", owner=citizen_id)
        if indexes := sorted({bytes(one["index"]) for one in kept if one.get("index")}):
            change["evidence_indexes"] = indexes
        try:
            row = await self._mongo.collection(CITIZENS).find_one_and_update(
                {"_id": citizen_id, "erased_at": None}, {"$set": change}, return_document=True, session=session
            )
        except DuplicateKeyError as fault:
            raise IdNumberTaken() from fault
        assert row is not None, "read in this transaction"
        return await self._citizen(row)

    async def shown(
        self, citizen_id: str, kind: EvidenceKind, *, session: Session | None = None
    ) -> Mapping[str, str] | None:
        """What a citizen showed as their evidence of this kind, expired or not; None where nothing is kept of it."""
        row = await self._row(CITIZENS, {"_id": citizen_id, "erased_at": None}, session)
        found = [one for one in evidence_rows.rows_of(row) if one["kind"] == kind and one.get("shown")] if row else []
        return await self._personal.open(found[0]["shown"], purpose=_SHOWN, owner=citizen_id) if found else None

    async def real_name_level(self, citizen_id: str, *, session: Session) -> int:
        """0 for nobody."""
        row = await self._row(CITIZENS, {"_id": citizen_id, "erased_at": None}, session)
        return level_of(evidence_rows.all_of(row), now=self._clock.now()) if row else 0

    async def id_number(self, citizen_id: str) -> str | None:
        """With which the citizen proved their name; None when with none."""
        row = await self._row(CITIZENS, {"_id": citizen_id}, None)
        return await self._id_number(row) if row else None

    async def standing(self, citizen_id: str) -> Standing | None:
        """As it is now, in one query; None for nobody."""
        row, now = await self._row(CITIZENS, {"_id": citizen_id, "erased_at": None}, None), self._clock.now()
        if row is None:
            return None
        level, frozen = level_of(evidence_rows.all_of(row), now=now), freeze_of(row, now) is not None
        return Standing(level, row["home_district"], await self._id_number(row), frozen)

    async def _id_number(self, row: Document) -> str | None:
        sealed = row.get("id_number")
        return await self._open(sealed, purpose=_ID_NUMBER, owner=row["_id"]) if sealed is not None else None

    async def note_sign_in(
        self, citizen_id: str, *, now: datetime, session: Session, proven_at: datetime | None = None
    ) -> bool:
        """Note that a citizen signs in; False when their account is being erased or gone.

        proven_at: when they proved themself, if that was not now; of no use when their phone has changed since.
        Raises: AccountFrozen.
        """
        query: Document = {"_id": citizen_id, "erased_at": None}
        if proven_at is not None:
            query["phone_since"] = {"$not": {"$gt": proven_at}}
        row = await self._mongo.collection(CITIZENS).find_one_and_update(
            query, {"$set": {"signed_in_at": now}}, projection=["freeze"], session=session
        )
        check_not_frozen(row, now)
        return row is not None

    async def note_staff_sign_in(self, staff_id: str, *, now: datetime, session: Session) -> bool:
        """Note that a member of staff signs in; False when they are being suspended."""
        found = await self._mongo.collection(STAFF).update_one(
            {"_id": staff_id, "suspended": False}, {"$set": {"signed_in_at": now}}, session=session
        )
        return found.matched_count == 1

    async def hold_citizen(self, citizen_id: str, *, session: Session) -> Citizen | None:
        """The account as it stands, written so that of two transactions that hold it (or sign in, or erase) one comes
        first; None when it is gone.
        """
        row = await self._mongo.collection(CITIZENS).find_one_and_update(
            {"_id": citizen_id, "erased_at": None}, {"$inc": {"holds": 1}}, return_document=True, session=session
        )
        return await self._citizen(row) if row else None

    async def signed_in_at(self, citizen_id: str, *, session: Session | None = None) -> datetime | None:
        """When the account last began a session, or was made; None when it is gone."""
        row = await self._row(CITIZENS, {"_id": citizen_id, "erased_at": None}, session)
        return (row.get("signed_in_at") or row["created_at"]) if row else None

    async def set_phone(self, citizen_id: str, phone: str | None, *, now: datetime, session: Session) -> None:
        """Give an account that is held another phone, or none. Raises: PhoneTaken."""
        sealed = await self._sealed_phone(phone, purpose="citizen.phone", owner=citizen_id)
        try:
            await self._mongo.collection(CITIZENS).update_one(
                {"_id": citizen_id}, {"$set": {**sealed, "phone_since": now}}, session=session
            )
        except DuplicateKeyError as fault:
            raise PhoneTaken() from fault

    async def erase_citizen(self, citizen_id: str, *, now: datetime, session: Session) -> bool:
        """Forget who a citizen was, and free their phone and id number; False when that was done already."""
        nobody = {
            **await self._sealed_phone(None, purpose="citizen.phone", owner=citizen_id),
            "name": None,
            "evidence": [],
            "home_district": None,
            "freeze": None,
            "erased_at": now,
        }
        gone = dict.fromkeys(
            ("id_number", "id_number_index", "evidence_indexes", "real_name_level", "signed_in_at"), ""
        )
        erased = await self._mongo.collection(CITIZENS).update_one(
            {"_id": citizen_id, "erased_at": None}, {"$set": nobody, "$unset": gone}, session=session
        )
        return erased.modified_count == 1

    # --- sessions

    async def add_session(self, begun: DeviceSession, *, session: Session) -> None:
        row = {
            "_id": begun.id,
            "account_id": begun.account_id,
            "audience": begun.audience.value,
            "device_name": await self._seal(begun.device_name, purpose="session.device_name", owner=begun.account_id),
            "created_at": begun.created_at,
            "last_seen_at": begun.last_seen_at,
            "idle_until": begun.idle_until,
            "ends_at": begun.ends_at,
            "methods": sorted(begun.methods),
            "authenticated_at": begun.authenticated_at,
            "enrolling": begun.enrolling,
            "device": begun.device_id,
            "jkt": begun.jkt,
            "cooling_until": begun.cooling_until,
            "refresh": begun.refresh,
            "revoked_at": None,
            "delete_at": min(begun.idle_until, begun.ends_at),
        }
        await self._mongo.collection(SESSIONS).insert_one(row, session=session)

    async def session(self, session_id: str, *, session: Session | None = None) -> DeviceSession | None:
        row = await self._row(SESSIONS, {"_id": session_id}, session)
        return await self._session(row) if row else None

    async def sessions(self, account_id: str, *, request: PageRequest, now: datetime) -> Page[DeviceSession]:
        """An account's sessions that run or ended lately, newest first."""
        query: dict[str, Any] = {"account_id": account_id, "delete_at": {"$gt": now}}
        if request.after is not None:
            query["_id"] = {"$lt": request.after}
        found = await self._rows(SESSIONS, query, newest_first=request.limit)
        rows = [await self._session(row) for row in found]
        return Page.of(rows=rows, keys=[row.id for row in rows], request=request)

    async def extend_session(
        self, session_id: str, *, now: datetime, idle_until: datetime, refresh: bytes, session: Session
    ) -> DeviceSession:
        """Note that a live session was used, and the digest of the refresh token that it goes on by."""
        row = await self._mongo.collection(SESSIONS).find_one_and_update(
            {"_id": session_id},
            {"$set": {"last_seen_at": now, "idle_until": idle_until, "delete_at": idle_until, "refresh": refresh}},
            return_document=True,
            session=session,
        )
        assert row is not None, "read in this transaction"
        return await self._session(row)

    async def confirm_session(
        self, session_id: str, *, methods: frozenset[str], now: datetime, session: Session
    ) -> DeviceSession | None:
        """Note that the owner of a session proved themself again; None when it was ended.

        By two factors, they have a second one, and enrol no longer; nor does the session cool off.
        """
        surer = {"enrolling": False, "cooling_until": None} if strong(methods) else {}
        proven = {"authenticated_at": now, **surer}
        row = await self._mongo.collection(SESSIONS).find_one_and_update(
            {"_id": session_id, "revoked_at": None},
            {"$addToSet": {"methods": {"$each": sorted(methods)}}, "$set": proven},
            return_document=True,
            session=session,
        )
        return await self._session(row) if row else None

    async def touch_session(self, session_id: str, *, now: datetime, session: Session) -> DeviceSession | None:
        """Note that a session is used; None when it was ended. A transaction that ends it meanwhile runs again."""
        row = await self._mongo.collection(SESSIONS).find_one_and_update(
            {"_id": session_id, "revoked_at": None},
            {"$set": {"last_seen_at": now}},
            return_document=True,
            session=session,
        )
        return await self._session(row) if row else None

    async def bind_session(self, session_id: str, *, jkt: str, session: Session) -> DeviceSession | None:
        """Bind a session that runs to a key; None when it was ended, or is bound already."""
        row = await self._mongo.collection(SESSIONS).find_one_and_update(
            {"_id": session_id, "revoked_at": None, "jkt": {"$in": ["", None]}},
            {"$set": {"jkt": jkt}},
            return_document=True,
            session=session,
        )
        return await self._session(row) if row else None

    async def settle_session(
        self, session_id: str, *, device_id: str, cooling_until: datetime | None, session: Session
    ) -> None:
        """Say on which device a session is, after all."""
        await self._mongo.collection(SESSIONS).update_one(
            {"_id": session_id}, {"$set": {"device": device_id, "cooling_until": cooling_until}}, session=session
        )

    async def trust_sessions(self, device_id: str, *, session: Session) -> None:
        """Let the sessions of a device cool off no longer."""
        await self._mongo.collection(SESSIONS).update_many(
            {"device": device_id}, {"$set": {"cooling_until": None}}, session=session
        )

    async def live_sessions(
        self, account_id: str, *, now: datetime, session: Session | None = None
    ) -> list[DeviceSession]:
        """An account's sessions that run, newest first."""
        async with _answering(session):
            cursor = self._mongo.collection(SESSIONS).find(
                {"account_id": account_id, "revoked_at": None, "delete_at": {"$gt": now}}, session=session
            )
            rows = await cursor.sort("_id", DESCENDING).to_list(None)
        return [await self._session(row) for row in rows]

    async def end_session(
        self, session_id: str, *, account_id: str, now: datetime, because: EndReason, session: Session
    ) -> DeviceSession | None:
        """End a session of this account; None when it has none such that runs."""
        row = await self._mongo.collection(SESSIONS).find_one_and_update(
            {"_id": session_id, "account_id": account_id, "revoked_at": None},
            {"$set": {"revoked_at": now, "revoked_because": because.value, "delete_at": now + ENDED_SESSION_KEPT}},
            return_document=True,
            session=session,
        )
        return await self._session(row) if row else None

    async def running_sessions(self, account_id: str, *, session: Session, device_id: str = "") -> list[str]:
        """The ids of those that were not ended. device_id: of this device alone."""
        running = {"account_id": account_id, "revoked_at": None, **({"device": device_id} if device_id else {})}
        return [row["_id"] async for row in self._mongo.collection(SESSIONS).find(running, {"_id": 1}, session=session)]

    async def end_all_sessions(
        self, account_id: str, *, now: datetime, because: EndReason, session: Session
    ) -> list[str]:
        """End every session of an account that is erased, and forget its devices; the ids of those that ran."""
        sessions = self._mongo.collection(SESSIONS)
        running = {"account_id": account_id, "revoked_at": None}
        ids = [row["_id"] async for row in sessions.find(running, {"_id": 1}, session=session)]
        ended = {"revoked_at": now, "revoked_because": because.value, "delete_at": now + ENDED_SESSION_KEPT}
        await sessions.update_many({"_id": {"$in": ids}}, {"$set": ended}, session=session)
        await sessions.update_many({"account_id": account_id}, {"$set": {"device_name": None}}, session=session)
        return ids

    async def ended_since(self, instant: datetime) -> list[tuple[str, datetime]]:
        """The sessions, relations and actings that were ended at or after `instant`, oldest first, each with when."""
        async with answering():
            cursor = self._mongo.collection(SESSIONS).find({"revoked_at": {"$gte": instant}}, {"revoked_at": 1})
            sessions = [(row["_id"], row["revoked_at"]) async for row in cursor.sort("revoked_at", ASCENDING)]
        relations = await self.delegations.ended_since(instant)
        return list(heapq.merge(sessions, relations, key=itemgetter(1)))

    # --- refresh tokens

    async def add_refresh(self, token: RefreshToken, *, session: Session) -> None:
        row = {
            "_id": token.digest,
            "session_id": token.session_id,
            "expires_at": token.expires_at,
            "used_at": None,
            "delete_at": token.expires_at,
        }
        await self._mongo.collection(REFRESH_TOKENS).insert_one(row, session=session)

    async def refresh_token(self, digest: bytes, *, session: Session) -> RefreshToken | None:
        row = await self._row(REFRESH_TOKENS, {"_id": digest}, session)
        return RefreshToken(digest, row["session_id"], row["expires_at"], row["used_at"]) if row else None

    async def use_refresh(self, digest: bytes, *, now: datetime, session: Session) -> None:
        """Mark an unused token used. A transaction that does so at the same time fails and runs again."""
        await self._mongo.collection(REFRESH_TOKENS).update_one(
            {"_id": digest, "used_at": None}, {"$set": {"used_at": now}}, session=session
        )

    # --- rows

    async def _row(self, collection: str, query: Mapping[str, Any], session: Session | None) -> Document | None:
        async with _answering(session):
            return await self._mongo.collection(collection).find_one(query, session=session)

    async def _rows(self, collection: str, query: Mapping[str, Any], *, newest_first: int = 0) -> list[Document]:
        async with answering():
            cursor = self._mongo.collection(collection).find(query)
            if newest_first:
                cursor = cursor.sort("_id", DESCENDING).limit(newest_first)
            return await cursor.to_list(None)

    async def _add(self, collection: str, row: Document, session: Session | None) -> None:
        try:
            async with _answering(session):
                await self._mongo.collection(collection).insert_one(row, session=session)
        except DuplicateKeyError as fault:
            by_phone = "phone_index" in (fault.details or {}).get("keyPattern", {})
            raise (PhoneTaken() if by_phone else IdNumberTaken()) from fault

    async def _seal(self, plain: str, *, purpose: str, owner: str) -> bytes:
        return await self._personal.seal({"text": plain}, purpose=purpose, owner=owner)

    async def _open(
        self,
        sealed: bytes,
        *,
        purpose: str,
        owner: str,
        row: str | None = None,
        personal: PersonalCipher | None = None,
    ) -> str:
        """row: whose it was before accounts had keys of their own, where that was another; such rows still open."""
        try:
            return (await (personal or self._personal).open(sealed, purpose=purpose, owner=owner))["text"]
        except UnsealError:
            return self._cipher.open(sealed, purpose=purpose, owner=row or owner).decode()

    async def _sealed_phone(self, phone: str | None, *, purpose: str, owner: str) -> Document:
        return {
            "phone": await self._seal(phone, purpose=purpose, owner=owner) if phone else None,
            "phone_index": self._cipher.blind_index(phone or owner, purpose=purpose),
        }

    async def _sealed_id_number(self, id_number: str | None, *, owner: str) -> Document:
        if id_number is None:
            return {}
        return {
            "id_number": await self._seal(id_number, purpose=_ID_NUMBER, owner=owner),
            "id_number_index": self._cipher.blind_index(id_number, purpose=_ID_NUMBER),
        }

    async def _citizen_row(self, citizen: Citizen) -> Document:
        id_, name = citizen.id, citizen.name
        return {
            "_id": id_,
            **await self._sealed_phone(citizen.phone, purpose="citizen.phone", owner=id_),
            "name": await self._seal(name, purpose="citizen.name", owner=id_) if name else None,
            "evidence": list(map(evidence_rows.row_of, citizen.evidence)),
            "home_district": citizen.home_district,
            "created_at": citizen.created_at,
        }

    async def _citizen(self, row: Document, by: PersonalCipher | None = None) -> Citizen:
        id_, name, phone = row["_id"], row["name"], row["phone"]
        return Citizen(
            id=id_,
            phone=await self._open(phone, purpose="citizen.phone", owner=id_, personal=by) if phone else None,
            created_at=row["created_at"],
            name=await self._open(name, purpose="citizen.name", owner=id_, personal=by) if name else None,
            home_district=row["home_district"],
            evidence=evidence_rows.all_of(row),
            read_at=self._clock.now(),
        )

    async def _staff(self, row: Document, by: PersonalCipher | None = None) -> Staff:
        id_ = row["_id"]
        return Staff(
            id=id_,
            phone=await self._open(row["phone"], purpose="staff.phone", owner=id_, personal=by),
            display_name=await self._open(row["display_name"], purpose="staff.display_name", owner=id_, personal=by),
            badge=row["badge"],
            organisation=Text(**row["organisation"]),
            roles=tuple(row["roles"]),
            jurisdiction=Jurisdiction(row["jurisdiction"]),
            created_at=row["created_at"],
            suspended=row["suspended"],
            department=row.get("department", ""),
        )

    async def _session(self, row: Document) -> DeviceSession:
        id_, device = row["_id"], row["device_name"]
        return DeviceSession(
            id=id_,
            account_id=row["account_id"],
            audience=Audience(row["audience"]),
            device_name=await self._open(device, purpose="session.device_name", owner=row["account_id"], row=id_)
            if device
            else "",
            created_at=row["created_at"],
            last_seen_at=row["last_seen_at"],
            idle_until=row["idle_until"],
            ends_at=row["ends_at"],
            # Rows from before sessions knew how they were proven: by a code, when they began.
            methods=frozenset(row.get("methods", BY_PHONE)),
            authenticated_at=row.get("authenticated_at") or row["created_at"],
            revoked_at=row["revoked_at"],
            enrolling=row.get("enrolling", False),
            device_id=row.get("device", ""),
            jkt=row.get("jkt", ""),
            cooling_until=row.get("cooling_until"),
            refresh=row.get("refresh", b""),
        )


def _answering(session: Session | None) -> AbstractAsyncContextManager[None]:
    """Inside a transaction a fault goes to the transaction, which knows whether to try again."""
    return answering() if session is None else nullcontext()
