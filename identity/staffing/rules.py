"""Who may do what to whom: the attribute rules of staff, as a table and one function.

Rules
- What an act needs stands in its row of `RULES`; what has no row is refused.
- Every row is of staff, and about somebody or something else than the officer themself.
- The order of the questions is fixed, so that who may not even ask learns nothing of the subject.
Source: NIST SP 800-162.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final, TypeAlias

from core.errors import DomainError, Forbidden, StepUpRequired
from core.principal import Principal, PrincipalKind
from identity.staffing.errors import OutOfHours, OutsideJurisdiction, OwnMatter
from identity.staffing.model import Alone, Kind

FRESH: Final = timedelta(minutes=5)

Deed: TypeAlias = Kind | Alone

INTERVENE: Final = "accounts:intervene"
HOLD: Final = "accounts:hold"
SUSPEND: Final = "organisations:suspend"
MANAGE: Final = "staff:manage"
CLIENTS: Final = "oidc:clients"
PROGRAMS: Final = "miniapps:revoke"
AUDIT: Final = "audit:read"


class Refusal(StrEnum):
    """Why not, in the order in which it is asked."""

    NOT_STAFF = "NOT_STAFF"
    NO_SCOPE = "NO_SCOPE"
    OWN_MATTER = "OWN_MATTER"
    OUTSIDE_JURISDICTION = "OUTSIDE_JURISDICTION"
    OTHER_DEPARTMENT = "OTHER_DEPARTMENT"
    OUT_OF_HOURS = "OUT_OF_HOURS"
    NOT_PROVEN = "NOT_PROVEN"
    DEVICE_COOLS = "DEVICE_COOLS"

    @property
    def error(self) -> DomainError:
        match self:
            case Refusal.NOT_STAFF | Refusal.NO_SCOPE:
                return Forbidden()
            case Refusal.OWN_MATTER:
                return OwnMatter()
            case Refusal.OUTSIDE_JURISDICTION | Refusal.OTHER_DEPARTMENT:
                return OutsideJurisdiction()
            case Refusal.OUT_OF_HOURS:
                return OutOfHours()
            # Proving it again by two factors is what makes a device known.
            case Refusal.NOT_PROVEN | Refusal.DEVICE_COOLS:
                return StepUpRequired(max_age_s=int(FRESH.total_seconds()), strong=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """scope: what the officer's role must give. place: their jurisdiction covers the subject's division.
    department: theirs is the subject's. in_hours: not outside of working hours, where the city sets such.
    proven: by two factors, the last of them within `FRESH`. known: not on a device that still cools off
    (identity.devices).
    """

    scope: str
    place: bool = False
    department: bool = False
    in_hours: bool = False
    proven: bool = True
    known: bool = True


RULES: Final[Mapping[Deed, Rule]] = {
    Alone.FREEZE: Rule(INTERVENE, place=True),
    Alone.UNFREEZE_OWN: Rule(INTERVENE, place=True),
    # Takes nothing away that signing in does not bring back, and may be urgent.
    Alone.END_SESSIONS: Rule(INTERVENE, place=True, known=False),
    Alone.READ_INTERVENTIONS: Rule(INTERVENE, place=True, proven=False, known=False),
    Alone.READ_STAFF: Rule(MANAGE, place=True, department=True, proven=False, known=False),
    Kind.ACCOUNT_FREEZE: Rule(INTERVENE, place=True),
    Kind.ACCOUNT_UNFREEZE: Rule(INTERVENE, place=True),
    Kind.ACCOUNT_END: Rule(INTERVENE, place=True, in_hours=True),
    Kind.ACCOUNT_HOLD: Rule(HOLD, place=True),
    Kind.ACCOUNT_HOLD_LIFT: Rule(HOLD, place=True, in_hours=True),
    Kind.ORGANISATION_SUSPEND: Rule(SUSPEND, place=True),
    Kind.ORGANISATION_RESUME: Rule(SUSPEND, place=True),
    Kind.STAFF_HIRE: Rule(MANAGE, place=True, department=True, in_hours=True),
    Kind.STAFF_ROLES: Rule(MANAGE, place=True, department=True, in_hours=True),
    Kind.STAFF_MOVE: Rule(MANAGE, place=True, department=True, in_hours=True),
    Kind.STAFF_SUSPEND: Rule(MANAGE, place=True, department=True),
    Kind.STAFF_REINSTATE: Rule(MANAGE, place=True, department=True, in_hours=True),
    Kind.OIDC_CLIENT_APPROVE: Rule(CLIENTS, in_hours=True),
    # A program that does harm does not wait for the morning.
    Kind.PROGRAM_VERSION_REVOKE: Rule(PROGRAMS),
    Kind.PROGRAM_REVOKE: Rule(PROGRAMS),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what it is about. place: a division's code. department: a USCC; both empty for what has none."""

    id: str
    place: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours, every day: from `opens`, before `closes`, where the city is."""

    opens: time
    closes: time
    zone: tzinfo

    def include(self, now: datetime) -> bool:
        return self.opens <= now.astimezone(self.zone).time() < self.closes


def permits(
    act: Deed, principal: Principal, subject: Subject, now: datetime, *, hours: Hours | None = None
) -> Refusal | None:
    """None when this officer may do this to `subject` now; else the first reason why not. hours: None for always."""
    rule = RULES.get(act)
    if principal.kind is not PrincipalKind.STAFF:
        return Refusal.NOT_STAFF
    if rule is None or rule.scope not in principal.scopes:
        return Refusal.NO_SCOPE
    if subject.id == principal.actor:
        return Refusal.OWN_MATTER
    if rule.place and not (principal.jurisdiction and principal.jurisdiction.covers(subject.place)):
        return Refusal.OUTSIDE_JURISDICTION
    if rule.department and not (principal.department and principal.department == subject.department):
        return Refusal.OTHER_DEPARTMENT
    if rule.in_hours and hours is not None and not hours.include(now):
        return Refusal.OUT_OF_HOURS
    if rule.proven and not _proven(principal, now):
        return Refusal.NOT_PROVEN
    if rule.known and principal.cooling(now):
        return Refusal.DEVICE_COOLS
    return None


def _proven(principal: Principal, now: datetime) -> bool:
    at = principal.authenticated_at
    return principal.strong and at is not None and now - at <= FRESH


def require(act: Deed, principal: Principal, subject: Subject, now: datetime, *, hours: Hours | None = None) -> None:
    """Raises: Forbidden, OwnMatter, OutsideJurisdiction, OutOfHours, StepUpRequired."""
    refusal = permits(act, principal, subject, now, hours=hours)
    if refusal is not None:
        raise refusal.error
