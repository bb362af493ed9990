"""The register of places, on real MongoDB."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from nacl.signing import SigningKey, VerifyKey

from api.domains.citycode import placecode
from api.domains.citycode.demo import load_demo
from api.domains.citycode.errors import (
    CheckInIdReused,
    CheckInNotOffered,
    PlaceIdReused,
    PlaceOutsideCity,
    PlaceRetired,
    PlateForged,
    PlateKeyUnknown,
    PlateReplaced,
    PlatesUsedUp,
)
from api.domains.citycode.http import routes
from api.domains.citycode.place import CheckIn, Place, PlaceAction, PlaceKind, Registration
from api.domains.citycode.places import Places
from api.domains.citycode.service import CityCodes
from core.clock import FixedClock
from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired
from core.geo import Point
from core.locale import Text
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from tests.unit.citycode.people import (
    ANNA,
    BEN,
    REGISTRAR,
    BuildPlaces,
    carer,
    citizen,
    everything,
    officer,
    registrar,
)

LIBRARY = Registration(
    kind=PlaceKind.PLACE,
    category="060201",
    name=Text(zh="图书馆", en="Library"),
    location=Point(116.4135, 39.9402),
    report_category=None,
    check_in=True,
    client_place_id="library",
)
LAMP = Registration(
    kind=PlaceKind.THING,
    category="010503",
    name=Text(zh="路灯", en="Lamp"),
    location=Point(116.4170, 39.9338),
    report_category="street-lamp",
    check_in=False,
    client_place_id="lamp",
)


async def registered(places: Places, what: Registration = LIBRARY) -> Place:
    return await places.register(principal=registrar(), registration=what)


async def plate_of(places: Places, what: Registration = LIBRARY) -> str:
    return places.plate(principal=registrar(), place=await registered(places, what))


def resigned(places: Places, text: str, **changes: Any) -> str:
    """The same plate with other values, signed by the city."""
    key = places.keys.active.private
    assert isinstance(key, SigningKey)
    return placecode.issue(replace(placecode.parse(text).plate, **changes), city="110000", key=key)


# Registering


async def test_a_registered_place_is_read_from_its_plate(places: Places) -> None:
    made = await registered(places, LAMP)
    assert (made.code[:12], made.district, made.issue, made.active) == ("110101010503", "110101", 1, True)
    assert made.actions == [PlaceAction.REPORT]
    assert await places.read(text=await plate_of(places, LAMP)) == made
    assert (await registered(places, LIBRARY)).actions == [PlaceAction.CHECK_IN]


async def test_the_event_says_what_the_plate_says(places: Places, mongo: Mongo) -> None:
    made = await registered(places, LAMP)
    (event,) = (await everything(mongo))["events"]
    assert (event["name"], event["payload"]) == (
        "citycode.place_changed",
        {
            "place": made.code,
            "kind": "THING",
            "name": {"zh": "路灯", "en": "Lamp"},
            "category": "street-lamp",
            "district": "110101",
            "longitude": 116.417,
            "latitude": 39.9338,
            "active": True,
        },
    )


async def test_a_registration_that_is_sent_again_and_again_is_made_once(
    places: Places, build_places: BuildPlaces, mongo: Mongo
) -> None:
    other = build_places(mongo)
    await other.open()
    made = await asyncio.gather(*(registered(room) for _ in range(6) for room in (places, other)))
    assert len({place.code for place in made}) == 1
    assert await mongo.collection("events").count_documents({}) == 1
    before = await everything(mongo)
    with pytest.raises(PlaceIdReused):
        await registered(places, replace(LIBRARY, name=Text(zh="书店", en="Bookshop")))
    assert await everything(mongo) == before


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (ANONYMOUS, SignInRequired),
        (citizen(), Forbidden),
        (officer(), Forbidden),
        (registrar(scope="citycode:scan"), Forbidden),
        (registrar(of="110108"), Forbidden),
        (replace(registrar(), jurisdiction=None), Forbidden),
    ],
    ids=["nobody", "citizen", "officer", "no scope", "another district", "no jurisdiction"],
)
async def test_who_may_not_register_changes_nothing(
    places: Places, mongo: Mongo, principal: Principal, refusal: type[DomainError]
) -> None:
    made = await registered(places)
    before = await everything(mongo)
    with pytest.raises(refusal):
        await places.register(principal=principal, registration=LAMP)
    with pytest.raises(refusal):
        await places.retire(principal=principal, code=made.code)
    with pytest.raises(refusal):
        await places.reissue(principal=principal, code=made.code, issue=1)
    with pytest.raises(refusal):
        places.plate(principal=principal, place=made)
    assert await everything(mongo) == before


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"category": "12345"}, BadInput),
        ({"category": "１２３４５６"}, BadInput),
        ({"name": Text(zh="", en="Lamp")}, BadInput),
        ({"name": Text(zh="灯", en="L" * 81)}, BadInput),
        ({"name": Text(zh="灯", en="La\nmp")}, BadInput),
        ({"name": Text(zh="灯", en="La\u202emp")}, BadInput),
        ({"name": Text(zh=" 灯", en="Lamp")}, BadInput),
        ({"report_category": "Street Lamp"}, BadInput),
        ({"report_category": "x" * 65}, BadInput),
        ({"check_in": True}, BadInput),
        ({"client_place_id": ""}, BadInput),
        ({"client_place_id": "x" * 65}, BadInput),
        ({"location": Point(121.47, 31.23)}, PlaceOutsideCity),
    ],
    ids=str,
)
async def test_what_is_wrong_is_not_registered(
    places: Places, mongo: Mongo, changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    before = await everything(mongo)
    with pytest.raises(refusal):
        await registered(places, replace(LAMP, **changes))
    assert await everything(mongo) == before


# Plates


async def test_a_replaced_plate_is_refused_and_the_new_one_is_read(places: Places, mongo: Mongo) -> None:
    old = await plate_of(places)
    code = (await places.read(text=old)).code
    changed = await places.reissue(principal=registrar(), code=code, issue=1)
    new = places.plate(principal=registrar(), place=changed)
    assert (changed.issue, (await places.read(text=new)).issue) == (2, 2)
    with pytest.raises(PlateReplaced):
        await places.read(text=old)
    before = await everything(mongo)
    assert await places.reissue(principal=registrar(), code=code, issue=1) == changed
    for issue in (0, -1, 3):
        with pytest.raises(PlateReplaced):
            await places.reissue(principal=registrar(), code=code, issue=issue)
    with pytest.raises(PlatesUsedUp):
        await places.reissue(principal=registrar(), code=code, issue=9_999)
    with pytest.raises(PlateForged):
        await places.read(text=resigned(places, new, issue=3))
    assert await everything(mongo) == before


async def test_of_plates_replaced_at_one_moment_one_number_is_used(
    places: Places, build_places: BuildPlaces, mongo: Mongo
) -> None:
    other = build_places(mongo)
    await other.open()
    code = (await registered(places)).code
    made = await asyncio.gather(
        *(room.reissue(principal=registrar(), code=code, issue=1) for _ in range(5) for room in (places, other))
    )
    assert {place.issue for place in made} == {2}
    assert await mongo.collection("events").count_documents({}) == 2


async def test_a_retired_place_still_says_what_it_was(places: Places, mongo: Mongo) -> None:
    text = await plate_of(places)
    code = (await places.read(text=text)).code
    assert not (await places.retire(principal=registrar(), code=code)).active
    before = await everything(mongo)
    assert [event["payload"]["active"] for event in before["events"]] == [True, False]
    assert not (await places.retire(principal=registrar(), code=code)).active
    read = await places.read(text=text)
    assert (read.name.en, read.active, read.actions) == ("Library", False, [])
    with pytest.raises(PlaceRetired):
        await places.reissue(principal=registrar(), code=code, issue=1)
    with pytest.raises(PlaceRetired):
        await places.check_in(principal=citizen(), text=text, client_check_in_id="one")
    assert await everything(mongo) == before


@pytest.mark.parametrize("code", ["", "1" * 21, "110101010503999999999", "x", "1" * 10_000])
async def test_a_place_that_is_not_there_is_not_found(places: Places, code: str) -> None:
    with pytest.raises(NotFound):
        await places.retire(principal=registrar(), code=code)
    assert await places.places(codes=[code]) == {}


async def test_a_plate_of_nowhere_is_not_found(places: Places) -> None:
    text = await plate_of(places)
    with pytest.raises(NotFound):
        await places.read(text=resigned(places, text, code="110101060201999999999"))


async def test_a_plate_outlives_the_rotation_of_its_key_by_fifteen_years(places: Places, clock: FixedClock) -> None:
    text = await plate_of(places)
    await places.keys.rotate()
    clock.advance(seconds=(15 * 365 - 1) * 86_400)
    assert (await places.read(text=text)).name.en == "Library"
    clock.advance(seconds=86_400)
    with pytest.raises(PlateKeyUnknown):
        await places.read(text=text)


async def test_the_published_keys_verify_a_plate(places: Places) -> None:
    signed = placecode.parse(await plate_of(places))
    published = {key["kid"]: base64.urlsafe_b64decode(key["x"] + "=") for key in places.keys.jwks()["keys"]}
    signed.check_signature(VerifyKey(published[signed.plate.kid]), city="110000")


async def test_any_camera_lands_in_the_shell(places: Places, codes: CityCodes) -> None:
    text = await plate_of(places)
    tail = text.removeprefix("HTTPS://CITY.EXAMPLE.CN")

    @web.middleware
    async def refused(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
            return answer
        except DomainError as error:
            return web.json_response({"code": error.code}, status=error.http_status)

    application = web.Application(middlewares=[refused])
    application.add_routes(routes(keys=codes.keys, place_keys=places.keys, base=places.base))
    async with TestClient(TestServer(application)) as client:
        found = await client.get(tail, allow_redirects=False)
        assert found.status == 302
        encoded = text.replace(":", "%3A").replace("/", "%2F")
        assert found.headers["Location"] == f"/#/scan?code={encoded}"
        for bad in (tail[:-1], "/P/x", tail + "%0d%0aSet-Cookie:x", "/P/" + "1" * 4000):
            wrong = await client.get(bad, allow_redirects=False)
            assert (wrong.status, (await wrong.json())["code"]) == (400, "CITYCODE_PLATE_MALFORMED")


# Checking in


async def checked_in(places: Places, text: str, *, as_: str = "one", who: Principal | None = None) -> CheckIn:
    return await places.check_in(principal=who or citizen(), text=text, client_check_in_id=as_)


async def test_a_citizen_sees_where_they_checked_in(places: Places, clock: FixedClock) -> None:
    text = await plate_of(places)
    made = []
    for number in range(3):
        made.append(await checked_in(places, text, as_=str(number)))
        clock.advance(seconds=1)
    first = await places.check_ins(principal=citizen(), citizen_id=ANNA, page=PageRequest(2))
    second = await places.check_ins(principal=citizen(), citizen_id=ANNA, page=PageRequest(2, first.keys[-1]))
    assert [*first.rows, *second.rows] == made[::-1]
    assert [one.place for one in made] == [placecode.parse(text).plate.code] * 3
    assert (await places.check_ins(principal=citizen(BEN), citizen_id=BEN, page=PageRequest(2))).rows == []


async def test_a_check_in_that_is_sent_again_is_made_once(places: Places, mongo: Mongo, clock: FixedClock) -> None:
    text = await plate_of(places)
    made = await asyncio.gather(*(checked_in(places, text) for _ in range(8)))
    clock.advance(seconds=60)
    assert {one.id for one in made} == {(await checked_in(places, text)).id}
    assert await mongo.collection("citycode_check_ins").count_documents({}) == 1
    park = await plate_of(places, replace(LIBRARY, client_place_id="park"))
    with pytest.raises(CheckInIdReused):
        await checked_in(places, park)
    assert (await checked_in(places, park, who=citizen(BEN))).citizen == BEN


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (ANONYMOUS, SignInRequired),
        (officer(), Forbidden),
        (registrar(), Forbidden),
        (carer("licences:read", "health:read"), Forbidden),
    ],
    ids=["nobody", "officer", "registrar", "carer"],
)
async def test_nobody_checks_in_for_somebody(
    places: Places, mongo: Mongo, who: Principal, refusal: type[DomainError]
) -> None:
    text = await plate_of(places)
    before = await everything(mongo)
    with pytest.raises(refusal):
        await checked_in(places, text, who=who)
    with pytest.raises(refusal):
        await places.check_ins(principal=who, citizen_id=ANNA, page=PageRequest(2))
    assert await everything(mongo) == before


async def test_where_nobody_checks_in_nothing_is_kept(places: Places, mongo: Mongo) -> None:
    lamp, library = await plate_of(places, LAMP), await plate_of(places)
    before = await everything(mongo)
    with pytest.raises(CheckInNotOffered):
        await checked_in(places, lamp)
    for name in ("", "x" * 65):
        with pytest.raises(BadInput):
            await checked_in(places, library, as_=name)
    with pytest.raises(NotFound):
        await places.check_ins(principal=citizen(), citizen_id=BEN, page=PageRequest(2))
    for cursor in ("", "x", "1:scn_01KAMP0000000000000000000A"):
        with pytest.raises(BadInput):
            await places.check_ins(principal=citizen(), citizen_id=ANNA, page=PageRequest(2, cursor or "0"))
    assert await everything(mongo) == before


async def test_check_ins_are_forgotten_after_thirty_days(places: Places, mongo: Mongo) -> None:
    indexes = await mongo.collection("citycode_check_ins").index_information()
    assert indexes["forget"]["expireAfterSeconds"] == timedelta(days=30).total_seconds()


async def test_the_demonstration_city_is_loaded_once(places: Places, mongo: Mongo) -> None:
    await load_demo(places=places, people={"qian": REGISTRAR})
    before = await everything(mongo)
    await load_demo(places=places, people={"qian": REGISTRAR})
    assert await everything(mongo) == before
    rows = before["citycode_places"]
    assert {(row["client_place_id"], row["district"], row["report_category"], row["check_in"]) for row in rows} == {
        ("demo-lamp", "110101", "street-lamp", False),
        ("demo-library", "110101", None, True),
        ("demo-park-gate", "110101", "waste", True),
    }
