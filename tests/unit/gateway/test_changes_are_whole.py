"""A change in this process is never cut half-way: its caller alone stops waiting."""

from __future__ import annotations

import asyncio

import pytest
import strawberry

from api.gateway.transport import LocalTransport, SubgraphRequest
from core.graph import Context, build_schema, graphql_core_schema
from tests.support.waiting import until


@pytest.mark.parametrize("compile_at", [0, 1])
async def test_a_deadline_ends_the_wait_for_a_change_and_not_the_change(compile_at: int) -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), list[str]()

    async def slowly(what: str) -> str:
        begun.set()
        await go_on.wait()
        done.append(what)
        return what

    @strawberry.type
    class Query:
        @strawberry.field
        async def read(self) -> str:
            return await slowly("read")

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def change(self) -> str:
            return await slowly("change")

    transport = LocalTransport(graphql_core_schema(build_schema(query=Query, mutation=Mutation)), compile_at=compile_at)
    for query in ("query { read }", "mutation { change }"):
        begun.clear()
        fetching = asyncio.create_task(transport.fetch(SubgraphRequest(query), Context(request_id="r")))
        await begun.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
    go_on.set()

    async def ended() -> bool:
        return done == ["change"]

    await until(ended, what="the change")
    await transport.unbroken.ended(within_s=1)
    assert done == ["change"]
