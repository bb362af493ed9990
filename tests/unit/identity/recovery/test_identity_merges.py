"""Two accounts of one person become one; and a number that changed hands opens nobody else's account."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.principal import Principal
from identity.recovery.errors import AccountSleeps
from identity.recovery.merges import Merging
from identity.recovery.model import MergeState
from identity.relations import RelationKind
from identity.sessions import SignedIn
from tests.support.attacks import against
from tests.unit.identity.recovery.lost import HERE, Lost
from tests.unit.identity.room import ALEXANDER, NEWCOMER, OUYANG, ZHANG, outcome

SECOND = "13700000011"
HALF_A_YEAR = timedelta(days=180)


async def reported(lost: Lost, citizen: str) -> None:
    await lost.room.mongo.collection("test_cases").insert_one({"citizen": citizen})


async def reporters(lost: Lost) -> list[str]:
    rows = await lost.room.mongo.collection("test_cases").find({}).to_list(None)
    return [row["citizen"] for row in rows]


async def test_a_second_account_is_closed_at_once_and_what_it_holds_comes_over(lost: Lost) -> None:
    second = await lost.room.sign_in(SECOND)
    source, zhang = await lost.room.principal(second), await lost.room.citizen(ZHANG)
    await reported(lost, source.actor)
    asked = await lost.merge(zhang, SECOND)
    assert not await lost.live(second) and second.session.id in lost.room.identity.revocations
    [event] = await lost.room.events("identity.accounts_merged")
    assert event.payload == {"citizen": zhang.actor, "merge": asked.id, "from": source.actor, "into": zhang.actor}
    assert [row["about"]["from"] for row in await lost.room.audited("merges.closed")] == [source.actor]
    # Its tokens have time to be refused everywhere before anything moves.
    await lost.merges.work()
    assert await reporters(lost) == [source.actor]
    await lost.moved()
    assert await reporters(lost) == [zhang.actor]
    assert lost.forgotten == [source.actor]
    keys = lost.room.mongo.collection("personal_keys")
    assert await keys.count_documents({"keyAltNames": source.actor}) == 0
    assert await keys.count_documents({"keyAltNames": zhang.actor}) == 1
    merge = await lost.desk.store.merge(zhang.actor, asked.id)
    assert merge is not None and (merge.state, merge.phone) == (MergeState.DONE, "")
    # The number is free: it becomes the account's phone as any number does.
    assert (await lost.change(lost.fresh(zhang), SECOND)).masked_phone == "137****0011"
    assert await lost.phone_of(zhang.actor) == SECOND


@against("enumeration by message", "merge")
async def test_what_cannot_be_merged_stays_and_the_refusal_says_why(lost: Lost) -> None:
    zhang = await lost.room.citizen(ZHANG)
    ouyang = (await lost.room.citizen(OUYANG)).actor
    source = (await lost.room.citizen(SECOND)).actor

    async def why(phone: str = SECOND) -> object:
        lost.later(timedelta(days=1))
        asked = await lost.merging(lost.fresh(zhang), phone)
        code, before = await lost.told(phone), await lost.room.dump()
        me = lost.fresh(zhang)
        with pytest.raises(Exception) as refused:
            await lost.merges.confirm(principal=me, merge_id=asked.id, code=code, origin=HERE)
        assert await lost.room.dump() == before
        return getattr(refused.value, "because", getattr(refused.value, "code", ""))

    assert await why(OUYANG) == "RELATIONS" if await running(lost, ouyang) else "REAL_NAME"
    assert await why(ALEXANDER) == "REAL_NAME"
    assert await why("13700000099") == "IDENTITY_NOTHING_TO_MERGE"
    lost.strong.add(source)
    assert await why() == "SECOND_FACTOR"
    lost.strong.clear()
    lost.leaving.add(source)
    assert await why() == "LEAVING"
    lost.leaving.clear()
    lost.held["LICENCES"].add(source)
    assert await why() == "LICENCES"
    lost.held["LICENCES"].clear()
    lost.later(HALF_A_YEAR)
    assert await why() == "ASLEEP"
    assert await outcome(lost.merging(lost.fresh(zhang), ZHANG)) == "IDENTITY_PHONE_UNCHANGED"
    lost.room.clock.advance(seconds=61)
    delegated = await lost.room.acting(RelationKind.CARER, actor=lost.fresh(await lost.room.citizen(ZHANG)))
    assert await outcome(lost.merging(delegated, SECOND)) == "FORBIDDEN"
    assert (await lost.phone_of(source), await lost.phone_of(ouyang)) == (SECOND, OUYANG)


async def running(lost: Lost, citizen: str) -> list[str]:
    return await lost.desk.accounts.delegations.running_of(citizen)


@against("a race", "merge")
@against("replaying", "merge")
async def test_two_confirms_merge_once_each_other_one_way_and_a_stranger_not_at_all(lost: Lost) -> None:
    one, two = await lost.room.citizen(SECOND), await lost.room.citizen(NEWCOMER)
    first = await lost.merging(lost.fresh(one), NEWCOMER)
    there = await lost.told(NEWCOMER)
    second = await lost.merging(lost.fresh(two), SECOND)
    back = await lost.told(SECOND)
    ouyang = lost.fresh(await lost.room.citizen(OUYANG))
    assert await outcome(confirm(lost, ouyang, first.id, there)) == "AUTH_CODE_EXPIRED"
    assert await outcome(confirm(lost, lost.fresh(one), first.id, "000000")) in ("AUTH_CODE_WRONG", "ok")
    both = [confirm(lost, lost.fresh(one), first.id, there), confirm(lost, lost.fresh(two), second.id, back)]
    outcomes = sorted(await asyncio.gather(*map(outcome, both)))
    assert outcomes in (["IDENTITY_NOTHING_TO_MERGE", "ok"], ["AUTH_CODE_EXPIRED", "ok"])
    assert len(await lost.room.events("identity.accounts_merged")) == 1
    assert len({await lost.phone_of(who.actor) for who in (one, two)} - {None}) == 1

    zhang = lost.fresh(await lost.room.citizen(ZHANG))
    await lost.room.citizen("13700000012")
    asked = await lost.merging(zhang, "13700000012")
    code = await lost.told("13700000012")
    twice = [outcome(confirm(lost, zhang, asked.id, code)) for _ in range(3)]
    assert sorted(await asyncio.gather(*twice)) == ["AUTH_CODE_EXPIRED", "AUTH_CODE_EXPIRED", "ok"]


async def confirm(lost: Lost, principal: Principal, merge_id: str, code: str) -> None:
    await lost.merges.confirm(principal=principal, merge_id=merge_id, code=code, origin=HERE)


async def test_a_merge_that_was_broken_off_goes_on_where_it_was(
    lost: Lost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source, zhang = (await lost.room.citizen(SECOND)).actor, await lost.room.citizen(ZHANG)
    await reported(lost, source)
    broken: list[str] = []

    async def breaks(source: str, into: str) -> None:
        broken.append(source)
        raise RuntimeError("the process is killed")

    whole = lost.merges.rooms
    object.__setattr__(lost.merges, "rooms", (*whole, Merging("LAST", whole[0].holds, breaks)))
    await lost.merge(zhang, SECOND)
    await lost.moved()
    assert (broken, await reporters(lost), lost.forgotten) == ([source], [zhang.actor], [])
    object.__setattr__(lost.merges, "rooms", whole)
    await lost.merges.work()
    assert lost.forgotten == []  # the claim of who broke off still holds
    # Meanwhile the account that stays is erased: what is left goes with it.
    await lost.desk.accounts.transaction(
        lambda session: lost.desk.accounts.erase_citizen(zhang.actor, now=lost.desk.now, session=session)
    )
    lost.later(timedelta(minutes=1))
    await asyncio.gather(*(lost.merges.work() for _ in range(3)))
    assert lost.forgotten == [source, zhang.actor]
    assert "a merge stopped half-way" in caplog.text


async def sleeping(lost: Lost, phone: str) -> AccountSleeps:
    with pytest.raises(AccountSleeps) as asleep:
        await lost.room.answer(phone, await lost.room.code(phone))
    lost.room.clock.advance(seconds=61)
    return asleep.value


@against("skipping the second factor", "sleeping account")
async def test_a_number_that_changed_hands_opens_no_account_of_somebody_else(lost: Lost) -> None:
    object.__setattr__(lost.room.identity, "door", lost.waking)
    owner = (await lost.room.citizen(ZHANG)).actor
    plain = (await lost.room.citizen(SECOND)).actor
    lost.later(HALF_A_YEAR - timedelta(seconds=200))
    assert (await lost.room.citizen(ZHANG)).actor == owner  # not long enough
    lost.later(HALF_A_YEAR)

    async def wake(asked: AccountSleeps, name: str | None = None, id_number: str | None = None) -> SignedIn:
        return await lost.waking.wake(
            pending_id=asked.pending_id, name=name, id_number=id_number, device_name="手机", origin=HERE
        )

    async def anew(asked: AccountSleeps) -> SignedIn:
        return await lost.waking.anew(pending_id=asked.pending_id, device_name="手机", origin=HERE)

    unproven, asked = await sleeping(lost, SECOND), await sleeping(lost, ZHANG)
    assert (unproven.proven, asked.proven) == (False, True)
    assert (await lost.room.principal(await wake(unproven))).actor == plain
    assert await outcome(wake(unproven)) == "AUTH_WAKING_EXPIRED"
    assert await outcome(wake(asked)) == "BAD_USER_INPUT"
    for name, number in (("李四", "110101198503120025"), ("张丽华", "110101194802150023")):
        assert await outcome(wake(asked, name, number)) == "AUTH_NOT_YOUR_ACCOUNT"
    assert (await lost.room.principal(await wake(asked, "张丽华", "110101198503120025"))).actor == owner
    lost.later(HALF_A_YEAR)
    again, asked = await sleeping(lost, SECOND), await sleeping(lost, ZHANG)
    assert sorted(await asyncio.gather(outcome(wake(again)), outcome(anew(again)))) == ["AUTH_WAKING_EXPIRED", "ok"]
    new = await lost.room.principal(await anew(asked))
    assert new.actor != owner and (await lost.phone_of(owner), await lost.phone_of(new.actor)) == (None, ZHANG)
    assert (await lost.room.citizen(ZHANG)).actor == new.actor
    guesses = await sleeping(lost, OUYANG)
    for _ in range(5):
        await outcome(wake(guesses, "欧阳", "110101198503120025"))
    assert await outcome(wake(guesses, "欧阳建国", "110108195809230017")) == "AUTH_WAKING_EXPIRED"
    assert await outcome(wake(await sleeping(lost, OUYANG), "欧阳建国", "110108195809230017")) == (
        "AUTH_TOO_MANY_REQUESTS"
    )
