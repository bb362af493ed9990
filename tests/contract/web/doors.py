"""A door before a small graph, open by both of its ways: lean first, or behind aiohttp alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from graphql import build_schema

from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport
from api.web.asking import Asking
from api.web.door import application
from api.web.graphql import Admits, GraphQLDoor
from api.web.hosts import OtherHosts
from api.web.metrics import Metrics
from api.web.ports import SERVER, answering, bound
from api.web.shell import Shell
from api.web.streams import Streams
from core.errors import SignInRequired
from core.graph import Context
from core.principal import ANONYMOUS, Principal, PrincipalKind
from identity.devices.errors import ProofInvalid

BODY_MAX = 4096
KEY = "thumbprint"

_FIELDS = "hello(name: String): String  where: String  broken: String  wait: String"
SUPERGRAPH = f"""
schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) {{
  query: Query
  mutation: Mutation
  subscription: Subscription
}}
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!) repeatable on OBJECT | SCALAR
directive @link(url: String, for: link__Purpose) repeatable on SCHEMA
enum link__Purpose {{ SECURITY EXECUTION }}
enum join__Graph {{ A @join__graph(name: "a", url: "") }}
type Query @join__type(graph: A) {{ {_FIELDS} }}
type Mutation @join__type(graph: A) {{ change: String  changeSlowly: String }}
type Subscription @join__type(graph: A) {{ tick: String }}
"""


@dataclass(slots=True)
class Root:
    """The graph's resolvers. `wait` and `changeSlowly` say that they have begun, and go on at `go`.

    ticks: what `tick` tells of, to None. revoked: tokens that are good no more, each with what is raised.
    """

    go: asyncio.Event = field(default_factory=asyncio.Event)
    said: list[str] = field(default_factory=list)
    ticks: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    revoked: dict[str, Exception] = field(default_factory=dict)

    def hello(self, info: Any, name: str | None = None) -> str:
        return f"Hello {name or 'you'}"

    def where(self, info: Any) -> str:
        context: Context = info.context
        return f"{context.client.address} {context.client.device_id} {context.locale} {context.request_id}"

    def broken(self, info: Any) -> str:
        raise ValueError("a secret of the inside")

    async def wait(self, info: Any) -> str:
        return await self._slowly("wait")

    def change(self, info: Any) -> str:
        return "changed"

    async def changeSlowly(self, info: Any) -> str:
        return await self._slowly("change")

    async def tick(self, source: Any, info: Any) -> AsyncGenerator[str, None]:
        try:
            while (tick := await self.ticks.get()) is not None:
                yield tick
        finally:
            self.said.append("tick left")

    async def _slowly(self, name: str) -> str:
        self.said.append(f"{name} begun")
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.said.append(f"{name} cancelled")
            raise
        self.said.append(f"{name} ended")
        return name


async def _authenticate(token: str) -> Principal:
    if token == "bad":
        raise SignInRequired()
    if token.startswith("cit_"):
        return Principal(kind=PrincipalKind.CITIZEN, actor=token, subject=token)
    if token.startswith(("dev_", "rep_")):
        who, _, organisation = token.partition(".")
        kind = PrincipalKind.SERVICE if who.startswith("dev_") else PrincipalKind.ORGANISATION
        return Principal(kind=kind, actor=who, subject=organisation)
    return (
        Principal(kind=PrincipalKind.CITIZEN, actor="cit_1", subject="cit_1", jkt=KEY)
        if token == "bound"
        else ANONYMOUS
    )


async def _possession(proof: str, *, method: str, path: str, token: str | None) -> str:
    """Proofs of this door say in clear what they are for."""
    if proof != f"{method} {path} {token}":
        raise ProofInvalid(why="it is for something else")
    return KEY


async def _fails(request: web.Request) -> web.Response:
    raise RuntimeError("a secret of the inside")


@cache
def _shell(*, live: bool) -> Shell:
    """For all doors: to read and pack it costs more than most of what is asked."""
    return Shell(Path("miniapps/host").resolve(), live=live)


def door(
    *,
    development: bool = False,
    trusted_proxies: int = 0,
    checks: Any = (),
    root: Root | None = None,
    others: OtherHosts | None = None,
    routes: Sequence[web.RouteDef] = (),
    streams: Streams | None = None,
    rates: Admits | None = None,
) -> web.Application:
    changes, events = "change: String  changeSlowly: String", "tick: String"
    schema = build_schema(f"type Query {{ {_FIELDS} }} type Mutation {{ {changes} }} type Subscription {{ {events} }}")
    source = root or Root()
    for type_ in (schema.query_type, schema.mutation_type):
        assert type_ is not None
        for name, one in type_.fields.items():
            one.resolve = lambda _source, info, _name=name, **arguments: getattr(source, _name)(info, **arguments)
    assert schema.subscription_type is not None
    tick = schema.subscription_type.fields["tick"]
    tick.subscribe, tick.resolve = source.tick, lambda event, info: event

    async def authenticate(token: str) -> Principal:
        if token in source.revoked:
            raise source.revoked[token]
        return await _authenticate(token)

    engine = Engine(
        supergraph=Supergraph.parse(SUPERGRAPH), transports={"a": LocalTransport(schema)}, introspection=development
    )
    asking = Asking(authenticate=authenticate, services={}, trusted_proxies=trusted_proxies, possession=_possession)
    return application(
        graphql=GraphQLDoor(engine, asking, BODY_MAX, rates=rates, streams=streams or Streams()),
        metrics=Metrics(),
        checks=checks,
        shell=_shell(live=development),
        routes=[web.get("/fails", _fails), *routes],
        development=development,
        others=others,
    )


@asynccontextmanager
async def serving(app: web.Application, *, lean: bool = True) -> AsyncIterator[str]:
    """Yields the base URL. lean: as processes serve it; else aiohttp reads every connection from its first byte."""
    if lean:
        async with answering(app, bound(host="127.0.0.1", port=0)) as base:
            yield base
        return
    server = TestServer(app)
    await server.start_server(**SERVER)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()
