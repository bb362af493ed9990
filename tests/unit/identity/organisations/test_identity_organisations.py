"""Organisations: who registers them, who is a member of them as what, and what acting for one opens."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Forbidden
from core.paging import PageRequest
from core.principal import Jurisdiction, Principal, PrincipalKind
from identity.acting import ActingSession
from identity.errors import TokenInvalid
from identity.organisations.model import OrganisationKind, Post, Suspender, parse_uscc
from identity.relations import (
    ORGANISATION_MATTERS,
    ActingPrincipal,
    Agency,
    Ceiling,
    Proof,
    Relation,
    RelationKind,
    Role,
)
from tests.support.attacks import against
from tests.unit.identity.organisations.relating import CATERING, OPERATOR, VIEWER, Agreement, Related
from tests.unit.identity.room import NEWCOMER, OUYANG, ZHANG, outcome

REGISTER = """mutation($uscc: String!, $name: String!) { registerOrganisation(uscc: $uscc, name: $name) {
  id uscc name kind suspendedBy member { role roleLabel matters limits { matter } person { maskedName } } } }"""
ORGANISATION = "query($id: ID!) { organisation(id: $id) { name member { role } members { role } } }"
SOFTWARE = {"uscc": "91110108MA0DEM0026", "name": "北京海淀示范软件有限公司"}
DEPARTMENT = {"uscc": "11110000000022000L", "name": "北京市城市管理委员会"}


def inspector(related: Related) -> Principal:
    """Of the market's bureau."""
    return Principal(
        kind=PrincipalKind.STAFF,
        actor="stf_01J9ZZZZZZZZZZZZZZZZZZZZZZ",
        subject="stf_01J9ZZZZZZZZZZZZZZZZZZZZZZ",
        scopes=frozenset({"staff", "organisations:suspend"}),
        jurisdiction=Jurisdiction("110000"),
        authenticated_at=related.room.clock.now(),
    )


# --- registering --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("91110101MA0DEM001X", "91110101MA0DEM001X"),
        (" 91110101 ma0dem001x ", "91110101MA0DEM001X"),
        ("91110101MA0DEM0010", None),  # its check character is another
        ("91110101MA0DEM001", None),
        ("9111010IMA0DEM001X", None),  # there is no I
        ("９1110101MA0DEM001X", None),
        ("9" * 9999, None),
        ("", None),
    ],
)
def test_codes_of_organisations(typed: str, code: str | None) -> None:
    try:
        assert parse_uscc(typed) == code
    except Exception as refusal:
        assert (getattr(refusal, "code", ""), code) == ("IDENTITY_USCC_INVALID", None)


async def test_who_represents_it_becomes_its_owner(related: Related) -> None:
    ouyang = await related.room.citizen(OUYANG)
    answer = await related.ask(REGISTER, principal=ouyang, **CATERING)
    registered = answer["data"]["registerOrganisation"]
    assert {**registered, "id": ""} == {
        "id": "",
        **CATERING,
        "kind": "ENTERPRISE",
        "suspendedBy": None,
        "member": {
            "role": "OWNER",
            "roleLabel": "负责人",
            "matters": sorted(ORGANISATION_MATTERS),
            "limits": [],
            "person": {"maskedName": "欧**国"},
        },
    }
    before = await related.kept()
    again = await related.organisations.registered(principal=ouyang, **CATERING)
    assert again.organisation.id == registered["id"]
    assert await related.kept() == before
    (entry,) = await related.room.audited("organisation.registered")
    assert (entry["actor"], entry["subject"]) == (ouyang.actor, registered["id"])


async def test_a_department_is_one_that_publishes(related: Related) -> None:
    newcomer = await related.room.citizen(NEWCOMER)
    await related.room.identity.real_names.confirm(principal=newcomer, name="王小明", id_number="110101199003070038")
    wang = dataclasses.replace(newcomer, real_name_level=3)
    membership = await related.organisations.registered(principal=wang, **DEPARTMENT)
    assert membership.organisation.kind is OrganisationKind.DEPARTMENT


