"""The door's event streams: as clients of GraphQL over SSE read them, and how each comes to its end."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from api.web.errors import StreamsOf, TooManyStreams
from api.web.graphql import Admits
from api.web.rates import Rates
from api.web.streams import StreamLimits, Streams
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.errors import SignInRequired
from core.locale import Locale
from core.redis import Redis
from tests.contract.web.doors import Root, door, serving
from tests.support.streams import Told, subscribed
from tests.support.waiting import until

AUDITS = Path(__file__).parent / "audits"
TICK = "subscription { tick }"
EVENTS, MODERN, PLAIN = "text/event-stream", "application/graphql-response+json", "application/json"


@dataclass(frozen=True, slots=True)
class Open:
    base: str
    root: Root
    streams: Streams

    async def left(self) -> None:
        """Nobody streams any more, and no source is open."""

        async def look() -> bool:
            return self.streams.open == 0

        await until(look, what="the streams' end")
        assert set(self.root.said) <= {"tick left"} and not self.streams._of


@asynccontextmanager
async def opened(*, lean: bool = True, rates: Admits | None = None, **limits: float) -> AsyncIterator[Open]:
    root, streams = Root(), Streams(StreamLimits(**limits))  # type: ignore[arg-type]
    async with serving(door(root=root, streams=streams, rates=rates), lean=lean) as base:
        yield Open(base, root, streams)


def codes(answer: dict[str, Any]) -> list[str]:
    assert answer.keys() == {"errors"}
    return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.mark.parametrize("lean", [True, False], ids=["lean", "aiohttp"])
async def test_events_come_as_they_happen_and_the_source_s_end_is_the_stream_s(lean: bool) -> None:
    async with opened(lean=lean) as there, subscribed(there.base, TICK) as told:
        assert told.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert told.headers["cache-control"] == "no-store"
        assert told.headers["x-content-type-options"] == "nosniff" and told.headers["x-request-id"]
        for tick in ("one", "two\nlines", None):
            there.root.ticks.put_nowait(tick)
        assert await told.to_its_end() == [{"data": {"tick": "one"}}, {"data": {"tick": "two\nlines"}}]
        assert told.complete
        await there.left()
        assert there.root.said == ["tick left"]


@pytest.mark.parametrize(
    ("query", "token", "code", "status"),
    [
        ("subscription { tock }", "", "GRAPHQL_VALIDATION_FAILED", 400),
        ("{ hello", "", "GRAPHQL_PARSE_FAILED", 400),
        (TICK, "bad", "UNAUTHENTICATED", 401),
    ],
)
async def test_what_is_refused_is_an_ordinary_answer_to_who_takes_one(
    query: str, token: str, code: str, status: int
) -> None:
    async with opened() as there:
        for other in (MODERN, PLAIN):
            async with subscribed(there.base, query, token=token, accept=f"{EVENTS}, {other}") as refused:
                assert (refused.status, codes(refused.answers[0])) == (status, [code])
                assert refused.headers["content-type"].startswith(other)
        # Who takes events alone is told by one, as the protocol has it; but what HTTP itself refuses is a status.
        async with subscribed(there.base, query, token=token, accept=EVENTS) as refused:
            assert refused.status == (200 if status == 400 else status)
            (answer,) = await refused.to_its_end()
            assert codes(answer) == [code] and refused.complete is (status == 400)


@pytest.mark.parametrize("query", ["{ hello }", "mutation { change }"])
async def test_what_has_one_answer_is_a_stream_of_one(query: str) -> None:
    async with opened() as there, subscribed(there.base, query) as told:
        assert await told.to_its_end() == [
            {"data": {"hello": "Hello you"} if "hello" in query else {"change": "changed"}}
        ]
        assert told.complete and told.headers["content-type"].startswith(EVENTS)


async def test_without_an_event_stream_there_is_no_subscription_nor_one_by_get() -> None:
    async with opened() as there, aiohttp.ClientSession(there.base) as session:
        async with session.post("/graphql", json={"query": TICK}, headers={"Accept": MODERN}) as response:
            assert (response.status, codes(await response.json(content_type=None))) == (
                400,
                ["SUBSCRIPTION_UNSUPPORTED"],
            )
        for accept, status in ((EVENTS, 406), (MODERN, 400), (f"{EVENTS}, {MODERN}", 400)):
            asked = session.get("/graphql", params={"query": TICK}, headers={"Accept": accept})
            async with asked as response:
                assert response.status == status
        # A query by GET is answered to who takes both.
        asked = session.get("/graphql", params={"query": "{ hello }"}, headers={"Accept": f"{EVENTS}, {PLAIN}"})
        async with asked as response:
            assert (response.status, response.content_type) == (200, PLAIN)


async def test_a_quiet_line_beats_and_who_was_signed_out_is_told_so() -> None:
    async with opened(heartbeat_s=0.02) as there, aiohttp.ClientSession(there.base) as session:
        sent = {"Accept": EVENTS, "Authorization": "Bearer cit_ann"}
        async with session.post("/graphql", json={"query": TICK}, headers=sent) as response:
            assert [await response.content.readuntil(b"\n\n") for _ in range(4)] == [b":\n\n"] * 4
            there.root.revoked["cit_ann"] = SignInRequired()
            rest = (await response.content.read()).replace(b":\n\n", b"")
        last, complete, end = rest.split(b"\n\n")
        event, data = last.split(b"\n")
        assert event == b"event: next" and codes(orjson.loads(data.removeprefix(b"data: "))) == ["UNAUTHENTICATED"]
        assert (complete, end) == (b"event: complete\ndata: ", b"")
        await there.left()


@pytest.mark.parametrize(
    ("fault", "code"), [(SignInRequired(), "UNAUTHENTICATED"), (RuntimeError("a secret of the inside"), "INTERNAL")]
)
async def test_who_may_not_be_told_of_the_next_event_is_told_why(
    fault: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with opened() as there, subscribed(there.base, TICK, token="cit_ann") as told:
        there.root.ticks.put_nowait("one")
        await told.at_least(1)
        there.root.revoked["cit_ann"] = fault
        there.root.ticks.put_nowait("two")
        assert codes((await told.to_its_end())[1]) == [code] and told.complete
        assert "secret" not in str(told.answers)


async def test_each_event_counts_as_a_query_so_that_many_at_once_are_no_way_around_the_rates(
    redis: Redis, cipher: FieldCipher, clock: FixedClock
) -> None:
    rates = Rates(
        redis=redis, cipher=cipher, clock=clock, namespace="city",
        per_minute=10, mutation_units=5, address_people=1, tell=lambda _: None,
    )  # fmt: skip
    async with opened(rates=rates, heartbeat_s=0.01) as there, subscribed(there.base, TICK, token="cit_ann") as told:
        for number in range(20):
            there.root.ticks.put_nowait(str(number))
        *events, last = await told.to_its_end()
        # Its beginning took five of ten; this process has a tenth of its own besides.
        assert events == [{"data": {"tick": str(number)}} for number in range(6)]
        assert (codes(last), last["errors"][0]["extensions"]["retryable"]) == (["RATE_LIMITED"], True)
        await there.left()


async def test_a_stream_has_its_time_and_then_asks_to_be_asked_again() -> None:
    async with opened(life_s=0.05) as there, subscribed(there.base, TICK) as told:
        assert (await told.to_its_end(), told.complete) == ([], True)
        await there.left()


async def test_who_hangs_up_leaves_nothing_behind() -> None:
    async with opened() as there:
        async with subscribed(there.base, TICK) as told:
            there.root.ticks.put_nowait("one")
            await told.at_least(1)
            assert there.streams.open == 1
        await there.left()
        assert there.root.said == ["tick left"]


async def test_a_server_that_stops_ends_its_streams_well() -> None:
    async with AsyncExitStack() as clients:
        async with opened() as there:
            told = [await clients.enter_async_context(subscribed(there.base, TICK)) for _ in range(3)]
            assert there.streams.open == 3
        for one in told:
            assert (await one.to_its_end(), one.complete) == ([], True)
        await there.left()


def _one_too_many(told: Told) -> str:
    """Whose they are, as the refusal says it."""
    (answer,) = told.answers
    assert (told.status, codes(answer)) == (429, ["STREAMS_TOO_MANY"])
    (error,) = answer["errors"]
    assert error["message"].endswith(". End one, or try again later.")
    return f"{error['extensions']['whose']}: {error['message'].partition(': ')[2].partition('.')[0]}"


async def test_one_caller_and_one_process_have_so_many() -> None:
    async with opened(of_one_max=1, open_max=2) as there, aiohttp.ClientSession(there.base) as session:
        async with subscribed(there.base, TICK, token="cit_ann"):
            async with subscribed(there.base, TICK, token="cit_ann") as second:
                assert _one_too_many(second) == "CALLER: one caller may have 1"
            async with subscribed(there.base, TICK, token="cit_bob") as told:
                assert told.status == 200
                async with session.get("/metrics") as response:
                    assert "tong_streams 2.0" in await response.text()
                async with subscribed(there.base, TICK, token="cit_eve") as third:
                    assert _one_too_many(third) == "PROCESS: this server may have 2"
        await there.left()
        async with subscribed(there.base, TICK, token="cit_ann") as again:
            assert again.status == 200


async def test_no_organisation_takes_the_streams_of_the_others() -> None:
    async with opened(of_one_max=2, of_organisation_max=3, open_max=6) as there, AsyncExitStack() as clients:
        for one in ("dev_ann.mpo_1", "dev_ann.mpo_1", "dev_bob.mpo_1"):
            told = await clients.enter_async_context(subscribed(there.base, TICK, token=one))
            assert told.status == 200
        async with subscribed(there.base, TICK, token="dev_bob.mpo_1") as fourth:
            assert _one_too_many(fourth) == "ORGANISATION: one organisation may have 3"
        # The same developer for another organisation, and who asks by the shell's session, be it for an organisation.
        for one in ("dev_bob.mpo_2", "cit_ann", "rep_eve.mpo_1"):
            told = await clients.enter_async_context(subscribed(there.base, TICK, token=one))
            assert told.status == 200
        await clients.aclose()
        await there.left()
        async with subscribed(there.base, TICK, token="dev_bob.mpo_1") as again:
            assert again.status == 200


@pytest.mark.parametrize(
    ("whose", "words"), [("CALLER", "每个用户"), ("ORGANISATION", "每个机构"), ("PROCESS", "本服务器")]
)
def test_whose_bound_was_met_is_said_in_chinese(whose: str, words: str) -> None:
    refused = TooManyStreams(whose=StreamsOf(whose), most=50)
    said = f"打开的事件流过多：{words}至多 50 个。请先关闭一个，或稍后重试。"
    assert refused.message_in(Locale.ZH_CN) == said


@asynccontextmanager
async def _reader(there: Open) -> AsyncIterator[socket.socket]:
    """Somebody who asked, and reads nothing yet; what they are told is more than any buffer holds."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    held.setblocking(False)
    loop, at = asyncio.get_running_loop(), urlsplit(there.base)
    body = orjson.dumps({"query": TICK})
    head = f"POST /graphql HTTP/1.1\r\nHost: {at.netloc}\r\nAccept: {EVENTS}\r\nContent-Type: {PLAIN}\r\n"
    try:
        await loop.sock_connect(held, (at.hostname, at.port))
        await loop.sock_sendall(held, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        for _ in range(32):
            there.root.ticks.put_nowait("x" * 2**20)
        yield held
    finally:
        held.close()


async def _given_up(there: Open) -> None:
    async def look() -> bool:
        return there.streams.unread == 1

    await until(look, what="the door's patience")


async def test_who_reads_nothing_is_told_so_and_not_waited_for() -> None:
    async with opened(unread_s=0.1, linger_s=60) as there, _reader(there) as held:
        await _given_up(there)
        read = b""
        while chunk := await asyncio.get_running_loop().sock_recv(held, 2**20):
            read = (read + chunk)[-500:]
        assert b"STREAM_UNREAD" in read and b"event: complete\ndata: \n\n" in read
        await there.left()
        assert not there.root.ticks.empty()


async def test_who_reads_not_even_that_is_left() -> None:
    async with opened(unread_s=0.05, linger_s=0.05) as there, _reader(there):
        await _given_up(there)
        await there.left()
        assert there.root.said == ["tick left"] and not there.root.ticks.empty()


async def test_the_protocol_s_own_client_reads_it() -> None:
    async with opened() as there:
        for tick in ("one", "two", None):
            there.root.ticks.put_nowait(tick)
        assert await _of_node(there, TICK) == [
            {"data": {"tick": "one"}},
            {"data": {"tick": "two"}},
            {"ended": "complete"},
        ]
        assert await _of_node(there, "{ hello }") == [{"data": {"hello": "Hello you"}}, {"ended": "complete"}]
        refused, end = await _of_node(there, "subscription { tock }")
        assert codes(refused) == ["GRAPHQL_VALIDATION_FAILED"] and end == {"ended": "complete"}


async def _of_node(there: Open, query: str) -> list[Any]:
    run = await asyncio.create_subprocess_exec(
        "node", "stream.mjs", f"{there.base}/graphql", query,
        cwd=AUDITS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, faults = await run.communicate()
    assert run.returncode == 0, faults.decode()
    return [orjson.loads(line) for line in printed.splitlines()]
