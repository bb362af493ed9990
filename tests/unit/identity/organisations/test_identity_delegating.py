"""Letting another act: invitations, their answers, their bounds, and what nobody learns from them."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from identity.errors import TokenExpired, TokenInvalid
from identity.relations import MATTERS, NEVER_DELEGATED, ActingPrincipal, InvitationState, RelationKind, Side
from tests.support.attacks import against
from tests.unit.identity.organisations.relating import Related
from tests.unit.identity.room import LIU, NEWCOMER, ZHANG, outcome

INVITE = """mutation($input: InviteDelegateInput!) { inviteDelegate(input: $input) {
  kind kindLabel sent side addressee matters until onceOnly state expiresAt sender { maskedName } } }"""
INVITATIONS = """{ invitations { id kind sent side addressee matters matterLabels state
  sender { maskedName } } }"""
ACCEPT = """mutation($id: ID!) { acceptInvitation(id: $id) {
  kind side provenBy matters until actor { maskedName } subject { maskedName } } }"""


def input_of(related: Related, **changes: Any) -> dict[str, Any]:
    until = related.room.clock.now() + timedelta(days=30)
    whole = {"phone": LIU, "name": "刘秀英", "kind": "PROXY", "matters": ["payments:read"], "until": until.isoformat()}
    return {**whole, **changes}


# --- from an invitation to acting ---------------------------------------------------------------------------------


async def test_a_subject_lets_another_act_and_both_see_it(related: Related) -> None:
    room = related.room
    zhang, liu = await room.citizen(ZHANG), await room.citizen(LIU)
    until = (room.clock.now() + timedelta(days=30)).isoformat()
    sent = (await related.ask(INVITE, principal=zhang, input=input_of(related)))["data"]["inviteDelegate"]
    assert sent == {
        "kind": "PROXY",
        "kindLabel": "亲友代办",
        "sent": True,
        "side": "SUBJECT",
        "addressee": "刘*英 138****0004",
        "matters": ["payments:read"],
        "until": until,
        "onceOnly": False,
        "state": "WAITING",
        "expiresAt": (room.clock.now() + timedelta(days=7)).isoformat(),
        "sender": {"maskedName": "张*华"},
    }
    (received,) = (await related.ask(INVITATIONS, principal=liu))["data"]["invitations"]
    assert (received["sent"], received["side"], received["addressee"]) == (False, "ACTOR", None)
    assert (received["sender"], received["matterLabels"]) == ({"maskedName": "张*华"}, ["查看账单"])
    answer = await related.ask(ACCEPT, principal=liu, id=received["id"])
    assert answer["data"]["acceptInvitation"] == {
        "kind": "PROXY",
        "side": "ACTOR",
        "provenBy": "双方确认",
        "matters": ["payments:read"],
        "until": until,
        "actor": {"maskedName": "刘*英"},
        "subject": {"maskedName": "张*华"},
    }
    (relation,) = [one for one in await room.identity.acting.relations(principal=zhang) if one.kind == "PROXY"]
    principal = await room.identity.authenticate(token=(await related.act(liu, relation)).access.text)
    assert isinstance(principal, ActingPrincipal)
    assert (principal.actor, principal.subject, principal.scopes) == (
        liu.actor,
        zhang.actor,
        frozenset({"payments:read"}),
    )
    named = {name: await room.events(f"identity.{name}") for name in ("invitation_sent", "relation_begun")}
    assert [event.payload["citizen"] for events in named.values() for event in events] == [liu.actor, zhang.actor]
    for kind, actor in (("invited", zhang), ("accepted", liu), ("acting_begun", liu)):
        (entry,) = await room.audited(f"delegation.{kind}")
        assert (entry["actor"], entry["subject"]) == (actor.actor, zhang.actor)


async def test_who_would_act_may_ask_and_the_subject_accepts(related: Related) -> None:
    asker, subject = await related.resident(1), await related.resident(2)
    invitation = await related.invite(asker, 2, side=Side.ACTOR, kind=RelationKind.CARER)
    relation = await related.accept(subject, invitation)
    assert (relation.actor, relation.subject, relation.kind) == (asker.actor, subject.actor, RelationKind.CARER)


@pytest.mark.parametrize("answer", ["decline", "withdraw"])
async def test_an_invitation_that_was_declined_or_taken_back_is_over(related: Related, answer: str) -> None:
    inviter, invitee = await related.resident(1), await related.resident(2)
    invitation = await related.invite(inviter, 2)
    delegating = related.room.identity.delegating
    who, other = (invitee, inviter) if answer == "decline" else (inviter, invitee)
    verb = delegating.decline if answer == "decline" else delegating.withdraw
    assert await outcome(verb(principal=other, invitation_id=invitation.id)) == "NOT_FOUND"
    await verb(principal=who, invitation_id=invitation.id)
    before = await related.kept()
    for again in (verb(principal=who, invitation_id=invitation.id), related.accept(invitee, invitation)):
        assert await outcome(again) == "NOT_FOUND"
    assert await related.kept() == before
    assert await delegating.invitations(principal=invitee) == []
    (seen,) = await delegating.invitations(principal=inviter)
    expected = InvitationState.DECLINED if answer == "decline" else InvitationState.WITHDRAWN
    assert seen.state(related.room.clock.now()) is expected


async def test_an_invitation_waits_a_week_and_a_relation_ends_by_itself(related: Related) -> None:
    inviter, invitee = await related.resident(1), await related.resident(2)
    late, used = await related.invite(inviter, 2), await related.invite(inviter, 2)
    relation = await related.accept(invitee, used)
    related.room.clock.advance(seconds=7 * 86_400)
    assert await outcome(related.accept(invitee, late)) == "NOT_FOUND"
    related.room.clock.advance(seconds=23 * 86_400)
    assert await outcome(related.act(invitee, relation)) == "NOT_FOUND"
    assert await related.room.identity.acting.relations(principal=inviter) == []
    # It makes room for another.
    anew = await related.accept(invitee, await related.invite(inviter, 2))
    assert [one.id for one in await related.room.identity.acting.relations(principal=invitee)] == [anew.id]


async def test_one_that_is_good_for_once_is_over_with_its_first_token(related: Related) -> None:
    zhang, liu = await related.room.citizen(ZHANG), await related.room.citizen(LIU)
    sent = await related.invite(liu, 0, phone=ZHANG, name="张丽华", once_only=True)
    relation = await related.accept(zhang, sent)
    results = await asyncio.gather(*(related.act(zhang, relation) for _ in range(4)), return_exceptions=True)
    (begun,) = [one for one in results if not isinstance(one, BaseException)]
    assert [getattr(one, "code", "") for one in results if isinstance(one, BaseException)] == ["NOT_FOUND"] * 3
    assert (await related.room.identity.authenticate(token=begun.access.text)).subject == liu.actor
    assert (
        await outcome(
            related.room.identity.delegating.renew(
                principal=related.fresh(liu),
                relation_id=relation.id,
                until=related.room.clock.now() + timedelta(days=1),
            )
        )
        == "NOT_FOUND"
    )
    related.room.clock.advance(seconds=11 * 60)
    with pytest.raises(TokenExpired):
        await related.room.identity.authenticate(token=begun.access.text)
    assert relation.id not in {one.id for one in await related.room.identity.acting.relations(principal=liu)}


async def test_either_side_ends_it_and_what_goes_on_by_it(related: Related) -> None:
    zhang, liu = await related.room.citizen(ZHANG), await related.room.citizen(LIU)
    for ender in (zhang, liu):
        relation = await related.accept(zhang, await related.invite(liu, 0, phone=ZHANG, name="张丽华"))
        begun = await related.act(zhang, relation)
        assert await related.room.identity.authenticate(token=begun.access.text)
        await related.room.identity.acting.end(principal=ender, relation_id=relation.id)
        with pytest.raises(TokenInvalid):
            await related.room.identity.authenticate(token=begun.access.text)
        ended = (await related.room.events("identity.relation_ended"))[-1].payload
        assert {ended["by"], ended["citizen"]} == {zhang.actor, liu.actor}
        assert ended["by"] == ender.actor


async def test_accepted_anew_it_takes_the_place_of_the_one_that_runs(related: Related) -> None:
    zhang, liu = await related.room.citizen(ZHANG), await related.room.citizen(LIU)
    first = await related.accept(zhang, await related.invite(liu, 0, phone=ZHANG, name="张丽华"))
    begun = await related.act(zhang, first)
    more = await related.invite(liu, 0, phone=ZHANG, name="张丽华", matters=["payments:read", "payments:pay"])
    second = await related.accept(zhang, more)
    with pytest.raises(TokenInvalid):
        await related.room.identity.authenticate(token=begun.access.text)
    running = [one for one in await related.room.identity.acting.relations(principal=liu) if one.kind == "PROXY"]
    assert [(one.id, one.matters) for one in running] == [(second.id, frozenset({"payments:read", "payments:pay"}))]


async def test_the_subject_renews_and_nobody_else(related: Related) -> None:
    actor, subject = await related.resident(1), await related.resident(2)
    relation = await related.accept(actor, await related.invite(subject, 1))
    renew = related.room.identity.delegating.renew
    now = related.room.clock.now()
    later = now + timedelta(days=365)
    by_actor = renew(principal=actor, relation_id=relation.id, until=later)
    assert await outcome(by_actor) == "NOT_FOUND"
    too_long = renew(principal=subject, relation_id=relation.id, until=later + timedelta(seconds=1))
    assert await outcome(too_long) == "BAD_USER_INPUT"
    assert (await renew(principal=subject, relation_id=relation.id, until=later)).until == later
    # What a register has proven has no end to renew.
    zhang, liu = await related.room.relation(RelationKind.CARER), await related.room.citizen(LIU)
    proven = renew(principal=liu, relation_id=zhang, until=related.room.clock.now() + timedelta(days=1))
    assert await outcome(proven) == "NOT_FOUND"


@against("a race", "relations")
@against("replaying", "invitation")
async def test_accepted_twice_at_once_it_is_one_relation(related: Related) -> None:
    inviter, invitee = await related.resident(1), await related.resident(2)
    for _ in range(3):
        invitation = await related.invite(inviter, 2)
        outcomes = await asyncio.gather(*(outcome(related.accept(invitee, invitation)) for _ in range(4)))
        assert sorted(outcomes) == ["NOT_FOUND"] * 3 + ["ok"]
        assert len(await related.room.identity.acting.relations(principal=invitee)) == 1


# --- bounds -------------------------------------------------------------------------------------------------------


async def test_five_may_act_for_one_also_when_two_accept_at_once(related: Related) -> None:
    subject = await related.resident(0)
    people = [await related.resident(number) for number in range(1, 8)]
    invitations = [await related.invite(subject, number) for number in range(1, 8)]
    for number in range(4):
        await related.accept(people[number], invitations[number])
    both = await asyncio.gather(*(outcome(related.accept(people[n], invitations[n])) for n in (4, 5)))
    assert sorted(both) == ["IDENTITY_TOO_MANY_RELATIONS", "ok"]
    before = await related.kept()
    assert await outcome(related.accept(people[6], invitations[6])) == "IDENTITY_TOO_MANY_RELATIONS"
    assert await related.kept() == before
    # Another with one of the five is no sixth person.
    again = await related.invite(subject, 1, kind=RelationKind.CARER)
    assert (await related.accept(people[0], again)).kind is RelationKind.CARER


async def test_one_acts_for_ten_at_most(related: Related) -> None:
    actor = await related.resident(0)
    for number in range(1, 11):
        subject = await related.resident(number)
        await related.accept(subject, await related.invite(actor, number, side=Side.ACTOR))
    eleventh = await related.resident(11)
    invitation = await related.invite(actor, 11, side=Side.ACTOR)
    assert await outcome(related.accept(eleventh, invitation)) == "IDENTITY_TOO_MANY_RELATIONS"


@against("guessing", "invitations")
async def test_how_many_invitations_one_sends_and_one_number_is_sent(related: Related) -> None:
    inviter = await related.resident(0)
    for number in range(20):
        await related.invite(inviter, 100 + number)
    before = await related.kept()
    assert await outcome(related.invite(inviter, 200)) == "AUTH_TOO_MANY_REQUESTS"
    assert await related.kept() == before
    for number in range(1, 11):
        await related.invite(await related.resident(number), 300)
    eleventh = await related.resident(11)
    assert await outcome(related.invite(eleventh, 300)) == "AUTH_TOO_MANY_REQUESTS"  # nobody has it


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"matters": []}, "BAD_USER_INPUT"),
        ({"matters": ["payments:all"]}, "BAD_USER_INPUT"),
        ({"matters": ["citizen"]}, "BAD_USER_INPUT"),
        *(
            ({"matters": ["payments:read", never]}, "IDENTITY_MATTER_NOT_DELEGABLE")
            for never in sorted(NEVER_DELEGATED)
        ),
        ({"kind": "GUARDIAN"}, "BAD_USER_INPUT"),
        ({"kind": "AGENT"}, "BAD_USER_INPUT"),
        ({"phone": "12345"}, "AUTH_PHONE_INVALID"),
        ({"name": " "}, "BAD_USER_INPUT"),
        ({"phone": ZHANG, "name": "张丽华"}, "BAD_USER_INPUT"),  # oneself
        ({"until": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}, "BAD_USER_INPUT"),
        ({"until": datetime(2036, 1, 1, tzinfo=UTC).isoformat()}, "BAD_USER_INPUT"),
        ({"until": "2026-12-24T00:00:00"}, "BAD_USER_INPUT"),  # of no zone
    ],
)
async def test_what_cannot_be_asked_for_is_refused_and_nothing_changes(
    related: Related, changes: dict[str, Any], refusal: str
) -> None:
    zhang = await related.room.citizen(ZHANG)
    before = await related.kept()
    answer = await related.ask(INVITE, principal=zhang, input=input_of(related, **changes))
    assert (answer["data"], answer["codes"]) == (None, [refusal])
    assert await related.kept() == before


@against("a stolen session", "relations")
async def test_both_sides_are_known_by_name_and_have_just_proven_themselves(related: Related) -> None:
    room = related.room
    zhang, newcomer = await room.citizen(ZHANG), await room.citizen(NEWCOMER)
    unproven = await related.resident(3, level=2)
    assert await outcome(related.invite(newcomer, 1)) == "IDENTITY_REAL_NAME_NEEDED"
    invitation = await related.invite(zhang, 3)
    assert await outcome(related.accept(unproven, invitation)) == "IDENTITY_REAL_NAME_NEEDED"
    # The inviter's own level is judged again by their account.
    proven = await related.resident(4)
    sent = await related.invite(proven, 0, phone=ZHANG, name="张丽华")
    await room.mongo.collection("identity_citizens").update_one({"_id": proven.actor}, {"$set": {"evidence": []}})
    assert await outcome(related.accept(zhang, sent)) == "IDENTITY_OTHER_NOT_PROVEN"
    room.clock.advance(seconds=6 * 60)
    before = await related.kept()
    stale = [
        room.identity.delegating.accept(principal=zhang, invitation_id=sent.id),
        related.organisations.accept(principal=zhang, invitation_id=sent.id),
        room.identity.guardianship.find(principal=zhang),
    ]
    assert [await outcome(call) for call in stale] == ["STEP_UP_REQUIRED"] * 3
    answer = await related.ask(INVITE, principal=zhang, input=input_of(related))
    assert answer["codes"] == ["STEP_UP_REQUIRED"]
    assert await related.kept() == before


@against("reading another's", "invitations")
async def test_others_invitations_are_not_there(related: Related) -> None:
    inviter, _, stranger = await related.resident(1), await related.resident(2), await related.resident(3)
    invitation = await related.invite(inviter, 2)
    before = await related.kept()
    for who in (stranger, inviter):
        assert await outcome(related.accept(who, invitation)) == "NOT_FOUND"
    for id_ in ("inv_01J9ZZZZZZZZZZZZZZZZZZZZZZ", "x" * 9999, "\x00", "", {"$ne": ""}):
        answer = await related.ask(ACCEPT, principal=related.fresh(stranger), id=str(id_))
        assert answer["codes"] == ["NOT_FOUND"]
    assert await related.kept() == before


def test_what_is_never_delegated_is_no_matter() -> None:
    assert not NEVER_DELEGATED.keys() & MATTERS.keys()


# --- nobody learns who is there -----------------------------------------------------------------------------------


@against("enumeration by message", "invitation")
@against("enumeration by timing", "invitation")
async def test_nobody_learns_from_an_invitation_whether_there_is_such_a_person(
    related: Related, caplog: pytest.LogCaptureFixture
) -> None:
    """The same answer, the same list, and the same commands to MongoDB, in the same order."""
    zhang, crowd = await related.room.citizen(ZHANG), await related.resident(50)
    for number in range(1, 11):
        await related.invite(await related.resident(number), 50)
    await related.room.citizen(NEWCOMER)
    related.room.clock.advance(seconds=1 * 86_400)
    addressed = {
        "there": {"phone": LIU, "name": "刘秀英"},
        "nobody's phone": {"phone": "13700000777", "name": "刘秀英"},
        "another name": {"phone": LIU, "name": "刘秀兰"},
        "known by no name": {"phone": NEWCOMER, "name": "刘秀英"},
        "too many wait": {"phone": "13700000050", "name": "居民五零"},
    }
    seen, commands = {}, {}
    for which, whom in addressed.items():
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="pymongo.command"):
            answer = await related.ask(INVITE, principal=related.fresh(zhang), input=input_of(related, **whom))
        started = [record.getMessage() for record in caplog.records if "Command started" in record.getMessage()]
        commands[which] = [re.findall(r'"commandName": "(\w+)"', message)[0] for message in started]
        told = answer["data"]["inviteDelegate"]
        seen[which] = (answer["codes"], {name: told[name] for name in told if name != "addressee"})
    assert len(commands["there"]) > 4
    assert commands == dict.fromkeys(addressed, commands["there"])
    assert all(one == seen["there"] for one in seen.values())
    sent = (await related.ask(INVITATIONS, principal=zhang))["data"]["invitations"]
    assert [one["state"] for one in sent] == ["WAITING"] * 5
    assert len(await related.room.events("identity.invitation_sent")) == 10 + 5
    assert len(await related.room.identity.delegating.invitations(principal=crowd)) == 10
    rows = await related.room.mongo.collection("identity_invitations").find({}).to_list(None)
    assert len({frozenset(row) for row in rows}) == 1
