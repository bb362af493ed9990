"""A reading stands once: under retries, beside other writers, and after a writer that was killed."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from backends.sensor.errors import StationUnknown, WritersBusy
from backends.sensor.model import Recorded
from backends.sensor.service import Sensors
from backends.sensor.store import LEASE_S, WRITE_TIMEOUT_S, SensorStore
from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import Mongo
from core.paging import PageRequest
from tests.contract.sensor.sensing import NOW, ROOT, expire_leases, reading, station, stored


async def test_what_stands_is_counted_and_not_changed(sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"), station("b"))
    assert await sensors.record([reading("a"), reading("b"), reading("a", 1)]) == Recorded(3, 0)
    assert await sensors.record([reading("a", pm2_5=99.0), reading("b", 1)]) == Recorded(1, 1)
    latest = await sensors.latest(stations=["a"])
    assert latest["a"].values == {"pm2_5": 35.0}
    assert len(await stored(mongo)) == 4


async def test_a_reading_twice_in_a_batch_counts_once_and_the_first_is_kept(sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"))
    assert await sensors.record([reading("a", pm2_5=1.0), reading("a", pm2_5=2.0)]) == Recorded(1, 1)
    assert (await sensors.latest(stations=["a"]))["a"].values == {"pm2_5": 1.0}


async def test_an_unknown_station_refuses_the_batch(sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"))
    with pytest.raises(StationUnknown):
        await sensors.record([reading("a"), reading("b")])
    assert await stored(mongo) == []


async def test_writers_of_many_processes_add_each_reading_once(
    sensors: Sensors, mongo: Mongo, clock: FixedClock
) -> None:
    """Each writer has a store of its own, as processes have: they meet only in the database."""
    await sensors.register(station("a"), station("b"), station("c"))
    batch = [reading(code, hour) for code in "abc" for hour in range(40)]
    writers = [Sensors(SensorStore(mongo), clock) for _ in range(6)]
    done = await asyncio.gather(
        *(w.record(batch[n * 10 :] + batch[: n * 10], wait_s=20) for n, w in enumerate(writers))
    )
    assert sum(d.accepted for d in done) == 120
    assert sum(d.duplicates for d in done) == 120 * 5
    assert await stored(mongo) == sorted((r.station, r.ts) for r in batch)


async def test_writers_of_different_stations_do_not_wait(sensors: Sensors, mongo: Mongo, clock: FixedClock) -> None:
    await sensors.register(station("a"), station("b"))
    async with sensors.store.holding(stations=["a"], wait_s=1):
        other = Sensors(SensorStore(mongo), clock)
        assert await other.record([reading("b")], wait_s=1) == Recorded(1, 0)
        with pytest.raises(WritersBusy):
            await other.record([reading("a"), reading("b", 1)], wait_s=0.2)
    assert await stored(mongo) == [("b", NOW)]
    assert await sensors.record([reading("a"), reading("b", 1)]) == Recorded(2, 0)


async def test_no_write_may_outlive_its_lease() -> None:
    assert WRITE_TIMEOUT_S < LEASE_S


_DIES_HALF_WAY = """
import asyncio, os, signal, sys
from backends.sensor.service import Sensors
from backends.sensor.store import SensorStore
from core.clock import SystemClock
from core.mongo import Mongo
from tests.contract.sensor.sensing import reading

class Dying(SensorStore):
    async def add(self, readings):
        keep = int(sys.argv[3])
        if keep:
            await super().add(readings[:keep])
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    mongo = Mongo.connect(url=sys.argv[1], database=sys.argv[2])
    await Sensors(Dying(mongo), SystemClock()).record([reading("a", hour) for hour in range(10)])

asyncio.run(main())
"""


@pytest.mark.parametrize("inserted", [0, 4, 10])
async def test_a_writer_killed_before_its_answer_leaves_nothing_lost_doubled_or_blocked(
    sensors: Sensors, mongo: Mongo, stores: Stores, inserted: int
) -> None:
    await sensors.register(station("a"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DIES_HALF_WAY, stores.mongo_url, mongo.database.name, str(inserted), cwd=ROOT
    )
    assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGKILL
    assert len(await stored(mongo)) == inserted
    again = [reading("a", hour) for hour in range(10)]
    with pytest.raises(WritersBusy) as busy:
        await sensors.record(again, wait_s=0.2)
    assert busy.value.retry_after_s == LEASE_S
    await expire_leases(mongo)
    assert await sensors.record(again) == Recorded(10 - inserted, inserted)
    assert await stored(mongo) == sorted((r.station, r.ts) for r in again)


async def test_a_cancelled_writer_gives_its_lease_back(sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"))
    holding = asyncio.Event()

    async def hold() -> None:
        async with sensors.store.holding(stations=["a"], wait_s=1):
            holding.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await holding.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await sensors.record([reading("a")], wait_s=2) == Recorded(1, 0)


async def test_registering_again_changes_the_name_and_leaves_a_lease_alone(sensors: Sensors, mongo: Mongo) -> None:
    await sensors.register(station("a"))
    async with sensors.store.holding(stations=["a"], wait_s=1):
        await sensors.register(station("a", "110102"))
        document = await mongo.collection("stations").find_one({"_id": "a"})
        assert document is not None
        assert document["lease"]["writer"]
    found = await sensors.list_stations(page=PageRequest(10))
    assert [(s.code, s.district_code) for s in found.rows] == [("a", "110102")]


async def test_starting_together_makes_the_collections_once(mongo: Mongo) -> None:
    await asyncio.gather(*(SensorStore(mongo).prepare() for _ in range(4)))
    [options] = [c["options"] async for c in await mongo.database.list_collections(filter={"name": "readings"})]
    assert options["timeseries"]["timeField"] == "ts"
    assert options["timeseries"]["metaField"] == "m"
    assert options["timeseries"]["granularity"] == "hours"
