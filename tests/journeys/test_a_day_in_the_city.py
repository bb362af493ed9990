"""A citizen's day over /graphql: notices, a bill, a licence shown, a lamp reported and mended, a mother's health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import Mongo
from core.redis import Redis
from tests.support.city import JSON, OpenCity, answered, open_demo_city, settings
from tests.support.departments import KEY, departments
from tests.support.photos import PHOTO_TYPE, photo
from tests.support.waiting import until

ZHANG, LIU = "13800000001", "13800000004"
INSPECTOR, HANDLER, OTHER_HANDLER, REGISTRAR = "13900000001", "13900000005", "13900000006", "13900000008"
A_DAY = (Path(__file__).parents[2] / "docs" / "a-day.graphql").read_text()

SUBJECTS = "{ me { inbox(first: 50) { nodes { subject link readAt } } } }"
BILLS = (
    "{ me { bills(status: UNPAID, first: 5) { nodes { id title amount { amount } } } wallet { balance { amount } } } }"
)
PAY = """mutation($input: PayBillInput!) {
  payBill(input: $input) { id amount { text } receipt { number } bill { status } }
}"""
LICENCES = "{ me { licences { id type { name } } } }"
SHARE = "mutation($input: ShareLicenceInput!) { shareLicence(input: $input) { text lifetimeS fields { name value } } }"
VERIFY = """mutation($input: VerifyLicenceInput!) {
  verifyLicence(input: $input) {
    id result status purpose fields { name value } holder { maskedName } type { name }
  }
}"""
SHOWINGS = "{ me { licenceShowings(first: 5) { nodes { purpose verifier { organisation badge } } } } }"
REGISTER = """mutation($input: RegisterPlaceInput!) {
  registerPlace(input: $input) { code plate }
}"""
READ = "query($text: String!) { readCode(text: $text) { code name actions { kind } reportCategory } }"
REPORT = """mutation($input: CreateReportInput!) {
  createReport(input: $input) { id number status category { code } version }
}"""
CASE = """query($id: ID!) {
  case(id: $id) {
    status version place { name } district { name } photos { url }
    timeline { kind label status note unit photos { url } }
    cityEvent { id status }
  }
}"""
VERSION = "query($id: ID!) { case(id: $id) { version } }"
STAFF_CASES = "{ staffCases(first: 50) { nodes { id number version status } } }"
ACT = "mutation($input: ActOnCaseInput!) { actOnCase(input: $input) { status version } }"
RELATIONS = "{ me { relations { id side subject { maskedName } } } }"
ACT_FOR = "mutation($id: ID!) { actFor(relationId: $id) { accessToken subject { maskedName } } }"
HER_HEALTH = "{ acting { subject { maskedName } } me { maskedName healthStatus { colour label reason } } }"
LOOKS = "{ me { healthLooks(first: 5) { nodes { by delegate { maskedName } } } } }"


@asynccontextmanager
async def city_without(
    dead: str, *, stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock
) -> AsyncIterator[OpenCity]:
    """A demo city; behind one department's port (or none: "") nobody answers."""
    name = mongo.database.name
    async with AsyncExitStack() as stack:
        beside = await stack.enter_async_context(
            departments(mongo_url=stores.mongo_url, database=name, clock=clock, dead=[dead] if dead else [])
        )
        told = settings(mongo_url=stores.mongo_url, redis_url=stores.redis_url, database=name, departments=beside)
        yield await stack.enter_async_context(open_demo_city(told, clock))


async def noticed(city: OpenCity, *, token: str, words: str) -> JSON:
    """The message whose subject has these words; waits until it is there."""

    async def look() -> JSON | None:
        inbox = (await answered(city, SUBJECTS, token=token))["me"]["inbox"]["nodes"]
        return next((message for message in inbox if words in message["subject"]), None)

    return await until(look, what=f"a message about {words}")


@pytest.mark.parametrize("dead", ["", "sensor", "governance", "data"])
async def test_a_day(dead: str, stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock) -> None:
    async with city_without(dead, stores=stores, mongo=mongo, redis=redis, clock=clock) as city:
        zhang = await city.token(ZHANG)
        await she_reads_what_is_due(city, zhang)
        await she_pays(city, zhang)
        await she_shows_her_licence(city, zhang)
        number = await she_reports_a_lamp(city, zhang, handed_over=dead != "governance")
        await she_checks_on_her_mother(city, zhang)
        await the_whole_day_in_one_question(city, zhang, number, dead)


async def she_reads_what_is_due(city: OpenCity, zhang: str) -> None:
    expiring = await noticed(city, token=zhang, words="北京市居住证")
    assert expiring["link"].startswith("/licences/lic_") and expiring["readAt"] is None
    due = await noticed(city, token=zhang, words="生活垃圾处理费")
    assert due["link"].startswith("/bills/bil_")


