"""The verbs on a real MongoDB: what they do, whom they refuse, and that a refusal changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from api.domains.payments.announcing import BILL_DUE
from api.domains.payments.demo import load_demo
from api.domains.payments.errors import BillNotPayable, TopUpLimitReached
from api.domains.payments.ledger import Counters, Purpose
from api.domains.payments.model import Bill, BillStatus, Payment, is_number
from api.domains.payments.service import Payments
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.departments import CITY_MANAGEMENT
from core.errors import BadInput, NotFound
from core.events import open_facts
from core.ids import Ids
from core.locale import Text
from core.money import Money
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from tests.unit.payments.people import (
    ANNA,
    BEN,
    CLERK,
    NOBODY,
    SHANGHAI,
    WASTE,
    balance,
    bill,
    build,
    citizen,
    clerk,
    code_of,
    everything,
    give,
    key,
    other_clerk,
)

DAY_S = 86_400
PAGE = PageRequest(first=20)


async def paid(room: Payments, fen: int = 36_00) -> Payment:
    await give(room, fen)
    sent = await bill(room, fen)
    return await room.pay_bill(principal=citizen(), bill_id=sent.id, key=key())


async def events(mongo: Mongo, cipher: FieldCipher) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, payload in clear and opened facts of every event, in order."""
    found = []
    for row in await mongo.collection("events").find().sort("_id", 1).to_list(None):
        clear = dict(row["payload"])
        facts = open_facts(clear.pop("facts"), owner=clear["citizen"], cipher=cipher)
        found.append((row["name"], clear, facts))
    return found


# --- a bill's life ----------------------------------------------------------------------------------------------


async def test_a_bill_is_sent_paid_and_refunded(
    payments: Payments, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await give(payments, 100_00)
    sent = await bill(payments)
    assert is_number(sent.number, digits=20)
    assert (sent.status, sent.amount, sent.biller, sent.payer) == (
        BillStatus.UNPAID,
        Money(36_00),
        CITY_MANAGEMENT.code,
        ANNA,
    )

    clock.advance(seconds=60)
    payment = await payments.pay_bill(principal=citizen(), bill_id=sent.id, key=key())
    assert is_number(payment.receipt, digits=16)
    assert (payment.amount, payment.payer, payment.actor, payment.paid_at) == (Money(36_00), ANNA, ANNA, clock.now())
    after = await payments.bill(principal=citizen(), bill_id=sent.id)
    assert (after.status, after.payment) == (BillStatus.PAID, payment.id)
    assert await balance(payments) == 64_00
    assert await payments.takings(principal=clerk()) == Counters(credits_posted=36_00)

    clock.advance(seconds=60)
    refund = await payments.refund(principal=clerk(), payment_id=payment.id, reason="重复收费", key=key())
    assert (refund.amount, refund.payment, refund.refunded_by) == (Money(36_00), payment.id, CLERK)
    assert await balance(payments) == 100_00
    assert await payments.takings(principal=clerk()) == Counters(credits_posted=36_00, debits_posted=36_00)
    with pytest.raises(BillNotPayable) as refused:
        await payments.pay_bill(principal=citizen(), bill_id=sent.id, key=key())
    assert refused.value.status == "REFUNDED"

    about = {"title": {"zh": WASTE.zh, "en": WASTE.en}, "amount_fen": 36_00}
    biller = {"zh": CITY_MANAGEMENT.name.zh, "en": CITY_MANAGEMENT.name.en}
    ids = {"citizen": ANNA, "bill": sent.id}
    assert await events(mongo, cipher) == [
        ("payments.bill_issued", ids, {**about, "due_on": "2026-11-27", "biller": biller}),
        ("payments.bill_paid", {**ids, "payment": payment.id}, {**about, "receipt": payment.receipt}),
        ("payments.refunded", {**ids, "refund": refund.id}, {**about, "reason": "重复收费"}),
    ]
    assert (await payments.audit()).sound


async def test_the_wallet_shows_what_moved(payments: Payments, clock: FixedClock) -> None:
    await give(payments, 100_00)
    clock.advance(seconds=1)
    sent = await bill(payments)
    payment = await payments.pay_bill(principal=citizen(), bill_id=sent.id, key=key())
    clock.advance(seconds=1)
    refund = await payments.refund(principal=clerk(), payment_id=payment.id, reason="x", key=key())
    page = await payments.entries(principal=citizen(), citizen_id=ANNA, page=PAGE)
    assert [(one.purpose, one.amount, one.reference) for one in page.rows] == [
        (Purpose.REFUND, 36_00, refund.id),
        (Purpose.BILL, 36_00, payment.id),
        (Purpose.TOP_UP, 100_00, ""),
    ]
    first = await payments.entries(principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2))
    rest = await payments.entries(principal=citizen(), citizen_id=ANNA, page=PageRequest(2, first.keys[-1]))
    assert [*first.rows, *rest.rows] == list(page.rows)
    assert (first.has_next, rest.has_next) == (True, False)


