"""One-time passwords by time (RFC 6238) and the recovery codes that stand in for them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import pyotp

from core.clock import epoch_s
from core.errors import NotFound
from core.masking import mask_phone
from core.principal import Principal
from identity.arrivals import Origin
from identity.credentials.desk import Desk
from identity.credentials.errors import ProofWrong
from identity.credentials.model import (
    BY_OTP,
    RECOVERY_CODE_BYTES,
    RECOVERY_CODES,
    Keychain,
    Totp,
    combined,
    grouped,
    parse_totp,
)
from identity.credentials.proofs import matching_step, recovery_digest
from identity.sessions import as_oneself

ENROLMENT: Final = "totp-enrolment"
ENROLMENT_LIFETIME: Final = timedelta(minutes=15)
ISSUER: Final = "城市通 CityTong"
_SECRET_BYTES: Final = 20  # as long as SHA-1's result: RFC 4226 §4, R6


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret on its way to an authenticator, told this once. uri: `otpauth://totp/…`, to be shown as a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OneTimePasswords:
    """Everybody's."""

    desk: Desk
    random_bytes: Callable[[int], bytes] = secrets.token_bytes

    async def begin(self, *, principal: Principal) -> Enrolment:
        """A secret for the session that asks; it counts for nothing before `confirm`.

        Raises: SignInRequired, Forbidden, StepUpRequired, Unavailable.
        """
        account = await self.desk.account(principal)
        self.desk.fresh(principal, await self.desk.store.of(account.id))
        secret = base64.b32encode(self.random_bytes(_SECRET_BYTES)).decode()
        await self.desk.tickets.put(
            ENROLMENT, principal.session_id, {"secret": secret, "account": account.id}, lives=ENROLMENT_LIFETIME
        )
        name = mask_phone(account.phone) if account.phone else account.id
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))

    async def confirm(self, *, principal: Principal, code: str, origin: Origin) -> list[str]:
        """Make the secret count, by a password of it. Returns the recovery codes, told this once.

        Raises: SignInRequired, Forbidden, BadInput, ProofWrong, TooManyRequests, Unavailable.
        """
        as_oneself(principal)
        given = parse_totp(code)
        await self.desk.guess("otp", principal.actor, origin)
        ticket = await self.desk.tickets.read(ENROLMENT, principal.session_id)
        if ticket is None:
            raise ProofWrong()
        now = self.desk.now()
        totp = Totp(ticket.told["secret"], confirmed_at=now, last_step=0)
        step = matching_step(totp, given, now_s=epoch_s(now))
        if step is None or not await self.desk.tickets.finish(ticket):
            raise ProofWrong()
        await self.desk.guessed("otp", principal.actor)
        codes, digests = self._recovery_codes(principal.actor)

        def confirm(keychain: Keychain) -> Keychain:
            return replace(keychain, totp=replace(totp, last_step=step), recovery=digests)

        # The fresh proof was asked for when the secret was made.
        await self.desk.change(
            principal, "totp_confirmed", confirm, asks=False, proves=combined(principal.methods | BY_OTP)
        )
        return codes

    async def remove(self, *, principal: Principal) -> Keychain:
        """Raises: SignInRequired, Forbidden, StepUpRequired, NotFound, SecondFactorNeeded, Unavailable."""

        def remove(keychain: Keychain) -> Keychain:
            if keychain.totp is None:
                raise NotFound(thing="authenticator")
            return keychain.without_totp()

        return await self.desk.change(principal, "totp_removed", remove)

    async def renew_recovery_codes(self, *, principal: Principal) -> list[str]:
        """New ones in the place of all there were, told this once.

        Raises: SignInRequired, Forbidden, StepUpRequired, NotFound (nothing that they would stand in for), Unavailable.
        """
        as_oneself(principal)
        codes, digests = self._recovery_codes(principal.actor)

        def renew(keychain: Keychain) -> Keychain:
            if not keychain.has_strong:
                raise NotFound(thing="second factor")
            return replace(keychain, recovery=digests)

        await self.desk.change(principal, "recovery_codes_renewed", renew)
        return codes

    def _recovery_codes(self, account_id: str) -> tuple[list[str], tuple[bytes, ...]]:
        """As shown, and as kept."""
        codes = [base64.b32encode(self.random_bytes(RECOVERY_CODE_BYTES)).decode() for _ in range(RECOVERY_CODES)]
        kept = tuple(recovery_digest(code, account_id=account_id, cipher=self.desk.cipher) for code in codes)
        return [grouped(code) for code in codes], kept
