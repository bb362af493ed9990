"""`make bench-memory`: is memory flat over a million requests of ten thousand documents, and documents always new?

One process with the caches at their production sizes answers over two subgraphs of its own and one over HTTP (a process
beside it). Popular documents come often and the long tail rarely (Zipf); among them come failures of a subgraph,
requests whose client goes away, automatic persisted queries, refused documents and large answers. Then every document
is new: an attacker who changes aliases, arguments, white space. What the process holds is written down every 50,000
requests. `docs/benchmarks/gateway-memory.md` holds the table.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import logging
import random
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import accumulate
from math import sqrt
from statistics import fmean, linear_regression
from typing import Any, Final

import orjson
import psutil
import strawberry
import uvloop
from aiohttp import web

from api.gateway.client import Client
from api.gateway.documents import Documents
from api.gateway.execute import Engine
from api.gateway.limits import GatewayLimits
from api.gateway.retries import Retries
from api.gateway.supergraph import Supergraph
from api.gateway.transport import HttpTransport, LocalTransport, SubgraphRequest
from core.bounded import Bounded
from core.errors import DomainError, Unavailable
from core.graph import Context, build_schema, graphql_core_schema
from core.sharing import InFlight

_DOCUMENTS: Final = 10_000
_ZIPF: Final = 1.6
_SEED: Final = 2026
_AT_ONCE: Final = 20
_COST_MAX: Final = 1_000_000
_MB: Final = 2**20
# Binary digits as white space.
_SPACES: Final = {ord("0"): " ", ord("1"): "\t"}

# The rooms.


@strawberry.federation.type(keys=["code"])
class District:
    code: strawberry.ID
    name: str
    area: float
    population: int

    @strawberry.field
    def history(self, since: int = 0, until: int = 10) -> list[int]:
        return list(range(since, until))

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> District:
        return district(int(code))


def district(number: int) -> District:
    return District(code=strawberry.ID(str(number)), name=f"区{number}", area=number * 1.5, population=number * 1000)


@strawberry.type
class Places:
    @strawberry.field
    def districts(self, first: int = 5, order: str = "name") -> list[District]:
        return [district(number) for number in range(first)]

    @strawberry.field
    def district(self, code: strawberry.ID) -> District | None:
        if code == "closed":
            raise Unavailable()
        return district(int(code))


@strawberry.federation.type(name="District", keys=["code"])
class Home:
    code: strawberry.ID


@strawberry.federation.type(keys=["id"])
class Person:
    id: strawberry.ID
    name: str
    email: str | None
    level: int
    home: Home

    @strawberry.field
    async def friends(self, first: int = 2) -> list[Person]:
        return [person(number) for number in range(first)]


def person(number: int) -> Person:
    home = Home(code=strawberry.ID(str(number % 7)))
    return Person(id=strawberry.ID(str(number)), name=f"人{number}", email=None, level=number % 4, home=home)


@strawberry.type
class People:
    @strawberry.field
    async def me(self) -> Person:
        return person(1)

    @strawberry.field
    async def people(self, first: int = 3, called: str = "") -> list[Person]:
        return [person(number) for number in range(first)]


@strawberry.type
class Air:
    aqi: int
    label: str


@strawberry.federation.type(name="District", keys=["code"])
class Measured:
    code: strawberry.ID

    @strawberry.field
    def air(self, hour: int = 0) -> Air:
        return Air(aqi=hour, label="good")

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> Measured:
        return cls(code=code)


@strawberry.type
class Sensors:
    @strawberry.field
    def measured(self) -> list[Measured]:
        return []


_SUPERGRAPH: Final = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
{ query: Query }
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on OBJECT | SCALAR | ENUM
directive @join__field(graph: join__Graph) repeatable on FIELD_DEFINITION
directive @link(url: String, for: link__Purpose) repeatable on SCHEMA
scalar join__FieldSet
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph {
  PLACES @join__graph(name: "places", url: "") PEOPLE @join__graph(name: "people", url: "")
  SENSORS @join__graph(name: "sensors", url: "")
}
type Air @join__type(graph: SENSORS) { aqi: Int! label: String! }
type District @join__type(graph: PLACES, key: "code") @join__type(graph: PEOPLE, key: "code")
  @join__type(graph: SENSORS, key: "code") {
  code: ID!
  name: String! @join__field(graph: PLACES)
  area: Float! @join__field(graph: PLACES)
  population: Int! @join__field(graph: PLACES)
  history(since: Int! = 0, until: Int! = 10): [Int!]! @join__field(graph: PLACES)
  air(hour: Int! = 0): Air! @join__field(graph: SENSORS)
}
type Person @join__type(graph: PEOPLE, key: "id") {
  id: ID! name: String! email: String level: Int! home: District! friends(first: Int! = 2): [Person!]!
}
type Query @join__type(graph: PLACES) @join__type(graph: PEOPLE) @join__type(graph: SENSORS) {
  districts(first: Int! = 5, order: String! = "name"): [District!]! @join__field(graph: PLACES)
  district(code: ID!): District @join__field(graph: PLACES)
  me: Person! @join__field(graph: PEOPLE)
  people(first: Int! = 3, called: String! = ""): [Person!]! @join__field(graph: PEOPLE)
}
"""

