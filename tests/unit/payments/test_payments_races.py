"""Many at once, from four processes; and a fault after every single step. Money moves once, or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect

from api.domains.payments.ledger import Counters
from api.domains.payments.model import BillStatus
from api.domains.payments.service import Payments
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.embedded import Stores
from core.errors import Unavailable
from core.ids import Ids
from core.money import Money
from core.mongo import Mongo
from tests.unit.payments.people import (
    ANNA,
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
)

CLIENTS = 10


@pytest_asyncio.fixture
async def processes(
    payments: Payments, mongo: Mongo, stores: Stores, clock: FixedClock, ids: Ids, cipher: FieldCipher
) -> AsyncIterator[list[Payments]]:
    """Four processes of one city, over two sets of connections."""
    other = Mongo.connect(url=stores.mongo_url, database=mongo.database.name, timeout_s=10)
    more = [build(mongo=one, clock=clock, ids=ids, cipher=cipher) for one in (other, mongo, other)]
    yield [payments, *more]
    await other.close()


async def at_once(acts: Sequence[Awaitable[object]]) -> dict[str, int]:
    """How many of them ended how."""
    return dict(Counter(await asyncio.gather(*(code_of(act) for act in acts))))


async def test_ten_clients_pay_one_bill_and_one_succeeds(processes: list[Payments], mongo: Mongo) -> None:
    room = processes[0]
    await give(room, 1000_00)
    sent = await bill(room)
    paying = [
        processes[number % 4].pay_bill(principal=citizen(), bill_id=sent.id, key=key()) for number in range(CLIENTS)
    ]
    assert await at_once(paying) == {"ok": 1, "PAYMENTS_BILL_NOT_PAYABLE": CLIENTS - 1}
    assert await balance(room) == 964_00
    assert await mongo.collection("payments_payments").count_documents({}) == 1
    assert (await room.audit()).sound


async def test_ten_times_one_request_is_one_payment(processes: list[Payments], mongo: Mongo) -> None:
    room = processes[0]
    await give(room, 1000_00)
    sent, drawn = await bill(room), key()
    made = await asyncio.gather(
        *(processes[n % 4].pay_bill(principal=citizen(), bill_id=sent.id, key=drawn) for n in range(CLIENTS))
    )
    assert len({payment.receipt for payment in made}) == 1
    assert await balance(room) == 964_00
    assert (await room.audit()).sound


async def test_money_for_three_of_ten_bills_pays_three(processes: list[Payments], mongo: Mongo) -> None:
    room = processes[0]
    await give(room, 3 * 36_00 + 35_99)
    sent = [await bill(room) for _ in range(CLIENTS)]
    paying = [
        processes[number % 4].pay_bill(principal=citizen(), bill_id=one.id, key=key())
        for number, one in enumerate(sent)
    ]
    assert await at_once(paying) == {"ok": 3, "PAYMENTS_INSUFFICIENT_FUNDS": CLIENTS - 3}
    assert await balance(room) == 35_99
    statuses = Counter([(await room.bill(principal=citizen(), bill_id=one.id)).status for one in sent])
    assert statuses == {BillStatus.PAID: 3, BillStatus.UNPAID: 7}
    assert (await room.audit()).sound


async def test_a_payment_is_refunded_once_whoever_asks(processes: list[Payments], mongo: Mongo) -> None:
    room = processes[0]
    await give(room, 36_00)
    payment = await room.pay_bill(principal=citizen(), bill_id=(await bill(room)).id, key=key())
    refunding = [
        processes[n % 4].refund(principal=clerk(), payment_id=payment.id, reason="x", key=key()) for n in range(CLIENTS)
    ]
    assert await at_once(refunding) == {"ok": 1, "PAYMENTS_NOT_REFUNDABLE": CLIENTS - 1}
    assert await balance(room) == 36_00
    assert (await room.audit()).sound


async def test_a_bill_is_paid_or_cancelled_and_never_both(processes: list[Payments], mongo: Mongo) -> None:
    room = processes[0]
    await give(room, 5 * 36_00)
    for sent in [await bill(room) for _ in range(5)]:
        ended = await at_once(
            [
                processes[0].pay_bill(principal=citizen(), bill_id=sent.id, key=key()),
                processes[1].cancel_bill(principal=clerk(), bill_id=sent.id),
            ]
        )
        cancelled = (await room.bill(principal=citizen(), bill_id=sent.id)).status is BillStatus.CANCELLED
        refusal = "PAYMENTS_BILL_NOT_PAYABLE" if cancelled else "PAYMENTS_BILL_NOT_CANCELLABLE"
        assert ended == {"ok": 1, refusal: 1}
    assert (await room.audit()).sound


async def test_top_ups_at_once_stay_within_the_day(processes: list[Payments]) -> None:
    topping = [processes[n % 4].top_up(principal=citizen(), amount=Money(60_000), key=key()) for n in range(6)]
    assert await at_once(topping) == {"ok": 3, "PAYMENTS_TOP_UP_LIMIT": 3}
    assert await balance(processes[0]) == 180_000


async def test_many_pay_one_department_without_meeting(processes: list[Payments], mongo: Mongo) -> None:
    """Nothing is written to the department's account, so nobody's payment waits for another's."""
    room = processes[0]
    people = [f"cit_01KAMP000000000000000000{n:02d}" for n in range(20)]
    sent = []
    for person in people:
        await give(room, 36_00, account=person)
        sent.append(await bill(room, payer=person))
    before = await mongo.collection("payments_accounts").find({"code": 2}).to_list(None)
    paying = [
        processes[n % 4].pay_bill(principal=citizen(person), bill_id=one.id, key=key())
        for n, (person, one) in enumerate(zip(people, sent, strict=True))
    ]
    assert await at_once(paying) == {"ok": 20}
    assert await mongo.collection("payments_accounts").find({"code": 2}).to_list(None) == before
    assert await room.takings(principal=clerk()) == Counters(credits_posted=20 * 36_00)
    assert (await room.audit()).sound


