"""`tong test`: each page of the program, or of a package, in Chromium, and what the rules of runs (`R-RUN-…`) say.

The city's review runs this same command on a version (docs/decisions/0069-*.md).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.review import RULES, Finding, Profile, dynamic
from citytong_sdk.review.dynamic import Measured

from . import lint, project, running
from .desk import Desk, Done
from .errors import Exit, of_package
from .packing import opened
from .served import Served

_CHROMIUM: Final = "TONG_CHROMIUM"
# Of a whole day: as long as it takes.
_NO_END: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class PageRun:
    """booted: it loaded, nothing was thrown, and there is something to see. paint_ms: until something was painted, on
    a slow phone and line. unload_ms: until it had ended. null: not measured.
    """

    page: str
    booted: bool
    paint_ms: int | None
    unload_ms: int | None


@dataclass(frozen=True, slots=True)
class Tested:
    """axe: whether accessibility was looked at, which needs the package `axe-playwright-python`. left: pages that were
    not opened, for want of time.
    """

    chromium: str
    axe: bool
    pages: tuple[PageRun, ...]
    left: tuple[str, ...]
    findings: tuple[lint.Found, ...]


def test(
    desk: Desk,
    *,
    package: Annotated[
        Path | None, typer.Argument(metavar="[X.ma]", help="A package, in place of the project.")
    ] = None,
    chromium: Annotated[str, typer.Option(metavar="PATH", help=f"Else ${_CHROMIUM}, else the one that is found.")] = "",
    profile: Annotated[Profile, typer.Option(help="As of `tong lint`.")] = Profile.DEV,
    within: Annotated[float, typer.Option(metavar="SECONDS", help="Begin no page after this.", min=1)] = _NO_END,
    build: Annotated[bool, typer.Option(help="Run the project's build first, where it has one.")] = True,
) -> Done:
    """Open each page in Chromium, as the city frames it, before a host of tests, and say what went wrong.

    The host answers as for a citizen who says yes; the graph and the program's own domains do not answer. Each page is
    opened as it is, on a slow phone and line, and without a line. Needs Playwright (`pip install playwright`), and
    Chromium.
    """
    root, files = _subject(desk, package, build=build)
    try:
        served = Served.of(files, project.manifest_of(files, root))
    except BundleError as fault:
        raise of_package(fault, root) from fault
    version, axe, runs = asyncio.run(_run(desk, served, chromium or desk.env.get(_CHROMIUM, ""), within))
    hits = [hit for run in runs for hit in dynamic.hits(run)]
    findings = sorted({RULES[hit.rule].finding(hit, profile) for hit in hits}, key=_place)
    summed = lint.summed(findings, profile)
    pages = tuple(PageRun(run.page, run.booted, _whole(run.paint_ms), _whole(run.unload_ms)) for run in runs)
    result = Tested(version, axe, pages, tuple(served.pages[len(runs) :]), summed.findings)
    lines = [
        *lint.lines(desk, findings, "" if package else f"{root}/"),
        *(_said(one) for one in pages),
        *(f"not run  {page}" for page in result.left),
        f"{len(pages)} pages in Chromium {version}",
    ]
    return Done(result, lines, Exit.FINDINGS if summed.errors else Exit.OK)


def _subject(desk: Desk, package: Path | None, *, build: bool) -> tuple[str, Mapping[str, bytes]]:
    """What is run: how it is called, and its files. Raises: TongError."""
    if package:
        return str(package), opened(desk.folder / package)
    here = project.find(desk)
    if build:
        here.built(desk)
    return here.dist.as_posix(), project.files_of(here.program)


async def _run(desk: Desk, served: Served, path: str, within: float) -> tuple[str, bool, list[Measured]]:
    """Chromium's version, whether it had axe, and what the pages did that were begun in time. Raises: TongError."""
    until = time.monotonic() + within
    runs: list[Measured] = []
    async with running.chromium(path) as browser:
        for page in served.pages:
            if time.monotonic() > until:
                break
            desk.note(f"Opening {page}")
            runs.append(await browser.run(served, page))
        return browser.version, browser.axe is not None, runs


def _said(run: PageRun) -> str:
    measured = (("painted", run.paint_ms), ("ended", run.unload_ms))
    told = ", ".join(f"{word} in {took} ms" for word, took in measured if took is not None)
    return f"{'booted' if run.booted else 'FAILED'}  {run.page}" + (f"  ({told})" if told else "")


def _whole(took: float | None) -> int | None:
    return None if took is None else round(took)


def _place(one: Finding) -> tuple[str, str, str]:
    return one.path, one.rule, one.message.en
