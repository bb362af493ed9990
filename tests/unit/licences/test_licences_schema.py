"""The room's doors: its subgraph and its list of keys."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import base45
import cbor2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from graphql import ExecutionResult
from jwt import PyJWK

from api.domains.licences import schema as door
from api.domains.licences.catalogue import DRIVING_LICENCE, SENIOR_CARD
from api.domains.licences.http import KEYS_PATH, routes
from api.domains.licences.issuing import Issuing
from api.domains.licences.service import Licences
from core.departments import PUBLIC_SECURITY
from core.graph import Context, sdl
from core.locale import Locale
from core.principal import ANONYMOUS, Principal
from tests.unit.licences.licence_people import (
    ANNA,
    BEN,
    DRIVER,
    OFFICER,
    OTHER_CLERK,
    Room,
    citizen,
    clerk,
    delegate,
    officer,
)

WALLET = """
query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id
  licences { id identifier status statusLabel statusCode version validFrom validUntil expiresInDays renewable
    type { code name } issuer { code name } fields { name label value } replaces { id status } endedReason } } } }
"""
SHOWINGS = """
query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen {
  licenceShowings { nodes { id at purpose type { name } verifier { ref } jurisdictionCode jurisdictionName
    fields { name label } result status statusLabel licence { id } } pageInfo { hasNextPage } } } } }