# --- a fault after every step -----------------------------------------------------------------------------------


class Fault(Exception):
    """The process dies here, as far as the database can tell: its transaction is never committed."""


class Breaking:
    """Raises when the `after`-th write of a transaction has been made."""

    WRITES = ("insert_one", "insert_many", "update_one", "find_one_and_update")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.after = 0
        self._made = 0
        for name in self.WRITES:
            monkeypatch.setattr(AsyncCollection, name, self._breaking(getattr(AsyncCollection, name)))

    def _breaking(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def broken(collection: Any, *args: Any, **options: Any) -> Any:
            result = await write(collection, *args, **options)
            if options.get("session") is not None:
                self._made += 1
                if self._made == self.after:
                    raise Fault
            return result

        return broken

    def at(self, step: int) -> None:
        self.after, self._made = step, 0


@pytest.mark.parametrize(("verb", "steps"), [("top_up", 4), ("issue", 3), ("pay", 6), ("cancel", 1), ("refund", 6)])
async def test_a_fault_after_any_step_leaves_nothing(
    payments: Payments, mongo: Mongo, monkeypatch: pytest.MonkeyPatch, verb: str, steps: int
) -> None:
    await give(payments, 100_00)
    paid = await payments.pay_bill(principal=citizen(), bill_id=(await bill(payments)).id, key=key())
    sent, drawn = await bill(payments), key()
    verbs: dict[str, Callable[[], Awaitable[object]]] = {
        "top_up": lambda: payments.top_up(principal=citizen(), amount=Money(1), key=drawn),
        "issue": lambda: payments.issue_bill(
            principal=clerk(), payer=ANNA, title=WASTE, amount=Money(1), due_on=payments.today(), key=drawn
        ),
        "pay": lambda: payments.pay_bill(principal=citizen(), bill_id=sent.id, key=drawn),
        "cancel": lambda: payments.cancel_bill(principal=clerk(), bill_id=sent.id),
        "refund": lambda: payments.refund(principal=clerk(), payment_id=paid.id, reason="x", key=drawn),
    }
    breaking, before = Breaking(monkeypatch), await everything(mongo)
    for step in range(1, steps + 1):
        breaking.at(step)
        with pytest.raises(Fault):
            await verbs[verb]()
        assert await everything(mongo) == before, step
    # There is no further step, and the same request under the same key now succeeds.
    breaking.at(steps + 1)
    await verbs[verb]()
    assert await everything(mongo) != before
    assert (await payments.audit()).sound


async def test_a_commit_that_nobody_heard_of_is_found_by_asking_again(
    payments: Payments, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give(payments, 100_00)
    sent, drawn = await bill(payments), key()
    commit = AsyncClientSession.commit_transaction

    async def unheard(session: AsyncClientSession) -> None:
        await commit(session)
        raise AutoReconnect("the answer was lost")

    with monkeypatch.context() as broken:
        broken.setattr(AsyncClientSession, "commit_transaction", unheard)
        with pytest.raises(Unavailable):
            await payments.pay_bill(principal=citizen(), bill_id=sent.id, key=drawn)
    before = await everything(mongo)
    payment = await payments.pay_bill(principal=citizen(), bill_id=sent.id, key=drawn)
    assert payment.bill == sent.id
    assert await everything(mongo) == before
    assert await balance(payments) == 64_00