@pytest.mark.parametrize(
    ("phone", "what", "refusal"),
    [
        (ZHANG, CATERING, "IDENTITY_REPRESENTATION_NOT_PROVEN"),
        (OUYANG, {**CATERING, "name": "北京通城"}, "IDENTITY_REPRESENTATION_NOT_PROVEN"),
        (OUYANG, {**CATERING, "uscc": "91110000600037341L"}, "IDENTITY_REPRESENTATION_NOT_PROVEN"),  # nobody's
        (OUYANG, DEPARTMENT, "IDENTITY_REPRESENTATION_NOT_PROVEN"),
        (OUYANG, SOFTWARE, "IDENTITY_ORGANISATION_NOT_IN_FORCE"),
        (OUYANG, {**CATERING, "uscc": "91110101MA0DEM0010"}, "IDENTITY_USCC_INVALID"),
        (OUYANG, {**CATERING, "name": "\x00"}, "BAD_USER_INPUT"),
        (NEWCOMER, CATERING, "IDENTITY_REAL_NAME_NEEDED"),
    ],
)
async def test_who_does_not_represent_it_is_refused(
    related: Related, phone: str, what: dict[str, str], refusal: str
) -> None:
    who = await related.room.citizen(phone)
    before = await related.kept()
    answer = await related.ask(REGISTER, principal=who, **what)
    assert answer == {"data": None, "codes": [refusal]}
    assert await related.kept() == before


@against("a race", "organisations")
async def test_registered_at_once_it_is_one(related: Related) -> None:
    ouyang = await related.room.citizen(OUYANG)
    all_ = await asyncio.gather(*(related.organisations.registered(principal=ouyang, **CATERING) for _ in range(4)))
    assert len({one.organisation.id for one in all_}) == len({one.member.id for one in all_}) == 1


async def test_whom_the_register_has_now_takes_the_place_of_the_owner_before(related: Related) -> None:
    ouyang = await related.room.citizen(OUYANG)
    zhang = await related.room.citizen(ZHANG)
    _, organisation = ouyang, (await related.organisations.registered(principal=ouyang, **CATERING)).organisation
    (owner,) = await related.organisations.members(principal=ouyang, organisation_id=organisation.id)
    begun = await related.act(ouyang, owner)

    class Renewed:
        """The register after another representative was entered."""

        async def represented(self, *, uscc: str, name: str, representative: str, id_number: str) -> Any:
            asks = related.organisations.register
            assert asks is not None
            return await asks.represented(
                uscc=uscc, name=name, representative="欧阳建国", id_number="110108195809230017"
            )

    renewed = dataclasses.replace(related.organisations, register=Renewed())
    taken = await renewed.registered(principal=zhang, **CATERING)
    assert taken.organisation.id == organisation.id
    assert await related.organisations.own(principal=ouyang) == []
    with pytest.raises(TokenInvalid):
        await related.room.identity.authenticate(token=begun.access.text)


# --- members ------------------------------------------------------------------------------------------------------


async def test_members_are_invited_and_act_in_what_their_role_opens(related: Related) -> None:
    ouyang, organisation = await related.catering()
    await related.resident(1)
    post = Post.of(Role.OPERATOR, matters={"payments:read", "payments:pay"}, ceilings=[Ceiling("payments:pay", 500_00)])
    member = await related.join(ouyang, organisation, 1, post)
    assert (member.kind, member.subject, member.agency) == (
        RelationKind.AGENT,
        organisation.id,
        Agency(CATERING["name"], Role.OPERATOR, (Ceiling("payments:pay", 500_00),)),
    )
    zhang = await related.room.citizen(ZHANG)
    sent = await related.organisations.invite(
        principal=related.fresh(ouyang), organisation_id=organisation.id, phone=ZHANG, name="张丽华", post=post
    )
    relation = await related.accept(zhang, sent)
    begun = await related.act(zhang, relation)
    principal = await related.room.identity.authenticate(token=begun.access.text)
    assert isinstance(principal, ActingPrincipal)
    assert (principal.kind, principal.actor, principal.subject) == (
        PrincipalKind.ORGANISATION,
        zhang.actor,
        organisation.id,
    )
    assert (principal.scopes, principal.ceilings) == (post.matters, post.ceilings)
    page = await related.organisations.actings(
        principal=ouyang, organisation_id=organisation.id, request=PageRequest.of(first=10, after=None)
    )
    assert [(one.actor, one.agency) for one in page.rows] == [(zhang.actor, relation.agency)]
    assert [one.payload.get("citizen") for one in await related.room.events("identity.acting_begun")] == [None]