# What clients ask.

_WORDS: Final = ("one", "two", "here", "there", "home", "first", "mine", "shown")


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes one document of many. far: whether it asks the subgraph over HTTP too."""

    draw: random.Random
    far: bool

    def document(self) -> str:
        roots = " ".join(self._aliased(number, self._root()) for number in range(self.draw.choice((1, 1, 1, 1, 2))))
        if self.draw.random() < 0.8:
            return f"query Q{self.draw.randint(0, 10**9)} {{ {roots} }}"
        return f"query Q($first: Int! = 2, $more: Boolean! = true) {{ {roots} {self._used()} }}"

    def _used(self) -> str:
        return "used: people(first: $first) { id level @include(if: $more) }"

    def _aliased(self, number: int, field_: str) -> str:
        return f"{self.draw.choice(_WORDS)}{self.draw.randint(0, 10**6)}_{number}: {field_}"

    def _root(self) -> str:
        kind = self.draw.randint(0, 3)
        if kind == 0:
            return f"me {{ {self._person(1)} }}"
        if kind == 1:
            return f'people(first: {self.draw.randint(1, 5)}, called: "{self.draw.random()}") {{ {self._person(1)} }}'
        if kind == 2:
            return (
                f'districts(first: {self.draw.randint(1, 5)}, order: "{self.draw.random()}") {{ {self._district()} }}'
            )
        return f'district(code: "{self.draw.randint(0, 6)}") {{ {self._district()} }}'

    def _person(self, deeper: int) -> str:
        shown = self._some(["name", "email", "level", "home { code }"])
        if self.draw.random() < 0.3:
            shown += f" home {{ {self._district()} }}"
        if deeper and self.draw.random() < 0.5:
            shown += f" friends(first: {self.draw.randint(1, 3)}) {{ {self._person(deeper - 1)} }}"
        return f"id {shown}"

    def _district(self) -> str:
        shown = self._some(["name", "area", "population", f"history(until: {self.draw.randint(1, 20)})"])
        return f"code {shown} " + (f"air(hour: {self.draw.randint(0, 23)}) {{ aqi label }}" if self.far else "")

    def _some(self, names: list[str]) -> str:
        return " ".join(self.draw.sample(names, self.draw.randint(1, len(names))))


def document(number: object, *, far: bool) -> str:
    """The document of this number, the same in every run."""
    return Wording(random.Random(f"{_SEED}.{number}"), far).document()


def refused(number: int) -> str:
    """A document that is refused: by the parser, a limit, the schema, the cost."""
    kinds = (
        f"query Q{number} {{ me {{ id ",
        f"query Q{number} {{ nobody{number} {{ id }} }}",
        f"query Q{number} {{ " + "me { friends { " * 20 + "id" + " } }" * 20 + " }",
        f"query Q{number} {{ " + " ".join(f"a{n}: me {{ id }}" for n in range(120)) + " }",
        f"query Q{number} {{ " + "me { " + "friends(first: 99) { " * 6 + "id" + " }" * 7 + " }",
    )
    return kinds[number % len(kinds)]


# The engine.


def people() -> LocalTransport:
    return LocalTransport(graphql_core_schema(build_schema(query=People)))


def engine(**far: HttpTransport) -> Engine:
    """Over two subgraphs in this process, and those `far` away."""
    places = LocalTransport(graphql_core_schema(build_schema(query=Places)))
    return Engine(
        supergraph=Supergraph.parse(_SUPERGRAPH),
        transports={"places": places, "people": people(), **far},
        limits=GatewayLimits(cost_max=_COST_MAX),
        introspection=False,
    )


def serve() -> None:
    """The subgraph over HTTP, which fails now and then."""
    transport = LocalTransport(graphql_core_schema(build_schema(query=Sensors, types=[Measured])))
    answered = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal answered
        answered += 1
        if answered % 500 == 0:
            return web.Response(status=503)
        body = orjson.loads(await request.read())
        asked = SubgraphRequest(query=body["query"], variables=body.get("variables") or {})
        found = await transport.fetch(asked, Context(request_id="far"))
        return web.Response(body=orjson.dumps({"data": found.data}), content_type="application/json")

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/graphql", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        say(f"http://127.0.0.1:{runner.addresses[0][1]}/graphql")
        await asyncio.Event().wait()

    asyncio.run(run())


# The measurement.


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process held when so many requests had been answered. cached: bytes, as the caches say."""

    phase: str
    requests: int
    rss: int
    blocks: int
    objects: int
    texts: int
    documents: int
    plans: int
    local: int
    cached: int
    kinds: Counter[str]

    @property
    def row(self) -> str:
        entries = f"{self.texts} | {self.documents} | {self.plans} | {self.local}"
        held = f"{self.rss / _MB:.1f} | {self.blocks / 1000:.0f} | {self.objects / 1000:.0f}"
        return f"| {self.phase} | {self.requests:,} | {held} | {entries} | {self.cached / _MB:.1f} |"


