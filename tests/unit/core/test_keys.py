"""Key rings: one active key for every process, rotation with overlap, nothing readable at rest."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.clock import FixedClock
from core.crypto import FieldCipher, UnsealError
from core.keys import Algorithm, KeyRing, KeyState, NextKeyTooYoung
from core.mongo import Mongo


def ring(mongo: Mongo, cipher: FieldCipher, clock: FixedClock, algorithm: Algorithm = Algorithm.ED25519) -> KeyRing:
    return KeyRing(
        purpose="test", algorithm=algorithm, mongo=mongo, cipher=cipher, clock=clock, overlap=timedelta(minutes=10)
    )


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_processes_share_one_active_key(
    mongo: Mongo, cipher: FieldCipher, clock: FixedClock, algorithm: Algorithm
) -> None:
    rings = [ring(mongo, cipher, clock, algorithm) for _ in range(4)]
    await asyncio.gather(*(one.open() for one in rings))
    assert len({one.active.kid for one in rings}) == 1
    assert len(rings[0].jwks()["keys"]) == 2
    for jwk in rings[0].jwks()["keys"]:
        assert jwk["alg"] == algorithm.value and jwk["use"] == "sig" and "d" not in jwk


async def test_rotation_keeps_the_old_key_verifying_for_its_overlap(
    mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    mine, other = ring(mongo, cipher, clock), ring(mongo, cipher, clock)
    await mine.open()
    await other.open()
    old = mine.active
    published_next = next(k["kid"] for k in mine.jwks()["keys"] if k["kid"] != old.kid)
    new = await mine.rotate()
    assert new.kid == published_next, "a key is published before it signs"
    retired = await mine.find(old.kid)
    assert retired is not None and retired.state is KeyState.RETIRED
    newest = next(k["kid"] for k in mine.jwks()["keys"] if k["kid"] not in (old.kid, new.kid))
    clock.advance(seconds=3)
    assert await other.find(newest) is not None, "an unknown kid makes a process look again"
    clock.advance(seconds=600)
    assert await mine.find(old.kid) is None
    assert old.kid not in [k["kid"] for k in mine.jwks()["keys"]]


async def test_a_key_that_verifiers_may_not_know_yet_does_not_sign(
    mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    one = ring(mongo, cipher, clock)
    await one.open()
    active = one.active.kid
    with pytest.raises(NextKeyTooYoung):
        await one.rotate(published_for=timedelta(minutes=10))
    assert one.active.kid == active and len(one.jwks()["keys"]) == 2
    clock.advance(seconds=600)
    assert (await one.rotate(published_for=timedelta(minutes=10))).kid != active


async def test_unknown_kids_cannot_make_the_database_busy(
    mongo: Mongo, cipher: FieldCipher, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ring(mongo, cipher, clock)
    await one.open()
    clock.advance(seconds=3)
    loads = 0
    real = one.reload

    async def counted() -> None:
        nonlocal loads
        loads += 1
        await real()

    monkeypatch.setattr(one, "reload", counted)
    for n in range(50):
        assert await one.find(f"X{n:03d}") is None
    assert loads == 1


async def test_private_keys_are_sealed_at_rest(mongo: Mongo, cipher: FieldCipher, clock: FixedClock) -> None:
    one = ring(mongo, cipher, clock)
    await one.open()
    secret = bytes(one.active.private)  # type: ignore[arg-type]
    rows = await mongo.collection("signing_keys").find().to_list()
    assert len(rows) == 2 and all(secret not in row["private"] for row in rows)
    assert secret.hex() not in repr(one.active)
    with pytest.raises(UnsealError):
        await ring(mongo, FieldCipher(bytes(32)), clock).reload()
