"""The list of programs and versions that may no longer run: signed, numbered, and good for a while.

An old list shown again is refused by its number, a list that nobody renews by its age.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from . import jws
from .encoding import canonical, json_object
from .errors import REVOCATIONS_STALE, REVOKED, STATEMENT, BundleError

TYP: Final = "mini-revocations+jws"
# A host whose clock runs behind the city's does not take a new list for one of the future.
CLOCK_SKEW_S: Final = 300


@dataclass(frozen=True, slots=True)
class Revocations:
    """`sequence` grows with every list; `issued_at` in seconds of Unix time; `max_age` in seconds."""

    sequence: int
    issued_at: int
    max_age: int
    apps: frozenset[str] = frozenset()
    versions: frozenset[tuple[str, int]] = frozenset()

    def check(self, app_id: str, version_code: int) -> None:
        """Raises: BundleError REVOKED."""
        if app_id in self.apps:
            raise BundleError(REVOKED, app_id)
        if (app_id, version_code) in self.versions:
            raise BundleError(REVOKED, app_id, f"version {version_code}")

    def floor(self, app_id: str, seen: Iterable[int]) -> int:
        """The lowest version that may still run where these ran: the highest of them that was not taken back.

        So citizens go back from a version that was rolled back, and from nothing else.
        """
        return max((code for code in seen if (app_id, code) not in self.versions), default=0)


def sign(revocations: Revocations, *, key: jws.PrivateKey, kid: str) -> str:
    """The list as it is published, a compact JWS."""
    listed = {
        "sequence": revocations.sequence,
        "issued_at": revocations.issued_at,
        "max_age": revocations.max_age,
        "apps": sorted(revocations.apps),
        "versions": [{"app_id": app_id, "code": code} for app_id, code in sorted(revocations.versions)],
    }
    return jws.sign(canonical(listed), key, typ=TYP, kid=kid)


def read(text: str, *, keys: jws.Keys, now: int, seen_sequence: int = 0) -> Revocations:
    """The list in `text`, when it is fresh and no older than the one seen last.

    Raises: BundleError JWS, KEY_UNKNOWN, SIGNATURE, STATEMENT, REVOCATIONS_STALE.
    """
    found = _parsed(jws.verify(text, keys, typ=TYP))
    if found.sequence < seen_sequence:
        raise BundleError(REVOCATIONS_STALE, detail=f"number {found.sequence} after {seen_sequence}")
    if not found.issued_at - CLOCK_SKEW_S <= now <= found.issued_at + found.max_age:
        raise BundleError(REVOCATIONS_STALE, detail="not of this time")
    return found


def _parsed(payload: bytes) -> Revocations:
    try:
        match json_object(payload):
            case {
                "sequence": int(sequence),
                "issued_at": int(issued_at),
                "max_age": int(max_age),
                "apps": list(apps),
                "versions": list(versions),
            } if all(isinstance(app, str) for app in apps):
                return Revocations(
                    sequence=sequence,
                    issued_at=issued_at,
                    max_age=max_age,
                    apps=frozenset(apps),
                    versions=frozenset(map(_version, versions)),
                )
    except ValueError:
        pass
    raise BundleError(STATEMENT, "revocations")


def _version(item: object) -> tuple[str, int]:
    match item:
        case {"app_id": str(app_id), "code": int(code)}:
            return app_id, code
    raise ValueError("not a version")
