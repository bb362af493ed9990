"""The roof: settings → stores → services → subgraphs → gateway → aiohttp application.

The only place that chooses who works with whom. To see what the city is made of, read `open_city` from top to bottom.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import aiohttp
from aiohttp import web

import api.domains.citycode.http
import api.domains.citycode.worker
import identity.http
import identity.worker
from api.composition import SUPERGRAPH
from api.domains.citycode.service import KEY_PURPOSE as CITY_CODE_KEYS
from api.domains.citycode.service import CityCodes
from api.domains.citycode.store import CityCodeStore
from api.gateway.execute import Engine
from api.gateway.limits import GatewayLimits
from api.gateway.supergraph import Supergraph
from api.gateway.transport import HttpTransport, LocalTransport, Transport
from api.settings import Settings
from api.startup import CityUnavailable, answering, connected, is_replica_set
from api.subgraphs import ROOMS
from api.web.asking import Asking
from api.web.development import sms_routes
from api.web.door import application
from api.web.graphql import GraphQLDoor
from api.web.metrics import Metrics
from core import redis as core_redis
from core.clock import Clock, SystemClock
from core.crypto import FieldCipher, UnsealError
from core.errors import Unavailable
from core.events import Backbone, Backlog, DeadLetters, Limits, Outbox, Subscription
from core.graph import graphql_core_schema
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo
from core.principal import Principal
from core.redis import Redis
from core.tasks import going_on
from identity.codes import SignInCodes
from identity.demo import DEMO_LIMITS, load_demo
from identity.limits import STANDARD_LIMITS
from identity.revocations import Revocations
from identity.service import Identity
from identity.sms import DevelopmentSms, NoCarrier
from identity.store import IdentityStore
from identity.tokens import AccessTokens

S = TypeVar("S")

_LOG = logging.getLogger(__name__)
_SHELL: Final = Path(__file__).parents[1] / "miniapps" / "host"
_AUDIENCE: Final = "citytong"
# Longer than anything a key signs lives, and than a process goes without looking at its ring.
_KEY_OVERLAP: Final = timedelta(hours=1)
_KEYS_RELOADED_EVERY_S: Final = 60.0
# A room in this process has timeouts of its own, at its stores. Cutting it off sooner could hide that a change was
# made: this is only the last bound.
_LOCAL_DEADLINE_STORE_CALLS: Final = 4


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every room is built on."""

    settings: Settings
    clock: Clock
    ids: Ids
    mongo: Mongo
    redis: Redis
    cipher: FieldCipher
    outbox: Outbox

    @classmethod
    def connect(cls, settings: Settings, clock: Clock) -> _Ground:
        """Opens nothing yet. Raises: CityUnavailable when a URL is malformed."""
        timeout_s = settings.store_timeout_ms / 1000
        ids = Ids(clock)
        mongo = connected(
            "MongoDB",
            "TONG_MONGO_URL",
            lambda: Mongo.connect(url=settings.mongo_url, database=settings.mongo_database, timeout_s=timeout_s),
        )
        redis = connected(
            "Redis", "TONG_REDIS_URL", lambda: core_redis.connect(url=settings.redis_url, timeout_s=min(timeout_s, 2.0))
        )
        cipher = FieldCipher(settings.master_key)
        return cls(settings, clock, ids, mongo, redis, cipher, Outbox(mongo=mongo, ids=ids, clock=clock))

    def key_ring(self, purpose: str, algorithm: Algorithm) -> KeyRing:
        return KeyRing(
            purpose=purpose,
            algorithm=algorithm,
            mongo=self.mongo,
            cipher=self.cipher,
            clock=self.clock,
            overlap=_KEY_OVERLAP,
        )

    async def close(self) -> None:
        await self.redis.aclose()
        await self.mongo.close()


