"""Versions and uploaded packages, in MongoDB.

Rules
- An upload of which no version is made leaves after some days; one that a version holds stays with it.
- A version's test account is sealed: it may be a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from core.crypto import FieldCipher
from core.locale import Text
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest
from core.resealing import SealedField
from miniapps.versions.model import Act, Finding, Move, Origin, Severity, State, Step, Version, Who, place_in_queue

VERSIONS: Final = "mini_versions"
UPLOADS: Final = "mini_uploads"
TESTERS: Final = "mini_testers"
MOVES: Final = "mini_version_moves"
UPLOAD_KEPT_FOR: Final = timedelta(days=3)
TESTERS_MAX: Final = 200
_TEST_ACCOUNT: Final = "miniapps.test_account"
SEALED: Final = (SealedField(VERSIONS, "test_account", _TEST_ACCOUNT),)
_INDEXES: Final = {
    VERSIONS: [
        IndexModel([("app_id", ASCENDING), ("_id", DESCENDING)], name="of_app"),
        IndexModel([("state", ASCENDING), ("queued", ASCENDING)], name="queue"),
        IndexModel([("package", ASCENDING)], name="by_package"),
        IndexModel([("release", ASCENDING)], name="by_release"),
        IndexModel([("app_id", ASCENDING), ("steps.number", ASCENDING)], name="moves"),
    ],
    UPLOADS: [IndexModel([("leaves_at", ASCENDING)], name="leaves", expireAfterSeconds=0)],
    TESTERS: [IndexModel([("app_id", ASCENDING), ("openid", ASCENDING)], name="one_each", unique=True)],
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A signed package. organisation: whose key signed it."""

    sha256: str
    app_id: str
    organisation: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class VersionStore:
    """Every method raises Unavailable when MongoDB does not answer. session: of the transaction that it is part of."""

    mongo: Mongo
    cipher: FieldCipher

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    # --- uploads

    async def put_upload(self, one: Upload, *, at: datetime, signed_anew: bool) -> None:
        """signed_anew: where it is there, its signature is this one from now on; else it stays as it is."""
        row = {"app_id": one.app_id, "organisation": one.organisation, "raw": one.raw}
        leaves = {"leaves_at": at + UPLOAD_KEPT_FOR}
        change = {"$set": row, "$setOnInsert": leaves} if signed_anew else {"$setOnInsert": {**row, **leaves}}
        async with answering():
            await self.mongo.collection(UPLOADS).update_one({"_id": one.sha256}, change, upsert=True)

    async def upload(self, sha256: str, *, session: Session | None = None) -> Upload | None:
        row = await self._one(UPLOADS, {"_id": sha256}, session)
        return Upload(row["_id"], row["app_id"], row["organisation"], bytes(row["raw"])) if row else None

    async def hold_upload(self, sha256: str, *, session: Session) -> None:
        """It stays with its version."""
        held = {"$unset": {"leaves_at": ""}}
        await self.mongo.collection(UPLOADS).update_one({"_id": sha256}, held, session=session)

    # --- versions

    async def version(self, id: str, *, session: Session | None = None) -> Version | None:
        return self._version(await self._one(VERSIONS, {"_id": id}, session))

    async def version_of_package(self, sha256: str, *, session: Session | None = None) -> Version | None:
        """The last one that was made of it."""
        async with answering():
            row = await self.mongo.collection(VERSIONS).find_one(
                {"package": sha256}, sort=[("_id", DESCENDING)], session=session
            )
        return self._version(row)

    async def version_of_release(self, release: str, *, session: Session | None = None) -> Version | None:
        return self._version(await self._one(VERSIONS, {"release": release}, session))

    async def released_at_rest(self) -> list[str]:
        """The ids of those that run for all and wait for nobody."""
        async with answering():
            found = self.mongo.collection(VERSIONS).find({"state": State.RELEASED.value, "queued": ""}, {"_id": 1})
            return [row["_id"] async for row in found]

    async def unexamined(self, *, since: datetime) -> list[str]:
        """The ids of those that were handed in before that, and that the machine has not come to an end with."""
        waits = [State.SUBMITTED.value, State.CHECKING.value]
        wanted = {"state": {"$in": waits}, "queued": {"$lt": place_in_queue("", since)}}
        async with answering():
            found = self.mongo.collection(VERSIONS).find(wanted, {"_id": 1}).sort("queued", ASCENDING)
            return [row["_id"] async for row in found]

    async def versions_that_run(self, app_id: str, *, session: Session) -> list[Version]:
        """Those that were released, whatever became of them but revoked."""
        states = [State.ROLLING.value, State.RELEASED.value, State.SUPERSEDED.value]
        wanted = {"app_id": app_id, "state": {"$in": states}}
        async with answering():
            rows = await self.mongo.collection(VERSIONS).find(wanted, session=session).to_list(None)
        return [version for row in rows if (version := self._version(row))]

    async def versions(self, app_id: str, *, request: PageRequest) -> Page[Version]:
        """The last made first."""
        wanted: Document = {"app_id": app_id}
        if request.after is not None:
            wanted["_id"] = {"$lt": request.after}
        async with answering():
            found = self.mongo.collection(VERSIONS).find(wanted).sort("_id", DESCENDING)
            rows = await found.limit(request.limit).to_list(None)
        versions = [version for row in rows if (version := self._version(row))]
        return Page.of(rows=versions, keys=[one.id for one in versions], request=request)

    async def queue(self, *, request: PageRequest) -> Page[Version]:
        """Those that wait for an officer, the one that waits longest first."""
        waits = [State.IN_REVIEW.value, State.RELEASED.value]
        wanted: Document = {"state": {"$in": waits}, "queued": {"$gt": request.after or ""}}
        async with answering():
            found = self.mongo.collection(VERSIONS).find(wanted).sort("queued", ASCENDING)
            rows = await found.limit(request.limit).to_list(None)
        versions = [version for row in rows if (version := self._version(row))]
        return Page.of(rows=versions, keys=[one.queued for one in versions], request=request)

    async def put(self, one: Version, *, session: Session) -> None:
        """In a transaction that read it, or made it."""
        await self.mongo.collection(VERSIONS).replace_one({"_id": one.id}, self._row(one), upsert=True, session=session)

    # --- moves

    async def next_number(self, app_id: str, *, session: Session) -> int:
        """Of the step that this transaction takes: no other of the program's takes one until it has ended."""
        row = await self.mongo.collection(MOVES).find_one_and_update(
            {"_id": app_id}, {"$inc": {"last": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=session
        )
        assert row is not None, "it is made where there was none"
        return int(row["last"])

    async def moves_made(self, app_id: str) -> int:
        """The number of the last step that was kept of any version of the program."""
        row = await self._one(MOVES, {"_id": app_id})
        return int(row["last"]) if row else 0

    async def move(self, app_id: str, number: int) -> Move | None:
        """None where there was none of that number yet."""
        version = self._version(await self._one(VERSIONS, {"app_id": app_id, "steps.number": number}))
        return version.move(number) if version else None

    # --- testers

    async def add_tester(self, app_id: str, openid: str, *, session: Session) -> None:
        of = {"app_id": app_id, "openid": openid}
        await self.mongo.collection(TESTERS).update_one(of, {"$setOnInsert": of}, upsert=True, session=session)

    async def remove_tester(self, app_id: str, openid: str, *, session: Session) -> None:
        of = {"app_id": app_id, "openid": openid}
        await self.mongo.collection(TESTERS).delete_one(of, session=session)

    async def testers(self, app_id: str, *, session: Session | None = None) -> list[str]:
        """By how the program knows them."""
        async with answering():
            found = self.mongo.collection(TESTERS).find({"app_id": app_id}, session=session)
            rows = await found.sort("openid", ASCENDING).limit(TESTERS_MAX).to_list(None)
        return [row["openid"] for row in rows]

    async def invited(self, openid: str, *, app_id: str) -> bool:
        return await self._one(TESTERS, {"app_id": app_id, "openid": openid}) is not None

    async def _one(self, collection: str, wanted: Mapping[str, Any], session: Session | None = None) -> Document | None:
        async with answering():
            return await self.mongo.collection(collection).find_one(wanted, session=session)

    # --- rows

    def _row(self, one: Version) -> Document:
        sealed = self.cipher.seal(one.test_account.encode(), purpose=_TEST_ACCOUNT, owner=one.id)
        return {
            "app_id": one.app_id,
            "organisation": one.organisation,
            "developer": one.developer,
            "version_name": one.version_name,
            "version_code": one.version_code,
            "package": one.package,
            "files_h1": one.files_h1,
            "bytes": one.size,
            "asked": sorted(one.asked),
            "domains": sorted(one.domains),
            "state": one.state.value,
            "created_at": one.created_at,
            "notes": one.notes,
            "test_account": sealed if one.test_account else None,
            "findings": [asdict(finding) for finding in one.findings],
            "granted": sorted(one.granted),
            "allowed": sorted(one.allowed),
            "not_before": one.not_before,
            "queued": one.queued,
            "release": one.release,
            "steps": [asdict(step) for step in one.steps],
            "origin": asdict(one.origin) if one.origin else None,
        }

    def _version(self, row: Document | None) -> Version | None:
        if row is None:
            return None
        sealed, id = row["test_account"], row["_id"]
        opened = self.cipher.open(bytes(sealed), purpose=_TEST_ACCOUNT, owner=id).decode() if sealed else ""
        return Version(
            id=id,
            app_id=row["app_id"],
            organisation=row["organisation"],
            developer=row["developer"],
            version_name=row["version_name"],
            version_code=row["version_code"],
            package=row["package"],
            files_h1=row["files_h1"],
            size=row["bytes"],
            asked=frozenset(row["asked"]),
            domains=frozenset(row["domains"]),
            state=State(row["state"]),
            created_at=row["created_at"],
            notes=row["notes"],
            test_account=opened,
            findings=tuple(_finding(one) for one in row["findings"]),
            granted=frozenset(row["granted"]),
            allowed=frozenset(row["allowed"]),
            not_before=row["not_before"],
            queued=row["queued"],
            release=row["release"],
            steps=tuple(_step(one) for one in row["steps"]),
            origin=Origin(**origin) if (origin := row.get("origin")) else None,
        )


def _finding(row: Document) -> Finding:
    told = {**row, "message": Text(**row["message"]), "advice": Text(**row["advice"])}
    return Finding(**{**told, "severity": Severity(row["severity"]), "by": Who(row["by"])})


def _step(row: Document) -> Step:
    return Step(**{**row, "act": Act(row["act"]), "state": State(row["state"]), "by": Who(row["by"])})
