"""The verbs of credentials, by what they are about; each wing of the house is one object to its graph."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from core.principal import Principal
from identity.codes import SignInCodes, random_code
from identity.credentials.breaches import BreachList
from identity.credentials.ceremonies import RelyingParty
from identity.credentials.desk import Desk
from identity.credentials.links import Links, distinct_numbers
from identity.credentials.model import Keychain
from identity.credentials.passkeys import Passkeys
from identity.credentials.passwords import Passwords
from identity.credentials.proofs import Prover
from identity.credentials.second import SecondFactor
from identity.credentials.step_up import StepUp
from identity.credentials.totp import OneTimePasswords
from identity.sessions import as_oneself


@dataclass(frozen=True, slots=True)
class Credentials:
    """What accounts prove themselves with."""

    desk: Desk
    passwords: Passwords
    passkeys: Passkeys
    totp: OneTimePasswords
    second: SecondFactor
    links: Links
    step_up: StepUp

    @classmethod
    def at(
        cls,
        desk: Desk,
        *,
        codes: SignInCodes,
        public_url: str,
        new_code: Callable[[], str] = random_code,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        numbers: Callable[[], tuple[int, ...]] = distinct_numbers,
    ) -> Credentials:
        """public_url: the address that passkeys belong to."""
        prover = Prover(desk, codes, RelyingParty.at(public_url))
        second = SecondFactor(desk, prover)
        return cls(
            desk=desk,
            passwords=Passwords(desk, prover, second, BreachList.shipped()),
            passkeys=Passkeys(desk, prover),
            totp=OneTimePasswords(desk, random_bytes),
            second=second,
            links=Links(desk, numbers),
            step_up=StepUp(desk, prover, codes, new_code),
        )

    async def open(self) -> None:
        """Make the indexes, and the decoys that stand in for what an account does not have."""
        await self.desk.store.open()
        await self.desk.hashing.open()

    async def has_strong(self, account_id: str) -> bool:
        """Whether an account has a strong method, which sensitive acts then ask for. Raises: Unavailable."""
        return (await self.desk.store.of(account_id)).has_strong

    async def held(self, *, principal: Principal) -> Keychain:
        """What the caller's own account holds. Raises: SignInRequired, Forbidden (acts for another), Unavailable."""
        as_oneself(principal)
        return await self.desk.store.of(principal.actor)
