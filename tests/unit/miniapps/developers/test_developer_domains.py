"""Whether a domain holds a token, asked of a real name server and a real web server on this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import dns.flags
import dns.message
import dns.rrset
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.clock import SystemClock
from miniapps.developers.domains import FILE, DomainProof, DomainState, Method
from miniapps.developers.looking import FILE_BYTES_MAX, Looking
from tests.support.threats import covers

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOST = "localhost"
PROOF = DomainProof("mpd_1", "org.example.app", HOST, "t0ken", DomainState.PENDING, None, 0, NOW, NOW)


class _Names(asyncio.DatagramProtocol):
    """A name server of TXT records. It asks nobody."""

    def __init__(self, records: Mapping[str, list[str]]) -> None:
        self.records = records
        self.asked: list[str] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if texts := self.records.get(name):
            answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "TXT", [f'"{t}"' for t in texts]))
        self.transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def _names(records: Mapping[str, list[str]]) -> AsyncIterator[tuple[_Names, int]]:
    server = _Names(records)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", 0)
    )
    try:
        yield server, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@asynccontextmanager
async def _web(answer: Any, tls: ssl.SSLContext) -> AsyncIterator[tuple[list[str], int]]:
    asked: list[str] = []

    async def file(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.host}{request.path}")
        told: web.StreamResponse = await answer(request)
        return told

    app = web.Application()
    app.add_routes([web.get("/{path:.*}", file)])
    runner = web.AppRunner(app)
    await runner.setup()
    held = socket.create_server(("127.0.0.1", 0))
    site = web.SockSite(runner, held, ssl_context=tls)
    await site.start()
    try:
        yield asked, held.getsockname()[1]
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, and its caller's, who trusts it."""
    key, name = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    begins = SystemClock().now() - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, SHA256())
    )
    file: Path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


async def _text(_: web.Request) -> web.Response:
    return web.Response(text=f"{PROOF.text}\n")


async def _other(_: web.Request) -> web.Response:
    return web.Response(text="citytong-domain=another")


async def _moved(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": FILE + "?"}, text=PROOF.text)


async def _much(_: web.Request) -> web.Response:
    return web.Response(text=PROOF.text + " " * FILE_BYTES_MAX)


async def _none(_: web.Request) -> web.Response:
    return web.Response(status=404, text=PROOF.text)


@covers("T35")
@pytest.mark.parametrize(
    ("answer", "found"), [(_text, Method.FILE), (_other, None), (_moved, None), (_much, None), (_none, None)]
)
async def test_a_file_is_read_as_it_stands(
    answer: Any, found: Method | None, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async with _names({}) as (_, port), _web(answer, tls[0]) as (asked, there), aiohttp.ClientSession() as http:
        look = Looking(http, True, ["127.0.0.1"], dns_port=port, https_port=there, tls=tls[1])
        assert await look.found(PROOF) is found
        assert asked == [f"{HOST}{FILE}"]


@covers("T35")
async def test_nothing_inside_the_network_is_called(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with _names({}) as (_, port), _web(_text, tls[0]) as (asked, there), aiohttp.ClientSession() as http:
        look = Looking(http, False, ["127.0.0.1"], dns_port=port, https_port=there, tls=tls[1])
        assert await look.found(PROOF) is None
        assert asked == []


async def test_a_record_is_one_of_several_and_none_other_does() -> None:
    name = f"_citytong-challenge.{HOST}"
    for texts, found in (
        (["v=spf1 -all", PROOF.text], Method.DNS),
        ([f"{PROOF.text}x"], None),
        ([], None),
    ):
        async with _names({name: texts}) as (server, port), aiohttp.ClientSession() as http:
            look = Looking(http, False, ["127.0.0.1"], dns_port=port)
            assert await look.found(PROOF) is found
            assert server.asked == [name]
