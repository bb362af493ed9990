"""Devices on which developers are signed in: each holds one refresh token at a time.

Rules
- A refresh token is 256 random bits; what is kept is its hash. It is good once: the next one comes with what it was
  given for. Shown again, it is in two hands, so its device is signed out (RFC 9700 §4.14.2).
- Its life begins anew with each; a device that is silent for so long is signed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from core.crypto import digest
from core.mongo import Document, Mongo, Session, answering, ensure_indexes

DEVICES: Final = "mini_developer_devices"
REFRESHES: Final = "mini_developer_refreshes"
REFRESH_LIFE: Final = timedelta(days=30)
DEVICES_MAX: Final = 20
_INDEXES: Final = {
    DEVICES: [
        IndexModel([("developer", ASCENDING), ("_id", DESCENDING)], name="of_developer"),
        IndexModel([("expires_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
    REFRESHES: [
        IndexModel([("device", ASCENDING)], name="of_device"),
        IndexModel([("expires_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ],
}


@dataclass(frozen=True, slots=True)
class Device:
    """Where a developer is signed in, for one organisation (`mpo_…`)."""

    id: str
    developer: str
    organisation: str
    since: datetime
    used_at: datetime
    expires_at: datetime

    def lives(self, now: datetime) -> bool:
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class DeviceStore:
    """Every method raises Unavailable when MongoDB does not answer."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def device(self, id: str) -> Device | None:
        async with answering():
            return _device(await self.mongo.collection(DEVICES).find_one({"_id": id}))

    async def devices_of(self, developer: str, *, now: datetime, session: Session | None = None) -> Sequence[Device]:
        """Those where they are signed in, the newest first."""
        async with answering():
            wanted = {"developer": developer, "expires_at": {"$gt": now}}
            found = self.mongo.collection(DEVICES).find(wanted, session=session).sort("_id", DESCENDING)
            rows = await found.to_list(None)
        return [device for row in rows if (device := _device(row))]

    async def add(self, one: Device, refresh: str, *, session: Session) -> None:
        row = {
            "_id": one.id,
            "developer": one.developer,
            "organisation": one.organisation,
            "since": one.since,
            "used_at": one.used_at,
            "expires_at": one.expires_at,
        }
        await self.mongo.collection(DEVICES).insert_one(row, session=session)
        await self._add_refresh(one.id, refresh, one.expires_at, session)

    async def use(self, refresh: str, following: str, *, now: datetime, session: Session) -> Device | None:
        """Change a refresh token for the following one; None where it opens nothing, and then nothing does any more
        that followed it.
        """
        refreshes = self.mongo.collection(REFRESHES)
        row = await refreshes.find_one_and_update(
            {"_id": digest(refresh)}, {"$set": {"used": True}}, return_document=False, session=session
        )
        if row is None:
            return None
        device = _device(await self.mongo.collection(DEVICES).find_one({"_id": row["device"]}, session=session))
        if device is None or not device.lives(now):
            return None
        if row["used"]:
            await self.end(device.id, session=session)
            return None
        until = now + REFRESH_LIFE
        told = {"$set": {"used_at": now, "expires_at": until}}
        await self.mongo.collection(DEVICES).update_one({"_id": device.id}, told, session=session)
        await self._add_refresh(device.id, following, until, session)
        return device

    async def end(self, id: str, *, session: Session) -> None:
        """Ending it twice is ending it once."""
        await self.mongo.collection(REFRESHES).delete_many({"device": id}, session=session)
        await self.mongo.collection(DEVICES).delete_one({"_id": id}, session=session)

    async def end_all(self, developer: str, *, session: Session) -> None:
        """All where a developer is signed in."""
        rows = await self.mongo.collection(DEVICES).find({"developer": developer}, session=session).to_list(None)
        for row in rows:
            await self.end(row["_id"], session=session)

    async def _add_refresh(self, device: str, refresh: str, until: datetime, session: Session) -> None:
        row: Document = {"_id": digest(refresh), "device": device, "used": False, "expires_at": until}
        await self.mongo.collection(REFRESHES).insert_one(row, session=session)


def _device(row: Document | None) -> Device | None:
    if row is None:
        return None
    return Device(row["_id"], row["developer"], row["organisation"], row["since"], row["used_at"], row["expires_at"])
