"""Bills, numbers and reminders, as tables."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from api.domains.payments import model
from api.domains.payments.model import TRANSITIONS, BillAct, BillStatus, Reminder
from core.errors import BadInput

TODAY = date(2026, 11, 22)


def test_the_states_of_a_bill_have_no_way_back() -> None:
    ways = {(before, act): after for act, (before, after) in TRANSITIONS.items()}
    assert ways == {
        (BillStatus.UNPAID, BillAct.PAY): BillStatus.PAID,
        (BillStatus.UNPAID, BillAct.CANCEL): BillStatus.CANCELLED,
        (BillStatus.PAID, BillAct.REFUND): BillStatus.REFUNDED,
    }
    assert set(model.STATUS_LABELS) == set(BillStatus)


@pytest.mark.parametrize("seed", range(50))
def test_numbers_notice_every_wrong_digit(seed: int) -> None:
    drawn = random.Random(seed).randbytes
    for number, digits, begin in (
        (model.bill_number(issued_on=TODAY, random_bytes=drawn), 20, "11000026"),
        (model.receipt_number(paid_on=TODAY, random_bytes=drawn), 16, "26"),
    ):
        assert number.startswith(begin)
        assert model.is_number(number, digits=digits)
        for place in range(digits):
            for other in "0123456789".replace(number[place], ""):
                assert not model.is_number(number[:place] + other + number[place + 1 :], digits=digits)


@pytest.mark.parametrize(
    "text", ["", "1" * 19, "1" * 21, "1100002600000000000x", "１１００００２６００００００００００００"]
)
def test_what_is_no_number(text: str) -> None:
    assert not model.is_number(text, digits=20)


@pytest.mark.parametrize(
    ("days", "reminder"),
    [
        (400, Reminder.NONE),
        (4, Reminder.NONE),
        (3, Reminder.SOON),
        (1, Reminder.SOON),
        (0, Reminder.TODAY),
        (-1, Reminder.OVERDUE),
        (-400, Reminder.OVERDUE),
    ],
)
def test_reminders_come_with_the_day(days: int, reminder: Reminder) -> None:
    assert model.reminder_of(TODAY + timedelta(days=days), today=TODAY) is reminder


@pytest.mark.parametrize("key", ["", "1234567", "1" * 65, "1234567\n", "12345678é", "12345678\x00"])
def test_keys_that_are_refused(key: str) -> None:
    with pytest.raises(BadInput):
        model.check_key(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 11,
        "a\x00b",
        "a\nb",
        "a\ud800b",
        "a\u2028b",
        "\u200b",
        "\ufeff",
        "¥36\u202e63¥",
        "\u2066x\u2069",
        "\ue000",
        "\U000e0041",
    ],
)
def test_texts_that_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        model.check_text(text, field="reason", length_max=10)


def test_the_same_request_has_the_same_fingerprint_whatever_its_order() -> None:
    asked = model.fingerprint("pay", {"payer": "a", "bill": "b"})
    assert asked == model.fingerprint("pay", {"bill": "b", "payer": "a"})
    assert asked != model.fingerprint("pay", {"payer": "a", "bill": "c"})
    assert asked != model.fingerprint("issue", {"payer": "a", "bill": "b"})


@pytest.mark.parametrize("days", [-1, 733])
def test_days_that_no_bill_can_be_due(days: int) -> None:
    with pytest.raises(BadInput):
        model.check_due(TODAY + timedelta(days=days), today=TODAY)
