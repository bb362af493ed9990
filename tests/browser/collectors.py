"""Who would hear of a leak: each connection and datagram on loopback, and each name that a browser looked up."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 1\r\n"
    b"Connection: close\r\n\r\nx"
)
_HOST: Final = re.compile(rb"([a-z0-9-]+)\.[a-z]+\.localhost")
_WAY: Final = re.compile(rb"[a-z0-9-]+\Z")
_NAME_MAX: Final = 63  # RFC 1035 §2.3.4, of a label
_STUN: Final = b"\x21\x12\xa4\x42"  # RFC 8489 §5, the magic cookie


@dataclass
class Collector(asyncio.DatagramProtocol):
    """Listens at one port for TCP and one for UDP. connections: of which most say something. arrived: what came, by the
    way's name."""

    who: str
    connections: int = 0
    arrived: Counter[str] = field(default_factory=Counter)
    tcp: int = 0
    udp: int = 0

    @property
    def ports(self) -> dict[str, int]:
        return {"tcp": self.tcp, "udp": self.udp}

    async def heard(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            said = await reader.read(8192)
            named = _HOST.search(said)
            self.arrived[named[1].decode() if named else "webrtc-turn" if _STUN in said[:12] else "unknown"] += 1
            writer.write(_ANSWER)
            await writer.drain()
        except ConnectionError:
            self.arrived["broken"] += 1
        finally:
            writer.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.arrived["webrtc" if data[4:8] == _STUN else "webtransport"] += 1


@asynccontextmanager
async def collecting(who: str) -> AsyncIterator[Collector]:
    """who: a word, part of the hosts' names."""
    collector, loop = Collector(who), asyncio.get_running_loop()
    server = await asyncio.start_server(collector.heard, "127.0.0.1", 0)
    transport, _ = await loop.create_datagram_endpoint(lambda: collector, ("127.0.0.1", 0))
    collector.tcp = server.sockets[0].getsockname()[1]
    collector.udp = transport.get_extra_info("sockname")[1]
    try:
        yield collector
    finally:
        transport.close()
        server.close()
        await server.wait_closed()


def looked_up(log: Path, who: str) -> set[str]:
    """The ways whose hosts the browser asked for, or wrote down at all. log: Chromium's, as far as it is: megabytes,
    so what ends a host's name is looked for first.
    """
    before = log.read_bytes().split(f".{who}.localhost".encode())[:-1]
    return {way[0].decode() for part in before if (way := _WAY.search(part[-_NAME_MAX:]))}
