"""What a review says: findings, each of one rule at one place, in both languages of the city.

A finding never holds a secret that it found: only its kind and where it stands. The JSON form is what
`tong lint --json` prints and what the city keeps of a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """An error refuses a version; a warning is looked at by the officer who reviews it; a note is advice."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Profile(StrEnum):
    """`dev`: while one builds, some rules are milder and can be silenced. `review`: what the city asks."""

    DEV = "dev"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Text:
    zh: str
    en: str

    def json(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Finding:
    """path: of the package, empty for all of it. line and column: from 1, in code points; 0 where there is none."""

    rule: str
    severity: Severity
    path: str
    line: int
    column: int
    message: Text
    advice: Text

    @property
    def docs(self) -> str:
        """The anchor of the rule in docs/sdk/review-rules.md."""
        return docs_of(self.rule)

    def json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "message": self.message.json(),
            "advice": self.advice.json(),
            "docs": self.docs,
        }


def from_json(json: Mapping[str, Any]) -> Finding:
    """What `Finding.json` wrote. Raises: KeyError, TypeError, ValueError for anything else."""
    return Finding(
        rule=str(json["rule"]),
        severity=Severity(json["severity"]),
        path=str(json["path"]),
        line=int(json["line"]),
        column=int(json["column"]),
        message=Text(**json["message"]),
        advice=Text(**json["advice"]),
    )


def docs_of(rule: str) -> str:
    return f"https://open.city.example/docs/sdk/review-rules#{rule.lower()}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule met at a place. seen: a name, a number or a code, in no language, and never a secret."""

    rule: str
    path: str = ""
    line: int = 0
    column: int = 0
    seen: str = ""
