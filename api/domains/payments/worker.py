"""What payments does behind the requests: it reminds, and keeps the departments' sums short."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from api.domains.payments.service import Payments
from core.tasks import every

_REMIND_EVERY_S: Final = 600
_ROLL_UP_EVERY_S: Final = 900


def chores(service: Payments) -> dict[str, Callable[[], Awaitable[None]]]:
    """The room's periodic work, for every process; each may run many times and beside itself."""
    return {
        "payments.announce_due": every(_REMIND_EVERY_S, service.announce_due),
        "payments.roll_up": every(_ROLL_UP_EVERY_S, service.roll_up),
    }
