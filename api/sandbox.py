"""A sandbox city on the ground: its test citizens' port onto identity, and the mark that keeps them where they are.

Rules
- A database in which test citizens were made is marked. No city opens it to the public that is neither a sandbox nor a
  demonstration: people who are nobody must not be taken for its own.
- A sandbox does not begin where people are already, but in a demonstration, whose people are nobody either.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Final

from api.ground import Ground
from api.open_platform import OpenPlatform
from api.programs import LedgerOfPrograms, ProgramStores, age_of
from api.startup import CityUnavailable
from api.wings import Wings
from core.clock import city_day
from core.mongo import Session, answering
from identity.consents.erasures import Erasures
from identity.sandbox import SandboxFacts, SandboxPeople
from identity.sms import DevelopmentSms, SandboxSms, SmsSender
from identity.store import CITIZENS
from miniapps.asking.service import Asking
from miniapps.limits import Paces
from miniapps.sandbox.model import Code, Drawn, Person, Residence
from miniapps.sandbox.service import Sandbox

_KIND: Final = "city_kind"
_ONE: Final = "sandbox"
# As id numbers begin (GB 11643; permits of residents of Hong Kong, Macao and Taiwan).
_PROVINCES: Final[Mapping[Residence, str]] = {
    Residence.MAINLAND: "11",
    Residence.HONG_KONG: "81",
    Residence.MACAO: "82",
    Residence.TAIWAN: "83",
}


async def settle_kind(ground: Ground) -> None:
    """Hold this city to its database, or mark the database as a sandbox's. Raises: CityUnavailable, Unavailable."""
    settings, kinds = ground.settings, ground.mongo.collection(_KIND)
    async with answering():
        marked = await kinds.find_one({"_id": _ONE}) is not None
        if marked and not (settings.sandbox or settings.demo):
            raise CityUnavailable("This database has test citizens in it: set TONG_SANDBOX, or TONG_MONGO_DATABASE.")
        if settings.sandbox and not marked:
            if not settings.demo and await ground.mongo.collection(CITIZENS).find_one({}, {"_id": 1}):
                raise CityUnavailable("A sandbox begins in a database of its own: set TONG_MONGO_DATABASE.")
            await kinds.update_one({"_id": _ONE}, {"$set": {"since": ground.clock.now()}}, upsert=True)


def code_box(ground: Ground) -> DevelopmentSms:
    """Where codes lie that nothing sends."""
    return DevelopmentSms(mongo=ground.mongo, cipher=ground.cipher, clock=ground.clock)


def way_to_phones(sandbox: Sandbox, box: DevelopmentSms, carrier: SmsSender) -> SmsSender:
    """carrier: to everybody but test citizens."""
    return SandboxSms(box, carrier) if sandbox.on else carrier


def sandbox_of(
    ground: Ground,
    *,
    box: DevelopmentSms,
    programs: ProgramStores,
    platform: OpenPlatform,
    wings: Wings,
    asking: Asking,
    paces: Paces,
) -> Sandbox:
    """box: where codes for test citizens lie."""
    identity, zone = wings.identity, ground.settings.city_zone
    people = SandboxPeople(identity.store, box, identity.outbox, ground.ids, ground.clock, secrets.randbelow)
    return Sandbox(
        on=ground.settings.sandbox,
        developers=platform.developers,
        store=programs.test_citizens,
        people=PeopleOfSandbox(people, wings.erasures, programs, LedgerOfPrograms(wings.consents), zone),
        asking=asking,
        paces=paces,
        zone=zone,
        draw=secrets.randbelow,
    )


@dataclass(frozen=True, slots=True)
class PeopleOfSandbox:
    """What the wing of test citizens asks about people (its protocol `People`)."""

    people: SandboxPeople
    erasures: Erasures
    programs: ProgramStores
    ledger: LedgerOfPrograms
    zone: tzinfo

    async def add(self, drawn: Drawn, *, session: Session) -> str:
        """Raises: BadInput, NotFound, Unavailable."""
        facts = SandboxFacts(drawn.name, drawn.born, _PROVINCES[drawn.residence], drawn.level, drawn.home_district)
        return await self.people.add(facts, session=session)

    async def known(self, citizens: Collection[str]) -> Mapping[str, Person]:
        """Raises: Unavailable."""
        today = city_day(self.people.clock.now(), self.zone)
        return {
            id_: Person(
                phone=one.phone,
                name=one.name,
                id_number=one.number.text if one.number else None,
                born=one.number.born if one.number else None,
                age=age_of(one.number.born, today) if one.number else None,
                level=one.level,
                home_district=one.home_district,
            )
            for id_, one in (await self.people.known(citizens)).items()
        }

    async def code(self, citizen: str) -> Code | None:
        """Raises: Unavailable."""
        found = (await self.people.known([citizen])).get(citizen)
        sent = await self.people.code(found) if found else None
        return Code(sent.code, sent.expires_at) if sent else None

    async def remove(self, citizen: str, *, session: Session) -> None:
        await self.erasures.order(citizen, by=_ONE, session=session, grace=timedelta(0))

    async def forget(self, citizen: str, *, app_id: str) -> None:
        """Raises: Unavailable."""
        await self.ledger.withdraw(citizen=citizen, app_id=app_id)
        await self.programs.forget_one(citizen, app_id=app_id)
