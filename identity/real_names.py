"""How a name becomes known: a register says that it belongs to a number, and the evidence is kept.

Rules
- Name and number go to the register and nowhere else; the number is kept sealed, and one number has one account.
- A name that is known once is never replaced by another one, also when what proved it has expired. At a counter, and
  with the same number, it may be corrected.
- Whoever came by net-ID is not asked for a name. Do they give one all the same, the platform must know them by it: a
  level that was proven without a name lends itself to nobody else's.
- What is kept is checked against the account as it stands then: of two names at once an account keeps one.
Source: Measures for the Public Service of National Network Identity Authentication (Order 173), article 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.addresses import address_group
from core.audit import AuditLog
from core.clock import Clock
from core.errors import NotFound, Unavailable
from core.events import Outbox
from core.mongo import Session
from core.principal import Principal
from identity.charges import Charge, Charges
from identity.errors import RealNameNotConfirmed, RealNameStands
from identity.id_numbers import Document, IdNumber
from identity.levels import DocumentType, EvidenceKind, NameEvidence, in_force
from identity.limits import (
    REAL_NAME_ADDRESS_LIMITS,
    REAL_NAME_DEVICE_LIMITS,
    REAL_NAME_LIMITS,
    Limit,
)
from identity.model import Audience, Citizen, comparable_name, parse_device_id, parse_name
from identity.registers import NetIdPlatform, PopulationRegister
from identity.relations import POPULATION_REGISTER
from identity.store import IdentityStore

REAL_NAME_CONFIRMED: Final = "identity.real_name_confirmed"
ID_TYPES: Final = frozenset({DocumentType.RESIDENT_ID, DocumentType.RESIDENCE_PERMIT})


@dataclass(frozen=True, slots=True)
class Shown:
    """A name, and the document that it stands in. corrects: an officer saw it, who may correct the name."""

    name: str = field(repr=False)
    document: Document
    corrects: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """By which name and number an account is known."""

    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RealNames:
    """Confirms names. register, net_ids: None where the city has none; without a register nothing is confirmed here."""

    store: IdentityStore
    charges: Charges
    register: PopulationRegister | None
    outbox: Outbox
    audit: AuditLog
    clock: Clock
    net_ids: NetIdPlatform | None = None

    async def confirm(
        self, *, principal: Principal, name: str, id_number: str, device_id: str = "", address: str = ""
    ) -> Citizen:
        """Two-element check of the caller's own name. The new level stands in the next access token.

        Raises: SignInRequired, Forbidden, BadInput, IdNumberInvalid, TooManyRequests, RealNameStands,
        RealNameNotConfirmed, IdNumberTaken, Unavailable (also without a register).
        Source: identity-codes-licences.md §1.1 (level 3), GB 11643.
        """
        principal.require_citizen(principal.subject)
        said, number = parse_name(name), IdNumber.parse(id_number, today=self.clock.now().date())
        shown = Shown(said, Document(number.document, number.text, born=number.born))
        await self.charge("real_name", principal.actor, device_id=device_id, address=address)
        account = await self.account(principal.actor)
        await self.check_stands(account, shown)
        await self.ask_register(shown)
        await self.check_net_id(account, shown)
        evidence = NameEvidence.of(
            EvidenceKind.REGISTER, POPULATION_REGISTER, at=self.clock.now(), document=number.document
        )

        async def work(session: Session) -> Citizen:
            return await self.keep(account, evidence, shown=shown, actor=principal.actor, session=session)

        return await self.store.transaction(work)

    # --- what every way to prove a name has in common

    async def charge(
        self,
        act: str,
        account_id: str,
        *,
        device_id: str,
        address: str,
        limits: tuple[Limit, ...] = REAL_NAME_LIMITS,
    ) -> None:
        """Count a try, by account, device and address. Raises: BadInput, TooManyRequests, Unavailable."""
        charges = [Charge(self.charges.key(f"{act}:account", account_id), limits)]
        if device := parse_device_id(device_id):
            charges.append(Charge(self.charges.key(f"{act}:device", device), REAL_NAME_DEVICE_LIMITS))
        if address:
            charges.append(Charge(self.charges.key(f"{act}:address", address_group(address)), REAL_NAME_ADDRESS_LIMITS))
        await self.charges.charge(charges)

    async def account(self, citizen_id: str, *, session: Session | None = None) -> Citizen:
        """Raises: NotFound, Unavailable."""
        found = await self.store.account(citizen_id, Audience.CITIZEN, session=session)
        if not isinstance(found, Citizen):
            raise NotFound(thing="citizen")
        return found

    async def person(self, citizen: Citizen) -> Person | None:
        """By which name and number a register knows them; None where none does. Raises: Unavailable."""
        if citizen.name is None:
            return None
        if number := await self.store.id_number(citizen.id):
            return Person(citizen.name, number)
        for kind in (EvidenceKind.DOCUMENT, EvidenceKind.COUNTER):
            if (shown := await self.store.shown(citizen.id, kind)) and "number" in shown:
                return Person(citizen.name, shown["number"])
        return None

    async def ask_register(self, shown: Shown) -> None:
        """Of a resident's number. Raises: RealNameNotConfirmed, Unavailable."""
        if self.register is None:
            raise Unavailable()
        if not await self.register.matches(name=shown.name, id_number=shown.document.number):
            raise RealNameNotConfirmed()

    async def check_stands(self, citizen: Citizen, shown: Shown, session: Session | None = None) -> None:
        """Raises: RealNameStands."""
        renamed = citizen.name is not None and comparable_name(citizen.name) != comparable_name(shown.name)
        of_resident = shown.document.type in ID_TYPES
        is_theirs = (
            await self.store.has_id_number(citizen.id, shown.document.number, session=session) if of_resident else None
        )
        if is_theirs is False or (renamed and not (shown.corrects and is_theirs)):
            raise RealNameStands()

    async def check_net_id(self, citizen: Citizen, shown: Shown) -> None:
        """Raises: RealNameNotConfirmed (the platform knows them otherwise), Unavailable."""
        if not self.holds_net_id(citizen):
            return
        held = await self.store.shown(citizen.id, EvidenceKind.NET_ID)
        if held is None or self.net_ids is None:
            raise Unavailable()
        number = shown.document.number
        if not await self.net_ids.matches(symbol=held["symbol"], name=shown.name, number=number):
            raise RealNameNotConfirmed()

    def holds_net_id(self, citizen: Citizen) -> bool:
        """Whether a net-ID that has not expired is among what the citizen is believed by."""
        good = in_force(citizen.evidence, now=self.clock.now())
        return any(one.kind is EvidenceKind.NET_ID for one in good)

    async def keep(
        self,
        asked_of: Citizen,
        evidence: NameEvidence,
        *,
        actor: str,
        session: Session,
        shown: Shown | None = None,
        held: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Citizen:
        """Keep what was proven, in the caller's transaction, with an event and an entry in the audit.

        asked_of: the account as it was when others were asked about it. shown: a name and its document, where that is
        what was proven; else held: what to keep sealed, and key: what one account alone may have.
        Raises: RealNameStands (also: the account has changed meanwhile), IdNumberTaken, NotFound.
        """
        now = await self.account(asked_of.id, session=session)
        if (now.name, self.holds_net_id(now)) != (asked_of.name, self.holds_net_id(asked_of)):
            raise RealNameStands()
        name = id_number = None
        if shown is not None:
            await self.check_stands(now, shown, session)
            name, document = shown.name, shown.document
            if document.type in ID_TYPES:
                id_number = document.number
            else:
                key, held = document.key, {"number": document.number, "nationality": document.nationality}
        kept = await self.store.keep_evidence(
            now.id, evidence, name=name, id_number=id_number, shown=held, key=key, session=session
        )
        payload = {"citizen_id": kept.id, "level": kept.real_name_level}
        await self.outbox.append(name=REAL_NAME_CONFIRMED, payload=payload, session=session)
        about = {"kind": evidence.kind.value, "source": evidence.source, "level": evidence.level}
        await self.audit.append("evidence.kept", actor=actor, subject=kept.id, about=about, session=session)
        return kept
