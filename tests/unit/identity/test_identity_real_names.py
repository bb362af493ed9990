"""A name is confirmed by the population register: a real one over HTTP, with its faults."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from core.errors import Unavailable
from identity.id_numbers import check_character
from identity.registers import CHECK_PATH, HttpPopulationRegister
from identity.service import Identity
from tests.support.attacks import against
from tests.unit.identity.room import ALEXANDER, NEWCOMER, ZHANG, Room, outcome

KEY = "register-key"
CHEN, CHEN_NUMBER = "陈晓明", "11010519900307" + "451" + check_character("11010519900307451")
CONFIRM = """mutation($name: String!, $idNumber: String!) {
  confirmRealName(input: {name: $name, idNumber: $idNumber}) {
    name realNameLevel realNameEvidence { source at } } }"""


@dataclass
class Register:
    """Speaks the words of the contract, and remembers what it was asked. behaviour: what it does instead."""

    people: dict[str, str] = field(default_factory=lambda: {CHEN_NUMBER: CHEN, "110101198503120025": "张丽华"})
    behaviour: str = "answers"
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    pair: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(2))

    async def check(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"code": "KEY_INVALID"}, status=401)
        body = await request.json()
        self.asked.append(body)
        match self.behaviour:
            case "hangs":
                await self.let_go.wait()
            case "waits for two":
                await self.pair.wait()
            case "fails":
                return web.json_response({"match": True}, status=500)
            case "moves":
                return web.Response(status=307, headers={"Location": f"{self.url}/elsewhere"})
            case "babbles":
                return web.Response(body=b'{"match": true' + b" " * 5_000 + b"}", content_type="application/json")
            case "stammers":
                return web.Response(text="yes")
            case "shrugs":
                return web.json_response({"match": "true"})
            case "lists":
                return web.json_response([True])
            case "drips":
                response = web.StreamResponse()
                await response.prepare(request)
                await self.let_go.wait()
                return response
        return web.json_response({"match": self.people.get(body["idNumber"]) == body["name"]})

    async def elsewhere(self, _: web.Request) -> web.Response:
        """Where nobody is to follow to: it says yes to anything."""
        return web.json_response({"match": True})


@asynccontextmanager
async def _serving(register: Register) -> AsyncIterator[None]:
    application = web.Application()
    application.add_routes([web.post(CHECK_PATH, register.check), web.post("/elsewhere", register.elsewhere)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    register.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        register.let_go.set()
        await runner.cleanup()


@pytest_asyncio.fixture
async def register() -> AsyncIterator[Register]:
    async with _serving(one := Register()):
        yield one


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def asking(room: Room, register: Register, http: aiohttp.ClientSession) -> Room:
    """The room, with the register to ask."""
    port = HttpPopulationRegister(http, register.url, KEY, timeout_s=0.3)
    return dataclasses.replace(room, identity=dataclasses.replace(room.identity, register=port))


async def _confirm(room: Room, phone: str, name: str, id_number: str) -> dict[str, Any]:
    variables = {"name": name, "idNumber": id_number}
    return await room.ask(CONFIRM, principal=await room.citizen(phone), variables=variables)


# --- the answer is yes --------------------------------------------------------------------------------------------


async def test_a_match_gives_a_name_a_level_and_keeps_the_evidence(asking: Room, register: Register) -> None:
    answer = await _confirm(asking, NEWCOMER, f" {CHEN} ", CHEN_NUMBER.lower())
    assert answer["data"]["confirmRealName"] == {
        "name": CHEN,
        "realNameLevel": 3,
        "realNameEvidence": {"source": "人口库", "at": asking.clock.now().isoformat()},
    }
    assert register.asked == [{"name": CHEN, "idNumber": CHEN_NUMBER}]
    again = await asking.citizen(NEWCOMER)
    assert again.real_name_level == 3
    (event,) = await asking.events("identity.real_name_confirmed")
    assert event.payload == {"citizen_id": again.subject, "level": 3}
    dump = await asking.dump()
    assert CHEN_NUMBER.encode() not in dump and CHEN.encode() not in dump
    owner = await asking.identity.store.citizen_of_id_number(CHEN_NUMBER)
    assert owner is not None and owner.id == again.subject


async def test_evidence_is_renewed_beside_what_is_stronger(asking: Room) -> None:
    answer = await _confirm(asking, ZHANG, "张丽华", "110101198503120025")
    assert answer["data"]["confirmRealName"]["realNameLevel"] == 4
    assert answer["data"]["confirmRealName"]["realNameEvidence"]["at"] == asking.clock.now().isoformat()


# --- the answer is no ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "name", "id_number", "refusal"),
    [
        (NEWCOMER, "陈小明", CHEN_NUMBER, "IDENTITY_REAL_NAME_NOT_CONFIRMED"),
        (NEWCOMER, CHEN, "110105199003074520", "IDENTITY_ID_NUMBER_INVALID"),
        (NEWCOMER, CHEN, "", "IDENTITY_ID_NUMBER_INVALID"),
        (NEWCOMER, "", CHEN_NUMBER, "BAD_USER_INPUT"),
        (NEWCOMER, "张丽华", "110101198503120025", "IDENTITY_ID_NUMBER_TAKEN"),
        (ZHANG, CHEN, CHEN_NUMBER, "IDENTITY_REAL_NAME_STANDS"),
        (ALEXANDER, CHEN, CHEN_NUMBER, "IDENTITY_REAL_NAME_STANDS"),
        (ZHANG, "张丽华", CHEN_NUMBER, "IDENTITY_REAL_NAME_STANDS"),
    ],
)
@against("guessing", "name")
async def test_a_refusal_changes_nothing(asking: Room, phone: str, name: str, id_number: str, refusal: str) -> None:
    principal = await asking.citizen(phone)
    before = await asking.dump()
    answer = await asking.ask(CONFIRM, principal=principal, variables={"name": name, "idNumber": id_number})
    assert answer == {"data": None, "codes": [refusal]}
    assert await asking.dump() == before


@pytest.mark.parametrize("behaviour", ["hangs", "fails", "moves", "babbles", "stammers", "shrugs", "lists", "drips"])
async def test_what_is_not_a_clear_answer_is_none(
    asking: Room, register: Register, behaviour: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    register.behaviour = behaviour
    principal = await asking.citizen(NEWCOMER)
    before = await asking.dump()
    variables = {"name": CHEN, "idNumber": CHEN_NUMBER}
    assert await asking.ask(CONFIRM, principal=principal, variables=variables) == {
        "data": None,
        "codes": ["UNAVAILABLE"],
    }
    assert await asking.dump() == before
    assert CHEN_NUMBER not in caplog.text and CHEN not in caplog.text
    assert len(register.asked) == 1


async def test_a_wrong_key_and_a_register_that_is_away_are_unavailable(
    register: Register, http: aiohttp.ClientSession
) -> None:
    for port in (
        HttpPopulationRegister(http, register.url, "another-key"),
        HttpPopulationRegister(http, "http://127.0.0.1:1", KEY),
    ):
        with pytest.raises(Unavailable):
            await port.matches(name=CHEN, id_number=CHEN_NUMBER)
        assert KEY not in repr(port) and "another-key" not in repr(port)
    assert register.asked == []


async def test_without_a_register_names_cannot_be_confirmed(room: Room) -> None:
    principal = await room.citizen(NEWCOMER)
    before = await room.dump()
    confirm = room.identity.real_names.confirm(principal=principal, name=CHEN, id_number=CHEN_NUMBER)
    assert await outcome(confirm) == "UNAVAILABLE"
    assert await room.dump() == before


async def test_staff_have_no_name_to_confirm(asking: Room) -> None:
    confirm = asking.identity.real_names.confirm(principal=await asking.clerk(), name=CHEN, id_number=CHEN_NUMBER)
    assert await outcome(confirm) == "FORBIDDEN"


@against("guessing", "name")
async def test_five_tries_a_day_whatever_they_bring(asking: Room, register: Register) -> None:
    principal, names = await asking.citizen(NEWCOMER), asking.identity.real_names

    async def attempt() -> str:
        return await outcome(names.confirm(principal=principal, name="陈小明", id_number=CHEN_NUMBER))

    outcomes = await asyncio.gather(*(attempt() for _ in range(8)))
    assert sorted(outcomes) == ["AUTH_TOO_MANY_REQUESTS"] * 3 + ["IDENTITY_REAL_NAME_NOT_CONFIRMED"] * 5
    assert len(register.asked) == 5
    asking.clock.advance(seconds=86_399)
    assert await attempt() == "AUTH_TOO_MANY_REQUESTS"
    asking.clock.advance(seconds=1)
    assert await attempt() == "IDENTITY_REAL_NAME_NOT_CONFIRMED"


@against("a race", "names")
async def test_of_two_accounts_at_once_one_has_the_number(asking: Room) -> None:
    people = [await asking.citizen(phone) for phone in (NEWCOMER, "13700000008", "13700000007")]
    identity: Identity = asking.identity
    calls = [identity.real_names.confirm(principal=one, name=CHEN, id_number=CHEN_NUMBER) for one in people]
    outcomes = await asyncio.gather(*(outcome(call) for call in calls))
    assert sorted(outcomes) == ["IDENTITY_ID_NUMBER_TAKEN"] * 2 + ["ok"]
    levels = [one.real_name_level for one in (await identity.store.citizens(p.subject for p in people)).values()]
    assert sorted(levels) == [1, 1, 3]
    assert len(await asking.events("identity.real_name_confirmed")) == 1


@against("a race", "names")
async def test_of_two_names_at_once_an_account_keeps_one(
    asking: Room, register: Register, http: aiohttp.ClientSession
) -> None:
    """Both are looked at before either is kept: the second finds the first one's name."""
    other, other_number = "赵雪", "110108199508160041"
    register.people[other_number], register.behaviour = other, "waits for two"
    patient = HttpPopulationRegister(http, register.url, KEY, timeout_s=20)
    names = dataclasses.replace(asking.identity.real_names, register=patient)
    principal = await asking.citizen(NEWCOMER)
    outcomes = await asyncio.gather(
        outcome(names.confirm(principal=principal, name=CHEN, id_number=CHEN_NUMBER)),
        outcome(names.confirm(principal=principal, name=other, id_number=other_number)),
    )
    assert sorted(outcomes) == ["IDENTITY_REAL_NAME_STANDS", "ok"]
    me = await asking.identity.me(principal=principal)
    assert me.name == (CHEN if outcomes[0] == "ok" else other)
    assert len(await asking.events("identity.real_name_confirmed")) == 1
