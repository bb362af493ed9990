"""Every threat of programs and every experiment has a test, or is later's by name; docs/threats.md says which."""

from __future__ import annotations

from tests.support.marks import ROOT
from tests.support.threats import EXPERIMENTS, LATER, THREATS, as_markdown, by_name


def test_there_is_no_gap_but_those_by_name() -> None:
    known = {*THREATS, *EXPERIMENTS}
    assert by_name().keys() == known - LATER.keys()
    assert LATER.keys() <= THREATS.keys()


def test_the_table_of_threats_is_that_of_the_marks() -> None:
    table = ROOT / "docs" / "threats.md"
    assert table.read_text() == as_markdown(), "run `python -m tests.support.threats > docs/threats.md`"
