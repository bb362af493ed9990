"""What every room is built on: the stores, the clock, ids, the cipher, the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import aiohttp

from api.settings import Settings
from api.startup import CityUnavailable, answering, connected, is_replica_set
from core import audit as core_audit
from core import redis as core_redis
from core.audit import AuditLog
from core.clock import Clock
from core.crypto import FieldCipher, UnsealError
from core.events import Outbox
from core.ids import Ids
from core.index_root import load_index_root
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo
from core.personal import PersonalCipher
from core.redis import Redis

# Longer than anything a key signs lives, and than a process goes without looking at its ring.
_KEY_OVERLAP: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every room is built on. http: for what leaves the city by HTTP. audit: who did what, in a chain.

    cipher: for what belongs to nobody in particular; personal: a key for each person.
    """

    settings: Settings
    clock: Clock
    ids: Ids
    mongo: Mongo
    redis: Redis
    cipher: FieldCipher
    outbox: Outbox
    audit: AuditLog
    personal: PersonalCipher
    http: aiohttp.ClientSession

    @classmethod
    def connect(cls, settings: Settings, clock: Clock) -> Ground:
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
        cipher = FieldCipher(settings.master_key, settings.master_key_previous)
        checkpoints = KeyRing(
            purpose=core_audit.KEY_PURPOSE,
            algorithm=Algorithm.ED25519,
            mongo=mongo,
            cipher=cipher,
            clock=clock,
            overlap=core_audit.KEY_OVERLAP,
        )
        return cls(
            settings=settings,
            clock=clock,
            ids=ids,
            mongo=mongo,
            redis=redis,
            cipher=cipher,
            outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
            audit=AuditLog(mongo=mongo, keys=checkpoints, ids=ids, clock=clock),
            personal=PersonalCipher(mongo, settings.master_key, settings.master_key_previous),
            http=aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()),
        )

    async def answers(self) -> None:
        """Raises: CityUnavailable, one sentence for what is not there."""
        await answering("MongoDB", "TONG_MONGO_URL", self.mongo.ping())
        await is_replica_set(self.mongo)
        await answering("Redis", "TONG_REDIS_URL", self.ping_redis())

    async def open_keys(self) -> None:
        """Make ready what seals and finds personal fields. Raises: CityUnavailable (another key), Unavailable."""
        try:
            await load_index_root(self.mongo, self.cipher)
        except UnsealError as fault:
            raise CityUnavailable("TONG_MASTER_KEY is not the key that this database was sealed with.") from fault
        await self.personal.open_vault()

    async def ping_redis(self) -> None:
        """Raises: Unavailable."""
        await core_redis.ping(self.redis)

    def key_ring(self, purpose: str, algorithm: Algorithm, *, overlap: timedelta = _KEY_OVERLAP) -> KeyRing:
        """overlap: how long a retired key still verifies; at least the life of what it signs."""
        return KeyRing(
            purpose=purpose,
            algorithm=algorithm,
            mongo=self.mongo,
            cipher=self.cipher,
            clock=self.clock,
            overlap=overlap,
        )

    async def close(self) -> None:
        await self.http.close()
        await self.personal.close()
        await self.redis.aclose()
        await self.mongo.close()
