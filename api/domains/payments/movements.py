"""Which transfers the verbs ask the ledger for. Pure."""

from __future__ import annotations

from datetime import datetime

from api.domains.payments.ledger import TEST_SOURCE, Purpose, Transfer, TransferKind, receiving_of, wallet_of
from api.domains.payments.model import Bill, Payment, Refund
from core.money import Money


def into_wallet(citizen: str, amount: Money, *, transfer_id: str, at: datetime) -> Transfer:
    """Test money into a wallet."""
    return Transfer(
        id=transfer_id,
        debit=TEST_SOURCE,
        credit=wallet_of(citizen),
        amount=amount.amount,
        kind=TransferKind.SINGLE,
        purpose=Purpose.TOP_UP,
        at=at,
    )


def from_wallet(bill: Bill, payment: Payment, *, transfer_id: str) -> Transfer:
    """A bill's amount, reserved in its payer's wallet for the department that sent it."""
    return Transfer(
        id=transfer_id,
        debit=wallet_of(bill.payer),
        credit=receiving_of(bill.biller),
        amount=bill.amount.amount,
        kind=TransferKind.PENDING,
        purpose=Purpose.BILL,
        at=payment.paid_at,
        reference=payment.id,
    )


def back_to_wallet(refund: Refund, payment: Payment) -> Transfer:
    """A payment, whole, from the department that got it to the wallet that it came from."""
    return Transfer(
        id=refund.transfer,
        debit=receiving_of(payment.biller),
        credit=wallet_of(payment.payer),
        amount=refund.amount.amount,
        kind=TransferKind.SINGLE,
        purpose=Purpose.REFUND,
        at=refund.refunded_at,
        reference=refund.id,
        reverses=payment.transfer,
    )
