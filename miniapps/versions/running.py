"""A package run in a browser, as the second part of its examination: by the developer's own `tong test`, as a command
that the operator names, in a process of its own.

Rules
- It never lets a version pass: what the rules found first stands, and a version with an error is not run at all.
- Severities are this city's own table's: what leaks or does not start refuses, all else is for the officer.
- Where no command is named, or it does not do its work, the version says so: a finding, for the officer to go by.
Source: docs/decisions/0069-*.md.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from core.locale import Text
from core.processes import die_with_parent
from miniapps.review import RULES
from miniapps.review.finding import from_json
from miniapps.versions.examining import Examiner, Surroundings, kept
from miniapps.versions.model import Finding, Severity

_LOG = logging.getLogger(__name__)
_ROOT: Final = Path(__file__).parents[2]
# No page is begun after the first; by the second all have ended.
BEGIN_WITHIN_S: Final = 60
END_WITHIN_S: Final = 150.0
# Of all processes together.
MEMORY_BYTES_MAX: Final = 1536 * 2**20
BYTES_OUT_MAX: Final = 4 * 2**20
TOO_MUCH: Final = 100
_ENDS_WITHIN_S: Final = 10.0
WITHIN_S: Final = END_WITHIN_S + 2 * _ENDS_WITHIN_S
# How `tong` ends when it has done its work: without errors, and with some.
_DONE: Final = (0, 1)
_GROUP: Final = "run"


def _said(severity: Severity, zh: str, en: str, *advice: str) -> Finding:
    return Finding(rule="", severity=severity, message=Text(zh=zh, en=en), advice=Text(zh=advice[0], en=advice[1]))


_TRY_IT: Final = ("请在浏览器中试用该版本。", "Try the version in a browser.")
NOT_RUN: Final = _said(
    Severity.NOTE,
    "本机未在浏览器中运行该版本：R-RUN 规则未检查。",
    "Not run in a browser here: no R-RUN rule was asked.",
    *_TRY_IT,
)
NOT_DONE: Final = _said(
    Severity.WARNING,
    "在浏览器中运行该版本失败：R-RUN 规则未检查。",
    "The run in a browser failed: no R-RUN rule was asked.",
    *_TRY_IT,
)
RAN_TOO_LONG: Final = _said(
    Severity.WARNING,
    "在浏览器中运行该版本超出了时间或内存限制。",
    "The run in a browser took more time or memory than it may.",
    *_TRY_IT,
)


class Runner(Protocol):
    async def __call__(self, package: bytes) -> Sequence[Finding]: ...


@dataclass(frozen=True, slots=True)
class Examination:
    """Both parts. Raises: CannotExamine, of the first."""

    rules: Examiner
    run: Runner

    async def __call__(self, package: bytes, surroundings: Surroundings) -> list[Finding]:
        found = await self.rules(package, surroundings)
        if any(one.severity is Severity.ERROR for one in found):
            return found
        return [*found, *await self.run(package)]


@dataclass(frozen=True, slots=True)
class CommandRunner:
    """command: what `tong` is called by on this machine; empty: nothing is run. bytes_max: of memory, at any time."""

    command: Sequence[str]
    within_s: float = END_WITHIN_S
    bytes_max: int = MEMORY_BYTES_MAX

    async def __call__(self, package: bytes) -> Sequence[Finding]:
        if not self.command:
            return [NOT_RUN]
        status, said = await self._asked(package)
        if status == TOO_MUCH:
            return [RAN_TOO_LONG]
        if status not in _DONE:
            facts = {"status": status, "error": _code(said)}
            _LOG.error("a version could not be run in a browser", extra={"facts": facts})
            return [NOT_DONE]
        try:
            return _findings(orjson.loads(said)["result"])
        except (KeyError, TypeError, ValueError) as fault:
            _LOG.error("a run in a browser said what nobody understands", exc_info=fault)
            return [NOT_DONE]

    async def _asked(self, package: bytes) -> tuple[int, bytes]:
        """How the runner's process ended, and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "miniapps.versions.runner", str(self.within_s), str(self.bytes_max), *self.command),
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            preexec_fn=die_with_parent,
        )
        try:
            async with asyncio.timeout(self.within_s + _ENDS_WITHIN_S):
                said, _ = await process.communicate(package)
        except TimeoutError:
            return TOO_MUCH, b""
        finally:
            await _ended(process)
        return process.returncode or 0, said


async def _ended(process: asyncio.subprocess.Process) -> None:
    """It ends what it began when it is asked to; whatever it does, it has ended."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _code(said: bytes) -> str:
    """Why it could not be run, where the command says it."""
    try:
        return str(orjson.loads(said)["error"]["code"])
    except (KeyError, TypeError, ValueError):
        return ""


def _findings(result: dict[str, Any]) -> list[Finding]:
    """Raises: KeyError, TypeError, ValueError for what `tong test` does not say."""
    found = [from_json(one) for one in result["findings"]]
    if any(RULES[one.rule].group != _GROUP for one in found):
        raise ValueError("a finding of no run")
    return [
        *(_said(Severity.WARNING, f"未运行的页面：{page}", f"Not run: {page}", *_TRY_IT) for page in result["left"]),
        *(kept(replace(one, severity=RULES[one.rule].review)) for one in found),
    ]
