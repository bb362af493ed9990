"""Open311 GeoReport v2 over a real port: a client from outside reads it, and the shapes are those of the standard."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import jsonschema
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from georeport import GeoReport  # type: ignore[import-untyped]

from api.domains.reports.open311 import MOUNT, partner_keys, routes
from api.domains.reports.service import Reports
from api.domains.reports.workflow import Action
from core.clock import FixedClock
from core.mongo import Mongo
from tests.support.waiting import DEADLINE_S
from tests.unit.reports.reporting import HAIDIAN, citizen, everything, reported, stepped

Client = TestClient[web.Request, web.Application]
KEY: Final = "k" * 32
FORM: Final = {
    "api_key": KEY,
    "service_code": "waste",
    "lat": "39.9289",
    "long": "116.4167",
    "description": "rubbish <by> the & gate",
    "address_string": "somewhere",
    "first_name": "Secret",
    "last_name": "Name",
    "phone": "13800000001",
    "email": "secret@example.org",
}
# The standard's tables of fields, as JSON Schema says them.
TEXT: Final = {"type": ["string", "null"]}
SERVICE: Final = {
    "type": "object",
    "required": ["service_code", "service_name", "metadata", "type"],
    "additionalProperties": False,
    "properties": {
        "service_code": {"type": "string"},
        "service_name": {"type": "string"},
        "metadata": {"type": "boolean"},
        "type": {"enum": ["realtime", "batch", "blackbox"]},
        **dict.fromkeys(("description", "keywords", "group"), TEXT),
    },
}
INSTANT: Final = {"type": "string", "format": "date-time"}
REQUEST: Final = {
    "type": "object",
    "required": ["service_request_id", "status", "service_code", "requested_datetime"],
    "additionalProperties": False,
    "properties": {
        "service_request_id": {"type": "string"},
        "status": {"enum": ["open", "closed"]},
        "service_code": {"type": "string"},
        **dict.fromkeys(("requested_datetime", "updated_datetime", "expected_datetime"), INSTANT),
        "lat": {"type": "number"},
        "long": {"type": "number"},
        **dict.fromkeys(
            (
                "status_notes",
                "service_name",
                "description",
                "agency_responsible",
                "service_notice",
                "address",
                "address_id",
                "zipcode",
                "media_url",
            ),
            TEXT,
        ),
    },
}


@asynccontextmanager
async def door(room: Reports, *, arrives_within_s: float) -> AsyncIterator[Client]:
    application = web.Application(client_max_size=256 * 1024)
    application.add_routes(
        routes(
            service=room,
            partners=partner_keys(f"fixmycity:{KEY}"),
            public_url="https://city.example",
            arrives_within_s=arrives_within_s,
        )
    )
    async with TestClient(TestServer(application)) as made:
        yield made


@pytest_asyncio.fixture
async def client(room: Reports) -> AsyncIterator[Client]:
    """In time for everybody."""
    async with door(room, arrives_within_s=DEADLINE_S) as made:
        yield made


async def read(client: Client, path: str, **query: str) -> tuple[int, Any]:
    async with client.get(f"{MOUNT}{path}", params=query) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status, await answer.json()


def shaped(rows: list[Any], schema: dict[str, Any]) -> None:
    jsonschema.validate(rows, {"type": "array", "items": schema}, format_checker=jsonschema.FormatChecker())


async def test_a_client_from_outside_reads_everything_in_both_formats(client: Client, room: Reports) -> None:
    first = await reported(room)
    second = await stepped(room, await reported(room, client_report_id="b", category="waste"), Action.REJECT)
    root = str(client.make_url(MOUNT))

    def look(form: str) -> dict[str, Any]:
        outside = GeoReport(root, output_format=form)
        return {
            "services": [one["service_code"] for one in outside.get_service_list()],
            "definition": outside.get_service_definition("waste")["service_code"],
            "all": {one["service_request_id"]: one["status"] for one in outside.get_service_requests()},
            "some": outside.get_service_requests(service_code="street-lamp,waste", start_date="2026-11-01T00:00:00Z"),
            "one": outside.get_service_request(first.number),
        }

    for form in ("json", "xml"):
        seen = await asyncio.to_thread(look, form)
        assert len(seen["services"]) == 16
        assert seen["definition"] == "waste"
        assert seen["all"] == {first.number: "open", second.number: "closed"}
        assert {one["service_request_id"] for one in seen["some"]} == {first.number, second.number}
        assert (seen["one"]["service_code"], seen["one"]["status_notes"]) == ("street-lamp", "待受理")


async def test_the_shapes_are_those_of_the_standard(client: Client, room: Reports) -> None:
    await reported(room)
    shaped((await read(client, "/services.json"))[1], SERVICE)
    shaped((await read(client, "/requests.json"))[1], REQUEST)
    assert await read(client, "/services/waste.json") == (200, {"service_code": "waste", "attributes": []})
    status, found = await read(client, "/discovery.json")
    assert (status, found["endpoints"][0]["url"]) == (200, "https://city.example/open311/v2")
    assert found["endpoints"][0]["formats"] == ["application/json", "text/xml"]


@pytest.mark.parametrize(
    ("path", "root", "row"),
    [
        ("/discovery.xml", "discovery", "endpoints"),
        ("/services.xml", "services", "service"),
        ("/services/waste.xml", "service_definition", "attributes"),
        ("/requests.xml", "service_requests", "request"),
    ],
)
async def test_xml_has_the_elements_of_the_standard(
    client: Client, room: Reports, path: str, root: str, row: str
) -> None:
    await reported(room)
    async with client.get(f"{MOUNT}{path}") as answer:
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        body = await answer.text()
    assert body.startswith('<?xml version="1.0" encoding="utf-8"?>')
    tree = ET.fromstring(body)
    assert tree.tag == root
    assert tree.find(row) is not None


async def test_the_public_reads_nothing_that_anybody_wrote(client: Client, room: Reports) -> None:
    case = await reported(room, description="我叫张三", address="某某胡同 9 号")
    status, [row] = await read(client, f"/requests/{case.number}.json")
    assert status == 200
    assert row == {
        "service_request_id": case.number,
        "status": "open",
        "status_notes": "待受理",
        "service_name": "路灯故障",
        "service_code": "street-lamp",
        "description": None,
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": "2026-11-22T04:00:00Z",
        "updated_datetime": "2026-11-22T04:00:00Z",
        "expected_datetime": "2026-11-29T04:00:00Z",
        "address": "北京市东城区",
        "address_id": None,
        "zipcode": None,
        "lat": 39.929,
        "long": 116.417,
        "media_url": None,
    }


async def test_a_partner_reports_and_follows_what_becomes_of_it(client: Client, room: Reports, mongo: Mongo) -> None:
    async with client.post(f"{MOUNT}/requests.json", data=FORM) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")
        [made] = await answer.json()
    assert made == {"service_request_id": made["service_request_id"], "service_notice": None, "account_id": None}
    case = await room.store.case_numbered(made["service_request_id"])
    assert case is not None
    assert (case.citizen, case.partner, case.description) == (None, "fixmycity", "rubbish <by> the & gate")
    stored = repr(await everything(mongo))
    assert all(text not in stored for text in ("Secret", "13800000001", "secret@example.org", KEY))
    async with client.post(f"{MOUNT}/requests.xml", data=FORM) as answer:
        tree = ET.fromstring(await answer.text())
    assert tree.findtext("request/service_request_id") == "20261122-000002-2"
    [event] = await mongo.collection("events").find({"payload.case": case.id}).to_list(None)
    assert (event["name"], event["payload"]["citizen"]) == ("reports.created", None)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"api_key": ""}, 403),
        ({"api_key": "k" * 31}, 403),
        ({"api_key": "é" * 32}, 403),
        ({"service_code": ""}, 400),
        ({"service_code": "nothing"}, 404),
        ({"lat": ""}, 400),
        ({"lat": "north"}, 400),
        ({"lat": "nan"}, 400),
        ({"lat": "31.23", "long": "121.47"}, 400),
        ({"description": "x" * 4001}, 400),
        ({"address_string": "x" * 201}, 400),
        ({"description": "x" * 70_000}, 400),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_report_that_cannot_be_is_an_error_of_the_standard(
    client: Client, mongo: Mongo, changes: dict[str, str], status: int
) -> None:
    async with client.post(f"{MOUNT}/requests.json", data=FORM | changes) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
        [error] = await answer.json()
    assert (error["code"], set(error)) == (status, {"code", "description"})
    assert KEY not in error["description"]
    assert await everything(mongo) == {}


async def test_a_form_that_is_none(client: Client, mongo: Mongo) -> None:
    kinds = [("application/json", b"{}"), ("application/x-www-form-urlencoded", b"api_key=%ff%fe&" + b"a=b&" * 100)]
    for kind, body in kinds:
        async with client.post(f"{MOUNT}/requests.json", data=body, headers={"Content-Type": kind}) as answer:
            assert answer.status == 400
    assert await everything(mongo) == {}


async def test_a_form_that_does_not_arrive_is_given_up(room: Reports) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    arrives = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"api_key="
        await arrives.wait()

    async with door(room, arrives_within_s=0.5) as client:
        async with client.post(f"{MOUNT}/requests.json", data=slowly(), headers=kind) as answer:
            assert answer.status == 408
        arrives.set()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"start_date": "2026-08-24T04:00:00Z", "end_date": "2026-11-22T04:00:00Z"}, 200),
        ({"start_date": "2026-08-24T03:59:59Z", "end_date": "2026-11-22T04:00:00Z"}, 400),
        ({"start_date": "2026-11-22T12:00:00+08:00"}, 200),
        ({"start_date": "2026-11-22"}, 400),
        ({"start_date": "2026-11-22T04:00:00"}, 400),
        ({"start_date": "yesterday"}, 400),
        ({"start_date": "0001-01-01T00:00:00Z"}, 400),
        ({"start_date": "2026-11-23T00:00:00Z", "end_date": "2026-11-22T00:00:00Z"}, 400),
        ({"status": "open,closed"}, 200),
        ({"status": "lost"}, 400),
        ({"page": "0"}, 400),
        ({"page": "101"}, 400),
        ({"page_size": "101"}, 400),
        ({"page_size": "٣"}, 400),
        ({"service_request_id": ",".join(["20261122-000001-4"] * 51)}, 400),
        ({"service_request_id": "1,$ne,<x>"}, 200),
        ({"service_code": "x" * 5000}, 200),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_a_list_takes(client: Client, query: dict[str, str], status: int) -> None:
    got, body = await read(client, "/requests.json", **query)
    assert got == status
    assert isinstance(body, list)
    assert status == 200 or [error["code"] for error in body] == [status]


async def test_a_list_is_bounded_by_days_status_and_pages(client: Client, room: Reports, clock: FixedClock) -> None:
    old = await reported(room, client_report_id="old")
    clock.advance(seconds=91 * 86_400)
    made = [old]
    for turn in range(3):
        made.append(await reported(room, by=citizen(), client_report_id=f"r{turn}", location=HAIDIAN))
        clock.advance(seconds=60)
    await stepped(room, made[0], Action.REJECT)

    async def listed(**query: str) -> list[str]:
        _, rows = await read(client, "/requests.json", **query)
        return [row["service_request_id"] for row in rows]

    numbers = [case.number for case in made]
    assert await listed() == [numbers[3], numbers[2], numbers[1]]
    assert await listed(page_size="2") == [numbers[3], numbers[2]]
    assert await listed(page_size="2", page="2") == [numbers[1]]
    assert await listed(start_date="2026-11-20T00:00:00Z") == [numbers[0]]
    assert await listed(status="closed") == []
    assert await listed(start_date="2026-11-20T00:00:00Z", status="closed") == [numbers[0]]
    assert await listed(service_request_id=f"{numbers[0]},{numbers[1]},nonsense", status="lost") == numbers[:2]
    instant = datetime.fromisoformat((await read(client, "/requests.json"))[1][0]["requested_datetime"])
    assert instant == made[3].created_at


@pytest.mark.parametrize("path", ["/requests/20261122-000001-4.json", "/requests/1.json", "/services/nothing.json"])
async def test_what_there_is_not(client: Client, path: str) -> None:
    status, [error] = await read(client, path)
    assert (status, error["code"]) == (404, 404)


@pytest.mark.parametrize(
    "text", ["name", "name:", "name:short", f"Name:{KEY}", f"a:{KEY},a:{KEY}", f":{KEY}"], ids=lambda value: value[:9]
)
def test_partners_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"partner|key") as refused:
        partner_keys(text)
    assert KEY not in str(refused.value)
    assert partner_keys("") == {}
    assert set(partner_keys(f"a:{KEY}, b:{KEY}x")) == {"a", "b"}
