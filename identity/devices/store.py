"""Devices, habits and security events in MongoDB.

Rules
- A device's name, the places of an account and what an event tells of both are sealed with the account's own key; the
  id that a device chose stands as a blind index of account and id, so that nobody sees two people share a device.
- Signing in on a device and forgetting it both write its row, so that one of them comes first.
- What is not used any more leaves by itself: `delete_at` is a TTL index.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

import orjson
from bson.binary import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel

from core.clock import epoch_ms, from_epoch_s
from core.crypto import FieldCipher
from core.geo import Point
from core.locale import Text
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.personal import PersonalCipher
from identity.devices.model import DEVICE_KEPT, EVENT_KEPT, Device, Habits, SecurityEvent, SecurityEventKind

DEVICES: Final = "identity_devices"
HABITS: Final = "identity_sign_in_habits"
EVENTS: Final = "identity_security_events"
_NAME: Final = "device.name"
_HABITS: Final = "sign_in_habits"
_EVENT: Final = "security_event"
_LEAVES: Final = IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0)
_INDEXES: Final = {
    DEVICES: [
        _LEAVES,
        IndexModel([("account_id", ASCENDING), ("known_by", ASCENDING)], name="one_per_device", unique=True),
    ],
    EVENTS: [_LEAVES, IndexModel([("account_id", ASCENDING), ("_id", DESCENDING)], name="of_account")],
}


class DeviceStore:
    """What is known of the devices that accounts are used on."""

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher, personal: PersonalCipher) -> None:
        self._mongo = mongo
        self._cipher = cipher
        self._personal = personal

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    def known_by(self, account_id: str, *, jkt: str = "", device_id: str = "", session_id: str = "") -> bytes:
        """What a device is known by to its account: its key, else its id, else the one session that it has."""
        known = f"key:{jkt}" if jkt else f"id:{device_id}" if device_id else f"session:{session_id}"
        return self._cipher.blind_index(f"{account_id} {known}", purpose="device")

    # --- devices

    async def known(self, account_id: str, known_by: bytes, *, session: Session) -> Device | None:
        row = await self._mongo.collection(DEVICES).find_one(
            {"account_id": account_id, "known_by": Binary(known_by)}, session=session
        )
        return await self._device(row) if row else None

    async def device(self, device_id: str, account_id: str, *, session: Session | None = None) -> Device | None:
        """One of this account's."""
        async with _answering(session):
            row = await self._mongo.collection(DEVICES).find_one(
                {"_id": device_id, "account_id": account_id}, session=session
            )
        return await self._device(row) if row else None

    async def devices(self, account_id: str) -> list[Device]:
        """An account's, the one that was used last first."""
        async with answering():
            cursor = self._mongo.collection(DEVICES).find({"account_id": account_id})
            rows = await cursor.sort([("last_seen_at", DESCENDING), ("_id", DESCENDING)]).to_list(None)
        return [await self._device(row) for row in rows]

    async def put(self, device: Device, known_by: bytes, *, session: Session) -> None:
        """Keep what is known of a device now, and what it is known by."""
        row = {
            "account_id": device.account_id,
            "known_by": Binary(known_by),
            "name": await self._personal.seal({"text": device.name}, owner=device.account_id, purpose=_NAME),
            "jkt": device.jkt,
            "first_seen_at": device.first_seen_at,
            "last_seen_at": device.last_seen_at,
            "cooling_until": device.cooling_until,
            "delete_at": device.last_seen_at + DEVICE_KEPT,
        }
        await self._mongo.collection(DEVICES).update_one(
            {"_id": device.id}, {"$set": row}, upsert=True, session=session
        )

    async def rename(self, device: Device, name: str, *, session: Session) -> None:
        sealed = await self._personal.seal({"text": name}, owner=device.account_id, purpose=_NAME)
        await self._mongo.collection(DEVICES).update_one(
            {"_id": device.id}, {"$set": {"name": sealed}}, session=session
        )

    async def trust(self, device_id: str, *, session: Session) -> None:
        await self._mongo.collection(DEVICES).update_one(
            {"_id": device_id}, {"$set": {"cooling_until": None}}, session=session
        )

    async def remove(self, device_id: str, *, session: Session) -> None:
        await self._mongo.collection(DEVICES).delete_one({"_id": device_id}, session=session)

    # --- habits

    async def habits(self, account_id: str, *, session: Session) -> Habits | None:
        """None for an account that never signed in since there are habits."""
        row = await self._mongo.collection(HABITS).find_one({"_id": account_id}, session=session)
        if row is None:
            return None
        fields = await self._personal.open(row["sealed"], owner=account_id, purpose=_HABITS)
        told = orjson.loads(fields["json"])
        return Habits(
            account_id,
            tuple(row["recent"]),
            tuple(told["places"]),
            Point(*told["point"]) if told["point"] else None,
            from_epoch_s(told["at"] / 1000) if told["at"] else None,
        )

    async def put_habits(self, habits: Habits, *, session: Session) -> None:
        point, at = habits.point, habits.at
        told = {
            "places": habits.places,
            "point": [point.longitude, point.latitude] if point else None,
            "at": epoch_ms(at) if at else None,
        }
        fields = {"json": orjson.dumps(told).decode()}
        sealed = await self._personal.seal(fields, owner=habits.account_id, purpose=_HABITS)
        await self._mongo.collection(HABITS).replace_one(
            {"_id": habits.account_id}, {"recent": list(habits.recent), "sealed": sealed}, upsert=True, session=session
        )

    # --- security events

    async def add_event(self, event: SecurityEvent, *, session: Session) -> None:
        place = event.place
        fields = {"device": event.device_name, "zh": place.zh if place else "", "en": place.en if place else ""}
        row = {
            "_id": event.id,
            "account_id": event.account_id,
            "kind": event.kind.value,
            "at": event.at,
            "sealed": await self._personal.seal(fields, owner=event.account_id, purpose=_EVENT),
            "delete_at": event.at + EVENT_KEPT,
        }
        await self._mongo.collection(EVENTS).insert_one(row, session=session)

    async def events(self, account_id: str, *, request: PageRequest) -> Page[SecurityEvent]:
        """Newest first."""
        query: dict[str, Any] = {"account_id": account_id}
        if request.after is not None:
            query["_id"] = {"$lt": request.after}
        async with answering():
            cursor = self._mongo.collection(EVENTS).find(query)
            found = await cursor.sort("_id", DESCENDING).limit(request.limit).to_list(None)
        rows = [await self._event(row) for row in found]
        return Page.of(rows=rows, keys=[row.id for row in rows], request=request)

    # --- rows

    async def forget(self, account_id: str) -> None:
        """All that is known of an account that is erased. Raises: Unavailable."""
        async with answering():
            await self._mongo.collection(DEVICES).delete_many({"account_id": account_id})
            await self._mongo.collection(EVENTS).delete_many({"account_id": account_id})
            await self._mongo.collection(HABITS).delete_one({"_id": account_id})

    async def _device(self, row: Document) -> Device:
        fields = await self._personal.open(row["name"], owner=row["account_id"], purpose=_NAME)
        return Device(
            id=row["_id"],
            account_id=row["account_id"],
            name=fields["text"],
            first_seen_at=row["first_seen_at"],
            last_seen_at=row["last_seen_at"],
            jkt=row["jkt"],
            cooling_until=row["cooling_until"],
        )

    async def _event(self, row: Document) -> SecurityEvent:
        fields = await self._personal.open(row["sealed"], owner=row["account_id"], purpose=_EVENT)
        return SecurityEvent(
            id=row["_id"],
            account_id=row["account_id"],
            kind=SecurityEventKind(row["kind"]),
            at=row["at"],
            device_name=fields["device"],
            place=Text(zh=fields["zh"], en=fields["en"]) if fields["zh"] else None,
        )


def _answering(session: Session | None) -> AbstractAsyncContextManager[None]:
    """Inside a transaction a fault goes to the transaction, which knows whether to try again."""
    return answering() if session is None else nullcontext()
