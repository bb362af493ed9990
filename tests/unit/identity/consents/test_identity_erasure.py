"""An account is erased: after a grace period, in steps that survive a kill, until no dump holds anything of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from core.crypto import UnsealError
from core.locale import Locale
from core.personal import KEYS, PersonalCipher
from core.principal import Principal
from identity.consents.erasing import ErasureState
from identity.consents.erasures import (
    ACCOUNT_ERASED,
    ERASURE_ASKED,
    ERASURE_CANCELLED,
    HOLD_SCOPE,
    Erasures,
    Forgetting,
)
from identity.model import Audience
from identity.relations import Invitation, RelationKind
from identity.sessions import SESSION_ENDED
from tests.support.attacks import against
from tests.unit.identity.consents.rights import GRACE, TRAVEL, RefusedError, Rights
from tests.unit.identity.room import ALEXANDER, CLERK, ZHANG, Room, outcome

DEPARTED_S = GRACE.total_seconds()
LEASE_S = 61


async def _fresh(room: Room, phone: str) -> Principal:
    return replace(await room.citizen(phone), authenticated_at=room.clock.now())


async def _erased(room: Room, rights: Rights, phone: str) -> Principal:
    leaver = await _fresh(room, phone)
    await rights.erasures.ask(principal=leaver)
    room.clock.advance(seconds=DEPARTED_S)
    await rights.erase()
    return leaver


def _holder(room: Room, clerk: Principal) -> Principal:
    return replace(clerk, scopes=clerk.scopes | {HOLD_SCOPE})


# --- asking


@against("a stolen session", "erasure")
async def test_it_is_asked_for_with_a_fresh_proof_and_by_oneself(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    acting = replace(await room.acting(RelationKind.CARER, actor=zhang), authenticated_at=room.clock.now())
    clerk = replace(await room.clerk(CLERK), authenticated_at=room.clock.now())
    stale = replace(zhang, authenticated_at=room.clock.now() - timedelta(minutes=6))
    zhang = replace(zhang, authenticated_at=room.clock.now())
    before = await room.dump()
    assert await outcome(rights.erasures.ask(principal=stale)) == "STEP_UP_REQUIRED"
    rights.strong.add(zhang.actor)
    assert await outcome(rights.erasures.ask(principal=zhang)) == "STEP_UP_REQUIRED"
    for other in (acting, clerk):
        assert await outcome(rights.erasures.ask(principal=other)) == "FORBIDDEN"
    assert await room.dump() == before
    strong = replace(zhang, methods=frozenset({"sms", "otp", "mfa"}))
    assert await outcome(rights.erasures.ask(principal=strong)) == "ok"
    assert await outcome(rights.erasures.ask(principal=strong)) == "IDENTITY_ERASURE_ASKED"
    assert len(await room.events(ERASURE_ASKED)) == len(await room.audited("erasures.asked")) == 1


async def test_it_can_be_called_off_until_it_begins(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    assert await outcome(rights.erasures.cancel(principal=zhang)) == "IDENTITY_ERASURE_NOT_WAITING"
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S - 1)
    await rights.erasures.work()
    assert await room.principal(await room.sign_in(ZHANG))  # nothing has happened yet
    await rights.erasures.cancel(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    await rights.erase()
    assert (await room.identity.me(principal=zhang)).name == "张丽华"
    assert len(await room.events(ERASURE_CANCELLED)) == 1
    assert await room.events(ACCOUNT_ERASED) == []
    again = replace(zhang, authenticated_at=room.clock.now())
    assert await outcome(rights.erasures.ask(principal=again)) == "ok"


async def test_calling_off_and_beginning_at_one_instant_do_one_of_the_two(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    _, cancelled = await asyncio.gather(rights.erase(), outcome(rights.erasures.cancel(principal=zhang)))
    left = await room.identity.store.citizens([zhang.subject])
    if cancelled == "ok":
        assert left
        assert await room.events(ACCOUNT_ERASED) == []
    else:
        assert cancelled == "IDENTITY_ERASURE_NOT_WAITING"
        assert not left
        assert len(await room.events(ACCOUNT_ERASED)) == 1


# --- what is gone


@against("a frozen or erased account", "refresh", "access token")
async def test_the_account_ends_everywhere_and_its_phone_is_free(room: Room, rights: Rights) -> None:
    signed_in = await room.sign_in(ZHANG)
    zhang = replace(await room.principal(signed_in), authenticated_at=room.clock.now())
    acting = await room.identity.acting.act_for(principal=zhang, relation_id=await room.relation(RelationKind.CARER))
    await rights.give(zhang, "name")
    await rights.programs.grant(citizen=zhang.subject, client=TRAVEL)
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    # Who comes back meanwhile is signed out as well.
    last = await room.sign_in(ZHANG)
    await rights.erase()

    assert await outcome(room.principal(last)) == "AUTH_TOKEN_INVALID"
    assert await outcome(room.identity.sessions.refresh(refresh_token=last.refresh)) == "AUTH_REFRESH_INVALID"
    assert acting.acting.relation_id in room.identity.revocations
    assert await room.identity.store.citizens([zhang.subject]) == {}
    assert not any(
        one.live(room.clock.now()) for one in await room.identity.store.delegations.relations_of(zhang.subject)
    )
    assert await rights.programs.count() == 0
    assert rights.forgotten == [zhang.subject]
    assert await room.mongo.collection(KEYS).count_documents({"keyAltNames": zhang.subject}) == 0
    [event] = await room.events(ACCOUNT_ERASED)
    assert event.payload == {"citizen": zhang.subject}
    because = [one.payload["because"] for one in await room.events(SESSION_ENDED)]
    assert because == ["erased", "erased"]
    newcomer = await room.principal(await room.sign_in(ZHANG))
    assert newcomer.subject != zhang.subject
    me = await room.identity.me(principal=newcomer)
    assert (me.name, me.real_name_level) == (None, 1)


async def test_no_dump_holds_the_phone_the_name_or_the_number_of_who_has_gone(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    number = await room.identity.store.id_number(zhang.subject)
    assert number is not None
    await room.identity.counter.find(
        principal=await room.clerk(CLERK), phone=ZHANG, name="张丽华", reason="张丽华本人来办证"
    )
    zhang = await _fresh(room, ZHANG)
    await rights.downloads.ask(principal=zhang, locale=Locale.ZH_CN)
    await rights.downloads.work()
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    row = await room.mongo.collection("identity_citizens").find_one({"_id": zhang.subject})
    assert row is not None
    indexes = [bytes(row["phone_index"]), bytes(row["id_number_index"])]
    sealed = [(row["phone"], "citizen.phone"), (row["name"], "citizen.name"), (row["id_number"], "citizen.id_number")]
    await rights.erase()
    # Who kept a copy of the rows cannot read it either: the key is gone.
    vault = PersonalCipher(room.mongo, room.cipher.master_key)
    for one, purpose in sealed:
        with pytest.raises(UnsealError):
            await vault.open(one, owner=zhang.subject, purpose=purpose)
    await vault.close()
    plain = [text.encode() for text in ("13800000001", "张丽华", number)]
    for where in (await _raw_mongo(room), await _raw_redis(room)):
        assert where
        for wanted in plain:
            assert wanted not in where
    for index in indexes:
        assert index not in await _raw_mongo(room)
    # What officers wrote of them is gone, although it was sealed with another key; that they looked is not.
    look_up = await room.mongo.collection("identity_look_ups").find_one({"citizen_id": zhang.subject})
    assert look_up is not None
    assert room.cipher.open(look_up["reason"], purpose="look_up.reason", owner=look_up["_id"]) == b""
    kept = await room.mongo.collection("audit_entries").count_documents({"actor": zhang.subject})
    assert kept > 0


async def _raw_mongo(room: Room) -> bytes:
    """Every byte of every row, as BSON."""
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    rows = list[bytes]()
    for name in await room.mongo.database.list_collection_names():
        collection = room.mongo.database.get_collection(name).with_options(codec_options=options)
        rows += [bytes(row.raw) async for row in collection.find({})]
    return b"\n".join(rows)


async def _raw_redis(room: Room) -> bytes:
    """Every key, and what is kept under it."""
    found = [b"redis"]
    async for key in room.redis.scan_iter("*"):
        found += [key, await room.redis.dump(key) or b""]
    return b"\n".join(found)


async def test_invitations_of_who_has_gone_are_gone_and_those_to_them_wait_for_nobody(
    room: Room, rights: Rights
) -> None:
    zhang, alexander = await _fresh(room, ZHANG), await room.citizen(ALEXANDER)
    for inviter, invitee in ((zhang, alexander), (alexander, zhang)):
        invitation = Invitation(
            id=room.ids.new("inv"),
            kind=RelationKind.CARER,
            inviter=inviter.subject,
            invitee=invitee.subject,
            actor=invitee.subject,
            subject=inviter.subject,
            addressee="张*华",
            matters=frozenset({"health:read"}),
            until=None,
            once_only=False,
            created_at=room.clock.now(),
            expires_at=room.clock.now() + timedelta(days=30),
        )
        await room.identity.store.transaction(
            lambda session, one=invitation: room.identity.store.delegations.add_invitation(one, session=session)  # type: ignore[misc]
        )
    zhang = replace(zhang, authenticated_at=room.clock.now())
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    await rights.erase()
    delegations = room.identity.store.delegations
    assert await delegations.invitations_of(alexander.subject, received=True) == []
    [sent] = await delegations.invitations_of(alexander.subject, received=False)
    assert (sent.invitee, sent.actor, sent.subject, sent.answer) == ("", "", alexander.subject, None)


# --- races and kills


@pytest.mark.parametrize("seed", range(4))
@against("a frozen or erased account", "sign-in while it is erased")
@against("a race", "erasure")
async def test_signing_in_while_the_account_is_erased_leaves_no_session_of_it(
    room: Room, rights: Rights, seed: int
) -> None:
    chance = random.Random(seed)
    zhang = await _fresh(room, ZHANG)
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    code = await room.code(ZHANG)

    async def sign_in() -> str:
        await asyncio.sleep(chance.random() / 50)
        return await outcome(room.answer(ZHANG, code))

    _, signed_in = await asyncio.gather(rights.erase(), sign_in())
    assert signed_in in ("ok", "AUTH_REFRESH_INVALID")
    sessions = room.mongo.collection("identity_sessions")
    assert await sessions.count_documents({"account_id": zhang.subject, "revoked_at": None}) == 0
    # Whoever signed in after that is somebody new.
    async for row in sessions.find({"audience": Audience.CITIZEN.value, "revoked_at": None}):
        assert row["account_id"] in await room.identity.store.citizens([row["account_id"]])


async def test_many_processes_erase_once(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    await rights.erase(*(Rights.on(room).erasures for _ in range(4)))
    assert len(await room.events(ACCOUNT_ERASED)) == len(await room.audited("accounts.erased")) == 1
    standing = await rights.erasures.erasures.newest(zhang.subject)
    assert standing is not None
    assert (standing.state, standing.claims, standing.steps) == (ErasureState.DONE, 2, 5)


class _KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("dies_in", range(5))
@pytest.mark.parametrize("noted", [False, True])
async def test_whoever_comes_after_a_kill_carries_on(room: Room, rights: Rights, dies_in: int, noted: bool) -> None:
    zhang = await _fresh(room, ZHANG)
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    dying = _Dying(**{name: getattr(rights.erasures, name) for name in Erasures.__dataclass_fields__})
    dying.kill(after=dies_in, noted=noted)
    with pytest.raises(_KilledError):
        await rights.erase(dying)
    await rights.erasures.work()
    standing = await rights.erasures.erasures.newest(zhang.subject)
    assert standing is not None
    assert standing.state is ErasureState.RUNNING  # the claim of who was killed still stands
    room.clock.advance(seconds=LEASE_S)
    await rights.erase()
    standing = await rights.erasures.erasures.newest(zhang.subject)
    assert standing is not None
    assert standing.state is ErasureState.DONE
    assert len(await room.events(ACCOUNT_ERASED)) == 1
    assert await room.mongo.collection(KEYS).count_documents({"keyAltNames": zhang.subject}) == 0


class _Dying(Erasures):
    """Is killed when it has done so many steps: before it could note the last one, or after."""

    def kill(self, *, after: int, noted: bool) -> None:
        object.__setattr__(self, "_dies", (after, noted))

    @property
    def steps(self):  # type: ignore[no-untyped-def]
        after, noted = self._dies  # type: ignore[attr-defined]

        def dying(number: int, step):  # type: ignore[no-untyped-def]
            async def run(citizen: str) -> None:
                if noted and number == after:
                    raise _KilledError
                await step(citizen)
                if not noted and number == after:
                    raise _KilledError

            return run

        return [dying(number, step) for number, step in enumerate(super().steps)]


async def test_a_room_that_fails_is_asked_again(room: Room, rights: Rights) -> None:
    zhang, calls = await _fresh(room, ZHANG), list[str]()

    async def forget(citizen: str) -> None:
        calls.append(citizen)
        if len(calls) == 1:
            raise ConnectionError

    erasures = replace(rights.erasures, others=(Forgetting("fragile", forget),))
    await erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    await rights.erase(erasures)
    assert await room.mongo.collection(KEYS).count_documents({"keyAltNames": zhang.subject}) == 1
    room.clock.advance(seconds=LEASE_S)
    await rights.erase(erasures)
    assert calls == [zhang.subject] * 2
    assert await room.mongo.collection(KEYS).count_documents({"keyAltNames": zhang.subject}) == 0


# --- legal holds


async def test_a_legal_hold_makes_it_wait_and_its_owner_is_told(room: Room, rights: Rights) -> None:
    zhang, holder = await _fresh(room, ZHANG), _holder(room, await room.clerk(CLERK))
    zhang = replace(zhang, authenticated_at=room.clock.now())
    await rights.erasures.ask(principal=zhang)
    until = room.clock.now() + GRACE + timedelta(days=30)
    await rights.erasures.hold(principal=holder, citizen=zhang.subject, reason="法院协助执行通知书", until=until)
    query = "{ erasure { state dueAt heldUntil } erasureTerms { graceDays retained { what why } } }"
    answer = await room.ask(query, principal=zhang, services=rights.services)
    assert answer["codes"] == []
    assert answer["data"]["erasure"]["heldUntil"] == until.isoformat()
    assert answer["data"]["erasureTerms"]["graceDays"] == 7
    assert len(answer["data"]["erasureTerms"]["retained"]) == 4
    room.clock.advance(seconds=DEPARTED_S)
    await rights.erase()
    assert await room.events(ACCOUNT_ERASED) == []
    room.clock.advance(seconds=30 * 86_400)
    await rights.erase()
    assert len(await room.events(ACCOUNT_ERASED)) == 1


async def test_a_lifted_hold_lets_it_go_on_and_another_one_does_not(room: Room, rights: Rights) -> None:
    zhang, holder = await _fresh(room, ZHANG), _holder(room, await room.clerk(CLERK))
    zhang = replace(zhang, authenticated_at=room.clock.now())
    await rights.erasures.ask(principal=zhang)
    until = room.clock.now() + timedelta(days=60)
    placed = [
        await rights.erasures.hold(principal=holder, citizen=zhang.subject, reason="另案调查", until=until)
        for _ in range(2)
    ]
    room.clock.advance(seconds=DEPARTED_S)
    for hold, expected in zip(placed, (0, 1), strict=True):
        await rights.erase()
        assert await room.events(ACCOUNT_ERASED) == []
        await rights.erasures.lift(principal=holder, hold_id=hold.id)
        await rights.erase()
        assert len(await room.events(ACCOUNT_ERASED)) == expected
    assert len(await room.audited("holds.placed")) == len(await room.audited("holds.lifted")) == 2


async def test_a_hold_needs_the_scope_a_second_person_an_end_and_somebody_to_hold(room: Room, rights: Rights) -> None:
    zhang, clerk = await _fresh(room, ZHANG), await room.clerk(CLERK)
    holder, now = _holder(room, clerk), room.clock.now()
    later = now + timedelta(days=1)
    before = await room.dump()

    async def hold(
        who: Principal, *, citizen: str = zhang.subject, reason: str = "协助调查", until: datetime = later
    ) -> str:
        return await outcome(rights.erasures.hold(principal=who, citizen=citizen, reason=reason, until=until))

    assert await hold(clerk) == await hold(zhang) == "FORBIDDEN"
    assert await hold(holder, until=now) == "IDENTITY_LEGAL_HOLD_INVALID"
    assert await hold(holder, until=now + timedelta(days=1100)) == "IDENTITY_LEGAL_HOLD_INVALID"
    assert await hold(holder, citizen="cit_" + "0" * 26) == await hold(holder, citizen="x") == "NOT_FOUND"
    assert await hold(holder, reason="a") == "BAD_USER_INPUT"
    rights.four_eyes.agreed = False
    with pytest.raises(RefusedError):
        await hold(holder)
    assert await room.dump() == before


async def test_what_has_begun_is_not_held_any_more(room: Room, rights: Rights) -> None:
    zhang, holder = await _fresh(room, ZHANG), _holder(room, await room.clerk(CLERK))
    zhang = replace(zhang, authenticated_at=room.clock.now())
    await rights.erasures.ask(principal=zhang)
    room.clock.advance(seconds=DEPARTED_S)
    claimed = await rights.erasures.erasures.claim(now=room.clock.now(), lease=timedelta(minutes=1))
    assert claimed is not None
    until = room.clock.now() + timedelta(days=1)
    held = rights.erasures.hold(principal=holder, citizen=zhang.subject, reason="协助调查", until=until)
    assert await outcome(held) == "IDENTITY_LEGAL_HOLD_INVALID"


async def test_holding_and_beginning_at_one_instant_do_one_of_the_two(room: Room, rights: Rights) -> None:
    leavers: Sequence[Principal] = [await _fresh(room, phone) for phone in (ZHANG, ALEXANDER)]
    holder = _holder(room, await room.clerk(CLERK))
    for leaver in leavers:
        await rights.erasures.ask(principal=replace(leaver, authenticated_at=room.clock.now()))
    room.clock.advance(seconds=DEPARTED_S)
    until = room.clock.now() + timedelta(days=1)

    async def hold(leaver: Principal) -> str:
        return await outcome(
            rights.erasures.hold(principal=holder, citizen=leaver.subject, reason="协助调查", until=until)
        )

    held = await asyncio.gather(rights.erase(), *(hold(leaver) for leaver in leavers))
    there = await room.identity.store.citizens([leaver.subject for leaver in leavers])
    for leaver, result in zip(leavers, held[1:], strict=True):
        assert (leaver.subject in there) == (result == "ok")


async def test_the_graph_asks_and_calls_off(room: Room, rights: Rights) -> None:
    zhang = await _fresh(room, ZHANG)
    answer = await room.ask("mutation { eraseAccount { state heldUntil } }", principal=zhang, services=rights.services)
    assert answer["data"]["eraseAccount"] == {"state": "WAITING", "heldUntil": None}
    answer = await room.ask("mutation { cancelErasure { state } }", principal=zhang, services=rights.services)
    assert answer["data"]["cancelErasure"] == {"state": "CANCELLED"}
