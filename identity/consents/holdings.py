"""What identity itself holds of a citizen, as their copy tells it.

Other people appear by what they are to the citizen, never by who they are: their data is theirs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from core.clock import Clock
from core.locale import Locale, Text
from core.paging import PAGE_SIZE_MAX, Page, PageRequest
from identity.consents.downloads import DataSource
from identity.consents.readings import EXPORTED_MAX, Readings
from identity.consents.store import ConsentStore
from identity.store import IdentityStore

R = TypeVar("R")

ROWS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Holdings:
    """Identity's own sources."""

    store: IdentityStore
    consents: ConsentStore
    readings: Readings
    clock: Clock

    @property
    def sources(self) -> tuple[DataSource, ...]:
        return (
            DataSource("account", Text(zh="账号与实名信息", en="Account and real name"), self.account),
            DataSource("sessions", Text(zh="登录设备", en="Signed-in devices"), self.sessions),
            DataSource("relations", Text(zh="亲属与代办", en="Family, and acting for others"), self.relations),
            DataSource("consents", Text(zh="授权记录", en="Consents and their history"), self.ledger),
            DataSource("access-log", Text(zh="谁看过我的信息", en="Who read your data"), self.access_log),
        )

    async def account(self, citizen: str) -> Mapping[str, Any]:
        found = (await self.store.citizens([citizen])).get(citizen)
        if found is None:
            return {}
        return {
            "id": found.id,
            "phone": found.phone,
            "name": found.name,
            "idNumber": await self.store.id_number(citizen),
            "realNameLevel": found.real_name_level,
            "realNameEvidence": found.evidence,
            "homeDistrict": found.home_district,
            "createdAt": found.created_at,
        }

    async def sessions(self, citizen: str) -> list[Mapping[str, Any]]:
        now = self.clock.now()
        rows = every(lambda request: self.store.sessions(citizen, request=request, now=now))
        return [
            {
                "id": row.id,
                "device": row.device_name,
                "createdAt": row.created_at,
                "lastSeenAt": row.last_seen_at,
                "methods": row.methods,
                "endedAt": row.revoked_at,
            }
            async for row in rows
        ]

    async def relations(self, citizen: str) -> Mapping[str, Any]:
        delegations = self.store.delegations
        return {
            "relations": [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "youAre": one.side(citizen),
                    "matters": one.matters,
                    "provenBy": one.proof.source,
                    "since": one.since,
                    "until": one.until,
                    "endedAt": one.ended_at,
                }
                for one in await delegations.relations_of(citizen)
            ],
            "actings": [
                {"id": one.id, "relation": one.relation_id, "youActed": one.actor == citizen, "at": one.at}
                async for one in every(lambda request: delegations.actings(citizen, request=request))
            ],
        }

    async def ledger(self, citizen: str) -> list[Mapping[str, Any]]:
        return [
            {"consent": consent, "history": await self.consents.entries(consent.id)}
            for consent in await self.consents.consents(citizen)
        ]

    async def access_log(self, citizen: str) -> list[Mapping[str, Any]]:
        entries = [entry async for entry in self.readings.all(citizen)][:EXPORTED_MAX]
        return list(await self.readings.in_words(entries, citizen=citizen, locale=Locale.ZH_CN))


async def every(page: Callable[[PageRequest], Awaitable[Page[R]]]) -> AsyncIterator[R]:
    """The rows of a list, page after page, `ROWS_MAX` at most. Raises: what `page` raises."""
    after: str | None = None
    for _ in range(ROWS_MAX // PAGE_SIZE_MAX):
        found = await page(PageRequest(PAGE_SIZE_MAX, after))
        for row in found.rows:
            yield row
        if not found.has_next:
            return
        after = found.keys[-1]
