"""The proof of the books: everything that must be true of all accounts, transfers, bills, payments and refunds.

It reads the whole database as of one instant (a snapshot session), in streams and batches: its memory does not grow
with the city. MongoDB keeps such an instant readable for five minutes (`minSnapshotHistoryWindowInSeconds`); a city
whose audit takes longer raises that.

What is proven
- Every account's counters are the fold of its transfers; what was rolled up is the fold up to its mark.
- No wallet was debited beyond what was credited. Sum of debits = sum of credits, posted and pending.
- A transfer touches accounts that exist; a post or a void equals the pending transfer that it resolves, and is the only
  one; a reversal mirrors what it reverses, and is the only one.
- Every paid or refunded bill has its one payment, of its amount and payer, with its posted transfer from that payer's
  wallet to that department; every refunded bill, and no other, its one refund. Every transfer for a bill or a refund
  has its payment or refund.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo import ASCENDING

from api.domains.payments.books import ACCOUNTS, TRANSFERS, counters_of, fold, transfer_of
from api.domains.payments.ledger import (
    Account,
    Counters,
    Purpose,
    Transfer,
    TransferKind,
    receiving_of,
    wallet_of,
)
from api.domains.payments.model import BillStatus
from api.domains.payments.store import BILLS, PAYMENTS, REFUNDS
from core.mongo import Document, Mongo, Session, answering

_BATCH: Final = 500
FAULTS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class BooksReport:
    """What an audit found.

    faults: one sentence each, by ids alone; the first hundred. totals: of all accounts, in fen.
    """

    accounts: int
    transfers: int
    bills: int
    payments: int
    refunds: int
    totals: Counters
    faults: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.faults


@dataclass(slots=True)
class _Finding:
    """What has been counted and found wrong so far."""

    counted: Counter[str] = field(default_factory=Counter)
    totals: Counters = field(default_factory=Counters)
    faults: list[str] = field(default_factory=list)

    def check(self, holds: bool, fault: str) -> None:
        if not holds and len(self.faults) < FAULTS_MAX:
            self.faults.append(fault)

    def report(self) -> BooksReport:
        return BooksReport(
            accounts=self.counted[ACCOUNTS],
            transfers=self.counted[TRANSFERS],
            bills=self.counted[BILLS],
            payments=self.counted[PAYMENTS],
            refunds=self.counted[REFUNDS],
            totals=self.totals,
            faults=tuple(self.faults),
        )


@dataclass(frozen=True, slots=True)
class Auditor:
    mongo: Mongo

    async def audit(self) -> BooksReport:
        """Raises: Unavailable."""
        found = _Finding()
        async with answering(), self.mongo.client.start_session(snapshot=True) as instant:
            reading = _Reading(self.mongo, instant, found)
            await reading.accounts()
            await reading.transfers()
            await reading.bills()
            await reading.payments()
            await reading.refunds()
        return found.report()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One walk through the books as they were at one instant."""

    mongo: Mongo
    instant: Session
    found: _Finding

    async def accounts(self) -> None:
        """Two streams in the order of account ids, side by side: the accounts, and the folds of their transfers."""
        folds = self._folds()
        folded = await anext(folds, None)
        async for row in self._all(ACCOUNTS):
            while folded is not None and folded[0] < row["_id"]:
                self.found.check(False, f"{folded[0]} has transfers and is no account")
                folded = await anext(folds, None)
            sums = Counters()
            if folded is not None and folded[0] == row["_id"]:
                sums, folded = folded[1], await anext(folds, None)
            await self._account(row, sums)
        while folded is not None:
            self.found.check(False, f"{folded[0]} has transfers and is no account")
            folded = await anext(folds, None)
        self.found.check(self.found.totals.balanced, "debits and credits differ")

    async def _account(self, row: Document, sums: Counters) -> None:
        account, kept = Account.of(row["_id"]), counters_of(row)
        if account.authorizing:
            self.found.check(sums.available >= 0, f"{account.id} is below zero")
            expected = sums
        else:
            expected = await self._fold_until(account, row)
        self.found.check(kept == expected, f"{account.id} does not hold the sum of its transfers")
        self.found.counted[ACCOUNTS] += 1
        self.found.totals += sums

    async def _folds(self) -> AsyncIterator[tuple[str, Counters]]:
        """Every account that a transfer touches, in order, with the fold of its transfers."""
        legs = [{"account": "$debit", "debit": True}, {"account": "$credit", "debit": False}]
        pipeline: list[Mapping[str, Any]] = [
            {"$project": {"kind": 1, "amount": 1, "leg": legs}},
            {"$unwind": "$leg"},
            {
                "$group": {
                    "_id": {"account": "$leg.account", "kind": "$kind", "debit": "$leg.debit"},
                    "sum": {"$sum": "$amount"},
                }
            },
            {"$group": {"_id": "$_id.account", "sums": {"$push": {"_id": "$_id", "sum": "$sum"}}}},
            {"$sort": {"_id": ASCENDING}},
        ]
        rows = await self.mongo.collection(TRANSFERS).aggregate(pipeline, session=self.instant, allowDiskUse=True)
        async for row in rows:
            yield row["_id"], fold(row["sums"])

    async def _fold_until(self, account: Account, row: Document) -> Counters:
        until = {"$lte": row["rolled_up_to"]}
        sides = [{"debit": account.id, "at": until}, {"credit": account.id, "at": until}]
        groups = await self.mongo.collection(TRANSFERS).aggregate(
            [
                {"$match": {"$or": sides}},
                {
                    "$group": {
                        "_id": {"kind": "$kind", "debit": {"$eq": ["$debit", account.id]}},
                        "sum": {"$sum": "$amount"},
                    }
                },
            ],
            session=self.instant,
        )
        return fold(await groups.to_list(2 * len(TransferKind)))

    async def transfers(self) -> None:
        async for rows in self._batches(TRANSFERS):
            batch = [transfer_of(row) for row in rows]
            named = [name for one in batch for name in (one.pending_id, one.reverses) if name]
            earlier = {id: transfer_of(row) for id, row in (await self._by(TRANSFERS, "_id", named)).items()}
            resolved = await self._count_by(TRANSFERS, "pending_id", [one.id for one in batch])
            reversed_ = await self._count_by(TRANSFERS, "reverses", [one.id for one in batch])
            made_for = [one.reference for one in batch if one.reference]
            known = {**await self._by(PAYMENTS, "_id", made_for), **await self._by(REFUNDS, "_id", made_for)}
            for one in batch:
                self._transfer(one, earlier)
                self.found.check(resolved.get(one.id, 0) <= 1, f"{one.id} is resolved twice")
                self.found.check(reversed_.get(one.id, 0) <= 1, f"{one.id} is reversed twice")
                owed = one.purpose in {Purpose.BILL, Purpose.REFUND}
                self.found.check(not owed or one.reference in known, f"{one.id} moved money for nothing that is there")

    def _transfer(self, one: Transfer, earlier: Mapping[str, Transfer]) -> None:
        if one.pending_id is not None:
            pending = earlier.get(one.pending_id)
            fits = pending is not None and pending.kind is TransferKind.PENDING and _sides(one) == _sides(pending)
            self.found.check(fits, f"{one.id} resolves what it does not equal")
        if one.reverses is not None:
            given = earlier.get(one.reverses)
            mirrored = given is not None and (given.credit, given.debit, given.amount) == _sides(one)
            self.found.check(mirrored, f"{one.id} reverses what it does not mirror")

    async def bills(self) -> None:
        async for rows in self._batches(BILLS):
            payments = await self._by(PAYMENTS, "bill", [row["_id"] for row in rows])
            for row in rows:
                payment = payments.get(row["_id"], {})
                paid = row["status"] in {BillStatus.PAID.value, BillStatus.REFUNDED.value}
                self.found.check(
                    paid == bool(payment), f"{row['_id']} is {row['status']} and its payment says otherwise"
                )
                same = all(payment.get(name) == row[name] for name in ("payer", "biller", "amount"))
                named = payment.get("_id") == row["payment"]
                self.found.check(not paid or (same and named), f"{row['_id']} and its payment differ")

    async def payments(self) -> None:
        async for rows in self._batches(PAYMENTS):
            bills = await self._by(BILLS, "_id", [row["bill"] for row in rows])
            transfers = await self._by(TRANSFERS, "_id", [row["transfer"] for row in rows])
            refunds = await self._by(REFUNDS, "payment", [row["_id"] for row in rows])
            for row in rows:
                bill, refund = bills.get(row["bill"]), refunds.get(row["_id"])
                self.found.check(bill is not None, f"{row['_id']} pays no bill")
                given_back = bill is not None and bill["status"] == BillStatus.REFUNDED.value
                self.found.check(given_back == (refund is not None), f"{row['_id']} and its refund differ")
                posted = transfers.get(row["transfer"])
                fits = _moved(posted, row, TransferKind.POST) and _between(posted, row)
                self.found.check(fits, f"{row['_id']} has no such transfer")

    async def refunds(self) -> None:
        async for rows in self._batches(REFUNDS):
            payments = await self._by(PAYMENTS, "_id", [row["payment"] for row in rows])
            transfers = await self._by(TRANSFERS, "_id", [row["transfer"] for row in rows])
            for row in rows:
                payment, moved = payments.get(row["payment"], {}), transfers.get(row["transfer"])
                self.found.check(payment.get("amount") == row["amount"], f"{row['_id']} is not its payment's amount")
                fits = _moved(moved, row, TransferKind.SINGLE) and moved is not None
                back = fits and moved is not None and moved.get("reverses") == payment.get("transfer")
                self.found.check(back, f"{row['_id']} has no such transfer")

    async def _all(self, name: str) -> AsyncIterator[Document]:
        async for row in self.mongo.collection(name).find({}, session=self.instant).sort("_id", ASCENDING):
            yield row

    async def _batches(self, name: str) -> AsyncIterator[list[Document]]:
        batch: list[Document] = []
        async for row in self._all(name):
            batch.append(row)
            if len(batch) == _BATCH:
                self.found.counted[name] += len(batch)
                yield batch
                batch = []
        self.found.counted[name] += len(batch)
        yield batch

    async def _by(self, name: str, key: str, values: Sequence[str]) -> dict[str, Document]:
        rows = self.mongo.collection(name).find({key: {"$in": list(values)}}, session=self.instant)
        return {row[key]: row async for row in rows}

    async def _count_by(self, name: str, key: str, values: Sequence[str]) -> dict[str, int]:
        pipeline: list[Document] = [
            {"$match": {key: {"$in": list(values)}}},
            {"$group": {"_id": f"${key}", "count": {"$sum": 1}}},
        ]
        rows = await self.mongo.collection(name).aggregate(pipeline, session=self.instant)
        return {row["_id"]: row["count"] async for row in rows}


def _sides(transfer: Transfer) -> tuple[Account, Account, int]:
    return transfer.debit, transfer.credit, transfer.amount


def _between(transfer: Document | None, payment: Document) -> bool:
    """True when the transfer went from the payer's wallet to the department that sent the bill."""
    sides = wallet_of(payment["payer"]).id, receiving_of(payment["biller"]).id
    return transfer is not None and (transfer["debit"], transfer["credit"]) == sides


def _moved(transfer: Document | None, made: Document, kind: TransferKind) -> bool:
    """True when the transfer is of this kind and moved the amount for what was made."""
    return transfer is not None and (transfer["kind"], transfer["amount"], transfer["reference"]) == (
        kind.value,
        made["amount"],
        made["_id"],
    )
