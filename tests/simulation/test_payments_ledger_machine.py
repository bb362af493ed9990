"""Money under a Hypothesis state machine over a real MongoDB, beside a model of a few dictionaries.

Whatever happens in whatever order (top-ups, bills, payments, payments at once, cancellations, refunds, reservations
that are posted or voided, requests that are sent again, time, reminders, roll-ups): every wallet holds what the model
says, every bill stands where the model says, a refusal and a repetition change nothing, and the audit finds the books
sound. A failing seed replays: it is in the test's name.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar, Final, TypeVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.domains.payments.errors import InsufficientFunds
from api.domains.payments.ledger import (
    TEST_SOURCE,
    Account,
    AccountKind,
    AlreadyMoved,
    Purpose,
    Transfer,
    TransferKind,
)
from api.domains.payments.model import BillStatus
from api.domains.payments.service import Payments
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.embedded import Stores
from core.errors import DomainError
from core.ids import Ids
from core.money import Money
from core.mongo import Mongo, Session
from tests.conftest import NOW
from tests.unit.payments.people import WASTE, build, citizen, clerk, everything

R = TypeVar("R")

PEOPLE: Final = tuple(f"cit_01KAMP000000000000000000{n:02d}" for n in range(3))
_databases = count()

person = st.sampled_from(PEOPLE)
fen = st.integers(1, 5_000)
pick = st.integers(0, 10_000)


@dataclass
class Believed:
    """What must be true. wallets: fen in them, reserved ones too. reserved: of each wallet, by pending transfer."""

    wallets: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))
    topped_up: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))
    bills: dict[str, tuple[str, int, BillStatus]] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)  # payment -> bill
    reserved: dict[str, Transfer] = field(default_factory=dict)

    def available(self, owner: str) -> int:
        return self.wallets[owner] - sum(one.amount for one in self.reserved.values() if one.debit.owner == owner)

    def of(self, status: BillStatus) -> list[str]:
        return sorted(id for id, (_, _, is_now) in self.bills.items() if is_now is status)

    def move(self, bill: str, status: BillStatus, *, moves: int) -> None:
        payer, amount, _ = self.bills[bill]
        self.bills[bill] = (payer, amount, status)
        self.wallets[payer] += moves * amount


class City(RuleBasedStateMachine):
    mongo_url: ClassVar[str]
    met: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FixedClock(NOW)
        self.believed = Believed()
        self.keys = (f"machine-{n:06d}" for n in count())
        self.said: list[tuple[Callable[[], Awaitable[object]], str]] = []
        self.mongo, self.room = self.runner.run(self._open())

    async def _open(self) -> tuple[Mongo, Payments]:
        mongo = Mongo.connect(url=self.mongo_url, database=f"machine_{next(_databases)}", timeout_s=10)
        ids = Ids(self.clock, random.Random(2026).randbytes)
        room = build(mongo=mongo, clock=self.clock, ids=ids, cipher=FieldCipher(bytes(range(32))))
        await room.open()
        return mongo, room

    def teardown(self) -> None:
        self.runner.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        await self.mongo.client.drop_database(self.mongo.database.name)
        await self.mongo.close()

    def ask(self, act: Callable[[], Awaitable[R]]) -> R | str:
        """What it answers, or the code of its refusal; a refusal must have changed nothing."""

        async def asked() -> R | str:
            before = await everything(self.mongo)
            try:
                return await act()
            except DomainError as fault:
                assert await everything(self.mongo) == before
                return fault.code

        return self.runner.run(asked())

    def once(self, act: Callable[[str], Awaitable[R]], name: Callable[[R], str]) -> R | str:
        """Ask under a new key, and keep it for `send_again`."""
        key = next(self.keys)
        answer = self.ask(lambda: act(key))
        self.met[answer if isinstance(answer, str) else type(answer).__name__] += 1
        if not isinstance(answer, str):
            self.said.append((lambda: act(key), name(answer)))
        return answer

    @initialize(amounts=st.lists(fen, min_size=len(PEOPLE), max_size=len(PEOPLE)))
    def begin(self, amounts: list[int]) -> None:
        """Everybody has some money and a bill, so that a short walk already meets something."""
        for who, amount in zip(PEOPLE, amounts, strict=True):
            self.top_up(who, 2_500)
            self.issue(who, amount, 4)

    # --- what happens ---------------------------------------------------------------------------------------------

    @rule(who=person, amount=fen)
    def top_up(self, who: str, amount: int) -> None:
        answer = self.once(
            lambda key: self.room.top_up(principal=citizen(who), amount=Money(amount), key=key), lambda _: ""
        )
        if self.believed.topped_up[who] + amount > 200_000:
            assert answer == "PAYMENTS_TOP_UP_LIMIT"
        else:
            self.believed.topped_up[who] += amount
            self.believed.wallets[who] += amount

    @rule(who=person, amount=fen, days=st.integers(0, 5))
    def issue(self, who: str, amount: int, days: int) -> None:
        due_on = self.room.today() + timedelta(days=days)
        answer = self.once(
            lambda key: self.room.issue_bill(
                principal=clerk(), payer=who, title=WASTE, amount=Money(amount), due_on=due_on, key=key
            ),
            lambda bill: bill.id,
        )
        assert not isinstance(answer, str)
        self.believed.bills[answer.id] = (who, amount, BillStatus.UNPAID)

    @precondition(lambda self: self.believed.bills)
    @rule(which=pick)
    def pay(self, which: int) -> None:
        bill = self._any(which)
        payer, amount, status = self.believed.bills[bill]
        answer = self.once(
            lambda key: self.room.pay_bill(principal=citizen(payer), bill_id=bill, key=key), lambda made: made.id
        )
        if status is not BillStatus.UNPAID:
            assert answer == "PAYMENTS_BILL_NOT_PAYABLE"
        elif self.believed.available(payer) < amount:
            assert answer == "PAYMENTS_INSUFFICIENT_FUNDS"
        else:
            assert not isinstance(answer, str)
            self.believed.payments[answer.id] = bill
            self.believed.move(bill, BillStatus.PAID, moves=-1)

    @precondition(lambda self: self.believed.of(BillStatus.UNPAID))
    @rule(which=pick)
    def pay_three_times_at_once(self, which: int) -> None:
        unpaid = self.believed.of(BillStatus.UNPAID)
        bill = unpaid[which % len(unpaid)]
        payer, amount, _ = self.believed.bills[bill]
        acts = [self.room.pay_bill(principal=citizen(payer), bill_id=bill, key=next(self.keys)) for _ in range(3)]
        answers = self.runner.run(_all(acts))
        made = [one.id for one in answers if not isinstance(one, DomainError)]
        codes = sorted(one.code for one in answers if isinstance(one, DomainError))
        if self.believed.available(payer) < amount:
            assert (made, codes) == ([], ["PAYMENTS_INSUFFICIENT_FUNDS"] * 3)
        else:
            assert (len(made), codes) == (1, ["PAYMENTS_BILL_NOT_PAYABLE"] * 2)
            self.believed.payments[made[0]] = bill
            self.believed.move(bill, BillStatus.PAID, moves=-1)

    @precondition(lambda self: self.believed.bills)
    @rule(which=pick)
    def cancel(self, which: int) -> None:
        bill = self._any(which)
        answer = self.ask(lambda: self.room.cancel_bill(principal=clerk(), bill_id=bill))
        if self.believed.bills[bill][2] is BillStatus.UNPAID:
            self.believed.move(bill, BillStatus.CANCELLED, moves=0)
        else:
            assert answer == "PAYMENTS_BILL_NOT_CANCELLABLE"

    @precondition(lambda self: self.believed.payments)
    @rule(which=pick)
    def refund(self, which: int) -> None:
        made = sorted(self.believed.payments)
        payment = made[which % len(made)]
        bill = self.believed.payments[payment]
        answer = self.once(
            lambda key: self.room.refund(principal=clerk(), payment_id=payment, reason="x", key=key),
            lambda refund: refund.id,
        )
        if self.believed.bills[bill][2] is BillStatus.PAID:
            assert not isinstance(answer, str)
            self.believed.move(bill, BillStatus.REFUNDED, moves=1)
        else:
            assert answer == "PAYMENTS_NOT_REFUNDABLE"

    @rule(who=person, amount=fen)
    def reserve(self, who: str, amount: int) -> None:
        """A payment whose other side has not answered yet, as providers will make them."""
        pending = Transfer(
            id=self.room.ids.new("trf"),
            debit=Account(AccountKind.WALLET, who),
            credit=TEST_SOURCE,
            amount=amount,
            kind=TransferKind.PENDING,
            purpose=Purpose.TOP_UP,
            at=self.clock.now(),
        )
        if self.believed.available(who) < amount:
            assert self._move(pending) is InsufficientFunds
        else:
            assert self._move(pending) is None
            self.believed.reserved[pending.id] = pending

    @precondition(lambda self: self.believed.reserved)
    @rule(which=pick, kind=st.sampled_from([TransferKind.POST, TransferKind.VOID]))
    def resolve(self, which: int, kind: TransferKind) -> None:
        waiting = sorted(self.believed.reserved)
        pending = self.believed.reserved.pop(waiting[which % len(waiting)])
        assert self._move(self._resolved(pending, kind)) is None
        if kind is TransferKind.POST:
            self.believed.wallets[pending.debit.owner] -= pending.amount
        for again in (TransferKind.POST, TransferKind.VOID):
            assert self._move(self._resolved(pending, again)) is AlreadyMoved

    @precondition(lambda self: self.said)
    @rule(which=pick)
    def send_again(self, which: int) -> None:
        """The same request under the same key: the same answer, and nothing changes."""
        act, result = self.said[which % len(self.said)]

        async def again() -> Any:
            before = await everything(self.mongo)
            answer = await act()
            assert await everything(self.mongo) == before
            return answer

        assert getattr(self.runner.run(again()), "id", "") == result

    @rule(hours=st.integers(0, 30))
    def pass_time(self, hours: int) -> None:
        before = self.room.today()
        self.clock.advance(seconds=hours * 3600 + 1)
        if self.room.today() != before:
            self.believed.topped_up = dict.fromkeys(PEOPLE, 0)

    @rule()
    def chores(self) -> None:
        self.runner.run(self._chores())

    async def _chores(self) -> None:
        await self.room.announce_due()
        await self.room.roll_up()

    # --- what is true -----------------------------------------------------------------------------------------------

    @invariant()
    def wallets_and_bills_are_as_believed(self) -> None:
        self.runner.run(self._compare())

    async def _compare(self) -> None:
        for who, balance in self.believed.wallets.items():
            counters = await self.room.wallet(principal=citizen(who), citizen_id=who)
            assert (counters.balance, counters.available) == (balance, self.believed.available(who))
        found = await self.room.store.find_bills(list(self.believed.bills))
        assert {one.id: (one.payer, one.amount.amount, one.status) for one in found} == self.believed.bills

    @invariant()
    def the_books_are_sound(self) -> None:
        report = self.runner.run(self.room.audit())
        assert report.faults == ()
        assert report.totals.balanced
        assert report.totals.debits_pending == sum(one.amount for one in self.believed.reserved.values())

    # --- shared -----------------------------------------------------------------------------------------------------

    def _any(self, which: int) -> str:
        known = sorted(self.believed.bills)
        return known[which % len(known)]

    def _resolved(self, pending: Transfer, kind: TransferKind) -> Transfer:
        return pending.resolved(id=self.room.ids.new("trf"), kind=kind, at=self.clock.now())

    def _move(self, transfer: Transfer) -> type[Exception] | None:
        async def work(session: Session) -> None:
            await self.room.books.move([transfer], session=session)

        async def moved() -> type[Exception] | None:
            try:
                await self.mongo.transaction(work)
            except (AlreadyMoved, InsufficientFunds) as fault:
                return type(fault)
            return None

        return self.runner.run(moved())


async def _all(acts: Sequence[Awaitable[R]]) -> list[R | DomainError]:
    answers = await asyncio.gather(*acts, return_exceptions=True)
    found: list[R | DomainError] = []
    for one in answers:
        if isinstance(one, BaseException) and not isinstance(one, DomainError):
            raise one
        found.append(one)
    return found


@pytest.mark.parametrize("number", [1, 2])
def test_money_is_conserved(stores: Stores, number: int) -> None:
    class Seeded(City):
        mongo_url = stores.mongo_url
        met: ClassVar[Counter[str]] = Counter()

    run_state_machine_as_test(
        seed(number)(Seeded),
        settings=settings(
            max_examples=3,
            stateful_step_count=20,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # The walk went somewhere.
    assert {"Counters", "Bill", "Payment"} <= Seeded.met.keys()
