"""Interventions: staff freeze a citizen's account, let it go on, end its sessions, have it erased.

Rules
- One officer freezes for a day, once in a week; for longer, or again, two. Whoever froze alone may let go on; what two
  decided two undo.
- A frozen account is held while it is frozen: signing in, acting for it and freezing it happen one after the other. Its
  sessions end, and what others do for it; its programs lose what they were granted, for good.
- Its citizen reads each intervention, with who it was and why, and gets a message of it.
- An account that was erased, or is being so, is nobody's to intervene in; that of an officer's own phone is not theirs.
Source: docs/decisions/0042-a-freeze-ends-by-itself.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from core.access_log import AccessLog
from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.crypto import FieldCipher
from core.divisions import CITY_CODE
from core.errors import NotFound
from core.events import Outbox, seal_facts
from core.ids import Ids, is_id
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from identity.charges import Charge, Charges
from identity.limits import INTERVENTION_LIMITS
from identity.model import Citizen, EndReason, Freeze, parse_reason
from identity.sessions import Sessions
from identity.staffing import rules
from identity.staffing.errors import AlreadyFrozen, NotFrozen, OwnMatter, SecondOfficerNeeded
from identity.staffing.model import (
    FREEZE_ALONE,
    FREEZE_ALONE_AGAIN,
    INTERVENTION_PREFIX,
    Alone,
    Intervention,
    InterventionKind,
    StaffAct,
)
from identity.staffing.rules import AUDIT, Hours, Subject
from identity.staffing.store import StaffingStore
from identity.store import IdentityStore

ACCOUNT_FROZEN: Final = "identity.account_frozen"
ACCOUNT_UNFROZEN: Final = "identity.account_unfrozen"
ACCOUNT_ENDING: Final = "identity.account_ending"
ACCOUNT_INTERVENED: Final = "identity.account_intervened"
_EVENTS: Final = {
    InterventionKind.FROZEN: ACCOUNT_FROZEN,
    InterventionKind.UNFROZEN: ACCOUNT_UNFROZEN,
    InterventionKind.ENDING: ACCOUNT_ENDING,
}
# In the access log: what staff read when they look an account's interventions up, and why.
READ_FIELDS: Final = ("interventions",)
READ_PURPOSE: Final = "staff.interventions"
# How an intervention itself stands in the access log.
INTERVENED: Final = "staff.intervened"


class Grants(Protocol):
    """What programs were granted (the OpenID provider's)."""

    async def end_all(self, *, because: str, session: Session, also_offline: bool, **of: str) -> None: ...


class Closures(Protocol):
    """Who erases accounts. Each in the caller's transaction."""

    async def order(self, citizen: str, *, by: str, session: Session) -> datetime:
        """Have an account erased after the grace period; returns when."""
        ...

    async def call_off(self, citizen: str, *, session: Session) -> None:
        """Do not erase it after all, if staff ordered it and it has not begun."""
        ...


@dataclass(frozen=True, slots=True)
class Accounts:
    """Citizens' accounts, as staff intervene in them."""

    store: StaffingStore
    people: IdentityStore
    sessions: Sessions
    grants: Grants
    closures: Closures
    charges: Charges
    access: AccessLog
    outbox: Outbox
    audit: AuditLog
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    hours: Hours | None = None

    # --- by one officer

    async def freeze_for_a_day(self, *, principal: Principal, citizen_id: str, reason: str) -> Intervention:
        """Freeze at once, for a day.

        Raises: SignInRequired, Forbidden, StepUpRequired, OwnMatter, OutsideJurisdiction, NotFound, BadInput,
            TooManyRequests, AlreadyFrozen, SecondOfficerNeeded (it was so frozen in the last week), Unavailable.
        """
        why, revoked = await self._alone(principal, Alone.FREEZE, reason), list[str]()

        async def work(session: Session) -> Intervention:
            revoked.clear()
            citizen, now = await self._held(principal, Alone.FREEZE, citizen_id, session), self._now()
            if await self.people.freezes.of(citizen.id, now=now, session=session):
                raise AlreadyFrozen()
            if await self.store.frozen_alone_since(citizen.id, now - FREEZE_ALONE_AGAIN, session=session):
                raise SecondOfficerNeeded()
            made = self._made(InterventionKind.FROZEN, citizen.id, principal.actor, why, until=now + FREEZE_ALONE)
            revoked.extend(await self.freeze(made, session=session))
            return made

        return await self._revoking(await self.store.transaction(work), revoked)

    async def unfreeze_own(self, *, principal: Principal, citizen_id: str, reason: str) -> Intervention:
        """Let an account go on that one froze alone.

        Raises: SignInRequired, Forbidden, StepUpRequired, OwnMatter, OutsideJurisdiction, NotFound, BadInput,
            TooManyRequests, NotFrozen, SecondOfficerNeeded (others decided), Unavailable.
        """
        why = await self._alone(principal, Alone.UNFREEZE_OWN, reason)

        async def work(session: Session) -> Intervention:
            citizen = await self._held(principal, Alone.UNFREEZE_OWN, citizen_id, session)
            frozen = await self.freeze_of(citizen.id, session)
            by = await self.store.intervention(frozen.by, session=session)
            if by is None or by.second or by.officer != principal.actor:
                raise SecondOfficerNeeded()
            made = self._made(InterventionKind.UNFROZEN, citizen.id, principal.actor, why)
            await self.unfreeze(made, session=session)
            return made

        return await self.store.transaction(work)

    async def end_sessions(self, *, principal: Principal, citizen_id: str, reason: str) -> Intervention:
        """End an account's sessions everywhere; its owner signs in again.

        Raises: SignInRequired, Forbidden, StepUpRequired, OwnMatter, OutsideJurisdiction, NotFound, BadInput,
            TooManyRequests, Unavailable.
        """
        why, revoked = await self._alone(principal, Alone.END_SESSIONS, reason), list[str]()

        async def work(session: Session) -> Intervention:
            revoked.clear()
            citizen = await self._held(principal, Alone.END_SESSIONS, citizen_id, session)
            made = self._made(InterventionKind.SESSIONS_ENDED, citizen.id, principal.actor, why)
            ended = await self.sessions.end_all(citizen.id, because=EndReason.ENDED_BY_STAFF, session=session)
            revoked.extend(ended)
            await self.record(made, session=session)
            return made

        return await self._revoking(await self.store.transaction(work), revoked)

    # --- reading

    async def own(self, *, principal: Principal, request: PageRequest) -> Page[Intervention]:
        """The caller's, newest first. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        return await self.store.interventions(principal.subject, request=request)

    async def of_account(self, *, principal: Principal, citizen_id: str, request: PageRequest) -> Page[Intervention]:
        """A citizen's, newest first, for officers and auditors; the citizen sees that they looked.

        Raises: SignInRequired, Forbidden, OutsideJurisdiction, NotFound, Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        if AUDIT not in principal.scopes:
            principal.require_scope(rules.INTERVENE)
        citizen = (await self.people.citizens([citizen_id] if is_id(citizen_id, prefix="cit") else [])).get(citizen_id)
        if citizen is None:
            raise NotFound(thing="citizen")
        if AUDIT not in principal.scopes:
            rules.require(Alone.READ_INTERVENTIONS, principal, subject_of(citizen), self._now())
        await self.access.read(reader=principal, subject=citizen_id, fields=READ_FIELDS, purpose=READ_PURPOSE)
        return await self.store.interventions(citizen_id, request=request)

    # --- in somebody's transaction

    async def weigh(self, citizen_id: str, *, by: Principal, session: Session) -> Subject:
        """Raises: NotFound, OwnMatter."""
        citizen = await self.hold_citizen(citizen_id, session)
        await self._check_not_own(citizen, by, session)
        return subject_of(citizen)

    async def freeze(self, made: Intervention, *, session: Session) -> list[str]:
        """Freeze until `made.until`. Returns the ids of what ended."""
        assert made.until is not None, "a freeze has an end"
        citizen, delegations = made.citizen, self.people.delegations
        await delegations.hold(citizen, now=self._now(), session=session)
        await self.people.freezes.set(citizen, Freeze(made.until, made.id), session=session)
        ended = await self.sessions.end_all(citizen, because=EndReason.FROZEN, session=session)
        ended += await delegations.end_actings(citizen, now=self._now(), session=session)
        await self._end_grants(citizen, session)
        await self.record(made, session=session)
        return ended

    async def _end_grants(self, citizen: str, session: Session) -> None:
        """What the citizen granted, and what others granted for them."""
        because = "account_frozen"
        await self.grants.end_all(because=because, session=session, also_offline=True, citizen=citizen)
        for relation in await self.people.delegations.running_of(citizen):
            await self.grants.end_all(
                because=because, session=session, also_offline=True, subject=citizen, relation_id=relation
            )

    async def unfreeze(self, made: Intervention, *, session: Session) -> None:
        await self.people.freezes.set(made.citizen, None, session=session)
        await self.closures.call_off(made.citizen, session=session)
        await self.record(made, session=session)

    async def end(self, made: Intervention, *, session: Session) -> list[str]:
        """Freeze the account until it is erased. Returns the ids of what ended."""
        await self.closures.order(made.citizen, by=made.officer, session=session)
        return await self.freeze(made, session=session)

    async def record(self, made: Intervention, *, session: Session) -> None:
        """Keep an intervention, say it to the audit, and have its citizen told."""
        await self.store.add_intervention(made, session=session)
        facts = seal_facts({"reason": made.reason}, owner=made.citizen, cipher=self.cipher)
        payload = {"citizen": made.citizen, "intervention": made.id, "kind": made.kind.value, "facts": facts}
        await self.outbox.append(name=_EVENTS.get(made.kind, ACCOUNT_INTERVENED), payload=payload, session=session)
        about = {"intervention": made.id, "second": made.second}
        await self.audit.append(
            f"accounts.{made.kind.value.lower()}",
            actor=made.officer,
            subject=made.citizen,
            about=about,
            session=session,
        )

    def made(
        self, kind: InterventionKind, act: StaffAct, *, until: datetime | None = None, hold: str = ""
    ) -> Intervention:
        """Of what two officers agreed to."""
        one = self._made(kind, act.subject, act.proposer, act.reason, until=until)
        return replace(one, second=act.decided_by, hold=hold)

    async def hold_citizen(self, citizen_id: str, session: Session) -> Citizen:
        """The account, written: signing in and freezing wait for each other. Raises: NotFound."""
        found = None
        if is_id(citizen_id, prefix="cit"):
            found = await self.people.hold_citizen(citizen_id, session=session)
        if found is None:
            raise NotFound(thing="citizen")
        return found

    # ---

    def _now(self) -> datetime:
        return to_ms(self.clock.now())

    def _made(
        self, kind: InterventionKind, citizen: str, officer: str, reason: str, *, until: datetime | None = None
    ) -> Intervention:
        return Intervention(self.ids.new(INTERVENTION_PREFIX), citizen, kind, officer, "", self._now(), until, reason)

    async def _alone(self, principal: Principal, act: Alone, reason: str) -> str:
        """What one officer does alone is theirs to do, and counted. Returns the reason."""
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(rules.RULES[act].scope)
        principal.require_fresh(now=self.clock.now(), max_age=rules.FRESH, strong=True)
        why = parse_reason(reason)
        await self.charges.charge([Charge(self.charges.key("intervention", principal.actor), INTERVENTION_LIMITS)])
        return why

    async def _held(self, principal: Principal, act: Alone, citizen_id: str, session: Session) -> Citizen:
        officer = await self.store.officer(principal, now=self._now(), session=session)
        citizen = await self.hold_citizen(citizen_id, session)
        await self._check_not_own(citizen, officer, session)
        rules.require(act, officer, subject_of(citizen), self._now(), hours=self.hours)
        return citizen

    async def _check_not_own(self, citizen: Citizen, officer: Principal, session: Session) -> None:
        """Officers are citizens too, and nobody decides about themself. Raises: OwnMatter."""
        member = await self.store.member(officer.actor, session=session)
        if member is not None and member.phone == citizen.phone:
            raise OwnMatter()

    async def freeze_of(self, citizen_id: str, session: Session) -> Freeze:
        """Raises: NotFrozen."""
        frozen = await self.people.freezes.of(citizen_id, now=self._now(), session=session)
        if frozen is None:
            raise NotFrozen()
        return frozen

    async def _revoking(self, made: Intervention, revoked: Sequence[str]) -> Intervention:
        for id_ in revoked:
            await self.sessions.revocations.add(id_)
        return made


def subject_of(citizen: Citizen) -> Subject:
    """Where nobody knows where they live, who answers for the whole city answers for them."""
    return Subject(citizen.id, citizen.home_district or CITY_CODE)
