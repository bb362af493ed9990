"""What those who build a program learn of its runs: how often it was opened, by how many, what
failed, what it wrote down.

Rules
- Nothing here says whose run it was. Days and counts are kept; fewer than ten people are told as fewer than ten.
- Somebody is counted on a day when they had not opened the program on it before; nothing more is kept for that.
- What programs write down is cut, redacted and sampled: errors before warnings before the rest.
- All of it leaves after thirty days.
Source: docs/decisions/0061-a-version-reaches-citizens-by-a-draw-that-stays.md, threat T37.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from core.clock import Clock, city_day, to_ms
from core.errors import BadInput
from core.ids import Ids
from core.mongo import Document, Mongo, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.principal import Principal
from miniapps.limits import Pace, Paces
from miniapps.sessions.model import Session
from miniapps.sessions.service import Sessions
from miniapps.versions.desk import Builders
from miniapps.versions.redacting import name_of, redacted

DAYS: Final = "mini_app_days"
LOGS: Final = "mini_app_logs"
LOG_PREFIX: Final = "mlg"
KEPT_FOR: Final = timedelta(days=30)
DAYS_MAX: Final = 30
ENTRIES_MAX: Final = 50
TEXT_MAX: Final = 1_000
# Fewer are told as fewer.
ANONYMOUS_BELOW: Final = 10
# Of one program and day: up to the first, everything is kept; up to the second, one in ten of what is no error.
WHOLE_UP_TO: Final = 1_000
KEPT_MAX: Final = 10_000
_ONE_IN: Final = 10
# How many names of errors and events of a day are told apart.
_NAMES_MAX: Final = 200
_OTHERS: Final = "others"
_WRITES: Final = Pace("logs", 30, 60)
_AHEAD: Final = timedelta(minutes=5)
_INDEXES: Final = {
    DAYS: [
        IndexModel([("app_id", ASCENDING), ("day", DESCENDING)], name="of_app"),
        IndexModel([("leaves_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
    LOGS: [
        IndexModel([("app_id", ASCENDING), ("_id", DESCENDING)], name="of_app"),
        IndexModel([("leaves_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
}


class Level(StrEnum):
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a run says. code: of the error that a call of the bridge ended with; event: what is only counted."""

    level: Level
    at: datetime
    text: str = field(default="", repr=False)
    code: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    id: str
    level: Level
    at: datetime
    version_code: int
    text: str = field(repr=False)
    code: str


@dataclass(frozen=True, slots=True)
class Day:
    """day: the city's, ISO 8601. people: how many opened it. by_version: opens, by version code. blocked: what browsers
    say that its pages tried, by version code.
    """

    day: str
    opens: int
    people: int
    by_version: Mapping[int, int]
    errors: Mapping[str, int]
    events: Mapping[str, int]
    blocked: Mapping[int, Mapping[str, int]]

    @property
    def people_told(self) -> str:
        return f"<{ANONYMOUS_BELOW}" if self.people < ANONYMOUS_BELOW else str(self.people)


@dataclass(frozen=True, slots=True)
class Counting:
    """Counts openings (sessions' protocol `Openings`). zone: the city's."""

    mongo: Mongo
    clock: Clock
    zone: tzinfo

    async def opened(self, session: Session, *, before: datetime | None) -> None:
        """before: when its citizen had opened the program last; None: never. Raises: Unavailable."""
        again = before is not None and city_day(before, self.zone) >= city_day(session.opened_at, self.zone)
        counts = {"opens": 1, f"versions.{session.version_code}": 1, **({} if again else {"people": 1})}
        await self.add(session.app_id, counts)

    async def add(self, app_id: str, counts: Mapping[str, int]) -> Document:
        """To the program's day; the row as it is then. Raises: Unavailable."""
        today = city_day(self.clock.now(), self.zone).isoformat()
        changed = {"$inc": dict(counts), "$setOnInsert": {"app_id": app_id, "day": today, "leaves_at": self._leaves_at}}
        async with answering():
            row = await self.mongo.collection(DAYS).find_one_and_update(
                {"_id": f"{app_id}:{today}"}, changed, upsert=True, return_document=True
            )
        assert row is not None, "it was made where there was none"
        return row

    async def names(self, app_id: str) -> frozenset[str]:
        """What errors and events of the day are counted by, as fields of its row. Raises: Unavailable."""
        today = city_day(self.clock.now(), self.zone).isoformat()
        async with answering():
            row = await self.mongo.collection(DAYS).find_one({"_id": f"{app_id}:{today}"}) or {}
        return frozenset(f"{kind}.{name}" for kind in ("errors", "events") for name in row.get(kind, {}))

    @property
    def _leaves_at(self) -> datetime:
        return to_ms(self.clock.now() + KEPT_FOR)