PERSONAL = [
    "{ me { id name } }",
    "{ me { relations { id } } }",
    "{ organisations { id } }",
    "{ invitations { id } }",
    "mutation { signOut }",
    "mutation { findChildren { born } }",
    'mutation { setHomeDistrict(code: "110108") { id } }',
]


@pytest.mark.parametrize("query", PERSONAL)
@against("another's rights", "acting as an organisation")
async def test_acting_for_an_organisation_opens_nothing_that_is_a_citizens(related: Related, query: str) -> None:
    ouyang, organisation = await related.catering()
    (owner,) = await related.organisations.members(principal=ouyang, organisation_id=organisation.id)
    begun = await related.act(ouyang, owner)
    principal = await related.room.identity.authenticate(token=begun.access.text)
    before = await related.kept()
    assert (await related.ask(query, principal=principal))["codes"] == ["FORBIDDEN"]
    assert await related.kept() == before
    for matter in ORGANISATION_MATTERS:
        with pytest.raises(Forbidden):
            principal.require_citizen(organisation.id, matter=matter)
    told = await related.ask("{ acting { agency { organisation } actor { maskedName } } }", principal=principal)
    assert told["data"]["acting"] == {
        "agency": {"organisation": CATERING["name"]},
        "actor": {"maskedName": "欧**国"},
    }


# Who → what they may do to whom: decided by role alone.
@pytest.mark.parametrize(
    ("by", "other", "may"),
    [
        (Role.OWNER, Role.ADMIN, True),
        (Role.OWNER, Role.OPERATOR, True),
        (Role.ADMIN, Role.OPERATOR, True),
        (Role.ADMIN, Role.VIEWER, True),
        (Role.ADMIN, Role.ADMIN, False),
        (Role.ADMIN, Role.OWNER, False),
        (Role.OPERATOR, Role.VIEWER, False),
        (Role.VIEWER, Role.VIEWER, False),
    ],
)
@against("another's rights", "organisation's admin")
async def test_who_decides_about_whom(related: Related, by: Role, other: Role, may: bool) -> None:
    ouyang, organisation = await related.catering()
    await related.resident(1)
    await related.resident(2)
    await related.resident(3)
    posts = {Role.OPERATOR: OPERATOR, Role.VIEWER: VIEWER, Role.ADMIN: Post.of(Role.ADMIN)}
    if by is Role.OWNER:
        decider = ouyang
    else:
        await related.join(ouyang, organisation, 1, posts[by])
        decider = await related.principal_of(1)
    if other is Role.OWNER:
        (whom,) = [
            one
            for one in await related.organisations.members(principal=ouyang, organisation_id=organisation.id)
            if one.agency and one.agency.role is Role.OWNER
        ]
    else:
        whom = await related.join(ouyang, organisation, 2, posts[other])
    before = await related.kept()
    decider = related.fresh(decider)
    inviting = related.organisations.invite(
        principal=decider,
        organisation_id=organisation.id,
        phone="13700000003",
        name="居民三",
        post=posts.get(other, Post.of(Role.OWNER)),
    )
    assert await outcome(inviting) == ("ok" if may else "FORBIDDEN")
    changing = related.organisations.change_role(principal=decider, member_id=whom.id, post=VIEWER)
    if may:
        whom = await changing
    else:
        assert await outcome(changing) == "FORBIDDEN"
    removing = related.organisations.remove(principal=decider, member_id=whom.id)
    assert await outcome(removing) == ("ok" if may else "FORBIDDEN")
    assert (await related.kept() == before) is not may
    reading = related.organisations.members(principal=decider, organisation_id=organisation.id)
    assert await outcome(reading) == ("ok" if by in (Role.OWNER, Role.ADMIN) else "FORBIDDEN")


