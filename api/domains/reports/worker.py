"""What reporting does behind the request: it keeps place codes, and speaks with the departments' side."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from api.domains.reports.errors import HandOverFailed
from api.domains.reports.service import CREATED, MOVED, PLACE_CHANGED, Reports
from core.errors import Unavailable
from core.events import Event, Subscription
from core.mongo import Session
from core.tasks import every

_TAKE_OVER_EVERY_S: Final = 2.0
_LOG = logging.getLogger(__name__)


def subscriptions(service: Reports) -> list[Subscription]:
    """The room's handlers, for the outbox."""

    async def keep_place(event: Event, session: Session) -> None:
        await service.keep_place(event, session=session)

    return [
        Subscription(event=PLACE_CHANGED, handler="reports.keep_place", within=keep_place),
        Subscription(event=CREATED, handler="reports.hand_over_new", after=service.hand_over),
        Subscription(event=MOVED, handler="reports.hand_over_moved", after=service.hand_over),
    ]


def chores(service: Reports) -> dict[str, Callable[[], Awaitable[None]]]:
    """The room's periodic work; each may run in many processes at once."""

    async def take_over() -> None:
        try:
            await service.take_over()
        except (HandOverFailed, Unavailable) as fault:
            # It may last for hours, and nothing is lost: the next round goes on where this one stopped.
            _LOG.warning("changes of the departments' side wait", extra={"facts": {"fault": fault.code}})

    return {"reports: changes of the departments' side": every(_TAKE_OVER_EVERY_S, take_over)}
