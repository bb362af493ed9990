"""The catalogue as this process holds it: every dataset, found by text, theme, publisher and district.

Order: what answers the question best, then what was published last, then by id. A cursor names a row by its place and
its id, and is read by the id first: what is published meanwhile neither repeats nor hides a row.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from backends.data.errors import SearchRefused
from backends.data.index import Index, Part
from backends.data.model import Dataset, Publisher
from backends.data.terms import folded
from backends.data.vocabulary import Theme
from core.clock import epoch_ms
from core.divisions import DISTRICTS
from core.errors import BadInput
from core.paging import Page, PageRequest

SEARCH_LENGTH_MAX: Final = 200
PUBLISHER_LENGTH_MAX: Final = 18
# How much better a text is whose title holds the question word for word.
_PHRASE: Final = 1.5
_FINENESS: Final = 1_000_000

Place: TypeAlias = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for; None leaves a condition out. publisher: USCC. district: a dataset that names it."""

    search: str | None = None
    theme: Theme | None = None
    publisher: str | None = None
    district: str | None = None

    def __post_init__(self) -> None:
        """Raises: SearchRefused."""
        if self.search is not None and len(self.search) > SEARCH_LENGTH_MAX:
            raise SearchRefused(field="search", problem=f"must be at most {SEARCH_LENGTH_MAX} characters")
        if self.publisher is not None and len(self.publisher) > PUBLISHER_LENGTH_MAX:
            raise SearchRefused(field="publisher", problem="must be a unified social credit code")
        if self.district is not None and self.district not in DISTRICTS:
            raise SearchRefused(field="district", problem="is not a district of this city")

    @property
    def narrow(self) -> bool:
        """True when there is a condition beside the search."""
        return not (self.theme is None and self.publisher is None and self.district is None)


@dataclass(frozen=True, slots=True)
class Facets:
    """How many datasets answer a question for each value of a condition, that condition itself left out."""

    themes: Counter[Theme]
    publishers: Counter[Publisher]
    districts: Counter[str]


@dataclass(slots=True)
class Shelf:
    """Not for several threads."""

    _datasets: dict[str, Dataset] = field(default_factory=dict)
    _titles: dict[str, str] = field(default_factory=dict)
    _index: Index = field(default_factory=Index)

    def put(self, dataset: Dataset) -> None:
        entry = dataset.entry
        self._datasets[dataset.id] = dataset
        self._titles[dataset.id] = folded(f"{entry.title.zh}\n{entry.title.en}")
        self._index.put(dataset.id, _parts(dataset))

    def remove(self, id: str) -> None:
        if self._datasets.pop(id, None) is not None:
            del self._titles[id]
            self._index.remove(id)

    def get(self, id: str) -> Dataset | None:
        return self._datasets.get(id)

    def find(self, question: Question) -> Answers:
        """Everything that answers the question."""
        scores = self._scores(question.search)
        candidates = list(self._datasets.values()) if scores is None else [self._datasets[id] for id in scores]
        matches = [d for d in candidates if all(_fits(question, d))] if question.narrow else candidates
        return Answers(question, candidates, matches, scores)

    def _scores(self, search: str | None) -> dict[str, float] | None:
        if search is None or not search.strip():
            return None
        phrase = folded(search.strip())
        scores = self._index.scores(search)
        return {id: score * _PHRASE if phrase in self._titles[id] else score for id, score in scores.items()}


@dataclass(frozen=True, slots=True)
class Answers:
    """What answers one question, as the catalogue stood then.

    candidates: what answers the search alone. scores: of these by id; None where nothing was searched for.
    """

    question: Question
    candidates: Sequence[Dataset]
    matches: Sequence[Dataset]
    scores: Mapping[str, float] | None

    @property
    def total(self) -> int:
        return len(self.matches)

    def page(self, request: PageRequest) -> Page[Dataset]:
        """Raises: BadInput when the cursor is none of this list."""
        behind = None if request.after is None else self._place_of_cursor(request.after)
        placed = ((self._place(dataset), dataset) for dataset in self.matches)
        left = placed if behind is None else ((place, dataset) for place, dataset in placed if place > behind)
        first = heapq.nsmallest(request.limit, left, key=lambda pair: pair[0])
        return Page.of(rows=[d for _, d in first], keys=[_cursor(place) for place, _ in first], request=request)

    def facets(self) -> Facets:
        themes: Counter[Theme] = Counter()
        publishers: Counter[Publisher] = Counter()
        districts: Counter[str] = Counter()
        for dataset in self.candidates:
            entry, (theme, publisher, district) = dataset.entry, _fits(self.question, dataset)
            if publisher and district:
                themes[entry.theme] += 1
            if theme and district:
                publishers[entry.publisher] += 1
            if theme and publisher:
                districts.update(entry.districts)
        return Facets(themes, publishers, districts)

    def _place(self, dataset: Dataset) -> Place:
        score = 0.0 if self.scores is None else self.scores[dataset.id]
        return -round(score * _FINENESS), -epoch_ms(dataset.modified), dataset.id

    def _place_of_cursor(self, cursor: str) -> Place:
        try:
            score, modified, id = cursor.split(":", 2)
            left = int(score), int(modified), id
        except ValueError as fault:
            raise BadInput(field="after", problem="is not a cursor of this list") from fault
        stands = next((dataset for dataset in self.matches if dataset.id == id), None)
        return left if stands is None else self._place(stands)


def _fits(asked: Question, dataset: Dataset) -> tuple[bool, bool, bool]:
    """Whether a dataset is of the theme, the publisher and the district that are asked for."""
    entry = dataset.entry
    return (
        asked.theme is None or entry.theme is asked.theme,
        asked.publisher is None or entry.publisher.uscc == asked.publisher,
        asked.district is None or asked.district in entry.districts,
    )


def _cursor(place: Place) -> str:
    return f"{place[0]}:{place[1]}:{place[2]}"


def _parts(dataset: Dataset) -> Sequence[Part]:
    entry = dataset.entry
    districts = [DISTRICTS[code].name for code in entry.districts]
    return (
        Part(entry.title.zh, 8.0, single=True),
        Part(entry.title.en, 8.0),
        *(Part(keyword, 5.0, single=True) for keyword in entry.keywords),
        Part(entry.theme.label.zh, 1.0),
        Part(entry.theme.label.en, 1.0),
        Part(entry.publisher.name.zh, 1.0),
        Part(entry.publisher.name.en, 1.0),
        *(Part(f"{name.zh} {name.en}", 2.0) for name in districts),
        Part(entry.description.zh, 1.0),
        Part(entry.description.en, 1.0),
    )