async def test_a_changed_role_and_a_removal_end_what_goes_on(related: Related) -> None:
    ouyang, organisation = await related.catering()
    zhang = await related.room.citizen(ZHANG)
    sent = await related.organisations.invite(
        principal=related.fresh(ouyang), organisation_id=organisation.id, phone=ZHANG, name="张丽华", post=OPERATOR
    )
    member = await related.accept(zhang, sent)
    before = await related.act(zhang, member)
    changed = await related.organisations.change_role(principal=related.fresh(ouyang), member_id=member.id, post=VIEWER)
    assert all(matter.endswith(":read") for matter in changed.matters)
    after = await related.act(zhang, changed)
    with pytest.raises(TokenInvalid):
        await related.room.identity.authenticate(token=before.access.text)
    assert (await related.room.identity.authenticate(token=after.access.text)).scopes == changed.matters
    await related.organisations.remove(principal=related.fresh(ouyang), member_id=changed.id)
    with pytest.raises(TokenInvalid):
        await related.room.identity.authenticate(token=after.access.text)
    assert await outcome(related.act(zhang, changed)) == "NOT_FOUND"
    for kind in ("role_changed", "member_removed", "member_joined"):
        (entry,) = await related.room.audited(f"organisation.{kind}")
        assert (entry["subject"], entry["about"]["member"]) == (organisation.id, zhang.actor)


@against("reading another's", "organisations")
async def test_others_organisations_and_members_are_not_there(related: Related) -> None:
    ouyang, organisation = await related.catering()
    await related.resident(1)
    member = await related.join(ouyang, organisation, 1, VIEWER)
    zhang = await related.room.citizen(ZHANG)
    before = await related.kept()
    for id_ in (organisation.id, "org_01J9ZZZZZZZZZZZZZZZZZZZZZZ", "x" * 9999, ""):
        calls = [
            related.organisations.one(principal=zhang, organisation_id=id_),
            related.organisations.members(principal=zhang, organisation_id=id_),
            related.organisations.hand_over(principal=zhang, organisation_id=id_, member_id=member.id),
            related.organisations.take_over(principal=zhang, organisation_id=id_),
            related.organisations.suspend(principal=zhang, organisation_id=id_),
            related.organisations.resume(principal=zhang, organisation_id=id_),
        ]
        assert [await outcome(call) for call in calls] == ["NOT_FOUND"] * 6
    family = await related.room.relation(RelationKind.CARER)
    for id_ in (member.id, family, "rel_01J9ZZZZZZZZZZZZZZZZZZZZZZ", ""):
        assert await outcome(related.organisations.remove(principal=zhang, member_id=id_)) == "NOT_FOUND"
        changing = related.organisations.change_role(principal=zhang, member_id=id_, post=VIEWER)
        assert await outcome(changing) == "NOT_FOUND"
    assert await related.kept() == before


@against("another's rights", "organisation's admin")
async def test_an_invitation_of_somebody_who_may_invite_no_more_is_over(related: Related) -> None:
    ouyang, organisation = await related.catering()
    await related.resident(1)
    invitee = await related.resident(2)
    admin = await related.join(ouyang, organisation, 1, Post.of(Role.ADMIN))
    sent = await related.organisations.invite(
        principal=await related.principal_of(1),
        organisation_id=organisation.id,
        phone="13700000002",
        name="居民二",
        post=VIEWER,
    )
    await related.organisations.remove(principal=related.fresh(ouyang), member_id=admin.id)
    before = await related.kept()
    assert await outcome(related.accept(invitee, sent)) == "NOT_FOUND"
    # Nor is it a relation between people.
    alone = related.room.identity.delegating.accept(principal=related.fresh(invitee), invitation_id=sent.id)
    assert await outcome(alone) == "NOT_FOUND"
    assert await related.kept() == before


