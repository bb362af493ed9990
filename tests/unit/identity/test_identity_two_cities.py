"""Two cities share one Redis, one master key and the same people, and do not hear of each other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.embedded import Stores
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from identity.model import Audience
from tests.unit.identity.room import ZHANG, Room, build, outcome


@pytest_asyncio.fixture
async def neighbour(
    stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher
) -> AsyncIterator[Room]:
    other = Mongo.connect(url=stores.mongo_url, database=f"{mongo.database.name}_neighbour", timeout_s=10)
    yield await build(mongo=other, redis=redis, clock=clock, ids=ids, cipher=cipher)
    await other.client.drop_database(other.database.name)
    await other.close()


async def test_what_ended_in_one_city_is_not_known_in_the_other(room: Room, neighbour: Room) -> None:
    zhang = await room.citizen(ZHANG)
    await room.identity.sessions.sign_out(principal=zhang)
    await neighbour.identity.revocations.refresh()
    assert zhang.session_id in room.identity.revocations
    assert len(neighbour.identity.revocations) == 0


async def test_limits_are_each_citys_own(room: Room, neighbour: Room) -> None:
    await room.request(ZHANG)
    assert await outcome(room.request(ZHANG)) == "AUTH_TOO_MANY_REQUESTS"
    assert await outcome(neighbour.request(ZHANG)) == "ok"


async def test_a_code_of_one_city_opens_nothing_in_the_other(room: Room, neighbour: Room) -> None:
    code = await room.code(ZHANG)
    answer = neighbour.identity.codes.answer(
        audience=Audience.CITIZEN, phone="+8613800000001", code=code, device_id="", address="203.0.113.5"
    )
    assert await outcome(answer) == "AUTH_CODE_EXPIRED"
    assert (await room.answer(ZHANG, code)).session.account_id == await room.id_of("zhang")


async def test_every_key_in_redis_begins_with_its_city(room: Room, neighbour: Room) -> None:
    for city in (room, neighbour):
        await city.identity.sessions.sign_out(principal=await city.citizen(ZHANG))
    keys = [key.decode() async for key in room.redis.scan_iter("*identity*")]  # other rooms' cities are here as well
    cities = {room.mongo.database.name, neighbour.mongo.database.name}
    assert {key.partition(":")[0] for key in keys} == cities
    assert all(key.split(":")[1] == "identity" for key in keys)
