"""The transparency log: what the city released, in one order for everybody, which only grows.

Its tree is kept in tiles beside its leaves, so a release reads and writes the few at the edge, however long the log is;
and anybody who asks for them checks for themself what stands in it, and that it grew.
Sources: C2SP tlog-tiles and tlog-checkpoint; `miniapps/bundles/tiles.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bson.int64 import Int64
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymongo import ASCENDING, DESCENDING, ReplaceOne
from pymongo.errors import DuplicateKeyError

from core.keys import KeyRing
from core.mongo import Mongo, Session, answering
from miniapps.bundles import tiles, tlog
from miniapps.bundles.tiles import Place, Tile, Tree
from miniapps.releases.signing import private_key, public_keys
from miniapps.releases.store import COUNTS

LEAVES: Final = "mini_log"
TILES: Final = "mini_log_tiles"
_SIZE: Final = "log"
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Log:
    """origin: its name for ever, which its checkpoints begin with: no address.

    Every method that reads or writes it raises Unavailable when MongoDB does not answer.
    """

    origin: str
    keys: KeyRing
    mongo: Mongo

    async def open(self) -> None:
        """Begin to count; and a log that is older than its tiles gets them."""
        async with answering():
            try:
                await self.mongo.collection(COUNTS).insert_one({"_id": _SIZE, "count": Int64(0)})
            except DuplicateKeyError:
                await self.mongo.transaction(self._lay)

    async def _lay(self, session: Session) -> None:
        if await self._tiles([(0, 0)], session):
            return
        rows = self.mongo.collection(LEAVES).find({}, {"entry": 1}, session=session).sort("_id", ASCENDING)
        await self._put(tiles.laid([tlog.leaf_hash(row["entry"]) for row in await rows.to_list(None)]), session)

    def note_keys(self) -> list[tlog.NoteKey]:
        """Those that its checkpoints are checked with, the next one included."""
        keys = public_keys(self.keys.jwks()["keys"]).values()
        return [tlog.NoteKey(self.origin, key) for key in keys if isinstance(key, Ed25519PublicKey)]

    async def append(self, entry: bytes, *, session: Session) -> tuple[int, str]:
        """Log `entry`: its number, and the proof that it stands there (C2SP tlog-proof)."""
        index, leaf = await self._next(session), tlog.leaf_hash(entry)
        before = await self._tiles(tiles.edge(index), session)
        changed = tiles.grown(index, leaf, before)
        tree = Tree(index + 1, {**before, **changed})
        checkpoint = self._signed(tree)
        row = {"_id": Int64(index), "entry": entry, "checkpoint": checkpoint}
        await self.mongo.collection(LEAVES).insert_one(row, session=session)
        await self._put(changed, session)
        return index, tlog.write_proof(index, tree.inclusion(index), checkpoint)

    async def checkpoint(self) -> str:
        """The signed note of the tree as it is now."""
        async with answering():
            row = await self.mongo.collection(LEAVES).find_one({}, {"checkpoint": 1}, sort=[("_id", DESCENDING)])
        return str(row["checkpoint"]) if row else self._signed(Tree(0, {}))

    async def hashes(self, tile: Tile) -> bytes | None:
        """The tile; None if the log is not there yet."""
        held = (await self._tiles([tile.place])).get(tile.place, b"")
        wanted = tile.width * _HASH_BYTES
        return held[:wanted] if len(held) >= wanted else None

    async def entries(self, tile: Tile) -> bytes | None:
        """The bundle of the tile's entries; None if the log is not there yet."""
        first = tile.number * tiles.WIDTH
        wanted = {"_id": {"$gte": Int64(first), "$lt": Int64(first + tile.width)}}
        async with answering():
            found = self.mongo.collection(LEAVES).find(wanted, {"entry": 1}).sort("_id", ASCENDING)
            rows = await found.to_list(None)
        return tiles.write_entries(row["entry"] for row in rows) if len(rows) == tile.width else None

    def _signed(self, tree: Tree) -> str:
        return tlog.sign_checkpoint(tlog.Checkpoint(self.origin, tree.size, tree.root()), private_key(self.keys.active))

    async def _next(self, session: Session) -> int:
        counted = {"$inc": {"count": Int64(1)}}
        row = await self.mongo.collection(COUNTS).find_one_and_update({"_id": _SIZE}, counted, session=session)
        assert row is not None, "it was made when the log was opened"
        return int(row["count"])

    async def _tiles(self, places: Iterable[Place], session: Session | None = None) -> Mapping[Place, bytes]:
        """Those of them that there are."""
        by_id = {_id(place): place for place in places}
        async with answering():
            rows = await self.mongo.collection(TILES).find({"_id": {"$in": list(by_id)}}, session=session).to_list(None)
        return {by_id[row["_id"]]: bytes(row["hashes"]) for row in rows}

    async def _put(self, changed: Mapping[Place, bytes], session: Session) -> None:
        writes = [ReplaceOne({"_id": _id(place)}, {"hashes": hashes}, upsert=True) for place, hashes in changed.items()]
        if writes:
            await self.mongo.collection(TILES).bulk_write(writes, session=session)


def _id(place: Place) -> str:
    level, number = place
    return f"{level}/{number}"
