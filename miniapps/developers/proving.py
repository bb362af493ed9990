"""Proving domains: asked for, looked for, and looked for again while they count."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

from core.clock import to_ms
from core.errors import NotFound
from core.ids import is_id
from core.mongo import Session
from core.principal import Principal
from miniapps.developers.domains import (
    CHECKED_EVERY,
    MISSED_MAX,
    DomainProof,
    DomainState,
    Method,
    parse_domain,
)
from miniapps.developers.errors import LimitReached
from miniapps.developers.model import DOMAINS_MAX, Authority, Role
from miniapps.developers.service import Developers
from miniapps.limits import Pace, Paces

# Of one program: each look asks servers that a stranger named.
LOOKS: Final = Pace("domain-look", 20, 600)
_AT_ONCE_MAX: Final = 50
_HELD_FOR: Final = timedelta(minutes=10)


class Look(Protocol):
    async def found(self, proof: DomainProof) -> Method | None:
        """Where the domain's token stands now."""
        ...


@dataclass(frozen=True, slots=True)
class Proving:
    """own: hosts of the city, which are no program's."""

    developers: Developers
    look: Look
    paces: Paces
    own: Sequence[str]

    async def of_app(self, app_id: str) -> Sequence[DomainProof]:
        """Raises: Unavailable."""
        return await self.developers.domains.of_app(app_id)

    async def ask(self, *, principal: Principal, app_id: str, domain: str) -> DomainProof:
        """What has to stand where, so that the domain is the program's; the same again is told the same.

        Raises: SignInRequired, Forbidden, PersonNeeded, NotFound, OrganisationBlocked, DomainRefused, LimitReached,
        Unavailable.
        """
        authority = await self._builder(principal, app_id)
        name, now = parse_domain(domain, own=self.own), to_ms(self.developers.clock.now())
        made = DomainProof(
            id=self.developers.ids.new("mpd"),
            app_id=authority.the_app.app_id,
            domain=name,
            token=secrets.token_urlsafe(24),
            state=DomainState.PENDING,
            method=None,
            missed=0,
            asked_at=now,
            due_at=now,
        )

        async def work(session: Session) -> DomainProof:
            await self.developers.store.hold(authority.organisation.id, session=session)
            there = await self.developers.domains.of_app(made.app_id, session=session)
            if known := next((one for one in there if one.domain == name), None):
                return known
            if len(there) >= DOMAINS_MAX:
                raise LimitReached(what="domains", most=DOMAINS_MAX)
            await self.developers.domains.add(made, session=session)
            await self._audit("domain_asked", authority.developer, authority.organisation.id, made, session)
            return made

        return await self.developers.transaction(work)

    async def check(self, *, principal: Principal, id: str) -> DomainProof:
        """Look now. Raises: SignInRequired, Forbidden, PersonNeeded, NotFound, OrganisationBlocked, TooOften,
        Unavailable.
        """
        proof = await self.developers.domains.proof(id) if is_id(id, prefix="mpd") else None
        if proof is None:
            raise NotFound(thing="domain")
        authority = await self._builder(principal, proof.app_id)
        await self.paces.charge(LOOKS, proof.app_id)
        return await self._looked(proof, by=authority.developer, organisation=authority.organisation.id)

    async def check_due(self) -> None:
        """Look again at what was proved days ago. Raises: Unavailable."""
        for _ in range(_AT_ONCE_MAX):
            now = self.developers.clock.now()
            proof = await self.developers.domains.claim_due(now=now, until=now + _HELD_FOR)
            if proof is None:
                return
            app = await self.developers.store.app(proof.app_id)
            await self._looked(proof, by="city", organisation=app.organisation if app else "")

    async def _looked(self, proof: DomainProof, *, by: str, organisation: str) -> DomainProof:
        told = after_look(proof, await self.look.found(proof))
        told = replace(told, due_at=to_ms(self.developers.clock.now() + CHECKED_EVERY))

        async def work(session: Session) -> None:
            await self.developers.domains.put(told, session=session)
            proved = told.state is DomainState.PROVED
            if proved is not (proof.state is DomainState.PROVED):
                kind = "domain_proved" if proved else "domain_lost"
                await self._audit(kind, by, organisation, told, session)

        await self.developers.transaction(work)
        return told

    async def _builder(self, principal: Principal, app_id: str) -> Authority:
        authority = await self.developers.authority(principal=principal, app_id=app_id)
        authority.require(Role.DEVELOPER)
        await self.developers.require_person(principal)
        return authority

    async def _audit(self, kind: str, by: str, organisation: str, proof: DomainProof, session: Session) -> None:
        about = {"app": proof.app_id, "domain": proof.domain, "proof": proof.id}
        await self.developers.audit.append(
            f"developers.{kind}", actor=by, subject=organisation, about=about, session=session
        )


def after_look(proof: DomainProof, found: Method | None) -> DomainProof:
    """What a look makes of it: what was proved bears to be missed a few times."""
    if found is not None:
        return replace(proof, state=DomainState.PROVED, method=found, missed=0)
    missed = proof.missed + 1
    stays = proof.state is DomainState.PROVED and missed < MISSED_MAX
    return replace(proof, state=DomainState.PROVED if stays else DomainState.FAILED, missed=missed)
