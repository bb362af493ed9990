"""Ways and prices: the candidates for obtaining a field, and how one is chosen among them.

Each way costs the fetches it adds. Fields choose greedily, those with the fewest ways first, and a subgraph once
entered is free for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from api.gateway.selection import Field, Selection

# One more fetch. A leaf that comes by one costs 1 more than a leaf that does not, even where that fetch is made anyway.
FETCH_COST: Final = 100
# A second fetch that waits for the first costs a little more than two that run together.
WAIT_COST: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One field and the way it is obtained.

    owner: the type on which `graph` is asked. enter: by a fetch of its own kind, else within the site's fetch.
    key: the field set by which `graph` is entered (empty at a root). requires: what must be sent beside the key.
    """

    field: Field
    graph: str
    owner: str
    enter: bool = False
    key: str = ""
    requires: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """The steps for objects of one type, or of one interface asked as one."""

    on: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """How a selection is obtained at a site. residue: what cannot be; missing: how many leaves that is."""

    branches: tuple[Branch, ...] = ()
    residue: Selection | None = None
    missing: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One candidate step with its price. shares: a fetch into its subgraph can be the one others use."""

    step: Step
    missing: int
    entry_cost: int
    cost: int
    residue: Selection | None
    shares: bool
    provides: Selection | None

    def price(self, entered: set[str]) -> tuple[int, int, bool]:
        free = self.shares and self.step.graph in entered
        late = leaves(self.step.field) if self.step.enter else 0
        return (self.missing, self.cost + late + (0 if free else self.entry_cost), self.step.enter)


@dataclass(slots=True)
class Chosen:
    """Steps picked so far for one type."""

    steps: list[Step] = field(default_factory=list)
    missed: list[Field] = field(default_factory=list)
    cost: int = 0

    def take(self, way: Way, entered: set[str]) -> None:
        self.steps.append(way.step)
        self.cost += way.price(entered)[1]
        if way.step.enter and way.shares:
            entered.add(way.step.graph)

    def miss(self, wanted: Field) -> None:
        self.missed.append(wanted)


def together(chosen: list[tuple[str, Chosen]]) -> Decision:
    """One decision of several types' choices."""
    missed = list(dict.fromkeys(f for _, c in chosen for f in c.missed))
    return Decision(
        branches=tuple(Branch(on=on, steps=tuple(c.steps)) for on, c in chosen if c.steps),
        residue=Selection(fields=tuple(missed)) if missed else None,
        missing=sum(leaves(f) for f in missed),
        cost=sum(c.cost for _, c in chosen),
    )


def leaves(wanted: Field) -> int:
    """How many leaf fields stand below (or at) a field."""
    return sum(leaves(f) for f in wanted.sub.fields) if wanted.sub else 1
