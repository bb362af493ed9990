"""The ledger in MongoDB: accounts, and transfers that are inserted and never touched again.

Rules
- What a wallet may spend is decided by one conditional write on its own document. Never by a sum of transfers that the
  transaction has read: under snapshot isolation two of those could both say yes (write skew).
- Nothing is written to a recording account when money moves. Its document holds counters up to `rolled_up_to`; what
  came later is summed when somebody asks.
- The database refuses what must not be, should a later hand forget a rule: an amount that is no 64-bit integer, a
  wallet below zero, a transfer that is resolved or reversed twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bson import Int64
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError, OperationFailure

from api.domains.payments.errors import InsufficientFunds
from api.domains.payments.ledger import (
    LEDGER,
    Account,
    AlreadyMoved,
    Change,
    Counters,
    Purpose,
    Transfer,
    TransferKind,
    changes,
    leg,
    total,
)
from core.clock import epoch_ms, from_epoch_s
from core.errors import BadInput
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest

ACCOUNTS: Final = "payments_accounts"
TRANSFERS: Final = "payments_transfers"

_COUNTERS: Final = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
_MUST_NOT_EXCEED: Final = "debits_must_not_exceed_credits"
_COLLECTION_EXISTS: Final = 48
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_MS_MAX: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last instant of a datetime
# A pending transfer shows in a wallet's list once it is posted.
_SHOWN: Final = [TransferKind.SINGLE.value, TransferKind.POST.value]

_AVAILABLE: Final = {"$subtract": ["$credits_posted", {"$add": ["$debits_pending", "$debits_posted"]}]}
_ACCOUNT_RULES: Final[Document] = {
    "$and": [
        {
            "$jsonSchema": {
                "required": ["ledger", "code", "owner", "flags", *_COUNTERS],
                "properties": {
                    "ledger": {"enum": [LEDGER]},
                    "code": {"bsonType": "int"},
                    "owner": {"bsonType": "string"},
                    "flags": {"bsonType": "array", "items": {"enum": [_MUST_NOT_EXCEED]}},
                    **{name: {"bsonType": "long", "minimum": 0} for name in _COUNTERS},
                },
            }
        },
        {"$expr": {"$or": [{"$not": {"$in": [_MUST_NOT_EXCEED, "$flags"]}}, {"$gte": [_AVAILABLE, 0]}]}},
    ]
}
_TRANSFER_RULES: Final[Document] = {
    "$jsonSchema": {
        "required": ["ledger", "code", "debit", "credit", "amount", "kind", "at", "reference"],
        "properties": {
            "ledger": {"enum": [LEDGER]},
            "code": {"bsonType": "int"},
            "debit": {"bsonType": "string"},
            "credit": {"bsonType": "string"},
            "amount": {"bsonType": "long", "minimum": 1},
            "kind": {"enum": [kind.value for kind in TransferKind]},
            "at": {"bsonType": "date"},
            "reference": {"bsonType": "string"},
            "pending_id": {"bsonType": "string"},
            "reverses": {"bsonType": "string"},
        },
    }
}


def _once(field: str) -> IndexModel:
    stated = {field: {"$type": "string"}}
    return IndexModel([(field, ASCENDING)], name=f"{field}_once", unique=True, partialFilterExpression=stated)


def _newest_first(side: str) -> IndexModel:
    return IndexModel([(side, ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name=f"by_{side}")


_INDEXES: Final = {
    TRANSFERS: [_once("pending_id"), _once("reverses"), _newest_first("debit"), _newest_first("credit")],
}


async def ensure_rules(mongo: Mongo, name: str, rules: Document) -> None:
    """Make the collection, or give it these rules, so that the database itself refuses what breaks them."""
    try:
        await mongo.database.command("create", name, validator=rules)
    except OperationFailure as fault:
        if fault.code != _COLLECTION_EXISTS:
            raise
        await mongo.database.command("collMod", name, validator=rules)


class Books:
    """Every account and every transfer of the city."""

    def __init__(self, *, mongo: Mongo) -> None:
        self._mongo = mongo
        self._accounts = mongo.collection(ACCOUNTS)
        self._transfers = mongo.collection(TRANSFERS)

    async def open(self, *, recording: Sequence[Account]) -> None:
        """Make collections and indexes, and the recording accounts that are not there yet. Raises: Unavailable."""
        async with answering():
            await ensure_rules(self._mongo, ACCOUNTS, _ACCOUNT_RULES)
            await ensure_rules(self._mongo, TRANSFERS, _TRANSFER_RULES)
            await ensure_indexes(self._mongo, _INDEXES)
            for account in recording:
                fresh = {**_fresh(account), **_longs(Counters()), "rolled_up_to": _NEVER}
                await self._accounts.update_one({"_id": account.id}, {"$setOnInsert": fresh}, upsert=True)

    async def move(self, transfers: Sequence[Transfer], *, session: Session) -> None:
        """Let linked transfers happen, in their order, with the caller's transaction.

        Raises: InsufficientFunds, AlreadyMoved; the transaction must then be given up.
        """
        try:
            await self._transfers.insert_many([_row_of(transfer) for transfer in transfers], session=session)
        except BulkWriteError as fault:
            raise AlreadyMoved() from fault
        # Last, and in one order for everybody: a wallet is what two transactions meet at.
        for account, change in sorted(changes(transfers).items(), key=lambda item: item[0].id):
            if account.authorizing:
                await self._change(account, change, session)

    async def _change(self, wallet: Account, change: Change, session: Session) -> None:
        update: Document = {"$inc": _longs(change.counters)}
        if change.needs > 0:
            enough = {"$gte": [_AVAILABLE, Int64(change.needs)]}
            changed = await self._accounts.update_one({"_id": wallet.id, "$expr": enough}, update, session=session)
            if changed.matched_count == 0:
                raise InsufficientFunds()
        else:
            update["$setOnInsert"] = _fresh(wallet)
            await self._accounts.update_one({"_id": wallet.id}, update, upsert=True, session=session)

    async def counters(self, account: Account, *, session: Session | None = None) -> Counters:
        """What went through an account so far; zeros for one that has never been used. Raises: Unavailable."""
        async with answering():
            row = await self._accounts.find_one({"_id": account.id}, session=session)
            if row is None:
                return Counters()
            if account.authorizing:
                return counters_of(row)
            return counters_of(row) + await self._summed(account, after=row["rolled_up_to"], session=session)

    async def roll_up(self, account: Account, *, until: datetime) -> None:
        """Take the transfers of a recording account up to `until` into its counters.

        until: so long past that every transaction that began before it has ended.
        Raises: Unavailable.
        """

        async def work(session: Session) -> None:
            row = await self._accounts.find_one({"_id": account.id}, session=session)
            if row is not None and row["rolled_up_to"] < until:
                since = row["rolled_up_to"]
                summed = await self._summed(account, after=since, until=until, session=session)
                update = {"$inc": _longs(summed), "$set": {"rolled_up_to": until}}
                await self._accounts.update_one({"_id": account.id, "rolled_up_to": since}, update, session=session)

        await self._mongo.transaction(work)

    async def _summed(
        self, account: Account, *, after: datetime, until: datetime | None = None, session: Session | None = None
    ) -> Counters:
        span = {"$gt": after} if until is None else {"$gt": after, "$lte": until}
        pipeline: list[Document] = [
            {"$match": {"$or": [{"debit": account.id, "at": span}, {"credit": account.id, "at": span}]}},
            {
                "$group": {
                    "_id": {"kind": "$kind", "debit": {"$eq": ["$debit", account.id]}},
                    "sum": {"$sum": "$amount"},
                }
            },
        ]
        cursor = await self._transfers.aggregate(pipeline, session=session)
        groups = await cursor.to_list(2 * len(TransferKind))
        return fold(groups)

    async def entries(self, account: Account, *, page: PageRequest) -> Page[Transfer]:
        """What moved into and out of an account, newest first. Raises: BadInput (cursor), Unavailable."""
        conditions: list[Mapping[str, Any]] = [{"kind": {"$in": _SHOWN}}]
        if page.after is not None:
            at, transfer_id = _place_of(page.after)
            conditions.append({"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": transfer_id}}]})
        sides = {"$or": [{"debit": account.id}, {"credit": account.id}]}
        async with answering():
            rows = (
                await self._transfers.find({"$and": [sides, *conditions]})
                .sort([("at", DESCENDING), ("_id", DESCENDING)])
                .limit(page.limit)
                .to_list(page.limit)
            )
        found = [transfer_of(row) for row in rows]
        return Page.of(rows=found, keys=[f"{epoch_ms(one.at)}:{one.id}" for one in found], request=page)


def _fresh(account: Account) -> Document:
    return {
        "ledger": LEDGER,
        "code": int(account.kind),
        "owner": account.owner,
        "flags": [_MUST_NOT_EXCEED] if account.authorizing else [],
    }


def _longs(counters: Counters) -> Document:
    return {name: Int64(getattr(counters, name)) for name in _COUNTERS}


def counters_of(row: Document) -> Counters:
    return Counters(*(int(row[name]) for name in _COUNTERS))


def fold(groups: Sequence[Document]) -> Counters:
    """The counters of one account from sums of its transfers by side and kind."""
    return total(
        leg(TransferKind(group["_id"]["kind"]), int(group["sum"]), debit=group["_id"]["debit"]) for group in groups
    )


def _row_of(transfer: Transfer) -> Document:
    row: Document = {
        "_id": transfer.id,
        "ledger": LEDGER,
        "code": int(transfer.purpose),
        "debit": transfer.debit.id,
        "credit": transfer.credit.id,
        "amount": Int64(transfer.amount),
        "kind": transfer.kind.value,
        "at": transfer.at,
        "reference": transfer.reference,
    }
    named = {"pending_id": transfer.pending_id, "reverses": transfer.reverses}
    return {**row, **{name: value for name, value in named.items() if value is not None}}


def transfer_of(row: Document) -> Transfer:
    return Transfer(
        id=row["_id"],
        debit=Account.of(row["debit"]),
        credit=Account.of(row["credit"]),
        amount=int(row["amount"]),
        kind=TransferKind(row["kind"]),
        purpose=Purpose(row["code"]),
        at=row["at"],
        reference=row["reference"],
        pending_id=row.get("pending_id"),
        reverses=row.get("reverses"),
    )


def _place_of(key: str) -> tuple[datetime, str]:
    """The instant and the transfer of a row's key that a client sent back. Raises: BadInput."""
    ms, _, transfer_id = key.partition(":")
    if not (ms.isascii() and ms.isdigit() and len(ms) <= 15 and int(ms) <= _EPOCH_MS_MAX and transfer_id):
        raise BadInput(field="after", problem="is not a cursor of this list")
    return from_epoch_s(0) + timedelta(milliseconds=int(ms)), transfer_id
