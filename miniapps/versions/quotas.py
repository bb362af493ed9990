"""How much a program's backend may ask of the city in a day: by its organisation's rating, or as an officer set it.

Rules
- A day is the city's. What is counted stands in Redis and may be lost; then the day begins again.
- What an officer set stands above the rating, and counts from the next call on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from core.audit import AuditLog
from core.clock import Clock, city_day, day_start
from core.crypto import FieldCipher
from core.errors import BadInput
from core.mongo import Mongo, Session, answering
from core.principal import Principal
from core.redis import Redis
from core.redis import answering as redis_answering
from miniapps.developers.rating import Grade
from miniapps.limits import Count
from miniapps.versions.desk import REVIEW, Desk
from miniapps.versions.errors import QuotaSpent

QUOTAS: Final = "mini_quotas"
_QUOTA_SET: Final = "miniapps.quota_set"
PER_DAY_MAX: Final = 100_000_000
_KEPT_FOR: Final = timedelta(days=2)
# Calls a day, by what is called and the rating.
DEFAULTS: Final[Mapping[str, Mapping[Grade, int]]] = {
    "code2session": {Grade.A: 1_000_000, Grade.B: 200_000, Grade.C: 50_000, Grade.D: 5_000, Grade.BLOCKED: 0},
    "messages": {Grade.A: 200_000, Grade.B: 50_000, Grade.C: 10_000, Grade.D: 500, Grade.BLOCKED: 0},
    "graphql": {Grade.A: 500_000, Grade.B: 100_000, Grade.C: 20_000, Grade.D: 2_000, Grade.BLOCKED: 0},
}


@dataclass(frozen=True, slots=True)
class Quota:
    """used: today."""

    name: str
    per_day: int
    used: int


@dataclass(frozen=True, slots=True)
class Quotas:
    """namespace: the city's name, so that two cities may share one Redis."""

    desk: Desk
    mongo: Mongo
    redis: Redis
    cipher: FieldCipher
    audit: AuditLog
    clock: Clock
    zone: tzinfo
    namespace: str

    async def charge(self, app_id: str, name: str) -> None:
        """Count one call. name: of `DEFAULTS`. Raises: QuotaSpent, NotFound, Unavailable."""
        await self.count(app_id, name, per_day=(await self.limits(app_id))[name])

    async def count(self, app_id: str, name: str, *, per_day: int) -> None:
        """The same for who knows its limit. Raises: QuotaSpent, Unavailable."""
        await self.counter(app_id, name, per_day=per_day).charge(self.redis)

    def counter(self, app_id: str, name: str, *, per_day: int) -> Count:
        """What counts calls of today; it refuses with QuotaSpent."""

        def refused() -> QuotaSpent:
            return QuotaSpent(name=name, per_day=per_day, retry_after_s=self._seconds_left())

        return Count(self._key(app_id, name), per_day, _KEPT_FOR, refused)

    async def limits(self, app_id: str) -> Mapping[str, int]:
        """How much a program may ask in a day, of each. Raises: NotFound, Unavailable."""
        async with answering():
            row = await self.mongo.collection(QUOTAS).find_one({"_id": app_id}) or {}
        app = await self.desk.app(app_id)
        grade = (await self.desk.builders.rating(app.organisation)).grade
        return {name: int(row.get(name, by_grade[grade])) for name, by_grade in DEFAULTS.items()}

    async def of(self, app_id: str) -> list[Quota]:
        """All of a program's. Raises: NotFound, Unavailable."""
        limits = await self.limits(app_id)
        async with redis_answering():
            used = await self.redis.mget([self._key(app_id, name) for name in limits])
        return [Quota(name, limits[name], int(count or 0)) for name, count in zip(limits, used, strict=True)]

    async def set(self, *, principal: Principal, app_id: str, name: str, per_day: int | None) -> list[Quota]:
        """per_day: None for what the rating says. Raises: SignInRequired, Forbidden, OwnMatter, NotFound, BadInput,
        Unavailable.
        """
        app = await self.desk.app(app_id)
        officer = await self.desk.officer(principal, REVIEW, app.organisation)
        if name not in DEFAULTS:
            raise BadInput(field="name", problem=f"must be one of {', '.join(DEFAULTS)}")
        if per_day is not None and not 0 <= per_day <= PER_DAY_MAX:
            raise BadInput(field="perDay", problem=f"must be 0 to {PER_DAY_MAX}")
        change = {"$unset": {name: ""}} if per_day is None else {"$set": {name: per_day}}

        async def work(session: Session) -> None:
            await self.mongo.collection(QUOTAS).update_one({"_id": app.app_id}, change, upsert=True, session=session)
            about: dict[str, str | int] = {
                "app_id": app.app_id,
                "name": name,
                "per_day": -1 if per_day is None else per_day,
            }
            await self.audit.append(_QUOTA_SET, actor=officer, subject=app.organisation, about=about, session=session)

        await self.desk.transaction(work)
        return await self.of(app.app_id)

    def _key(self, app_id: str, name: str) -> str:
        day = city_day(self.clock.now(), self.zone)
        index = self.cipher.blind_index(f"{app_id}:{name}:{day}", purpose="mini.quota").hex()[:32]
        return f"{self.namespace}:mini:quota:{index}"

    def _seconds_left(self) -> int:
        now: datetime = self.clock.now()
        tomorrow = day_start(city_day(now, self.zone) + timedelta(days=1), self.zone)
        return max(1, int((tomorrow - now).total_seconds()))
