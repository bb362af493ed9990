"""The rules as tables."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from core.locale import Locale
from notifications.errors import EmailInvalid, PushTargetInvalid, QuietHoursInvalid
from notifications.model import (
    NIGHT,
    Category,
    Channel,
    Notification,
    Preferences,
    Priority,
    QuietHours,
    Rate,
    Reach,
    Target,
    TargetKind,
    plan,
    retry_pause_s,
    send_at,
)
from notifications.push import retry_after_s
from notifications.sealing import parse_email, parse_push
from tests.conftest import NOW
from tests.unit.notifications.told import ANNA, SHANGHAI

SIESTA = QuietHours(time(13), time(14, 30))


def at(text: str) -> datetime:
    """An instant as the city's clocks show it."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "instant", "free"),
    [
        (NIGHT, "2026-11-22 21:59:59", "2026-11-22 21:59:59"),
        (NIGHT, "2026-11-22 22:00", "2026-11-23 07:00"),
        (NIGHT, "2026-11-22 23:59", "2026-11-23 07:00"),
        (NIGHT, "2026-11-23 00:00", "2026-11-23 07:00"),
        (NIGHT, "2026-11-23 06:59:59", "2026-11-23 07:00"),
        (NIGHT, "2026-11-23 07:00", "2026-11-23 07:00"),
        (NIGHT, "2026-12-31 22:30", "2027-01-01 07:00"),
        (SIESTA, "2026-11-22 12:59", "2026-11-22 12:59"),
        (SIESTA, "2026-11-22 13:00", "2026-11-22 14:30"),
        (SIESTA, "2026-11-22 14:30", "2026-11-22 14:30"),
        (SIESTA, "2026-11-22 23:00", "2026-11-22 23:00"),
    ],
)
def test_quiet_hours(quiet: QuietHours, instant: str, free: str) -> None:
    assert quiet.free_from(at(instant), SHANGHAI) == at(free)
    assert send_at(Preferences(quiet=quiet), Priority.IMPORTANT, at(instant), SHANGHAI) == at(free)
    assert send_at(Preferences(quiet=quiet), Priority.CRITICAL, at(instant), SHANGHAI) == at(instant)
    assert send_at(Preferences(quiet=None), Priority.ROUTINE, at(instant), SHANGHAI) == at(instant)


@pytest.mark.parametrize(
    ("start", "end"),
    [("22:00", "22:00"), ("24:00", "07:00"), ("22:60", "07:00"), ("9:00", "10:00"), ("", ""), ("²2:00", "07:00")],
)
def test_quiet_hours_that_are_none(start: str, end: str) -> None:
    with pytest.raises(QuietHoursInvalid):
        QuietHours.of(start, end)


def test_a_rate_takes_its_count_at_once_and_then_one_by_one() -> None:
    rate, full_at, now = Rate(3, timedelta(minutes=60)), None, NOW
    for _ in range(3):
        full_at = rate.charge(full_at, now)
        assert full_at is not None
    assert full_at == NOW + timedelta(minutes=60)
    assert rate.charge(full_at, now) is None
    assert rate.room_in(full_at, now) == timedelta(minutes=20)
    assert rate.charge(full_at, now + timedelta(minutes=19)) is None
    assert rate.charge(full_at, now + timedelta(minutes=20)) == NOW + timedelta(minutes=80)
    assert rate.charge(full_at, now + timedelta(days=1)) == NOW + timedelta(days=1, minutes=20)


def target(id_: str, kind: TargetKind = TargetKind.FID) -> Target:
    return Target(id_, kind, id_.encode(), b"", Locale.EN, NOW)


def message(priority: Priority, *, now: datetime = NOW) -> Notification:
    expires_at = now + timedelta(days=3)
    return Notification(
        "msg_1", ANNA, "t", 1, b"", Category.PAYMENTS, priority, "/", "k", now, not_before=now, expires_at=expires_at
    )


OPTED_OUT = Preferences().with_(Category.PAYMENTS, Channel.PUSH, wanted=False)
SPENT = {"PUSH": NOW + timedelta(hours=1), "EMAIL": NOW + timedelta(days=1)}


