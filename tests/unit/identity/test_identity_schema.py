"""The room's subgraph, asked as the gateway asks it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, parse

from core.graph import graphql_core_schema, sdl
from core.locale import Locale
from core.principal import Principal
from identity.model import Audience
from identity.schema import schema
from tests.support.attacks import against
from tests.unit.identity.room import ALEXANDER, NEWCOMER, OFFICER, OUYANG, ZHANG, Room

ENTITIES = """
query ($refs: [_Any!]!) {
  _entities(representations: $refs) {
    ... on Citizen { id name maskedName maskedPhone realNameLevel homeDistrict { code name } }
    ... on MaskedPerson { ref maskedName realNameLevel }
    ... on StaffCard { ref organisation badge }
    ... on District { code districtName: name }
  }
}
"""


async def _citizen(room: Room, phone: str) -> Principal:
    return await room.principal(await room.sign_in(phone))


async def _officer(room: Room) -> Principal:
    return await room.principal(await room.sign_in(OFFICER, audience=Audience.STAFF))


async def _entities(room: Room, refs: list[dict[str, str]], **how: Any) -> Any:
    answer = await room.ask(ENTITIES, variables={"refs": refs}, **how)
    assert answer["codes"] == []
    return answer["data"]["_entities"]


async def test_a_citizen_walks_in_through_the_graph(room: Room) -> None:
    rules = await room.ask("{ signInRules { codeLength codeLifetimeS resendAfterS } }")
    assert rules["data"] == {"signInRules": {"codeLength": 6, "codeLifetimeS": 300, "resendAfterS": 60}}
    asked = await room.ask('mutation { requestSignInCode(input: {phone: "13800000001"}) { expiresAt resendAfterS } }')
    assert asked["data"]["requestSignInCode"] == {"expiresAt": "2026-11-22T04:05:00+00:00", "resendAfterS": 60}
    await room.deliver()
    code = (await room.sms.latest(ZHANG) or {})["code"]
    answer = await room.ask(
        """mutation ($code: String!) {
          signIn(input: {phone: "13800000001", code: $code, deviceName: "小米 14"}) {
            accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt
            session { deviceName createdAt lastSeenAt current audience revokedAt }
          }
        }""",
        variables={"code": code},
    )
    signed_in = answer["data"]["signIn"]
    assert signed_in["accessTokenExpiresAt"] == "2026-11-22T04:10:00+00:00"
    assert signed_in["refreshTokenExpiresAt"] == "2026-12-22T04:00:00+00:00"
    assert signed_in["session"] == {
        "deviceName": "小米 14",
        "createdAt": "2026-11-22T04:00:00+00:00",
        "lastSeenAt": "2026-11-22T04:00:00+00:00",
        "current": True,
        "audience": "CITIZEN",
        "revokedAt": None,
    }
    principal = await room.identity.authenticate(token=signed_in["accessToken"])
    refreshed = await room.ask(
        "mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken session { current } } }",
        variables={"token": signed_in["refreshToken"]},
    )
    assert refreshed["data"]["refreshSession"]["session"] == {"current": True}
    assert (await room.ask("mutation { signOut }", principal=principal))["data"] == {"signOut": True}
    reused = await room.ask(
        "mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken } }",
        variables={"token": signed_in["refreshToken"]},
    )
    assert reused == {"data": None, "codes": ["AUTH_REFRESH_REUSED"]}


@pytest.mark.parametrize(
    ("locale", "district", "masked"), [(Locale.ZH_CN, "东城区", "张*华"), (Locale.EN, "Dongcheng", "张*华")]
)
async def test_me(room: Room, locale: Locale, district: str, masked: str) -> None:
    principal = await _citizen(room, ZHANG)
    query = """{ me { id name maskedName maskedPhone realNameLevel homeDistrict { code name }
      sessions(first: 1) { nodes { id current } edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } }"""
    answer = await room.ask(query, principal=principal, locale=locale)
    me = answer["data"]["me"]
    sessions = me.pop("sessions")
    assert me == {
        "id": principal.subject,
        "name": "张丽华",
        "maskedName": masked,
        "maskedPhone": "138****0001",
        "realNameLevel": 4,
        "homeDistrict": {"code": "110101", "name": district},
    }
    assert sessions["nodes"] == [{"id": principal.session_id, "current": True}]
    assert sessions["pageInfo"] == {"hasNextPage": False, "endCursor": sessions["edges"][0]["cursor"]}


async def test_staff_me(room: Room) -> None:
    principal = await _officer(room)
    query = """{ staffMe { displayName badge organisation department { code name } roles jurisdiction { code name }
      sessions { nodes { audience } } } }"""
    answer = await room.ask(query, principal=principal, locale=Locale.EN)
    assert answer["data"]["staffMe"] == {
        "displayName": "王勇",
        "badge": "DC-0312",
        "organisation": "Dongcheng District Urban Management Bureau",
        "department": {"code": "11110101000071000P", "name": "Dongcheng District Commission of City Management"},
        "roles": ["inspector"],
        "jurisdiction": {"code": "110101", "name": "Dongcheng"},
        "sessions": {"nodes": [{"audience": "STAFF"}]},
    }


async def test_home_district_is_set_and_a_wrong_one_refused(room: Room) -> None:
    principal = await _citizen(room, NEWCOMER)
    query = "mutation ($code: ID!) { setHomeDistrict(code: $code) { maskedName homeDistrict { name } } }"
    answer = await room.ask(query, principal=principal, variables={"code": "110108"})
    assert answer["data"] == {"setHomeDistrict": {"maskedName": "未实名用户", "homeDistrict": {"name": "海淀区"}}}
    refused = await room.ask(query, principal=principal, variables={"code": "310101"})
    assert refused == {"data": None, "codes": ["NOT_FOUND"]}


@against("reading another's", "sessions")
async def test_a_session_is_revoked_by_its_owner_only(room: Room) -> None:
    mine, other = await _citizen(room, ZHANG), await _citizen(room, OUYANG)
    query = "mutation ($id: ID!) { revokeSession(id: $id) { id current revokedAt } }"
    refused = await room.ask(query, principal=other, variables={"id": mine.session_id})
    assert refused == {"data": None, "codes": ["NOT_FOUND"]}
    answer = await room.ask(query, principal=mine, variables={"id": mine.session_id})
    assert answer["data"]["revokeSession"]["current"] is True
    assert answer["data"]["revokeSession"]["revokedAt"] is not None


@pytest.mark.parametrize(
    "query",
    [
        "{ me { id } }",
        "{ staffMe { id } }",
        "mutation { signOut }",
        'mutation { revokeSession(id: "ses_1") { id } }',
        'mutation { setHomeDistrict(code: "110101") { id } }',
    ],
)
async def test_without_a_session_the_room_itself_refuses(room: Room, query: str) -> None:
    """The gateway refuses first; the room does not count on it."""
    assert await room.ask(query) == {"data": None, "codes": ["UNAUTHENTICATED"]}


async def test_all_sixteen_districts_are_there_for_everyone(room: Room) -> None:
    answer = await room.ask("{ districts { code name } }")
    assert len(answer["data"]["districts"]) == 16
    assert answer["data"]["districts"][0] == {"code": "110101", "name": "东城区"}


# --- entities -----------------------------------------------------------------------------------------------------


@against("reading another's", "account")
async def test_a_citizen_entity_resolves_for_themself_alone(room: Room) -> None:
    zhang, ouyang, officer = await _citizen(room, ZHANG), await _citizen(room, OUYANG), await _officer(room)
    refs = [{"__typename": "Citizen", "id": p.subject} for p in (zhang, ouyang)]
    assert [row and row["name"] for row in await _entities(room, refs, principal=zhang)] == ["张丽华", None]
    assert [row and row["name"] for row in await _entities(room, refs, principal=ouyang)] == [None, "欧阳建国"]
    assert await _entities(room, refs, principal=officer) == [None, None]
    assert await _entities(room, refs) == [None, None]


@against("reading another's", "account")
async def test_an_officer_sees_masked_people_and_nobody_else_does(room: Room) -> None:
    zhang, alexander, officer = await _citizen(room, ZHANG), await _citizen(room, ALEXANDER), await _officer(room)
    newcomer = await _citizen(room, NEWCOMER)
    refs = [{"__typename": "MaskedPerson", "ref": p.subject} for p in (zhang, alexander, newcomer)]
    refs.append({"__typename": "MaskedPerson", "ref": "cit_" + "0" * 26})
    seen = await _entities(room, refs, principal=officer, locale=Locale.EN)
    assert seen == [
        {"ref": zhang.subject, "maskedName": "张*华", "realNameLevel": 4},
        {"ref": alexander.subject, "maskedName": "A*** M***", "realNameLevel": 3},
        {"ref": newcomer.subject, "maskedName": "Unverified person", "realNameLevel": 1},
        None,
    ]
    assert await _entities(room, refs, principal=zhang, locale=Locale.EN) == [seen[0], None, None, None]
    assert await _entities(room, refs) == [None] * 4


async def test_a_staff_card_shows_for_whoever_is_signed_in_and_has_no_name(room: Room) -> None:
    zhang, officer = await _citizen(room, ZHANG), await _officer(room)
    refs = [{"__typename": "StaffCard", "ref": officer.actor}, {"__typename": "StaffCard", "ref": zhang.subject}]
    card = {"ref": officer.actor, "organisation": "东城区综合执法局", "badge": "DC-0312"}
    assert await _entities(room, refs, principal=zhang) == [card, None]
    assert await _entities(room, refs) == [None, None]


async def test_a_district_resolves_for_everyone(room: Room) -> None:
    refs = [{"__typename": "District", "code": code} for code in ("110108", "999999")]
    assert await _entities(room, refs, locale=Locale.EN) == [{"code": "110108", "districtName": "Haidian"}, None]


async def test_many_references_are_one_query_for_each_kind(room: Room) -> None:
    people = [(await _citizen(room, phone)).subject for phone in (ZHANG, ALEXANDER, OUYANG, NEWCOMER)]
    officer = await _officer(room)
    refs = [{"__typename": "MaskedPerson", "ref": person} for person in people * 10]
    refs += [{"__typename": "StaffCard", "ref": officer.actor}] * 10
    await room.mongo.database.command("profile", 2)
    answer = await _entities(room, refs, principal=officer)
    await room.mongo.database.command("profile", 0)
    assert len([row for row in answer if row]) == 50
    queries = [
        row["command"]["find"]
        async for row in room.mongo.collection("system.profile").find({"op": "query"})
        if "find" in row["command"]
    ]
    assert sorted(queries) == ["identity_citizens", "identity_staff"]


# --- the schema itself --------------------------------------------------------------------------------------------


def _directives(node: Any) -> set[str]:
    return {directive.name.value for directive in node.directives or ()}


def test_every_field_states_its_access() -> None:
    document = parse(sdl(schema))
    access = {"public", "authenticated", "requiresScopes"}
    silent = [
        f"{node.name.value}.{field.name.value}"  # type: ignore[attr-defined]
        for node in document.definitions
        if node.kind == "object_type_definition" and not node.name.value.startswith("_")  # type: ignore[attr-defined]
        for field in node.fields or ()  # type: ignore[attr-defined]
        if not field.name.value.startswith("_") and not _directives(field) & access and not _directives(node) & access
    ]
    assert silent == []


def test_the_keys_of_masked_people_are_hidden_from_clients() -> None:
    text = sdl(schema)
    assert text.count("ref: ID! @inaccessible") == 2


def test_personal_fields_say_their_class_and_level() -> None:
    labels = {}
    for node in parse(sdl(schema)).definitions:
        for field in getattr(node, "fields", None) or ():
            for directive in field.directives or ():
                if directive.name.value == "personal":
                    values = {a.name.value: a.value.value for a in directive.arguments}
                    labels[f"{node.name.value}.{field.name.value}"] = (values["class"], values["level"])  # type: ignore[attr-defined]
    family = {
        f"{name}.{field}": ("IDENTITY", "2")
        for name in ("Acting", "Relation")
        for field in ("actor", "subject", "kind", "kindLabel")
    }
    dealings = {
        "AccessEntry": ("fields", "purpose", "reason", "person", "program", "onBehalfOf"),
        "AccessLogExport": ("content",),
        "Child": ("maskedName", "maskedIdNumber", "born"),
        "Consent": ("clientId", "purpose", "fields", "clientName"),
        "ConsentEntry": ("fields",),
        "Intervention": ("reason",),
        "Invitation": ("kind", "kindLabel", "sender"),
        "OrganisationMember": ("person",),
        "StaffAct": ("reason", "note"),
    }
    assert labels == {
        **family,
        **{f"{name}.{field}": ("IDENTITY", "2") for name, fields in dealings.items() for field in fields},
        "ActingSession.subject": ("IDENTITY", "2"),
        "Citizen.relations": ("IDENTITY", "2"),
        "Interaction.relations": ("IDENTITY", "2"),
        "Invitation.addressee": ("IDENTITY", "1"),
        "Interaction.loginHint": ("CONTACT", "3"),
        "FoundCitizen.maskedName": ("IDENTITY", "1"),
        "RealNameEvidence.document": ("IDENTITY", "2"),
        "RealNameStanding.evidence": ("IDENTITY", "2"),
        "VerifiedPerson.maskedName": ("IDENTITY", "1"),
        "Relation.until": ("IDENTITY", "2"),
        "Citizen.name": ("IDENTITY", "3"),
        "Citizen.maskedName": ("IDENTITY", "1"),
        "Citizen.maskedPhone": ("CONTACT", "1"),
        "Citizen.phone": ("CONTACT", "3"),
        "Citizen.realNameEvidence": ("IDENTITY", "2"),
        "FoundCitizen.phone": ("CONTACT", "3"),
        "LookUp.reason": ("IDENTITY", "2"),
        "Citizen.homeDistrict": ("WHEREABOUTS", "2"),
        "MaskedPerson.maskedName": ("IDENTITY", "1"),
        "Session.deviceName": ("DEVICE", "2"),
        "Device.name": ("DEVICE", "2"),
        "SecurityEvent.deviceName": ("DEVICE", "2"),
        "SecurityEvent.place": ("WHEREABOUTS", "2"),
        "Passkey.name": ("DEVICE", "2"),
        "LinkRequest.deviceName": ("DEVICE", "2"),
        "LinkRequest.place": ("DEVICE", "2"),
        "StaffMember.displayName": ("IDENTITY", "3"),
        "StaffRecord.displayName": ("IDENTITY", "3"),
        "StaffRecord.phone": ("CONTACT", "3"),
        "StaffActDetails.name": ("IDENTITY", "3"),
        "StaffActDetails.phone": ("CONTACT", "3"),
        "PhoneChange.maskedPhone": ("CONTACT", "1"),
        "AccountRecovery.maskedPhone": ("CONTACT", "1"),
    }


def test_a_whole_phone_number_leaves_only_under_a_label_that_masks_it() -> None:
    types = graphql_core_schema(schema).type_map.values()
    outputs = [t for t in types if isinstance(t, GraphQLObjectType) and not isinstance(t, GraphQLInputObjectType)]
    named = {f"{t.name}.{name}" for t in outputs for name in t.fields if "phone" in name.lower()}
    masked = {"Citizen.maskedPhone", "PhoneChange.maskedPhone", "AccountRecovery.maskedPhone"}
    whole = {"Citizen.phone", "FoundCitizen.phone", "StaffRecord.phone", "StaffActDetails.phone"}
    roots = {"Query.phoneChange", *(f"Mutation.{verb}PhoneChange" for verb in ("begin", "confirm", "cancel"))}
    assert named == masked | whole | roots
    written = sdl(schema)
    label = r'phone: String!? @personal\(class: "CONTACT", level: 3, mask: "PHONE"\)'
    assert len(re.findall(label, written)) == len(whole)
