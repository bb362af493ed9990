"""Versions on their way to citizens: `tong submit`, `status`, `withdraw`, `release …`, `logs`, `stats`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from citytong_sdk.bundles import archive, blocks, manifest
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.keys import PrivateKey

from . import following, graph, keyring, places, project, signing
from .city import City
from .desk import Desk, Done, on_one_line
from .errors import Exit, TongError, of_package
from .oidc import Oidc, TokenFile, let_in
from .packing import read_package
from .web import Web

_FOLLOW_S: Final = 3
_LOGS_AT_ONCE: Final = 100
_IN_REVIEW: Final = frozenset({"SUBMITTED", "CHECKING", "IN_REVIEW"})
_NOWHERE_YET: Final = frozenset({"DRAFT", "APPROVED", *_IN_REVIEW})
_RUNS: Final = frozenset({"ROLLING", "RELEASED"})

App: TypeAlias = Annotated[str, typer.Option("--app", metavar="ID", help="The program; else the project's.")]
Which: TypeAlias = Annotated[str, typer.Option("--version", metavar="V", help="Its name, code or id.")]
Reason: TypeAlias = Annotated[str, typer.Option(help="Why; it is recorded, and citizens may be told.")]


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """by: MACHINE or OFFICER. line: null where there is none."""

    rule: str
    severity: str
    path: str | None
    line: int | None
    column: int | None
    message: str
    advice: str
    docs: str
    by: str


@dataclass(frozen=True, slots=True)
class Step:
    """at: RFC 3339."""

    act: str
    state: str
    by: str
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class Rollout:
    """percent: of citizens. cohort: `testers` or null."""

    percent: float
    cohort: str | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """The run of a CI system that handed a version in. claims: what its ID token said of it."""

    publisher: str
    issuer: str
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """As the city has it; the names are the graph's."""

    id: str
    app_id: str
    version_name: str
    version_code: int
    state: str
    package_sha256: str
    bytes: int
    notes: str
    created_at: str
    not_before: str | None
    asked: tuple[str, ...]
    granted: tuple[str, ...]
    rollout: Rollout | None
    findings: tuple[ReviewFinding, ...]
    steps: tuple[Step, ...]
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class VersionsShown:
    """versions: the last made first; with --watch the one that was watched. With --json-lines each of its steps is a
    document of its own before, on one line.
    """

    app_id: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    id: str
    level: str
    at: str
    version_code: int
    text: str
    code: str | None


@dataclass(frozen=True, slots=True)
class LogLines:
    """lines: the oldest first. With --follow each is a document of its own, on one line."""

    app_id: str
    lines: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """people: `<10` for fewer than ten. versions, errors, events: counts by code or name."""

    day: str
    opens: int
    people: str
    versions: Mapping[str, int]
    errors: Mapping[str, int]
    events: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Days:
    app_id: str
    days: tuple[Day, ...]


class Level(StrEnum):
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Cohort(StrEnum):
    """Who gets a version before anybody else."""

    TESTERS = "testers"


def submit(
    desk: Desk,
    *,
    package: Annotated[Path, typer.Argument(metavar="X.ma", help="Packed and signed.")],
    notes: Annotated[str, typer.Option(help="What changed, for who reviews it.")] = "",
    test_account: Annotated[str, typer.Option(help="What a reviewer signs in to your server with.")] = "",
    oidc: Oidc = False,
    id_token_file: TokenFile = None,
    city: places.City = "",
) -> Done:
    """Hand a signed package in for review. The same package again is the same version.

    With --oidc, in a CI system, nobody is signed in, and a package without a signature is signed by a key that is the
    run's alone.
    """
    content, where = read_package(desk.folder / package), places.web(desk, city)
    if oidc or id_token_file:
        content, there = _by_run(desk, where, content, str(package), id_token_file)
    else:
        there = City(where, desk)
    app_id = _submitted(content, str(package))
    desk.note(f"Uploading {len(content):,} bytes to {there.web.base}")
    upload = there.upload(content)
    made = there.graphql(graph.CREATE, {"app": app_id, "upload": upload, "notes": notes or None})["done"]
    asked = {"id": made["id"], "notes": notes or None, "account": test_account or None}
    version = _version(there.graphql(graph.SUBMIT, asked)["done"])
    exit = Exit.FINDINGS if version.state == "REJECTED" else Exit.OK
    return Done(version, [*_lines(desk, version), "`tong status --watch` says how it goes on."], exit)