async def test_lists_are_paged_newest_first(payments: Payments, clock: FixedClock) -> None:
    sent: list[Bill] = []
    for number in range(5):
        sent.insert(0, await bill(payments, 100 + number))
        clock.advance(seconds=1)
    await give(payments, 10_00)
    await payments.pay_bill(principal=citizen(), bill_id=sent[0].id, key=key())
    first = await payments.bills_of(principal=citizen(), citizen_id=ANNA, status=None, page=PageRequest(3))
    rest = await payments.bills_of(
        principal=citizen(), citizen_id=ANNA, status=None, page=PageRequest(3, first.keys[-1])
    )
    assert [one.id for one in (*first.rows, *rest.rows)] == [one.id for one in sent]
    unpaid = await payments.staff_bills(principal=clerk(), status=BillStatus.UNPAID, page=PAGE)
    assert [one.id for one in unpaid.rows] == [one.id for one in sent[1:]]
    made = await payments.payments_of(principal=citizen(), citizen_id=ANNA, page=PAGE)
    assert [one.bill for one in made.rows] == [sent[0].id]
    with pytest.raises(BadInput):
        await payments.bills_of(principal=citizen(), citizen_id=ANNA, status=None, page=PageRequest(3, "bil_x"))
    for cursor in ("x", "1:", "99999999999999999:trf_1", "-1:trf_1"):
        with pytest.raises(BadInput):
            await payments.entries(principal=citizen(), citizen_id=ANNA, page=PageRequest(3, cursor))


async def test_an_unpaid_bill_is_cancelled_and_then_not_payable(payments: Payments, mongo: Mongo) -> None:
    await give(payments, 100_00)
    sent = await bill(payments)
    assert (await payments.cancel_bill(principal=clerk(), bill_id=sent.id)).status is BillStatus.CANCELLED
    before = await everything(mongo)
    assert (
        await code_of(payments.pay_bill(principal=citizen(), bill_id=sent.id, key=key())) == "PAYMENTS_BILL_NOT_PAYABLE"
    )
    assert await code_of(payments.cancel_bill(principal=clerk(), bill_id=sent.id)) == "PAYMENTS_BILL_NOT_CANCELLABLE"
    payment = await paid(payments)
    assert (
        await code_of(payments.cancel_bill(principal=clerk(), bill_id=payment.bill)) == "PAYMENTS_BILL_NOT_CANCELLABLE"
    )
    (cancelled,) = before["payments_bills"]
    assert cancelled["status"] == "CANCELLED"
    assert cancelled["cancelled"] == {"at": payments.clock.now(), "by": CLERK}, "whoever looks into it later is told"


# --- once -------------------------------------------------------------------------------------------------------


async def test_the_same_request_under_its_key_changes_nothing_and_answers_the_same(
    payments: Payments, mongo: Mongo, clock: FixedClock
) -> None:
    topping, issuing, paying, refunding = key(), key(), key(), key()
    due_on = payments.today()

    async def act() -> list[object]:
        filled = await payments.top_up(principal=citizen(), amount=Money(50_00), key=topping)
        sent = await payments.issue_bill(
            principal=clerk(), payer=ANNA, title=WASTE, amount=Money(20_00), due_on=due_on, key=issuing
        )
        payment = await payments.pay_bill(principal=citizen(), bill_id=sent.id, key=paying)
        refund = await payments.refund(principal=clerk(), payment_id=payment.id, reason="twice", key=refunding)
        return [filled.credits_posted >= 50_00, sent.id, sent.number, payment, refund]

    made = await act()
    before = await everything(mongo)
    # A day later the bill could not be issued any more: it was due today.
    clock.advance(seconds=DAY_S)
    assert await act() == made
    assert await everything(mongo) == before


