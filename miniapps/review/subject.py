"""A package that is looked at: its files, its manifest as far as one can be read, and what the caller knows besides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ..bundles import manifest as manifests
from ..bundles.encoding import json_object
from ..bundles.errors import BundleError
from ..bundles.html import JAVASCRIPT_TYPES
from . import markup
from .javascript import Script
from .published import KIT
from .sources import Source, decoded

# What is read as text: rules of words, hidden characters and secrets look here.
TEXT_TYPES: Final = (".js", ".mjs", ".html", ".css", ".json", ".md", ".txt", ".csv", ".svg", ".map", ".webmanifest")
SCRIPT_TYPES: Final = (".js", ".mjs")


@dataclass(frozen=True, slots=True)
class Known:
    """What the package does not say. `None`: not known here, so that what depends on it is a note or is not asked.

    previous_code: the highest version.code before. proved: hosts whose ownership was proven. names: of other programs,
    and whose they are (an app id). icons: SHA-256 (hex) of other programs' icons, and whose. depth, fields: the quota
    of one document.
    """

    previous_code: int | None = None
    proved: frozenset[str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    icons: Mapping[str, str] = field(default_factory=dict)
    depth: int = 12
    fields: int = 200


class Subject:
    """files: by path, in the order of their names. schema: the graph's SDL, where the caller has it."""

    def __init__(self, files: Mapping[str, bytes], *, schema: str | None, known: Known) -> None:
        self.files = dict(sorted(files.items()))
        self.schema = schema
        self.known = known

    @cached_property
    def raw_manifest(self) -> Mapping[str, object]:
        """The manifest's JSON; empty where it cannot be read."""
        try:
            return json_object(self.files.get(manifests.FILE, b""))
        except ValueError:
            return {}

    @cached_property
    def manifest(self) -> manifests.Manifest | None:
        """None where it is refused."""
        try:
            return manifests.read(self.files.get(manifests.FILE, b""))
        except BundleError:
            return None

    def of_type(self, *extensions: str) -> Mapping[str, bytes]:
        return {path: raw for path, raw in self.files.items() if path.lower().endswith(extensions)}

    @cached_property
    def kit(self) -> frozenset[str]:
        """Paths of files that are published forms of @citytong/sdk, to the byte: nobody here can mend them."""
        found = self.of_type(*SCRIPT_TYPES).items()
        return frozenset(path for path, raw in found if hashlib.sha256(raw).hexdigest() in KIT)

    @cached_property
    def texts(self) -> Mapping[str, Source]:
        """Every file of text that is UTF-8."""
        read = ((path, decoded(raw)) for path, raw in self.of_type(*TEXT_TYPES).items())
        return {path: Source(path, text) for path, text in read if text is not None}

    @cached_property
    def pages(self) -> Mapping[str, markup.Page]:
        """Every page whose markup is taken; `refused_pages` has the others."""
        return {path: page for path, page in self._pages.items() if isinstance(page, markup.Page)}

    @cached_property
    def refused_pages(self) -> Mapping[str, BundleError]:
        return {path: page for path, page in self._pages.items() if isinstance(page, BundleError)}

    @cached_property
    def _pages(self) -> Mapping[str, markup.Page | BundleError]:
        found: dict[str, markup.Page | BundleError] = {}
        for path, raw in self.of_type(".html").items():
            try:
                found[path] = markup.read(self.texts.get(path) or Source(path, ""), raw)
            except BundleError as refused:
                found[path] = refused
        return found

    @cached_property
    def scripts(self) -> tuple[Script, ...]:
        """Every script: files, then those that stand in pages."""
        files = [Script(source) for path, source in self.texts.items() if path.lower().endswith(SCRIPT_TYPES)]
        return (*files, *self._inline())

    def _inline(self) -> Iterable[Script]:
        for page in self.pages.values():
            for element in page.named("script"):
                kind = element.attributes.get("type", "").strip().lower()
                if "src" not in element.attributes and kind in JAVASCRIPT_TYPES:
                    yield Script(page.source, *element.inner)
