"""Programs, the organisations that build them, their releases, and how a release may change.

Rules
- A program belongs to one organisation for ever, and so does its app key, from which its origin follows.
- Version codes only grow, also past a release that was revoked.
- One release of a program runs, or none. The next one supersedes it; who runs an older one may end with it. A revoked
  one runs nowhere, and a revoked program has no release again.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

from core.locale import Locale
from miniapps.bundles import manifest as manifests
from miniapps.bundles.hashing import root_prefix
from miniapps.releases.errors import CannotChange

Jwk: TypeAlias = Mapping[str, Any]


class Category(StrEnum):
    """What a program is for, where citizens look for it."""

    GOVERNMENT = "government"
    TRANSPORT = "transport"
    HEALTH = "health"
    EDUCATION = "education"
    ENVIRONMENT = "environment"
    CULTURE = "culture"
    LIVING = "living"
    COMMERCE = "commerce"
    OTHER = "other"


class ReleaseState(StrEnum):
    RELEASED = "released"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


# What a release may become. Whoever decides about it before it is released adds the states from there on.
TRANSITIONS: Final[Mapping[ReleaseState, frozenset[ReleaseState]]] = {
    ReleaseState.RELEASED: frozenset({ReleaseState.SUPERSEDED, ReleaseState.REVOKED}),
    ReleaseState.SUPERSEDED: frozenset({ReleaseState.REVOKED}),
    ReleaseState.REVOKED: frozenset(),
}
# Those whose files are served: a citizen who runs an older release may end with it.
SERVED: Final = frozenset({ReleaseState.RELEASED, ReleaseState.SUPERSEDED})


def check_becomes(before: ReleaseState, after: ReleaseState) -> None:
    """Raises: CannotChange."""
    if after not in TRANSITIONS[before]:
        raise CannotChange(before=before.value, after=after.value)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who builds programs. verified: whether the city knows that it is who it says.

    keys: the public keys that it signs packages with; key_id: thumbprint of the one that it came with.
    """

    id: str
    names: Mapping[Locale, str]
    verified: bool
    key_id: str
    keys: Sequence[Jwk] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """What a program is called in one language."""

    name: str
    short_name: str
    description: str


@dataclass(frozen=True, slots=True)
class Icon:
    """A picture that stands for a program, by the hash of its bytes."""

    sha256: str
    media_type: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Program:
    """newest_code: the highest version code that was ever published. current: the release that runs; None: none does.

    icon: hash of its picture; empty without one.
    """

    app_id: str
    app_key: str
    organisation: str
    category: Category
    words: Mapping[Locale, Words]
    icon: str
    version_name: str
    newest_code: int
    current: str | None
    revoked: bool = False

    def in_(self, locale: Locale) -> Words:
        return self.words[locale]


@dataclass(frozen=True, slots=True)
class Release:
    """One published version.

    package_sha256: of the package's bytes without its signing block. files_h1: of the files in it. size: of the whole
    package as it is handed out, in bytes. manifest_text: the manifest's own bytes. reasons: why it asks for each
    permission, by name. titles: of its bar, empty where the manifest gives none. granted: names of the permissions
    that the city granted it. log_index: of its leaf in the transparency log.
    because: why it was revoked.
    """

    id: str
    app_id: str
    app_key: str
    organisation: str
    version_name: str
    version_code: int
    state: ReleaseState
    package_sha256: str
    files_h1: str
    size: int
    manifest_text: bytes = field(repr=False)
    reasons: Mapping[Locale, Mapping[str, str]] = field(repr=False)
    titles: Mapping[Locale, str] = field(repr=False)
    granted: frozenset[str]
    log_index: int
    at: datetime
    by: str
    because: str = ""

    @property
    def root(self) -> str:
        """The first part of the path of every file of it."""
        return root_prefix(self.files_h1)

    @property
    def manifest(self) -> manifests.Manifest:
        """As it was understood when the release was published."""
        return _understood(self.manifest_text)

    def told_in(self, locale: Locale) -> dict[str, Any]:
        """The manifest as hosts are told it: with the bar's title in the reader's language."""
        told: dict[str, Any] = orjson.loads(self.manifest_text)
        if title := self.titles[locale]:
            told["window"] = {**told.get("window", {}), "navigation_bar_title_text": title}
        return told


@lru_cache(maxsize=256)
def _understood(text: bytes) -> manifests.Manifest:
    """Every call of a running program asks for the few that run."""
    return manifests.read(text)


@dataclass(frozen=True, slots=True)
class Revocation:
    """sequence: how many there were then. version_code: None where the whole program is revoked."""

    sequence: int
    app_id: str
    version_code: int | None
    reason: str
    at: datetime


def icon_of(raw: bytes, media_type: str) -> Icon:
    return Icon(hashlib.sha256(raw).hexdigest(), media_type, raw)


# --- looking for programs

SEARCH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Found:
    """A program and its place in a list: better ones first."""

    key: str
    program: Program


def found(programs: Iterable[Program], *, search: str, category: Category | None, locale: Locale) -> list[Found]:
    """Those that fit, in order. search: in any language of the city; empty: all of them."""
    wanted = folded(search)
    fitting = ((program, _rank(program, wanted)) for program in programs if category in (None, program.category))
    listed = [
        Found(f"{rank}{_folded_once(program.in_(locale).name)}\0{program.app_id}", program)
        for program, rank in fitting
        if rank is not None
    ]
    return sorted(listed, key=lambda one: one.key)


def _rank(program: Program, wanted: str) -> int | None:
    """0: its name begins so, 1: a name holds it, 2: its description or its id does; None: nothing does."""
    names = [_folded_once(text) for words in program.words.values() for text in (words.name, words.short_name)]
    if any(name.startswith(wanted) for name in names):
        return 0
    if any(wanted in name for name in names):
        return 1
    others = (program.app_id, *(words.description for words in program.words.values()))
    return 2 if any(wanted in _folded_once(text) for text in others) else None


def folded(text: str) -> str:
    """As texts are compared: compatible forms and cases are one, and blanks count for nothing."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


# What programs say of themselves is folded once, not for each who looks for something: eight texts of 5,000 programs.
_folded_once: Final = lru_cache(maxsize=40_000)(folded)
