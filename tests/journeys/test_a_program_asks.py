"""A program from its opening to its end, over /graphql: what it asks for and learns, and what its citizen sees."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from miniapps.errors import NotPermitted
from miniapps.openid.errors import CodeInvalid, CodeUsed
from miniapps.sessions.store import VISITS
from tests.support.city import JSON, OpenCity, answered
from tests.support.library import CAMERA, LOCATION, OPENID, PHONE, publish_library
from tests.support.waiting import until
from tests.unit.miniapps.releases.workshop import APP

ZHANG, ALEXANDER, INSPECTOR = "13800000001", "13800000002", "13900000001"
OPEN = """mutation($app: String!, $page: String, $asked: JSON, $referrer: ID) {
  openMiniProgram(appId: $app, page: $page, query: $asked, scene: "link", referrerSession: $referrer) {
    id page query scene referrerAppId expiresAt storage storageRevision
    program { appId name organisation { name verified } }
    release { versionName versionCode origin root manifest csp }
    capabilities { name state why reason }
  }
}"""
STATE = "query($id: ID!) { miniSession(session: $id) { ended capabilities { name state why } } }"
ANSWER = """mutation($id: ID!, $yes: [String!]!, $no: [String!]!) {
  answerMiniPermissions(session: $id, granted: $yes, denied: $no, text: "“图书馆”申请获取您的手机号。") {
    name state why
  }
}"""
SETTLE = """mutation($app: String!, $name: String!, $state: MiniPermissionChoice!) {
  setMiniPermission(appId: $app, name: $name, state: $state) { name state why }
}"""
LOGIN = "mutation($id: ID!) { miniLogin(session: $id) { code expiresIn } }"
TOKEN = "mutation($id: ID!) { miniLaunchToken(session: $id) { token expiresAt } }"
PHONE_CODE = "mutation($id: ID!) { miniPhoneCode(session: $id) { code } }"
WRITE = """mutation($id: ID!, $revision: Int!, $put: JSON, $removed: [String!]) {
  writeMiniStorage(session: $id, revision: $revision, put: $put, removed: $removed) { revision }
}"""
CLOSE = "mutation($id: ID!) { closeMiniProgram(session: $id) }"
MINE = """{
  me { recentMiniPrograms { appId name } miniPermits { nodes { name reason lastUsedAt program { name } } } }
  consents { id clientName purpose fields { code name sensitive } withdrawnAt }
  accessLog { nodes { program purpose fields { code name } } }
}"""
REVOKE = "mutation($id: ID!) { revokeConsent(id: $id) { id } }"
SIGN_OUT = "mutation { signOut }"


async def _open(city: OpenCity, token: str, **how: Any) -> JSON:
    session: JSON = (await answered(city, OPEN, token, app=APP, **how))["openMiniProgram"]
    return session


def _states(listed: list[JSON]) -> dict[str, str]:
    return {one["name"]: f"{one['state']}:{one['why']}" for one in listed}


async def test_a_program_is_opened_asks_and_is_known_by_its_citizen(city: OpenCity) -> None:
    openids = city.city.rooms.openids
    await publish_library(city)
    zhang, alexander = await city.token(ZHANG), await city.token(ALEXANDER)

    # Who is no citizen opens none.
    assert (await city.ask(OPEN, app=APP)).codes == ["UNAUTHENTICATED"]
    staff = await city.token(INSPECTOR, audience="STAFF")
    assert (await city.ask(OPEN, token=staff, app=APP)).codes == ["FORBIDDEN"]
    assert await city.city.ground.mongo.collection(VISITS).count_documents({}) == 0

    session = await _open(city, zhang, page="pages/index", asked={"id": "7"})
    mine = session["id"]
    assert session["program"] == {
        "appId": APP,
        "name": "图书馆",
        "organisation": {"name": "市图书馆", "verified": True},
    }
    assert (session["page"], session["query"], session["scene"]) == ("pages/index", {"id": "7"}, "link")
    assert session["release"]["manifest"]["app_id"] == APP
    assert ".mini.localhost" in session["release"]["origin"]
    reasons = {one["name"]: one["reason"] for one in session["capabilities"]}
    assert reasons[PHONE] == "取书通知"
    assert _states(session["capabilities"]) == {
        OPENID: "GRANTED:",
        PHONE: "PROMPT:consent",
        LOCATION: "PROMPT:consent",
        CAMERA: "UNAVAILABLE:review",
    }

    # Nobody else speaks for the session, and nothing is given before the citizen says so.
    assert await answered(city, STATE, alexander, id=mine) == {"miniSession": {"ended": "EXPIRED", "capabilities": []}}
    for document in (LOGIN, PHONE_CODE):
        assert (await city.ask(document, token=alexander, id=mine)).codes == ["MINIAPPS_SESSION_OVER"]
    early = await city.ask(PHONE_CODE, token=zhang, id=mine)
    assert early.codes == ["MINIAPPS_NOT_PERMITTED"]
    assert early.errors[0]["extensions"]["why"] == "consent"

    told = await answered(city, ANSWER, zhang, id=mine, yes=[PHONE], no=[LOCATION])
    assert _states(told["answerMiniPermissions"])[PHONE] == "GRANTED:"
    assert _states(told["answerMiniPermissions"])[LOCATION] == "DENIED:consent"

    # What its backend learns.
    code = (await answered(city, LOGIN, zhang, id=mine))["miniLogin"]["code"]
    identity = await openids.redeem_login(code=code, app_id=APP)
    assert identity.session_id == mine and identity.scopes == (OPENID, PHONE)
    with pytest.raises(CodeUsed):
        await openids.redeem_login(code=code, app_id=APP)
    async with city.http.get(f"{city.base}/.well-known/mini-jwks.json") as response:
        keys = {key["kid"]: key for key in (await response.json(content_type=None))["keys"]}
    token = (await answered(city, TOKEN, zhang, id=mine))["miniLaunchToken"]["token"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == keys[header["kid"]]["alg"] == "EdDSA"
    unclocked: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        token, jwt.PyJWK.from_dict(keys[header["kid"]]), algorithms=["EdDSA"], audience=APP, options=unclocked
    )
    assert (claims["sub"], claims["sid"], claims["scn"]) == (identity.openid, mine, "link")
    phone = (await answered(city, PHONE_CODE, zhang, id=mine))["miniPhoneCode"]["code"]
    assert await openids.redeem_phone(code=phone, app_id=APP) == f"+86{ZHANG}"
    pending = (await answered(city, PHONE_CODE, zhang, id=mine))["miniPhoneCode"]["code"]

    # What it keeps.
    put = {"cart": ["A1", None], "n": 1.5}
    assert await answered(city, WRITE, zhang, id=mine, revision=0, put=put) == {"writeMiniStorage": {"revision": 1}}
    conflict = await city.ask(WRITE, token=zhang, id=mine, revision=0, put={"n": 2})
    assert (conflict.codes, conflict.errors[0]["extensions"]["revision"]) == (["MINIAPPS_STORAGE_CHANGED"], 1)
    assert (await answered(city, WRITE, zhang, id=mine, revision=1, removed=["n"]))["writeMiniStorage"]["revision"] == 2
    again = await _open(city, zhang, referrer=mine)
    assert (again["storage"], again["storageRevision"]) == ({"cart": ["A1", None]}, 2)
    assert again["referrerAppId"] == APP

    # What its citizen sees where they see everything else; and taking back ends it in the open session.
    seen = await answered(city, MINE, zhang)
    assert seen["me"]["recentMiniPrograms"] == [{"appId": APP, "name": "图书馆"}]
    (permit,) = seen["me"]["miniPermits"]["nodes"]
    assert (permit["name"], permit["reason"], permit["program"]) == (PHONE, "取书通知", {"name": "图书馆"})
    assert permit["lastUsedAt"] is not None
    (consent,) = seen["consents"]
    assert (consent["clientName"], consent["purpose"]) == ("图书馆", "取书通知")
    assert consent["fields"] == [{"code": PHONE, "name": "手机号码", "sensitive": True}]
    entry = next(one for one in seen["accessLog"]["nodes"] if one["program"] == "图书馆")
    assert (entry["purpose"], entry["fields"][0]["code"]) == ("小程序经您同意获取手机号", PHONE)
    await answered(city, REVOKE, zhang, id=consent["id"])
    left = (await answered(city, STATE, zhang, id=mine))["miniSession"]
    assert (left["ended"], _states(left["capabilities"])[PHONE]) == (None, "PROMPT:consent")
    with pytest.raises(NotPermitted):
        await openids.redeem_phone(code=pending, app_id=APP)
    settled = await answered(city, SETTLE, zhang, app=APP, name=PHONE, state="DENIED")
    assert _states(settled["setMiniPermission"])[PHONE] == "DENIED:consent"

    # How runs end: closed, revoked by the city, with the sign-in.
    await answered(city, CLOSE, zhang, id=again["id"])
    assert (await answered(city, STATE, zhang, id=again["id"]))["miniSession"]["ended"] == "CLOSED"
    others = (await _open(city, alexander))["id"]
    waiting = (await answered(city, LOGIN, alexander, id=others))["miniLogin"]["code"]
    await answered(city, SIGN_OUT, alexander)

    async def gone() -> bool:
        return await city.city.rooms.sessions.still_running(others) is None

    await until(gone, what="the end of a run with its sign-in")
    with pytest.raises(CodeInvalid):
        await openids.redeem_login(code=waiting, app_id=APP)
    await city.city.rooms.releases.revoke(app_id=APP, version_code=1, reason="a fault", by="stf_1")
    assert (await answered(city, STATE, zhang, id=mine))["miniSession"]["ended"] == "VERSION_REVOKED"
    closed = await city.ask(OPEN, token=zhang, app=APP)
    assert closed.codes == ["NOT_FOUND"]
