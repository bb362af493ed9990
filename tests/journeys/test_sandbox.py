"""A sandbox city: an organisation makes test citizens, signs in as them, asks for them from its desk, ends them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from citytong_sdk.review.operations import SCOPE_OF
from citytong_sdk.tong.dev.answers import Answers
from citytong_sdk.tong.dev.sandbox import Sandbox

from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import Mongo
from core.redis import Redis
from identity.consents.erasing import ErasureState
from miniapps.asking.service import READING
from miniapps.developers.demo import APP, NAME
from miniapps.errors import TooOften
from miniapps.sandbox import service
from tests.support.city import JSON, REQUEST_CODE, SIGN_IN, OpenCity, did
from tests.support.laptop import Laptop, city_that_listens
from tests.support.waiting import until

ZHANG: Final = "13800000001"
LIU: Final = "13800000004"
_T: Final = "id name phone idNumber bornOn age homeDistrict realNameLevel createdAt"
_OF: Final = "{ developer { organisations { id name } } }"
_REGISTER: Final = 'mutation { registerDeveloper(input: {name: "Liu builds"}) { id } }'
_NEW: Final = f"mutation($input: CreateTestCitizenInput!) {{ createTestCitizen(input: $input) {{ {_T} }} }}"
_ALL: Final = f"query($of: ID) {{ testCitizens(organisation: $of) {{ {_T} }} }}"
_ONE: Final = (
    "query($id: ID!, $of: ID) { testCitizen(id: $id, organisation: $of) { id signInCode { code expiresAt } } }"
)
_RESET: Final = "mutation($id: ID!, $app: String!) { resetTestCitizen(id: $id, appId: $app) { id } }"
_REMOVE: Final = "mutation($id: ID!, $of: ID) { removeTestCitizen(id: $id, organisation: $of) }"
_ME: Final = "{ me { id name realNameLevel homeDistrict { code } } }"
_CHANGE: Final = 'mutation { beginPhoneChange(newPhone: "13911112222") { state } }'
_MERGE: Final = 'mutation { beginMerge(phone: "13800000002") { id } }'
_DOCUMENT: Final = "query Who { me { maskedName name homeDistrict { code } } }"
_NAME: Final = "city.data.masked_name"


@pytest_asyncio.fixture
async def city(
    stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock, beside: dict[str, str]
) -> AsyncIterator[OpenCity]:
    async with city_that_listens(stores, mongo, clock, beside, TONG_SANDBOX="on") as opened:
        yield opened


async def _asked(city: OpenCity, token: str, id: str, *, granted: list[str], document: str = _DOCUMENT) -> JSON:
    body = {"citizen": id, "appId": APP, "document": document, "variables": {}, "granted": granted}
    headers = {"Authorization": f"Bearer {token}"}
    async with city.http.post(f"{city.base}/open/sandbox/graphql", json=body, headers=headers) as response:
        told: JSON = await response.json()
        return {"status": response.status, **told}


async def _signs_in(city: OpenCity, builder: str, studio: str, made: JSON) -> str:
    """The access token of a test citizen, by the code that its organisation is shown."""
    given = {"phone": made["phone"], "audience": "CITIZEN", "deviceId": made["id"]}
    assert (await city.ask(REQUEST_CODE, input=given)).errors == []

    async def code() -> str | None:
        shown = (await did(city, _ONE, builder, id=made["id"], of=studio))["signInCode"]
        return shown["code"] if shown else None

    # What a demonstration shows to everybody, it does not show of test citizens.
    async with city.http.get(f"{city.base}/dev/sms", params={"phone": made["phone"]}) as response:
        assert response.status == 400
    signed = await city.ask(SIGN_IN, input={**given, "code": await until(code, what="a code"), "deviceName": "A phone"})
    assert signed.data and signed.errors == [], signed.errors
    token: str = signed.data["signIn"]["accessToken"]
    return token


async def _at_the_desk(laptop: Laptop, elder: JSON) -> None:
    """What `tong dev --sandbox` answers the program with."""
    sandbox = await asyncio.to_thread(
        Sandbox.of, laptop.desk(io.StringIO(), io.StringIO()), app_id=APP, city=laptop.city.base
    )
    whom = sandbox.chosen(elder["phone"])
    phone = sandbox.citizens()[whom]
    assert (phone.name, phone.phone, phone.prefs["mode"]) == ("孙桂兰", elder["phone"], "elder")
    assert sandbox.told(phone)["url"] == laptop.city.base and sandbox.told(phone)["id"] == elder["id"]
    answers = sandbox.answers(Answers(schema="", scopes=SCOPE_OF, mocks={}))
    told = await asyncio.to_thread(answers.answer, _DOCUMENT, {}, lambda name: name == _NAME, citizen=whom)
    assert told["data"]["me"] == {"maskedName": "孙*兰", "name": None, "homeDistrict": None} and "errors" not in told
    assert told["withheld"] == ["Citizen.homeDistrict", "Citizen.name"]


async def test_test_citizens_from_beginning_to_end(
    city: OpenCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with city.http.get(f"{city.base}/.well-known/city-open") as response:
        assert (await response.json())["sandbox"] is True
    async with city.http.get(f"{city.base}/") as response:
        assert "<html data-sandbox " in await response.text()
    zhang, liu = await city.token(ZHANG), await city.token(LIU)
    studio = next(one["id"] for one in (await did(city, _OF, zhang))["organisations"] if one["name"] == NAME)
    others = (await did(city, _REGISTER, liu))["id"]

    # Made as they are wanted.
    async def new(**input: Any) -> JSON:
        made: JSON = await did(city, _NEW, zhang, input={"organisation": studio, **input})
        return made

    grown = await new(name="张晓明", homeDistrict="110101", realNameLevel=4)
    assert grown["name"] == "张晓明" and grown["homeDistrict"] == "110101" and grown["realNameLevel"] == 4
    assert grown["phone"].startswith("+86154") and grown["idNumber"].startswith("119900") and 18 <= grown["age"] < 60
    child = await new(ageGroup="CHILD", residence="HONG_KONG")
    assert 7 <= child["age"] <= 13 and child["idNumber"].startswith("819900")
    first = await new(realNameLevel=1)
    assert (first["idNumber"], first["bornOn"], first["age"], first["homeDistrict"]) == (None, None, None, None)
    made = await did(city, _ALL, zhang, of=studio)
    assert {one["id"] for one in made} == {grown["id"], child["id"], first["id"]}
    for wrong, code in (
        ({"realNameLevel": 1, "ageGroup": "ELDER"}, "BAD_USER_INPUT"),
        ({"realNameLevel": 6}, "BAD_USER_INPUT"),
        ({"homeDistrict": "310101"}, "NOT_FOUND"),
    ):
        refused = await city.ask(_NEW, token=zhang, input={"organisation": studio, **wrong})
        assert refused.codes == [code], wrong

    # Nobody else's: not to see, not to use, not to end; and nobody but them signs in with such a phone.
    assert await did(city, _ALL, liu, of=others) == []
    assert (await city.ask(_ALL, token=liu, of=studio)).codes == ["NOT_FOUND"]
    for of in (studio, others):
        assert (await city.ask(_ONE, token=liu, id=grown["id"], of=of)).codes == ["NOT_FOUND"]
        assert (await city.ask(_REMOVE, token=liu, id=grown["id"], of=of)).codes == ["NOT_FOUND"]
    assert (await _asked(city, liu, grown["id"], granted=[_NAME]))["status"] == 404
    given = {"phone": "15400000000", "audience": "CITIZEN", "deviceId": "x"}
    assert (await city.ask(REQUEST_CODE, input=given)).errors == []
    box = city.city.rooms.code_box
    guessed = await until(lambda: box.kept("+8615400000000"), what="a code")
    stranger = {**given, "code": guessed["code"], "deviceName": "A phone"}
    assert (await city.ask(SIGN_IN, input=stranger)).codes == ["AUTH_CODE_EXPIRED"]

    # In the shell they are a citizen as any, whose phone is no way to anybody, and who makes no further ones.
    token = await _signs_in(city, zhang, studio, grown)
    me = await did(city, _ME, token)
    assert me["name"] == "张晓明" and me["realNameLevel"] == 4 and me["homeDistrict"]["code"] == "110101"
    assert (await city.ask(_REGISTER, token=token)).codes == ["MINIAPPS_REAL_NAME_NEEDED"]
    assert (await city.ask(_NEW, token=token, input={"organisation": studio})).codes == ["NOT_FOUND"]
    for way in (_CHANGE, _MERGE):
        assert (await city.ask(way, token=token)).codes == ["IDENTITY_TEST_CITIZEN"]

    # A program that is being written asks for them, for what they are said to have agreed to, as far as rules let them.
    told = await _asked(city, zhang, grown["id"], granted=[_NAME])
    assert told == {
        "status": 200,
        "data": {"me": {"maskedName": "张*明", "name": None, "homeDistrict": None}},
        "errors": [],
        "withheld": ["Citizen.homeDistrict", "Citizen.name"],
    }
    told = await _asked(city, zhang, child["id"], granted=[_NAME, "city.data.name"])
    assert told["data"]["me"]["maskedName"] is None and "Citizen.maskedName" in told["withheld"]
    closed = "{ me { id } }"
    assert (await _asked(city, zhang, grown["id"], granted=[], document=closed))["error"]["code"] == (
        "MINIAPPS_OPERATIONS_INVALID"
    )
    own = await _asked(city, zhang, grown["id"], granted=["city.data.developer"], document="{ developer { id } }")
    assert (own["data"], own["withheld"]) == ({"developer": None}, ["Developer.id", "Query.developer"])
    # New documents are paid for by what reading them costs: those above have cost something already.
    paces = city.city.rooms.sandbox.paces
    with pytest.raises(TooOften):
        await paces.check(replace(READING, count_max=1), studio, refused=lambda left_s: TooOften(retry_after_s=left_s))
    await paces.spend(READING, studio, READING.count_max)
    assert (await _asked(city, zhang, grown["id"], granted=[_NAME]))["status"] == 200
    unread = "{ me { phone } }"
    spent = await _asked(city, zhang, grown["id"], granted=[], document=unread)
    assert (spent["status"], spent["error"]["code"]) == (429, "MINIAPPS_NEW_DOCUMENTS_TOO_COSTLY")
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=READING.window_s)
    assert (await _asked(city, zhang, grown["id"], granted=[], document=unread))["status"] == 200
    people = await city.city.rooms.wings.identity.store.citizen_of_phone(f"+86{ZHANG}")
    assert people is not None
    assert (await _asked(city, zhang, people.id, granted=[_NAME]))["status"] == 404

    # The same at a developer's desk, by the real command.
    laptop = Laptop(city, tmp_path / "home", tmp_path)
    await laptop.sign_in(zhang, organisation=studio)
    listed = await laptop.tong("citizens", "list")
    assert listed["city"] == city.base and {one["id"] for one in listed["citizens"]} == {one["id"] for one in made}
    elder = await laptop.tong("citizens", "new", "--name", "孙桂兰", "--age", "elder")
    assert (await laptop.tong("citizens", "show", "孙桂兰")) == {"citizen": elder, "code": None}
    status, out, _ = await laptop.tried("citizens", "show", "nobody")
    assert status == 2 and "TONG_WHICH_CITIZEN" in out
    status, out, _ = await laptop.tried("status", "--app", "dev.nobody.nothing")
    assert status == 2 and '"NOT_FOUND"' in out and "has no program dev.nobody.nothing here" in out
    await _at_the_desk(laptop, elder)
    assert await laptop.tong("citizens", "reset", elder["phone"][-8:], "--app", APP) == {
        "id": elder["id"],
        "app_id": APP,
    }
    assert await laptop.tong("citizens", "remove", elder["id"]) == {"id": elder["id"]}

    # Forgotten by a program, and gone.
    assert (await did(city, _RESET, zhang, id=grown["id"], app=APP))["id"] == grown["id"]
    assert (await city.ask(_RESET, token=liu, id=grown["id"], app=APP)).codes == ["NOT_FOUND"]
    await did(city, _REMOVE, zhang, id=grown["id"], of=studio)
    assert (await city.ask(_ONE, token=zhang, id=grown["id"], of=studio)).codes == ["NOT_FOUND"]
    erasures = city.city.rooms.wings.erasures

    async def erased() -> bool:
        city.clock.advance(seconds=61)  # type: ignore[attr-defined]
        await erasures.work()
        newest = await erasures.erasures.newest(me["id"])
        return newest is not None and newest.state is ErasureState.DONE

    await until(erased, what="the erasure")
    assert (await city.ask(_ME, token=token)).codes == ["AUTH_TOKEN_INVALID"]
    assert await city.city.rooms.wings.identity.store.citizen_of_phone(grown["phone"]) is None

    # No more than there may be: two are left.
    monkeypatch.setattr(service, "CITIZENS_MAX", 3)
    await new()
    full = await city.ask(_NEW, token=zhang, input={"organisation": studio})
    assert full.codes == ["MINIAPPS_LIMIT_REACHED"]
