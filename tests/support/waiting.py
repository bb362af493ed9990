"""Waiting for a condition, with a deadline; the one way tests wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 20.0
_PAUSE_S = 0.02


async def until(look: Callable[[], Awaitable[T | None]], *, what: str, deadline_s: float = DEADLINE_S) -> T:
    """The first answer of `look` that is neither None nor False; fails with `what` at the deadline."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = await look()
        if found is not None and found is not False:
            return found
        await asyncio.sleep(_PAUSE_S)
    raise AssertionError(f"{what} did not come within {deadline_s:.0f} s")
