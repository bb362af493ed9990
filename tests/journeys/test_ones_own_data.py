"""One's own data: who looked at it in which room, a copy of all of it, leaving for good, two accounts made one."""

from __future__ import annotations

import io
import zipfile

import orjson

from core.clock import FixedClock
from identity.recovery.merges import SETTLED_AFTER
from tests.support.city import JSON, OpenCity, answered
from tests.support.waiting import until

ZHANG, INSPECTOR, NEWCOMER = "13800000001", "13900000001", "13700000123"

SCAN = """mutation($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) { id person { maskedName } health { colour } }
}"""
LOG = """query($first: Int!, $after: String) { accessLog(first: $first, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { id purpose reason fields { name } officer { badge } } } }"""

STAYS, GOES, NEXT = "13700000131", "13700000132", "13700000133"
REPORT = "mutation($input: CreateReportInput!) { createReport(input: $input) { id } }"
BEGIN = "mutation($phone: String!) { beginMerge(phone: $phone) { id expiresAt } }"
CONFIRM = "mutation($id: ID!, $code: String!) { confirmMerge(id: $id, code: $code) }"
CHANGE = "mutation($phone: String!) { beginPhoneChange(newPhone: $phone) { state } }"
CONFIRM_CHANGE = "mutation($code: String!) { confirmPhoneChange(code: $code) { state maskedPhone effectiveAt } }"
MINE = "{ me { id phone cases(first: 5) { nodes { id } } inbox(first: 20) { nodes { subject } } } }"
LAMP = {
    "clientReportId": "two-accounts",
    "categoryCode": "street-lamp",
    "description": "路灯不亮，晚上看不清路",
    "address": "东城区景山前街",
    "location": {"longitude": 116.4166, "latitude": 39.9289},
    "photoIds": [],
}