def status(
    desk: Desk,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Until it is decided.")] = False,
    as_lines: Annotated[bool, typer.Option("--json-lines", help="With --watch: one JSON object a line.")] = False,
    version: Which = "",
    app: App = "",
    city: places.City = "",
) -> Done:
    """Say how the program's versions stand: their review, what was found, and who gets them."""
    there, app_id = _there(desk, app, city)
    found = _versions(there, app_id)
    if not watch:
        shown = [_one(found, version)] if version else found
        lines = [line for one in shown for line in _lines(desk, one)] or ["No versions yet: `tong submit` makes one."]
        return Done(VersionsShown(app_id, tuple(shown)), lines, _exit(shown[:1]))
    watched = _watched(there, desk, _one(found, version).id, app_id=app_id, as_lines=as_lines)
    return Done(VersionsShown(app_id, (watched,)), [] if as_lines else _lines(desk, watched), _exit([watched]))


def withdraw(desk: Desk, *, version: Which = "", app: App = "", city: places.City = "") -> Done:
    """Take back the version that waits: one that runs nowhere yet."""
    return _acted(desk, app, city, version, _NOWHERE_YET, graph.WITHDRAW)


def release(
    desk: Desk,
    *,
    percent: Annotated[float | None, typer.Option(min=0.01, max=100, help="Of citizens; only upwards.")] = None,
    cohort: Annotated[Cohort | None, typer.Option(help="Those who build it and whom they invited, first.")] = None,
    version: Which = "",
    app: App = "",
    city: places.City = "",
) -> Done:
    """Let citizens have the approved version: to begin with a few, then more; everybody with `promote`."""
    if percent is None and cohort is None:
        raise TongError("TONG_USAGE", "How many?", advice="--percent 5, or --cohort testers.")
    there, app_id = _there(desk, app, city)
    found = _versions(there, app_id)
    rolling = [one for one in found if one.state == "ROLLING"] if cohort is None else []
    one = _one(found, version) if version else _first(rolling or found, {"ROLLING", "APPROVED"}, app_id)
    if one.state == "ROLLING" and cohort is None:
        done = there.graphql(graph.WIDEN, {"id": one.id, "percent": percent})
    else:
        # The testers are no share: the graph wants a number all the same.
        asked = {"id": one.id, "percent": 1.0 if percent is None else percent, "cohort": cohort}
        done = there.graphql(graph.START, asked)
    return _shown(desk, done)


def promote(desk: Desk, *, version: Which = "", app: App = "", city: places.City = "") -> Done:
    """Let everybody have the version that is being rolled out."""
    return _acted(desk, app, city, version, {"ROLLING"}, graph.PROMOTE)


def pause(desk: Desk, *, version: Which = "", app: App = "", city: places.City = "") -> Done:
    """Nobody more gets it; who has it keeps it."""
    return _acted(desk, app, city, version, {"ROLLING"}, graph.PAUSE)


def resume(desk: Desk, *, version: Which = "", app: App = "", city: places.City = "") -> Done:
    """More citizens get it again."""
    return _acted(desk, app, city, version, {"ROLLING"}, graph.RESUME)


def rollback(desk: Desk, *, reason: Reason, version: Which = "", app: App = "", city: places.City = "") -> Done:
    """Take a version from everybody; they go back to the one before."""
    return _acted(desk, app, city, version, _RUNS, graph.ROLL_BACK, reason=reason)


def revoke(
    desk: Desk,
    *,
    version: Annotated[str, typer.Option("--version", metavar="V", help="Its name, code or id: it is for ever.")],
    reason: Reason,
    app: App = "",
    city: places.City = "",
) -> Done:
    """Take a version back for good: it never runs again, and nothing takes its place."""
    return _acted(desk, app, city, version, _RUNS, graph.REVOKE, reason=reason)


