"""What `make run` says once the city is open."""

from __future__ import annotations

from pathlib import Path

import pytest

import api.__main__ as main

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("folder", "forgets"),
    [
        ("var", "`make reset` forgets it"),
        (str(ROOT / "var"), "`make reset` forgets it"),
        ("elsewhere", "deleting that folder forgets it"),
        ("/srv/city/var", "deleting that folder forgets it"),
    ],
)
def test_what_forgets_the_data_is_said_of_the_folder_that_it_is_in(
    folder: str, forgets: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    main._welcome("http://127.0.0.1:8000", demo=False, folder=Path(folder))
    assert f"Data stays in {folder}; {forgets}." in capsys.readouterr().out


def test_of_servers_that_are_another_s_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    main._welcome("http://127.0.0.1:8000", demo=False, folder=None)
    assert capsys.readouterr().out.endswith("Ctrl-C stops everything.\n\n")