@pytest.mark.parametrize(
    ("priority", "preferences", "spent", "went"),
    [
        (Priority.ROUTINE, Preferences(), {}, ["trg_a", "trg_b", "trg_m"]),
        (Priority.ROUTINE, OPTED_OUT, {}, ["trg_m"]),
        (Priority.CRITICAL, OPTED_OUT, {}, ["trg_a", "trg_b", "trg_m"]),
        (Priority.ROUTINE, Preferences(), SPENT, []),
        (Priority.IMPORTANT, Preferences(), SPENT, ["trg_a", "trg_b", "trg_m"]),
        (Priority.CRITICAL, Preferences(), SPENT, ["trg_a", "trg_b", "trg_m"]),
    ],
)
def test_where_a_message_goes(
    priority: Priority, preferences: Preferences, spent: dict[str, datetime], went: list[str]
) -> None:
    mail = target("trg_m", TargetKind.EMAIL)
    reach = Reach(ANNA, preferences, (target("trg_a"), target("trg_b")), mail, None, spent)
    planned = plan(reach, message(priority), channels=frozenset(Channel), now=NOW, zone=SHANGHAI)
    assert sorted(one.target.id for one in planned.deliveries if one.next_at is not None) == went
    withheld = {one.target.id for one in planned.deliveries if one.next_at is None}
    assert withheld == ({"trg_a", "trg_b", "trg_m"} if spent and priority is Priority.ROUTINE else set())


def test_one_message_to_two_phones_is_counted_once() -> None:
    reach = Reach(ANNA, Preferences(), (target("trg_a"), target("trg_b")))
    planned = plan(reach, message(Priority.ROUTINE), channels=frozenset(Channel), now=NOW, zone=SHANGHAI)
    assert planned.spent == {Channel.PUSH: NOW + timedelta(minutes=5)}


@pytest.mark.parametrize(
    ("tries", "fraction", "told_s", "pause_s"),
    [(1, 1.0, None, 2.0), (1, 0.0, None, 0.0), (4, 0.5, None, 8.0), (9, 1.0, None, 512.0), (20, 1.0, None, 1800.0),
     (1, 1.0, 30.0, 30.0), (9, 1.0, 30.0, 512.0)],
)  # fmt: skip
def test_pauses_grow_and_honour_what_the_carrier_said(
    tries: int, fraction: float, told_s: float | None, pause_s: float
) -> None:
    assert retry_pause_s(tries=tries, fraction=fraction, told_s=told_s) == pause_s


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("999999999999999", 86_400.0),
        ("Sun, 22 Nov 2026 04:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 03:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2099 03:00:00 GMT", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after(told: str, seconds: float | None) -> None:
    assert retry_after_s(told, now=NOW) == seconds


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("zhang@example.cn", "zhang@example.cn"),
        (" Zhang.Li+city@Example.CN ", "Zhang.Li+city@example.cn"),
        ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
    ],
)
def test_addresses(text: str, kept: str) -> None:
    assert parse_email(text) == kept


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b", "@example.cn", "a@example.cn\nBcc: b@example.cn", "a@example.cn\r\n", "a\r\n@example.cn",
     "a b@example.cn", "a@example.cn, b@example.cn", "<a@example.cn>", "a@@example.cn", "a@-example.cn",
     ".a@example.cn", "a..b@example.cn", "a.@example.cn", "张@example.cn", "a@例子.cn", "a@[127.0.0.1]",
     "a" * 65 + "@example.cn",
     "a@" + "b" * 260 + ".cn", "a@example.cn\x00", "\ta@example.cn"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(EmailInvalid):
        parse_email(text)


@pytest.mark.parametrize(
    "text", ["", "short", "x" * 513, "with blank s", "line\nbreak", 'quote"quote', "推送地址推送地址"]
)
def test_what_is_no_push_address(text: str) -> None:
    with pytest.raises(PushTargetInvalid):
        parse_push(text)
