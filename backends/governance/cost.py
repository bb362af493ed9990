"""What the fields of this backend's graph cost, by name."""

from __future__ import annotations

from typing import Final

from backends.base.cost import Tariff
from backends.governance.errors import QueryTooCostly
from backends.governance.model import HISTORY_KEPT
from core.paging import PAGE_SIZE_MAX

TARIFF: Final = Tariff(
    too_costly=QueryTooCostly,
    pages={"cityEvents": (20, PAGE_SIZE_MAX)},
    lengths={"dispatches": HISTORY_KEPT, "timeline": HISTORY_KEPT},
    rows={"cityEvent": 1, "openEventCount": 1},
)
