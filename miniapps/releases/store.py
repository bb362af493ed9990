"""What the city keeps of programs: organisations, programs, releases, packages, icons, revocations.

A package is one document: at most 2 MB packed, it fits in one eight times over, and so it is written in the transaction
of its release, which GridFS's files and chunks could not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
    PackageKey,
    Program,
    Release,
    ReleaseState,
    Revocation,
    Rollout,
    Terms,
    Words,
)

ORGANISATIONS: Final = "mini_organisations"
PROGRAMS: Final = "mini_programs"
RELEASES: Final = "mini_releases"
PACKAGES: Final = "mini_packages"
ICONS: Final = "mini_icons"
REVOCATIONS: Final = "mini_revocations"
TERMS: Final = "mini_terms"
_CHANGES_MAX: Final = 200
_KEYS_OF_PACKAGE_MAX: Final = 20
# How many there are, each in one row that whoever adds one has to change: of two at once one begins again.
COUNTS: Final = "mini_counts"
PACKAGE_KEYS: Final = "mini_package_keys"
_REVOKED: Final = "revocations"
_INDEXES: Final = {
    ORGANISATIONS: [
        IndexModel([("names.en", ASCENDING)], name="by_name", unique=True),
        IndexModel([("keys.kid", ASCENDING)], name="by_key"),
    ],
    PROGRAMS: [
        IndexModel([("app_key", ASCENDING)], name="by_host", unique=True),
        IndexModel([("current", ASCENDING)], name="running"),
    ],
    RELEASES: [
        IndexModel([("package_sha256", ASCENDING)], name="by_package", unique=True),
        IndexModel([("app_id", ASCENDING), ("version_code", DESCENDING)], name="by_version", unique=True),
        IndexModel([("app_key", ASCENDING), ("root", ASCENDING)], name="by_folder"),
    ],
    PACKAGE_KEYS: [
        IndexModel([("package", ASCENDING)], name="by_package"),
        IndexModel([("released", ASCENDING), ("at", DESCENDING)], name="released"),
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
            try:
                await self.mongo.collection(COUNTS).insert_one({"_id": _REVOKED, "count": Int64(0)})
            except DuplicateKeyError:
                return

    # --- organisations

    async def organisation_named(self, name_en: str, *, session: Session | None = None) -> Organisation | None:
        return _organisation(await self._one(ORGANISATIONS, {"names.en": name_en}, session))

    async def organisation_with_key(self, kid: str, *, session: Session | None = None) -> Organisation | None:
        """The one that has, or had, this key."""
        return _organisation(await self._one(ORGANISATIONS, {"keys.kid": kid}, session))

    async def organisations(self, ids: Iterable[str], *, session: Session | None = None) -> Mapping[str, Organisation]:
        """Those that there are, by id."""
        wanted = {"_id": {"$in": list(ids)}}
        async with answering():
            rows = await self.mongo.collection(ORGANISATIONS).find(wanted, session=session).to_list(None)
        return {row["_id"]: found for row in rows if (found := _organisation(row))}

    async def add_organisation(self, one: Organisation) -> None:
        """Nothing where there is one of its name: another process may have been first."""
        async with answering():
            try:
                await self.mongo.collection(ORGANISATIONS).insert_one({"_id": one.id, **_organisation_row(one)})
            except DuplicateKeyError:
                return

    async def put_organisation(self, one: Organisation, *, session: Session | None = None) -> None:
        """As it is now; made where there is none."""
        async with answering():
            await self.mongo.collection(ORGANISATIONS).replace_one(
                {"_id": one.id}, _organisation_row(one), upsert=True, session=session
            )

    # --- keys of one package each

    async def add_package_key(self, one: PackageKey, *, session: Session) -> None:
        """Once more is the same once more."""
        row: Document = {
            "jwk": dict(one.jwk),
            "organisation": one.organisation,
            "app_id": one.app_id,
            "package": one.package,
            "publisher": one.publisher,
            "at": one.at,
            "released": one.released,
        }
        of = {"_id": str(one.jwk["kid"])}
        await self.mongo.collection(PACKAGE_KEYS).update_one(of, {"$setOnInsert": row}, upsert=True, session=session)

    async def package_key(self, kid: str, *, session: Session | None = None) -> PackageKey | None:
        return _package_key(await self._one(PACKAGE_KEYS, {"_id": kid}, session))

    async def signing_package(self, one: Organisation, package: str) -> Organisation:
        """The same, with its keys that sign this package alone. package: SHA-256 of it without its signing block."""
        wanted = {"package": package, "organisation": one.id}
        own = await self._package_keys(wanted, most=_KEYS_OF_PACKAGE_MAX)
        return replace(one, keys=(*one.keys, *(key.jwk for key in own))) if own else one

    async def released_package_keys(self, *, most: int) -> Sequence[PackageKey]:
        """Of packages that were released, the last first."""
        return await self._package_keys({"released": True}, most=most)

    async def release_package_keys(self, package: str, *, session: Session) -> None:
        """What they signed is released: everybody may know them."""
        told = {"$set": {"released": True}}
        await self.mongo.collection(PACKAGE_KEYS).update_many({"package": package}, told, session=session)

    async def _package_keys(self, wanted: Document, *, most: int) -> Sequence[PackageKey]:
        async with answering():
            rows = await self.mongo.collection(PACKAGE_KEYS).find(wanted).sort("at", DESCENDING).to_list(most)
        return [key for row in rows if (key := _package_key(row))]

    # --- programs

    async def program(self, app_id: str, *, session: Session | None = None) -> Program | None:
        return _program(await self._one(PROGRAMS, {"_id": app_id}, session))

    async def running(self, *, most: int) -> list[Program]:
        """Programs that have a release, up to `most`."""
        async with answering():
            found = self.mongo.collection(PROGRAMS).find({"current": {"$type": "string"}}).sort("_id", ASCENDING)
            rows = await found.limit(most).to_list(None)
        return [program for row in rows if (program := _program(row))]

    async def signing(self) -> set[str]:
        """Organisations of which something was signed that was not taken back as a whole."""
        async with answering():
            return set(await self.mongo.collection(PROGRAMS).distinct("organisation", {"revoked": False}))

    async def programs(self, ids: Iterable[str]) -> list[Program]:
        """Those that there are, whether or not they have a release."""
        async with answering():
            rows = await self.mongo.collection(PROGRAMS).find({"_id": {"$in": list(ids)}}).to_list(None)
        return [program for row in rows if (program := _program(row))]

    async def terms(self, app_id: str, *, session: Session | None = None) -> Terms:
        row = await self._one(TERMS, {"_id": app_id}, session)
        return _terms(row) if row else Terms()

    async def all_terms(self, *, most: int) -> Mapping[str, Terms]:
        """Of the programs about which something was settled."""
        async with answering():
            rows = await self.mongo.collection(TERMS).find().limit(most).to_list(None)
        return {row["_id"]: _terms(row) for row in rows}

    async def put_terms(
        self, app_id: str, one: Terms, change: Mapping[str, Any] | None = None, *, session: Session
    ) -> None:
        """change: who gave or took what, and why; the last ones are kept."""
        districts = None if one.districts is None else sorted(one.districts)
        row: Document = {
            "$set": {"given": sorted(one.given), "taken": sorted(one.taken), "districts": districts},
            **({"$push": {"changes": {"$each": [dict(change)], "$slice": -_CHANGES_MAX}}} if change else {}),
        }
        await self.mongo.collection(TERMS).update_one({"_id": app_id}, row, upsert=True, session=session)

    async def put_program(self, one: Program, *, session: Session) -> None:
        row = {
            "app_key": one.app_key,
            "organisation": one.organisation,
            "category": one.category.value,
            "words": {locale.value: _words_row(words) for locale, words in one.words.items()},
            "icon": one.icon,
            "version_name": one.version_name,
            "version_code": one.version_code,
            "newest_code": one.newest_code,
            "current": one.current,
            "revoked": one.revoked,
            "rollout": asdict(one.rollout) if one.rollout else None,
            "trial": one.trial,
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

    async def put_release(self, one: Release, package: bytes, *, session: Session) -> None:
        row = {
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
            "tabs": {locale.value: list(texts) for locale, texts in one.tabs.items()},
            "granted": sorted(one.granted),
            "log_index": Int64(one.log_index),
            "at": one.at,
            "by": one.by,
            "because": one.because,
        }
        await self.mongo.collection(RELEASES).replace_one({"_id": one.id}, row, upsert=True, session=session)
        of = {"_id": one.package_sha256}
        await self.mongo.collection(PACKAGES).replace_one(of, {"raw": package}, upsert=True, session=session)

    async def drop_trial(self, id: str, *, session: Session) -> None:
        """Forget what was only ever tried."""
        row = await self.mongo.collection(RELEASES).find_one_and_delete(
            {"_id": id, "state": ReleaseState.TRIAL.value}, session=session
        )
        if row is not None:
            await self.mongo.collection(PACKAGES).delete_one({"_id": row["package_sha256"]}, session=session)

    async def set_state(self, id: str, state: ReleaseState, *, because: str = "", session: Session) -> None:
        told = {"$set": {"state": state.value, "because": because}}
        await self.mongo.collection(RELEASES).update_one({"_id": id}, told, session=session)

    async def state_of(self, id: str) -> tuple[ReleaseState, int] | None:
        """With the number of its leaf in the log, which is another one when it was approved anew."""
        async with answering():
            row = await self.mongo.collection(RELEASES).find_one({"_id": id}, {"state": 1, "log_index": 1})
        return (ReleaseState(row["state"]), int(row["log_index"])) if row else None

    async def package(self, sha256: str) -> bytes | None:
        """As it is handed out, with every signature. sha256: of it without its signing block."""
        row = await self._one(PACKAGES, {"_id": sha256})
        return bytes(row["raw"]) if row else None

    # --- revocations

    async def add_revocation(self, one: Revocation, *, by: str, session: Session) -> None:
        await self._count(expected=one.sequence - 1, session=session)
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

    async def _count(self, *, expected: int, session: Session) -> None:
        counts = self.mongo.collection(COUNTS)
        row = await counts.find_one_and_update({"_id": _REVOKED}, {"$inc": {"count": Int64(1)}}, session=session)
        if row is None or row["count"] != expected:
            raise RuntimeError(f"{COUNTS} of {_REVOKED} is not what its rows say")

    async def _one(self, collection: str, wanted: Mapping[str, Any], session: Session | None = None) -> Document | None:
        async with answering():
            return await self.mongo.collection(collection).find_one(wanted, session=session)


def _package_key(row: Document | None) -> PackageKey | None:
    if row is None:
        return None
    return PackageKey(
        jwk=row["jwk"],
        organisation=row["organisation"],
        app_id=row["app_id"],
        package=row["package"],
        publisher=row["publisher"],
        at=row["at"],
        released=row["released"],
    )


def _organisation_row(one: Organisation) -> Document:
    return {
        "names": {locale.value: name for locale, name in one.names.items()},
        "verified": one.verified,
        "key_id": one.key_id,
        "keys": [dict(key) for key in one.keys],
        "retiring": dict(one.retiring),
        "added": dict(one.added),
    }


def _organisation(row: Document | None) -> Organisation | None:
    if row is None:
        return None
    names = {Locale(locale): name for locale, name in row["names"].items()}
    return Organisation(
        id=row["_id"],
        names=names,
        verified=row["verified"],
        key_id=row["key_id"],
        keys=tuple(row["keys"]),
        retiring=row.get("retiring", {}),
        added=row.get("added", {}),
    )


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
        version_code=int(row.get("version_code") or row["newest_code"]),
        newest_code=row["newest_code"],
        current=row["current"],
        revoked=row["revoked"],
        rollout=Rollout(**row["rollout"]) if row.get("rollout") else None,
        trial=row.get("trial"),
    )


def _terms(row: Document) -> Terms:
    districts = None if row["districts"] is None else frozenset(row["districts"])
    return Terms(frozenset(row["given"]), frozenset(row["taken"]), districts)


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
        # Rows that are older than tabs in languages have none.
        tabs={Locale(locale): tuple(texts) for locale, texts in row.get("tabs", {}).items()},
        granted=frozenset(row["granted"]),
        log_index=int(row["log_index"]),
        at=row["at"],
        by=row["by"],
        because=row["because"],
    )
