"""What sessions do about events: they end with the sign-in that opened them."""

from __future__ import annotations

from typing import Final

from core.events import Event, Subscription
from miniapps.sessions.service import Sessions

# Identity's; rooms meet in events by name.
_SESSION_ENDED: Final = "identity.session_ended"


def subscriptions(sessions: Sessions) -> list[Subscription]:
    async def end(event: Event) -> None:
        await sessions.end_with_device(event.payload["session_id"])

    return [Subscription(event=_SESSION_ENDED, handler="miniapps.end_sessions", after=end)]
