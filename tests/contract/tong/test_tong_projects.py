"""`tong new`, `lint`, `pack`, `diff`: from nothing to a package that the city's reviewers find nothing in."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk.bundles import archive, manifest

from tests.contract.tong.conftest import Bench

ROOT = Path(__file__).parents[3]
NODE = shutil.which("node") or "node"


@pytest.mark.parametrize("template", ["vanilla", "w3c-pages"])
def test_a_new_project_runs_at_once(bench: Bench, template: str) -> None:
    made = bench.json("new", "city-library", "--template", template, "--title", "图书馆", "--title-en", "Library")
    assert made.status == 0 and len(made.result["next"]) == 3
    folder = bench.folder / "city-library"
    assert {"README.md", "citytong.toml", ".gitignore", ".github/workflows/program.yml"} <= set(made.result["files"])
    tests = [str(path) for path in sorted((folder / "tests").glob("*.test.mjs"))]
    subprocess.run([NODE, "--test", *tests], cwd=folder, check=True, capture_output=True, timeout=60)
    assert bench.json("lint", "--profile", "review", folder=folder).result["findings"] == []
    packed = bench.json("pack", "--check-reproducible", folder=folder).result
    assert packed["app_id"] == "org.example.city-library" and packed["reproducible"] is True
    files = archive.unpack(Path(packed["path"]).read_bytes())
    assert (files["sdk/index.js"]) == (ROOT / "sdk/js/dist/index.js").read_bytes()
    read = manifest.localised(manifest.read(files["manifest.json"]), files, "en-GB")
    assert (read.name, manifest.localised(read, files, "zh-CN").name) == ("Library", "图书馆")
    assert not any(name.startswith("tests/") or "testing" in name for name in files)


@pytest.mark.parametrize("template", ["vite-ts", "vue"])
def test_a_project_with_a_build_is_built_tested_packed_and_runs(bench: Bench, template: str) -> None:
    """By the tools that `sdk/js` has installed: vite comes with its vitest."""
    bench.run("new", "library", "--template", template)
    folder = bench.folder / "library"
    modules = folder / "node_modules"
    assert bench.json("pack", folder=folder).error["advice"] == "npm install, once."
    modules.mkdir()
    for tool in (ROOT / "sdk/js/node_modules").iterdir():
        (modules / tool.name).symlink_to(tool)
    (modules / "@citytong").mkdir()
    (modules / "@citytong/sdk").symlink_to(folder / "vendor/citytong-sdk")
    bench.env["PATH"] = f"{Path(NODE).parent}:/usr/bin:/bin"
    toml = folder / "citytong.toml"
    built = f'build = "{NODE} node_modules/vite/bin/vite.js build"'
    toml.write_text(toml.read_text().replace('build = "npm run build"', built))
    subprocess.run(
        [NODE, modules / "vitest/vitest.mjs", "run"], cwd=folder, check=True, capture_output=True, timeout=90
    )
    packed = bench.json("pack", "--check-reproducible", folder=folder).result
    names = {one["path"] for one in packed["files"]}
    assert packed["reproducible"] is True and {"index.html", "manifest.json", "app.js", "app.css"} <= names
    found = bench.json("lint", "--profile", "review", "--no-build", folder=folder).result["findings"]
    assert [one["rule"] for one in found] == ["R-MINIFIED"]
    ran = bench.json("test", "--no-build", folder=folder).result
    assert [(page["page"], page["booted"]) for page in ran["pages"]] == [("index.html", True)]
    # How fast a page is on a busy machine is nobody's fault.
    assert {one["rule"] for one in ran["findings"]} <= {"R-RUN-PAINT", "R-RUN-UNLOAD"}


def test_npm_installs_what_a_program_needs_and_not_what_the_sdk_is_made_with(bench: Bench) -> None:
    bench.run("new", "library", "--template", "vue")
    folder = bench.folder / "library"
    package = json.loads((folder / "package.json").read_text())
    assert set(package["dependencies"]) == {"@citytong/sdk", "vue"}
    # Who reads the project's page alone gets what it runs with before it runs.
    assert re.search(r"```sh\nnpm install +# once\ntong dev ", (folder / "README.md").read_text())
    kit = json.loads((folder / "vendor/citytong-sdk/package.json").read_text())
    assert kit["name"] == "@citytong/sdk" and not {"devDependencies", "scripts", "tsd"} & set(kit)
    assert all((folder / "vendor/citytong-sdk" / paths["default"]).is_file() for paths in _ways_in(kit))


def _ways_in(kit: dict[str, Any]) -> list[dict[str, str]]:
    return [paths for paths in kit["exports"].values() if isinstance(paths, dict)]


@pytest.mark.parametrize("name", ["Library", "../library", "lib rary", "", "a" * 61, "1st", "-x"])
def test_a_name_that_cannot_be_one_makes_nothing(bench: Bench, name: str) -> None:
    refused = bench.run("new", "--", name)
    assert refused.status == 2 and "TONG_NAME" in refused.err
    assert list(bench.folder.iterdir()) == []


def test_a_title_cannot_write_into_the_files(bench: Bench) -> None:
    for title in ('"},"x":{"', "<script>", "@@APP_ID@@", "a\nb"):
        assert bench.json("new", "library", "--title", title).error["code"] == "TONG_NAME"
    assert list(bench.folder.iterdir()) == []


def test_a_folder_that_is_not_empty_stays_as_it_is(bench: Bench) -> None:
    (bench.folder / "library").mkdir()
    (bench.folder / "library/mine.txt").write_text("mine")
    refused = bench.json("new", "library")
    assert refused.status == 2 and refused.error["code"] == "TONG_NOT_EMPTY"
    assert [path.name for path in (bench.folder / "library").iterdir()] == ["mine.txt"]


def test_lint_says_where_and_fixes_what_is_safe(bench: Bench, project: Path) -> None:
    page = project / "program/pages/index.html"
    text = page.read_text().replace('<html lang="zh-CN">', "<html>").replace("<title>图书馆</title>", "")
    page.write_text(text.replace("initial-scale=1", "initial-scale=1, user-scalable=no, maximum-scale=1.0"))
    (project / "program/app.css").unlink()
    (project / "program/pages/index.js").write_text("eval('1');\n")
    found = bench.json("lint", folder=project)
    rules = {one["rule"] for one in found.result["findings"]}
    assert found.status == 1 and {"R-EVAL", "R-A11Y-LANG", "R-A11Y-ZOOM", "R-TITLE"} <= rules
    spoken = bench.run("lint", folder=project)
    assert "program/pages/index.js:1:1: error R-EVAL" in spoken.out
    fixed = bench.json("lint", "--fix", "--sarif", "lint.sarif", folder=project)
    left = {one["rule"] for one in fixed.result["findings"]}
    assert fixed.status == 1 and "R-EVAL" in left and not left & {"R-A11Y-LANG", "R-A11Y-ZOOM", "R-TITLE"}
    assert '<html lang="zh-CN">' in page.read_text() and "<title>图书馆</title>" in page.read_text()
    assert 'content="width=device-width, initial-scale=1"' in page.read_text()
    assert (project / "program/app.css").read_bytes() == b""
    report = json.loads((project / "lint.sarif").read_text())
    results = {one["ruleId"]: one for one in report["runs"][0]["results"]}
    place = results["R-EVAL"]["locations"][0]["physicalLocation"]
    assert report["version"] == "2.1.0" and results["R-EVAL"]["level"] == "error"
    assert place["artifactLocation"]["uri"] == "program/pages/index.js" and place["region"]["startLine"] == 1


def test_packing_refuses_what_the_city_would_refuse(bench: Bench, project: Path) -> None:
    told = json.loads((project / "program/manifest.json").read_text())
    (project / "program/manifest.json").write_text(json.dumps({**told, "pages": ["pages/gone"]}))
    refused = bench.json("pack", folder=project)
    assert refused.status == 1 and refused.error["code"] == "BUNDLE_LAYOUT_PAGE"
    (project / "program/manifest.json").write_text(json.dumps({**told, "app_id": "org.example.other"}))
    assert bench.json("pack", folder=project).error["code"] == "TONG_OTHER_PROGRAM"
    (project / "program/manifest.json").unlink()
    (project / "program/manifest.json").symlink_to("/etc/hostname")
    assert bench.json("pack", folder=project).error["code"] == "TONG_LINK"
    assert list(project.glob("*.ma")) == []


def test_a_build_that_differs_is_not_reproducible(bench: Bench, project: Path) -> None:
    toml = project / "citytong.toml"
    build = "sh -c 'echo >> program/app.js'"
    toml.write_text(toml.read_text().replace('dist = "program"', f'dist = "program"\nbuild = "{build}"'))
    found = bench.json("pack", "--check-reproducible", folder=project)
    assert found.status == 1 and found.result["reproducible"] is False and "app.js" in found.err


def test_a_failed_build_says_so_and_leaves_no_package(bench: Bench, project: Path) -> None:
    toml = project / "citytong.toml"
    build = "sh -c 'echo no such thing >&2; exit 3'"
    toml.write_text(toml.read_text().replace('dist = "program"', f'dist = "program"\nbuild = "{build}"'))
    failed = bench.json("pack", folder=project)
    assert failed.status == 1 and failed.error["code"] == "TONG_BUILD_FAILED" and "no such thing" in failed.error["why"]
    assert list(project.glob("*.ma")) == []


def test_a_difference_names_files_permissions_and_domains(bench: Bench, project: Path) -> None:
    bench.run("pack", "-o", "a.ma", folder=project)
    path = project / "program/manifest.json"
    told = json.loads(path.read_text())
    told |= {
        "version": {"name": "0.2.0", "code": 2},
        "req_permissions": [{"name": "city.user.phone", "reason": "取书通知"}],
        "city_domains": {"connect": ["https://api.lib.example"]},
    }
    path.write_text(json.dumps(told))
    (project / "program/new.txt").write_text("new")
    bench.run("pack", "-o", "b.ma", folder=project)
    found = bench.json("diff", "a.ma", "b.ma", folder=project).result
    assert found["same"] is False and [one["path"] for one in found["added"]] == ["new.txt"]
    assert found["changed"] == ["manifest.json"]
    assert found["permissions"] == {"added": ["city.user.phone"], "removed": []}
    assert found["domains"] == {"added": ["https://api.lib.example"], "removed": []}
    assert {"member": "version.code", "before": 1, "after": 2} in found["manifest"]
    assert bench.json("diff", "a.ma", "a.ma", folder=project).result["same"] is True


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[app]\nid = 7", "[app] id is no text"),
        ('[app]\nid = "x"', "lower-case names"),
        ('[app]\nidd = "org.example.a"', "[app] idd is unknown"),
        ("[pats]\n", "[pats] is unknown"),
        ("not toml", ""),
    ],
)
def test_a_project_s_file_that_is_wrong_is_told_by_its_line(bench: Bench, text: str, why: str) -> None:
    (bench.folder / "citytong.toml").write_text(text)
    refused = bench.json("pack")
    assert refused.status == 2 and refused.error["code"] == "TONG_PROJECT_INVALID" and why in refused.error["why"]


def test_a_backend_knows_who_asks(bench: Bench) -> None:
    made = bench.json("new", "library", "--with-backend", "litestar").result
    assert {"backend/app.py", "backend/test_app.py", "backend/requirements.txt"} <= set(made["files"])
    folder = bench.folder / "library"
    environment = {"PYTHONPATH": str(ROOT / "sdk/python/src"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "backend"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
