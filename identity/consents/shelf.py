"""Copies of people's data in MongoDB: asked for, being made, ready, gone.

Rules
- A citizen has at most one copy under way. Whoever makes it holds a claim until `busy_until`; a process that was
  killed loses it, and another begins anew.
- The file is sealed with the citizen's own key; after seven days the row leaves, and with it the file.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from core.locale import Locale
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.personal import PersonalCipher
from identity.consents.errors import DownloadUnderWay

DOWNLOADS: Final = "identity_downloads"
DOWNLOAD_PREFIX: Final = "dld"
LISTED_MAX: Final = 20
_PURPOSE: Final = "download.file"
_INDEXES: Final = {
    DOWNLOADS: [
        IndexModel([("citizen", ASCENDING), ("_id", DESCENDING)], name="of_citizen"),
        IndexModel([("citizen", ASCENDING)], name="one_under_way", unique=True, partialFilterExpression={"open": True}),
        IndexModel([("busy_until", ASCENDING)], name="to_make", partialFilterExpression={"open": True}),
        IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ]
}


class DownloadState(StrEnum):
    """ASKED: being made. READY: can be fetched. FAILED: could not be made; it may be asked for again."""

    ASKED = "ASKED"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Download:
    """A copy of what the city holds of a citizen. size: of the file in bytes. sha256: of the file, in hex.

    tries: how often somebody began to make it, which is also the token of the newest claim.
    """

    id: str
    citizen: str
    locale: Locale
    state: DownloadState
    asked_at: datetime
    tries: int = 0
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    size: int = 0
    sha256: str = ""

    def fetchable(self, now: datetime) -> bool:
        return self.state is DownloadState.READY and self.expires_at is not None and now < self.expires_at


class Shelf:
    """Where the copies are."""

    def __init__(self, *, mongo: Mongo, personal: PersonalCipher) -> None:
        self._mongo = mongo
        self._rows = mongo.collection(DOWNLOADS)
        self._personal = personal

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)

    async def add(self, download: Download, *, delete_at: datetime, session: Session) -> None:
        """Raises: DownloadUnderWay."""
        row = {
            "_id": download.id,
            "citizen": download.citizen,
            "locale": download.locale.value,
            "state": download.state.value,
            "asked_at": download.asked_at,
            "tries": 0,
            "open": True,
            "busy_until": download.asked_at,
            "delete_at": delete_at,
        }
        try:
            await self._rows.insert_one(row, session=session)
        except DuplicateKeyError as fault:
            raise DownloadUnderWay() from fault

    async def of(self, citizen: str, *, now: datetime) -> list[Download]:
        """A citizen's copies that are there or under way, newest first."""
        query = {"citizen": citizen, "delete_at": {"$gt": now}}
        async with answering():
            rows = await self._rows.find(query, {"file": 0}).sort("_id", DESCENDING).limit(LISTED_MAX).to_list(None)
        return [_download(row) for row in rows]

    async def download(self, download_id: str) -> Download | None:
        async with answering():
            row = await self._rows.find_one({"_id": download_id}, {"file": 0})
        return _download(row) if row else None

    async def file(self, download: Download) -> bytes | None:
        """The ZIP. Raises: UnsealError, Unavailable."""
        async with answering():
            row = await self._rows.find_one({"_id": download.id}, {"file": 1})
        if row is None or "file" not in row:
            return None
        fields = await self._personal.open(row["file"], owner=download.citizen, purpose=_PURPOSE)
        return base64.b64decode(fields["zip"])

    async def claim(self, *, now: datetime, lease: timedelta) -> Download | None:
        """The next copy to make, which nobody else makes until `lease` has passed."""
        async with answering():
            row = await self._rows.find_one_and_update(
                {"open": True, "busy_until": {"$lte": now}},
                {"$set": {"busy_until": now + lease}, "$inc": {"tries": 1}},
                sort=[("busy_until", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return _download(row) if row else None

    async def finish(self, done: Download, *, raw: bytes | None, delete_at: datetime, session: Session) -> bool:
        """Put the file on the shelf, or say that there will be none; False when the claim was lost meanwhile."""
        change: Document = {"state": done.state.value, "delete_at": delete_at}
        if raw is not None:
            text = base64.b64encode(raw).decode()
            sealed = await self._personal.seal({"zip": text}, owner=done.citizen, purpose=_PURPOSE)
            change |= {"file": sealed, "size": done.size, "sha256": done.sha256}
            change |= {"ready_at": done.ready_at, "expires_at": done.expires_at}
        result = await self._rows.update_one(
            {"_id": done.id, "open": True, "tries": done.tries},
            {"$set": change, "$unset": {"open": "", "busy_until": ""}},
            session=session,
        )
        return result.modified_count == 1

    async def forget(self, citizen: str) -> None:
        """Every copy of a citizen, also what is under way."""
        async with answering():
            await self._rows.delete_many({"citizen": citizen})


def _download(row: Document) -> Download:
    return Download(
        id=row["_id"],
        citizen=row["citizen"],
        locale=Locale(row["locale"]),
        state=DownloadState(row["state"]),
        asked_at=row["asked_at"],
        tries=row["tries"],
        ready_at=row.get("ready_at"),
        expires_at=row.get("expires_at"),
        size=row.get("size", 0),
        sha256=row.get("sha256", ""),
    )
