"""The people of the demonstration city. Loaded where the demo switch is on, and nowhere else.

Other rooms' demonstrations know them by nickname: `people`. Their id numbers have the form and the check character
of GB 11643 and belong to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import Final

import pyotp

from core.clock import Clock
from core.departments import (
    CITY_MANAGEMENT,
    DONGCHENG_MANAGEMENT,
    GOVERNMENT_SERVICES,
    HAIDIAN_MANAGEMENT,
    HEALTH,
    PUBLIC_SECURITY,
    Department,
)
from core.divisions import CITY_CODE
from core.ids import Ids
from core.locale import Text
from core.mongo import Session
from core.principal import Jurisdiction
from identity.credentials.model import Totp
from identity.credentials.store import KeychainStore
from identity.errors import IdNumberTaken
from identity.id_numbers import IdNumber
from identity.levels import DocumentType, EvidenceKind, NameEvidence
from identity.limits import ActLimits, Limit, SignInLimits
from identity.model import Account, Citizen, Staff
from identity.relations import (
    DOCUMENT_REGISTER,
    FACE_CHECK,
    GUARDIAN_MATTERS,
    MATTERS,
    POPULATION_REGISTER,
    Proof,
    Relation,
    RelationKind,
    full_age,
)
from identity.store import IdentityStore, PhoneTaken

# Known to everybody who reads this: with it a demo city can show what staff do each time they sign in.
DEMO_TOTP_SECRET: Final = "CITYTONGDEMOSTAFFTOTPSECRET23456"
BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class _DemoCitizen:
    """Found again by phone, or by id number where there is no phone. seen: by the real-person check (level 4)."""

    phone: str | None
    name: str
    home_district: str
    id_number: str | None = None
    seen: bool = False


@dataclass(frozen=True, slots=True)
class _DemoStaff:
    """unit: what the card says, where it is not the department itself."""

    phone: str
    display_name: str
    badge: str
    role: str
    department: Department
    jurisdiction: str = CITY_CODE
    unit: Text | None = None


CITIZENS: Final[Mapping[str, _DemoCitizen]] = {
    "zhang": _DemoCitizen("+8613800000001", "张丽华", "110101", "110101198503120025", seen=True),
    "alexander": _DemoCitizen("+8613800000002", "Alexander Montgomery-Featherstonehaugh", "110105"),
    "ouyang": _DemoCitizen("+8613800000003", "欧阳建国", "110108", "110108195809230017", seen=True),
    "liu": _DemoCitizen("+8613800000004", "刘秀英", "110101", "110101194802150023", seen=True),
    "xiaobei": _DemoCitizen(None, "张小北", "110101", "110101201706010015"),
}
STAFF: Final[Mapping[str, _DemoStaff]] = {
    "wang": _DemoStaff(
        "+8613900000001",
        "王勇",
        "DC-0312",
        "inspector",
        DONGCHENG_MANAGEMENT,
        "110101",
        Text(zh="东城区综合执法局", en="Dongcheng District Urban Management Bureau"),
    ),
    "li": _DemoStaff(
        "+8613900000002",
        "李雪梅",
        "HD-0007",
        "inspector",
        HAIDIAN_MANAGEMENT,
        "110108",
        Text(zh="海淀区综合执法局", en="Haidian District Urban Management Bureau"),
    ),
    "chen": _DemoStaff("+8613900000003", "陈志强", "GA-1024", "licence_clerk", PUBLIC_SECURITY),
    "zhao": _DemoStaff("+8613900000004", "赵敏", "CG-0211", "billing_clerk", CITY_MANAGEMENT),
    "zhou": _DemoStaff("+8613900000005", "周海涛", "DC-0508", "case_handler", DONGCHENG_MANAGEMENT, "110101"),
    "wu": _DemoStaff("+8613900000006", "吴桂芳", "HD-0119", "case_handler", HAIDIAN_MANAGEMENT, "110108"),
    "sun": _DemoStaff("+8613900000007", "孙立新", "WJ-0036", "health_officer", HEALTH),
    "deng": _DemoStaff("+8613900000009", "邓文静", "GA-2201", "counter_clerk", PUBLIC_SECURITY),
    "qian": _DemoStaff("+8613900000008", "钱伟", "CG-0402", "registrar", CITY_MANAGEMENT),
    "he": _DemoStaff("+8613900000010", "何静", "ZS-0101", "partner_officer", GOVERNMENT_SERVICES),
    "ma": _DemoStaff("+8613900000011", "马建军", "ZS-0201", "account_officer", GOVERNMENT_SERVICES),
    "gao": _DemoStaff("+8613900000012", "高丽娟", "ZS-0202", "account_officer", GOVERNMENT_SERVICES),
    "lin": _DemoStaff("+8613900000013", "林晓东", "ZS-0301", "staff_admin", GOVERNMENT_SERVICES),
    "luo": _DemoStaff("+8613900000014", "罗秀兰", "ZS-0302", "staff_admin", GOVERNMENT_SERVICES),
    "song": _DemoStaff("+8613900000015", "宋明", "ZS-0401", "auditor", GOVERNMENT_SERVICES),
    "tan": _DemoStaff("+8613900000016", "谭琳", "ZS-0102", "partner_officer", GOVERNMENT_SERVICES),
    "fang": _DemoStaff("+8613900000017", "方芳", "ZS-0501", "program_reviewer", GOVERNMENT_SERVICES),
    "xie": _DemoStaff("+8613900000018", "谢军", "ZS-0502", "program_reviewer", GOVERNMENT_SERVICES),
    "peng": _DemoStaff("+8613900000019", "彭丽", "ZS-0601", "program_officer", GOVERNMENT_SERVICES),
    "hao": _DemoStaff("+8613900000020", "郝建华", "ZS-0602", "program_officer", GOVERNMENT_SERVICES),
}

# A demonstration signs in again and again from one machine, and its codes are shown to whoever asks.
_MANY: Final = ActLimits(
    per_phone=(Limit(1_000, 3600),), per_device=(Limit(10_000, 3600),), per_address=(Limit(100_000, 3600),)
)
DEMO_LIMITS: Final = SignInLimits(requests=_MANY, answers=_MANY)


async def load_demo(*, store: IdentityStore, ids: Ids, clock: Clock, zone: tzinfo = BEIJING) -> int:
    """Add the demo accounts and relations that are missing, change none that are there. Returns how many were added.

    zone: the city's, by which a child comes of age.
    """
    accounts = await asyncio.gather(
        *(_add_citizen(citizen, store=store, ids=ids, clock=clock) for citizen in CITIZENS.values()),
        *(_add_staff(member, store=store, ids=ids, clock=clock) for member in STAFF.values()),
    )
    proven = _relations(await people(store), ids=ids, now=clock.now(), zone=zone)
    relations = await asyncio.gather(*(_add_relation(relation, store=store) for relation in proven))
    return sum(accounts) + sum(relations)


async def load_second_factors(*, store: IdentityStore, keychains: KeychainStore, clock: Clock) -> None:
    """Give each of the demo staff who has no second factor the published one."""
    who = await people(store)

    async def give(account_id: str, session: Session) -> None:
        held = await keychains.of(account_id, session=session)
        if not held.has_strong:
            totp = Totp(DEMO_TOTP_SECRET, confirmed_at=clock.now(), last_step=0, published=True)
            await keychains.put(replace(held, totp=totp), session=session)

    for nickname in STAFF:
        await store.transaction(partial(give, who[nickname]))


def demo_totp(now: datetime) -> dict[str, str]:
    """What the demo's staff see in their authenticator app at this moment: `code`, and until when it stands there."""
    made = pyotp.TOTP(DEMO_TOTP_SECRET)
    left = timedelta(seconds=made.interval - now.timestamp() % made.interval)
    return {"code": made.at(now), "expires_at": (now + left).isoformat()}


