"""Codes: asked for, sent, answered once, limited; and what a stranger learns from asking, which is nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import logging
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest

from core.clock import FixedClock
from core.crypto import FieldCipher, UnsealError
from core.departments import DONGCHENG_MANAGEMENT
from core.errors import BadInput, Unavailable
from core.ids import Ids
from core.locale import Locale
from core.mongo import Mongo, Session
from core.principal import PrincipalKind
from core.redis import Redis, connect
from identity.codes import SignInCodes, random_code
from identity.demo import CITIZENS, STAFF, load_demo
from identity.errors import CodeExpired, CodeWrong, PhoneInvalid, TooManyRequests
from identity.limits import STANDARD_LIMITS, Limit
from identity.model import Audience, Citizen
from identity.sms import NoCarrier, SignInMessage
from tests.support.attacks import against
from tests.unit.identity.room import ALEXANDER, NEWCOMER, OFFICER, OUYANG, ZHANG, Room, build, outcome

COLLECTIONS = ("identity_citizens", "identity_staff", "identity_sessions", "identity_refresh_tokens", "events")


async def _counts(room: Room) -> dict[str, int]:
    return {name: await room.mongo.collection(name).count_documents({}) for name in COLLECTIONS}


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


# --- the way of a code --------------------------------------------------------------------------------------------


async def test_a_citizen_signs_in_with_the_code_that_was_sent(room: Room) -> None:
    signed_in = await room.answer(ZHANG, await room.code(ZHANG))
    principal = await room.principal(signed_in)
    assert (principal.kind, principal.real_name_level, principal.scopes) == (
        PrincipalKind.CITIZEN,
        4,
        frozenset({"citizen"}),
    )
    assert principal.session_id == signed_in.session.id
    assert (await room.identity.me(principal=principal)).name == "张丽华"


async def test_staff_sign_in_with_their_roles_and_jurisdiction(room: Room) -> None:
    principal = await room.principal(await room.sign_in(OFFICER, audience=Audience.STAFF))
    assert principal.kind is PrincipalKind.STAFF
    clearances = {"personal:identity:3", "personal:whereabouts:3", "personal:health:4"}
    assert principal.scopes == {"staff", "citycode:scan", "licences:verify", "health:check"} | clearances
    assert principal.department == DONGCHENG_MANAGEMENT.code
    assert principal.jurisdiction is not None and principal.jurisdiction.code == "110101"
    assert principal.real_name_level == 0


async def test_a_first_sign_in_makes_a_citizen_without_a_name(room: Room) -> None:
    first = await room.principal(await room.sign_in(NEWCOMER))
    second = await room.principal(await room.sign_in("+86 137 0000 0009"))
    assert first.subject == second.subject
    me = await room.identity.me(principal=first)
    assert (me.name, me.real_name_level, me.home_district, me.phone) == (None, 1, None, "+8613700000009")
    registered = await room.events("identity.citizen_registered")
    assert [event.payload for event in registered] == [{"citizen_id": first.subject}]
    signed_in = await room.events("identity.signed_in")
    assert [event.payload["session_id"] for event in signed_in] == [first.session_id, second.session_id]


async def test_a_code_is_six_random_digits() -> None:
    codes = [random_code() for _ in range(2000)]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert len(set(codes)) > 1900
    assert any(code.startswith("0") for code in codes)


async def test_nothing_is_sent_from_inside_the_request(room: Room) -> None:
    await room.request(ZHANG)
    assert await room.sms.latest(ZHANG) is None
    assert await room.deliver() == 1
    assert (await room.sms.latest(ZHANG) or {}).keys() == {"code", "expires_at"}


async def test_the_event_of_a_code_is_sealed_and_opens_only_for_itself(room: Room) -> None:
    await room.request(ZHANG)
    (event,) = await room.events("identity.sign_in_code_requested")
    assert event.payload.keys() == {"request_id", "expires_at", "sealed"}
    message = await room.identity.message_to_send(payload=event.payload)
    assert message is not None
    assert message.phone == "+8613800000001"
    for secret in (message.phone, message.phone[3:], message.code):
        assert secret.encode() not in bytes(event.payload["sealed"])
        assert secret not in repr(message) + repr(event)
    with pytest.raises(UnsealError):
        await room.identity.message_to_send(payload={**event.payload, "request_id": "scr_other"})


async def test_an_expired_message_is_dropped(room: Room) -> None:
    await room.request(ZHANG)
    room.clock.advance(seconds=300)
    assert await room.deliver() == 0
    assert await room.sms.latest(ZHANG) is None


async def test_the_sink_forgets_an_expired_code_and_reads_phones_as_people_type_them(room: Room) -> None:
    code = await room.code(ZHANG)
    assert (await room.sms.latest("+86 138-0000-0001") or {})["code"] == code
    assert await room.sms.latest(OUYANG) is None
    with pytest.raises(PhoneInvalid):
        await room.sms.latest("nobody")
    room.clock.advance(seconds=300)
    assert await room.sms.latest(ZHANG) is None


async def test_the_message_comes_in_the_language_of_the_request(room: Room) -> None:
    await room.identity.request_code(
        phone=ALEXANDER, audience=Audience.CITIZEN, device_id="", address="203.0.113.5", locale=Locale.EN
    )
    (event,) = await room.events("identity.sign_in_code_requested")
    message = await room.identity.message_to_send(payload=event.payload)
    assert message is not None
    assert message.text == (
        f"[CityTong] Your code is {message.code}, valid for 5 minutes. We never ask for it: tell nobody."
    )


async def test_a_city_without_a_carrier_says_so_and_nothing_about_people(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    await room.request(ZHANG)
    (event,) = await room.events("identity.sign_in_code_requested")
    message = await room.identity.message_to_send(payload=event.payload)
    assert message is not None
    await NoCarrier().send(message, reference=event.id)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    written = record.getMessage() + str(record.__dict__)
    assert event.id in written
    assert message.code not in written and "13800000001" not in written


# --- answering ----------------------------------------------------------------------------------------------------


@against("guessing", "sign-in code")
async def test_a_wrong_code_costs_a_try_and_changes_nothing(room: Room) -> None:
    code = await room.code(ZHANG)
    before = await _counts(room)
    for tries_left in (4, 3, 2, 1):
        with pytest.raises(CodeWrong) as refusal:
            await room.answer(ZHANG, _wrong(code))
        assert refusal.value.extensions == {
            "tries_left": tries_left,
            "code": "AUTH_CODE_WRONG",
            "kind": "INVALID",
            "retryable": False,
        }
    assert await _counts(room) == before
    assert (await room.principal(await room.answer(ZHANG, code))).kind is PrincipalKind.CITIZEN


@against("guessing", "sign-in code")
async def test_after_five_wrong_tries_the_right_code_is_worth_nothing(room: Room) -> None:
    code = await room.code(ZHANG)
    outcomes = [await outcome(room.answer(ZHANG, _wrong(code))) for _ in range(5)]
    assert outcomes == ["AUTH_CODE_WRONG"] * 5
    before = await _counts(room)
    with pytest.raises(CodeExpired):
        await room.answer(ZHANG, code)
    assert await _counts(room) == before


@against("guessing", "sign-in code")
@against("a race", "codes")
async def test_tries_at_the_same_instant_do_not_outnumber_the_limit(room: Room) -> None:
    code = await room.code(ZHANG)
    outcomes = await asyncio.gather(*(outcome(room.answer(ZHANG, _wrong(code))) for _ in range(20)))
    assert Counter(outcomes) == {"AUTH_CODE_WRONG": 5, "AUTH_CODE_EXPIRED": 15}


@against("replaying", "sign-in code")
@against("a race", "codes")
async def test_of_two_right_answers_at_the_same_instant_one_signs_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await room.code(ZHANG)
    both_are_right, take = asyncio.Barrier(2), room.identity.codes._take

    async def take_together(**how: Any) -> Any:
        await both_are_right.wait()
        return await take(**how)

    monkeypatch.setattr(room.identity.codes, "_take", take_together)
    outcomes = await asyncio.gather(*(outcome(room.answer(ZHANG, code)) for _ in range(2)))
    assert Counter(outcomes) == {"ok": 1, "AUTH_CODE_EXPIRED": 1}
    assert await room.mongo.collection("identity_sessions").count_documents({}) == 1


async def test_a_code_is_good_for_five_minutes(room: Room) -> None:
    code = await room.code(ZHANG)
    room.clock.advance(seconds=299)
    assert await outcome(room.answer(ZHANG, code)) == "ok"
    code = await room.code(ZHANG)
    room.clock.advance(seconds=300)
    assert await outcome(room.answer(ZHANG, code)) == "AUTH_CODE_EXPIRED"


async def test_a_new_code_replaces_the_old_one(room: Room) -> None:
    old = await room.code(ZHANG)
    room.clock.advance(seconds=60)
    new = await room.code(ZHANG)
    assert old != new
    assert await outcome(room.answer(ZHANG, old)) == "AUTH_CODE_WRONG"
    assert await outcome(room.answer(ZHANG, new)) == "ok"


@against("replaying", "sign-in code")
async def test_a_code_is_good_for_its_own_phone_and_audience_only(room: Room) -> None:
    code = await room.code(OFFICER, audience=Audience.STAFF)
    assert await outcome(room.answer(OFFICER, code, audience=Audience.CITIZEN)) == "AUTH_CODE_EXPIRED"
    assert await outcome(room.answer(ZHANG, code)) == "AUTH_CODE_EXPIRED"
    assert await outcome(room.answer(OFFICER, code, audience=Audience.STAFF)) == "ok"


@pytest.mark.parametrize("field", ["device_id", "device_name", "code"])
async def test_input_without_bounds_is_refused_before_a_try_is_spent(room: Room, field: str) -> None:
    code = await room.code(ZHANG)
    given = {"device_id": "d", "device_name": "n", "code": code, field: "x" * 100_000}
    with pytest.raises(BadInput):
        await room.identity.sign_in(phone=ZHANG, audience=Audience.CITIZEN, address="203.0.113.5", **given)
    with pytest.raises(CodeWrong) as refusal:
        await room.answer(ZHANG, _wrong(code))
    assert refusal.value.tries_left == 4


@against("a race", "accounts of one phone")
async def test_first_sign_ins_of_a_phone_at_the_same_instant_make_one_citizen(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look before either adds: the one that comes second looks again and finds the other's citizen."""
    both_have_looked, store = asyncio.Barrier(2), room.identity.store
    look, looks = store.citizen_of_phone, itertools.count()

    async def look_together(phone: str, *, session: Session | None = None) -> Citizen | None:
        found = await look(phone, session=session)
        if next(looks) < 2:
            await both_have_looked.wait()
        return found

    async def any_code_is_right(**_: Any) -> None:
        return None

    monkeypatch.setattr(store, "citizen_of_phone", look_together)
    monkeypatch.setattr(room.identity.codes, "answer", any_code_is_right)
    one, other = await asyncio.gather(*(room.answer(NEWCOMER, "123456") for _ in range(2)))
    assert one.session.account_id == other.session.account_id
    assert next(looks) >= 3
    assert await room.mongo.collection("identity_citizens").count_documents({}) == 6
    assert len(await room.events("identity.citizen_registered")) == 1
    assert len(await room.events("identity.signed_in")) == 2


