"""What the city keeps of programs: organisations, programs, releases, packages, icons, the log's leaves, revocations.

A package is one document: at most 2 MB packed, it fits in one eight times over, and so it is written in the transaction
of its release, which GridFS's files and chunks could not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from bson.int64 import Int64
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.locale import Locale
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from miniapps.releases.model import (
    Category,
    Icon,
    Organisation,
    Program,
    Release,
    ReleaseState,
    Revocation,
    Words,
)

ORGANISATIONS: Final = "mini_organisations"
PROGRAMS: Final = "mini_programs"
RELEASES: Final = "mini_releases"
PACKAGES: Final = "mini_packages"
ICONS: Final = "mini_icons"
LEAVES: Final = "mini_log"
REVOCATIONS: Final = "mini_revocations"
# How many there are, each in one row that whoever adds one has to change: of two at once one begins again.
COUNTS: Final = "mini_counts"
_LOG: Final = "log"
_REVOKED: Final = "revocations"
_INDEXES: Final = {
    ORGANISATIONS: [IndexModel([("names.en", ASCENDING)], name="by_name", unique=True)],
    PROGRAMS: [
        IndexModel([("app_key", ASCENDING)], name="by_host", unique=True),
        IndexModel([("current", ASCENDING)], name="running"),
    ],
    RELEASES: [
        IndexModel([("package_sha256", ASCENDING)], name="by_package", unique=True),
        IndexModel([("app_id", ASCENDING), ("version_code", DESCENDING)], name="by_version", unique=True),
        IndexModel([("app_key", ASCENDING), ("root", ASCENDING)], name="by_folder"),
    ],
}


@dataclass(frozen=True, slots=True)
class ReleaseStore:
    """Every method raises Unavailable when MongoDB does not answer. session: of the transaction that it is part of."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes, and begin to count."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)
            for name in (_LOG, _REVOKED):
                try:
                    await self.mongo.collection(COUNTS).insert_one({"_id": name, "count": Int64(0)})
                except DuplicateKeyError:
                    continue

    # --- organisations

    async def organisation_named(self, name_en: str) -> Organisation | None:
        return _organisation(await self._one(ORGANISATIONS, {"names.en": name_en}))

    async def organisations(self, ids: Iterable[str]) -> Mapping[str, Organisation]:
        """Those that there are, by id."""
        async with answering():
            rows = await self.mongo.collection(ORGANISATIONS).find({"_id": {"$in": list(ids)}}).to_list(None)
        return {row["_id"]: found for row in rows if (found := _organisation(row))}

    async def add_organisation(self, one: Organisation) -> None:
        """Nothing where there is one of its name: another process may have been first."""
        async with answering():
            try:
                await self.mongo.collection(ORGANISATIONS).insert_one({"_id": one.id, **_organisation_row(one)})
            except DuplicateKeyError:
                return

    async def put_organisation(self, one: Organisation) -> None:
        async with answering():
            await self.mongo.collection(ORGANISATIONS).replace_one({"_id": one.id}, _organisation_row(one))

    # --- programs

    async def program(self, app_id: str, *, session: Session | None = None) -> Program | None:
        return _program(await self._one(PROGRAMS, {"_id": app_id}, session))

    async def running(self, *, most: int) -> list[Program]:
        """Programs that have a release, up to `most`."""
        async with answering():
            found = self.mongo.collection(PROGRAMS).find({"current": {"$type": "string"}}).sort("_id", ASCENDING)
            rows = await found.limit(most).to_list(None)
        return [program for row in rows if (program := _program(row))]

    async def put_program(self, one: Program, *, session: Session) -> None:
        row = {
            "app_key": one.app_key,
            "organisation": one.organisation,
            "category": one.category.value,
            "words": {locale.value: _words_row(words) for locale, words in one.words.items()},
            "icon": one.icon,
            "version_name": one.version_name,
            "newest_code": one.newest_code,
            "current": one.current,
            "revoked": one.revoked,
        }
        await self.mongo.collection(PROGRAMS).replace_one({"_id": one.app_id}, row, upsert=True, session=session)

    async def put_icon(self, icon: Icon, *, session: Session) -> None:
        row = {"media_type": icon.media_type, "raw": icon.raw}
        await self.mongo.collection(ICONS).replace_one({"_id": icon.sha256}, row, upsert=True, session=session)

    async def icon(self, sha256: str) -> Icon | None:
        row = await self._one(ICONS, {"_id": sha256})
        return Icon(row["_id"], row["media_type"], bytes(row["raw"])) if row else None

    # --- releases

    async def release(self, id: str, *, session: Session | None = None) -> Release | None:
        return _release(await self._one(RELEASES, {"_id": id}, session))

    async def release_of_package(self, sha256: str, *, session: Session | None = None) -> Release | None:
        return _release(await self._one(RELEASES, {"package_sha256": sha256}, session))

    async def release_at(self, app_key: str, root: str) -> Release | None:
        """The newest one whose files are in this folder of this host: releases of the same files share it."""
        async with answering():
            row = await self.mongo.collection(RELEASES).find_one(
                {"app_key": app_key, "root": root}, sort=[("version_code", DESCENDING)]
            )
        return _release(row)

    async def releases_of(self, app_id: str, *, session: Session | None = None) -> list[Release]:
        """All of a program, the newest first."""
        async with answering():
            found = self.mongo.collection(RELEASES).find({"app_id": app_id}, session=session)
            rows = await found.sort("version_code", DESCENDING).to_list(None)
        return [release for row in rows if (release := _release(row))]

    async def has_version(self, app_id: str, version_name: str) -> bool:
        wanted = {"app_id": app_id, "version_name": version_name}
        async with answering():
            return await self.mongo.collection(RELEASES).find_one(wanted, {"_id": 1}) is not None

    async def add_release(self, one: Release, package: bytes, *, session: Session) -> None:
        row = {
            "_id": one.id,
            "app_id": one.app_id,
            "app_key": one.app_key,
            "organisation": one.organisation,
            "version_name": one.version_name,
            "version_code": one.version_code,
            "state": one.state.value,
            "package_sha256": one.package_sha256,
            "files_h1": one.files_h1,
            "root": one.root,
            "bytes": one.size,
            "manifest": one.manifest_text,
            # As text: the names are the developer's, and dots in them would mean something to MongoDB.
            "reasons": orjson.dumps({locale.value: said for locale, said in one.reasons.items()}).decode(),
            "titles": {locale.value: title for locale, title in one.titles.items()},
            "granted": sorted(one.granted),
            "log_index": Int64(one.log_index),
            "at": one.at,
            "by": one.by,
            "because": one.because,
        }
        await self.mongo.collection(RELEASES).insert_one(row, session=session)
        kept = {"_id": one.package_sha256, "raw": package}
        await self.mongo.collection(PACKAGES).insert_one(kept, session=session)

    async def set_state(self, id: str, state: ReleaseState, *, because: str = "", session: Session) -> None:
        told = {"$set": {"state": state.value, "because": because}}
        await self.mongo.collection(RELEASES).update_one({"_id": id}, told, session=session)

    async def state_of(self, id: str) -> ReleaseState | None:
        async with answering():
            row = await self.mongo.collection(RELEASES).find_one({"_id": id}, {"state": 1})
        return ReleaseState(row["state"]) if row else None

    async def package(self, sha256: str) -> bytes | None:
        """As it is handed out, with every signature. sha256: of it without its signing block."""
        row = await self._one(PACKAGES, {"_id": sha256})
        return bytes(row["raw"]) if row else None

    # --- the log

    async def leaves(self, *, session: Session | None = None) -> list[bytes]:
        """The hashes of all leaves, in order."""
        async with answering():
            found = self.mongo.collection(LEAVES).find({}, {"hash": 1}, session=session).sort("_id", ASCENDING)
            return [bytes(row["hash"]) for row in await found.to_list(None)]

    async def add_leaf(self, *, index: int, leaf_hash: bytes, entry: bytes, checkpoint: str, session: Session) -> None:
        """checkpoint: the signed note of the tree that ends with it."""
        await self._count(_LOG, expected=index, session=session)
        row = {"_id": Int64(index), "hash": leaf_hash, "entry": entry, "checkpoint": checkpoint}
        await self.mongo.collection(LEAVES).insert_one(row, session=session)

    # --- revocations

    async def add_revocation(self, one: Revocation, *, by: str, session: Session) -> None:
        await self._count(_REVOKED, expected=one.sequence - 1, session=session)
        row = {
            "_id": Int64(one.sequence),
            "app_id": one.app_id,
            "version_code": one.version_code,
            "reason": one.reason,
            "at": one.at,
            "by": by,
        }
        await self.mongo.collection(REVOCATIONS).insert_one(row, session=session)

    async def revocations(self, *, session: Session | None = None) -> Sequence[Revocation]:
        """All, in order; the sequence of the list is that of the last."""
        async with answering():
            rows = (
                await self.mongo.collection(REVOCATIONS).find({}, session=session).sort("_id", ASCENDING).to_list(None)
            )
        return [
            Revocation(int(row["_id"]), row["app_id"], row["version_code"], row["reason"], row["at"]) for row in rows
        ]

    async def revoked(self, *, session: Session | None = None) -> int:
        """How many revocations there are."""
        row = await self._one(COUNTS, {"_id": _REVOKED}, session)
        return int(row["count"]) if row else 0

    async def _count(self, name: str, *, expected: int, session: Session) -> None:
        counts = self.mongo.collection(COUNTS)
        row = await counts.find_one_and_update({"_id": name}, {"$inc": {"count": Int64(1)}}, session=session)
        if row is None or row["count"] != expected:
            raise RuntimeError(f"{COUNTS} of {name} is not what its rows say")

    async def _one(self, collection: str, wanted: Mapping[str, Any], session: Session | None = None) -> Document | None:
        async with answering():
            return await self.mongo.collection(collection).find_one(wanted, session=session)


