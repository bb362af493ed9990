"""The planner as a table: each file under `fixtures/plans` holds a query, `=>`, and the plan that is printed for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.gateway.execute import Engine
from api.gateway.explain import STAGES
from api.gateway.supergraph import Supergraph
from core.errors import BadInput
from tests.unit.gateway.conftest import CITY, FIXTURES

ENGINE = Engine(supergraph=Supergraph.parse(CITY), transports={})
PLANS = sorted((FIXTURES / "plans").glob("*.txt"))


@pytest.mark.parametrize("plan", PLANS, ids=[p.stem for p in PLANS])
def test_a_query_has_its_plan(plan: Path) -> None:
    query, _, printed = plan.read_text(encoding="utf-8").partition("\n=>\n")
    assert ENGINE.explain(query=query, stage="plan") == printed.rstrip("\n")


def test_there_are_plans_to_compare() -> None:
    assert len(PLANS) == 8


QUERY = "query ($first: Int!) { stations { district { name perHead } } citizens { scans(first: $first) { at } } }"


@pytest.mark.parametrize(
    ("stage", "printed"),
    [
        (
            "normalize",
            """\
query on Query
  stations on Query
    district on Station
      name on District
      perHead on District
  citizens on Query
    scans(first: $first) on Citizen
      at on Scan""",
        ),
        (
            "paths",
            """\
Query: cost 617
  Query.stations → air
    Station.district in air
      District.name → identity by { code }
      District.perHead → air by { code } requiring { population }
  Query.citizens → identity
    Citizen.scans(first: $first) → code by { id }
      Scan.at in code""",
        ),
        (
            "fetches",
            """\
#0 air: stations
#1 identity at stations.@.district after #0: name
#2 code at stations.@.district after #0: population
#3 air at stations.@.district after #0, #2: perHead
#4 identity: citizens
#5 code at citizens.@ after #4: scans""",
        ),
        (
            "optimize",
            """\
#0 air: stations
#1 identity at stations.@.district after #0: name
#4 identity: citizens
#2 code at stations.@.district, citizens.@ after #0, #4: population scans
#3 air at stations.@.district after #2: perHead""",
        ),
    ],
)
def test_every_stage_can_be_read(stage: str, printed: str) -> None:
    assert ENGINE.explain(query=QUERY, stage=stage) == printed


def test_the_document_follows_its_query_through_every_stage() -> None:
    text = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text(encoding="utf-8")
    query, *printed = re.findall(r"^```\n(.*?)\n```$", text, re.M | re.S)
    assert printed == [ENGINE.explain(query=query, stage=stage) for stage in STAGES]


def test_what_is_compiled_can_be_read() -> None:
    query = "query ($more: Boolean!) { me { notes @include(if: $more) } }"
    assert (
        ENGINE.explain(query=query, stage="compile")
        == """\
rules: scopes admin or notes and staff; signed in
personal: nothing
one plan for each of: the document, the rules that the reader fails, the labels that are masked, whether $more
steps of planning: 6 of 5000
estimated cost: 1 of any number"""
    )


def test_all_stages_come_in_their_order() -> None:
    headings = [line for line in ENGINE.explain(query="{ ping }").splitlines() if line.startswith("# ")]
    assert headings == ["# normalize", "# paths", "# fetches", "# optimize", "# plan", "# compile"]


def test_another_stage_is_refused_by_its_name() -> None:
    with pytest.raises(BadInput) as refusal:
        ENGINE.explain(query="{ ping }", stage="nope")
    assert refusal.value.message == "stage: must be one of normalize, paths, fetches, optimize, plan, compile"
