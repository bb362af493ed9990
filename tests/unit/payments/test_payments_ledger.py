"""The ledger's rules, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from api.domains.payments.ledger import (
    RESOLVING,
    TEST_SOURCE,
    Account,
    AccountKind,
    Change,
    Counters,
    Purpose,
    Transfer,
    TransferKind,
    changes,
    total,
)

WALLET = Account(AccountKind.WALLET, "cit_A")
OTHER = Account(AccountKind.WALLET, "cit_B")
DEPARTMENT = Account(AccountKind.RECEIVING, "11110000000022000L")
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def transfer(kind: TransferKind = TransferKind.SINGLE, **different: Any) -> Transfer:
    resolves = "trf_0" if kind in RESOLVING else None
    one = Transfer("trf_1", WALLET, DEPARTMENT, 500, kind, Purpose.BILL, AT, "pay_1", resolves)
    return replace(one, **different)


@pytest.mark.parametrize(
    ("kind", "debited", "credited"),
    [
        (TransferKind.SINGLE, Counters(debits_posted=500), Counters(credits_posted=500)),
        (TransferKind.PENDING, Counters(debits_pending=500), Counters(credits_pending=500)),
        (
            TransferKind.POST,
            Counters(debits_pending=-500, debits_posted=500),
            Counters(credits_pending=-500, credits_posted=500),
        ),
        (TransferKind.VOID, Counters(debits_pending=-500), Counters(credits_pending=-500)),
    ],
)
def test_what_a_transfer_changes(kind: TransferKind, debited: Counters, credited: Counters) -> None:
    assert transfer(kind).legs == ((WALLET, debited), (DEPARTMENT, credited))
    assert total(leg for _, leg in transfer(kind).legs).balanced


SINGLE, PENDING, POST, VOID = (transfer(kind) for kind in TransferKind)
BACK = transfer(debit=DEPARTMENT, credit=WALLET)


@pytest.mark.parametrize(
    ("linked", "wallet"),
    [
        ([SINGLE], Change(Counters(debits_posted=500), needs=500)),
        ([PENDING], Change(Counters(debits_pending=500), needs=500)),
        # Posting needs no money: it was reserved.
        ([POST], Change(Counters(debits_pending=-500, debits_posted=500), needs=0)),
        ([VOID], Change(Counters(debits_pending=-500), needs=0)),
        ([PENDING, POST], Change(Counters(debits_posted=500), needs=500)),
        ([PENDING, VOID], Change(Counters(), needs=500)),
        ([SINGLE, SINGLE], Change(Counters(debits_posted=1000), needs=1000)),
        # The order counts: money that comes later does not help what goes before.
        ([SINGLE, BACK], Change(Counters(debits_posted=500, credits_posted=500), needs=500)),
        ([BACK, SINGLE], Change(Counters(debits_posted=500, credits_posted=500), needs=0)),
    ],
)
def test_what_linked_transfers_do_to_a_wallet(linked: list[Transfer], wallet: Change) -> None:
    assert changes(linked)[WALLET] == wallet


def test_linked_transfers_over_three_accounts() -> None:
    found = changes([transfer(debit=TEST_SOURCE, credit=WALLET), transfer(credit=OTHER)])
    assert found == {
        TEST_SOURCE: Change(Counters(debits_posted=500), needs=500),
        WALLET: Change(Counters(debits_posted=500, credits_posted=500), needs=0),
        OTHER: Change(Counters(credits_posted=500), needs=0),
    }
    assert total(change.counters for change in found.values()).balanced


@pytest.mark.parametrize(
    ("different", "problem"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 2**63}, "amount"),
        ({"credit": WALLET}, "two accounts"),
        ({"pending_id": "trf_0"}, "pending"),
        ({"kind": TransferKind.POST, "pending_id": None}, "pending"),
        ({"kind": TransferKind.VOID, "pending_id": None}, "pending"),
    ],
)
def test_a_transfer_that_cannot_be(different: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        transfer(**different)


def test_a_pending_transfer_is_resolved_as_it_was_made() -> None:
    post = PENDING.resolved(id="trf_2", kind=TransferKind.POST, at=AT)
    assert post == replace(PENDING, id="trf_2", kind=TransferKind.POST, pending_id="trf_1")
    with pytest.raises(ValueError, match="only a pending"):
        post.resolved(id="trf_3", kind=TransferKind.VOID, at=AT)


def test_what_is_reserved_is_not_available_and_still_in_the_balance() -> None:
    wallet = Counters(debits_pending=300, debits_posted=200, credits_posted=1000)
    assert (wallet.balance, wallet.available) == (800, 500)


@pytest.mark.parametrize("account", [WALLET, DEPARTMENT, TEST_SOURCE])
def test_an_account_is_known_by_its_id(account: Account) -> None:
    assert Account.of(account.id) == account
    assert account.authorizing is (account.kind is AccountKind.WALLET)
