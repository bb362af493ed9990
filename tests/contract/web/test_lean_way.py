"""The lean way in, byte by byte: what it answers, what it leaves to aiohttp, and that both say the same."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
import pytest_asyncio
from aiohttp import web

from api.web.lean import LEAN, Deadlines, Listener, plain
from api.web.ports import SERVER, answering, bound
from tests.contract.web.doors import BODY_MAX, Root, door, serving
from tests.support.waiting import until

HELLO = b'{"query":"{hello}"}'
WAIT = b'{"query":"{wait}"}'
LINES = ("Host: door.example", "Content-Type: application/json")
GET = b"GET /healthz HTTP/1.1\r\nHost: door.example\r\n\r\n"


def head(*lines: str, length: int = len(HELLO), first: str = "POST /graphql HTTP/1.1") -> bytes:
    return "\r\n".join((first, *LINES, f"Content-Length: {length}", *lines, "", "")).encode()


def post(body: bytes = HELLO, *lines: str) -> bytes:
    return head(*lines, length=len(body)) + body


@dataclass(slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Line:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, port: int) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, *raw: bytes) -> None:
        self.writer.write(b"".join(raw))

    async def answer(self) -> Answer:
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *rows = raw.removesuffix("\r\n\r\n").split("\r\n")
        headers = dict(row.split(": ", 1) for row in rows)
        body = await self.reader.readexactly(int(headers["Content-Length"]))
        return Answer(int(first.split()[1]), headers, body)

    async def ended(self) -> bytes:
        """What came until the server closed."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@dataclass(slots=True)
class Port:
    """A lean port. handed: how many connections went to aiohttp."""

    number: int
    root: Root
    listener: Listener
    behind: web.Server
    handed: int = 0
    lines: list[Line] = field(default_factory=list)

    async def line(self) -> Line:
        self.lines.append(line := await Line.to(self.number))
        return line

    async def said(self, *words: str) -> None:
        async def look() -> bool:
            return self.root.said == list(words)

        await until(look, what=f"{words}")


@asynccontextmanager
async def opened(deadlines: Deadlines | None = None) -> AsyncIterator[Port]:
    root = Root()
    app = door(root=root)
    deadlines = deadlines or Deadlines()
    runner = web.AppRunner(app, handler_cancellation=True, **{**SERVER, "keepalive_timeout": deadlines.idle_s})
    await runner.setup()
    assert runner.server is not None
    behind = runner.server

    def handed() -> asyncio.Protocol:
        one.handed += 1
        return behind()

    listener = Listener(app[LEAN], handed, deadlines)
    server = await asyncio.get_running_loop().create_server(listener, "127.0.0.1", 0)
    listener.sweep()
    one = Port(server.sockets[0].getsockname()[1], root, listener, behind)
    try:
        yield one
    finally:
        server.close()
        for line in one.lines:
            line.writer.close()
        await listener.close(within_s=3)
        await runner.cleanup()


@pytest_asyncio.fixture
async def port() -> AsyncIterator[Port]:
    async with opened() as one:
        yield one


# What is answered


async def test_a_connection_stays_lean_and_says_what_aiohttp_would(port: Port) -> None:
    line = await port.line()
    for name in ("a", "b", "c"):
        line.send(post(orjson.dumps({"query": f'{{hello(name:"{name}")}}'}), "Connection: keep-alive"))
        answer = await line.answer()
        assert (answer.status, orjson.loads(answer.body)) == (200, {"data": {"hello": f"Hello {name}"}})
        assert answer.headers["Server"] == "CityTong" and "Connection" not in answer.headers
    assert port.handed == 0


async def test_a_head_may_come_byte_by_byte_and_a_body_too(port: Port) -> None:
    line = await port.line()
    for byte in post():
        line.send(bytes((byte,)))
        await asyncio.sleep(0)
    assert (await line.answer()).status == 200
    assert port.handed == 0


async def test_what_is_sent_ahead_is_answered_in_turn(port: Port) -> None:
    line = await port.line()
    line.send(post(WAIT), post(), post(b"{"), GET)
    await port.said("wait begun")
    port.root.go.set()
    answers = [await line.answer() for _ in range(4)]
    assert [a.status for a in answers] == [200, 200, 400, 200]
    assert answers[0].body == b'{"data":{"wait":"wait"}}' and answers[3].body == b'{"status": "alive"}'
    assert port.handed == 1


