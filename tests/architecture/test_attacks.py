"""Every attack of the attacker's list has a test at each door, and docs/attacks.md says which."""

from __future__ import annotations

from tests.support.attacks import ATTACKS, as_markdown, by_attack
from tests.support.marks import ROOT


def test_every_attack_has_a_test_at_each_door_and_every_mark_names_one() -> None:
    assert by_attack().keys() == {f"{attack}: {door}" for attack, doors in ATTACKS.items() for door in doors}


def test_the_table_is_that_of_the_marks() -> None:
    table = ROOT / "docs" / "attacks.md"
    assert table.read_text() == as_markdown(), "run `python -m tests.support.attacks > docs/attacks.md`"
