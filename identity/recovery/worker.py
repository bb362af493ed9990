"""What goes on behind requests: changes of phone take effect, and merged accounts are moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.tasks import Work, every
from identity.recovery.merges import Merges
from identity.recovery.phones import PhoneChanges

CHANGES_EVERY_S: Final = 30.0
MERGES_EVERY_S: Final = 5.0


def chores(phones: PhoneChanges, merges: Merges) -> Mapping[str, Work]:
    """In every process: each takes what no other has."""
    return {
        "phone changes": every(CHANGES_EVERY_S, phones.work),
        "merges": every(MERGES_EVERY_S, merges.work),
    }
