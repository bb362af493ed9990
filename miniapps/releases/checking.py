"""Whether a package may be released: signed by its organisation, of one reading, and with pages that keep the rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.locale import Locale
from miniapps.bundles import errors as faults
from miniapps.bundles import manifest as manifests
from miniapps.bundles import names
from miniapps.bundles.errors import BundleError
from miniapps.bundles.policy import page_hashes
from miniapps.bundles.statement import Submission, submitted
from miniapps.releases.errors import NotTheDevelopers, PackageInvalid
from miniapps.releases.model import Icon, Organisation, Words, icon_of
from miniapps.releases.signing import public_keys

ICON_BYTES_MAX: Final = 256 * 1024
# What says that somebody else signed it, or signed something else.
_NOT_THEIRS: Final = frozenset({faults.KEY_UNKNOWN, faults.SIGNATURE})

# The city draws icons in its own document. An SVG that draws a part of itself again and again, by <use>, <marker>,
# <mask>, <pattern> or <clipPath>, freezes it with two kilobytes (measured in Chromium 156): shapes and colours alone.
ICON_RULE: Final = "ICON"
_SVG: Final = "image/svg+xml"
_SHAPES: Final = frozenset(
    "circle defs desc ellipse g line linearGradient path polygon polyline radialGradient rect stop svg text title "
    "tspan".split()
)
_XML_BEGINNING: Final = re.compile(
    r"\s*<\?xml version=[\"']1\.0[\"'](?:\s+encoding=[\"']utf-8[\"'])?\s*\?>", re.IGNORECASE
)
_COMMENT: Final = re.compile(r"<!--(?:(?!--).)*-->", re.DOTALL)
_ELEMENT: Final = re.compile(r"<(?!/)([^\s/>]*)")


@dataclass(frozen=True, slots=True)
class Checked:
    """A package that may be released, and what the city keeps of it. icon: None where none is small enough."""

    submission: Submission
    words: Mapping[Locale, Words]
    reasons: Mapping[Locale, Mapping[str, str]] = field(repr=False)
    titles: Mapping[Locale, str] = field(repr=False)
    tabs: Mapping[Locale, Sequence[str]] = field(repr=False)
    icon: Icon | None

    @property
    def manifest(self) -> manifests.Manifest:
        return self.submission.manifest

    @property
    def manifest_text(self) -> bytes:
        return self.submission.files[manifests.FILE]

    @property
    def operations(self) -> bytes | None:
        """The documents that it asks the graph by; None where it has none."""
        path = self.manifest.operations
        return self.submission.files[path] if path else None


def checked(package: bytes, organisation: Organisation) -> Checked:
    """Raises: PackageInvalid, NotTheDevelopers."""
    try:
        submission = submitted(package, developer_keys=public_keys(organisation.keys))
        page_hashes(submission.files)
        _check_icons(submission)
    except BundleError as fault:
        if fault.code in _NOT_THEIRS:
            raise NotTheDevelopers(organisation=organisation.names[Locale.EN]) from fault
        raise PackageInvalid(rule=fault.code, where=fault.path, detail=fault.detail) from fault
    read = {locale: manifests.localised(submission.manifest, submission.files, locale.value) for locale in Locale}
    return Checked(
        submission=submission,
        words={locale: _words(one) for locale, one in read.items()},
        reasons={locale: _reasons(one) for locale, one in read.items()},
        titles={locale: one.window.navigation_bar_title_text for locale, one in read.items()},
        tabs={locale: tuple(tab.text for tab in one.tabs) for locale, one in read.items()},
        icon=_icon(submission),
    )


def _words(read: manifests.Manifest) -> Words:
    return Words(read.name, read.short_name or read.name, read.description)


def _reasons(read: manifests.Manifest) -> Mapping[str, str]:
    return {asked.name: asked.reason for asked in (*read.req_permissions, *read.opt_permissions)}


def _check_icons(submission: Submission) -> None:
    """Raises: PackageInvalid."""
    asked = submission.manifest
    drawn = {icon.src for icon in asked.icons} | {path for tab in asked.tabs for path in (tab.icon, tab.icon_selected)}
    for path in sorted(drawn - {""}):
        if names.check_type(path) == _SVG and (other := _no_shape(submission.files[path])):
            raise PackageInvalid(rule=ICON_RULE, where=path, detail=f"an icon holds shapes and colours alone: {other}")


def _no_shape(svg: bytes) -> str:
    """What in a picture is neither a shape nor a colour; empty where nothing is."""
    try:
        text = svg.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return "it is not UTF-8"
    rest = _COMMENT.sub("", _XML_BEGINNING.sub("", text, count=1))
    return next((f"<{name[:32]}>" for name in _ELEMENT.findall(rest) if name not in _SHAPES), "")


def _icon(submission: Submission) -> Icon | None:
    """The first that is a picture and small enough."""
    for icon in submission.manifest.icons:
        raw, media_type = submission.files[icon.src], names.check_type(icon.src)
        if media_type.startswith("image/") and len(raw) <= ICON_BYTES_MAX:
            return icon_of(raw, media_type)
    return None
