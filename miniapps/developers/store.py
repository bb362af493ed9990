"""Who builds, in MongoDB: developers, accounts, apps, names that are taken, facts.

Rules
- The organisation itself, with the keys that packages are signed by, is `releases`' row; an account is what stands
  beside it under the same id.
- A name of an app is taken by one organisation for ever, and with it every name that looks like it.
- Facts leave when they count no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.ids import Ids, is_id
from core.locale import Locale
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from miniapps.developers.model import Account, AccountKind, App, Developer, Key, KeyUse, Rated, Role
from miniapps.developers.rating import COUNTED_FOR, Fact, Grade
from miniapps.releases.model import Category

DEVELOPERS: Final = "mini_developers"
ACCOUNTS: Final = "mini_accounts"
APPS: Final = "mini_apps"
APP_NAMES: Final = "mini_app_names"
FACTS: Final = "mini_facts"
_INDEXES: Final = {
    DEVELOPERS: [IndexModel([("citizen", ASCENDING)], name="of_citizen", unique=True)],
    ACCOUNTS: [
        IndexModel([("name_key", ASCENDING)], name="by_name", unique=True),
        IndexModel([("of", ASCENDING)], name="by_whose", unique=True, partialFilterExpression={"kind": "ORGANISATION"}),
        IndexModel([("members.developer", ASCENDING)], name="of_member"),
    ],
    APPS: [
        IndexModel([("organisation", ASCENDING), ("_id", ASCENDING)], name="of_organisation"),
        IndexModel([("keys.jwk.kid", ASCENDING)], name="by_key"),
    ],
    FACTS: [
        IndexModel([("organisation", ASCENDING), ("at", DESCENDING)], name="of_organisation"),
        IndexModel([("at", ASCENDING)], name="leaves", expireAfterSeconds=int(COUNTED_FOR.total_seconds())),
    ],
}


@dataclass(frozen=True, slots=True)
class DeveloperStore:
    """Every method raises Unavailable when MongoDB does not answer. session: of the transaction that it is part of."""

    mongo: Mongo
    ids: Ids

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    # --- developers

    async def developer(self, id: str) -> Developer | None:
        return _developer(await self._one(DEVELOPERS, {"_id": id}))

    async def developer_of(self, citizen: str) -> Developer | None:
        return _developer(await self._one(DEVELOPERS, {"citizen": citizen}))

    async def developers_of(self, citizens: Iterable[str]) -> Mapping[str, Developer]:
        """Those that there are, by citizen."""
        async with answering():
            rows = await self.mongo.collection(DEVELOPERS).find({"citizen": {"$in": list(citizens)}}).to_list(None)
        return {row["citizen"]: found for row in rows if (found := _developer(row))}

    async def made_developer(self, citizen: str, *, at: datetime) -> Developer:
        """The citizen's, from the first time on."""
        while (known := await self.developer_of(citizen)) is None:
            made: Document = {"_id": self.ids.new("dev"), "citizen": citizen, "since": at}
            async with answering():
                try:
                    await self.mongo.collection(DEVELOPERS).insert_one(made)
                except DuplicateKeyError:  # another request has just made it
                    continue
        return known

    async def move_developer(self, source: str, to: str, *, session: Session) -> None:
        changed = {"$set": {"citizen": to}}
        await self.mongo.collection(DEVELOPERS).update_one({"citizen": source}, changed, session=session)

    async def remove_developer(self, id: str, *, session: Session) -> None:
        await self.mongo.collection(DEVELOPERS).delete_one({"_id": id}, session=session)

    # --- accounts

    async def account(self, organisation: str, *, session: Session | None = None) -> Account | None:
        return _account(await self._one(ACCOUNTS, {"_id": organisation}, session))

    async def accounts(self, organisations: Iterable[str]) -> Mapping[str, Account]:
        """Those that there are, by id."""
        async with answering():
            rows = await self.mongo.collection(ACCOUNTS).find({"_id": {"$in": list(organisations)}}).to_list(None)
        return {row["_id"]: found for row in rows if (found := _account(row))}

    async def account_of(self, of: str, *, session: Session | None = None) -> Account | None:
        """The account of an organisation that is registered with the city."""
        return _account(await self._one(ACCOUNTS, {"kind": AccountKind.ORGANISATION.value, "of": of}, session))

    async def accounts_of(
        self, developer: str, organisations: Iterable[str], *, session: Session | None = None
    ) -> list[Account]:
        """Those that a developer is a member of, and those of these organisations (`org_…`), the oldest first."""
        registered = {"kind": AccountKind.ORGANISATION.value, "of": {"$in": list(organisations)}}
        wanted = {"$or": [{"members.developer": developer}, registered]}
        async with answering():
            found = self.mongo.collection(ACCOUNTS).find(wanted, session=session).sort("_id", ASCENDING)
            rows = await found.to_list(None)
        return [account for row in rows if (account := _account(row))]

    async def account_named(self, name_key: str, *, session: Session) -> Account | None:
        """name_key: as names are compared."""
        return _account(await self._one(ACCOUNTS, {"name_key": name_key}, session))

    async def add_account(self, one: Account, *, name_key: str, session: Session) -> None:
        row = {"_id": one.organisation, "name_key": name_key, **_account_row(one)}
        await self.mongo.collection(ACCOUNTS).insert_one(row, session=session)

    async def put_account(self, one: Account, *, session: Session, name_key: str | None = None) -> None:
        """name_key: None for the one that it has."""
        changed = {**_account_row(one), **({"name_key": name_key} if name_key is not None else {})}
        await self.mongo.collection(ACCOUNTS).update_one({"_id": one.organisation}, {"$set": changed}, session=session)

    async def hold(self, id: str, *, session: Session) -> None:
        """Of transactions that hold one developer (`dev_…`) or account, the second begins again after the first: what
        both count, neither passes unseen.
        """
        collection = DEVELOPERS if is_id(id, prefix="dev") else ACCOUNTS
        await self.mongo.collection(collection).update_one({"_id": id}, {"$inc": {"held": 1}}, session=session)

    # --- apps

    async def app(self, app_id: str, *, session: Session | None = None) -> App | None:
        """Without its domains."""
        return _app(await self._one(APPS, {"_id": app_id}, session))

    async def apps(self, app_ids: Iterable[str]) -> Mapping[str, App]:
        """Those that there are, by id. Without their domains."""
        async with answering():
            rows = await self.mongo.collection(APPS).find({"_id": {"$in": list(app_ids)}}).to_list(None)
        return {row["_id"]: found for row in rows if (found := _app(row))}

    async def apps_of(self, organisation: str, *, session: Session | None = None) -> list[App]:
        """By their ids. Without their domains."""
        async with answering():
            found = self.mongo.collection(APPS).find({"organisation": organisation}, session=session)
            rows = await found.sort("_id", ASCENDING).to_list(None)
        return [app for row in rows if (app := _app(row))]

    async def app_with_key(self, kid: str, *, session: Session) -> App | None:
        return _app(await self._one(APPS, {"keys.jwk.kid": kid}, session))

    async def add_app(self, one: App, *, session: Session) -> None:
        row = {
            "_id": one.app_id,
            "organisation": one.organisation,
            "names": {locale.value: name for locale, name in one.names.items()},
            "category": one.category.value,
            "keys": [_key_row(key) for key in one.backend_keys],
            "created_at": one.created_at,
        }
        await self.mongo.collection(APPS).insert_one(row, session=session)

    async def set_app_keys(self, app_id: str, keys: Iterable[Key], *, session: Session) -> None:
        told = {"$set": {"keys": [_key_row(key) for key in keys]}}
        await self.mongo.collection(APPS).update_one({"_id": app_id}, told, session=session)

    async def take_name(self, skeleton: str, organisation: str, *, session: Session) -> str:
        """Whose it is then: `organisation`, or who had it before. skeleton: of all names that look like this one."""
        row = await self.mongo.collection(APP_NAMES).find_one_and_update(
            {"_id": skeleton},
            {"$setOnInsert": {"organisation": organisation}},
            upsert=True,
            return_document=True,
            session=session,
        )
        return str(row["organisation"]) if row else organisation

    # --- facts

    async def add_fact(self, organisation: str, fact: Fact, *, at: datetime, session: Session) -> None:
        row = {"_id": self.ids.new("mfa"), "organisation": organisation, "fact": fact.value, "at": at}
        await self.mongo.collection(FACTS).insert_one(row, session=session)

    async def facts(self, organisations: Iterable[str], *, since: datetime) -> Mapping[str, Mapping[Fact, int]]:
        """How many of each kind there were, of each of them."""
        wanted = list(organisations)
        counted = [
            {"$match": {"organisation": {"$in": wanted}, "at": {"$gte": since}}},
            {"$group": {"_id": {"of": "$organisation", "fact": "$fact"}, "count": {"$sum": 1}}},
        ]
        async with answering():
            rows = await (await self.mongo.collection(FACTS).aggregate(counted)).to_list(None)
        found: dict[str, dict[Fact, int]] = {organisation: {} for organisation in wanted}
        for row in rows:
            found[row["_id"]["of"]][Fact(row["_id"]["fact"])] = int(row["count"])
        return found

    async def _one(self, collection: str, wanted: Mapping[str, Any], session: Session | None = None) -> Document | None:
        async with answering():
            return await self.mongo.collection(collection).find_one(wanted, session=session)


