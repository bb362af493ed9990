"""The people of the demonstration city. Loaded where the demo switch is on, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.ids import Ids
from core.locale import Text
from core.principal import Jurisdiction
from identity.limits import ActLimits, Limit, SignInLimits
from identity.model import Citizen, Staff
from identity.store import IdentityStore, PhoneTaken


@dataclass(frozen=True, slots=True)
class _DemoCitizen:
    phone: str
    name: str
    home_district: str
    real_name_level: int


@dataclass(frozen=True, slots=True)
class _DemoStaff:
    phone: str
    display_name: str
    badge: str
    organisation: Text
    jurisdiction: str


CITIZENS: Final = (
    _DemoCitizen("+8613800000001", "张丽华", "110101", 4),
    _DemoCitizen("+8613800000002", "Alexander Montgomery-Featherstonehaugh", "110105", 3),
    _DemoCitizen("+8613800000003", "欧阳建国", "110108", 4),
)
STAFF: Final = (
    _DemoStaff(
        "+8613900000001",
        "王勇",
        "DC-0312",
        Text(zh="东城区综合执法局", en="Dongcheng District Urban Management Bureau"),
        "110101",
    ),
    _DemoStaff(
        "+8613900000002",
        "李雪梅",
        "HD-0007",
        Text(zh="海淀区综合执法局", en="Haidian District Urban Management Bureau"),
        "110108",
    ),
)

# A demonstration signs in again and again from one machine, and its codes are shown to whoever asks.
_MANY: Final = ActLimits(
    per_phone=(Limit(1_000, 3600),), per_device=(Limit(10_000, 3600),), per_address=(Limit(100_000, 3600),)
)
DEMO_LIMITS: Final = SignInLimits(requests=_MANY, answers=_MANY)


async def load_demo(*, store: IdentityStore, ids: Ids, clock: Clock) -> int:
    """Add the demo accounts that are missing, change none that are there. Returns how many were added."""
    added = 0
    for citizen in CITIZENS:
        added += await _add_citizen(citizen, store=store, ids=ids, clock=clock)
    for member in STAFF:
        added += await _add_staff(member, store=store, ids=ids, clock=clock)
    return added


async def _add_citizen(demo: _DemoCitizen, *, store: IdentityStore, ids: Ids, clock: Clock) -> bool:
    citizen = Citizen(
        id=ids.new("cit"),
        phone=demo.phone,
        created_at=clock.now(),
        name=demo.name,
        real_name_level=demo.real_name_level,
        home_district=demo.home_district,
    )
    try:
        await store.add_citizen(citizen)
    except PhoneTaken:
        return False
    return True


async def _add_staff(demo: _DemoStaff, *, store: IdentityStore, ids: Ids, clock: Clock) -> bool:
    staff = Staff(
        id=ids.new("stf"),
        phone=demo.phone,
        display_name=demo.display_name,
        badge=demo.badge,
        organisation=demo.organisation,
        roles=("inspector",),
        jurisdiction=Jurisdiction(demo.jurisdiction),
        created_at=clock.now(),
    )
    try:
        await store.add_staff(staff)
    except PhoneTaken:
        return False
    return True
