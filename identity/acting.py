"""The verbs of acting for somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from core.clock import Clock
from core.errors import NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from identity.delegations import Delegations
from identity.errors import TokenInvalid
from identity.model import Citizen
from identity.relations import Acting, ActingPrincipal, Relation
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
    """Who may act for whom, and who does."""

    store: IdentityStore
    tokens: AccessTokens
    revocations: Revocations
    outbox: Outbox
    ids: Ids
    clock: Clock

    @property
    def delegations(self) -> Delegations:
        return self.store.delegations

    async def relations(self, *, principal: Principal) -> list[Relation]:
        """The caller's relations that run now, in both directions. Raises: SignInRequired, Forbidden, Unavailable."""
        _as_oneself(principal)
        now = self.clock.now()
        return [one for one in await self.delegations.relations_of(principal.actor) if one.live(now)]

    async def act_for(self, *, principal: Principal, relation_id: str) -> ActingSession:
        """Begin to act by one of the caller's relations. The token ends with the caller's session or the relation.

        Raises: SignInRequired, Forbidden (staff, or somebody who acts for another already), NotFound (no relation of
        the caller's that runs), TokenInvalid (the session has just been ended), Unavailable.
        Source: RFC 8693 §4.1.
        """
        _as_oneself(principal)

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
        if relation is None or not relation.live(now):
            raise NotFound(thing="relation")
        return relation

    async def _hand_out(self, relation: Relation, principal: Principal, session: Session) -> ActingSession:
        acting_id = self.ids.new("act")
        delegate = ActingPrincipal.of(relation, acting_id=acting_id, as_themself=principal)
        access = self.tokens.issue(delegate, until=relation.until)
        acting = Acting.by(relation, id=acting_id, at=self.clock.now(), expires_at=access.expires_at)
        await self.delegations.add_acting(acting, session=session)
        payload = {"citizen": acting.subject, "actor": acting.actor, "acting": acting.id}
        await self.outbox.append(name=ACTING_BEGUN, payload=payload, session=session)
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
        _as_oneself(principal)
        return await self.delegations.actings(principal.actor, request=request)

    async def end(self, *, principal: Principal, relation_id: str) -> Relation:
        """End a relation of the caller's, on either side of it, and what goes on by it; an ended one stays as it is.

        Raises: SignInRequired, Forbidden, NotFound (also for others' relations), Unavailable.
        """
        _as_oneself(principal)

        async def work(session: Session) -> Relation:
            found = None
            if is_id(relation_id, prefix="rel"):
                found = await self.delegations.relation(relation_id, session=session)
            if found is None or principal.actor not in (found.actor, found.subject):
                raise NotFound(thing="relation")
            return await self._end(found, principal.actor, session)

        ended = await self.store.transaction(work)
        await self.revocations.add(ended.id)
        return ended

    async def _end(self, relation: Relation, by: str, session: Session) -> Relation:
        ended = await self.delegations.end(relation.id, by=by, now=self.clock.now(), session=session)
        if ended is None:
            return relation
        payload = {"relation_id": ended.id, "actor": ended.actor, "subject": ended.subject, "by": by}
        await self.outbox.append(name=RELATION_ENDED, payload=payload, session=session)
        return ended

    async def known_to(self, citizen_id: str) -> set[str]:
        """Whoever a citizen has, or had, a relation with. Raises: Unavailable."""
        relations = await self.delegations.relations_of(citizen_id)
        return {party for one in relations for party in (one.actor, one.subject)}

    async def parties(self, *, principal: Principal, ids: Iterable[str]) -> dict[str, Citizen]:
        """Of `ids`, which the caller read from their own relations and actings, those that exist: to show their
        masked names. Raises: Unavailable.
        """
        wanted = {i for i in ids if is_id(i, prefix="cit")} if principal.kind is PrincipalKind.CITIZEN else set()
        return await self.store.citizens(wanted) if wanted else {}


def _as_oneself(principal: Principal) -> None:
    """Nobody who acts for somebody decides about relations. Raises: SignInRequired, Forbidden."""
    principal.require_citizen(principal.subject)
