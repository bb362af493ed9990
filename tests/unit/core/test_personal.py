"""What belongs to one person: it opens for its purpose alone, and never again when their key is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.crypto import UnsealError
from core.errors import Unavailable
from core.mongo import Mongo
from core.personal import KEYS, PersonalCipher

MASTER, OTHER = bytes(range(32)), bytes(range(1, 33))
FIELDS = {"name": "张丽华", "phone": "+8613800000001"}


@pytest_asyncio.fixture
async def personal(mongo: Mongo) -> AsyncIterator[PersonalCipher]:
    cipher = PersonalCipher(mongo, MASTER)
    await cipher.open_vault()
    yield cipher
    await cipher.close()


async def test_what_was_sealed_opens_for_its_owner_and_purpose_alone(personal: PersonalCipher) -> None:
    sealed = await personal.seal(FIELDS, owner="cit_1", purpose="citizen")
    assert "张丽华".encode() not in sealed and b"13800000001" not in sealed
    assert await personal.open(sealed, owner="cit_1", purpose="citizen") == FIELDS
    for owner, purpose in (("cit_2", "citizen"), ("cit_1", "session")):
        with pytest.raises(UnsealError):
            await personal.open(sealed, owner=owner, purpose=purpose)


@pytest.mark.parametrize("place", [0, 5, 20, 40, -1])
async def test_a_changed_byte_is_found(personal: PersonalCipher, place: int) -> None:
    sealed = bytearray(await personal.seal(FIELDS, owner="cit_1", purpose="citizen"))
    sealed[place] ^= 1
    with pytest.raises(UnsealError):
        await personal.open(bytes(sealed), owner="cit_1", purpose="citizen")


async def test_a_person_has_one_key_however_many_seal_at_once(personal: PersonalCipher, mongo: Mongo) -> None:
    processes = [PersonalCipher(mongo, MASTER) for _ in range(3)]
    sealed = await asyncio.gather(*(p.seal(FIELDS, owner="cit_1", purpose="citizen") for p in processes * 3))
    assert await mongo.collection(KEYS).count_documents({}) == 1
    for one in sealed:
        assert await personal.open(one, owner="cit_1", purpose="citizen") == FIELDS
    for process in processes:
        await process.close()


async def test_without_its_key_nothing_of_a_person_opens(personal: PersonalCipher) -> None:
    hers = await personal.seal(FIELDS, owner="cit_1", purpose="citizen")
    his = await personal.seal(FIELDS, owner="cit_2", purpose="citizen")
    assert await personal.shred("cit_1") is True
    with pytest.raises(UnsealError):
        await personal.open(hers, owner="cit_1", purpose="citizen")
    assert await personal.open(his, owner="cit_2", purpose="citizen") == FIELDS
    assert await personal.shred("cit_1") is False


async def test_a_new_master_key_wraps_anew_and_seals_nothing_again(
    personal: PersonalCipher, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.personal.REWRAPPED_AT_ONCE", 2)
    sealed = [await personal.seal(FIELDS, owner=f"cit_{n}", purpose="citizen") for n in range(3)]
    both = PersonalCipher(mongo, OTHER, (MASTER,))
    assert await both.open(sealed[0], owner="cit_0", purpose="citizen") == FIELDS
    assert await both.left() == 3
    assert [some async for some in both.rewrap()] == [2, 1]
    assert [some async for some in both.rewrap()] == []
    assert await both.left() == 0
    await both.close()
    alone = PersonalCipher(mongo, OTHER)
    assert await alone.open(sealed[2], owner="cit_2", purpose="citizen") == FIELDS
    await alone.close()
    late = PersonalCipher(mongo, MASTER)
    with pytest.raises(UnsealError):
        await late.open(sealed[2], owner="cit_2", purpose="citizen")
    await late.close()


async def test_a_database_that_is_away_is_said_to_be() -> None:
    away = PersonalCipher(Mongo.connect(url="mongodb://127.0.0.1:1", database="x", timeout_s=0.2), MASTER)
    with pytest.raises(Unavailable):
        await away.seal(FIELDS, owner="cit_1", purpose="citizen")
    await away.close()
    await away.mongo.close()


def test_keys_do_not_show() -> None:
    shown = repr(PersonalCipher(Mongo.connect(url="mongodb://127.0.0.1:1", database="x"), MASTER, (OTHER,)))
    assert "master_key" not in shown and "previous_keys" not in shown
