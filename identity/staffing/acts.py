"""The verbs of acts that take two officers: one proposes, another approves, and then it is done.

Rules
- Who decides is read anew in the transaction that decides, and held there: powers taken away meanwhile are gone, and of
  a suspension and an approval at the same instant one comes first.
- Both officers need the power, when it is done as when it was proposed; the approver also a fresh strong proof. They
  are two people, neither of them is the subject, and neither appointed the other lately.
- An act is done in the transaction of its approval, once. What has changed since it was proposed is proposed anew.
- Both stand in the audit.
Source: docs/decisions/0041-an-act-of-two-officers-is-done-by-the-second.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.errors import Forbidden, NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from identity.model import Staff, parse_reason
from identity.revocations import Revocations
from identity.staffing import rules
from identity.staffing.errors import ActNotPending, ActOutdated, ActWaits, NotIndependent, OwnMatter
from identity.staffing.model import (
    ACT_LIFETIME,
    ACT_PREFIX,
    INDEPENDENT_AFTER,
    ActState,
    Details,
    Kind,
    StaffAct,
    check_details,
)
from identity.staffing.performing import Performer, Weighed
from identity.staffing.rules import AUDIT, FRESH, RULES, Hours, Refusal, Subject
from identity.staffing.store import Reach, StaffingStore

ACT_PROPOSED: Final = "identity.staff_act_proposed"
ACT_DECIDED: Final = "identity.staff_act_decided"


@dataclass(frozen=True, slots=True)
class Acts:
    """performers: who does which kind; a kind without one is refused. hours: the city's, None for none."""

    store: StaffingStore
    performers: Mapping[Kind, Performer]
    revocations: Revocations
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock
    hours: Hours | None = None

    # --- proposing

    async def propose(
        self, *, principal: Principal, kind: Kind, subject: str, reason: str, details: Details
    ) -> StaffAct:
        """Ask a second officer to agree. subject: empty for a hire, which gets an id of its own.

        Raises: SignInRequired, Forbidden, StepUpRequired, OwnMatter, OutsideJurisdiction, OutOfHours, NotFound,
            BadInput, ActWaits, what the kind refuses, Unavailable.
        """
        _need_scope(principal, kind)
        principal.require_fresh(now=self.clock.now(), max_age=FRESH, strong=True)
        why, now = parse_reason(reason), to_ms(self.clock.now())
        check_details(kind, details, now=now)
        about = self.ids.new("stf") if kind is Kind.STAFF_HIRE else subject

        async def work(session: Session) -> StaffAct:
            officer = await self._officer(principal, session)
            weighed = await self._weigh(kind, about, details, officer, session)
            if waits := await self.store.waiting(kind, about, now=now, session=session):
                raise ActWaits(id=waits)
            act = StaffAct(
                id=self.ids.new(ACT_PREFIX),
                kind=kind,
                subject=about,
                proposer=officer.actor,
                reason=why,
                details=weighed.details,
                at=now,
                expires_at=now + ACT_LIFETIME,
                place=weighed.subject.place,
                department=weighed.subject.department,
            )
            await self.store.add(act, session=session)
            await self.outbox.append(name=ACT_PROPOSED, payload={"act": act.id, "kind": kind.value}, session=session)
            await self._note("proposed", act, by=officer.actor, session=session)
            return act

        return await self.store.transaction(work)

    # --- deciding

    async def approve(self, *, principal: Principal, act_id: str) -> StaffAct:
        """Agree to what another officer proposed, and have it done.

        Raises: SignInRequired, Forbidden, StepUpRequired, NotFound (also what one has no power over), ActNotPending,
            OwnMatter, NotIndependent, ActOutdated, OutsideJurisdiction, OutOfHours, what the kind refuses,
            Unavailable.
        """
        _need_staff(principal)
        revoked: list[str] = []

        async def work(session: Session) -> StaffAct:
            revoked.clear()
            officer = await self._officer(principal, session)
            act = await self._pending(act_id, officer, session)
            await self._check_two(act, officer, session)
            agreed = await self.store.decide(
                act, ActState.AGREED, by=officer.actor, now=to_ms(self.clock.now()), session=session
            )
            revoked.extend(await self.performers[act.kind].perform(agreed, principal=officer, session=session))
            return await self._decide(agreed, ActState.DONE, "approved", by=officer.actor, session=session)

        done = await self.store.transaction(work)
        for id_ in revoked:
            await self.revocations.add(id_)
        return done

    async def reject(self, *, principal: Principal, act_id: str, reason: str) -> StaffAct:
        """Refuse what another officer proposed. Raises: as `approve`, but for a fresh proof; BadInput."""
        _need_staff(principal)
        why = parse_reason(reason)

        async def work(session: Session) -> StaffAct:
            officer = await self._officer(principal, session)
            act = await self._pending(act_id, officer, session)
            if officer.actor in (act.proposer, act.subject):
                raise OwnMatter()
            return await self._decide(act, ActState.REJECTED, "rejected", by=officer.actor, note=why, session=session)

        return await self.store.transaction(work)

    async def withdraw(self, *, principal: Principal, act_id: str) -> StaffAct:
        """Take back what one proposed. Raises: SignInRequired, Forbidden, NotFound, ActNotPending, Unavailable."""
        _need_staff(principal)

        async def work(session: Session) -> StaffAct:
            officer = await self._officer(principal, session)
            act = await self._found(act_id, session)
            if act is None or act.proposer != officer.actor:
                raise NotFound(thing="act")
            if act.state is not ActState.PENDING:
                raise ActNotPending(state=act.state.value)
            return await self._decide(act, ActState.WITHDRAWN, "withdrawn", by=officer.actor, session=session)

        return await self.store.transaction(work)

    # --- looking

    async def pending(self, *, principal: Principal, request: PageRequest) -> Page[StaffAct]:
        """Those that wait and that the caller has power over, newest first; all, for an auditor.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        _need_staff(principal)
        reach = _reach(principal)
        if not reach.kinds:
            raise Forbidden()
        return await self.store.pending(reach, now=self.clock.now(), request=request)

    async def one(self, *, principal: Principal, act_id: str) -> StaffAct:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        _need_staff(principal)
        found = await self.store.act(act_id) if is_id(act_id, prefix=ACT_PREFIX) else None
        if found is None or not _sees(principal, found):
            raise NotFound(thing="act")
        return found.as_of(self.clock.now())

    # --- who may

    async def _officer(self, principal: Principal, session: Session) -> Principal:
        return await self.store.officer(principal, now=self.clock.now(), session=session)

    async def _found(self, act_id: str, session: Session) -> StaffAct | None:
        found = await self.store.act(act_id, session=session) if is_id(act_id, prefix=ACT_PREFIX) else None
        return found.as_of(self.clock.now()) if found else None

    async def _pending(self, act_id: str, officer: Principal, session: Session) -> StaffAct:
        act = await self._found(act_id, session)
        if act is None or not _has_power(officer, act):
            raise NotFound(thing="act")
        if act.state is not ActState.PENDING:
            raise ActNotPending(state=act.state.value)
        return act

    async def _check_two(self, act: StaffAct, officer: Principal, session: Session) -> None:
        """That these two may do this together, as things are now."""
        if officer.actor == act.proposer:
            raise OwnMatter()
        await self._check_independent(officer.actor, act.proposer, session)
        approving = await self._weigh(act.kind, act.subject, act.details, officer, session)
        member = await self.store.hold_member(act.proposer, session=session)
        if member is None:
            raise ActOutdated()
        proposer = _as_of(member)
        proposing = await self.performers[act.kind].weigh(act.subject, act.details, by=proposer, session=session)
        refused = rules.permits(act.kind, proposer, proposing.subject, self.clock.now(), hours=self.hours)
        if refused not in (None, Refusal.NOT_PROVEN) or approving.details != act.details:
            raise ActOutdated()

    async def _check_independent(self, one: str, other: str, session: Session) -> None:
        since = self.clock.now() - INDEPENDENT_AFTER
        for appointed, by in ((one, other), (other, one)):
            if await self.store.appointed_since(appointed, by=by, since=since, session=session):
                raise NotIndependent(days=INDEPENDENT_AFTER.days)

    async def _weigh(self, kind: Kind, subject: str, details: Details, officer: Principal, session: Session) -> Weighed:
        # Asked first without a subject: who has no such power does not learn whether there is one.
        _need_scope(officer, kind)
        weighed = await self.performers[kind].weigh(subject, details, by=officer, session=session)
        rules.require(kind, officer, weighed.subject, self.clock.now(), hours=self.hours)
        return weighed

    async def _decide(
        self, act: StaffAct, state: ActState, how: str, *, by: str, note: str = "", session: Session
    ) -> StaffAct:
        now = to_ms(self.clock.now())
        decided = await self.store.decide(act, state, by=by, note=note, now=now, session=session)
        payload = {"act": act.id, "kind": act.kind.value, "state": state.value}
        await self.outbox.append(name=ACT_DECIDED, payload=payload, session=session)
        await self._note(how, act, by=by, session=session)
        return decided

    async def _note(self, how: str, act: StaffAct, *, by: str, session: Session) -> None:
        about = {"act": act.id, "kind": act.kind.value, "proposer": act.proposer}
        await self.audit.append(f"staff.act_{how}", actor=by, subject=act.subject, about=about, session=session)


def _need_staff(principal: Principal) -> None:
    principal.require(PrincipalKind.STAFF)
    principal.require_scope("staff")


def _need_scope(principal: Principal, kind: Kind) -> None:
    """Raises: SignInRequired, Forbidden."""
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(RULES[kind].scope)


def _as_of(member: Staff) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF,
        actor=member.id,
        subject=member.id,
        scopes=member.scopes,
        jurisdiction=member.jurisdiction,
        department=member.department,
    )


def _has_power(officer: Principal, act: StaffAct) -> bool:
    """Over its subject, whoever proposed it; when, how freshly proven and on what is asked when it is decided."""
    about = Subject("", act.place, act.department)
    return rules.permits(act.kind, officer, about, act.at) in (None, Refusal.NOT_PROVEN, Refusal.DEVICE_COOLS)


def _sees(principal: Principal, act: StaffAct) -> bool:
    return AUDIT in principal.scopes or act.proposer == principal.actor or _has_power(principal, act)


def _reach(principal: Principal) -> Reach:
    if AUDIT in principal.scopes:
        return Reach(frozenset(Kind), frozenset(), frozenset(), "", "")
    kinds = frozenset(kind for kind in Kind if RULES[kind].scope in principal.scopes)
    of_department = frozenset(kind for kind in kinds if RULES[kind].department)
    of_place = frozenset(kind for kind in kinds if RULES[kind].place)
    within = principal.jurisdiction.significant if principal.jurisdiction else ""
    return Reach(kinds, of_department, of_place, principal.department, within or "-")
