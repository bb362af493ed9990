"""A phone that changes: at once for two proofs, after a cool-off for one, and never onto somebody else's account."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from core.errors import Forbidden
from core.locale import Locale
from core.principal import ANONYMOUS
from identity.model import Audience, CodeUse, Freeze, sign_in_text
from identity.recovery.model import ChangeState
from identity.recovery.phones import PHONE_CHANGE_WAITING
from tests.support.attacks import against
from tests.unit.identity.recovery.lost import HERE, NEW_PHONE, OTHER_PHONE, Lost
from tests.unit.identity.room import ALEXANDER, OFFICER, OUYANG, ZHANG, outcome

COOL_OFF = timedelta(hours=72)


async def test_by_the_old_phone_alone_it_counts_at_once_and_every_other_session_ends(lost: Lost) -> None:
    other, asking = await lost.room.sign_in(ZHANG), await lost.room.sign_in(ZHANG)
    zhang = await lost.room.principal(asking)
    done = await lost.change(zhang)
    assert (done.state, done.effective_at) == (ChangeState.DONE, lost.desk.now)
    assert await lost.phone_of(zhang.actor) == NEW_PHONE
    assert (await lost.live(asking), await lost.live(other)) == (True, False)
    assert other.session.id in lost.room.identity.revocations
    assert await lost.notices() == [(ZHANG, "phone_changed")]
    [event] = await lost.room.events("identity.phone_changed")
    assert event.payload == {"citizen": zhang.actor, "change": done.id, "sessions": 1}
    assert [row["about"] for row in await lost.room.audited("phones.changed")] == [{"change": done.id, "sessions": 1}]
    # The old number is nobody's now: whoever has it begins an account of their own.
    assert (await lost.room.citizen(ZHANG)).actor != zhang.actor
    assert (await lost.room.citizen(NEW_PHONE)).actor == zhang.actor
    assert NEW_PHONE.encode() not in await lost.room.dump()


@against("skipping the second factor", "new phone")
async def test_by_a_password_alone_it_waits_and_any_session_calls_it_off(lost: Lost) -> None:
    other, asking = await lost.room.sign_in(ZHANG), await lost.room.sign_in(ZHANG)
    by_password = await lost.by_password(asking)
    waits = await lost.change(by_password)
    assert (waits.state, waits.effective_at) == (ChangeState.WAITING, lost.desk.now + COOL_OFF)
    assert await lost.notices() == [(ZHANG, "phone_change_waits")]
    [told] = await lost.room.events(PHONE_CHANGE_WAITING)
    assert told.payload["citizen"] == by_password.actor
    assert await outcome(lost.asked_for(by_password, OTHER_PHONE)) == "IDENTITY_PHONE_CHANGE_WAITS"

    cancelled = await lost.phones.cancel(principal=await lost.room.principal(other))
    assert cancelled.state is ChangeState.CANCELLED
    assert await outcome(lost.phones.cancel(principal=by_password)) == "IDENTITY_PHONE_CHANGE_NOT_OPEN"
    lost.later(COOL_OFF)
    await lost.phones.work()
    assert await lost.phone_of(by_password.actor) == ZHANG

    # Not called off it counts in the end: once, however many processes look.
    again = await lost.change(await lost.by_password(await lost.room.sign_in(ZHANG)))
    lost.later(COOL_OFF - timedelta(seconds=1))
    await lost.phones.work()
    assert await lost.phone_of(by_password.actor) == ZHANG
    lost.later(timedelta(seconds=1))
    await asyncio.gather(*(lost.phones.work() for _ in range(4)))
    assert await lost.phone_of(by_password.actor) == NEW_PHONE
    assert [event.payload["change"] for event in await lost.room.events("identity.phone_changed")] == [again.id]
    assert not await lost.live(other)


@against("enumeration by message", "change of phone")
async def test_the_answer_is_the_same_for_a_number_that_has_an_account_which_keeps_it(lost: Lost) -> None:
    ouyang = (await lost.room.citizen(OUYANG)).actor
    zhang = await lost.room.citizen(ZHANG)
    asked = await lost.asked_for(zhang, OUYANG)
    elsewhere = await lost.asked_for(zhang, OTHER_PHONE)
    assert (asked.state, asked.effective_at) == (elsewhere.state, elsewhere.effective_at)
    assert [row["about"].keys() for row in await lost.room.audited("phones.change_asked")] == [{"change"}, {"change"}]
    # Only whoever shows its code learns that there is one.
    assert await outcome(lost.change(lost.fresh(zhang), OUYANG)) == "IDENTITY_PHONE_HAS_ACCOUNT"
    assert (await lost.phone_of(zhang.actor), await lost.phone_of(ouyang)) == (ZHANG, OUYANG)
    assert await outcome(lost.asked_for(lost.fresh(zhang), ZHANG)) == "IDENTITY_PHONE_UNCHANGED"
    # A number that got an account while it waited stays that account's.
    lost.later(timedelta(days=1))
    waiting = await lost.change(await lost.by_password(await lost.room.sign_in(ZHANG)))
    lost.room.clock.advance(seconds=61)
    await lost.room.citizen(NEW_PHONE)
    lost.later(COOL_OFF)
    await lost.phones.work()
    assert await lost.phone_of(zhang.actor) == ZHANG
    newest = await lost.desk.store.change(zhang.actor)
    assert newest is not None and (newest.id, newest.state) == (waiting.id, ChangeState.REFUSED)


@against("a stolen session", "phone")
async def test_who_may_ask(lost: Lost) -> None:
    zhang = await lost.room.citizen(ZHANG)
    for nobody in (ANONYMOUS, await lost.room.clerk(OFFICER), await lost.room.acting(actor=zhang)):
        for call in (
            lost.asked_for(nobody),
            lost.phones.cancel(principal=nobody),
            lost.phones.newest(principal=nobody),
        ):
            assert await outcome(call) in ("UNAUTHENTICATED", Forbidden.code)
    lost.strong.add(zhang.actor)
    assert await outcome(lost.asked_for(zhang)) == "STEP_UP_REQUIRED"  # something strong is there, and was not shown
    lost.strong.clear()
    lost.room.clock.advance(seconds=241)
    assert await outcome(lost.asked_for(zhang)) == "STEP_UP_REQUIRED"
    frozen = await lost.room.sign_in(ZHANG)
    freeze = Freeze(lost.desk.now + timedelta(days=1), "int_1")
    row = {"until": freeze.until, "by": freeze.by}
    await lost.room.mongo.collection("identity_citizens").update_one({"_id": zhang.actor}, {"$set": {"freeze": row}})
    assert await lost.desk.accounts.freezes.of(zhang.actor, now=lost.desk.now) == freeze
    assert await outcome(lost.asked_for(await lost.room.principal(frozen))) == "AUTH_ACCOUNT_FROZEN"
    assert await lost.phone_of(zhang.actor) == ZHANG


@against("guessing", "change of phone")
@against("replaying", "change of phone")
async def test_a_code_is_good_for_its_own_change_once_and_guesses_are_counted(lost: Lost) -> None:
    signed_in = await lost.room.sign_in(ZHANG)
    zhang = await lost.room.principal(signed_in)
    await lost.asked_for(zhang)
    mine = await lost.told(NEW_PHONE)
    wrong = "000000" if mine != "000000" else "111111"
    for left in (4, 3):
        assert await outcome(lost.phones.confirm(principal=zhang, code=wrong, origin=HERE)) == "AUTH_CODE_WRONG", left
    # It opens no sign-in of that number, nor another's change, nor another number's.
    assert await outcome(lost.room.answer(NEW_PHONE, mine)) == "AUTH_CODE_EXPIRED"
    liu = await lost.room.citizen(OUYANG)
    assert await outcome(lost.phones.confirm(principal=liu, code=mine, origin=HERE)) == "AUTH_CODE_EXPIRED"
    await lost.asked_for(zhang, OTHER_PHONE)
    assert await outcome(lost.phones.confirm(principal=zhang, code=mine, origin=HERE)) in (
        "AUTH_CODE_WRONG",
        "AUTH_CODE_EXPIRED",
    )
    code = await lost.told(OTHER_PHONE)
    twice = [outcome(lost.phones.confirm(principal=zhang, code=code, origin=HERE)) for _ in range(3)]
    assert sorted(await asyncio.gather(*twice)) == ["AUTH_CODE_EXPIRED", "AUTH_CODE_EXPIRED", "ok"]
    assert await lost.phone_of(zhang.actor) == OTHER_PHONE
    for n in range(3):
        await lost.asked_for(lost.fresh(zhang), f"1370000010{n}")
    assert await outcome(lost.asked_for(lost.fresh(zhang), "13700000109")) == "AUTH_TOO_MANY_REQUESTS"
    said = sign_in_text(code="012345", locale=Locale.ZH_CN, use=CodeUse.NEW_PHONE)
    assert said.startswith("【城市通】有人要将其账号改绑到本号码。验证码 012345")


@against("a race", "accounts of one phone")
@against("a frozen or erased account", "change of phone")
async def test_of_two_that_want_one_number_one_gets_it_and_an_erased_account_none(lost: Lost) -> None:
    zhang, alexander = await lost.room.citizen(ZHANG), await lost.room.citizen(ALEXANDER)
    await lost.asked_for(zhang, NEW_PHONE)
    first = await lost.told(NEW_PHONE)
    await lost.asked_for(alexander, NEW_PHONE)
    second = await lost.told(NEW_PHONE)
    both = [
        outcome(lost.phones.confirm(principal=who, code=code, origin=HERE))
        for who, code in ((zhang, first), (alexander, second))
    ]
    assert sorted(await asyncio.gather(*both)) == ["IDENTITY_PHONE_HAS_ACCOUNT", "ok"]

    ouyang = await lost.by_password(await lost.room.sign_in(OUYANG))
    await lost.change(ouyang, OTHER_PHONE)

    async def erase(session: object) -> None:
        await lost.desk.accounts.erase_citizen(ouyang.actor, now=lost.desk.now, session=session)  # type: ignore[arg-type]

    await lost.desk.accounts.transaction(erase)
    lost.later(COOL_OFF)
    await lost.phones.work()
    assert await lost.desk.accounts.citizen_of_phone("+86" + OTHER_PHONE) is None
    assert await lost.desk.accounts.account(ouyang.actor, Audience.CITIZEN) is None
