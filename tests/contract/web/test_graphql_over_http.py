"""The door: GraphQL over HTTP as the specification has it, and what surrounds every request."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from yarl import URL

from core.errors import Unavailable
from tests.contract.web.doors import BODY_MAX, door, serving
from tests.support.attacks import against

MODERN, PLAIN = "application/graphql-response+json", "application/json"


async def _store_is_gone() -> None:
    raise Unavailable()


class Client:
    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self.base, self.session = base, session

    async def post(self, body: Any, **headers: str) -> tuple[int, str, Any]:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {"Content-Type": PLAIN, **{k.replace("_", "-"): v for k, v in headers.items()}}
        async with self.session.post(f"{self.base}/graphql", data=raw, headers=sent) as response:
            return response.status, response.content_type, orjson.loads(await response.read())

    async def get(self, path: str, **headers: str) -> tuple[int, Any, bytes]:
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        async with self.session.get(self.base + path, headers=sent) as response:
            return response.status, response.headers, await response.read()


@pytest_asyncio.fixture(params=[True, False], ids=["lean", "aiohttp"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    async with serving(door(), lean=request.param) as base, aiohttp.ClientSession() as session:
        yield Client(base, session)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (MODERN, MODERN),
        (PLAIN, PLAIN),
        ("*/*", PLAIN),
        ("application/*", PLAIN),
        (f"{PLAIN}, {MODERN}", MODERN),
        (f"{MODERN};q=0.5, {PLAIN}", PLAIN),
        (f"text/html, {MODERN}; charset=utf-8", MODERN),
    ],
)
async def test_the_answer_comes_in_the_type_that_is_asked_for(client: Client, accept: str, answered: str) -> None:
    status, content_type, body = await client.post({"query": "{ hello }"}, Accept=accept)
    assert (status, content_type, body) == (200, answered, {"data": {"hello": "Hello you"}})


@pytest.mark.parametrize("accept", ["text/html", f"{MODERN};charset=utf-16", f"{MODERN};q=0"])
async def test_an_answer_that_cannot_be_given_is_406(client: Client, accept: str) -> None:
    status, _, body = await client.post({"query": "{ hello }"}, Accept=accept)
    assert (status, body["errors"][0]["extensions"]["code"]) == (406, "REQUEST_NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "REQUEST_MALFORMED"),
        (b"", "REQUEST_MALFORMED"),
        (b"\xff\xfe", "REQUEST_MALFORMED"),
        (b'{"query":"{ hello }","variables":{"deep":' + b"[" * 300 + b"]" * 300 + b"}}", "REQUEST_MALFORMED"),
        (b"[]", "BAD_USER_INPUT"),
        ({}, "BAD_USER_INPUT"),
        ({"query": 1}, "BAD_USER_INPUT"),
        ({"query": "{ hello }", "variables": "x"}, "BAD_USER_INPUT"),
        ({"query": "{ hello }", "operationName": {}}, "BAD_USER_INPUT"),
        ({"query": "{ hello }", "extensions": []}, "BAD_USER_INPUT"),
    ],
)
@pytest.mark.parametrize("accept", [MODERN, PLAIN])
async def test_what_is_not_a_request_is_400(client: Client, body: Any, code: str, accept: str) -> None:
    status, _, answer = await client.post(body, Accept=accept)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (400, code)
    assert "data" not in answer


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "OPERATION_RESOLUTION_FAILURE"),
        ("{ " + "hello " * 6000 + "}", None),
    ],
)
async def test_a_document_that_cannot_run_is_400_in_the_modern_type(client: Client, query: str, code: str) -> None:
    status, _, answer = await client.post({"query": query}, Accept=MODERN)
    if code is None:
        assert status == 413
        return
    assert (status, answer["errors"][0]["extensions"]["code"], "data" in answer) == (400, code, False)
    status, _, answer = await client.post({"query": query}, Accept=PLAIN)
    assert (status, answer["errors"][0]["extensions"]["code"], "data" in answer) == (200, code, False)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", f"{PLAIN}; charset=utf-16"]
)
async def test_another_body_type_is_415(client: Client, content_type: str) -> None:
    status, _, answer = await client.post({"query": "{ hello }"}, Content_Type=content_type)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (415, "REQUEST_MEDIA_TYPE_UNSUPPORTED")


@against("oversized input", "bodies")
async def test_a_body_over_the_limit_is_413_whether_it_says_its_length_or_not(client: Client) -> None:
    status, _, answer = await client.post(b" " * (BODY_MAX + 1))
    assert (status, answer["errors"][0]["extensions"]) == (
        413,
        {"code": "REQUEST_TOO_LARGE", "kind": "INVALID", "retryable": False, "bytes_max": BODY_MAX},
    )

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_MAX // 512 + 2):
            yield b" " * 512

    url = f"{client.base}/graphql"
    async with client.session.post(url, data=chunks(), headers={"Content-Type": PLAIN}) as response:
        assert response.status == 413


@against("cross-site request", "graph")
async def test_get_asks_queries_and_never_changes(client: Client) -> None:
    status, headers, body = await client.get(
        "/graphql?query=query($n:String){hello(name:$n)}&variables=%7B%22n%22:%22a%22%7D"
    )
    assert (status, orjson.loads(body)) == (200, {"data": {"hello": "Hello a"}})
    status, headers, body = await client.get("/graphql?query=mutation{change}")
    assert (status, headers["Allow"]) == (405, "POST")
    assert orjson.loads(body)["errors"][0]["extensions"]["code"] == "REQUEST_METHOD_NOT_ALLOWED"
    for query in ("", "?variables={}", "?query={hello}&variables=x", "?query={"):
        status, _, body = await client.get(f"/graphql{query}", Accept=MODERN)
        assert status == 400 and "data" not in orjson.loads(body)


async def test_a_bad_token_is_401_before_anything_runs(client: Client) -> None:
    status, _, answer = await client.post({"query": "mutation { change }"}, Authorization="Bearer bad", Accept=MODERN)
    assert (status, answer["errors"][0]["extensions"]["code"], "data" in answer) == (401, "UNAUTHENTICATED", False)


async def test_bytes_that_are_no_token_and_bodies_that_are_not_what_they_say_are_refusals(client: Client) -> None:
    url = f"{client.base}/graphql"
    raw = orjson.dumps({"query": "{ hello }"})
    headers = {"Content-Type": PLAIN, "Authorization": "Bearer tökén"}
    async with client.session.post(url, data=raw, headers=headers) as response:
        assert response.status == 401
    for encoding in ("gzip", "deflate", "br", "nonsense"):
        headers = {"Content-Type": PLAIN, "Content-Encoding": encoding}
        async with client.session.post(url, data=raw, headers=headers) as response:
            assert response.status == 415
    assert (await client.get("/" + "a" * 5000))[0] == 404


async def test_a_resolver_that_breaks_is_an_incident_and_says_nothing_of_the_inside(client: Client) -> None:
    status, _, answer = await client.post({"query": "{ hello broken }"}, Accept=MODERN)
    assert status == 200 and answer["data"] == {"hello": "Hello you", "broken": None}
    error = answer["errors"][0]
    assert error["path"] == ["broken"] and error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["incident"] and "secret" not in orjson.dumps(answer).decode()


async def test_a_handler_that_breaks_is_an_incident_too(client: Client) -> None:
    status, headers, body = await client.get("/fails")
    error = orjson.loads(body)["errors"][0]
    assert status == 500 and error["extensions"]["incident"] == headers["X-Request-Id"]
    assert b"secret" not in body


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("abcdefgh-1", True), ("x" * 65, False), ("short", False), ("two words here", False), ("", False)],
)
async def test_a_request_keeps_a_well_formed_id(client: Client, sent: str, kept: bool) -> None:
    _, headers, _ = await client.get("/healthz", X_Request_Id=sent)
    assert (headers["X-Request-Id"] == sent) is kept
    assert 8 <= len(headers["X-Request-Id"]) <= 64


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
    ],
)
@pytest.mark.parametrize("lean", [True, False])
@against("a false sender", "forwarded address")
async def test_only_our_own_proxies_say_where_a_request_comes_from(
    proxies: int, forwarded: str, address: str, lean: bool
) -> None:
    async with serving(door(trusted_proxies=proxies), lean=lean) as base, aiohttp.ClientSession() as session:
        _, _, answer = await Client(base, session).post(
            {"query": "{ where }"}, X_Forwarded_For=forwarded, X_Device_Id="phone-1", Accept_Language="en"
        )
    assert answer["data"]["where"].split()[:3] == [address, "phone-1", "en"]


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/", "/healthz", "/graphql?query={hello}", "/nothing-here"):
        _, headers, _ = await client.get(path)
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "aiohttp" not in headers["Server"]


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "/ui/../../../Makefile"]
)
async def test_the_shell_s_folder_is_all_that_is_served(client: Client, path: str) -> None:
    url = client.base + path
    async with client.session.get(URL(url, encoded=True)) as response:
        assert response.status in (403, 404)


async def test_graphiql_and_introspection_are_for_development(client: Client) -> None:
    assert (await client.get("/graphiql"))[0] == 404
    _, _, answer = await client.post({"query": "{ __schema { queryType { name } } }"})
    assert "data" not in answer or answer["data"] is None
    async with serving(door(development=True)) as base, aiohttp.ClientSession() as session:
        open_client = Client(base, session)
        status, _, body = await open_client.get("/graphiql")
        assert status == 200 and b"graphiql.min.js" in body
        assert (await open_client.get("/graphiql/graphiql.min.js"))[0] == 200
        _, _, answer = await open_client.post({"query": "{ __schema { queryType { name } } }"})
        assert answer == {"data": {"__schema": {"queryType": {"name": "Query"}}}}


async def test_ready_says_which_store_is_gone() -> None:
    checks = (("redis", _store_is_gone),)
    async with serving(door(checks=checks)) as base, aiohttp.ClientSession() as session:
        status, _, body = await Client(base, session).get("/readyz")
    assert (status, orjson.loads(body)) == (503, {"redis": "UNAVAILABLE"})
    assert status == 503


async def test_the_shell_is_packed_and_kept_for_ever_under_its_version(client: Client) -> None:
    _, headers, page = await client.get("/")
    assert headers["Cache-Control"] == "no-cache" and headers["Content-Encoding"] == "gzip"
    named = set(re.findall(rb'(?:href|src)="([^"]+)"', page))
    assert named and all(re.match(rb"/v-[0-9a-f]{16}/", name) for name in named)
    for name in sorted(named):
        status, headers, body = await client.get(name.decode())
        assert (status, headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable") and body
    version = sorted(named)[0].split(b"/")[1].decode()
    status, headers, _ = await client.get("/app.js")
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    assert (await client.get("/app.js", If_None_Match=headers["ETag"]))[0] == 304
    assert (await client.get(f"/{version}/nothing.js"))[0] == 404
    status, headers, _ = await client.get("/v-0123456789abcdef/app.js")
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    _, headers, plain = await client.get("/app.js", Accept_Encoding="identity")
    assert "Content-Encoding" not in headers and plain == Path("miniapps/host/app.js").read_bytes()
    assert (await client.get("/README.md"))[0] == 404


async def test_addresses_that_others_send_people_to_lead_to_a_screen(client: Client) -> None:
    led = {"/authorize/Ab-_9": "/#/authorize/Ab-_9", "/device?user_code=BCDF-GHJK": "/#/device?user_code=BCDF-GHJK"}
    for address, screen in (led | {"/signed-out?confirm=1": "/#/signed-out?confirm=1"}).items():
        async with client.session.get(client.base + address, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, screen)
            assert response.headers["Cache-Control"] == "no-store"
    assert (await client.get("/authorize/a%2Fb"))[0] == 404
