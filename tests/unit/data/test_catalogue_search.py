"""What a search finds, in which order, on which page; and that no question costs much."""

from __future__ import annotations

import time

import pytest

from backends.data.demo import all_datasets
from backends.data.errors import SearchRefused
from backends.data.model import Dataset, entry_of, publication_of
from backends.data.shelf import Facets, Question, Shelf
from backends.data.vocabulary import Theme
from core.errors import BadInput
from core.paging import PageRequest
from tests.unit.data.datasets import HEALTH, NOW, both, dataset


@pytest.fixture(scope="module")
def demo() -> Shelf:
    """The demonstration's catalogue."""
    shelf = Shelf()
    for id, said in all_datasets().items():
        shelf.put(Dataset(id, entry_of(said["dataset"]), 1, NOW))
    return shelf


def found(shelf: Shelf, first: int = 100, after: str | None = None, **asked: object) -> list[str]:
    question = Question(**asked)  # type: ignore[arg-type]
    return [d.id for d in shelf.find(question).page(PageRequest(first, after)).rows]


@pytest.mark.parametrize(
    ("search", "best"),
    [
        ("空气质量", ["air-quality-2013-2017", "aqi-breakpoints"]),
        ("air quality", ["air-quality-2013-2017", "aqi-breakpoints"]),
        ("AIR QUALITIES", ["air-quality-2013-2017"]),
        ("公园", ["parks"]),
        ("parks", ["parks"]),
        ("海淀区公园", ["syn-park-visits-110108"]),
        ("park visits Haidian", ["syn-park-visits-110108"]),
        ("水", ["water-quality"]),
        ("水质", ["water-quality"]),
        ("地铁站点", ["subway-stations"]),
        ("subway", ["subway-stations"]),
        ("养老机构", ["elderly-care-institutions"]),
        ("疫苗接种门诊", ["vaccination-sites"]),
        ("行政区划代码", ["districts"]),
        ("博物馆", ["museums"]),
        ("Museums of Beijing", ["museums"]),
        ("东城 垃圾", ["syn-waste-110101"]),
        ("ｐａｒｋｉｎｇ", ["parking-lots"]),
        ("停车", ["parking-lots"]),
        ("不存在的内容甲乙丙丁", []),
        ("!!!", []),
    ],
)
def test_the_best_answers_of_the_demonstration(demo: Shelf, search: str, best: list[str]) -> None:
    assert found(demo, first=len(best) or 1, search=search) == best


def shelf_of(*datasets: Dataset) -> Shelf:
    shelf = Shelf()
    for one in datasets:
        shelf.put(one)
    return shelf


def test_a_title_goes_before_a_keyword_and_a_keyword_before_a_description() -> None:
    shelf = shelf_of(
        dataset("described", ("甲", "A"), description=both("关于河流的说明")),
        dataset("titled", ("河流", "River")),
        dataset("keyed", ("乙", "B"), keywords=["河流"]),
    )
    assert found(shelf, search="河流") == ["titled", "keyed", "described"]


def test_a_text_needs_most_of_the_terms() -> None:
    shelf = shelf_of(
        dataset("most", ("公园绿地名录", "x")), dataset("few", ("公园", "x")), dataset("none", ("道路", "x"))
    )
    assert found(shelf, search="公园绿地") == ["most"]


def test_without_a_search_the_latest_is_first_and_blank_is_none() -> None:
    shelf = shelf_of(dataset("old", days_ago=2), dataset("b", days_ago=1), dataset("a", days_ago=1))
    assert found(shelf) == found(shelf, search="  ") == ["a", "b", "old"]


