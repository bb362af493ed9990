"""The GraphQL door of payments: a subgraph that extends `Citizen` with a wallet, bills and payments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Final, TypeVar

import strawberry

from api.domains.payments import model
from api.domains.payments.ledger import AccountKind, Counters, Purpose, Transfer
from api.domains.payments.model import BILL_SCOPE, REFUND_SCOPE, STATUS_LABELS, BillStatus
from api.domains.payments.service import Payments
from core.graph import (
    Connection,
    DepartmentType,
    Info,
    Int64,
    MaskedPersonKey,
    MoneyType,
    build_schema,
    connection_of,
    personal,
)
from core.loading import DataLoader
from core.locale import Text
from core.money import Money
from core.paging import PageRequest

T = TypeVar("T")

BILL_SCOPES: Final = [[BILL_SCOPE]]
REFUND_SCOPES: Final = [[REFUND_SCOPE]]
PROPERTY: Final = personal("PROPERTY", 3)

strawberry.enum(BillStatus, description="Where a bill stands.")


@strawberry.enum(description="Why money moved into or out of a wallet.")
class WalletEntryKind(Enum):
    TOP_UP = "TOP_UP"
    BILL = "BILL"
    REFUND = "REFUND"


ENTRY_LABELS: Final[dict[Purpose, Text]] = {
    Purpose.TOP_UP: Text(zh="充值", en="Top-up"),
    Purpose.BILL: Text(zh="缴费", en="Bill paid"),
    Purpose.REFUND: Text(zh="退款", en="Refund"),
}

KEY_RULE: Final = "8 to 64 printable ASCII characters, drawn anew for each new request; kept 48 hours."


def _loader(info: Info, find: Callable[..., Awaitable[Mapping[str, T]]], named: str) -> DataLoader[str, T | None]:
    """This request's loader of one of the service's readings: what is asked for in one turn is found with one query."""

    async def load(keys: list[str]) -> list[T | None]:
        found = await find(**{"principal": info.context.principal, named: keys})
        return [found.get(key) for key in keys]

    return info.context.once(f"payments.{find.__name__}", lambda: DataLoader(load_fn=load))


def _room(info: Info) -> Payments:
    return info.context.service(Payments)


async def _bill(info: Info, id: str) -> Bill | None:
    found = await _loader(info, _room(info).bills, "ids").load(id)
    return Bill.of(found) if found else None


async def _payment(info: Info, id: str | None) -> Payment | None:
    found = await _loader(info, _room(info).payments, "ids").load(id) if id else None
    return Payment.of(found) if found else None


# --- types ------------------------------------------------------------------------------------------------------


@strawberry.federation.type(keys=["id"], description="What a citizen owes a department.")
class Bill:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    number: str = strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="The payment code (缴款码): 20 digits, the last a check digit.",
    )
    amount: MoneyType = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    due_on: date = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    status: BillStatus = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    issued_at: datetime = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    payer: MaskedPersonKey | None = strawberry.federation.field(
        requires_scopes=[[BILL_SCOPE], [REFUND_SCOPE]],
        directives=[PROPERTY],
        description="Null where nobody has the id that the bill was sent to.",
    )
    bill: strawberry.Private[model.Bill]

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY], description="In the request's language.")
    def title(self, info: Info) -> str:
        return self.bill.title.in_(info.context.locale)

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY], description="Who sent it.")
    def biller(self, info: Info) -> DepartmentType:
        return DepartmentType.of(self.bill.biller, info.context.locale)

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY], description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @strawberry.federation.field(
        authenticated=True, directives=[PROPERTY], description="Unpaid behind its day. It can still be paid."
    )
    def overdue(self, info: Info) -> bool:
        return self.bill.overdue(_room(info).today())

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    async def payment(self, info: Info) -> Payment | None:
        return await _payment(info, self.bill.payment)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Bill | None:
        return await _bill(info, id)

    @classmethod
    def of(cls, bill: model.Bill) -> Bill:
        return cls(
            id=strawberry.ID(bill.id),
            number=bill.number,
            amount=MoneyType.of(bill.amount),
            due_on=bill.due_on,
            status=bill.status,
            issued_at=bill.issued_at,
            payer=MaskedPersonKey(ref=strawberry.ID(bill.payer)),
            bill=bill,
        )


@strawberry.federation.type(description="What proves a payment.")
class Receipt:
    number: str = strawberry.federation.field(
        authenticated=True, directives=[PROPERTY], description="16 digits, the last a check digit."
    )
    issued_at: datetime = strawberry.federation.field(authenticated=True, directives=[PROPERTY])


@strawberry.federation.type(description="A payment that was given back in full.")
class Refund:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    amount: MoneyType = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    reason: str = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    refunded_at: datetime = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    refund: strawberry.Private[model.Refund]

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    async def payment(self, info: Info) -> Payment | None:
        return await _payment(info, self.refund.payment)

    @classmethod
    def of(cls, refund: model.Refund) -> Refund:
        return cls(
            id=strawberry.ID(refund.id),
            amount=MoneyType.of(refund.amount),
            reason=refund.reason,
            refunded_at=refund.refunded_at,
            refund=refund,
        )


@strawberry.federation.type(keys=["id"], description="One bill, paid.")
class Payment:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    amount: MoneyType = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    paid_at: datetime = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    receipt: Receipt = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    paid_by: MaskedPersonKey | None = strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="Who paid in the citizen's place, from the citizen's wallet.",
    )
    made: strawberry.Private[model.Payment]

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    async def bill(self, info: Info) -> Bill | None:
        return await _bill(info, self.made.bill)

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    async def refund(self, info: Info) -> Refund | None:
        found = await _loader(info, _room(info).refunds, "payment_ids").load(self.id)
        return Refund.of(found) if found else None

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Payment | None:
        return await _payment(info, id)

    @classmethod
    def of(cls, payment: model.Payment) -> Payment:
        return cls(
            id=strawberry.ID(payment.id),
            amount=MoneyType.of(payment.amount),
            paid_at=payment.paid_at,
            receipt=Receipt(number=payment.receipt, issued_at=payment.paid_at),
            paid_by=MaskedPersonKey(ref=strawberry.ID(payment.actor)) if payment.actor != payment.payer else None,
            made=payment,
        )


@strawberry.federation.type(description="One movement of money into or out of a wallet.")
class WalletEntry:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    at: datetime = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    amount: MoneyType = strawberry.federation.field(
        authenticated=True, directives=[PROPERTY], description="Below zero when money left the wallet."
    )
    kind: WalletEntryKind = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    transfer: strawberry.Private[Transfer]

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY], description="In the request's language.")
    def kind_label(self, info: Info) -> str:
        return ENTRY_LABELS[self.transfer.purpose].in_(info.context.locale)

    @strawberry.federation.field(
        authenticated=True, directives=[PROPERTY], description="The payment, where the entry is one."
    )
    async def payment(self, info: Info) -> Payment | None:
        paid = self.transfer.purpose is Purpose.BILL
        return await _payment(info, self.transfer.reference) if paid else None

    @classmethod
    def of(cls, transfer: Transfer) -> WalletEntry:
        left = transfer.debit.kind is AccountKind.WALLET
        return cls(
            id=strawberry.ID(transfer.id),
            at=transfer.at,
            amount=MoneyType.of(Money(-transfer.amount if left else transfer.amount)),
            kind=WalletEntryKind[transfer.purpose.name],
            transfer=transfer,
        )


@strawberry.federation.type(description="A citizen's money in the city's keeping.")
class Wallet:
    balance: MoneyType = strawberry.federation.field(authenticated=True, directives=[PROPERTY])
    available: MoneyType = strawberry.federation.field(
        authenticated=True, directives=[PROPERTY], description="The balance less what is reserved."
    )
    citizen: strawberry.Private[str]

    @strawberry.federation.field(authenticated=True, description="True where test money can be put in: demonstrations.")
    def top_up_open(self, info: Info) -> bool:
        return _room(info).test_source

    @strawberry.federation.field(authenticated=True, directives=[PROPERTY], description="Newest first.")
    async def entries(self, info: Info, first: int = 20, after: str | None = None) -> Connection[WalletEntry]:
        page = await _room(info).entries(
            principal=info.context.principal, citizen_id=self.citizen, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, WalletEntry.of)

    @classmethod
    def of(cls, counters: Counters, *, citizen: str) -> Wallet:
        balance, available = Money(counters.balance), Money(counters.available)
        return cls(balance=MoneyType.of(balance), available=MoneyType.of(available), citizen=citizen)


@strawberry.federation.type(description="What a department was paid through the city, and gave back.")
class Takings:
    paid: MoneyType = strawberry.federation.field(requires_scopes=BILL_SCOPES)
    refunded: MoneyType = strawberry.federation.field(requires_scopes=BILL_SCOPES)
    balance: MoneyType = strawberry.federation.field(requires_scopes=BILL_SCOPES)

    @classmethod
    def of(cls, counters: Counters) -> Takings:
        return cls(
            paid=MoneyType.of(Money(counters.credits_posted)),
            refunded=MoneyType.of(Money(counters.debits_posted)),
            balance=MoneyType.of(Money(counters.balance)),
        )


@strawberry.federation.type(keys=["id"])
class Citizen:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Citizen:
        """Does no work: who may see what is decided by the field that is asked for."""
        return cls(id=id)

    @strawberry.federation.field(
        authenticated=True, directives=[PROPERTY], description="For the citizen, and for who may read their payments."
    )
    async def wallet(self, info: Info) -> Wallet | None:
        counters = await _room(info).wallet(principal=info.context.principal, citizen_id=self.id)
        return Wallet.of(counters, citizen=self.id)

    @strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="Newest first; for the citizen, and for who may read their payments.",
    )
    async def bills(
        self, info: Info, status: BillStatus | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Bill] | None:
        page = await _room(info).bills_of(
            principal=info.context.principal,
            citizen_id=self.id,
            status=status,
            page=PageRequest.of(first=first, after=after),
        )
        return connection_of(page, Bill.of)

    @strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="Newest first; for the citizen, and for who may read their payments.",
    )
    async def payments(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Payment] | None:
        page = await _room(info).payments_of(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, Payment.of)


# --- doors ------------------------------------------------------------------------------------------------------


@strawberry.type
class Query:
    @strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="For the citizen that it was sent to, who acts for them, and the clerks who sent it.",
    )
    async def bill(self, info: Info, id: strawberry.ID) -> Bill | None:
        return Bill.of(await _room(info).bill(principal=info.context.principal, bill_id=id))

    @strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="For the citizen who paid, who acts for them, and the clerks of the bill's department.",
    )
    async def payment(self, info: Info, id: strawberry.ID) -> Payment | None:
        return Payment.of(await _room(info).payment(principal=info.context.principal, payment_id=id))

    @strawberry.federation.field(
        requires_scopes=BILL_SCOPES,
        policy=[["staff_of_department"]],
        directives=[PROPERTY],
        description="The bills of one's own department; newest first.",
    )
    async def staff_bills(
        self, info: Info, status: BillStatus | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Bill]:
        page = await _room(info).staff_bills(
            principal=info.context.principal, status=status, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, Bill.of)

    @strawberry.federation.field(requires_scopes=BILL_SCOPES, description="Of one's own department.")
    async def takings(self, info: Info) -> Takings:
        return Takings.of(await _room(info).takings(principal=info.context.principal))


@strawberry.input(description="A bill to be paid in full from the wallet of the citizen that it was sent to.")
class PayBillInput:
    bill_id: strawberry.ID
    idempotency_key: strawberry.ID = strawberry.field(description=KEY_RULE)


@strawberry.input(description="Test money for one's own wallet.")
class TopUpWalletInput:
    amount_fen: Int64 = strawberry.field(description="1 to 100000; at most 200000 a day.")
    idempotency_key: strawberry.ID = strawberry.field(description=KEY_RULE)


@strawberry.input(description="A bill of one's own department to one citizen.")
class IssueBillInput:
    payer_id: strawberry.ID = strawberry.field(description="As `findCitizen` gave it.")
    title_zh: str = strawberry.field(description="1 to 100 characters.")
    title_en: str = strawberry.field(description="1 to 100 characters.")
    amount_fen: Int64 = strawberry.field(description="1 to 100000000.")
    due_on: date = strawberry.field(description="Today, or a day of the next two years.")
    idempotency_key: strawberry.ID = strawberry.field(description=KEY_RULE)


@strawberry.input(description="A payment to be given back in full.")
class RefundPaymentInput:
    payment_id: strawberry.ID
    reason: str = strawberry.field(description="For the citizen to read; 1 to 200 characters.")
    idempotency_key: strawberry.ID = strawberry.field(description=KEY_RULE)


@strawberry.type
class Mutation:
    @strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="Pay a bill, once. Who acts for a citizen pays from that citizen's wallet.",
    )
    async def pay_bill(self, info: Info, input: PayBillInput) -> Payment:
        payment = await _room(info).pay_bill(
            principal=info.context.principal, bill_id=input.bill_id, key=input.idempotency_key
        )
        return Payment.of(payment)

    @strawberry.federation.field(
        authenticated=True,
        directives=[PROPERTY],
        description="Demonstrations only: put test money into one's own wallet.",
    )
    async def top_up_wallet(self, info: Info, input: TopUpWalletInput) -> Wallet:
        principal = info.context.principal
        counters = await _room(info).top_up(
            principal=principal, amount=Money(input.amount_fen), key=input.idempotency_key
        )
        return Wallet.of(counters, citizen=principal.subject)

    @strawberry.federation.field(
        requires_scopes=BILL_SCOPES, directives=[PROPERTY], description="Send a citizen a bill."
    )
    async def issue_bill(self, info: Info, input: IssueBillInput) -> Bill:
        bill = await _room(info).issue_bill(
            principal=info.context.principal,
            payer=input.payer_id,
            title=Text(zh=input.title_zh, en=input.title_en),
            amount=Money(input.amount_fen),
            due_on=input.due_on,
            key=input.idempotency_key,
        )
        return Bill.of(bill)

    @strawberry.federation.field(
        requires_scopes=BILL_SCOPES, directives=[PROPERTY], description="Take back an unpaid bill."
    )
    async def cancel_bill(self, info: Info, id: strawberry.ID) -> Bill:
        return Bill.of(await _room(info).cancel_bill(principal=info.context.principal, bill_id=id))

    @strawberry.federation.field(
        requires_scopes=REFUND_SCOPES,
        directives=[PROPERTY],
        description="Give a payment back to the wallet it came from.",
    )
    async def refund_payment(self, info: Info, input: RefundPaymentInput) -> Refund:
        refund = await _room(info).refund(
            principal=info.context.principal,
            payment_id=input.payment_id,
            reason=input.reason,
            key=input.idempotency_key,
        )
        return Refund.of(refund)


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen])
