"""Reports nearby: what a new one might repeat, and following it instead."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from api.domains.reports.errors import OwnCase
from api.domains.reports.model import Case
from api.domains.reports.service import Reports
from api.domains.reports.workflow import Action
from core.clock import FixedClock
from core.errors import DomainError, Forbidden, NotFound, SignInRequired
from core.geo import Point
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from tests.unit.reports.reporting import (
    BEN,
    CARER,
    DONGCHENG,
    acting,
    citizen,
    everything,
    handler,
    jpeg,
    photographed,
    reported,
    stepped,
    street,
)

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # the still clock: noon in Beijing
FIRST_PAGE = PageRequest(first=20)


# --- near duplicates -------------------------------------------------------------------------------------------------


def metres_north(metres: float) -> Point:
    return Point(DONGCHENG.longitude, round(DONGCHENG.latitude + metres / 111_195, 6))


async def test_similar_cases_are_near_recent_open_and_of_the_kind(room: Reports, clock: FixedClock) -> None:
    async def at(metres: float, name: str, **changes: Any) -> Case:
        return await reported(room, by=citizen(BEN), client_report_id=name, location=metres_north(metres), **changes)

    await at(10, "too old")
    clock.advance(seconds=30 * 86_400 + 1)
    near, nearer = await at(245, "near"), await at(31, "nearer", photo_ids=[await photographed(room, by=citizen(BEN))])
    await at(256, "too far")
    await at(5, "another kind", category="waste")
    await stepped(room, await at(6, "settled"), Action.REJECT)

    same_scene = await photographed(room, jpeg(street().resize((320, 240)), quality=50))
    found = await room.similar(principal=citizen(), category="street-lamp", location=DONGCHENG, photo_ids=[same_scene])
    assert [(one.id, one.distance_m) for one in found] == [(nearer.id, 40), (near.id, 250)]
    assert found[0].photo_similarity is not None
    assert found[0].photo_similarity >= 0.93
    assert found[1].photo_similarity is None
    without = await room.similar(principal=citizen(), category="street-lamp", location=DONGCHENG)
    assert [one.photo_similarity for one in without] == [None, None]


async def test_the_query_for_similar_cases_walks_an_index(room: Reports, mongo: Mongo) -> None:
    await reported(room)
    plan = await mongo.database.command(
        "explain",
        {
            "aggregate": "reports_cases",
            "pipeline": [
                {
                    "$geoNear": {
                        "near": DONGCHENG.geojson(),
                        "key": "location",
                        "distanceField": "distance",
                        "maxDistance": 250,
                        "query": {"category": "street-lamp", "open": True},
                    }
                }
            ],
            "cursor": {},
        },
    )
    assert "'indexName': 'near'" in repr(plan)
    assert "COLLSCAN" not in repr(plan)


@pytest.mark.parametrize(
    "who", [ANONYMOUS, handler(), acting(frozenset({"reports:read"}))], ids=["anonymous", "handler", "delegate"]
)
async def test_who_may_not_look_for_similar_cases(room: Reports, who: Principal) -> None:
    with pytest.raises((SignInRequired, Forbidden)):
        await room.similar(principal=who, category="street-lamp", location=DONGCHENG)


async def test_a_case_is_followed_once(room: Reports, mongo: Mongo) -> None:
    case = await reported(room)
    follows = await asyncio.gather(*(room.support(principal=citizen(BEN), case_id=case.id) for _ in range(5)))
    assert {follow.since for follow in follows} == {NOON}
    assert (await room.case(principal=citizen(), case_id=case.id)).supporters == 1
    await room.support(principal=citizen(CARER), case_id=case.id)
    assert (await room.case(principal=citizen(), case_id=case.id)).supporters == 2
    mine = await room.supported_by(principal=citizen(BEN), citizen_id=BEN, page=FIRST_PAGE)
    assert [(one.case.id, one.since) for one in mine.rows] == [(case.id, NOON)]
    with pytest.raises(NotFound):  # to follow is not to read
        await room.case(principal=citizen(BEN), case_id=case.id)


async def test_what_cannot_be_followed(room: Reports, mongo: Mongo) -> None:
    case = await reported(room)
    settled = await stepped(room, await reported(room, client_report_id="b"), Action.REJECT)
    before = await everything(mongo)
    refusals: list[tuple[Principal, str, type[DomainError]]] = [
        (citizen(), case.id, OwnCase),
        (citizen(BEN), settled.id, NotFound),
        (citizen(BEN), "rep_01KAMP0000000000000000000A", NotFound),
        (citizen(BEN), "x", NotFound),
        (handler(), case.id, Forbidden),
        (acting(frozenset({"reports:read"}), subject=BEN), case.id, Forbidden),
        (ANONYMOUS, case.id, SignInRequired),
    ]
    for who, case_id, refusal in refusals:
        with pytest.raises(refusal):
            await room.support(principal=who, case_id=case_id)
    assert await everything(mongo) == before
