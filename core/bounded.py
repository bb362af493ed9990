"""A cache with two bounds: how many entries, and how much they weigh together.

Rules (segmented LRU)
- What was put is on trial; what was asked for again is proven. At most four fifths of either bound go to proven
  entries: the one unused for longest is then on trial again. Forgotten is first what has been on trial for longest.
- So a flood of entries that are never asked for again passes through the rest, and leaves what is used where it is.
Source: Karedla, Love, Wherry, "Caching strategies to improve disk system performance", IEEE Computer 27(3), 1994
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_PROVEN_SHARE: Final = 0.8


@dataclass(slots=True)
class Bounded(Generic[K, V]):
    """weight_max: in the unit of `put`'s `weight`, as is `weight`, of all entries. hits, misses: what `get` came to.

    A value that outweighs the whole cache is not kept.
    """

    entries_max: int
    weight_max: int
    weight: int = 0
    hits: int = 0
    misses: int = 0
    _proven_weight: int = 0
    _proven: OrderedDict[K, tuple[V, int]] = field(default_factory=OrderedDict, repr=False)
    _tried: OrderedDict[K, tuple[V, int]] = field(default_factory=OrderedDict, repr=False)

    def get(self, key: K) -> V | None:
        found = self._proven.get(key)
        if found is not None:
            self._proven.move_to_end(key)
        else:
            found = self._tried.pop(key, None)
            if found is None:
                self.misses += 1
                return None
            self._prove(key, found)
        self.hits += 1
        return found[0]

    def peek(self, key: K) -> V | None:
        """What `get` would give; not a use."""
        found = self._proven.get(key) or self._tried.get(key)
        return found[0] if found is not None else None

    def put(self, key: K, value: V, *, weight: int) -> V:
        """Keep `value`, forget others as needed, and give it back. Put again, it takes its own place."""
        proven = self._forget(key)
        if weight <= self.weight_max:
            self.weight += weight
            if proven:
                self._prove(key, (value, weight))
            else:
                self._tried[key] = (value, weight)
            self._shrink()
        return value

    def __len__(self) -> int:
        return len(self._proven) + len(self._tried)

    def _prove(self, key: K, entry: tuple[V, int]) -> None:
        self._proven[key] = entry
        self._proven_weight += entry[1]
        while (
            len(self._proven) > self.entries_max * _PROVEN_SHARE
            or self._proven_weight > self.weight_max * _PROVEN_SHARE
        ):
            oldest, held = self._proven.popitem(last=False)
            self._proven_weight -= held[1]
            self._tried[oldest] = held

    def _forget(self, key: K) -> bool:
        """True when it was a proven entry."""
        entry = self._proven.pop(key, None)
        proven = entry is not None
        if entry is not None:
            self._proven_weight -= entry[1]
        else:
            entry = self._tried.pop(key, None)
        self.weight -= entry[1] if entry else 0
        return proven

    def _shrink(self) -> None:
        while len(self) > self.entries_max or self.weight > self.weight_max:
            # The newest on trial has to get its chance.
            if len(self._tried) > 1 or not self._proven:
                self.weight -= self._tried.popitem(last=False)[1][1]
            else:
                _, (_, weight) = self._proven.popitem(last=False)
                self.weight -= weight
                self._proven_weight -= weight
