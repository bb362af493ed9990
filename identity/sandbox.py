"""The test citizens of a sandbox city: accounts as everybody's, of people who are nobody.

Rules
- Their phones are of a range that no carrier has (`model.is_test_phone`), their id numbers of a region that never was:
  99 in the place of the prefecture. Both are right in their form, so that whoever checks forms takes them; no register
  knows them, and a city that is no sandbox refuses the phone.
- A phone of theirs is no way to anybody: nothing is sent to it, it is never changed, and their account joins no other.
- What their level rests on says that it comes from the sandbox (`relations.SANDBOX`).
- They are made here and by no sign-in, and end as everybody does: by an erasure, which waits for nothing.
Source: docs/decisions/0068-a-test-citizen-is-an-account-that-cannot-be-anybody-s.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from core.clock import Clock
from core.errors import Unavailable
from core.events import Outbox
from core.ids import Ids
from core.mongo import Session
from identity.errors import IdNumberTaken
from identity.id_numbers import IdNumber, check_character
from identity.levels import DocumentType, EvidenceKind, NameEvidence
from identity.model import Citizen, check_district, is_test_phone, parse_name
from identity.relations import SANDBOX
from identity.service import CITIZEN_REGISTERED
from identity.sms import DevelopmentSms
from identity.store import IdentityStore, PhoneTaken

# Province or region of the holder; `99` and `00` behind it are no prefecture and no county of GB/T 2260, ever.
PROVINCES: Final = ("11", "81", "82", "83")
_NOWHERE: Final = "9900"
_PHONES: Final = "+86154"
_TRIES: Final = 8
_KINDS: Final = {
    1: (),
    2: (EvidenceKind.FORM,),
    3: (EvidenceKind.REGISTER,),
    4: (EvidenceKind.REGISTER, EvidenceKind.FACE),
    5: (EvidenceKind.REGISTER, EvidenceKind.COUNTER),
}
LEVELS: Final = tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class SandboxFacts:
    """Whom to make. province: one of `PROVINCES`. level: 1 to 5; from 2 on they have an id number, and so an age."""

    name: str
    born: date
    province: str
    level: int
    home_district: str | None


@dataclass(frozen=True, slots=True)
class SandboxCitizen:
    """A test citizen as they are. number: None on level 1."""

    id: str
    phone: str
    name: str
    number: IdNumber | None
    level: int
    home_district: str | None


@dataclass(frozen=True, slots=True)
class SentCode:
    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SandboxPeople:
    """box: where codes for their phones lie. draw: a number below its argument."""

    store: IdentityStore
    box: DevelopmentSms
    outbox: Outbox
    ids: Ids
    clock: Clock
    draw: Callable[[int], int]

    async def add(self, facts: SandboxFacts, *, session: Session) -> str:
        """Make one, in the caller's transaction; their id.

        Raises: BadInput, NotFound (no such district), Unavailable.
        """
        name, district = parse_name(facts.name), facts.home_district and check_district(facts.home_district)
        now, phone = self.clock.now(), await self._free_phone(session)
        number = await self._free_number(facts, session) if facts.level > 1 else None
        citizen = Citizen(
            id=self.ids.new("cit"),
            phone=phone,
            created_at=now,
            name=name,
            home_district=district,
            evidence=_evidence(facts, now),
        )
        try:
            await self.store.add_citizen(citizen, id_number=number, session=session)
        except (PhoneTaken, IdNumberTaken) as fault:
            raise Unavailable() from fault  # drawn twice at one instant
        await self.outbox.append(name=CITIZEN_REGISTERED, payload={"citizen_id": citizen.id}, session=session)
        return citizen.id

    async def known(self, ids: Iterable[str]) -> dict[str, SandboxCitizen]:
        """Of `ids`, the test citizens who are there. Raises: Unavailable."""
        found = await self.store.citizens(ids)
        today = self.clock.now().date()
        known: dict[str, SandboxCitizen] = {}
        for id_, citizen in found.items():
            if citizen.phone is None or not is_test_phone(citizen.phone):
                continue
            number = await self.store.id_number(id_)
            known[id_] = SandboxCitizen(
                id=id_,
                phone=citizen.phone,
                name=citizen.name or "",
                number=IdNumber.of(number, today=today) if number else None,
                level=citizen.real_name_level,
                home_district=citizen.home_district,
            )
        return known

    async def code(self, citizen: SandboxCitizen) -> SentCode | None:
        """The one-time code that is out for their phone; None where none is. Raises: Unavailable."""
        kept = await self.box.kept(citizen.phone)
        return SentCode(kept["code"], kept["expires_at"]) if kept else None

    async def _free_phone(self, session: Session) -> str:
        for _ in range(_TRIES):
            phone = f"{_PHONES}{self.draw(10**8):08d}"
            if await self.store.citizen_of_phone(phone, session=session) is None:
                return phone
        raise Unavailable()

    async def _free_number(self, facts: SandboxFacts, session: Session) -> str:
        for _ in range(_TRIES):
            number = id_number(facts.province, facts.born, sequence=self.draw(1000))
            if await self.store.citizen_of_id_number(number, session=session) is None:
                return number
        raise Unavailable()


def id_number(province: str, born: date, *, sequence: int) -> str:
    """18 characters with the right last one, of a region that there never was. Source: GB 11643-1999; GB/T 2260."""
    digits = f"{province}{_NOWHERE}{born:%Y%m%d}{sequence:03d}"
    return digits + check_character(digits)


def _evidence(facts: SandboxFacts, now: datetime) -> tuple[NameEvidence, ...]:
    mainland = facts.province == PROVINCES[0]
    document = DocumentType.RESIDENT_ID if mainland else DocumentType.RESIDENCE_PERMIT
    return tuple(
        NameEvidence.of(kind, SANDBOX, at=now, document=None if kind is EvidenceKind.FACE else document)
        for kind in _KINDS[facts.level]
    )
