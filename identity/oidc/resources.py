"""What tokens open here, and how others ask about them: userinfo, introspection, revocation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core import jose
from core.clock import epoch_s
from core.crypto import digest
from core.oauth import OAuthError
from identity.oidc.binding import is_certificate, of_certificate, token_type
from identity.oidc.model import OPENID, AuthMethod, Client, ClientState, Grant
from identity.oidc.parts import Parts
from identity.oidc.pending import Mark
from identity.oidc.proving import Call, Proving
from identity.oidc.releasing import Releasing
from identity.oidc.tokens import INTROSPECTION_TYPE, ReadAccess

INTROSPECTION_MEDIA_TYPE: Final = f"application/{INTROSPECTION_TYPE}"
_ALGS: Final = " ".join(jose.STRONG_ALGORITHMS)


@dataclass(frozen=True, slots=True)
class Resources:
    parts: Parts

    async def userinfo(self, call: Call) -> dict[str, Any] | str:
        """The claims that the token's grant holds (OpenID Connect Core §5.3); a token, for a client that wants one.

        Raises: OAuthError, Unavailable.
        """
        scheme, text = _token(call)
        read = await self.parts.tokens.read_access(text)
        grant = await self._grant(read, self.parts.tokens.userinfo_audience)
        if read is None or grant is None:
            raise _invalid_token(scheme)
        await self._check_binding(call, scheme, text, read)
        if OPENID not in read.scopes:
            raise OAuthError("insufficient_scope", "the token is not for openid")
        client = await self.parts.store.client(grant.client_id)
        if client is None:
            raise _invalid_token(scheme)
        releasing = Releasing(self.parts)
        told = {"sub": read.subject, **await releasing.claims(grant, client, grant.claims, by="userinfo")}
        if client.userinfo_alg is None:
            return told
        signed = self.parts.tokens.userinfo(client, told, client.userinfo_alg)
        return await releasing.encrypted_for(client, signed, client.userinfo_wrap)

    async def introspect(self, call: Call) -> dict[str, Any] | str:
        """RFC 7662, for confidential clients: tokens that are theirs, or meant for them. Signed for whoever accepts
        that (RFC 9701). Raises: OAuthError, …
        """
        client = await self._confidential(call)
        told = await self._introspected(call, client)
        signs = INTROSPECTION_MEDIA_TYPE in [one.partition(";")[0].strip().lower() for one in call.accept.split(",")]
        return self.parts.tokens.introspection(client, told) if signs else told

    async def _introspected(self, call: Call, client: Client) -> dict[str, Any]:
        text = call.form.get("token", "")
        if not text:
            raise OAuthError("invalid_request", "token is missing")
        read = await self.parts.tokens.read_access(text)
        if read is None:
            return await self._introspect_refresh(text, client)
        if client.id not in (read.client_id, read.audience) or not await self._good(read):
            return {"active": False}
        told = {name: value for name, value in read.claims.items() if name != "grant"}
        return {**told, "active": True, "token_type": token_type(read.bound)}

    async def revoke(self, call: Call) -> None:
        """RFC 7009: an unknown token is revoked already. Raises: OAuthError, TooManyRequests, Unavailable."""
        client = await Proving(self.parts).client(call)
        text = call.form.get("token", "")
        if not text:
            raise OAuthError("invalid_request", "token is missing")
        read = await self.parts.tokens.read_access(text)
        row = await self.parts.store.refresh(digest(text)) if read is None else None
        owner = read.client_id if read else row.client_id if row else client.id
        if owner != client.id:
            fault = OAuthError("invalid_request", "the token is another client's", suspicious=True)
            await self.parts.refused(fault, client_id=client.id, address=call.address)
            raise fault
        if read is not None:
            left = timedelta(seconds=read.expires_at - epoch_s(self.parts.now()) + 60)
            await self.parts.pending.first(Mark.REVOKED, read.jti, life=left)
            await self.parts.audited("oidc.token_revoked", actor=client.id, client=client.id)
        elif row is not None:
            await self.parts.grants.end(row.grant_id, because="revoked_by_client", actor=client.id)

    async def _introspect_refresh(self, text: str, client: Client) -> dict[str, Any]:
        row = await self.parts.store.refresh(digest(text))
        grant = await self.parts.store.grant(row.grant_id) if row and row.client_id == client.id else None
        if row is None or grant is None or row.used_at is not None or not self.parts.runs(grant):
            return {"active": False}
        return {
            "active": True,
            "client_id": client.id,
            "scope": " ".join(sorted(grant.scopes)),
            "exp": epoch_s(row.expires_at),
            "iss": self.parts.issuer,
        }

    async def _confidential(self, call: Call) -> Client:
        client = await Proving(self.parts).client(call)
        if client.auth_method is AuthMethod.NONE:
            raise OAuthError("unauthorized_client", "only confidential clients may introspect tokens")
        return client

    async def _good(self, read: ReadAccess) -> bool:
        if await self.parts.pending.marked(Mark.REVOKED, read.jti):
            return False
        if not read.grant_id:  # a client's own
            client = await self.parts.store.client(read.client_id)
            return client is not None and client.state is ClientState.APPROVED
        grant = await self.parts.store.grant(read.grant_id)
        return grant is not None and self.parts.runs(grant)

    async def _grant(self, read: ReadAccess | None, audience: str) -> Grant | None:
        if read is None or read.audience != audience or await self.parts.pending.marked(Mark.REVOKED, read.jti):
            return None
        grant = await self.parts.store.grant(read.grant_id)
        return grant if grant is not None and self.parts.runs(grant) else None

    async def _check_binding(self, call: Call, scheme: str, text: str, read: ReadAccess) -> None:
        """A token that is bound to a key comes with its proof and under its own scheme (RFC 9449 §7.1); one that is
        bound to a certificate comes over a connection of that certificate's (RFC 8705 §3).
        """
        keyed = token_type(read.bound) == "DPoP"
        if keyed is not (scheme == "dpop"):
            raise _invalid_token("dpop" if keyed else "bearer", suspicious=keyed)
        if is_certificate(read.bound) and (not call.certificate or of_certificate(call.certificate) != read.bound):
            raise _invalid_token("bearer", suspicious=True)
        if not keyed:
            return
        try:
            jkt = await Proving(self.parts).key(call, required=True, access_token=text)
        except OAuthError as fault:
            fault.status, fault.headers = 401, _challenge("dpop", fault.code)
            raise
        if jkt != read.bound:
            raise _invalid_token("dpop", suspicious=True)


def _token(call: Call) -> tuple[str, str]:
    """Scheme in lower case, and the token: from the header, or of a form (RFC 6750 §2). Raises: OAuthError."""
    scheme, _, text = call.authorization.partition(" ")
    in_form = call.form.get("access_token", "")
    if call.authorization and in_form:
        raise OAuthError("invalid_request", "the token is given twice", headers=_challenge("bearer", "invalid_request"))
    if in_form:
        return "bearer", in_form
    if scheme.lower() not in ("bearer", "dpop") or not text:
        raise OAuthError("invalid_token", "a token is needed", headers={"WWW-Authenticate": f'DPoP algs="{_ALGS}"'})
    return scheme.lower(), text.strip()


def _invalid_token(scheme: str, *, suspicious: bool = False) -> OAuthError:
    return OAuthError(
        "invalid_token",
        "the token is not good here",
        headers=_challenge(scheme, "invalid_token"),
        suspicious=suspicious,
    )


def _challenge(scheme: str, code: str) -> dict[str, str]:
    if scheme == "dpop":
        return {"WWW-Authenticate": f'DPoP error="{code}", algs="{_ALGS}"'}
    return {"WWW-Authenticate": f'Bearer error="{code}"'}
