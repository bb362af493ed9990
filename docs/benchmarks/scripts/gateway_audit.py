"""The public Federation audit against `python -m api gateway`: `python -m docs.benchmarks.scripts.gateway_audit`.

The audit is graphql-hive/federation-gateway-audit (MIT). Its subgraphs are Node programs: start them from a checkout
with PUNISH_FOR_POOR_PLANS=1, `npx tsx src/cli.ts serve --port 4200`, and say where they answer with `--audit URL`.
Each suite gets a gateway of its own; between it and the subgraphs stands a counter, so that every fetch is seen.

--record FOLDER keeps what was asked and answered, for the test that needs no Node (tests/contract/gateway_audit).
--table FILE writes the table. Exit status 1 when any case fails or more than 398 fetches were made.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import aiohttp
import orjson
from aiohttp import web

FETCHES_MAX = 398
_ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Counter:
    """Passes requests on to the audit's subgraphs and remembers them. Its own paths are the audit's."""

    audit: str
    http: aiohttp.ClientSession
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self.http.post(
            self.audit + request.path, data=body, headers={"content-type": "application/json"}
        ) as answer:
            raw = await answer.read()
            exchange = {"service": request.path.rsplit("/", 1)[1], **orjson.loads(body)}
            self.exchanges.append({**exchange, "status": answer.status, "answer": orjson.loads(raw)})
            return web.Response(body=raw, status=answer.status, content_type="application/json")


@dataclass(slots=True)
class Suite:
    name: str
    tests: list[dict[str, Any]]
    passed: int = 0
    fetches: int = 0


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--audit", default="http://127.0.0.1:4200")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("suites", nargs="*")
    arguments = parser.parse_args()
    async with aiohttp.ClientSession() as http, counting(arguments.audit, http) as (counter, address):
        async with http.get(f"{arguments.audit}/ids") as answer:
            names = arguments.suites or await answer.json()
        suites = [await _suite(name, counter, address, http, arguments.record) for name in names]
    if arguments.table:
        arguments.table.write_text(_table(suites))
    tests, passed = sum(len(s.tests) for s in suites), sum(s.passed for s in suites)
    fetches = sum(s.fetches for s in suites)
    _say(f"{passed}/{tests} in {fetches} fetches")
    return 0 if passed == tests and fetches <= FETCHES_MAX else 1


@asynccontextmanager
async def counting(audit: str, http: aiohttp.ClientSession) -> AsyncIterator[tuple[Counter, str]]:
    counter = Counter(audit, http)
    app = web.Application()
    app.router.add_post("/{suite}/{service}", counter.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield counter, "http://127.0.0.1:" + str(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def gateway(*arguments: str) -> AsyncIterator[dict[str, Any]]:
    """`python -m api gateway` while inside; yields the line that it prints when it is ready."""
    command = (sys.executable, "-m", "api", "gateway", "--port", "0", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        yield orjson.loads(line)
    finally:
        process.terminate()
        await process.wait()


async def _suite(name: str, counter: Counter, address: str, http: aiohttp.ClientSession, record: Path | None) -> Suite:
    async with http.get(f"{counter.audit}/{name}/supergraph") as answer:
        sdl = await answer.text()
    async with http.get(f"{counter.audit}/{name}/tests") as answer:
        suite = Suite(name, await answer.json())
    # The audit writes its own address into the supergraph; the counter takes its place.
    ported = sdl.replace(counter.audit, address)
    assert address in ported, f"the supergraph does not name {counter.audit}"
    cases = []
    with tempfile.NamedTemporaryFile("w", suffix=".graphql") as file:
        file.write(ported)
        file.flush()
        async with gateway("--supergraph", file.name) as ready:
            for test in suite.tests:
                counter.exchanges.clear()
                got = await _ask(http, ready["graphql"], test["query"])
                suite.passed += fits(got, test["expected"])
                suite.fetches += len(counter.exchanges)
                cases.append({**test, "query": dedent(test["query"]).strip(), "exchanges": list(counter.exchanges)})
    _say(f"{name:40} {suite.passed}/{len(suite.tests)} in {suite.fetches} fetches")
    if record:
        _record(record, name, sdl.replace(counter.audit, "http://audit"), cases)
    return suite


def _record(folder: Path, name: str, sdl: str, cases: list[dict[str, Any]]) -> None:
    """Two files a suite: its supergraph, and a line a case with what was asked of subgraphs and answered."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.supergraph.graphql").write_text(sdl.strip() + "\n")
    (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(case) + b"\n" for case in cases))


async def _ask(http: aiohttp.ClientSession, url: str, query: str) -> dict[str, Any]:
    async with http.post(url, json={"query": query}, headers={"accept": "application/json"}) as answer:
        got: dict[str, Any] = await answer.json()
        return got


def fits(got: dict[str, Any], expected: dict[str, Any]) -> bool:
    """The audit's own rule: `data` deep-equal (none is null); `errors` as a yes or no, where the case states it."""
    stated = expected.get("errors")
    alike = got.get("data") == expected.get("data")
    return alike and (not isinstance(stated, bool) or bool(got.get("errors")) == stated)


def _table(suites: list[Suite]) -> str:
    lines = [
        "# The Federation audit",
        "",
        "Made by `make audit`: every case of graphql-hive/federation-gateway-audit (46 suites) over HTTP against",
        "`python -m api gateway`, its subgraphs with PUNISH_FOR_POOR_PLANS=1. *Fetches* are requests to",
        "subgraphs, counted outside the gateway. Others, measured the same way: Hive with its Rust planner",
        "199/199 in 398, Hive Gateway (JS) 197 in 408, Apollo Gateway 193 in 404.",
        "",
        "| suite | passed | fetches |",
        "|---|---:|---:|",
        *(f"| {s.name} | {s.passed}/{len(s.tests)} | {s.fetches} |" for s in suites),
        f"| **all** | **{sum(s.passed for s in suites)}/{sum(len(s.tests) for s in suites)}** "
        f"| **{sum(s.fetches for s in suites)}** |",
    ]
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
