"""The tree itself: codes are unique, generated documents are current, committed files say nothing of this machine."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from api.documents import generated, known_errors

ROOT = Path(__file__).parents[2]
VENDORED = ("miniapps/host/vendor/", "api/web/graphiql/")
LINES_MAX = 650


def committed() -> list[Path]:
    """Files that git knows or would take; in a tree without git, every file."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    names = (
        listed.stdout.splitlines() if listed.returncode == 0 else [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")]
    )
    return [ROOT / name for name in names if not name.startswith(VENDORED) and (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    found = {}
    for file in committed():
        try:
            found[str(file.relative_to(ROOT))] = file.read_text()
        except UnicodeDecodeError:
            continue
    return found


TEXTS = texts()


def test_error_codes_are_unique_and_say_their_sentence_in_both_languages() -> None:
    errors = known_errors()
    assert [code for code, n in Counter(e.code for e in errors).items() if n > 1] == []
    assert [e.code for e in errors if not (e.template and e.template_zh)] == []
    assert [e.code for e in errors if not re.fullmatch(r"[A-Z][A-Z0-9_]+", e.code)] == []


@pytest.mark.parametrize("file", generated(), ids=lambda file: file.name)
def test_generated_documents_are_current(file: Path) -> None:
    assert file.read_text() == generated()[file], "run `make docs` and commit what changed"


def test_no_file_names_this_machine_or_a_registry() -> None:
    # Written in pieces, so that this file does not name what it forbids.
    hosts = "|".join(["registry" + r"\.", "files" + r"\.python" + "hosted", "/simple" + "/", "pypi" + r"\.org"])
    forbidden = re.compile(rf"(^|[\s\"'(=])/(work|root)/\w|https?://[^\s\"']*({hosts})", re.M)
    assert {name: found[0] for name, text in TEXTS.items() if (found := forbidden.search(text))} == {}


def test_modules_are_of_a_size_that_is_read() -> None:
    long = {n: t.count("\n") for n, t in TEXTS.items() if n.endswith(".py") and t.count("\n") > LINES_MAX}
    assert long == {}


def test_nothing_is_left_for_later_in_the_code() -> None:
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImpl" + "ementedError"]) + r")\b")
    code = {n: t for n, t in TEXTS.items() if n.endswith((".py", ".js", ".mjs", ".css", ".sh"))}
    assert {name: found[0] for name, text in code.items() if (found := marks.search(text))} == {}


def test_the_environment_is_read_in_main_modules_alone() -> None:
    reads = re.compile(r"\bos\.(environ|getenv)\b")
    readers = {n for n, t in TEXTS.items() if n.endswith(".py") and not n.startswith("tests/") and reads.search(t)}
    assert readers <= {
        "api/__main__.py",
        "backends/data/__main__.py",
        "backends/governance/__main__.py",
        "backends/sensor/__main__.py",
        "examples/library/backend/__main__.py",
        "loadtest/__main__.py",
        "loadtest/bench.py",
        "sdk/python/src/citytong_sdk/tong/__main__.py",
    }


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for name, text in TEXTS.items():
        if not name.endswith(".md"):
            continue
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
            if not ((ROOT / name).parent / target).exists():
                broken.append(f"{name}: {target}")
    assert broken == []


def test_the_locks_hold_for_the_first_python_3_11() -> None:
    """redis needs async-timeout before 3.11.3, which Debian 12 ships: a lock made on a newer one would leave it out."""
    for lock in ("requirements.lock", "docker/requirements.lock"):
        assert re.search(r"^async-timeout==", TEXTS[lock], re.M), "make lock states --python-version 3.11"
