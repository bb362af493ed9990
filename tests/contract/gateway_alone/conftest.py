"""A gateway with no city behind it, and a subgraph over HTTP whose behaviour a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from api import alone
from tests.contract.web.doors import serving

SUPERGRAPH = """
schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@cost", "@listSize"]) {
  query: Query
  mutation: Mutation
}
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!) repeatable on OBJECT | SCALAR
directive @link(url: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph { A @join__graph(name: "a", url: "URL") }
type Query @join__type(graph: A) {
  hello: String
  books(first: Int): [Book!] @listSize(slicingArguments: ["first"], assumedSize: 3)
  page(first: Int): Page @listSize(slicingArguments: ["first"], sizedFields: ["books"])
  dear: String @cost(weight: 50)
}
type Mutation @join__type(graph: A) { change: String }
type Book @join__type(graph: A) { title: String  authors: [Author] }
type Page @join__type(graph: A) { books: [Book!] }
type Author @join__type(graph: A) @cost(weight: 2) { name: String }
"""
Answer = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


async def greeting(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
    return web.json_response({"data": {"hello": "hi", "change": "done"}})


@dataclass
class Subgraph:
    """seen: every request with its body. answer: what is done with one. left: requests whose asker went away."""

    answer: Answer = greeting
    seen: list[tuple[web.Request, dict[str, Any]]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.seen.append((request, asked))
        try:
            return await self.answer(request, asked)
        except asyncio.CancelledError:
            self.left.append(asked["query"])
            raise


@dataclass
class Client:
    base: str
    http: aiohttp.ClientSession

    async def ask(self, query: str | None, *, headers: dict[str, str] | None = None, **body: Any) -> tuple[int, Any]:
        told = {**({"query": query} if query is not None else {}), **body}
        async with self.http.post(f"{self.base}/graphql", json=told, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest_asyncio.fixture
async def subgraph() -> AsyncIterator[Subgraph]:
    one = Subgraph()
    app = web.Application()
    app.router.add_post("/a", one.handle)
    server = TestServer(app)
    await server.start_server()
    one.url = str(server.make_url("/a"))
    try:
        yield one
    finally:
        await server.close()


@pytest.fixture
def supergraph(tmp_path: Path, subgraph: Subgraph) -> Path:
    file = tmp_path / "supergraph.graphql"
    file.write_text(SUPERGRAPH.replace("URL", subgraph.url))
    return file


@asynccontextmanager
async def gateway(supergraph: Path, *, lean: bool = True, **options: Any) -> AsyncIterator[Client]:
    """In this process, with the command line's defaults but for `options`. lean: else behind aiohttp alone."""
    defaults = {"subgraph": [], "propagate": [], "deadline_ms": 5000, "attempts": 2, "no_sharing": False}
    more = {"cost_max": None, "trusted_documents": None, "development": False, "supergraph": str(supergraph)}
    async with (
        alone.opened(alone.Options.of({**defaults, **more, **options})) as opened,
        serving(opened.app, lean=lean) as base,
        aiohttp.ClientSession() as http,
    ):
        yield Client(base, http)
