"""Interventions: what a freeze stops, who may freeze and let go on, and what the citizen is told of it."""

from __future__ import annotations

import asyncio
import dataclasses

from core.errors import DomainError
from core.events import open_facts
from core.ids import is_id
from core.principal import Jurisdiction
from identity.staffing.model import InterventionKind, Kind
from tests.support.attacks import against
from tests.unit.identity.room import ALEXANDER, LIU, ZHANG, eventually, outcome
from tests.unit.identity.staffing.bureau import AUDITOR, OFFICER, OTHER_OFFICER, REASON, Bureau

OWN = (
    """{ interventions { nodes { id kind label reason at until officer { organisation badge } second { badge } } } }"""
)
OF_ACCOUNT = "query($id: ID!) { accountInterventions(citizenId: $id) { nodes { kind reason } } }"
FREEZE = """mutation($id: ID!, $reason: String!) {
  freezeAccount(input: { citizenId: $id, reason: $reason }) { kind until officer { badge } } }"""


@against("a frozen or erased account", "acting", "access token")
async def test_a_frozen_account_is_nobodys_to_use_until_it_thaws(bureau: Bureau) -> None:
    room = bureau.room
    signed_in = await room.sign_in(ZHANG)
    zhang = await room.principal(signed_in)
    liu_session = await room.sign_in(LIU)
    liu = await room.principal(liu_session)
    begun = await room.identity.acting.act_for(principal=zhang, relation_id=await bureau.carer())
    client = await bureau.client()
    grant = await bureau.granted(client, zhang)
    officer = await bureau.officer()
    answer = await room.ask(
        FREEZE, principal=officer, variables={"id": liu.subject, "reason": REASON}, services=bureau.services
    )
    assert answer["codes"] == []
    made = answer["data"]["freezeAccount"]
    assert (made["kind"], made["officer"]["badge"]) == ("FROZEN", "ZS-0201")

    # Her own session, and what her daughter does for her, end here at once and elsewhere within about a second.
    elsewhere = room.revocations()
    await elsewhere.open()
    for token, id_ in ((liu_session.access.text, liu.session_id), (begun.access.text, begun.acting.id)):
        assert await outcome(room.identity.authenticate(token=token)) == "AUTH_TOKEN_INVALID"
        assert id_ in elsewhere
    assert await room.identity.authenticate(token=signed_in.access.text) == zhang
    again = room.identity.acting.act_for(principal=zhang, relation_id=await bureau.carer())
    assert await outcome(again) == "NOT_FOUND"
    assert (await bureau.openid.parts.store.grant(grant.id)).ended_at is None  # type: ignore[union-attr]

    # Told to who has proven that it is theirs, and to nobody else.
    assert await outcome(room.identity.sessions.refresh(refresh_token=liu_session.refresh)) == "AUTH_ACCOUNT_FROZEN"
    await room.request(LIU)
    await room.deliver()
    assert await outcome(room.answer(LIU, "000000")) == "AUTH_CODE_WRONG"
    code = str((await room.sms.latest(LIU) or {})["code"])
    try:
        await room.answer(LIU, code)
    except DomainError as refusal:
        told = refusal.public_fields
    assert is_id(str(told["reference"]), prefix="itv")

    # It ends by itself.
    room.clock.advance(seconds=24 * 3600)
    back = await room.citizen(LIU)
    assert await room.identity.acting.act_for(principal=await room.citizen(ZHANG), relation_id=await bureau.carer())
    shown = await room.ask(OWN, principal=back, services=bureau.services)
    (row,) = shown["data"]["interventions"]["nodes"]
    assert (row["id"], row["reason"], row["second"]) == (told["reference"], REASON, None)
    assert row["officer"] == {"organisation": "北京市政务服务和数据管理局", "badge": "ZS-0201"}
    (event,) = await room.events("identity.account_frozen")
    facts = open_facts(event.payload["facts"], owner=liu.subject, cipher=room.cipher)
    assert (event.payload["citizen"], facts) == (liu.subject, {"reason": REASON})
    (entry,) = await room.audited("accounts.frozen")
    assert (entry["actor"], entry["subject"]) == (officer.actor, liu.subject)
    assert REASON not in (await room.dump()).decode()


