"""Letting another act, and asking to: an invitation by one side that the other accepts.

Rules
- Whom it is for is said by phone and name, and both must be right. Whether there is such a person, the one who invites
  is never told: the answer is the same, and so is the work, down to the writes; whoever exists finds it in their list.
- Both sides are known by name when it is accepted, and both prove themselves afresh.
- It names matters, an end within a year, and whether it is good for once. Nobody has more than so many relations.
- Accepted anew between the same two, it takes the place of the one that runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from core.crypto import FieldCipher, same
from core.errors import BadInput, NotFound
from core.ids import is_id
from core.masking import mask_name, mask_phone
from core.mongo import Session
from core.principal import Principal
from identity.acting import ActingForOthers, themself
from identity.charges import Charge, Charges
from identity.errors import OtherNotProven, RealNameNeeded, TooManyRelations
from identity.limits import INVITATION_LIMITS, INVITED_LIMITS
from identity.model import NOBODY, REGISTER_LEVEL, Citizen, comparable_name, parse_name, parse_phone
from identity.relations import (
    AS_ACTOR_MAX,
    AS_SUBJECT_MAX,
    BY_INVITATION,
    INVITATION,
    INVITATION_LIFETIME,
    INVITATIONS_WAITING_MAX,
    Agency,
    Invitation,
    InvitationState,
    Relation,
    RelationKind,
    Side,
    check_until,
    parse_matters,
)

INVITATION_SENT: Final = "identity.invitation_sent"
INVITATION_DECLINED: Final = "identity.invitation_declined"
RELATION_BEGUN: Final = "identity.relation_begun"
RELATION_RENEWED: Final = "identity.relation_renewed"

# What else must hold in the transaction; it raises where it does not.
Check: TypeAlias = Callable[[Session], Awaitable[None]]
Admit: TypeAlias = Callable[[Invitation, Session], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody is invited to. actor, subject: the side that is known; the empty one is the invited person's."""

    kind: RelationKind
    matters: frozenset[str]
    until: datetime | None = None
    once_only: bool = False
    actor: str = ""
    subject: str = ""
    agency: Agency | None = None


