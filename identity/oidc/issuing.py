"""The token endpoint: a code, a refresh token, a device code, a token of another or a client's own name for new tokens.

Rules
- A code is good once, for a minute, for its client, redirect URI and verifier; a second use ends the grant and with it
  every token that came of the first (RFC 9700 §4.5).
- A refresh token is good once where it rotates; a second use ends the grant. What was bound to a key stays bound.
- An exchanged token is for one other client that staff named, says through whom it went (`act`), opens nothing here,
  and lives no longer than the one it was made of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core import jose
from core.audit import About
from core.crypto import digest
from core.mongo import Session
from core.oauth import OAuthError
from identity.oidc import authorization
from identity.oidc.binding import token_type
from identity.oidc.device import Devices
from identity.oidc.model import AuthMethod, Client, ClientState, Grant, GrantType
from identity.oidc.parts import Parts
from identity.oidc.pending import Mark, Slot
from identity.oidc.proving import Call, Proving
from identity.oidc.releasing import Releasing
from identity.oidc.tokens import ReadAccess

ACCESS_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"
CHAIN_MAX: Final = 3
_CODE_MARKED: Final = timedelta(hours=2)
_SECRET_LENGTH_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Issuing:
    parts: Parts

    async def answer(self, call: Call) -> dict[str, Any]:
        """The token response. Raises: OAuthError, TooManyRequests, Unavailable."""
        proving = Proving(self.parts)
        client = await proving.client(call)
        try:
            return await self._answer(call, client, proving)
        except OAuthError as fault:
            await self.parts.refused(fault, client_id=client.id, address=call.address)
            raise

    async def _answer(self, call: Call, client: Client, proving: Proving) -> dict[str, Any]:
        wanted = call.form.get("grant_type", "")
        if wanted not in list(GrantType):
            raise OAuthError("unsupported_grant_type", "grant_type is missing or not supported")
        kind = GrantType(wanted)
        if not client.may_use(kind):
            raise OAuthError("unauthorized_client", "this client may not use this grant_type")
        # Asked before anything is used up: a client that learns of the nonce only now comes again.
        bound = await proving.binding(call, client)
        if kind is GrantType.CODE:
            return await self._of_code(call.form, client, bound)
        if kind is GrantType.REFRESH:
            return await self._of_refresh(call.form, client, bound)
        if kind is GrantType.DEVICE:
            grant = await self._running(await Devices(self.parts).answered(call.form.get("device_code", ""), client))
            return await self._hand_out(client, grant, bound, nonce=None)
        if kind is GrantType.EXCHANGE:
            return await self._of_another(call.form, client, bound)
        return await self._of_itself(call.form, client, bound)

    # --- code

    async def _of_code(self, form: Mapping[str, str], client: Client, bound: str) -> dict[str, Any]:
        pending, code = self.parts.pending, form.get("code", "")[:_SECRET_LENGTH_MAX]
        row = await pending.remains(Slot.CODE, code) if code else None
        if row is None:
            raise OAuthError("invalid_grant", "the code is unknown or expired")
        if row["client"] != client.id:
            raise OAuthError("invalid_grant", "the code is another client's", suspicious=True)
        if not await pending.first(Mark.CODE, code, life=_CODE_MARKED):
            await self.parts.grants.end(row["grant"], because="code_reused", actor=client.id)
            raise OAuthError("invalid_grant", "the code was used before; its tokens are ended", suspicious=True)
        try:
            await self._check_code(form, row, bound, expired=await pending.get(Slot.CODE, code) is None)
            grant = await self._running(row["grant"])
        except OAuthError:
            await self.parts.grants.end(row["grant"], because="code_failed", actor=client.id)
            raise
        return await self._hand_out(client, grant, bound, nonce=row["nonce"])

    async def _check_code(self, form: Mapping[str, str], row: Mapping[str, Any], bound: str, *, expired: bool) -> None:
        if expired:
            raise OAuthError("invalid_grant", "the code is unknown or expired")
        if form.get("redirect_uri") != row["redirect_uri"]:
            raise OAuthError("invalid_grant", "redirect_uri is not that of the request", suspicious=True)
        verifier = form.get("code_verifier", "")
        hashed = jose.b64(hashlib.sha256(verifier.encode()).digest())
        if not authorization.verifier_fits(verifier, row["challenge"], digest_b64=hashed):
            raise OAuthError("invalid_grant", "code_verifier does not fit the challenge", suspicious=True)
        if row["jkt"] and row["jkt"] != bound:
            raise OAuthError("invalid_grant", "the code is bound to another key", suspicious=True)

    async def _running(self, grant_id: str) -> Grant:
        grant = await self.parts.store.grant(grant_id)
        if grant is None or not self.parts.runs(grant):
            raise OAuthError("invalid_grant", "the grant has ended")
        return grant

    # --- refresh

    async def _of_refresh(self, form: Mapping[str, str], client: Client, bound: str) -> dict[str, Any]:
        parts, token = self.parts, form.get("refresh_token", "")[:_SECRET_LENGTH_MAX]
        row = await parts.store.refresh(digest(token))
        if row is None:
            raise OAuthError("invalid_grant", "the refresh token is unknown or expired")
        if row.client_id != client.id:
            raise OAuthError("invalid_grant", "the refresh token is another client's", suspicious=True)
        if row.used_at is not None:
            await self._reused(row.grant_id, client)
        grant = await self._running(row.grant_id)
        bound_elsewhere = (
            grant.bound != bound if client.auth_method is AuthMethod.NONE else bool(grant.bound and not bound)
        )
        if bound_elsewhere:
            raise OAuthError("invalid_grant", "the refresh token is bound to another key", suspicious=True)
        scopes = _narrowed(form, grant.scopes)
        return await self._hand_out(client, grant, bound, nonce=None, scopes=scopes, spent=token)

    async def _reused(self, grant_id: str, client: Client) -> None:
        await self.parts.grants.end(grant_id, because="refresh_reused", actor=client.id)
        raise OAuthError("invalid_grant", "the refresh token was used before; its grant is ended", suspicious=True)

    # --- what is handed out

    async def _hand_out(
        self,
        client: Client,
        grant: Grant,
        bound: str,
        *,
        nonce: str | None,
        scopes: frozenset[str] | None = None,
        spent: str = "",
    ) -> dict[str, Any]:
        """spent: the refresh token that was shown."""
        parts, given = self.parts, scopes or grant.scopes
        named = await parts.named(grant, client)
        access, expires_in = parts.tokens.access(
            client_id=client.id,
            subject=named.subject,
            audience=parts.tokens.userinfo_audience,
            scopes=given,
            grant=grant,
            bound=bound,
            act={"sub": named.actor} if named.actor else None,
        )
        refresh = await self._refresh_token(client, grant, bound, spent)
        releasing = Releasing(parts)
        released = await releasing.claims(grant, client, grant.id_token_claims, by="id_token")
        id_token = parts.tokens.id_token(grant, client, named, nonce=nonce, access=access, released=released)
        answer: dict[str, Any] = {
            "access_token": access,
            "token_type": token_type(bound),
            "expires_in": expires_in,
            "scope": " ".join(sorted(given)),
            "id_token": await releasing.encrypted_for(client, id_token, client.id_token_wrap),
        }
        return {**answer, "refresh_token": refresh} if refresh else answer

    async def _refresh_token(self, client: Client, grant: Grant, bound: str, spent: str) -> str:
        """The token to come back with: a new one, or the one shown where it does not rotate. Writes the audit."""
        parts = self.parts
        if spent and not client.rotates:
            fresh = spent
        else:
            fresh = parts.new_secret() if grant.offline and client.may_use(GrantType.REFRESH) else ""

        async def work(session: Session) -> bool:
            if spent:
                row = await parts.store.refresh(digest(spent), session=session)
                if row is None or row.used_at is not None:
                    return False
                if fresh != spent:
                    await parts.store.use_refresh(digest(spent), now=parts.now(), session=session)
            elif bound:
                await parts.store.bind_grant(grant.id, bound, session=session)
            if fresh and fresh != spent:
                await parts.store.add_refresh(digest(fresh), grant, session=session)
            about: About = {"grant": grant.id, "bound": bool(bound), "refreshed": bool(spent)}
            await parts.audit.append(
                "oidc.tokens_issued",
                actor=client.id,
                subject=grant.subject,
                client=client.id,
                about=about,
                session=session,
            )
            return True

        if not await parts.transaction(work):
            await self._reused(grant.id, client)  # of two at the same instant, the second
        return fresh

    # --- exchange

    async def _of_another(self, form: Mapping[str, str], client: Client, bound: str) -> dict[str, Any]:
        """RFC 8693: a client that was called with a citizen's token calls another for the same citizen."""
        parts = self.parts
        types = {form.get("subject_token_type"), form.get("requested_token_type", ACCESS_TOKEN_TYPE)}
        if types != {ACCESS_TOKEN_TYPE} or "actor_token" in form:
            raise OAuthError(
                "invalid_request", "only access tokens are exchanged, for access tokens, without actor_token"
            )
        target = await self._target(form.get("audience", ""), client)
        shown = await self._shown(form.get("subject_token", ""), client, bound)
        grant = await self._running(shown.grant_id)
        subject = await parts.store.subject(grant.subject, target.sector)
        actor = await parts.store.subject(grant.citizen, target.sector) if grant.delegated else ""
        chain = _chain(shown.claims, delegated=grant.delegated)
        if len(chain) >= CHAIN_MAX:
            raise OAuthError("invalid_request", "the token has gone through too many services")
        token, expires_in = parts.tokens.access(
            client_id=client.id,
            subject=subject,
            audience=target.id,
            scopes=_narrowed(form, shown.scopes),
            grant=grant,
            bound=bound,
            act=_nested([client.id, *chain, *([actor] if actor else [])]),
            until=shown.expires_at,
        )
        about = {"grant": grant.id, "audience": target.id}
        await parts.audited(
            "oidc.token_exchanged", actor=client.id, subject=grant.subject, client=client.id, about=about
        )
        return {
            "access_token": token,
            "issued_token_type": ACCESS_TOKEN_TYPE,
            "token_type": token_type(bound),
            "expires_in": expires_in,
        }

    async def _target(self, audience: str, client: Client) -> Client:
        target = await self.parts.store.client(audience) if audience in client.exchange_to else None
        if target is None or target.state is not ClientState.APPROVED:
            raise OAuthError("invalid_target", "audience is not one that this client may call")
        return target

    async def _shown(self, text: str, client: Client, bound: str) -> ReadAccess:
        """The token that is exchanged: given to this client, or meant for it."""
        shown = await self.parts.tokens.read_access(text)
        own = shown is not None and shown.client_id == client.id
        if shown is None or not shown.grant_id or not (own or shown.audience == client.id):
            raise OAuthError("invalid_grant", "subject_token is not a citizen's token that this client holds")
        if own and shown.bound and shown.bound != bound:
            raise OAuthError("invalid_grant", "subject_token is bound to another key", suspicious=True)
        if await self.parts.pending.marked(Mark.REVOKED, shown.jti):
            raise OAuthError("invalid_grant", "subject_token was revoked")
        return shown

    # --- the client itself

    async def _of_itself(self, form: Mapping[str, str], client: Client, bound: str) -> dict[str, Any]:
        audience = form.get("audience", client.id)
        if audience != client.id:
            await self._target(audience, client)
        scopes = _narrowed(form, client.service_scopes)
        token, expires_in = self.parts.tokens.access(
            client_id=client.id, subject=client.id, audience=audience, scopes=scopes, bound=bound
        )
        await self.parts.audited("oidc.service_token_issued", actor=client.id, client=client.id)
        return {
            "access_token": token,
            "token_type": token_type(bound),
            "expires_in": expires_in,
            "scope": " ".join(sorted(scopes)),
        }


def _narrowed(form: Mapping[str, str], held: frozenset[str]) -> frozenset[str]:
    """The scopes that are asked for of those that are held; all of them where none is named. Raises: OAuthError."""
    wanted = frozenset(form.get("scope", "").split())
    if wanted - held:
        raise OAuthError("invalid_scope", "scope holds what was not granted")
    return wanted or held


def _chain(claims: Mapping[str, Any], *, delegated: bool) -> list[str]:
    """The clients that a token went through, the latest first; the citizen who acts, innermost, is left out."""
    found, act = [], claims.get("act")
    while isinstance(act, dict):
        found.append(str(act["sub"]))
        act = act.get("act")
    return found[:-1] if delegated else found


def _nested(chain: list[str]) -> dict[str, Any]:
    act: dict[str, Any] = {}
    for sub in reversed(chain):
        act = {"sub": sub, "act": act} if act else {"sub": sub}
    return act
