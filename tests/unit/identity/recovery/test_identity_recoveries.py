"""A lost account: given back to a person who was seen, after a wait in which its owner is told; to nobody else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core.principal import ANONYMOUS, Method
from identity.model import EndReason
from identity.recovery.model import ChangeState, RecoveryState
from tests.support.attacks import against
from tests.unit.identity.recovery.lost import HERE, NEW_PHONE, OTHER_PHONE, Lost, person
from tests.unit.identity.room import OUYANG, ZHANG, outcome

ZHANGS = {"name": "张丽华", "id_number": "110101198503120025"}
NOBODYS = {"name": "王小明", "id_number": "11010119900307002X"}
CHILDS = {"name": "张小北", "id_number": "110101201706010015"}
SEEN, UNSEEN = timedelta(hours=24), timedelta(hours=72)


@against("skipping the second factor", "recovery")
async def test_who_was_seen_gets_the_account_after_a_wait_and_nothing_of_before_opens_it(lost: Lost) -> None:
    before = await lost.room.sign_in(ZHANG)
    zhang = await lost.room.principal(before)
    lost.strong.add(zhang.actor)
    asked = await lost.waiting(ZHANGS)
    assert (asked.recovery.state, asked.recovery.due_at) == (RecoveryState.WAITING, lost.desk.now + SEEN)
    assert await lost.notices() == [(ZHANG, "recovery_waits")]
    [told] = await lost.room.events("identity.recovery_waiting")
    assert told.payload["citizen"] == zhang.actor
    assert asked.secret not in repr(asked) and asked.secret.encode() not in await lost.room.dump()
    assert await outcome(lost.finish(asked)) == "IDENTITY_RECOVERY_WAITS"
    [shown] = await lost.recoveries.standing(principal=zhang)
    assert (shown.id, shown.masked_phone) == (asked.recovery.id, "137****0001")

    lost.later(SEEN)
    both = await asyncio.gather(*(lost.finish(asked) for _ in range(2)), return_exceptions=True)
    [signed_in] = [one for one in both if not isinstance(one, BaseException)]
    recovered = await lost.room.principal(signed_in)
    assert (recovered.actor, await lost.phone_of(zhang.actor)) == (zhang.actor, NEW_PHONE)
    assert recovered.methods == {Method.SMS, Method.FACE} and not recovered.strong
    assert lost.keyless[-1] == zhang.actor and zhang.actor not in lost.strong
    assert not await lost.live(before) and before.session.id in lost.room.identity.revocations
    ended = await lost.room.events("identity.session_ended")
    assert [event.payload["because"] for event in ended] == [EndReason.RECOVERED.value]
    assert [event.payload["citizen"] for event in await lost.room.events("identity.account_recovered")] == [zhang.actor]
    assert (await lost.notices())[-1] == (ZHANG, "recovered")
    assert [len(await lost.room.audited(f"recoveries.{one}")) for one in ("waiting", "finished")] == [1, 1]
    assert await outcome(lost.finish(asked)) == "IDENTITY_RECOVERY_EXPIRED"
    dump = await lost.room.dump()
    assert ZHANGS["id_number"].encode() not in dump and NEW_PHONE.encode() not in dump


@against("enumeration by message", "recovery")
async def test_until_a_person_was_seen_all_is_the_same_whoever_they_are(lost: Lost) -> None:
    answers = []
    for who, phone in ((ZHANGS, NEW_PHONE), (NOBODYS, OTHER_PHONE), (CHILDS, "13700000003")):
        asked = await lost.confirmed(who, phone)
        assert asked.check is not None
        answers.append((asked.recovery.state, asked.recovery.expires_at - lost.desk.now, asked.recovery.citizen))
        # Guesses at a result: another's key, another check, another person, nobody alive, no result at all.
        foreign = ec.generate_private_key(ec.SECP256R1())
        for result in (
            lost.faces.sees(asked, key=foreign),
            lost.faces.sees(asked, nonce="chk_0"),
            lost.faces.sees(asked, sub=person("李四", ZHANGS["id_number"])),
            "eyJhbGciOiJub25lIn0.e30.",
        ):
            refused = await outcome(lost.recoveries.prove(secret=asked.secret, result=result))
            assert refused == "IDENTITY_REAL_PERSON_NOT_PROVEN"
        proven = await outcome(lost.recoveries.prove(secret=asked.secret, result=lost.faces.sees(asked)))
        # Whoever was seen may learn of themself; a child and nobody are one answer.
        assert proven == ("ok" if who is ZHANGS else "IDENTITY_RECOVERY_NOT_HERE")
        lost.room.clock.advance(seconds=3600)
    assert len(set(answers)) == 1
    assert await outcome(lost.recoveries.confirm(secret="x" * 43, code="123456", origin=HERE)) == (
        "IDENTITY_RECOVERY_EXPIRED"
    )
    asked = await lost.confirmed({**NOBODYS, "id_number": "11010519910404001X"}, "13700000004")
    for _ in range(5):
        await outcome(lost.recoveries.prove(secret=asked.secret, result="x"))
    assert await outcome(lost.recoveries.prove(secret=asked.secret, result="x")) == "AUTH_TOO_MANY_REQUESTS"
    for _ in range(4):
        await lost.begin(NOBODYS, OTHER_PHONE)
        lost.room.clock.advance(seconds=3600)
    assert await outcome(lost.begin(NOBODYS, "13700000005")) == "AUTH_TOO_MANY_REQUESTS"


@against("reading another's", "recovery")
async def test_whoever_is_signed_in_stops_it_and_nobody_else_does(lost: Lost) -> None:
    zhang, ouyang = await lost.room.citizen(ZHANG), await lost.room.citizen(OUYANG)
    asked = await lost.waiting(ZHANGS)
    id_ = asked.recovery.id
    stop = lost.recoveries.stop
    assert await outcome(stop(principal=ouyang, recovery_id=id_)) == "IDENTITY_RECOVERY_NOT_OPEN"
    assert await outcome(stop(principal=ANONYMOUS, recovery_id=id_)) == "UNAUTHENTICATED"
    assert await outcome(stop(principal=await lost.room.acting(actor=zhang), recovery_id=id_)) == "FORBIDDEN"
    assert await lost.recoveries.standing(principal=ouyang) == []
    # The id that the owner sees opens nothing.
    lost.later(SEEN)
    assert await outcome(lost.recoveries.finish(secret=id_, device_name="x", origin=HERE)) == (
        "IDENTITY_RECOVERY_EXPIRED"
    )
    race = [outcome(stop(principal=zhang, recovery_id=id_)), outcome(lost.finish(asked))]
    assert sorted(await asyncio.gather(*race)) in (
        ["IDENTITY_RECOVERY_EXPIRED", "ok"],
        ["IDENTITY_RECOVERY_NOT_OPEN", "ok"],
        ["AUTH_TOKEN_INVALID", "ok"],
    )
    assert await outcome(lost.finish(asked)) == "IDENTITY_RECOVERY_EXPIRED"
    assert await outcome(stop(principal=zhang, recovery_id=id_)) == "IDENTITY_RECOVERY_NOT_OPEN"


@against("a race", "recovery")
async def test_two_phones_for_one_person_stop_each_other_and_the_same_one_begins_its_wait_anew(lost: Lost) -> None:
    first = await lost.waiting(ZHANGS)
    again = await lost.waiting(ZHANGS)
    assert await outcome(lost.finish(first)) == "IDENTITY_RECOVERY_EXPIRED"
    other = await lost.confirmed(ZHANGS, OTHER_PHONE)
    result = lost.faces.sees(other)
    assert await outcome(lost.recoveries.prove(secret=other.secret, result=result)) == "IDENTITY_RECOVERY_DISPUTED"
    lost.later(UNSEEN)
    for one in (again, other):
        assert await outcome(lost.finish(one)) == "IDENTITY_RECOVERY_EXPIRED"
    # At one instant, as well.
    lost.later(timedelta(days=1))
    pair = [await lost.confirmed(ZHANGS, phone) for phone in (NEW_PHONE, OTHER_PHONE)]
    proofs = [lost.recoveries.prove(secret=one.secret, result=lost.faces.sees(one)) for one in pair]
    assert sorted(await asyncio.gather(*map(outcome, proofs))) == ["IDENTITY_RECOVERY_DISPUTED", "ok"]
    lost.later(UNSEEN)
    assert [await outcome(lost.finish(one)) for one in pair] == ["IDENTITY_RECOVERY_EXPIRED"] * 2


async def test_a_change_of_phone_falls_with_a_recovery_and_none_begins_meanwhile(lost: Lost) -> None:
    zhang = await lost.by_password(await lost.room.sign_in(ZHANG))
    assert (await lost.change(zhang, OTHER_PHONE)).state is ChangeState.WAITING
    asked = await lost.waiting(ZHANGS)
    change = await lost.phones.newest(principal=zhang)
    assert change is not None and change.state is ChangeState.CANCELLED
    assert await outcome(lost.asked_for(lost.fresh(zhang), OTHER_PHONE)) == "IDENTITY_RECOVERY_UNDER_WAY"
    lost.later(UNSEEN)
    await lost.phones.work()
    assert await lost.phone_of(zhang.actor) == ZHANG
    assert await outcome(lost.finish(asked)) == "ok"


@pytest.mark.parametrize("meanwhile", ["frozen", "erased", "phone_taken", "too_late"])
@against("a frozen or erased account", "recovery")
async def test_what_happened_meanwhile_counts(lost: Lost, meanwhile: str) -> None:
    zhang = await lost.room.citizen(ZHANG)
    asked = await lost.waiting(ZHANGS)
    lost.later(SEEN)
    if meanwhile == "frozen":
        freeze = {"until": lost.desk.now + timedelta(days=1), "by": "int_1"}
        rows = lost.room.mongo.collection("identity_citizens")
        await rows.update_one({"_id": zhang.actor}, {"$set": {"freeze": freeze}})
    if meanwhile == "erased":
        await lost.desk.accounts.transaction(
            lambda session: lost.desk.accounts.erase_citizen(zhang.actor, now=lost.desk.now, session=session)
        )
    if meanwhile == "phone_taken":
        await lost.room.citizen(NEW_PHONE)
    if meanwhile == "too_late":
        lost.later(timedelta(days=7))
    before = await lost.room.dump()
    assert (
        await outcome(lost.finish(asked))
        == {
            "frozen": "IDENTITY_RECOVERY_NOT_HERE",
            "erased": "IDENTITY_RECOVERY_NOT_HERE",
            "phone_taken": "IDENTITY_PHONE_HAS_ACCOUNT",
            "too_late": "IDENTITY_RECOVERY_EXPIRED",
        }[meanwhile]
    )
    assert await lost.room.dump() == before
