"""The corpus of review: the developer's rules and the city's find the same, which is exactly what each case says."""

from __future__ import annotations

from typing import Any

import pytest
from citytong_sdk import review as developers

from miniapps import review as citys
from tests.support.reviewed import Case, cases
from tests.support.threats import covers

HOSTILE = cases("hostile")
GOOD = cases("good")


def both(case: Case, profile: str) -> list[dict[str, Any]]:
    """What both find, once they have found the same."""
    found = developers.check(case.package, profile=profile, schema=case.schema, known=developers.Known(**case.known))
    at_the_city = citys.check(case.package, profile=profile, schema=case.schema, known=citys.Known(**case.known))
    assert [one.json() for one in found] == [one.json() for one in at_the_city]
    return [one.json() for one in found]


@covers("T23", "T31", "T36")
@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.id)
def test_a_hostile_package_has_these_findings_and_no_others(case: Case) -> None:
    found = both(case, "review")
    assert sorted((one["rule"], one["path"], one["line"]) for one in found) == sorted(case.findings)
    both(case, "dev")


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.id)
def test_a_good_package_has_no_warning(case: Case) -> None:
    assert [one for one in both(case, "review") if one["severity"] != "note"] == []


def test_the_corpus_is_as_large_as_it_is_meant_to_be() -> None:
    assert len(HOSTILE) >= 60
    assert len(GOOD) >= 20
    assert len({case.id for case in (*HOSTILE, *GOOD)}) == len(HOSTILE) + len(GOOD)
