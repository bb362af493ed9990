"""Sealed rows come under another master key while the city writes them."""

from __future__ import annotations

import pytest

from core.crypto import FieldCipher, UnsealError
from core.index_root import CITY_KEYS, load_index_root
from core.index_root import SEALED as INDEX_ROOT
from core.mongo import Document, Mongo
from core.resealing import Progress, Renew, SealedField, of_element, reseal, with_cipher

OLD, NEW, THIRD = bytes(32), bytes(range(32)), bytes(range(1, 33))
ROWS = "sealed_rows"
WORDS = SealedField(ROWS, "words", "words")
NOTES = SealedField(ROWS, "lines.note", "note", of_element, needs=("lines.id",))


def _row(number: int, cipher: FieldCipher) -> Document:
    id_ = f"row_{number:04}"
    note = cipher.seal(b"a note", purpose="note", owner="b")
    return {
        "_id": id_,
        "words": cipher.seal(b"words", purpose="words", owner=id_),
        "lines": [{"id": "a"}, {"id": "b", "note": note}],
        "large": "not read",
    }


async def _run(mongo: Mongo, cipher: FieldCipher, *, dry: bool = False, renew: Renew | None = None) -> Progress:
    steps = [one async for one in reseal(mongo, (WORDS, NOTES), renew or with_cipher(cipher), dry=dry)]
    return steps[-1]


async def test_every_row_comes_under_the_new_key_once(mongo: Mongo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.resealing.AT_ONCE", 4)
    rows = mongo.collection(ROWS)
    await rows.insert_many([_row(number, FieldCipher(OLD)) for number in range(10)])
    both, alone = FieldCipher(NEW, (OLD,)), FieldCipher(NEW)
    assert await _run(mongo, both, dry=True) == Progress(ROWS, 10, 20, 0)
    assert await _run(mongo, alone) == Progress(ROWS, 10, 0, 20), "a dry run wrote nothing; no key opens these"
    assert await _run(mongo, both) == Progress(ROWS, 10, 20, 0)
    assert await _run(mongo, both) == Progress(ROWS, 10, 0, 0)
    found = await rows.find_one({"_id": "row_0007"})
    assert found is not None
    assert found["lines"][0] == {"id": "a"}
    assert found["large"] == "not read"
    assert alone.open(found["words"], purpose="words", owner="row_0007") == b"words"
    assert alone.open(found["lines"][1]["note"], purpose="note", owner="b") == b"a note"
    assert await _run(mongo, alone) == Progress(ROWS, 10, 0, 0)


async def test_what_is_written_or_deleted_meanwhile_stays_so(mongo: Mongo) -> None:
    old, both = FieldCipher(OLD), FieldCipher(NEW, (OLD,))
    rows = mongo.collection(ROWS)
    await rows.insert_many([_row(number, old) for number in range(3)])
    written = old.seal(b"newer words", purpose="words", owner="row_0001")

    async def meanwhile(place: SealedField, owner: str, sealed: bytes) -> bytes | None:
        if owner == "row_0001":
            await rows.update_one({"_id": owner}, {"$set": {"words": written}})
            await rows.delete_one({"_id": "row_0002"})
        return both.reseal(sealed, purpose=place.purpose, owner=owner)

    await _run(mongo, both, renew=meanwhile)
    kept = {row["_id"]: row["words"] async for row in rows.find()}
    assert set(kept) == {"row_0000", "row_0001"}
    assert kept["row_0001"] == written
    # The next run finds it.
    assert await _run(mongo, both) == Progress(ROWS, 2, 2, 0)
    assert await _run(mongo, both, dry=True) == Progress(ROWS, 2, 0, 0)


async def test_indexes_outlive_master_keys(mongo: Mongo) -> None:
    keys = mongo.collection(CITY_KEYS)
    first, second, later = FieldCipher(OLD), FieldCipher(OLD), FieldCipher(NEW, (OLD,))
    derived = first.blind_index("a phone", purpose="phone")
    for cipher in (first, second, later):
        await load_index_root(mongo, cipher)
    drawn = {cipher.blind_index("a phone", purpose="phone") for cipher in (first, second, later)}
    assert len(drawn) == 1 and drawn != {derived}, "one secret, and not the master key"
    assert [one async for one in reseal(mongo, [INDEX_ROOT], with_cipher(later))][-1].renewed == 1
    alone = FieldCipher(NEW)
    await load_index_root(mongo, alone)
    assert {alone.blind_index("a phone", purpose="phone")} == drawn
    with pytest.raises(UnsealError):
        await load_index_root(mongo, FieldCipher(THIRD))
    assert await keys.count_documents({}) == 1


async def test_a_city_from_before_goes_on_with_its_indexes(mongo: Mongo) -> None:
    old = FieldCipher(OLD)
    derived = old.blind_index("a phone", purpose="phone")
    private = old.seal(b"key", purpose="signing_key", owner="ABCD")
    row = {"_id": "x:ABCD", "kid": "ABCD", "purpose": "x", "created_at": 1, "private": private}
    await mongo.collection("signing_keys").insert_one(row)
    # Already with the next master key in hand, in either order of them.
    for cipher in (FieldCipher(OLD, (NEW,)), FieldCipher(NEW, (OLD,))):
        await mongo.collection(CITY_KEYS).delete_many({})
        await load_index_root(mongo, cipher)
        assert cipher.blind_index("a phone", purpose="phone") == derived
