"""Asking a subgraph again: queries alone, after a pause of random length, and never more than a budget allows.

The budget is what keeps retries from finishing off a subgraph that is down: each request earns a tenth of a retry, so
that retries add at most a tenth to the load, beside a small reserve for a subgraph that is rarely asked.
Source: the retry budgets of Finagle and of the gRPC service config (gRFC A6).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_EARNED: Final = 0.1


@dataclass(slots=True)
class Retries:
    """The retries of one subgraph. attempts_max: requests for one fetch, the first included; 1: no retries.

    pause_s: the longest pause before the second request; each further one may be twice as long. made: retries
    so far.
    """

    attempts_max: int = 2
    pause_s: float = 0.1
    reserve: float = 10.0
    draw: Callable[[], float] = random.random
    left: float = 10.0
    made: int = 0

    def earn(self) -> None:
        """One request was made for its own sake."""
        self.left = min(self.left + _EARNED, self.reserve)

    def pause_before(self, attempt: int) -> float | None:
        """Seconds to wait before request number `attempt` (2, 3, …), which is then paid for; None: give up."""
        if attempt > self.attempts_max or self.left < 1:
            return None
        self.left -= 1
        self.made += 1
        return float(self.draw() * self.pause_s * 2 ** (attempt - 2))
