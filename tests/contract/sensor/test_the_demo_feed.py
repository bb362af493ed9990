"""The demo city's readings follow the clock, and no hour is written twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from backends.sensor import synthetic
from backends.sensor.feed import SyntheticFeed
from backends.sensor.model import Recorded
from backends.sensor.service import Sensors
from core.clock import FixedClock
from core.divisions import DISTRICTS
from core.mongo import Mongo
from tests.contract.sensor.sensing import NOW, stored, until

STATIONS = len(synthetic.stations())


async def test_a_second_start_adds_only_the_missing_hours(sensors: Sensors, mongo: Mongo, clock: FixedClock) -> None:
    feed = SyntheticFeed(sensors, clock)
    assert await feed.catch_up() == Recorded(48 * STATIONS, 0)
    assert await feed.catch_up() == Recorded(0, 48 * STATIONS)
    clock.advance(seconds=2 * 3600)
    assert await SyntheticFeed(sensors, clock).catch_up() == Recorded(2 * STATIONS, 46 * STATIONS)
    standing = await stored(mongo)
    assert len(standing) == len(set(standing)) == 50 * STATIONS


async def test_what_is_stored_is_what_the_model_says(sensors: Sensors, clock: FixedClock) -> None:
    await SyntheticFeed(sensors, clock, seed=7, hours=2).catch_up()
    latest = await sensors.latest(stations=["syn-110108-1"])
    [station] = [s for s in synthetic.stations() if s.code == "syn-110108-1"]
    assert latest["syn-110108-1"] == synthetic.reading(seed=7, station=station, ts=NOW)


async def test_every_district_has_air_that_says_synthetic(sensors: Sensors, clock: FixedClock) -> None:
    await SyntheticFeed(sensors, clock, hours=1).catch_up()
    air = await sensors.air_of(districts=list(DISTRICTS))
    assert set(air) == set(DISTRICTS)
    assert all(a.synthetic and a.observed_at == NOW for a in air.values())


async def test_a_new_hour_is_added_when_the_clock_enters_it(sensors: Sensors, mongo: Mongo, clock: FixedClock) -> None:
    feed = asyncio.create_task(SyntheticFeed(sensors, clock, hours=2, look_every_s=0.01).run())

    async def count_is(count: int) -> bool:
        return len(await stored(mongo)) == count

    try:
        await until(lambda: count_is(2 * STATIONS))
        clock.advance(seconds=3599)
        clock.advance(seconds=1)
        await until(lambda: count_is(3 * STATIONS))
    finally:
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)
    assert max(ts for _, ts in await stored(mongo)) == NOW + timedelta(hours=1)


async def test_one_fault_does_not_end_the_feed(sensors: Sensors, mongo: Mongo, clock: FixedClock) -> None:
    """A collection of the stations' name that refuses writes stands for any fault of the database."""
    await mongo.database.command("collMod", "stations", validator={"never": True})
    feed = asyncio.create_task(SyntheticFeed(sensors, clock, hours=1, look_every_s=0.01).run())
    try:
        await asyncio.wait([feed], timeout=0.2)
        assert not feed.done()
        assert await stored(mongo) == []
        await mongo.database.command("collMod", "stations", validator={})

        async def filled() -> bool:
            return len(await stored(mongo)) == STATIONS

        await until(filled)
    finally:
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)