# --- limits -------------------------------------------------------------------------------------------------------


async def _retry_after(call: Awaitable[Any]) -> int:
    with pytest.raises(TooManyRequests) as refusal:
        await call
    return refusal.value.retry_after_s


async def test_a_phone_gets_one_code_a_minute_and_five_an_hour(room: Room) -> None:
    await room.request(ZHANG)
    assert await _retry_after(room.request(ZHANG)) == 60
    room.clock.advance(seconds=59.5)
    assert await _retry_after(room.request(ZHANG)) == 1
    room.clock.advance(seconds=0.5)
    for _ in range(4):
        await room.request(ZHANG)
        room.clock.advance(seconds=60)
    assert await _retry_after(room.request(ZHANG)) == 3600 - 300
    room.clock.advance(seconds=3300)
    await room.request(ZHANG)
    assert len(await room.events("identity.sign_in_code_requested")) == 6


async def test_a_device_gets_ten_codes_an_hour_over_all_phones(room: Room) -> None:
    for number in range(10):
        await room.request(f"1370000010{number}", device_id="device-1", address=f"203.0.113.{number}")
    assert await _retry_after(room.request("13700000110", device_id="device-1")) == 3600
    await room.request("13700000110", device_id="device-2")


async def test_an_address_gets_three_hundred_codes_an_hour_and_a_household_is_one(room: Room) -> None:
    for number in range(300):
        await room.request(f"1370000{number:04d}", address=f"2001:db8:1:2::{number}")
    assert await _retry_after(room.request("13700009999", address="2001:db8:1:2:ffff::1")) == 3600
    await room.request("13700009999", address="2001:db8:1:3::1")


