"""A program from a package in a developer's hands to citizens, and back: over the doors of `tong` and the desks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest_asyncio
from citytong_sdk.tong import graph
from citytong_sdk.tong.city import City
from citytong_sdk.tong.desk import Desk
from citytong_sdk.tong.web import Web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.app import open_city
from api.serving import bound, listening
from core.clock import epoch_s
from miniapps.bundles import revocations
from miniapps.developers.demo import APP, NAME
from miniapps.developers.granting import DEVICE_GRANT
from miniapps.releases.signing import public_keys
from tests.support.city import JSON, OpenCity, did
from tests.support.developing import Holder
from tests.support.receiving import Receiver, receiving
from tests.support.streams import Told, subscribed
from tests.support.threats import covers
from tests.support.waiting import until
from tests.unit.miniapps.releases.workshop import Developer, files

ZHANG, OUYANG = "13800000001", "13800000003"
REVIEWER, OFFICER, OTHER_OFFICER, INSPECTOR = "13900000017", "13900000019", "13900000020", "13900000001"
ME = "{ developer { organisations { id name } } }"
LET_IN = "mutation($code: String!, $for: ID!) { approveDeveloperDevice(userCode: $code, organisation: $for) { id } }"
ADD_KEY = """mutation($of: ID!, $jwk: JSON!, $proof: String!) {
  addDeveloperKey(organisation: $of, jwk: $jwk, proof: $proof) { id }
}"""
CREATE = """mutation($app: String!, $upload: String!) {
  createVersion(appId: $app, upload: $upload, notes: "Hello") { id state versionCode asked packageSha256 }
}"""
SUBMIT = """mutation($id: ID!) { submitVersion(id: $id, testAccount: "reader / 1234") { id state testAccount } }"""
VERSION = """query($id: ID!) { miniVersion(id: $id) {
  id state granted findings { rule severity path line message docs by } steps { act state by note }
  rollout { percent cohort paused }
} }"""
QUEUE = """{ reviewQueue { nodes {
  id appId state testAccount
  difference { permissions { added removed } manifest { name } files { path before after lines } cut }
} } }"""
REVIEW = """mutation($id: ID!, $granted: [String!]) {
  reviewVersion(id: $id, decision: APPROVE, granted: $granted, note: "Good") { state granted }
}"""
START = "mutation($id: ID!, $percent: Float!) { startRollout(id: $id, percent: $percent) { state } }"
PROMOTE = "mutation($id: ID!) { promoteVersion(id: $id) { state } }"
TRY = "mutation($id: ID!) { tryVersion(id: $id) { state } }"
ROLL_BACK = 'mutation($id: ID!) { rollBack(id: $id, reason: "It loses its way") { state } }'
OPEN = """mutation($app: String!, $scene: String!) {
  openMiniProgram(appId: $app, scene: $scene) { id trial release { versionCode } capabilities { name state why } }
}"""
STATE = "query($id: ID!) { miniSession(session: $id) { ended } }"
NOTE = """mutation($id: ID!, $at: DateTime!) {
  noteMiniLogs(session: $id, entries: [{level: ERROR, at: $at, text: "no answer for 138 0000 0001", code: "E_TIMEOUT"}])
}"""
FIGURES = """query($app: String!) { developerApp(appId: $app) {
  versions { nodes { versionCode state } } quotas { name perDay used }
  statistics(days: 7) { opens people versions errors } logs(level: ERROR) { nodes { text code versionCode } }
} }"""
TAKE = """mutation($app: String!) {
  takeCapability(appId: $app, name: "city.user.phone", reason: "It called at night") { taken }
}"""
RATE = 'mutation($of: ID!) { rateOrganisation(organisation: $of, grade: B, reason: "It was mended") { grade } }'
PROPOSE = "mutation($input: ProposeActInput!) { proposeAct(input: $input) { id } }"
WEBHOOK = "mutation($app: String!, $url: String) { setWebhook(appId: $app, url: $url) { state } }"
EVENTS = """subscription($app: String!, $after: String) { miniVersionEvents(appId: $app, after: $after) {
  cursor name before step { act state } version { versionCode }
} }"""
WITHDRAW = "mutation($id: ID!) { withdrawVersion(id: $id) { state } }"
DEVICES = "{ developerDevices { id since } }"
END_DEVICE = "mutation($id: ID!) { endDeveloperDevice(id: $id) }"
AGREE = "mutation($id: ID!) { approveAct(id: $id) { state } }"


async def _tool(city: OpenCity, citizen: str) -> str:
    """The access token of `tong`, for the studio; whose key signs packages from now on."""
    organisations = (await did(city, ME, citizen))["organisations"]
    (studio,) = (one["id"] for one in organisations if one["name"] == NAME)
    async with city.http.post(f"{city.base}/open/device", data={"client_id": "tong"}) as response:
        begun = await response.json()
    await did(city, LET_IN, citizen, **{"code": begun["user_code"], "for": studio})
    form = {"grant_type": DEVICE_GRANT, "client_id": "tong", "device_code": begun["device_code"]}
    async with city.http.post(f"{city.base}/open/token", data=form) as response:
        token: str = (await response.json())["access_token"]
    key = Holder(Ed25519PrivateKey.from_private_bytes(Developer().seed), "EdDSA")
    proof = key.proof({"organisation": studio, "iat": epoch_s(city.clock.now())})
    await did(city, ADD_KEY, token, of=studio, jwk=key.jwk, proof=proof)
    return token


def _package(city: OpenCity, code: int, script: bytes = b"", **more: Any) -> bytes:
    program = files(code, app_id=APP, name="胡同你好", city_domains={}, **more)
    program["app.js"] += script
    reasons = {"city.user.phone": "To tell you", "city.device.location": "To find the way"}
    program["i18n/en.json"] = orjson.dumps({"name": "Hello Hutong", "city_reasons": reasons})
    said = {"purpose": {"zh-CN": "通知", "en": "To tell you"}, "kept": {"zh-CN": "不保存", "en": "Not at all"}}
    program["privacy.json"] = orjson.dumps({"data": [{"name": name, **said} for name in reasons]})
    return Developer().signed(program, at=epoch_s(city.clock.now()))


async def _put(city: OpenCity, token: str, package: bytes) -> tuple[int, JSON]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with city.http.put(f"{city.base}/open/packages", data=BytesIO(package), headers=headers) as response:
        return response.status, await response.json(content_type=None)


async def _examined(city: OpenCity, token: str, code: int, script: bytes = b"", **more: Any) -> JSON:
    """A version that was handed in, as the machine left it: a worker of the city takes the event."""
    status, kept = await _put(city, token, _package(city, code, script, **more))
    assert status == 201, kept
    made = await did(city, CREATE, token, app=APP, upload=kept["upload"])
    assert (made["state"], made["packageSha256"]) == ("DRAFT", kept["upload"])
    handed_in = await city.ask(SUBMIT, token=token, id=made["id"])
    # What reviewers sign in with is for them alone.
    assert handed_in.data is not None and handed_in.data["submitVersion"] == {
        "id": made["id"],
        "state": "SUBMITTED",
        "testAccount": None,
    }

    async def look() -> JSON | None:
        found: JSON = await did(city, VERSION, token, id=made["id"])
        return found if found["state"] in ("IN_REVIEW", "REJECTED") else None

    return await until(look, what="the machine's findings", deadline_s=60)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@covers("T42")
async def test_a_version_reaches_citizens_and_two_officers_take_it_back(
    same_city: OpenCity, receiver: Receiver
) -> None:
    city = same_city
    zhang, ouyang, reviewer = await city.token(ZHANG), await city.token(OUYANG), ""
    assert (await _put(city, "", b"PK"))[0] == 401
    assert (await _put(city, zhang, b"PK"))[0] == 404  # a person's session is for no one organisation
    tool = await _tool(city, zhang)
    status, refused = await _put(city, tool, b"PK")
    assert (status, refused["error"]["code"]) == (400, "MINIAPPS_PACKAGE_INVALID")
    assert (await _put(city, tool, bytes(3 * 2**20 + 1)))[1]["error"]["code"] == "MINIAPPS_UPLOAD_TOO_LARGE"

    assert (await did(city, WEBHOOK, zhang, app=APP, url=receiver.url))["state"] == "ACTIVE"

    # The machine refuses what evaluates text, and says where.
    hostile = await _examined(city, tool, 1, b"eval('1');\n")
    assert hostile["state"] == "REJECTED"
    worst = hostile["findings"][0]
    assert (worst["severity"], worst["path"], worst["by"]) == ("ERROR", "app.js", "MACHINE") and worst["line"] == 41
    assert [step["act"] for step in hostile["steps"]] == ["CREATE", "SUBMIT", "EXAMINE", "FAIL"]

    first = await _examined(city, tool, 1)
    assert first["state"] == "IN_REVIEW", first["findings"]
    assert (await city.ask(QUEUE, token=zhang)).codes == ["FORBIDDEN"]
    assert (await city.ask(QUEUE, token=await city.token(INSPECTOR, audience="STAFF"))).codes == ["FORBIDDEN"]
    reviewer = await city.token(REVIEWER, audience="STAFF")
    (waits,) = (await did(city, QUEUE, reviewer))["nodes"]
    assert (waits["id"], waits["testAccount"]) == (first["id"], "reader / 1234")
    assert waits["difference"]["permissions"]["added"] == ["city.device.location", "city.user.phone"]
    assert (await city.ask(VERSION, token=ouyang, id=first["id"])).codes == ["NOT_FOUND"]
    decided = await did(city, REVIEW, reviewer, id=first["id"], granted=["city.user.phone"])
    assert decided == {"state": "APPROVED", "granted": ["city.user.phone"]}

    # It runs, for all of its first citizens; a draft is tried by who builds it alone.
    assert (await did(city, START, tool, id=first["id"], percent=100))["state"] == "ROLLING"
    assert (await did(city, PROMOTE, tool, id=first["id"]))["state"] == "RELEASED"
    opened = await did(city, OPEN, ouyang, app=APP, scene="home")
    assert (opened["release"]["versionCode"], opened["trial"]) == (1, False)
    states = {one["name"]: f"{one['state']}:{one['why']}" for one in opened["capabilities"]}
    assert states == {"city.user.phone": "PROMPT:consent", "city.device.location": "UNAVAILABLE:review"}
    status, kept = await _put(city, tool, _package(city, 2))
    draft = await did(city, CREATE, tool, app=APP, upload=kept["upload"])
    await did(city, TRY, tool, id=draft["id"])
    assert (await city.ask(OPEN, token=ouyang, app=APP, scene="trial")).codes == ["NOT_FOUND"]
    tried = await did(city, OPEN, zhang, app=APP, scene="trial")
    assert (tried["release"]["versionCode"], tried["trial"]) == (2, True)

    # What those who build it learn of its runs.
    assert await did(city, NOTE, ouyang, id=opened["id"], at=city.clock.now().isoformat()) == 1
    told = await did(city, FIGURES, tool, app=APP)
    assert told["statistics"] == [{"opens": 1, "people": "<10", "versions": {"1": 1}, "errors": {"E_TIMEOUT": 1}}]
    assert told["logs"]["nodes"] == [{"text": "no answer for […]", "code": "E_TIMEOUT", "versionCode": 1}]
    # The clock stands still, so they are of one moment.
    assert {one["state"] for one in told["versions"]["nodes"]} == {"DRAFT", "RELEASED", "REJECTED"}
    assert {one["name"] for one in told["quotas"]} == {"code2session", "messages", "graphql"}
    assert await did(city, TAKE, reviewer, app=APP) == {"taken": ["city.user.phone"]}

    # One officer proposes, another agrees: the run of a citizen ends at once, and nothing of it is opened again.
    one = await city.token(OFFICER, audience="STAFF")
    act = {"kind": "PROGRAM_VERSION_REVOKE", "subject": f"{APP}@1", "reason": "It sends phones elsewhere"}
    proposed = await did(city, PROPOSE, one, input=act)
    assert await did(city, STATE, ouyang, id=opened["id"]) == {"ended": None}
    assert (await city.ask(AGREE, token=one, id=proposed["id"])).codes == ["STAFF_OWN_MATTER"]
    other = await city.token(OTHER_OFFICER, audience="STAFF")
    assert (await did(city, AGREE, other, id=proposed["id"]))["state"] == "DONE"
    # The host asks every half minute; no time has to pass for the answer.
    assert await did(city, STATE, ouyang, id=opened["id"]) == {"ended": "VERSION_REVOKED"}
    assert (await city.ask(OPEN, token=ouyang, app=APP, scene="home")).codes == ["NOT_FOUND"]
    assert (await did(city, VERSION, reviewer, id=first["id"]))["state"] == "REVOKED"
    async with city.http.get(f"{city.base}/.well-known/mini-revocations.json") as response:
        text = await response.text()
    ring = city.city.rooms.releases.rings.revocations
    listed = revocations.read(text, keys=public_keys(ring.jwks()["keys"]), now=epoch_s(city.clock.now()))
    assert listed.versions == {(APP, 1)}

    # Its backend was told of each step that matters to it.
    async def heard() -> bool:
        return len(receiver.calls) >= 4

    await until(heard, what="the webhooks")
    told = [orjson.loads(body) for _, body in receiver.calls]
    assert sorted(one["type"] for one in told) == [
        "version.approved",
        "version.rejected",
        "version.released",
        "version.revoked",
    ]
    assert {(one["data"]["versionCode"], one["data"]["versionName"]) for one in told} == {(1, "1.1.0")}


async def test_citizens_go_back_from_a_version_that_is_rolled_back(same_city: OpenCity) -> None:
    city = same_city
    zhang, ouyang = await city.token(ZHANG), await city.token(OUYANG)
    tool, reviewer = await _tool(city, zhang), await city.token(REVIEWER, audience="STAFF")
    # What was taken back above counts against who built it, until an officer says otherwise.
    organisations = (await did(city, ME, zhang))["organisations"]
    (studio,) = (one["id"] for one in organisations if one["name"] == NAME)
    await did(city, RATE, await city.token(OFFICER, audience="STAFF"), of=studio)
    ids = []
    for code in (12, 13):
        version = await _examined(city, tool, code)
        await did(city, REVIEW, reviewer, id=version["id"])
        await did(city, START, tool, id=version["id"], percent=5)
        await did(city, PROMOTE, tool, id=version["id"])
        ids.append(version["id"])
    opened = await did(city, OPEN, ouyang, app=APP, scene="home")
    assert opened["release"]["versionCode"] == 13
    assert (await did(city, ROLL_BACK, tool, id=ids[1]))["state"] == "REVOKED"
    assert await did(city, STATE, ouyang, id=opened["id"]) == {"ended": "VERSION_REVOKED"}
    assert (await did(city, OPEN, ouyang, app=APP, scene="home"))["release"]["versionCode"] == 12
    again = await did(city, VERSION, tool, id=ids[0])
    assert (again["state"], [step["act"] for step in again["steps"]][-2:]) == ("RELEASED", ["SUPERSEDE", "RESTORE"])


async def test_whoever_builds_it_is_told_what_becomes_of_it_as_it_happens(same_city: OpenCity) -> None:
    """By another process than the one that it happens in, which works on no events of its own."""
    city = same_city
    zhang, ouyang = await city.token(ZHANG), await city.token(OUYANG)
    tool = await _tool(city, zhang)
    other = await open_city(city.city.settings, clock=city.clock)
    try:
        async with listening(other, bound(host="127.0.0.1", port=0)) as base:
            for token, code in ((ouyang, "NOT_FOUND"), ("", "UNAUTHENTICATED")):
                async with subscribed(base, EVENTS, token=token, app=APP) as refused:
                    assert (refused.status, _codes(refused)) == (400, [code])
            async with subscribed(base, EVENTS, token=zhang, app=APP, after="bm90IG9uZQ") as refused:
                assert _codes(refused) == ["BAD_USER_INPUT"]
            async with subscribed(base, EVENTS, token=tool, app=APP) as stream:
                version = await _examined(city, tool, 21)
                await did(city, REVIEW, await city.token(REVIEWER, audience="STAFF"), id=version["id"])
                told = [one["data"]["miniVersionEvents"] for one in await stream.at_least(5)]
                assert [(one["name"], one["before"], one["step"]["act"]) for one in told] == [
                    ("version.draft", None, "CREATE"),
                    ("version.submitted", "DRAFT", "SUBMIT"),
                    ("version.checking", "SUBMITTED", "EXAMINE"),
                    ("version.in_review", "CHECKING", "PASS"),
                    ("version.approved", "IN_REVIEW", "APPROVE"),
                ]
                assert {one["version"]["versionCode"] for one in told} == {21}

                # Whose tool was signed out is told nothing more. Another stream goes on where this one was.
                newest = max(await did(city, DEVICES, tool), key=lambda one: one["since"])
                await did(city, END_DEVICE, zhang, id=newest["id"])
                # `tong` reads it as well, here by a token that is still good.
                reading = City(Web(base), _desk(), run=zhang).told(graph.EVENTS, {"app": APP})
                assert await asyncio.to_thread(next, reading) is None
                await did(city, WITHDRAW, zhang, id=version["id"])
                seen = await asyncio.to_thread(next, reading)
                assert seen is not None and seen["miniVersionEvents"]["version"]["state"] == "WITHDRAWN"
                reading.close()
                assert _codes(stream, of=(await stream.to_its_end())[5]) == ["UNAUTHENTICATED"]
                assert (len(stream.answers), stream.complete) == (6, True)
            async with subscribed(base, EVENTS, token=zhang, app=APP, after=told[3]["cursor"]) as stream:
                rest = [one["data"]["miniVersionEvents"] for one in await stream.at_least(2)]
                assert [one["name"] for one in rest] == ["version.approved", "version.withdrawn"]
                assert rest[0] == told[4]
    finally:
        await other.close()


def _desk() -> Desk:
    """Whoever has a token needs nothing of the machine."""
    return Desk({}, Path(), StringIO(), StringIO(), lambda: 0.0, lambda _: None, lambda _: "")


def _codes(stream: Told, *, of: Any = None) -> list[str]:
    (answer,) = (of,) if of else stream.answers
    return [one["extensions"]["code"] for one in answer["errors"]]
