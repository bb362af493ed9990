"""A package looked through by the rules of review, in a process of its own: it ends in time and within its memory, and
whatever it meets happens to nobody else.

The rules are those of the developer's own `tong lint --profile review`, so both find the same.
Source: docs/decisions/0062-*.md (one set of rules), threats T23, T31, T36.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from core.locale import Text
from miniapps.review.finding import Finding as RuleFinding
from miniapps.review.finding import Severity as RuleSeverity
from miniapps.review.finding import from_json
from miniapps.versions.errors import CannotExamine
from miniapps.versions.model import Finding, Severity

_ROOT: Final = Path(__file__).parents[2]
WITHIN_S: Final = 60.0
BYTES_OUT_MAX: Final = 4 * 2**20
# What the child says of itself when the package is too much for it.
TOO_MUCH: Final = 3
_SEVERITIES: Final[Mapping[RuleSeverity, Severity]] = {
    RuleSeverity.ERROR: Severity.ERROR,
    RuleSeverity.WARNING: Severity.WARNING,
    RuleSeverity.NOTE: Severity.NOTE,
}
_TOO_MUCH: Final = Finding(
    rule="",
    severity=Severity.ERROR,
    message=Text(zh="自动审核未能在时间和内存限制内完成。", en="The package could not be examined in time."),
    advice=Text(zh="请减少文件数量与体积后重新提交。", en="Make its files smaller or fewer, and submit it again."),
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a package does not say of itself; as `miniapps.review.Known`, in JSON."""

    previous_code: int | None
    proved: frozenset[str]
    names: Mapping[str, str]
    icons: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        return {
            "previous_code": self.previous_code,
            "proved": sorted(self.proved),
            "names": dict(self.names),
            "icons": dict(self.icons),
        }


class Examiner(Protocol):
    async def __call__(self, package: bytes, surroundings: Surroundings) -> list[Finding]:
        """Raises: CannotExamine."""
        ...


@dataclass(frozen=True, slots=True)
class ChildExaminer:
    """schema: the city's graph as SDL, against which documents are read."""

    schema: Callable[[], str]
    within_s: float = WITHIN_S

    async def __call__(self, package: bytes, surroundings: Surroundings) -> list[Finding]:
        """What the rules say; one finding where the package is too much for them. Raises: CannotExamine."""
        head = orjson.dumps({"known": surroundings.json(), "schema": self.schema()})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "miniapps.versions.examiner"),
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Nothing of the city's, which holds its keys.
            env={},
        )
        try:
            async with asyncio.timeout(self.within_s):
                said, _ = await process.communicate(head + b"\n" + package)
        except TimeoutError:
            return [_TOO_MUCH]
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        # A signal is the kernel's: it had more time or memory than it may.
        if process.returncode == TOO_MUCH or (process.returncode or 0) < 0 or len(said) > BYTES_OUT_MAX:
            return [_TOO_MUCH]
        if process.returncode != 0:
            raise CannotExamine()
        return [kept(from_json(one)) for one in orjson.loads(said)]


def kept(found: RuleFinding) -> Finding:
    """What a rule found, as a version keeps it."""
    return Finding(
        rule=found.rule,
        severity=_SEVERITIES[found.severity],
        message=Text(zh=found.message.zh, en=found.message.en),
        advice=Text(zh=found.advice.zh, en=found.advice.en),
        where=found.path,
        line=found.line,
        column=found.column,
        docs=found.docs,
    )