def logs(
    desk: Desk,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    level: Annotated[Level | None, typer.Option(help="Of this level alone.")] = None,
    version: Annotated[int | None, typer.Option("--version", metavar="CODE", help="Of this version alone.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=_LOGS_AT_ONCE, help="How many.")] = 50,
    as_lines: Annotated[bool, typer.Option("--json-lines", help="With --follow: one JSON object a line.")] = False,
    app: App = "",
    city: places.City = "",
) -> Done:
    """Show what the program wrote down at citizens: redacted, sampled, of thirty days."""
    there, app_id = _there(desk, app, city)
    asked = {"first": lines, "level": level.name if level else None, "version": version}
    found = _log_lines(there, app_id, asked)
    if not follow:
        return Done(LogLines(app_id, tuple(found)), [_log_line(desk, one) for one in found])
    seen: set[str] = set()
    while True:
        for one in found:
            if one.id not in seen:
                desk.stream(on_one_line(one) if as_lines else _log_line(desk, one))
        # What was seen before is asked for once more and not shown; older than that comes nothing.
        seen = {one.id for one in found} or seen
        desk.sleep(_FOLLOW_S)
        found = _log_lines(there, app_id, {**asked, "first": _LOGS_AT_ONCE})


def stats(
    desk: Desk,
    *,
    days: Annotated[int, typer.Option(min=1, max=30, help="How many.")] = 7,
    app: App = "",
    city: places.City = "",
) -> Done:
    """Show how often the program was opened, by how many, and what failed."""
    there, app_id = _there(desk, app, city)
    told = there.graphql(graph.STATISTICS, {"app": app_id, "days": days})["developerApp"]["statistics"]
    found = tuple(Day(**{name: one[name] for name in Day.__slots__}) for one in told)
    lines = [f"{one.day}  {one.opens:>8,} opens  {one.people:>6} people{_errors(one)}" for one in found]
    return Done(Days(app_id, found), lines or ["Nothing counted yet."])


def _by_run(desk: Desk, there: Web, content: bytes, where: str, file: Path | None) -> tuple[bytes, City]:
    """The package as it is signed, and the city as it is asked. Raises: TongError."""
    own = None if signing.is_signed(content, where) else PrivateKey.generate()
    let = let_in(desk, there, signing.app_of(content, where), file=file, key=own)
    if own is not None:
        _, content = signing.signed_by(desk, content, keyring.SigningKey("", own.kid, own.private), where)
    return content, let


def _submitted(content: bytes, where: str) -> str:
    """The id of the program in a package, which is signed. Raises: TongError."""
    try:
        parts = blocks.split(content)
        if blocks.DEVELOPER not in parts.values:
            raise TongError(
                "BUNDLE_UNSIGNED", "The package is not signed.", where=where, advice="tong sign", exit=Exit.SIGNATURE
            )
        return manifest.read(archive.unpack(parts.unsigned).get(manifest.FILE, b"")).app_id
    except BundleError as fault:
        raise of_package(fault, where) from fault


def _there(desk: Desk, app: str, city: str) -> tuple[City, str]:
    return City(places.web(desk, city), desk), app or project.find(desk).app_id


def _acted(desk: Desk, app: str, city: str, version: str, states: Collection[str], document: str, **more: str) -> Done:
    """Do something to the version that is named, or to the newest in one of these states."""
    there, app_id = _there(desk, app, city)
    found = _versions(there, app_id)
    one = _one(found, version) if version else _first(found, states, app_id)
    return _shown(desk, there.graphql(document, {"id": one.id, **more}))


def _shown(desk: Desk, told: Mapping[str, Any]) -> Done:
    version = _version(told["done"])
    return Done(version, _lines(desk, version))


def _watched(there: City, desk: Desk, id: str, *, app_id: str, as_lines: bool) -> Version:
    """The version once its review is over, with each step told as it comes."""
    told = 0
    with closing(following.states(there, id, app_id=app_id)) as states:
        for version in map(_version, states):
            for step in version.steps[told:]:
                if as_lines:
                    desk.stream(on_one_line(step))
                else:
                    desk.note(f"{step.at}  {step.state.lower():<11} {step.act.lower()} {step.note}".rstrip())
            told = max(told, len(version.steps))
            if version.state not in _IN_REVIEW:
                break
    return version


def _versions(there: City, app_id: str) -> list[Version]:
    return [
        _version(one) for one in there.graphql(graph.VERSIONS, {"app": app_id})["developerApp"]["versions"]["nodes"]
    ]


def _one(found: Iterable[Version], wanted: str) -> Version:
    """The version of this name, code or id; the newest, if none is named. Raises: TongError."""
    for one in found:
        if not wanted or wanted in (one.id, one.version_name, str(one.version_code)):
            return one
    raise TongError("TONG_NO_VERSION", f"There is no version {wanted}.", advice="`tong status` shows which there are.")


def _first(found: Iterable[Version], states: Collection[str], app_id: str) -> Version:
    for one in found:
        if one.state in states:
            return one
    wanted = " or ".join(sorted(state.lower().replace("_", " ") for state in states))
    raise TongError(
        "TONG_NO_VERSION", f"{app_id} has no version that is {wanted}.", advice="`tong status` says how they stand."
    )


def _version(told: Mapping[str, Any]) -> Version:
    rollout = told["rollout"]
    return Version(
        id=told["id"],
        app_id=told["appId"],
        version_name=told["versionName"],
        version_code=told["versionCode"],
        state=told["state"],
        package_sha256=told["packageSha256"],
        bytes=told["bytes"],
        notes=told["notes"],
        created_at=told["createdAt"],
        not_before=told["notBefore"],
        asked=tuple(told["asked"]),
        granted=tuple(told["granted"]),
        rollout=Rollout(rollout["percent"], rollout["cohort"], rollout["paused"]) if rollout else None,
        findings=tuple(ReviewFinding(**one) for one in told["findings"]),
        steps=tuple(Step(**one) for one in told["steps"]),
        origin=Origin(**origin) if (origin := told["origin"]) else None,
    )


def _exit(shown: Iterable[Version]) -> Exit:
    return Exit.FINDINGS if any(one.state == "REJECTED" for one in shown) else Exit.OK


def _lines(desk: Desk, one: Version) -> list[str]:
    head = f"{one.version_name} ({one.version_code})  {desk.painted(one.state.lower(), 'bold')}  {one.id}"
    if one.rollout:
        who = one.rollout.cohort or f"{one.rollout.percent:g} %"
        head += f"  to {who}{', paused' if one.rollout.paused else ''}"
    found = [head, *([f"  handed in by {_run(one.origin)}"] if one.origin else [])]
    for finding in one.findings:
        place = f"{finding.path or 'package'}" + (f":{finding.line}" if finding.line else "")
        found.append(f"  {place}: {finding.severity.lower()} {finding.rule}: {finding.message}".rstrip())
        found += [f"      → {finding.advice}"] if finding.advice else []
    return found


def _run(origin: Origin) -> str:
    """Whose run it was, and of which code."""
    told = origin.claims
    whose = told.get("repository") or told.get("project_path") or told.get("sub", "a run")
    code = f" at {told['sha']}" if "sha" in told else ""
    return f"{whose}{code}, by {origin.issuer}"


def _log_lines(there: City, app_id: str, asked: Mapping[str, object]) -> list[LogLine]:
    """The oldest first."""
    nodes = there.graphql(graph.LOGS, {**asked, "app": app_id})["developerApp"]["logs"]["nodes"]
    return [
        LogLine(one["id"], one["level"].lower(), one["at"], one["versionCode"], one["text"], one["code"])
        for one in reversed(nodes)
    ]


def _log_line(desk: Desk, one: LogLine) -> str:
    colour = {"error": "red", "warn": "yellow"}.get(one.level, "dim")
    said = " ".join(part for part in (one.code or "", _printable(one.text)) if part)
    return f"{one.at}  {desk.painted(f'{one.level:<5}', colour)}  v{one.version_code}  {said}"


def _printable(text: str) -> str:
    """What a program wrote, without what a terminal would obey."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _errors(day: Day) -> str:
    return "".join(f"  {name}×{count}" for name, count in sorted(day.errors.items()))
