"""The first staff of a department: whom two officers cannot hire yet, since there are none.

Rules
- Only staff administrators, and only while fewer than two live ones of the department answer for all that the new one
  is to answer for: from then on two officers hire (`identity.staffing.members`).
- Whoever holds the city's keys adds them, at the machine (`python -m api staff add`); nothing over the network does.
- Two that are added at once come one after the other.
Source: docs/decisions/0041-an-act-of-two-officers-is-done-by-the-second.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.events import Outbox
from core.ids import Ids
from core.locale import Text
from core.mongo import Session
from core.principal import Jurisdiction
from identity.model import Staff, parse_name, parse_phone
from identity.staffing.errors import AdminsSuffice, StaffPhoneTaken
from identity.staffing.members import STAFF_CHANGED
from identity.staffing.model import parse_badge, parse_department, parse_jurisdiction, parse_unit
from identity.staffing.store import StaffingStore
from identity.store import IdentityStore, PhoneTaken

ROLE: Final = "staff_admin"
# One proposes and another approves.
ENOUGH: Final = 2
# As the audit names who sits at the machine.
OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Founding:
    store: StaffingStore
    people: IdentityStore
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock

    async def add(
        self, *, phone: str, name: str, badge: str, unit: str, department: str, jurisdiction: str, unit_en: str = ""
    ) -> Staff:
        """Make somebody a staff administrator. unit_en: empty where the unit has no English name.

        Raises: PhoneInvalid, BadInput, AdminsSuffice, StaffPhoneTaken, Unavailable.
        """
        named = parse_unit(unit)
        staff = Staff(
            id=self.ids.new("stf"),
            phone=parse_phone(phone),
            display_name=parse_name(name),
            badge=parse_badge(badge),
            organisation=Text(zh=named, en=parse_unit(unit_en) if unit_en else named),
            roles=(ROLE,),
            jurisdiction=Jurisdiction(parse_jurisdiction(jurisdiction)),
            created_at=to_ms(self.clock.now()),
            department=parse_department(department),
        )

        async def work(session: Session) -> Staff:
            await self.store.hold_founding(session=session)
            if await self._who_is_there(staff, session) >= ENOUGH:
                raise AdminsSuffice()
            try:
                await self.people.add_staff(staff, session=session)
            except PhoneTaken as fault:
                raise StaffPhoneTaken() from fault
            payload = {"staff": staff.id, "what": "staff.founded"}
            await self.outbox.append(name=STAFF_CHANGED, payload=payload, session=session)
            about = {"roles": list(staff.roles), "jurisdiction": staff.jurisdiction.code}
            await self.audit.append("staff.founded", actor=OPERATOR, subject=staff.id, about=about, session=session)
            return staff

        return await self.store.transaction(work)

    async def _who_is_there(self, staff: Staff, session: Session) -> int:
        """How many answer for all that this one is to answer for."""
        there = await self.store.live(role=ROLE, department=staff.department, session=session)
        return sum(one.covers(staff.jurisdiction.significant) for one in there)
