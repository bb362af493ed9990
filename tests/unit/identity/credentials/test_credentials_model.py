"""The rules of credentials that need no store: what people type, and what proofs add up to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.errors import BadInput, NotFound
from identity.credentials.model import (
    Keychain,
    Passkey,
    Totp,
    combined,
    grouped,
    normal_password,
    parse_passkey_name,
    parse_recovery_code,
    parse_totp,
)

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TOTP = Totp("GEZDGNBVGY3TQOJQ", NOW, last_step=7)


def passkey(id: str, *, eligible: bool = False) -> Passkey:
    return Passkey(id, id.encode(), b"", 0, "key", (), eligible, False, NOW)


@pytest.mark.parametrize(
    ("shown", "methods"),
    [
        ({"sms"}, {"sms"}),
        ({"sms", "pwd"}, {"sms", "pwd"}),  # known and sent: one kind of trouble takes both
        ({"otp"}, {"otp"}),
        ({"sms", "otp"}, {"sms", "otp", "mfa"}),
        ({"pwd", "otp"}, {"pwd", "otp", "mfa"}),
        ({"hwk", "user"}, {"hwk", "user"}),
        ({"pwd", "swk", "user"}, {"pwd", "swk", "user", "mfa"}),
        (set(), set()),
    ],
)
def test_what_proofs_add_up_to(shown: set[str], methods: set[str]) -> None:
    assert combined(frozenset(shown)) == methods


@pytest.mark.parametrize(
    ("held", "strong", "wants", "steps"),
    [
        (Keychain("cit_1"), False, False, []),
        (Keychain("cit_1", totp=TOTP, recovery=(b"x",)), True, True, ["totp", "recovery"]),
        (Keychain("cit_1", passkeys=(passkey("a"),)), True, False, ["passkey"]),
        (Keychain("cit_1", passkeys=(passkey("a"),), second_by_passkey=True), True, True, ["passkey"]),
        (Keychain("cit_1", totp=TOTP, passkeys=(passkey("a"),)), True, True, ["totp", "passkey"]),
        (Keychain("cit_1", second_by_passkey=True), False, False, []),
    ],
)
def test_what_an_account_is_asked_for(held: Keychain, strong: bool, wants: bool, steps: list[str]) -> None:
    assert (held.has_strong, held.wants_second_step, held.second_steps) == (strong, wants, steps)


def test_recovery_codes_go_with_the_last_thing_that_they_stand_in_for() -> None:
    held = Keychain("cit_1", totp=TOTP, passkeys=(passkey("a"),), recovery=(b"x", b"y"), second_by_passkey=True)
    assert held.without_totp().recovery == (b"x", b"y")
    bare = held.without_totp().without_passkey("a")
    assert bare == Keychain("cit_1")
    assert held.using_recovery(b"x").recovery == (b"y",)
    with pytest.raises(NotFound):
        held.without_passkey("b")


def test_how_a_passkey_proves() -> None:
    assert passkey("a").methods == {"hwk", "user"}
    assert passkey("a", eligible=True).methods == {"swk", "user"}


@pytest.mark.parametrize(
    ("parse", "text", "read"),
    [
        (parse_totp, " 123 456 ", "123456"),
        (parse_recovery_code, "abcd-efgh ijkl-2345", "ABCDEFGHIJKL2345"),
        (parse_passkey_name, "  我的  手机 ", "我的 手机"),
        (normal_password, "e\u0301", "é"),
    ],
)
def test_what_is_forgiven(parse: Callable[[str], str], text: str, read: str) -> None:
    assert parse(text) == read


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_totp, "12345"),
        (parse_totp, "１２３４５６"),
        (parse_totp, "1" * 1000),
        (parse_recovery_code, "ABCD-EFGH-IJKL-MNO"),
        (parse_recovery_code, "ABCD-EFGH-IJKL-MN01"),
        (parse_recovery_code, "A" * 1000),
        (parse_passkey_name, " "),
        (parse_passkey_name, "x" * 65),
        (parse_passkey_name, "a\x00b"),
        (normal_password, "x" * 513),
    ],
)
def test_what_is_not(parse: Callable[[str], str], text: str) -> None:
    with pytest.raises(BadInput):
        parse(text)


def test_a_recovery_code_is_shown_in_fours() -> None:
    assert grouped("ABCDEFGHIJKL2345") == "ABCD-EFGH-IJKL-2345"