def _organisation_row(one: Organisation) -> Document:
    return {
        "names": {locale.value: name for locale, name in one.names.items()},
        "verified": one.verified,
        "key_id": one.key_id,
        "keys": [dict(key) for key in one.keys],
    }


def _organisation(row: Document | None) -> Organisation | None:
    if row is None:
        return None
    names = {Locale(locale): name for locale, name in row["names"].items()}
    return Organisation(row["_id"], names, row["verified"], row["key_id"], tuple(row["keys"]))


def _words_row(words: Words) -> Document:
    return {"name": words.name, "short_name": words.short_name, "description": words.description}


def _program(row: Document | None) -> Program | None:
    if row is None:
        return None
    return Program(
        app_id=row["_id"],
        app_key=row["app_key"],
        organisation=row["organisation"],
        category=Category(row["category"]),
        words={Locale(locale): Words(**words) for locale, words in row["words"].items()},
        icon=row["icon"],
        version_name=row["version_name"],
        newest_code=row["newest_code"],
        current=row["current"],
        revoked=row["revoked"],
    )


def _release(row: Document | None) -> Release | None:
    if row is None:
        return None
    return Release(
        id=row["_id"],
        app_id=row["app_id"],
        app_key=row["app_key"],
        organisation=row["organisation"],
        version_name=row["version_name"],
        version_code=row["version_code"],
        state=ReleaseState(row["state"]),
        package_sha256=row["package_sha256"],
        files_h1=row["files_h1"],
        size=row["bytes"],
        manifest_text=bytes(row["manifest"]),
        reasons={Locale(locale): reasons for locale, reasons in orjson.loads(row["reasons"]).items()},
        titles={Locale(locale): title for locale, title in row["titles"].items()},
        granted=frozenset(row["granted"]),
        log_index=int(row["log_index"]),
        at=row["at"],
        by=row["by"],
        because=row["because"],
    )
