"""Step-up: proving oneself again in a session that runs, for what a session alone is not enough for (RFC 9470)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.errors import DomainError, NotFound
from core.locale import Locale
from core.mongo import Session
from core.principal import Method, Principal
from identity.arrivals import Origin
from identity.codes import SignInCodes
from identity.credentials.desk import Desk, audience_of
from identity.credentials.errors import ProofNotEnough
from identity.credentials.model import combined
from identity.credentials.proofs import Proof, Prover
from identity.sessions import SignedIn
from identity.sms import CODE_REQUESTED, SignInMessage

_WEAK: Final = frozenset({"code", "password"})
_MFA: Final = frozenset({Method.MFA.value})


@dataclass(frozen=True, slots=True)
class StepUp:
    """new_code: of what is sent to the phone."""

    desk: Desk
    prover: Prover
    codes: SignInCodes
    new_code: Callable[[], str]

    async def request_code(self, *, principal: Principal, locale: Locale, origin: Origin) -> None:
        """Have a code sent to the caller's own phone; it is good for a step-up of theirs and for nothing else.

        Raises: SignInRequired, Forbidden, NotFound (no phone), TooManyRequests, Unavailable.
        """
        account, audience = await self.desk.account(principal), audience_of(principal)
        if account.phone is None:
            raise NotFound(thing="phone")
        await self.codes.charge_request(phone=account.phone, device_id=origin.device_id, address=origin.address)
        code = self.new_code()
        expires_at = await self.codes.put(audience=audience, phone=account.id, code=code)
        message = SignInMessage(self.desk.ids.new("scr"), audience, account.phone, code, locale, expires_at)
        payload = message.sealed(self.desk.cipher)

        async def work(session: Session) -> None:
            await self.desk.outbox.append(name=CODE_REQUESTED, payload=payload, session=session)

        await self.desk.transaction(work)

    async def confirm(self, *, principal: Principal, proof: Proof, origin: Origin) -> SignedIn:
        """New tokens for the session that asks, which say how and when its owner was proven again.

        An account that has something stronger than its phone and a password is proven with that.
        Raises: SignInRequired, Forbidden, BadInput, ProofNotEnough, ProofWrong, PasswordWrong, PasskeyRefused,
            CodeWrong, CodeExpired, TooManyRequests, Unavailable.
        """
        account = await self.desk.account(principal)
        held = await self.desk.store.of(account.id)
        if held.has_strong and proof.kind in _WEAK:
            raise ProofNotEnough(methods=held.second_steps)
        try:
            proven = await self.prover.prove(account.id, audience_of(principal), proof, origin)
        except DomainError as refusal:
            await self.desk.note(account.id, "step_up_failed", about={"code": refusal.code})
            raise
        both = _MFA & combined(principal.methods | proven.methods)

        async def work(session: Session) -> SignedIn:
            await self.prover.spend(proven, session=session)
            return await self.desk.sessions.confirm(principal=principal, methods=proven.methods | both, session=session)

        return await self.desk.transaction(work)
