"""The gateway beside others on the public benchmark's work: `python -m docs.benchmarks.scripts.gateway --work FOLDER`.

The work is the operator's and is not in this tree: FOLDER holds supergraph.graphql, operation.graphql, data.json (of
four subgraphs) and expected_response.json, as graphql-hive/graphql-gateways-benchmark has them. --peers FOLDER names a
folder in which npm installed the peers (docs/benchmarks/gateway.md says how); without it only ours is measured.

Three processes: the gateway; the subgraphs, which remember every answer by its request, so that the gateway is what is
measured; and the load. First the answer must be the expected one, fetches are counted, and then requests are driven:
*identical* ones, and *unique* ones (another variable and header each time), which nothing inbound can share.
CPU is the gateway's own, of the whole process, by request: on a shared machine the one figure that can be trusted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop

from docs.benchmarks.scripts.gateway_subgraphs import SUBGRAPHS_PORT

_ROOT = Path(__file__).parents[3]
_PORT = 4300
WARM_S, DRIVEN_S = 6.0, 8.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A gateway to start: its command, and the files it wants beside it."""

    name: str
    command: Sequence[str]
    files: Mapping[str, str]
    folder: Path
    env: Mapping[str, str]


@dataclass(slots=True)
class Driven:
    """What one drive found. cpu_ms: of the gateway, by request."""

    rate: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    fetches: float


def ours(work: Path, *extra: str, name: str = "CityTong") -> Peer:
    command = [sys.executable, "-m", "api", "gateway", "--port", str(_PORT)]
    command += ["--supergraph", str(work / "supergraph.graphql"), *extra]
    return Peer(name, command, {}, _ROOT, {})


def peers(work: Path, folder: Path | None, node: str) -> list[Peer]:
    found = [ours(work), ours(work, "--no-sharing", name="CityTong, nothing shared")]
    if folder is None:
        return found
    supergraph = str(work / "supergraph.graphql")
    if (folder / "node_modules/@graphql-hive/gateway").exists():
        hive = [node, "node_modules/@graphql-hive/gateway/dist/bin.js", "supergraph", "-c", "gateway.config.mjs"]
        for rust in (True, False):
            config = _HIVE.format(
                runtime="unifiedGraphHandler," if rust else "jit: true,",
                imports="import { unifiedGraphHandler } from '@graphql-hive/router-runtime'" if rust else "",
                supergraph=supergraph,
                port=_PORT,
            )
            planner = "Rust planner" if rust else "JS"
            found.append(Peer(f"Hive Gateway, {planner}", hive, {"gateway.config.mjs": config}, folder, {}))
    if (folder / "node_modules/@apollo/gateway").exists():
        script = _APOLLO.format(supergraph=supergraph, port=_PORT)
        found.append(Peer("Apollo Gateway", [node, "apollo.mjs"], {"apollo.mjs": script}, folder, {}))
    return found


_HIVE = """
import {{ defineConfig }} from '@graphql-hive/gateway'
{imports}
export const gatewayConfig = defineConfig({{
  {runtime}
  supergraph: '{supergraph}', port: {port}, host: '127.0.0.1', fork: 1, logging: false,
  landingPage: false, graphiql: false, maskedErrors: false,
  inboundInflightRequestDeduplication: true,
}})
"""

_APOLLO = """
import {{ readFileSync }} from 'node:fs'
import {{ ApolloServer }} from '@apollo/server'
import {{ startStandaloneServer }} from '@apollo/server/standalone'
import {{ ApolloGateway }} from '@apollo/gateway'
const gateway = new ApolloGateway({{ supergraphSdl: readFileSync('{supergraph}', 'utf8') }})
const server = new ApolloServer({{ gateway, includeStacktraceInErrorResponses: false, csrfPrevention: false }})
await startStandaloneServer(server, {{ listen: {{ port: {port}, host: '127.0.0.1' }} }})
"""


