"""Members of staff: looked through by who manages them, hired and changed by two of those.

Rules
- Who manages staff does so in their own department and jurisdiction, of the old and of the new alike, and decides about
  roles that are theirs to grant (`check_grants`); never about themself.
- What changes a member ends their sessions: they sign in again as what they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.errors import NotFound
from core.events import Outbox
from core.ids import is_id
from core.locale import Text
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Jurisdiction, Principal, PrincipalKind
from identity.model import EndReason, Staff, parse_name, parse_phone
from identity.sessions import Sessions
from identity.staffing import rules
from identity.staffing.errors import NothingChanges, OutsideJurisdiction, StaffPhoneTaken
from identity.staffing.model import (
    Alone,
    Details,
    StaffAct,
    check_grants,
    parse_badge,
    parse_department,
    parse_jurisdiction,
    parse_roles,
    parse_unit,
)
from identity.staffing.performing import Weighed
from identity.staffing.rules import AUDIT, MANAGE, Subject
from identity.staffing.store import StaffingStore
from identity.store import IdentityStore, PhoneTaken

STAFF_CHANGED: Final = "identity.staff_changed"


@dataclass(frozen=True, slots=True)
class Members:
    store: StaffingStore
    people: IdentityStore
    sessions: Sessions
    outbox: Outbox
    audit: AuditLog
    clock: Clock

    # --- looking

    async def page(self, *, principal: Principal, request: PageRequest) -> Page[Staff]:
        """Those whom the caller manages, newest first; all, for an auditor.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        if AUDIT in principal.scopes:
            return await self.store.members(department=None, within=None, request=request)
        principal.require_scope(MANAGE)
        within = principal.jurisdiction.significant if principal.jurisdiction else ""
        return await self.store.members(department=principal.department, within=within or "-", request=request)

    async def one(self, *, principal: Principal, staff_id: str) -> Staff:
        """Raises: SignInRequired, Forbidden, NotFound (also whom one does not manage), Unavailable."""
        principal.require(PrincipalKind.STAFF)
        if AUDIT not in principal.scopes:
            principal.require_scope(MANAGE)
        found = await self.store.member(staff_id) if is_id(staff_id, prefix="stf") else None
        if found is None or not (AUDIT in principal.scopes or self._manages(principal, found)):
            raise NotFound(thing="staff member")
        return found

    def _manages(self, principal: Principal, member: Staff) -> bool:
        refused = rules.permits(Alone.READ_STAFF, principal, subject_of(member), self.clock.now())
        return refused in (None, rules.Refusal.OWN_MATTER)

    # --- for those who change members, in their transaction

    async def found(self, staff_id: str, *, by: Principal, session: Session) -> Staff:
        """A member about whose roles `by` decides. Raises: NotFound, RoleNotYours."""
        member = None
        if is_id(staff_id, prefix="stf"):
            member = await self.store.member(staff_id, session=session)
        # Whom one does not manage is answered as nobody, but for oneself.
        if member is None or not self._manages(by, member):
            raise NotFound(thing="staff member")
        check_grants(member.roles, by=by)
        return member

    async def hire(self, staff: Staff, act: StaffAct, *, session: Session) -> None:
        """Raises: StaffPhoneTaken."""
        try:
            await self.people.add_staff(staff, session=session)
        except PhoneTaken as fault:
            raise StaffPhoneTaken() from fault
        await self._appointed(staff.id, {}, act, about={"roles": list(staff.roles)}, session=session)

    async def change(
        self, staff_id: str, changes: dict[str, Any], act: StaffAct, *, about: dict[str, Any], session: Session
    ) -> Sequence[str]:
        """Returns the ids of the sessions that ended."""
        await self._appointed(staff_id, changes, act, about=about, session=session)
        return await self.sessions.end_all(staff_id, because=EndReason.STAFF_CHANGED, session=session)

    async def _appointed(
        self, staff_id: str, changes: dict[str, Any], act: StaffAct, *, about: dict[str, Any], session: Session
    ) -> None:
        both, now = (act.proposer, act.decided_by), to_ms(self.clock.now())
        await self.store.change_member(staff_id, changes, by=both, now=now, session=session)
        payload = {"staff": staff_id, "what": act.kind.value}
        await self.outbox.append(name=STAFF_CHANGED, payload=payload, session=session)
        told = {"act": act.id, "proposer": act.proposer, **about}
        what = f"staff.{act.kind.name.removeprefix('STAFF_').lower()}_done"
        await self.audit.append(what, actor=act.decided_by, subject=staff_id, about=told, session=session)


