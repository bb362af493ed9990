"""Comments that silence a rule on their line and the next: while one builds; at review they are only told.

`citytong-ignore R-… why` in any comment. `citytong-allow-secret why` says that what looks random is no secret:
`R-SECRET-NAMED` is a note there, in both profiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .credentials import allowed
from .finding import Finding, Hit, Profile, Severity
from .rules import RULES
from .subject import Subject

_IGNORE: Final = re.compile(r"citytong-ignore[ \t]{1,8}(?P<rule>R-[A-Z0-9-]{1,40})(?P<why>[^\r\n]{0,200})")
_CLOSES: Final = re.compile(r"\*/|-->")


def findings(subject: Subject, hits: Iterable[Hit], profile: Profile) -> Iterator[Finding]:
    silent, told = _silent(subject)
    for hit in (*hits, *told.values()):
        rule = RULES[hit.rule]
        source = subject.texts.get(hit.path)
        if profile is Profile.DEV and {(hit.path, hit.line, hit.rule), (hit.path, hit.line - 1, hit.rule)} & silent:
            continue
        if hit.rule == "R-SECRET-NAMED" and source is not None and allowed(source, hit.line):
            yield rule.finding(hit, profile, Severity.NOTE)
        elif hit.rule == "R-DOMAIN-UNPROVED" and subject.known.proved is None:
            yield rule.finding(hit, profile, Severity.NOTE)
        elif hit.rule != "R-IGNORE" or profile is Profile.REVIEW or not _has_reason(hit, silent):
            yield rule.finding(hit, profile)


def _has_reason(hit: Hit, silent: set[tuple[str, int, str]]) -> bool:
    return (hit.path, hit.line, hit.seen) in silent


def _silent(subject: Subject) -> tuple[set[tuple[str, int, str]], Mapping[tuple[str, int], Hit]]:
    """What is silenced with a reason, and every comment that would."""
    silent: set[tuple[str, int, str]] = set()
    told: dict[tuple[str, int], Hit] = {}
    for path, source in subject.texts.items():
        for found in _IGNORE.finditer(source.text):
            line = source.place(found.start())[0]
            told.setdefault((path, line), source.hit("R-IGNORE", found.start(), found["rule"]))
            if _CLOSES.split(found["why"])[0].strip():
                silent.add((path, line, found["rule"]))
    return silent, told