async def test_a_key_is_good_for_one_request_alone(payments: Payments, mongo: Mongo) -> None:
    await give(payments, 100_00)
    one, other = await bill(payments), await bill(payments)
    used, used_by_staff = key(), key()
    payment = await payments.pay_bill(principal=citizen(), bill_id=one.id, key=used)
    await payments.refund(principal=clerk(), payment_id=payment.id, reason="once", key=used_by_staff)
    before = await everything(mongo)
    for act in (
        payments.pay_bill(principal=citizen(), bill_id=other.id, key=used),
        payments.top_up(principal=citizen(), amount=Money(1), key=used),
        payments.refund(principal=clerk(), payment_id=payment.id, reason="twice", key=used_by_staff),
    ):
        assert await code_of(act) == "PAYMENTS_IDEMPOTENCY_KEY_REUSED"
    assert await everything(mongo) == before
    # Another caller draws keys of their own.
    assert await code_of(payments.top_up(principal=citizen(BEN), amount=Money(1), key=used)) == "ok"


async def test_a_refusal_keeps_no_key(payments: Payments, mongo: Mongo) -> None:
    sent, drawn = await bill(payments), key()
    before = await everything(mongo)
    assert await code_of(payments.pay_bill(principal=citizen(), bill_id=sent.id, key=drawn)) == (
        "PAYMENTS_INSUFFICIENT_FUNDS"
    )
    assert await everything(mongo) == before
    await give(payments, 36_00)
    assert await code_of(payments.pay_bill(principal=citizen(), bill_id=sent.id, key=drawn)) == "ok"


async def test_keys_are_kept_for_two_days(payments: Payments, mongo: Mongo, clock: FixedClock) -> None:
    await give(payments, 1)
    (claim,) = await mongo.collection("payments_claims").find().to_list(None)
    assert claim["expires_at"] - clock.now() == timedelta(hours=48)
    indexes = await mongo.collection("payments_claims").index_information()
    assert indexes["forget"]["expireAfterSeconds"] == 0


# --- money that is not there ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("in_wallet", "answer"), [(35_99, "PAYMENTS_INSUFFICIENT_FUNDS"), (36_00, "ok")])
async def test_a_wallet_pays_to_the_last_fen_and_not_beyond(
    payments: Payments, mongo: Mongo, in_wallet: int, answer: str
) -> None:
    await give(payments, in_wallet)
    sent = await bill(payments, 36_00)
    before = await everything(mongo)
    assert await code_of(payments.pay_bill(principal=citizen(), bill_id=sent.id, key=key())) == answer
    assert (await everything(mongo) == before) is (answer != "ok")
    assert await balance(payments) == (in_wallet if answer != "ok" else 0)


async def test_topping_up_is_bounded_at_once_and_by_the_day(
    payments: Payments, mongo: Mongo, clock: FixedClock
) -> None:
    for fen in (0, -1, 100_001):
        assert await code_of(payments.top_up(principal=citizen(), amount=Money(fen), key=key())) == "BAD_USER_INPUT"
    await give(payments, 100_000)
    await give(payments, 99_999)
    before = await everything(mongo)
    with pytest.raises(TopUpLimitReached) as refused:
        await give(payments, 2)
    assert refused.value.limit_fen == 200_000
    assert await everything(mongo) == before
    await give(payments, 1)
    assert await balance(payments) == 200_000
    # 12:00 in Shanghai: the next day of the city begins in twelve hours.
    clock.advance(seconds=DAY_S / 2 - 1)
    assert await code_of(payments.top_up(principal=citizen(), amount=Money(1), key=key())) == "PAYMENTS_TOP_UP_LIMIT"
    clock.advance(seconds=1)
    await give(payments, 1)


async def test_without_the_test_source_no_money_is_made(
    mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher
) -> None:
    room = build(mongo=mongo, clock=clock, ids=ids, cipher=cipher, test_source=False)
    await room.open()
    before = await everything(mongo)
    assert await code_of(room.top_up(principal=citizen(), amount=Money(1), key=key())) == "PAYMENTS_TOP_UP_CLOSED"
    assert await everything(mongo) == before


# --- who may ----------------------------------------------------------------------------------------------------

CARER = citizen(ANNA, actor=BEN, scopes=frozenset({"payments:read", "payments:pay"}))
READER = citizen(ANNA, actor=BEN, scopes=frozenset({"payments:read"}))
PAYER = citizen(ANNA, actor=BEN, scopes=frozenset({"payments:pay"}))
HEALTH_CARER = citizen(ANNA, actor=BEN, scopes=frozenset({"health:read"}))
NO_SCOPE = clerk(scopes=frozenset({"staff"}))
NO_DEPARTMENT = clerk(department="")

