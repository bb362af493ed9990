"""A number that the carrier gave to somebody else does not open its former holder's account.

Rules
- Who signs in by a code alone to an account that nobody has signed in to for long is asked whether it is theirs, before
  any session begins. A proven name must be said, with its id number; no proven name, nothing to say.
- "Not mine" frees the number: the account stays, without a phone, for its owner to recover, and a new one begins.
- What waits is good for ten minutes and five tries, and guesses at a name are counted for the account.
- Who comes in by a password or a passkey knows or holds what a number does not bring along.
Source: docs/decisions/0036-a-phone-changes-at-once-only-for-two-proofs.md
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from core.crypto import digest
from core.mongo import Session
from identity.arrivals import NOWHERE, Origin
from identity.id_numbers import IdNumber
from identity.limits import REAL_NAME_LIMITS
from identity.model import (
    BY_PHONE,
    Account,
    Audience,
    Citizen,
    comparable_name,
    is_test_phone,
    parse_device_name,
    parse_name,
)
from identity.recovery.desk import PHONE_CHANGED, Desk
from identity.recovery.errors import AccountSleeps, KeepsTestPhone, NotYourAccount, WakingExpired
from identity.recovery.model import ever_proven
from identity.recovery.store import Sleeper
from identity.service import Door
from identity.sessions import SignedIn

WAKE_WITHIN: Final = timedelta(minutes=10)
TRIES_MAX: Final = 5
CITIZEN_REGISTERED: Final = "identity.citizen_registered"


@dataclass(frozen=True, slots=True)
class Waking:
    """Stands before the second step, which is `inner`."""

    desk: Desk
    inner: Door

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
        """A session for somebody who has taken the first step, if the account is awake.

        Raises: AccountSleeps; what the inner door raises.
        """
        if isinstance(account, Citizen) and methods == BY_PHONE and await self._sleeps(account.id, session):
            await self._ask(account, self.desk.now)
        return await self.inner.begin(
            account,
            audience=audience,
            device_name=device_name,
            methods=methods,
            session=session,
            origin=origin,
            failures=failures,
        )

    async def _sleeps(self, citizen: str, session: Session) -> bool:
        last = await self.desk.accounts.signed_in_at(citizen, session=session)
        return last is not None and self.desk.now - last >= self.desk.waits.asleep

    async def _ask(self, citizen: Citizen, now: datetime) -> None:
        """Outside of the sign-in's transaction, which is lost. Raises: AccountSleeps."""
        secret, until = self.desk.sessions.new_secret(), now + WAKE_WITHIN
        await self.desk.store.add_sleeper(Sleeper(digest(secret), citizen.id, until))
        raise AccountSleeps(pending_id=secret, proven=ever_proven(citizen), expires_at=until)

    # --- the two answers

    async def wake(
        self, *, pending_id: str, name: str | None, id_number: str | None, device_name: str, origin: Origin
    ) -> SignedIn:
        """It is mine. name, id_number: of an account that has a proven name; None where it has none.

        Raises: BadInput, IdNumberInvalid, WakingExpired, NotYourAccount, TooManyRequests; what the inner door raises.
        """
        device_name = parse_device_name(device_name)
        sleeper = await self._try(pending_id)
        found = (await self.desk.accounts.citizens([sleeper.citizen])).get(sleeper.citizen)
        if found is None:
            raise WakingExpired()
        if ever_proven(found):
            await self._check(found, name or "", id_number or "")
        return await self._go_on(sleeper, device_name, origin)

    async def _check(self, citizen: Citizen, name: str, id_number: str) -> None:
        """Raises: BadInput, IdNumberInvalid, NotYourAccount, TooManyRequests, Unavailable."""
        said, number = parse_name(name), IdNumber.parse(id_number, today=self.desk.now.date()).text
        await self.desk.charge("waking", citizen.id, REAL_NAME_LIMITS)
        known = await self.desk.accounts.has_id_number(citizen.id, number)
        if not known or comparable_name(said) != comparable_name(citizen.name or ""):
            raise NotYourAccount()

    async def anew(self, *, pending_id: str, device_name: str, origin: Origin) -> SignedIn:
        """It is not mine: the number is mine and the account somebody else's, who keeps it without a phone.

        Raises: BadInput, WakingExpired, KeepsTestPhone, Unavailable.
        """
        device_name = parse_device_name(device_name)
        sleeper = await self._try(pending_id)

        async def work(session: Session) -> SignedIn:
            now = self.desk.now
            former = await self._take(sleeper, session)
            if is_test_phone(former.phone):
                raise KeepsTestPhone()
            assert former.phone is not None, "a code was sent to it"
            await self.desk.accounts.set_phone(former.id, None, now=now, session=session)
            await self.desk.tell(
                PHONE_CHANGED, "phones.given_up", former.id, about={"because": "not_theirs"}, session=session
            )
            new = Citizen(id=self.desk.ids.new("cit"), phone=former.phone, created_at=self.desk.clock.now())
            await self.desk.accounts.add_citizen(new, session=session)
            await self.desk.outbox.append(name=CITIZEN_REGISTERED, payload={"citizen_id": new.id}, session=session)
            return await self._enter(new, device_name, origin, session)

        return await self.desk.transaction(work)

    async def _go_on(self, sleeper: Sleeper, device_name: str, origin: Origin) -> SignedIn:
        async def work(session: Session) -> SignedIn:
            citizen = await self._take(sleeper, session)
            return await self._enter(citizen, device_name, origin, session)

        return await self.desk.transaction(work)

    async def _enter(self, citizen: Citizen, device_name: str, origin: Origin, session: Session) -> SignedIn:
        how: dict[str, Any] = {"device_name": device_name, "methods": BY_PHONE, "origin": origin, "session": session}
        return await self.inner.begin(citizen, audience=Audience.CITIZEN, **how)

    async def _try(self, pending_id: str) -> Sleeper:
        """Count a try before anything is compared. Raises: WakingExpired."""
        sleeper = await self.desk.store.try_sleeper(digest(pending_id), now=self.desk.now, tries_max=TRIES_MAX)
        if sleeper is None:
            raise WakingExpired()
        return sleeper

    async def _take(self, sleeper: Sleeper, session: Session) -> Citizen:
        """Its account, held; of two answers at once one comes through. Raises: WakingExpired."""
        citizen = await self.desk.accounts.hold_citizen(sleeper.citizen, session=session)
        if citizen is None or not await self.desk.store.take_sleeper(sleeper, session=session):
            raise WakingExpired()
        if not await self._sleeps(citizen.id, session):
            raise WakingExpired()  # its owner came first
        return citizen
