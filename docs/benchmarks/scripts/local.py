"""`make bench-local`: a `me { … }` of a dozen fields, a list and a nested object, in this process, beside its peers.

Each server is a process of its own, loaded in turn over keep-alive connections, several rounds, so that a machine that
slows down slows all. Every answer is checked. The data is in memory: what is measured is what a server does.
`docs/benchmarks/local.md` holds the table; the CPU column is the one to compare.
Node's peers: `cd docs/benchmarks/peers/local && npm ci`.
"""

from __future__ import annotations

import asyncio
import enum
import gc
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
import strawberry
import uvloop
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView

from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport, SubgraphRequest
from api.web.asking import Asking
from api.web.door import application
from api.web.graphql import GraphQLDoor
from api.web.metrics import Metrics
from api.web.ports import SERVER, answering, bound
from api.web.shell import Shell
from core.graph import Context, Info, build_schema, graphql_core_schema
from core.principal import ANONYMOUS, Principal
from loadtest.http import Measured, load, post

_ROUNDS: Final = 5
_SECONDS: Final = 2.0
_CONNECTIONS: Final = 16
_PEERS: Final = Path(__file__).parents[1] / "peers" / "local"
_AT: Final = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
_NAMES: Final = {"110101": "东城区"}
_QUERY: Final = """query Me { me {
  id name maskedName maskedPhone realNameLevel language createdAt email verified score birthYear unread
  homeDistrict { code name } sessions { id deviceName lastSeenAt current }
} }"""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Language(enum.Enum):
    ZH = "zh"
    EN = "en"


strawberry.enum(Language)


# The model, as a store would give it.


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    device_name: str
    last_seen_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str | None
    masked_name: str
    masked_phone: str
    real_name_level: int
    language: Language
    created_at: datetime
    email: str | None
    verified: bool
    score: float
    birth_year: int | None
    unread: int
    home_code: str
    rows: tuple[Row, ...]


_PERSON: Final = Person(
    id="cit_01",
    name="王小明",
    masked_name="*小明",
    masked_phone="138****0001",
    real_name_level=3,
    language=Language.ZH,
    created_at=_AT,
    email=None,
    verified=True,
    score=0.75,
    birth_year=1990,
    unread=4,
    home_code="110101",
    rows=tuple(Row(f"ses_{n}", f"Phone {n}", _AT, n == 0) for n in range(5)),
)


async def person() -> Person:
    return _PERSON


# The room.


@strawberry.type
class District:
    code: strawberry.ID

    @strawberry.field
    def name(self, info: Info) -> str:
        return _NAMES[self.code]


@strawberry.type
class Session:
    id: strawberry.ID
    device_name: str
    last_seen_at: datetime
    current: bool


@strawberry.type
class Citizen:
    id: strawberry.ID
    name: str | None
    masked_name: str
    masked_phone: str
    real_name_level: int
    language: Language
    created_at: datetime
    email: str | None
    verified: bool
    score: float
    birth_year: int | None
    unread: int
    sessions: list[Session]
    home_code: strawberry.Private[str]

    @strawberry.field
    def home_district(self, info: Info) -> District | None:
        return District(code=strawberry.ID(self.home_code))

    @classmethod
    def of(cls, found: Person) -> Citizen:
        return cls(
            id=strawberry.ID(found.id),
            name=found.name,
            masked_name=found.masked_name,
            masked_phone=found.masked_phone,
            real_name_level=found.real_name_level,
            language=found.language,
            created_at=found.created_at,
            email=found.email,
            verified=found.verified,
            score=found.score,
            birth_year=found.birth_year,
            unread=found.unread,
            sessions=[
                Session(
                    id=strawberry.ID(row.id),
                    device_name=row.device_name,
                    last_seen_at=row.last_seen_at,
                    current=row.current,
                )
                for row in found.rows
            ],
            home_code=found.home_code,
        )


