"""What every endpoint of the provider works with, and what it asks of its neighbours."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar

from core import jose
from core.addresses import address_group
from core.audit import About, AuditLog
from core.clock import Clock
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.locale import Text
from core.mongo import Session
from core.oauth import OAuthError
from core.pending import Pending
from core.principal import Principal
from identity.charges import Charge, Charges
from identity.four_eyes import FourEyes
from identity.limits import Limit
from identity.model import Citizen
from identity.oidc.assurance import Backing
from identity.oidc.certificates import Certificates
from identity.oidc.client_keys import ClientKeys
from identity.oidc.grants import Grants
from identity.oidc.model import Client, Grant
from identity.oidc.store import ProviderStore
from identity.oidc.tokens import Named, Tokens
from identity.revocations import Revocations
from identity.store import IdentityStore

R = TypeVar("R")

# A partner's server calls for all of its users from one address.
CALLS_PER_ADDRESS: Final = (Limit(3_000, 60),)
# Of one client from one address: its secret is not guessed.
REFUSALS_PER_CLIENT: Final = (Limit(30, 600),)
USER_CODES_PER_CITIZEN: Final = (Limit(10, 600),)


class Consents(Protocol):
    """The ledger of what citizens agreed to. fields: scopes and claims."""

    async def given(self, *, citizen: str, client: str, purpose: Text) -> frozenset[str]: ...

    async def give(
        self, *, citizen: str, client: str, fields: frozenset[str], purpose: Text, at: datetime, session: Session
    ) -> None: ...


class AccessLog(Protocol):
    """Who read which fields of whom, why (core.access_log)."""

    async def read(
        self, *, reader: Principal, subject: str, fields: Sequence[str], purpose: str, client: str = ""
    ) -> None: ...


class EvidenceOf(Protocol):
    """On what a citizen's real name rests, as it counts now; empty where it rests on nothing. Raises: Unavailable."""

    async def __call__(self, citizen: Citizen) -> Sequence[Backing]: ...


def random_secret() -> str:
    """256 bits, as 43 characters of base64url."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Parts:
    """issuer: the city's public URL, without a slash at its end. access_log: None where the city keeps none.
    four_eyes: who says whether a second officer agreed to let a client in; None where one is enough.

    keys: of clients. certificates: of their connections. evidence: of citizens' real names.
    """

    issuer: str
    store: ProviderStore
    pending: Pending
    tokens: Tokens
    accounts: IdentityStore
    revocations: Revocations
    consents: Consents
    charges: Charges
    outbox: Outbox
    audit: AuditLog
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    keys: ClientKeys
    evidence: EvidenceOf
    certificates: Certificates
    access_log: AccessLog | None = None
    four_eyes: FourEyes | None = None
    new_secret: Callable[[], str] = random_secret

    @property
    def grants(self) -> Grants:
        return Grants(self.store, self.outbox, self.audit, self.ids, self.clock)

    def now(self) -> datetime:
        return self.clock.now()

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: Unavailable, what `work` raises."""
        return await self.store.mongo.transaction(work)

    async def audited(
        self, kind: str, *, actor: str, subject: str = "", client: str, about: About | None = None
    ) -> None:
        """One entry with a transaction of its own."""

        async def work(session: Session) -> None:
            await self.audit.append(kind, actor=actor, subject=subject, client=client, about=about, session=session)

        await self.transaction(work)

    async def charge_call(self, address: str) -> None:
        """Raises: TooManyRequests, Unavailable."""
        key = self.charges.key("oidc-call", address_group(address))
        await self.charges.charge([Charge(key, CALLS_PER_ADDRESS)])

    async def refused(self, fault: OAuthError, *, client_id: str, address: str) -> None:
        """Note a refusal that smells of an attack, and slow down whoever goes on. Raises: TooManyRequests."""
        if fault.suspicious:
            await self.audited("oidc.refused", actor=client_id, client=client_id, about={"error": fault.code})
        if fault.suspicious or fault.code == "invalid_client":
            key = self.charges.key("oidc-refused", f"{client_id} {address_group(address)}")
            await self.charges.charge([Charge(key, REFUSALS_PER_CLIENT)])

    async def named(self, grant: Grant, client: Client) -> Named:
        """The citizen of a grant, as its client knows them."""
        subject = await self.store.subject(grant.subject, client.sector)
        actor = await self.store.subject(grant.citizen, client.sector) if grant.delegated else ""
        return Named(subject, actor, self.browser_name(grant.browser_id, client))

    def browser_name(self, browser_id: str, client: Client) -> str:
        """`sid`: one browser has another name for each client."""
        if not browser_id:
            return ""
        return jose.b64(self.cipher.blind_index(f"{client.id} {browser_id}", purpose="oidc.sid")[:18])

    def runs(self, grant: Grant) -> bool:
        """Whether a grant is good now. What ended its session or relation may not have reached it yet."""
        session_ended = not grant.offline and grant.session_id in self.revocations
        relation_ended = bool(grant.relation_id) and grant.relation_id in self.revocations
        return grant.live(self.now()) and not session_ended and not relation_ended

    async def expected(self, params: Mapping[str, str], wanted_subject: str, client: Client) -> str | None:
        """The account that a request is about: by an ID token of ours, or a subject that the client knows.

        Raises: OAuthError.
        """
        subject = wanted_subject
        if hint := params.get("id_token_hint"):
            claims = await self.tokens.read_hint(hint)
            if claims is None or claims.get("aud") != client.id:
                raise OAuthError("invalid_request", "id_token_hint is no ID token of this client's", suspicious=True)
            acting = claims.get("act")
            subject = str(acting["sub"] if isinstance(acting, dict) else claims["sub"])
        if not subject:
            return None
        return await self.store.account_of(subject, client.sector) or "nobody"
