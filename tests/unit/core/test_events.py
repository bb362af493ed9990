"""The event backbone on a real MongoDB and Redis: once only, tried again, dead letters, nothing left of an abort."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from pymongo.read_concern import ReadConcern

from core.clock import FixedClock
from core.embedded import Stores
from core.errors import DomainError, Kind, NotFound
from core.events import (
    Backbone,
    Counts,
    DeadLetters,
    Event,
    EventNotStorable,
    EventTooLarge,
    Limits,
    Outbox,
    Subscription,
)
from core.events.deliveries import Deliveries
from core.events.queue import Queue
from core.events.relay import Relay
from core.events.spreading import LeaseLost, Spreading
from core.events.worker import Delivering
from core.ids import Ids
from core.mongo import Mongo, Session
from core.paging import PageRequest
from core.redis import Redis
from tests.support.waiting import until

QUICK = Limits(poll_s=0.05, tries_max=3, retry_base_s=10, retry_cap_s=60, stop_s=1.0)


class City:
    """One test's backbone: an outbox, a tally kept by a `within` handler, and processes that come and go."""

    def __init__(self, *, mongo: Mongo, redis_url: str, clock: FixedClock, ids: Ids, stack: AsyncExitStack) -> None:
        self.mongo = mongo
        self.clock = clock
        self.outbox = Outbox(mongo, ids, clock)
        self.dead_letters = DeadLetters(mongo, clock)
        self.redis_url = redis_url
        self._stack = stack

    def backbone(self, *subscriptions: Subscription, limits: Limits = QUICK) -> Backbone:
        return Backbone(
            mongo=self.mongo,
            redis_url=self.redis_url,
            clock=self.clock,
            subscriptions=subscriptions,
            limits=limits,
            jitter=lambda: 1.0,
            queue=self.mongo.database.name,
        )

    async def start(self, *subscriptions: Subscription, limits: Limits = QUICK) -> Counts:
        backbone = self.backbone(*subscriptions, limits=limits)
        await backbone.prepare()
        await self._stack.enter_async_context(running(backbone))
        return backbone.counts

    async def append(self, *names: str, **payload: object) -> list[Event]:
        async def work(session: Session) -> list[Event]:
            return [await self.outbox.append(name=name, payload=payload, session=session) for name in names]

        return await self.mongo.transaction(work)

    async def count(self, event: Event, session: Session) -> None:
        """A handler: one more for the event's name."""
        await self.mongo.collection("tally").update_one(
            {"_id": event.name}, {"$inc": {"count": 1}}, upsert=True, session=session
        )

    async def tally(self, name: str) -> int:
        row = await self.mongo.collection("tally").find_one({"_id": name})
        return row["count"] if row else 0

    async def quiet(self) -> bool:
        return (await self.outbox.backlog()).waiting == 0

    async def rows(self, collection: str) -> list[dict[str, Any]]:
        """As the primary has them now, also what no majority has yet."""
        local = self.mongo.collection(collection).with_options(read_concern=ReadConcern("local"))
        return await local.find().sort("_id").to_list()