Act = Callable[[Payments, Principal, Bill, Payment], Awaitable[object]]
ACTS: dict[str, Act] = {
    "wallet": lambda room, who, _, __: room.wallet(principal=who, citizen_id=ANNA),
    "entries": lambda room, who, _, __: room.entries(principal=who, citizen_id=ANNA, page=PAGE),
    "bills": lambda room, who, _, __: room.bills_of(principal=who, citizen_id=ANNA, status=None, page=PAGE),
    "payments": lambda room, who, _, __: room.payments_of(principal=who, citizen_id=ANNA, page=PAGE),
    "bill": lambda room, who, sent, _: room.bill(principal=who, bill_id=sent.id),
    "payment": lambda room, who, _, made: room.payment(principal=who, payment_id=made.id),
    "pay": lambda room, who, sent, _: room.pay_bill(principal=who, bill_id=sent.id, key=key()),
    "top_up": lambda room, who, _, __: room.top_up(principal=who, amount=Money(1), key=key()),
    "issue": lambda room, who, _, __: room.issue_bill(
        principal=who, payer=ANNA, title=WASTE, amount=Money(1), due_on=room.today(), key=key()
    ),
    "cancel": lambda room, who, sent, _: room.cancel_bill(principal=who, bill_id=sent.id),
    "refund": lambda room, who, _, made: room.refund(principal=who, payment_id=made.id, reason="x", key=key()),
    "staff_bills": lambda room, who, _, __: room.staff_bills(principal=who, status=None, page=PAGE),
    "takings": lambda room, who, _, __: room.takings(principal=who),
}
READING = ("wallet", "entries", "bills", "payments")
STAFF = ("issue", "cancel", "refund", "staff_bills", "takings")
DENIED: list[tuple[str, Principal, str, str]] = [
    *((act, ANONYMOUS, "UNAUTHENTICATED", "nobody") for act in ACTS),
    *((act, citizen(BEN), "NOT_FOUND", "another citizen") for act in (*READING, "bill", "payment", "pay")),
    *((act, citizen(), "FORBIDDEN", "a citizen") for act in STAFF),
    *((act, clerk(), "FORBIDDEN", "a clerk") for act in (*READING, "pay", "top_up")),
    *((act, NO_SCOPE, "FORBIDDEN", "staff without the scope") for act in STAFF),
    *((act, NO_SCOPE, "NOT_FOUND", "staff without the scope") for act in ("bill", "payment")),
    *((act, NO_DEPARTMENT, "FORBIDDEN", "staff of no department") for act in STAFF),
    *((act, other_clerk(), "NOT_FOUND", "another department") for act in ("bill", "payment", "cancel", "refund")),
    *((act, HEALTH_CARER, "FORBIDDEN", "a carer in another matter") for act in (*READING, "pay", "top_up")),
    *((act, HEALTH_CARER, "NOT_FOUND", "a carer in another matter") for act in ("bill", "payment")),
    *((act, PAYER, "FORBIDDEN", "who may only pay") for act in READING),
    *((act, READER, "FORBIDDEN", "who may only read") for act in ("pay", "top_up")),
    ("top_up", CARER, "FORBIDDEN", "a carer"),
]


async def test_who_may_not_and_then_nothing_changed(payments: Payments, mongo: Mongo) -> None:
    made, sent = await paid(payments), await bill(payments)
    await give(payments, 100_00)
    before = await everything(mongo)
    for act, who, answer, named in DENIED:
        assert await code_of(ACTS[act](payments, who, sent, made)) == answer, (act, named)
        assert await everything(mongo) == before, (act, named)


async def test_who_acts_for_a_citizen_pays_from_that_citizens_wallet(payments: Payments) -> None:
    await give(payments, 50_00)
    await give(payments, 50_00, account=BEN)
    sent = await bill(payments)
    payment = await payments.pay_bill(principal=CARER, bill_id=sent.id, key=key())
    assert (payment.actor, payment.payer) == (BEN, ANNA)
    assert (await balance(payments), await balance(payments, BEN)) == (14_00, 50_00)
    assert (await payments.bill(principal=PAYER, bill_id=sent.id)).status is BillStatus.PAID