@dataclass(frozen=True, slots=True)
class Figures:
    counting: Counting
    sessions: Sessions
    builders: Builders
    paces: Paces
    ids: Ids

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.counting.mongo, _INDEXES)

    async def note(self, *, principal: Principal, session_id: str, entries: Sequence[Entry]) -> int:
        """What a run wrote down since the last time; how many of it are kept.

        Raises: SignInRequired, Forbidden, SessionOver, BadInput, TooOften, Unavailable.
        """
        session = (await self.sessions.running_one(principal=principal, session_id=session_id)).session
        await self.paces.charge(_WRITES, session_id)
        if not 0 < len(entries) <= ENTRIES_MAX:
            raise BadInput(field="entries", problem=f"must be 1 to {ENTRIES_MAX}")
        written = [one for one in entries if one.text]
        counts = _named(entries, known=await self.counting.names(session.app_id))
        row = await self.counting.add(session.app_id, {"logs": len(written), **counts})
        begun = int(row["logs"]) - len(written)
        kept = [one for place, one in enumerate(written, start=begun) if _sampled(one, place)]
        if kept:
            rows = [self._row(one, session) for one in kept]
            async with answering():
                await self.counting.mongo.collection(LOGS).insert_many(rows)
        return len(kept)

    async def days(self, *, principal: Principal, app_id: str, days: int) -> list[Day]:
        """The last days on which there was anything, the last one first. Raises: SignInRequired, Forbidden, NotFound,
        BadInput, Unavailable.
        """
        if not 1 <= days <= DAYS_MAX:
            raise BadInput(field="days", problem=f"must be 1 to {DAYS_MAX}")
        authority = await self.builders.membership(principal=principal, app_id=app_id)
        since = city_day(self.counting.clock.now() - timedelta(days=days - 1), self.counting.zone).isoformat()
        wanted = {"app_id": authority.the_app.app_id, "day": {"$gte": since}}
        async with answering():
            found = self.counting.mongo.collection(DAYS).find(wanted).sort("day", DESCENDING)
            return [_day(row) for row in await found.to_list(None)]

    async def logs(
        self,
        *,
        principal: Principal,
        app_id: str,
        level: Level | None,
        version_code: int | None,
        request: PageRequest,
    ) -> Page[Log]:
        """What runs wrote down, the last first. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        authority = await self.builders.membership(principal=principal, app_id=app_id)
        wanted: Document = {"app_id": authority.the_app.app_id}
        if level is not None:
            wanted["level"] = level.value
        if version_code is not None:
            wanted["version_code"] = version_code
        if request.after is not None:
            wanted["_id"] = {"$lt": request.after}
        async with answering():
            found = self.counting.mongo.collection(LOGS).find(wanted).sort("_id", DESCENDING)
            rows = await found.limit(request.limit).to_list(None)
        return Page.of(rows=[_log(row) for row in rows], keys=[row["_id"] for row in rows], request=request)

    def _row(self, one: Entry, session: Session) -> Document:
        now = self.counting.clock.now()
        # The device's clock may be any; what it says is believed where it can be true.
        believed = one.at.tzinfo is not None and session.opened_at <= one.at <= now + _AHEAD
        return {
            "_id": self.ids.new(LOG_PREFIX),
            "app_id": session.app_id,
            "version_code": session.version_code,
            "level": one.level.value,
            "at": to_ms(one.at if believed else now),
            "text": redacted(one.text[:TEXT_MAX]),
            "code": name_of(one.code),
            "leaves_at": to_ms(now + KEPT_FOR),
        }


def _sampled(one: Entry, place: int) -> bool:
    """place: how many of the day came before it."""
    if place < WHOLE_UP_TO:
        return True
    return place < KEPT_MAX and (one.level is Level.ERROR or place % _ONE_IN == 0)


def _named(entries: Sequence[Entry], *, known: frozenset[str]) -> dict[str, int]:
    """What is counted of these, by the field of the day's row. known: fields that it has; of too many, the rest are
    one.
    """
    counts: dict[str, int] = {}
    for one in entries:
        for kind, name in (("errors", name_of(one.code)), ("events", name_of(one.event))):
            field = f"{kind}.{name}"
            if name and field not in known and len(known | counts.keys()) >= _NAMES_MAX:
                field = f"{kind}.{_OTHERS}"
            if name:
                counts[field] = counts.get(field, 0) + 1
    return counts


def _day(row: Document) -> Day:
    return Day(
        day=row["day"],
        opens=row.get("opens", 0),
        people=row.get("people", 0),
        by_version={int(code): count for code, count in row.get("versions", {}).items()},
        errors=_most(row.get("errors", {})),
        events=_most(row.get("events", {})),
        blocked=blocked_of(row),
    )


def blocked_of(row: Document) -> Mapping[int, Mapping[str, int]]:
    """What a day's row says of it."""
    return {int(code): _most(counts) for code, counts in row.get("blocked", {}).items()}


def _most(counts: Mapping[str, Any]) -> Mapping[str, int]:
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _log(row: Document) -> Log:
    return Log(row["_id"], Level(row["level"]), row["at"], row["version_code"], row["text"], row["code"])
