"""The audit: what was written is proven, and what was changed afterwards is found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import pytest_asyncio

from core.audit import CHECKPOINTS, ENTRIES, HEAD, KEY_OVERLAP, KEY_PURPOSE, AuditLog, Checkpoint, CheckpointMalformed
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo, Session
from tests.support.attacks import against


@pytest_asyncio.fixture
async def audit(mongo: Mongo, cipher: FieldCipher, clock: FixedClock, ids: Ids) -> AuditLog:
    keys = KeyRing(
        purpose=KEY_PURPOSE, algorithm=Algorithm.ED25519, mongo=mongo, cipher=cipher, clock=clock, overlap=KEY_OVERLAP
    )
    log = AuditLog(mongo=mongo, keys=keys, ids=ids, clock=clock)
    await log.open()
    return log


async def _write(audit: AuditLog, clock: FixedClock, count: int = 1) -> None:
    async def work(session: Session) -> None:
        for number in range(count):
            await audit.append("test.done", actor="cit_1", about={"number": number, "of": ["a", "b"]}, session=session)

    await audit.mongo.transaction(work)
    clock.advance(seconds=1)


async def test_a_chain_proves_itself(audit: AuditLog, clock: FixedClock) -> None:
    await _write(audit, clock, 3)
    first = await audit.seal()
    await _write(audit, clock, 2)
    proof = await audit.prove()
    assert (proof.entries, proof.waiting, proof.checkpoints, proof.faults) == (3, 2, 1, ())
    second = await audit.seal()
    assert first is not None and second is not None and (first.seq, second.seq) == (3, 5)
    assert await audit.latest() == second
    assert await audit.seal() is None
    proof = await audit.prove(kept=first)
    assert (proof.entries, proof.waiting, proof.checkpoints, proof.sound) == (5, 0, 2, True)


async def test_an_empty_chain_is_sound(audit: AuditLog) -> None:
    assert await audit.seal() is None
    assert (await audit.prove()).sound


async def test_what_was_not_committed_is_not_there(audit: AuditLog) -> None:
    async def work(session: Session) -> None:
        await audit.append("test.done", actor="cit_1", session=session)
        raise KeyError

    with pytest.raises(KeyError):
        await audit.mongo.transaction(work)
    assert await audit.mongo.collection(ENTRIES).count_documents({}) == 0


async def test_processes_that_seal_at_once_make_one_chain(audit: AuditLog, clock: FixedClock) -> None:
    await asyncio.gather(*(_write(audit, clock, 40) for _ in range(5)), *(audit.seal() for _ in range(5)))
    await audit.seal()
    proof = await audit.prove()
    assert (proof.entries, proof.waiting, proof.faults) == (200, 0, ())


async def _change(audit: AuditLog) -> None:
    await audit.mongo.collection(ENTRIES).update_one({"seq": 2}, {"$set": {"actor": "cit_2"}})


async def _remove(audit: AuditLog) -> None:
    await audit.mongo.collection(ENTRIES).delete_one({"seq": 2})


async def _cut_off(audit: AuditLog) -> None:
    await audit.mongo.collection(ENTRIES).delete_many({"seq": {"$gt": 2}})


async def _make_anew(audit: AuditLog) -> None:
    """Whoever holds the database but not the key: entries and links fit, checkpoints do not."""
    await audit.mongo.collection(ENTRIES).update_many(
        {}, {"$set": {"waits": True, "actor": "cit_2"}, "$unset": {"seq": 1}}
    )
    await audit.mongo.collection(HEAD).delete_many({})
    while await audit.mongo.transaction(audit._link_batch):
        pass


async def _forge_checkpoint(audit: AuditLog) -> None:
    row = await audit.mongo.collection(CHECKPOINTS).find_one({})
    assert row is not None
    forged = row["text"].replace("\n4\n", "\n3\n", 1)
    await audit.mongo.collection(CHECKPOINTS).update_one({"_id": row["_id"]}, {"$set": {"text": forged}})


@pytest.mark.parametrize(
    "tamper", [_change, _remove, _cut_off, _make_anew, _forge_checkpoint], ids=lambda f: f.__name__
)
@against("audit", "changed afterwards")
async def test_a_change_is_found(
    audit: AuditLog, clock: FixedClock, tamper: Callable[[AuditLog], Awaitable[None]]
) -> None:
    await _write(audit, clock, 4)
    await audit.seal()
    assert (await audit.prove()).sound
    await tamper(audit)
    assert not (await audit.prove()).sound


@against("audit", "changed afterwards")
async def test_a_chain_made_anew_with_our_own_key_does_not_hold_what_somebody_kept(
    audit: AuditLog, clock: FixedClock
) -> None:
    await _write(audit, clock, 4)
    kept = await audit.seal()
    assert kept is not None
    await _make_anew(audit)
    await audit.mongo.collection(CHECKPOINTS).delete_many({})
    await audit.seal()
    assert (await audit.prove()).sound
    assert (await audit.prove(kept=kept)).faults == ("Entry 4 is not what the checkpoint that was kept says.",)


async def test_old_checkpoints_verify_after_keys_were_rotated(audit: AuditLog, clock: FixedClock) -> None:
    await _write(audit, clock)
    await audit.seal()
    await audit.keys.rotate()
    clock.advance(seconds=timedelta(days=3650).total_seconds() - 60)
    await _write(audit, clock)
    await audit.seal()
    proof = await audit.prove()
    assert (proof.checkpoints, proof.sound) == (2, True)


async def test_a_checkpoint_reads_back(audit: AuditLog, clock: FixedClock) -> None:
    await _write(audit, clock)
    made = await audit.seal()
    assert made is not None
    assert Checkpoint.parse(made.text) == made
    assert made.text.startswith("citytong-audit/1\n1\n")


@pytest.mark.parametrize("text", ["", "citytong-audit/1\n", "citytong-audit/1\n1\nAAAA\n2026\n\nAAAA BBBB\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointMalformed):
        Checkpoint.parse(text)
