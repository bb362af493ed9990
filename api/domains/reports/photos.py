"""Where photos are kept: MongoDB, for a day until they belong to a case, and the short-lived links to them."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import orjson
from bson.binary import Binary
from pymongo import ASCENDING, IndexModel

from api.domains.reports.errors import PhotoUnknown
from api.domains.reports.model import UNATTACHED_KEPT
from api.domains.reports.pictures import Picture
from core.clock import Clock, epoch_s, from_epoch_s
from core.crypto import FieldCipher, same
from core.geo import Point
from core.mongo import Mongo, Session, answering, ensure_indexes
from core.resealing import SealedField

_PHOTOS: Final = "reports_photos"
_GPS: Final = "reports.photo-gps"
SEALED: Final = (SealedField(_PHOTOS, "gps", _GPS),)
_LINK: Final = "reports.photo-link"
MEDIA_PATH: Final = "/media/report-photos"
# A link lives between five and ten minutes; within the same five it is the same, so that a browser may keep the photo.
_LINK_STEP_S: Final = 300
_SIGNATURE_BYTES: Final = 16


class Size(StrEnum):
    """full: at most 1600 pixels a side. thumbnail: at most 320."""

    FULL = "full"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """A photo without its pixels. case: None until it belongs to one."""

    id: str
    owner: str
    width: int
    height: int
    hash: int
    case: str | None = None
    taken_at: Point | None = None


class PhotoStore:
    def __init__(self, *, mongo: Mongo, cipher: FieldCipher) -> None:
        self._mongo = mongo
        self._cipher = cipher
        self._photos = mongo.collection(_PHOTOS)

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(
                self._mongo,
                {
                    _PHOTOS: [
                        IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
                        IndexModel([("owner", ASCENDING)], name="by_owner"),
                    ]
                },
            )

    async def add(self, photo_id: str, picture: Picture, *, owner: str, now: datetime) -> PhotoFacts:
        """Keep a photo for a day. Raises: Unavailable."""
        row: dict[str, Any] = {
            "_id": photo_id,
            "owner": owner,
            "width": picture.width,
            "height": picture.height,
            "hash": f"{picture.hash:016x}",
            Size.FULL.value: Binary(picture.jpeg),
            Size.THUMBNAIL.value: Binary(picture.thumbnail),
            "expires_at": now + UNATTACHED_KEPT,
        }
        if picture.taken_at:
            row["gps"] = self._sealed(photo_id, picture.taken_at)
        async with answering():
            await self._photos.insert_one(row)
        return PhotoFacts(photo_id, owner, picture.width, picture.height, picture.hash, taken_at=picture.taken_at)

    async def unattached(self, photo_ids: Sequence[str], *, owner: str, now: datetime) -> list[PhotoFacts]:
        """The owner's photos of these ids that no case has yet, in that order. Raises: PhotoUnknown, Unavailable."""
        found = await self.facts(photo_ids, {"owner": owner, "case": None, "expires_at": {"$gt": now}})
        if len(found) != len(photo_ids):
            raise PhotoUnknown()
        return [found[one] for one in photo_ids]

    async def facts(self, photo_ids: Collection[str], condition: dict[str, Any] | None = None) -> dict[str, PhotoFacts]:
        """Those that there are. Raises: Unavailable."""
        if not photo_ids:
            return {}
        query = {"_id": {"$in": list(photo_ids)}, **(condition or {})}
        async with answering():
            rows = await self._photos.find(query, {"full": 0, "thumbnail": 0}).to_list(len(photo_ids))
        return {row["_id"]: self._facts(row) for row in rows}

    async def attach(self, photo_ids: Sequence[str], *, owner: str, case: str, session: Session) -> None:
        """Make them part of a case: each once, and only their owner's. Raises: PhotoUnknown."""
        if not photo_ids:
            return
        done = await self._photos.update_many(
            {"_id": {"$in": list(photo_ids)}, "owner": owner, "case": None},
            {"$set": {"case": case}, "$unset": {"expires_at": ""}},
            session=session,
        )
        if done.modified_count != len(photo_ids):
            raise PhotoUnknown()

    async def jpeg(self, photo_id: str, size: Size, *, now: datetime) -> bytes | None:
        """Raises: Unavailable."""
        async with answering():
            row = await self._photos.find_one({"_id": photo_id}, {size.value: 1, "expires_at": 1})
        if row is None or ("expires_at" in row and row["expires_at"] <= now):
            return None
        return bytes(row[size.value])

    async def forget(self, owner: str) -> None:
        """Delete the photos of somebody whose account is gone that belong to no case; of the others, whose they are.

        Where those were taken goes as well. Raises: Unavailable.
        """
        async with answering():
            await self._photos.delete_many({"owner": owner, "case": None})
            await self._photos.update_many({"owner": owner}, {"$set": {"owner": ""}, "$unset": {"gps": ""}})

    def _facts(self, row: dict[str, Any]) -> PhotoFacts:
        return PhotoFacts(
            id=row["_id"],
            owner=row["owner"],
            width=row["width"],
            height=row["height"],
            hash=int(row["hash"], 16),
            case=row.get("case"),
            taken_at=self._opened(row["_id"], row["gps"]) if "gps" in row else None,
        )

    def _sealed(self, photo_id: str, point: Point) -> bytes:
        plain = orjson.dumps([point.longitude, point.latitude])
        return self._cipher.seal(plain, purpose=_GPS, owner=photo_id)

    def _opened(self, photo_id: str, sealed: bytes) -> Point:
        longitude, latitude = orjson.loads(self._cipher.open(sealed, purpose=_GPS, owner=photo_id))
        return Point(longitude, latitude)


@dataclass(frozen=True, slots=True)
class PhotoLinks:
    """Links that show one photo in one size to whoever holds them, for some minutes."""

    cipher: FieldCipher
    clock: Clock

    def of(self, photo_id: str, size: Size) -> str:
        """The path and query of a link that lives for 5 to 10 minutes."""
        until = (epoch_s(self.clock.now()) // _LINK_STEP_S + 2) * _LINK_STEP_S
        return f"{MEDIA_PATH}/{photo_id}/{size.value}?until={until}&signature={self._signature(photo_id, size, until)}"

    def seconds_left(self, photo_id: str, size: Size, *, until: str, signature: str) -> int:
        """How long this link still lives; 0 when it is over or was never ours."""
        if not (until.isascii() and until.isdigit() and len(until) <= 12 and len(signature) <= 64):
            return 0
        wanted = self._signature(photo_id, size, int(until))
        if not same(wanted.encode(), signature.encode("utf-8", "replace")):
            return 0
        left = from_epoch_s(int(until)) - self.clock.now()
        return max(0, int(left / timedelta(seconds=1)))

    def _signature(self, photo_id: str, size: Size, until: int) -> str:
        drawn = self.cipher.blind_index(f"{photo_id}|{size.value}|{until}", purpose=_LINK)
        return base64.urlsafe_b64encode(drawn[:_SIGNATURE_BYTES]).decode().rstrip("=")
