"""Who may act for whom, in which matters, and how the city knows: proven facts, never claims.

Rules
- A relation joins a citizen who may act with whom they act for: another citizen, or an organisation. It is proven by a
  source before it is here: by a register, or by both sides, of whom one invites and the other accepts. It ends: a
  guardian's on the child's 18th birthday, one by invitation within a year, any when either side ends it.
- A relation that is good for once is over with the token of its first use.
- Some matters are never anybody's but one's own (`NEVER_DELEGATED`): no relation holds them, no token names them.
- Acting is a token of its own for ten minutes. It holds the relation's matters as scopes and nothing else, so it opens
  only what names its matter. It belongs to the actor's session and ends with it.
- Nobody who acts for somebody may begin to act for a third.
- Every beginning is recorded, and both see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple

from core.errors import BadInput
from core.locale import Locale, Text
from core.principal import Principal, PrincipalKind
from identity.errors import MatterNotDelegable

FULL_AGE_YEARS: Final = 18
# How long a relation by invitation lasts at most, until it is renewed.
DELEGATED_FOR_MAX: Final = timedelta(days=365)
# How old the proof may be of somebody who decides about relations.
FRESH: Final = timedelta(minutes=5)
# How many people one may act for, and be acted for by, by invitation.
AS_ACTOR_MAX: Final = 10
AS_SUBJECT_MAX: Final = 5
# How long an invitation waits for its answer, and how long its two sides see it after that.
INVITATION_LIFETIME: Final = timedelta(days=7)
INVITATION_KEPT: Final = timedelta(days=30)
# How many may wait for one person's answer; what comes on top never reaches them.
INVITATIONS_WAITING_MAX: Final = 10
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

# To stand in for a child before an officer, and to consent for one (PIPL 31), is a guardian's alone: no invitation
# gives it.
SHOW_CODE: Final = "citycode:show"
GIVE_CONSENT: Final = "consents:give"
_GUARDIANS: Final[Mapping[str, Text]] = {
    SHOW_CODE: Text(zh="出示城市码", en="Show the city code"),
    GIVE_CONSENT: Text(zh="代为同意提供个人信息", en="Consent for them"),
}
GUARDIAN_MATTERS: Final = frozenset(MATTERS) | _GUARDIANS.keys()

# What people do themselves or not at all.
NEVER_DELEGATED: Final[Mapping[str, Text]] = {
    "identity:credentials": Text(zh="登录方式与密码", en="Ways of signing in"),
    "identity:real_name": Text(zh="实名认证", en="Confirming one's name"),
    "identity:delegations": Text(zh="授权他人代办", en="Letting others act"),
    "identity:consents": Text(zh="成年人向应用授权个人信息", en="An adult's consents to programs"),
    "identity:erasure": Text(zh="注销账号", en="Erasing the account"),
    "civil:marriage": Text(zh="婚姻登记", en="Marriage and divorce"),
    "civil:adoption": Text(zh="收养登记", en="Adoption"),
    "civil:will": Text(zh="遗嘱公证", en="Wills"),
    "property:transfer": Text(zh="不动产转让与抵押", en="Transfer and mortgage of real estate"),
}
# What there is to do for an organisation.
ORGANISATION_MATTERS: Final = frozenset(MATTERS) - {"health:read"}


class RelationKind(StrEnum):
    """GUARDIAN: of a minor child. CARER: of an elder. PROXY: of a relative or friend. AGENT: of an organisation."""

    GUARDIAN = "GUARDIAN"
    CARER = "CARER"
    PROXY = "PROXY"
    AGENT = "AGENT"


# What a citizen may invite another to.
BY_INVITATION: Final = frozenset({RelationKind.CARER, RelationKind.PROXY})


class Role(StrEnum):
    """Of a member in an organisation.

    OWNER: the one who answers for it. ADMIN: decides about operators and viewers. OPERATOR: acts in the matters that
    they were given. VIEWER: acts in what is only read.
    """

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    OPERATOR = "OPERATOR"
    VIEWER = "VIEWER"


class Side(StrEnum):
    """ACTOR: the one who may act. SUBJECT: the one who is acted for."""

    ACTOR = "ACTOR"
    SUBJECT = "SUBJECT"


KIND_LABELS: Final[Mapping[RelationKind, Text]] = {
    RelationKind.GUARDIAN: Text(zh="监护人", en="Guardian"),
    RelationKind.CARER: Text(zh="照护人", en="Carer"),
    RelationKind.PROXY: Text(zh="亲友代办", en="Relative or friend"),
    RelationKind.AGENT: Text(zh="单位经办人", en="Agent of an organisation"),
}
POPULATION_REGISTER: Final = "population-register"
INVITATION: Final = "invitation"
ORGANISATION_REGISTER: Final = "organisation-register"
DOCUMENT_REGISTER: Final = "document-register"
SELF_ENTERED: Final = "self-entered"
FACE_CHECK: Final = "face-check"
NET_ID: Final = "net-id"
COUNTER: Final = "counter"
SANDBOX: Final = "sandbox"
SOURCES: Final[Mapping[str, Text]] = {
    POPULATION_REGISTER: Text(zh="人口库", en="Population register"),
    INVITATION: Text(zh="双方确认", en="Both sides agreed"),
    ORGANISATION_REGISTER: Text(zh="法人库", en="Register of organisations"),
    DOCUMENT_REGISTER: Text(zh="出入境证件库", en="Register of travel documents"),
    SELF_ENTERED: Text(zh="本人填写", en="Entered by yourself"),
    FACE_CHECK: Text(zh="实人认证", en="Real-person check"),
    NET_ID: Text(zh="国家网络身份认证", en="National network identity"),
    COUNTER: Text(zh="服务窗口", en="Service counter"),
    SANDBOX: Text(zh="演练城市（测试市民）", en="Sandbox city (test citizen)"),
}


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


class Ceiling(NamedTuple):
    """In this matter up to this amount, in fen."""

    matter: str
    amount_fen_max: int


@dataclass(frozen=True, slots=True)
class Agency:
    """What a relation to an organisation adds. organisation: its name. ceilings: at most one for each matter."""

    organisation: str
    role: Role
    ceilings: tuple[Ceiling, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """actor (`cit_…`) may act for subject (`cit_…`, `org_…`) in `matters`, from `since` on and before `until` (None: no
    end is known).

    ended_at, ended_by: when one of the two ended it, and which. once_only: good for one use. paused: nobody acts by it
    until it goes on. agency: where the subject is an organisation.
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
    once_only: bool = False
    paused: bool = False
    agency: Agency | None = None

    def live(self, now: datetime) -> bool:
        return self.ended_at is None and self.since <= now and (self.until is None or now < self.until)

    def side(self, citizen_id: str) -> Side:
        return Side.ACTOR if citizen_id == self.actor else Side.SUBJECT


