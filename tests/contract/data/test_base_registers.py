"""The base registers: what they answer, what they never tell, and what they keep of a question."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from backends.data.demo import load_registers
from backends.data.demo_registers import PEOPLE
from backends.data.questions import Person, Register
from backends.data.records import Records
from backends.data.registers import Registers
from core.clock import FixedClock
from core.crypto import FieldCipher, UnsealError
from core.mongo import Mongo
from tests.contract.data.publishing import ASK, PUBLISH, Door, code
from tests.support.remembering import once

XIAOMING = {"name": "王小明", "idNumber": "110101199003070038"}
CATERING = {"uscc": "91110101MA0DEM001X", "name": "北京通城示范餐饮有限公司"}
SOFTWARE = {"uscc": "91110108MA0DEM0026", "name": "北京海淀示范软件有限公司"}


@pytest_asyncio.fixture(autouse=True)
async def filled(registers: Registers, mongo: Mongo) -> None:
    await once(mongo, "registers", partial(load_registers, registers.records))


async def everything(mongo: Mongo) -> dict[str, list[dict[str, Any]]]:
    names = ("people", "organisations", "addresses", "questions")
    return {name: await mongo.collection(name).find({}).to_list() for name in names}


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        (XIAOMING, True),
        ({"name": " 王 小明 ", "idNumber": "110101199003070038"}, True),
        ({"name": "ALEXANDER MONTGOMERY FEATHERSTONEHAUGH", "idNumber": "110105198807040070"}, True),
        ({"name": "王大明", "idNumber": "110101199003070038"}, False),  # another name
        ({"name": "王小明", "idNumber": "11010519491231002X"}, False),  # a number that nobody has
        ({"name": "张丽华", "idNumber": "110101199003070038"}, False),  # somebody else's name
        ({"name": "nobody", "idNumber": "440524188001010014"}, False),
    ],
)
async def test_who_goes_with_which_number(door: Door, asked: dict[str, str], match: bool) -> None:
    assert await door.ask("population/check", asked) == (200, {"match": match})


async def test_a_wrong_name_and_an_unknown_number_are_one_answer(door: Door, mongo: Mongo) -> None:
    """The same bytes, headers and records: nothing tells whether the number exists."""
    seen = []
    for asked in ({**XIAOMING, "name": "王大明"}, {**XIAOMING, "idNumber": "440524188001010014"}):
        headers = {"Authorization": f"Bearer {ASK}", "X-Request-Id": "one"}
        async with door.session.post("/registers/population/check", json=asked, headers=headers) as response:
            answered = {n: v for n, v in response.headers.items() if n != "Date"}
            seen.append((response.status, await response.read(), answered))
    assert seen[0] == seen[1]
    assert seen[0][2]["Cache-Control"] == "no-store"
    questions = await mongo.collection("questions").find({}).to_list()
    assert [set(q) for q in questions] == [{"_id", "register", "by", "subject", "at"}] * 2


@pytest.mark.parametrize(
    ("path", "asked", "refusal"),
    [
        ("population/check", {**XIAOMING, "idNumber": "110101199003070039"}, "DATA_NUMBER_INVALID"),
        ("population/check", {"name": "王小明"}, "DATA_QUESTION_MALFORMED"),
        ("population/check", [], "DATA_QUESTION_MALFORMED"),
        ("population/check", {**XIAOMING, "name": {"$ne": ""}}, "DATA_QUESTION_MALFORMED"),
        ("population/check", b"{", "BAD_USER_INPUT"),
        ("population/check", b" " * 4097, "DATA_BODY_TOO_LARGE"),
        ("organisations/check", {**CATERING, "uscc": "91110101MA0DEM0010"}, "DATA_NUMBER_INVALID"),
        ("addresses/search", {"text": "x" * 101}, "DATA_QUESTION_MALFORMED"),
        ("addresses/search", {"text": "路", "district": "110000"}, "DATA_QUESTION_MALFORMED"),
    ],
)
async def test_what_is_no_question_is_refused_and_stands_on_no_record(
    door: Door, mongo: Mongo, path: str, asked: Any, refusal: str
) -> None:
    assert code((await door.ask(path, asked))[1]) == refusal
    assert await mongo.collection("questions").count_documents({}) == 0


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        (None, "population/check", 401),
        ("wrong", "population/check", 401),
        (PUBLISH, "population/check", 403),
        (PUBLISH, "organisations/check", 403),
        ("neighbours-key", "addresses/search", 403),
        ("neighbours-key", "population/check", 200),
    ],
)
async def test_a_key_asks_what_it_may(door: Door, mongo: Mongo, key: str | None, path: str, status: int) -> None:
    asked = {"population/check": XIAOMING, "organisations/check": CATERING, "addresses/search": {"text": "路"}}[path]
    assert (await door.ask(path, asked, key=key))[0] == status
    assert await mongo.collection("questions").count_documents({}) == (status == 200)
    assert await mongo.collection("asked").count_documents({}) == (2 if status == 200 else 0)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (CATERING, {"match": True, "status": "ACTIVE"}),
        (SOFTWARE, {"match": True, "status": "REVOKED"}),
        ({"uscc": "91110105MA0DEM003X", "name": "北京朝阳示范贸易有限公司"}, {"match": True, "status": "DEREGISTERED"}),
        ({**SOFTWARE, "name": "北京海淀示范软件"}, {"match": False, "status": None}),
        ({"uscc": "91110000600037341L", "name": "北京海淀示范软件有限公司"}, {"match": False, "status": None}),
    ],
)
async def test_which_name_goes_with_which_code(door: Door, asked: dict[str, str], answer: dict[str, Any]) -> None:
    assert await door.ask("organisations/check", asked) == (200, answer)


@pytest.mark.parametrize(
    ("asked", "children"),
    [
        (XIAOMING, ["张小北", "王小朵"]),
        ({"name": "张丽华", "idNumber": "110101198503120025"}, ["张小北", "王小朵"]),
        ({"name": "刘秀英", "idNumber": "110101194802150023"}, ["张丽华"]),
        ({"name": "赵雪", "idNumber": "110108199508160041"}, []),
        ({**XIAOMING, "name": "王大明"}, []),  # another name: as nobody's
        ({"name": "nobody", "idNumber": "440524188001010014"}, []),
    ],
)
async def test_who_the_children_of_a_person_are(door: Door, asked: dict[str, str], children: list[str]) -> None:
    status, answer = await door.ask("population/children", asked)
    assert (status, [child["name"] for child in answer["children"]]) == (200, children)


async def test_children_are_told_to_a_key_with_that_right_alone_and_stand_sealed(door: Door, mongo: Mongo) -> None:
    assert (await door.ask("population/children", XIAOMING, key="neighbours-key"))[0] == 403
    assert await mongo.collection("questions").count_documents({}) == 0
    assert (await door.ask("population/children", XIAOMING))[0] == 200
    assert await mongo.collection("questions").count_documents({"register": "families"}) == 1
    kept = repr(await mongo.collection("families").find({}).to_list())
    assert "王小朵" not in kept and XIAOMING["idNumber"] not in kept


JIANGUO = {"representative": "欧阳建国", "idNumber": "110108195809230017"}


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({**CATERING, **JIANGUO}, {"match": True, "status": "ACTIVE"}),
        ({**SOFTWARE, **JIANGUO}, {"match": True, "status": "REVOKED"}),
        ({**CATERING, "representative": "王小明", "idNumber": XIAOMING["idNumber"]}, {"match": False, "status": None}),
        ({**CATERING, **JIANGUO, "representative": "欧阳"}, {"match": False, "status": None}),
        ({**CATERING, **JIANGUO, "name": "北京通城"}, {"match": False, "status": None}),
        ({**SOFTWARE, **JIANGUO, "uscc": "91110000600037341L"}, {"match": False, "status": None}),
    ],
)
async def test_whether_somebody_represents_an_organisation(
    door: Door, asked: dict[str, str], answer: dict[str, Any]
) -> None:
    assert await door.ask("organisations/representative", asked) == (200, answer)


@pytest.mark.parametrize(
    ("asked", "first", "many"),
    [
        ({"text": "王府井大街12号"}, "北京市东城区东华门街道王府井大街12号", 1),
        ({"text": "三里屯路 3 号"}, "北京市朝阳区三里屯街道三里屯路3号", 1),
        ({"text": "学院路", "district": "110108"}, "北京市海淀区学院路街道学院路1号", 10),
        ({"text": "学院路9999号"}, "北京市海淀区学院路街道学院路1号", 10),
        ({"text": "学院路", "district": "110101"}, None, 0),
        ({"text": "不存在的路"}, None, 0),
        ({"text": "12"}, "北京市朝阳区望京街道望京街12号", 9),
        ({"text": "$where .* ("}, None, 0),
    ],
)
async def test_standard_addresses_for_what_somebody_wrote(
    door: Door, asked: dict[str, str], first: str | None, many: int
) -> None:
    status, answer = await door.ask("addresses/search", asked)
    found = answer["addresses"]
    assert (status, len(found)) == (200, many)
    assert (found[0]["text"] if found else None) == first
    assert all(a["code"].startswith(a["district"]) and 39 < a["latitude"] < 41 for a in found)


async def test_every_question_is_on_record_and_no_record_can_be_read(
    door: Door, mongo: Mongo, registers: Registers, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    await door.ask("population/check", XIAOMING)
    clock.advance(seconds=1)
    await door.ask("population/check", XIAOMING, key="neighbours-key")
    clock.advance(seconds=1)
    await door.ask("organisations/check", SOFTWARE)
    questions = await mongo.collection("questions").find({}, sort={"_id": 1}).to_list()
    assert [(q["register"], q["by"]) for q in questions] == [
        (Register.POPULATION, "identity"),
        (Register.POPULATION, "neighbour"),
        (Register.ORGANISATIONS, "identity"),
    ]
    assert questions[0]["subject"] == questions[1]["subject"] == registers.records.subject(XIAOMING["idNumber"])
    told = repr(await everything(mongo)) + repr(await mongo.collection("asked").find({}).to_list()) + caplog.text
    for person in PEOPLE:
        assert person.id_number not in told
        assert person.name not in told
        assert person.name.encode() not in told.encode()


async def test_a_key_may_ask_so_often_a_minute(door: Door, mongo: Mongo, clock: FixedClock) -> None:
    answers = await asyncio.gather(*(door.ask("organisations/check", CATERING) for _ in range(35)))
    assert sorted(status for status, _ in answers) == [200] * 30 + [429] * 5
    refused = next(a for status, a in answers if status == 429)["errors"][0]["extensions"]
    assert (refused["code"], refused["retry_after_s"], refused["retryable"]) == ("DATA_TOO_MANY_QUESTIONS", 60, True)
    assert await mongo.collection("questions").count_documents({}) == 30
    assert (await door.ask("population/check", XIAOMING, key="neighbours-key"))[0] == 200  # another key
    clock.advance(seconds=60)
    assert (await door.ask("organisations/check", CATERING))[0] == 200


async def test_names_are_not_tried_out_on_a_number_whether_it_exists_or_not(door: Door, clock: FixedClock) -> None:
    for number in (XIAOMING["idNumber"], "440524188001010014"):
        tries = [(await door.ask("population/check", {"name": f"王{n}", "idNumber": number}))[0] for n in range(7)]
        assert tries == [200] * 5 + [429] * 2
    assert code((await door.ask("population/check", XIAOMING, key="neighbours-key"))[1]) == "DATA_TOO_MANY_QUESTIONS"
    clock.advance(seconds=86_400)
    assert await door.ask("population/check", XIAOMING) == (200, {"match": True})


async def test_a_name_that_changed_goes_with_its_number_alone(door: Door, registers: Registers) -> None:
    await registers.records.put_people([Person("王晓明", XIAOMING["idNumber"])])
    assert await door.ask("population/check", XIAOMING) == (200, {"match": False})
    assert await door.ask("population/check", {**XIAOMING, "name": "王晓明"}) == (200, {"match": True})


async def test_a_row_that_was_put_together_by_hand_matches_nobody(door: Door, mongo: Mongo) -> None:
    """Who can write the database but not seal cannot make one person's number go with another's row."""
    people = mongo.collection("people")
    one, other = await people.find({}).to_list(2)
    await people.update_one({"_id": one["_id"]}, {"$set": {"sealed": other["sealed"]}})
    matches = [
        (await door.ask("population/check", {"name": p.name, "idNumber": p.id_number}))[1]["match"] for p in PEOPLE
    ]
    assert sorted(matches) == [False] + [True] * (len(PEOPLE) - 1)


async def test_another_key_is_noticed_before_it_makes_everybody_a_stranger(mongo: Mongo) -> None:
    with pytest.raises(UnsealError):
        await Records(mongo, FieldCipher(bytes(32))).prepare()
