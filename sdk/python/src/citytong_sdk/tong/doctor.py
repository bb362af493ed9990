"""`tong doctor`: whether this machine has what the other commands need."""

from __future__ import annotations

import email.utils
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from citytong_sdk.bundles.errors import BundleError

from . import credentials, places, project, trust
from .desk import Desk, Done
from .errors import Exit, TongError

_PYTHON: Final = (3, 11)
_SKEW_S_MAX: Final = 60
_STATES: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


class State(StrEnum):
    """warn: some commands will not work. fail: what the project itself says is wrong, or nobody can work with it."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    state: State
    seen: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    checks: tuple[Check, ...]


def doctor(desk: Desk, *, city: places.City = "") -> Done:
    """Look at Python, Node, Chromium, keys, the project, the clock, and whether the city answers."""
    checks = [*_tools(desk), *_keys(desk), *_project(desk), *_city(desk, city)]
    lines = [f"{desk.painted(f'{one.state:<4}', _STATES[one.state])}  {one.name}: {one.seen}" for one in checks]
    for at, one in reversed(list(enumerate(checks))):
        if one.advice:
            lines.insert(at + 1, f"      → {one.advice}")
    failed = any(one.state is State.FAIL for one in checks)
    return Done(Health(tuple(checks)), lines, Exit.FINDINGS if failed else Exit.OK)


def _tools(desk: Desk) -> Iterator[Check]:
    running = ".".join(map(str, sys.version_info[:3]))
    right = sys.version_info[:2] >= _PYTHON
    yield Check("python", State.OK if right else State.FAIL, running, "" if right else "3.11 or newer is needed.")
    node = shutil.which("node", path=desk.env.get("PATH"))
    if node:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=False)
        yield Check("node", State.OK, said.stdout.strip() or node)
    else:
        yield Check("node", State.WARN, "not found", "Tests of templates, and vite-ts and vue, need it.")
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    browser = next((found for name in names if (found := shutil.which(name, path=desk.env.get("PATH")))), None)
    playwright = importlib.util.find_spec("playwright") is not None
    if playwright and browser:
        yield Check("chromium", State.OK, browser)
    else:
        seen = "not found" if playwright else "Playwright is not installed"
        yield Check("chromium", State.WARN, seen, "tong test: pip install playwright && playwright install chromium")


def _keys(desk: Desk) -> Iterator[Check]:
    folder = desk.config / "keys"
    found = sorted([*folder.glob("*.pem"), *folder.glob("*.pkcs11")]) if folder.is_dir() else []
    if not found:
        yield Check("keys", State.WARN, "none", "tong keys new")
    for path in found:
        private = not path.stat().st_mode & 0o077
        advice = "" if private else f"chmod 600 {path}"
        yield Check(f"key {path.stem}", State.OK if private else State.FAIL, str(path), advice)


def _project(desk: Desk) -> Iterator[Check]:
    try:
        here = project.around(desk)
        if here is None:
            yield Check("project", State.WARN, "none here", "tong new NAME")
            return
        yield Check("project", State.OK, f"{here.app_id} in {here.folder}")
        if here.program.is_dir():
            read = project.manifest_of(project.files_of(here.program), here.dist.as_posix())
            yield Check("manifest", State.OK, f"{read.app_id} {read.version_name} ({read.version_code})")
        else:
            yield Check("manifest", State.WARN, f"{here.dist} is not there", "Build it.")
    except TongError as fault:
        yield Check("project", State.FAIL, f"{fault.message} {fault.where} {fault.why}".strip(), fault.advice)


def _city(desk: Desk, city: str) -> Iterator[Check]:
    try:
        where = places.web(desk, city)
        answer = where.ask("GET", trust.JWKS)
        if answer.status != 200:
            raise TongError("TONG_CITY_ANSWER", f"The city answered {answer.status}.", where=where.base + trust.JWKS)
        known = trust.keys(answer.body, where.base)
    except (TongError, BundleError) as fault:
        told = fault if isinstance(fault, TongError) else TongError("TONG_CITY_ANSWER", str(fault))
        yield Check("city", State.WARN, f"{told.message} {told.where}".strip(), told.advice)
        return
    yield Check("city", State.OK, f"{where.base}, {len(known.published.logs)} key(s) of its log")
    yield _clock(desk, answer.headers.get("date", ""))
    signed_in = where.base in credentials.cities(desk)
    yield Check(
        "login", State.OK if signed_in else State.WARN, "yes" if signed_in else "no", "" if signed_in else "tong login"
    )


def _clock(desk: Desk, date: str) -> Check:
    """How far this machine's clock is from the city's: signatures and lists have times."""
    try:
        skew = desk.now() - email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return Check("clock", State.WARN, "the city does not say what time it is")
    right = abs(skew) <= _SKEW_S_MAX
    return Check(
        "clock", State.OK if right else State.FAIL, f"{skew:+.0f} s", "" if right else "Set this machine's clock."
    )
