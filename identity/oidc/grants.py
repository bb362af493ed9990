"""Grants: begun when a citizen agrees, ended as a whole, and told to the clients that wait to hear of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.audit import AuditLog
from core.clock import Clock
from core.events import Outbox
from core.ids import Ids
from core.mongo import Session
from identity.oidc.authorization import SignedInBrowser
from identity.oidc.model import (
    BROWSER_LIFETIME,
    GRANT_LIFETIME,
    OF_ANOTHER,
    OFFLINE_ACCESS,
    Client,
    Grant,
)
from identity.oidc.store import ProviderStore
from identity.relations import Relation

GRANT_GIVEN: Final = "identity.oidc_grant_given"
GRANT_ENDED: Final = "identity.oidc_grant_ended"
LOGOUT_DUE: Final = "identity.oidc_logout_due"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a grant would hold."""

    scopes: frozenset[str]
    claims: frozenset[str]
    id_token_claims: frozenset[str]


@dataclass(frozen=True, slots=True)
class Grants:
    store: ProviderStore
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock

    async def begin(
        self, *, client: Client, by: SignedInBrowser, wish: Wish, relation: Relation | None, session: Session
    ) -> Grant:
        """A grant, in the caller's transaction. by: who agrees, and from where; `by.id` is empty for a device.

        relation: by which they act for somebody else; then no claim but that one's name, and no offline access.
        """
        now = self.clock.now()
        scopes, claims = wish.scopes, wish.claims
        if relation is not None:
            scopes, claims = scopes - {OFFLINE_ACCESS}, claims & OF_ANOTHER
        grant = Grant(
            id=self.ids.new("gnt"),
            client_id=client.id,
            citizen=by.citizen,
            subject=relation.subject if relation else by.citizen,
            session_id=by.session_id,
            browser_id=by.id,
            scopes=scopes,
            claims=claims,
            id_token_claims=wish.id_token_claims & claims,
            level=by.level,
            methods=by.methods,
            authenticated_at=by.authenticated_at,
            created_at=now,
            expires_at=_ends(now, offline=OFFLINE_ACCESS in scopes, relation=relation),
            relation_id=relation.id if relation else "",
        )
        await self.store.add_grant(grant, session=session)
        payload = {"grant_id": grant.id, "client_id": client.id, "citizen": grant.citizen, "subject": grant.subject}
        await self.outbox.append(name=GRANT_GIVEN, payload=payload, session=session)
        about = {"grant": grant.id, "scopes": sorted(scopes), "claims": sorted(claims), "relation": grant.relation_id}
        await self.audit.append(
            "oidc.granted", actor=grant.citizen, subject=grant.subject, client=client.id, about=about, session=session
        )
        return grant

    async def end(self, grant_id: str, *, because: str, actor: str = "") -> None:
        """End one grant with every token that came of it; one that has ended stays as it is. Raises: Unavailable."""

        async def work(session: Session) -> None:
            await self._end(grant_id, because, actor, session)

        await self.store.mongo.transaction(work)

    async def end_all(self, *, because: str, session: Session, also_offline: bool, **of: str) -> None:
        """End every grant of one browser, session, relation or citizen, and have their clients told.

        also_offline: those too that were meant to outlast the session.
        """
        told: set[tuple[str, str, str]] = set()
        for grant in await self.store.running_grants(session=session, **of):
            # A client hears of the sign-out also when its grant goes on: its own session is over.
            told.add((grant.client_id, grant.subject, grant.browser_id))
            if also_offline or not grant.offline:
                await self._end(grant.id, because, "", session)
        for client_id, subject, browser_id in sorted(told):
            payload = {"client_id": client_id, "subject": subject, "browser_id": browser_id}
            await self.outbox.append(name=LOGOUT_DUE, payload=payload, session=session)

    async def _end(self, grant_id: str, because: str, actor: str, session: Session) -> None:
        ended = await self.store.end_grant(grant_id, because=because, now=self.clock.now(), session=session)
        if ended is None:
            return
        payload = {"grant_id": ended.id, "client_id": ended.client_id, "citizen": ended.citizen, "because": because}
        await self.outbox.append(name=GRANT_ENDED, payload=payload, session=session)
        await self.audit.append(
            "oidc.grant_ended",
            actor=actor or ended.citizen,
            subject=ended.subject,
            client=ended.client_id,
            about={"grant": ended.id, "because": because},
            session=session,
        )


def _ends(now: datetime, *, offline: bool, relation: Relation | None) -> datetime:
    ends = now + (GRANT_LIFETIME if offline else BROWSER_LIFETIME)
    return min(ends, relation.until) if relation and relation.until else ends


@dataclass(frozen=True, slots=True)
class GrantedClients:
    """What the consent ledger asks of whoever gives tokens to clients (`identity.consents.service.Clients`)."""

    grants: Grants

    async def name(self, client: str) -> str:
        """What people call it; its id where nobody knows it. Raises: Unavailable."""
        found = await self.grants.store.client(client)
        return found.name.zh if found else client

    async def end(self, *, citizen: str, client: str, session: Session) -> Iterable[str]:
        """End what the client was granted, and have it told. Its tokens ask for their grant, so no id is returned."""
        await self.grants.end_all(
            because="consent_withdrawn", session=session, also_offline=True, citizen=citizen, client_id=client
        )
        return ()
