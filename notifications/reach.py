"""What must be remembered of how each citizen can be reached: one document a citizen.

A push target belongs to the citizen who registered it last: `targets.index` is unique over all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, Final

from pymongo import ASCENDING, IndexModel, ReturnDocument

from core.locale import Locale
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.resealing import SealedField, of_element
from notifications.model import (
    TARGETS_MAX,
    Category,
    Channel,
    Platform,
    Preferences,
    QuietHours,
    Reach,
    Target,
    TargetKind,
    Unconfirmed,
)
from notifications.sealing import TARGET

_REACH: Final = "notifications_reach"
SEALED: Final = tuple(
    SealedField(_REACH, f"{path}.sealed", TARGET, of_element, needs=(f"{path}.id",))
    for path in ("targets", "email", "unconfirmed.target")
)
_INDEXES: Final = {
    _REACH: [
        IndexModel(
            [("targets.index", ASCENDING)],
            name="one_owner",
            unique=True,
            partialFilterExpression={"targets.index": {"$exists": True}},
        )
    ]
}


class ReachStore:
    """Preferences, push targets and e-mail addresses."""

    def __init__(self, *, mongo: Mongo) -> None:
        self._mongo = mongo
        self._reach = mongo.collection(_REACH)

    async def open(self) -> None:
        """Make the index."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def of(self, citizen: str, *, session: Session | None = None) -> Reach:
        """Raises: Unavailable."""
        async with answering():
            row = await self._reach.find_one({"_id": citizen}, session=session)
        return _reach_of(row) if row else Reach(citizen)

    async def forget(self, citizen: str) -> None:
        """Delete how a citizen is reached whose account is gone; that they are gone stays. Raises: Unavailable."""
        async with answering():
            await self._reach.replace_one({"_id": citizen}, {"gone": True}, upsert=True)

    async def of_all(self, citizens: Sequence[str]) -> dict[str, Reach]:
        """By citizen; those about whom nothing is known are missing. Raises: Unavailable."""
        async with answering():
            rows = await self._reach.find({"_id": {"$in": list(citizens)}}).to_list(len(citizens))
        return {row["_id"]: _reach_of(row) for row in rows}

    async def spend(self, citizen: str, spent: Mapping[str, datetime], *, session: Session | None = None) -> None:
        """Remember what was spent of the citizen's rates. Raises: Unavailable."""
        change = {"$set": {f"spent.{name}": full_at for name, full_at in spent.items()}}
        async with answering():
            await self._reach.update_one({"_id": citizen}, change, upsert=True, session=session)

    async def prefer(self, citizen: str, preferences: Preferences, *, session: Session) -> None:
        quiet = preferences.quiet
        change = {
            "off": sorted([category.value, channel.value] for category, channel in preferences.off),
            "quiet": [f"{quiet.start:%H:%M}", f"{quiet.end:%H:%M}"] if quiet else None,
        }
        await self._reach.update_one({"_id": citizen}, {"$set": change}, upsert=True, session=session)

    async def add_target(self, citizen: str, target: Target) -> None:
        """Give the target to this citizen, from whomever had it; the oldest goes when there are too many.

        Raises: Unavailable.
        """

        async def work(session: Session) -> None:
            taken = {"$pull": {"targets": {"index": target.index}}}
            await self._reach.update_many({"targets.index": target.index}, taken, session=session)
            added = {"$push": {"targets": {"$each": [_target_row(target)], "$slice": -TARGETS_MAX}}}
            await self._reach.update_one({"_id": citizen}, added, upsert=True, session=session)

        await self._mongo.transaction(work)

    async def remove_target(self, citizen: str, target_id: str) -> bool:
        """A push target, or the confirmed address; False when this citizen has none of this id. Raises: Unavailable."""
        pulled = {"$pull": {"targets": {"id": target_id}}}
        async with answering():
            gone = await self._reach.update_one({"_id": citizen, "targets.id": target_id}, pulled)
            if not gone.modified_count:
                gone = await self._reach.update_one({"_id": citizen, "email.id": target_id}, {"$unset": {"email": ""}})
        return gone.modified_count == 1

    async def remove_email(self, citizen: str) -> None:
        """The confirmed address, and one that waits for its code. Raises: Unavailable."""
        async with answering():
            await self._reach.update_one({"_id": citizen}, {"$unset": {"email": "", "unconfirmed": ""}})

    async def await_code(self, citizen: str, unconfirmed: Unconfirmed, *, session: Session) -> None:
        """In place of an address that waited before; a confirmed one stays until then."""
        row = {
            "target": _target_row(unconfirmed.target),
            "digest": unconfirmed.digest,
            "expires_at": unconfirmed.expires_at,
            "tries": 0,
        }
        await self._reach.update_one({"_id": citizen}, {"$set": {"unconfirmed": row}}, upsert=True, session=session)

    async def try_code(self, citizen: str, *, tries_max: int, now: datetime) -> Unconfirmed | None:
        """Count one try, before anything is compared; None when none is left or the time is over. Raises: Unavailable.

        The tries that are told include this one.
        """
        usable = {"_id": citizen, "unconfirmed.tries": {"$lt": tries_max}, "unconfirmed.expires_at": {"$gt": now}}
        async with answering():
            row = await self._reach.find_one_and_update(
                usable, {"$inc": {"unconfirmed.tries": 1}}, return_document=ReturnDocument.AFTER
            )
        return _reach_of(row).unconfirmed if row else None

    async def confirm(self, citizen: str, unconfirmed: Unconfirmed) -> bool:
        """Make the address the citizen's; False when it no longer waits. Raises: Unavailable."""
        waiting = {"_id": citizen, "unconfirmed.target.id": unconfirmed.target.id}
        change = {"$set": {"email": _target_row(unconfirmed.target)}, "$unset": {"unconfirmed": ""}}
        async with answering():
            return (await self._reach.update_one(waiting, change)).modified_count == 1


def _target_row(target: Target) -> Document:
    return {
        "id": target.id,
        "kind": target.kind.value,
        "index": target.index,
        "sealed": target.sealed,
        "language": target.language.value,
        "since": target.since,
        "platform": target.platform.value if target.platform else None,
    }


def _target_of(row: Mapping[str, Any]) -> Target:
    return Target(
        id=row["id"],
        kind=TargetKind(row["kind"]),
        index=row["index"],
        sealed=row["sealed"],
        language=Locale(row["language"]),
        since=row["since"],
        platform=Platform(row["platform"]) if row["platform"] else None,
    )


def _reach_of(row: Document) -> Reach:
    waiting = row.get("unconfirmed")
    return Reach(
        citizen=row["_id"],
        preferences=_preferences_of(row),
        targets=tuple(_target_of(one) for one in row.get("targets", ())),
        email=_target_of(row["email"]) if "email" in row else None,
        unconfirmed=Unconfirmed(
            _target_of(waiting["target"]), waiting["digest"], waiting["expires_at"], waiting["tries"]
        )
        if waiting
        else None,
        spent=row.get("spent", {}),
        gone=row.get("gone", False),
    )


def _preferences_of(row: Document) -> Preferences:
    if "off" not in row:
        return Preferences()
    off = frozenset((Category(category), Channel(channel)) for category, channel in row["off"])
    quiet = row["quiet"]
    return Preferences(off, QuietHours(*map(time.fromisoformat, quiet)) if quiet else None)