async def test_what_is_not_there_is_not_found(payments: Payments) -> None:
    for act in (
        payments.bill(principal=citizen(), bill_id=NOBODY),
        payments.bill(principal=clerk(), bill_id=NOBODY),
        payments.cancel_bill(principal=clerk(), bill_id=NOBODY),
        payments.pay_bill(principal=citizen(), bill_id=NOBODY, key=key()),
        payments.payment(principal=citizen(), payment_id=NOBODY),
        payments.refund(principal=clerk(), payment_id=NOBODY, reason="x", key=key()),
    ):
        with pytest.raises(NotFound):
            await act


BAD: list[dict[str, Any]] = [
    {"payer": "cit_1"},
    {"payer": CLERK},
    {"title": Text(zh="", en="x")},
    {"title": Text(zh="x", en="x" * 101)},
    {"amount": Money(0)},
    {"amount": Money(100_000_001)},
    {"due_on": date(2026, 11, 21)},
    {"due_on": date(2028, 11, 24)},
    {"key": "short"},
]


async def test_bills_that_are_refused(payments: Payments, mongo: Mongo) -> None:
    before = await everything(mongo)
    for bad in BAD:
        good = {"payer": ANNA, "title": WASTE, "amount": Money(1), "due_on": payments.today(), "key": key()}
        with pytest.raises(BadInput):
            await payments.issue_bill(principal=clerk(), **{**good, **bad})
        assert await everything(mongo) == before, bad


# --- behind the requests ----------------------------------------------------------------------------------------


async def test_each_reminder_comes_once_and_none_after_paying(
    payments: Payments, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await give(payments, 36_00)
    to_pay = await bill(payments, days=5)
    forgotten = await bill(payments, days=5)
    await bill(payments, days=2)  # itself says that it is due soon
    said: list[list[tuple[bool, int]]] = []

    async def reminders() -> Counter[tuple[bool, int]]:
        told = [(clear, facts) for name, clear, facts in await events(mongo, cipher) if name == BILL_DUE]
        return Counter((clear["bill"] == forgotten.id, facts["days"]) for clear, facts in told)

    for day in range(9):
        if day == 3:
            await payments.pay_bill(principal=citizen(), bill_id=to_pay.id, key=key())
        before = await reminders()
        await payments.announce_due()
        await payments.announce_due()
        said.append(sorted((await reminders() - before).elements()))
        clock.advance(seconds=DAY_S)
    assert said == [
        [],
        [],
        [(False, 0), (False, 3), (True, 3)],
        [(False, -1)],
        [],
        [(True, 0)],
        [(True, -1)],
        [],
        [],
    ]
    overdue = await payments.bill(principal=citizen(), bill_id=forgotten.id)
    assert overdue.overdue(payments.today())
    assert not (await payments.bill(principal=citizen(), bill_id=to_pay.id)).overdue(payments.today())


async def test_rolling_up_changes_no_balance(payments: Payments, mongo: Mongo, clock: FixedClock) -> None:
    for _ in range(3):
        await paid(payments, 10_00)
        clock.advance(seconds=1800)
        await payments.roll_up()
        await payments.roll_up()
    assert await payments.takings(principal=clerk()) == Counters(credits_posted=30_00)
    kept = await mongo.collection("payments_accounts").find_one({"owner": CITY_MANAGEMENT.code})
    # The last half-hour's is still summed: a transaction that began in it may not have ended.
    assert kept is not None and kept["credits_posted"] == 20_00
    assert (await payments.audit()).sound


async def test_the_demonstration_adds_what_is_missing_and_changes_nothing_that_is_there(
    payments: Payments, mongo: Mongo, clock: FixedClock
) -> None:
    people = {"zhang": ANNA, "liu": BEN, "zhao": CLERK}
    await load_demo(payments, people=people)
    before = await everything(mongo)
    clock.advance(seconds=10 * DAY_S)
    await load_demo(payments, people=people)
    assert await everything(mongo) == before
    assert await balance(payments) == 200_00
    hers = await payments.bills_of(principal=citizen(), citizen_id=ANNA, status=None, page=PAGE)
    assert {(one.title.zh, one.amount.amount, one.status) for one in hers.rows} == {
        ("生活垃圾处理费", 36_00, BillStatus.UNPAID),
        ("2026—2027 采暖季供热费", 900_00, BillStatus.PAID),
    }
    his = await payments.bills_of(principal=citizen(BEN), citizen_id=BEN, status=None, page=PAGE)
    assert [one.status for one in his.rows] == [BillStatus.UNPAID]
    assert (await payments.audit()).sound
    assert payments.zone is SHANGHAI
