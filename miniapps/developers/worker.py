"""What the wing does by the clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.tasks import Work, every
from miniapps.developers.proving import Proving

_LOOKED_EVERY_S: Final = 600.0


def chores(proving: Proving) -> Mapping[str, Work]:
    return {"mini-domains": every(_LOOKED_EVERY_S, proving.check_due)}
