"""Who may act for whom, in which matters, and how the city knows: proven facts, never claims.

Rules
- A relation joins two citizens: the actor may act, the subject is acted for. It is proven by a source before it is
  here, and it ends: a guardian's on the child's 18th birthday, any when either side ends it.
- Acting is a token of its own for ten minutes. It holds the relation's matters as scopes and nothing else, so it opens
  only what names its matter. It belongs to the actor's session and ends with it.
- Nobody who acts for somebody may begin to act for a third.
- Every beginning is recorded, and both see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from typing import Final

from core.locale import Locale, Text
from core.principal import Principal, PrincipalKind

FULL_AGE_YEARS: Final = 18
# What is listed of one person's relations at most.
RELATIONS_MAX: Final = 100

MATTERS: Final[Mapping[str, Text]] = {
    "licences:read": Text(zh="查看证照", en="See licences"),
    "health:read": Text(zh="查看健康状态", en="See the health status"),
    "payments:read": Text(zh="查看账单", en="See bills"),
    "payments:pay": Text(zh="缴费", en="Pay bills"),
    "reports:read": Text(zh="查看上报", en="See reports"),
    "notifications:read": Text(zh="查看消息", en="See messages"),
}


class RelationKind(StrEnum):
    """GUARDIAN: of a minor child. CARER: of an elder parent."""

    GUARDIAN = "GUARDIAN"
    CARER = "CARER"


class Side(StrEnum):
    """ACTOR: the one who may act. SUBJECT: the one who is acted for."""

    ACTOR = "ACTOR"
    SUBJECT = "SUBJECT"


KIND_LABELS: Final[Mapping[RelationKind, Text]] = {
    RelationKind.GUARDIAN: Text(zh="监护人", en="Guardian"),
    RelationKind.CARER: Text(zh="照护人", en="Carer"),
}
POPULATION_REGISTER: Final = "population-register"
SOURCES: Final[Mapping[str, Text]] = {POPULATION_REGISTER: Text(zh="人口库", en="Population register")}


def source_label(source: str, locale: Locale) -> str:
    """What people call a source; its own name where it has no other."""
    label = SOURCES.get(source)
    return label.in_(locale) if label else source


@dataclass(frozen=True, slots=True)
class Proof:
    """source: who says so. reference: the record there. at: when it was asked."""

    source: str
    reference: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """actor may act for subject (`cit_…`) in `matters`, from `since` on and before `until` (None: no end is known).

    ended_at, ended_by: when one of the two ended it, and which.
    """

    id: str
    kind: RelationKind
    actor: str
    subject: str
    matters: frozenset[str]
    proof: Proof
    since: datetime
    until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    def live(self, now: datetime) -> bool:
        return self.ended_at is None and self.since <= now and (self.until is None or now < self.until)

    def side(self, citizen_id: str) -> Side:
        return Side.ACTOR if citizen_id == self.actor else Side.SUBJECT


@dataclass(frozen=True, slots=True)
class Acting:
    """One time that `actor` began to act for `subject`. expires_at: when the token for it does."""

    id: str
    relation_id: str
    kind: RelationKind
    actor: str
    subject: str
    matters: frozenset[str]
    at: datetime
    expires_at: datetime

    @classmethod
    def by(cls, relation: Relation, *, id: str, at: datetime, expires_at: datetime) -> Acting:
        return cls(id, relation.id, relation.kind, relation.actor, relation.subject, relation.matters, at, expires_at)


@dataclass(frozen=True, slots=True)
class ActingPrincipal(Principal):
    """Somebody who acts for somebody else, as their token says; other rooms see a delegated `Principal`."""

    relation_id: str = ""
    acting_id: str = ""

    @classmethod
    def of(cls, relation: Relation, *, acting_id: str, as_themself: Principal) -> ActingPrincipal:
        """as_themself: the actor's own session; its real-name level says how surely the actor is known."""
        return cls(
            kind=PrincipalKind.CITIZEN,
            actor=relation.actor,
            subject=relation.subject,
            session_id=as_themself.session_id,
            scopes=relation.matters,
            real_name_level=as_themself.real_name_level,
            methods=as_themself.methods,
            authenticated_at=as_themself.authenticated_at,
            relation_id=relation.id,
            acting_id=acting_id,
        )


def full_age(born: date, *, zone: tzinfo) -> datetime:
    """The first instant of the 18th birthday; of the day after it where that birthday is a 29 February that is not.

    Source: Civil Code of the PRC, articles 17 and 18.
    """
    year = born.year + FULL_AGE_YEARS
    try:
        birthday = born.replace(year=year)
    except ValueError:
        birthday = date(year, 3, 1)
    return datetime.combine(birthday, time.min, zone)
