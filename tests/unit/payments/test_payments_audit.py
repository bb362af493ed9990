"""The audit finds every kind of damage, and the database refuses some of it by itself."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from bson import Int64
from pymongo.errors import WriteError

from api.domains.payments.audit import FAULTS_MAX
from api.domains.payments.ledger import (
    Account,
    AccountKind,
    AlreadyMoved,
    Counters,
    Purpose,
    Transfer,
    TransferKind,
)
from api.domains.payments.model import Payment, Refund
from api.domains.payments.service import Payments
from core.departments import CITY_MANAGEMENT, HEALTH
from core.mongo import Mongo, Session
from tests.unit.payments.people import ANNA, BEN, bill, citizen, clerk, give, key

WALLET = Account(AccountKind.WALLET, ANNA)
RECEIVING = Account(AccountKind.RECEIVING, CITY_MANAGEMENT.code)


async def _lived(room: Payments) -> tuple[Payment, Refund]:
    """A payment that stands, and one that was refunded."""
    await give(room, 200_00)
    made = [await room.pay_bill(principal=citizen(), bill_id=(await bill(room)).id, key=key()) for _ in range(2)]
    return made[0], await room.refund(principal=clerk(), payment_id=made[1].id, reason="x", key=key())


async def test_books_that_were_lived_in_are_sound(payments: Payments) -> None:
    await _lived(payments)
    report = await payments.audit()
    # A top-up, two payments of two transfers each, a reversal; a wallet, nine departments, the test source.
    assert (report.accounts, report.transfers, report.bills, report.payments, report.refunds) == (11, 6, 2, 2, 1)
    assert report.totals == Counters(debits_posted=308_00, credits_posted=308_00)
    assert (report.sound, report.faults) == (True, ())


Change = dict[str, Any]
DAMAGE: list[tuple[str, str, Change, Change, str]] = [
    ("a balance that was edited", "accounts", {"_id": WALLET.id}, {"$inc": {"credits_posted": Int64(1)}}, "sum"),
    (
        "a roll-up that was edited",
        "accounts",
        {"_id": RECEIVING.id},
        {"$inc": {"credits_posted": Int64(1)}},
        "sum",
    ),
    ("an amount that was edited", "transfers", {"code": 1}, {"$set": {"amount": Int64(200_01)}}, "sum"),
    ("another payer's transfer", "transfers", {"code": 3}, {"$set": {"credit": f"wallet:{BEN}"}}, "no account"),
    ("a post of another amount", "transfers", {"kind": "post"}, {"$set": {"amount": Int64(1)}}, "resolves"),
    ("a transfer for nothing", "transfers", {"code": 3}, {"$set": {"reference": "ref_x"}}, "for nothing"),
    ("a reversal of nothing", "transfers", {"code": 3}, {"$set": {"reverses": "trf_x"}}, "does not mirror"),
    ("a bill set unpaid", "bills", {"status": "PAID"}, {"$set": {"status": "UNPAID"}}, "payment says otherwise"),
    ("a bill set refunded", "bills", {"status": "PAID"}, {"$set": {"status": "REFUNDED"}}, "its refund differ"),
    ("a bill of another amount", "bills", {"status": "PAID"}, {"$set": {"amount": Int64(1)}}, "differ"),
    ("a payment without its transfer", "payments", {}, {"$set": {"transfer": "trf_x"}}, "no such transfer"),
    ("a payment of no bill", "payments", {}, {"$set": {"bill": "bil_x"}}, "pays no bill"),
    ("a refund of another amount", "refunds", {}, {"$set": {"amount": Int64(1)}}, "not its payment's amount"),
    ("a refund without its transfer", "refunds", {}, {"$set": {"transfer": "trf_x"}}, "no such transfer"),
]


async def test_every_damage_is_found(payments: Payments, mongo: Mongo) -> None:
    await _lived(payments)
    for what, name, where, change, fault in DAMAGE:
        collection = mongo.collection(f"payments_{name}")
        whole = await collection.find_one(where)
        assert whole is not None, what
        await collection.update_one({"_id": whole["_id"]}, change)
        faults = (await payments.audit()).faults
        assert any(fault in one for one in faults), (what, faults)
        await collection.replace_one({"_id": whole["_id"]}, whole)
    assert (await payments.audit()).sound


async def test_money_that_went_to_another_department_is_found(payments: Payments, mongo: Mongo) -> None:
    """Both transfers say so and nothing was written to a department's account: every sum is right."""
    standing, _ = await _lived(payments)
    elsewhere = {"$set": {"credit": Account(AccountKind.RECEIVING, HEALTH.code).id}}
    await mongo.collection("payments_transfers").update_many({"reference": standing.id}, elsewhere)
    assert (await payments.audit()).faults == (f"{standing.id} has no such transfer",)