class InvitationState(StrEnum):
    """WAITING for an answer, which it had (ACCEPTED, DECLINED), or was WITHDRAWN, or EXPIRED without one."""

    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Invitation:
    """`inviter` asks for a relation of `actor` and `subject`; it is one when `invitee` has accepted.

    invitee: empty where nobody has that phone and name, which the inviter is never told; then actor or subject is empty
    too. addressee: as the inviter wrote it, masked. until: of the relation, None for no end. expires_at: of the
    invitation.
    """

    id: str
    kind: RelationKind
    inviter: str
    invitee: str
    actor: str
    subject: str
    addressee: str = field(repr=False)
    matters: frozenset[str]
    until: datetime | None
    once_only: bool
    created_at: datetime
    expires_at: datetime
    agency: Agency | None = None
    answer: InvitationState | None = None

    def state(self, now: datetime) -> InvitationState:
        if self.answer is not None:
            return self.answer
        return InvitationState.WAITING if now < self.expires_at else InvitationState.EXPIRED

    def relation(self, *, id: str, now: datetime) -> Relation:
        """What it becomes when it is accepted."""
        proof = Proof(INVITATION, self.id, now)
        return Relation(
            id=id,
            kind=self.kind,
            actor=self.actor,
            subject=self.subject,
            matters=self.matters,
            proof=proof,
            since=now,
            until=self.until,
            once_only=self.once_only,
            agency=self.agency,
        )


@dataclass(frozen=True, slots=True)
class Acting:
    """One time that `actor` began to act for `subject`. expires_at: when the token for it does, or was made to."""

    id: str
    relation_id: str
    kind: RelationKind
    actor: str
    subject: str
    matters: frozenset[str]
    at: datetime
    expires_at: datetime
    agency: Agency | None = None

    @classmethod
    def by(cls, relation: Relation, *, id: str, at: datetime, expires_at: datetime) -> Acting:
        return cls(
            id,
            relation.id,
            relation.kind,
            relation.actor,
            relation.subject,
            relation.matters,
            at,
            expires_at,
            relation.agency,
        )


@dataclass(frozen=True, slots=True)
class ActingPrincipal(Principal):
    """Somebody who acts for somebody else, as their token says; other rooms see a delegated `Principal`.

    ceilings: up to which amounts, where an organisation set such.
    """

    relation_id: str = ""
    acting_id: str = ""
    ceilings: tuple[Ceiling, ...] = ()

    @classmethod
    def of(cls, relation: Relation, *, acting_id: str, as_themself: Principal) -> ActingPrincipal:
        """as_themself: the actor's own session; its real-name level says how surely the actor is known."""
        return cls(
            kind=PrincipalKind.ORGANISATION if relation.agency else PrincipalKind.CITIZEN,
            actor=relation.actor,
            subject=relation.subject,
            session_id=as_themself.session_id,
            scopes=relation.matters,
            real_name_level=as_themself.real_name_level,
            methods=as_themself.methods,
            authenticated_at=as_themself.authenticated_at,
            jkt=as_themself.jkt,
            cooling_until=as_themself.cooling_until,
            relation_id=relation.id,
            acting_id=acting_id,
            ceilings=relation.agency.ceilings if relation.agency else (),
        )


def matter_words(code: str, locale: Locale) -> str:
    """What people call a matter; its code where the city has no words for it."""
    words = MATTERS.get(code) or _GUARDIANS.get(code)
    return words.in_(locale) if words else code


def parse_matters(matters: Iterable[str], *, among: frozenset[str] = frozenset(MATTERS)) -> frozenset[str]:
    """At least one. Raises: MatterNotDelegable, BadInput."""
    chosen = frozenset(matters)
    if never := sorted(chosen & NEVER_DELEGATED.keys()):
        raise MatterNotDelegable(matter=never[0])
    if not chosen or not chosen <= among:
        raise BadInput(field="matters", problem="must be one or more of the matters that there are")
    return chosen


def check_until(until: datetime, *, now: datetime) -> datetime:
    """Of a relation by invitation. Raises: BadInput."""
    if until.tzinfo is None or not now < until <= now + DELEGATED_FOR_MAX:
        raise BadInput(field="until", problem=f"must lie within the next {DELEGATED_FOR_MAX.days} days")
    return until


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
