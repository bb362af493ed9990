"""What the room does behind requests: it tells citizens of what happened, and sends what is due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.events import Event, Subscription
from core.mongo import Session
from notifications.announcements import TOLD
from notifications.dispatcher import Dispatcher
from notifications.model import Lane
from notifications.service import Notifications

_LANES = {"critical messages": (Lane.CRITICAL,), "messages": (Lane.IMPORTANT, Lane.ROUTINE)}


def subscriptions(service: Notifications) -> list[Subscription]:
    """A handler for each event that a citizen is told of."""

    async def tell(event: Event, session: Session) -> None:
        await service.tell(event, session=session)

    return [
        Subscription(event=name, handler=f"notifications.tell.{name.replace('.', '_')}", within=tell) for name in TOLD
    ]


def chores(dispatcher: Dispatcher) -> dict[str, Callable[[], Awaitable[None]]]:
    """Senders: what is critical never waits behind what is not."""
    return {name: lambda lanes=lanes: dispatcher.run(lanes) for name, lanes in _LANES.items()}  # type: ignore[misc]