async def people(store: IdentityStore) -> dict[str, str]:
    """The account ids of the demo people who are there, by nickname."""
    nicknames = (*CITIZENS, *STAFF)
    accounts = await asyncio.gather(*(person(nickname, store) for nickname in nicknames))
    return {nickname: account.id for nickname, account in zip(nicknames, accounts, strict=True) if account}


async def person(nickname: str, store: IdentityStore) -> Account | None:
    """A demo person, when they are there. Raises: KeyError, of a nickname that the demo does not know."""
    if nickname in STAFF:
        return await store.staff_of_phone(STAFF[nickname].phone)
    demo = CITIZENS[nickname]
    if demo.phone:
        return await store.citizen_of_phone(demo.phone)
    return await store.citizen_of_id_number(demo.id_number or "")


def _relations(who: Mapping[str, str], *, ids: Ids, now: datetime, zone: tzinfo) -> list[Relation]:
    """Zhang cares for her mother and is her child's guardian, as the household record says."""
    proof, matters = Proof(POPULATION_REGISTER, "household-110101-000042", now), frozenset(MATTERS)
    of_age = full_age(_born("xiaobei", now), zone=zone)
    zhang, liu, xiaobei = who["zhang"], who["liu"], who["xiaobei"]
    return [
        Relation(ids.new("rel"), RelationKind.CARER, zhang, liu, matters, proof, now),
        Relation(ids.new("rel"), RelationKind.GUARDIAN, zhang, xiaobei, GUARDIAN_MATTERS, proof, now, of_age),
    ]


