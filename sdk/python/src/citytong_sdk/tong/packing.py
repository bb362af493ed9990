"""`tong pack` and `tong diff`: the program's folder as a package, and what changed from one package to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from citytong_sdk.bundles import archive, blocks, manifest, policy
from citytong_sdk.bundles.archive import PACKED_BYTES_MAX, UNPACKED_BYTES_MAX
from citytong_sdk.bundles.encoding import json_object
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.bundles.hashing import files_h1, sha256_hex

from . import files, project
from .desk import Desk, Done
from .errors import Exit, TongError, of_package

_LARGEST = 12


@dataclass(frozen=True, slots=True)
class FileSize:
    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Packed:
    """Sizes in bytes; `files` from the largest on. reproducible: null unless it was checked."""

    path: str
    app_id: str
    version_name: str
    version_code: int
    pkg_sha256: str
    files_h1: str
    bytes: int
    bytes_max: int
    unpacked: int
    unpacked_max: int
    files: tuple[FileSize, ...]
    reproducible: bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a manifest. before, after: JSON; null where it was not, or is not."""

    member: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changed:
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from the first package to the second; their signatures apart."""

    same: bool
    versions: tuple[str, str]
    added: tuple[FileSize, ...]
    removed: tuple[FileSize, ...]
    changed: tuple[str, ...]
    manifest: tuple[Change, ...]
    permissions: Changed
    domains: Changed


def pack(
    desk: Desk,
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the package goes.")] = None,
    build: Annotated[bool, typer.Option(help="Run the project's build first, where it has one.")] = True,
    check_reproducible: Annotated[
        bool, typer.Option("--check-reproducible", help="Make it twice; other bytes are a finding.")
    ] = False,
) -> Done:
    """Pack the program: `<id>-<version>.ma`, the same bytes for the same files.

    What the city would refuse to open is refused here, with the same code. Signatures come with `tong sign`.
    """
    here = project.find(desk)
    if build:
        here.built(desk)
    found = project.files_of(here.program)
    package, read = _packed(found, here)
    same = _again(desk, here, found, package, build=build) if check_reproducible else None
    path = desk.folder / output if output else here.folder / f"{read.app_id}-{read.version_name}.ma"
    files.write(path, package)
    sizes = tuple(sorted((FileSize(name, len(content)) for name, content in found.items()), key=_by_size))
    result = Packed(
        path=str(path),
        app_id=read.app_id,
        version_name=read.version_name,
        version_code=read.version_code,
        pkg_sha256=sha256_hex(package),
        files_h1=files_h1(found),
        bytes=len(package),
        bytes_max=PACKED_BYTES_MAX,
        unpacked=sum(one.bytes for one in sizes),
        unpacked_max=UNPACKED_BYTES_MAX,
        files=sizes,
        reproducible=same,
    )
    return Done(result, _said(result), Exit.FINDINGS if same is False else Exit.OK)


def diff(
    desk: Desk,
    *,
    before: Annotated[Path, typer.Argument(metavar="A.ma", help="The older package.")],
    after: Annotated[Path, typer.Argument(metavar="B.ma", help="The newer one.")],
) -> Done:
    """Say what changed between two packages: files, manifest, permissions, domains."""
    old, new = opened(desk.folder / before), opened(desk.folder / after)
    was, now = project.manifest_of(old, str(before)), project.manifest_of(new, str(after))
    shared = sorted(old.keys() & new.keys())
    result = Difference(
        same=old == new,
        versions=(f"{was.version_name} ({was.version_code})", f"{now.version_name} ({now.version_code})"),
        added=tuple(FileSize(path, len(new[path])) for path in sorted(new.keys() - old.keys())),
        removed=tuple(FileSize(path, len(old[path])) for path in sorted(old.keys() - new.keys())),
        changed=tuple(path for path in shared if old[path] != new[path]),
        manifest=_changes(old[manifest.FILE], new[manifest.FILE]),
        permissions=_turned(was.declared, now.declared),
        domains=_turned({*was.connect, *was.img}, {*now.connect, *now.img}),
    )
    return Done(result, _told(result))


def read_package(path: Path) -> bytes:
    """Raises: TongError for what is no package's size."""
    size = path.stat().st_size
    if size > PACKED_BYTES_MAX + blocks.BLOCK_BYTES_MAX:
        raise of_package(BundleError("BUNDLE_TOO_LARGE", detail=f"{size} bytes"), str(path))
    return path.read_bytes()