@against("a frozen or erased account", "partner's grant")
async def test_what_a_frozen_citizen_granted_and_does_for_others_ends(bureau: Bureau) -> None:
    room, client = bureau.room, await bureau.client()
    zhang = await room.citizen(ZHANG)
    acts = await bureau.acting(zhang)
    grant = await bureau.granted(client, zhang, offline=True)
    await bureau.freeze(await bureau.officer(), zhang.actor)
    assert acts.session_id in room.identity.revocations
    ended = await bureau.openid.parts.store.grant(grant.id)
    assert ended is not None and ended.ended_at is not None


@against("another's rights", "officer without the role", "officer of another place")
async def test_who_may_freeze_and_let_go_on(bureau: Bureau) -> None:
    room, accounts = bureau.room, bureau.staffing.accounts
    zhang, liu = await room.id_of("zhang"), await room.id_of("liu")
    citizen, auditor = await room.citizen(ALEXANDER), await bureau.officer(AUDITOR)
    weak, one, other = await room.clerk(OFFICER), await bureau.officer(OFFICER), await bureau.officer(OTHER_OFFICER)
    before = await room.dump()
    assert await outcome(bureau.freeze(citizen, zhang)) == await outcome(bureau.freeze(auditor, zhang)) == "FORBIDDEN"
    assert await outcome(bureau.freeze(weak, zhang)) == "STEP_UP_REQUIRED"
    for nobody in ("", "x", "cit_01J9ZZZZZZZZZZZZZZZZZZZZZZ", one.actor, "org_01J9ZZZZZZZZZZZZZZZZZZZZZZ"):
        assert await outcome(bureau.freeze(one, nobody)) == "NOT_FOUND"
    short = accounts.freeze_for_a_day(principal=one, citizen_id=zhang, reason="?")
    assert await outcome(short) == "BAD_USER_INPUT"
    assert await room.dump() == before

    # Of two at once one freezes; the other's is frozen already.
    both = await asyncio.gather(outcome(bureau.freeze(one, zhang)), outcome(bureau.freeze(other, zhang)))
    assert sorted(both) == ["STAFF_ALREADY_FROZEN", "ok"]
    first, second = (one, other) if both[0] == "ok" else (other, one)
    about = {"citizen_id": zhang, "reason": REASON}
    assert await outcome(accounts.unfreeze_own(principal=second, **about)) == "STAFF_SECOND_OFFICER_NEEDED"
    assert (await accounts.unfreeze_own(principal=first, **about)).kind is InterventionKind.UNFROZEN
    assert await outcome(accounts.unfreeze_own(principal=first, **about)) == "STAFF_NOT_FROZEN"
    assert await room.citizen(ZHANG)
    # Nobody freezes day after day, alone or in turns.
    first, second = await bureau.prove(first), await bureau.prove(second)
    for officer in (first, second):
        assert await outcome(bureau.freeze(officer, zhang)) == "STAFF_SECOND_OFFICER_NEEDED"
    await bureau.together(first, second, Kind.ACCOUNT_FREEZE, zhang, until=bureau.days(30))
    assert await outcome(accounts.unfreeze_own(principal=first, **about)) == "STAFF_SECOND_OFFICER_NEEDED"

    # Where one lives decides; who does not say is the whole city's.
    moved = {"$set": {"jurisdiction": "110108"}}
    await room.mongo.collection("identity_staff").update_one({"_id": first.actor}, moved)
    assert await outcome(bureau.freeze(first, liu)) == "STAFF_OUTSIDE_JURISDICTION"
    await room.mongo.collection("identity_citizens").update_one({"_id": liu}, {"$set": {"home_district": None}})
    assert await outcome(bureau.freeze(first, liu)) == "STAFF_OUTSIDE_JURISDICTION"
    assert first.jurisdiction == Jurisdiction("110000")  # as their token still says
    for _ in range(30):
        last = await outcome(bureau.freeze(second, "x"))
        if last == "AUTH_TOO_MANY_REQUESTS":
            break
    assert last == "AUTH_TOO_MANY_REQUESTS"


async def test_freezing_while_its_owner_comes_in(bureau: Bureau) -> None:
    """Whichever comes first, nothing of the account is good afterwards."""
    room, officer = bureau.room, await bureau.officer()
    signed_in = await room.sign_in(LIU)
    code = await room.code(LIU)
    zhang = await room.citizen(ZHANG)
    relation = await bureau.carer()
    results = await asyncio.gather(
        bureau.freeze(officer, await room.id_of("liu")),
        room.answer(LIU, code),
        room.identity.sessions.refresh(refresh_token=signed_in.refresh),
        *(room.identity.acting.act_for(principal=zhang, relation_id=relation) for _ in range(2)),
        return_exceptions=True,
    )
    for one in results[1:]:
        if isinstance(one, BaseException):
            assert getattr(one, "code", one) in ("AUTH_ACCOUNT_FROZEN", "NOT_FOUND")
        else:
            assert await outcome(room.identity.authenticate(token=one.access.text)) == "AUTH_TOKEN_INVALID"