"""
ISSUE = "mutation ($input: IssueLicenceInput!) { issueLicence(input: $input) { id version status } }"
RENEW = """mutation ($input: RenewLicenceInput!) { renewLicence(input: $input) {
  id version replaces { id status } fields { name value } } }"""
REVOKE = "mutation ($input: RevokeLicenceInput!) { revokeLicence(input: $input) { status statusLabel endedReason } }"
SHARE = """mutation ($input: ShareLicenceInput!) { shareLicence(input: $input) {
  id text expiresAt lifetimeS purpose fields { name label value } } }"""
VERIFY = """mutation ($input: VerifyLicenceInput!) { verifyLicence(input: $input) {
  id at result status statusLabel type { code } fields { name label value } purpose holder { ref } validUntil } }"""
TYPES = """{ licenceTypes { code version name issuer { code } validMonths renewableBeforeDays
  fields { name label kind personalLevel showable shownByDefault required choices { value label } } } }"""


async def ask(
    query: str,
    variables: dict[str, Any] | None = None,
    *,
    principal: Principal,
    room: Room | None = None,
    locale: Locale = Locale.EN,
) -> ExecutionResult:
    services: dict[type, object] = {Licences: room.licences, Issuing: room.issuing} if room else {}
    context = Context(request_id="r", principal=principal, locale=locale, services=services)
    # Strawberry takes the representations apart.
    result = await door.schema.execute(query, variable_values=deepcopy(variables), context_value=context)
    return ExecutionResult(result.data, result.errors)


async def told(
    query: str, input: dict[str, Any], *, principal: Principal, room: Room, locale: Locale = Locale.EN
) -> dict[str, Any]:
    """The answer of the one mutation in `query`."""
    result = await ask(query, {"input": input}, principal=principal, room=room, locale=locale)
    assert result.errors is None
    assert result.data is not None
    answer: dict[str, Any] = next(iter(result.data.values()))
    return answer


async def entity(query: str, account: str, *, principal: Principal, room: Room, locale: Locale = Locale.EN) -> Any:
    ids = {"ids": [{"__typename": "Citizen", "id": account}]}
    result = await ask(query, ids, principal=principal, room=room, locale=locale)
    assert result.errors is None
    assert result.data is not None
    return result.data["_entities"][0]


def codes(result: ExecutionResult) -> list[str]:
    return [(error.extensions or {})["code"] for error in result.errors or ()]


async def test_the_walk_of_a_licence(room: Room) -> None:
    fields = [{"name": name, "value": value} for name, value in DRIVER.items()]
    order = {"holderId": ANNA, "typeCode": DRIVING_LICENCE.code, "fields": fields, "validUntil": "2026-12-22"}
    made = await told(ISSUE, order, principal=clerk(), room=room)
    assert made == {"id": made["id"], "version": 1, "status": "VALID"}

    (held,) = (await entity(WALLET, ANNA, principal=citizen(), room=room))["licences"]
    assert held.pop("identifier").startswith(f"1.2.156.3005.2.{DRIVING_LICENCE.code}.{PUBLIC_SECURITY.code}.")
    assert held.pop("fields")[1] == {"name": "sex", "label": "Sex", "value": "Female"}
    assert held == {
        "id": made["id"],
        "status": "VALID",
        "statusLabel": "Valid",
        "statusCode": "01",
        "version": 1,
        "validFrom": "2026-11-22",
        "validUntil": "2026-12-22",
        "expiresInDays": 30,
        "renewable": True,
        "type": {"code": DRIVING_LICENCE.code, "name": "Driving licence"},
        "issuer": {"code": PUBLIC_SECURITY.code, "name": "Beijing Municipal Public Security Bureau"},
        "replaces": None,
        "endedReason": None,
    }

    wish = {"licenceId": made["id"], "fields": ["sex"], "purpose": "Car hire"}
    share = await told(SHARE, wish, principal=citizen(), room=room)
    text = share["text"]
    assert share == {
        "id": share["id"],
        "text": text,
        "expiresAt": "2026-11-22T04:01:00+00:00",
        "lifetimeS": 60,
        "purpose": "Car hire",
        "fields": [{"name": "sex", "label": "Sex", "value": "Female"}],
    }

    check = {"text": text, "clientVerificationId": "first"}
    seen = await told(VERIFY, check, principal=officer(), room=room, locale=Locale.ZH_CN)
    assert seen == {
        "id": share["id"],
        "at": "2026-11-22T04:00:00+00:00",
        "result": "VALID",
        "status": "VALID",
        "statusLabel": "有效",
        "type": {"code": DRIVING_LICENCE.code},
        "fields": [{"name": "sex", "label": "性别", "value": "女"}],
        "purpose": "Car hire",
        "holder": {"ref": ANNA},
        "validUntil": "2026-12-22",
    }
    assert await told(VERIFY, check, principal=officer(), room=room, locale=Locale.ZH_CN) == seen

    showings = (await entity(SHOWINGS, ANNA, principal=citizen(), room=room))["licenceShowings"]
    assert showings == {
        "nodes": [
            {
                "id": share["id"],
                "at": "2026-11-22T04:00:00+00:00",
                "purpose": "Car hire",
                "type": {"name": "Driving licence"},
                "verifier": {"ref": OFFICER},
                "jurisdictionCode": "110101",
                "jurisdictionName": "Dongcheng",
                "fields": [{"name": "sex", "label": "Sex"}],
                "result": "VALID",
                "status": "VALID",
                "statusLabel": "Valid",
                "licence": {"id": made["id"]},
            }
        ],
        "pageInfo": {"hasNextPage": False},
    }

    change = {"licenceId": made["id"], "fields": [{"name": "class", "value": "B2"}]}
    renewed = await told(RENEW, change, principal=clerk(), room=room)
    assert (renewed["version"], renewed["replaces"]) == (2, {"id": made["id"], "status": "REPLACED"})
    assert {"name": "class", "value": "B2 Heavy goods vehicle"} in renewed["fields"]
    ending = {"licenceId": renewed["id"], "reason": "Given up", "ending": "CANCELLED"}
    assert await told(REVOKE, ending, principal=clerk(), room=room) == {
        "status": "CANCELLED",
        "statusLabel": "Cancelled",
        "endedReason": "Given up",
    }


async def test_the_types_are_for_everybody_in_both_languages(room: Room) -> None:
    english = (await ask(TYPES, principal=ANONYMOUS, room=room)).data
    chinese = (await ask(TYPES, principal=ANONYMOUS, room=room, locale=Locale.ZH_CN)).data
    assert english is not None
    assert chinese is not None
    assert [one["name"] for one in english["licenceTypes"]] == [
        "Driving licence",
        "Beijing residence permit",
        "Senior citizen card",
    ]
    assert [one["name"] for one in chinese["licenceTypes"]] == ["机动车驾驶证", "北京市居住证", "老年人优待证"]
    assert chinese["licenceTypes"][0]["fields"][1] == {
        "name": "sex",
        "label": "性别",
        "kind": "CHOICE",
        "personalLevel": 2,
        "showable": True,
        "shownByDefault": False,
        "required": True,
        "choices": [{"value": "M", "label": "男"}, {"value": "F", "label": "女"}],
    }


async def test_a_stub_of_a_citizen_costs_nothing() -> None:
    """No service stands behind this request: whatever reached for one would fail."""
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id } } }"
    ids = {"ids": [{"__typename": "Citizen", "id": account} for account in (ANNA, BEN)]}
    result = await ask(query, ids, principal=officer())
    assert (result.errors, result.data) == (None, {"_entities": [{"id": ANNA}, {"id": BEN}]})


async def test_of_two_citizens_only_oneself_is_answered(room: Room) -> None:
    await room.driving()
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { licences { version } } } }"
    ids = {"ids": [{"__typename": "Citizen", "id": account} for account in (ANNA, BEN)]}
    result = await ask(query, ids, principal=citizen(), room=room)
    assert result.data == {"_entities": [{"licences": [{"version": 1}]}, {"licences": None}]}
    assert codes(result) == ["NOT_FOUND"]


async def test_licences_by_key_are_those_that_the_caller_may_see(room: Room) -> None:
    mine, other = await room.driving(ANNA), await room.driving(BEN)
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Licence { id } } }"
    ids = {"ids": [{"__typename": "Licence", "id": one} for one in (mine.id, other.id, "lic_none")]}
    for principal, seen in (
        (citizen(), [{"id": mine.id}, None, None]),
        (delegate("licences:read"), [{"id": mine.id}, None, None]),
        (clerk(), [{"id": mine.id}, {"id": other.id}, None]),
        (OTHER_CLERK, [None, None, None]),
    ):
        result = await ask(query, ids, principal=principal, room=room)
        assert (result.errors, result.data) == (None, {"_entities": seen})


async def test_one_licence_and_what_a_department_issued(room: Room) -> None:
    made = await room.driving()
    one = f'{{ licence(id: "{made.id}") {{ id }} }}'
    issued = f'{{ issuedLicences(holderId: "{ANNA}") {{ id }} }}'
    assert (await ask(one, principal=citizen(), room=room)).data == {"licence": {"id": made.id}}
    refused = await ask(one, principal=citizen(BEN), room=room)
    assert (codes(refused), refused.data) == (["NOT_FOUND"], {"licence": None})
    assert (await ask(issued, principal=clerk(), room=room)).data == {"issuedLicences": [{"id": made.id}]}
    assert (await ask(issued, principal=OTHER_CLERK, room=room)).data == {"issuedLicences": []}


async def test_a_type_is_found_by_its_key(room: Room) -> None:
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on LicenceType { name } } }"
    ids = {"ids": [{"__typename": "LicenceType", "code": code} for code in (SENIOR_CARD.code, "none")]}
    result = await ask(query, ids, principal=ANONYMOUS, room=room)
    assert result.data == {"_entities": [{"name": "Senior citizen card"}, None]}


@pytest.mark.parametrize(
    ("query", "input", "principal", "code"),
    [
        (SHARE, {"licenceId": "lic_none", "purpose": "x"}, citizen(), "NOT_FOUND"),
        (VERIFY, {"text": "CL1:"}, officer(), "LICENCES_CODE_MALFORMED"),
        (REVOKE, {"licenceId": "lic_none", "reason": "x"}, clerk(), "NOT_FOUND"),
        (RENEW, {"licenceId": "lic_none"}, clerk(), "NOT_FOUND"),
        (
            ISSUE,
            {"holderId": ANNA, "typeCode": SENIOR_CARD.code, "fields": [{"name": "name", "value": "x"}] * 2},
            OTHER_CLERK,
            "BAD_USER_INPUT",
        ),
        (
            ISSUE,
            {
                "holderId": ANNA,
                "typeCode": SENIOR_CARD.code,
                "fields": [{"name": f"{n}", "value": ""} for n in range(33)],
            },
            OTHER_CLERK,
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_a_refusal_reaches_the_client_with_its_code(
    room: Room, query: str, input: dict[str, Any], principal: Principal, code: str
) -> None:
    assert codes(await ask(query, {"input": input}, principal=principal, room=room)) == [code]


@pytest.mark.parametrize("arguments", ["first: 0", "first: 101", 'first: 2, after: "%%%"', 'first: 2, after: "YWJj"'])
async def test_a_bad_page_is_bad_input(room: Room, arguments: str) -> None:
    query = f"""query ($ids: [_Any!]!) {{ _entities(representations: $ids) {{
      ... on Citizen {{ licenceShowings({arguments}) {{ nodes {{ id }} }} }} }} }}"""
    ids = {"ids": [{"__typename": "Citizen", "id": ANNA}]}
    assert codes(await ask(query, ids, principal=citizen(), room=room)) == ["BAD_USER_INPUT"]


async def test_a_code_verifies_offline_with_the_published_key_alone(room: Room) -> None:
    """What a terminal without a connection does: nothing of the city's code is used on what it fetched and scanned."""
    text = await room.shown(await room.driving())
    application = web.Application()
    application.add_routes(routes(keys=room.licences.keys))
    async with TestClient(TestServer(application)) as client:
        response = await client.get(KEYS_PATH)
        assert (response.status, response.content_type) == (200, "application/jwk-set+json")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        published = await response.json(content_type=None)
    assert "d" not in {member for key in published["keys"] for member in key}
    protected, _, payload, signature = cbor2.loads(base45.b45decode(text[4:])).value
    kid = cbor2.loads(protected)[4].decode()
    (jwk,) = [key for key in published["keys"] if key["kid"] == kid]
    public = PyJWK({**jwk, "alg": "EdDSA"}).key
    assert isinstance(public, Ed25519PublicKey)
    public.verify(signature, cbor2.dumps(["Signature1", protected, b"", payload]))
    assert cbor2.loads(payload)[-70004] == {"name": "安娜", "class": "C1"}


def test_the_committed_schema_is_the_one_that_runs() -> None:
    committed = Path(door.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    assert committed == sdl(door.schema)
