"""How a client comes to be: registered by its operator or by staff, looked through by staff, suspended by staff.

Rules
- A new client is PENDING and can do nothing. Staff approve it; a change that widens what it may do makes it wait again.
- Registering over HTTP (RFC 7591) needs a token that staff gave out, good once. Managing it (RFC 7592) needs the token
  that the registration answered with.
- What a client may do as itself, and for whom it may exchange tokens, only staff decide; and of the scopes that it asks
  for, which ones it gets.
- A secret is renewed at once, or with a time in which the old one is good too. Keys overlap by standing side by side in
  the client's set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from core.crypto import digest, same
from core.errors import BadInput, NotFound
from core.mongo import Session
from core.oauth import OAuthError
from core.paging import Page, PageRequest
from core.principal import Principal
from identity.oidc.client_metadata import read_metadata
from identity.oidc.errors import ClientMetadataInvalid
from identity.oidc.model import (
    OPENID,
    AuthMethod,
    Client,
    ClientState,
)
from identity.oidc.parts import Parts

REVIEWS: Final = "oidc:clients"
# What two officers agree to.
APPROVES: Final = "oidc.approve"
INITIAL_TOKEN_LIFETIME: Final = timedelta(days=7)
OVERLAP_HOURS_MAX: Final = 72


@dataclass(frozen=True, slots=True)
class Registered:
    """A client and the secrets that are told this once. secret: empty for a client that has none."""

    client: Client
    secret: str = field(default="", repr=False)
    registration_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Registration:
    parts: Parts

    # --- by its operator, over HTTP

    async def register(self, body: Mapping[str, Any], *, token: str) -> Registered:
        """Raises: OAuthError (invalid_token, invalid_client_metadata, invalid_redirect_uri), Unavailable."""
        parts = self.parts
        client = read_metadata(body, client_id=parts.ids.new("cli"))

        async def work(session: Session) -> Registered:
            by = await parts.store.take_registration_token(digest(token), now=parts.now(), session=session)
            if by is None:
                raise _token_refused()
            return await self._add(client, by=by, session=session)

        return await parts.transaction(work)

    async def read(self, client_id: str, *, token: str, session: Session | None = None) -> Client:
        """RFC 7592 §2.1. Raises: OAuthError, Unavailable."""
        client = await self.parts.store.client(client_id, session=session)
        known = client.registration_digest if client else b""
        if not same(digest(token), known) or client is None:
            raise _token_refused()
        return client

    async def change(self, client_id: str, body: Mapping[str, Any], *, token: str) -> Client:
        """RFC 7592 §2.2: the whole of its metadata anew. Raises: OAuthError, Unavailable."""

        async def work(session: Session) -> Client:
            # Read here and not before: a change must not undo that staff suspended the client meanwhile.
            before = await self.read(client_id, token=token, session=session)
            after = self._changed(before, body)
            await self.parts.store.put_client(after, session=session)
            await self.parts.audit.append("oidc.client_changed", actor=client_id, client=client_id, session=session)
            return after

        return await self.parts.transaction(work)

    def _changed(self, before: Client, body: Mapping[str, Any]) -> Client:
        client_id = before.id
        if body.get("client_id", client_id) != client_id or "client_secret" in body:
            raise OAuthError("invalid_request", "client_id must be this client's, and its secret is not chosen")
        wanted = read_metadata(body, client_id=client_id)
        if (wanted.auth_method, wanted.profile) != (before.auth_method, before.profile):
            raise OAuthError("invalid_client_metadata", "how a client proves itself cannot be changed; register anew")
        return replace(
            wanted,
            state=_state_after(before, wanted),
            secret_digest=before.secret_digest,
            old_secret_digest=before.old_secret_digest,
            old_secret_until=before.old_secret_until,
            registration_digest=before.registration_digest,
            service_scopes=before.service_scopes,
            exchange_to=before.exchange_to,
            sector=before.sector,  # else its citizens would be strangers to it
            created_at=before.created_at,
        )

    async def remove(self, client_id: str, *, token: str) -> None:
        """RFC 7592 §2.3. Raises: OAuthError, Unavailable."""
        await self.read(client_id, token=token)

        async def work(session: Session) -> None:
            grants = self.parts.grants
            await grants.end_all(because="client_removed", session=session, also_offline=True, client_id=client_id)
            await self.parts.store.remove_client(client_id, session=session)
            await self.parts.audit.append("oidc.client_removed", actor=client_id, client=client_id, session=session)

        await self.parts.transaction(work)

    # --- by staff

    async def give_token(self, *, principal: Principal) -> str:
        """A token to register one client with, for a week. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_scope(REVIEWS)
        parts, secret = self.parts, self.parts.new_secret()

        async def work(session: Session) -> None:
            until = parts.now() + INITIAL_TOKEN_LIFETIME
            await parts.store.add_registration_token(digest(secret), by=principal.actor, until=until, session=session)
            await parts.audit.append("oidc.registration_opened", actor=principal.actor, session=session)

        await parts.transaction(work)
        return secret

    async def enter(self, *, principal: Principal, body: Mapping[str, Any]) -> Registered:
        """Staff register a client, which waits as any other. Raises: …, ClientMetadataInvalid."""
        principal.require_scope(REVIEWS)
        try:
            client = read_metadata(body, client_id=self.parts.ids.new("cli"))
        except OAuthError as fault:
            raise ClientMetadataInvalid(problem=fault.description) from fault

        async def work(session: Session) -> Registered:
            return await self._add(client, by=principal.actor, session=session)

        return await self.parts.transaction(work)

    async def clients(self, *, principal: Principal, request: PageRequest) -> Page[Client]:
        """Newest first. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_scope(REVIEWS)
        return await self.parts.store.clients(request=request)

    async def approve(
        self,
        *,
        principal: Principal,
        client_id: str,
        service_scopes: frozenset[str] = frozenset(),
        exchange_to: frozenset[str] = frozenset(),
        scopes: frozenset[str] | None = None,
        session: Session | None = None,
    ) -> Client:
        """Let a client work as it is registered. scopes: those of its that it gets; None for all of them.

        session: of the transaction in which a second officer agreed.
        Raises: SignInRequired, Forbidden (also where nobody else agreed), NotFound, BadInput (scopes that it did not
            ask for), Unavailable.
        """
        principal.require_scope(REVIEWS)

        async def work(session: Session) -> Client:
            client = await self.to_approve(client_id, scopes=scopes, session=session)
            if (four_eyes := self.parts.four_eyes) is not None:
                await four_eyes.require(principal=principal, act=APPROVES, subject=client_id, session=session)
            approved = replace(
                client, state=ClientState.APPROVED, service_scopes=service_scopes, exchange_to=exchange_to
            )
            await self.parts.store.put_client(approved, session=session)
            await self.parts.audit.append(
                "oidc.client_approved", actor=principal.actor, client=client_id, session=session
            )
            return approved

        return await (work(session) if session else self.parts.transaction(work))

    async def to_approve(self, client_id: str, *, scopes: frozenset[str] | None = None, session: Session) -> Client:
        """A client as it stands, with those of its scopes that it is to get. Raises: NotFound, BadInput."""
        client = await self._existing(client_id, session)
        given = client.scopes if scopes is None else scopes | (client.scopes & {OPENID})
        if given - client.scopes:
            raise BadInput(field="scopes", problem="holds what the client did not ask for")
        return replace(client, scopes=given)

    async def suspend(self, *, principal: Principal, client_id: str) -> Client:
        """Stop a client, and end every grant it has. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require_scope(REVIEWS)

        async def work(session: Session) -> Client:
            client = replace(await self._existing(client_id, session), state=ClientState.SUSPENDED)
            await self.parts.store.put_client(client, session=session)
            grants = self.parts.grants
            await grants.end_all(because="client_suspended", session=session, also_offline=True, client_id=client.id)
            await self.parts.audit.append(
                "oidc.client_suspended", actor=principal.actor, client=client.id, session=session
            )
            return client

        return await self.parts.transaction(work)

    async def renew_secret(self, *, principal: Principal, client_id: str, overlap_hours: int = 0) -> Registered:
        """A new secret. overlap_hours: how long the old one is good beside it, 0 to 72.

        Raises: …, BadInput, ClientMetadataInvalid.
        """
        principal.require_scope(REVIEWS)
        if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
            raise BadInput(field="overlapHours", problem=f"must be 0 to {OVERLAP_HOURS_MAX}")
        secret, overlap = self.parts.new_secret(), timedelta(hours=overlap_hours)

        async def work(session: Session) -> Registered:
            client = await self._existing(client_id, session)
            if client.auth_method not in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST):
                raise ClientMetadataInvalid(problem="it has no secret")
            renewed = replace(
                client,
                secret_digest=digest(secret),
                old_secret_digest=client.secret_digest if overlap else b"",
                old_secret_until=self.parts.now() + overlap if overlap else None,
            )
            await self.parts.store.put_client(renewed, session=session)
            await self.parts.audit.append(
                "oidc.client_secret_renewed", actor=principal.actor, client=client_id, session=session
            )
            return Registered(renewed, secret=secret)

        return await self.parts.transaction(work)

    async def _existing(self, client_id: str, session: Session) -> Client:
        client = await self.parts.store.client(client_id, session=session)
        if client is None:
            raise NotFound(thing="client")
        return client

    async def _add(self, client: Client, *, by: str, session: Session) -> Registered:
        parts, managing = self.parts, self.parts.new_secret()
        has_secret = client.auth_method in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST)
        secret = parts.new_secret() if has_secret else ""
        added = replace(
            client,
            created_at=parts.now(),
            registration_digest=digest(managing),
            secret_digest=digest(secret) if secret else b"",
        )
        await parts.store.put_client(added, session=session)
        await parts.audit.append("oidc.client_registered", actor=by, client=added.id, session=session)
        return Registered(added, secret, managing)


# What a client may take on by itself, and not put off.
_STRICTER: Final = ("dpop_bound", "certificate_bound", "signed_requests", "id_token_wrap", "userinfo_wrap")


def _state_after(before: Client, after: Client) -> ClientState:
    """A change that widens nothing needs no new review."""
    wider = (
        set(after.redirect_uris) - set(before.redirect_uris)
        or set(after.post_logout_redirect_uris) - set(before.post_logout_redirect_uris)
        or after.scopes - before.scopes
        or after.grant_types - before.grant_types
        or (after.name, after.operator, after.purpose) != (before.name, before.operator, before.purpose)
        or after.backchannel_logout_uri not in ("", before.backchannel_logout_uri)
        or after.jwks_uri not in ("", before.jwks_uri)
        or after.certificate != before.certificate
        or any(getattr(before, name) and not getattr(after, name) for name in _STRICTER)
    )
    if before.state is ClientState.SUSPENDED:
        return ClientState.SUSPENDED
    return ClientState.PENDING if wider else before.state


def _token_refused() -> OAuthError:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return OAuthError("invalid_token", "the registration token is not good", headers=headers, suspicious=True)
