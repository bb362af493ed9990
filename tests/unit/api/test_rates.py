"""How often one caller may ask: buckets in the real Redis, two processes, a clock that moves when told."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from api.web.errors import RateLimited
from api.web.rates import Rates
from core import redis as core_redis
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.graph import Client, Context
from core.principal import Principal, PrincipalKind
from core.redis import Redis

PER_MINUTE = 100
OWN = PER_MINUTE // 10


@dataclass
class Process:
    """One process of the city, and how many were let in by it."""

    rates: Rates
    told: Counter[str] = field(default_factory=Counter)

    async def lets_in(self, context: Context, *, times: int = 1, kind: str = "query", cost: float = 1.0) -> int:
        """How many of that many requests, one after another, until one is refused."""
        for number in range(times):
            try:
                await self.rates.admit(context, lambda: (kind, cost))
            except RateLimited:
                return number
        return times


def process(redis: Redis, cipher: FieldCipher, clock: FixedClock) -> Process:
    told = Counter[str]()
    rates = Rates(
        redis=redis,
        cipher=cipher,
        clock=clock,
        namespace="city",
        per_minute=PER_MINUTE,
        mutation_units=5,
        address_people=3,
        tell=lambda outcome: told.update([outcome]),
    )
    return Process(rates, told)


@pytest.fixture
def one(redis: Redis, cipher: FieldCipher, clock: FixedClock) -> Process:
    return process(redis, cipher, clock)


@pytest.fixture
def other(redis: Redis, cipher: FieldCipher, clock: FixedClock) -> Process:
    return process(redis, cipher, clock)


def person(name: str = "cit_1", *, address: str = "192.0.2.1") -> Context:
    principal = Principal(kind=PrincipalKind.CITIZEN, actor=name, subject=name, session_id="ses_1")
    return Context(request_id="r", principal=principal, client=Client(address=address))


def nobody(address: str, device: str = "") -> Context:
    return Context(request_id="r", client=Client(address=address, device_id=device))


async def test_who_asks_as_people_do_costs_no_command(one: Process, clock: FixedClock) -> None:
    for _ in range(30):
        assert await one.lets_in(person(), times=2) == 2
        clock.advance(seconds=12)
    assert one.told == {}


async def test_a_script_gets_the_bucket_and_then_the_rate(one: Process, other: Process, clock: FixedClock) -> None:
    first = await one.lets_in(person(), times=1000)
    second = await other.lets_in(person(), times=1000)
    # Each process has a tenth of its own; the bucket is shared.
    assert (first, second) == (PER_MINUTE + OWN, OWN)
    assert one.told == {"leased": 11, "refused": 1}
    clock.advance(seconds=30)
    assert await one.lets_in(person(), times=1000) == PER_MINUTE // 2 + OWN // 2


async def test_what_is_asked_at_once_takes_few_leases(one: Process) -> None:
    asking = [one.rates.admit(person(), lambda: ("query", 1.0)) for _ in range(300)]
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(end is None for end in ends) == PER_MINUTE + OWN
    assert one.told["leased"] <= 11


async def test_what_is_left_of_a_lease_goes_back(one: Process, clock: FixedClock) -> None:
    """Three quarters of the rate for ten minutes: leases of ten are taken, of which a few units are used."""
    for _ in range(600):
        for _ in range(5):
            assert await one.lets_in(person()) == 1
        clock.advance(seconds=4)
    assert one.told["leased"] <= 600


async def test_a_refusal_is_counted_here_for_a_second(one: Process, clock: FixedClock) -> None:
    await one.lets_in(person(), times=1000)
    leased = one.told["leased"]
    for _ in range(500):
        assert await one.lets_in(person()) == 0
    assert one.told["leased"] == leased
    with pytest.raises(RateLimited) as refusal:
        await one.rates.admit(person(), lambda: ("query", 1.0))
    assert refusal.value.extensions == {
        "limit": PER_MINUTE,
        "retry_after_s": 1,
        "code": "RATE_LIMITED",
        "kind": "LIMITED",
        "retryable": True,
    }
    clock.advance(seconds=1.2)
    assert await one.lets_in(person(), times=1000) == 2


async def test_who_has_nothing_left_is_refused_before_the_document_is_read(one: Process) -> None:
    await one.lets_in(person(), times=1000)

    def weigh() -> tuple[str, float]:
        raise AssertionError("read")

    with pytest.raises(RateLimited):
        await one.rates.admit(person(), weigh)


@pytest.mark.parametrize(
    ("kind", "cost", "let_in"),
    [
        ("query", 100.0, PER_MINUTE + OWN),
        ("query", 101.0, (PER_MINUTE + OWN) // 2),
        ("mutation", 11.0, (PER_MINUTE + OWN) // 5),
        ("", 0.0, (PER_MINUTE + OWN) // 5),
        ("mutation", 2000.0, PER_MINUTE // 20),
        # What costs more than the whole bucket can be asked once in a minute.
        ("query", 1e15, 1),
    ],
)
async def test_what_one_request_counts_for(one: Process, kind: str, cost: float, let_in: int) -> None:
    assert await one.lets_in(person(), times=1000, kind=kind, cost=cost) == let_in


async def test_people_at_one_address_do_not_count_together(one: Process) -> None:
    for number in range(20):
        assert await one.lets_in(person(f"cit_{number}"), times=PER_MINUTE) == PER_MINUTE
    assert await one.lets_in(nobody("192.0.2.1"), times=5) == 5


async def test_gates_may_share_an_account(one: Process) -> None:
    gate = Principal(kind=PrincipalKind.STAFF, actor="stf_1", subject="stf_1", session_id="ses_1")
    scans = await one.lets_in(Context(request_id="r", principal=gate), times=1000, kind="mutation", cost=11.0)
    assert scans == PER_MINUTE + OWN


async def test_one_person_counts_once_for_whomever_they_act(one: Process) -> None:
    acting = Principal(kind=PrincipalKind.CITIZEN, actor="cit_1", subject="cit_2", session_id="ses_2")
    assert await one.lets_in(person(), times=1000) == PER_MINUTE + OWN
    assert await one.lets_in(Context(request_id="r", principal=acting)) == 0


async def test_who_is_not_signed_in_counts_by_device_and_address(one: Process, redis: Redis) -> None:
    school = 3 * (PER_MINUTE + OWN)
    assert await one.lets_in(nobody("2001:db8::1", "a"), times=1000) == PER_MINUTE + OWN
    assert await one.lets_in(nobody("2001:db8::2", "b"), times=50) == 50
    # The same /64, whoever; and a name that another device has elsewhere is another device.
    assert await one.lets_in(nobody("2001:db8::ffff"), times=1000) == school - (PER_MINUTE + OWN) - 50
    assert await one.lets_in(nobody("2001:db8:0:1::1", "a"), times=1000) == PER_MINUTE + OWN
    # A city of another test may live on the same Redis.
    keys = [key.decode() async for key in redis.scan_iter("city:*")]
    assert keys and all(key.startswith("city:rates:") and "db8" not in key for key in keys)
    assert all([await redis.pttl(key) > 0 for key in keys])


async def test_a_caller_who_hangs_up_leaves_the_lease_to_the_others(one: Process) -> None:
    assert await one.lets_in(person(), times=OWN) == OWN
    asking = [asyncio.create_task(one.rates.admit(person(), lambda: ("query", 1.0))) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError, *[type(None)] * 4]
    assert one.told == {"leased": 1}


async def test_without_redis_each_process_counts_alone(cipher: FieldCipher, clock: FixedClock) -> None:
    nowhere = core_redis.connect(url="redis://127.0.0.1:1/0")
    alone = process(nowhere, cipher, clock)
    # The tenth of its own was used before Redis was asked for the first time.
    assert await alone.lets_in(person(), times=1000) == PER_MINUTE
    assert alone.told == {"alone": PER_MINUTE - OWN, "refused": 1}
    clock.advance(seconds=30)
    assert await alone.lets_in(person(), times=1000) == PER_MINUTE // 2
    await nowhere.aclose()


async def test_a_clock_that_was_ahead_locks_nobody_out(one: Process, clock: FixedClock) -> None:
    clock.advance(seconds=86_400)
    await one.lets_in(person(), times=1000)
    clock.advance(seconds=-86_400)
    assert await one.lets_in(person()) == 0
    clock.advance(seconds=60)
    assert await one.lets_in(person(), times=50) == 50
