"""Acts that take two officers: proposed by one, done by the approval of another, once; and all that is done so."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import time, timedelta, timezone
from typing import Any

from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from core.principal import ANONYMOUS, Jurisdiction, Principal
from identity.model import Evidence
from identity.oidc.model import ClientState
from identity.organisations.model import Organisation, Suspender
from identity.relations import ORGANISATION_REGISTER
from identity.staffing.graph import StaffingMutation, StaffingQuery
from identity.staffing.model import ActState, Details, Kind, StaffAct
from identity.staffing.performing import Agreement
from identity.staffing.rules import Hours
from tests.support.attacks import against
from tests.unit.identity.room import ALEXANDER, ZHANG, outcome
from tests.unit.identity.room import OFFICER as INSPECTOR
from tests.unit.identity.staffing.bureau import (
    ADMIN,
    AUDITOR,
    BUREAU,
    OTHER_ADMIN,
    OTHER_OFFICER,
    OTHER_PARTNERS,
    PARTNERS,
    REASON,
    Bureau,
)

PENDING = """{ pendingActs {
  nodes { id kind about reason state proposer { badge } details { until phone name roles } } } }"""
PROPOSE = """mutation($input: ProposeActInput!) { proposeAct(input: $input) { id state expiresAt } }"""
APPROVE = "mutation($id: ID!) { approveAct(id: $id) { state decidedAt decider { badge } } }"
MEMBERS = "{ staffMembers(first: 50) { nodes { id displayName badge roles jurisdiction suspended } } }"


async def badges(bureau: Bureau, principal: Principal) -> set[str]:
    answer = await bureau.room.ask(MEMBERS, principal=principal, services=bureau.services)
    return {row["badge"] for row in answer["data"]["staffMembers"]["nodes"]} if answer["data"] else set(answer["codes"])


async def test_an_act_goes_from_one_officer_to_another(bureau: Bureau) -> None:
    room = bureau.room
    one, other, zhang = await bureau.officer(), await bureau.officer(OTHER_OFFICER), await room.id_of("zhang")
    until = bureau.days(30)

    async def ask(query: str, who: Principal, **variables: Any) -> dict[str, Any]:
        return await room.ask(query, principal=who, variables=variables, services=bureau.services)

    told = {"kind": "ACCOUNT_FREEZE", "subject": zhang, "reason": REASON, "details": {"until": until.isoformat()}}
    answer = await ask(PROPOSE, one, input=told)
    assert answer["codes"] == []
    id_ = answer["data"]["proposeAct"]["id"]
    (row,) = (await ask(PENDING, other))["data"]["pendingActs"]["nodes"]
    assert (row["id"], row["reason"], row["proposer"]["badge"]) == (id_, REASON, "ZS-0201")
    assert row["details"]["until"] == until.isoformat()
    # Others do not see it; an auditor does, and decides nothing.
    for phone in (ADMIN, PARTNERS, INSPECTOR):
        who = await room.clerk(phone)
        listed = await ask(PENDING, who)
        assert listed["data"] is None or listed["data"]["pendingActs"]["nodes"] == []
        assert await outcome(bureau.staffing.acts.one(principal=who, act_id=id_)) == "NOT_FOUND"
        assert await outcome(bureau.staffing.acts.approve(principal=who, act_id=id_)) in ("NOT_FOUND", "FORBIDDEN")
    auditor = await bureau.officer(AUDITOR)
    assert len((await ask(PENDING, auditor))["data"]["pendingActs"]["nodes"]) == 1
    assert await outcome(bureau.staffing.acts.approve(principal=auditor, act_id=id_)) == "NOT_FOUND"
    citizen = await room.citizen(ALEXANDER)
    assert await outcome(bureau.staffing.acts.approve(principal=citizen, act_id=id_)) == "FORBIDDEN"

    other = await bureau.prove(other)
    done = await ask(APPROVE, other, id=id_)
    assert done["data"]["approveAct"]["state"] == "DONE"
    freeze = await room.identity.store.freezes.of(zhang, now=room.clock.now())
    assert freeze is not None and freeze.until == until
    assert (await ask(APPROVE, other, id=id_))["codes"] == ["STAFF_ACT_NOT_PENDING"]
    (shown,) = (await bureau.staffing.store.interventions(zhang, request=bureau.page())).rows
    assert (shown.officer, shown.second) == (one.actor, other.actor)
    kinds = ("staff.act_proposed", "staff.act_approved", "accounts.frozen")
    entries = [(await room.audited(kind))[0] for kind in kinds]
    assert [entry["actor"] for entry in entries] == [one.actor, other.actor, one.actor]
    assert entries[1]["about"]["proposer"] == one.actor
    assert entries[2]["about"]["second"] == other.actor
    assert REASON not in (await room.dump()).decode()


@against("another's rights", "officer alone")
@against("a stolen session", "staff")
async def test_who_approves_is_another_person_with_the_power_and_a_fresh_strong_proof(bureau: Bureau) -> None:
    room, acts = bureau.room, bureau.staffing.acts
    zhang = await room.id_of("zhang")
    weak, one = await room.clerk(OTHER_OFFICER), await bureau.officer()
    assert await outcome(bureau.propose(weak, Kind.ACCOUNT_END, zhang)) == "STEP_UP_REQUIRED"
    act = await bureau.propose(one, Kind.ACCOUNT_END, zhang)
    before = await room.dump()
    assert await outcome(bureau.approve(weak, act)) == "STEP_UP_REQUIRED"
    assert await room.dump() == before
    second_session = await bureau.officer()  # the proposer's own
    assert second_session.session_id != one.session_id
    assert await outcome(bureau.approve(second_session, act)) == "STAFF_OWN_MATTER"
    assert await outcome(acts.reject(principal=one, act_id=act.id, reason=REASON)) == "STAFF_OWN_MATTER"
    assert await outcome(acts.withdraw(principal=weak, act_id=act.id)) == "NOT_FOUND"
    for id_ in ("", "x", "fea_01J9ZZZZZZZZZZZZZZZZZZZZZZ", zhang):
        assert await outcome(acts.approve(principal=weak, act_id=id_)) == "NOT_FOUND"
    assert await outcome(bureau.propose(await bureau.prove(weak), Kind.ACCOUNT_END, zhang)) == "STAFF_ACT_WAITS"
    waiting = await acts.one(principal=one, act_id=act.id)
    assert waiting == act

    # A day later nobody agrees to it any more, and it makes room.
    room.clock.advance(seconds=24 * 3600)
    one, other = await bureau.officer(), await bureau.officer(OTHER_OFFICER)
    assert await outcome(bureau.approve(other, act)) == "STAFF_ACT_NOT_PENDING"
    assert (await acts.one(principal=other, act_id=act.id)).state is ActState.EXPIRED
    act = await bureau.propose(one, Kind.ACCOUNT_END, zhang)
    rejected = await acts.reject(principal=other, act_id=act.id, reason="证据不足")
    assert (rejected.state, rejected.note, rejected.decided_by) == (ActState.REJECTED, "证据不足", other.actor)
    act = await bureau.propose(one, Kind.ACCOUNT_END, zhang)
    assert (await acts.withdraw(principal=one, act_id=act.id)).state is ActState.WITHDRAWN
    assert await outcome(bureau.approve(other, act)) == "STAFF_ACT_NOT_PENDING"


@against("a race", "two officers")
async def test_of_two_decisions_at_once_one_is_taken(bureau: Bureau) -> None:
    room, acts = bureau.room, bureau.staffing.acts
    one, other = await bureau.officer(), await bureau.officer(OTHER_OFFICER)
    zhang, liu = await room.id_of("zhang"), await room.id_of("liu")
    proposing = [bureau.propose(who, Kind.ACCOUNT_FREEZE, zhang, until=bureau.days(9)) for who in (one, other, one)]
    proposed = await asyncio.gather(*proposing, return_exceptions=True)
    (act,) = [found for found in proposed if isinstance(found, StaffAct)]
    assert {getattr(found, "code", "ok") for found in proposed} == {"STAFF_ACT_WAITS", "ok"}
    approver = other if act.proposer == one.actor else one
    approving = [outcome(bureau.approve(approver, act)) for _ in range(3)]
    assert sorted(await asyncio.gather(*approving)) == ["STAFF_ACT_NOT_PENDING"] * 2 + ["ok"]
    assert len(await room.audited("accounts.frozen")) == len(await room.events("identity.account_frozen")) == 1

    act = await bureau.propose(one, Kind.ACCOUNT_FREEZE, liu, until=bureau.days(9))
    results = await asyncio.gather(
        outcome(bureau.approve(other, act)),
        outcome(acts.withdraw(principal=one, act_id=act.id)),
        outcome(acts.reject(principal=other, act_id=act.id, reason=REASON)),
    )
    assert sorted(results) == ["STAFF_ACT_NOT_PENDING"] * 2 + ["ok"]
    frozen = await room.identity.store.freezes.of(liu, now=room.clock.now())
    assert (frozen is not None) is (results[0] == "ok")


async def test_powers_that_are_gone_are_gone_at_once(bureau: Bureau) -> None:
    room = bureau.room
    one, other, liu = await bureau.officer(), await bureau.officer(OTHER_OFFICER), await room.id_of("liu")
    staff = room.mongo.collection("identity_staff")

    async def change(who: Principal, **fields: object) -> None:
        await staff.update_one({"_id": who.actor}, {"$set": fields})

    act = await bureau.propose(one, Kind.ACCOUNT_END, liu)
    same: dict[str, Any] = {"roles": ["account_officer"], "jurisdiction": "110000", "suspended": False}
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"suspended": True}, "AUTH_TOKEN_INVALID", "STAFF_ACT_OUTDATED"),
        ({"roles": ["clerk"]}, "NOT_FOUND", "STAFF_ACT_OUTDATED"),
        ({"jurisdiction": "110108"}, "NOT_FOUND", "STAFF_ACT_OUTDATED"),
    ]
    for changed, of_approver, of_proposer in cases:
        await change(other, **changed)
        assert await outcome(bureau.approve(other, act)) == of_approver
        await change(other, **same)
        await change(one, **changed)
        assert await outcome(bureau.approve(other, act)) == of_proposer
        await change(one, **same)
    await change(one, appointed_by=[other.actor], appointed_at=room.clock.now() - timedelta(days=29))
    assert await outcome(bureau.approve(other, act)) == "STAFF_NOT_INDEPENDENT"
    await change(one, appointed_at=room.clock.now() - timedelta(days=31))
    await room.identity.sessions.sign_out(principal=other)  # their token is good for a while elsewhere
    assert await outcome(bureau.approve(other, act)) == "AUTH_TOKEN_INVALID"
    assert (await bureau.approve(await bureau.officer(OTHER_OFFICER), act)).state is ActState.DONE


@against("a race", "two officers")
async def test_a_suspension_and_an_approval_at_once(bureau: Bureau) -> None:
    """Who is suspended approves before, or not at all."""
    room = bureau.room
    one, other, liu = await bureau.officer(), await bureau.officer(OTHER_OFFICER), await room.id_of("liu")
    admin, second = await bureau.officer(ADMIN), await bureau.officer(OTHER_ADMIN)
    act = await bureau.propose(one, Kind.ACCOUNT_FREEZE, liu, until=bureau.days(9))
    suspension = await bureau.propose(admin, Kind.STAFF_SUSPEND, other.actor)
    approved, suspended = await asyncio.gather(
        outcome(bureau.approve(other, act)), outcome(bureau.approve(second, suspension))
    )
    assert suspended == "ok"
    assert approved in ("ok", "AUTH_TOKEN_INVALID")
    frozen = await room.identity.store.freezes.of(liu, now=room.clock.now())
    assert (frozen is not None) is (approved == "ok")
    assert other.session_id in room.identity.revocations


async def test_staff_are_hired_changed_and_suspended_by_two(bureau: Bureau) -> None:
    room = bureau.room
    one, other = await bureau.officer(ADMIN), await bureau.officer(OTHER_ADMIN)
    told: dict[str, Any] = {
        "phone": "139 1111 0001",
        "name": " 新  同事 ",
        "badge": "ZS-0999",
        "unit": "大数据处",
        "department": BUREAU,
        "roles": ("clerk",),
        "jurisdiction": "110101001",
    }
    act = await bureau.propose(one, Kind.STAFF_HIRE, "", **told)
    assert (act.details.phone, act.details.name) == ("+8613911110001", "新 同事")
    assert "新 同事" not in (await room.dump()).decode()
    await bureau.approve(other, act)
    hired = await room.clerk("13911110001")
    assert (hired.actor, hired.jurisdiction) == (act.subject, Jurisdiction("110101001"))
    assert await outcome(bureau.propose(one, Kind.STAFF_HIRE, "", **told)) == "STAFF_PHONE_TAKEN"
    assert await badges(bureau, one) == {f"ZS-{number}" for number in ("0101", "0102", "0201", "0202", "0301")} | {
        "ZS-0302",
        "ZS-0401",
        *("ZS-0501", "ZS-0502", "ZS-0601", "ZS-0602"),
        "ZS-0999",
    }
    assert len(await badges(bureau, await bureau.officer(AUDITOR))) > 12
    assert await badges(bureau, hired) == {"FORBIDDEN"}

    one, other = await bureau.prove(one), await bureau.prove(other)
    await bureau.together(one, other, Kind.STAFF_ROLES, hired.actor, roles=("account_officer",))
    assert hired.session_id in room.identity.revocations
    officer = await bureau.officer("13911110001")
    assert "accounts:intervene" in officer.scopes
    await bureau.together(one, other, Kind.STAFF_MOVE, hired.actor, jurisdiction="110108")
    for kind, expected in [(Kind.STAFF_SUSPEND, True), (Kind.STAFF_REINSTATE, False)]:
        assert await outcome(bureau.together(one, other, kind, hired.actor)) == "ok"
        member = await bureau.staffing.members.one(principal=one, staff_id=hired.actor)
        assert member.suspended is expected
        assert await outcome(bureau.propose(one, kind, hired.actor)) == "STAFF_NOTHING_CHANGES"
    assert len(await room.events("identity.staff_changed")) == 5
    (entry,) = await room.audited("staff.roles_done")
    assert (entry["actor"], entry["about"]["proposer"]) == (other.actor, one.actor)


@against("another's rights", "officer of another department", "officer of another place")
async def test_nobody_grants_what_is_not_theirs(bureau: Bureau) -> None:
    room, ids = bureau.room, bureau.room.id_of
    one, other = await bureau.officer(ADMIN), await bureau.officer(OTHER_ADMIN)
    account, elsewhere = await ids("ma"), await ids("wang")

    async def refused(kind: Kind, subject: str, **details: Any) -> str:
        return await outcome(bureau.propose(one, kind, subject, **details))

    hire = dataclasses.asdict(await bureau.hired("13911110002"))
    hire = {name: value for name, value in hire.items() if value}
    before = await room.dump()
    assert await refused(Kind.STAFF_ROLES, one.actor, roles=("clerk",)) == "STAFF_OWN_MATTER"
    assert await refused(Kind.STAFF_SUSPEND, one.actor) == "STAFF_OWN_MATTER"
    assert await refused(Kind.STAFF_SUSPEND, elsewhere) == "NOT_FOUND"  # another department's
    assert await refused(Kind.STAFF_SUSPEND, "stf_01J9ZZZZZZZZZZZZZZZZZZZZZZ") == "NOT_FOUND"
    assert await refused(Kind.STAFF_ROLES, account, roles=("auditor", "clerk")) == "STAFF_ROLES_CONFLICT"
    assert await refused(Kind.STAFF_ROLES, account, roles=("mayor",)) == "STAFF_ROLE_UNKNOWN"
    assert await refused(Kind.STAFF_ROLES, account, roles=("account_officer",)) == "STAFF_NOTHING_CHANGES"
    other_department = {**hire, "department": "11110000000021000D"}
    assert await refused(Kind.STAFF_HIRE, "", **other_department) == "STAFF_OUTSIDE_JURISDICTION"
    assert await refused(Kind.STAFF_HIRE, "", **{**hire, "jurisdiction": "120000"}) == "BAD_USER_INPUT"
    assert await refused(Kind.STAFF_HIRE, "", **{**hire, "phone": "12"}) == "AUTH_PHONE_INVALID"
    assert await refused(Kind.ACCOUNT_END, await ids("zhang")) == "FORBIDDEN"
    assert await room.dump() == before

    # Who answers for a district: neither roles of the city's, nor those who have them, nor other districts.
    await room.mongo.collection("identity_staff").update_one({"_id": one.actor}, {"$set": {"jurisdiction": "110101"}})
    hire["jurisdiction"] = "110101"
    assert await refused(Kind.STAFF_HIRE, "", **{**hire, "roles": ("staff_admin",)}) == "STAFF_ROLE_NOT_YOURS"
    assert await refused(Kind.STAFF_HIRE, "", **{**hire, "jurisdiction": "110108"}) == "STAFF_OUTSIDE_JURISDICTION"
    assert await refused(Kind.STAFF_SUSPEND, account) == "NOT_FOUND"
    act = await bureau.propose(one, Kind.STAFF_HIRE, "", **hire)
    # And moved away before it is approved, they have proposed nothing.
    await room.mongo.collection("identity_staff").update_one({"_id": one.actor}, {"$set": {"jurisdiction": "110108"}})
    assert await outcome(bureau.approve(other, act)) in ("STAFF_ACT_OUTDATED", "STAFF_OUTSIDE_JURISDICTION")
    assert await room.identity.store.staff_of_phone("+8613911110002") is None


async def test_what_changes_while_it_waits_is_proposed_anew(bureau: Bureau) -> None:
    one, other = await bureau.officer(ADMIN), await bureau.officer(OTHER_ADMIN)
    account = await bureau.room.id_of("ma")
    suspend = await bureau.propose(one, Kind.STAFF_SUSPEND, account)
    await bureau.together(one, other, Kind.STAFF_ROLES, account, roles=("clerk",))
    assert await outcome(bureau.approve(other, suspend)) == "STAFF_ACT_OUTDATED"
    # Two who hire one phone at once: the first gets it.
    told = await bureau.hired("13911110003")
    hires = [
        await bureau.staffing.acts.propose(principal=one, kind=Kind.STAFF_HIRE, subject="", reason=REASON, details=told)
        for _ in range(2)
    ]
    results = await asyncio.gather(*(outcome(bureau.approve(other, act)) for act in hires))
    assert sorted(results) == ["STAFF_PHONE_TAKEN", "ok"]


async def test_clients_are_let_in_by_two_as_they_were_looked_through(bureau: Bureau) -> None:
    one, other, client = await bureau.officer(PARTNERS), await bureau.officer(OTHER_PARTNERS), await bureau.client()
    store, registration = bureau.openid.parts.store, bureau.openid.registration
    assert await outcome(registration.approve(principal=one, client_id=client.id)) == "FORBIDDEN"
    act = await bureau.propose(one, Kind.OIDC_CLIENT_APPROVE, client.id, service_scopes=("archive:read",))
    await store.put_client(dataclasses.replace(client, redirect_uris=("https://evil.example/",)))
    assert await outcome(bureau.approve(other, act)) == "STAFF_ACT_OUTDATED"
    await store.put_client(client)
    await bureau.approve(other, act)
    approved = await store.client(client.id)
    assert approved is not None
    assert (approved.state, approved.service_scopes) == (ClientState.APPROVED, frozenset({"archive:read"}))
    assert await outcome(bureau.propose(one, Kind.OIDC_CLIENT_APPROVE, "nobody")) == "NOT_FOUND"


async def test_organisations_and_holds_are_the_citys_by_two(bureau: Bureau) -> None:
    room = bureau.room
    one, other, zhang = await bureau.officer(), await bureau.officer(OTHER_OFFICER), await room.id_of("zhang")
    organisation = Organisation(
        room.ids.new("org"),
        "91110101MA0DEM001X",
        "示范餐饮",
        room.clock.now(),
        Evidence(ORGANISATION_REGISTER, room.clock.now()),
    )
    store, verbs = bureau.organisations.store, bureau.organisations
    await room.identity.store.transaction(lambda session: store.add(organisation, session=session))
    # Outside of an approval nobody has agreed to anything.
    about: dict[str, Any] = {"principal": one, "organisation_id": organisation.id}
    alone = room.identity.store.transaction(
        lambda session: verbs.suspend_for_city(**about, reason=REASON, session=session)
    )
    assert await outcome(alone) == "FORBIDDEN"
    await bureau.together(one, other, Kind.ORGANISATION_SUSPEND, organisation.id)
    assert (await store.organisations([organisation.id]))[organisation.id].suspended_by is Suspender.CITY
    assert await outcome(bureau.propose(one, Kind.ORGANISATION_SUSPEND, organisation.id)) == "STAFF_NOTHING_CHANGES"
    await bureau.together(one, other, Kind.ORGANISATION_RESUME, organisation.id)
    assert (await store.organisations([organisation.id]))[organisation.id].suspended_by is None
    assert await outcome(bureau.propose(one, Kind.ORGANISATION_SUSPEND, "org_x")) == "NOT_FOUND"

    hold: dict[str, Any] = {"principal": one, "citizen": zhang, "reason": REASON, "until": bureau.days(60)}
    assert await outcome(bureau.erasures.hold(**hold)) == "FORBIDDEN"
    await bureau.together(one, other, Kind.ACCOUNT_HOLD, zhang, until=bureau.days(60))
    (held,) = await bureau.erasures.holds(zhang)
    (shown,) = (await bureau.staffing.store.interventions(zhang, request=bureau.page())).rows
    assert shown.hold == held.id
    liu = await room.id_of("liu")
    assert await outcome(bureau.propose(one, Kind.ACCOUNT_HOLD_LIFT, liu, hold=held.id)) == "NOT_FOUND"
    assert await outcome(bureau.erasures.lift(principal=one, hold_id=held.id)) == "FORBIDDEN"
    await bureau.together(one, other, Kind.ACCOUNT_HOLD_LIFT, zhang, hold=held.id)
    assert await bureau.erasures.holds(zhang) == []
    assert isinstance(bureau.erasures.four_eyes, Agreement)


async def test_working_hours_hold_for_both_officers(bureau: Bureau) -> None:
    room = bureau.room
    acts = bureau.staffing.acts
    one, other, zhang = await bureau.officer(), await bureau.officer(OTHER_OFFICER), await room.id_of("zhang")
    act = await bureau.propose(one, Kind.ACCOUNT_END, zhang)
    beijing = timezone(timedelta(hours=8))
    now = room.clock.now().astimezone(beijing)
    opens = (now + timedelta(minutes=5)).time()
    closed = dataclasses.replace(acts, hours=Hours(opens, time.max, beijing))
    assert await outcome(closed.approve(principal=other, act_id=act.id)) == "STAFF_OUT_OF_HOURS"
    proposing = closed.propose(principal=one, kind=Kind.ACCOUNT_END, subject=zhang, reason=REASON, details=Details())
    assert await outcome(proposing) == "STAFF_OUT_OF_HOURS"
    urgent = Details(until=bureau.days(3))
    frozen = await closed.propose(principal=one, kind=Kind.ACCOUNT_FREEZE, subject=zhang, reason=REASON, details=urgent)
    assert (await closed.approve(principal=other, act_id=frozen.id)).state is ActState.DONE


VERBS = {
    "staffMembers": "{ staffMembers { nodes { id } } }",
    "staffMember": "query($id: ID!) { staffMember(id: $id) { id } }",
    "pendingActs": PENDING,
    "act": "query($id: ID!) { act(id: $id) { id } }",
    "interventions": "{ interventions { nodes { id } } }",
    "accountInterventions": "query($id: ID!) { accountInterventions(citizenId: $id) { nodes { id } } }",
    "proposeAct": 'mutation($id: ID!) { proposeAct(input: {kind: ACCOUNT_END, subject: $id, reason: "ABCD"}) { id } }',
    "approveAct": APPROVE,
    "rejectAct": 'mutation($id: ID!) { rejectAct(id: $id, reason: "ABCD") { id } }',
    "withdrawAct": "mutation($id: ID!) { withdrawAct(id: $id) { id } }",
    **{
        name: f'mutation($id: ID!) {{ {name}(input: {{citizenId: $id, reason: "ABCD"}}) {{ id }} }}'
        for name in ("freezeAccount", "unfreezeAccount", "endAccountSessions")
    },
}


@against("another's rights", "citizen at staff's verbs", "acting for somebody")
async def test_no_citizen_and_nobody_for_another_uses_what_is_for_staff(bureau: Bureau) -> None:
    fields = [
        one for mixin in (StaffingQuery, StaffingMutation) for one in get_object_definition(mixin, strict=True).fields
    ]
    assert {to_camel_case(one.python_name) for one in fields} == VERBS.keys()
    room = bureau.room
    zhang = await room.citizen(ZHANG)
    delegate = await bureau.acting(zhang)
    before = await room.dump()
    for name, query in VERBS.items():
        variables = {"id": zhang.actor} if "$id" in query else {}
        for who in (ANONYMOUS, delegate, zhang):
            answer = await room.ask(query, principal=who, variables=variables, services=bureau.services)
            own = name == "interventions" and who is zhang
            assert answer["codes"] == ([] if own else ["UNAUTHENTICATED" if who is ANONYMOUS else "FORBIDDEN"]), name
    assert await room.dump() == before
