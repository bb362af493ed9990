"""The room's doors: its subgraph and its list of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from graphql import ExecutionResult

from api.domains.citycode import schema as door
from api.domains.citycode.http import KEYS_PATH, routes
from api.domains.citycode.service import CityCodes
from core.graph import Context, sdl
from core.locale import Locale
from core.principal import Principal
from tests.unit.citycode.people import ANNA, BEN, OFFICER, citizen, officer

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
    locale: Locale = Locale.EN,
) -> ExecutionResult:
    context = Context(
        request_id="r", principal=principal, locale=locale, services={} if room is None else {CityCodes: room}
    )
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
    assert len(today["scanTallies"]) == 5


async def test_a_stub_of_a_citizen_costs_nothing() -> None:
    """No service stands behind this request: whatever reached for one would fail."""
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id } } }"
    result = await ask(query, references(ANNA, BEN), principal=officer())
    assert await data_of(result) == {"_entities": [{"id": ANNA}, {"id": BEN}]}


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


async def test_the_keys_are_published_for_verifiers_without_a_connection(codes: CityCodes) -> None:
    application = web.Application()
    application.add_routes(routes(keys=codes.keys))
    async with TestClient(TestServer(application)) as client:
        response = await client.get(KEYS_PATH)
        assert (response.status, response.content_type) == (200, "application/jwk-set+json")
        published = await response.json(content_type=None)
    assert published == codes.keys.jwks()
    assert {(key["kty"], key["crv"], key["alg"]) for key in published["keys"]} == {("OKP", "Ed25519", "Ed25519")}
    assert "d" not in {member for key in published["keys"] for member in key}


def test_the_committed_schema_is_the_one_that_runs() -> None:
    committed = Path(door.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    assert committed == sdl(door.schema)
