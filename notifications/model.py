"""Nouns and rules of reaching a citizen. Pure.

Rules
- The inbox has every message. A phone and an e-mail address get those that the citizen wants there.
- In quiet hours nothing is sent: what is due then waits for their end, or for nothing if it has lapsed by then.
- Routine messages to one citizen are bounded in number for each channel; what is over stays in the inbox alone.
- What is CRITICAL passes quiet hours, preferences and that bound.
- A delivery is tried a bounded number of times, with pauses that grow and are drawn at random.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import IntEnum, StrEnum
from typing import Final

from core.errors import BadInput
from core.ids import is_id
from core.locale import Locale, Text
from notifications.errors import QuietHoursInvalid

MATTER: Final = "notifications:read"
MESSAGE_PREFIX: Final = "msg"
DELIVERY_PREFIX: Final = "dlv"
TARGET_PREFIX: Final = "trg"

MESSAGE_KEPT: Final = timedelta(days=365)
DELIVERY_KEPT: Final = timedelta(days=30)
# A message is marked read up to so many at a time; the inbox shows no more on a page.
MARKED_MAX: Final = 100
UNREAD_COUNTED_MAX: Final = 1000
TARGETS_MAX: Final = 10
TRIES_MAX: Final = 10
_BACKOFF_BASE_S: Final = 2.0
_BACKOFF_CAP_S: Final = 1800.0


class Category(StrEnum):
    """What a message is about; preferences are kept for each."""

    LICENCES = "LICENCES"
    PAYMENTS = "PAYMENTS"
    REPORTS = "REPORTS"
    HEALTH = "HEALTH"
    SECURITY = "SECURITY"
    CITY = "CITY"


CATEGORY_LABELS: Final[dict[Category, Text]] = {
    Category.LICENCES: Text(zh="电子证照", en="Licences"),
    Category.PAYMENTS: Text(zh="缴费与账单", en="Bills and payments"),
    Category.REPORTS: Text(zh="随手拍与诉求", en="Reports"),
    Category.HEALTH: Text(zh="健康状态", en="Health status"),
    Category.SECURITY: Text(zh="账号与安全", en="Account and security"),
    Category.CITY: Text(zh="城市公告", en="City news"),
}


class Priority(StrEnum):
    ROUTINE = "ROUTINE"
    IMPORTANT = "IMPORTANT"
    CRITICAL = "CRITICAL"


class Lane(IntEnum):
    """In which order what is due is sent. CRITICAL has senders of its own, which nothing else keeps busy."""

    CRITICAL = 0
    IMPORTANT = 1
    ROUTINE = 2

    @classmethod
    def of(cls, priority: Priority) -> Lane:
        return cls[priority.value]


class Channel(StrEnum):
    """A way beside the inbox."""

    PUSH = "PUSH"
    EMAIL = "EMAIL"


class TargetKind(StrEnum):
    """FID: a Firebase installation ID. TOKEN: an FCM registration token. EMAIL: an address."""

    FID = "FID"
    TOKEN = "TOKEN"
    EMAIL = "EMAIL"


class Platform(StrEnum):
    ANDROID = "ANDROID"
    IOS = "IOS"
    WEB = "WEB"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another, in whole minutes of the city's day; over midnight when it ends earlier."""

    start: time
    end: time

    @classmethod
    def of(cls, start: str, end: str) -> QuietHours:
        """From two `HH:MM`. Raises: QuietHoursInvalid, also when the two are the same."""
        begins, ends = _time_of_day(start), _time_of_day(end)
        if begins == ends:
            raise QuietHoursInvalid()
        return cls(begins, ends)

    def free_from(self, instant: datetime, zone: tzinfo) -> datetime:
        """The instant itself, or the end of the quiet hours that it lies in."""
        local = instant.astimezone(zone)
        now = local.time()
        overnight = self.end < self.start
        quiet = now >= self.start or now < self.end if overnight else self.start <= now < self.end
        if not quiet:
            return instant
        day = local.date() + timedelta(days=overnight and now >= self.start)
        return datetime.combine(day, self.end, zone).astimezone(UTC)


def _time_of_day(text: str) -> time:
    hours, _, minutes = text.partition(":")
    digits = len(hours) == len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit()
    if not digits or int(hours) > 23 or int(minutes) > 59:
        raise QuietHoursInvalid()
    return time(int(hours), int(minutes))


NIGHT: Final = QuietHours(time(22), time(7))


@dataclass(frozen=True, slots=True)
class Preferences:
    """off: what the citizen does not want, by category and channel; everything else they do."""

    off: frozenset[tuple[Category, Channel]] = frozenset()
    quiet: QuietHours | None = NIGHT

    def wants(self, category: Category, channel: Channel) -> bool:
        return (category, channel) not in self.off

    def with_(self, category: Category, channel: Channel, *, wanted: bool) -> Preferences:
        one = {(category, channel)}
        return Preferences(self.off - one if wanted else self.off | one, self.quiet)


