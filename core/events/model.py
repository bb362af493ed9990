"""The nouns of the event backbone, and its bounds."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from core.errors import DomainError, Kind
from core.mongo import Session

PAYLOAD_BYTES_MAX: Final = 64 * 1024
_HANDLER = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_HANDLER_LENGTH_MAX: Final = 100


class EventTooLarge(DomainError):
    """Raised before anything is written. An event says that something happened; the rest is read where it is kept."""

    code = "EVENT_TOO_LARGE"
    kind = Kind.INVALID
    template = "An event's payload may take {bytes_max} bytes; this one takes {bytes}."
    template_zh = "提交的内容过大。"

    bytes: int
    bytes_max: int


class EventNotStorable(DomainError):
    """The payload holds a value that BSON has no type for."""

    code = "EVENT_NOT_STORABLE"
    kind = Kind.INVALID
    template = "An event's payload may hold BSON values only."
    template_zh = "提交的内容无法保存。"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `name` in the past tense (`citycode.scanned`).

    id: `evt_…`. occurred_at: to the millisecond, as BSON keeps it.
    payload: BSON values, nothing personal in clear; what is personal is sealed or left where it is.
    """

    id: str
    name: str
    occurred_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One handler of one kind of event; exactly one of `within` and `after` is given.

    handler: stable name (`citycode.tally_scan`); with the event's id it is the once-only key. A renamed handler
        is a new one.
    within: runs in a transaction with the once-only mark, so its writes through the session happen exactly once.
        It may be called several times; only what goes through the session counts.
    after: an outside effect (SMS, webhook), at least once: it may run again when the process dies between the
        effect and its mark. Pass the event's id on where the other side can tell duplicates apart.
    timeout_s: after this the handler is cancelled and the try counts as failed.
    at_once: how many of it run at a time in one process. 1 for a handler that writes to one row again and again (a
        tally): its transactions would only get in each other's way.
    """

    event: str
    handler: str
    within: Callable[[Event, Session], Awaitable[None]] | None = None
    after: Callable[[Event], Awaitable[None]] | None = None
    timeout_s: float = 10.0
    at_once: int = 4

    def __post_init__(self) -> None:
        if (self.within is None) == (self.after is None):
            raise ValueError(f"{self.handler}: give `within` or `after`, one of the two")
        if len(self.handler) > _HANDLER_LENGTH_MAX or not _HANDLER.fullmatch(self.handler):
            raise ValueError(f"{self.handler!r} is not a handler's name: room.verb, at most {_HANDLER_LENGTH_MAX} long")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the backbone waits, how much it takes at once, when it gives up and when it forgets.

    batch: events or deliveries that a relay moves at once.
    concurrency: handlers that one process runs at once.
    poll_s: a relay looks for due work at least this often, whatever the change stream says.
    lease_s: a relay that has not shown itself for this long is replaced.
    handover_s: a delivery that nobody has begun is handed to the queue again after this; a wiped Redis costs it.
    tries_max: then it is a dead letter. With the pauses below, twelve tries take half an hour.
    retry_base_s, retry_cap_s: the pause after the first failed try and the longest one; it doubles in between.
    grace_s: on top of a handler's own time, before its process is taken for dead.
    stop_s: handlers that are cancelled have this long to end; half a second later everything has.
    retention_s: how long a done event is kept.
    lapse_s: a handler that no process has offered for this long gets no new events.
    """

    batch: int = 200
    concurrency: int = 32
    poll_s: float = 1.0
    lease_s: float = 5.0
    handover_s: float = 30.0
    tries_max: int = 12
    retry_base_s: float = 1.0
    retry_cap_s: float = 900.0
    grace_s: float = 5.0
    stop_s: float = 1.2
    retention_s: float = 7 * 86_400
    lapse_s: float = 7 * 86_400


def retry_pause_s(*, tries: int, limits: Limits, fraction: float) -> float:
    """The pause after the `tries`-th failed try: between half and all of the doubling step.

    fraction: 0…1, the jitter; it keeps handlers that failed together from coming back together.
    """
    step = min(limits.retry_base_s * 2.0 ** (tries - 1), limits.retry_cap_s)
    return step * (0.5 + fraction / 2)


@dataclass(slots=True)
class Counts:
    """What this process has done since it started; the roof shows it as metrics.

    spread: events whose handlers were looked up. handed_over: deliveries put on the queue.
    done, retried, dead: how tries ended. abandoned: left for a process that knows the handler.
    """

    spread: int = 0
    handed_over: int = 0
    done: int = 0
    retried: int = 0
    dead: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in MongoDB. `waiting` and `dead` count up to `Backlog.COUNTED_MAX`; oldest_s is 0 when none waits."""

    COUNTED_MAX: ClassVar[int] = 10_000

    waiting: int
    dead: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery whose tries are used up. The event is kept until this is replayed or discarded.

    id: event id and handler. error: a stable code, or the name of an exception's type; never its text.
    """

    id: str
    event_id: str
    event_name: str
    handler: str
    error: str
    tries: int
    at: datetime
