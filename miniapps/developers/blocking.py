"""That nothing may be built for an organisation any more, or may again: an event in the transaction of its cause.

Why is a code, never an officer's own words: those are for the organisation's members, who read them signed in.
"""

from __future__ import annotations

from typing import Final

from core.events import Outbox
from core.mongo import Session
from miniapps.developers.model import Account

ORGANISATION_BLOCKED: Final = "miniapps.organisation_blocked"
ORGANISATION_UNBLOCKED: Final = "miniapps.organisation_unblocked"


async def tell_blocked(outbox: Outbox, *, before: Account, after: Account, session: Session) -> None:
    """Where it changed. What is told of an end is why it had been."""
    if before.blocked == after.blocked:
        return
    name = ORGANISATION_BLOCKED if after.blocked else ORGANISATION_UNBLOCKED
    payload: dict[str, str] = {"organisation": after.organisation, "reason": after.blocked or before.blocked}
    await outbox.append(name=name, payload=payload, session=session)
