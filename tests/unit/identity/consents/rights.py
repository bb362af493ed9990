"""The wing as the roof assembles it, with a program that citizens deal with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.access_log import Access, RoomRecords
from core.locale import Locale, Text
from core.mongo import Session
from core.personal import PersonalCipher
from core.principal import Principal
from identity.consents.downloads import Downloads
from identity.consents.erasing import ErasureStore
from identity.consents.erasures import SETTLED_AFTER, Erasures, Forgetting
from identity.consents.holdings import Holdings
from identity.consents.model import Asked, Consent, Shown
from identity.consents.readings import Readings
from identity.consents.service import Consents
from identity.consents.shelf import Shelf
from identity.consents.store import ConsentStore
from identity.model import LookUp
from identity.relations import Acting
from tests.unit.identity.room import Room

TRAVEL = "cli_travel"
GRACE = timedelta(days=7)
TEXT = "“出行助手”申请获取您的姓名和手机号码，用于为您订票。"


@dataclass
class Programs:
    """Keeps grants in MongoDB, as the OpenID provider does."""

    room: Room

    async def name(self, client: str) -> str:
        return {TRAVEL: "出行助手"}.get(client, client)

    async def grant(self, *, citizen: str, client: str) -> None:
        await self.room.mongo.collection("test_grants").insert_one({"citizen": citizen, "client": client})

    async def end(self, *, citizen: str, client: str, session: Session) -> Iterable[str]:
        grants = self.room.mongo.collection("test_grants")
        await grants.delete_many({"citizen": citizen, "client": client}, session=session)
        return [f"{client}:{citizen}"]

    async def count(self) -> int:
        return await self.room.mongo.collection("test_grants").count_documents({})


@dataclass
class Agreement:
    """A four-eyes rule that holds where `agreed` says so."""

    agreed: bool = True

    async def require(self, *, principal: Principal, act: str, subject: str, session: Session) -> None:
        if not self.agreed:
            raise RefusedError


class RefusedError(Exception):
    """Nobody else agreed."""


@dataclass
class Rights:
    room: Room
    programs: Programs
    consents: Consents
    readings: Readings
    downloads: Downloads
    erasures: Erasures
    four_eyes: Agreement
    forgotten: list[str] = field(default_factory=list)
    strong: set[str] = field(default_factory=set)

    @classmethod
    def on(cls, room: Room) -> Rights:
        identity, personal = room.identity, PersonalCipher(room.mongo, room.cipher.master_key)
        common: dict[str, Any] = {
            "outbox": identity.outbox,
            "audit": identity.audit,
            "ids": room.ids,
            "clock": room.clock,
        }
        programs, four_eyes = Programs(room), Agreement()
        forgotten, strong = list[str](), set[str]()

        async def second_factor(account: str) -> bool:
            return account in strong

        async def forget(citizen: str) -> None:
            forgotten.append(citizen)

        consents = Consents(
            store=ConsentStore(mongo=room.mongo), clients=programs, revocations=identity.revocations, **common
        )
        relations = identity.store.delegations
        readings = Readings(
            identity.access,
            (
                RoomRecords("luk", lambda who, page: relations.look_ups(who, request=page), look_up, by_time=False),
                RoomRecords("act", lambda who, page: relations.acted_for(who, request=page), acting, by_time=False),
            ),
            programs,
            identity.store,
            room.clock,
        )
        shelf = Shelf(mongo=room.mongo, personal=personal)
        holdings = Holdings(identity.store, consents.store, readings, room.clock)
        downloads = Downloads(
            shelf=shelf,
            sources=holdings.sources,
            store=identity.store,
            charges=identity.codes.charges,
            second_factor=second_factor,
            **common,
        )
        erasures = Erasures(
            erasures=ErasureStore(mongo=room.mongo, personal=personal),
            store=identity.store,
            personal=personal,
            consents=consents,
            shelf=shelf,
            revocations=identity.revocations,
            others=(Forgetting("tests", forget),),
            four_eyes=four_eyes,
            grace=GRACE,
            second_factor=second_factor,
            **common,
        )
        return cls(room, programs, consents, readings, downloads, erasures, four_eyes, forgotten, strong)

    async def open(self) -> None:
        for service in (self.consents, self.readings, self.downloads, self.erasures):
            await service.open()

    async def erase(self, *processes: Erasures) -> None:
        """Everything that is due, in so many processes at once, as their chores do it turn after turn."""
        for _ in range(2):
            await asyncio.gather(*(one.work() for one in processes or (self.erasures,)))
            self.room.clock.advance(seconds=SETTLED_AFTER.total_seconds())

    @property
    def services(self) -> dict[type, object]:
        every = (self.consents, self.readings, self.downloads, self.erasures)
        return {type(service): service for service in every}

    async def give(
        self, principal: Principal, *fields: str, client: str = TRAVEL, purpose: str = "订票", **how: Any
    ) -> Consent:
        separately = how.pop("separately", frozenset())
        asked = Asked(client=client, fields=frozenset(fields), purpose=purpose, **how)
        shown = Shown(TEXT, Locale.ZH_CN, separately=separately)
        return await self.consents.give(principal=principal, asked=asked, shown=shown)


def look_up(row: LookUp) -> Access:
    reason = Text(zh=row.reason, en=row.reason)
    return Access(row.id, row.at, row.officer, row.citizen or "", ("account",), "identity.look_up", reason=reason)


def acting(row: Acting) -> Access:
    matters = tuple(sorted(row.matters))
    return Access(row.id, row.at, row.actor, row.subject, matters, "identity.acting", for_whom=row.subject)
