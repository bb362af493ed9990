"""The Federation audit without Node: its 199 cases, its subgraphs' answers as `make audit` recorded them.

A fetch that was not recorded fails its case: a plan has changed. Then run `make audit`, which asks the real subgraphs,
looks whether the score still stands, and records anew.
The cases and answers come from graphql-hive/federation-gateway-audit (MIT, see LICENSE here).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.gateway.client import Client
from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import HttpTransport
from core.graph import Context
from docs.benchmarks.scripts.gateway_audit import fits

RECORDED = Path(__file__).parent / "recorded"
SUITES = sorted(file.stem for file in RECORDED.glob("*.jsonl"))


class Replay:
    """Every subgraph of a suite, knowing the answers of one case. Each exchange is used up, as it happened once."""

    def __init__(self) -> None:
        self.left: list[dict[str, Any]] = []
        self.strange: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        asked = await request.json()
        service = request.match_info["service"]
        for exchange in self.left:
            same = exchange["service"] == service and exchange["query"] == asked["query"]
            if same and exchange["variables"] == asked["variables"]:
                self.left.remove(exchange)
                return web.json_response(exchange["answer"], status=exchange["status"])
        self.strange.append(f"{service}: {asked['query']} {asked['variables']}")
        return web.json_response({"errors": [{"message": "not recorded"}]})


@pytest_asyncio.fixture
async def replay() -> AsyncIterator[tuple[Replay, str]]:
    replay = Replay()
    app = web.Application()
    app.router.add_post("/{suite}/{service}", replay.handle)
    server = TestServer(app)
    await server.start_server()
    try:
        yield replay, str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


def cases(suite: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (RECORDED / f"{suite}.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("suite", SUITES)
async def test_every_case_is_answered_as_the_audit_expects(suite: str, replay: tuple[Replay, str]) -> None:
    subgraphs, address = replay
    sdl = (RECORDED / f"{suite}.supergraph.graphql").read_text().replace("http://audit", address)
    supergraph = Supergraph.parse(sdl)
    async with aclosing(Client()) as client:
        transports = {name: HttpTransport(url=s.url, client=client) for name, s in supergraph.subgraphs.items()}
        engines = [Engine(supergraph=supergraph, transports=transports, passing=passing) for passing in (True, False)]
        for number, case in enumerate(cases(suite)):
            answers = []
            for engine in engines:
                subgraphs.left, subgraphs.strange = list(case["exchanges"]), []
                answers.append(await engine.execute(query=case["query"], context=Context(request_id="audit")))
                assert subgraphs.strange == [], f"case {number} asks what was not recorded"
                assert subgraphs.left == [], f"case {number} no longer asks this"
            answer, projected = answers
            assert fits(answer.as_dict(), case["expected"]), f"case {number}: {answer.as_dict()}"
            # What passes as it came is no other answer, and has its keys in the client's order.
            assert orjson.dumps(orjson.loads(answer.as_bytes())) == projected.as_bytes(), f"case {number}"


def test_the_whole_audit_is_here_and_takes_no_more_fetches_than_the_best_known_planner() -> None:
    everything = [case for suite in SUITES for case in cases(suite)]
    assert (len(SUITES), len(everything)) == (46, 199)
    assert sum(len(case["exchanges"]) for case in everything) <= 398
