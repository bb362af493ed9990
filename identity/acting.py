"""The verbs of acting for somebody else.

Rules
- Beginning to act, and ending a relation, stand in the audit with both persons, and are told to the one concerned.
- What is ended while it goes on is refused from then on, here at once and elsewhere within about a second.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from core.audit import AuditLog
from core.clock import Clock
from core.errors import NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from identity.delegations import Delegations
from identity.errors import OwnerStays, TokenInvalid
from identity.model import Citizen
from identity.relations import FRESH, Acting, ActingPrincipal, Relation, RelationKind, Role
from identity.revocations import Revocations
from identity.store import IdentityStore
from identity.tokens import AccessToken, AccessTokens

ACTING_BEGUN: Final = "identity.acting_begun"
RELATION_ENDED: Final = "identity.relation_ended"


@dataclass(frozen=True, slots=True)
class ActingSession:
    """What somebody acts for another with, until it expires: there is no way to renew it but to begin again."""

    acting: Acting
    access: AccessToken = field(repr=False)


@dataclass(frozen=True, slots=True)
class ActingForOthers:
    """Who may act for whom, and who does.

    second_factor: whether an account has a strong method, which must then be used; None where none has.
    """

    store: IdentityStore
    tokens: AccessTokens
    revocations: Revocations
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock
    second_factor: Callable[[str], Awaitable[bool]] | None = None

    async def require_fresh(self, principal: Principal) -> None:
        """For who decides about relations: they proved themself lately, by a strong method if their account has one.

        Raises: SignInRequired, StepUpRequired, Unavailable.
        """
        strong = self.second_factor is not None and await self.second_factor(principal.actor)
        principal.require_fresh(now=self.clock.now(), max_age=FRESH, strong=strong)

    @property
    def delegations(self) -> Delegations:
        return self.store.delegations

    async def relations(self, *, principal: Principal) -> list[Relation]:
        """The caller's relations that run now, in both directions. Raises: SignInRequired, Forbidden, Unavailable."""
        themself(principal)
        now, id_ = self.clock.now(), principal.actor
        acts = await self.delegations.live_of(actor=id_, kinds=RelationKind, now=now)
        is_acted_for = await self.delegations.live_of(subject=id_, kinds=RelationKind, now=now)
        return sorted([*acts, *is_acted_for], key=lambda relation: relation.id, reverse=True)

    async def act_for(self, *, principal: Principal, relation_id: str) -> ActingSession:
        """Begin to act by one of the caller's relations. The token ends with the caller's session or the relation.

        Raises: SignInRequired, Forbidden (staff, or somebody who acts for another already), NotFound (no relation of
        the caller's that runs), TokenInvalid (the session has just been ended), Unavailable.
        Source: RFC 8693 §4.1.
        """
        themself(principal)

        async def work(session: Session) -> ActingSession:
            relation = await self._relation_to_act_by(principal.actor, relation_id, session)
            if await self.store.touch_session(principal.session_id, now=self.clock.now(), session=session) is None:
                raise TokenInvalid()
            return await self._hand_out(relation, principal, session)

        return await self.store.transaction(work)

    async def _relation_to_act_by(self, actor: str, relation_id: str, session: Session) -> Relation:
        now, relation = self.clock.now(), None
        if is_id(relation_id, prefix="rel"):
            relation = await self.delegations.act_by(relation_id, actor=actor, now=now, session=session)
        if relation is None or not relation.live(now) or await self._frozen(relation, session):
            raise NotFound(thing="relation")
        return relation

    async def _frozen(self, relation: Relation, session: Session) -> bool:
        """Whether staff froze whom the relation is for; who freezes them holds them too, so one of both comes first."""
        if relation.agency:
            return False  # organisations are suspended, which pauses the relation
        await self.delegations.hold(relation.subject, now=self.clock.now(), session=session)
        return await self.store.freezes.of(relation.subject, now=self.clock.now(), session=session) is not None

    async def _hand_out(self, relation: Relation, principal: Principal, session: Session) -> ActingSession:
        acting_id = self.ids.new("act")
        delegate = ActingPrincipal.of(relation, acting_id=acting_id, as_themself=principal)
        access = self.tokens.issue(delegate, until=relation.until)
        if relation.once_only:
            await self.delegations.set_until(relation.id, access.expires_at, session=session)
        acting = Acting.by(relation, id=acting_id, at=self.clock.now(), expires_at=access.expires_at)
        await self.delegations.add_acting(acting, session=session)
        whom = "organisation" if relation.agency else "citizen"
        payload = {whom: acting.subject, "actor": acting.actor, "acting": acting.id}
        await self.outbox.append(name=ACTING_BEGUN, payload=payload, session=session)
        about = {"acting": acting.id, "relation": relation.id, "matters": sorted(relation.matters)}
        await self.audit.append(
            "delegation.acting_begun", actor=acting.actor, subject=acting.subject, about=about, session=session
        )
        return ActingSession(acting, access)

    async def acting(self, *, principal: Principal) -> Acting | None:
        """What the caller does for somebody else in this request; None for oneself. Raises: Unavailable."""
        if not isinstance(principal, ActingPrincipal):
            return None
        return await self.delegations.acting(principal.acting_id)

    async def actings(self, *, principal: Principal, request: PageRequest) -> Page[Acting]:
        """Each time that the caller began to act, or was acted for, newest first.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        themself(principal)
        return await self.delegations.actings(principal.actor, request=request)

    async def end(self, *, principal: Principal, relation_id: str) -> Relation:
        """End a relation of the caller's, on either side of it, and what goes on by it; an ended one stays as it is.

        Raises: SignInRequired, Forbidden, NotFound (also for others' relations), OwnerStays, Unavailable.
        """
        themself(principal)

        async def work(session: Session) -> Relation:
            found = None
            if is_id(relation_id, prefix="rel"):
                found = await self.delegations.relation(relation_id, session=session)
            if found is None or principal.actor not in (found.actor, found.subject):
                raise NotFound(thing="relation")
            if found.agency and found.agency.role is Role.OWNER and found.ended_at is None:
                raise OwnerStays()
            return await self.end_within(found, by=principal.actor, session=session)

        ended = await self.store.transaction(work)
        await self.revocations.add(ended.id)
        return ended

    async def end_within(self, relation: Relation, *, by: str, session: Session) -> Relation:
        """End a relation in the caller's transaction, who adds it to `revocations` when that is committed."""
        ended = await self.delegations.end(relation.id, by=by, now=self.clock.now(), session=session)
        if ended is None:
            return relation
        payload = {"relation_id": ended.id, "actor": ended.actor, "subject": ended.subject, "by": by}
        # Told to the other side; of what an organisation ends, to the one who may act no longer.
        other = ended.actor if ended.agency or by != ended.actor else ended.subject
        await self.outbox.append(name=RELATION_ENDED, payload={**payload, "citizen": other}, session=session)
        about = {"relation": ended.id, "kind": ended.kind.value, "actor": ended.actor}
        await self.audit.append("delegation.ended", actor=by, subject=ended.subject, about=about, session=session)
        return ended

    async def known_to(self, citizen_id: str) -> set[str]:
        """Whoever a citizen has, or had, a relation with. Raises: Unavailable."""
        relations = await self.delegations.relations_of(citizen_id)
        return {party for one in relations for party in (one.actor, one.subject)}

    async def parties(self, *, principal: Principal, ids: Iterable[str]) -> dict[str, Citizen]:
        """Of `ids`, which the caller read from their own relations and actings, those that exist: to show their
        masked names. Raises: Unavailable.
        """
        reads = principal.kind in (PrincipalKind.CITIZEN, PrincipalKind.ORGANISATION)
        wanted = {i for i in ids if is_id(i, prefix="cit")} if reads else set()
        return await self.store.citizens(wanted) if wanted else {}


def themself(principal: Principal) -> None:
    """Nobody who acts for somebody decides about relations. Raises: SignInRequired, Forbidden."""
    principal.require_citizen(principal.subject)
