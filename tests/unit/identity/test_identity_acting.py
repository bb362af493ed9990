"""Acting for a child or a parent: what it opens, what it does not, and how it ends."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from graphql import GraphQLObjectType
from strawberry.types.base import get_object_definition, has_object_definition
from strawberry.utils.str_converters import to_camel_case

from core.errors import Forbidden, NotFound
from core.graph import graphql_core_schema
from core.locale import Locale
from core.paging import PageRequest
from core.principal import Principal
from core.redis import connect
from identity.demo import BEIJING, load_demo
from identity.errors import TokenExpired, TokenInvalid
from identity.model import Audience
from identity.relations import (
    GUARDIAN_MATTERS,
    MATTERS,
    ActingPrincipal,
    Proof,
    Relation,
    RelationKind,
    full_age,
    matter_words,
)
from identity.schema import Mutation, Query, schema
from tests.support.attacks import against
from tests.unit.identity.room import LIU, OUYANG, ZHANG, Room, outcome

CARER, GUARDIAN = RelationKind.CARER, RelationKind.GUARDIAN
CARER_MATTERS = sorted(MATTERS)

RELATIONS = """{ me { relations { id kind kindLabel side matters matterLabels provenBy until endedAt
  actor { maskedName } subject { maskedName } } } }"""
ACT_FOR = """mutation($id: ID!) { actFor(relationId: $id) {
  accessToken accessTokenExpiresAt matters matterLabels subject { maskedName realNameLevel } } }"""
ACTING = "{ acting { id kind kindLabel matters expiresAt actor { maskedName } subject { maskedName } } }"
ACTINGS = """query($first: Int! = 20, $after: String) { me { actings(first: $first, after: $after) {
  nodes { id kind at actor { maskedName } subject { maskedName } } pageInfo { hasNextPage endCursor } } } }"""
END = "mutation($id: ID!) { endRelation(id: $id) { id endedAt side } }"


# --- relations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "of_age"),
    [
        (date(2017, 6, 1), datetime(2035, 5, 31, 16, tzinfo=UTC)),
        (date(2008, 2, 29), datetime(2026, 2, 28, 16, tzinfo=UTC)),
        (date(2008, 12, 31), datetime(2026, 12, 30, 16, tzinfo=UTC)),
    ],
)
def test_full_age_begins_with_the_eighteenth_birthday_in_the_city(born: date, of_age: datetime) -> None:
    assert full_age(born, zone=BEIJING) == of_age


async def test_both_sides_see_a_relation_and_of_each_other_a_masked_name(room: Room) -> None:
    zhang, liu = await room.citizen(ZHANG), await room.citizen(LIU)
    child, mother = (await room.ask(RELATIONS, principal=zhang))["data"]["me"]["relations"]
    assert child == {
        "id": await room.relation(GUARDIAN),
        "kind": "GUARDIAN",
        "kindLabel": "监护人",
        "side": "ACTOR",
        "matters": sorted(GUARDIAN_MATTERS),
        "matterLabels": [matter_words(matter, Locale.ZH_CN) for matter in sorted(GUARDIAN_MATTERS)],
        "provenBy": "人口库",
        "until": "2035-05-31T16:00:00+00:00",
        "endedAt": None,
        "actor": {"maskedName": "张*华"},
        "subject": {"maskedName": "张*北"},
    }
    assert (mother["kind"], mother["until"], mother["subject"]) == ("CARER", None, {"maskedName": "刘*英"})
    (hers,) = (await room.ask(RELATIONS, principal=liu))["data"]["me"]["relations"]
    assert hers == {**mother, "side": "SUBJECT"}
    assert (await room.ask(RELATIONS, principal=await room.citizen(OUYANG)))["data"]["me"]["relations"] == []


async def test_the_demo_does_not_bring_back_a_relation_that_was_ended(room: Room) -> None:
    zhang, relation = await room.citizen(ZHANG), await room.relation(CARER)
    await room.identity.acting.end(principal=zhang, relation_id=relation)
    assert await load_demo(store=room.identity.store, ids=room.ids, clock=room.clock) == 0
    assert [one.kind for one in await room.identity.acting.relations(principal=zhang)] == [GUARDIAN]


async def test_of_two_people_one_relation_of_a_kind_runs(room: Room) -> None:
    zhang, liu = await room.id_of("zhang"), await room.id_of("liu")
    again = Relation(
        room.ids.new("rel"), CARER, zhang, liu, frozenset(), Proof("x", "y", room.clock.now()), room.clock.now()
    )
    before = await room.dump()
    assert await room.identity.store.delegations.add(again) is False
    assert await room.dump() == before
    await room.identity.acting.end(principal=await room.citizen(LIU), relation_id=await room.relation(CARER))
    assert await room.identity.store.delegations.add(again) is True


# --- beginning ----------------------------------------------------------------------------------------------------


async def test_acting_is_a_token_of_its_own_with_the_matters_alone(room: Room) -> None:
    zhang, relation = await room.citizen(ZHANG), await room.relation(CARER)
    answer = await room.ask(ACT_FOR, principal=zhang, variables={"id": relation})
    begun = answer["data"]["actFor"]
    principal = await room.identity.authenticate(token=begun["accessToken"])
    assert isinstance(principal, ActingPrincipal)
    assert (principal.actor, principal.subject) == (zhang.actor, await room.id_of("liu"))
    assert (principal.scopes, principal.session_id) == (frozenset(CARER_MATTERS), zhang.session_id)
    assert (principal.real_name_level, principal.relation_id) == (4, relation)
    expires_at = room.clock.now() + timedelta(minutes=10)
    assert begun["accessTokenExpiresAt"] == expires_at.isoformat()
    assert (begun["matters"], begun["subject"]) == (CARER_MATTERS, {"maskedName": "刘*英", "realNameLevel": 4})
    acting = (await room.ask(ACTING, principal=principal))["data"]["acting"]
    assert acting == {
        "id": principal.acting_id,
        "kind": "CARER",
        "kindLabel": "照护人",
        "matters": CARER_MATTERS,
        "expiresAt": expires_at.isoformat(),
        "actor": {"maskedName": "张*华"},
        "subject": {"maskedName": "刘*英"},
    }
    assert (await room.ask(ACTING, principal=zhang))["data"] == {"acting": None}
    room.clock.advance(seconds=605)
    with pytest.raises(TokenExpired):
        await room.identity.authenticate(token=begun["accessToken"])


async def test_both_see_each_beginning_and_an_event_tells_it(room: Room) -> None:
    zhang, liu = await room.citizen(ZHANG), await room.citizen(LIU)
    for_mother = await room.acting(CARER, actor=zhang)
    room.clock.advance(seconds=1)
    for_child = await room.acting(GUARDIAN, actor=zhang)
    assert isinstance(for_mother, ActingPrincipal) and isinstance(for_child, ActingPrincipal)
    hers = (await room.ask(ACTINGS, principal=zhang))["data"]["me"]["actings"]["nodes"]
    assert [row["id"] for row in hers] == [for_child.acting_id, for_mother.acting_id]
    mothers = (await room.ask(ACTINGS, principal=liu))["data"]["me"]["actings"]["nodes"]
    assert mothers == [hers[1]]
    assert (mothers[0]["actor"], mothers[0]["subject"]) == ({"maskedName": "张*华"}, {"maskedName": "刘*英"})
    page = (await room.ask(ACTINGS, principal=zhang, variables={"first": 1}))["data"]["me"]["actings"]
    assert ([row["id"] for row in page["nodes"]], page["pageInfo"]["hasNextPage"]) == ([for_child.acting_id], True)
    after = {"first": 1, "after": page["pageInfo"]["endCursor"]}
    rest = (await room.ask(ACTINGS, principal=zhang, variables=after))["data"]["me"]["actings"]
    assert ([row["id"] for row in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == ([for_mother.acting_id], False)
    events = await room.events("identity.acting_begun")
    assert [event.payload for event in events] == [
        {"citizen": one.subject, "actor": one.actor, "acting": one.acting_id} for one in (for_mother, for_child)
    ]


async def _somebody(room: Room, who: str) -> Principal:
    if who == "officer":
        return await room.clerk()
    if who == "delegate":
        return await room.acting(GUARDIAN)
    return await room.citizen({"ouyang": OUYANG, "liu": LIU, "zhang": ZHANG}[who])


@pytest.mark.parametrize(
    ("who", "relation", "refusal"),
    [
        ("officer", "", "FORBIDDEN"),
        ("delegate", "", "FORBIDDEN"),  # no chains
        ("ouyang", "", "NOT_FOUND"),
        ("liu", "", "NOT_FOUND"),  # who is acted for does not act
        ("zhang", "rel_01J9ZZZZZZZZZZZZZZZZZZZZZZ", "NOT_FOUND"),
        ("zhang", "x" * 10_000, "NOT_FOUND"),
        ("zhang", "\x00", "NOT_FOUND"),
    ],
)
@against("another's rights", "relation of another")
async def test_who_may_not_act_is_refused_and_nothing_changes(
    room: Room, who: str, relation: str, refusal: str
) -> None:
    caller = await _somebody(room, who)
    id_ = relation or await room.relation(CARER)
    before = await room.dump()
    answer = await room.ask(ACT_FOR, principal=caller, variables={"id": id_})
    assert answer == {"data": None, "codes": [refusal]}
    assert await room.dump() == before


async def test_a_guardians_relation_ends_on_the_eighteenth_birthday(room: Room) -> None:
    relation = await room.relation(GUARDIAN)
    birthday = datetime(2035, 5, 31, 16, tzinfo=UTC)
    room.clock.advance(seconds=(birthday - room.clock.now()).total_seconds() - 120)
    zhang = await room.citizen(ZHANG)  # takes 61 s
    room.clock.advance(seconds=(birthday - room.clock.now()).total_seconds() - 30)
    begun = await room.identity.acting.act_for(principal=zhang, relation_id=relation)
    assert begun.access.expires_at == begun.acting.expires_at == birthday
    room.clock.advance(seconds=30)
    before = await room.dump()
    with pytest.raises(NotFound):
        await room.identity.acting.act_for(principal=zhang, relation_id=relation)
    assert await room.dump() == before
    assert [one.kind for one in await room.identity.acting.relations(principal=zhang)] == [CARER]
    room.clock.advance(seconds=5)
    with pytest.raises(TokenExpired):
        await room.identity.authenticate(token=begun.access.text)


# --- ending -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("phone", "side"), [(ZHANG, "ACTOR"), (LIU, "SUBJECT")])
async def test_either_side_ends_it_and_the_tokens_with_it(room: Room, phone: str, side: str) -> None:
    zhang, relation = await room.citizen(ZHANG), await room.relation(CARER)
    begun = await room.identity.acting.act_for(principal=zhang, relation_id=relation)
    for_child = await room.identity.acting.act_for(principal=zhang, relation_id=await room.relation(GUARDIAN))
    elsewhere = dataclasses.replace(room.identity, revocations=room.revocations())
    await elsewhere.open()
    ender = await room.citizen(phone)
    answer = await room.ask(END, principal=ender, variables={"id": relation})
    assert answer["data"]["endRelation"] == {"id": relation, "endedAt": room.clock.now().isoformat(), "side": side}
    await elsewhere.revocations.refresh()
    for identity in (room.identity, elsewhere):
        with pytest.raises(TokenInvalid):
            await identity.authenticate(token=begun.access.text)
        assert (await identity.authenticate(token=for_child.access.text)).delegated
        assert await identity.acting.relations(principal=await room.citizen(LIU)) == []
    assert await outcome(room.identity.acting.act_for(principal=zhang, relation_id=relation)) == "NOT_FOUND"
    (event,) = await room.events("identity.relation_ended")
    assert (event.payload["relation_id"], event.payload["by"]) == (relation, ender.actor)
    before = await room.dump()
    assert (await room.identity.acting.end(principal=ender, relation_id=relation)).ended_by == ender.actor
    assert await room.dump() == before


@pytest.mark.parametrize("who", ["ouyang", "officer", "delegate"])
@against("another's rights", "relation of another")
async def test_nobody_else_ends_it(room: Room, who: str) -> None:
    caller, relation = await _somebody(room, who), await room.relation(GUARDIAN)
    before = await room.dump()
    answer = await room.ask(END, principal=caller, variables={"id": relation})
    assert answer == {"data": None, "codes": ["NOT_FOUND" if who == "ouyang" else "FORBIDDEN"]}
    assert await room.dump() == before


async def test_an_ended_relation_is_known_without_redis_and_after_a_start(room: Room) -> None:
    zhang, relation = await room.citizen(ZHANG), await room.relation(CARER)
    begun = await room.identity.acting.act_for(principal=zhang, relation_id=relation)
    gone = connect(url="redis://127.0.0.1:1", timeout_s=0.2)
    cut_off = dataclasses.replace(room.identity, revocations=room.revocations(gone))
    await cut_off.acting.end(principal=zhang, relation_id=relation)
    heard_nothing = room.revocations()
    await heard_nothing.refresh()
    assert relation not in heard_nothing
    await room.deliver()  # the event announces what the request could not
    await heard_nothing.refresh()
    assert relation in heard_nothing
    await room.redis.flushall()
    for fresh in (room.revocations(gone), room.revocations()):
        await fresh.open()
        with pytest.raises(TokenInvalid):
            await dataclasses.replace(room.identity, revocations=fresh).authenticate(token=begun.access.text)


@pytest.mark.parametrize("way", ["sign_out", "revoked elsewhere", "refresh reused"])
async def test_the_end_of_the_session_ends_acting(room: Room, way: str) -> None:
    signed_in = await room.sign_in(ZHANG)
    zhang, other = await room.principal(signed_in), await room.citizen(ZHANG)
    begun = await room.identity.acting.act_for(principal=zhang, relation_id=await room.relation(CARER))
    if way == "sign_out":
        await room.identity.sessions.sign_out(principal=zhang)
    elif way == "revoked elsewhere":
        await room.identity.sessions.revoke(principal=other, session_id=zhang.session_id)
    else:
        await room.identity.sessions.refresh(refresh_token=signed_in.refresh)
        assert await outcome(room.identity.sessions.refresh(refresh_token=signed_in.refresh)) == "AUTH_REFRESH_REUSED"
    with pytest.raises(TokenInvalid):
        await room.identity.authenticate(token=begun.access.text)
    # A process that has not heard of the end yet makes no token that would outlive what refuses it.
    before = await room.dump()
    again = room.identity.acting.act_for(principal=zhang, relation_id=await room.relation(CARER))
    assert await outcome(again) == "AUTH_TOKEN_INVALID"
    assert await room.dump() == before


@against("a race", "relations")
async def test_ending_and_acting_at_the_same_instant_leave_no_token_that_is_good(room: Room) -> None:
    for _ in range(5):
        zhang, liu = await room.citizen(ZHANG), await room.citizen(LIU)
        relation = (await room.identity.acting.relations(principal=liu))[0].id
        calls = [room.identity.acting.act_for(principal=zhang, relation_id=relation) for _ in range(4)]
        end = room.identity.acting.end(principal=liu, relation_id=relation)
        begun, _ = await asyncio.gather(asyncio.gather(*calls, return_exceptions=True), end)
        for one in begun:
            if isinstance(one, BaseException):
                assert isinstance(one, NotFound)
            else:
                with pytest.raises(TokenInvalid):
                    await room.identity.authenticate(token=one.access.text)
        actings = await room.mongo.collection("identity_actings").count_documents({"relation_id": relation})
        assert actings == sum(not isinstance(one, BaseException) for one in begun)
        renewed = Relation(
            room.ids.new("rel"),
            CARER,
            zhang.actor,
            liu.actor,
            frozenset(MATTERS),
            Proof("population-register", "test", room.clock.now()),
            room.clock.now(),
        )
        assert await room.identity.store.delegations.add(renewed)


# --- what acting opens in this room -------------------------------------------------------------------------------

PERSON = "{ me { id name maskedName maskedPhone realNameLevel } }"
# The verb as the graph has it → what a delegate is answered. What is not here as allowed is refused.
VERBS: list[tuple[str, dict[str, Any], str]] = [
    ("{ me { sessions { nodes { id } } } }", {}, "FORBIDDEN"),
    ("{ me { homeDistrict { code } } }", {}, "FORBIDDEN"),
    ("{ me { realNameEvidence { source } } }", {}, "FORBIDDEN"),
    ("{ me { relations { id } } }", {}, "FORBIDDEN"),
    ("{ me { actings { nodes { id } } } }", {}, "FORBIDDEN"),
    ("{ me { lookUps { nodes { id } } } }", {}, "FORBIDDEN"),
    ("{ staffMe { id } }", {}, "FORBIDDEN"),
    ("mutation { signOut }", {}, "FORBIDDEN"),
    ("mutation($id: ID!) { revokeSession(id: $id) { id } }", {"id": "own"}, "FORBIDDEN"),
    ("mutation($id: ID!) { revokeSession(id: $id) { id } }", {"id": "subject's"}, "FORBIDDEN"),
    ('mutation { setHomeDistrict(code: "110108") { id } }', {}, "FORBIDDEN"),
    ("mutation($id: ID!) { actFor(relationId: $id) { accessToken } }", {"id": "relation"}, "FORBIDDEN"),
    ("mutation($id: ID!) { endRelation(id: $id) { id } }", {"id": "relation"}, "FORBIDDEN"),
    (
        'mutation { findCitizen(input: {phone: "13800000004", name: "刘秀英", reason: "test"}) { id } }',
        {},
        "FORBIDDEN",
    ),
    (
        'mutation { confirmRealName(input: {name: "刘秀英", idNumber: "110101194802150023"}) { id } }',
        {},
        "FORBIDDEN",
    ),
]


@pytest.mark.parametrize(("query", "variables", "refusal"), VERBS, ids=[f"{q} {v}" for q, v, _ in VERBS])
@against("another's rights", "acting for somebody")
async def test_whoever_acts_for_another_is_refused_every_other_verb(
    room: Room, query: str, variables: dict[str, Any], refusal: str
) -> None:
    zhang, liu = await room.citizen(ZHANG), await room.citizen(LIU)
    delegate = await room.acting(CARER, actor=zhang)
    ids = {"own": zhang.session_id, "subject's": liu.session_id, "relation": await room.relation(CARER)}
    before, redis = await room.dump(), await room.redis.dbsize()
    answer = await room.ask(
        query, principal=delegate, variables={name: ids[value] for name, value in variables.items()}
    )
    assert answer["codes"] == [refusal]
    assert _told(answer["data"]) == []
    assert (await room.dump(), await room.redis.dbsize()) == (before, redis)


def _told(data: Any) -> list[Any]:
    """The values that an answer holds."""
    if isinstance(data, dict):
        return [value for part in data.values() for value in _told(part)]
    return [] if data is None else [data]


def test_the_table_of_verbs_has_every_root_field_that_is_not_public() -> None:
    roots = [graphql_core_schema(schema).type_map[name] for name in ("Query", "Mutation")]
    fields = {name for root in roots if isinstance(root, GraphQLObjectType) for name in root.fields}
    # The wings' verbs are in tables of their own.
    mixins = [base for root in (Query, Mutation) for base in root.__bases__ if has_object_definition(base)]
    defined = [one for base in mixins for one in get_object_definition(base, strict=True).fields]
    fields -= {to_camel_case(one.python_name) for one in defined}
    public = {"districts", "signInRules", "requestSignInCode", "signIn", "refreshSession", "_entities", "_service"}
    allowed = {"me", "acting"}
    # Of evidence, whose test has them; they stand in the schema itself because a citizen is what they answer.
    fields -= {"confirmDocument", "confirmNetId", "finishFaceCheck"}
    refused = {name for name in fields for query, _, _ in VERBS if f" {name}" in query or f"{{ {name}" in query}
    assert fields - public - allowed == refused - allowed


async def test_whoever_acts_for_another_reads_the_others_name(room: Room) -> None:
    liu = await room.id_of("liu")
    delegate = await room.acting(CARER)
    answer = await room.ask(PERSON, principal=delegate)
    assert answer == {
        "data": {
            "me": {
                "id": liu,
                "name": "刘秀英",
                "maskedName": "刘*英",
                "maskedPhone": "138****0004",
                "realNameLevel": 4,
            }
        },
        "codes": [],
    }
    child = await room.ask(PERSON, principal=await room.acting(GUARDIAN))
    assert (child["data"]["me"]["name"], child["data"]["me"]["maskedPhone"]) == ("张小北", "未绑定手机")


ENTITIES = """query($of: [_Any!]!) { _entities(representations: $of) {
  ... on Citizen { id } ... on MaskedPerson { maskedName } } }"""


@against("reading another's", "account")
async def test_as_an_entity_only_the_subject_is_there(room: Room) -> None:
    """Of masked names, those of the two, and not of others whom the actor knows."""
    delegate, child = await room.acting(CARER), await room.id_of("xiaobei")
    of = [
        {"__typename": "Citizen", "id": delegate.subject},
        {"__typename": "Citizen", "id": delegate.actor},
        *({"__typename": "MaskedPerson", "ref": ref} for ref in (delegate.subject, delegate.actor, child)),
    ]
    answer = await room.ask(ENTITIES, principal=delegate, variables={"of": of})
    assert answer["data"]["_entities"] == [
        {"id": delegate.subject},
        None,
        {"maskedName": "刘*英"},
        {"maskedName": "张*华"},
        None,
    ]


@against("reading another's", "relations")
async def test_one_sees_the_masked_names_of_ones_relations_and_of_nobody_else(room: Room) -> None:
    names = {"zhang": "张*华", "liu": "刘*英", "xiaobei": "张*北", "ouyang": "欧**国", "wang": None}
    of = [{"__typename": "MaskedPerson", "ref": await room.id_of(nickname)} for nickname in names]
    for phone, known in ((ZHANG, {"zhang", "liu", "xiaobei"}), (LIU, {"zhang", "liu"}), (OUYANG, {"ouyang"})):
        answer = await room.ask(ENTITIES, principal=await room.citizen(phone), variables={"of": of})
        seen = [row and row["maskedName"] for row in answer["data"]["_entities"]]
        assert seen == [name if nickname in known else None for nickname, name in names.items()]


@against("another's rights", "relation of another")
async def test_acting_needs_a_live_relation_and_not_only_scopes(room: Room) -> None:
    """A delegated principal that no token made is still nobody's session."""
    zhang, liu = await room.citizen(ZHANG), await room.id_of("liu")
    made_up = dataclasses.replace(zhang, subject=liu, scopes=frozenset(MATTERS))
    with pytest.raises(Forbidden):
        await room.identity.sessions.sign_out(principal=made_up)
    assert await room.identity.acting.acting(principal=made_up) is None


async def test_staff_are_never_acted_for(room: Room) -> None:
    officer = await room.principal(await room.sign_in("13900000001", audience=Audience.STAFF))
    assert await outcome(room.identity.acting.relations(principal=officer)) == "FORBIDDEN"
    look_ups = room.identity.counter.look_ups(principal=officer, request=PageRequest(first=1))
    assert await outcome(look_ups) == "FORBIDDEN"
