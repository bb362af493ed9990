"""What staff do to accounts and to one another: acts that two of them agree to, interventions, and who may have which
role.

Rules
- An act waits a day for a second officer. It is about one subject, and says all that is to be done.
- Nobody has roles together that check each other (separation of duties), nor grants what only the city's own may.
Source: NIST SP 800-53 AC-5, AC-3(2); GB/T 22239-2019 8.1.4.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from core.departments import DEPARTMENTS
from core.divisions import CITY_CODE, DISTRICTS
from core.errors import BadInput
from core.principal import Jurisdiction, Principal
from identity.model import NAME_LENGTH_MAX, ROLE_SCOPES
from identity.staffing.errors import RoleNotYours, RolesConflict, RoleUnknown

ACT_PREFIX: Final = "fea"
INTERVENTION_PREFIX: Final = "itv"

ACT_LIFETIME: Final = timedelta(hours=24)
# What one officer does alone.
FREEZE_ALONE: Final = timedelta(hours=24)
# So that one officer does not freeze an account day after day.
FREEZE_ALONE_AGAIN: Final = timedelta(days=7)
FREEZE_MAX: Final = timedelta(days=180)
# An account that is ended stays frozen while a legal hold keeps it from being erased.
FREEZE_OF_ENDED: Final = timedelta(days=10 * 365)
# Who appointed somebody does not have them agree, nor agrees with them, for so long.
INDEPENDENT_AFTER: Final = timedelta(days=30)
# Longer than the six months that network logs must be kept (Cybersecurity Law, article 21).
KEPT: Final = timedelta(days=3 * 365)

_BADGE_LENGTH_MAX: Final = 32
_ROLES_MAX: Final = 8


class Kind(StrEnum):
    """What takes two officers. The value is what the audit and `identity.four_eyes` call it."""

    ACCOUNT_FREEZE = "accounts.freeze"
    ACCOUNT_UNFREEZE = "accounts.unfreeze"
    ACCOUNT_END = "accounts.end"
    ACCOUNT_HOLD = "accounts.hold"
    ACCOUNT_HOLD_LIFT = "accounts.lift"
    ORGANISATION_SUSPEND = "organisations.suspend"
    ORGANISATION_RESUME = "organisations.resume"
    STAFF_HIRE = "staff.hire"
    STAFF_ROLES = "staff.roles"
    STAFF_MOVE = "staff.move"
    STAFF_SUSPEND = "staff.suspend"
    STAFF_REINSTATE = "staff.reinstate"
    OIDC_CLIENT_APPROVE = "oidc.approve"
    PROGRAM_VERSION_REVOKE = "programs.revoke_version"
    PROGRAM_REVOKE = "programs.revoke"


class Alone(StrEnum):
    """What one officer does, or reads, alone."""

    FREEZE = "accounts.freeze_for_a_day"
    UNFREEZE_OWN = "accounts.unfreeze_own"
    END_SESSIONS = "accounts.end_sessions"
    READ_INTERVENTIONS = "accounts.read"
    READ_STAFF = "staff.read"


class ActState(StrEnum):
    """AGREED: only within the transaction that does it. EXPIRED: nobody agreed in time."""

    PENDING = "PENDING"
    AGREED = "AGREED"
    DONE = "DONE"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


# --- acts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Details:
    """What an act is to do; which of these, says its kind (`_DETAILS`).

    hold: id of a legal hold. found: how the subject stood when the act was proposed, set by who performs it: what has
    changed since is proposed anew.
    """

    until: datetime | None = None
    hold: str = ""
    phone: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    badge: str = ""
    unit: str = ""
    unit_en: str = ""
    department: str = ""
    roles: tuple[str, ...] = ()
    jurisdiction: str = ""
    scopes: tuple[str, ...] = ()
    service_scopes: tuple[str, ...] = ()
    exchange_to: tuple[str, ...] = ()
    found: str = ""

    @property
    def given(self) -> frozenset[str]:
        return frozenset(one.name for one in fields(self) if getattr(self, one.name))

    def row(self) -> dict[str, Any]:
        """JSON-ready."""
        told = {name: getattr(self, name) for name in sorted(self.given)}
        return {**told, "until": self.until.isoformat()} if self.until else told

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Details:
        told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
        if "until" in told:
            told["until"] = datetime.fromisoformat(told["until"])
        return cls(**told)


_PERSON: Final = frozenset({"phone", "name", "badge", "unit", "department", "roles", "jurisdiction"})
# By kind: what must be given, and what may.
_DETAILS: Final[Mapping[Kind, tuple[frozenset[str], frozenset[str]]]] = {
    Kind.ACCOUNT_FREEZE: (frozenset({"until"}), frozenset()),
    Kind.ACCOUNT_HOLD: (frozenset({"until"}), frozenset()),
    Kind.ACCOUNT_HOLD_LIFT: (frozenset({"hold"}), frozenset()),
    Kind.STAFF_HIRE: (_PERSON, frozenset({"unit_en"})),
    Kind.STAFF_ROLES: (frozenset({"roles"}), frozenset()),
    Kind.STAFF_MOVE: (frozenset({"jurisdiction"}), frozenset()),
    Kind.OIDC_CLIENT_APPROVE: (frozenset(), frozenset({"scopes", "service_scopes", "exchange_to"})),
}


def check_details(kind: Kind, details: Details, *, now: datetime) -> None:
    """That `details` are those of this kind. Raises: BadInput."""
    must, may = _DETAILS.get(kind, (frozenset(), frozenset()))
    if missing := must - details.given:
        raise BadInput(field="details", problem=f"must say {', '.join(sorted(missing))}")
    if more := details.given - must - may:
        raise BadInput(field="details", problem=f"says what this is not about: {', '.join(sorted(more))}")
    if details.until is not None and (details.until.tzinfo is None or details.until <= now):
        raise BadInput(field="until", problem="must lie in the future, with an offset")


@dataclass(frozen=True, slots=True)
class StaffAct:
    """An act that takes two officers.

    subject: the id of whom or what it is about; of a hire, the account's that is to be. reason: the proposer's.
    place, department: where the subject belongs. note: why it was rejected.
    """

    id: str
    kind: Kind
    subject: str
    proposer: str
    reason: str = field(repr=False)
    details: Details
    at: datetime
    expires_at: datetime
    place: str
    department: str
    state: ActState = ActState.PENDING
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = field(default="", repr=False)

    def as_of(self, now: datetime) -> StaffAct:
        """What nobody agreed to in time has expired, whether or not that was written down."""
        over = self.state is ActState.PENDING and now >= self.expires_at
        return replace(self, state=ActState.EXPIRED) if over else self


# --- interventions ----------------------------------------------------------------------------------------------


class InterventionKind(StrEnum):
    """FROZEN: nobody signs in. ENDING: it will be erased. HELD, HOLD_LIFTED: the law wants it kept, or no longer."""

    FROZEN = "FROZEN"
    UNFROZEN = "UNFROZEN"
    SESSIONS_ENDED = "SESSIONS_ENDED"
    ENDING = "ENDING"
    HELD = "HELD"
    HOLD_LIFTED = "HOLD_LIFTED"


@dataclass(frozen=True, slots=True)
class Intervention:
    """What staff did to a citizen's account. officer: who decided; second: who agreed, empty where one was enough.

    hold: of HELD and HOLD_LIFTED, the legal hold's id. reason: as the officer wrote; empty when its citizen is erased.
    """

    id: str
    citizen: str
    kind: InterventionKind
    officer: str
    second: str
    at: datetime
    until: datetime | None
    reason: str = field(repr=False)
    hold: str = ""


# --- roles ------------------------------------------------------------------------------------------------------

# Roles that stand alone: who checks does nothing that is checked, and who grants powers has none of them.
STAND_ALONE: Final = frozenset({"auditor", "staff_admin"})
# Who confirms identities does not also take accounts from people, nor who lets programs in take them back.
APART: Final[Sequence[frozenset[str]]] = (
    frozenset({"account_officer", "counter_clerk"}),
    frozenset({"program_officer", "program_reviewer"}),
)
# Granted by who answers for the whole city.
CITY_GRANTED: Final = frozenset({"auditor", "staff_admin", "account_officer", "partner_officer", "program_officer"})


def parse_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Roles that one person may have. Raises: RoleUnknown, RolesConflict, BadInput."""
    wanted = tuple(sorted(set(roles)))
    if not 1 <= len(wanted) <= _ROLES_MAX:
        raise BadInput(field="roles", problem=f"must be 1 to {_ROLES_MAX}")
    for role in wanted:
        if role not in ROLE_SCOPES:
            raise RoleUnknown(role=role[:NAME_LENGTH_MAX])
    if clash := conflict(wanted):
        raise RolesConflict(roles=sorted(clash))
    return wanted