async def test_far_more_may_be_sent_ahead_than_is_kept(port: Port) -> None:
    line = await port.line()
    line.send(post(WAIT), post() * 3_000)
    await port.said("wait begun")
    port.root.go.set()
    assert [(await line.answer()).status for _ in range(3_001)] == [200] * 3_001
    assert port.handed == 0


async def test_who_wants_the_connection_closed_is_told_so(port: Port) -> None:
    line = await port.line()
    line.send(post(HELLO, "Connection: close"))
    answer = await line.answer()
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert await line.ended() == b""


async def test_answers_are_counted_alike_on_both_ways(port: Port) -> None:
    line = await port.line()
    line.send(post(), post(HELLO, "Authorization: Bearer bad"))
    assert [(await line.answer()).status for _ in range(2)] == [200, 401]
    line.send(post(HELLO, "Transfer-Encoding: identity").replace(b"Content-Length: 19\r\n", b""))
    await line.answer()
    other = await port.line()
    other.send(post(HELLO, "Content-Encoding: identity"), GET.replace(b"/healthz", b"/metrics"))
    assert (await other.answer()).status == 200
    figures = (await other.answer()).body.decode()
    assert 'tong_http_requests_total{route="/graphql",status="200"} 2.0' in figures
    assert 'tong_http_requests_total{route="/graphql",status="401"} 1.0' in figures
    assert re.search(r'tong_http_request_seconds_count\{route="/graphql"\} [34]\.0', figures)


async def test_what_breaks_inside_is_an_incident(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(port.listener.lean.graphql), "answered", breaks)
    line = await port.line()
    line.send(post())
    answer = await line.answer()
    error = orjson.loads(answer.body)["errors"][0]
    assert answer.status == 500 and error["extensions"]["incident"] == answer.headers["X-Request-Id"]
    assert b"secret" not in answer.body


# What is left to aiohttp

_SMUGGLED = b"POST /graphql HTTP/1.1\r\nHost: a\r\n\r\n"
ODD = {
    "both lengths": head("Transfer-Encoding: chunked") + b"0\r\n\r\n" + _SMUGGLED,
    "two lengths": head("Content-Length: 0") + HELLO,
    "a signed length": head().replace(b": 19", b": +19") + HELLO,
    "a length in words": head().replace(b": 19", b": 1_9") + HELLO,
    "a length with a zero before": head().replace(b": 19", b": 019") + HELLO,
    "an empty length": head().replace(b": 19", b": ") + HELLO,
    "a folded line": head("X-Folded: a", " b") + HELLO,
    "a bare LF": head().replace(b"json\r\n", b"json\n") + HELLO,
    "bare LFs alone": head().replace(b"\r\n", b"\n") + HELLO,
    "a bare CR": head("X-Odd: a\rb") + HELLO,
    "a space before a colon": head().replace(b"Length:", b"Length :") + HELLO,
    "NUL": head("X-Odd: a\0b") + HELLO,
    "a name with a space": head("X Odd: a") + HELLO,
    "no name": head(": a") + HELLO,
    "bytes outside ASCII": head("X-Odd: ü") + HELLO,
    "two hosts": head("Host: other.example") + HELLO,
    "no host": head().replace(b"Host: door.example\r\n", b"") + HELLO,
    "a host that is none": head().replace(b"door.example", b"a b") + HELLO,
    "another target": head(first="POST http://door.example/graphql HTTP/1.1") + HELLO,
    "a query in the target": head(first="POST /graphql?a=b HTTP/1.1") + HELLO,
    "an older version": head(first="POST /graphql HTTP/1.0") + HELLO,
    "a later version": head(first="POST /graphql HTTP/2.0") + HELLO,
    "a method in small letters": head(first="post /graphql HTTP/1.1") + HELLO,
    "a head too large": head("X-Odd: " + "a" * 20_000) + HELLO,
    "too many headers": head(*(f"X-{n}: a" for n in range(200))) + HELLO,
    "a body too large": head(length=BODY_MAX + 1) + b" " * (BODY_MAX + 1),
    "an upgrade": head("Connection: upgrade", "Upgrade: websocket") + HELLO,
    "an expectation": head("Expect: 100-continue") + HELLO,
    "a coding": head("Content-Encoding: gzip") + HELLO,
    "another media type": head().replace(b"application/json", b"text/plain") + HELLO,
    "no answer fits": head("Accept: text/html") + HELLO,
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00",
}


@pytest_asyncio.fixture(scope="module")
async def both() -> AsyncIterator[tuple[int, int]]:
    """The ports of one application's kind: lean, and behind aiohttp."""
    async with serving(door()) as lean, serving(door(), lean=False) as behind:
        yield int(lean.rsplit(":", 1)[1]), int(behind.rsplit(":", 1)[1])


