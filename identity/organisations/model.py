"""Organisations, what their members may do, and who decides about whom.

- A member is a relation of kind AGENT: actor the citizen, subject the organisation. A member whose role changes gets
  another relation, so what they are doing in the old one ends.
- The owner answers for the organisation: there is always one, and only one. They decide about everybody else; an
  administrator decides about operators and viewers; nobody decides about themself.
- Owner and administrator act in every matter, an operator in those that were chosen, a viewer in those that only read.
  Up to an amount, where one is set.
- Who suspends is who lets it go on: what the city suspended no owner resumes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from stdnum.cn import uscc as _uscc

from core.departments import DEPARTMENTS
from core.errors import BadInput
from core.locale import Text
from identity.model import Evidence
from identity.organisations.errors import UsccInvalid
from identity.relations import ORGANISATION_MATTERS, Ceiling, Relation, Role, parse_matters

NAME_LENGTH_MAX: Final = 100
MEMBERS_MAX: Final = 500
HAND_OVER_LIFETIME: Final = timedelta(days=7)
# An amount is bounded so that it stays exact in every program that reads it.
AMOUNT_FEN_MAX: Final = 10**13
_USCC_LENGTH_MAX: Final = 32
_READ_ONLY: Final = frozenset(matter for matter in ORGANISATION_MATTERS if matter.endswith(":read"))
# What has an amount.
WITH_AMOUNTS: Final = frozenset({"payments:pay"})

ROLE_LABELS: Final[Mapping[Role, Text]] = {
    Role.OWNER: Text(zh="负责人", en="Owner"),
    Role.ADMIN: Text(zh="管理员", en="Administrator"),
    Role.OPERATOR: Text(zh="经办人", en="Operator"),
    Role.VIEWER: Text(zh="查看人", en="Viewer"),
}
_DECIDES_ABOUT: Final[Mapping[Role, frozenset[Role]]] = {
    Role.OWNER: frozenset({Role.ADMIN, Role.OPERATOR, Role.VIEWER}),
    Role.ADMIN: frozenset({Role.OPERATOR, Role.VIEWER}),
    Role.OPERATOR: frozenset(),
    Role.VIEWER: frozenset(),
}


class OrganisationKind(StrEnum):
    """By who registers it, which the code's first character says (GB 32100). DEPARTMENT: one of this city's, which
    publishes.
    """

    DEPARTMENT = "DEPARTMENT"
    INSTITUTION = "INSTITUTION"
    SOCIAL = "SOCIAL"
    ENTERPRISE = "ENTERPRISE"
    OTHER = "OTHER"


_KIND_OF_REGISTRAR: Final = {
    "1": OrganisationKind.INSTITUTION,
    "5": OrganisationKind.SOCIAL,
    "9": OrganisationKind.ENTERPRISE,
}


class Suspender(StrEnum):
    OWNER = "OWNER"
    CITY = "CITY"


@dataclass(frozen=True, slots=True)
class HandOver:
    """The owner `by` has offered the organisation to the member `to` (`cit_…` both)."""

    by: str
    to: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Organisation:
    """uscc: unified social credit code (GB 32100). name: as the register has it. evidence: who said so, and when.

    suspended_by: None while people act for it. reason: why the city suspended it.
    """

    id: str
    uscc: str
    name: str
    created_at: datetime
    evidence: Evidence
    suspended_by: Suspender | None = None
    reason: str = field(default="", repr=False)
    hand_over: HandOver | None = None

    @property
    def kind(self) -> OrganisationKind:
        if self.uscc in DEPARTMENTS:
            return OrganisationKind.DEPARTMENT
        return _KIND_OF_REGISTRAR.get(self.uscc[0], OrganisationKind.OTHER)

    def offered_to(self, citizen_id: str, *, now: datetime) -> HandOver | None:
        offered = self.hand_over
        return offered if offered and offered.to == citizen_id and now < offered.expires_at else None


@dataclass(frozen=True, slots=True)
class Post:
    """What a member is to be."""

    role: Role
    matters: frozenset[str]
    ceilings: tuple[Ceiling, ...]

    @classmethod
    def of(cls, role: Role, *, matters: Iterable[str] = (), ceilings: Iterable[Ceiling] = ()) -> Post:
        """matters: chosen for an operator; the others' follow from the role.

        Raises: BadInput, MatterNotDelegable.
        """
        chosen = tuple(matters)
        if role is Role.OPERATOR:
            holds = parse_matters(chosen, among=ORGANISATION_MATTERS)
        elif chosen:
            raise BadInput(field="matters", problem="are chosen for operators alone")
        else:
            holds = _READ_ONLY if role is Role.VIEWER else ORGANISATION_MATTERS
        return cls(role, holds, _parse_ceilings(tuple(ceilings), among=holds))


def role_of(member: Relation) -> Role:
    assert member.agency is not None, "a member has an agency"
    return member.agency.role


def decides_about(by: Role, other: Role) -> bool:
    return other in _DECIDES_ABOUT[by]


def decides(role: Role) -> bool:
    """True for who decides about anybody: they see members, and what was done."""
    return bool(_DECIDES_ABOUT[role])


def parse_uscc(typed: str) -> str:
    """18 characters in capitals; blanks are forgiven. Raises: UsccInvalid. Source: GB 32100-2015."""
    code = "".join(typed.split()).upper() if len(typed) <= _USCC_LENGTH_MAX else ""
    if len(code) != 18 or not code.isascii() or not _uscc.is_valid(code):
        raise UsccInvalid()
    return code


def parse_organisation_name(typed: str) -> str:
    """Raises: BadInput."""
    name = unicodedata.normalize("NFC", " ".join(typed.split())) if len(typed) <= 2 * NAME_LENGTH_MAX else ""
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise BadInput(field="name", problem=f"must have 1 to {NAME_LENGTH_MAX} printable characters")
    return name


def _parse_ceilings(ceilings: tuple[Ceiling, ...], *, among: frozenset[str]) -> tuple[Ceiling, ...]:
    matters = [one.matter for one in ceilings]
    fits = (
        len(set(matters)) == len(matters)
        and set(matters) <= among & WITH_AMOUNTS
        and all(0 <= one.amount_fen_max <= AMOUNT_FEN_MAX for one in ceilings)
    )
    if not fits:
        raise BadInput(field="limits", problem="must be amounts in fen, one for a matter that has amounts")
    return tuple(sorted(ceilings))


OWNER: Final = Post.of(Role.OWNER)
ADMIN: Final = Post.of(Role.ADMIN)