@asynccontextmanager
async def started(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> AsyncIterator[psutil.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**psutil.Process().environ(), "NODE_ENV": "production", **env},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=None if "-v" in sys.argv else asyncio.subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def listening(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            except OSError:
                await asyncio.sleep(0.05)


class Caller(asyncio.Protocol):
    """One connection that asks again as soon as it was answered."""

    def __init__(self, ask: Callable[[], bytes], done: Callable[[float, bytes], bool]) -> None:
        self.ask, self.done = ask, done
        self.buffer = bytearray()
        self.length = -1
        self.chunked = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._next()

    def _next(self) -> None:
        self.buffer.clear()
        self.length, self.chunked = -1, False
        self.sent_at = time.perf_counter()
        self.transport.write(self.ask())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.length < 0 and not self.chunked:
            head_end = self.buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = bytes(self.buffer[:head_end]).lower()
            self.status = head[9:12]
            del self.buffer[: head_end + 4]
            found = re.search(rb"content-length: *(\d+)", head)
            self.length = int(found[1]) if found else -1
            self.chunked = found is None
        if (self.chunked and self.buffer.endswith(b"0\r\n\r\n")) or (
            not self.chunked and len(self.buffer) >= self.length
        ):
            body = bytes(self.buffer) if self.status == b"200" else b""
            if self.done(time.perf_counter() - self.sent_at, body):
                self._next()
            else:
                self.transport.close()

    def connection_lost(self, fault: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


@dataclass(slots=True)
class Asker:
    """Writes requests. unique: another variable and another header in each."""

    operation: str
    unique: bool
    number: int = 0

    def __call__(self) -> bytes:
        self.number += self.unique
        body = json.dumps({"query": self.operation, "variables": {"number": self.number}}).encode()
        head = f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nx-number: {self.number}\r\naccept: application/json\r\n"
        return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def drive(asker: Asker, *, connections: int, seconds: float, gateway: psutil.Process | None = None) -> Driven:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    until = loop.time() + seconds
    faults = 0

    def done(latency: float, body: bytes) -> bool:
        nonlocal faults
        latencies.append(latency)
        faults += len(body) < 80_000
        return loop.time() < until

    before, began = _cpu(gateway), time.perf_counter()
    counted = await fetches()
    callers = [Caller(asker, done) for _ in range(connections)]
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", _PORT)  # type: ignore[misc]
    await asyncio.gather(*(caller.ended for caller in callers))
    took, spent = time.perf_counter() - began, _cpu(gateway) - before
    assert not faults, f"{faults} of {len(latencies)} answers are wrong"
    made = await fetches() - counted
    marks = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else latencies * 99
    count = len(latencies)
    return Driven(count / took, spent / count * 1e3, marks[49] * 1e3, marks[98] * 1e3, made / count)


def _cpu(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    family = [process, *process.children(recursive=True)]
    return sum(t.user + t.system for t in (p.cpu_times() for p in family))


def _rss_mb(process: psutil.Process) -> float:
    return float(sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])) / 1e6


async def fetches() -> int:
    return int((await _request(SUBGRAPHS_PORT, b"GET /count HTTP/1.1\r\nhost: x\r\n\r\n")).decode())


async def _request(port: int, raw: bytes) -> bytes:
    """One answer, whole."""
    found: list[bytes] = []

    def done(latency: float, body: bytes) -> bool:
        found.append(body)
        return False

    caller = Caller(lambda: raw, done)
    await asyncio.get_running_loop().create_connection(lambda: caller, "127.0.0.1", port)
    async with asyncio.timeout(30):
        await caller.ended
    return _unchunked(found[0]) if caller.chunked else found[0]


def _unchunked(body: bytes) -> bytes:
    out = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        out += body[:length]
        body = body[length + 2 :]
        if not length:
            break
    return bytes(out)


async def measured(peer: Peer, operation: str, expected: Any) -> list[str]:
    """The row of one gateway."""
    for name, text in peer.files.items():
        (peer.folder / name).write_text(text)
    async with started(peer.command, peer.folder, peer.env) as process:
        await listening(_PORT)
        unique, same = Asker(operation, unique=True), Asker(operation, unique=False)
        answer = json.loads(await _request(_PORT, unique()))
        correct = answer.get("data") == expected["data"] and not answer.get("errors")
        before = await fetches()
        await _request(_PORT, unique())
        alone = await fetches() - before
        await drive(unique, connections=50, seconds=WARM_S)
        one = await drive(unique, connections=1, seconds=DRIVEN_S / 2, gateway=process)
        many = await drive(unique, connections=50, seconds=DRIVEN_S, gateway=process)
        await drive(same, connections=50, seconds=1.0)
        shared = await drive(same, connections=50, seconds=DRIVEN_S, gateway=process)
        rss = _rss_mb(process)
    row = [peer.name, "yes" if correct else "**no**", str(alone)]
    row += [f"{one.cpu_ms:.2f}", f"{one.p50_ms:.1f}", f"{many.cpu_ms:.2f}", f"{many.fetches:.1f}"]
    row += [f"{many.rate:.0f}", f"{many.p99_ms:.0f}"]
    return [*row, f"{shared.cpu_ms:.2f}", f"{shared.rate:.0f}", f"{shared.p99_ms:.0f}", f"{rss:.0f}"]


HEADINGS = (
    "gateway | correct | fetches | CPU ms, 1 conn. | p50 ms | **CPU ms, unique** | fetches then | /s | p99 ms "
    "| CPU ms, identical | /s | p99 ms | RSS MB"
)


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--node", default="node")
    parser.add_argument("--only", help="part of a gateway's name")
    parser.add_argument("--table", type=Path)
    parser.add_argument("-v", action="store_true", help="show what the gateways print")
    arguments = parser.parse_args()
    operation = (arguments.work / "operation.graphql").read_text()
    expected = json.loads((arguments.work / "expected_response.json").read_text())
    subgraphs = [sys.executable, "-m", "docs.benchmarks.scripts.gateway_subgraphs", str(arguments.work / "data.json")]
    rows = []
    async with started(subgraphs, _ROOT, {}):
        await listening(SUBGRAPHS_PORT)
        for peer in peers(arguments.work, arguments.peers, arguments.node):
            if arguments.only is None or arguments.only in peer.name:
                rows.append(f"| {' | '.join(await measured(peer, operation, expected))} |")
                sys.stdout.write(rows[-1] + "\n")
                sys.stdout.flush()
    table = "\n".join([f"| {HEADINGS} |", "|---|---|" + "---:|" * 11, *rows])
    if arguments.table:
        _write(arguments.table, table)
    sys.stdout.write("\n" + table + "\n")
    return 0


def _write(file: Path, table: str) -> None:
    """Replace the table in a document; what is written around it stays."""
    text = file.read_text()
    head, _, rest = text.partition("<!-- table -->\n")
    _, _, tail = rest.partition("<!-- end -->")
    file.write_text(f"{head}<!-- table -->\n{table}\n<!-- end -->{tail}")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(main()))