@dataclass(frozen=True, slots=True)
class City:
    """An open city: everything that answers or works, ready to be put behind a port."""

    ground: _Ground
    http: aiohttp.ClientSession
    identity: Identity
    city_codes: CityCodes
    development_sms: DevelopmentSms | None
    backbone: Backbone

    @property
    def settings(self) -> Settings:
        return self.ground.settings

    @property
    def key_rings(self) -> Sequence[KeyRing]:
        return self.identity.keys, self.city_codes.keys

    @property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.ground.mongo, self.ground.clock)

    async def load_demo(self) -> None:
        """Add what the demo city is missing; change nothing that is there."""
        await load_demo(store=self.identity.store, ids=self.ground.ids, clock=self.ground.clock)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Deliver events, learn of revocations and of new keys, while inside."""
        async with going_on(
            {
                "events": self.backbone.run,
                "revocations": self.identity.revocations.run,
                "keys": partial(_reload_keys, self.key_rings),
            }
        ):
            yield

    async def close(self) -> None:
        await self.http.close()
        await self.ground.close()


async def open_city(settings: Settings, *, clock: Clock | None = None) -> City:
    """Connect, assemble, and make what must exist. Raises: CityUnavailable when MongoDB or Redis does not answer."""
    ground = _Ground.connect(settings, clock or SystemClock())
    http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    try:
        await answering("MongoDB", "TONG_MONGO_URL", ground.mongo.ping())
        await is_replica_set(ground.mongo)
        await answering("Redis", "TONG_REDIS_URL", core_redis.ping(ground.redis))
        return await _assemble(ground, http)
    except UnsealError as fault:
        await _closed(ground, http)
        raise CityUnavailable(
            "TONG_MASTER_KEY is not the key that this database was sealed with. Bring that key back."
        ) from fault
    except BaseException:
        await _closed(ground, http)
        raise


async def _closed(ground: _Ground, http: aiohttp.ClientSession) -> None:
    await http.close()
    await ground.close()


async def _assemble(ground: _Ground, http: aiohttp.ClientSession) -> City:
    settings = ground.settings
    who = _identity(ground)
    city_codes = _city_codes(ground)
    sms = DevelopmentSms(mongo=ground.mongo, cipher=ground.cipher, clock=ground.clock) if settings.demo else None
    backbone = Backbone(
        mongo=ground.mongo,
        redis_url=settings.redis_url,
        clock=ground.clock,
        subscriptions=_subscriptions(who, city_codes, sms),
        limits=Limits(concurrency=settings.jobs_at_once_max),
        # Cities that share a Redis must not be handed each other's events.
        queue=f"citytong-events-{settings.mongo_database}",
    )
    await backbone.prepare()
    await who.open()
    await city_codes.open()
    if sms:
        await sms.open()
    return City(
        ground=ground,
        http=http,
        identity=who,
        city_codes=city_codes,
        development_sms=sms,
        backbone=backbone,
    )


def _identity(ground: _Ground) -> Identity:
    keys = ground.key_ring("access-token", Algorithm.ES256)
    store = IdentityStore(mongo=ground.mongo, cipher=ground.cipher)
    limits = DEMO_LIMITS if ground.settings.demo else STANDARD_LIMITS
    return Identity(
        store=store,
        codes=SignInCodes(redis=ground.redis, cipher=ground.cipher, clock=ground.clock, limits=limits),
        keys=keys,
        tokens=AccessTokens(
            keys=keys, issuer=ground.settings.public_url, audience=_AUDIENCE, clock=ground.clock, ids=ground.ids
        ),
        revocations=Revocations(redis=ground.redis, clock=ground.clock, recall=store.ended_since),
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
    )


def _city_codes(ground: _Ground) -> CityCodes:
    return CityCodes(
        store=CityCodeStore(mongo=ground.mongo, zone=ground.settings.city_zone),
        keys=ground.key_ring(CITY_CODE_KEYS, Algorithm.ED25519),
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
        city=ground.settings.city_code,
    )


def _subscriptions(who: Identity, city_codes: CityCodes, sms: DevelopmentSms | None) -> list[Subscription]:
    return [
        *identity.worker.subscriptions(who, sender=sms or NoCarrier()),
        *api.domains.citycode.worker.subscriptions(city_codes),
    ]


def _engine(settings: Settings, http: aiohttp.ClientSession, metrics: Metrics) -> Engine:
    supergraph = Supergraph.parse(SUPERGRAPH.read_text())
    return Engine(
        supergraph=supergraph,
        transports=_transports(supergraph, settings, http),
        limits=GatewayLimits(
            deadline_s=settings.subgraph_deadline_ms / 1000,
            deadlines_s={room: _LOCAL_DEADLINE_STORE_CALLS * settings.store_timeout_ms / 1000 for room in ROOMS},
            plans_max=settings.plans_kept_max,
            documents_max=settings.plans_kept_max,
        ),
        introspection=settings.development,
        on_error=lambda code, service: metrics.errors.labels(code, service).inc(),
    )


def _transports(supergraph: Supergraph, settings: Settings, http: aiohttp.ClientSession) -> Mapping[str, Transport]:
    """A room in this process is called directly, unless the settings say where it answers over HTTP.

    Raises: CityUnavailable when the settings name a subgraph that there is not, or leave one out.
    """
    if unknown := sorted(set(settings.subgraphs) - set(supergraph.subgraphs)):
        raise CityUnavailable(f"TONG_SUBGRAPHS names {', '.join(unknown)}; there is {', '.join(supergraph.subgraphs)}.")
    if missing := sorted(set(supergraph.subgraphs) - set(ROOMS) - set(settings.subgraphs)):
        raise CityUnavailable(f"TONG_SUBGRAPHS does not say where {', '.join(missing)} answers: {missing[0]}=http://…")
    local = {name: LocalTransport(graphql_core_schema(room.schema)) for name, room in ROOMS.items()}
    return {**local, **{name: HttpTransport(url=url, session=http) for name, url in settings.subgraphs.items()}}


def door(city: City) -> web.Application:
    """The city behind HTTP. Raises: CityUnavailable when the settings and the supergraph do not fit."""
    settings = city.settings

    async def authenticate(token: str) -> Principal:
        return await city.identity.authenticate(token=token)

    asking = Asking(
        authenticate=authenticate,
        services={Identity: city.identity, CityCodes: city.city_codes},
        trusted_proxies=settings.trusted_proxies,
    )

    async def refresh(metrics: Metrics) -> None:
        metrics.show_handled(asdict(city.backbone.counts))
        backlog: Backlog = await city.ground.outbox.backlog()
        metrics.show_backlog(waiting=backlog.waiting, dead=backlog.dead, oldest_s=backlog.oldest_s)

    async def redis_answers() -> None:
        await core_redis.ping(city.ground.redis)

    metrics = Metrics(refresh)
    return application(
        graphql=GraphQLDoor(_engine(settings, city.http, metrics), asking, settings.request_bytes_max),
        metrics=metrics,
        checks=(("mongodb", city.ground.mongo.ping), ("redis", redis_answers)),
        shell=_SHELL,
        routes=[
            *identity.http.routes(keys=city.identity.keys),
            *api.domains.citycode.http.routes(keys=city.city_codes.keys),
            *(sms_routes(city.development_sms.latest) if city.development_sms else ()),
        ],
        development=settings.development,
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