async def test_a_member_leaves_and_joins_once(related: Related) -> None:
    ouyang, organisation = await related.catering()
    await related.resident(1)
    member = await related.join(ouyang, organisation, 1, VIEWER)
    assert await outcome(related.join(ouyang, organisation, 1, OPERATOR)) == "IDENTITY_ALREADY_MEMBER"
    leaver = await related.principal_of(1)
    await related.room.identity.acting.end(principal=leaver, relation_id=member.id)
    assert await related.organisations.own(principal=leaver) == []
    (owner,) = await related.organisations.members(principal=ouyang, organisation_id=organisation.id)
    before = await related.kept()
    leaving = related.room.identity.acting.end(principal=ouyang, relation_id=owner.id)
    assert await outcome(leaving) == "IDENTITY_OWNER_STAYS"
    assert await related.kept() == before


@pytest.mark.parametrize(
    ("role", "matters", "ceilings", "refusal"),
    [
        (Role.OPERATOR, [], [], "BAD_USER_INPUT"),
        (Role.OPERATOR, ["health:read"], [], "BAD_USER_INPUT"),
        (Role.OPERATOR, ["civil:will"], [], "IDENTITY_MATTER_NOT_DELEGABLE"),
        (Role.VIEWER, ["payments:pay"], [], "BAD_USER_INPUT"),
        (Role.VIEWER, [], [Ceiling("payments:pay", 1)], "BAD_USER_INPUT"),
        (Role.OPERATOR, ["payments:pay"], [Ceiling("payments:pay", -1)], "BAD_USER_INPUT"),
        (Role.OPERATOR, ["payments:pay"], [Ceiling("payments:pay", 1), Ceiling("payments:pay", 2)], "BAD_USER_INPUT"),
        (Role.OPERATOR, ["payments:read"], [Ceiling("payments:read", 1)], "BAD_USER_INPUT"),
    ],
)
async def test_what_is_no_post(role: Role, matters: list[str], ceilings: list[Ceiling], refusal: str) -> None:
    async def make() -> Post:
        return Post.of(role, matters=matters, ceilings=ceilings)

    assert await outcome(make()) == refusal


# --- handing over and suspending ----------------------------------------------------------------------------------


async def test_it_is_handed_over_in_two_steps_and_has_one_owner(related: Related) -> None:
    ouyang, organisation = await related.catering()
    await related.resident(1)
    member = await related.join(ouyang, organisation, 1, VIEWER)
    heir, verbs = await related.principal_of(1), related.organisations
    assert await outcome(verbs.take_over(principal=heir, organisation_id=organisation.id)) == "IDENTITY_HAND_OVER_OVER"
    by_member = verbs.hand_over(principal=heir, organisation_id=organisation.id, member_id=member.id)
    assert await outcome(by_member) == "FORBIDDEN"
    ouyang = related.fresh(ouyang)
    await verbs.hand_over(principal=ouyang, organisation_id=organisation.id, member_id=member.id)
    related.room.clock.advance(seconds=7 * 86_400)
    late = verbs.take_over(principal=related.fresh(heir), organisation_id=organisation.id)
    assert await outcome(late) == "IDENTITY_HAND_OVER_OVER"
    ouyang, heir = related.fresh(ouyang), related.fresh(heir)
    await verbs.hand_over(principal=ouyang, organisation_id=organisation.id, member_id=member.id)
    await verbs.withdraw_hand_over(principal=ouyang, organisation_id=organisation.id)
    assert await outcome(verbs.take_over(principal=heir, organisation_id=organisation.id)) == "IDENTITY_HAND_OVER_OVER"
    await verbs.hand_over(principal=ouyang, organisation_id=organisation.id, member_id=member.id)
    taking = [outcome(verbs.take_over(principal=heir, organisation_id=organisation.id)) for _ in range(3)]
    assert sorted(await asyncio.gather(*taking)) == ["IDENTITY_HAND_OVER_OVER"] * 2 + ["ok"]
    members = await verbs.members(principal=heir, organisation_id=organisation.id)
    assert {one.actor: one.agency.role for one in members if one.agency} == {
        heir.actor: Role.OWNER,
        ouyang.actor: Role.ADMIN,
    }
    (entry,) = await related.room.audited("organisation.handed_over")
    assert (entry["actor"], entry["about"]["before"]) == (heir.actor, ouyang.actor)


