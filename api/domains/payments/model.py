"""Nouns and rules of bills, payments and refunds.

Rules
- A bill is sent by one department to one citizen, and is paid in full from that citizen's wallet, at most once.
- A payment can be given back in full, at most once; its bill is then over and is not paid again.
- Whoever acts for a citizen pays that citizen's bill from that citizen's wallet, never from their own; the payment
  says who acted. Paying for one's mother out of one's own pocket would be a gift, and needs a consent of its own.
- A reminder is sent three days before a bill is due, on that day, and when it is overdue: each once.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

import orjson
from stdnum.iso7064 import mod_11_10

from api.domains.payments.errors import BillNotCancellable, BillNotPayable, NotRefundable
from core.divisions import CITY_CODE
from core.errors import BadInput
from core.ids import is_id
from core.locale import Text
from core.money import Money

BILL_SCOPE: Final = "payments:bill"
REFUND_SCOPE: Final = "payments:refund"
READ_MATTER: Final = "payments:read"
PAY_MATTER: Final = "payments:pay"

BILL_PREFIX, PAYMENT_PREFIX, REFUND_PREFIX, TRANSFER_PREFIX = "bil", "pay", "ref", "trf"

BILL_FEN_MAX: Final = 100_000_000  # ¥1,000,000
TOP_UP_FEN_MAX: Final = 100_000  # ¥1,000 at once
TOP_UP_DAY_FEN_MAX: Final = 200_000  # ¥2,000 in one day of the city
TITLE_LENGTH_MAX: Final = 100
REASON_LENGTH_MAX: Final = 200
DUE_WITHIN: Final = timedelta(days=732)
KEY_LENGTH_MIN, KEY_LENGTH_MAX = 8, 64
KEY_KEPT: Final = timedelta(hours=48)
ALLOWANCE_KEPT: Final = timedelta(days=3)
SOON_DAYS: Final = 3
# Controls, invisible marks that turn or join text, private and unassigned characters, breaks of lines.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class BillStatus(StrEnum):
    """Where a bill stands."""

    UNPAID = "UNPAID"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class BillAct(StrEnum):
    PAY = "PAY"
    CANCEL = "CANCEL"
    REFUND = "REFUND"


# What is not in the table cannot happen.
TRANSITIONS: Final[dict[BillAct, tuple[BillStatus, BillStatus]]] = {
    BillAct.PAY: (BillStatus.UNPAID, BillStatus.PAID),
    BillAct.CANCEL: (BillStatus.UNPAID, BillStatus.CANCELLED),
    BillAct.REFUND: (BillStatus.PAID, BillStatus.REFUNDED),
}

STATUS_LABELS: Final[dict[BillStatus, Text]] = {
    BillStatus.UNPAID: Text(zh="待缴费", en="Unpaid"),
    BillStatus.PAID: Text(zh="已缴费", en="Paid"),
    BillStatus.CANCELLED: Text(zh="已撤销", en="Cancelled"),
    BillStatus.REFUNDED: Text(zh="已退款", en="Refunded"),
}


class Reminder(IntEnum):
    """The reminders of a bill, in their order."""

    NONE = 0
    SOON = 1
    TODAY = 2
    OVERDUE = 3


@dataclass(frozen=True, slots=True)
class Bill:
    """What a citizen owes a department.

    number: the payment code (缴款码): 20 digits, the last a check digit.
    payer: the citizen's id. biller: the department's code.
    reminded: the last reminder that was sent, or needed no sending.
    """

    id: str
    number: str
    title: Text = field(repr=False)
    amount: Money = field(repr=False)
    due_on: date
    payer: str
    biller: str
    issued_at: datetime
    issued_by: str
    status: BillStatus = BillStatus.UNPAID
    payment: str | None = None
    reminded: Reminder = Reminder.NONE

    def overdue(self, today: date) -> bool:
        return self.status is BillStatus.UNPAID and self.due_on < today

    def refusal(self, act: BillAct) -> BillNotPayable | BillNotCancellable | NotRefundable:
        """Why `act` is not in the table for this bill as it stands."""
        if act is BillAct.PAY:
            return BillNotPayable(status=self.status.value)
        return BillNotCancellable(status=self.status.value) if act is BillAct.CANCEL else NotRefundable()


@dataclass(frozen=True, slots=True)
class Payment:
    """One bill, paid. `amount` left the payer's wallet at `paid_at`.

    actor: who paid; another than `payer` when somebody acted for them.
    receipt: the receipt's number: 16 digits, the last a check digit.
    transfer: the ledger's transfer that moved the money.
    """

    id: str
    bill: str
    payer: str
    actor: str
    biller: str
    amount: Money = field(repr=False)
    paid_at: datetime
    receipt: str
    transfer: str


@dataclass(frozen=True, slots=True)
class Refund:
    """One payment, given back in full. refunded_by: the member of staff."""

    id: str
    payment: str
    bill: str
    amount: Money = field(repr=False)
    reason: str = field(repr=False)
    refunded_at: datetime
    refunded_by: str
    transfer: str


@dataclass(frozen=True, slots=True)
class Claim:
    """An idempotency key, and what was first done under it.

    actor: whose key it is; two callers may draw the same. result: id of what the first request made.
    """

    actor: str
    key: str = field(repr=False)
    fingerprint: bytes = field(repr=False)
    result: str
    expires_at: datetime

    @property
    def id(self) -> str:
        return f"{self.actor}|{self.key}"


def fingerprint(act: str, request: Mapping[str, object]) -> bytes:
    """SHA-256 of the canonical request: equal for requests that ask for the same."""
    return hashlib.sha256(orjson.dumps([act, request], option=orjson.OPT_SORT_KEYS)).digest()


def bill_number(*, issued_on: date, random_bytes: Callable[[int], bytes]) -> str:
    """20 digits: division of the city (6), year (2), serial (11, drawn, so that none can be guessed), check (1)."""
    return _checked(f"{CITY_CODE}{issued_on.year % 100:02d}{_digits(11, random_bytes)}")


def receipt_number(*, paid_on: date, random_bytes: Callable[[int], bytes]) -> str:
    """16 digits: year (2), serial (13, drawn), check (1)."""
    return _checked(f"{paid_on.year % 100:02d}{_digits(13, random_bytes)}")


def is_number(text: str, *, digits: int) -> bool:
    """True when the check digit is right: one wrong digit and most swaps are noticed (ISO 7064, MOD 11,10)."""
    return len(text) == digits and text.isascii() and text.isdigit() and mod_11_10.is_valid(text)


def _digits(count: int, random_bytes: Callable[[int], bytes]) -> str:
    # 64 bits over 10^13: no digit is favoured by more than one part in a million.
    return f"{int.from_bytes(random_bytes(8), 'big') % 10**count:0{count}d}"


def _checked(body: str) -> str:
    return body + str(mod_11_10.calc_check_digit(body))


def reminder_of(due_on: date, *, today: date) -> Reminder:
    """The reminder that a bill due on that day should have got by today."""
    days = (due_on - today).days
    if days < 0:
        return Reminder.OVERDUE
    if days == 0:
        return Reminder.TODAY
    return Reminder.SOON if days <= SOON_DAYS else Reminder.NONE


def check_key(key: str) -> str:
    """Raises: BadInput unless it has 8 to 64 printable ASCII characters."""
    if not (KEY_LENGTH_MIN <= len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
        problem = f"must have {KEY_LENGTH_MIN} to {KEY_LENGTH_MAX} printable ASCII characters"
        raise BadInput(field="idempotencyKey", problem=problem)
    return key


def check_text(text: str, *, field: str, length_max: int) -> str:
    """The text without blanks around it. Raises: BadInput when it is empty or too long, or holds what cannot be seen.

    Marks that hide, or that turn the direction of writing, would let a bill say one thing and show another.
    """
    stripped = text.strip()
    if not 1 <= len(stripped) <= length_max:
        raise BadInput(field=field, problem=f"must have 1 to {length_max} characters")
    if any(unicodedata.category(character) in _UNSEEN for character in stripped):
        raise BadInput(field=field, problem="must be one line of characters that can be seen")
    return stripped


def check_amount(amount: Money, *, fen_max: int) -> Money:
    """Raises: BadInput unless it is between one fen and `fen_max`."""
    if not 1 <= amount.amount <= fen_max:
        raise BadInput(field="amountFen", problem=f"must be between 1 and {fen_max}")
    return amount


def check_due(due_on: date, *, today: date) -> date:
    """Raises: BadInput unless it is today or within two years."""
    if not today <= due_on <= today + DUE_WITHIN:
        raise BadInput(field="dueOn", problem="must be today or a day of the next two years")
    return due_on


def check_payer(citizen_id: str) -> str:
    """Raises: BadInput when this has not the form of a citizen's id."""
    if not is_id(citizen_id, prefix="cit"):
        raise BadInput(field="payerId", problem="is not a citizen's id")
    return citizen_id
