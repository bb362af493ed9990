"""Asks each caller for its proofs, and sees that nothing shown once is shown twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from core import dpop
from core.clock import epoch_s
from core.jose import Jwk
from core.oauth import OAuthError
from identity.oidc import clients
from identity.oidc.binding import of_certificate
from identity.oidc.model import AuthMethod, Client
from identity.oidc.parts import Parts
from identity.oidc.pending import Mark


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an endpoint. proofs: its DPoP headers. url: as clients know the endpoint. address: the caller's.

    accept: what form of answer it asks for. certificate: of the caller's connection (DER), empty for none.
    """

    form: Mapping[str, str]
    authorization: str
    proofs: Sequence[str]
    method: str
    url: str
    address: str
    accept: str = ""
    certificate: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Proving:
    parts: Parts

    async def client(self, call: Call) -> Client:
        """The client that calls. Raises: OAuthError, TooManyRequests, Unavailable."""
        parts, shown = self.parts, clients.presented(call.form, call.authorization)
        shown = replace(shown, certificate=call.certificate)
        try:
            client = await parts.store.client(shown.client_id)
            keys = await self._keys(shown, client)
            assertion = clients.prove(
                shown, client, keys=keys, certificates=parts.certificates, issuer=parts.issuer, now=parts.now()
            )
            assert client is not None, "proven"
            if assertion is not None:
                left = assertion.expires_at - epoch_s(parts.now()) + 60
                if not await parts.pending.first(
                    Mark.ASSERTION, f"{client.id} {assertion.jti}", life=timedelta(seconds=left)
                ):
                    raise clients.not_proven(suspicious=True)
        except OAuthError as fault:
            await parts.refused(fault, client_id=shown.client_id, address=call.address)
            raise
        return client

    async def _keys(self, shown: clients.Presented, client: Client | None) -> Sequence[Jwk]:
        """The client's, where they are needed to know it."""
        if client is None or (shown.assertion is None and client.auth_method is not AuthMethod.SELF_SIGNED_TLS):
            return ()
        kid = shown.assertion.header.get("kid") if shown.assertion else None
        return await self.parts.keys.of(client, kid=kid)

    async def binding(self, call: Call, client: Client) -> str:
        """What the client's new token will be bound to; empty for nothing. Raises: OAuthError, Unavailable."""
        if not client.certificate_bound:
            return await self.key(call, required=client.must_bind)
        if not call.certificate:
            raise OAuthError("invalid_request", "this client's tokens are bound to its certificate (RFC 8705)")
        return of_certificate(call.certificate)

    async def key(self, call: Call, *, required: bool, access_token: str | None = None) -> str:
        """The thumbprint of the key that the caller holds; empty for none where none is required.

        Raises: OAuthError, Unavailable.
        """
        if not call.proofs:
            if required:
                raise OAuthError("invalid_dpop_proof", "a DPoP proof is required (RFC 9449)")
            return ""
        if len(call.proofs) > 1:
            raise OAuthError("invalid_dpop_proof", "there is more than one DPoP header")
        try:
            proof = dpop.check_proof(
                call.proofs[0],
                method=call.method,
                url=call.url,
                access_token=access_token,
                nonces=self.nonces,
                now=self.parts.now(),
            )
        except dpop.NonceWanted as fault:
            raise OAuthError("use_dpop_nonce", f"the DPoP proof is not good: {fault}") from fault
        except dpop.ProofFault as fault:
            raise OAuthError("invalid_dpop_proof", f"the DPoP proof is not good: {fault}", suspicious=True) from fault
        life = timedelta(seconds=2 * dpop.PROOF_AGE_MAX_S)
        if not await self.parts.pending.first(Mark.PROOF, proof.name, life=life):
            raise OAuthError("invalid_dpop_proof", "the DPoP proof was shown before", suspicious=True)
        return proof.jkt

    @property
    def nonces(self) -> tuple[str, str]:
        return dpop.Nonces(self.parts.cipher).good(self.parts.now())
