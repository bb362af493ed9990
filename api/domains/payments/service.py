"""The verbs: send a bill, pay it, give the money back, top up a wallet, prove the books.

Every change of money is one transaction: the idempotency key, the bill's state, the transfers, the wallet, the payment
and its event. A process that dies between two of them leaves none of them behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from api.domains.payments import model
from api.domains.payments.announcing import Announcer
from api.domains.payments.audit import Auditor, BooksReport
from api.domains.payments.books import Books
from api.domains.payments.errors import IdempotencyKeyReused, TopUpClosed
from api.domains.payments.ledger import TEST_SOURCE, Account, Counters, Transfer, TransferKind, receiving_of, wallet_of
from api.domains.payments.model import (
    BILL_FEN_MAX,
    BILL_SCOPE,
    PAY_MATTER,
    READ_MATTER,
    REFUND_SCOPE,
    TOP_UP_FEN_MAX,
    Bill,
    BillAct,
    BillStatus,
    Claim,
    Payment,
    Refund,
)
from api.domains.payments.movements import back_to_wallet, from_wallet, into_wallet
from api.domains.payments.store import KeyTaken, NumberTaken, PaymentStore
from core.clock import Clock, city_day, to_ms
from core.crypto import FieldCipher
from core.departments import DEPARTMENTS
from core.errors import Forbidden, NotFound, SignInRequired, Unavailable
from core.events import Outbox
from core.ids import Ids
from core.locale import Text
from core.money import Money
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind

R = TypeVar("R")

_DRAWS_MAX: Final = 5  # a number that is taken is drawn again
_REMIND_BATCH: Final = 100
# No transaction is this old: MongoDB ends one after a minute, and none is begun again for longer than seconds.
_SETTLED_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Payments:
    """zone: the city's, in which its days begin and end.

    test_source: wallets may be topped up with test money; for demonstrations only.
    """

    store: PaymentStore
    books: Books
    auditor: Auditor
    outbox: Outbox
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    zone: tzinfo
    test_source: bool = False
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(
        default_factory=WeakValueDictionary, init=False, repr=False, compare=False
    )

    @property
    def _announcer(self) -> Announcer:
        return Announcer(self.outbox, self.cipher)

    async def open(self) -> None:
        """Make collections, indexes and the departments' accounts. Called once, before anything else."""
        await self.store.open()
        await self.books.open(recording=_recording())

    # --- bills --------------------------------------------------------------------------------------------------

    async def issue_bill(
        self, *, principal: Principal, payer: str, title: Text, amount: Money, due_on: date, key: str
    ) -> Bill:
        """Send a citizen a bill of the caller's department, once per `key` (kept 48 h).

        payer: a citizen's id, as `findCitizen` of identity gave it; whether the account exists is not known here.
        amount: at most ¥1,000,000. due_on: today or within two years.
        Raises: SignInRequired, Forbidden, BadInput, IdempotencyKeyReused, Unavailable.
        """
        biller = _department(principal, BILL_SCOPE)
        now, today = self._now(), self.today()
        drafted = Bill(
            id=self.ids.new(model.BILL_PREFIX),
            number="",
            title=_checked_title(title),
            amount=model.check_amount(amount, fen_max=BILL_FEN_MAX),
            due_on=due_on,
            payer=model.check_payer(payer),
            biller=biller,
            issued_at=now,
            issued_by=principal.actor,
            # The bill itself says when it is due: nobody is reminded of it on the same day.
            reminded=model.reminder_of(due_on, today=today),
        )
        asked = {"payer": payer, "zh": title.zh, "en": title.en, "fen": amount.amount, "due": due_on.isoformat()}
        claim = self._claim(principal, key, act="issue", request=asked, result=drafted.id)

        async def work(session: Session) -> Bill:
            # Behind the claim: a request that is sent again after its day gets the bill that it made.
            model.check_due(due_on, today=today)
            number = model.bill_number(issued_on=today, random_bytes=self.ids.random_bytes)
            bill = replace(drafted, number=number)
            await self.store.add_bill(bill, session=session)
            await self._announcer.issued(bill, session=session)
            return bill

        return await self._once(claim, work, self.store.find_bill)

    async def cancel_bill(self, *, principal: Principal, bill_id: str) -> Bill:
        """Take back an unpaid bill of the caller's department, for good; who did it and when is kept with it.

        Raises: SignInRequired, Forbidden, NotFound (no bill, or another department's), BillNotCancellable, Unavailable.
        """
        only = {"biller": _department(principal, BILL_SCOPE)}
        mark = {"cancelled": {"at": self._now(), "by": principal.actor}}

        async def work(session: Session) -> Bill:
            return await self._move(bill_id, BillAct.CANCEL, only, session, mark=mark)

        return await self.store.transaction(work)

    async def bills_of(
        self, *, principal: Principal, citizen_id: str, status: BillStatus | None, page: PageRequest
    ) -> Page[Bill]:
        """A citizen's bills, newest first, for them and for who may read their payments.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        return await self.store.bills(only={"payer": citizen_id}, status=status, page=page)

    async def staff_bills(self, *, principal: Principal, status: BillStatus | None, page: PageRequest) -> Page[Bill]:
        """The bills of the caller's department, newest first.

        Raises: SignInRequired, Forbidden, BadInput (cursor), Unavailable.
        """
        return await self.store.bills(only={"biller": _department(principal, BILL_SCOPE)}, status=status, page=page)

    async def bill(self, *, principal: Principal, bill_id: str) -> Bill:
        """Raises: SignInRequired, NotFound (no bill, or not the caller's to see), Unavailable."""
        return await self._one(self.bills, principal, bill_id, thing="bill")

    async def bills(self, *, principal: Principal, ids: Sequence[str]) -> Mapping[str, Bill]:
        """Those that are there and that the caller may see, by id. Raises: Unavailable."""
        found = await self.store.find_bills(ids)
        return {bill.id: bill for bill in found if _may_see(principal, payer=bill.payer, biller=bill.biller)}

    # --- payments -----------------------------------------------------------------------------------------------

    async def pay_bill(self, *, principal: Principal, bill_id: str, key: str) -> Payment:
        """Pay a bill from the wallet of the citizen that it was sent to, once per `key` (kept 48 h).

        The money is reserved and posted in one transaction: a wallet is the city's own, so nobody else has to confirm.
        A payment through an outside provider posts, or voids, when the provider has answered.
        Raises: SignInRequired, Forbidden, BadInput, NotFound (no bill, or another citizen's), BillNotPayable,
            InsufficientFunds, IdempotencyKeyReused, Unavailable.
        Source: docs/decisions/0011-money-moves-in-balanced-transfers.md
        """
        principal.require_citizen(principal.subject, matter=PAY_MATTER)
        payment_id, reserved, posted = self.ids.new(model.PAYMENT_PREFIX), self._transfer_id(), self._transfer_id()
        asked = {"payer": principal.subject, "bill": bill_id}
        claim = self._claim(principal, key, act="pay", request=asked, result=payment_id)

        async def work(session: Session) -> Payment:
            mark = {"payment": payment_id}
            bill = await self._move(bill_id, BillAct.PAY, {"payer": principal.subject}, session, mark=mark)
            payment = self._payment(payment_id, bill, actor=principal.actor, transfer=posted)
            await self.store.add_payment(payment, session=session)
            await self._announcer.paid(bill, payment, session=session)
            pending = from_wallet(bill, payment, transfer_id=reserved)
            post = pending.resolved(id=posted, kind=TransferKind.POST, at=payment.paid_at)
            await self.books.move([pending, post], session=session)
            return payment

        return await self._once_in_turn(principal.subject, claim, work, self.store.find_payment)

    async def payments_of(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[Payment]:
        """A citizen's payments, newest first, for them and for who may read their payments.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        return await self.store.payments_of(citizen_id, page=page)

    async def payment(self, *, principal: Principal, payment_id: str) -> Payment:
        """Raises: SignInRequired, NotFound (no payment, or not the caller's to see), Unavailable."""
        return await self._one(self.payments, principal, payment_id, thing="payment")

    async def payments(self, *, principal: Principal, ids: Sequence[str]) -> Mapping[str, Payment]:
        """Those that are there and that the caller may see, by id. Raises: Unavailable."""
        found = await self.store.find_payments(ids)
        return {one.id: one for one in found if _may_see(principal, payer=one.payer, biller=one.biller)}

    async def refund(self, *, principal: Principal, payment_id: str, reason: str, key: str) -> Refund:
        """Give a payment back in full to the wallet that it came from, once per `key` (kept 48 h).

        Raises: SignInRequired, Forbidden, BadInput, NotFound (no payment, or another department's), NotRefundable,
            IdempotencyKeyReused, Unavailable.
        """
        biller = _department(principal, REFUND_SCOPE)
        reason = model.check_text(reason, field="reason", length_max=model.REASON_LENGTH_MAX)
        refund_id, transfer_id = self.ids.new(model.REFUND_PREFIX), self._transfer_id()
        asked = {"payment": payment_id, "reason": reason}
        claim = self._claim(principal, key, act="refund", request=asked, result=refund_id)
        payment = await self.store.find_payment(payment_id)
        if payment is None or payment.biller != biller:
            raise NotFound(thing="payment")

        async def work(session: Session) -> Refund:
            bill = await self._move(payment.bill, BillAct.REFUND, {"biller": biller}, session)
            refund = Refund(
                id=refund_id,
                payment=payment.id,
                bill=bill.id,
                amount=payment.amount,
                reason=reason,
                refunded_at=self._now(),
                refunded_by=principal.actor,
                transfer=transfer_id,
            )
            await self.store.add_refund(refund, session=session)
            await self._announcer.refunded(bill, refund, session=session)
            await self.books.move([back_to_wallet(refund, payment)], session=session)
            return refund

        return await self._once_in_turn(payment.payer, claim, work, lambda _: self._refund_of(payment_id))

    async def refunds(self, *, principal: Principal, payment_ids: Sequence[str]) -> Mapping[str, Refund]:
        """The refunds of payments that the caller may see, by payment. Raises: Unavailable."""
        seen = await self.payments(principal=principal, ids=payment_ids)
        return {refund.payment: refund for refund in await self.store.refunds_of(list(seen))}

    # --- wallets and accounts -----------------------------------------------------------------------------------

    async def wallet(self, *, principal: Principal, citizen_id: str) -> Counters:
        """What is in a citizen's wallet, for them and for who may read their payments.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        return await self.books.counters(wallet_of(citizen_id))

    async def entries(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[Transfer]:
        """What moved into and out of a citizen's wallet, newest first.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        return await self.books.entries(wallet_of(citizen_id), page=page)

    async def top_up(self, *, principal: Principal, amount: Money, key: str) -> Counters:
        """Put test money into the caller's own wallet, once per `key` (kept 48 h); what is in it then.

        amount: at most ¥1,000 at once and ¥2,000 in one day of the city.
        Raises: SignInRequired, Forbidden, TopUpClosed, BadInput, TopUpLimitReached, IdempotencyKeyReused, Unavailable.
        """
        principal.require_citizen(principal.subject)
        if not self.test_source:
            raise TopUpClosed()
        model.check_amount(amount, fen_max=TOP_UP_FEN_MAX)
        citizen, now, transfer_id = principal.subject, self._now(), self._transfer_id()
        claim = self._claim(principal, key, act="top_up", request={"fen": amount.amount}, result=transfer_id)
        moved = into_wallet(citizen, amount, transfer_id=transfer_id, at=now)

        async def work(session: Session) -> Counters:
            await self.store.use_allowance(
                citizen=citizen,
                day=self.today(),
                amount=amount,
                expires_at=now + model.ALLOWANCE_KEPT,
                session=session,
            )
            await self.books.move([moved], session=session)
            return await self.books.counters(moved.credit, session=session)

        return await self._once_in_turn(citizen, claim, work, lambda _: self.books.counters(moved.credit))

    async def takings(self, *, principal: Principal) -> Counters:
        """What the caller's department was paid and gave back. Raises: SignInRequired, Forbidden, Unavailable."""
        return await self.books.counters(receiving_of(_department(principal, BILL_SCOPE)))

    # --- behind the requests ------------------------------------------------------------------------------------

    async def announce_due(self) -> None:
        """Emit the reminders that are due: three days before, on the day, and once it is overdue; each once.

        A reminder that was missed (the city stood still that day) is sent late, unless a later one has replaced it.
        Raises: Unavailable.
        """
        today = self.today()
        while bills := await self.store.to_remind(today=today, soon_days=model.SOON_DAYS, limit=_REMIND_BATCH):
            for bill in bills:
                await self._remind(bill, today)

    async def _remind(self, bill: Bill, today: date) -> None:
        reminder = model.reminder_of(bill.due_on, today=today)

        async def work(session: Session) -> None:
            if await self.store.mark_reminded(bill, reminder, session=session):
                await self._announcer.due(bill, days=(bill.due_on - today).days, session=session)

        await self.store.transaction(work)

    async def roll_up(self) -> None:
        """Take what is settled into the counters of the recording accounts, so that sums stay short.

        Raises: Unavailable.
        """
        for account in _recording():
            await self.books.roll_up(account, until=self._now() - _SETTLED_AFTER)

    async def audit(self) -> BooksReport:
        """Prove the books: every account, transfer, bill, payment and refund, as of one instant. For operators.

        Raises: Unavailable.
        """
        return await self.auditor.audit()

    # --- shared -------------------------------------------------------------------------------------------------

    async def _once_in_turn(
        self,
        citizen_id: str,
        claim: Claim,
        work: Callable[[Session], Awaitable[R]],
        recall: Callable[[str], Awaitable[R | None]],
    ) -> R:
        """As `_once`, one at a time in this process for each citizen's wallet.

        The database decides between processes, and would here; but transactions that meet at one wallet make each
        other begin again, and the last of many would give up.
        """
        async with self._turns.setdefault(citizen_id, asyncio.Lock()):
            return await self._once(claim, work, recall)

    async def _once(
        self, claim: Claim, work: Callable[[Session], Awaitable[R]], recall: Callable[[str], Awaitable[R | None]]
    ) -> R:
        """What `work` makes in one transaction with its claim; or, when its key is taken, what was made under it.

        A refusal keeps no claim: the same request under the same key may succeed later.
        """

        async def claimed_work(session: Session) -> R:
            await self.store.claim(claim, session=session)
            return await work(session)

        for _ in range(_DRAWS_MAX):
            try:
                return await self.store.transaction(claimed_work)
            except NumberTaken:
                continue
            except KeyTaken:
                break
        made = await self.store.claimed(claim)
        if made is not None and made[0] != claim.fingerprint:
            raise IdempotencyKeyReused()
        recalled = await recall(made[1]) if made is not None else None
        if recalled is None:
            raise Unavailable()
        return recalled

    def _claim(self, principal: Principal, key: str, *, act: str, request: Mapping[str, object], result: str) -> Claim:
        """Raises: BadInput."""
        asked = model.fingerprint(act, request)
        return Claim(principal.actor, model.check_key(key), asked, result, self._now() + model.KEY_KEPT)

    async def _move(
        self,
        bill_id: str,
        act: BillAct,
        only: Mapping[str, str],
        session: Session,
        mark: Mapping[str, object] | None = None,
    ) -> Bill:
        """Raises: NotFound, BillNotPayable, BillNotCancellable, NotRefundable."""
        moved = await self.store.move_bill(bill_id, act, only=only, mark=mark, session=session)
        if moved is not None:
            return moved
        bill = await self.store.find_bill(bill_id, session=session)
        if bill is None or any(getattr(bill, name) != value for name, value in only.items()):
            raise NotFound(thing="bill")
        raise bill.refusal(act)

    def _payment(self, payment_id: str, bill: Bill, *, actor: str, transfer: str) -> Payment:
        paid_at = self._now()
        paid_on = city_day(paid_at, self.zone)
        return Payment(
            id=payment_id,
            bill=bill.id,
            payer=bill.payer,
            actor=actor,
            biller=bill.biller,
            amount=bill.amount,
            paid_at=paid_at,
            receipt=model.receipt_number(paid_on=paid_on, random_bytes=self.ids.random_bytes),
            transfer=transfer,
        )

    async def _one(
        self, find: Callable[..., Awaitable[Mapping[str, R]]], principal: Principal, id: str, *, thing: str
    ) -> R:
        if not principal.authenticated:
            raise SignInRequired()
        found = await find(principal=principal, ids=[id])
        if id not in found:
            raise NotFound(thing=thing)
        return found[id]

    async def _refund_of(self, payment_id: str) -> Refund | None:
        found = await self.store.refunds_of([payment_id])
        return found[0] if found else None

    def _transfer_id(self) -> str:
        return self.ids.new(model.TRANSFER_PREFIX)

    def _now(self) -> datetime:
        now = self.clock.now()
        return to_ms(now)

    def today(self) -> date:
        """The city's."""
        return city_day(self.clock.now(), self.zone)


def _department(principal: Principal, scope: str) -> str:
    """The department that the caller works for and may do this for. Raises: SignInRequired, Forbidden."""
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(scope)
    if principal.department not in DEPARTMENTS:
        raise Forbidden()
    return principal.department


def _may_see(principal: Principal, *, payer: str, biller: str) -> bool:
    if principal.kind is PrincipalKind.CITIZEN:
        matters = {READ_MATTER, PAY_MATTER} & principal.scopes
        return principal.subject == payer and (not principal.delegated or bool(matters))
    clerk = principal.kind is PrincipalKind.STAFF and bool({BILL_SCOPE, REFUND_SCOPE} & principal.scopes)
    return clerk and principal.department == biller


def _recording() -> list[Account]:
    return [TEST_SOURCE, *(receiving_of(code) for code in DEPARTMENTS)]


def _checked_title(title: Text) -> Text:
    longest = model.TITLE_LENGTH_MAX
    zh = model.check_text(title.zh, field="titleZh", length_max=longest)
    return Text(zh=zh, en=model.check_text(title.en, field="titleEn", length_max=longest))
