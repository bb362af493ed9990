"""What payments must remember beside the ledger: bills, payments, refunds, idempotency keys, what was topped up today.

A bill moves from state to state by one write that names the state it must be in; a payment is unique for its bill, a
refund for its payment, a claim for its caller and key. Each holds between processes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from bson import Int64
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from api.domains.payments.books import ensure_rules
from api.domains.payments.errors import TopUpLimitReached
from api.domains.payments.model import (
    BILL_PREFIX,
    PAYMENT_PREFIX,
    TOP_UP_DAY_FEN_MAX,
    TRANSITIONS,
    Bill,
    BillAct,
    BillStatus,
    Claim,
    Payment,
    Refund,
    Reminder,
)
from core.errors import BadInput
from core.ids import is_id
from core.locale import Text
from core.money import Money
from core.mongo import Collection, Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest

R = TypeVar("R")
T = TypeVar("T")

BILLS: Final = "payments_bills"
PAYMENTS: Final = "payments_payments"
REFUNDS: Final = "payments_refunds"
_CLAIMS: Final = "payments_claims"
_ALLOWANCES: Final = "payments_allowances"


class KeyTaken(Exception):
    """Something was already asked for under this idempotency key."""


class NumberTaken(Exception):
    """Another bill or receipt drew this number."""


def _newest_first(*fields: str) -> IndexModel:
    return IndexModel([*((name, ASCENDING) for name in fields), ("_id", DESCENDING)], name="by_" + "_".join(fields))


def _unique(field: str) -> IndexModel:
    return IndexModel([(field, ASCENDING)], name=f"{field}_once", unique=True)


def _forgotten_at(field: str) -> IndexModel:
    return IndexModel([(field, ASCENDING)], name="forget", expireAfterSeconds=0)


_INDEXES: Final = {
    BILLS: [
        _unique("number"),
        _newest_first("payer"),
        _newest_first("payer", "status"),
        _newest_first("biller"),
        _newest_first("biller", "status"),
        IndexModel([("due_on", ASCENDING)], name="unpaid", partialFilterExpression={"status": BillStatus.UNPAID.value}),
    ],
    PAYMENTS: [_unique("bill"), _unique("receipt"), _newest_first("payer")],
    REFUNDS: [_unique("payment")],
    _CLAIMS: [_forgotten_at("expires_at")],
    _ALLOWANCES: [_forgotten_at("expires_at")],
}


def _holds_amount(*others: str) -> Document:
    amount = {"bsonType": "long", "minimum": 1}
    return {"$jsonSchema": {"required": ["amount", *others], "properties": {"amount": amount}}}


_RULES: Final[Mapping[str, Document]] = {
    BILLS: _holds_amount("payer", "biller", "status"),
    PAYMENTS: _holds_amount("bill", "payer", "actor", "transfer"),
    REFUNDS: _holds_amount("payment", "transfer"),
    _ALLOWANCES: {"$jsonSchema": {"properties": {"used": {"bsonType": "long", "minimum": 1}}}},
}


class PaymentStore:
    """Bills, payments, refunds and claims."""

    def __init__(self, *, mongo: Mongo) -> None:
        self._mongo = mongo
        self._bills = mongo.collection(BILLS)
        self._payments = mongo.collection(PAYMENTS)
        self._refunds = mongo.collection(REFUNDS)
        self._claims = mongo.collection(_CLAIMS)
        self._allowances = mongo.collection(_ALLOWANCES)

    async def open(self) -> None:
        """Make collections and indexes. Raises: Unavailable."""
        async with answering():
            for name, rules in _RULES.items():
                await ensure_rules(self._mongo, name, rules)
            await ensure_indexes(self._mongo, _INDEXES)

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: what `work` raises, Unavailable."""
        return await self._mongo.transaction(work)

    # --- once ---------------------------------------------------------------------------------------------------

    async def claim(self, claim: Claim, *, session: Session) -> None:
        """Take an idempotency key. Raises: KeyTaken; the transaction must then be given up."""
        row = {"_id": claim.id, "made": claim.fingerprint, "result": claim.result, "expires_at": claim.expires_at}
        try:
            await self._claims.insert_one(row, session=session)
        except DuplicateKeyError as fault:
            raise KeyTaken() from fault

    async def claimed(self, claim: Claim) -> tuple[bytes, str] | None:
        """The fingerprint and the result of what took this claim's key, once nothing can undo it any more.

        Raises: Unavailable.
        """
        async with answering():
            # A plain majority read may miss the very claim that has just stood in the way.
            claims = self._claims.with_options(read_concern=ReadConcern("linearizable"))
            row = await claims.find_one({"_id": claim.id})
        return (row["made"], row["result"]) if row else None

    async def use_allowance(
        self, *, citizen: str, day: date, amount: Money, expires_at: datetime, session: Session
    ) -> None:
        """Count what a citizen tops up on one day of the city. Raises: TopUpLimitReached."""
        room = TOP_UP_DAY_FEN_MAX - amount.amount
        try:
            await self._allowances.update_one(
                {"_id": f"{citizen}|{day.isoformat()}", "used": {"$lte": Int64(room)}},
                {"$inc": {"used": Int64(amount.amount)}, "$setOnInsert": {"expires_at": expires_at}},
                upsert=True,
                session=session,
            )
        except DuplicateKeyError as fault:
            # The day's row is there and did not match: it has no room for this.
            raise TopUpLimitReached(limit_fen=TOP_UP_DAY_FEN_MAX) from fault

    async def has_books(self, citizen: str) -> bool:
        """Whether money of somebody's stands in the books: those stay with who paid. Raises: Unavailable."""
        settled = {"payer": citizen, "status": {"$nin": [BillStatus.UNPAID.value, BillStatus.CANCELLED.value]}}
        async with answering():
            return await self._bills.find_one(settled) is not None

    async def move(self, citizen: str, to: str) -> None:
        """Send what somebody has to pay yet to another account of theirs. Raises: Unavailable."""
        open_ = {"payer": citizen, "status": {"$in": [BillStatus.UNPAID.value, BillStatus.CANCELLED.value]}}
        async with answering():
            await self._bills.update_many(open_, {"$set": {"payer": to}})

    async def forget(self, citizen: str) -> None:
        """Delete what was kept to serve somebody whose account is gone; bills and payments are books.

        Raises: Unavailable.
        """
        theirs = {"_id": {"$gte": f"{citizen}|", "$lt": f"{citizen}}}"}}
        async with answering():
            await self._claims.delete_many(theirs)
            await self._allowances.delete_many(theirs)

    # --- bills --------------------------------------------------------------------------------------------------

    async def add_bill(self, bill: Bill, *, session: Session) -> None:
        """Raises: NumberTaken; the transaction must then be given up."""
        try:
            await self._bills.insert_one(_bill_row(bill), session=session)
        except DuplicateKeyError as fault:
            raise NumberTaken() from fault

    async def move_bill(
        self,
        bill_id: str,
        act: BillAct,
        *,
        only: Mapping[str, str],
        session: Session,
        mark: Mapping[str, object] | None = None,
    ) -> Bill | None:
        """The bill after the act; None when it is not there, not whose `only` says, or not in a state for the act.

        mark: fields to be set with the state.
        """
        before, after = TRANSITIONS[act]
        row = await self._bills.find_one_and_update(
            {"_id": bill_id, "status": before.value, **only},
            {"$set": {"status": after.value, **(mark or {})}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return _bill_of(row) if row else None

    async def find_bill(self, bill_id: str, *, session: Session | None = None) -> Bill | None:
        """Raises: Unavailable."""
        async with answering():
            row = await self._bills.find_one({"_id": bill_id}, session=session)
        return _bill_of(row) if row else None

    async def find_bills(self, ids: Sequence[str]) -> list[Bill]:
        """Those that are there, in any order. Raises: Unavailable."""
        return await _found(self._bills, "_id", ids, _bill_of)

    async def bills(self, *, only: Mapping[str, str], status: BillStatus | None, page: PageRequest) -> Page[Bill]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        wanted = dict(only) if status is None else {**only, "status": status.value}
        rows = await _newest(self._bills, wanted, page, prefix=BILL_PREFIX)
        bills = [_bill_of(row) for row in rows]
        return Page.of(rows=bills, keys=[bill.id for bill in bills], request=page)

    async def to_remind(self, *, today: date, soon_days: int, limit: int) -> list[Bill]:
        """Unpaid bills that have come closer to their day since their last reminder. Raises: Unavailable."""
        days = {"soon": today + timedelta(days=soon_days), "today": today}
        due = {name: day.isoformat() for name, day in days.items()}
        behind = [
            {"due_on": {"$lt": due["today"]}, "reminded": {"$lt": int(Reminder.OVERDUE)}},
            {"due_on": due["today"], "reminded": {"$lt": int(Reminder.TODAY)}},
            {"due_on": {"$gt": due["today"], "$lte": due["soon"]}, "reminded": {"$lt": int(Reminder.SOON)}},
        ]
        async with answering():
            rows = (
                await self._bills.find({"status": BillStatus.UNPAID.value, "$or": behind}).limit(limit).to_list(limit)
            )
        return [_bill_of(row) for row in rows]

    async def mark_reminded(self, bill: Bill, reminder: Reminder, *, session: Session) -> bool:
        """False when the bill was paid, or somebody else sent this reminder, meanwhile."""
        unchanged = {"_id": bill.id, "status": BillStatus.UNPAID.value, "reminded": int(bill.reminded)}
        marked = await self._bills.update_one(unchanged, {"$set": {"reminded": int(reminder)}}, session=session)
        return marked.modified_count == 1

    # --- payments and refunds -----------------------------------------------------------------------------------

    async def add_payment(self, payment: Payment, *, session: Session) -> None:
        """Raises: NumberTaken; the transaction must then be given up."""
        try:
            await self._payments.insert_one(_payment_row(payment), session=session)
        except DuplicateKeyError as fault:
            raise NumberTaken() from fault

    async def find_payment(self, payment_id: str) -> Payment | None:
        """Raises: Unavailable."""
        found = await self.find_payments([payment_id])
        return found[0] if found else None

    async def find_payments(self, ids: Sequence[str]) -> list[Payment]:
        """Those that are there, in any order. Raises: Unavailable."""
        return await _found(self._payments, "_id", ids, _payment_of)

    async def payments_of(self, payer: str, *, page: PageRequest) -> Page[Payment]:
        """Newest first. Raises: BadInput (cursor), Unavailable."""
        rows = await _newest(self._payments, {"payer": payer}, page, prefix=PAYMENT_PREFIX)
        payments = [_payment_of(row) for row in rows]
        return Page.of(rows=payments, keys=[payment.id for payment in payments], request=page)

    async def add_refund(self, refund: Refund, *, session: Session) -> None:
        await self._refunds.insert_one(_refund_row(refund), session=session)

    async def refunds_of(self, payment_ids: Sequence[str]) -> list[Refund]:
        """Those that are there, in any order. Raises: Unavailable."""
        return await _found(self._refunds, "payment", payment_ids, _refund_of)


async def _found(collection: Collection, field: str, ids: Sequence[str], of: Callable[[Document], T]) -> list[T]:
    if not ids:
        return []
    async with answering():
        rows = await collection.find({field: {"$in": list(ids)}}).to_list(len(ids))
    return [of(row) for row in rows]


async def _newest(collection: Collection, only: Mapping[str, Any], page: PageRequest, *, prefix: str) -> list[Document]:
    """Ids begin with their instant: the newest has the greatest."""
    wanted = dict(only)
    if page.after is not None:
        if not is_id(page.after, prefix=prefix):
            raise BadInput(field="after", problem="is not a cursor of this list")
        wanted["_id"] = {"$lt": page.after}
    async with answering():
        return await collection.find(wanted).sort("_id", DESCENDING).limit(page.limit).to_list(page.limit)


def _bill_row(bill: Bill) -> Document:
    return {
        "_id": bill.id,
        "number": bill.number,
        "title": {"zh": bill.title.zh, "en": bill.title.en},
        "amount": Int64(bill.amount.amount),
        "due_on": bill.due_on.isoformat(),
        "payer": bill.payer,
        "biller": bill.biller,
        "issued_at": bill.issued_at,
        "issued_by": bill.issued_by,
        "status": bill.status.value,
        "payment": bill.payment,
        "reminded": int(bill.reminded),
    }


def _bill_of(row: Document) -> Bill:
    return Bill(
        id=row["_id"],
        number=row["number"],
        title=Text(**row["title"]),
        amount=Money(int(row["amount"])),
        due_on=date.fromisoformat(row["due_on"]),
        payer=row["payer"],
        biller=row["biller"],
        issued_at=row["issued_at"],
        issued_by=row["issued_by"],
        status=BillStatus(row["status"]),
        payment=row["payment"],
        reminded=Reminder(row["reminded"]),
    )


def _payment_row(payment: Payment) -> Document:
    return {
        "_id": payment.id,
        "bill": payment.bill,
        "payer": payment.payer,
        "actor": payment.actor,
        "biller": payment.biller,
        "amount": Int64(payment.amount.amount),
        "paid_at": payment.paid_at,
        "receipt": payment.receipt,
        "transfer": payment.transfer,
    }


def _payment_of(row: Document) -> Payment:
    return Payment(
        id=row["_id"],
        bill=row["bill"],
        payer=row["payer"],
        actor=row["actor"],
        biller=row["biller"],
        amount=Money(int(row["amount"])),
        paid_at=row["paid_at"],
        receipt=row["receipt"],
        transfer=row["transfer"],
    )


def _refund_row(refund: Refund) -> Document:
    return {
        "_id": refund.id,
        "payment": refund.payment,
        "bill": refund.bill,
        "amount": Int64(refund.amount.amount),
        "reason": refund.reason,
        "refunded_at": refund.refunded_at,
        "refunded_by": refund.refunded_by,
        "transfer": refund.transfer,
    }


def _refund_of(row: Document) -> Refund:
    return Refund(
        id=row["_id"],
        payment=row["payment"],
        bill=row["bill"],
        amount=Money(int(row["amount"])),
        reason=row["reason"],
        refunded_at=row["refunded_at"],
        refunded_by=row["refunded_by"],
        transfer=row["transfer"],
    )
