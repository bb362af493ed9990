"""What health status must remember, in MongoDB: facts (sealed), published rules, orders, and who looked.

`health_heads` holds what is asked before every status, in one read: of the city its order, its rules and how often
they changed; of a citizen how often their facts changed. A head changes in the transaction of what it counts.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import orjson
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from api.domains.health.errors import (
    HealthFactSuperseded,
    HealthRulesInvalid,
    HealthRulesVersionTaken,
    HealthTooManyFacts,
)
from api.domains.health.model import (
    DECLARATIONS_MAX,
    FACTS_MAX,
    LOOK_KEPT,
    LOOK_PREFIX,
    Fact,
    FactKind,
    Finding,
    Look,
    Looker,
    Order,
    Standing,
    row_key,
)
from api.domains.health.rules import RuleSet
from core.clock import epoch_ms, from_epoch_s
from core.crypto import FieldCipher
from core.errors import BadInput
from core.ids import is_id
from core.locale import Text
from core.mongo import Collection, Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.resealing import SealedField

R = TypeVar("R")

_HEADS: Final = "health_heads"
_FACTS: Final = "health_facts"
_RULES: Final = "health_rules"
_ORDERS: Final = "health_orders"
_LOOKS: Final = "health_looks"
_CITY: Final = "city"
_SEALED: Final = "health.fact"
SEALED: Final = (
    SealedField(_FACTS, "said", _SEALED, lambda row, _: f"{row['citizen']}:{row['_id']}", needs=("citizen",)),
)
_RULES_REMEMBERED_MAX: Final = 8
_SCHEDULED_MAX: Final = 20
_LEAVES: Final = IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0)
_INDEXES: Final = {
    _HEADS: [_LEAVES],
    _FACTS: [
        _LEAVES,
        IndexModel([("citizen", ASCENDING), ("_id", DESCENDING)], name="by_citizen"),
        IndexModel([("recorder", ASCENDING), ("client_fact_id", ASCENDING)], name="once", unique=True),
        IndexModel(
            [("supersedes", ASCENDING)],
            name="superseded_once",
            unique=True,
            partialFilterExpression={"supersedes": {"$type": "string"}},
        ),
    ],
    _ORDERS: [IndexModel([("by", ASCENDING), ("client_order_id", ASCENDING)], name="once", unique=True)],
    _LOOKS: [
        IndexModel([("citizen", ASCENDING), ("once", ASCENDING)], name="once", unique=True),
        IndexModel([("citizen", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_citizen"),
        IndexModel([("at", ASCENDING)], name="forget", expireAfterSeconds=int(LOOK_KEPT.total_seconds())),
    ],
}


class AlreadyDone(Exception):
    """What was to be added is there, under the same name of the same sender: look at it."""


class HealthStore:
    """Everything that the room must not forget, and what it must forget in time."""

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher) -> None:
        self._mongo = mongo
        self._cipher = cipher
        self._heads = mongo.collection(_HEADS)
        self._facts = mongo.collection(_FACTS)
        self._rules = mongo.collection(_RULES)
        self._orders = mongo.collection(_ORDERS)
        self._looks = mongo.collection(_LOOKS)
        # What is published never changes.
        self._remembered: OrderedDict[int, RuleSet] = OrderedDict()

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: what `work` raises, Unavailable."""
        return await self._mongo.transaction(work)

    async def standing(self, citizen: str = "") -> Standing:
        """Raises: Unavailable."""
        async with answering():
            rows = await self._heads.find({"_id": {"$in": [_CITY, citizen]}}).to_list(2)
        heads = {row["_id"]: row for row in rows}
        city = heads.get(_CITY, {})
        return Standing(
            epoch=city.get("epoch", 0),
            facts=heads.get(citizen, {}).get("facts", 0),
            order=_order_of(city["order"]) if city.get("order") else None,
            rules=[(row["version"], row["valid_from"]) for row in city.get("rules", ())],
        )

    # --- facts

    async def add_fact(self, fact: Fact, *, own: bool, session: Session) -> None:
        """Raises: AlreadyDone, HealthFactSuperseded, HealthTooManyFacts."""
        # First, so that of entries about one citizen one is counted after the other.
        await self._heads.update_one(
            {"_id": fact.citizen},
            {"$inc": {"facts": 1}, "$max": {"delete_at": fact.delete_at}},
            upsert=True,
            session=session,
        )
        most = DECLARATIONS_MAX if own else FACTS_MAX
        try:
            await self._facts.insert_one(self._row_of(fact, own), session=session)
        except DuplicateKeyError as fault:
            taken = (fault.details or {}).get("keyPattern", {})
            raise (HealthFactSuperseded() if "supersedes" in taken else AlreadyDone()) from fault
        kept = await self._facts.count_documents({"citizen": fact.citizen, "own": own}, limit=most + 1, session=session)
        if kept > most:
            raise HealthTooManyFacts(facts_max=most)

    async def facts(self, citizen: str, *, now: datetime) -> list[Fact]:
        """All that is kept about a citizen, newest first. Raises: Unavailable."""
        most = FACTS_MAX + DECLARATIONS_MAX
        async with answering():
            rows = (
                await self._facts.find({"citizen": citizen, "delete_at": {"$gt": now}})
                .sort("_id", DESCENDING)
                .to_list(most)
            )
        return [self._fact_of(row) for row in rows]

    async def fact(self, fact_id: str) -> Fact | None:
        """Raises: Unavailable."""
        return await self._one_fact({"_id": fact_id})

    async def fact_named(self, recorder: str, client_fact_id: str) -> Fact | None:
        """Raises: Unavailable."""
        return await self._one_fact({"recorder": recorder, "client_fact_id": client_fact_id})

    async def _one_fact(self, which: Mapping[str, Any]) -> Fact | None:
        async with answering():
            row = await _committed(self._facts).find_one(which)
        return self._fact_of(row) if row else None

    def _row_of(self, fact: Fact, own: bool) -> Document:
        said = {"department": fact.department, "finding": _finding_as_json(fact.finding)}
        row: Document = {
            "_id": fact.id,
            "citizen": fact.citizen,
            "own": own,
            "recorder": fact.recorder,
            "client_fact_id": fact.client_fact_id,
            "recorded_at": fact.recorded_at,
            "delete_at": fact.delete_at,
            "said": self._cipher.seal(orjson.dumps(said), purpose=_SEALED, owner=f"{fact.citizen}:{fact.id}"),
        }
        return row if fact.supersedes is None else {**row, "supersedes": fact.supersedes}

    def _fact_of(self, row: Document) -> Fact:
        owner = f"{row['citizen']}:{row['_id']}"
        said = orjson.loads(self._cipher.open(row["said"], purpose=_SEALED, owner=owner))
        return Fact(
            id=row["_id"],
            citizen=row["citizen"],
            finding=_finding_of_json(said["finding"]),
            recorder=row["recorder"],
            department=said["department"],
            client_fact_id=row["client_fact_id"],
            recorded_at=row["recorded_at"],
            delete_at=row["delete_at"],
            supersedes=row.get("supersedes"),
        )

    async def forget(self, citizen: str) -> None:
        """Delete all facts about somebody whose account is gone; that officers looked stays. Raises: Unavailable."""
        async with answering():
            await self._facts.delete_many({"citizen": citizen})
            # Last: what was worked out from them is kept under how often they changed.
            await self._heads.delete_one({"_id": citizen})

    # --- rules

    async def publish(self, rules: RuleSet, *, by: str, department: str, at: datetime, session: Session) -> None:
        """Raises: HealthRulesVersionTaken, HealthRulesInvalid (too many wait for their time)."""
        head = await self._heads.find_one({"_id": _CITY}, session=session) or {}
        published = {row["version"]: row["valid_from"] for row in head.get("rules", ())}
        latest = max(published, default=0)
        if rules.version <= latest:
            raise HealthRulesVersionTaken(latest=latest)
        # What is below the set in force will never be in force again.
        current = max((version for version, since in published.items() if since <= at), default=0)
        live = {version: since for version, since in published.items() if version >= current}
        if len(live) >= _SCHEDULED_MAX:
            raise HealthRulesInvalid(problems=[f"validFrom: {_SCHEDULED_MAX} sets wait for their time already"])
        rows = [{"version": v, "valid_from": since} for v, since in {**live, rules.version: rules.valid_from}.items()]
        await self._heads.update_one(
            {"_id": _CITY}, {"$inc": {"epoch": 1}, "$set": {"rules": rows}}, upsert=True, session=session
        )
        await self._rules.insert_one(
            {"_id": rules.version, "text": rules.text, "by": by, "department": department, "at": at}, session=session
        )

    async def rules(self, version: int) -> RuleSet | None:
        """A published set; each is read once and kept in memory, the last few. Raises: Unavailable."""
        known = self._remembered.get(version)
        if known is None:
            async with answering():
                row = await self._rules.find_one({"_id": version}, {"text": 1})
            if row is None:
                return None
            # Up to a tenth of a second of work, that nobody else should wait for.
            known = self._remembered[version] = await asyncio.to_thread(RuleSet.parse, row["text"])
        self._remembered.move_to_end(version)
        if len(self._remembered) > _RULES_REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return known

    # --- orders

    async def add_order(self, order: Order, *, session: Session) -> None:
        """The newest order is the one that counts. Raises: AlreadyDone."""
        row = _order_row(order)
        await self._heads.update_one(
            {"_id": _CITY}, {"$inc": {"epoch": 1}, "$set": {"order": row}}, upsert=True, session=session
        )
        try:
            await self._orders.insert_one({**row, "_id": order.id}, session=session)
        except DuplicateKeyError as fault:
            raise AlreadyDone() from fault

    async def order_named(self, by: str, client_order_id: str) -> Order | None:
        """Raises: Unavailable."""
        async with answering():
            row = await _committed(self._orders).find_one({"by": by, "client_order_id": client_order_id})
        return _order_of({**row, "id": row["_id"]}) if row else None

    # --- looks

    async def add_look(self, look: Look) -> None:
        """Once for each scan or minute. Raises: Unavailable."""
        row = {
            "at": look.at,
            "looker": look.looker.value,
            "by": look.by,
            "purpose": look.purpose,
            "_id": look.id,
        }
        async with answering():
            try:
                await self._looks.update_one(
                    {"citizen": look.citizen, "once": look.once}, {"$setOnInsert": row}, upsert=True
                )
            except DuplicateKeyError:
                return

    async def looks(self, citizen: str, *, page: PageRequest) -> Page[Look]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        conditions: list[Mapping[str, Any]] = [{"citizen": citizen}]
        if page.after is not None:
            at, look = _place_of(page.after, prefix=LOOK_PREFIX)
            conditions.append({"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": look}}]})
        newest_first = [("at", DESCENDING), ("_id", DESCENDING)]
        async with answering():
            rows = await self._looks.find({"$and": conditions}).sort(newest_first).to_list(page.limit)
        found = [
            Look(r["_id"], r["at"], r["citizen"], Looker(r["looker"]), r["by"], r["purpose"], r["once"]) for r in rows
        ]
        return Page.of(rows=found, keys=[row_key(one.id, one.at) for one in found], request=page)