async def _heard(port: int, raw: bytes, quiet_s: float) -> bytes:
    """All that is answered until the server closes or says nothing for a while; ids and dates left out."""
    line = await Line.to(port)
    line.send(raw)
    heard = b""
    try:
        async with asyncio.timeout(20):
            while chunk := await asyncio.wait_for(line.reader.read(65_536), quiet_s):
                heard += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    line.writer.close()
    return re.sub(rb"(Date|X-Request-Id): [^\r]*\r\n|[0-9a-f]{24}", b"", heard)


async def _same(both: tuple[int, int], raw: bytes) -> tuple[bytes, bytes]:
    """What the two ports say. One that is slow is waited for: longer each time that they differ."""
    told = (b"", b"")
    for quiet_s in (0.2, 1.0, 4.0):
        lean, behind = await asyncio.gather(*(_heard(port, raw, quiet_s) for port in both))
        told = (lean, behind)
        if lean == behind and (lean or quiet_s >= 1):
            break
    return told


@pytest.mark.parametrize("raw", ODD.values(), ids=ODD.keys())
async def test_whatever_is_odd_is_aiohttps_to_judge(both: tuple[int, int], raw: bytes) -> None:
    end = raw.find(b"\r\n\r\n") + 4
    assert plain(raw[:end], BODY_MAX) is None or end > 16_000
    lean, behind = await _same(both, raw)
    assert lean == behind


def _mutated(random_: random.Random) -> bytes:
    """A request: sound, or with one to three odd places in its head."""
    names = ["Accept", "X-Request-Id", "Authorization", "Accept-Language", "X-Device-Id", "X-Forwarded-For", "Cookie"]
    values = ["*/*", "application/json", "abcdefgh-1", "Bearer bad", "Bearer t", "en;q=0.5, zh", "a,b", "x" * 70, "q=1"]
    values += ["application/graphql-response+json", "text/html", "close", "keep-alive", "chunked", "gzip", "0", "19"]
    bodies = [HELLO, b'{"query":"{where}"}', b"{", b"[]", b'{"query":"{nothing}"}', b'{"query":"mutation{change}"}']
    body = random_.choice(bodies)
    lines = [f"{random_.choice(names)}: {random_.choice(values)}" for _ in range(random_.randrange(4))]
    raw = head(*lines, length=len(body)).replace(b"Content-Type", random_.choice([b"Content-Type", b"content-TYPE"]))
    for _ in range(random_.choice([0, 0, 0, 1, 1, 2])):
        at = random_.randrange(len(raw) - 4)
        odd = random_.choice(
            [b"", b" ", b"\t", b"\0", b"\r", b"\n", b"\r\n", b":", b"\x80", b"a", b"5", b",", b"\r\n "]
        )
        raw = raw[:at] + odd + raw[at + random_.randrange(2) :]
    return raw + body


async def test_random_requests_are_answered_alike_on_both_ways(both: tuple[int, int]) -> None:
    random_ = random.Random(4)
    lean_ones = 0
    found = [raw for raw in (_mutated(random_) for _ in range(250)) if _is_one_request(raw)]
    for start in range(0, len(found), 80):
        some = found[start : start + 80]
        for raw, (lean, behind) in zip(some, await asyncio.gather(*(_same(both, r) for r in some)), strict=True):
            assert lean == behind, raw
            lean_ones += plain(raw[: raw.find(b"\r\n\r\n") + 4], BODY_MAX) is not None
    assert 60 < lean_ones < len(found) - 60


def _is_one_request(raw: bytes) -> bool:
    """Not two: of what follows a request, aiohttp judges before it answers, and the lean way after."""
    end = raw.find(b"\r\n\r\n") + 4
    read = plain(raw[:end], BODY_MAX)
    return read is None or read.length == len(raw) - end


async def test_a_connection_that_was_handed_over_stays_there(port: Port) -> None:
    line = await port.line()
    for raw, body in ((post(), b'{"data":{"hello":"Hello you"}}'), (GET, b'{"status": "alive"}')) * 2:
        line.send(raw)
        assert (await line.answer()).body == body
    assert port.handed == 1


