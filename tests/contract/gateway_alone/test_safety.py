"""What may be asked at all: trusted documents, automatic persisted queries, costs, pages of other sites."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from api import alone
from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph
from tests.contract.gateway_alone.conftest import SUPERGRAPH, Subgraph, gateway

HELLO = "{ hello }"
HASH = hashlib.sha256(HELLO.encode()).hexdigest()


def manifest(tmp_path: Path, documents: Any) -> str:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(documents))
    return str(file)


def persisted(name: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": name}}


async def test_with_a_manifest_only_its_documents_run(supergraph: Path, subgraph: Subgraph, tmp_path: Path) -> None:
    async with gateway(supergraph, trusted_documents=manifest(tmp_path, {HASH: HELLO})) as client:
        for body in ({"documentId": HASH}, {"documentId": f"sha256:{HASH}"}, {"extensions": persisted(HASH)}):
            assert await client.ask(None, **body) == (200, {"data": {"hello": "hi"}})
        assert await client.ask(HELLO) == (200, {"data": {"hello": "hi"}})
        made = len(subgraph.seen)
        other = "{ hello hello2: hello }"
        taught = hashlib.sha256(other.encode()).hexdigest()
        for query, body in (
            (other, {}),
            (None, {"documentId": "0" * 64}),
            (other, {"extensions": persisted(taught)}),
        ):
            status, answer = await client.ask(query, **body)
            assert (status, answer["errors"][0]["extensions"]["code"]) == (403, "DOCUMENT_NOT_TRUSTED")
        # The name decides, whatever document is sent beside it.
        assert await client.ask("{ dear }", documentId=HASH) == (200, {"data": {"hello": "hi"}})
    assert len(subgraph.seen) == made + 1


async def test_a_developer_may_ask_what_no_manifest_holds(supergraph: Path, tmp_path: Path) -> None:
    trusted = manifest(
        tmp_path, {"format": "apollo-persisted-query-manifest", "operations": [{"id": "h", "body": HELLO}]}
    )
    async with gateway(supergraph, trusted_documents=trusted, development=True) as client:
        assert (await client.ask(None, documentId="h"))[1]["data"] == {"hello": "hi"}
        assert (await client.ask("{ other: hello }"))[0] == 200


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [
        ({"h": "{ nothing }"}, "h: Cannot query field 'nothing' on type 'Query'."),
        ({"h": 1}, "names and documents must be strings."),
        ([], "it is not an object of documents by name."),
    ],
)
async def test_a_manifest_that_does_not_fit_stops_the_start(
    supergraph: Path, tmp_path: Path, documents: Any, sentence: str
) -> None:
    with pytest.raises(alone.GatewayUnavailable, match=sentence):
        async with gateway(supergraph, trusted_documents=manifest(tmp_path, documents)):
            pass


async def test_a_client_teaches_a_document_once(supergraph: Path) -> None:
    async with gateway(supergraph) as client:
        status, answer = await client.ask(None, extensions=persisted(HASH))
        assert status == 200 and answer["errors"][0]["message"] == "PersistedQueryNotFound"
        assert answer["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        status, answer = await client.ask("{ dear }", extensions=persisted(HASH))
        assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "PERSISTED_QUERY_HASH_MISMATCH")
        assert await client.ask(HELLO, extensions=persisted(HASH)) == (200, {"data": {"hello": "hi"}})
        assert await client.ask(None, extensions=persisted(HASH)) == (200, {"data": {"hello": "hi"}})
        query = {"extensions": json.dumps(persisted(HASH))}
        async with client.http.get(f"{client.base}/graphql", params=query) as got:
            assert (got.status, await got.json()) == (200, {"data": {"hello": "hi"}})


@pytest.mark.parametrize(
    ("query", "variables", "estimated"),
    [
        ("{ hello }", None, 0),
        ("{ dear }", None, 50),
        ("mutation { change }", None, 10),
        ("{ books { title } }", None, 3),
        ("{ books(first: 20) { title } }", None, 20),
        # Ten authors of 2 each, in a book of 1: the default size where nothing is said.
        ("{ books(first: 4) { title authors { name } } }", None, 84),
        ("query($n: Int) { books(first: $n) { title } }", {"n": 7}, 7),
        ("query($n: Int) { books(first: $n) { title } }", {"n": 1e3}, 1000),
        ("query($n: Int) { books(first: $n) { title } }", {}, 3),
        ("query($n: Int = 9) { books(first: $n) { title } }", {}, 9),
        ("{ page(first: 6) { ...F } } fragment F on Page { books { title } }", None, 7),
    ],
)
async def test_the_estimate_follows_the_schemas_weights_and_sizes(
    supergraph: Path, subgraph: Subgraph, query: str, variables: Any, estimated: int
) -> None:
    async with gateway(supergraph, cost_max=max(estimated, 1), development=True) as client:
        status, answer = await client.ask(query, variables=variables)
        assert status == 200 and answer["extensions"]["cost"]["estimated"] == estimated
    if estimated > 1:
        made = len(subgraph.seen)
        async with gateway(supergraph, cost_max=estimated - 1) as client:
            status, answer = await client.ask(query, variables=variables, headers={"Accept-Language": "en"})
        error = answer["errors"][0]
        assert error["extensions"]["code"] == "COST_ESTIMATED_TOO_EXPENSIVE" and "data" not in answer
        assert f"may cost {estimated}, and {estimated - 1} is the most allowed" in error["message"]
        assert len(subgraph.seen) == made


@pytest.mark.parametrize("variables", [{"n": 1000}, {"n": 1e3}, {}])
def test_a_rate_weighs_what_a_limit_does(variables: Any) -> None:
    engine = Engine(supergraph=Supergraph.parse(SUPERGRAPH), transports={})
    query = "query($n: Int = 1000) { books(first: $n) { title } }"
    assert engine.weigh(query=query, variables=variables) == ("query", 1000)


async def test_the_actual_cost_is_told_to_developers_alone(supergraph: Path, subgraph: Subgraph) -> None:
    from aiohttp import web

    async def two(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        books = [{"title": "A", "authors": [{"name": "x"}]}, {"title": "B", "authors": None}]
        return web.json_response({"data": {"books": books}})

    subgraph.answer = two
    query = "{ books(first: 4) { title authors { name } } }"
    async with gateway(supergraph, development=True) as client:
        _, answer = await client.ask(query)
        assert answer["extensions"] == {"cost": {"estimated": 84.0, "actual": 4.0, "max": None}}
    async with gateway(supergraph) as client:
        assert "extensions" not in (await client.ask(query))[1]


async def test_fragments_that_spread_each_other_are_estimated_in_bounded_time(supergraph: Path) -> None:
    spreads = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(28)]
    query = " ".join(["{ ...F0 }", *spreads, "fragment F28 on Query { dear }"])
    async with gateway(supergraph, cost_max=100) as client:
        status, answer = await client.ask(query)
    assert status == 200 and "errors" in answer and "data" not in answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "GraphQL-Require-Preflight": "1"}, 200),
    ],
)
async def test_a_page_of_another_site_cannot_ask_by_get(
    supergraph: Path, subgraph: Subgraph, headers: dict[str, str], status: int
) -> None:
    async with gateway(supergraph) as client:
        url = f"{client.base}/graphql"
        async with client.http.get(url, params={"query": HELLO}, headers=headers) as answer:
            assert answer.status == status
            if status == 403:
                assert (await answer.json())["errors"][0]["extensions"]["code"] == "REQUEST_CROSS_SITE"
        for form in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            async with client.http.post(url, data=b'{"query":"{hello}"}', headers={"Content-Type": form}) as answer:
                assert answer.status == 415
    assert len(subgraph.seen) == (status == 200)
