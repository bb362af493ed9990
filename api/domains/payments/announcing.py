"""What the room tells the others: ids in clear, what a bill was about sealed for the citizen who owes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.domains.payments.model import Bill, Payment, Refund
from core.crypto import FieldCipher
from core.departments import DEPARTMENTS
from core.events import Outbox, seal_facts
from core.mongo import Session

BILL_ISSUED: Final = "payments.bill_issued"
BILL_DUE: Final = "payments.bill_due"
BILL_PAID: Final = "payments.bill_paid"
REFUNDED: Final = "payments.refunded"


@dataclass(frozen=True, slots=True)
class Announcer:
    """outbox: where events wait, in the caller's transaction. cipher: the one that their readers open them with."""

    outbox: Outbox
    cipher: FieldCipher

    async def issued(self, bill: Bill, *, session: Session) -> None:
        await self._say(BILL_ISSUED, bill, _what_is_owed(bill), {}, session)

    async def due(self, bill: Bill, *, days: int, session: Session) -> None:
        """days: to the day it is due; negative once it is overdue."""
        await self._say(BILL_DUE, bill, {**_what_is_owed(bill), "days": days}, {}, session)

    async def paid(self, bill: Bill, payment: Payment, *, session: Session) -> None:
        facts = {**_what(bill), "receipt": payment.receipt}
        await self._say(BILL_PAID, bill, facts, {"payment": payment.id}, session)

    async def refunded(self, bill: Bill, refund: Refund, *, session: Session) -> None:
        facts = {**_what(bill), "reason": refund.reason}
        await self._say(REFUNDED, bill, facts, {"refund": refund.id}, session)

    async def _say(
        self, name: str, bill: Bill, facts: Mapping[str, object], ids: Mapping[str, str], session: Session
    ) -> None:
        sealed = seal_facts(facts, owner=bill.payer, cipher=self.cipher)
        payload = {"citizen": bill.payer, "bill": bill.id, **ids, "facts": sealed}
        await self.outbox.append(name=name, payload=payload, session=session)


def _what(bill: Bill) -> dict[str, object]:
    return {"title": {"zh": bill.title.zh, "en": bill.title.en}, "amount_fen": bill.amount.amount}


def _what_is_owed(bill: Bill) -> dict[str, object]:
    biller = DEPARTMENTS[bill.biller].name
    return {**_what(bill), "due_on": bill.due_on.isoformat(), "biller": {"zh": biller.zh, "en": biller.en}}
