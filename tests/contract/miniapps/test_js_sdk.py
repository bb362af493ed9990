"""`@citytong/sdk` for JavaScript: its own tests, its types, and its published form in somebody else's project.

`sdk/js` holds the lock of what tests need; `make test` installs it before. Nothing here needs a registry.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

SDK = Path(__file__).parents[3] / "sdk/js"
NPM = ("npm", "--loglevel=error", "--no-update-notifier")

pytestmark = pytest.mark.timeout(180)


def ran(*command: str, cwd: Path = SDK) -> str:
    """What a command printed. It must end well."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_vitest_is_green() -> None:
    ran("node", "node_modules/vitest/vitest.mjs", "run")


def test_types_say_what_they_should() -> None:
    ran("node", "node_modules/tsd/dist/cli.js")


def test_the_published_form_works_in_an_empty_project(tmp_path: Path) -> None:
    [packed] = json.loads(ran(*NPM, "pack", "--ignore-scripts", "--json", "--pack-destination", str(tmp_path)))
    files = {one["path"] for one in packed["files"]}
    assert files == {
        "README.md",
        "package.json",
        *(f"dist/{name}.js" for name in ("index", "wx", "testing")),
        *(f"src/{name}.d.ts" for name in ("index", "wx", "testing", "errors")),
        *(f"src/generated/{name}.d.ts" for name in ("methods", "errors", "validate")),
    }
    (tmp_path / "package.json").write_text('{"name": "program", "private": true, "type": "module"}')
    ran(*NPM, "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", packed["filename"], cwd=tmp_path)
    assert [path.name for path in (tmp_path / "node_modules").iterdir() if path.name[0] != "."] == ["@citytong"]
    for entry in ("", "/wx", "/testing"):
        ran("node", "-e", f"import('@citytong/sdk{entry}')", cwd=tmp_path)
    seen = json.loads(ran("node", "tests/consumer.mjs", str(tmp_path)))
    assert seen == {
        "faults": [],
        "exports": ["MpError", "global", "mp", "page"],
        "outside": "E_NO_HOST",
        "inside": {"code": "lc_mock_o_1_1", "expiresIn": 300},
        "refused": [True, "E_USER_CANCEL"],
    }
