"""The roof: settings → ground → rooms → subgraphs → gateway → aiohttp application.

To see what the city is made of, read `api/rooms.py`; to see how it is opened and closed, read on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from api import city_graph, publications
from api.gateway.client import Client
from api.gateway.documents import Documents, read_manifest
from api.gateway.errors import ManifestInvalid
from api.gateway.execute import Engine
from api.gateway.limits import GatewayLimits
from api.gateway.retries import Retries
from api.gateway.supergraph import Supergraph
from api.gateway.transport import HttpTransport, LocalTransport, Transport
from api.ground import Ground
from api.readers import MASKING, authenticated, known_policies
from api.rooms import Rooms
from api.sandbox import settle_kind
from api.settings import Settings
from api.startup import CityUnavailable
from api.subgraphs import ROOMS
from api.web.asking import Asking
from api.web.door import application
from api.web.graph_sdl import sdl_routes
from api.web.graphql import GraphQLDoor
from api.web.metrics import Metrics
from api.web.rates import Rates
from api.web.shell import Shell
from api.web.streams import StreamLimits, Streams
from core.clock import Clock, SystemClock
from core.crypto import UnsealError
from core.errors import Unavailable
from core.events import Backbone, Backlog, DeadLetters, Limits
from core.graph import Context, graphql_core_schema
from core.keys import KeyRing
from core.principal import Principal
from core.sharing import InFlight
from core.tasks import Work, going_on

_LOG = logging.getLogger(__name__)
_SHELL: Final = Path(__file__).parents[1] / "miniapps" / "host"
_KEYS_RELOADED_EVERY_S: Final = 60.0
# A room in this process has timeouts of its own, at its stores. Cutting it off sooner could hide that a change was
# made: this is only the last bound.
_LOCAL_DEADLINE_STORE_CALLS: Final = 4


@dataclass(frozen=True)
class City:
    """An open city: everything that answers or works, ready to be put behind a port."""

    ground: Ground
    rooms: Rooms
    backbone: Backbone

    @cached_property
    def metrics(self) -> Metrics:
        async def refresh(metrics: Metrics) -> None:
            metrics.show_handled(asdict(self.backbone.counts))
            backlog: Backlog = await self.ground.outbox.backlog()
            metrics.show_backlog(waiting=backlog.waiting, dead=backlog.dead, oldest_s=backlog.oldest_s)

        return Metrics(refresh)

    @cached_property
    def engine(self) -> Engine:
        """Raises: CityUnavailable when the settings and the supergraph do not fit."""
        return _engine(self.settings, self.client)

    @cached_property
    def client(self) -> Client:
        """What calls the subgraphs that answer over HTTP."""
        return Client()

    @property
    def settings(self) -> Settings:
        return self.ground.settings

    @property
    def key_rings(self) -> Sequence[KeyRing]:
        return self.rooms.key_rings

    @property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.ground.mongo, self.ground.clock)

    async def settle_kind(self) -> None:
        """Before it serves or works: a sandbox's database stays one. Raises: CityUnavailable, Unavailable."""
        await settle_kind(self.ground)

    async def load_demo(self) -> None:
        """Add what the demo city is missing; change nothing that is there."""
        await self.rooms.load_demo()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Deliver events, do the rooms' chores, learn of new keys, while inside."""
        own: dict[str, Work] = {"events": self.backbone.run, "keys": partial(_reload_keys, self.key_rings)}
        async with going_on({**own, **self.rooms.chores, **self._publishing()}):
            yield

    def _publishing(self) -> Mapping[str, Work]:
        """What the city gives to open data, where somebody takes it: asked of its own graph, as nobody."""
        settings, ground = self.settings, self.ground
        if not settings.data_url:
            return {}

        async def ask(query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
            context = Context(request_id=ground.ids.new("req"), services=self.rooms.services)
            return (await self.engine.execute(query=query, variables=variables, context=context)).as_dict()

        return publications.chores(
            publications.Publisher(
                ask=ask,
                http=ground.http,
                url=settings.data_url,
                key=settings.data_key,
                clock=ground.clock,
                publications=publications.PUBLICATIONS,
            )
        )

    async def close(self) -> None:
        await self.client.aclose()
        await self.rooms.close()
        await self.ground.close()


async def open_city(settings: Settings, *, clock: Clock | None = None) -> City:
    """Connect, assemble, and make what must exist. Raises: CityUnavailable when MongoDB or Redis does not answer."""
    ground = Ground.connect(settings, clock or SystemClock())
    try:
        await ground.answers()
        return await _assemble(ground)
    except UnsealError as fault:
        await ground.close()
        raise CityUnavailable(
            "TONG_MASTER_KEY is not the key that this database was sealed with. Bring that key back."
        ) from fault
    except BaseException:
        await ground.close()
        raise


async def _assemble(ground: Ground) -> City:
    settings, rooms = ground.settings, Rooms.on(ground)
    backbone = Backbone(
        mongo=ground.mongo,
        redis_url=settings.redis_url,
        clock=ground.clock,
        subscriptions=rooms.subscriptions,
        limits=Limits(concurrency=settings.jobs_at_once_max),
        # Cities that share a Redis must not be handed each other's events.
        queue=f"citytong-events-{settings.mongo_database}",
    )
    await backbone.prepare()
    await rooms.open()
    return City(ground, rooms, backbone)


def _engine(settings: Settings, client: Client) -> Engine:
    supergraph = city_graph.supergraph()
    return Engine(
        supergraph=supergraph,
        transports=_transports(supergraph, settings, client),
        limits=GatewayLimits(
            deadline_s=settings.subgraph_deadline_ms / 1000,
            deadlines_s={room: _LOCAL_DEADLINE_STORE_CALLS * settings.store_timeout_ms / 1000 for room in ROOMS},
            plans_max=settings.plans_kept_max,
            documents_max=settings.plans_kept_max,
            cost_max=settings.cost_max,
        ),
        introspection=settings.development,
        shows_cost=settings.development,
        policies=known_policies(supergraph),
        masking=MASKING,
    )


def _transports(supergraph: Supergraph, settings: Settings, client: Client) -> Mapping[str, Transport]:
    """A room in this process is called directly, unless the settings say where it answers over HTTP.

    Raises: CityUnavailable when the settings name a subgraph that there is not, or leave one out.
    """
    if unknown := sorted(set(settings.subgraphs) - set(supergraph.subgraphs)):
        raise CityUnavailable(f"TONG_SUBGRAPHS names {', '.join(unknown)}; there is {', '.join(supergraph.subgraphs)}.")
    if missing := sorted(set(supergraph.subgraphs) - set(ROOMS) - set(settings.subgraphs)):
        raise CityUnavailable(f"TONG_SUBGRAPHS does not say where {', '.join(missing)} answers: {missing[0]}=http://…")
    local = {name: LocalTransport(graphql_core_schema(room.schema)) for name, room in ROOMS.items()}
    return {**local, **{name: _far(url, settings, client) for name, url in settings.subgraphs.items()}}


def _far(url: str, settings: Settings, client: Client) -> HttpTransport:
    retries = Retries(attempts_max=settings.subgraph_attempts_max)
    return HttpTransport(url=url, client=client, retries=retries, in_flight=InFlight())


def _documents(settings: Settings, engine: Engine) -> Documents:
    """Raises: CityUnavailable when the manifest cannot be read, or names what the graph does not have."""
    if not settings.trusted_documents:
        return Documents()
    file = Path(settings.trusted_documents)
    try:
        documents = Documents(read_manifest(file.read_bytes()), free_form=settings.development)
        engine.prepare_all(documents.trusted or {})
    except OSError as fault:
        raise CityUnavailable(f"TONG_TRUSTED_DOCUMENTS: {file} cannot be read: {fault.strerror}.") from fault
    except ManifestInvalid as fault:
        raise CityUnavailable(f"TONG_TRUSTED_DOCUMENTS: {fault.message}") from fault
    return documents


def door(city: City) -> web.Application:
    """The city behind HTTP. Raises: CityUnavailable when the settings and the supergraph do not fit."""
    settings = city.settings

    async def authenticate(token: str) -> Principal:
        return await authenticated(
            token,
            citizens=lambda text: city.rooms.wings.identity.authenticate(token=text),
            tools=city.rooms.platform.developers.tokens.tool,
        )

    asking = Asking(
        authenticate=authenticate,
        services=city.rooms.services,
        trusted_proxies=settings.trusted_proxies,
        possession=city.rooms.wings.devices.possession,
    )

    graphql = GraphQLDoor(
        city.engine,
        asking,
        settings.request_bytes_max,
        _documents(settings, city.engine),
        in_flight=InFlight(),
        rates=_rates(city) if settings.requests_per_minute_max else None,
        streams=Streams(
            StreamLimits(
                open_max=settings.streams_max,
                of_one_max=settings.streams_of_one_max,
                of_organisation_max=settings.streams_of_organisation_max,
                life_s=settings.stream_life_s,
            )
        ),
    )
    return application(
        graphql=graphql,
        metrics=city.metrics,
        checks=(("mongodb", city.ground.mongo.ping), ("redis", city.ground.ping_redis)),
        shell=Shell(_SHELL, live=settings.development, sandbox=settings.sandbox),
        routes=[
            *city.rooms.routes(asking.context_of, asking.address_of, graphql.asked),
            *sdl_routes(city_graph.sdl),
        ],
        development=settings.development,
        others=city.rooms.program_hosts(asking.address_of),
    )


def _rates(city: City) -> Rates:
    settings, ground = city.settings, city.ground
    return Rates(
        redis=ground.redis,
        cipher=ground.cipher,
        clock=ground.clock,
        namespace=settings.mongo_database,
        per_minute=settings.requests_per_minute_max,
        mutation_units=settings.mutation_units,
        address_people=settings.address_people,
        tell=lambda outcome: city.metrics.rates.labels(outcome).inc(),
    )


async def _reload_keys(rings: Sequence[KeyRing]) -> None:
    """Another process may have rotated: sign with what it made active, before what we hold stops verifying."""
    while True:
        await asyncio.sleep(_KEYS_RELOADED_EVERY_S)
        for ring in rings:
            try:
                await ring.reload()
            except Unavailable:
                _LOG.warning("keys were not reloaded", extra={"facts": {"ring": ring.purpose}})