async def test_while_it_is_suspended_nobody_acts_and_nobody_joins(related: Related) -> None:
    ouyang, organisation = await related.catering()
    invitee = await related.resident(1)
    sent = await related.organisations.invite(
        principal=related.fresh(ouyang),
        organisation_id=organisation.id,
        phone="13700000001",
        name="居民一",
        post=VIEWER,
    )
    (owner,) = await related.organisations.members(principal=ouyang, organisation_id=organisation.id)
    begun, family = await related.act(ouyang, owner), await related.room.acting()
    # Suspended while others begin: what was begun before is ended, nothing is begun after.
    results = await asyncio.gather(
        *(related.act(ouyang, owner) for _ in range(3)),
        related.organisations.suspend(principal=related.fresh(ouyang), organisation_id=organisation.id),
        return_exceptions=True,
    )
    for one in [begun, *results[:3]]:
        if isinstance(one, BaseException):
            assert getattr(one, "code", "") == "NOT_FOUND"
        else:
            assert isinstance(one, ActingSession)
            with pytest.raises(TokenInvalid):
                await related.room.identity.authenticate(token=one.access.text)
    fresh = related.room.revocations()
    await related.room.redis.flushall()
    await fresh.open()  # as a process that starts: MongoDB tells what was ended
    assert begun.acting.id in fresh
    assert isinstance(family, ActingPrincipal) and family.acting_id not in fresh
    assert await outcome(related.act(ouyang, owner)) == "NOT_FOUND"
    assert await outcome(related.accept(invitee, sent)) == "IDENTITY_ORGANISATION_SUSPENDED"
    resumed = await related.organisations.resume(principal=related.fresh(ouyang), organisation_id=organisation.id)
    assert resumed.suspended_by is None
    again = await related.act(ouyang, owner)
    assert await related.room.identity.authenticate(token=again.access.text)
    assert (await related.accept(invitee, sent)).paused is False


async def test_what_the_city_suspended_no_owner_resumes(related: Related) -> None:
    ouyang, organisation = await related.catering()
    officer, verbs = inspector(related), related.organisations
    about: dict[str, Any] = {"principal": officer, "organisation_id": organisation.id}
    # Staff are no owners, and do it only in the transaction in which two of them agreed.
    assert await outcome(verbs.suspend(**about)) == await outcome(verbs.resume(**about)) == "FORBIDDEN"

    async def suspend(reason: str) -> list[str]:
        return await related.room.identity.store.transaction(
            lambda session: verbs.suspend_for_city(**about, reason=reason, session=session)
        )

    assert isinstance(verbs.four_eyes, Agreement)
    verbs.four_eyes.agreed = False
    assert await outcome(suspend("营业执照被吊销")) == "FORBIDDEN"
    verbs.four_eyes.agreed = True
    assert await outcome(suspend("")) == "BAD_USER_INPUT"
    (owner,) = await verbs.members(principal=ouyang, organisation_id=organisation.id)
    begun = await related.act(ouyang, owner)
    assert await suspend("营业执照被吊销") == [begun.acting.id]
    assert "营业执照" not in (await related.kept()).decode()
    ouyang = related.fresh(ouyang)
    assert await outcome(verbs.resume(principal=ouyang, organisation_id=organisation.id)) == "FORBIDDEN"
    still = await verbs.suspend(principal=ouyang, organisation_id=organisation.id)
    assert still.suspended_by is Suspender.CITY
    (own,) = await verbs.own(principal=ouyang)
    assert own.organisation.reason == "营业执照被吊销"
    await related.room.identity.store.transaction(lambda session: verbs.resume_for_city(**about, session=session))
    (own,) = await verbs.own(principal=ouyang)
    assert (own.organisation.suspended_by, own.organisation.reason) == (None, "")


