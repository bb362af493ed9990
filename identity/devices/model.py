"""Devices, what an account's owner is told of them, and the rule that judges a sign-in.

A device is known by the key that it holds; one without a key by the id that it chose and keeps. A session of a device
that keeps neither is a device of its own.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.geo import Point, distance_m
from core.locale import Text

# A known device that was not used for so long is a new one.
DEVICE_KEPT: Final = timedelta(days=400)
EVENT_KEPT: Final = timedelta(days=180)
PLACES_MAX: Final = 20

VELOCITY_SPAN: Final = timedelta(hours=1)
VELOCITY_MAX: Final = 10
FAILURES_MAX: Final = 5
# Places are known coarsely, and networks move their addresses about: what is nearer is no journey.
JOURNEY_M_MIN: Final = 300_000
# An airliner's.
SPEED_M_S_MAX: Final = 1_000_000 / 3600


@dataclass(frozen=True, slots=True)
class Device:
    """One of an account's devices. jkt: thumbprint of its key; empty for none. cooling_until: None once trusted."""

    id: str
    account_id: str
    name: str = field(repr=False)
    first_seen_at: datetime
    last_seen_at: datetime
    jkt: str = ""
    cooling_until: datetime | None = None

    def trusted(self, now: datetime) -> bool:
        return self.cooling_until is None or self.cooling_until <= now


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is, as coarsely as a city. code: names it for good."""

    code: str
    name: Text
    point: Point


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of an account's sign-ins. recent: when, within `VELOCITY_SPAN`. places: their codes, oldest first.

    at: when the account signed in from the last of `places`, which is at `point`.
    """

    account_id: str
    recent: tuple[datetime, ...] = ()
    places: tuple[str, ...] = field(default=(), repr=False)
    point: Point | None = field(default=None, repr=False)
    at: datetime | None = None


class Signal(StrEnum):
    """What is unusual about a sign-in, the gravest first."""

    IMPOSSIBLE_TRAVEL = "impossible_travel"
    MANY_FAILURES = "many_failures"
    NEW_DEVICE = "new_device"
    MANY_SIGN_INS = "many_sign_ins"
    NEW_PLACE = "new_place"


class SecurityEventKind(StrEnum):
    """What an account's owner reads about its safety: each signal, and what was done about devices."""

    IMPOSSIBLE_TRAVEL = "impossible_travel"
    MANY_FAILURES = "many_failures"
    NEW_DEVICE = "new_device"
    MANY_SIGN_INS = "many_sign_ins"
    NEW_PLACE = "new_place"
    SECOND_PROOF_WANTED = "second_proof_wanted"
    KEY_REGISTERED = "key_registered"
    DEVICE_TRUSTED = "device_trusted"
    DEVICE_FORGOTTEN = "device_forgotten"
    OTHERS_ENDED = "others_ended"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """place: None where the address tells none."""

    id: str
    account_id: str
    kind: SecurityEventKind
    at: datetime
    device_name: str = field(repr=False)
    place: Text | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """trusted: the session may do what any may. noticed: the owner is told. second_proof: one proof is not enough."""

    trusted: bool
    noticed: bool
    second_proof: bool


# Alone they may be chance; on a device that nobody knows they are not.
_GRAVE: Final = frozenset({Signal.IMPOSSIBLE_TRAVEL, Signal.MANY_FAILURES, Signal.MANY_SIGN_INS})
_NOT_TRUSTED: Final = frozenset({Signal.IMPOSSIBLE_TRAVEL, Signal.NEW_DEVICE})


def judge(signals: Set[Signal], *, sure: bool) -> Verdict:
    """sure: its owner was proven by two factors, or a session of theirs said yes to it.

    The table stands in docs/identity.md.
    """
    return Verdict(
        trusted=sure or not signals & _NOT_TRUSTED,
        noticed=bool(signals),
        second_proof=not sure and Signal.NEW_DEVICE in signals and bool(signals & _GRAVE),
    )


def signals(
    *, habits: Habits | None, device: Device | None, place: Place | None, failures: int, now: datetime
) -> frozenset[Signal]:
    """What is unusual. habits: None for an account that never signed in, of which nothing is."""
    if habits is None:
        return frozenset()
    found = {
        Signal.NEW_DEVICE: device is None,
        Signal.NEW_PLACE: place is not None and bool(habits.places) and place.code not in habits.places,
        Signal.IMPOSSIBLE_TRAVEL: place is not None and _impossible(habits, place, now),
        Signal.MANY_SIGN_INS: len(_recent(habits, now)) >= VELOCITY_MAX,
        Signal.MANY_FAILURES: failures >= FAILURES_MAX,
    }
    return frozenset(signal for signal, there in found.items() if there)


def after(habits: Habits | None, *, account_id: str, place: Place | None, now: datetime) -> Habits:
    """What is known after one more sign-in."""
    known = habits or Habits(account_id)
    recent = (*_recent(known, now), now)[-VELOCITY_MAX:]
    if place is None:
        return Habits(account_id, recent, known.places, known.point, known.at)
    others = tuple(code for code in known.places if code != place.code)
    return Habits(account_id, recent, (*others, place.code)[-PLACES_MAX:], place.point, now)


def gravest(found: Set[Signal]) -> SecurityEventKind:
    """Of at least one."""
    return SecurityEventKind(next(signal for signal in Signal if signal in found).value)


def _recent(habits: Habits, now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in habits.recent if now - at < VELOCITY_SPAN)


def _impossible(habits: Habits, place: Place, now: datetime) -> bool:
    if habits.point is None or habits.at is None:
        return False
    journey = distance_m(habits.point, place.point)
    return journey >= JOURNEY_M_MIN and journey > SPEED_M_S_MAX * max((now - habits.at).total_seconds(), 0.0)
