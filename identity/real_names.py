"""How a name becomes known: the population register says that it belongs to an id number.

Rules
- Name and number go to the register and nowhere else; the number is kept sealed, and one number has one account.
- A real-name level never falls, and a name that is known once is never replaced by another one here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.errors import NotFound, Unavailable
from core.events import Outbox
from core.mongo import Session
from core.principal import Principal
from identity.charges import Charge, Charges
from identity.errors import RealNameNotConfirmed, RealNameStands
from identity.id_numbers import IdNumber
from identity.limits import REAL_NAME_LIMITS
from identity.model import REGISTER_LEVEL, Audience, Citizen, Evidence, comparable_name, parse_name
from identity.registers import PopulationRegister
from identity.relations import POPULATION_REGISTER
from identity.store import IdentityStore

REAL_NAME_CONFIRMED: Final = "identity.real_name_confirmed"


@dataclass(frozen=True, slots=True)
class RealNames:
    """Confirms names. register: None where the city has none; then nothing can be confirmed."""

    store: IdentityStore
    charges: Charges
    register: PopulationRegister | None
    outbox: Outbox
    clock: Clock

    async def confirm(self, *, principal: Principal, name: str, id_number: str) -> Citizen:
        """Two-element check of the caller's own name. The new level stands in the next access token.

        Raises: SignInRequired, Forbidden, BadInput, IdNumberInvalid, TooManyRequests, RealNameStands,
        RealNameNotConfirmed, IdNumberTaken, Unavailable (also without a register).
        Source: identity-codes-licences.md §1.1 (level 3), GB 11643.
        """
        principal.require_citizen(principal.subject)
        said, number = parse_name(name), IdNumber.parse(id_number, today=self.clock.now().date())
        if self.register is None:
            raise Unavailable()
        await self.charges.charge([Charge(self.charges.key("real_name:account", principal.actor), REAL_NAME_LIMITS)])
        await self._check_stands(principal.actor, said, number.text)
        if not await self.register.matches(name=said, id_number=number.text):
            raise RealNameNotConfirmed()
        evidence = Evidence(POPULATION_REGISTER, self.clock.now())

        async def work(session: Session) -> Citizen:
            await self._check_stands(principal.actor, said, number.text, session)
            return await self._keep(principal.actor, said, number.text, evidence, session)

        return await self.store.transaction(work)

    async def _check_stands(self, citizen_id: str, name: str, number: str, session: Session | None = None) -> None:
        """Raises: RealNameStands, NotFound."""
        citizen = await self.store.account(citizen_id, Audience.CITIZEN, session=session)
        if not isinstance(citizen, Citizen):
            raise NotFound(thing="citizen")
        renamed = citizen.name is not None and comparable_name(citizen.name) != comparable_name(name)
        if renamed or await self.store.has_id_number(citizen_id, number, session=session) is False:
            raise RealNameStands()

    async def _keep(self, citizen_id: str, name: str, number: str, evidence: Evidence, session: Session) -> Citizen:
        proven = await self.store.prove_name(
            citizen_id, name=name, id_number=number, level=REGISTER_LEVEL, evidence=evidence, session=session
        )
        payload = {"citizen_id": proven.id, "level": proven.real_name_level}
        await self.outbox.append(name=REAL_NAME_CONFIRMED, payload=payload, session=session)
        return proven
