"""The double-entry ledger: accounts, transfers, and what a transfer does to the accounts' counters.

Rules
- A transfer takes an amount from one account (debit) and gives it to another (credit). It is written once and never
  changed; a correction is another transfer.
- A *single* transfer moves money at once. A *pending* one reserves it; one *post* then moves it, or one *void* gives
  it back. A pending transfer resolves at most once, and in full.
- Transfers that are linked happen together or not at all.
- An *authorizing* account (a wallet) may never be debited beyond what was credited to it:
  debits_pending + debits_posted <= credits_posted. Its counters are kept on the account, where one conditional write
  decides. A *recording* account (a department's, the test source) needs no such decision: nothing is written to it
  when money moves, so that any number of people pay one department at once; its balance is summed from its transfers.
- Sum of debits = sum of credits, pending and posted, over all accounts. Every amount is whole fen in a signed 64-bit
  integer.
Source: TigerBeetle, docs/reference/{account,transfer}.md; docs/decisions/0011-money-moves-in-balanced-transfers.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

LEDGER: Final = "CNY"
AMOUNT_MAX: Final = 2**63 - 1


class AlreadyMoved(Exception):
    """A transfer of this id is there, or what it resolves or reverses already was. A fault of ours."""


class AccountKind(IntEnum):
    """What an account is for; its `code` in the ledger."""

    WALLET = 1
    RECEIVING = 2
    TEST_SOURCE = 3


class Purpose(IntEnum):
    """Why money moved; the `code` of a transfer."""

    TOP_UP = 1
    BILL = 2
    REFUND = 3


class TransferKind(StrEnum):
    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


RESOLVING: Final = frozenset({TransferKind.POST, TransferKind.VOID})


@dataclass(frozen=True, slots=True)
class Account:
    """One account. owner: a citizen's id or a department's code; `test` for the source of test money."""

    kind: AccountKind
    owner: str

    @property
    def id(self) -> str:
        return f"{self.kind.name.lower()}:{self.owner}"

    @property
    def authorizing(self) -> bool:
        """True when it may never be debited beyond what was credited to it."""
        return self.kind is AccountKind.WALLET

    @classmethod
    def of(cls, account_id: str) -> Account:
        """The account of an `id` that this ledger wrote."""
        kind, _, owner = account_id.partition(":")
        return cls(AccountKind[kind.upper()], owner)


TEST_SOURCE: Final = Account(AccountKind.TEST_SOURCE, "test")


def wallet_of(citizen_id: str) -> Account:
    return Account(AccountKind.WALLET, citizen_id)


def receiving_of(department: str) -> Account:
    return Account(AccountKind.RECEIVING, department)


@dataclass(frozen=True, slots=True)
class Counters:
    """What went through an account, in fen; or by how much that changes."""

    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            self.debits_pending + other.debits_pending,
            self.debits_posted + other.debits_posted,
            self.credits_pending + other.credits_pending,
            self.credits_posted + other.credits_posted,
        )

    @property
    def available(self) -> int:
        """What can still be debited: credits that were posted, less every debit."""
        return self.credits_posted - self.debits_posted - self.debits_pending

    @property
    def balance(self) -> int:
        """What is in the account: posted credits less posted debits."""
        return self.credits_posted - self.debits_posted

    @property
    def balanced(self) -> bool:
        """True for all accounts together, always."""
        return self.debits_pending == self.credits_pending and self.debits_posted == self.credits_posted


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement of money.

    id: chosen by whoever asks for it, before asking; a transfer of that id exists once.
    amount: fen, > 0.
    pending_id: of a post or a void, the pending transfer that it resolves.
    reverses: of a refund, the transfer that it gives back; a transfer is given back once.
    reference: what it was for outside the ledger (`pay_…`, `ref_…`); empty for a top-up.
    """

    id: str
    debit: Account
    credit: Account
    amount: int
    kind: TransferKind
    purpose: Purpose
    at: datetime
    reference: str = ""
    pending_id: str | None = None
    reverses: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.amount <= AMOUNT_MAX:
            raise ValueError("a transfer's amount is between 1 and 2^63 - 1")
        if self.debit == self.credit:
            raise ValueError("a transfer needs two accounts")
        if (self.kind in RESOLVING) != (self.pending_id is not None):
            raise ValueError("a post or a void names its pending transfer, and nothing else does")

    def resolved(self, *, id: str, kind: TransferKind, at: datetime) -> Transfer:
        """The post or the void of this pending transfer."""
        if self.kind is not TransferKind.PENDING:
            raise ValueError("only a pending transfer is resolved")
        return Transfer(id, self.debit, self.credit, self.amount, kind, self.purpose, at, self.reference, self.id)

    @property
    def legs(self) -> tuple[tuple[Account, Counters], tuple[Account, Counters]]:
        """What it changes on the account that it debits and on the one that it credits."""
        return (
            (self.debit, leg(self.kind, self.amount, debit=True)),
            (self.credit, leg(self.kind, self.amount, debit=False)),
        )


# By how many times its amount a transfer changes the pending and the posted counters of both its accounts.
_PENDING: Final = {TransferKind.SINGLE: 0, TransferKind.PENDING: 1, TransferKind.POST: -1, TransferKind.VOID: -1}
_POSTED: Final = {TransferKind.SINGLE: 1, TransferKind.PENDING: 0, TransferKind.POST: 1, TransferKind.VOID: 0}


def leg(kind: TransferKind, amount: int, *, debit: bool) -> Counters:
    """What a transfer of this kind and amount changes on the account that it debits, or on the one that it credits."""
    pending, posted = amount * _PENDING[kind], amount * _POSTED[kind]
    if debit:
        return Counters(debits_pending=pending, debits_posted=posted)
    return Counters(credits_pending=pending, credits_posted=posted)


@dataclass(frozen=True, slots=True)
class Change:
    """What linked transfers do to one account together.

    needs: the fen that must be available before, so that no step of them takes the account below zero.
    """

    counters: Counters
    needs: int


def changes(transfers: Sequence[Transfer]) -> dict[Account, Change]:
    """What transfers that are linked, in this order, do to each account that they touch."""
    found: dict[Account, Change] = {}
    for account, leg in (leg for transfer in transfers for leg in transfer.legs):
        before = found.get(account, Change(Counters(), 0))
        after = before.counters + leg
        found[account] = Change(after, max(before.needs, -after.available))
    return found


def total(counters: Iterable[Counters]) -> Counters:
    return sum(counters, Counters())
