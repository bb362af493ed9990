"""Batch ingest over HTTP: what is taken, what is refused, and that a refusal stores nothing."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import orjson
import pytest
from yarl import URL

from backends.base import http
from backends.sensor.http import INGEST_BYTES_MAX
from backends.sensor.ingest import REFUSALS_SHOWN_MAX, ROWS_MAX
from backends.sensor.service import Sensors
from core.mongo import Mongo
from tests.contract.sensor.sensing import KEY, NOW, Door, row, station, stored


def ndjson(rows: list[Any]) -> bytes:
    return b"\n".join(orjson.dumps(r) for r in rows) + b"\n"


def refusal(answer: tuple[int, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    [error] = answer[1]["errors"]
    return answer[0], error["extensions"]


async def test_a_batch_is_taken_once_in_either_form(door: Door, sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"))
    rows = [row("a", hour) for hour in range(3)]
    assert await door.post(rows) == (200, {"accepted": 3, "duplicates": 0})
    assert await door.post(rows) == (200, {"accepted": 0, "duplicates": 3})
    lines = ndjson([row("a", 2), row("a", 3)])
    assert await door.post(lines, Content_Type="application/x-ndjson") == (200, {"accepted": 1, "duplicates": 1})
    assert len(await stored(mongo)) == 4


async def test_concurrent_posts_of_one_batch_accept_it_once(door: Door, sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"), station("b"))
    rows = [row(code, hour) for code in "ab" for hour in range(24)]
    answers = await asyncio.gather(*(door.post(rows) for _ in range(8)))
    assert {status for status, _ in answers} == {200}
    assert sum(body["accepted"] for _, body in answers) == 48
    assert sum(body["duplicates"] for _, body in answers) == 48 * 7
    assert len(await stored(mongo)) == len(set(await stored(mongo))) == 48


async def test_every_bad_row_is_reported_and_none_is_stored(door: Door, sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"))
    rows = [
        row("a"),
        row("a", 1, pm2_5=-1),
        row("ghost"),
        {**row("a"), "ts": "9999-01-01T00:00:00Z"},
        "row",
        row("a", 2, radon=1),
        {**row("a"), "ts": NOW.replace(hour=5).isoformat()},
    ]
    status, fields = refusal(await door.post(rows, Accept_Language="en"))
    assert (status, fields["code"], fields["rows_invalid"]) == (400, "SENSOR_BATCH_INVALID", 6)
    assert [(r["index"], r["code"]) for r in fields["rows"]] == [
        (1, "SENSOR_VALUE_IMPLAUSIBLE"),
        (2, "SENSOR_STATION_UNKNOWN"),
        (3, "SENSOR_TIME_IMPLAUSIBLE"),
        (4, "SENSOR_ROW_MALFORMED"),
        (5, "SENSOR_PROPERTY_UNKNOWN"),
        (6, "SENSOR_TIME_IMPLAUSIBLE"),
    ]
    assert fields["rows"][0]["message"] == "pm2_5 must be a number from 0.0 to 5000.0 µg/m³."
    assert await stored(mongo) == []


async def test_a_line_that_is_not_json_is_reported_by_its_index(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a"))
    body = ndjson([row("a")]) + b'{"station":"a","ts":NaN}\n'
    status, fields = refusal(await door.post(body, Content_Type="application/x-ndjson"))
    assert (status, [(r["index"], r["code"]) for r in fields["rows"]]) == (400, [(1, "SENSOR_ROW_MALFORMED")])


async def test_many_refusals_are_counted_and_the_first_are_shown(door: Door) -> None:
    status, fields = refusal(await door.post([None] * 300))
    assert (status, fields["rows_invalid"]) == (400, 300)
    assert [r["index"] for r in fields["rows"]] == list(range(REFUSALS_SHOWN_MAX))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{}", b"[]", b"NaN", b"[" * 100_000, b"\xff\xfe", orjson.dumps([1] * (ROWS_MAX + 1))]
)
async def test_a_body_that_cannot_be_read_is_refused(door: Door, body: bytes) -> None:
    status, fields = refusal(await door.post(body))
    assert (status, fields["code"]) == (400, "SENSOR_BODY_MALFORMED")


async def test_ndjson_has_the_same_bound_of_rows(door: Door) -> None:
    status, fields = refusal(await door.post(b"1\n" * (ROWS_MAX + 1), Content_Type="application/x-ndjson"))
    assert (status, fields["code"]) == (400, "SENSOR_BODY_MALFORMED")


async def test_the_most_rows_are_taken(door: Door, sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"))
    rows = [row("a", hour) for hour in range(ROWS_MAX)]
    assert await door.post(rows) == (200, {"accepted": ROWS_MAX, "duplicates": 0})


async def test_a_body_over_the_bound_is_refused_said_or_streamed_or_packed(door: Door, mongo: Mongo) -> None:
    large = b" " * (INGEST_BYTES_MAX + 1)
    status, fields = refusal(await door.post(large))
    assert (status, fields["code"], fields["bytes_max"]) == (413, "SENSOR_BODY_TOO_LARGE", INGEST_BYTES_MAX)

    async def streamed() -> Any:
        for _ in range(40):
            yield b" " * 65536

    headers = {"Authorization": f"Bearer {KEY}"}
    async with door.session.post("/ingest/readings", data=streamed(), headers=headers) as response:
        assert response.status == 413
    bomb = gzip.compress(b" " * 30_000_000)
    status, fields = refusal(await door.post(bomb, Content_Encoding="gzip"))
    assert (status, fields["code"]) == (413, "SENSOR_BODY_TOO_LARGE")


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], "ключ"])
async def test_without_a_valid_key_nothing_is_read_or_stored(
    door: Door, sensors: Sensors, mongo: Mongo, key: str | None
) -> None:
    await sensors.register(station("a"))
    status, fields = refusal(await door.post([row("a")], key=key))
    assert (status, fields["code"]) == (401, "SENSOR_INGEST_KEY_INVALID")
    assert await stored(mongo) == []


async def test_any_of_the_keys_opens_so_that_keys_can_be_changed(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a"))
    assert await door.post([row("a")], key="second-key") == (200, {"accepted": 1, "duplicates": 0})


async def test_a_station_is_registered_and_can_then_report(door: Door, sensors: Sensors) -> None:
    text = {"zh": "东门", "en": "East Gate"}
    body = orjson.dumps({"name": text, "districtCode": "110101", "source": text})
    headers = {"Authorization": f"Bearer {KEY}"}
    async with door.session.put("/ingest/stations/gate-1", data=body) as response:
        assert response.status == 401
    assert await sensors.stations_of(codes=["gate-1"]) == {}
    async with door.session.put("/ingest/stations/gate-1", data=body, headers=headers) as response:
        assert (response.status, await response.json()) == (200, {"code": "gate-1"})
    async with door.session.put("/ingest/stations/gate-2", data=b"{}", headers=headers) as response:
        assert response.status == 400
    assert await door.post([row("gate-1")]) == (200, {"accepted": 1, "duplicates": 0})


async def test_rows_are_counted_in_the_metrics(door: Door, sensors: Sensors) -> None:
    await sensors.register(station("a"))
    await door.post([row("a")])
    await door.post([row("a")])
    async with door.session.get("/metrics") as response:
        text = await response.text()
    assert 'sensor_ingest_rows_total{outcome="accepted"} 1.0' in text
    assert 'sensor_ingest_rows_total{outcome="duplicate"} 1.0' in text
    assert 'sensor_requests_total{route="/ingest/readings",status="200"} 2.0' in text


async def test_other_paths_and_bodies_get_a_clear_answer(door: Door) -> None:
    async with door.session.get("/nowhere") as response:
        assert (response.status, (await response.json())["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
    async with door.session.get("/graphql") as response:
        assert response.status == 405
    async with door.session.post("/graphql", data=b"{") as response:
        assert (response.status, (await response.json())["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")
    async with door.session.post("/graphql", data=b" " * 300_000) as response:
        assert response.status == 413


async def raw(door: Door, request: bytes) -> tuple[int, dict[str, Any]]:
    """Status and body of what a client gets that writes `request` as it stands."""
    url = URL(door.base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(request)
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
        return int(head.split()[1]), orjson.loads(body)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_key_of_other_bytes_is_refused_like_any_other(door: Door) -> None:
    head = b"POST /ingest/readings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"
    for key in (b"\xff\xfe", "ключ".encode(), "é".encode("latin-1")):
        answer = await raw(door, head + b"Authorization: Bearer " + key + b"\r\n\r\n[]")
        assert (answer[0], refusal(answer)[1]["code"]) == (401, "SENSOR_INGEST_KEY_INVALID")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_body_that_is_not_packed_as_it_says_is_refused(door: Door, encoding: str) -> None:
    head = f"POST /ingest/readings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {KEY}\r\n"
    head += f"Content-Encoding: {encoding}\r\nContent-Length: 12\r\n\r\n"
    answer = await raw(door, head.encode() + b"\x00" * 12)
    assert (answer[0], refusal(answer)[1]["code"]) == (400, "SENSOR_BODY_MALFORMED")


@pytest.mark.parametrize("path", ["/ingest/readings", "/graphql"])
async def test_a_body_that_never_comes_ends(door: Door, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(http, "BODY_TIMEOUT_S", 0.1)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {KEY}\r\n"
    answer = await raw(door, head.encode() + b"Content-Length: 9\r\n\r\n[")
    assert (answer[0], refusal(answer)[1]["code"]) == (408, "SENSOR_BODY_TOO_SLOW")


@pytest.mark.parametrize("code", ["syn-110101-1", "syn-new", "prsa-dongsi"])
async def test_a_made_or_imported_station_cannot_be_taken_over(door: Door, sensors: Sensors, code: str) -> None:
    await sensors.register(station("syn-110101-1", synthetic=True), station("prsa-dongsi"))
    before = await sensors.stations_of(codes=["syn-110101-1", "syn-new", "prsa-dongsi"])
    text = {"zh": "东门", "en": "East Gate"}
    body = orjson.dumps({"name": text, "districtCode": "110108", "source": text})
    async with door.session.put(
        f"/ingest/stations/{code}", data=body, headers={"Authorization": f"Bearer {KEY}"}
    ) as response:
        assert refusal((response.status, await response.json())) == (
            409,
            {"code": "SENSOR_STATION_TAKEN", "kind": "CONFLICT", "retryable": False, "station": code},
        )
    assert await sensors.stations_of(codes=["syn-110101-1", "syn-new", "prsa-dongsi"]) == before
