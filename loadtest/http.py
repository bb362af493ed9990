"""The least HTTP client that can load a server: keep-alive connections that repeat one request.

aiohttp's client costs more CPU than the servers it is to measure, so this one writes ready bytes and reads answers
by their Content-Length. Only for answers that have one.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psutil


@dataclass(slots=True)
class Measured:
    """What one load showed.

    cpu_ms: CPU time of the server process for each answer; the column to trust on a noisy machine.
    """

    answers: int = 0
    failures: int = 0
    seconds: float = 0.0
    cpu_ms: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def post(url: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of one POST request."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def load(
    *, url: str, requests: list[bytes], connections: int, seconds: float, pid: int, must_hold: bytes, once: bool = False
) -> Measured:
    """Send `requests` in turn over `connections` for `seconds`; an answer without `must_hold` is a failure.

    once: stop when each was sent; otherwise begin again.
    """
    parts = urlsplit(url)
    measured = Measured()
    process = psutil.Process(pid)
    before, started = _cpu_s(process), time.perf_counter()
    until = started + seconds

    async def connection(offset: int) -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        turn = offset
        while time.perf_counter() < until and not (once and turn >= len(requests)):
            sent = time.perf_counter()
            writer.write(requests[turn % len(requests)])
            turn += connections
            body = await _answer(reader)
            measured.latencies_ms.append((time.perf_counter() - sent) * 1000)
            measured.answers += 1
            measured.failures += must_hold not in body
        writer.close()

    await asyncio.gather(*(connection(n) for n in range(connections)))
    measured.seconds = time.perf_counter() - started
    measured.cpu_ms = (_cpu_s(process) - before) * 1000 / max(measured.answers, 1)
    return measured


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    at = lowered.index(b"content-length:") + 15
    return await reader.readexactly(int(lowered[at : lowered.index(b"\r\n", at)]))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
