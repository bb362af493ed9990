"""Which events a page of a list shows: the newest first, behind a cursor that new events do not shift."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backends.governance.model import Event, Status
from core.clock import epoch_ms, from_epoch_s
from core.errors import BadInput
from core.ids import is_id
from core.paging import PageRequest

EVENT: str = "evn"  # the prefix of an event's id


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the events that have this district, status and category; None: any."""

    page: PageRequest
    district: str | None = None
    status: Status | None = None
    category: str | None = None

    def __post_init__(self) -> None:
        """Raises: BadInput when the cursor is not one of these lists'."""
        _ = self.behind

    @property
    def behind(self) -> tuple[datetime, str] | None:
        """When the event that the page begins behind was opened, and its id."""
        return None if self.page.after is None else _place(self.page.after)


def key_of(event: Event) -> str:
    """An event's place in every list."""
    return f"{epoch_ms(event.report.opened_at)}:{event.id}"


def _place(key: str) -> tuple[datetime, str]:
    opened, _, event_id = key.partition(":")
    try:
        instant = from_epoch_s(int(opened) / 1000)
    except (ValueError, OverflowError, OSError) as fault:
        raise BadInput(field="after", problem="is not a cursor of this list") from fault
    if not is_id(event_id, prefix=EVENT):
        raise BadInput(field="after", problem="is not a cursor of this list")
    return instant, event_id
