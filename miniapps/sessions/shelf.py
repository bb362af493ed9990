"""What programs keep for citizens: names and values of each citizen and program, sealed, written all or nothing.

Rules
- Each citizen and program have a data key of their own, which the citizen's key seals: with that one destroyed, nobody
  reads any of it again. Names are sealed too, and found by a blind index under the data key.
- A write says which revision it was made for; the first of two that were made for the same one wins.
- There is a bound to a name, a value, how many there are, and all together; what does not fit changes nothing.
Source: docs/decisions/0054-consent-of-programs-stands-in-identitys-ledger.md
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.crypto import MASTER_KEY_BYTES, FieldCipher
from core.errors import BadInput
from core.ids import Ids
from core.jose import b64, unb64
from core.mongo import Collection, Document, Mongo, Session, answering, ensure_indexes
from core.personal import PersonalCipher
from miniapps.sessions.errors import StorageChanged, StorageFull

STORAGES: Final = "miniapps_storages"
ITEMS: Final = "miniapps_storage_items"
STORAGE_PREFIX: Final = "mst"
# As the bridge says (sdk/contract/bridge.schema.json, `limits`).
NAME_LENGTH_MAX: Final = 256
VALUE_BYTES_MAX: Final = 200 << 10
WHOLE_BYTES_MAX: Final = 10 << 20
ITEMS_MAX: Final = 5000
_PURPOSE: Final = "miniapps.storage"
_KEY: Final = "key"
_ITEM: Final = "item"
_INDEXES: Final = {
    STORAGES: [IndexModel([("citizen", ASCENDING), ("app", ASCENDING)], name="one_each", unique=True)],
    ITEMS: [IndexModel([("storage", ASCENDING)], name="of_storage")],
}


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a program keeps for a citizen. revision: 0 while it is nothing yet."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """clear: everything that was there goes first."""

    put: Mapping[str, Any] = field(default_factory=dict, repr=False)
    removed: frozenset[str] = frozenset()
    clear: bool = False

    @classmethod
    def of(cls, *, put: Any, removed: Iterable[str] | None, clear: bool | None) -> Change:
        """Raises: BadInput."""
        values, names = {} if put is None else put, frozenset(removed or ())
        if not isinstance(values, dict):
            raise BadInput(field="put", problem="must be an object")
        if len(values) > ITEMS_MAX or len(names) > ITEMS_MAX:
            raise BadInput(field="put", problem=f"must have {ITEMS_MAX} names at most")
        for name in values.keys() | names:
            if not 0 < len(name) <= NAME_LENGTH_MAX:
                raise BadInput(field="put", problem=f"must have names of 1 to {NAME_LENGTH_MAX} characters")
        if any(_size(value) > VALUE_BYTES_MAX for value in values.values()):
            raise BadInput(field="put", problem=f"must have values of {VALUE_BYTES_MAX} bytes at most")
        return cls(values, names - values.keys(), bool(clear))


@dataclass(frozen=True, slots=True)
class Shelf:
    mongo: Mongo
    personal: PersonalCipher
    ids: Ids

    async def open(self) -> None:
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def read(self, citizen: str, app_id: str) -> Kept:
        """Raises: Unavailable."""

        async def work(session: Session) -> tuple[Document | None, list[Document]]:
            head = await self._head(citizen, app_id, session)
            if head is None or not head["items"]:
                return head, []
            return head, await self._items.find({"storage": head["_id"]}, session=session).to_list(None)

        head, items = await self.mongo.snapshot(work)
        if head is None:
            return Kept()
        box = await self._box(head)
        opened = [orjson.loads(box.open(row["sealed"], purpose=_ITEM, owner=row["_id"])) for row in items]
        return Kept({name: value for name, value in sorted(opened, key=lambda pair: str(pair[0]))}, head["revision"])

    async def write(self, citizen: str, app_id: str, change: Change, *, revision: int) -> int:
        """All of the change, or nothing. Returns the new revision.

        Raises: StorageChanged (it is at another revision), StorageFull, Unavailable.
        """
        head = await self._made(citizen, app_id)
        box = await self._box(head)
        rows = {self._id(head, box, name): _item(name, value) for name, value in change.put.items()}
        gone = [self._id(head, box, name) for name in change.removed]
        sealed = {id_: box.seal(plain, purpose=_ITEM, owner=id_) for id_, plain in rows.items()}

        async def work(session: Session) -> int:
            now = await self._head(citizen, app_id, session)
            if now is None or now["_id"] != head["_id"] or now["revision"] != revision:
                raise StorageChanged(revision=now["revision"] if now else 0)
            which: Document = {"storage": head["_id"]}
            if not change.clear:
                which["_id"] = {"$in": [*rows, *gone]}
            before = await self._items.find(which, {"bytes": 1}, session=session).to_list(None)
            items = now["items"] - len(before) + len(rows)
            size = now["bytes"] - sum(row["bytes"] for row in before) + sum(map(len, rows.values()))
            if size > WHOLE_BYTES_MAX or items > ITEMS_MAX:
                raise StorageFull(bytes_max=WHOLE_BYTES_MAX)
            await self._items.delete_many(which, session=session)
            if rows:
                new = [
                    {"_id": id_, "storage": head["_id"], "sealed": sealed[id_], "bytes": len(plain)}
                    for id_, plain in rows.items()
                ]
                await self._items.insert_many(new, session=session)
            await self._storages.update_one(
                {"_id": head["_id"]},
                {"$set": {"revision": revision + 1, "bytes": size, "items": items}},
                session=session,
            )
            return revision + 1

        return await self.mongo.transaction(work)

    # --- a citizen's own data, and people who go

    async def everything(self, citizen: str) -> Mapping[str, Mapping[str, Any]]:
        """What every program keeps for this citizen, by the program's id. Raises: Unavailable."""
        async with answering():
            heads = await self._storages.find({"citizen": citizen}).to_list(None)
        return {head["app"]: (await self.read(citizen, head["app"])).values for head in heads}

    async def move(self, source: str, to: str) -> None:
        """An account is closed for another of the same person: what the other one has of a program stays, the rest
        comes over under its key. Moving twice is moving once. Raises: Unavailable.
        """
        async with answering():
            heads = await self._storages.find({"citizen": source}).to_list(None)
        for head in heads:
            key = await self.personal.open(head["key"], owner=source, purpose=_PURPOSE)
            sealed = await self.personal.seal(key, owner=to, purpose=_PURPOSE)
            try:
                async with answering():
                    moved = {"$set": {"citizen": to, "key": sealed}}
                    await self._storages.update_one({"_id": head["_id"], "citizen": source}, moved)
            except DuplicateKeyError:
                await self._drop(head["_id"])

    async def forget(self, citizen: str, *, app_id: str | None = None) -> None:
        """app_id: what this program keeps alone. Raises: Unavailable."""
        which = {"citizen": citizen, **({"app": app_id} if app_id is not None else {})}
        async with answering():
            heads = await self._storages.find(which, {"_id": 1}).to_list(None)
        for head in heads:
            await self._drop(head["_id"])

    async def _drop(self, storage: str) -> None:
        async with answering():
            # The head goes last: broken off, it is found again.
            await self._items.delete_many({"storage": storage})
            await self._storages.delete_one({"_id": storage})

    # --- keys and rows

    async def _made(self, citizen: str, app_id: str) -> Document:
        """The head, made where there is none."""
        found = await self._head(citizen, app_id, None)
        if found is not None:
            return found
        key = {_KEY: b64(secrets.token_bytes(MASTER_KEY_BYTES))}
        sealed = await self.personal.seal(key, owner=citizen, purpose=_PURPOSE)
        head: Document = {
            "_id": self.ids.new(STORAGE_PREFIX),
            "citizen": citizen,
            "app": app_id,
            "key": sealed,
            "revision": 0,
            "bytes": 0,
            "items": 0,
        }
        try:
            async with answering():
                await self._storages.insert_one(head)
        except DuplicateKeyError:
            found = await self._head(citizen, app_id, None)
            assert found is not None, "somebody else has just made it"
            return found
        return head

    async def _head(self, citizen: str, app_id: str, session: Session | None) -> Document | None:
        query = {"citizen": citizen, "app": app_id}
        if session is not None:
            return await self._storages.find_one(query, session=session)
        async with answering():
            return await self._storages.find_one(query)

    async def _box(self, head: Document) -> FieldCipher:
        """What seals this storage. Raises: UnsealError (its citizen's key is gone), Unavailable."""
        key = await self.personal.open(bytes(head["key"]), owner=head["citizen"], purpose=_PURPOSE)
        return FieldCipher(unb64(key[_KEY]))

    def _id(self, head: Document, box: FieldCipher, name: str) -> str:
        return f"{head['_id']}:{box.blind_index(name, purpose=_ITEM).hex()}"

    @property
    def _storages(self) -> Collection:
        return self.mongo.collection(STORAGES)

    @property
    def _items(self) -> Collection:
        return self.mongo.collection(ITEMS)


def _size(value: Any) -> int:
    """In bytes of JSON. Raises: BadInput, for what GraphQL's literals can say and no other program would read."""
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError as fault:
        raise BadInput(field="put", problem="must have whole numbers of 64 bits at most") from fault


def _item(name: str, value: Any) -> bytes:
    return orjson.dumps([name, value])
