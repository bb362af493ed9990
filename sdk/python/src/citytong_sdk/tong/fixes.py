"""What `tong lint --fix` mends: only what can be mended in one way, and without which nothing would be lost."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citytong_sdk.bundles import manifest
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.review import Finding

_HTML: Final = re.compile(rb"<html(?=[\s>])(?![^>]*\slang\s*=)", re.I)
_TITLE_PLACE: Final = re.compile(rb"([ \t]*)</head>", re.I)
_VIEWPORT: Final = re.compile(rb"<meta\s[^>]*name\s*=\s*[\"']?viewport[^>]*>", re.I)
_NO_ZOOM: Final = re.compile(rb"\s*,?\s*(?:user-scalable\s*=\s*(?:no|0)|maximum-scale\s*=\s*[\d.]+)", re.I)


@dataclass(frozen=True, slots=True)
class Mended:
    """files: what is new of them, by path. said: each as a sentence."""

    files: Mapping[str, bytes]
    said: tuple[str, ...]


# A page's bytes and the program's manifest in, other bytes out.
Mend = Callable[[bytes, manifest.Manifest], bytes]


def mended(files: Mapping[str, bytes], findings: Sequence[Finding]) -> Mended:
    """`files` as far as they change, for what `findings` say of them."""
    changed: dict[str, bytes] = {}
    said: list[str] = []
    for path in ("app.js", "app.css"):
        if path not in files:
            changed[path] = b""
            said.append(f"{path}: an empty one, for every package has it")
    read = _manifest(files)
    for one in findings:
        mend = _MENDS.get(one.rule)
        before = changed.get(one.path, files.get(one.path))
        if mend is None or before is None or read is None:
            continue
        after = mend(before, read)
        if after != before:
            changed[one.path] = after
            said.append(f"{one.path}: {one.rule}")
    return Mended(changed, tuple(said))


def _lang(page: bytes, read: manifest.Manifest) -> bytes:
    """The manifest's language on a page that says none."""
    return _HTML.sub(b'<html lang="' + read.lang.encode() + b'"', page, count=1) if read.lang else page


def _zoom(page: bytes, read: manifest.Manifest) -> bytes:
    """A viewport that lets its reader zoom."""
    return _VIEWPORT.sub(lambda found: _NO_ZOOM.sub(b"", found[0]), page)


def _title(page: bytes, read: manifest.Manifest) -> bytes:
    """The program's name on a page without a title."""
    title = b"<title>" + html.escape(read.name).encode() + b"</title>"
    return _TITLE_PLACE.sub(lambda found: found[1] + b"  " + title + b"\n" + found[0], page, count=1)


_MENDS: Final[Mapping[str, Mend]] = {"R-A11Y-LANG": _lang, "R-A11Y-ZOOM": _zoom, "R-TITLE": _title}


def _manifest(files: Mapping[str, bytes]) -> manifest.Manifest | None:
    try:
        return manifest.read(files.get(manifest.FILE, b""))
    except BundleError:
        return None