async def _log(city: OpenCity, token: str, *, first: int, pages: int) -> list[JSON]:
    seen, after = list[JSON](), None
    for _ in range(pages):
        answer = await city.ask(LOG, token=token, first=first, after=after)
        assert answer.errors == [] and answer.data is not None
        page = answer.data["accessLog"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    return seen


async def _code(city: OpenCity, phone: str, before: str) -> str:
    """The newest code of a phone."""

    async def look() -> str | None:
        latest = await city.city.rooms.development_sms.latest(phone) if city.city.rooms.development_sms else None
        return str(latest["code"]) if latest and latest["code"] != before else None

    return await until(look, what="an SMS")


async def test_a_scan_is_seen_in_the_access_log_in_every_room_that_it_touched(city: OpenCity) -> None:
    zhang, inspector = await city.token(ZHANG), await city.token(INSPECTOR, audience="STAFF")
    code = (await city.ask("{ me { cityCode { text } } }", token=zhang)).data
    assert code is not None
    given = {"text": code["me"]["cityCode"]["text"], "purpose": "HEALTH_CHECK"}
    scanned = await city.ask(SCAN, token=inspector, input=given)
    assert scanned.errors == []
    newest = await _log(city, zhang, first=3, pages=1)
    told = {(one["purpose"], one["reason"], one["fields"][0]["name"], one["officer"]["badge"]) for one in newest}
    assert told == {
        ("扫描城市码", "健康核验", "城市码", "DC-0312"),
        ("查看健康状态", "健康核验", "健康状态", "DC-0312"),
        ("工作人员核对身份", None, "姓名（部分隐藏）", "DC-0312"),
    }
    assert await _log(city, zhang, first=1, pages=3) == newest


async def test_a_copy_holds_what_every_room_holds(city: OpenCity) -> None:
    zhang, other = await city.token(ZHANG), await city.token("13800000002")
    asked = await city.ask("mutation { requestDataDownload { id } }", token=zhang)
    assert asked.errors == []
    await city.city.rooms.wings.downloads.work()
    listed = await city.ask("{ dataDownloads { state url } }", token=zhang)
    assert listed.data is not None
    newest = listed.data["dataDownloads"][0]
    assert newest["state"] == "READY"
    for token, status in ((other, 404), ("", 401), (zhang, 200)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with city.http.get(city.base + newest["url"], headers=headers) as response:
            raw = await response.read()
            assert response.status == status
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    rooms = "account sessions devices relations consents access-log sign-in-methods licences payments reports health"
    assert set(held) == {"index.html", *(f"{room}.json" for room in (*rooms.split(), "messages", "mini-programs"))}
    assert orjson.loads(held["account.json"])["name"] == "张丽华"
    assert orjson.loads(held["licences.json"])
    assert orjson.loads(held["payments.json"])["bills"]


async def test_who_leaves_is_forgotten_and_who_has_two_accounts_makes_one_of_them(city: OpenCity) -> None:
    first = await city.token(NEWCOMER)
    me = (await city.ask("{ me { id } }", token=first)).data
    assert me is not None
    asked = await city.ask("mutation { eraseAccount { state } }", token=first)
    assert asked.data == {"eraseAccount": {"state": "WAITING"}}
    ground, rooms, leaver = city.city.ground, city.city.rooms, me["me"]["id"]
    theirs = {"$or": [{"_id": leaver}, {"citizen": leaver}]}

    async def told() -> bool:
        return await ground.mongo.collection("notifications_messages").count_documents(theirs) == 2

    await until(told, what="the welcome, and that the account is to be erased")
    # A week passes for this one alone: others share the city.
    erasures = ground.mongo.collection("identity_erasures")
    await erasures.update_one({"citizen": leaver}, {"$set": {"next_at": city.clock.now()}})
    await rooms.wings.erasures.work()
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=5)  # by then its tokens are refused everywhere
    await rooms.wings.erasures.work()
    assert (await city.ask("{ me { id } }", token=first)).codes == ["AUTH_TOKEN_INVALID"]
    for name in ("identity_keychains", "notifications_messages"):
        assert await ground.mongo.collection(name).count_documents(theirs) == 0
    assert await ground.mongo.collection("notifications_reach").find_one(theirs) == {"_id": leaver, "gone": True}
    city.clock.advance(seconds=1)  # so that the next code is told from the last one
    again = (await city.ask("{ me { id maskedName } }", token=await city.token(NEWCOMER))).data
    assert again is not None
    assert again["me"]["id"] != leaver
    await _two_become_one(city)


async def _two_become_one(city: OpenCity) -> None:
    """A second account is merged, and another phone counts: what both held is there."""
    goes, stays = await city.token(GOES), await city.token(STAYS)
    report = (await answered(city, REPORT, goes, input=LAMP))["createReport"]["id"]
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=1)
    sms = city.city.rooms.development_sms
    assert sms is not None
    known = str(((await sms.latest(GOES)) or {"code": ""})["code"])
    merge = (await answered(city, BEGIN, stays, phone=GOES))["beginMerge"]["id"]
    await answered(city, CONFIRM, stays, id=merge, code=await _code(city, GOES, known))
    assert (await city.ask("{ me { id } }", token=goes)).codes == ["AUTH_TOKEN_INVALID"]
    city.clock.advance(seconds=SETTLED_AFTER.total_seconds())
    await city.city.rooms.wings.merges.work()

    # By the old phone alone, just now, another number counts at once: the one that the merge set free, too.
    assert (await answered(city, CHANGE, stays, phone=NEXT))["beginPhoneChange"] == {"state": "CODE_SENT"}
    changed = await answered(city, CONFIRM_CHANGE, stays, code=await _code(city, NEXT, ""))
    assert changed["confirmPhoneChange"]["state"] == "DONE"

    async def told() -> JSON | None:
        mine = await answered(city, MINE, stays)
        subjects = {one["subject"] for one in mine["me"]["inbox"]["nodes"]}
        return mine if {"您的另一个账号已并入本账号", "您的账号已更换手机号"} <= subjects else None

    mine = await until(told, what="messages of both")
    assert mine["me"]["phone"] == f"+86{NEXT}"
    assert [one["id"] for one in mine["me"]["cases"]["nodes"]] == [report]
    city.clock.advance(seconds=1)
    assert (await answered(city, "{ me { id } }", await city.token(NEXT)))["me"]["id"] == mine["me"]["id"]