async def test_a_refused_request_counts_nowhere_and_does_nothing(room: Room) -> None:
    await room.request(ZHANG, device_id="device-1")
    code_keys = await room.redis.keys("*:identity:code:*")
    for _ in range(40):
        await _retry_after(room.request(ZHANG, device_id="device-1"))
    assert await room.redis.keys("*:identity:code:*") == code_keys
    assert len(await room.events("identity.sign_in_code_requested")) == 1
    for number in range(9):
        await room.request(f"1370000010{number}", device_id="device-1")


async def test_requests_at_the_same_instant_do_not_outnumber_the_limit(room: Room) -> None:
    outcomes = await asyncio.gather(*(outcome(room.request(ZHANG)) for _ in range(20)))
    assert Counter(outcomes) == {"ok": 1, "AUTH_TOO_MANY_REQUESTS": 19}


@against("guessing", "sign-in code")
async def test_many_codes_do_not_make_many_guesses(
    mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher
) -> None:
    often = dataclasses.replace(STANDARD_LIMITS.requests, per_phone=(Limit(1000, 60),))
    limits = dataclasses.replace(STANDARD_LIMITS, requests=often)
    room = await build(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher, limits=limits)
    outcomes: Counter[str] = Counter()
    for number in range(8):
        code = await room.code(ZHANG, address=f"203.0.113.{number}")
        for _ in range(5):
            outcomes[await outcome(room.answer(ZHANG, _wrong(code), address=f"203.0.113.{number}"))] += 1
    assert outcomes == {"AUTH_CODE_WRONG": 30, "AUTH_TOO_MANY_REQUESTS": 10}
    code = await room.code(ZHANG, address="203.0.113.99")
    assert await _retry_after(room.answer(ZHANG, code, address="203.0.113.99")) == 86_400
    room.clock.advance(seconds=86_400)
    assert await outcome(room.answer(ZHANG, await room.code(ZHANG))) == "ok"


