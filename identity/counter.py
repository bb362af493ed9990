"""At a counter: an officer finds the citizen who stands there, and the citizen sees that.

Rules
- Phone and name must both be right. A phone without an account and a wrong name are answered alike: by the same
  number of reads and writes, and by a comparison in constant time.
- Every look-up is recorded before it is answered, whether it finds anybody or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.crypto import FieldCipher, same
from core.errors import NotFound
from core.ids import Ids
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from identity.charges import Charge, Charges
from identity.limits import LOOK_UP_LIMITS
from identity.model import NOBODY, Citizen, LookUp, comparable_name, parse_name, parse_phone, parse_reason
from identity.store import IdentityStore

FIND_SCOPE: Final = "citizens:find"


@dataclass(frozen=True, slots=True)
class Counter:
    """Who was looked up, by whom, why."""

    store: IdentityStore
    charges: Charges
    cipher: FieldCipher
    ids: Ids
    clock: Clock

    async def find(self, *, principal: Principal, phone: str, name: str, reason: str) -> Citizen:
        """The citizen with this phone and this name.

        Raises: SignInRequired, Forbidden, PhoneInvalid, BadInput, TooManyRequests, NotFound (no such phone, or
        another name), Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(FIND_SCOPE)
        number, said, why = parse_phone(phone), parse_name(name), parse_reason(reason)
        await self.charges.charge([Charge(self.charges.key("look_up:officer", principal.actor), LOOK_UP_LIMITS)])
        citizen = await self.store.citizen_or_decoy(number)
        found = self._is_called(citizen, said)
        look_up = LookUp(self.ids.new("luk"), principal.actor, citizen.id if found else None, why, self.clock.now())
        await self.store.delegations.add_look_up(look_up)
        if not found:
            raise NotFound(thing="citizen")
        return citizen

    def _is_called(self, citizen: Citizen, said: str) -> bool:
        """Somebody without a name is compared too, with what no name can be."""
        return same(self._digest(citizen.name or NOBODY), self._digest(said))

    def _digest(self, name: str) -> bytes:
        return self.cipher.blind_index(comparable_name(name), purpose="look_up.name")

    async def look_ups(self, *, principal: Principal, request: PageRequest) -> Page[LookUp]:
        """Each time that an officer found the caller, newest first. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        return await self.store.delegations.look_ups(principal.subject, request=request)
