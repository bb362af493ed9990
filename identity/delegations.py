"""Relations between citizens, each time that somebody acted by one, and each time that an officer looked somebody up.

Rules
- Of two citizens at most one relation of a kind runs in each direction. An ended one stays as it was.
- A relation row is written whenever somebody begins to act by it: ending it and acting by it at the same instant then
  happen one after the other.
- What officers wrote as their reason, and which record proves a relation, is sealed, bound to its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.crypto import FieldCipher
from core.mongo import Document, Mongo, Session, answering
from core.paging import Page, PageRequest
from identity.model import LookUp
from identity.relations import RELATIONS_MAX, Acting, Proof, Relation, RelationKind

RELATIONS: Final = "identity_relations"
ACTINGS: Final = "identity_actings"
LOOK_UPS: Final = "identity_look_ups"
_REASON: Final = "look_up.reason"
_REFERENCE: Final = "relation.reference"
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
    ACTINGS: [IndexModel([("parties", ASCENDING), ("_id", DESCENDING)], name="of_party")],
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

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher) -> None:
        self._mongo = mongo
        self._cipher = cipher

    # --- relations

    async def add(self, relation: Relation) -> bool:
        """False when such a relation runs already; nothing is changed then."""
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
            "running": True,
        }
        try:
            async with answering():
                await self._mongo.collection(RELATIONS).insert_one(row)
        except DuplicateKeyError:
            return False
        return True

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
        """Note that `actor` begins to act by their relation; None where it was ended or is not theirs."""
        row = await self._mongo.collection(RELATIONS).find_one_and_update(
            {"_id": relation_id, "actor": actor, "running": True},
            {"$set": {"acted_at": now}},
            return_document=True,
            session=session,
        )
        return self._relation(row) if row else None

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
        """The relations that were ended at or after `instant`, oldest first, each with when."""
        async with answering():
            cursor = self._mongo.collection(RELATIONS).find({"ended_at": {"$gte": instant}}, {"ended_at": 1})
            return [(row["_id"], row["ended_at"]) async for row in cursor.sort("ended_at", ASCENDING)]

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
        """Which records proved a citizen's relations, and what officers wrote when they looked them up, is gone."""
        relations, look_ups = self._mongo.collection(RELATIONS), self._mongo.collection(LOOK_UPS)
        async with answering():
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
    )
