"""`tong lint`: what the city's reviewers will find, by the same rules (`citytong_sdk.review`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from citytong_sdk import review
from citytong_sdk.review import Finding, Profile, Severity

from . import files, fixes, project, sarif
from .desk import Desk, Done
from .errors import Exit, TongError
from .packing import read_package

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


@dataclass(frozen=True, slots=True)
class Said:
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Found:
    """path: of the package; empty for all of it. line and column: from 1; 0 where there is none."""

    rule: str
    severity: str
    path: str
    line: int
    column: int
    message: Said
    advice: Said
    docs: str


@dataclass(frozen=True, slots=True)
class Linted:
    """fixed: what was mended, as sentences. sarif: where the report went."""

    profile: str
    errors: int
    warnings: int
    notes: int
    findings: tuple[Found, ...]
    fixed: tuple[str, ...]
    sarif: str | None


def lint(
    desk: Desk,
    *,
    package: Annotated[
        Path | None, typer.Argument(metavar="[X.ma]", help="A package, in place of the project.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="dev is milder; review is what the city asks.")] = Profile.DEV,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended in one way alone.")] = False,
    report: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Write a SARIF 2.1.0 report, too.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="The city's graph as SDL, to read documents against.")] = None,
    build: Annotated[bool, typer.Option(help="Run the project's build first, where it has one.")] = True,
) -> Done:
    """Find what the city's reviewers will find: an error refuses a version, a warning is looked at."""
    here = project.around(desk) if package else project.find(desk)
    if fix and (package or (here and here.build)):
        raise TongError(
            "TONG_NO_FIX",
            "What a build makes is mended in its sources, not in the package.",
            advice="Run it without --fix, and mend what it says.",
        )
    if here and build and not package:
        here.built(desk)
    sdl = _schema(desk, schema, here)
    subject = read_package(desk.folder / package) if package else project.files_of(_program(here))
    findings = review.check(subject, profile=profile, schema=sdl)
    fixed: tuple[str, ...] = ()
    if fix and not isinstance(subject, bytes):
        mended = fixes.mended(subject, findings)
        for path in mended.files:
            files.write(_program(here) / path, mended.files[path])
        fixed = mended.said
        findings = review.check({**subject, **mended.files}, profile=profile, schema=sdl)
    root = "" if package or not here else f"{here.dist.as_posix()}/"
    if report:
        files.write(desk.folder / report, sarif.report(findings, root=root))
    result = summed(findings, profile, fixed, report)
    return Done(result, _said(desk, result, findings, root), Exit.FINDINGS if result.errors else Exit.OK)


def summed(
    findings: Sequence[Finding], profile: Profile, fixed: tuple[str, ...] = (), report: Path | None = None
) -> Linted:
    counts = Counter(one.severity for one in findings)
    return Linted(
        profile=profile.value,
        errors=counts[Severity.ERROR],
        warnings=counts[Severity.WARNING],
        notes=counts[Severity.NOTE],
        findings=tuple(_found(one) for one in findings),
        fixed=fixed,
        sarif=str(report) if report else None,
    )


def lines(desk: Desk, findings: Sequence[Finding], root: str) -> list[str]:
    """Findings for a person."""
    found: list[str] = []
    for one in findings:
        place = f"{root}{one.path}" + (f":{one.line}:{one.column}" if one.line else "")
        severity = desk.painted(one.severity.value, _COLOURS[one.severity])
        found += [f"{place or 'package'}: {severity} {one.rule}: {one.message.en}", f"    → {one.advice.en}"]
    return found


def _found(one: Finding) -> Found:
    told = one.json()
    return Found(**{**told, "message": Said(**told["message"]), "advice": Said(**told["advice"])})


def _said(desk: Desk, done: Linted, findings: Sequence[Finding], root: str) -> list[str]:
    counts = (("error", done.errors), ("warning", done.warnings), ("note", done.notes))
    counted = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts)
    summary = f"{counted} (profile {done.profile})"
    return [*(f"fixed: {one}" for one in done.fixed), *lines(desk, findings, root), summary]


def _program(here: project.Project | None) -> Path:
    assert here is not None, "without a package there is a project"
    return here.program


def _schema(desk: Desk, given: Path | None, here: project.Project | None) -> str | None:
    """The SDL that was named, else the project's own, else none."""
    if given:
        return (desk.folder / given).read_text(encoding="utf-8")
    own = here.folder / here.typegen.get("schema", "schema.graphql") if here else None
    return own.read_text(encoding="utf-8") if own and own.is_file() else None