@dataclass(frozen=True, slots=True)
class Delegating:
    """Invitations: sent, answered, withdrawn."""

    acting: ActingForOthers
    charges: Charges
    cipher: FieldCipher

    async def invite(
        self,
        *,
        principal: Principal,
        phone: str,
        name: str,
        kind: RelationKind,
        matters: Iterable[str],
        until: datetime,
        once_only: bool,
        side: Side = Side.SUBJECT,
    ) -> Invitation:
        """Let the other act for the caller, or ask to act for them. side: the caller's.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, MatterNotDelegable, PhoneInvalid, BadInput,
        TooManyRequests, Unavailable. The same whether there is such a person.
        """
        if kind not in BY_INVITATION:
            raise BadInput(field="kind", problem="must be CARER or PROXY")
        now, id_ = self.acting.clock.now(), principal.actor
        terms = Terms(
            kind=kind,
            matters=parse_matters(matters),
            until=check_until(until, now=now),
            once_only=once_only,
            actor=id_ if side is Side.ACTOR else "",
            subject=id_ if side is Side.SUBJECT else "",
        )
        return await self.send(principal=principal, phone=phone, name=name, terms=terms)

    async def send(
        self, *, principal: Principal, phone: str, name: str, terms: Terms, check: Check | None = None
    ) -> Invitation:
        """As `invite`, on any terms. check: whether the caller may, in the transaction."""
        await self._may_decide(principal)
        number, said = parse_phone(phone), parse_name(name)
        await self.charges.charge(
            [
                Charge(self.charges.key("invitation:account", principal.actor), INVITATION_LIMITS),
                Charge(self.charges.key("invitation:phone", number), INVITED_LIMITS),
            ]
        )
        citizen = await self.acting.store.citizen_or_decoy(number)
        is_called = self._is_called(citizen, said)
        if is_called and citizen.id == principal.actor:
            raise BadInput(field="phone", problem="is your own")
        addressee = f"{mask_name(said)} {mask_phone(number)}"

        async def work(session: Session) -> Invitation:
            if check is not None:
                await check(session)
            now = self.acting.clock.now()
            waiting = await self.acting.delegations.waiting_for(citizen.id, now=now, session=session)
            reaches = is_called and waiting < INVITATIONS_WAITING_MAX
            invitation = self._invitation(principal.actor, citizen.id if reaches else "", terms, addressee, now)
            await self._store(invitation, session)
            return invitation

        return await self.acting.store.transaction(work)

    def _is_called(self, citizen: Citizen, said: str) -> bool:
        """Somebody without a name is compared too, with what no name can be."""
        return same(self._digest(citizen.name or NOBODY), self._digest(said))

    def _digest(self, name: str) -> bytes:
        return self.cipher.blind_index(comparable_name(name), purpose="invitation.name")

    def _invitation(self, inviter: str, invitee: str, terms: Terms, addressee: str, now: datetime) -> Invitation:
        expires_at = now + INVITATION_LIFETIME
        return Invitation(
            id=self.acting.ids.new("inv"),
            kind=terms.kind,
            inviter=inviter,
            invitee=invitee,
            actor=terms.actor or invitee,
            subject=terms.subject or invitee,
            addressee=addressee,
            matters=terms.matters,
            until=terms.until,
            once_only=terms.once_only,
            created_at=now,
            expires_at=min(expires_at, terms.until) if terms.until else expires_at,
            agency=terms.agency,
        )

    async def _store(self, invitation: Invitation, session: Session) -> None:
        await self.acting.delegations.add_invitation(invitation, session=session)
        payload = {"citizen": invitation.invitee, "invitation": invitation.id, "inviter": invitation.inviter}
        await self.acting.outbox.append(name=INVITATION_SENT, payload=payload, session=session)
        await self._note("invited", invitation, actor=invitation.inviter, session=session)

    # --- answers

    async def invitations(self, *, principal: Principal) -> list[Invitation]:
        """Those that the caller sent, and those that wait for their answer, newest first.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        themself(principal)
        now, delegations = self.acting.clock.now(), self.acting.delegations
        sent = await delegations.invitations_of(principal.actor, received=False)
        received = await delegations.invitations_of(principal.actor, received=True)
        waiting = [one for one in received if one.state(now) is InvitationState.WAITING]
        return sorted([*sent, *waiting], key=lambda invitation: invitation.id, reverse=True)

    async def accept(self, *, principal: Principal, invitation_id: str, admit: Admit | None = None) -> Relation:
        """Make an invitation to the caller a relation. admit: whether an organisation still takes them.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, NotFound (none that waits for the caller),
        OtherNotProven, TooManyRelations, Unavailable; what `admit` raises.
        """
        await self._may_decide(principal)
        replaced: list[str] = []

        async def work(session: Session) -> Relation:
            replaced.clear()
            now = self.acting.clock.now()
            invitation = await self._waiting(principal, invitation_id, session)
            await self.acting.delegations.hold(invitation.actor, invitation.subject, now=now, session=session)
            if invitation.agency is None:
                await self._check_proven(invitation.inviter, session)
                await self._check_bounds(invitation, session)
            elif admit is None:
                raise NotFound(thing="invitation")
            else:
                await admit(invitation, session)
            if old := await self._running(invitation, session):
                replaced.append((await self.acting.end_within(old, by=principal.actor, session=session)).id)
            return await self._begin(invitation, session)

        relation = await self.acting.store.transaction(work)
        for id_ in replaced:
            await self.acting.revocations.add(id_)
        return relation

    async def _waiting(self, principal: Principal, invitation_id: str, session: Session) -> Invitation:
        """One that waits for an answer of the caller's. Raises: NotFound."""
        found = None
        if is_id(invitation_id, prefix="inv"):
            found = await self.acting.delegations.invitation(invitation_id, session=session)
        waits = found is not None and found.state(self.acting.clock.now()) is InvitationState.WAITING
        if found is None or not waits or found.invitee != principal.actor:
            raise NotFound(thing="invitation")
        return found

    async def _check_proven(self, citizen_id: str, session: Session) -> None:
        level = await self.acting.store.real_name_level(citizen_id, session=session)
        if level < REGISTER_LEVEL:
            raise OtherNotProven()

    async def _check_bounds(self, invitation: Invitation, session: Session) -> None:
        """Each other person counts once. Raises: TooManyRelations."""
        now, delegations = self.acting.clock.now(), self.acting.delegations
        acts = await delegations.live_of(actor=invitation.actor, kinds=BY_INVITATION, now=now, session=session)
        if len({one.subject for one in acts} - {invitation.subject}) >= AS_ACTOR_MAX:
            raise TooManyRelations(side=Side.ACTOR.value, most=AS_ACTOR_MAX)
        may = await delegations.live_of(subject=invitation.subject, kinds=BY_INVITATION, now=now, session=session)
        if len({one.actor for one in may} - {invitation.actor}) >= AS_SUBJECT_MAX:
            raise TooManyRelations(side=Side.SUBJECT.value, most=AS_SUBJECT_MAX)

    async def _running(self, invitation: Invitation, session: Session) -> Relation | None:
        return await self.acting.delegations.running(
            actor=invitation.actor,
            subject=invitation.subject,
            kind=invitation.kind,
            now=self.acting.clock.now(),
            session=session,
        )

    async def _begin(self, invitation: Invitation, session: Session) -> Relation:
        now = self.acting.clock.now()
        await self.acting.delegations.answer(invitation.id, InvitationState.ACCEPTED, now=now, session=session)
        relation = invitation.relation(id=self.acting.ids.new("rel"), now=now)
        await self.acting.delegations.add(relation, session=session)
        payload = {
            "citizen": invitation.inviter,
            "relation": relation.id,
            "actor": relation.actor,
            "subject": relation.subject,
        }
        await self.acting.outbox.append(name=RELATION_BEGUN, payload=payload, session=session)
        await self._note("accepted", invitation, actor=invitation.invitee, session=session, relation=relation.id)
        return relation

    async def decline(self, *, principal: Principal, invitation_id: str) -> Invitation:
        """Say no to an invitation. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        themself(principal)

        async def work(session: Session) -> Invitation:
            invitation = await self._waiting(principal, invitation_id, session)
            declined = await self._answered(invitation, InvitationState.DECLINED, session)
            payload = {"citizen": invitation.inviter, "invitation": invitation.id}
            await self.acting.outbox.append(name=INVITATION_DECLINED, payload=payload, session=session)
            await self._note("declined", invitation, actor=principal.actor, session=session)
            return declined

        return await self.acting.store.transaction(work)

    async def withdraw(self, *, principal: Principal, invitation_id: str) -> Invitation:
        """Take back an invitation that one sent. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        themself(principal)

        async def work(session: Session) -> Invitation:
            found = None
            if is_id(invitation_id, prefix="inv"):
                found = await self.acting.delegations.invitation(invitation_id, session=session)
            if found is None or found.inviter != principal.actor:
                raise NotFound(thing="invitation")
            withdrawn = await self._answered(found, InvitationState.WITHDRAWN, session)
            await self._note("withdrawn", found, actor=principal.actor, session=session)
            return withdrawn

        return await self.acting.store.transaction(work)

    async def _answered(self, invitation: Invitation, answer: InvitationState, session: Session) -> Invitation:
        """Raises: NotFound (it waits no longer)."""
        now = self.acting.clock.now()
        answered = await self.acting.delegations.answer(invitation.id, answer, now=now, session=session)
        if answered is None:
            raise NotFound(thing="invitation")
        return answered

    # --- what goes on

    async def renew(self, *, principal: Principal, relation_id: str, until: datetime) -> Relation:
        """Let somebody who may act for the caller by invitation do so until another day, within a year from now.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, BadInput, NotFound (none of the caller's that
        runs and was begun by invitation, or good for once only), Unavailable.
        """
        await self._may_decide(principal)
        end = check_until(until, now=self.acting.clock.now())

        async def work(session: Session) -> Relation:
            relation = await self._own_by_invitation(principal.actor, relation_id, session)
            renewed = await self.acting.delegations.set_until(relation.id, end, session=session)
            payload = {"citizen": relation.actor, "relation": relation.id, "subject": relation.subject}
            await self.acting.outbox.append(name=RELATION_RENEWED, payload=payload, session=session)
            about = {"relation": relation.id, "until": end.isoformat()}
            await self.acting.audit.append("delegation.renewed", actor=principal.actor, about=about, session=session)
            return renewed

        return await self.acting.store.transaction(work)

    async def _own_by_invitation(self, subject: str, relation_id: str, session: Session) -> Relation:
        found = None
        if is_id(relation_id, prefix="rel"):
            found = await self.acting.delegations.relation(relation_id, session=session)
        renewable = (
            found is not None
            and found.subject == subject
            and found.proof.source == INVITATION
            and not found.once_only
            and found.live(self.acting.clock.now())
        )
        if found is None or not renewable:
            raise NotFound(thing="relation")
        return found

    async def _may_decide(self, principal: Principal) -> None:
        """Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, Unavailable."""
        themself(principal)
        await self.acting.require_fresh(principal)
        if principal.real_name_level < REGISTER_LEVEL:
            raise RealNameNeeded(level=REGISTER_LEVEL)

    async def _note(
        self, what: str, invitation: Invitation, *, actor: str, session: Session, relation: str = ""
    ) -> None:
        """In the audit, with both sides of what was asked for."""
        about = {
            "invitation": invitation.id,
            "kind": invitation.kind.value,
            "matters": sorted(invitation.matters),
            "actor": invitation.actor,
            "relation": relation,
        }
        await self.acting.audit.append(
            f"delegation.{what}", actor=actor, subject=invitation.subject, about=about, session=session
        )
