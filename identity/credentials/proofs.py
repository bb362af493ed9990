"""Checking a proof: that somebody knows, holds or is shown what the account has.

Rules
- A proof is counted, then compared, in constant time or in the time of a hash.
- What is good once is used up in the transaction of what it was shown for: of two who show the same, one comes through.
- Which part was wrong, and whether the account has such a thing at all, is not said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Final

import pyotp

from core.clock import epoch_s
from core.crypto import FieldCipher, same
from core.errors import BadInput
from core.mongo import Session
from identity.arrivals import Origin
from identity.codes import SignInCodes
from identity.credentials.ceremonies import RelyingParty, new_challenge, read_assertion
from identity.credentials.desk import Desk
from identity.credentials.errors import PasskeyRefused, PasswordWrong, ProofWrong
from identity.credentials.model import (
    BY_OTP,
    BY_PASSWORD,
    TOTP_STEP_S,
    TOTP_WINDOW,
    Keychain,
    Totp,
    normal_password,
    parse_recovery_code,
    parse_totp,
)
from identity.model import BY_PHONE, Audience, parse_code

CHALLENGE: Final = "passkey-challenge"
CHALLENGE_LIFETIME: Final = timedelta(minutes=5)
_RECOVERY: Final = "recovery_code"


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows: one of these. passkey_id: of the challenge that `credential` answers."""

    code: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    totp: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    passkey_id: str | None = field(default=None, repr=False)
    credential: str | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """`code`, `password`, `totp`, `recovery_code` or `passkey`. Raises: BadInput."""
        shown = {one.name for one in fields(self) if getattr(self, one.name) is not None}
        if shown == {"passkey_id", "credential"}:
            return "passkey"
        if len(shown) != 1 or shown & {"passkey_id", "credential"}:
            raise BadInput(field="input", problem="must hold one proof")
        return shown.pop()


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof that held. spend: the keychain with what is good once used up; run in the transaction of what follows.

    used: what the owner is told of, if they should be.
    """

    account_id: str
    methods: frozenset[str]
    spend: Callable[[Keychain], Keychain] = field(repr=False)
    used: str = ""


@dataclass(frozen=True, slots=True)
class Prover:
    """codes: of phones, and the limits on them."""

    desk: Desk
    codes: SignInCodes
    party: RelyingParty

    async def prove(self, account_id: str, audience: Audience, proof: Proof, origin: Origin) -> Proven:
        """That this account's owner shows `proof`.

        Raises: BadInput, ProofWrong, PasswordWrong, PasskeyRefused, CodeWrong, CodeExpired, TooManyRequests,
            Unavailable.
        """
        match proof.kind:
            case "code":
                return await self._code(account_id, audience, proof.code or "", origin)
            case "password":
                return await self._password(account_id, proof.password or "", origin)
            case "totp":
                return await self._totp(account_id, proof.totp or "", origin)
            case "recovery_code":
                return await self._recovery(account_id, proof.recovery_code or "", origin)
        proven, _ = await self.passkey(proof.passkey_id or "", proof.credential or "", account_id=account_id)
        return proven

    async def spend(self, proven: Proven, *, session: Session) -> Keychain:
        """Use up what is good once. Raises: ProofWrong, PasskeyRefused (somebody was faster)."""
        held = await self.desk.store.of(proven.account_id, session=session)
        left = proven.spend(held)
        if left != held:
            await self.desk.store.put(left, session=session)
        if proven.used:
            await self.desk.tell(
                proven.account_id, proven.used, about={"recovery_left": len(left.recovery)}, session=session
            )
        return left

    # --- a code that was sent to the phone (see `StepUp.request_code`)

    async def _code(self, account_id: str, audience: Audience, code: str, origin: Origin) -> Proven:
        await self.codes.answer(
            audience=audience,
            phone=account_id,
            code=parse_code(code),
            device_id=origin.device_id,
            address=origin.address,
        )
        return Proven(account_id, BY_PHONE, _nothing)

    # --- passwords

    async def _password(self, account_id: str, password: str, origin: Origin) -> Proven:
        await self.desk.guess("password", account_id, origin)
        proven = await self.password(await self.desk.store.of(account_id), password)
        await self.desk.guessed("password", account_id)
        return proven

    async def password(self, held: Keychain, password: str) -> Proven:
        """With the same work for a keychain that holds none. Raises: PasswordWrong, BadInput, TooManyRequests."""
        hashing, given = self.desk.hashing, normal_password(password)
        expected = held.password.hash if held.password else None
        if not await hashing.verify(expected, given) or expected is None:
            raise PasswordWrong()
        if not hashing.outdated(expected):
            return Proven(held.account_id, BY_PASSWORD, _nothing)
        renewed = await hashing.hash(given)

        def renew(keychain: Keychain) -> Keychain:
            if keychain.password is None or keychain.password.hash != expected:
                return keychain  # changed meanwhile
            return replace(keychain, password=replace(keychain.password, hash=renewed))

        return Proven(held.account_id, BY_PASSWORD, renew)

    # --- one-time passwords and recovery codes

    async def _totp(self, account_id: str, code: str, origin: Origin) -> Proven:
        given = parse_totp(code)
        await self.desk.guess("otp", account_id, origin)
        held = await self.desk.store.of(account_id)
        step = matching_step(held.totp, given, now_s=epoch_s(self.desk.now())) if held.totp else None
        if step is None:
            raise ProofWrong()
        await self.desk.guessed("otp", account_id)

        def use(keychain: Keychain) -> Keychain:
            if keychain.totp is None or keychain.totp.last_step >= step:
                raise ProofWrong()
            return keychain.using_step(step)

        return Proven(account_id, BY_OTP, use)

    async def _recovery(self, account_id: str, code: str, origin: Origin) -> Proven:
        shown = recovery_digest(parse_recovery_code(code), account_id=account_id, cipher=self.desk.cipher)
        await self.desk.guess("otp", account_id, origin)
        held = await self.desk.store.of(account_id)
        if not any([same(one, shown) for one in held.recovery]):  # all are compared
            raise ProofWrong()
        await self.desk.guessed("otp", account_id)

        def use(keychain: Keychain) -> Keychain:
            if shown not in keychain.recovery:
                raise ProofWrong()
            return keychain.using_recovery(shown)

        return Proven(account_id, BY_OTP, use, used="recovery_code_used")

    # --- passkeys

    async def challenge(self, audience: Audience) -> tuple[str, bytes]:
        """A challenge that any passkey may answer: its id, and itself. Raises: Unavailable."""
        id, challenge = self.desk.sessions.new_secret(), new_challenge()
        told = {"challenge": challenge.hex(), "audience": audience.value}
        await self.desk.tickets.put(CHALLENGE, id, told, lives=CHALLENGE_LIFETIME)
        return id, challenge

    async def passkey(self, id: str, credential: str, *, account_id: str | None = None) -> tuple[Proven, Audience]:
        """Whose passkey answered the challenge `id`, and what for; with `account_id`, that it is theirs.

        Raises: PasskeyRefused, Unavailable.
        """
        ticket = await self.desk.tickets.take(CHALLENGE, id)
        assertion = read_assertion(credential)
        if ticket is None:
            raise PasskeyRefused()
        held = await self.desk.store.of_passkey(assertion.credential_id)
        found = held.passkey_of(assertion.credential_id) if held else None
        if held is None or found is None or account_id not in (None, held.account_id):
            raise PasskeyRefused()
        expected = user_handle(held.account_id, cipher=self.desk.cipher)
        if assertion.user_handle is not None and not same(assertion.user_handle, expected):
            raise PasskeyRefused()
        used = self.party.used(assertion, bytes.fromhex(ticket.told["challenge"]), found)
        seen, now = found.sign_count, self.desk.now()

        def use(keychain: Keychain) -> Keychain:
            held_now = keychain.passkey_of(found.credential_id)
            if held_now is None or held_now.sign_count != seen:
                raise PasskeyRefused()
            return keychain.with_passkey(
                replace(held_now, sign_count=used.sign_count, synced=used.synced, last_used_at=now)
            )

        return Proven(held.account_id, found.methods, use), Audience(ticket.told["audience"])


def _nothing(keychain: Keychain) -> Keychain:
    return keychain


def matching_step(totp: Totp, code: str, *, now_s: int) -> int | None:
    """The unused time step that `code` is of, within one of now; all are compared. Source: RFC 6238 §5.2."""
    now = now_s // TOTP_STEP_S
    made = pyotp.TOTP(totp.secret)
    steps = range(now - TOTP_WINDOW, now + TOTP_WINDOW + 1)
    fits = [step for step in steps if same(made.generate_otp(step).encode(), code.encode()) and step > totp.last_step]
    return fits[0] if fits else None


def recovery_digest(code: str, *, account_id: str, cipher: FieldCipher) -> bytes:
    return cipher.blind_index(f"{account_id}:{code}", purpose=_RECOVERY)


def user_handle(account_id: str, *, cipher: FieldCipher) -> bytes:
    """How an account is called to authenticators: 32 bytes that tell nothing of it."""
    return cipher.blind_index(account_id, purpose="passkey.user")
