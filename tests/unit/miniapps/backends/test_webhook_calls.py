"""Webhooks are called where their name led when it was checked and nowhere else, and what is told is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio

from core.clock import FixedClock, to_ms
from core.crypto import FieldCipher
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo, Session
from miniapps.backends.courier import Courier
from miniapps.backends.model import RETRIES, Delivery, Kind, Webhook
from miniapps.backends.store import DELIVERIES, FIRST_OF_EACH, WebhookStore
from miniapps.backends.telling import Telling
from miniapps.developers.domains import DomainProof, DomainState, DomainStore
from tests.support.names import leads
from tests.support.threats import covers
from tests.support.waiting import until

APP, HOST, PUBLIC = "org.example.library", "hooks.library.example", "93.184.216.34"
INSIDE: Final = ("127.0.0.1", "169.254.169.254", "10.0.0.5")


@pytest_asyncio.fixture
async def connected() -> list[tuple[str, int]]:
    """Where somebody wanted to connect to."""
    return []


@pytest_asyncio.fixture
async def courier(
    mongo: Mongo, clock: FixedClock, cipher: FieldCipher, connected: list[tuple[str, int]]
) -> AsyncIterator[Courier]:
    def no_line(where: Any) -> socket.socket:
        connected.append(where[-1])
        raise OSError("no test leaves the machine")

    keys = KeyRing(
        purpose="mini-webhook",
        algorithm=Algorithm.ED25519,
        mongo=mongo,
        cipher=cipher,
        clock=clock,
        overlap=timedelta(hours=1),
    )
    store, domains = WebhookStore(mongo, cipher), DomainStore(mongo)
    await asyncio.gather(store.open(), domains.open(), keys.open())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=no_line)) as http:
        yield Courier(store, domains, keys, http, clock, demo=False)


@covers("T35")
@pytest.mark.parametrize("inside", INSIDE)
async def test_a_name_that_leads_inside_the_next_time_leads_nowhere(
    inside: str,
    courier: Courier,
    connected: list[tuple[str, int]],
    clock: FixedClock,
    ids: Ids,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, now = courier.store, to_ms(clock.now())

    async def told(session: Session) -> Delivery | None:
        proof = DomainProof("mpd_1", APP, HOST, "t0ken", DomainState.PROVED, None, 0, now, now)
        await courier.domains.add(proof, session=session)
        await store.put(Webhook(APP, f"https://{HOST}/hook", now), session=session)
        return await Telling(store, ids, clock).tell(APP, Kind.PING, {}, session=session)

    assert await store.mongo.transaction(told)

    async def called(*, attempts: int) -> None:
        async def begun() -> bool:
            return await courier.begin(failing=attempts > 1)

        async def tried() -> bool:
            (one,) = await store.deliveries(APP, limit=1, after=None)
            webhook = await store.webhook(APP)
            assert one.last_status is None and webhook is not None
            return one.attempts == attempts and webhook.failing_since is not None

        await until(begun, what="its turn")
        await until(tried, what="its end")

    with monkeypatch.context() as rebinding:
        left = leads(rebinding, HOST, (PUBLIC,), (inside,), (PUBLIC,))
        await called(attempts=1)
        clock.advance(seconds=RETRIES[0].total_seconds() + 1)
        await called(attempts=2)
    assert connected == [(PUBLIC, 443)]  # the first time: what was checked; the second: nothing
    assert left == [(PUBLIC,)]  # each call looked the name up once


async def test_what_is_committed_after_the_turn_that_did_not_see_it_is_told_all_the_same(
    courier: Courier, clock: FixedClock, ids: Ids
) -> None:
    """An update that changes nothing of a row meets no other: neither of the two begins again."""
    store, telling, now = courier.store, Telling(courier.store, ids, clock), to_ms(clock.now())
    until_then = now + timedelta(seconds=120)

    async def address(session: Session) -> None:
        await store.put(Webhook(APP, f"https://{HOST}/hook", now), session=session)  # due, to be looked at

    async def a_turn(*, tells: int) -> None:
        claimed = await store.claim(failing=False, now=now, until=until_then)
        assert claimed is not None
        due = await store.due(APP, now=now, limit=10)
        assert len(due) == tells
        for one, _ in due:
            await store.note(one, one.after(204, now=now))
        await store.release(claimed, until=until_then, not_before=now)

    tries = 0

    async def told(session: Session) -> None:
        nonlocal tries
        tries += 1
        await telling.tell(APP, Kind.PING, {}, session=session)
        await a_turn(tells=0)

    await store.mongo.transaction(address)
    await store.mongo.transaction(told)
    assert tries == 1
    assert await store.claim(failing=False, now=now, until=until_then) is None
    assert await store.wake(now)
    await a_turn(tells=1)
    assert not await store.wake(now)


async def test_who_has_much_that_waits_is_looked_for_by_one_key(courier: Courier, clock: FixedClock, ids: Ids) -> None:
    store, telling, now = courier.store, Telling(courier.store, ids, clock), to_ms(clock.now())

    async def told(session: Session) -> None:
        for app in (APP, "org.example.quiet"):
            await store.put(Webhook(app, f"https://{HOST}/hook", now), session=session)
        for _ in range(40):
            await telling.tell(APP, Kind.PING, {}, session=session)

    await store.mongo.transaction(told)
    (one, _), *_ = await store.due(APP, now=now, limit=1)
    await store.note(one, one.after(204, now=now))
    plan = {"aggregate": DELIVERIES, "pipeline": [*FIRST_OF_EACH], "hint": "due", "cursor": {}}
    ran = await store.mongo.database.command({"explain": plan, "verbosity": "executionStats"})
    stats = (ran["stages"][0]["$cursor"] if "stages" in ran else ran)["executionStats"]
    assert (stats["totalKeysExamined"], stats["totalDocsExamined"]) == (1, 0)
