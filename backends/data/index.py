"""An inverted index in memory: which texts hold the terms of a question, the best first.

A score is the sum over the question's terms of how rare the term is times how much of the text it is, with more weight
where it stands in a title. A text counts only with most of the question's terms, so the rarest terms are looked up
first, and the common ones only in what these left.
Source: the weighting is BM25F (Zaragoza et al., TREC-13) with its constants simplified.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from backends.data.terms import question_terms, terms_of

# A text must hold this part of a question's terms.
_SHARE: Final = 0.6
# From here on another mention of a term adds little.
_SATURATION: Final = 4.0


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text. weight: of each term in it. single: whether one Han character of it is a term."""

    text: str
    weight: float
    single: bool = False


@dataclass(slots=True)
class Index:
    """Texts by id. Not for several threads."""

    _postings: dict[str, dict[str, float]] = field(default_factory=dict)
    _terms: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._terms)

    def put(self, id: str, parts: Iterable[Part]) -> None:
        """Set the text of this id."""
        self.remove(id)
        weights: Counter[str] = Counter()
        for part in parts:
            for term in terms_of(part.text, single=part.single):
                weights[term] += part.weight  # type: ignore[assignment]  # Counter adds any number
        for term, weight in weights.items():
            self._postings.setdefault(term, {})[id] = weight / (weight + _SATURATION)
        self._terms[id] = tuple(weights)

    def remove(self, id: str) -> None:
        for term in self._terms.pop(id, ()):
            held = self._postings[term]
            del held[id]
            if not held:
                del self._postings[term]

    def scores(self, question: str) -> dict[str, float]:
        """The score of every text that answers the question; none for a question without a term."""
        asked = question_terms(question)
        found = sorted((self._postings.get(term, {}) for term in asked), key=len)
        needed = max(1, math.ceil(len(asked) * _SHARE))
        # Behind this many terms a text that has not been met can no longer hold enough of them.
        opening = len(found) - needed + 1
        scores, held = self._opened(found[:opening])
        for postings in found[opening:]:
            self._joined(postings, scores, held)
        return {id: score * (held[id] / len(asked)) for id, score in scores.items() if held[id] >= needed}

    def _opened(self, several: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], dict[str, int]]:
        scores: dict[str, float] = {}
        held: dict[str, int] = {}
        for postings in several:
            rarity = self._rarity(postings)
            for id, weight in postings.items():
                scores[id] = scores.get(id, 0.0) + rarity * weight
                held[id] = held.get(id, 0) + 1
        return scores, held

    def _joined(self, postings: Mapping[str, float], scores: dict[str, float], held: dict[str, int]) -> None:
        rarity = self._rarity(postings)
        small, large = sorted((postings, scores), key=len)
        for id in small:
            if id in large:
                scores[id] += rarity * postings[id]
                held[id] += 1

    def _rarity(self, postings: Mapping[str, float]) -> float:
        return math.log(1 + len(self._terms) / (1 + len(postings)))
