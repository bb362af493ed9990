"""The client that calls subgraphs, against servers that behave, and against each way of not behaving."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.gateway.client import Client, Target
from api.gateway.connection import BadAnswer, Connection, Received, Unanswered
from core.clock import SystemClock
from tests.support.waiting import until

OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"content-length: 2\r\n\r\n{}"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LARGEST = 64
WHOLE_OK = Received(200, b"{}", False)
ENDS = "ends"
"""What a raw server writes to end its connection."""

# The bytes of an answer; what they mean; whether the connection is used again.
WHOLE: list[tuple[bytes, Received, bool]] = [
    (GOOD, WHOLE_OK, True),
    (OK + b"Content-Length: 0\r\nRetry-After: 3\r\n\r\n", Received(200, b"", True), True),
    (OK + b"Content-Length: 64\r\n\r\n" + b"x" * 64, Received(200, b"x" * 64, False), True),
    (CHUNKED + b'2;a=b\r\n{"\r\n3\r\na":\r\n2\r\n1}\r\n0\r\n\r\n', Received(200, b'{"a":1}', False), True),
    (CHUNKED + b"2\r\n{}\r\n0\r\nRetry-After: 1\r\nX-Sum: 99\r\n\r\n", Received(200, b"{}", False), True),
    (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nRetry-After: 1\r\n\r\n" + GOOD,
        WHOLE_OK,
        True,
    ),
    (b"HTTP/1.1 204 No Content\r\n\r\n", Received(204, b"", False), True),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", Received(304, b"", False), True),
    (b"HTTP/1.1 503 Away\r\nContent-Length: 1\r\n\r\nx", Received(503, b"x", False), True),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", WHOLE_OK, False),
    (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", WHOLE_OK, False),
    # More than was asked: the answer holds, the connection does not.
    (GOOD + GOOD, WHOLE_OK, False),
    (GOOD + b"!", WHOLE_OK, False),
    (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n" + b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{", WHOLE_OK, False),
]
BAD: list[bytes] = [
    OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    OK + b"Content-Length: 2, 2\r\n\r\n{}",
    OK + b"Content-Length: +2\r\n\r\n{}",
    OK + b"Content-Length: -2\r\n\r\n{}",
    OK + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    OK + b"Content-Length : 2\r\n\r\n{}",
    OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n{}",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"2\r\n{}0\r\n\r\n",
    CHUNKED + b"2\n{}\r\n0\r\n\r\n",
    CHUNKED + b"40\r\n" + b"x" * 64 + b"\r\n1\r\ny\r\n0\r\n\r\n",
    CHUNKED + b"41\r\n" + b"x" * 65,
    OK + b"Content-Length: 65\r\n\r\n",
    OK + b"\r\n" + b"x" * 65,
    OK + b"X: " + b"x" * 33_000,
    OK + b"X: y\r\n" * 9_000,
    CHUNKED + b"2;" + b"a" * 33_000,
    CHUNKED + (b"1;" + b"a" * 9_000 + b"\r\nx\r\n") * 60,
    CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 9_000,
    b"HTTP/1.1 103 Early\r\n\r\n" * 20_000,
    b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\n\r\n",
    OK + b"X: a\r\n folded\r\nContent-Length: 2\r\n\r\n{}",
    OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    OK + b": a\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"SSH-2.0-OpenSSH_9.6\r\n",
]
CUT: list[bytes] = [
    OK,
    OK + b"Content-Length: 3\r\n\r\n{}",
    CHUNKED,
    CHUNKED + b"2\r\n{}\r\n",
    CHUNKED + b"2\r\n{}\r\n0\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"H",
]


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


Script = Callable[[bytes, int], Awaitable[bytes | str]]


@dataclass
class Raw:
    """A server that writes what it is told. seen: requests by connection. ended: connections whose client closed."""

    script: Script
    port: int = 0
    seen: list[list[bytes]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return Target(f"http://127.0.0.1:{self.port}/graphql")

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.seen)
        self.seen.append([])
        try:
            while True:
                request = await read_request(reader)
                self.seen[number].append(request)
                answering = asyncio.ensure_future(self.script(request, number))
                told = await self._unless_ended(answering, reader)
                if told is None:
                    break
                if told == ENDS:
                    return
                assert isinstance(told, bytes)
                whole, _, ends = told.partition(b"<ends>")
                writer.write(whole)
                if ends or told.endswith(b"<ends>"):
                    await writer.drain()
                    return
            self.ended.append(number)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended.append(number)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _unless_ended(
        self, answering: asyncio.Future[bytes | str], reader: asyncio.StreamReader
    ) -> bytes | str | None:
        """What is to be written; None when the client went away before that."""
        while not answering.done():
            await asyncio.wait([answering], timeout=0.01)
            if reader.at_eof() or reader.exception():
                answering.cancel()
                return None
        return answering.result()


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Raw]:
    raw = Raw(script)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await raw.connection(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def always(answer: bytes) -> Script:
    async def script(request: bytes, connection: int) -> bytes:
        return answer

    return script


async def post(client: Client, target: Target, body: bytes = b"{}", *, repeatable: bool = True) -> Received:
    async with asyncio.timeout(10):
        return await client.post(target, {"x-request-id": "r"}, body, bytes_max=LARGEST, repeatable=repeatable)


async def ended(raw: Raw, *numbers: int) -> None:
    async def look() -> bool:
        return sorted(raw.ended) == list(numbers)

    await until(look, what=f"the end of connections {numbers}")


# What is sent


async def test_a_request_is_these_bytes() -> None:
    async with serving(always(GOOD)) as raw, aclosing(Client()) as client:
        told = {"x-request-id": "req-1", "x-name": "Łódź"}
        await client.post(raw.target, told, b'{"query":"{a}"}', bytes_max=9, repeatable=True)
    assert raw.seen == [
        [
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{raw.port}\r\ncontent-type: application/json\r\n"
            "accept: application/json\r\nx-request-id: req-1\r\nx-name: Łódź\r\ncontent-length: 15\r\n\r\n"
            '{"query":"{a}"}'.encode()
        ]
    ]


@pytest.mark.parametrize(
    ("url", "line", "host", "origin"),
    [
        ("http://far", "POST / HTTP/1.1", "host: far", ("http", "far", 80)),
        ("https://far:443/a b?c=1#d", "POST /a%20b?c=1 HTTP/1.1", "host: far", ("https", "far", 443)),
        ("http://[::1]:81/", "POST / HTTP/1.1", "host: [::1]:81", ("http", "::1", 81)),
        (
            "http://bücher.example/",
            "POST / HTTP/1.1",
            "host: xn--bcher-kva.example",
            ("http", "xn--bcher-kva.example", 80),
        ),
    ],
)
def test_a_url_gives_the_request_line_and_the_origin(
    url: str, line: str, host: str, origin: tuple[str, str, int]
) -> None:
    target = Target(url)
    assert target.request({}, b"").decode().split("\r\n")[:2] == [line, host]
    assert target.origin == origin


def test_a_password_in_the_url_is_told_as_basic_credentials_and_not_shown() -> None:
    target = Target("http://me:s%C3%A9cret@far/")
    assert b"\r\nauthorization: Basic bWU6c8OpY3JldA==\r\n" in target.request({}, b"")
    assert "cret" not in repr(target)


@pytest.mark.parametrize("value", ["a\r\nx-admin: 1", "a\nb", "a\rb", "a\0b"])
async def test_a_header_that_would_break_out_of_its_line_is_not_sent(value: str) -> None:
    async with serving(always(GOOD)) as raw, aclosing(Client()) as client:
        with pytest.raises(ValueError, match="line break"):
            await client.post(raw.target, {"x-a": value}, b"{}", bytes_max=9, repeatable=True)
    assert raw.seen == []


# What is understood


@pytest.mark.parametrize(("answer", "means", "kept"), WHOLE)
async def test_an_answer_is_understood_and_its_connection_kept_where_it_may(
    answer: bytes, means: Received, kept: bool
) -> None:
    async with serving(always(answer)) as raw, aclosing(Client()) as client:
        assert [await post(client, raw.target) for _ in range(2)] == [means, means]
        assert [len(requests) for requests in raw.seen] == ([2] if kept else [1, 1])


async def test_an_answer_without_length_or_chunks_ends_with_its_connection() -> None:
    async with serving(always(OK + b"\r\n{}<ends>")) as raw, aclosing(Client()) as client:
        assert await post(client, raw.target) == Received(200, b"{}", False)


@pytest.mark.parametrize("answer", BAD)
async def test_what_is_no_answer_is_refused_and_spoils_nothing(answer: bytes) -> None:
    async def script(request: bytes, connection: int) -> bytes:
        return answer + GOOD if connection == 0 else GOOD

    async with serving(script) as raw, aclosing(Client()) as client:
        with pytest.raises(BadAnswer):
            await post(client, raw.target)
        await ended(raw, 0)
        assert await post(client, raw.target) == WHOLE_OK
    assert [len(requests) for requests in raw.seen] == [1, 1], "nothing is asked twice"


@pytest.mark.parametrize("answer", CUT)
async def test_an_answer_that_is_cut_short_is_a_fault_and_not_asked_again(answer: bytes) -> None:
    async with serving(always(answer + b"<ends>")) as raw, aclosing(Client()) as client:
        with pytest.raises(Unanswered) as failure:
            await post(client, raw.target)
        assert not failure.value.nothing
    assert len(raw.seen) == 1


async def fed(pieces: list[bytes]) -> Received | type[Exception] | None:
    """What a connection makes of an answer that comes in these pieces, and whether it stays open."""
    near, far = socket.socketpair()
    near.setblocking(False)
    _, connection = await asyncio.get_running_loop().create_connection(Connection, sock=near)
    try:
        asking = asyncio.ensure_future(connection.ask(b"?", LARGEST))
        await asyncio.sleep(0)
        for piece in pieces:
            if connection.open:
                connection.data_received(piece)
        # A fault is told at once; what waits on needs more.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not asking.done():
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            return None
        fault = asking.exception()
        return type(fault) if isinstance(fault, Exception) else asking.result()
    finally:
        connection.drop()
        far.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(4))
async def test_where_the_network_cuts_an_answer_changes_nothing(seed: int) -> None:
    draw = random.Random(seed)
    cases: list[tuple[bytes, Received | type[Exception] | None]] = [(a, means) for a, means, _ in WHOLE]
    cases += [(answer, BadAnswer) for answer in BAD if len(answer) < 1_000]
    cases += [(answer, None) for answer in CUT]
    for answer, means in cases:
        marks = sorted(draw.choices(range(len(answer) + 1), k=draw.choice([0, 1, 3, len(answer)])))
        edges = [0, *marks, len(answer)]
        pieces = [answer[a:b] for a, b in pairwise(edges) if a < b]
        assert await fed(pieces) == means, pieces


# What becomes of connections


async def test_a_connection_that_was_closed_while_idle_is_not_written_to() -> None:
    async def script(request: bytes, connection: int) -> bytes:
        return GOOD + b"<ends>"

    async with serving(script) as raw, aclosing(Client()) as client:
        for asked in range(1, 4):
            assert await post(client, raw.target, repeatable=False) == WHOLE_OK
            (origin,) = client._origins.values()

            async def noticed(origin: object = origin) -> bool:
                return not origin.idle[0].open  # type: ignore[attr-defined]

            await until(noticed, what="the end of the connection")
            assert (len(raw.seen), origin.count) == (asked, 1)


@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_kept_connection_that_ends_just_as_it_is_asked_is_replaced_once_for_a_query(repeatable: bool) -> None:
    async def script(request: bytes, connection: int) -> bytes | str:
        return GOOD if len(raw.seen[connection]) == 1 else ENDS

    async with serving(script) as raw, aclosing(Client()) as client:
        await post(client, raw.target)
        if repeatable:
            assert await post(client, raw.target) == WHOLE_OK
        else:
            with pytest.raises(Unanswered) as failure:
                await post(client, raw.target, repeatable=False)
            assert failure.value.nothing
    assert [len(requests) for requests in raw.seen] == ([2, 1] if repeatable else [2])


async def test_a_new_connection_that_ends_without_an_answer_is_not_replaced() -> None:
    async def script(request: bytes, connection: int) -> str:
        return ENDS

    async with serving(script) as raw, aclosing(Client()) as client:
        with pytest.raises(Unanswered):
            await post(client, raw.target)
    assert len(raw.seen) == 1


async def test_bytes_that_nobody_asked_for_end_an_idle_connection() -> None:
    go = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(GOOD)
        await go.wait()
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"poison":true}')
        assert await reader.read() == b""
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    target = Target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    async with server, aclosing(Client()) as client:
        assert await post(client, target) == WHOLE_OK
        go.set()
        (origin,) = client._origins.values()

        async def closed() -> bool:
            return not origin.idle[0].open

        await until(closed, what="the end of the connection")
        assert await post(client, target) == WHOLE_OK


async def test_an_answer_before_its_request_was_sent_whole_ends_the_connection() -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.readexactly(1)
        writer.write(GOOD)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    connections: list[int] = []
    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1024)
    target = Target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    async with server, aclosing(Client()) as client:
        large = b"x" * 30_000_000
        assert [await post(client, target, large) for _ in range(2)] == [WHOLE_OK, WHOLE_OK]
    assert len(connections) == 2


async def test_callers_wait_in_line_for_a_connection_and_who_leaves_holds_nobody_up() -> None:
    gates = [asyncio.Event() for _ in range(5)]

    async def script(request: bytes, connection: int) -> bytes:
        number = int(request[-1:])
        order.append(number)
        await gates[number].wait()
        return GOOD

    order: list[int] = []
    async with serving(script) as raw, aclosing(Client(connections_max=2)) as client:
        tasks = []
        for number in range(5):
            tasks.append(asyncio.create_task(post(client, raw.target, b"%d" % number)))
            await asyncio.sleep(0)

        async def two() -> bool:
            return len(order) == 2

        await until(two, what="two requests")
        tasks[2].cancel()
        gates[0].set()

        async def third() -> bool:
            return len(order) == 3

        await until(third, what="the third request")
        assert sorted(order[:2]) == [0, 1] and order[2] == 3
        # One that is given up under way makes room, too.
        tasks[1].cancel()
        for gate in gates:
            gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in found] == [
            Received,
            asyncio.CancelledError,
            asyncio.CancelledError,
            Received,
            Received,
        ]
        (origin,) = client._origins.values()
        assert (origin.count, len(origin.idle), len(origin.waiting)) == (2, 2, 0)


async def test_whoever_stops_waiting_hangs_up() -> None:
    async def script(request: bytes, connection: int) -> bytes:
        await asyncio.sleep(60)
        return GOOD

    async with serving(script) as raw, aclosing(Client()) as client:
        asking = asyncio.create_task(post(client, raw.target))

        async def seen() -> bool:
            return raw.seen != [] and len(raw.seen[0]) == 1

        await until(seen, what="the request")
        asking.cancel()
        await ended(raw, 0)
        (origin,) = client._origins.values()
        assert origin.count == 0


async def test_a_connection_that_nobody_uses_is_closed_and_so_are_all_at_the_end() -> None:
    async with serving(always(GOOD)) as raw:
        async with aclosing(Client(idle_s=0.06)) as client:
            await post(client, raw.target)
            await ended(raw, 0)
            (origin,) = client._origins.values()
            assert origin.count == 0
        async with aclosing(Client()) as client:
            await asyncio.gather(*(post(client, raw.target) for _ in range(3)))
            assert raw.ended == [0]
        await ended(raw, 0, 1, 2, 3)


async def test_a_place_is_free_again_where_nobody_listens(unused_tcp_port: int) -> None:
    target = Target(f"http://127.0.0.1:{unused_tcp_port}/")
    async with aclosing(Client(connections_max=1)) as client:
        for _ in range(3):
            with pytest.raises(OSError):
                await post(client, target)


async def test_a_name_is_resolved_and_every_address_tried() -> None:
    async with serving(always(GOOD)) as raw, aclosing(Client()) as client:
        # `localhost` is ::1 too, where nobody listens.
        assert await post(client, Target(f"http://localhost:{raw.port}/")) == WHOLE_OK
        with pytest.raises(OSError):
            await post(client, Target("http://no-such-host.invalid/"))


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, which trusts itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(secret + made.public_bytes(pem))
    return file


async def test_over_tls_the_certificate_and_the_name_in_it_must_be_good(certificate: Path) -> None:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        return web.Response(body=body[: int(request.query["bytes"])])

    app = web.Application(client_max_size=2**22)
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    serves = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serves.load_cert_chain(certificate)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serves).start()
    port = runner.addresses[0][1]
    large = b"x" * 1_000_000

    async def ask(client: Client, host: str, wanted: int) -> Received:
        target = Target(f"https://{host}:{port}/?bytes={wanted}")
        return await client.post(target, {}, large, bytes_max=2_000_000, repeatable=True)

    try:
        async with aclosing(Client(tls=ssl.create_default_context(cafile=certificate))) as client:
            assert await ask(client, "localhost", 1_000_000) == Received(200, large, False)
            assert await ask(client, "localhost", 2) == Received(200, b"xx", False)
            (origin,) = client._origins.values()
            assert origin.count == 1
            with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
                await ask(client, "127.0.0.1", 2)
        async with aclosing(Client()) as client:
            with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
                await ask(client, "localhost", 2)
    finally:
        await runner.cleanup()


async def test_giving_up_in_the_midst_of_a_handshake_hangs_up(certificate: Path) -> None:
    hung_up = asyncio.Event()
    begun = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        begun.set()
        with suppress(ConnectionError):
            await reader.read()
        hung_up.set()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    target = Target(f"https://localhost:{server.sockets[0].getsockname()[1]}/")
    tls = ssl.create_default_context(cafile=certificate)
    async with server, aclosing(Client(tls=tls)) as client:
        asking = asyncio.create_task(client.post(target, {}, b"{}", bytes_max=9, repeatable=True))
        await begun.wait()
        asking.cancel()
        async with asyncio.timeout(10):
            await hung_up.wait()
