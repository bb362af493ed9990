"""Tests by what their marks say that they stand for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tests_by(mark: str, *folders: str) -> dict[str, list[str]]:
    """By argument of the mark: the tests that bear it, as `file.py::test`. folders: where to look, and below."""
    found: dict[str, list[str]] = {}
    files = {file for folder in folders for file in (ROOT / folder).rglob("test_*.py")}
    for file in sorted(files, key=lambda one: one.name):
        if "tests.support" not in file.read_text():
            continue  # marks come from there: what has none need not be loaded
        module = import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for name, test in vars(module).items():
            for one in getattr(test, "pytestmark", ()) if name.startswith("test_") else ():
                for told in one.args if one.name == mark else ():
                    found.setdefault(told, []).append(f"{file.name}::{name}")
    return found
