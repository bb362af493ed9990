"""A cache with two bounds: how many entries, and how much they weigh together."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Bounded(Generic[K, V]):
    """Forgets what was not used for longest. weight_max: in the unit of `put`'s `weight` (characters of a document).

    A value that outweighs the whole cache is not kept.
    """

    entries_max: int
    weight_max: int
    weight: int = 0
    _held: OrderedDict[K, tuple[V, int]] = field(default_factory=OrderedDict)

    def get(self, key: K) -> V | None:
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, *, weight: int) -> V:
        """Keep `value`, forget others as needed, and give it back."""
        if weight > self.weight_max:
            return value
        before = self._held.pop(key, None)
        self.weight += weight - (before[1] if before else 0)
        self._held[key] = (value, weight)
        while self._held and (len(self._held) > self.entries_max or self.weight > self.weight_max):
            self.weight -= self._held.popitem(last=False)[1][1]
        return value

    def __len__(self) -> int:
        return len(self._held)