@dataclass(slots=True)
class Load:
    """Asks, and writes down. answered: by how it ended."""

    engine: Engine
    documents: Documents = field(default_factory=Documents)
    draw: random.Random = field(default_factory=lambda: random.Random(_SEED))
    requests: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    _written: list[str] = field(
        default_factory=lambda: [document(number, far=number % 10 == 9) for number in range(_DOCUMENTS)]
    )
    _ranks: list[float] = field(default_factory=lambda: list(accumulate((n + 1) ** -_ZIPF for n in range(_DOCUMENTS))))

    def popular(self) -> int:
        return bisect_left(self._ranks, self.draw.random() * self._ranks[-1])

    async def ask(self, query: str) -> None:
        answer = await self.engine.execute(query=query, context=Context(request_id="bench"))
        self.answered["refused" if answer.refused else "with errors" if answer.errors else "whole"] += 1

    async def by_name(self, query: str) -> None:
        """As clients of automatic persisted queries do: the name, and where it is not known the document too."""
        name = hashlib.sha256(query.encode()).hexdigest()
        body: dict[str, Any] = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}}
        try:
            found = self.documents.resolved(body)
        except DomainError:
            self.answered["names taught"] += 1
            found = self.documents.resolved({**body, "query": query})
        await self.ask(found["query"])

    async def cancelled(self, query: str) -> None:
        """Its client goes away while a subgraph over HTTP is asked."""
        task = asyncio.create_task(self.ask(query))
        await asyncio.sleep(0)
        task.cancel()
        ended = await asyncio.gather(task, return_exceptions=True)
        self.answered["cancelled"] += isinstance(ended[0], asyncio.CancelledError)

    async def near(self, number: int) -> None:
        """One request that this process answers alone."""
        if number % 200 == 0:
            await self.ask(refused(number // 200))
        elif number % 300 == 1:
            await self.ask('{ district(code: "closed") { code name } }')
        elif number % 5_000 == 2:
            await self.ask("{ people(first: 5000) { id name email level home { code } } }")
        elif number % 10 == 3:
            await self.by_name(self._written[self._near()])
        else:
            await self.ask(self._written[self._near()])

    def _near(self) -> int:
        """Nine in ten documents are answered by this process alone."""
        while (number := self.popular()) % 10 == 9:
            pass
        return number

    async def far(self) -> None:
        """So many at once, through the subgraph over HTTP."""
        chosen = [self._written[self.popular() // 10 * 10 + 9] for _ in range(_AT_ONCE)]
        gone = self.requests % 400 == 0
        asked = [self.cancelled(q) if gone and not n else self.ask(q) for n, q in enumerate(chosen)]
        await asyncio.gather(*asked)

    async def block(self) -> None:
        """Ten times as many requests as go far at once: nine in ten near, one in ten far."""
        for number in range(self.requests, self.requests + 9 * _AT_ONCE):
            await self.near(number)
        await self.far()
        self.requests += 10 * _AT_ONCE

    async def every_one(self) -> None:
        """Each of the documents once."""
        for query in self._written:
            await self.ask(query)
        self.requests += _DOCUMENTS

    async def new(self, count: int) -> None:
        """Documents that were never seen."""
        for number in range(self.requests, self.requests + count):
            await self.ask(document(f"new {number}", far=number % 10 == 9))
        self.requests += count

    async def spaced(self, count: int) -> None:
        """One document, in white space that was never seen."""
        for number in range(self.requests, self.requests + count):
            await self.ask(f"query Spaced {{ me {{ id name level }} }}{number:b}".translate(_SPACES))
        self.requests += count

    def sample(self, phase: str) -> None:
        gc.collect()
        engine = self.engine
        local = [t.documents for t in engine.transports.values() if isinstance(t, LocalTransport)]
        caches: list[Bounded[Any, Any]] = [*engine.caches.values(), *local]
        alive = gc.get_objects()
        found = Sample(
            phase=phase,
            requests=self.requests,
            rss=psutil.Process().memory_info().rss,
            blocks=sys.getallocatedblocks(),
            objects=len(alive),
            texts=len(engine.caches["texts"]),
            documents=len(engine.caches["documents"]),
            plans=len(engine._plans),
            local=sum(map(len, local)),
            cached=sum(cache.weight for cache in caches),
            kinds=Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in alive),
        )
        self.samples.append(found)
        say(found.row)


def slope(samples: list[Sample], held: Callable[[Sample], int]) -> tuple[float, float]:
    """Bytes a request by least squares, and how far a 95 % confidence interval goes to either side."""
    xs, ys = [float(s.requests) for s in samples], [float(held(s)) for s in samples]
    fitted = linear_regression(xs, ys)
    rest = sum((y - fitted.intercept - fitted.slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    spread = sum((x - fmean(xs)) ** 2 for x in xs)
    # Student's t for eight degrees of freedom.
    return fitted.slope, 2.31 * sqrt(rest / (len(xs) - 2) / spread)


async def measure(url: str, requests: int) -> None:
    every = max(requests // 20, 10 * _AT_ONCE)
    async with aclosing(Client()) as client:
        far = HttpTransport(url, client, retries=Retries(), in_flight=InFlight())
        load = Load(engine(sensors=far))
        say("| phase | requests | RSS MB | kblocks | kobjects | texts | documents | plans | local | cached MB |")
        say("|---|---|---|---|---|---|---|---|---|---|")
        load.sample("start")
        await load.every_one()
        load.sample("each once")
        while load.requests < requests:
            await load.block()
            if load.requests % every == 0:
                load.sample("popular")
        for _ in range(10):
            await load.new(max(every // 50, 10))
            load.sample("all new")
        for _ in range(10):
            await load.spaced(max(every // 50, 10))
            load.sample("white space")
    told(load)


_HELD: Final[Mapping[str, Callable[[Sample], int]]] = {
    "RSS": lambda sample: sample.rss,
    "RSS beside the caches": lambda sample: sample.rss - sample.cached,
}


def told(load: Load) -> None:
    """What came of it."""
    steady = [s for s in load.samples if s.phase == "popular"]
    steady = steady[len(steady) // 2 :]
    phases = {"popular": steady} | {
        phase: [s for s in load.samples if s.phase == phase][2:] for phase in ("all new", "white space")
    }
    for phase, samples in phases.items():
        for name, held in _HELD.items():
            grows, either = slope(samples, held)
            grown = grows * (samples[-1].requests - samples[0].requests) / _MB
            say(f"{phase}, {name}: {grows:+.1f} ± {either:.1f} bytes a request, {grown:+.2f} MB")
    say(f"answers: {dict(load.answered)}")
    for name, cache in load.engine.caches.items():
        say(f"{name}: {cache.hits:,} hits, {cache.misses:,} misses")
    over_http = sum(load.engine.figures.fetches["sensors"].within)
    say(f"CPU {time.process_time():.0f} s; fetches over HTTP: {over_http:,}")
    more = steady[-1].kinds - steady[0].kinds
    say("objects that grew most: " + ", ".join(f"{kind} {count:+}" for kind, count in more.most_common(8)))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Is memory flat?")
    parser.add_argument("--requests", type=int, default=1_000_000, help="of the popular phase")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return
    logging.disable(logging.ERROR)  # The failures here are on purpose.
    command = [sys.executable, "-m", "docs.benchmarks.scripts.gateway_memory", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            uvloop.install()
            asyncio.run(measure(process.stdout.readline().strip(), arguments.requests))
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