def _developer(row: Document | None) -> Developer | None:
    return Developer(row["_id"], row["citizen"], row["since"]) if row else None


def _account_row(one: Account) -> Document:
    rated = one.rated
    told = {"grade": rated.grade.value, "reason": rated.reason, "by": rated.by, "at": rated.at} if rated else None
    return {
        "kind": one.kind.value,
        "of": one.of,
        "members": [{"developer": developer, "role": role.value} for developer, role in one.members.items()],
        "since": one.since,
        "rated": told,
        "frozen": one.frozen,
    }


def _account(row: Document | None) -> Account | None:
    if row is None:
        return None
    rated = row["rated"]
    return Account(
        organisation=row["_id"],
        kind=AccountKind(row["kind"]),
        of=row["of"],
        members={one["developer"]: Role(one["role"]) for one in row["members"]},
        since=row["since"],
        rated=Rated(**{**rated, "grade": Grade(rated["grade"])}) if rated else None,
        frozen=row["frozen"],
    )


def _key_row(key: Key) -> Document:
    return {"jwk": dict(key.jwk), "use": key.use.value, "added_at": key.added_at, "retires_at": key.retires_at}


def _app(row: Document | None) -> App | None:
    if row is None:
        return None
    return App(
        app_id=row["_id"],
        organisation=row["organisation"],
        names={Locale(locale): name for locale, name in row["names"].items()},
        category=Category(row["category"]),
        domains=frozenset(),
        backend_keys=tuple(
            Key(one["jwk"], KeyUse(one["use"]), one["added_at"], one["retires_at"]) for one in row["keys"]
        ),
        created_at=row["created_at"],
    )