def conflict(roles: Iterable[str]) -> frozenset[str]:
    """Those of `roles` that nobody may have together; empty when they go together."""
    held = frozenset(roles)
    if held & STAND_ALONE and len(held) > 1:
        return held
    return next((pair for pair in APART if pair <= held), frozenset())


def check_grants(roles: Iterable[str], *, by: Principal) -> None:
    """That this officer decides about all of `roles`. Raises: RoleNotYours."""
    whole_city = by.jurisdiction is not None and by.jurisdiction.covers(CITY_CODE)
    for role in sorted(set(roles)):
        if role in CITY_GRANTED and not whole_city:
            raise RoleNotYours(role=role)


# --- what is typed ----------------------------------------------------------------------------------------------


def parse_badge(text: str) -> str:
    """Raises: BadInput."""
    return _printable(text, "badge", _BADGE_LENGTH_MAX)


def parse_unit(text: str) -> str:
    """Raises: BadInput."""
    return _printable(text, "unit", NAME_LENGTH_MAX)


def parse_department(code: str) -> str:
    """Raises: BadInput."""
    if code not in DEPARTMENTS:
        raise BadInput(field="department", problem="must be the code of one of the city's departments")
    return code


def parse_jurisdiction(code: str) -> str:
    """A division of this city: itself, a district, a street or a community. Raises: BadInput."""
    part = Jurisdiction(code)
    inside = Jurisdiction(CITY_CODE).covers(code) and (part.covers(CITY_CODE) or code[:6] in DISTRICTS)
    if not part.significant or not inside:
        raise BadInput(field="jurisdiction", problem="must be the code of a division of this city")
    return code


def _printable(text: str, name: str, most: int) -> str:
    found = unicodedata.normalize("NFC", " ".join(text.split())) if len(text) <= 2 * most else ""
    if not found or len(found) > most or not found.isprintable():
        raise BadInput(field=name, problem=f"must have 1 to {most} printable characters")
    return found