def _packed(found: Mapping[str, bytes], here: project.Project) -> tuple[bytes, manifest.Manifest]:
    read = project.manifest_of(found, str(here.dist))
    if read.app_id != here.app_id:
        raise TongError(
            "TONG_OTHER_PROGRAM",
            f"The manifest is of {read.app_id}, the project of {here.app_id}.",
            where=f"{here.dist / manifest.FILE}: app_id",
            advice=f"Write the same id in both: {project.FILE} [app] id.",
            exit=Exit.FINDINGS,
        )
    try:
        manifest.check_layout(read, found)
        policy.page_hashes(found)
        return archive.pack(found), read
    except BundleError as fault:
        raise of_package(fault, str(here.dist)) from fault


def _again(desk: Desk, here: project.Project, found: Mapping[str, bytes], package: bytes, *, build: bool) -> bool:
    """Whether a second making gives the same bytes; what differs is told."""
    if build:
        here.built(desk)
    second = project.files_of(here.program)
    other = sorted(name for name in found.keys() | second.keys() if found.get(name) != second.get(name))
    if other:
        desk.tell(f"Not reproducible: the second build wrote other bytes in {', '.join(other[:_LARGEST])}")
    return not other and archive.pack(second) == package


def opened(path: Path) -> Mapping[str, bytes]:
    """The files of a package. Raises: TongError."""
    try:
        return archive.unpack(blocks.strip(read_package(path)))
    except BundleError as fault:
        raise of_package(fault, str(path)) from fault


def _changes(before: bytes, after: bytes) -> tuple[Change, ...]:
    old, new = _flat("", json_object(before)), _flat("", json_object(after))
    names = sorted(old.keys() | new.keys())
    return tuple(Change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _flat(name: str, value: object) -> dict[str, object]:
    """Objects by their members' paths, lists as they are."""
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, object] = {}
    for key, inner in value.items():
        found |= _flat(f"{name}.{key}" if name else key, inner)
    return found


def _turned(before: frozenset[str] | set[str], after: frozenset[str] | set[str]) -> Changed:
    return Changed(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


def _by_size(one: FileSize) -> tuple[int, str]:
    return -one.bytes, one.path


def _said(done: Packed) -> list[str]:
    lines = [
        f"{done.path}",
        f"  {done.app_id} {done.version_name} ({done.version_code})",
        f"  pkg_sha256  {done.pkg_sha256}",
        f"  files_h1    {done.files_h1}",
        f"  packed      {_of(done.bytes, done.bytes_max)}",
        f"  unpacked    {_of(done.unpacked, done.unpacked_max)}",
    ]
    lines += [f"  {one.bytes:>11,}  {one.path}" for one in done.files[:_LARGEST]]
    if more := done.files[_LARGEST:]:
        lines.append(f"  {sum(one.bytes for one in more):>11,}  in {len(more)} smaller files")
    if done.reproducible is not None:
        lines.append("  reproducible" if done.reproducible else "  NOT reproducible")
    return lines


def _of(size: int, most: int) -> str:
    return f"{size:,} of {most:,} bytes ({size / most:.0%})"


def _told(done: Difference) -> list[str]:
    if done.same:
        return ["The same files."]
    lines = [f"{done.versions[0]} → {done.versions[1]}"]
    lines += [f"  + {one.path} ({one.bytes:,} bytes)" for one in done.added]
    lines += [f"  - {one.path}" for one in done.removed]
    lines += [f"  ~ {path}" for path in done.changed]
    lines += [f"  manifest {one.member}: {_shown(one.before)} → {_shown(one.after)}" for one in done.manifest]
    for what, turned in (("permission", done.permissions), ("domain", done.domains)):
        lines += [f"  + {what} {name}" for name in turned.added]
        lines += [f"  - {what} {name}" for name in turned.removed]
    return lines


def _shown(value: object) -> str:
    """Lists of permissions by their names; anything else as it is."""
    if isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value):
        return ", ".join(str(one["name"]) for one in value)
    return "nothing" if value is None else str(value)
