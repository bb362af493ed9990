"""Passkeys: made, named, used to sign in, taken away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from core.errors import NotFound
from core.locale import Locale
from core.masking import mask_name, mask_phone
from core.mongo import Session
from core.principal import Principal
from identity.arrivals import NOWHERE, Origin
from identity.credentials.ceremonies import new_challenge
from identity.credentials.desk import Desk
from identity.credentials.errors import PasskeyRefused
from identity.credentials.model import Keychain, Passkey, combined, parse_passkey_name
from identity.credentials.proofs import CHALLENGE_LIFETIME, Prover, user_handle
from identity.model import Account, Audience, Citizen, Staff, parse_device_name
from identity.sessions import SignedIn, as_oneself

REGISTRATION: Final = "passkey-registration"


@dataclass(frozen=True, slots=True)
class Passkeys:
    """Everybody's passkeys."""

    desk: Desk
    prover: Prover

    async def begin_registration(self, *, principal: Principal, locale: Locale) -> dict[str, Any]:
        """What the browser is asked to make, for the session that asks.

        Raises: SignInRequired, Forbidden, StepUpRequired, Unavailable.
        """
        account = await self.desk.account(principal)
        held = await self.desk.store.of(account.id)
        self.desk.fresh(principal, held)
        challenge = new_challenge()
        told = {"challenge": challenge.hex()}
        await self.desk.tickets.put(REGISTRATION, principal.session_id, told, lives=CHALLENGE_LIFETIME)
        return self.prover.party.creation(
            challenge,
            user_handle=user_handle(account.id, cipher=self.desk.cipher),
            user_name=mask_phone(account.phone) if account.phone else account.id,
            display_name=_masked(account, locale),
            own=held.passkeys,
        )

    async def add(self, *, principal: Principal, name: str, credential: str) -> Passkey:
        """Keep a passkey that was made as `begin_registration` asked. Its maker has proven themself with it.

        Raises: SignInRequired, Forbidden, BadInput, PasskeyRefused, TooManyPasskeys, Unavailable.
        """
        as_oneself(principal)
        name = parse_passkey_name(name)
        ticket = await self.desk.tickets.take(REGISTRATION, principal.session_id)
        if ticket is None:
            raise PasskeyRefused()
        made = self.prover.party.made(credential, bytes.fromhex(ticket.told["challenge"]))
        passkey = Passkey(
            id=self.desk.ids.new("psk"),
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            name=name,
            transports=made.transports,
            backup_eligible=made.backup_eligible,
            synced=made.synced,
            created_at=self.desk.now(),
        )

        def add(keychain: Keychain) -> Keychain:
            if keychain.passkey_of(passkey.credential_id):
                raise PasskeyRefused()
            return keychain.with_passkey(passkey)

        # The fresh proof was asked for when the challenge was made.
        await self.desk.change(
            principal,
            "passkey_added",
            add,
            asks=False,
            about={"passkey": passkey.id, "synced": passkey.synced},
            proves=combined(principal.methods | passkey.methods),
        )
        return passkey

    async def rename(self, *, principal: Principal, passkey_id: str, name: str) -> Passkey:
        """Raises: SignInRequired, Forbidden, BadInput, NotFound, Unavailable."""
        name = parse_passkey_name(name)

        def rename(keychain: Keychain) -> Keychain:
            return keychain.with_passkey(replace(keychain.passkey(passkey_id), name=name))

        about = {"passkey": passkey_id}
        held = await self.desk.change(principal, "passkey_renamed", rename, asks=False, about=about, quiet=True)
        return held.passkey(passkey_id)

    async def remove(self, *, principal: Principal, passkey_id: str) -> Keychain:
        """Raises: SignInRequired, Forbidden, StepUpRequired, NotFound, SecondFactorNeeded, Unavailable."""

        def remove(keychain: Keychain) -> Keychain:
            return keychain.without_passkey(passkey_id)

        return await self.desk.change(principal, "passkey_removed", remove, about={"passkey": passkey_id})

    async def ask_for_second_step(self, *, principal: Principal, wanted: bool) -> Keychain:
        """Whether a passkey is asked for after a code or a password.

        Raises: SignInRequired, Forbidden, StepUpRequired, NotFound (there is no passkey), Unavailable.
        """

        def choose(keychain: Keychain) -> Keychain:
            if wanted and not keychain.passkeys:
                raise NotFound(thing="passkey")
            return replace(keychain, second_by_passkey=wanted)

        return await self.desk.change(principal, "second_step_chosen", choose, about={"passkey": wanted})

    # --- signing in

    async def begin_sign_in(self, *, audience: Audience, origin: Origin) -> tuple[str, dict[str, Any]]:
        """A challenge for whichever passkey of the city its user chooses: its id, and what the browser is asked.

        It serves for a second step and a step-up too. Raises: TooManyRequests, Unavailable.
        """
        await self.desk.begun("passkey-challenge", origin)
        id, challenge = await self.prover.challenge(audience)
        return id, self.prover.party.request(challenge)

    async def sign_in(self, *, id: str, credential: str, device_name: str, origin: Origin = NOWHERE) -> SignedIn:
        """Begin a session with a passkey, which is two factors in one. id: of the challenge.

        Raises: BadInput, PasskeyRefused, Unavailable.
        """
        device_name = parse_device_name(device_name)
        proven, audience = await self.prover.passkey(id, credential)

        async def work(session: Session) -> SignedIn:
            account = await self.desk.accounts.account(proven.account_id, audience, session=session)
            if account is None or (isinstance(account, Staff) and account.suspended):
                raise PasskeyRefused()
            await self.prover.spend(proven, session=session)
            return await self.desk.sessions.begin(
                account,
                audience=audience,
                device_name=device_name,
                methods=proven.methods,
                session=session,
                origin=origin,
            )

        return await self.desk.transaction(work)


def _masked(account: Account, locale: Locale) -> str:
    """An authenticator keeps and shows it: enough to tell one's accounts apart."""
    if isinstance(account, Citizen):
        return account.masked_name(locale)
    return mask_name(account.display_name)
