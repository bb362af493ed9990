"""Every module of the conformance suite that the provider answers for has a test; docs/conformance.md says which."""

from __future__ import annotations

from pathlib import Path

from tests.support.conformance import PLANS, as_markdown, by_module


def test_every_module_has_a_test_and_every_mark_names_a_module() -> None:
    modules = {module for plan in PLANS.values() for module in plan}
    assert by_module().keys() == modules


def test_the_table_is_that_of_the_marks() -> None:
    table = Path(__file__).parents[2] / "docs" / "conformance.md"
    assert table.read_text() == as_markdown(), "run `python -m tests.support.conformance > docs/conformance.md`"
