"""What every verb of credentials stands on, and what all of them do alike.

Rules
- A change of what an account holds is one transaction with its event and its entry in the audit.
- It asks for a fresh proof first, and for a strong one where the account has something strong: who found a phone that
  was left open changes nothing.
- Everything that can be guessed at is counted first, by address, device and account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from core.addresses import address_group
from core.audit import About, AuditLog
from core.clock import Clock
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids, is_id
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from identity.arrivals import Origin
from identity.charges import Charge, Charges
from identity.credentials.errors import SecondFactorNeeded
from identity.credentials.hashing import Hashing
from identity.credentials.model import FRESH, Keychain
from identity.credentials.store import KeychainStore
from identity.credentials.tickets import Tickets
from identity.errors import TokenInvalid
from identity.limits import ActLimits
from identity.model import Account, Audience, Staff
from identity.sessions import Sessions, as_oneself
from identity.store import IdentityStore

R = TypeVar("R")

CREDENTIALS_CHANGED: Final = "identity.credentials_changed"


@dataclass(frozen=True, slots=True)
class Desk:
    """limits: of guesses. staff_must: whether staff always take a second step."""

    store: KeychainStore
    accounts: IdentityStore
    sessions: Sessions
    tickets: Tickets
    hashing: Hashing
    charges: Charges
    limits: ActLimits
    outbox: Outbox
    audit: AuditLog
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    staff_must: bool

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        return await self.accounts.transaction(work)

    async def guess(self, kind: str, subject: str, origin: Origin) -> None:
        """Count one guess at what `subject` holds. Raises: TooManyRequests, Unavailable."""
        counted = [Charge(self.charges.key(f"{kind}:address", address_group(origin.address)), self.limits.per_address)]
        if origin.device_id:
            counted.append(Charge(self.charges.key(f"{kind}:device", origin.device_id), self.limits.per_device))
        counted.append(Charge(self.charges.key(f"{kind}:account", subject), self.limits.per_phone))
        await self.charges.charge(counted)

    async def guessed(self, kind: str, subject: str) -> int:
        """It was right: what was guessed before it counts no longer against `subject`. Returns how often that was.

        Raises: Unavailable.
        """
        return await self.charges.forgive(self.charges.key(f"{kind}:account", subject)) - 1

    async def begun(self, kind: str, origin: Origin) -> None:
        """Count something that anybody may begin. Raises: TooManyRequests, Unavailable."""
        key = self.charges.key(f"{kind}:address", address_group(origin.address))
        await self.charges.charge([Charge(key, self.limits.per_address)])

    async def account(self, principal: Principal, *, session: Session | None = None) -> Account:
        """The caller's own. Raises: SignInRequired, Forbidden (acts for another), TokenInvalid, Unavailable."""
        as_oneself(principal)
        account = await self.accounts.account(principal.actor, audience_of(principal), session=session)
        if account is None or (isinstance(account, Staff) and account.suspended):
            raise TokenInvalid()
        return account

    def fresh(self, principal: Principal, keychain: Keychain) -> None:
        """Raises: SignInRequired, Forbidden (acts for another), StepUpRequired."""
        as_oneself(principal)
        principal.require_fresh(now=self.clock.now(), max_age=FRESH, strong=keychain.has_strong)

    async def change(
        self,
        principal: Principal,
        what: str,
        change: Callable[[Keychain], Keychain],
        *,
        asks: bool = True,
        about: About | None = None,
        proves: frozenset[str] = frozenset(),
        quiet: bool = False,
    ) -> Keychain:
        """Change what the caller holds. what: `passkey_added`. asks: for a fresh proof. proves: what the change itself
        proves of the session that makes it. quiet: it changes nothing about who comes in.

        Raises: SignInRequired, Forbidden, StepUpRequired, SecondFactorNeeded, Unavailable; what `change` raises.
        """
        as_oneself(principal)

        async def work(session: Session) -> Keychain:
            held = await self.store.of(principal.actor, session=session)
            if asks:
                self.fresh(principal, held)
            changed = change(held)
            if self.staff_must and _staff(principal) and held.has_strong and not changed.has_strong:
                raise SecondFactorNeeded()
            await self.store.put(changed, session=session)
            await self.tell(principal.actor, what, about=about or {}, session=session, quiet=quiet)
            if proves:
                await self.sessions.strengthen(principal=principal, methods=proves, session=session)
            return changed

        return await self.transaction(work)

    async def tell(self, account_id: str, what: str, *, about: About, session: Session, quiet: bool = False) -> None:
        """Say that what an account holds has changed: to the audit and, unless it is quiet, to its owner."""
        payload = {"account_id": account_id, "what": what}
        if is_id(account_id, prefix="cit"):
            payload["citizen"] = account_id
        if not quiet:
            await self.outbox.append(name=CREDENTIALS_CHANGED, payload=payload, session=session)
        await self.audit.append(f"credentials.{what}", actor=account_id, about=about, session=session)

    async def note(self, account_id: str, what: str, *, about: About | None = None) -> None:
        """An entry in the audit for what changed nothing."""

        async def work(session: Session) -> None:
            await self.audit.append(f"credentials.{what}", actor=account_id, about=about or {}, session=session)

        await self.transaction(work)

    def now(self) -> datetime:
        return self.clock.now()


def audience_of(principal: Principal) -> Audience:
    return Audience.STAFF if _staff(principal) else Audience.CITIZEN


def _staff(principal: Principal) -> bool:
    return principal.kind is PrincipalKind.STAFF
