"""The libraries of packages and of review are one each: the city's copies are the developers'; vectors are current."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk.contract import bundles, review

GENERATED = {**bundles.generated(), **review.generated()}


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_is_written_from_the_library_is_current(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == GENERATED[file], "run `make contract` and commit what changed"


@pytest.mark.parametrize("copy", [bundles.COPY, review.COPY], ids=lambda copy: copy.name)
def test_the_city_s_copy_holds_nothing_more(copy: Path) -> None:
    assert {file for file in copy.iterdir() if file.is_file()} <= set(GENERATED)
