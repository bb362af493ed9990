"""One's own data: who looked at it in which room, a copy of all of it, and leaving for good."""

from __future__ import annotations

import io
import zipfile

import orjson

from core.clock import FixedClock
from tests.support.city import JSON, OpenCity
from tests.support.waiting import until

ZHANG, INSPECTOR, NEWCOMER = "13800000001", "13900000001", "13700000123"

SCAN = """mutation($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) { id person { maskedName } health { colour } }
}"""
LOG = """query($first: Int!, $after: String) { accessLog(first: $first, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { id purpose reason fields { name } officer { badge } } } }"""


async def _log(city: OpenCity, token: str, *, first: int, pages: int) -> list[JSON]:
    seen, after = list[JSON](), None
    for _ in range(pages):
        answer = await city.ask(LOG, token=token, first=first, after=after)
        assert answer.errors == [] and answer.data is not None
        page = answer.data["accessLog"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    return seen


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
        ("工作人员核对身份", None, "姓名(部分隐藏)", "DC-0312"),
    }
    assert await _log(city, zhang, first=1, pages=3) == newest


async def test_a_copy_holds_what_every_room_holds(city: OpenCity) -> None:
    zhang, other = await city.token(ZHANG), await city.token("13800000002")
    asked = await city.ask("mutation { requestDataDownload { id } }", token=zhang)
    assert asked.errors == []
    await city.city.rooms.downloads.work()
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
    rooms = "account sessions relations consents access-log sign-in-methods licences payments reports health messages"
    assert set(held) == {"index.html", *(f"{room}.json" for room in rooms.split())}
    assert orjson.loads(held["account.json"])["name"] == "张丽华"
    assert orjson.loads(held["licences.json"])
    assert orjson.loads(held["payments.json"])["bills"]


async def test_who_leaves_is_forgotten_and_may_come_back_as_somebody_new(city: OpenCity) -> None:
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
    await rooms.erasures.work()
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=5)  # by then its tokens are refused everywhere
    await rooms.erasures.work()
    assert (await city.ask("{ me { id } }", token=first)).codes == ["AUTH_TOKEN_INVALID"]
    for name in ("identity_keychains", "notifications_messages"):
        assert await ground.mongo.collection(name).count_documents(theirs) == 0
    assert await ground.mongo.collection("notifications_reach").find_one(theirs) == {"_id": leaver, "gone": True}
    city.clock.advance(seconds=1)  # so that the next code is told from the last one
    again = (await city.ask("{ me { id maskedName } }", token=await city.token(NEWCOMER))).data
    assert again is not None
    assert again["me"]["id"] != leaver
