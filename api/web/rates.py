"""How often one caller may ask: a bucket of units for each, that fills again as time passes.

Rules
- A query takes one unit, a mutation `mutation_units`, and so does what cannot be executed; whatever is estimated to
  cost more than a hundred objects takes a unit for each hundred. Who has no unit left is refused before the document is
  read.
- Who is signed in is counted as the person who acts, wherever they are; an account of the staff, which several gates
  may share, stands for five people. Who is not, by address (an IPv6 /64 is one) and
  by the device behind it, where it names itself: one address may be a whole school, and stands for `address_people`.
  (Seam: a mini-program's client id is one more line of `_subjects`.)
- The bucket is in Redis, where every process takes from it (GCRA: one number, the instant at which it will be full).
  No request pays for that: a process counts a tenth of the rate by itself, and beyond it takes leases of at most a
  tenth of the bucket, good for a second; what is left of one goes back with the next. So the limit holds to a tenth
  for each process, and an ordinary caller never costs a command.
- Redis may be away: then each process counts the whole rate by itself, for a second at a time. A limit is no outage.
- Redis never holds an account, an address or a device in clear: keys are blind indexes under the city's name.
- Time is the city's clock; Redis' own expiry only cleans up. The buckets in memory are bounded: who was not seen for
  longest begins anew.
Source: ITU-T I.371 (GCRA); https://brandur.org/rate-limiting
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from api.web.errors import RateLimited
from core.addresses import address_group
from core.bounded import Bounded
from core.clock import Clock
from core.crypto import FieldCipher
from core.errors import Unavailable
from core.graph import Context
from core.principal import PrincipalKind
from core.redis import Redis, answering

_BUCKETS_MAX: Final = 10_000  # of some 500 bytes each
_OWN_SHARE: Final = 0.1
_LEASE_S: Final = 1.0
_LEFT_ALONE_S: Final = 1.0
_WITHIN_S: Final = 0.1
_COST_OF_A_UNIT: Final = 100
_STAFF_PEOPLE: Final = 5
_MINUTE_S: Final = 60.0

# KEYS[1]: the instant (ms) at which the bucket is full. ARGV: now (ms), milliseconds for one unit, units of a full
# bucket, units wanted at most, units given back. Returns the units taken. A command that the driver sent a second time
# takes a second time, for a caller who then has that much less.
_LEASE: Final = """
local now, each = tonumber(ARGV[1]), tonumber(ARGV[2])
local empty = now + each * tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or '0') - each * tonumber(ARGV[5])
full = math.min(math.max(full, now), empty)
local taken = math.min(math.floor((empty - full) / each + 0.000001), tonumber(ARGV[4]))
full = full + taken * each
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.max(math.ceil(full - now), 1))
return taken
"""


@dataclass(slots=True, eq=False)
class _Bucket:
    """One caller's, as this process knows it. size: units when full, which come back in a minute.

    own: what is left of this process's own share; alone: of all, for when Redis is away; both as of `at`.
    lease: what is left of the units that were taken from Redis, good until `lease_until`. closed_until: when it is of
    any use to ask for more. asking: the lease that is being taken, once for all who wait for it.
    """

    key: str
    size: int
    at: float
    own: float
    alone: float
    lease: int = 0
    lease_until: float = 0.0
    closed_until: float = 0.0
    asking: asyncio.Task[None] | None = None

    @classmethod
    def full(cls, key: str, size: int, now: float) -> _Bucket:
        return cls(key, size, now, own=size * _OWN_SHARE, alone=size)

    def takes(self, units: int, now: float, *, redis_away: bool) -> bool:
        """Whether there are that many, which are taken then."""
        self._fill(now)
        if redis_away:
            enough = self.alone >= units
        elif self.own >= units:
            self.own -= units
            enough = True
        else:
            enough = self.lease >= units and now < self.lease_until
            if enough:
                self.lease -= units
        if enough:
            self.alone = max(self.alone - units, 0.0)
        return enough

    def _fill(self, now: float) -> None:
        passed = now - self.at
        if not passed:
            return
        self.at = now
        if passed < 0:
            # The clock was ahead: what was known for a second is not known now.
            self.lease_until = self.closed_until = now
            return
        fresh = passed * self.size / _MINUTE_S
        self.own = min(self.own + fresh * _OWN_SHARE, self.size * _OWN_SHARE)
        self.alone = min(self.alone + fresh, self.size)

    def has_any(self, now: float) -> bool:
        """False when it is known that not even one unit can be had."""
        self._fill(now)
        return now >= self.closed_until or self.own >= 1 or (self.lease >= 1 and now < self.lease_until)

    def refusal(self, units: int) -> RateLimited:
        return RateLimited(limit=self.size, retry_after_s=max(1, math.ceil(units * _MINUTE_S / self.size)))


class Rates:
    """Limits the requests of one city.

    namespace: the city's name, so that two cities may share one Redis. per_minute: units of one person or device; what
    they did not use of a minute's they may spend at once. tell: hears `refused`, `leased`, and `alone` (decided
    without Redis).
    """

    def __init__(
        self,
        *,
        redis: Redis,
        cipher: FieldCipher,
        clock: Clock,
        namespace: str,
        per_minute: int,
        mutation_units: int,
        address_people: int,
        tell: Callable[[str], None],
    ) -> None:
        self._cipher = cipher
        self._clock = clock
        self._namespace = namespace
        self._per_minute = per_minute
        self._mutation_units = mutation_units
        self._address_people = address_people
        self._tell = tell
        self._lease = redis.register_script(_LEASE)
        self._buckets: Bounded[tuple[str, str], _Bucket] = Bounded(_BUCKETS_MAX, _BUCKETS_MAX)
        self._away_until = 0.0

    async def admit(self, context: Context, weigh: Callable[[], tuple[str, float]]) -> None:
        """Count one request by everything that it is counted by.

        weigh: `query`, `mutation` or neither, and the estimated cost. Raises: RateLimited.
        """
        now = self._now()
        buckets = [self._bucket(kind, subject, people, now) for kind, subject, people in self._subjects(context)]
        for bucket in buckets:
            if not bucket.has_any(now):
                raise self._refused(bucket, 1)
        units = self._units(*weigh())
        for bucket in buckets:
            await self._take(bucket, min(units, bucket.size), now)

    def _subjects(self, context: Context) -> Iterable[tuple[str, str, int]]:
        """What is counted, who it is, and how many people's worth they have."""
        if context.principal.authenticated:
            people = 1 if context.principal.kind is PrincipalKind.CITIZEN else _STAFF_PEOPLE
            return (("principal", context.principal.actor, people),)
        group = address_group(context.client.address)
        at_address = ("address", group, self._address_people)
        # A device chooses its name itself: somebody elsewhere who takes the same one must not be counted with it.
        device = context.client.device_id
        return (("device", f"{group} {device}", 1), at_address) if device else (at_address,)

    def _units(self, kind: str, cost: float) -> int:
        return max(1 if kind == "query" else self._mutation_units, math.ceil(cost / _COST_OF_A_UNIT))

    async def _take(self, bucket: _Bucket, units: int, now: float) -> None:
        while not bucket.takes(units, now, redis_away=now < self._away_until):
            if now < self._away_until or now < bucket.closed_until:
                raise self._refused(bucket, units)
            if bucket.asking is None:
                bucket.asking = asyncio.create_task(self._ask(bucket, units))
            # A caller who hangs up must not end it for the others.
            await asyncio.shield(bucket.asking)
            now = self._now()
        if now < self._away_until:
            self._tell("alone")

    async def _ask(self, bucket: _Bucket, units: int) -> None:
        """Take a lease of at least `units`; of fewer where there are not so many, and then of no more for a while."""
        wanted = max(units, int(bucket.size * _OWN_SHARE))
        given_back, bucket.lease = bucket.lease, 0
        each_ms = 1000 * _MINUTE_S / bucket.size
        try:
            async with answering(), asyncio.timeout(_WITHIN_S):
                args = [self._now() * 1000, each_ms, bucket.size, wanted, given_back]
                bucket.lease = int(await self._lease(keys=[bucket.key], args=args))
        except Unavailable:
            self._away_until = self._now() + _LEFT_ALONE_S
        else:
            self._tell("leased")
            bucket.lease_until = self._now() + _LEASE_S
            if bucket.lease < units:
                bucket.closed_until = bucket.lease_until
        finally:
            bucket.asking = None

    def _bucket(self, kind: str, subject: str, people: int, now: float) -> _Bucket:
        found = self._buckets.get((kind, subject))
        if found is None:
            hidden = self._cipher.blind_index(subject, purpose=f"rates.{kind}").hex()[:32]
            key = f"{self._namespace}:rates:{kind}:{hidden}"
            fresh = _Bucket.full(key, people * self._per_minute, now)
            found = self._buckets.put((kind, subject), fresh, weight=1)
        return found

    def _refused(self, bucket: _Bucket, units: int) -> RateLimited:
        self._tell("refused")
        return bucket.refusal(units)

    def _now(self) -> float:
        return self._clock.now().timestamp()