@against("a stolen session", "relations")
async def test_every_change_asks_for_a_fresh_proof(related: Related) -> None:
    ouyang, organisation = await related.catering()
    await related.resident(1)
    member = await related.join(ouyang, organisation, 1, VIEWER)
    related.room.clock.advance(seconds=360)
    verbs, id_ = related.organisations, organisation.id
    before = await related.kept()
    stale = [
        verbs.registered(principal=ouyang, **CATERING),
        verbs.invite(principal=ouyang, organisation_id=id_, phone=ZHANG, name="张丽华", post=VIEWER),
        verbs.change_role(principal=ouyang, member_id=member.id, post=OPERATOR),
        verbs.remove(principal=ouyang, member_id=member.id),
        verbs.hand_over(principal=ouyang, organisation_id=id_, member_id=member.id),
        verbs.withdraw_hand_over(principal=ouyang, organisation_id=id_),
        verbs.take_over(principal=ouyang, organisation_id=id_),
        verbs.suspend(principal=ouyang, organisation_id=id_),
        verbs.resume(principal=ouyang, organisation_id=id_),
    ]
    assert [await outcome(call) for call in stale] == ["STEP_UP_REQUIRED"] * len(stale)
    assert await related.kept() == before


@against("another's rights", "acting as an organisation")
async def test_an_organisations_token_names_nothing_that_it_may_not(related: Related) -> None:
    """Whatever a row came to say: a token of other matters, or for an organisation as itself, is none."""
    ouyang, organisation = await related.catering()
    (owner,) = await related.organisations.members(principal=ouyang, organisation_id=organisation.id)
    tokens = related.room.identity.tokens
    for change in (
        {"matters": frozenset({"health:read"})},
        {"matters": frozenset({"citizen"})},
        {"subject": ouyang.subject[:-1] + "X"},
        {"agency": Agency(CATERING["name"], Role.OWNER, (Ceiling("reports:pay", 1),))},
    ):
        relation = dataclasses.replace(owner, **change)
        delegate = ActingPrincipal.of(relation, acting_id="act_x", as_themself=ouyang)
        with pytest.raises(TokenInvalid):
            await tokens.verify(tokens.issue(delegate).text)
    itself = Principal(kind=PrincipalKind.ORGANISATION, actor=organisation.id, subject=organisation.id, session_id="s")
    with pytest.raises(TokenInvalid):
        await tokens.verify(tokens.issue(itself).text)


async def test_a_relation_in_the_future_is_none_yet(related: Related) -> None:
    ouyang, organisation = await related.catering()
    zhang, now = await related.room.citizen(ZHANG), related.room.clock.now()
    later = Relation(
        related.room.ids.new("rel"),
        RelationKind.AGENT,
        zhang.actor,
        organisation.id,
        ORGANISATION_MATTERS,
        Proof("test", "test", now),
        now + timedelta(hours=1),
        agency=Agency(CATERING["name"], Role.VIEWER),
    )
    await related.room.identity.store.delegations.add(later)
    assert await related.organisations.own(principal=zhang) == []
    assert await outcome(related.act(zhang, later)) == "NOT_FOUND"
    assert len(await related.organisations.members(principal=ouyang, organisation_id=organisation.id)) == 1
