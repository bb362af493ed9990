"""A project: the folder with `citytong.toml`, what it says, and the files of the program that it makes.

[app]
id = "org.example.library"
[city]
url = "https://city.example"
[paths]
dist = "program"              # what goes into the package
build = "npm run build"       # what makes it; without it, dist stands as it is
[typegen]
operations = "operations"     # a folder of .graphql files; and where what is made of them goes
json = "program/operations.json"
js = "program/common/operations.js"
python = "backend/operations.py"
schema = "schema.graphql"
"""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from citytong_sdk.bundles import manifest
from citytong_sdk.bundles.archive import ENTRIES_MAX, UNPACKED_BYTES_MAX
from citytong_sdk.bundles.errors import BundleError

from .desk import Desk
from .errors import Exit, TongError, of_package

FILE: Final = "citytong.toml"
_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "app": frozenset({"id"}),
    "city": frozenset({"url"}),
    "paths": frozenset({"dist", "build"}),
    "typegen": frozenset({"operations", "json", "js", "python", "schema"}),
}


@dataclass(frozen=True, slots=True)
class Project:
    """folder: where `citytong.toml` stands; all paths in it are relative to that."""

    folder: Path
    app_id: str
    city: str = ""
    dist: Path = Path("program")
    build: str = ""
    typegen: Mapping[str, str] = field(default_factory=dict)

    @property
    def program(self) -> Path:
        return self.folder / self.dist

    def built(self, desk: Desk) -> None:
        """Run what makes the program, if anything does. Raises: TongError."""
        if not self.build:
            return
        if (self.folder / "package.json").is_file() and not (self.folder / "node_modules").exists():
            raise TongError(
                "TONG_BUILD_FAILED",
                "What builds the program is not installed.",
                where=str(self.folder / "node_modules"),
                advice="npm install, once.",
            )
        desk.note(f"Building: {self.build}")
        try:
            done = subprocess.run(
                shlex.split(self.build),
                cwd=self.folder,
                env=dict(desk.env),
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as fault:
            raise TongError(
                "TONG_BUILD_FAILED",
                "What builds the program could not be started.",
                where=f"{FILE}: [paths] build = {self.build!r}",
                why=fault.strerror or "",
                advice="Install it (npm ci), or correct the line.",
            ) from fault
        if done.returncode:
            raise TongError(
                "TONG_BUILD_FAILED",
                f"The build ended with status {done.returncode}.",
                where=f"{FILE}: [paths] build = {self.build!r}",
                why=(done.stderr or done.stdout).strip()[-2_000:],
                advice="Mend what it says, then run this again.",
                exit=Exit.FINDINGS,
            )


def find(desk: Desk) -> Project:
    """The project around the working folder. Raises: TongError."""
    for folder in (desk.folder, *desk.folder.parents):
        if (folder / FILE).is_file():
            return read(folder)
    raise TongError(
        "TONG_NO_PROJECT",
        f"There is no {FILE} here or in a folder above.",
        where=str(desk.folder),
        advice="Go into a project's folder, or begin one with `tong new`.",
    )


def around(desk: Desk) -> Project | None:
    """The project around the working folder, if there is one. Raises: TongError for one that cannot be read."""
    inside = any((folder / FILE).is_file() for folder in (desk.folder, *desk.folder.parents))
    return find(desk) if inside else None


def read(folder: Path) -> Project:
    """The project at `folder`. Raises: TongError."""
    path = folder / FILE
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise _wrong(path, str(fault), "Write it as docs/sdk/tong.md shows.") from fault
    _check(path, told)
    app_id = told.get("app", {}).get("id", "")
    try:
        manifest.check_app_id(app_id)
    except BundleError as fault:
        raise _wrong(path, f"[app] id: {fault.detail}", 'Write it as id = "org.example.library".') from fault
    paths = told.get("paths", {})
    return Project(
        folder=folder,
        app_id=app_id,
        city=told.get("city", {}).get("url", ""),
        dist=Path(paths.get("dist", "program")),
        build=paths.get("build", ""),
        typegen=told.get("typegen", {}),
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """The files under `folder` by their paths in a package.

    Hidden ones (a dot at the beginning) stay out, and declarations of types (`.d.ts`), which are for editors.

    Raises: TongError for a link, which may lead anywhere, for no folder, and for more than any package holds.
    """
    if not folder.is_dir():
        raise TongError(
            "TONG_NO_PROGRAM",
            "There is no program to look at.",
            where=str(folder),
            advice=f"Build it first, or correct [paths] dist in {FILE}.",
        )
    found: dict[str, bytes] = {}
    total = 0
    for path in _walk(folder):
        if path.is_symlink():
            raise TongError(
                "TONG_LINK", "A package holds files, no links.", where=str(path), advice="Copy what it leads to."
            )
        content = path.read_bytes()
        total += len(content)
        if len(found) >= ENTRIES_MAX or total > UNPACKED_BYTES_MAX:
            raise TongError(
                "BUNDLE_UNPACKED_TOO_LARGE",
                f"There is more here than a package may hold ({ENTRIES_MAX} files, {UNPACKED_BYTES_MAX} bytes).",
                where=str(folder),
                advice="Is this the folder of what was built? node_modules and sources stay outside of it.",
                exit=Exit.FINDINGS,
            )
        found[path.relative_to(folder).as_posix()] = content
    return found


def manifest_of(files: Mapping[str, bytes], where: str) -> manifest.Manifest:
    """Raises: TongError."""
    if manifest.FILE not in files:
        raise of_package(BundleError("BUNDLE_LAYOUT_MISSING", manifest.FILE), where)
    try:
        return manifest.read(files[manifest.FILE])
    except BundleError as fault:
        raise of_package(fault, where) from fault


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(parent)
        found += [here / name for name in sorted(names) if not name.startswith(".") and not name.endswith(".d.ts")]
        found += [here / name for name in folders if (here / name).is_symlink()]
    return found


def _check(path: Path, told: Mapping[str, object]) -> None:
    for part, members in told.items():
        if part not in _MEMBERS or not isinstance(members, dict):
            raise _wrong(path, f"[{part}] is unknown", _nearest(part, list(_MEMBERS)))
        for name, value in members.items():
            if name not in _MEMBERS[part]:
                raise _wrong(path, f"[{part}] {name} is unknown", _nearest(name, sorted(_MEMBERS[part])))
            if not isinstance(value, str):
                raise _wrong(path, f"[{part}] {name} is no text", "Put it in quotes.")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."


def _wrong(path: Path, why: str, advice: str) -> TongError:
    return TongError("TONG_PROJECT_INVALID", f"{FILE} cannot be read.", where=str(path), why=why, advice=advice)
