"""Passwords: set, taken away, signed in with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.mongo import Session
from core.principal import Principal
from identity.arrivals import Origin
from identity.credentials.breaches import BreachList
from identity.credentials.desk import Desk
from identity.credentials.errors import PasswordRefused, PasswordWrong
from identity.credentials.model import BY_PASSWORD, Keychain, Password, new_password
from identity.credentials.proofs import Proof, Prover
from identity.credentials.second import SecondFactor
from identity.model import (
    Account,
    Audience,
    Citizen,
    Staff,
    parse_device_id,
    parse_device_name,
    parse_phone,
)
from identity.sessions import SignedIn


@dataclass(frozen=True, slots=True)
class Passwords:
    """breaches: the passwords that everybody uses."""

    desk: Desk
    prover: Prover
    second: SecondFactor
    breaches: BreachList

    async def set(self, *, principal: Principal, password: str, current: str | None, origin: Origin) -> Keychain:
        """Give the account a password, or another one.

        current: the one that stands. Right, it is the fresh proof that the change asks for, unless the account has
            something stronger, or the session cools off: whoever found out a password must not make it theirs.
        Raises: SignInRequired, Forbidden, StepUpRequired, PasswordRefused, PasswordWrong, BadInput, TooManyRequests,
            Unavailable.
        """
        account = await self.desk.account(principal)
        proven = current is not None
        if current is not None:
            await self.prover.prove(account.id, _audience(account), Proof(password=current), origin)
        held = await self.desk.store.of(account.id)
        if held.has_strong or not proven or principal.cooling(self.desk.now()):
            self.desk.fresh(principal, held)
        chosen = new_password(password, phone=account.phone, name=_name(account))
        if self.breaches.guesses(chosen):
            raise PasswordRefused(because="common")
        made = Password(await self.desk.hashing.hash(chosen), self.desk.now())
        return await self.desk.change(
            principal, "password_set", lambda keychain: replace(keychain, password=made), asks=False
        )

    async def remove(self, *, principal: Principal) -> Keychain:
        """Raises: SignInRequired, Forbidden, StepUpRequired, Unavailable."""
        return await self.desk.change(principal, "password_removed", lambda keychain: replace(keychain, password=None))

    async def sign_in(
        self, *, phone: str, password: str, audience: Audience, device_name: str, origin: Origin
    ) -> SignedIn:
        """Begin a session with a password. The same answer and the same work whether or not there is such an account.

        Raises: PhoneInvalid, BadInput, PasswordWrong, SecondFactorRequired, CodeNeeded, TooManyRequests, Unavailable.
        """
        number, device_name = parse_phone(phone), parse_device_name(device_name)
        parse_device_id(origin.device_id)
        subject = f"{audience.value}:{number}"
        await self.desk.guess("password", subject, origin)
        found = await self._account_or_decoy(number, audience)
        held = await self.desk.store.of(found.id, for_anybody=True)
        proven = await self.prover.password(held, password)
        failures = await self.desk.guessed("password", subject)

        async def work(session: Session) -> SignedIn:
            account = await self.desk.accounts.account(found.id, audience, session=session)
            if account is None or (isinstance(account, Staff) and account.suspended):
                raise PasswordWrong()
            await self.prover.spend(proven, session=session)
            return await self.second.begin(
                account,
                audience=audience,
                device_name=device_name,
                methods=BY_PASSWORD,
                session=session,
                origin=origin,
                failures=failures,
            )

        return await self.desk.transaction(work)

    async def _account_or_decoy(self, number: str, audience: Audience) -> Account:
        people = self.desk.accounts
        return await (people.citizen_or_decoy if audience is Audience.CITIZEN else people.staff_or_decoy)(number)


def _audience(account: Account) -> Audience:
    return Audience.STAFF if isinstance(account, Staff) else Audience.CITIZEN


def _name(account: Account) -> str | None:
    return account.name if isinstance(account, Citizen) else account.display_name
