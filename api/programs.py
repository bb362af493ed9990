"""How mini-programs meet people: the room's ports onto identity, and what both must know of each other.

Identity's consents, access log, copies and erasure know programs by `ProgramStores`, which stand on the ground alone;
the room knows people and their consents by the ports below, which stand on identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any, Final

from api.ground import Ground
from core.clock import Clock, city_day
from core.errors import NotFound
from core.locale import Locale, Text
from core.mongo import Session
from identity.consents.downloads import DataSource
from identity.consents.erasures import Forgetting
from identity.consents.model import Asked, Consent, Shown
from identity.consents.providing import receipt_text
from identity.consents.service import Clients, Consents
from identity.id_numbers import IdNumber
from identity.levels import LEVELS, EvidenceKind
from identity.recovery.merges import Merging
from identity.store import IdentityStore
from miniapps.backends.messages import Letter
from miniapps.backends.model import Kind
from miniapps.backends.shelves import MessageShelf
from miniapps.backends.store import WebhookStore
from miniapps.backends.telling import Telling
from miniapps.developers.leaving import Leaving
from miniapps.ledger import Agreement, Given, app_of, client_of
from miniapps.openid.store import OpenidStore
from miniapps.releases.store import ReleaseStore
from miniapps.sandbox.store import SandboxStore
from miniapps.sessions.capabilities import Person
from miniapps.sessions.shelf import Shelf
from miniapps.sessions.store import SessionStore
from notifications.announcements import Announcement
from notifications.catalogue import PROGRAM_MESSAGE
from notifications.service import Notifications

# Two elements that a register confirmed.
_PROVEN: Final = LEVELS[EvidenceKind.REGISTER]


@dataclass(frozen=True, slots=True)
class ProgramStores:
    """What the room holds of people, and the programs that it holds it for."""

    releases: ReleaseStore
    sessions: SessionStore
    shelf: Shelf
    openids: OpenidStore
    leaving: Leaving
    telling: Telling
    messages: MessageShelf
    test_citizens: SandboxStore

    @classmethod
    def on(cls, ground: Ground) -> ProgramStores:
        releases = ReleaseStore(ground.mongo)
        return cls(
            releases,
            SessionStore(ground.mongo),
            Shelf(ground.mongo, ground.personal, ground.ids),
            OpenidStore(ground.mongo, ground.ids, ground.clock),
            Leaving.on(ground.mongo, ground.ids, releases, ground.outbox),
            Telling(WebhookStore(ground.mongo, ground.cipher), ground.ids, ground.clock),
            MessageShelf(ground.mongo, ground.cipher),
            SandboxStore(ground.mongo),
        )

    @property
    def data_source(self) -> DataSource:
        """What a citizen's copy tells of it."""

        async def held(citizen: str) -> Mapping[str, Any]:
            return {
                "programs": [
                    {"appId": one.app_id, "firstOpenedAt": one.first_at, "lastOpenedAt": one.last_at}
                    for one in await self.sessions.visits(citizen)
                ],
                "knownAs": await self.openids.subjects(citizen),
                "kept": await self.shelf.everything(citizen),
                "messagesAskedFor": [
                    {"appId": one.app_id, "template": one.template, "left": one.left, "always": one.always}
                    for one in (await self.messages.subscribed(citizen)).values()
                ],
                "builds": await self.leaving.told(citizen),
            }

        return DataSource("mini-programs", Text(zh="小程序使用记录与数据", en="Mini-programs and what they keep"), held)

    @property
    def forgetting(self) -> Forgetting:
        async def forget(citizen: str) -> None:
            await self.shelf.forget(citizen)
            await self.messages.forget(citizen)
            await self.sessions.forget(citizen)
            await self.openids.forget(citizen, tell=self._farewell)
            await self.leaving.forget(citizen)
            await self.test_citizens.forget(citizen)

        return Forgetting("mini-programs", forget)

    async def forget_one(self, citizen: str, *, app_id: str) -> None:
        """What one program has of a citizen, but for consents. Forgetting twice is forgetting once."""
        await self.shelf.forget(citizen, app_id=app_id)
        await self.messages.forget(citizen, app_id=app_id)
        await self.sessions.forget(citizen, app_id=app_id)
        await self.openids.forget(citizen, tell=self._farewell, app_id=app_id)

    async def _farewell(self, app_id: str, openid: str, session: Session) -> None:
        await self.telling.tell(app_id, Kind.CITIZEN_FORGOTTEN, {"openid": openid}, session=session)

    @property
    def merging(self) -> Merging:
        async def holds(citizen: str) -> bool:
            return False

        async def move(source: str, to: str) -> None:
            await self.openids.move(source, to)
            await self.sessions.move(source, to)
            await self.shelf.move(source, to)
            await self.messages.move(source, to)
            await self.leaving.move(source, to)

        return Merging("MINI_PROGRAMS", holds, move)


