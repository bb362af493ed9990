"""Sessions: refreshed, stolen, listed, ended at once, and known everywhere within a second."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Forbidden, NotFound, SignInRequired, Unavailable
from core.mongo import Mongo
from core.paging import PageRequest, encode_cursor
from core.personal import PersonalCipher
from core.principal import ANONYMOUS
from core.redis import connect
from identity.errors import RefreshInvalid, RefreshReused, TokenExpired, TokenInvalid
from identity.model import Audience
from identity.revocations import Revocations
from identity.sessions import SignedIn
from identity.store import IdentityStore
from tests.support.attacks import against
from tests.unit.identity.room import NEWCOMER, OFFICER, OUYANG, ZHANG, Room, build, eventually, outcome

FIRST_PAGE = PageRequest(first=20)


async def _state(room: Room) -> list[Any]:
    """Everything that a refusal must not change."""
    names = ("identity_sessions", "identity_refresh_tokens", "identity_citizens", "events")
    return [[row async for row in room.mongo.collection(name).find({}).sort("_id")] for name in names]


# --- refresh ------------------------------------------------------------------------------------------------------


async def test_a_refresh_gives_new_tokens_of_the_same_session(room: Room) -> None:
    first = await room.sign_in(ZHANG)
    room.clock.advance(seconds=540)
    second = await room.identity.sessions.refresh(refresh_token=first.refresh)
    assert second.session.id == first.session.id
    assert second.session.last_seen_at == room.clock.now()
    assert second.session.created_at == first.session.created_at
    assert second.refresh != first.refresh
    assert second.refresh_expires_at == room.clock.now() + timedelta(days=30)
    room.clock.advance(seconds=300)
    with pytest.raises(TokenExpired):
        await room.principal(first)
    assert (await room.principal(second)).session_id == first.session.id


@against("replaying", "refresh token")
async def test_a_token_used_twice_ends_the_session_for_both_holders(room: Room) -> None:
    stolen = await room.sign_in(ZHANG)
    thief = await room.identity.sessions.refresh(refresh_token=stolen.refresh)
    with pytest.raises(RefreshReused):
        await room.identity.sessions.refresh(refresh_token=stolen.refresh)
    with pytest.raises(RefreshInvalid):
        await room.identity.sessions.refresh(refresh_token=thief.refresh)
    for tokens in (stolen, thief):
        with pytest.raises(TokenInvalid):
            await room.principal(tokens)
    (ended,) = await room.events("identity.session_ended")
    assert ended.payload == {
        "account_id": stolen.session.account_id,
        "session_id": stolen.session.id,
        "because": "refresh_reused",
    }


async def test_a_family_ends_once_however_often_its_tokens_come_back(room: Room) -> None:
    chain = [await room.sign_in(ZHANG)]
    for _ in range(3):
        chain.append(await room.identity.sessions.refresh(refresh_token=chain[-1].refresh))
    outcomes = [await outcome(room.identity.sessions.refresh(refresh_token=link.refresh)) for link in chain]
    assert outcomes == ["AUTH_REFRESH_REUSED"] * 3 + ["AUTH_REFRESH_INVALID"]
    assert len(await room.events("identity.session_ended")) == 1


@against("replaying", "refresh token")
@against("a race", "refresh")
async def test_ten_refreshes_at_the_same_instant_have_one_winner_and_end_the_family(room: Room) -> None:
    first = await room.sign_in(ZHANG)
    results: list[SignedIn] = []

    async def refresh() -> None:
        results.append(await room.identity.sessions.refresh(refresh_token=first.refresh))

    outcomes = await asyncio.gather(*(outcome(refresh()) for _ in range(10)))
    assert Counter(outcomes) == {"ok": 1, "AUTH_REFRESH_REUSED": 9}
    assert await room.mongo.collection("identity_refresh_tokens").count_documents({}) == 2
    assert await outcome(room.identity.sessions.refresh(refresh_token=results[0].refresh)) == "AUTH_REFRESH_INVALID"
    with pytest.raises(TokenInvalid):
        await room.principal(results[0])
    assert len(await room.events("identity.session_ended")) == 1


@pytest.mark.parametrize("guess", ["", "x", "A" * 43, "A" * 44, "é" * 43, "A" * 100_000, "A" * 42 + "\n"])
@against("guessing", "refresh token")
async def test_a_guess_changes_nothing(room: Room, guess: str) -> None:
    await room.sign_in(ZHANG)
    before = await _state(room)
    with pytest.raises(RefreshInvalid):
        await room.identity.sessions.refresh(refresh_token=guess)
    assert await _state(room) == before


async def test_a_session_left_idle_for_thirty_days_is_over(room: Room) -> None:
    kept, left = await room.sign_in(ZHANG), await room.sign_in(OUYANG)
    room.clock.advance(seconds=29 * 86_400)
    kept = await room.identity.sessions.refresh(refresh_token=kept.refresh)
    room.clock.advance(seconds=86_400)
    assert await outcome(room.identity.sessions.refresh(refresh_token=left.refresh)) == "AUTH_REFRESH_INVALID"
    assert await outcome(room.identity.sessions.refresh(refresh_token=kept.refresh)) == "ok"


async def test_a_citizens_session_is_over_after_180_days_however_often_it_is_used(room: Room) -> None:
    tokens = await room.sign_in(ZHANG)
    end = tokens.session.created_at + timedelta(days=180)
    while room.clock.now() + timedelta(days=20) < end:
        room.clock.advance(seconds=20 * 86_400)
        tokens = await room.identity.sessions.refresh(refresh_token=tokens.refresh)
        assert tokens.refresh_expires_at <= end
    room.clock.advance(seconds=(end - room.clock.now()).total_seconds())
    assert await outcome(room.identity.sessions.refresh(refresh_token=tokens.refresh)) == "AUTH_REFRESH_INVALID"


async def test_a_staff_session_is_over_after_twelve_hours(room: Room) -> None:
    tokens = await room.sign_in(OFFICER, audience=Audience.STAFF)
    room.clock.advance(seconds=11 * 3600)
    tokens = await room.identity.sessions.refresh(refresh_token=tokens.refresh)
    assert tokens.refresh_expires_at == tokens.session.created_at + timedelta(hours=12)
    room.clock.advance(seconds=3600)
    assert await outcome(room.identity.sessions.refresh(refresh_token=tokens.refresh)) == "AUTH_REFRESH_INVALID"


async def test_a_role_taken_away_is_gone_with_the_next_token(room: Room) -> None:
    tokens = await room.sign_in(OFFICER, audience=Audience.STAFF)
    await room.mongo.collection("identity_staff").update_many({}, {"$set": {"roles": ["clerk"]}})
    tokens = await room.identity.sessions.refresh(refresh_token=tokens.refresh)
    assert (await room.principal(tokens)).scopes == {"staff"}
    await room.mongo.collection("identity_staff").update_many({}, {"$set": {"suspended": True}})
    before = await _state(room)
    assert await outcome(room.identity.sessions.refresh(refresh_token=tokens.refresh)) == "AUTH_REFRESH_INVALID"
    assert await _state(room) == before


async def test_refresh_tokens_are_kept_as_digests_and_leave_by_themselves(room: Room) -> None:
    tokens = await room.sign_in(ZHANG)
    (row,) = [row async for row in room.mongo.collection("identity_refresh_tokens").find({})]
    assert tokens.refresh.encode() not in row["_id"] and len(row["_id"]) == 32
    assert row["delete_at"] == tokens.refresh_expires_at
    for name in ("identity_refresh_tokens", "identity_sessions"):
        indexes = await room.mongo.collection(name).index_information()
        assert indexes["leaves"]["expireAfterSeconds"] == 0
        assert indexes["leaves"]["key"] == [("delete_at", 1)]


async def test_keys_rotate_under_running_sessions(room: Room) -> None:
    old = await room.sign_in(ZHANG)
    await room.keys.rotate()
    new = await room.identity.sessions.refresh(refresh_token=old.refresh)
    assert (await room.principal(old)) == (await room.principal(new))
    room.clock.advance(seconds=16 * 60)
    with pytest.raises(TokenInvalid):  # its key has left the ring
        await (await _another_process(room)).identity.authenticate(token=old.access.text)


# --- ending -------------------------------------------------------------------------------------------------------


@against("a stolen session", "after its end")
async def test_signing_out_ends_the_tokens_at_once(room: Room) -> None:
    tokens, other = await room.sign_in(ZHANG), await room.sign_in(ZHANG)
    await room.identity.sessions.sign_out(principal=await room.principal(tokens))
    with pytest.raises(TokenInvalid):
        await room.principal(tokens)
    assert await outcome(room.identity.sessions.refresh(refresh_token=tokens.refresh)) == "AUTH_REFRESH_INVALID"
    assert (await room.principal(other)).session_id == other.session.id


async def test_a_citizen_ends_a_session_on_another_device(room: Room) -> None:
    lost, here = await room.sign_in(ZHANG), await room.sign_in(ZHANG)
    principal = await room.principal(here)
    ended = await room.identity.sessions.revoke(principal=principal, session_id=lost.session.id)
    assert ended.revoked_at == room.clock.now()
    room.clock.advance(seconds=1)
    again = await room.identity.sessions.revoke(principal=principal, session_id=lost.session.id)
    assert again == ended
    with pytest.raises(TokenInvalid):
        await room.principal(lost)
    assert len(await room.events("identity.session_ended")) == 1


@pytest.mark.parametrize("whose", ["another's", "nobody's", "no id at all"])
@against("reading another's", "sessions")
async def test_a_session_that_is_not_yours_is_not_found_and_stays(room: Room, whose: str) -> None:
    zhang, ouyang = await room.sign_in(ZHANG), await room.sign_in(OUYANG)
    ids = {"another's": ouyang.session.id, "nobody's": "ses_" + "0" * 26, "no id at all": "{$ne: null}"}
    before = await _state(room)
    with pytest.raises(NotFound):
        await room.identity.sessions.revoke(principal=await room.principal(zhang), session_id=ids[whose])
    assert await _state(room) == before
    assert (await room.principal(ouyang)).session_id == ouyang.session.id
    assert await outcome(room.identity.sessions.refresh(refresh_token=ouyang.refresh)) == "ok"


async def test_a_stranger_may_do_none_of_this(room: Room) -> None:
    signed_in = await room.sign_in(ZHANG)
    for call in (
        room.identity.sessions.sign_out(principal=ANONYMOUS),
        room.identity.sessions.revoke(principal=ANONYMOUS, session_id=signed_in.session.id),
        room.identity.sessions.page(principal=ANONYMOUS, request=FIRST_PAGE),
        room.identity.me(principal=ANONYMOUS),
        room.identity.staff_me(principal=ANONYMOUS),
        room.identity.set_home_district(principal=ANONYMOUS, code="110101"),
    ):
        with pytest.raises(SignInRequired):
            await call


@against("another's rights", "staff without a citizen's account")
async def test_citizens_and_staff_keep_to_their_side_of_the_counter(room: Room) -> None:
    citizen = await room.principal(await room.sign_in(ZHANG))
    officer = await room.principal(await room.sign_in(OFFICER, audience=Audience.STAFF))
    with pytest.raises(Forbidden):
        await room.identity.staff_me(principal=citizen)
    with pytest.raises(Forbidden):
        await room.identity.me(principal=officer)
    with pytest.raises(Forbidden):
        await room.identity.set_home_district(principal=officer, code="110101")


# --- the list -----------------------------------------------------------------------------------------------------


async def test_sessions_are_listed_newest_first_in_pages_and_are_ones_own(room: Room) -> None:
    mine = []
    for _ in range(5):
        mine.append((await room.sign_in(ZHANG)).session.id)
        room.clock.advance(seconds=900)
    other = await room.sign_in(OUYANG)
    principal = dataclasses.replace(
        await room.principal(other), actor=await _account(room, mine[0]), subject=await _account(room, mine[0])
    )
    first = await room.identity.sessions.page(principal=principal, request=PageRequest(first=2))
    second = await room.identity.sessions.page(
        principal=principal, request=PageRequest.of(first=2, after=encode_cursor(first.keys[-1]))
    )
    third = await room.identity.sessions.page(
        principal=principal, request=PageRequest.of(first=2, after=encode_cursor(second.keys[-1]))
    )
    assert [[row.id for row in page.rows] for page in (first, second, third)] == [
        [mine[4], mine[3]],
        [mine[2], mine[1]],
        [mine[0]],
    ]
    assert [(page.has_next, page.has_previous) for page in (first, second, third)] == [
        (True, False),
        (True, True),
        (False, True),
    ]


async def test_an_ended_session_is_listed_for_thirty_days(room: Room) -> None:
    ended = await room.sign_in(ZHANG)
    await room.identity.sessions.sign_out(principal=await room.principal(ended))
    running = await room.sign_in(ZHANG)
    principal = await room.principal(running)
    page = await room.identity.sessions.page(principal=principal, request=FIRST_PAGE)
    assert [row.revoked_at is not None for row in page.rows] == [False, True]
    room.clock.advance(seconds=15 * 86_400)
    await room.identity.sessions.refresh(refresh_token=running.refresh)
    room.clock.advance(seconds=15 * 86_400 - 62)
    assert len((await room.identity.sessions.page(principal=principal, request=FIRST_PAGE)).rows) == 2
    room.clock.advance(seconds=1)
    page = await room.identity.sessions.page(principal=principal, request=FIRST_PAGE)
    assert [row.id for row in page.rows] == [running.session.id]


async def _account(room: Room, session_id: str) -> str:
    session = await room.identity.store.session(session_id)
    assert session is not None
    return session.account_id


# --- districts ----------------------------------------------------------------------------------------------------


async def test_a_home_district_is_one_of_the_sixteen(room: Room) -> None:
    principal = await room.principal(await room.sign_in(ZHANG))
    assert (await room.identity.set_home_district(principal=principal, code="110119")).home_district == "110119"
    for code in ("110000", "310101", "", "110119 "):
        before = await _state(room)
        with pytest.raises(NotFound):
            await room.identity.set_home_district(principal=principal, code=code)
        assert await _state(room) == before
    assert (await room.identity.me(principal=principal)).home_district == "110119"


# --- revocation everywhere ----------------------------------------------------------------------------------------


async def _another_process(room: Room) -> Room:
    """A second gateway of the same city: nothing shared but the stores."""
    return await build(
        mongo=room.mongo, redis=room.redis, clock=room.clock, ids=room.ids, cipher=room.cipher, beside=True
    )


async def test_a_revocation_reaches_every_process_with_its_next_refresh(room: Room) -> None:
    other, tokens = await _another_process(room), await room.sign_in(ZHANG)
    assert (await other.identity.authenticate(token=tokens.access.text)).session_id == tokens.session.id
    await room.identity.sessions.sign_out(principal=await room.principal(tokens))
    await other.identity.revocations.refresh()
    with pytest.raises(TokenInvalid):
        await other.identity.authenticate(token=tokens.access.text)


async def test_the_background_task_refreshes_by_itself(room: Room) -> None:
    other, tokens = await _another_process(room), await room.sign_in(ZHANG)
    task = asyncio.create_task(other.identity.revocations.run())
    await room.identity.sessions.sign_out(principal=await room.principal(tokens))
    await eventually(lambda: tokens.session.id in other.identity.revocations, within_s=30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_process_that_starts_after_redis_was_wiped_still_knows(room: Room) -> None:
    tokens = await room.sign_in(ZHANG)
    await room.identity.sessions.sign_out(principal=await room.principal(tokens))
    await room.redis.flushall()
    await room.identity.revocations.refresh()
    late = await _another_process(room)
    for process in (room, late):
        with pytest.raises(TokenInvalid):
            await process.identity.authenticate(token=tokens.access.text)


async def test_without_redis_mongodb_is_asked(room: Room) -> None:
    gone = connect(url="redis://127.0.0.1:1", timeout_s=0.2)
    alone = room.revocations(gone)
    tokens = await room.sign_in(ZHANG)
    await alone.open()
    assert tokens.session.id not in alone
    await room.identity.sessions.sign_out(principal=await room.principal(tokens))
    await alone.refresh()
    assert tokens.session.id in alone


async def test_without_redis_a_session_still_ends_here_and_now(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    gone = connect(url="redis://127.0.0.1:1", timeout_s=0.2)
    alone = room.revocations(gone)
    identity = dataclasses.replace(room.identity, revocations=alone)
    tokens = await room.sign_in(ZHANG)
    await identity.sessions.sign_out(principal=await room.principal(tokens))
    assert tokens.session.id in alone
    assert [record.getMessage() for record in caplog.records] == [
        "a revocation was not announced at once: Redis does not answer"
    ]


async def test_an_end_that_was_not_announced_is_announced_by_its_event(room: Room) -> None:
    """The process that ended the session met a dead Redis, or died: others hear of it all the same."""
    gone = connect(url="redis://127.0.0.1:1", timeout_s=0.2)
    unheard = room.revocations(gone)
    tokens = await room.sign_in(ZHANG)
    cut_off = dataclasses.replace(room.identity, revocations=unheard)
    await cut_off.sessions.sign_out(principal=await room.principal(tokens))
    other = room.revocations()
    await other.refresh()
    assert tokens.session.id not in other
    await room.deliver()
    await other.refresh()
    assert tokens.session.id in other


async def test_without_both_the_task_goes_on_and_tokens_live_to_their_end(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    mongo = Mongo.connect(url="mongodb://127.0.0.1:1", database="none", timeout_s=0.2)
    store = IdentityStore(
        mongo=mongo, cipher=room.cipher, personal=PersonalCipher(mongo, room.cipher.master_key), clock=room.clock
    )
    gone = connect(url="redis://127.0.0.1:1", timeout_s=0.2)
    cut_off = Revocations(redis=gone, clock=room.clock, recall=store.ended_since, namespace="none")
    with pytest.raises(Unavailable):
        await cut_off.refresh()
    task = asyncio.create_task(cut_off.run())
    await eventually(lambda: bool(caplog.records))
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await mongo.close()
    identity = dataclasses.replace(room.identity, revocations=cut_off)
    tokens = await room.sign_in(ZHANG)
    assert (await identity.authenticate(token=tokens.access.text)).session_id == tokens.session.id


async def test_a_revocation_is_forgotten_when_its_last_token_has_expired(room: Room) -> None:
    tokens = await room.sign_in(ZHANG)
    await room.identity.sessions.sign_out(principal=await room.principal(tokens))
    revocations = room.identity.revocations
    room.clock.advance(seconds=604)
    await revocations.refresh()
    assert tokens.session.id in revocations
    room.clock.advance(seconds=1)
    await revocations.refresh()
    assert len(revocations) == 0
    assert await room.redis.zcard(f"{room.mongo.database.name}:identity:revoked") == 0
    with pytest.raises(TokenExpired):
        await room.principal(tokens)


async def test_a_refresh_reads_what_was_added_and_not_the_whole_set_again(room: Room) -> None:
    for _ in range(3):
        await room.identity.revocations.add("ses_" + str(_))
    other = await _another_process(room)
    room.clock.advance(seconds=120)
    await other.identity.revocations.refresh()
    await room.redis.zrem(f"{room.mongo.database.name}:identity:revoked", "ses_0")
    await room.identity.revocations.add("ses_late")
    await other.identity.revocations.refresh()
    assert "ses_late" in other.identity.revocations and "ses_0" in other.identity.revocations


async def test_a_newcomer_can_sign_out_and_in_again(room: Room) -> None:
    first = await room.sign_in(NEWCOMER)
    await room.identity.sessions.sign_out(principal=await room.principal(first))
    second = await room.sign_in(NEWCOMER)
    assert second.session.account_id == first.session.account_id
    assert (await room.principal(second)).session_id != first.session.id


async def test_the_audit_tells_when_a_session_began_how_and_why_it_ended(room: Room) -> None:
    tokens = await room.sign_in(ZHANG)
    await room.identity.sessions.sign_out(principal=await room.principal(tokens))
    (begun,), (ended,) = await room.audited("sessions.begun"), await room.audited("sessions.ended")
    assert begun["actor"] == begun["subject"] == ended["actor"] == tokens.session.account_id
    assert begun["about"] == {"session": tokens.session.id, "methods": ["sms"]}
    assert ended["about"] == {"session": tokens.session.id, "because": "signed_out"}


async def test_rows_from_before_accounts_had_keys_of_their_own_still_open(room: Room) -> None:
    tokens = await room.sign_in(ZHANG)
    zhang, session = await room.id_of("zhang"), tokens.session.id

    def sealed(text: str, purpose: str, owner: str) -> bytes:
        return room.cipher.seal(text.encode(), purpose=purpose, owner=owner)

    names = {"name": sealed("张丽华", "citizen.name", zhang), "phone": sealed("+8613800000001", "citizen.phone", zhang)}
    await room.mongo.collection("identity_citizens").update_one({"_id": zhang}, {"$set": names})
    device = {"device_name": sealed("旧手机", "session.device_name", session)}
    await room.mongo.collection("identity_sessions").update_one({"_id": session}, {"$set": device})
    principal = await room.principal(tokens)
    me = await room.identity.me(principal=principal)
    assert (me.name, me.phone) == ("张丽华", "+8613800000001")
    page = await room.identity.sessions.page(principal=principal, request=FIRST_PAGE)
    assert page.rows[0].device_name == "旧手机"