async def she_pays(city: OpenCity, zhang: str) -> None:
    before = (await answered(city, BILLS, token=zhang))["me"]
    (bill,) = before["bills"]["nodes"]
    given = {"billId": bill["id"], "idempotencyKey": "a-day-in-the-city"}
    paid = (await answered(city, PAY, token=zhang, input=given))["payBill"]
    assert paid["amount"] == {"text": "¥36.00"} and paid["bill"] == {"status": "PAID"}
    assert (await answered(city, PAY, token=zhang, input=given))["payBill"]["id"] == paid["id"], (
        "asked again: the same payment"
    )
    after = (await answered(city, BILLS, token=zhang))["me"]
    assert after["bills"]["nodes"] == []
    assert before["wallet"]["balance"]["amount"] - after["wallet"]["balance"]["amount"] == 3600
    await noticed(city, token=zhang, words="缴费成功：生活垃圾处理费")


async def she_shows_her_licence(city: OpenCity, zhang: str) -> None:
    inspector = await city.token(INSPECTOR, audience="STAFF")
    licences = (await answered(city, LICENCES, token=zhang))["me"]["licences"]
    driving = next(one for one in licences if one["type"]["name"] == "机动车驾驶证")
    share = await answered(city, SHARE, token=zhang, input={"licenceId": driving["id"], "purpose": "路面执法检查"})
    shown = share["shareLicence"]
    assert shown["text"].startswith("CL1:") and shown["lifetimeS"] == 60
    checked = (await answered(city, VERIFY, token=inspector, input={"text": shown["text"]}))["verifyLicence"]
    assert (checked["result"], checked["status"], checked["purpose"]) == ("VALID", "VALID", "路面执法检查")
    assert checked["fields"] == shown["fields"] and checked["holder"] == {"maskedName": "张*华"}
    again = await city.ask(VERIFY, token=inspector, input={"text": shown["text"]})
    assert again.codes == ["LICENCES_CODE_REPLAYED"]
    seen = (await answered(city, SHOWINGS, token=zhang))["me"]["licenceShowings"]["nodes"]
    assert seen == [{"purpose": "路面执法检查", "verifier": {"organisation": "东城区综合执法局", "badge": "DC-0312"}}]


async def she_reports_a_lamp(city: OpenCity, zhang: str, *, handed_over: bool) -> str:
    """The number of her case."""
    handler = await city.token(HANDLER, audience="STAFF")
    lamp = await the_lamp_on_its_plate(city, zhang)
    given = {
        "clientReportId": "lamp-1",
        "description": "路灯不亮，晚上很黑。",
        "placeCode": lamp,
        "photoIds": [await uploaded(city, token=zhang, seed=1)],
    }
    created = await reported(city, zhang, given)
    assert created["status"] == "SUBMITTED" and created["category"] == {"code": "street-lamp"}

    elsewhere = await city.token(OTHER_HANDLER, audience="STAFF")
    step = {"caseId": created["id"], "version": created["version"], "action": "ACCEPT"}
    assert (await city.ask(ACT, token=elsewhere, input=step)).codes == ["NOT_FOUND"], "a case of another district"

    mine = (await answered(city, STAFF_CASES, token=handler))["staffCases"]["nodes"]
    assert created["number"] in [case["number"] for case in mine]
    if handed_over:
        await the_department_takes_it(city, zhang, created["id"])
    repaired = await uploaded(city, token=handler, seed=2)
    for action, more in (("ACCEPT", {}), ("START", {}), ("RESOLVE", {"note": "已更换灯具", "photoIds": [repaired]})):
        version = (await answered(city, VERSION, token=handler, id=created["id"]))["case"]["version"]
        await answered(city, ACT, token=handler, input={**step, "version": version, "action": action, **more})

    case = (
        (await answered(city, CASE, token=zhang, id=created["id"]))["case"]
        if handed_over
        else await alone(city, zhang, created)
    )
    assert (
        case["status"] == "RESOLVED"
        and case["place"] == {"name": "A 号路灯"}
        and case["district"] == {"name": "东城区"}
    )
    resolved = next(entry for entry in case["timeline"] if entry["note"] == "已更换灯具")
    assert len(resolved["photos"]) == 1
    async with city.http.get(f"{city.base}{resolved['photos'][0]['url']}") as picture:
        assert picture.status == 200 and picture.content_type == "image/jpeg"
    number: str = created["number"]
    await noticed(city, token=zhang, words=f"{number}有新进展：已办结")
    return number


async def alone(city: OpenCity, zhang: str, created: JSON) -> JSON:
    """The case while the department's backend is dead: all of it, but what that backend knows."""
    partial = await city.ask(CASE, token=zhang, id=created["id"])
    assert partial.data is not None and partial.data["case"]["cityEvent"] is None
    assert [error["path"] for error in partial.errors] == [["case", "cityEvent"]]
    case: JSON = partial.data["case"]
    return case


async def reported(city: OpenCity, zhang: str, given: JSON) -> JSON:
    """Once the reports room has heard of the new place."""

    async def taken() -> JSON | None:
        answer = await city.ask(REPORT, token=zhang, input=given)
        if answer.data is None:
            assert answer.codes == ["REPORTS_PLACE_UNKNOWN"]
            return None
        case: JSON = answer.data["createReport"]
        return case

    return await until(taken, what="the place in the reports room")


