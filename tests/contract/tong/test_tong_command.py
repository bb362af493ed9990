"""The command as a whole: one document, statuses, no traceback, and the wheel that strangers install."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from citytong_sdk.tong import cli, files, graph, reference
from citytong_sdk.tong.desk import Desk
from graphql import parse, validate

from tests.contract.tong.conftest import Bench
from tests.contract.tong.tong_city import schema

ROOT = Path(__file__).parents[3]
SDK = ROOT / "sdk/python"
PATH = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The wheel, unpacked as an installer does. Nothing of the repository is on its path."""
    built, into = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(build, cwd=SDK, check=True, capture_output=True, timeout=90)
    [wheel] = built.glob("*.whl")
    unpack = [sys.executable, "-m", "zipfile", "-e", str(wheel), str(into)]
    subprocess.run(unpack, check=True, capture_output=True, timeout=60)
    yield into


def process(installed: Path, folder: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": PATH, "HOME": str(folder), "PYTHONPATH": str(installed), **env}
    command = [sys.executable, "-W", "error", "-m", "citytong_sdk.tong", *argv]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_the_wheel_makes_packs_and_signs_a_project(installed: Path, tmp_path: Path) -> None:
    assert process(installed, tmp_path, "new", "library").returncode == 0
    folder = tmp_path / "library"
    sdk = (folder / "program/sdk/index.js").read_bytes()
    assert sdk == (ROOT / "sdk/js/dist/index.js").read_bytes()
    packed = process(installed, folder, "pack", "--json")
    assert packed.returncode == 0, packed.stderr
    assert json.loads(packed.stdout)["result"]["app_id"] == "org.example.library"
    process(installed, tmp_path, "keys", "new")
    environment = {"HOME": str(tmp_path)}
    assert process(installed, folder, "sign", "org.example.library-0.1.0.ma", **environment).returncode == 0
    assert process(installed, folder, "--version").stdout == "0.1.0\n"
    kit = installed / "citytong_sdk/tong/kit"
    assert (kit / "src/index.d.ts").is_file() and (kit / "package.json").is_file()
    assert not (kit / "node_modules").exists()


def test_the_wheel_names_the_command() -> None:
    told = tomllib.loads((SDK / "pyproject.toml").read_text())["project"]
    assert told["scripts"]["tong"] == "citytong_sdk.tong.__main__:main"


def test_without_the_extra_it_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    script = (
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name in ('typer', 'graphql') else found(name, *a)\n"
        "from citytong_sdk.tong.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(installed), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2 and 'pip install "citytong-sdk[tong]"' in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_ctrl_c_ends_with_130_and_nothing_half_written(installed: Path, tmp_path: Path) -> None:
    assert process(installed, tmp_path, "new", "library").returncode == 0
    folder = tmp_path / "library"
    toml, mark = folder / "citytong.toml", folder / "building"
    os.mkfifo(mark)
    # The build tells that it has begun, then waits for ever.
    build = "sh -c 'echo begun > building; exec sleep 600'"
    toml.write_text(toml.read_text().replace('dist = "program"', f'dist = "program"\nbuild = "{build}"'))
    environment = {"PATH": PATH, "HOME": str(tmp_path), "PYTHONPATH": str(installed)}
    running = subprocess.Popen(
        [sys.executable, "-m", "citytong_sdk.tong", "pack"],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert mark.read_text() == "begun\n"
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all that run there
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130 and out == "" and "Traceback" not in err and "nothing is half-written" in err
    assert list(folder.glob("*.ma")) == [] and list(folder.glob(".*.ma*")) == []


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.ma"
    files.write(path, b"before")

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        files.write(path, b"after")
    assert path.read_bytes() == b"before" and [one.name for one in tmp_path.iterdir()] == ["x.ma"]


@pytest.mark.parametrize(
    "argv",
    [["pack"], ["diff", "a.ma", "b.ma"], ["verify", "gone.ma"], ["nothing"], ["pack", "--wrong"], ["release"], []],
)
def test_whatever_is_wrong_is_one_document_without_a_traceback(bench: Bench, argv: list[str]) -> None:
    said = bench.json(*argv)
    assert said.status == 2 and said.document["ok"] is False
    assert set(said.document) == {"ok", "command", "exit", "error"}
    assert set(said.error) == {"code", "message", "where", "why", "advice"} and said.document["exit"] == 2
    for_a_person = bench.run(*argv)
    assert for_a_person.status == 2 and for_a_person.out == ""
    assert said.error["code"] in for_a_person.err and "Traceback" not in for_a_person.err


def test_tong_s_own_fault_has_its_trace_only_when_asked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(desk: Desk) -> None:
        raise RuntimeError("a fault of tong")

    monkeypatch.setattr("citytong_sdk.tong.project.find", fails)
    told = bench.run("pack")
    assert told.status == 2 and "TONG_INTERNAL" in told.err and "Traceback" not in told.err
    assert "Traceback" in bench.run("pack", "--debug").err


def test_a_result_is_one_document_and_progress_is_for_a_terminal(bench: Bench, project: Path) -> None:
    toml = project / "citytong.toml"
    toml.write_text(toml.read_text().replace('dist = "program"', 'dist = "program"\nbuild = "true"'))
    quiet = bench.json("pack", folder=project)
    assert set(quiet.document) == {"ok", "command", "exit", "result"} and quiet.err == ""
    assert quiet.document["command"] == "pack" and quiet.document["ok"] is True
    assert "Building: true" in bench.run("pack", folder=project, attended=True).err


def test_no_color_means_none(bench: Bench, project: Path) -> None:
    (project / "program/pages/index.js").write_text("eval('1');\n")
    assert "\x1b[31merror" in bench.run("lint", folder=project, attended=True).out
    bench.env["NO_COLOR"] = "1"
    assert "\x1b" not in bench.run("lint", folder=project, attended=True).out
    del bench.env["NO_COLOR"]
    assert "\x1b" not in bench.run("lint", folder=project).out


def test_the_reference_is_made_of_the_commands() -> None:
    assert (ROOT / "docs/sdk/tong.md").read_text() == reference.markdown(), "run `make contract`"
    assert reference.markdown().count("\n## tong ") == len(cli.COMMANDS)


@pytest.mark.parametrize("text", graph.DOCUMENTS, ids=range(len(graph.DOCUMENTS)))
def test_what_is_asked_of_the_graph_is_what_it_answers(text: str) -> None:
    assert validate(schema(), parse(text)) == []


def test_a_word_that_is_none_of_a_few_is_told_which_there_are(bench: Bench) -> None:
    refused = bench.json("citizens", "new", "--age", "ancient")
    assert (refused.status, refused.error["code"]) == (2, "TONG_USAGE")
    assert "'ancient' is not one of 'child'" in refused.error["message"]
    assert "Value error" not in refused.error["message"]