def _born(nickname: str, now: datetime) -> date:
    return IdNumber.parse(CITIZENS[nickname].id_number or "", today=now.date()).born


async def _add_relation(relation: Relation, *, store: IdentityStore) -> bool:
    """One that was there and was ended stays ended."""
    there = await store.delegations.relations_of(relation.actor)
    if any((one.kind, one.subject) == (relation.kind, relation.subject) for one in there):
        return False
    return await store.delegations.add(relation)


async def _add_citizen(demo: _DemoCitizen, *, store: IdentityStore, ids: Ids, clock: Clock) -> bool:
    citizen = Citizen(
        id=ids.new("cit"),
        phone=demo.phone,
        created_at=clock.now(),
        name=demo.name,
        home_district=demo.home_district,
        evidence=_evidence(demo, clock.now()),
    )
    try:
        await store.add_citizen(citizen, id_number=demo.id_number)
    except (PhoneTaken, IdNumberTaken):
        return False
    return True


def _evidence(demo: _DemoCitizen, now: datetime) -> tuple[NameEvidence, ...]:
    """A resident's number or a passport, and for some the real-person check."""
    of_number = NameEvidence.of(EvidenceKind.REGISTER, POPULATION_REGISTER, at=now, document=DocumentType.RESIDENT_ID)
    of_passport = NameEvidence.of(EvidenceKind.DOCUMENT, DOCUMENT_REGISTER, at=now, document=DocumentType.PASSPORT)
    seen = NameEvidence.of(EvidenceKind.FACE, FACE_CHECK, at=now)
    return (of_number if demo.id_number else of_passport, *([seen] if demo.seen else []))


async def _add_staff(demo: _DemoStaff, *, store: IdentityStore, ids: Ids, clock: Clock) -> bool:
    staff = Staff(
        id=ids.new("stf"),
        phone=demo.phone,
        display_name=demo.display_name,
        badge=demo.badge,
        organisation=demo.unit or demo.department.name,
        roles=(demo.role,),
        jurisdiction=Jurisdiction(demo.jurisdiction),
        created_at=clock.now(),
        department=demo.department.code,
    )
    try:
        await store.add_staff(staff)
    except PhoneTaken:
        return False
    return True