def test_conditions_and_what_each_would_bring() -> None:
    health = {"uscc": HEALTH, "name": both("卫健委")}
    shelf = shelf_of(
        dataset("air-dc", districts=["110101"]),
        dataset("air-hd", districts=["110108"]),
        dataset("health-dc", theme="HEAL", publisher=health, districts=["110101"]),
        dataset("city"),
    )
    assert found(shelf, district="110101") == ["air-dc", "health-dc"]
    assert found(shelf, theme=Theme.HEAL) == found(shelf, publisher=HEALTH) == ["health-dc"]
    assert found(shelf, theme=Theme.HEAL, district="110108") == []
    facets: Facets = shelf.find(Question(theme=Theme.ENVI, district="110101")).facets()
    assert facets.themes == {Theme.ENVI: 1, Theme.HEAL: 1}  # of the district, whatever the theme
    assert facets.districts == {"110101": 1, "110108": 1}  # of the theme, whatever the district
    assert {p.uscc: n for p, n in facets.publishers.items()} == {"11110000000092000T": 1}
    assert shelf.find(Question(theme=Theme.ENVI)).total == 3


def test_pages_hold_each_dataset_once_whatever_is_published_meanwhile() -> None:
    shelf = shelf_of(*(dataset(f"d{n:02}", days_ago=n) for n in range(10)))
    answers = shelf.find(Question())
    first = answers.page(PageRequest(4))
    assert ([d.id for d in first.rows], first.has_next) == (["d00", "d01", "d02", "d03"], True)
    shelf.put(dataset("new"))  # in front
    shelf.remove("d03")  # the row that the cursor names
    shelf.put(dataset("d04", days_ago=4, title=("改", "changed")))
    second = shelf.find(Question()).page(PageRequest(4, first.keys[-1]))
    assert [d.id for d in second.rows] == ["d04", "d05", "d06", "d07"]
    last = shelf.find(Question()).page(PageRequest(4, second.keys[-1]))
    assert ([d.id for d in last.rows], last.has_next) == (["d08", "d09"], False)


def test_pages_of_a_search_join_up(demo: Shelf) -> None:
    whole = found(demo, search="区公园")
    pages: list[str] = []
    after: str | None = None
    while True:
        page = demo.find(Question(search="区公园")).page(PageRequest(7, after))
        pages += [d.id for d in page.rows]
        if not page.has_next:
            break
        after = page.keys[-1]
    assert pages == whole
    assert len(whole) == len(set(whole)) > 7


def test_what_is_replaced_or_removed_is_no_longer_found_by_its_old_words() -> None:
    shelf = shelf_of(dataset("d", ("河流", "River")))
    shelf.put(dataset("d", ("湖泊", "Lake")))
    assert (found(shelf, search="河流"), found(shelf, search="lakes")) == ([], ["d"])
    shelf.remove("d")
    shelf.remove("d")
    assert (found(shelf, search="湖泊"), found(shelf), shelf.get("d")) == ([], [], None)


@pytest.mark.parametrize("cursor", ["", "1", "1:2", "x:y:d", ":::"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadInput):
        shelf_of(dataset("d")).find(Question()).page(PageRequest(1, cursor))


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"search": "水" * 201}, "search"), ({"publisher": "1" * 19}, "publisher"), ({"district": "999999"}, "district")],
)
def test_a_question_out_of_bounds_is_refused(asked: dict[str, str], field: str) -> None:
    with pytest.raises(SearchRefused) as refused:
        Question(**asked)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize(
    "hostile", ["区北京市" * 50, "a " * 100, "2025 " * 40, "$where{}" * 25, "\u0301" * 200, "\x00" * 200]
)
def test_hostile_questions_are_bounded(demo: Shelf, hostile: str) -> None:
    started = time.process_time()
    demo.find(Question(search=hostile[:200])).page(PageRequest(100))
    assert time.process_time() - started < 0.25


def test_every_dataset_of_the_demonstration_is_one_that_a_department_could_send() -> None:
    everything = all_datasets()
    publications = [publication_of(id=id, body=said) for id, said in everything.items()]
    made = [p for p in publications if p.id.startswith("syn-")]
    assert (len(made), len(publications) - len(made)) == (352, 20)
    assert all(p.entry.synthetic and p.table is not None for p in made)
    assert len({p.entry.title.zh for p in publications}) == len(publications)
    assert everything == all_datasets()  # the same seed, the same numbers
