"""The room's doors: its subgraph and its list of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from graphql import ExecutionResult

from api.domains.citycode import schema as door
from api.domains.citycode.http import KEYS_PATH, PLACE_KEYS_PATH, routes
from api.domains.citycode.model import ScanPurpose
from api.domains.citycode.places import Places
from api.domains.citycode.service import CityCodes
from core.access_log import AccessLog
from core.clock import FixedClock
from core.graph import Context, sdl
from core.ids import Ids
from core.locale import Locale
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from tests.unit.citycode.people import ANNA, BEN, COLLEAGUE, OFFICER, carer, citizen, officer, registrar

CITIZEN = """
query ($ids: [_Any!]!) {
  _entities(representations: $ids) { ... on Citizen { id cityCode { text issuedAt expiresAt lifetimeS }
    scans { nodes { id at purpose purposeLabel person { ref } scanner { ref } codeIssuedAt }
      pageInfo { hasNextPage } } } }
}
"""
SCAN = """
mutation ($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) { id at purpose purposeLabel person { ref } scanner { ref } codeIssuedAt }
}
"""


async def ask(
    query: str,
    variables: dict[str, Any],
    *,
    principal: Principal,
    room: CityCodes | None = None,
    places: Places | None = None,
    locale: Locale = Locale.EN,
) -> ExecutionResult:
    services: dict[type, object] = {kind: one for kind, one in ((CityCodes, room), (Places, places)) if one is not None}
    context = Context(request_id="r", principal=principal, locale=locale, services=services)
    result = await door.schema.execute(query, variable_values=variables, context_value=context)
    return ExecutionResult(result.data, result.errors)


def references(*accounts: str) -> dict[str, Any]:
    return {"ids": [{"__typename": "Citizen", "id": account} for account in accounts]}


async def data_of(result: ExecutionResult) -> dict[str, Any]:
    assert result.errors is None
    assert result.data is not None
    return result.data


async def test_the_walk_of_a_code(codes: CityCodes) -> None:
    shown = (await data_of(await ask(CITIZEN, references(ANNA), principal=citizen(), room=codes)))["_entities"][0]
    assert shown["cityCode"] == {
        "text": shown["cityCode"]["text"],
        "issuedAt": "2026-11-22T04:00:00+00:00",
        "expiresAt": "2026-11-22T04:01:00+00:00",
        "lifetimeS": 60,
    }
    assert shown["scans"] == {"nodes": [], "pageInfo": {"hasNextPage": False}}

    scan = {"text": shown["cityCode"]["text"], "purpose": "CLINIC", "clientScanId": "first"}
    made = (await data_of(await ask(SCAN, {"input": scan}, principal=officer(), room=codes)))["scanCityCode"]
    assert made == {
        "id": made["id"],
        "at": "2026-11-22T04:00:00+00:00",
        "purpose": "CLINIC",
        "purposeLabel": "Clinic visit",
        "person": {"ref": ANNA},
        "scanner": {"ref": OFFICER},
        "codeIssuedAt": "2026-11-22T04:00:00+00:00",
    }

    seen = await ask(CITIZEN, references(ANNA), principal=citizen(), room=codes, locale=Locale.ZH_CN)
    assert (await data_of(seen))["_entities"][0]["scans"]["nodes"] == [{**made, "purposeLabel": "医院就诊"}]

    lists = "{ staffScans { nodes { id } } scanTallies { purpose purposeLabel day count } }"
    today = await data_of(await ask(lists, {}, principal=officer(), room=codes))
    assert today["staffScans"] == {"nodes": [{"id": made["id"]}]}
    assert today["scanTallies"][0] == {
        "purpose": "IDENTITY_CHECK",
        "purposeLabel": "Identity check",
        "day": "2026-11-22",
        "count": 0,
    }
    assert [tally["purpose"] for tally in today["scanTallies"]] == [purpose.value for purpose in ScanPurpose]


async def test_a_stub_of_a_citizen_costs_nothing() -> None:
    """No service stands behind this request: whatever reached for one would fail."""
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id } } }"
    result = await ask(query, references(ANNA, BEN), principal=officer())
    assert await data_of(result) == {"_entities": [{"id": ANNA}, {"id": BEN}]}


async def test_a_guardian_shows_the_child_s_code_and_the_child_s_log_says_so(
    codes: CityCodes, mongo: Mongo, ids: Ids, clock: FixedClock
) -> None:
    log = AccessLog(mongo=mongo, ids=ids, clock=clock)
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { cityCode { text } } } }"
    services: dict[type, object] = {CityCodes: codes, AccessLog: log}
    for matter, shown in (("health:read", False), ("citycode:show", True)):
        context = Context(request_id="r", principal=carer(matter), locale=Locale.EN, services=services)
        result = await door.schema.execute(query, variable_values=references(ANNA), context_value=context)
        assert result.data is not None
        assert (result.data["_entities"][0]["cityCode"] is not None) is shown
        entries = (await log.page(ANNA, request=PageRequest(10))).rows
        assert [(one.reader, one.fields, one.purpose, one.for_whom) for one in entries] == (
            [(BEN, ("city_code",), "citycode.show", ANNA)] if shown else []
        )


async def test_of_two_citizens_only_oneself_is_answered(codes: CityCodes) -> None:
    query = (
        "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id cityCode { lifetimeS } } } }"
    )
    result = await ask(query, references(ANNA, BEN), principal=citizen(ANNA), room=codes)
    assert result.data == {"_entities": [{"id": ANNA, "cityCode": {"lifetimeS": 60}}, {"id": BEN, "cityCode": None}]}
    assert result.errors is not None
    assert [(e.path, (e.extensions or {})["code"]) for e in result.errors] == [
        (["_entities", 1, "cityCode"], "NOT_FOUND")
    ]


@pytest.mark.parametrize("arguments", ["first: 0", "first: 101", 'first: 2, after: "%%%"', 'first: 2, after: "YWJj"'])
async def test_a_bad_page_is_bad_input(codes: CityCodes, arguments: str) -> None:
    result = await ask(f"{{ staffScans({arguments}) {{ nodes {{ id }} }} }}", {}, principal=officer(), room=codes)
    assert result.errors is not None
    assert [(e.extensions or {})["code"] for e in result.errors] == ["BAD_USER_INPUT"]


async def test_a_refusal_reaches_the_client_with_its_code(codes: CityCodes) -> None:
    scan = {"text": "CC1:", "purpose": "CLINIC"}
    result = await ask(SCAN, {"input": scan}, principal=officer(), room=codes)
    assert result.errors is not None
    assert [e.extensions for e in result.errors] == [
        {"code": "CITYCODE_MALFORMED", "kind": "INVALID", "retryable": False}
    ]


@pytest.mark.parametrize("path", [KEYS_PATH, PLACE_KEYS_PATH])
async def test_the_keys_are_published_for_verifiers_without_a_connection(
    codes: CityCodes, places: Places, path: str
) -> None:
    application = web.Application()
    application.add_routes(routes(keys=codes.keys, place_keys=places.keys, base=places.base))
    async with TestClient(TestServer(application)) as client:
        response = await client.get(path)
        assert (response.status, response.content_type) == (200, "application/jwk-set+json")
        published = await response.json(content_type=None)
    assert published == (codes.keys if path == KEYS_PATH else places.keys).jwks()
    assert {(key["kty"], key["crv"], key["alg"]) for key in published["keys"]} == {("OKP", "Ed25519", "Ed25519")}
    assert "d" not in {member for key in published["keys"] for member in key}


SCANS = """
query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Scan { id citizenRef scannerRef purposeCode } } }
"""


async def test_a_scan_is_resolved_for_who_made_it_and_for_who_was_scanned(codes: CityCodes) -> None:
    text = (await codes.issue(principal=citizen(), citizen_id=ANNA)).text
    scan = await codes.scan(principal=officer(), text=text, purpose=ScanPurpose.HEALTH_CHECK)
    shown = {"id": scan.id, "citizenRef": ANNA, "scannerRef": OFFICER, "purposeCode": "HEALTH_CHECK"}
    ids = (scan.id, "scn_01KAMP0000000000000000000Z", "x")
    for principal, seen in (
        (officer(), shown),
        (citizen(ANNA), shown),
        (officer(COLLEAGUE), None),
        (officer(scopes=frozenset({"staff"})), None),
        (citizen(BEN), None),
        (carer("health:read"), None),
        (ANONYMOUS, None),
    ):
        asked = {"ids": [{"__typename": "Scan", "id": one} for one in ids]}
        found = await data_of(await ask(SCANS, asked, principal=principal, room=codes))
        assert found["_entities"] == [seen, None, None], principal


REGISTER = """
mutation ($input: RegisterPlaceInput!) {
  registerPlace(input: $input) { code kind kindLabel category name location { longitude latitude } district { code }
    actions { kind label } active reportCategory plateIssue plate }
}
"""
LAMP = {
    "clientPlaceId": "lamp",
    "kind": "THING",
    "category": "010503",
    "nameZh": "路灯",
    "nameEn": "Lamp",
    "location": {"longitude": 116.417, "latitude": 39.9338},
    "reportCategory": "street-lamp",
}


async def test_the_walk_of_a_plate(places: Places) -> None:
    made = await data_of(await ask(REGISTER, {"input": LAMP}, principal=registrar(), places=places))
    place = made["registerPlace"]
    plate, issue = place.pop("plate"), place.pop("plateIssue")
    assert (place, issue) == (
        {
            "code": place["code"],
            "kind": "THING",
            "kindLabel": "Thing",
            "category": "010503",
            "name": "Lamp",
            "location": {"longitude": 116.417, "latitude": 39.9338},
            "district": {"code": "110101"},
            "actions": [{"kind": "REPORT", "label": "Report a problem"}],
            "active": True,
            "reportCategory": "street-lamp",
        },
        1,
    )
    read = "query ($text: String!) { readCode(text: $text) { code name actions { label } } }"
    shown = await data_of(await ask(read, {"text": plate}, principal=ANONYMOUS, places=places, locale=Locale.ZH_CN))
    assert shown["readCode"] == {"code": place["code"], "name": "路灯", "actions": [{"label": "上报问题"}]}
    again = "mutation ($input: ReissuePlaceCodeInput!) { reissuePlaceCode(input: $input) { plateIssue } }"
    renewed = await ask(again, {"input": {"code": place["code"], "issue": 1}}, principal=registrar(), places=places)
    assert (await data_of(renewed))["reissuePlaceCode"] == {"plateIssue": 2}
    refused = await ask(read, {"text": plate}, principal=ANONYMOUS, places=places)
    assert [(e.extensions or {})["code"] for e in refused.errors or []] == ["CITYCODE_PLATE_REPLACED"]
    personal = await ask(read, {"text": "CC1:ABC"}, principal=ANONYMOUS, places=places)
    assert [(e.extensions or {})["code"] for e in personal.errors or []] == ["CITYCODE_PLATE_PERSONAL"]


async def test_the_walk_of_a_visit(places: Places) -> None:
    library = {**LAMP, "clientPlaceId": "library", "kind": "PLACE", "reportCategory": None, "checkIn": True}
    made = await data_of(await ask(REGISTER, {"input": library}, principal=registrar(), places=places))
    visit = "mutation ($input: CheckInInput!) { checkIn(input: $input) { id at place { name } } }"
    sent = {"text": made["registerPlace"]["plate"], "clientCheckInId": "one"}
    done = (await data_of(await ask(visit, {"input": sent}, principal=citizen(), places=places)))["checkIn"]
    assert done == {"id": done["id"], "at": "2026-11-22T04:00:00+00:00", "place": {"name": "Lamp"}}
    listed = """
    query ($ids: [_Any!]!) { _entities(representations: $ids) {
      ... on Citizen { checkIns { nodes { id at place { name } } } } } }
    """
    seen = await data_of(await ask(listed, references(ANNA), principal=citizen(), places=places))
    assert seen["_entities"] == [{"checkIns": {"nodes": [done]}}]


async def test_places_are_found_by_their_code_alone(places: Places) -> None:
    made = await data_of(await ask(REGISTER, {"input": LAMP}, principal=registrar(), places=places))
    code = made["registerPlace"]["code"]
    query = "query ($code: ID!, $ids: [_Any!]!) { place(code: $code) { name } _entities(representations: $ids) { ... on Place { name } } }"  # noqa: E501
    ids = [{"__typename": "Place", "code": one} for one in (code, "1" * 21)]
    found = await data_of(await ask(query, {"code": code, "ids": ids}, principal=ANONYMOUS, places=places))
    assert found == {"place": {"name": "Lamp"}, "_entities": [{"name": "Lamp"}, None]}
    missing = await ask(query, {"code": "1" * 21, "ids": []}, principal=ANONYMOUS, places=places)
    assert [(e.extensions or {})["code"] for e in missing.errors or []] == ["NOT_FOUND"]


def test_the_committed_schema_is_the_one_that_runs() -> None:
    committed = Path(door.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    assert committed == sdl(door.schema)
