"""A database in which test citizens were made is never a real city's, nor the other way round."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest

from api.sandbox import settle_kind
from api.settings import Settings
from api.startup import CityUnavailable
from core.clock import FixedClock
from core.mongo import Mongo


def _ground(mongo: Mongo, clock: FixedClock, **switches: str) -> Any:
    env = {
        "TONG_MONGO_URL": "mongodb://db/",
        "TONG_REDIS_URL": "redis://cache/",
        "TONG_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        **{f"TONG_{name.upper()}": value for name, value in switches.items()},
    }
    return SimpleNamespace(settings=Settings.from_env(env), mongo=mongo, clock=clock)


async def test_a_sandbox_s_database_stays_one(mongo: Mongo, clock: FixedClock) -> None:
    # A MongoDB of the tests that nobody has written to yet lets the first who only reads wait for ten seconds.
    await mongo.collection("written_to").insert_one({"_id": 1})
    real, sandbox, demo = (_ground(mongo, clock, **switches) for switches in ({}, {"sandbox": "on"}, {"demo": "on"}))
    await settle_kind(real)
    await settle_kind(sandbox)
    for _ in range(2):
        with pytest.raises(CityUnavailable, match="has test citizens in it"):
            await settle_kind(real)
        await settle_kind(demo)
        await settle_kind(sandbox)


async def test_a_real_city_s_database_does_not_become_one(mongo: Mongo, clock: FixedClock) -> None:
    await mongo.collection("identity_citizens").insert_one({"_id": "cit_1"})
    with pytest.raises(CityUnavailable, match="in a database of its own"):
        await settle_kind(_ground(mongo, clock, sandbox="on"))
    await settle_kind(_ground(mongo, clock))
    # Those of a demonstration are nobody either.
    await settle_kind(_ground(mongo, clock, sandbox="on", demo="on"))
    with pytest.raises(CityUnavailable):
        await settle_kind(_ground(mongo, clock))
