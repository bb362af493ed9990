"""The library of packages is one: the city's copy is the developers', and their vectors are current."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk.contract.bundles import COPY, generated

GENERATED = generated()


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_is_written_from_the_library_is_current(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == GENERATED[file], "run `make contract` and commit what changed"


def test_the_city_s_copy_holds_nothing_more() -> None:
    assert {file for file in COPY.iterdir() if file.is_file()} <= set(GENERATED)