@dataclass(frozen=True, slots=True)
class Target:
    """One phone, browser or address of a citizen.

    id: `trg_…`. index: the blind index of its value, by which it belongs to one citizen at a time.
    sealed: its value. language: in which it is written to. platform: of a phone or browser.
    """

    id: str
    kind: TargetKind
    index: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    language: Locale
    since: datetime
    platform: Platform | None = None

    @property
    def channel(self) -> Channel:
        return Channel.EMAIL if self.kind is TargetKind.EMAIL else Channel.PUSH


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An e-mail address that a code is on its way to. digest: of the code."""

    target: Target
    digest: bytes = field(repr=False)
    expires_at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """How one citizen can be reached. spent: see `Rate`. gone: their account is no more, and they are told nothing."""

    citizen: str
    preferences: Preferences = Preferences()
    targets: tuple[Target, ...] = ()
    email: Target | None = None
    unconfirmed: Unconfirmed | None = None
    spent: Mapping[str, datetime] = field(default_factory=dict)
    gone: bool = False

    def targets_of(self, channel: Channel) -> tuple[Target, ...]:
        """Those that messages go to: an address only once it is confirmed."""
        if channel is Channel.PUSH:
            return self.targets
        return (self.email,) if self.email else ()

    def target(self, id_: str) -> Target | None:
        """Any target of the citizen, also an address that waits for its code."""
        own = [*self.targets, self.email, self.unconfirmed.target if self.unconfirmed else None]
        return next((one for one in own if one is not None and one.id == id_), None)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` at once, and `count` more in every `per`: a bucket told by the one instant at which it is full.

    Source: ITU-T I.371 (generic cell rate algorithm).
    """

    count: int
    per: timedelta

    def charge(self, full_at: datetime | None, now: datetime) -> datetime | None:
        """When the bucket is full again after one more, or None when there is no room for one."""
        after = max(full_at or now, now) + self.per / self.count
        return after if after - now <= self.per else None

    def room_in(self, full_at: datetime, now: datetime) -> timedelta:
        """How long until there is room for one more."""
        return full_at + self.per / self.count - now - self.per


ROUTINE_RATES: Final = {
    Channel.PUSH: Rate(12, timedelta(hours=1)),
    Channel.EMAIL: Rate(12, timedelta(days=1)),
}
CODE_RATE: Final = Rate(3, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Notification:
    """That a citizen is to be told something: which template and with what, not the words.

    id: `msg_…`. version: of the template. sealed: its variables. link: a route of the shell.
    dedup_key: the same fact has the same key, and one citizen is told it once.
    inbox: False for what has no place there, such as a code for an address.
    expires_at: it is not sent after this; the inbox keeps it for `MESSAGE_KEPT`.
    """

    id: str
    citizen: str
    template: str
    version: int
    sealed: bytes = field(repr=False)
    category: Category
    priority: Priority
    link: str
    dedup_key: str
    at: datetime
    not_before: datetime
    expires_at: datetime
    inbox: bool = True
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery to be made; `next_at` None when it is over the citizen's rate and stays unsent."""

    target: Target
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send of a message, and the rates that it spends."""

    deliveries: tuple[Planned, ...]
    spent: Mapping[Channel, datetime]


def plan(reach: Reach, message: Notification, *, channels: Collection[Channel], now: datetime, zone: tzinfo) -> Plan:
    """Where a message goes beside the inbox, and when. channels: that its template names and the city has."""
    critical = message.priority is Priority.CRITICAL
    deliveries: list[Planned] = []
    spent: dict[Channel, datetime] = {}
    for channel in sorted(channels):
        targets = reach.targets_of(channel)
        if not targets or not (critical or reach.preferences.wants(message.category, channel)):
            continue
        next_at: datetime | None = send_at(reach.preferences, message.priority, message.not_before, zone)
        if message.priority is Priority.ROUTINE:
            charged = ROUTINE_RATES[channel].charge(reach.spent.get(channel.value), now)
            next_at = next_at if charged else None
            spent |= {channel: charged} if charged else {}
        deliveries += [Planned(target, next_at) for target in targets]
    return Plan(tuple(deliveries), spent)


def send_at(preferences: Preferences, priority: Priority, instant: datetime, zone: tzinfo) -> datetime:
    """The first instant from this one on at which the citizen may be disturbed."""
    if priority is Priority.CRITICAL or preferences.quiet is None:
        return instant
    return preferences.quiet.free_from(instant, zone)


def retry_pause_s(*, tries: int, fraction: float, told_s: float | None = None) -> float:
    """The pause after the `tries`-th failed try: anything up to the doubling step, at least what the carrier told.

    fraction: 0…1, the jitter. told_s: the carrier's `Retry-After`.
    """
    drawn = min(_BACKOFF_BASE_S * 2.0 ** (tries - 1), _BACKOFF_CAP_S) * fraction
    return max(drawn, told_s or 0.0)


def message_id(key: str) -> str:
    """A message id that a client sent back as a cursor. Raises: BadInput."""
    if not is_id(key, prefix=MESSAGE_PREFIX):
        raise BadInput(field="after", problem="is not a cursor of this list")
    return key