def _committed(rows: Collection) -> Collection:
    # A plain majority read may miss the very row that has just stood in the way of another.
    return rows.with_options(read_concern=ReadConcern("linearizable"))


def _place_of(key: str, *, prefix: str) -> tuple[datetime, str]:
    ms, _, row_id = key.partition(":")
    if not (ms.isascii() and ms.isdigit() and len(ms) <= 14) or not is_id(row_id, prefix=prefix):
        raise BadInput(field="after", problem="is not a cursor of this list")
    return _instant(int(ms)), row_id


def _finding_as_json(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "kind": finding.kind,
        "at": epoch_ms(finding.at),
        "until": epoch_ms(finding.valid_until),
        "details": finding.details,
    }


def _finding_of_json(row: dict[str, Any] | None) -> Finding | None:
    if row is None:
        return None
    return Finding(FactKind(row["kind"]), _instant(row["at"]), _instant(row["until"]), row["details"])


def _instant(ms: int) -> datetime:
    return from_epoch_s(0) + timedelta(milliseconds=ms)


def _order_row(order: Order) -> Document:
    return {
        "id": order.id,
        "since": order.since,
        "until": order.until,
        "reason": {"zh": order.reason.zh, "en": order.reason.en},
        "by": order.by,
        "department": order.department,
        "client_order_id": order.client_order_id,
    }


def _order_of(row: Document) -> Order:
    return Order(
        id=row["id"],
        since=row["since"],
        until=row["until"],
        reason=Text(**row["reason"]),
        by=row["by"],
        department=row["department"],
        client_order_id=row["client_order_id"],
    )