@strawberry.type
class Query:
    @strawberry.field
    async def me(self, info: Info) -> Citizen | None:
        return Citizen.of(await person())


_SUPERGRAPH: Final = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
{ query: Query }
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!) repeatable on OBJECT | SCALAR | ENUM
directive @link(url: String, for: link__Purpose) repeatable on SCHEMA
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph { A @join__graph(name: "a", url: "") }
enum Language @join__type(graph: A) { ZH EN }
scalar DateTime @join__type(graph: A)
type District @join__type(graph: A) { code: ID! name: String! }
type Session @join__type(graph: A) { id: ID! deviceName: String! lastSeenAt: DateTime! current: Boolean! }
type Citizen @join__type(graph: A) {
  id: ID! name: String maskedName: String! maskedPhone: String! realNameLevel: Int! language: Language!
  createdAt: DateTime! email: String verified: Boolean! score: Float! birthYear: Int unread: Int!
  homeDistrict: District sessions: [Session!]!
}
type Query @join__type(graph: A) { me: Citizen }
"""


# The servers.


def door(compile_at: int) -> web.Application:
    transport = LocalTransport(graphql_core_schema(build_schema(query=Query)), compile_at=compile_at)
    engine = Engine(supergraph=Supergraph.parse(_SUPERGRAPH), transports={"a": transport}, introspection=False)
    return application(
        graphql=GraphQLDoor(engine, Asking(authenticate=_nobody, services={}, trusted_proxies=0), 65_536),
        metrics=Metrics(),
        checks=(),
        shell=Shell(Path("miniapps/host").resolve()),
        routes=(),
        development=False,
    )


async def _nobody(token: str) -> Principal:
    return ANONYMOUS


def raw() -> web.Application:
    """The answer by hand: what GraphQL is compared with."""

    async def handle(request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        assert isinstance(body["query"], str)
        found = await person()
        answer = {
            "id": found.id,
            "name": found.name,
            "maskedName": found.masked_name,
            "maskedPhone": found.masked_phone,
            "realNameLevel": found.real_name_level,
            "language": found.language.name,
            "createdAt": found.created_at.isoformat(),
            "email": found.email,
            "verified": found.verified,
            "score": found.score,
            "birthYear": found.birth_year,
            "unread": found.unread,
            "homeDistrict": {"code": found.home_code, "name": _NAMES[found.home_code]},
            "sessions": [
                {
                    "id": row.id,
                    "deviceName": row.device_name,
                    "lastSeenAt": row.last_seen_at.isoformat(),
                    "current": row.current,
                }
                for row in found.rows
            ],
        }
        return web.Response(body=orjson.dumps({"data": {"me": answer}}), content_type="application/json")

    app = web.Application()
    app.router.add_post("/graphql", handle)
    return app


def view() -> web.Application:
    app = web.Application()
    app.router.add_post("/graphql", GraphQLView(schema=strawberry.Schema(query=Query)))
    return app


_SERVERS: Final[dict[str, Callable[[], web.Application]]] = {
    "raw": raw,
    "door": lambda: door(2),
    "behind": lambda: door(2),
    "core": lambda: door(0),
    "strawberry": view,
}

# Served as `make run` serves the city; the others by aiohttp alone.
_LEAN: Final = frozenset({"door", "core"})


def serve(name: str) -> None:
    uvloop.install()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            app = _SERVERS[name]()
            if name in _LEAN:
                url = await stack.enter_async_context(answering(app, bound(host="127.0.0.1", port=0)))
            else:
                runner = web.AppRunner(app, **(SERVER if name == "behind" else {"access_log": None}))
                await runner.setup()
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            # As `python -m api gateway` does: what is there now stays.
            gc.collect()
            gc.freeze()
            say(f"{url}/graphql")
            await asyncio.Event().wait()

    asyncio.run(run())


# The measurement.


@dataclass(slots=True)
class Peer:
    name: str
    url: str
    pid: int
    rounds: list[Measured]


def started(name: str, command: list[str], stack: ExitStack) -> Peer:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    assert process.stdout is not None
    stack.callback(process.stdout.close)
    url = re.search(r"http://[^\s]+", process.stdout.readline())
    assert url is not None
    return Peer(name, url[0].replace("localhost", "127.0.0.1"), process.pid, [])


async def compare(peers: list[Peer]) -> None:
    for round_ in range(_ROUNDS + 1):
        for peer in peers:
            request = post(peer.url, json.dumps({"query": _QUERY}).encode(), {})
            measured = await load(
                url=peer.url,
                requests=[request],
                connections=_CONNECTIONS,
                seconds=_SECONDS if round_ else 1.0,
                pid=peer.pid,
                must_hold=b'"sessions":[{"id":"ses_0","deviceName":"Phone 0"',
            )
            assert measured.failures == 0, peer.name
            if round_:  # The first warms up.
                peer.rounds.append(measured)


def table(peers: list[Peer]) -> None:
    raw_rate = median(m.per_second for m in peers[0].rounds)
    say("| server | answers/s | of the raw handler | least CPU ms an answer | p50 ms | p99 ms |")
    say("|---|---|---|---|---|---|")
    for peer in peers:
        # Whatever runs beside it takes caches from a round and only adds to its CPU time.
        rate, cpu = median(m.per_second for m in peer.rounds), min(m.cpu_ms for m in peer.rounds)
        p50, p99 = (median(m.percentile_ms(share) for m in peer.rounds) for share in (0.5, 0.99))
        say(f"| {peer.name} | {rate:.0f} | {rate / raw_rate:.2f} | {cpu:.3f} | {p50:.2f} | {p99:.2f} |")


def depths() -> None:
    """The room's part alone, called from several depths of the stack (gh-142183)."""
    schema = graphql_core_schema(build_schema(query=Query))
    context = Context(request_id="bench")
    query = "{" + " ".join(f"m{n}: me {{ {_QUERY.split('{', 2)[2].rsplit('}', 1)[0]}" for n in range(8)) + "}"

    async def timed(transport: LocalTransport, repeats: int) -> float:
        request = SubgraphRequest(query=query)
        for _ in range(3):
            await transport.fetch(request, context)
        best = 1e9
        for _ in range(3):
            before = time.perf_counter()
            for _ in range(repeats):
                await transport.fetch(request, context)
            best = min(best, (time.perf_counter() - before) / repeats)
        return best * 1e6

    def below(depth: int, coroutine: Callable[[], Any]) -> Any:
        return below(depth - 1, coroutine) if depth else asyncio.run(coroutine())

    say("\n| entry depth | compiled µs | graphql-core µs |\n|---|---|---|")
    for depth in range(0, 96, 8):
        compiled, core = LocalTransport(schema), LocalTransport(schema, compile_at=0)
        ours = below(depth, partial(timed, compiled, 60))
        theirs = below(depth, partial(timed, core, 20))
        say(f"| {depth} | {ours:.0f} | {theirs:.0f} |")


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
        return
    own = [sys.executable, "-m", "docs.benchmarks.scripts.local", "serve"]
    with ExitStack() as stack:
        names = {
            "raw aiohttp handler, orjson": [*own, "raw"],
            "the door, compiled calls": [*own, "door"],
            "the same, always behind aiohttp": [*own, "behind"],
            "the door, graphql-core's executor": [*own, "core"],
            "Strawberry's aiohttp view": [*own, "strawberry"],
        }
        if (_PEERS / "node_modules").exists():
            names["Mercurius, JIT"] = ["node", str(_PEERS / "serve.js"), "mercurius"]
            names["Apollo Server"] = ["node", str(_PEERS / "serve.js"), "apollo"]
        peers = [started(name, command, stack) for name, command in names.items()]
        asyncio.run(compare(peers))
        table(peers)
    depths()


if __name__ == "__main__":
    main()
