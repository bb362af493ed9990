"""Relations, invitations to them, each time that somebody acted by one or that an officer looked somebody up.

Rules
- Of two parties at most one relation of a kind runs in each direction. An ended one stays as it was; one that ended by
  itself makes room when the next one comes.
- A relation row is written whenever somebody begins to act by it: ending it and acting by it at the same instant then
  happen one after the other.
- What bounds the number of somebody's relations is counted in a transaction that holds that person (`hold`): two that
  would go beyond it together happen one after the other.
- An invitation that reaches nobody is stored as any other is, with the same work.
- What officers wrote as their reason, and which record proves a relation, is sealed, bound to its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.crypto import FieldCipher
from core.mongo import Document, Mongo, Session, answering
from core.paging import Page, PageRequest
from core.personal import PersonalCipher
from core.resealing import SealedField
from identity.model import LookUp
from identity.relations import (
    INVITATION_KEPT,
    RELATIONS_MAX,
    Acting,
    Agency,
    Ceiling,
    Invitation,
    InvitationState,
    Proof,
    Relation,
    RelationKind,
    Role,
)

RELATIONS: Final = "identity_relations"
ACTINGS: Final = "identity_actings"
INVITATIONS: Final = "identity_invitations"
LOOK_UPS: Final = "identity_look_ups"
_HELD: Final = "identity_parties_held"
_REASON: Final = "look_up.reason"
_REFERENCE: Final = "relation.reference"
SEALED: Final = (
    SealedField(RELATIONS, "proof.reference", _REFERENCE),
    SealedField(LOOK_UPS, "reason", _REASON),
)
_ADDRESSEE: Final = "invitation.addressee"
# Longer than any transaction runs.
_HELD_FOR: Final = timedelta(hours=1)
INDEXES: Final = {
    RELATIONS: [
        IndexModel([("parties", ASCENDING), ("_id", DESCENDING)], name="of_party"),
        IndexModel(
            [("actor", ASCENDING), ("subject", ASCENDING), ("kind", ASCENDING)],
            name="one_runs",
            unique=True,
            partialFilterExpression={"running": True},
        ),
        IndexModel([("ended_at", ASCENDING)], name="ended", partialFilterExpression={"ended_at": {"$type": "date"}}),
    ],
    ACTINGS: [
        IndexModel([("parties", ASCENDING), ("_id", DESCENDING)], name="of_party"),
        IndexModel([("ended_at", ASCENDING)], name="ended", partialFilterExpression={"ended_at": {"$type": "date"}}),
    ],
    INVITATIONS: [
        IndexModel([("inviter", ASCENDING), ("_id", DESCENDING)], name="of_inviter"),
        IndexModel(
            [("invitee", ASCENDING), ("_id", DESCENDING)],
            name="of_invitee",
            partialFilterExpression={"invitee": {"$type": "string"}},
        ),
        IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
    _HELD: [IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0)],
    LOOK_UPS: [
        IndexModel(
            [("citizen_id", ASCENDING), ("_id", DESCENDING)],
            name="of_citizen",
            partialFilterExpression={"citizen_id": {"$type": "string"}},
        )
    ],
}


class Delegations:
    """What is remembered of who acts for whom, and of who was looked up. `IdentityStore` makes the indexes."""

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher, personal: PersonalCipher) -> None:
        self._mongo = mongo
        self._cipher = cipher
        self._personal = personal

    async def hold(self, *parties: str, now: datetime, session: Session) -> None:
        """Of two transactions that hold one party, the later runs again after the first."""
        for party in sorted(parties):
            await self._mongo.collection(_HELD).update_one(
                {"_id": party},
                {"$inc": {"times": 1}, "$set": {"delete_at": now + _HELD_FOR}},
                upsert=True,
                session=session,
            )

    # --- relations

    async def add(self, relation: Relation, *, session: Session | None = None) -> bool:
        """False when such a relation runs already; nothing is changed then. In a transaction look first (`running`)."""
        row = {
            "_id": relation.id,
            "kind": relation.kind.value,
            "actor": relation.actor,
            "subject": relation.subject,
            "parties": [relation.actor, relation.subject],
            "matters": sorted(relation.matters),
            "proof": self._sealed_proof(relation),
            "since": relation.since,
            "until": relation.until,
            "ended_at": None,
            "ended_by": None,
            "once_only": relation.once_only,
            "paused": relation.paused,
            "agency": _agency_row(relation.agency),
            "running": True,
        }
        if session is not None:
            await self._mongo.collection(RELATIONS).insert_one(row, session=session)
            return True
        try:
            async with answering():
                await self._mongo.collection(RELATIONS).insert_one(row)
        except DuplicateKeyError:
            return False
        return True

    async def running(
        self, *, actor: str, subject: str, kind: RelationKind, now: datetime, session: Session
    ) -> Relation | None:
        """The relation of this kind between these two; one that ended by itself makes room."""
        pair = {"actor": actor, "subject": subject, "kind": kind.value, "running": True}
        relations = self._mongo.collection(RELATIONS)
        await relations.update_many({**pair, "until": {"$lte": now}}, {"$set": {"running": False}}, session=session)
        row = await relations.find_one(pair, session=session)
        return self._relation(row) if row else None

    async def live_of(
        self,
        *,
        now: datetime,
        actor: str | None = None,
        subject: str | None = None,
        kinds: Iterable[RelationKind],
        most: int = RELATIONS_MAX,
        session: Session | None = None,
    ) -> list[Relation]:
        """Those in which this one may act, or is acted for, that run now; newest first."""
        party, side = (actor, "actor") if actor is not None else (subject, "subject")
        query = {
            "parties": party,
            side: party,
            "kind": {"$in": [kind.value for kind in kinds]},
            "running": True,
            "since": {"$lte": now},
            "$or": [{"until": None}, {"until": {"$gt": now}}],
        }
        async with _answering(session):
            cursor = self._mongo.collection(RELATIONS).find(query, session=session)
            rows = await cursor.sort("_id", DESCENDING).limit(most).to_list(None)
        return [self._relation(row) for row in rows]

    async def relations_of(self, citizen_id: str) -> list[Relation]:
        """Both directions, also ended ones, newest first."""
        async with answering():
            cursor = self._mongo.collection(RELATIONS).find({"parties": citizen_id})
            rows = await cursor.sort("_id", DESCENDING).limit(RELATIONS_MAX).to_list(None)
        return [self._relation(row) for row in rows]

    async def running_of(self, citizen_id: str) -> list[str]:
        """The ids of those that nobody has ended, in both directions."""
        async with answering():
            cursor = self._mongo.collection(RELATIONS).find({"parties": citizen_id, "running": True}, {"_id": 1})
            return [row["_id"] async for row in cursor]

    async def relation(self, relation_id: str, *, session: Session) -> Relation | None:
        row = await self._mongo.collection(RELATIONS).find_one({"_id": relation_id}, session=session)
        return self._relation(row) if row else None

    async def act_by(self, relation_id: str, *, actor: str, now: datetime, session: Session) -> Relation | None:
        """Note that `actor` begins to act by their relation; None where it was ended, is paused, is not theirs, or was
        good for once and has been used.
        """
        unused = {"$or": [{"once_only": {"$ne": True}}, {"acted_at": {"$exists": False}}]}
        row = await self._mongo.collection(RELATIONS).find_one_and_update(
            {"_id": relation_id, "actor": actor, "running": True, "paused": {"$ne": True}, **unused},
            # Counted, since setting what stands there already would be no write, and nothing that others conflict with.
            {"$set": {"acted_at": now}, "$inc": {"times": 1}},
            return_document=True,
            session=session,
        )
        return self._relation(row) if row else None

    async def set_until(self, relation_id: str, until: datetime, *, session: Session) -> Relation:
        """Have a relation that runs, as this transaction has read, end by itself at another instant."""
        row = await self._mongo.collection(RELATIONS).find_one_and_update(
            {"_id": relation_id, "running": True}, {"$set": {"until": until}}, return_document=True, session=session
        )
        assert row is not None, "read in this transaction"
        return self._relation(row)

    async def pause(self, subject: str, *, paused: bool, session: Session) -> None:
        """Let nobody act for this one by any relation, or let them again."""
        await self._mongo.collection(RELATIONS).update_many(
            {"parties": subject, "subject": subject, "running": True}, {"$set": {"paused": paused}}, session=session
        )

    async def end(self, relation_id: str, *, by: str, now: datetime, session: Session) -> Relation | None:
        """End a relation that runs; None when it does not."""
        row = await self._mongo.collection(RELATIONS).find_one_and_update(
            {"_id": relation_id, "running": True},
            {"$set": {"ended_at": now, "ended_by": by, "running": False}},
            return_document=True,
            session=session,
        )
        return self._relation(row) if row else None

    async def ended_since(self, instant: datetime) -> list[tuple[str, datetime]]:
        """The relations and the actings that were ended at or after `instant`, oldest first, each with when."""
        query, ended = {"ended_at": {"$gte": instant}}, []
        async with answering():
            for collection in (RELATIONS, ACTINGS):
                cursor = self._mongo.collection(collection).find(query, {"ended_at": 1})
                ended += [(row["_id"], row["ended_at"]) async for row in cursor]
        return sorted(ended, key=itemgetter(1))

    # --- actings

    async def add_acting(self, acting: Acting, *, session: Session) -> None:
        row = {
            "_id": acting.id,
            "relation_id": acting.relation_id,
            "kind": acting.kind.value,
            "actor": acting.actor,
            "subject": acting.subject,
            "parties": [acting.actor, acting.subject],
            "matters": sorted(acting.matters),
            "at": acting.at,
            "expires_at": acting.expires_at,
            "agency": _agency_row(acting.agency),
        }
        await self._mongo.collection(ACTINGS).insert_one(row, session=session)

    async def acting(self, acting_id: str) -> Acting | None:
        async with answering():
            row = await self._mongo.collection(ACTINGS).find_one({"_id": acting_id})
        return _acting(row) if row else None

    async def actings(self, citizen_id: str, *, request: PageRequest) -> Page[Acting]:
        """Those in which this citizen acted or was acted for, newest first."""
        rows = await self._newest(ACTINGS, {"parties": citizen_id}, request)
        actings = [_acting(row) for row in rows]
        return Page.of(rows=actings, keys=[acting.id for acting in actings], request=request)

    async def acted_for(self, citizen_id: str, *, request: PageRequest) -> Page[Acting]:
        """Those in which somebody acted for this citizen, newest first."""
        rows = await self._newest(ACTINGS, {"parties": citizen_id, "subject": citizen_id}, request)
        actings = [_acting(row) for row in rows]
        return Page.of(rows=actings, keys=[acting.id for acting in actings], request=request)

    async def end_actings(self, subject: str, *, now: datetime, session: Session) -> list[str]:
        """End everything that is being done for this one. Returns what was ended."""
        actings = self._mongo.collection(ACTINGS)
        going_on = {"parties": subject, "subject": subject, "expires_at": {"$gt": now}}
        ids = [row["_id"] async for row in actings.find(going_on, {"_id": 1}, session=session)]
        await actings.update_many(
            {"_id": {"$in": ids}}, {"$set": {"ended_at": now, "expires_at": now}}, session=session
        )
        return ids

    # --- invitations

    async def waiting_for(self, citizen_id: str, *, now: datetime, session: Session) -> int:
        """How many invitations wait for an answer of theirs."""
        query = {"invitee": citizen_id, "answer": None, "expires_at": {"$gt": now}}
        return await self._mongo.collection(INVITATIONS).count_documents(query, session=session)

    async def add_invitation(self, invitation: Invitation, *, session: Session) -> None:
        addressee = {"text": invitation.addressee}
        row = {
            "_id": invitation.id,
            "kind": invitation.kind.value,
            "inviter": invitation.inviter,
            "invitee": invitation.invitee,
            "actor": invitation.actor,
            "subject": invitation.subject,
            "addressee": await self._personal.seal(addressee, owner=invitation.inviter, purpose=_ADDRESSEE),
            "matters": sorted(invitation.matters),
            "until": invitation.until,
            "once_only": invitation.once_only,
            "agency": _agency_row(invitation.agency),
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
            "answer": None,
            "delete_at": invitation.expires_at + INVITATION_KEPT,
        }
        await self._mongo.collection(INVITATIONS).insert_one(row, session=session)

    async def invitation(self, invitation_id: str, *, session: Session) -> Invitation | None:
        row = await self._mongo.collection(INVITATIONS).find_one({"_id": invitation_id}, session=session)
        return await self._invitation(row) if row else None

    async def invitations_of(self, citizen_id: str, *, received: bool) -> list[Invitation]:
        """Those that they sent, or were sent; newest first."""
        query = {"invitee" if received else "inviter": citizen_id}
        async with answering():
            cursor = self._mongo.collection(INVITATIONS).find(query).sort("_id", DESCENDING)
            rows = await cursor.limit(RELATIONS_MAX).to_list(None)
        return [await self._invitation(row) for row in rows]

    async def answer(
        self, invitation_id: str, answer: InvitationState, *, now: datetime, session: Session
    ) -> Invitation | None:
        """Answer an invitation that waits; None when it does not."""
        row = await self._mongo.collection(INVITATIONS).find_one_and_update(
            {"_id": invitation_id, "answer": None, "expires_at": {"$gt": now}},
            {"$set": {"answer": answer.value}},
            return_document=True,
            session=session,
        )
        return await self._invitation(row) if row else None

    # --- look-ups

    async def add_look_up(self, look_up: LookUp) -> None:
        row = {
            "_id": look_up.id,
            "officer": look_up.officer,
            "citizen_id": look_up.citizen,
            "reason": self._cipher.seal(look_up.reason.encode(), purpose=_REASON, owner=look_up.id),
            "at": look_up.at,
        }
        async with answering():
            await self._mongo.collection(LOOK_UPS).insert_one(row)

    async def look_ups(self, citizen_id: str, *, request: PageRequest) -> Page[LookUp]:
        """Those that found this citizen, newest first."""
        rows = await self._newest(LOOK_UPS, {"citizen_id": citizen_id}, request)
        found = [self._look_up(row) for row in rows]
        return Page.of(rows=found, keys=[look_up.id for look_up in found], request=request)

    async def forget(self, citizen_id: str) -> None:
        """Which records proved a citizen's relations, and what officers wrote when they looked them up, is gone.

        So is whom they invited. What they were invited to waits as for somebody whom nobody knows.
        """
        relations, look_ups = self._mongo.collection(RELATIONS), self._mongo.collection(LOOK_UPS)
        invitations = self._mongo.collection(INVITATIONS)
        async with answering():
            await invitations.delete_many({"inviter": citizen_id})
            for role in ("actor", "subject", "invitee"):
                await invitations.update_many({"invitee": citizen_id, role: citizen_id}, {"$set": {role: ""}})
            async for row in relations.find({"parties": citizen_id}, {"_id": 1}):
                blank = self._cipher.seal(b"", purpose=_REFERENCE, owner=row["_id"])
                await relations.update_one({"_id": row["_id"]}, {"$set": {"proof.reference": blank}})
            async for row in look_ups.find({"citizen_id": citizen_id}, {"_id": 1}):
                blank = self._cipher.seal(b"", purpose=_REASON, owner=row["_id"])
                await look_ups.update_one({"_id": row["_id"]}, {"$set": {"reason": blank}})

    # --- rows

    async def _newest(self, collection: str, query: Mapping[str, Any], request: PageRequest) -> list[Document]:
        after = {"_id": {"$lt": request.after}} if request.after else {}
        async with answering():
            cursor = self._mongo.collection(collection).find({**query, **after})
            return await cursor.sort("_id", DESCENDING).limit(request.limit).to_list(None)

    def _relation(self, row: Document) -> Relation:
        proof = row["proof"]
        reference = self._cipher.open(proof["reference"], purpose=_REFERENCE, owner=row["_id"]).decode()
        return Relation(
            id=row["_id"],
            kind=RelationKind(row["kind"]),
            actor=row["actor"],
            subject=row["subject"],
            matters=frozenset(row["matters"]),
            proof=Proof(proof["source"], reference, proof["at"]),
            since=row["since"],
            until=row["until"],
            ended_at=row["ended_at"],
            ended_by=row["ended_by"],
            once_only=row.get("once_only", False),
            paused=row.get("paused", False),
            agency=_agency(row.get("agency")),
        )

    async def _invitation(self, row: Document) -> Invitation:
        opened = await self._personal.open(row["addressee"], owner=row["inviter"], purpose=_ADDRESSEE)
        return Invitation(
            id=row["_id"],
            kind=RelationKind(row["kind"]),
            inviter=row["inviter"],
            invitee=row["invitee"],
            actor=row["actor"],
            subject=row["subject"],
            addressee=opened["text"],
            matters=frozenset(row["matters"]),
            until=row["until"],
            once_only=row["once_only"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            agency=_agency(row["agency"]),
            answer=InvitationState(row["answer"]) if row["answer"] else None,
        )

    def _sealed_proof(self, relation: Relation) -> Document:
        proof = relation.proof
        reference = self._cipher.seal(proof.reference.encode(), purpose=_REFERENCE, owner=relation.id)
        return {"source": proof.source, "reference": reference, "at": proof.at}

    def _look_up(self, row: Document) -> LookUp:
        reason = self._cipher.open(row["reason"], purpose=_REASON, owner=row["_id"]).decode()
        return LookUp(row["_id"], row["officer"], row["citizen_id"], reason, row["at"])


def _acting(row: Document) -> Acting:
    return Acting(
        id=row["_id"],
        relation_id=row["relation_id"],
        kind=RelationKind(row["kind"]),
        actor=row["actor"],
        subject=row["subject"],
        matters=frozenset(row["matters"]),
        at=row["at"],
        expires_at=row["expires_at"],
        agency=_agency(row.get("agency")),
    )


def _agency_row(agency: Agency | None) -> Document | None:
    if agency is None:
        return None
    ceilings = {one.matter: one.amount_fen_max for one in agency.ceilings}
    return {"organisation": agency.organisation, "role": agency.role.value, "ceilings": ceilings}


def _agency(row: Document | None) -> Agency | None:
    if row is None:
        return None
    ceilings = tuple(Ceiling(matter, most) for matter, most in row["ceilings"].items())
    return Agency(row["organisation"], Role(row["role"]), ceilings)


def _answering(session: Session | None) -> AbstractAsyncContextManager[None]:
    """Inside a transaction a fault goes to the transaction, which knows whether to try again."""
    return answering() if session is None else nullcontext()