async def test_sessions_are_ended_and_both_sides_see_it(bureau: Bureau) -> None:
    room, accounts = bureau.room, bureau.staffing.accounts
    signed_in = await room.sign_in(ZHANG)
    zhang = await room.principal(signed_in)
    process = room.revocations()
    running = asyncio.create_task(process.run())
    officer = await bureau.officer()
    await accounts.end_sessions(principal=officer, citizen_id=zhang.subject, reason=REASON)
    await eventually(lambda: zhang.session_id in process)
    running.cancel()
    assert await outcome(room.identity.authenticate(token=signed_in.access.text)) == "AUTH_TOKEN_INVALID"
    assert await outcome(room.identity.sessions.refresh(refresh_token=signed_in.refresh)) == "AUTH_REFRESH_INVALID"
    zhang = await room.citizen(ZHANG)
    assert len(await room.events("identity.account_intervened")) == 1

    async def read(phone: str) -> list[str]:
        about = {"id": zhang.subject}
        who = await room.clerk(phone)
        answer = await room.ask(OF_ACCOUNT, principal=who, variables=about, services=bureau.services)
        assert answer["codes"] == []
        return [row["kind"] for row in answer["data"]["accountInterventions"]["nodes"]]

    assert await read(AUDITOR) == await read(OTHER_OFFICER) == ["SESSIONS_ENDED"]
    page = await room.identity.access.page(zhang.subject, request=bureau.page())
    assert [row.purpose for row in page.rows] == ["staff.interventions"] * 2
    # Nobody reads another's, nor does who acts for them.
    liu = await room.citizen(LIU)
    assert (await room.ask(OWN, principal=liu, services=bureau.services))["data"]["interventions"]["nodes"] == []
    delegate = await bureau.acting(zhang)
    assert (await room.ask(OWN, principal=delegate, services=bureau.services))["codes"] == ["FORBIDDEN"]


async def test_an_account_that_two_ended_is_erased_unless_two_undo_it(bureau: Bureau) -> None:
    room = bureau.room
    one, other = await bureau.officer(OFFICER), await bureau.officer(OTHER_OFFICER)
    liu, alexander = await room.id_of("liu"), await room.id_of("alexander")
    for citizen in (liu, alexander):
        await bureau.together(one, other, Kind.ACCOUNT_END, citizen)
    assert await outcome(room.sign_in(LIU)) == "AUTH_ACCOUNT_FROZEN"
    one, other = await bureau.prove(one), await bureau.prove(other)
    shorter = bureau.propose(one, Kind.ACCOUNT_FREEZE, liu, until=bureau.days(1))
    assert await outcome(shorter) == "STAFF_NOTHING_CHANGES"
    await bureau.together(one, other, Kind.ACCOUNT_UNFREEZE, alexander)
    assert await room.citizen(ALEXANDER)
    room.clock.advance(seconds=8 * 86_400)
    await bureau.rights.erase(bureau.erasures)
    assert [event.payload["citizen"] for event in await room.events("identity.account_erased")] == [liu]
    assert await room.citizen(ALEXANDER)
    # There is nothing left to intervene in; what was done stands without its reason.
    one = await bureau.officer()
    assert await outcome(bureau.freeze(one, liu)) == "NOT_FOUND"
    (kept,) = (await bureau.staffing.store.interventions(liu, request=bureau.page())).rows
    assert (kept.kind, kept.reason) == (InterventionKind.ENDING, "")
    (act,) = [row for row in await bureau.acts() if row.subject == liu]
    assert act.reason == ""


@against("skipping the second factor", "session that can only enrol")
async def test_a_member_of_staff_who_is_enrolling_intervenes_in_nothing(bureau: Bureau) -> None:
    officer = await bureau.officer()
    enrolling = dataclasses.replace(officer, scopes=frozenset({"staff:enrol"}))
    zhang = await bureau.room.id_of("zhang")
    assert await outcome(bureau.freeze(enrolling, zhang)) == "FORBIDDEN"
    assert await outcome(bureau.propose(enrolling, Kind.ACCOUNT_END, zhang)) == "FORBIDDEN"
