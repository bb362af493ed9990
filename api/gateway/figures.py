"""What the engine counts of its own work, as plain numbers: `/metrics` reads them when it is asked.

Labels come from bounded sets: subgraphs of the supergraph, codes of error classes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
COSTS: Final = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
# Counting what an answer came to walks all of it: one answer of so many stands for the rest.
_SAMPLED: Final = 64


@dataclass(slots=True)
class Spread:
    """How values are spread. within: how many were at most each of the bounds, not counted before; then all above."""

    bounds: tuple[float, ...]
    total: float = 0.0
    within: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.within = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.within[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Figures:
    """One engine's.

    in_flight: operations under way. executed: operations that were not refused. refused: by code. fetches: seconds, by
    subgraph. failures: of whole fetches, by subgraph and code. estimated, actual: cost of the operations sampled.
    """

    in_flight: int = 0
    executed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    fetches: dict[str, Spread] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    estimated: Spread = field(default_factory=lambda: Spread(COSTS))
    actual: Spread = field(default_factory=lambda: Spread(COSTS))

    def fetched(self, service: str, seconds: float) -> None:
        """One fetch came to an end, whichever."""
        known = self.fetches.get(service)
        if known is None:
            known = self.fetches[service] = Spread(SECONDS)
        known.add(seconds)

    def samples(self) -> bool:
        """Counts an operation that was executed; True when its cost is to be counted too."""
        self.executed += 1
        return self.executed % _SAMPLED == 1
