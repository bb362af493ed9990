"""The roof: settings → stores → services → subgraphs → gateway → aiohttp application.

The only place that chooses who works with whom. To see what the city is made of, read `open_city` from top to bottom.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

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
from api.subgraphs import ROOMS
from api.web.asking import Asking
from api.web.development import sms_routes
from api.web.door import application
from api.web.graphql import GraphQLDoor
from api.web.metrics import Metrics
from core import redis as core_redis
from core.clock import Clock, SystemClock
from core.crypto import FieldCipher
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

_LOG = logging.getLogger(__name__)
_SHELL: Final = Path(__file__).parents[1] / "miniapps" / "host"
_AUDIENCE: Final = "citytong"
# Longer than anything a key signs lives, and than a process goes without looking at its ring.
_KEY_OVERLAP: Final = timedelta(hours=1)
_KEYS_RELOADED_EVERY_S: Final = 60.0


class CityUnavailable(Exception):
    """The city cannot be opened here. The message is one sentence that says what to do."""


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
        """Opens nothing yet."""
        timeout_s = settings.store_timeout_ms / 1000
        ids = Ids(clock)
        mongo = Mongo.connect(url=settings.mongo_url, database=settings.mongo_database, timeout_s=timeout_s)
        redis = core_redis.connect(url=settings.redis_url, timeout_s=min(timeout_s, 2.0))
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
    engine: Engine
    identity: Identity
    city_codes: CityCodes
    development_sms: DevelopmentSms | None
    backbone: Backbone
    key_rings: Sequence[KeyRing]

    @property
    def settings(self) -> Settings:
        return self.ground.settings

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
        await answering("Redis", "TONG_REDIS_URL", core_redis.ping(ground.redis))
        return await _assemble(ground, http)
    except BaseException:
        await http.close()
        await ground.close()
        raise


async def answering(store: str, setting: str, probe: Awaitable[None]) -> None:
    """Raises: CityUnavailable, which names the setting, when `probe` says that the store is not there."""
    try:
        await probe
    except Unavailable as fault:
        raise CityUnavailable(f"{store} does not answer. Check that it runs, and that {setting} is right.") from fault


async def _assemble(ground: _Ground, http: aiohttp.ClientSession) -> City:
    settings = ground.settings
    who, token_keys = _identity(ground)
    city_codes, code_keys = _city_codes(ground)
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
    await token_keys.open()
    await who.open()
    await city_codes.open()
    if sms:
        await sms.open()
    return City(
        ground=ground,
        http=http,
        engine=_engine(settings, http),
        identity=who,
        city_codes=city_codes,
        development_sms=sms,
        backbone=backbone,
        key_rings=(token_keys, code_keys),
    )


def _identity(ground: _Ground) -> tuple[Identity, KeyRing]:
    keys = ground.key_ring("access-token", Algorithm.ES256)
    store = IdentityStore(mongo=ground.mongo, cipher=ground.cipher)
    limits = DEMO_LIMITS if ground.settings.demo else STANDARD_LIMITS
    room = Identity(
        store=store,
        codes=SignInCodes(redis=ground.redis, cipher=ground.cipher, clock=ground.clock, limits=limits),
        tokens=AccessTokens(
            keys=keys, issuer=ground.settings.public_url, audience=_AUDIENCE, clock=ground.clock, ids=ground.ids
        ),
        revocations=Revocations(redis=ground.redis, clock=ground.clock, recall=store.ended_since),
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
    )
    return room, keys


def _city_codes(ground: _Ground) -> tuple[CityCodes, KeyRing]:
    keys = ground.key_ring(CITY_CODE_KEYS, Algorithm.ED25519)
    room = CityCodes(
        store=CityCodeStore(mongo=ground.mongo, zone=ground.settings.city_zone),
        keys=keys,
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
        city=ground.settings.city_code,
    )
    return room, keys


def _subscriptions(who: Identity, city_codes: CityCodes, sms: DevelopmentSms | None) -> list[Subscription]:
    return [
        *identity.worker.subscriptions(who, sender=sms or NoCarrier()),
        *api.domains.citycode.worker.subscriptions(city_codes),
    ]


def _engine(settings: Settings, http: aiohttp.ClientSession) -> Engine:
    supergraph = Supergraph.parse(SUPERGRAPH.read_text())
    return Engine(
        supergraph=supergraph,
        transports=_transports(supergraph, settings, http),
        limits=GatewayLimits(
            deadline_s=settings.subgraph_deadline_ms / 1000,
            plans_max=settings.plans_kept_max,
            documents_max=settings.plans_kept_max,
        ),
        introspection=settings.development,
    )


def _transports(supergraph: Supergraph, settings: Settings, http: aiohttp.ClientSession) -> Mapping[str, Transport]:
    """A room in this process is called directly, unless the settings say where it answers over HTTP."""
    local = {name: LocalTransport(graphql_core_schema(room.schema)) for name, room in ROOMS.items()}
    remote = {
        name: HttpTransport(url=url, session=http)
        for name, url in settings.subgraphs.items()
        if name in supergraph.subgraphs
    }
    return {**local, **remote}


def door(city: City) -> web.Application:
    """The city behind HTTP."""
    settings = city.settings

    async def authenticate(token: str) -> Principal:
        return await city.identity.authenticate(token=token)

    asking = Asking(
        authenticate=authenticate,
        services={Identity: city.identity, CityCodes: city.city_codes},
        trusted_proxies=settings.trusted_proxies,
    )

    async def refresh(metrics: Metrics) -> None:
        backlog: Backlog = await city.ground.outbox.backlog()
        metrics.show_backlog(waiting=backlog.waiting, dead=backlog.dead, oldest_s=backlog.oldest_s)

    async def redis_answers() -> None:
        await core_redis.ping(city.ground.redis)

    return application(
        graphql=GraphQLDoor(city.engine, asking, settings.request_bytes_max),
        metrics=Metrics(refresh=refresh),
        checks=(("mongodb", city.ground.mongo.ping), ("redis", redis_answers)),
        shell=_SHELL,
        routes=[
            *identity.http.routes(keys=city.key_rings[0]),
            *api.domains.citycode.http.routes(city.city_codes),
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