async def test_what_is_missing_is_found(payments: Payments, mongo: Mongo) -> None:
    await _lived(payments)
    for name in ("accounts", "transfers", "bills", "payments", "refunds"):
        collection = mongo.collection(f"payments_{name}")
        whole = await collection.find_one({"_id": WALLET.id} if name == "accounts" else {})
        assert whole is not None
        await collection.delete_one({"_id": whole["_id"]})
        assert not (await payments.audit()).sound, name
        await collection.insert_one(whole)
    assert (await payments.audit()).sound


async def test_a_report_names_a_hundred_faults_and_no_more(payments: Payments, mongo: Mongo) -> None:
    row = {
        "ledger": "CNY",
        "code": 2,
        "debit": "wallet:x",
        "credit": RECEIVING.id,
        "amount": Int64(1),
        "kind": "single",
        "at": payments.clock.now(),
        "reference": "pay_x",
    }
    await mongo.collection("payments_transfers").insert_many([{**row, "_id": f"trf_{n}"} for n in range(1200)])
    report = await payments.audit()
    assert (report.transfers, len(report.faults)) == (1200, FAULTS_MAX)


REFUSED: list[tuple[str, Change, Change]] = [
    ("accounts", {"_id": WALLET.id}, {"$inc": {"debits_posted": Int64(1_000_000_00)}}),
    ("accounts", {"_id": WALLET.id}, {"$set": {"credits_posted": 1_000.0}}),
    ("accounts", {"_id": WALLET.id}, {"$set": {"credits_pending": Int64(-1)}}),
    ("accounts", {"_id": WALLET.id}, {"$unset": {"debits_pending": ""}}),
    ("transfers", {"code": 1}, {"$set": {"amount": 36.0}}),
    ("transfers", {"code": 1}, {"$set": {"amount": Int64(0)}}),
    ("transfers", {"code": 1}, {"$set": {"kind": "gift"}}),
    ("bills", {}, {"$set": {"amount": 36.0}}),
    ("payments", {}, {"$set": {"amount": 36}}),
    ("refunds", {}, {"$set": {"amount": Int64(-1)}}),
]


async def test_the_database_itself_refuses_what_must_not_be(payments: Payments, mongo: Mongo) -> None:
    await _lived(payments)
    for name, where, change in REFUSED:
        with pytest.raises(WriteError, match="Document failed validation"):
            await mongo.collection(f"payments_{name}").update_one(where, change)
    assert (await payments.audit()).sound


async def test_a_pending_transfer_is_resolved_once(payments: Payments, mongo: Mongo) -> None:
    await give(payments, 10_00)
    now = payments.clock.now()
    pending = Transfer("trf_1", WALLET, RECEIVING, 6_00, TransferKind.PENDING, Purpose.BILL, now, "pay_x")
    later = now + timedelta(seconds=1)
    post = pending.resolved(id="trf_2", kind=TransferKind.POST, at=later)
    void = pending.resolved(id="trf_3", kind=TransferKind.VOID, at=later)

    def move(transfer: Transfer) -> Awaitable[None]:
        async def work(session: Session) -> None:
            await payments.books.move([transfer], session=session)

        return mongo.transaction(work)

    await move(pending)
    assert await payments.books.counters(WALLET) == Counters(debits_pending=6_00, credits_posted=10_00)
    assert await payments.books.counters(RECEIVING) == Counters(credits_pending=6_00)
    await move(void)
    for again in (post, void, pending):
        with pytest.raises(AlreadyMoved):
            await move(again)
    assert await payments.books.counters(WALLET) == Counters(credits_posted=10_00)
    assert await payments.books.counters(RECEIVING) == Counters()


async def test_opening_twice_is_opening_once(payments: Payments, mongo: Mongo) -> None:
    await _lived(payments)
    await payments.open()
    owners = {row["owner"] async for row in mongo.collection("payments_accounts").find()}
    assert {"test", ANNA, CITY_MANAGEMENT.code, HEALTH.code} <= owners
    assert (await payments.audit()).sound
