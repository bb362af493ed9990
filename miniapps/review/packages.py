"""Rules of the package as a whole: what the library of packages refuses, its sizes and its names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ..bundles import archive, blocks, errors, names
from ..bundles import manifest as manifests
from ..bundles.errors import BundleError
from .finding import Hit
from .subject import Subject

FILE_BYTES_LARGE: Final = 500_000

_SIZES: Final = frozenset({errors.TOO_LARGE, errors.TOO_MANY_ENTRIES, errors.UNPACKED_TOO_LARGE, errors.RATIO})
_LAYOUT: Final = frozenset({errors.LAYOUT_FILE, errors.LAYOUT_MISSING, errors.LAYOUT_PAGE})


def opened(package: bytes | Mapping[str, bytes]) -> tuple[Mapping[str, bytes], list[Hit]]:
    """The files of `package`, an archive with or without a signing block, or files; and why it cannot be opened."""
    try:
        if isinstance(package, Mapping):
            return package, list(_of_files(package))
        return archive.unpack(blocks.split(package).unsigned), []
    except BundleError as refused:
        return {}, [refusal(refused)]


def refusal(refused: BundleError) -> Hit:
    """What the library of packages refuses, as a finding."""
    return Hit(_rule(refused.code), refused.path[:256], seen=_seen(refused))


def manifest(subject: Subject) -> Iterator[Hit]:
    if manifests.FILE not in subject.files:
        yield Hit("R-MANIFEST-PATH", manifests.FILE, seen=errors.LAYOUT_MISSING)
        return
    try:
        read = manifests.read(subject.files[manifests.FILE])
    except BundleError as refused:
        yield Hit("R-MANIFEST", manifests.FILE, seen=_seen(refused, with_path=True))
        return
    try:
        manifests.check_layout(read, subject.files)
    except BundleError as refused:
        yield Hit("R-MANIFEST-PATH", manifests.FILE, seen=_seen(refused, with_path=True))
    before = subject.known.previous_code
    if before is not None and read.version_code <= before:
        yield Hit("R-VERSION", manifests.FILE, seen=f"{read.version_code} ≤ {before}")
    if not read.trusted_types:
        yield Hit("R-TRUSTED-TYPES-OFF", manifests.FILE, seen="city_csp.trusted_types")


def sizes(subject: Subject) -> Iterator[Hit]:
    for path, raw in subject.files.items():
        if len(raw) > FILE_BYTES_LARGE:
            yield Hit("R-FILE-LARGE", path, seen=f"{len(raw)} bytes")


def _of_files(files: Mapping[str, bytes]) -> Iterator[Hit]:
    """The same rules for a folder that is not packed yet: each name, and all of them together."""
    for path in sorted(files):
        try:
            names.check_path(path)
            names.check_type(path)
        except BundleError as refused:
            yield refusal(refused)
    try:
        names.check_unique(sorted(files))
        if len(files) > archive.ENTRIES_MAX:
            raise BundleError(errors.TOO_MANY_ENTRIES, detail=str(len(files)))
        if (total := sum(map(len, files.values()))) > archive.UNPACKED_BYTES_MAX:
            raise BundleError(errors.UNPACKED_TOO_LARGE, detail=f"{total} bytes")
    except BundleError as refused:
        yield refusal(refused)


def _rule(code: str) -> str:
    if code in _SIZES:
        return "R-SIZE"
    if code == errors.TYPE_FORBIDDEN:
        return "R-FILE-TYPE"
    if code == errors.BLOCK:
        return "R-SIGNING-BLOCK"
    if code in _LAYOUT:
        return "R-MANIFEST-PATH"
    return "R-FILE-NAME" if code.startswith("BUNDLE_NAME_") else "R-ZIP"


def _seen(refused: BundleError, *, with_path: bool = False) -> str:
    parts = (refused.code, refused.path if with_path else "", refused.detail)
    return ": ".join(part for part in parts if part)