async def test_a_right_answer_clears_the_wrong_ones(room: Room) -> None:
    for _ in range(9):
        code = await room.code(ZHANG)
        for _ in range(4):
            assert await outcome(room.answer(ZHANG, _wrong(code))) == "AUTH_CODE_WRONG"
        assert await outcome(room.answer(ZHANG, code)) == "ok"
        room.clock.advance(seconds=900)


@against("guessing", "sign-in code")
async def test_an_address_that_guesses_on_many_phones_is_stopped(room: Room) -> None:
    outcomes = Counter([await outcome(room.answer(f"13700000{n:03d}", "123456")) for n in range(605)])
    assert outcomes == {"AUTH_CODE_EXPIRED": 600, "AUTH_TOO_MANY_REQUESTS": 5}


async def test_when_redis_is_gone_nobody_signs_in_and_nothing_changes(room: Room) -> None:
    before = await _counts(room)
    nowhere = connect(url="redis://127.0.0.1:1", timeout_s=0.2)
    gone = SignInCodes(redis=nowhere, cipher=room.cipher, clock=room.clock, namespace="none")
    alone = dataclasses.replace(room.identity, codes=gone)
    with pytest.raises(Unavailable):
        await alone.request_code(phone=ZHANG, audience=Audience.CITIZEN, device_id="", address="", locale=Locale.ZH_CN)
    assert await _counts(room) == before


# --- what a stranger learns ---------------------------------------------------------------------------------------


@against("enumeration by message", "sign-in code", "staff")
async def test_asking_for_a_staff_code_tells_nothing_about_who_is_staff(room: Room) -> None:
    """The same answer, the same rows, the same wrong-code story; only the worker knows, and sends nothing."""
    stories = []
    for phone in (OFFICER, NEWCOMER):
        requested = await room.identity.request_code(
            phone=phone, audience=Audience.STAFF, device_id="", address=phone, locale=Locale.ZH_CN
        )
        guesses = [await outcome(room.answer(phone, "000000", audience=Audience.STAFF)) for _ in range(6)]
        stories.append((requested, guesses))
    assert stories[0] == stories[1]
    assert len(await room.events("identity.sign_in_code_requested")) == 2
    assert await room.deliver() == 1
    assert await room.sms.latest(OFFICER) is not None
    assert await room.sms.latest(NEWCOMER) is None


@against("enumeration by timing", "sign-in code")
async def test_the_request_itself_never_looks_for_an_account(room: Room) -> None:
    await room.mongo.database.command("profile", 2)
    await room.request(OFFICER, audience=Audience.STAFF)
    await room.request(NEWCOMER, audience=Audience.STAFF)
    await room.mongo.database.command("profile", 0)
    touched = {
        row["ns"].split(".", 1)[1]
        async for row in room.mongo.collection("system.profile").find({"op": {"$ne": "command"}})
    }
    assert "events" in touched
    assert not touched & {"identity_staff", "identity_citizens"}


