"""Subgraphs in the process and over HTTP: the same answer, and nothing of the inside."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import date
from typing import Any, cast

import pytest
import pytest_asyncio
import strawberry
from aiohttp import web
from graphql import GraphQLSchema, build_schema

from api.gateway.client import Client
from api.gateway.errors import SubgraphUnavailable
from api.gateway.execute import Engine
from api.gateway.transport import HttpTransport, LocalTransport, SubgraphRequest
from core.bounded import Bounded
from core.errors import NotFound, Unavailable
from core.graph import Context, Int64, graphql_core_schema
from core.graph import build_schema as build_schema_of_room
from core.locale import Locale
from tests.unit.gateway.conftest import City

CONTEXT = Context(request_id="req-9", locale=Locale.EN)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """What the log tells beside the message."""
    told: dict[str, Any] = record.__dict__["facts"]
    return told


def schema(resolve: Callable[..., Any]) -> GraphQLSchema:
    built = build_schema("type Query { a(n: Int): String b: Int! }")
    built.type_map["Query"].fields["a"].resolve = resolve  # type: ignore[attr-defined]
    return built


class Server:
    """A real HTTP server on a free port, whose one handler a test chooses."""

    url: str
    client: Client
    handler: Handler

    async def fetch(self, **options: Any) -> Any:
        transport = HttpTransport(url=self.url, client=self.client, **options)
        return await transport.fetch(SubgraphRequest(query="{a}", service="far"), CONTEXT)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    running = Server()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await running.handler(request)

    application = web.Application()
    application.router.add_post("/graphql", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    running.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    async with aclosing(Client()) as client:
        running.client = client
        yield running
    await runner.cleanup()


async def test_a_local_subgraph_sees_the_requests_context() -> None:
    seen: list[Any] = []

    async def resolve(source: Any, info: Any, n: int) -> str:
        seen.append(info.context)
        return f"n={n}"

    transport = LocalTransport(schema=schema(resolve))
    request = SubgraphRequest(query="query($n: Int){a(n: $n)}", variables={"n": 4}, service="near")
    assert (await transport.fetch(request, CONTEXT)).data == {"a": "n=4"}
    assert seen == [CONTEXT]


async def test_local_documents_are_parsed_once_and_bounded() -> None:
    transport = LocalTransport(schema=schema(lambda *_, **__: "x"), documents=Bounded(2, 1_000_000))
    for query in ("{a}", "{b: a}", "{c: a}", "{c: a}"):
        await transport.fetch(SubgraphRequest(query=query, service="near"), CONTEXT)
    assert [transport.documents.get(q) is not None for q in ("{a}", "{b: a}", "{c: a}")] == [False, True, True]


async def test_a_domain_error_keeps_its_code_and_speaks_the_readers_language() -> None:
    def resolve(*_: Any, **__: Any) -> str:
        raise NotFound(thing="licence")

    transport = LocalTransport(schema=schema(resolve))
    context = Context(request_id="r", locale=Locale.ZH_CN)
    answer = await transport.fetch(SubgraphRequest(query="{x: a}", service="near"), context)
    assert answer.errors == [
        {
            "message": "没有找到相应内容。",
            "path": ["x"],
            "extensions": {"code": "NOT_FOUND", "kind": "NOT_FOUND", "retryable": False, "thing": "licence"},
        }
    ]


async def test_any_other_error_is_an_incident_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def resolve(*_: Any, **__: Any) -> str:
        raise ValueError("card 6222-0000")

    transport = LocalTransport(schema=schema(resolve))
    with caplog.at_level(logging.ERROR):
        answer = await transport.fetch(SubgraphRequest(query="{a}", service="near"), CONTEXT)
    (error,) = answer.errors
    assert error["extensions"]["code"] == "INTERNAL"
    assert "6222" not in str(answer.errors)
    (record,) = caplog.records
    assert record.getMessage() == "a resolver failed"
    assert facts(record) == {"service": "near", "incident": error["extensions"]["incident"], "cause": "ValueError"}


@strawberry.type
class Calendar:
    @strawberry.field
    def seen(self, day: date, fen: Int64 | None = None) -> str:
        return f"{day} {fen}"

    @strawberry.field
    def ends(self) -> Int64:
        return cast(Int64, "never")


@pytest.mark.parametrize(
    ("query", "variables", "path"),
    [
        ("query($d: Date!) { seen(day: $d) }", {"d": "2026-02-30"}, None),
        ("query($d: Date!) { seen(day: $d) }", {"d": 20261122}, None),
        ('query($f: Int64) { seen(day: "2026-11-22", fen: $f) }', {"f": "1"}, None),
        ('query($f: Int64) { seen(day: "2026-11-22", fen: $f) }', {"f": 2**63}, None),
        ('query($f: Int64) { seen(day: "2026-11-22", fen: $f) }', {"f": 1.0}, None),
        ('{ seen(day: "2026-02-30") }', {}, ["seen"]),
        ('{ seen(day: "2026-11-22", fen: 1e3) }', {}, ["seen"]),
        ('{ seen(day: "2026-11-22", fen: 9223372036854775808) }', {}, ["seen"]),
    ],
)
async def test_a_value_that_does_not_fit_its_scalar_is_bad_input(
    query: str, variables: dict[str, Any], path: list[str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    transport = LocalTransport(schema=graphql_core_schema(build_schema_of_room(query=Calendar)))
    with caplog.at_level(logging.WARNING):
        answer = await transport.fetch(SubgraphRequest(query=query, variables=variables, service="near"), CONTEXT)
    (error,) = answer.errors
    assert (error["extensions"]["code"], error.get("path")) == ("BAD_USER_INPUT", path)
    assert error["extensions"]["field"] == "variables" and len(error["extensions"]["problem"]) <= 200
    assert caplog.records == [], "what a client sends is no incident"


async def test_a_result_that_does_not_fit_its_scalar_is_an_incident() -> None:
    transport = LocalTransport(schema=graphql_core_schema(build_schema_of_room(query=Calendar)))
    answer = await transport.fetch(SubgraphRequest(query="{ ends }", service="near"), CONTEXT)
    assert [error["extensions"]["code"] for error in answer.errors] == ["INTERNAL"]


async def test_an_outage_behind_a_local_subgraph_is_logged_once_a_code(caplog: pytest.LogCaptureFixture) -> None:
    def resolve(*_: Any, **__: Any) -> str:
        raise Unavailable() from ConnectionError("mongodb://10.0.0.7")

    with caplog.at_level(logging.WARNING):
        await LocalTransport(schema=schema(resolve)).fetch(SubgraphRequest(query="{a x: a}", service="near"), CONTEXT)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "a subgraph fails")
    assert facts(record) == {"service": "near", "code": "UNAVAILABLE", "cause": "ConnectionError"}


async def test_a_refusal_is_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    def resolve(*_: Any, **__: Any) -> str:
        raise NotFound(thing="licence")

    with caplog.at_level(logging.DEBUG, logger="api.gateway"):
        await LocalTransport(schema=schema(resolve)).fetch(SubgraphRequest(query="{a}", service="near"), CONTEXT)
    assert caplog.records == []


@strawberry.federation.type(keys=["code"])
class Place:
    code: str
    seen: int = 0

    @classmethod
    def resolve_reference(cls, info: strawberry.Info[Context, None], code: str) -> Place:
        return cls(code=code, seen=len(code))


@strawberry.type
class PlaceQuery:
    place: Place


async def test_references_that_lanes_share_survive_strawberrys_resolver() -> None:
    """Its `_entities` pops `__typename` out of each representation and puts `info` in."""
    built = build_schema_of_room(query=PlaceQuery)
    made = {"__typename": "Place", "code": "110101"}
    query = """query ($one: [_Any!]!, $two: [_Any!]!) {
        _e0: _entities(representations: $one) { ... on Place { code } }
        _e1: _entities(representations: $two) { ... on Place { seen } }
    }"""
    request = SubgraphRequest(query=query, variables={"one": [made, made], "two": [made]}, service="near")
    transport = LocalTransport(schema=graphql_core_schema(built))
    for _ in range(2):
        answer = await transport.fetch(request, CONTEXT)
        assert answer.errors == []
        assert answer.data == {"_e0": [{"code": "110101"}, {"code": "110101"}], "_e1": [{"seen": 6}]}
    assert made == {"__typename": "Place", "code": "110101"}


async def test_an_http_subgraph_gets_the_contexts_headers_and_no_others(server: Server) -> None:
    seen: dict[str, Any] = {}

    async def handle(request: web.Request) -> web.Response:
        seen["headers"] = {k.lower(): v for k, v in request.headers.items()}
        seen["body"] = json.loads(await request.read())
        return web.json_response({"data": {"a": "far"}})

    server.handler = handle
    assert (await server.fetch()).data == {"a": "far"}
    assert seen["body"] == {"query": "{a}", "variables": {}}
    assert seen["headers"]["x-request-id"] == "req-9"
    assert seen["headers"]["accept-language"] == "en"
    assert "authorization" not in seen["headers"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, '{"data": {"a": "x"}}'),
        (404, "not here"),
        (302, ""),
        (200, "not json"),
        (200, "[]"),
        (200, "{}"),
        (200, '{"data": [1]}'),
        (200, '{"data": {"a": "' + "x" * 300 + '"}}'),
    ],
)
async def test_what_is_not_a_graphql_answer_is_unavailable(server: Server, status: int, body: str) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"location": "http://127.0.0.1:1/"})

    server.handler = handle
    with pytest.raises(SubgraphUnavailable) as failure:
        await server.fetch(answer_bytes_max=200)
    assert failure.value.service == "far"
    assert failure.value.__cause__ is not None
    assert "127.0.0.1" not in failure.value.message


async def test_nobody_listening_is_unavailable(server: Server, unused_tcp_port: int) -> None:
    server.url = f"http://127.0.0.1:{unused_tcp_port}/graphql"
    with pytest.raises(SubgraphUnavailable):
        await server.fetch()


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (
            {"message": "gone", "extensions": {"code": "STATION_CLOSED", "station": "s1", "stacktrace": ["a.py"]}},
            {"message": "gone", "extensions": {"code": "STATION_CLOSED", "station": "s1"}},
        ),
        (
            {"message": "odd", "extensions": {"code": "ODD", "kind": ["UNAVAILABLE"]}},
            {"message": "odd", "extensions": {"code": "ODD"}},
        ),
        (
            {"message": "psycopg2: password hunter2"},
            {"message": "far could not answer this part.", "extensions": {"code": "SUBGRAPH_FAULT", "service": "far"}},
        ),
        (
            {"message": 'Cannot query field "x"', "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}},
            {"message": "far could not answer this part.", "extensions": {"code": "SUBGRAPH_FAULT", "service": "far"}},
        ),
    ],
)
async def test_a_remote_error_passes_only_with_a_code_of_its_own(
    server: Server, told: dict[str, Any], shown: dict[str, Any]
) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"data": {"a": None}, "errors": [{**told, "path": ["a"]}]})

    server.handler = handle
    (error,) = (await server.fetch()).errors
    assert error["message"] == shown["message"]
    assert error["path"] == ["a"]
    assert error["extensions"].items() >= shown["extensions"].items()
    assert "stacktrace" not in error["extensions"]


@pytest.mark.parametrize("path", [[{"a": 1}], [["a"]], ["a", -1], ["a", 1.0], ["a", None], [True], "a", {"a": 1}])
async def test_a_path_that_is_none_is_no_path(server: Server, path: Any) -> None:
    error = {"message": "gone", "path": path, "extensions": {"code": "STATION_CLOSED"}}

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"data": {"a": None}, "errors": [error]})

    server.handler = handle
    (found,) = (await server.fetch()).errors
    assert (found["message"], found["path"]) == ("gone", None)


async def test_an_outage_that_a_remote_subgraph_reports_is_logged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    extensions = {"code": "STORE_AWAY", "kind": "UNAVAILABLE"}

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"data": {"a": None}, "errors": [{"message": "later", "extensions": extensions}]})

    server.handler = handle
    with caplog.at_level(logging.WARNING):
        await server.fetch()
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "a subgraph reports an outage")
    assert facts(record) == {"service": "far", "code": "STORE_AWAY"}


async def test_local_and_remote_subgraphs_join_in_one_answer(server: Server) -> None:
    city = City()
    air = city.transports["air"].inner

    async def handle(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        answer = await air.fetch(SubgraphRequest(query=body["query"], variables=body["variables"]), CONTEXT)
        return web.json_response({"data": answer.data})

    server.handler = handle
    far = HttpTransport(url=server.url, client=server.client)
    engine = Engine(supergraph=city.engine.supergraph, transports={**city.transports, "air": far})
    answer = await engine.execute(query="{ districts { name perHead air { aqi } } }", context=CONTEXT)
    assert answer.errors == []
    assert answer.data == {
        "districts": [
            {"name": "Dongcheng", "perHead": 7.0, "air": {"aqi": 40}},
            {"name": "Chaoyang", "perHead": 34.0, "air": {"aqi": 90}},
        ]
    }


async def test_a_remote_that_hangs_is_cut_off(server: Server) -> None:
    let_go = asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        await let_go.wait()
        return web.json_response({})

    server.handler = handle
    far = HttpTransport(url=server.url, client=server.client)
    city = City()
    limits = type(city.limits)(deadlines_s={"air": 0.05})
    engine = Engine(supergraph=city.engine.supergraph, transports={**city.transports, "air": far}, limits=limits)
    answer = await engine.execute(query="{ districts { name air { aqi } } }", context=CONTEXT)
    let_go.set()
    assert answer.data == {"districts": [{"name": "Dongcheng", "air": None}, {"name": "Chaoyang", "air": None}]}
    assert {e["extensions"]["code"] for e in answer.errors} == {"SUBGRAPH_TIMEOUT"}
