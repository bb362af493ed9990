"""The site for developers: its pages hold together, ask nobody outside, and its commands do what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from citytong_sdk.tong.cli import COMMANDS

from tests.contract.tong.conftest import Bench

ROOT: Final = Path(__file__).parents[3]
PAGES: Final = ROOT / "docs" / "sdk"
# ``` sh is run, ``` { .sh .norun } needs a city, a browser or somebody who ends it.
_BLOCK: Final = re.compile(r"^```\s*(sh|\{ \.sh \.norun \})\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASKED: Final = re.compile(r"""<(?:script|link|img|iframe)[^>]*?(?:src|href)=["'](https?:[^"']+)""")


def commands(page: str, *, run: bool) -> Iterator[list[str]]:
    for kind, text in _BLOCK.findall((PAGES / page).read_text()):
        if (kind == "sh") is run:
            for line in text.splitlines():
                yield from (shlex.split(one, comments=True) for one in line.split("&&"))


@pytest.mark.parametrize("page", ["quick-start.md", "library.md"])
def test_what_a_page_tells_to_run_runs(bench: Bench, page: str) -> None:
    ran = 0
    folder = bench.folder
    for words in commands(page, run=True):
        if words[0] == "cd":
            folder /= words[1]
            continue
        if words[0] == "tong":
            done = bench.run(*words[1:], folder=folder)
            assert done.status == 0, done.out + done.err
        else:
            _shell([word.replace("path/to/citytong", str(ROOT)) for word in words], folder)
        ran += 1
    assert ran >= 1


def _shell(words: list[str], folder: Path) -> None:
    """Of the commands that a page names beside `tong`, with the SDK installed and nothing of the city's."""
    assert words[0] in ("rm", "cp", "pytest"), words
    command = [sys.executable, "-P", "-m", *words] if words[0] == "pytest" else words
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "sdk/python/src")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", ["quick-start.md", "library.md"])
def test_what_a_page_names_is_a_command(page: str) -> None:
    known = {one.name for one in COMMANDS}
    for words in commands(page, run=False):
        if words and words[0] == "tong":
            assert {" ".join(words[1:2]), " ".join(words[1:3])} & known, words


def test_the_site_is_whole_and_asks_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env={"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert {"index.html", "bridge.html", "tong.html", "review-rules.html"} <= {page.name for page in pages}
    assert [found for page in pages for found in _ASKED.findall(page.read_text())] == []