async def test_a_request_is_handed_over_with_what_has_come_of_it(port: Port) -> None:
    line = await port.line()
    line.send(head("Expect: nothing")[:60])
    line.send(GET[:0], b"")
    await asyncio.sleep(0)
    line.send(head("X-Folded: a", " b")[60:] + HELLO)
    assert (await line.answer()).status == 400
    other = await port.line()
    for piece in (GET[:3], GET[3:20], GET[20:]):
        other.send(piece)
        await asyncio.sleep(0)
    assert (await other.answer()).status == 200
    assert port.handed == 2


# Who is slow, and who goes away


async def test_what_does_not_arrive_in_time_is_given_up() -> None:
    soon = Deadlines(arriving_s=0.05, idle_s=0.05, swept_every_s=0.01)
    async with opened(soon) as port:
        line = await port.line()
        line.send(post()[:-1])
        answer = await line.answer()
        code = orjson.loads(answer.body)["errors"][0]["extensions"]["code"]
        assert (answer.status, code, answer.headers["Connection"]) == (408, "REQUEST_TOO_SLOW", "close")
        assert await line.ended() == b""
        for raw in (head()[:-1], b"P", b""):
            line = await port.line()
            line.send(raw)
            assert await line.ended() == b""
        assert port.handed == 0 and not port.listener.connections


async def test_a_connection_that_was_handed_over_is_given_up_too() -> None:
    async with opened(Deadlines(idle_s=0.05, unread_s=0.05)) as port:
        line = await port.line()
        line.send(GET[:-2])
        assert await line.ended() == b"" and port.handed == 1
        other = await port.line()
        other.writer.transport.pause_reading()  # type: ignore[attr-defined]
        other.send(GET.replace(b"/healthz", b"/metrics") * 3_000)

        async def gone() -> bool:
            return port.handed == 2 and not port.behind.connections

        await until(gone, what="the end of the connection")
    assert SERVER["keepalive_timeout"] == Deadlines().idle_s < 120


async def test_a_request_under_way_is_not_idle() -> None:
    async with opened(Deadlines(arriving_s=0.01, idle_s=0.01, unread_s=0.01, swept_every_s=0.01)) as port:
        line = await port.line()
        line.send(post(WAIT))
        await port.said("wait begun")
        before = asyncio.get_running_loop().time()

        async def later() -> bool:
            return asyncio.get_running_loop().time() > before + 0.1

        await until(later, what="ten sweeps")
        port.root.go.set()
        assert (await line.answer()).body == b'{"data":{"wait":"wait"}}'


async def test_who_reads_no_answers_is_cut_off() -> None:
    async with opened(Deadlines(unread_s=0.05, swept_every_s=0.01)) as port:
        line = await port.line()
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        long = orjson.dumps({"query": f'{{hello(name:"{"a" * 3_000}")}}'})
        line.send(post(long) * 5_000)

        async def gone() -> bool:
            return not port.listener.connections

        await until(gone, what="the end of the connection")


async def test_hanging_up_ends_a_query_and_never_a_change(port: Port) -> None:
    line = await port.line()
    line.send(post(WAIT))
    await port.said("wait begun")
    line.writer.close()
    await port.said("wait begun", "wait cancelled")
    port.root.said.clear()
    line = await port.line()
    line.send(post(b'{"query":"mutation{changeSlowly}"}'))
    await port.said("change begun")
    line.writer.close()

    async def gone() -> bool:
        return not port.listener.connections

    await until(gone, what="the end of the connection")
    assert port.root.said == ["change begun"]
    port.root.go.set()
    await port.said("change begun", "change ended")


async def test_at_the_end_who_is_under_way_is_answered_and_who_is_idle_is_not_waited_for() -> None:
    root, lines = Root(), []
    async with answering(door(root=root), bound(host="127.0.0.1", port=0)) as base:
        for raw in (post(WAIT), b"", post()[:-1], GET):
            lines.append(line := await Line.to(int(base.rsplit(":", 1)[1])))
            line.send(raw)
        assert (await lines[3].answer()).status == 200

        async def begun() -> bool:
            return root.said == ["wait begun"]

        await until(begun, what="the query")
        asyncio.get_running_loop().call_later(0.05, root.go.set)
    answer = await lines[0].answer()
    assert (answer.body, answer.headers["Connection"]) == (b'{"data":{"wait":"wait"}}', "close")
    for line in lines:
        assert await line.ended() == b""
        line.writer.close()


async def test_at_the_end_a_query_that_does_not_end_is_cut_off(port: Port) -> None:
    line = await port.line()
    line.send(post(WAIT))
    await port.said("wait begun")
    await port.listener.close(within_s=0.01)
    assert port.root.said == ["wait begun", "wait cancelled"]
    assert await line.ended() == b""
