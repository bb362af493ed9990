"""The log in MongoDB and over HTTP: it grows at its edge, and whoever reads it checks it with the SDK's library."""

from __future__ import annotations

from functools import partial

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from bson.int64 import Int64

from core.mongo import Mongo, Session
from miniapps.bundles import tiles, tlog
from miniapps.bundles.errors import BundleError
from miniapps.bundles.tiles import Tile, Tree, View
from miniapps.releases import log_http
from miniapps.releases.log import LEAVES, TILES, Log
from miniapps.releases.signing import private_key
from miniapps.releases.store import COUNTS
from tests.support.threats import covers
from tests.unit.miniapps.releases.workshop import Workshop

# The last leaf that is missing to fill a tile.
BEGUN = 255


def entry(number: int) -> bytes:
    return b"release %d" % number


async def grown(log: Log, mongo: Mongo, numbers: range) -> list[str]:
    """The proofs of one more entry for each number."""
    return [await mongo.transaction(partial(_append, log, number)) for number in numbers]


async def _append(log: Log, number: int, session: Session) -> str:
    return (await log.append(entry(number), session=session))[1]


async def begun(log: Log, mongo: Mongo, size: int) -> None:
    """A log as it was kept before there were tiles, opened by the city of now."""
    rows = [{"_id": Int64(number), "entry": entry(number), "checkpoint": ""} for number in range(size)]
    await mongo.collection(LEAVES).insert_many(rows)
    await mongo.collection(COUNTS).update_one({"_id": "log"}, {"$set": {"count": Int64(size)}})
    await log.open()


def keys(log: Log) -> tlog.NoteKey:
    return next(key for key in log.note_keys() if key.public.public_bytes_raw() == _active(log))


def _active(log: Log) -> bytes:
    return private_key(log.keys.active).public_key().public_bytes_raw()


@covers("T30")
async def test_who_reads_the_log_checks_every_entry_and_that_it_only_grew(workshop: Workshop, mongo: Mongo) -> None:
    log = workshop.releases.log
    key = keys(log)
    async with _client(log) as client:
        empty = tlog.read_checkpoint(await _text(client, "/tlog/checkpoint"), key)
        assert (empty.size, empty.root) == (0, tlog.root([]))
        await begun(log, mongo, BEGUN)
        (proof,) = await grown(log, mongo, range(BEGUN, BEGUN + 1))
        assert tlog.check_proof(proof, entry(BEGUN), key) == BEGUN
        seen = tlog.read_checkpoint(await _text(client, "/tlog/checkpoint"), key)
        proofs = await grown(log, mongo, range(BEGUN + 1, BEGUN + 3))
        for number, one in enumerate(proofs, start=BEGUN + 1):
            assert tlog.check_proof(one, entry(number), key) == number
        told = tlog.read_checkpoint(await _text(client, "/tlog/checkpoint"), key)
        assert (seen.size, told.size) == (256, 258)
        wanted = tiles.tiles_of_growth(seen.size, told.size)
        assert [tile.path for tile in wanted] == ["0/001.p/2", "1/000.p/1"]
        tree = Tree(told.size, {tile.place: await _tile(client, tile) for tile in wanted})
        assert tiles.compare(seen, told, tree) is View.GREW and tiles.compare(told, seen, tree) is View.OLDER
        assert tlog.consistent(seen.size, seen.root, told.size, told.root, tree.consistency(seen.size))
        bundles = [Tile(tiles.ENTRIES, 0), Tile(tiles.ENTRIES, 1, 2)]
        entries = [one for tile in bundles for one in tiles.read_entries(await _tile(client, tile))]
        assert entries == [entry(number) for number in range(258)]
        hashes = await _tile(client, Tile(0, 0)) + await _tile(client, Tile(0, 1, 2))
        assert hashes == b"".join(map(tlog.leaf_hash, entries))


async def test_tiles_are_kept_for_ever_by_anybody_and_others_are_not_there(workshop: Workshop, mongo: Mongo) -> None:
    log = workshop.releases.log
    await grown(log, mongo, range(3))
    async with _client(log) as client:
        for path in ("tile/0/000.p/3", "tile/0/000.p/1", "tile/entries/000.p/3"):
            async with client.get(f"/tlog/{path}") as response:
                assert response.status == 200
                assert response.headers["Content-Type"] == "application/octet-stream"
                assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                assert response.headers["Access-Control-Allow-Origin"] == "*"
        async with client.get("/tlog/checkpoint") as response:
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert (response.headers["Cache-Control"], response.headers["Access-Control-Allow-Origin"]) == (
                "no-cache",
                "*",
            )
        for path in (
            "0/000",
            "0/000.p/4",
            "0/001.p/1",
            "1/000.p/1",
            "entries/000",
            "entries/000.p/4",
            "0/000.p/0",
            "9",
        ):
            async with client.get(f"/tlog/tile/{path}") as response:
                assert response.status == 404, path


async def test_a_log_whose_tiles_were_lost_does_not_grow_into_another(workshop: Workshop, mongo: Mongo) -> None:
    log = workshop.releases.log
    await grown(log, mongo, range(2))
    await mongo.collection(TILES).delete_many({})
    with pytest.raises(BundleError, match="missing"):
        await grown(log, mongo, range(2, 3))
    assert await mongo.collection(LEAVES).count_documents({}) == 2
    await log.open()
    (proof,) = await grown(log, mongo, range(2, 3))
    assert tlog.check_proof(proof, entry(2), keys(log)) == 2


def _client(log: Log) -> TestClient[web.Request, web.Application]:
    app = web.Application()
    app.add_routes(log_http.routes(log))
    return TestClient(TestServer(app))


async def _text(client: TestClient[web.Request, web.Application], path: str) -> str:
    async with client.get(path) as response:
        assert response.status == 200
        return await response.text()


async def _tile(client: TestClient[web.Request, web.Application], tile: Tile) -> bytes:
    async with client.get(f"/tlog/tile/{tile.path}") as response:
        assert response.status == 200, tile
        return await response.read()