async def the_lamp_on_its_plate(city: OpenCity, zhang: str) -> str:
    """The registrar puts up a plate; she scans it. The code that it says."""
    registrar = await city.token(REGISTRAR, audience="STAFF")
    lamp = {
        "clientPlaceId": "lamp-a",
        "kind": "THING",
        "category": "010101",
        "nameZh": "A 号路灯",
        "nameEn": "Lamp A",
        "location": {"longitude": 116.4166, "latitude": 39.9289},
        "reportCategory": "street-lamp",
        "checkIn": False,
    }
    plate = (await answered(city, REGISTER, token=registrar, input=lamp))["registerPlace"]
    read = (await answered(city, READ, token=zhang, text=plate["plate"]))["readCode"]
    assert read["code"] == plate["code"] and read["reportCategory"] == "street-lamp"
    assert [action["kind"] for action in read["actions"]] == ["REPORT"]
    code: str = read["code"]
    return code


async def uploaded(city: OpenCity, *, token: str, seed: int) -> str:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": PHOTO_TYPE}
    async with city.http.post(f"{city.base}/uploads/report-photos", data=photo(seed=seed), headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        photo_id: str = (await answer.json())["id"]
        return photo_id


async def the_department_takes_it(city: OpenCity, zhang: str, case_id: str) -> None:
    """The event reaches the department's backend, which dispatches it; what the unit says comes back."""

    async def there() -> str | None:
        event = (await answered(city, CASE, token=zhang, id=case_id))["case"]["cityEvent"]
        return event["id"] if event else None

    event_id = await until(there, what="the event in the department's backend")
    steps = f"{city.city.settings.governance_url}/events/{event_id}/status"
    headers = {"Authorization": f"Bearer {KEY}"}
    async with city.http.post(steps, json={"status": "ACCEPTED", "note": "维修队已出发"}, headers=headers) as answer:
        assert answer.status == 200, await answer.text()

    async def told() -> bool:
        timeline = (await answered(city, CASE, token=zhang, id=case_id))["case"]["timeline"]
        words = [(entry["label"], entry["note"]) for entry in timeline if entry["kind"] == "STATUS"]
        return ("处置单位已签收", "维修队已出发") in words

    assert await until(told, what="the unit's word in the timeline", deadline_s=20)


async def she_checks_on_her_mother(city: OpenCity, zhang: str) -> None:
    relations = (await answered(city, RELATIONS, token=zhang))["me"]["relations"]
    mother = next(one for one in relations if one["side"] == "ACTOR" and one["subject"]["maskedName"] == "刘*英")
    acting = (await answered(city, ACT_FOR, token=zhang, id=mother["id"]))["actFor"]["accessToken"]
    hers = await answered(city, HER_HEALTH, token=acting)
    assert hers["acting"] == {"subject": {"maskedName": "刘*英"}}
    assert hers["me"]["healthStatus"]["colour"] == "GREEN" and hers["me"]["healthStatus"]["reason"]
    refused = await city.ask("{ me { cityCode { text } } }", token=acting)
    assert refused.codes == ["FORBIDDEN"], "her code is for her alone"
    liu = await city.token(LIU)
    looks = (await answered(city, LOOKS, token=liu))["me"]["healthLooks"]["nodes"]
    assert looks == [{"by": "DELEGATE", "delegate": {"maskedName": "张*华"}}]


MISSING = {
    "": set(),
    "sensor": {"airQuality"},
    "governance": {"cityEvent", "openEventCount", "cityEvents"},
    "data": {"datasets"},
}


async def the_whole_day_in_one_question(city: OpenCity, zhang: str, number: str, dead: str) -> None:
    answer = await city.ask(A_DAY, token=zhang)
    assert answer.status == 200 and answer.data is not None
    me = answer.data["me"]
    assert me["maskedName"] == "张*华" and len(me["licences"]) == 2 and me["healthStatus"]["colour"] == "GREEN"
    assert me["unreadCount"] > 0 and len(me["inbox"]["nodes"]) == 5
    (lamp,) = (case for case in me["cases"]["nodes"] if case["number"] == number)
    assert lamp["status"] == "RESOLVED" and lamp["place"] == {"name": "A 号路灯"} and me["bills"]["nodes"]
    assert {error["path"][-1] for error in answer.errors} == MISSING[dead], "what is missing says so at its place"
    assert all(error["extensions"]["service"] == dead for error in answer.errors)
    district = me["homeDistrict"]
    if dead != "sensor":
        assert 0 <= district["airQuality"]["aqi"] <= 500
    if dead != "governance":
        assert district["openEventCount"] >= 1 and lamp["cityEvent"]["dispatches"][0]["unit"]["name"]
    if dead != "data":
        assert len(district["datasets"]["nodes"]) == 3
