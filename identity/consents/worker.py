"""What goes on behind requests: copies are made, and accounts erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.tasks import Work, every
from identity.consents.downloads import Downloads
from identity.consents.erasures import Erasures

DOWNLOADS_EVERY_S: Final = 3.0
ERASURES_EVERY_S: Final = 15.0


def chores(downloads: Downloads, erasures: Erasures) -> Mapping[str, Work]:
    """In every process: each takes what no other has."""
    return {
        "data downloads": every(DOWNLOADS_EVERY_S, downloads.work),
        "erasures": every(ERASURES_EVERY_S, erasures.work),
    }
