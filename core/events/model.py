"""The nouns of the event backbone, and its bounds."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

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
    """

    event: str
    handler: str
    within: Callable[[Event, Session], Awaitable[None]] | None = None
    after: Callable[[Event], Awaitable[None]] | None = None
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if (self.within is None) == (self.after is None):
            raise ValueError(f"{self.handler}: give `within` or `after`, one of the two")
        if len(self.handler) > _HANDLER_LENGTH_MAX or not _HANDLER.fullmatch(self.handler):
            raise ValueError(f"{self.handler!r} is not a handler's name: room.verb, at most {_HANDLER_LENGTH_MAX} long")