@asynccontextmanager
async def running(backbone: Backbone) -> AsyncIterator[None]:
    task = asyncio.create_task(backbone.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture
async def city(mongo: Mongo, redis: Redis, stores: Stores, clock: FixedClock, ids: Ids) -> AsyncIterator[City]:
    async with AsyncExitStack() as stack:
        yield City(mongo=mongo, redis_url=stores.redis_url, clock=clock, ids=ids, stack=stack)


class Jammed(DomainError):
    code = "TEST_JAMMED"
    kind = Kind.UNAVAILABLE
    template = "Jammed."


class Failing:
    """An `after` handler that fails its first `times` calls."""

    def __init__(self, times: int, fault: Exception) -> None:
        self.times, self.fault, self.calls = times, fault, 0

    async def __call__(self, event: Event) -> None:
        self.calls += 1
        if self.calls <= self.times:
            raise self.fault


def counting(city: City, handler: str = "gate.count", event: str = "gate.opened") -> Subscription:
    return Subscription(event=event, handler=handler, within=city.count, at_once=1)


async def first_page(letters: DeadLetters) -> Sequence[Any]:
    return (await letters.page(request=PageRequest(10))).rows


async def test_each_handler_of_an_event_runs_once(city: City) -> None:
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    counts = await city.start(counting(city), Subscription(event="gate.opened", handler="gate.hear", after=hear))
    (event,) = await city.append("gate.opened", gate=7)
    await until(city.quiet, what="the end of every delivery")

    assert await city.tally("gate.opened") == 1
    assert heard == [event] and heard[0].payload == {"gate": 7}
    assert counts == Counts(spread=1, handed_over=2, done=2)


async def test_a_transaction_that_aborts_leaves_no_event(city: City) -> None:
    async def work(session: Session) -> None:
        await city.outbox.append(name="gate.opened", payload={}, session=session)
        raise Jammed()

    with pytest.raises(Jammed):
        await city.mongo.transaction(work)
    assert await city.rows("events") == []


async def test_a_handler_that_raises_leaves_none_of_its_writes(city: City) -> None:
    async def write_then_fail(event: Event, session: Session) -> None:
        await city.count(event, session)
        raise Jammed()

    counts = await city.start(Subscription(event="gate.opened", handler="gate.count", within=write_then_fail))
    await city.append("gate.opened")
    await until(lambda: _is(counts, retried=1), what="a failed try")
    assert await city.tally("gate.opened") == 0


async def _is(counts: Counts, **expected: int) -> bool:
    return all(getattr(counts, name) == value for name, value in expected.items())


async def test_two_processes_and_a_queue_filled_again_and_again_take_effect_once(city: City) -> None:
    deliveries = city.mongo.collection("event_deliveries")
    async with running(city.backbone(counting(city))), running(city.backbone(counting(city))):
        await city.append(*["gate.opened"] * 50)
        for _ in range(20):  # whatever is open is due at once, as after a lost queue
            await deliveries.update_many({"next_at": {"$exists": True}}, {"$set": {"next_at": city.clock.now()}})
        await until(city.quiet, what="the end of every delivery")
    assert await city.tally("gate.opened") == 50


async def test_one_delivery_given_to_two_workers_ten_times_at_once_takes_effect_once(city: City) -> None:
    spreading = Spreading(city.mongo, city.clock, QUICK)
    await spreading.register([counting(city)])
    await city.append("gate.opened")
    assert await spreading.hold() is True
    _, (id_,) = await spreading.spread()
    handlers = {"gate.count": Subscription(event="gate.opened", handler="gate.count", within=city.count, at_once=10)}
    workers = [Delivering(Deliveries(city.mongo, city.clock, QUICK), handlers, Counts(), lambda: 1.0) for _ in range(2)]
    await asyncio.gather(*(worker.deliver(id_) for worker in workers for _ in range(10)))
    assert await city.tally("gate.opened") == 1
    assert sum(worker.counts.done for worker in workers) == 1


async def test_a_delivery_done_meanwhile_does_not_run_again(city: City) -> None:
    """The once-only mark itself: one claim taken for dead, a second one that finishes, the first one waking up."""
    (event,) = await city.append("gate.opened")
    async with running(city.backbone(counting(city))):
        await until(city.quiet, what="the end of every delivery")
    await city.mongo.collection("event_deliveries").update_one(
        {}, {"$set": {"next_at": city.clock.now()}, "$unset": {"done_at": "", "expires_at": ""}}
    )
    deliveries = Deliveries(city.mongo, city.clock, QUICK)
    id_ = f"{event.id}:gate.count"
    first = await deliveries.claim(id_, timeout_s=10)
    assert first is not None
    assert await deliveries.claim(id_, timeout_s=10) is None
    city.clock.advance(seconds=16)
    second = await deliveries.claim(id_, timeout_s=10)
    assert second is not None

    async def effect(session: Session) -> None:
        await city.count(event, session)

    assert await deliveries.do_within(second, effect) is True
    assert await deliveries.do_within(first, effect) is False
    assert await deliveries.mark_done(first) is False
    assert await city.tally("gate.opened") == 2  # one by the backbone, one by the second claim


async def test_a_failing_handler_is_tried_again_after_doubling_pauses(city: City) -> None:
    handler = Failing(2, Jammed())
    counts = await city.start(Subscription(event="gate.opened", handler="gate.ring", after=handler))
    await city.append("gate.opened")
    for tries, pause_s in ((1, 10), (2, 20)):
        await until(partial(_is, counts, retried=tries), what="a failed try")
        (row,) = await city.rows("event_deliveries")
        assert (row["next_at"] - city.clock.now()).total_seconds() == pause_s
        city.clock.advance(seconds=pause_s)
    await until(city.quiet, what="the end of every delivery")
    assert handler.calls == 3
    assert (counts.done, counts.dead) == (1, 0)


async def test_used_up_tries_make_a_dead_letter_that_can_be_replayed(city: City) -> None:
    handler = Failing(3, ValueError("张丽华 13800000001"))
    counts = await city.start(Subscription(event="gate.opened", handler="gate.ring", after=handler), counting(city))
    (event,) = await city.append("gate.opened")
    for tries in (1, 2):
        await until(partial(_is, counts, retried=tries), what="a failed try")
        city.clock.advance(seconds=60)
    await until(lambda: _is(counts, dead=1), what="the dead letter")

    (letter,) = await first_page(city.dead_letters)
    assert (letter.id, letter.event_name, letter.error, letter.tries, letter.at) == (
        f"{event.id}:gate.ring",
        "gate.opened",
        "ValueError",
        3,
        city.clock.now(),
    )
    assert "张丽华" not in repr(await city.rows("event_deliveries"))
    await until(city.quiet, what="the end of every delivery")
    assert (await city.rows("events"))[0]["state"] == "spread"

    await city.dead_letters.replay(id=letter.id)
    await until(lambda: _event_is(city, "done"), what="the end of the event")
    assert handler.calls == 4
    assert await city.tally("gate.opened") == 1
    assert await first_page(city.dead_letters) == []
    with pytest.raises(NotFound):
        await city.dead_letters.replay(id=letter.id)


class Malformed(DomainError):
    code = "TEST_MALFORMED"
    kind = Kind.INVALID
    template = "Malformed."


async def test_what_is_invalid_is_a_dead_letter_at_the_first_try(city: City) -> None:
    handler = Failing(1, Malformed())
    counts = await city.start(Subscription(event="gate.opened", handler="gate.stuck", after=handler))
    await city.append("gate.opened")
    await until(lambda: _is(counts, dead=1, retried=0, done=0), what="the dead letter")
    (letter,) = await first_page(city.dead_letters)
    assert (letter.tries, letter.error, handler.calls) == (1, "TEST_MALFORMED", 1)


async def _event_is(city: City, state: str) -> bool:
    return [row["state"] for row in await city.rows("events")] == [state]


async def test_a_discarded_dead_letter_lets_its_event_end(city: City) -> None:
    handler = Failing(9, Jammed())
    limits = Limits(poll_s=0.05, tries_max=1)
    await city.start(Subscription(event="gate.opened", handler="gate.ring", after=handler), limits=limits)
    (event,) = await city.append("gate.opened")
    await until(lambda: _has_dead(city), what="the dead letter")
    await city.dead_letters.discard(id=f"{event.id}:gate.ring")
    await until(lambda: _event_is(city, "done"), what="the end of the event")
    assert handler.calls == 1


async def _has_dead(city: City) -> bool:
    return (await city.outbox.backlog()).dead == 1


async def test_a_handler_that_hangs_is_cancelled_and_tried_again(city: City) -> None:
    entered = 0

    async def hang(event: Event) -> None:
        nonlocal entered
        entered += 1
        if entered == 1:
            await asyncio.Event().wait()

    slow = Subscription(event="gate.opened", handler="gate.hang", after=hang, timeout_s=0.05)
    counts = await city.start(slow)
    await city.append("gate.opened")
    await until(lambda: _is(counts, retried=1), what="a failed try")
    city.clock.advance(seconds=10)
    await until(city.quiet, what="the end of every delivery")
    assert entered == 2


async def test_a_handler_only_another_process_knows_is_left_for_it(city: City) -> None:
    newer = city.backbone(counting(city))
    async with running(newer):
        await until(lambda: _registered(city, "gate.count"), what="the registration")
    city.clock.advance(seconds=QUICK.lease_s)
    old = await city.start(Subscription(event="door.opened", handler="door.ring", after=Failing(0, Jammed())))
    await city.append("gate.opened")
    await until(lambda: _is(old, abandoned=1), what="the delivery left for others")
    assert (await city.outbox.backlog()).waiting == 1

    async with running(newer):

        async def handed_on() -> bool:
            # It may be handed to the old one any number of times, and waits longer after each.
            for row in await city.rows("event_deliveries"):
                if "next_at" in row and "busy_until" not in row:
                    pause_s = (row["next_at"] - city.clock.now()).total_seconds()
                    city.clock.advance(seconds=max(pause_s, 0))
            return await city.quiet()

        await until(handed_on, what="the other process")
    assert await city.tally("gate.opened") == 1


async def _registered(city: City, handler: str) -> bool:
    return [row["_id"] for row in await city.rows("event_subscriptions")] == [handler]


async def test_an_event_nobody_listens_to_is_done_and_forgotten_after_its_retention(city: City) -> None:
    counts = await city.start(counting(city))
    await city.append("nobody.cares")
    await until(lambda: _is(counts, spread=1), what="the spreading of the events")
    await until(lambda: _event_is(city, "done"), what="the end of the event")
    (row,) = await city.rows("events")
    assert (row["expires_at"] - city.clock.now()).total_seconds() == QUICK.retention_s
    indexes = await city.mongo.collection("events").index_information()
    assert indexes["expires_at_1"]["expireAfterSeconds"] == 0


async def test_a_handler_nobody_has_offered_for_long_gets_no_new_events(city: City) -> None:
    async with running(city.backbone(counting(city))):
        await until(lambda: _registered(city, "gate.count"), what="the registration")
    city.clock.advance(seconds=QUICK.lapse_s + 1)
    counts = await city.start()
    await city.append("gate.opened")
    await until(lambda: _is(counts, spread=1), what="the spreading of the events")
    assert await city.rows("event_deliveries") == []


async def test_a_wiped_queue_is_filled_again(city: City, redis: Redis) -> None:
    """Handed over, then lost with all of Redis before any worker had it."""
    queue = Queue(redis_url=city.redis_url, limits=QUICK, name=city.mongo.database.name)
    await queue.open()
    subscriptions = [counting(city)]
    relay = Relay(
        spreading=Spreading(city.mongo, city.clock, QUICK),
        queue=queue,
        subscriptions=subscriptions,
        counts=Counts(),
    )
    await relay._spreading.register(subscriptions)
    await city.append(*["gate.opened"] * 5)
    await relay.round()
    await relay._spreading.let_go()
    await queue.close()
    await redis.flushall()

    counts = await city.start(*subscriptions)
    assert await city.tally("gate.opened") == 0
    city.clock.advance(seconds=QUICK.handover_s)
    await until(city.quiet, what="the end of every delivery")
    assert await city.tally("gate.opened") == 5
    assert counts.handed_over == 5


async def test_a_relay_whose_lease_was_taken_can_write_nothing(city: City) -> None:
    slept, took = (Spreading(city.mongo, city.clock, QUICK) for _ in range(2))
    assert await slept.hold() is True
    assert await took.hold() is False
    city.clock.advance(seconds=QUICK.lease_s)
    assert await took.hold() is True
    await slept.register([counting(city)])
    await city.append("gate.opened")
    with pytest.raises(LeaseLost):
        await slept.spread()
    assert await city.rows("event_deliveries") == []
    assert await slept.hold() is False
    assert (await took.spread())[0] == 1


async def test_the_backlog_tells_how_long_the_oldest_has_waited(city: City) -> None:
    await city.append("gate.opened")
    city.clock.advance(seconds=90)
    await city.append("gate.opened")
    backlog = await city.outbox.backlog()
    assert (backlog.waiting, backlog.dead, backlog.oldest_s) == (2, 0, 90.0)


async def test_a_payload_may_take_64_kib_and_no_more(city: City) -> None:
    room = 64 * 1024 - len(b"\x00" * 4 + b"\x02text\x00" + b"\x00" * 4 + b"\x00" + b"\x00")
    await city.append("gate.opened", text="x" * room)
    with pytest.raises(EventTooLarge) as refusal:
        await city.append("gate.opened", text="x" * (room + 1))
    assert refusal.value.public_fields == {"bytes": 65537, "bytes_max": 65536}
    with pytest.raises(EventNotStorable):
        await city.append("gate.opened", thing=object())
    assert len(await city.rows("events")) == 1


async def test_a_cancel_ends_everything_soon_and_gives_back_what_was_begun(city: City) -> None:
    entered = asyncio.Event()

    async def hang(event: Event) -> None:
        entered.set()
        await asyncio.Event().wait()

    backbone = city.backbone(Subscription(event="gate.opened", handler="gate.hang", after=hang, timeout_s=60))
    task = asyncio.create_task(backbone.run())
    await city.append("gate.opened")
    await asyncio.wait_for(entered.wait(), 10)
    task.cancel()
    async with asyncio.timeout(15):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    (row,) = await city.rows("event_deliveries")
    assert (row["tries"], row["next_at"], "busy_until" in row) == (0, city.clock.now(), False)


async def test_a_client_closed_under_it_makes_no_noise(
    city: City, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    closed = Mongo.connect(url=stores.mongo_url, database=city.mongo.database.name)
    backbone = Backbone(
        mongo=closed, redis_url=city.redis_url, clock=city.clock, subscriptions=[counting(city)], limits=QUICK
    )
    caplog.set_level("INFO", logger="core.events")
    async with running(backbone):
        await until(lambda: _registered(city, "gate.count"), what="the registration")
        await closed.close()
        await until(lambda: _said(caplog), what="the end of the relay")
    assert [record.getMessage() for record in caplog.records if record.name.startswith("core.")] == [RELAY_ENDS]


RELAY_ENDS = "the client of MongoDB is closed, the relay ends"


async def _said(caplog: pytest.LogCaptureFixture) -> bool:
    return RELAY_ENDS in caplog.messages


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"handler": "gate.count"}, "one of the two"),
        ({"handler": "gate.count", "within": 1, "after": 1}, "one of the two"),
        ({"handler": "Gate", "after": 1}, "not a handler's name"),
        ({"handler": "g." + "a" * 99, "after": 1}, "not a handler's name"),
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Subscription(event="gate.opened", **fields)


def test_two_handlers_of_one_name_are_refused(city: City) -> None:
    with pytest.raises(ValueError, match="two handlers of one name"):
        city.backbone(counting(city), counting(city))
