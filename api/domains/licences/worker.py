"""What goes on beside the requests: notices that a licence ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from api.domains.licences.issuing import Issuing
from core.tasks import every

# A turn gives up to 200 notices, so this bounds how fast a morning with many is worked off.
ANNOUNCED_EVERY_S: Final = 10.0


def chores(issuing: Issuing) -> dict[str, Callable[[], Awaitable[None]]]:
    """By name. Each may run in every process at once."""
    return {"licences.announce_expiring": every(ANNOUNCED_EVERY_S, issuing.announce_expiring)}
