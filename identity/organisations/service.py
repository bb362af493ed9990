"""The verbs of organisations.

Every change is one transaction that holds the organisation: of two at once the later sees what the earlier did, with
the role that its caller then has. Each stands in the audit, with who did it and to whom.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from core.audit import About
from core.errors import BadInput, Forbidden, NotFound, Unavailable
from core.ids import is_id
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal
from identity.acting import ActingForOthers, themself
from identity.charges import Charge, Charges
from identity.delegating import Delegating, Terms
from identity.errors import RealNameNeeded
from identity.four_eyes import FourEyes
from identity.limits import ORGANISATION_LIMITS
from identity.model import REGISTER_LEVEL, Evidence, parse_reason
from identity.organisations.errors import (
    AlreadyMember,
    HandOverOver,
    OrganisationNotInForce,
    OrganisationSuspended,
    RepresentationNotProven,
    TooManyMembers,
)
from identity.organisations.model import (
    ADMIN,
    HAND_OVER_LIFETIME,
    MEMBERS_MAX,
    OWNER,
    HandOver,
    Organisation,
    Post,
    Suspender,
    decides,
    decides_about,
    parse_organisation_name,
    parse_uscc,
    role_of,
)
from identity.organisations.registers import OrganisationRegister, RegisterStatus
from identity.organisations.store import OrganisationStore
from identity.relations import (
    ORGANISATION_REGISTER,
    Acting,
    Agency,
    Invitation,
    Proof,
    Relation,
    RelationKind,
    Role,
    check_until,
)

R = TypeVar("R")

ORGANISATION_REGISTERED: Final = "identity.organisation_registered"
ORGANISATION_SUSPENDED: Final = "identity.organisation_suspended"
ORGANISATION_RESUMED: Final = "identity.organisation_resumed"
MEMBER_CHANGED: Final = "identity.member_changed"
HAND_OVER_OFFERED: Final = "identity.hand_over_offered"
# What two officers agree to.
CITY_SUSPENDS: Final = "organisations.suspend"
CITY_RESUMES: Final = "organisations.resume"
_AGENT: Final = RelationKind.AGENT


@dataclass(frozen=True, slots=True)
class Membership:
    """An organisation, as one of its members sees it: by their relation to it."""

    organisation: Organisation
    member: Relation


@dataclass(frozen=True, slots=True)
class Organisations:
    """register: None where the city has none; then none can be registered. four_eyes: of the city's officers."""

    store: OrganisationStore
    acting: ActingForOthers
    delegating: Delegating
    charges: Charges
    register: OrganisationRegister | None
    four_eyes: FourEyes

    async def open(self) -> None:
        """Make the indexes."""
        await self.store.open()

    # --- what there is

    async def own(self, *, principal: Principal) -> list[Membership]:
        """The caller's organisations, the one joined last first. Raises: SignInRequired, Forbidden, Unavailable."""
        themself(principal)
        members = await self.acting.delegations.live_of(actor=principal.actor, kinds={_AGENT}, now=self._now())
        found = await self.store.organisations({member.subject for member in members})
        return [Membership(found[one.subject], one) for one in members if one.subject in found]

    async def one(self, *, principal: Principal, organisation_id: str) -> Membership:
        """Raises: SignInRequired, Forbidden, NotFound (none of the caller's), Unavailable."""
        for membership in await self.own(principal=principal):
            if membership.organisation.id == organisation_id:
                return membership
        raise NotFound(thing="organisation")

    async def members(self, *, principal: Principal, organisation_id: str) -> list[Relation]:
        """All, for who decides about members. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        await self._as_one_who_decides(principal, organisation_id)
        return await self.acting.delegations.live_of(
            subject=organisation_id, kinds={_AGENT}, now=self._now(), most=MEMBERS_MAX
        )

    async def actings(self, *, principal: Principal, organisation_id: str, request: PageRequest) -> Page[Acting]:
        """Each time that somebody began to act for it, newest first, for who decides about members.

        Raises: SignInRequired, Forbidden, NotFound, Unavailable.
        """
        await self._as_one_who_decides(principal, organisation_id)
        return await self.acting.delegations.actings(organisation_id, request=request)

    async def _as_one_who_decides(self, principal: Principal, organisation_id: str) -> None:
        membership = await self.one(principal=principal, organisation_id=organisation_id)
        if not decides(role_of(membership.member)):
            raise Forbidden()

    # --- registering

    async def registered(self, *, principal: Principal, uscc: str, name: str) -> Membership:
        """Make the caller the owner of the organisation that they represent by the register.

        It is made where there is none; an owner whom the register does not have any more is one no longer.
        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, UsccInvalid, BadInput, TooManyRequests,
        RepresentationNotProven, OrganisationNotInForce, Unavailable (also without a register).
        """
        await self._fresh(principal)
        code, said = parse_uscc(uscc), parse_organisation_name(name)
        await self._prove_representation(principal.actor, code, said)
        evidence = Evidence(ORGANISATION_REGISTER, self._now())
        revoked: list[str] = []

        async def work(session: Session) -> Membership:
            revoked.clear()
            await self.acting.delegations.hold(code, now=evidence.at, session=session)
            organisation = await self._made_or_confirmed(code, said, evidence, principal.actor, session)
            await self._hold(organisation.id, session)
            owner = await self._owner(organisation.id, session)
            if owner is not None and owner.actor == principal.actor:
                return Membership(organisation, owner)
            before = await self._member(principal.actor, organisation.id, session)
            for one in (owner, before):
                if one is not None:
                    revoked.append(one.id)
                    await self.acting.end_within(one, by=principal.actor, session=session)
            proof = Proof(ORGANISATION_REGISTER, code, evidence.at)
            member = await self._appoint(organisation, principal.actor, OWNER, proof=proof, session=session)
            about = {"relation": member.id, "before": owner.actor if owner else ""}
            await self._note("owner_proven", organisation.id, by=principal.actor, about=about, session=session)
            return Membership(organisation, member)

        return await self._revoking(work, revoked)

    async def _prove_representation(self, citizen_id: str, uscc: str, name: str) -> None:
        if self.register is None:
            raise Unavailable()
        citizen = (await self.acting.store.citizens([citizen_id])).get(citizen_id)
        number = await self.acting.store.id_number(citizen_id)
        if citizen is None or citizen.name is None or number is None:
            raise RealNameNeeded(level=REGISTER_LEVEL)
        await self.charges.charge([Charge(self.charges.key("organisation:account", citizen_id), ORGANISATION_LIMITS)])
        status = await self.register.represented(uscc=uscc, name=name, representative=citizen.name, id_number=number)
        if status is None:
            raise RepresentationNotProven()
        if status is not RegisterStatus.ACTIVE:
            raise OrganisationNotInForce(status=status.value)

    async def _made_or_confirmed(
        self, uscc: str, name: str, evidence: Evidence, by: str, session: Session
    ) -> Organisation:
        found = await self.store.of_uscc(uscc, session=session)
        if found is not None:
            return await self.store.confirm(found.id, name=name, evidence=evidence, session=session)
        made = Organisation(self.acting.ids.new("org"), uscc, name, evidence.at, evidence)
        await self.store.add(made, session=session)
        payload = {"organisation": made.id, "citizen": by}
        await self.acting.outbox.append(name=ORGANISATION_REGISTERED, payload=payload, session=session)
        await self._note("registered", made.id, by=by, about={"uscc": uscc}, session=session)
        return made

    # --- members

    async def invite(
        self,
        *,
        principal: Principal,
        organisation_id: str,
        phone: str,
        name: str,
        post: Post,
        until: datetime | None = None,
    ) -> Invitation:
        """Ask somebody to join in a post that the caller may give. The answer is the same whether there is somebody.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, OrganisationSuspended,
        PhoneInvalid, BadInput, TooManyRequests, Unavailable.
        """
        membership = await self.one(principal=principal, organisation_id=organisation_id)
        organisation = membership.organisation
        if not decides_about(role_of(membership.member), post.role):
            raise Forbidden()
        terms = Terms(
            kind=_AGENT,
            matters=post.matters,
            until=check_until(until, now=self._now()) if until else None,
            subject=organisation.id,
            agency=Agency(organisation.name, post.role, post.ceilings),
        )

        async def check(session: Session) -> None:
            await self._hold(organisation.id, session)
            await self._in_use(organisation.id, session)
            await self._may_decide(principal.actor, organisation.id, post.role, session)

        return await self.delegating.send(principal=principal, phone=phone, name=name, terms=terms, check=check)

    async def accept(self, *, principal: Principal, invitation_id: str) -> Relation:
        """An invitation of any kind, to act for a person or to join an organisation.

        Raises: as `Delegating.accept`; OrganisationSuspended, AlreadyMember, TooManyMembers.
        """
        return await self.delegating.accept(principal=principal, invitation_id=invitation_id, admit=self._admit)

    async def _admit(self, invitation: Invitation, session: Session) -> None:
        """Whoever invited may still do so. Raises: NotFound, OrganisationSuspended, AlreadyMember, TooManyMembers."""
        assert invitation.agency is not None, "an organisation invites to an agency"
        id_ = invitation.subject
        await self._in_use(id_, session)
        inviter = await self._member(invitation.inviter, id_, session)
        if inviter is None or not decides_about(role_of(inviter), invitation.agency.role):
            raise NotFound(thing="invitation")
        if await self._member(invitation.actor, id_, session) is not None:
            raise AlreadyMember()
        members = await self.acting.delegations.live_of(
            subject=id_, kinds={_AGENT}, now=self._now(), most=MEMBERS_MAX, session=session
        )
        if len(members) >= MEMBERS_MAX:
            raise TooManyMembers(most=MEMBERS_MAX)
        about = {"member": invitation.actor, "role": invitation.agency.role.value, "invitation": invitation.id}
        await self._note("member_joined", id_, by=invitation.actor, about=about, session=session)

    async def change_role(self, *, principal: Principal, member_id: str, post: Post) -> Relation:
        """Give a member another post; what they do in the old one ends. Returns their new relation.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, Unavailable.
        """
        await self._fresh(principal)
        revoked: list[str] = []

        async def work(session: Session) -> Relation:
            revoked.clear()
            member = await self._decided_about(principal.actor, member_id, session)
            await self._may_decide(principal.actor, member.subject, post.role, session)
            organisation = await self._organisation(member.subject, session)
            revoked.append(member.id)
            changed = await self._move(organisation, member, post, by=principal.actor, session=session)
            about = {"member": member.actor, "from": role_of(member).value, "to": post.role.value}
            await self._note("role_changed", organisation.id, by=principal.actor, about=about, session=session)
            return changed

        return await self._revoking(work, revoked)

    async def remove(self, *, principal: Principal, member_id: str) -> Relation:
        """Let a member be one no longer; what they do for it ends.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, Unavailable.
        """
        await self._fresh(principal)

        async def work(session: Session) -> Relation:
            member = await self._decided_about(principal.actor, member_id, session)
            ended = await self.acting.end_within(member, by=principal.actor, session=session)
            about = {"member": member.actor, "role": role_of(member).value}
            await self._note("member_removed", member.subject, by=principal.actor, about=about, session=session)
            return ended

        return await self._revoking(work, [member_id])

    # --- handing over

    async def hand_over(self, *, principal: Principal, organisation_id: str, member_id: str) -> Membership:
        """Offer the organisation to another member, who takes it over within a week; a later offer replaces this one.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, BadInput (oneself), Unavailable.
        """
        await self._fresh(principal)

        async def work(session: Session) -> Membership:
            owner = await self._as_owner(principal.actor, organisation_id, session)
            member = await self._member_of_id(member_id, session)
            if member is None or member.subject != organisation_id:
                raise NotFound(thing="member")
            if member.actor == principal.actor:
                raise BadInput(field="memberId", problem="is your own")
            offer = HandOver(principal.actor, member.actor, self._now() + HAND_OVER_LIFETIME)
            organisation = await self.store.offer(organisation_id, offer, session=session)
            payload = {"citizen": member.actor, "organisation": organisation_id}
            await self.acting.outbox.append(name=HAND_OVER_OFFERED, payload=payload, session=session)
            about = {"member": member.actor}
            await self._note("hand_over_offered", organisation_id, by=principal.actor, about=about, session=session)
            return Membership(organisation, owner)

        return await self.acting.store.transaction(work)

    async def withdraw_hand_over(self, *, principal: Principal, organisation_id: str) -> Membership:
        """Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, Unavailable."""
        await self._fresh(principal)

        async def work(session: Session) -> Membership:
            owner = await self._as_owner(principal.actor, organisation_id, session)
            organisation = await self.store.offer(organisation_id, None, session=session)
            await self._note("hand_over_withdrawn", organisation_id, by=principal.actor, about={}, session=session)
            return Membership(organisation, owner)

        return await self.acting.store.transaction(work)

    async def take_over(self, *, principal: Principal, organisation_id: str) -> Membership:
        """Become the owner, as the owner has offered, who becomes an administrator.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, HandOverOver, Unavailable.
        """
        await self._fresh(principal)
        revoked: list[str] = []

        async def work(session: Session) -> Membership:
            revoked.clear()
            member = await self._as_member(principal.actor, organisation_id, session)
            organisation = await self._organisation(organisation_id, session)
            offered, owner = (
                organisation.offered_to(principal.actor, now=self._now()),
                await self._owner(organisation_id, session),
            )
            if offered is None or owner is None or owner.actor != offered.by:
                raise HandOverOver()
            revoked.extend([owner.id, member.id])
            await self._move(organisation, owner, ADMIN, by=principal.actor, session=session)
            taken = await self._move(organisation, member, OWNER, by=principal.actor, session=session)
            organisation = await self.store.offer(organisation_id, None, session=session)
            await self._note(
                "handed_over", organisation_id, by=principal.actor, about={"before": owner.actor}, session=session
            )
            return Membership(organisation, taken)

        return await self._revoking(work, revoked)

    # --- suspending

    async def suspend(self, *, principal: Principal, organisation_id: str) -> Organisation:
        """Nobody acts for it from now on, and what goes on ends: by its owner.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, Unavailable.
        """
        await self._fresh(principal)
        ended: list[str] = []

        async def work(session: Session) -> Organisation:
            ended.clear()
            await self._as_owner(principal.actor, organisation_id, session)
            organisation = await self._organisation(organisation_id, session)
            if organisation.suspended_by is Suspender.CITY:
                return organisation
            ended.extend(await self._suspend(organisation_id, Suspender.OWNER, principal, "", session))
            return await self._organisation(organisation_id, session)

        return await self._revoking(work, ended)

    async def resume(self, *, principal: Principal, organisation_id: str) -> Organisation:
        """Let it go on. What the city suspended the city alone resumes.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound, Unavailable.
        """
        await self._fresh(principal)

        async def work(session: Session) -> Organisation:
            await self._as_owner(principal.actor, organisation_id, session)
            if (await self._organisation(organisation_id, session)).suspended_by is Suspender.CITY:
                raise Forbidden()
            await self._resume(organisation_id, Suspender.OWNER, principal, session)
            return await self._organisation(organisation_id, session)

        return await self.acting.store.transaction(work)

    # --- suspending by the city, in the transaction in which two officers agreed to it

    async def of_the_city(self, organisation_id: str, *, session: Session) -> Organisation:
        """One of all that there are; held, so that of two who decide about it one comes first. Raises: NotFound."""
        await self._hold_one(organisation_id, session)
        return await self._organisation(organisation_id, session)

    async def suspend_for_city(
        self, *, principal: Principal, organisation_id: str, reason: str, session: Session
    ) -> list[str]:
        """As `suspend`, with a reason. Returns the ids of what ended, for the caller to revoke once it is committed.

        Raises: Forbidden (nobody else agreed), NotFound, BadInput.
        """
        why = parse_reason(reason)
        await self.four_eyes.require(principal=principal, act=CITY_SUSPENDS, subject=organisation_id, session=session)
        await self.of_the_city(organisation_id, session=session)
        return await self._suspend(organisation_id, Suspender.CITY, principal, why, session)

    async def resume_for_city(self, *, principal: Principal, organisation_id: str, session: Session) -> None:
        """Raises: Forbidden (nobody else agreed), NotFound."""
        await self.four_eyes.require(principal=principal, act=CITY_RESUMES, subject=organisation_id, session=session)
        await self.of_the_city(organisation_id, session=session)
        await self._resume(organisation_id, Suspender.CITY, principal, session)

    async def _suspend(
        self, organisation_id: str, by: Suspender, principal: Principal, reason: str, session: Session
    ) -> list[str]:
        await self.store.suspend(organisation_id, by, reason=reason, session=session)
        delegations = self.acting.delegations
        await delegations.pause(organisation_id, paused=True, session=session)
        ended = await delegations.end_actings(organisation_id, now=self._now(), session=session)
        await self._tell(ORGANISATION_SUSPENDED, "suspended", organisation_id, principal, by, session)
        return ended

    async def _resume(self, organisation_id: str, by: Suspender, principal: Principal, session: Session) -> None:
        await self.store.suspend(organisation_id, None, reason="", session=session)
        await self.acting.delegations.pause(organisation_id, paused=False, session=session)
        await self._tell(ORGANISATION_RESUMED, "resumed", organisation_id, principal, by, session)

    async def _tell(
        self, event: str, what: str, organisation_id: str, principal: Principal, by: Suspender, session: Session
    ) -> None:
        owner = await self._owner(organisation_id, session)
        payload = {"organisation": organisation_id, "citizen": owner.actor if owner else ""}
        await self.acting.outbox.append(name=event, payload=payload, session=session)
        await self._note(what, organisation_id, by=principal.actor, about={"by": by.value}, session=session)

    # --- who may

    def _now(self) -> datetime:
        return self.acting.clock.now()

    async def _fresh(self, principal: Principal) -> None:
        """Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded."""
        themself(principal)
        await self.acting.require_fresh(principal)
        if principal.real_name_level < REGISTER_LEVEL:
            raise RealNameNeeded(level=REGISTER_LEVEL)

    async def _hold(self, organisation_id: str, session: Session) -> None:
        await self.acting.delegations.hold(organisation_id, now=self._now(), session=session)

    async def _hold_one(self, organisation_id: str, session: Session) -> None:
        """Raises: NotFound for what cannot be one."""
        if not is_id(organisation_id, prefix="org"):
            raise NotFound(thing="organisation")
        await self._hold(organisation_id, session)

    async def _organisation(self, organisation_id: str, session: Session) -> Organisation:
        found = await self.store.organisation(organisation_id, session=session)
        if found is None:
            raise NotFound(thing="organisation")
        return found

    async def _in_use(self, organisation_id: str, session: Session) -> None:
        """Raises: NotFound, OrganisationSuspended."""
        if (await self._organisation(organisation_id, session)).suspended_by is not None:
            raise OrganisationSuspended()

    async def _member(self, citizen_id: str, organisation_id: str, session: Session) -> Relation | None:
        return await self.acting.delegations.running(
            actor=citizen_id, subject=organisation_id, kind=_AGENT, now=self._now(), session=session
        )

    async def _as_member(self, citizen_id: str, organisation_id: str, session: Session) -> Relation:
        """The caller's own membership; holds the organisation. Raises: NotFound."""
        if not is_id(organisation_id, prefix="org"):
            raise NotFound(thing="organisation")
        # Looked at first, so that nobody holds what is not theirs.
        if await self._member(citizen_id, organisation_id, session) is None:
            raise NotFound(thing="organisation")
        await self._hold(organisation_id, session)
        member = await self._member(citizen_id, organisation_id, session)
        if member is None:
            raise NotFound(thing="organisation")
        return member

    async def _as_owner(self, citizen_id: str, organisation_id: str, session: Session) -> Relation:
        """Raises: NotFound, Forbidden (a member who is not)."""
        member = await self._as_member(citizen_id, organisation_id, session)
        if role_of(member) is not Role.OWNER:
            raise Forbidden()
        return member

    async def _owner(self, organisation_id: str, session: Session) -> Relation | None:
        members = await self.acting.delegations.live_of(
            subject=organisation_id, kinds={_AGENT}, now=self._now(), most=MEMBERS_MAX, session=session
        )
        return next((one for one in members if role_of(one) is Role.OWNER), None)

    async def _may_decide(self, citizen_id: str, organisation_id: str, about: Role, session: Session) -> None:
        """Raises: NotFound, Forbidden."""
        member = await self._as_member(citizen_id, organisation_id, session)
        if not decides_about(role_of(member), about):
            raise Forbidden()

    async def _member_of_id(self, member_id: str, session: Session) -> Relation | None:
        if not is_id(member_id, prefix="rel"):
            return None
        found = await self.acting.delegations.relation(member_id, session=session)
        return found if found and found.kind is _AGENT and found.live(self._now()) else None

    async def _decided_about(self, citizen_id: str, member_id: str, session: Session) -> Relation:
        """A member about whom the caller decides. Raises: NotFound (also others' members), Forbidden."""
        member = await self._member_of_id(member_id, session)
        if member is None or await self._member(citizen_id, member.subject, session) is None:
            raise NotFound(thing="member")
        await self._may_decide(citizen_id, member.subject, role_of(member), session)
        return member

    # --- what changes

    async def _appoint(
        self,
        organisation: Organisation,
        citizen_id: str,
        post: Post,
        *,
        proof: Proof,
        until: datetime | None = None,
        session: Session,
    ) -> Relation:
        member = Relation(
            id=self.acting.ids.new("rel"),
            kind=_AGENT,
            actor=citizen_id,
            subject=organisation.id,
            matters=post.matters,
            proof=proof,
            since=self._now(),
            until=until,
            paused=organisation.suspended_by is not None,
            agency=Agency(organisation.name, post.role, post.ceilings),
        )
        await self.acting.delegations.add(member, session=session)
        return member

    async def _move(
        self, organisation: Organisation, member: Relation, post: Post, *, by: str, session: Session
    ) -> Relation:
        """To another post, by another relation."""
        await self.acting.delegations.end(member.id, by=by, now=self._now(), session=session)
        # Who answers for an organisation does so without end.
        until = None if post.role is Role.OWNER else member.until
        moved = await self._appoint(
            organisation, member.actor, post, proof=replace(member.proof, at=self._now()), until=until, session=session
        )
        payload = {"citizen": member.actor, "organisation": organisation.id, "relation": moved.id}
        await self.acting.outbox.append(name=MEMBER_CHANGED, payload=payload, session=session)
        return moved

    async def _revoking(self, work: Callable[[Session], Awaitable[R]], revoked: list[str]) -> R:
        """Refuse the tokens of what `work` ended, which it has put into `revoked`, once it is committed."""
        done = await self.acting.store.transaction(work)
        for id_ in revoked:
            await self.acting.revocations.add(id_)
        return done

    async def _note(self, what: str, organisation_id: str, *, by: str, about: About, session: Session) -> None:
        await self.acting.audit.append(
            f"organisation.{what}", actor=by, subject=organisation_id, about=about, session=session
        )
