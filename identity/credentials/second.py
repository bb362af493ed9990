"""The second step of signing in, for who has one; and staff, who must.

Rules
- After a right code or password, an account with one-time passwords, or whose owner wants a passkey asked for, is told
  `AUTH_SECOND_FACTOR_REQUIRED`: no session has begun. What waits is good for five minutes, five tries and one answer.
- A sign-in of high risk (`Watch`) takes a second step too, where the account has one; a password alone is then not
  taken from an account without, which signs in by a code.
- Staff always take it. One who holds nothing to take it with gets a session that can only enrol: its scope is
  `staff:enrol`. Once a passkey or one-time passwords are made, the session's next tokens hold what their roles give.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.errors import DomainError
from core.mongo import Session
from core.principal import Method
from identity.arrivals import NOWHERE, Arrival, Origin
from identity.credentials.desk import Desk
from identity.credentials.errors import CodeNeeded, ProofWrong, SecondFactorRequired, SignInExpired
from identity.credentials.model import combined
from identity.credentials.proofs import Proof, Proven, Prover
from identity.credentials.tickets import Ticket
from identity.model import Account, Audience, Staff
from identity.sessions import SignedIn

PENDING: Final = "pending-sign-in"
PENDING_LIFETIME: Final = timedelta(minutes=5)
TRIES_MAX: Final = 5
_STEPS: Final = frozenset({"totp", "recovery_code", "passkey"})


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Stands where sessions begin, after the first step."""

    desk: Desk
    prover: Prover

    async def begin(
        self,
        account: Account,
        *,
        audience: Audience,
        device_name: str,
        methods: frozenset[str],
        session: Session,
        origin: Origin = NOWHERE,
        failures: int = 0,
    ) -> SignedIn:
        """A session for somebody who has taken the first step by `methods`, if there is no second.

        Raises: SecondFactorRequired, CodeNeeded.
        """
        held = await self.desk.store.of(account.id, session=session)
        must = self.desk.staff_must and audience is Audience.STAFF
        arrival = Arrival(account.id, origin, methods, failures)
        risky = await self._risky(arrival, device_name, session)
        if risky and not held.has_strong and Method.SMS not in methods:
            raise CodeNeeded()
        if held.wants_second_step or ((must or risky) and held.has_strong):
            id, told = self.desk.sessions.new_secret(), _told(arrival, audience, device_name)
            expires_at = await self.desk.tickets.put(PENDING, id, told, lives=PENDING_LIFETIME)
            raise SecondFactorRequired(pending_id=id, methods=held.second_steps, expires_at=expires_at)
        return await self.desk.sessions.begin(
            account,
            audience=audience,
            device_name=device_name,
            methods=methods,
            origin=origin,
            failures=failures,
            enrolling=must,
            session=session,
        )

    async def _risky(self, arrival: Arrival, device_name: str, session: Session) -> bool:
        watch = self.desk.sessions.watch
        return watch is not None and await watch.wants_second_proof(arrival, device_name=device_name, session=session)

    async def complete(self, *, pending_id: str, proof: Proof, origin: Origin) -> SignedIn:
        """Take the second step of a sign-in.

        Raises: SignInExpired, BadInput, ProofWrong, PasskeyRefused, TooManyRequests, Unavailable.
        """
        if proof.kind not in _STEPS:
            raise ProofWrong()
        told = (await self._try(pending_id)).told
        account_id, audience = told["account"], Audience(told["audience"])
        try:
            proven = await self.prover.prove(account_id, audience, proof, origin)
        except DomainError as refusal:
            await self.desk.note(account_id, "second_step_failed", about={"code": refusal.code})
            raise
        if await self.desk.tickets.take(PENDING, pending_id) is None:
            raise SignInExpired()
        here = Origin(origin.device_id or told["device_id"], origin.address, origin.jkt)
        arrival = Arrival(account_id, here, frozenset(told["methods"]), told["failures"])
        return await self._begin(proven, audience, told["device_name"], arrival)

    async def _try(self, pending_id: str) -> Ticket:
        """Count a try before anything is compared. Raises: SignInExpired."""
        for _ in range(TRIES_MAX):  # another try at the same instant makes this one look again
            ticket = await self.desk.tickets.read(PENDING, pending_id)
            if ticket is None or ticket.told["tries"] >= TRIES_MAX:
                break
            if await self.desk.tickets.change(ticket, {**ticket.told, "tries": ticket.told["tries"] + 1}):
                return ticket
        raise SignInExpired()

    async def _begin(self, proven: Proven, audience: Audience, device_name: str, arrival: Arrival) -> SignedIn:
        async def work(session: Session) -> SignedIn:
            account = await self.desk.accounts.account(proven.account_id, audience, session=session)
            if account is None or (isinstance(account, Staff) and account.suspended):
                raise SignInExpired()
            await self.prover.spend(proven, session=session)
            return await self.desk.sessions.begin(
                account,
                audience=audience,
                device_name=device_name,
                methods=combined(arrival.methods | proven.methods),
                origin=arrival.origin,
                failures=arrival.failures,
                session=session,
            )

        return await self.desk.transaction(work)


def _told(arrival: Arrival, audience: Audience, device_name: str) -> dict[str, object]:
    return {
        "account": arrival.account_id,
        "audience": audience.value,
        "device_name": device_name,
        "device_id": arrival.origin.device_id,
        "methods": sorted(arrival.methods),
        "failures": arrival.failures,
        "tries": 0,
    }
