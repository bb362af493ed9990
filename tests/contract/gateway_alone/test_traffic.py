"""What passes between clients, the gateway and subgraphs: headers, retries, sharing, hanging up."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from tests.contract.gateway_alone.conftest import Client, Subgraph, gateway, greeting
from tests.support.waiting import until


async def shared(client: Client, *, queries: int, fetches: int = 0) -> None:
    """So many have come, and wait for what another asked: queries at the gateway, and fetches at its subgraph."""
    wanted = {f"tong_gateway_shared_total {queries}.0", f'tong_subgraph_shared_total{{service="a"}} {fetches}.0'}

    async def come() -> bool:
        async with client.http.get(f"{client.base}/metrics") as answer:
            return wanted <= set((await answer.text()).splitlines())

    await until(come, what=f"{queries} and {fetches} who share")


@pytest.mark.parametrize("lean", [True, False])
async def test_only_named_headers_pass_and_the_requests_id_always(
    supergraph: Path, subgraph: Subgraph, lean: bool
) -> None:
    sent = {"Authorization": "Bearer t", "Cookie": "c=1", "X-Other": "o", "X-Request-Id": "req-12345678"}
    async with gateway(supergraph, lean=lean, propagate=["X-Other"]) as client:
        await client.ask("{ hello }", headers={**sent, "Accept-Language": "en"})
    headers = subgraph.seen[0][0].headers
    assert "Authorization" not in headers and "Cookie" not in headers
    assert (headers["X-Other"], headers["Accept-Language"]) == ("o", "en")
    assert headers["X-Request-Id"] == "req-12345678"


async def test_a_query_is_asked_again_where_the_subgraph_was_out_and_a_mutation_never(
    supergraph: Path, subgraph: Subgraph
) -> None:
    async def out_once(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=503) if len(subgraph.seen) == 1 else await greeting(request, asked)

    subgraph.answer = out_once
    async with gateway(supergraph) as client:
        assert await client.ask("{ hello }") == (200, {"data": {"hello": "hi"}})
        assert len(subgraph.seen) == 2
        subgraph.seen.clear()
        _, answer = await client.ask("mutation { change }", headers={"Accept-Language": "en"})
    assert len(subgraph.seen) == 1 and answer["data"] == {"change": None}
    assert answer["errors"][0]["extensions"]["code"] == "SUBGRAPH_UNAVAILABLE"


async def test_retries_end_with_their_budget(supergraph: Path, subgraph: Subgraph) -> None:
    async def out(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=503)

    subgraph.answer = out
    async with gateway(supergraph, attempts=2) as client:
        for _ in range(30):
            await client.ask("{ hello }")
    # Ten in reserve, and a tenth of one earned by each of the thirty.
    assert 40 <= len(subgraph.seen) <= 43


async def test_the_same_question_at_the_same_moment_is_asked_once(supergraph: Path, subgraph: Subgraph) -> None:
    go = asyncio.Event()

    async def waits(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await go.wait()
        return await greeting(request, asked)

    subgraph.answer = waits
    async with gateway(supergraph, propagate=["authorization"]) as client:
        mine, yours = {"Authorization": "Bearer a"}, {"Authorization": "Bearer b"}
        asks = [client.ask("{ hello }", headers=mine) for _ in range(5)] + [client.ask("{ hello }", headers=yours)]
        asks += [client.ask("mutation { change }", headers=mine) for _ in range(2)]
        # Another operation that needs the same fetch shares that one.
        asks.append(client.ask("query Named { hello }", headers=mine))
        tasks = [asyncio.create_task(ask) for ask in asks]

        async def four_seen() -> bool:
            return len(subgraph.seen) == 4

        await until(four_seen, what="four requests")
        await shared(client, queries=4, fetches=1)
        go.set()
        answers = await asyncio.gather(*tasks)
        assert [a["data"] for _, a in answers] == [{"hello": "hi"}] * 6 + [{"change": "done"}] * 2 + [{"hello": "hi"}]
        assert len(subgraph.seen) == 4
        await client.ask("{ hello }", headers=mine)
        assert len(subgraph.seen) == 5, "what was answered is not kept"


async def test_nothing_is_shared_where_that_is_said(supergraph: Path, subgraph: Subgraph) -> None:
    async def slow(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.1)
        return await greeting(request, asked)

    subgraph.answer = slow
    async with gateway(supergraph, no_sharing=True) as client:
        await asyncio.gather(*(client.ask("{ hello }") for _ in range(3)))
    assert len(subgraph.seen) == 3


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("no_sharing", [False, True])
async def test_a_client_that_hangs_up_ends_its_query_down_to_the_subgraph(
    supergraph: Path, subgraph: Subgraph, no_sharing: bool, lean: bool
) -> None:
    async def hangs(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    subgraph.answer = hangs
    async with gateway(supergraph, lean=lean, no_sharing=no_sharing, deadline_ms=50_000) as client:
        asking = asyncio.create_task(client.ask("{ hello }"))

        async def seen() -> bool:
            return len(subgraph.seen) == 1

        await until(seen, what="the fetch")
        asking.cancel()

        async def left() -> bool:
            return subgraph.left == ["{hello}"]

        await until(left, what="the end of the fetch")


async def test_one_of_two_who_hangs_up_leaves_the_other_its_answer(supergraph: Path, subgraph: Subgraph) -> None:
    go = asyncio.Event()

    async def waits(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await go.wait()
        return await greeting(request, asked)

    subgraph.answer = waits
    async with gateway(supergraph) as client:
        first, second = (asyncio.create_task(client.ask("{ hello }")) for _ in range(2))
        await shared(client, queries=1)
        first.cancel()
        await asyncio.wait((first,))
        go.set()
        assert await second == (200, {"data": {"hello": "hi"}})
    assert (len(subgraph.seen), subgraph.left) == (1, [])


@pytest.mark.parametrize("lean", [True, False])
async def test_a_mutation_runs_to_its_end_though_the_client_hangs_up(
    supergraph: Path, subgraph: Subgraph, lean: bool
) -> None:
    done = []

    async def changes(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        done.append(asked["query"])
        return await greeting(request, asked)

    subgraph.answer = changes
    async with gateway(supergraph, lean=lean) as client:
        asking = asyncio.create_task(client.ask("mutation { change }"))

        async def seen() -> bool:
            return len(subgraph.seen) == 1

        await until(seen, what="the change on its way")
        asking.cancel()

        async def changed() -> bool:
            return bool(done)

        await until(changed, what="the change")
    assert subgraph.left == []


async def test_whoever_hangs_up_at_whatever_moment_leaves_nothing_under_way(
    supergraph: Path, subgraph: Subgraph
) -> None:
    random_ = random.Random(4)

    async def sooner_or_later(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        # A change is waited for; a query that would take this long ends because nobody waits.
        await asyncio.sleep(random_.choice((0, 0.02, 0.02 if asked["query"].startswith("mutation") else 60)))
        return await greeting(request, asked)

    def working() -> list[str]:
        """What goes on beside this test; a kept connection is a waiting task of aiohttp's."""
        names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
        return sorted(name for name in names if name != "RequestHandler.start")

    subgraph.answer = sooner_or_later
    async with gateway(supergraph, deadline_ms=50_000) as client:
        port, before = URL(client.base).port, working()

        async def hangs_up() -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            body = json.dumps({"query": random_.choice(("{hello}", "{a:hello}", "mutation{change}", "{"))})
            lines = ("Host: a", "Content-Type: application/json", f"Content-Length: {len(body)}", "", body)
            raw = "\r\n".join((f"POST /graphql{random_.choice(('', '', '?x'))} HTTP/1.1", *lines)).encode() * 2
            writer.write(raw[: random_.choice((len(raw), random_.randrange(len(raw))))])
            await asyncio.sleep(random_.choice((0, 0.001, 0.01, 0.3)))
            writer.transport.abort()

        for _ in range(4):
            await asyncio.gather(*(hangs_up() for _ in range(40)))

        async def quiet() -> bool:
            async with client.http.get(f"{client.base}/metrics") as answer:
                return "tong_gateway_in_flight 0.0" in await answer.text() and working() == before

        await until(quiet, what="the end of all work")
    assert "mutation{change}" not in subgraph.left and subgraph.left