@dataclass(frozen=True, slots=True)
class ClientsAndPrograms:
    """The clients of the ledger of consents (its protocol `Clients`): OpenID clients, and mini-programs."""

    clients: Clients
    releases: ReleaseStore

    async def name(self, client: str) -> str:
        """What people call it; its id where nobody knows it. Raises: Unavailable."""
        if (app_id := app_of(client)) is None:
            return await self.clients.name(client)
        program = await self.releases.program(app_id)
        return program.in_(Locale.ZH_CN).name if program else app_id

    async def end(self, *, citizen: str, client: str, session: Session) -> Iterable[str]:
        """A program's runs ask the ledger each time, so nothing of theirs has to be ended."""
        if app_of(client) is None:
            return await self.clients.end(citizen=citizen, client=client, session=session)
        return ()


@dataclass(frozen=True, slots=True)
class LedgerOfPrograms:
    """The city's ledger, as the room writes and reads it (its protocol `Ledger`)."""

    consents: Consents

    async def given(self, *, citizen: str, app_id: str | None = None) -> Iterable[Given]:
        """What stands now, of one program or of all. Raises: Unavailable."""
        client = client_of(app_id) if app_id is not None else None
        found = await self.consents.store.consents(citizen, client=client)
        return [given for consent in found for given in self._given(consent)]

    def _given(self, consent: Consent) -> Iterable[Given]:
        app_id = app_of(consent.client)
        live = consent.fields(self.consents.clock.now()) if app_id is not None else ()
        return [
            Given(consent.id, app_id or "", name, consent.purpose, consent.grants[name].at) for name in sorted(live)
        ]

    async def give(self, *, citizen: str, app_id: str, agreement: Agreement) -> None:
        """Enter a citizen's own yes, each name agreed to by itself. Raises: BadInput, Unavailable."""
        by_purpose: dict[str, set[str]] = {}
        for name, purpose in agreement.purposes.items():
            by_purpose.setdefault(purpose, set()).add(name)
        client = client_of(app_id)
        called = await self.consents.clients.name(client)

        async def work(session: Session) -> None:
            for purpose, names in by_purpose.items():
                fields = frozenset(names)
                text = agreement.text or receipt_text(called, fields, Text(zh=purpose, en=purpose))
                shown = Shown(text, agreement.locale, separately=fields)
                asked = Asked(client=client, fields=fields, purpose=purpose)
                await self.consents.enter(citizen=citizen, by=citizen, asked=asked, shown=shown, session=session)

        await self.consents.store.transaction(work)

    async def withdraw(self, *, citizen: str, app_id: str, names: Iterable[str] | None = None) -> None:
        """Take it back, for whichever purpose; `names` None: all that the program has. Raises: Unavailable."""
        await self.consents.withdraw_from(citizen=citizen, client=client_of(app_id), fields=names)


@dataclass(frozen=True, slots=True)
class PeopleOfCity:
    """What the room asks about people (its protocol `People`)."""

    store: IdentityStore
    clock: Clock
    zone: tzinfo

    async def person(self, citizen: str) -> Person:
        """Raises: Unavailable."""
        found = await self.store.standing(citizen)
        if found is None:
            raise NotFound(thing="citizen")
        today = city_day(self.clock.now(), self.zone)
        known = IdNumber.of(found.id_number, today=today) if found.id_number else None
        return Person(
            age=age_of(known.born, today) if known else None,
            proven=found.real_name_level >= _PROVEN,
            district=found.home_district or "",
            frozen=found.frozen,
        )

    async def phone(self, citizen: str) -> str | None:
        """In E.164. Raises: Unavailable."""
        found = (await self.store.citizens([citizen])).get(citizen)
        return found.phone if found else None


@dataclass(frozen=True, slots=True)
class InboxOfCity:
    """Where programs' messages come before citizens (the protocol `Inbox` of the backends' wing)."""

    notifications: Notifications

    async def put(self, letter: Letter, *, session: Session) -> bool:
        """Raises: Unavailable."""
        words = {"program": letter.program, "title": letter.words.title, "text": letter.words.body}
        told = Announcement(
            citizen=letter.citizen,
            template=PROGRAM_MESSAGE,
            variables={name: {"zh": text.zh, "en": text.en} for name, text in words.items()},
            things={"app": letter.app_id, "page": letter.page},
            dedup_key=f"{PROGRAM_MESSAGE}:{letter.id}",
        )
        return await self.notifications.announce(told, session=session)


def age_of(born: date, today: date) -> int:
    """In whole years; who was born on 29 February is a year older from 1 March on where there is none."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
