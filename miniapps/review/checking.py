"""A package in, findings out: each rule asked once, in one order, whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from . import (
    contents,
    credentials,
    documents,
    domains,
    names,
    operations,
    packages,
    permissions,
    scripts,
    silencing,
    styles,
    words,
)
from .finding import Finding, Hit, Profile
from .subject import Known, Subject

Look = Callable[[Subject], Iterable[Hit]]

# Of one rule in one file no more is told: who has twenty to mend knows the rule.
OF_ONE_RULE_MAX: Final = 20
FINDINGS_MAX: Final = 2000

LOOKS: Final[tuple[Look, ...]] = (
    packages.manifest,
    packages.sizes,
    names.names,
    names.icons,
    words.reasons,
    words.privacy,
    words.hidden,
    credentials.secrets,
    scripts.scripts,
    documents.pages,
    documents.access,
    styles.styles,
    styles.dark,
    permissions.permissions,
    domains.domains,
    operations.operations,
    contents.types,
    contents.licences,
    contents.altered,
    contents.dead,
)


def check(
    package: bytes | Mapping[str, bytes],
    *,
    profile: Profile | str = Profile.REVIEW,
    schema: str | None = None,
    known: Known | None = None,
) -> list[Finding]:
    """What the rules say of `package`: an archive (`.ma`), or the files of one by path.

    schema: the city's graph as SDL, against which documents are read (needs `graphql-core`); None: they are not.
    The same input gives the same findings in the same order, by path, line, column and rule; of one rule in one file
    twenty at most. Time is linear in the bytes of the package, and nothing is read or written besides. A package that
    cannot be opened has findings, too; a file of the city's own SDK has none, unless it was altered.
    """
    files, hits = packages.opened(package)
    subject = Subject(files, schema=schema, known=known or Known())
    if files:
        hits += [hit for look in LOOKS for hit in look(subject) if hit.path not in subject.kit]
    found = set(silencing.findings(subject, _bounded(hits), Profile(profile)))
    return sorted(found, key=_order)[:FINDINGS_MAX]


def _bounded(hits: Iterable[Hit]) -> Iterator[Hit]:
    met: Counter[tuple[str, str]] = Counter()
    for hit in hits:
        met[hit.rule, hit.path] += 1
        if met[hit.rule, hit.path] <= OF_ONE_RULE_MAX:
            yield hit


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.line, finding.column, finding.rule, finding.message.en
