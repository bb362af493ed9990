"""Acts that wait for a second officer, interventions, and what is kept of members of staff beside their accounts.

Rules
- What officers wrote is sealed with a key of a person's own: of the citizen whom it is about; else of who proposed it.
- Of an act about one subject at most one waits. Whoever decides changes its row from PENDING: of two at once the later
  begins again and finds that it is decided.
- AGREED stands in no row but within the transaction that does the act: whoever asks there whether a second officer
  agreed finds it, and nobody else ever does.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

import orjson
from pymongo import ASCENDING, DESCENDING, IndexModel

from core.crypto import UnsealError
from core.ids import is_id
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.personal import PersonalCipher
from core.principal import Jurisdiction, Principal
from identity.errors import TokenInvalid
from identity.model import Audience, Staff
from identity.staffing.model import KEPT, ActState, Details, Intervention, InterventionKind, Kind, StaffAct
from identity.store import STAFF, IdentityStore

R = TypeVar("R")

ACTS: Final = "identity_staff_acts"
INTERVENTIONS: Final = "identity_interventions"
FOUNDING: Final = "identity_staff_founding"
_ACT: Final = "staff.act"
_NOTE: Final = "staff.act_note"
_INTERVENTION: Final = "staff.intervention"
_LEAVES: Final = IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0)
_INDEXES: Final = {
    ACTS: [
        _LEAVES,
        IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="in_state"),
        IndexModel(
            [("subject", ASCENDING), ("kind", ASCENDING)],
            name="one_waits",
            unique=True,
            partialFilterExpression={"state": ActState.PENDING.value},
        ),
    ],
    INTERVENTIONS: [_LEAVES, IndexModel([("citizen", ASCENDING), ("_id", DESCENDING)], name="of_citizen")],
    STAFF: [IndexModel([("department", ASCENDING), ("_id", DESCENDING)], name="of_department")],
}


@dataclass(frozen=True, slots=True)
class Reach:
    """Which rows an officer sees: of these kinds, each in their department and under their place where it matters.

    within: what the codes of the places begin with.
    """

    kinds: frozenset[Kind]
    of_department: frozenset[Kind]
    of_place: frozenset[Kind]
    department: str
    within: str

    def rows(self) -> Document:
        """The query."""
        return {"$or": [self._rows(kind) for kind in sorted(self.kinds)]}

    def _rows(self, kind: Kind) -> Document:
        query: Document = {"kind": kind.value}
        if kind in self.of_department:
            query["department"] = self.department
        if kind in self.of_place:
            query["place"] = _begins(self.within)
        return query


class StaffingStore:
    """Everything that staffing must not forget. people: accounts."""

    def __init__(self, *, mongo: Mongo, personal: PersonalCipher, people: IdentityStore) -> None:
        self._mongo = mongo
        self._personal = personal
        self._people = people

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """All of `work`'s writes or none; `work` may run several times. Raises: Unavailable."""
        return await self._mongo.transaction(work)

    # --- members

    async def hold_member(self, staff_id: str, *, session: Session) -> Staff | None:
        """A member as they stand, written so that what changes them comes before or after; None when suspended."""
        row = await self._mongo.collection(STAFF).find_one_and_update(
            {"_id": staff_id, "suspended": False}, {"$inc": {"holds": 1}}, projection=["_id"], session=session
        )
        return await self.member(staff_id, session=session) if row else None

    async def officer(self, principal: Principal, *, now: datetime, session: Session) -> Principal:
        """Staff who ask, with the powers of now: what changes them, or ends their session, comes before or after.

        Raises: TokenInvalid (their session or account has just been ended).
        """
        member = await self.hold_member(principal.actor, session=session)
        runs = await self._people.touch_session(principal.session_id, now=now, session=session)
        if member is None or runs is None:
            raise TokenInvalid()
        return replace(
            principal,
            # A session that can only enrol does not come by its account's powers here.
            scopes=principal.scopes & member.scopes,
            jurisdiction=member.jurisdiction,
            department=member.department,
        )

    async def member(self, staff_id: str, *, session: Session | None = None) -> Staff | None:
        found = await self._people.account(staff_id, Audience.STAFF, session=session)
        return found if isinstance(found, Staff) else None

    async def members(self, *, department: str | None, within: str | None, request: PageRequest) -> Page[Staff]:
        """Newest first; of one department, or of all."""
        query: Document = {} if department is None else {"department": department}
        if within is not None:
            query["jurisdiction"] = _begins(within)
        if request.after is not None:
            query["_id"] = {"$lt": request.after}
        async with answering():
            cursor = self._mongo.collection(STAFF).find(query, {"_id": 1}).sort("_id", DESCENDING)
            ids = [row["_id"] for row in await cursor.limit(request.limit).to_list(None)]
        found = await self._people.staff(ids)
        rows = [found[id_] for id_ in ids if id_ in found]
        return Page.of(rows=rows, keys=[row.id for row in rows], request=request)

    async def live(self, *, role: str, department: str, session: Session) -> list[Jurisdiction]:
        """For what each of those answers who have this role in this department and are not suspended."""
        query = {"roles": role, "department": department, "suspended": False}
        rows = await self._mongo.collection(STAFF).find(query, {"jurisdiction": 1}, session=session).to_list(None)
        return [Jurisdiction(row["jurisdiction"]) for row in rows]

    async def hold_founding(self, *, session: Session) -> None:
        """Whoever adds first staff comes before or after everybody else who does."""
        held = self._mongo.collection(FOUNDING)
        await held.update_one({"_id": "first"}, {"$inc": {"holds": 1}}, upsert=True, session=session)

    async def change_member(
        self, staff_id: str, changes: Mapping[str, Any], *, by: Iterable[str], now: datetime, session: Session
    ) -> None:
        """by: who appointed them to what they are now."""
        appointed = {"appointed_by": sorted(by), "appointed_at": now}
        await self._mongo.collection(STAFF).update_one(
            {"_id": staff_id}, {"$set": {**changes, **appointed}}, session=session
        )

    async def appointed_since(self, staff_id: str, *, by: str, since: datetime, session: Session) -> bool:
        """Whether `by` appointed this member after `since`."""
        query = {"_id": staff_id, "appointed_by": by, "appointed_at": {"$gt": since}}
        return await self._mongo.collection(STAFF).find_one(query, {"_id": 1}, session=session) is not None

    # --- acts

    async def waiting(self, kind: Kind, subject: str, *, now: datetime, session: Session) -> str | None:
        """The id of the one that waits; what has waited too long makes room."""
        acts, same = self._mongo.collection(ACTS), {"subject": subject, "kind": kind.value, "state": "PENDING"}
        await acts.update_many(
            {**same, "expires_at": {"$lte": now}}, {"$set": {"state": ActState.EXPIRED.value}}, session=session
        )
        row = await acts.find_one(same, {"_id": 1}, session=session)
        return str(row["_id"]) if row else None

    async def add(self, act: StaffAct, *, session: Session) -> None:
        """In a transaction that found none that waits."""
        told = {"reason": act.reason, "details": orjson.dumps(act.details.row()).decode()}
        row = {
            "_id": act.id,
            "kind": act.kind.value,
            "subject": act.subject,
            "proposer": act.proposer,
            "sealed": await self._personal.seal(told, owner=_owner(act.subject, act.proposer), purpose=_ACT),
            "place": act.place,
            "department": act.department,
            "at": act.at,
            "expires_at": act.expires_at,
            "state": act.state.value,
            "decided_by": "",
            "decided_at": None,
            "note": None,
            "delete_at": act.at + KEPT,
        }
        await self._mongo.collection(ACTS).insert_one(row, session=session)

    async def act(self, act_id: str, *, session: Session | None = None) -> StaffAct | None:
        if session is not None:
            row = await self._mongo.collection(ACTS).find_one({"_id": act_id}, session=session)
        else:
            async with answering():
                row = await self._mongo.collection(ACTS).find_one({"_id": act_id})
        return await self._act(row) if row else None

    async def decide(
        self, act: StaffAct, state: ActState, *, by: str, note: str = "", now: datetime, session: Session
    ) -> StaffAct:
        """Change the state of an act that this transaction has read."""
        changes: Document = {"state": state.value, "decided_by": by, "decided_at": now}
        if note:
            owner = _owner(act.subject, act.proposer)
            changes["note"] = await self._personal.seal({"text": note}, owner=owner, purpose=_NOTE)
        row = await self._mongo.collection(ACTS).find_one_and_update(
            {"_id": act.id, "state": act.state.value}, {"$set": changes}, return_document=True, session=session
        )
        assert row is not None, "read in this transaction"
        return await self._act(row)

    async def agreed(self, kind: str, subject: str, *, approver: str, session: Session) -> bool:
        """Whether this transaction does such an act, to which `approver` agreed."""
        query = {"subject": subject, "kind": kind, "state": ActState.AGREED.value, "decided_by": approver}
        return await self._mongo.collection(ACTS).find_one(query, {"_id": 1}, session=session) is not None

    async def pending(self, reach: Reach, *, now: datetime, request: PageRequest) -> Page[StaffAct]:
        """Those that wait and that this officer may see, newest first."""
        query: Document = {"state": ActState.PENDING.value, "expires_at": {"$gt": now}, **reach.rows()}
        if request.after is not None:
            query["_id"] = {"$lt": request.after}
        async with answering():
            cursor = self._mongo.collection(ACTS).find(query).sort("_id", DESCENDING).limit(request.limit)
            rows = await cursor.to_list(None)
        acts = [await self._act(row) for row in rows]
        return Page.of(rows=acts, keys=[act.id for act in acts], request=request)

    async def _act(self, row: Document) -> StaffAct:
        owner = _owner(row["subject"], row["proposer"])
        told = await self._opened(row["sealed"], owner=owner, purpose=_ACT)
        note = await self._opened(row["note"], owner=owner, purpose=_NOTE) if row["note"] else {}
        return StaffAct(
            id=row["_id"],
            kind=Kind(row["kind"]),
            subject=row["subject"],
            proposer=row["proposer"],
            reason=told.get("reason", ""),
            details=Details.of_row(orjson.loads(told.get("details", "{}"))),
            at=row["at"],
            expires_at=row["expires_at"],
            place=row["place"],
            department=row["department"],
            state=ActState(row["state"]),
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
            note=note.get("text", ""),
        )

    # --- interventions

    async def add_intervention(self, one: Intervention, *, session: Session) -> None:
        row = {
            "_id": one.id,
            "citizen": one.citizen,
            "kind": one.kind.value,
            "officer": one.officer,
            "second": one.second,
            "at": one.at,
            "until": one.until,
            "reason": await self._personal.seal({"text": one.reason}, owner=one.citizen, purpose=_INTERVENTION),
            "hold": one.hold,
            "delete_at": one.at + KEPT,
        }
        await self._mongo.collection(INTERVENTIONS).insert_one(row, session=session)

    async def interventions(self, citizen: str, *, request: PageRequest) -> Page[Intervention]:
        """Newest first."""
        query: Document = {"citizen": citizen}
        if request.after is not None:
            query["_id"] = {"$lt": request.after}
        async with answering():
            cursor = self._mongo.collection(INTERVENTIONS).find(query).sort("_id", DESCENDING).limit(request.limit)
            rows = [await self._intervention(row) for row in await cursor.to_list(None)]
        return Page.of(rows=rows, keys=[row.id for row in rows], request=request)

    async def intervention(self, id_: str, *, session: Session) -> Intervention | None:
        row = await self._mongo.collection(INTERVENTIONS).find_one({"_id": id_}, session=session)
        return await self._intervention(row) if row else None

    async def frozen_alone_since(self, citizen: str, instant: datetime, *, session: Session) -> bool:
        """Whether one officer alone froze this account after `instant`."""
        frozen = {"kind": InterventionKind.FROZEN.value, "second": "", "at": {"$gt": instant}}
        found = await self._mongo.collection(INTERVENTIONS).find_one({"citizen": citizen, **frozen}, session=session)
        return found is not None

    async def _intervention(self, row: Document) -> Intervention:
        told = await self._opened(row["reason"], owner=row["citizen"], purpose=_INTERVENTION)
        return Intervention(
            id=row["_id"],
            citizen=row["citizen"],
            kind=InterventionKind(row["kind"]),
            officer=row["officer"],
            second=row["second"],
            at=row["at"],
            until=row["until"],
            reason=told.get("text", ""),
            hold=row["hold"],
        )

    async def _opened(self, sealed: bytes, *, owner: str, purpose: str) -> dict[str, str]:
        """Nothing when the person was erased, and with them their key."""
        try:
            return await self._personal.open(sealed, owner=owner, purpose=purpose)
        except UnsealError:
            return {}


def _owner(subject: str, proposer: str) -> str:
    return subject if is_id(subject, prefix="cit") else proposer


def _begins(with_: str) -> Document:
    return {"$regex": f"^{re.escape(with_)}"}
