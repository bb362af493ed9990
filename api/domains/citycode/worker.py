"""What scanning does behind the request: it counts."""

from __future__ import annotations

from api.domains.citycode.service import SCANNED, CityCodes
from core.events import Event, Subscription
from core.mongo import Session


def subscriptions(service: CityCodes) -> list[Subscription]:
    """The room's handlers, for the outbox."""

    async def tally_scan(event: Event, session: Session) -> None:
        await service.tally_scan(event.payload, session=session)

    # One officer's scans of a day are one row: at the same time they would only collide there.
    return [Subscription(event=SCANNED, handler="citycode.tally_scan", within=tally_scan, at_once=1)]
