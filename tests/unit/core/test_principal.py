"""Who is asking: how surely, and how lately, they proved themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import SignInRequired, StepUpRequired
from core.principal import ANONYMOUS, Principal, PrincipalKind

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)


def _proven(*methods: str, at: datetime | None = NOW) -> Principal:
    return Principal(
        kind=PrincipalKind.CITIZEN, actor="cit_1", subject="cit_1", methods=frozenset(methods), authenticated_at=at
    )


@pytest.mark.parametrize(
    ("methods", "strong"),
    [((), False), (("sms",), False), (("pwd", "otp"), False), (("pwd", "otp", "mfa"), True), (("swk", "user"), True)],
)
def test_two_factors_or_a_passkey_are_strong(methods: tuple[str, ...], strong: bool) -> None:
    assert _proven(*methods).strong is strong


@pytest.mark.parametrize("age", [timedelta(0), FIVE_MINUTES])
def test_a_fresh_proof_is_enough(age: timedelta) -> None:
    _proven("sms", at=NOW - age).require_fresh(now=NOW, max_age=FIVE_MINUTES)
    _proven("swk", "user", at=NOW - age).require_fresh(now=NOW, max_age=FIVE_MINUTES, strong=True)


@pytest.mark.parametrize(
    ("principal", "strong"),
    [
        (_proven("sms", at=NOW - FIVE_MINUTES - timedelta(seconds=1)), False),
        (_proven("sms", at=None), False),
        (_proven("sms"), True),
    ],
    ids=["old", "never", "weak"],
)
def test_an_old_or_a_weak_proof_is_asked_for_again(principal: Principal, strong: bool) -> None:
    with pytest.raises(StepUpRequired) as refusal:
        principal.require_fresh(now=NOW, max_age=FIVE_MINUTES, strong=strong)
    assert (refusal.value.max_age_s, refusal.value.strong) == (300, strong)


def test_nobody_is_asked_to_sign_in_first() -> None:
    with pytest.raises(SignInRequired):
        ANONYMOUS.require_fresh(now=NOW, max_age=FIVE_MINUTES)
