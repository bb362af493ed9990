"""Trusted publishers: which runs of CI systems hand in a program's versions; and a run that has come.

Rules
- A publisher is an issuer and claims of its ID tokens, each with its exact value. One of them names a repository or a
  project: an issuer speaks for everybody who builds there.
- A run may bring one key. It signs while the run lives, and one package in all: the first that is taken with it.
- Of a run what is kept says which code was built, where and by which workflow. Who pressed the button is not kept.
Source: docs/decisions/0071-a-run-signs-by-a-key-of-its-own.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from core.errors import BadInput
from core.jose import Jwk

PUBLISHERS_MAX: Final = 20
CLAIMS_MAX: Final = 10
_CLAIM_LENGTH_MAX: Final = 255
# GitHub's, GitLab's; `sub` of any other.
IDENTIFYING: Final = frozenset({"sub", "repository", "repository_id", "project_path", "project_id"})
# Others than these are checked for every token.
_OF_TOKENS: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,63}")
# What is told of a run besides what its publisher asks for.
_TOLD: Final = (
    "repository",
    "project_path",
    "ref",
    "sha",
    "workflow_ref",
    "ci_config_ref_uri",
    "environment",
    "run_id",
    "run_attempt",
    "pipeline_id",
    "job_id",
)


@dataclass(frozen=True, slots=True)
class Publisher:
    """issuer: as its ID tokens say `iss`. claims: by name, what they must say, letter for letter. by: `dev_…`. used_at:
    when its last run was let in.
    """

    id: str
    app_id: str
    organisation: str
    issuer: str
    claims: Mapping[str, str]
    by: str
    added_at: datetime
    used_at: datetime | None = None

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token of its issuer is of such a run."""
        return all(claims.get(name) == value for name, value in self.claims.items())


@dataclass(frozen=True, slots=True)
class Run:
    """A run that came. told: of its claims, those that are kept. jwk: the key that it brought. package: SHA-256 of the
    one that it signed; empty before.
    """

    id: str
    publisher: str
    app_id: str
    organisation: str
    issuer: str
    told: Mapping[str, str]
    at: datetime
    expires_at: datetime
    jwk: Jwk | None = field(default=None, repr=False)
    package: str = ""

    @property
    def kid(self) -> str:
        """Of its key; empty without one."""
        return str(self.jwk["kid"]) if self.jwk else ""

    def lives(self, now: datetime) -> bool:
        return now < self.expires_at


def parse_claims(found: object) -> dict[str, str]:
    """What a publisher asks of its tokens. Raises: BadInput."""
    if not isinstance(found, dict) or not 0 < len(found) <= CLAIMS_MAX:
        raise _bad(f"must be an object of 1 to {CLAIMS_MAX} claims")
    for name, value in found.items():
        if not _NAME.fullmatch(name) or name in _OF_TOKENS:
            raise _bad("has a name that it cannot have; iss, aud and times are checked always")
        if not isinstance(value, str) or not 0 < len(value) <= _CLAIM_LENGTH_MAX or not value.isprintable():
            raise _bad(f"must have texts of 1 to {_CLAIM_LENGTH_MAX} characters as values")
    if not IDENTIFYING & found.keys():
        raise _bad(f"must name whose run it is, by one of {', '.join(sorted(IDENTIFYING))}")
    return dict(found)


def told_of(claims: Mapping[str, Any], publisher: Publisher) -> dict[str, str]:
    """What is kept of a run's claims."""
    wanted = dict.fromkeys((*publisher.claims, *_TOLD))
    found = ((name, claims.get(name)) for name in wanted)
    return {name: value[:_CLAIM_LENGTH_MAX] for name, value in found if isinstance(value, str) and value}


def _bad(problem: str) -> BadInput:
    return BadInput(field="claims", problem=problem)
