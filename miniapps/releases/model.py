"""Programs, the organisations that build them, their releases, and how a release may change.

Rules
- A program belongs to one organisation for ever, and so does its app key, from which its origin follows.
- Version codes only grow, also past a release that was revoked.
- One release of a program runs, or none. The next one supersedes it; who runs an older one may end with it. A revoked
  one runs nowhere, and a revoked program has no release again.
- Beside the one that runs, one may be rolled out to a share of citizens, which only grows, and one may be tried by
  those who build it. When the newest is rolled back, the one before it runs again.
Source: docs/decisions/0061-a-version-reaches-citizens-by-a-draw-that-stays.md
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """TRIAL: for those who build it. ROLLING: for a share of citizens, beside the one that is released."""

    TRIAL = "trial"
    ROLLING = "rolling"
    RELEASED = "released"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


# What a release may become. A superseded one is released again where the one after it is rolled back.
TRANSITIONS: Final[Mapping[ReleaseState, frozenset[ReleaseState]]] = {
    ReleaseState.TRIAL: frozenset(
        {ReleaseState.ROLLING, ReleaseState.RELEASED, ReleaseState.SUPERSEDED, ReleaseState.REVOKED}
    ),
    ReleaseState.ROLLING: frozenset({ReleaseState.RELEASED, ReleaseState.SUPERSEDED, ReleaseState.REVOKED}),
    ReleaseState.RELEASED: frozenset({ReleaseState.SUPERSEDED, ReleaseState.REVOKED}),
    ReleaseState.SUPERSEDED: frozenset({ReleaseState.RELEASED, ReleaseState.REVOKED}),
    ReleaseState.REVOKED: frozenset(),
}
# Those whose files are served: a citizen who runs an older release may end with it.
SERVED: Final = frozenset(ReleaseState) - {ReleaseState.REVOKED}


def check_becomes(before: ReleaseState, after: ReleaseState) -> None:
    """Raises: CannotChange."""
    if after not in TRANSITIONS[before]:
        raise CannotChange(before=before.value, after=after.value)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who builds programs. verified: whether the city knows that it is who it says.

    keys: the public keys that it signs packages with; key_id: thumbprint of the one that it came with, empty until it
    has one. retiring: by key, from when on it signs nothing new; what it signed before is checked with it for ever.
    added: by key, since when it signs, where that is known.
    """

    id: str
    names: Mapping[Locale, str]
    verified: bool
    key_id: str
    keys: Sequence[Jwk] = field(repr=False)
    retiring: Mapping[str, datetime] = field(default_factory=dict)
    added: Mapping[str, datetime] = field(default_factory=dict)

    def signing(self, now: datetime) -> Organisation:
        """The same, with those of its keys alone that may sign now."""
        return replace(self, keys=tuple(key for key in self.keys if self._signs(key["kid"], now)))

    def _signs(self, kid: str, now: datetime) -> bool:
        ends = self.retiring.get(kid)
        return ends is None or now < ends


@dataclass(frozen=True, slots=True)
class PackageKey:
    """A public key that signed one package and signs no other: a run's of a CI system.

    package: SHA-256 of it without its signing block. publisher: who let the run in, `mtp_…`. released: or tried, so
    that others check it.
    """

    jwk: Jwk = field(repr=False)
    organisation: str
    app_id: str
    package: str
    publisher: str
    at: datetime
    released: bool = False


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


# A share of citizens is counted in hundredths of a percent.
WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rollout:
    """A release that some citizens get. share: of `WHOLE`. testers: those who are invited get it, and nobody else.

    paused: nobody more gets it; who has it keeps it. salt: makes each rollout's draw another one.
    """

    release: str
    version_code: int
    share: int
    salt: str
    testers: bool = False
    paused: bool = False

    def draws(self, *, openid: str, app_id: str) -> bool:
        """Whether a citizen is in the share, by the hash of how the program knows them: whoever is once, stays."""
        digest = hashlib.sha256(f"{openid}{app_id}{self.salt}".encode()).digest()
        return int.from_bytes(digest[:8]) % WHOLE < self.share


@dataclass(frozen=True, slots=True)
class Terms:
    """What the city settled about a program, whatever its version: permissions given and taken beside its review.

    districts: where it is filed (GB/T 2260), so where it is shown and opened; None: it is for the whole city.
    """

    given: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    districts: frozenset[str] | None = None

    def granted(self, at_review: frozenset[str]) -> frozenset[str]:
        return (at_review | self.given) - self.taken


@dataclass(frozen=True, slots=True)
class Approval:
    """What was decided about a package. granted: permissions, of those that it asks for. by: who decided.

    domains: those that it may speak to or show pictures of, of those that it asks for; None: all. review: the id of
    what decided it; empty: the release itself. not_before: None: at once.
    """

    granted: frozenset[str]
    by: str
    review: str = ""
    domains: frozenset[str] | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """newest_code: the highest version code that was ever published. current: the release that runs; None: none does.

    version_name, version_code: of the release that runs, and of the only one where none runs for all yet. icon: hash of
    its picture; empty without one. rollout: of a newer release; None: there is none. trial: the release that those who
    build it try.
    """

    app_id: str
    app_key: str
    organisation: str
    category: Category
    words: Mapping[Locale, Words]
    icon: str
    version_name: str
    version_code: int
    newest_code: int
    current: str | None
    revoked: bool = False
    rollout: Rollout | None = None
    trial: str | None = None

    def in_(self, locale: Locale) -> Words:
        return self.words[locale]


@dataclass(frozen=True, slots=True)
class Release:
    """One published version.

    package_sha256: of the package's bytes without its signing block. files_h1: of the files in it. size: of the whole
    package as it is handed out, in bytes. manifest_text: the manifest's own bytes. reasons: why it asks for each
    permission, by name. titles: of its bar, empty where the manifest gives none. tabs: what each says, in order.
    granted: names of the permissions that the city granted it. log_index: of its leaf in the transparency log.
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
    tabs: Mapping[Locale, Sequence[str]] = field(repr=False)
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
        """The manifest as hosts are told it: with the bar's title and the tabs in the reader's language."""
        told: dict[str, Any] = orjson.loads(self.manifest_text)
        if title := self.titles[locale]:
            told["window"] = {**told.get("window", {}), "navigation_bar_title_text": title}
        for number, text in enumerate(self.tabs.get(locale, ())):
            told["city_tab_bar"]["items"][number]["text"] = text
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


def placed(
    before: Program | None,
    release: Release,
    words: Mapping[Locale, Words],
    icon: Icon | None,
    rollout: Rollout | None = None,
    category: Category | None = None,
) -> Program:
    """The program, now that a release of it runs as its state says. words, icon: of the release.

    What citizens are shown is of the release that runs for all; of the only one, where none does yet.
    """
    released, tried = release.state is ReleaseState.RELEASED, release.state is ReleaseState.TRIAL
    newest, shown = before.newest_code if before else 0, released or before is None or before.current is None
    program = Program(
        app_id=release.app_id,
        app_key=release.app_key,
        organisation=release.organisation,
        category=category or (before.category if before else Category.OTHER),
        words=words,
        icon=icon.sha256 if icon else "",
        version_name=release.version_name,
        version_code=release.version_code,
        newest_code=newest if tried else max(newest, release.version_code),
        current=release.id if released else before.current if before else None,
        revoked=before.revoked if before else False,
        rollout=before.rollout if before and tried else rollout,
        trial=release.id if tried else None,
    )
    if shown or before is None:
        return program
    return replace(
        program,
        words=before.words,
        icon=before.icon,
        version_name=before.version_name,
        version_code=before.version_code,
    )


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
