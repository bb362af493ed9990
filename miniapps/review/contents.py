"""Rules of what lies in a package: files that nothing reaches, types that are not what they say, code of others."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final

from ..bundles import manifest as manifests
from .finding import Hit
from .javascript import TEMPLATE, Script
from .subject import Subject
from .words import PRIVACY

SBOM: Final = "sbom.cdx.json"
_STANDING: Final = (manifests.FILE, "app.js", "app.css", PRIVACY, SBOM)
_SIGNS: Final[Mapping[str, tuple[bytes, ...]]] = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",),
    ".woff": (b"wOFF",),
    ".woff2": (b"wOF2",),
    ".wasm": (b"\0asm",),
}
_VENDORED: Final = re.compile(r"(?:^|/)(?:vendor|vendored|third[_-]?party|lib|libs|node_modules)/|\.min\.m?js$")
_LICENCE: Final = re.compile(r"(?:^|/)(?:licen[cs]e|copying|notice)[^/]{0,40}$", re.IGNORECASE)
_TOLD: Final = re.compile(
    r"@license|@preserve|SPDX-License-Identifier|\bLicen[cs]ed? under|\b(?:MIT|Apache|BSD) Licen[cs]e", re.IGNORECASE
)
_SOURCE_MAP: Final = re.compile(r"[#@]\s?sourceMappingURL=(?!data:,)\S{1,200}")
_STRING: Final = re.compile(r"[\"'(=]\s{0,4}([^\"'()<>\s]{1,200}?)\s{0,4}[\"')>]")
_LONG_LINE: Final = 1000
# Where the host hands its line over (`sdk/js/src/door.js`), and what the SDK alone exports.
_LINE_OF_KIT: Final = "citytong.mp"
_EXPORTS: Final = re.compile(r"\bexport\s{0,8}\{([^{}]{1,400})\}")
_NAME_OF_KIT: Final = re.compile(r"\b(?:MpError|createMockHost)\s{0,8}(?:,|$)")


def dead(subject: Subject) -> Iterator[Hit]:
    """Files that no page, script, style or manifest names, by any way of writing their path."""
    if subject.manifest is None:
        return
    reached: set[str] = {path for path in _STANDING if path in subject.files}
    reached |= {page for one in subject.manifest.pages if (page := manifests.page_file(one, subject.files))}
    reached |= {icon.src for icon in subject.manifest.icons} | {subject.manifest.operations}
    reached |= {icon for tab in subject.manifest.tabs for icon in (tab.icon, tab.icon_selected)}
    waiting = sorted(reached)
    whole = _by_name(subject)
    computed = any(TEMPLATE in script.kinds for script in subject.scripts)
    while waiting:
        path = waiting.pop()
        for name in _named_in(subject, path):
            for found in whole.get(name, ()):
                if found not in reached:
                    reached.add(found)
                    waiting.append(found)
    for path in subject.files:
        aside = (
            path.startswith(manifests.I18N) or _LICENCE.search(path) or path.lower().endswith((".md", ".txt", ".map"))
        )
        if path not in reached and not aside and not (computed and not path.lower().endswith((".js", ".mjs", ".html"))):
            yield Hit("R-FILE-DEAD", path)


def _by_name(subject: Subject) -> Mapping[str, tuple[str, ...]]:
    """Files by their last name, with and without its extension: how they are named is left to the reader."""
    found: dict[str, list[str]] = {}
    for path in subject.files:
        name = posixpath.basename(path)
        for key in {name, name.rpartition(".")[0]} - {""}:
            found.setdefault(key, []).append(path)
    return {key: tuple(paths) for key, paths in found.items()}


def _named_in(subject: Subject, path: str) -> set[str]:
    source = subject.texts.get(path)
    if source is None:
        return set()
    said = (found[1].partition("?")[0].partition("#")[0] for found in _STRING.finditer(source.text))
    parts = {part for one in said for part in (posixpath.basename(one.rstrip("/")),) if part}
    for script in subject.scripts:
        if script.source.path == path:
            parts |= {posixpath.basename(value.partition("?")[0]) for _, value in script.literals() if len(value) < 200}
    return parts


def types(subject: Subject) -> Iterator[Hit]:
    for path, raw in subject.files.items():
        signs = _SIGNS.get(posixpath.splitext(path)[1].lower())
        if signs and not raw.startswith(signs):
            yield Hit("R-FILE-CONTENT", path)
        elif not signs and raw.startswith((b"MZ\x90", b"\x7fELF", b"PK\x03\x04", b"#!/")):
            yield Hit("R-FILE-CONTENT", path)
        elif path.lower().endswith((".js", ".mjs")) and path not in subject.texts:
            yield Hit("R-JS-SYNTAX", path, seen="UTF-8")
        if path.lower().endswith(".map"):
            yield Hit("R-SOURCE-MAP", path)
    for path, source in subject.texts.items():
        if path.lower().endswith((".js", ".mjs", ".css")) and (found := _SOURCE_MAP.search(source.text)):
            yield source.hit("R-SOURCE-MAP", found.start())


def licences(subject: Subject) -> Iterator[Hit]:
    components, wrong = _components(subject.files.get(SBOM))
    if wrong:
        yield Hit("R-SBOM", SBOM, seen=wrong)
    beside = {posixpath.dirname(path) for path in subject.files if _LICENCE.search(path)}
    for path, source in subject.texts.items():
        if not path.lower().endswith((".js", ".mjs", ".css")) or not _VENDORED.search(path):
            continue
        folders = {posixpath.dirname(path), posixpath.dirname(posixpath.dirname(path)), ""}
        if not folders & beside and not _TOLD.search(source.text) and not components:
            yield Hit("R-LICENCE", path)
    if SBOM in subject.files:
        return
    for script in subject.scripts:
        if _minified(script):
            yield Hit("R-MINIFIED", script.source.path)


def altered(subject: Subject) -> Iterator[Hit]:
    """Copies of @citytong/sdk that are none of its published forms: they take the host's line and offer its names."""
    for path, source in subject.texts.items():
        if path.endswith((".js", ".mjs")) and path not in subject.kit and _LINE_OF_KIT in source.text:
            if any(_NAME_OF_KIT.search(exported[1]) for exported in _EXPORTS.finditer(source.text)):
                yield Hit("R-SDK-ALTERED", path)


def _minified(script: Script) -> bool:
    size = len(script.text)
    return size > 20_000 and size > script.text.count("\n") * _LONG_LINE


def _components(raw: bytes | None) -> tuple[int, str]:
    """How many components a CycloneDX file names, and what is wrong with it."""
    if raw is None:
        return 0, ""
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return 0, "JSON"
    if not isinstance(told, dict) or told.get("bomFormat") != "CycloneDX":
        return 0, "bomFormat"
    if not re.fullmatch(r"1\.[4-9]", str(told.get("specVersion"))):
        return 0, "specVersion"
    components = told.get("components", [])
    if not isinstance(components, list):
        return 0, "components"
    for number, one in enumerate(components):
        if not isinstance(one, dict) or not all(isinstance(one.get(key), str) for key in ("type", "name")):
            return len(components), f"components[{number}]"
        if not isinstance(one.get("licenses"), list) or not one["licenses"]:
            return len(components), f"components[{number}].licenses"
    return len(components), ""