@against("a frozen or erased account", "suspended staff")
async def test_a_suspended_account_gets_no_code_and_no_session(room: Room) -> None:
    code = await room.code(OFFICER, audience=Audience.STAFF)
    await room.mongo.collection("identity_staff").update_many({}, {"$set": {"suspended": True}})
    assert await outcome(room.answer(OFFICER, code, audience=Audience.STAFF)) == "AUTH_CODE_EXPIRED"
    room.clock.advance(seconds=60)
    await room.request(OFFICER, audience=Audience.STAFF)
    assert await room.deliver() == 0
    assert await room.mongo.collection("identity_sessions").count_documents({}) == 0


@against("guessing", "staff by phone")
async def test_a_lucky_guess_on_a_phone_that_is_not_staff_opens_nothing(room: Room) -> None:
    await room.request(NEWCOMER, audience=Audience.STAFF)
    (event,) = await room.events("identity.sign_in_code_requested")
    message = SignInMessage.opened(**event.payload, cipher=room.cipher)
    assert await outcome(room.answer(NEWCOMER, message.code, audience=Audience.STAFF)) == "AUTH_CODE_EXPIRED"
    assert await room.mongo.collection("identity_sessions").count_documents({}) == 0


async def test_nothing_personal_stands_in_clear_in_either_store(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    codes, secrets = [], []
    for phone in (ZHANG, ALEXANDER, OUYANG, NEWCOMER):
        codes.append(await room.code(phone))
        signed_in = await room.answer(phone, codes[-1])
        secrets += [signed_in.refresh, signed_in.access.text]
    codes.append(await room.code(OFFICER, audience=Audience.STAFF))
    dump = await _dump(room) + caplog.text.encode()
    names = [
        "张丽华",
        "Alexander",
        "Montgomery",
        "欧阳建国",
        "测试手机",
        *(member.display_name for member in STAFF.values()),
    ]
    names += [citizen.id_number for citizen in CITIZENS.values() if citizen.id_number]
    phones = [phone for p in (ZHANG, ALEXANDER, OUYANG, NEWCOMER, OFFICER) for phone in (p, f"+86{p}")]
    assert len(dump) > 5_000
    for personal in names + phones + secrets + ["203.0.113.5"]:
        assert personal.encode() not in dump, personal
    redis_values = await _redis_dump(room)
    for code in codes:
        assert code.encode() not in redis_values


async def _dump(room: Room) -> bytes:
    rows = []
    for name in await room.mongo.database.list_collection_names():
        rows += [str(row).encode() async for row in room.mongo.collection(name).find({})]
        raw = room.mongo.collection(name)
        rows += [bytes(value) async for row in raw.find({}) for value in row.values() if isinstance(value, bytes)]
    return b"\n".join(rows) + await _redis_dump(room)


async def _redis_dump(room: Room) -> bytes:
    parts: list[Any] = []
    for key in await room.redis.keys("*"):
        kind = await room.redis.type(key)
        parts.append(key)
        if kind == b"hash":
            parts += [value for name, value in (await room.redis.hgetall(key)).items() if name == b"digest"]
        elif kind == b"zset":
            parts += await room.redis.zrange(key, 0, -1)
    return b"\n".join(parts)


# --- demo ---------------------------------------------------------------------------------------------------------


async def test_the_demo_is_loaded_once(room: Room) -> None:
    before = [row async for row in room.mongo.collection("identity_citizens").find({})]
    added = await asyncio.gather(
        *(load_demo(store=room.identity.store, ids=room.ids, clock=room.clock) for _ in range(3))
    )
    assert added == [0, 0, 0]
    assert [row async for row in room.mongo.collection("identity_citizens").find({})] == before
    assert (len(before), await room.mongo.collection("identity_staff").count_documents({})) == (
        len(CITIZENS),
        len(STAFF),
    )
    assert await room.mongo.collection("identity_relations").count_documents({}) == 2


async def test_a_sealed_phone_does_not_open_in_another_row(room: Room) -> None:
    await room.identity.store.add_citizen(Citizen(id="cit_x", phone="+8613700000001", created_at=room.clock.now()))
    rows = room.mongo.collection("identity_citizens")
    stolen = await rows.find_one({"_id": {"$ne": "cit_x"}, "phone": {"$ne": None}})
    assert stolen is not None
    await rows.update_one({"_id": "cit_x"}, {"$set": {"phone": stolen["phone"]}})
    with pytest.raises(UnsealError):
        await room.identity.store.citizens(["cit_x"])