def subject_of(member: Staff) -> Subject:
    return Subject(member.id, member.jurisdiction.code, member.department)


def _check_within(code: str, by: Principal) -> None:
    """Raises: OutsideJurisdiction."""
    if by.jurisdiction is None or not by.jurisdiction.covers(code):
        raise OutsideJurisdiction()


def _found(*parts: Iterable[str]) -> str:
    """How a member stood, for `Details.found`."""
    return ";".join(",".join(sorted(part)) for part in parts)


@dataclass(frozen=True, slots=True)
class Hire:
    members: Members

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        normal = replace(
            details,
            phone=parse_phone(details.phone),
            name=parse_name(details.name),
            badge=parse_badge(details.badge),
            unit=parse_unit(details.unit),
            unit_en=parse_unit(details.unit_en) if details.unit_en else "",
            department=parse_department(details.department),
            roles=parse_roles(details.roles),
            jurisdiction=parse_jurisdiction(details.jurisdiction),
        )
        check_grants(normal.roles, by=by)
        about = Subject(subject, normal.jurisdiction, normal.department)
        rules_of_place = rules.permits(Alone.READ_STAFF, by, about, self.members.clock.now())
        if rules_of_place is not None:
            raise rules_of_place.error  # before it is said whether the phone is taken
        if await self.members.people.staff_of_phone(normal.phone, session=session):
            raise StaffPhoneTaken()
        return Weighed(about, normal)

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        told = act.details
        staff = Staff(
            id=act.subject,
            phone=told.phone,
            display_name=told.name,
            badge=told.badge,
            organisation=Text(zh=told.unit, en=told.unit_en or told.unit),
            roles=told.roles,
            jurisdiction=Jurisdiction(told.jurisdiction),
            created_at=to_ms(self.members.clock.now()),
            department=told.department,
        )
        await self.members.hire(staff, act, session=session)
        return ()


@dataclass(frozen=True, slots=True)
class ChangeRoles:
    members: Members

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        member = await self.members.found(subject, by=by, session=session)
        roles = parse_roles(details.roles)
        if set(roles) == set(member.roles):
            raise NothingChanges()
        check_grants(roles, by=by)
        return Weighed(subject_of(member), replace(details, roles=roles, found=_found(member.roles)))

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        roles = list(act.details.roles)
        return await self.members.change(act.subject, {"roles": roles}, act, about={"roles": roles}, session=session)


@dataclass(frozen=True, slots=True)
class Move:
    members: Members

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        member, to = await self.members.found(subject, by=by, session=session), parse_jurisdiction(details.jurisdiction)
        if to == member.jurisdiction.code:
            raise NothingChanges()
        _check_within(to, by)
        return Weighed(subject_of(member), replace(details, found=_found(member.roles, [member.jurisdiction.code])))

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        to = {"jurisdiction": act.details.jurisdiction}
        return await self.members.change(act.subject, to, act, about=to, session=session)


@dataclass(frozen=True, slots=True)
class Suspend:
    """suspended: what they are to be. Who is reinstated has the roles that they had."""

    members: Members
    suspended: bool

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        member = await self.members.found(subject, by=by, session=session)
        if member.suspended is self.suspended:
            raise NothingChanges()
        return Weighed(subject_of(member), replace(details, found=_found(member.roles)))

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        return await self.members.change(act.subject, {"suspended": self.suspended}, act, about={}, session=session)
