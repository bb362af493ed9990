"""A phone that changes, an account that is lost, two accounts of one person: nouns and rules.

- A change of phone takes effect at once for whoever is proven by two factors, or by the old phone alone just now;
  otherwise it waits, and any session of the account calls it off.
- A recovery is somebody's who holds a new phone and was seen to be the person whose id number the account has. It
  waits as well: shorter where the account's owner was seen before.
- A merge moves an account of level 1 or 2, which knows its owner only by a phone, into the one that stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from core.masking import mask_phone
from core.principal import Principal
from identity.id_numbers import IdNumber
from identity.model import BY_PHONE, CODE_LIFETIME, Citizen
from identity.relations import full_age

CHANGE_PREFIX: Final = "pch"
RECOVERY_PREFIX: Final = "rcv"
MERGE_PREFIX: Final = "mrg"
FRESH: Final = timedelta(minutes=5)
# What was begun with a fresh proof is confirmed with the same one.
CONFIRM_WITHIN: Final = FRESH + CODE_LIFETIME
# A recovery's code, then its real-person check.
PROVE_WITHIN: Final = timedelta(minutes=30)
# Who may finish a recovery does so within this long; later they begin again.
FINISH_WITHIN: Final = timedelta(days=7)
# What has ended stays in its owner's list this long.
KEPT: Final = timedelta(days=90)
# From this real-name level on the person was seen, by a provider or at a counter.
SEEN_LEVEL: Final = 4
# A higher one has an id number, and one number has one account: there are never two of them.
MERGED_LEVEL_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Waits:
    """change: of a phone. recovery, recovery_seen: of an account whose owner was never seen, was seen.

    asleep: without a sign-in for so long, an account may belong to a number's former holder.
    """

    change: timedelta = timedelta(hours=72)
    recovery: timedelta = timedelta(hours=72)
    recovery_seen: timedelta = timedelta(hours=24)
    asleep: timedelta = timedelta(days=180)

    def of(self, level: int) -> timedelta:
        return self.recovery_seen if level >= SEEN_LEVEL else self.recovery


class ChangeState(StrEnum):
    """CODE_SENT: the new phone is to show its code. WAITING: out the cool-off. REFUSED: the number got an account."""

    CODE_SENT = "CODE_SENT"
    WAITING = "WAITING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class PhoneChange:
    """session_id: which asked, and stays. effective_at: None until the new phone has shown its code."""

    id: str
    citizen: str
    phone: str = field(repr=False)
    state: ChangeState
    session_id: str
    asked_at: datetime
    code_until: datetime
    effective_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in (ChangeState.CODE_SENT, ChangeState.WAITING)

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.phone)


def at_once(principal: Principal) -> bool:
    """Whether a change of phone need not wait. By the old phone alone, and fresh, means that it was there just now."""
    return principal.strong or principal.methods == BY_PHONE


class RecoveryState(StrEnum):
    """CODE_SENT, then PHONE_PROVEN, then WAITING; DONE, or STOPPED by somebody who is signed in, or by a second one."""

    CODE_SENT = "CODE_SENT"
    PHONE_PROVEN = "PHONE_PROVEN"
    WAITING = "WAITING"
    DONE = "DONE"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Recovery:
    """id: for the account's owner. secret: digest of what its asker holds; nobody else can carry it on.

    expires_at: of the state that it is in. check: of the real-person provider. citizen: whose; empty until proven.
    """

    id: str
    secret: bytes = field(repr=False)
    phone: str = field(repr=False)
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    state: RecoveryState
    asked_at: datetime
    expires_at: datetime
    check: str = ""
    citizen: str = ""
    proven_at: datetime | None = None
    due_at: datetime | None = None

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.phone)


def of_full_age(id_number: str, *, now: datetime, zone: tzinfo) -> bool:
    """False too for what is not an id number. zone: the city's."""
    number = IdNumber.of(id_number, today=now.date())
    return number is not None and full_age(number.born, zone=zone) <= now


def ever_proven(citizen: Citizen) -> bool:
    """Whether it was ever known whose the account is, also by evidence that has expired since."""
    return any(one.level > MERGED_LEVEL_MAX for one in citizen.evidence)


class MergeState(StrEnum):
    """RUNNING: the other account is closed, and what it holds is moved."""

    CODE_SENT = "CODE_SENT"
    RUNNING = "RUNNING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Merge:
    """into: the account that stays. source: the one that goes; empty until it is known. steps: done so far. claims:
    the token of the newest claim.
    """

    id: str
    into: str
    phone: str = field(repr=False)
    state: MergeState
    asked_at: datetime
    code_until: datetime
    source: str = ""
    steps: int = 0
    claims: int = 0
