"""The load asks what the graph answers, and every budget is of something that it asks."""

from __future__ import annotations

import json
import re
from pathlib import Path

from graphql import build_schema, parse, validate

from loadtest import documents

ROOT = Path(__file__).parents[2]
DOCUMENTS = {name: text for name, text in vars(documents).items() if name.isupper()}


def test_every_document_is_valid_in_the_supergraph() -> None:
    graph = build_schema((ROOT / "api" / "supergraph.graphql").read_text(), assume_valid=True)
    faults = {name: [e.message for e in validate(graph, parse(text))] for name, text in DOCUMENTS.items()}
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(DOCUMENTS) > 30


def test_every_document_is_asked_and_every_budget_is_of_something_asked() -> None:
    journeys = "".join((ROOT / "loadtest" / f"{name}.py").read_text() for name in ("citizens", "staff", "people"))
    assert set(re.findall(r'ask\(\s*"[^"]+",\s*([A-Z_]+)\b', journeys)) == set(DOCUMENTS)
    asked = set(re.findall(r'ask\(\s*"([^"]+)"', journeys)) | set(re.findall(r' name="([^"]+)"', journeys))
    budgets = json.loads((ROOT / "loadtest" / "budgets.json").read_text())["p99_ms_max"]
    assert set(budgets) <= asked
