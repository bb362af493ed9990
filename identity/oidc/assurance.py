"""What the city vouches for: a citizen's own name and birth date, with the evidence (`verified_claims`).

Rules
- There is one trust framework, the city's real names. A wish for another one, or under a condition that the city
  does not promise to meet (a source, an age of the evidence), is met by nothing, and the rest of the request goes on.
- Evidence and its time are told only where they are asked for, and consented to by themselves.
- Nothing is vouched for that rests on no evidence which counts now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.oauth import OAuthError
from identity.levels import LEVELS
from identity.model import REGISTER_LEVEL, Citizen
from identity.oidc.model import VERIFIED, VERIFIED_BIRTHDATE, VERIFIED_NAME, acr_of

TRUST_FRAMEWORK: Final = "urn:city:real-name"
EVIDENCE_TYPE: Final = "electronic_record"
CHECK_METHOD: Final = "data"
RECORD_TYPES: Final = tuple(kind.value.lower() for kind, level in LEVELS.items() if level >= REGISTER_LEVEL)
# Each proven claim by the name that it has within `verified_claims`.
PROVEN: Final[Mapping[str, str]] = {"name": VERIFIED_NAME, "birthdate": VERIFIED_BIRTHDATE}
_CONDITIONS: Final = frozenset({"value", "values", "max_age"})
_REQUESTS_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Backing:
    """One piece of evidence. kind: how it was found out (`register`). source: who said so. at: when."""

    kind: str
    source: str
    at: datetime
    expires_at: datetime | None = None


async def account_evidence(citizen: Citizen) -> Sequence[Backing]:
    """As the account itself keeps it."""
    return [
        Backing(kept.kind.value.lower(), kept.source, kept.at, kept.expires_at)
        for kept in citizen.in_force
        if LEVELS[kept.kind] >= REGISTER_LEVEL
    ]


def wanted_verified(asked: object) -> frozenset[str]:
    """Which fields a `verified_claims` member asks for, and the city can tell. Raises: OAuthError.

    Source: OpenID Connect for Identity Assurance 1.0 §6.
    """
    requests = asked if isinstance(asked, list) else [asked]
    if not 0 < len(requests) <= _REQUESTS_MAX:
        raise _bad()
    return frozenset[str]().union(*(_wanted(request) for request in requests))


def vouched(
    citizen: Citizen, fields: frozenset[str], backings: Sequence[Backing], *, birthdate: str | None, now: datetime
) -> dict[str, Any] | None:
    """`verified_claims` with those fields; None where nothing can be vouched for."""
    live = [one for one in backings if one.expires_at is None or now < one.expires_at]
    values = {"name": citizen.name, "birthdate": birthdate}
    claims = {name: values[name] for name, field in PROVEN.items() if field in fields and values[name]}
    if not claims or not live or citizen.real_name_level < REGISTER_LEVEL:
        return None
    verification: dict[str, Any] = {"trust_framework": TRUST_FRAMEWORK}
    if VERIFIED in fields:
        verification |= {
            "assurance_level": acr_of(citizen.real_name_level),
            "time": _time(max(one.at for one in live)),
            "evidence": [
                {
                    "type": EVIDENCE_TYPE,
                    "check_details": [{"check_method": CHECK_METHOD, "time": _time(one.at)}],
                    "record": {"type": one.kind, "source": {"name": one.source}},
                }
                for one in live
            ],
        }
    return {"verification": verification, "claims": claims}


def _wanted(request: object) -> frozenset[str]:
    verification = request.get("verification") if isinstance(request, dict) else None
    claims = request.get("claims") if isinstance(request, dict) else None
    if not isinstance(verification, dict) or not isinstance(claims, dict) or not claims:
        raise _bad()
    rest = {name: wish for name, wish in verification.items() if name != "trust_framework"}
    if not _ours(verification.get("trust_framework")) or not _evidence_will_do(rest.pop("evidence", None)):
        return frozenset()
    if any(_conditional(wish) for wish in rest.values()):
        return frozenset()
    proven = {PROVEN[name] for name, wish in claims.items() if name in PROVEN and not _conditional(wish)}
    told = {"evidence", "time", "assurance_level"} & verification.keys()
    return frozenset(proven | {VERIFIED}) if proven and told else frozenset(proven)


def _ours(wish: object) -> bool:
    if not isinstance(wish, dict):
        return wish is None
    return TRUST_FRAMEWORK in _values(wish) or not _CONDITIONS & wish.keys()


def _evidence_will_do(wish: object) -> bool:
    """One of the kinds of evidence that are asked for must be ours, under no further condition."""
    if wish is None:
        return True
    if not isinstance(wish, list) or not all(isinstance(one, dict) for one in wish):
        raise _bad()
    return any(
        _typed(one.get("type")) and not any(_conditional(more) for name, more in one.items() if name != "type")
        for one in wish
    )


def _typed(wish: object) -> bool:
    return wish is None or (isinstance(wish, dict) and EVIDENCE_TYPE in _values(wish))


def _values(wish: Mapping[str, Any]) -> list[Any]:
    values = wish.get("values", [wish.get("value")])
    return values if isinstance(values, list) else []


def _conditional(wish: object) -> bool:
    """Whether anything in it is wanted so and not otherwise."""
    if isinstance(wish, list):
        return any(_conditional(one) for one in wish)
    if isinstance(wish, dict):
        return bool(_CONDITIONS & wish.keys()) or any(_conditional(one) for one in wish.values())
    return False


def _time(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _bad() -> OAuthError:
    return OAuthError("invalid_request", "verified_claims must hold verification and at least one claim")
