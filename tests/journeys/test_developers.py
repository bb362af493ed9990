"""Somebody builds programs: registers, signs a tool in, keeps keys, proves a domain, and leaves."""

from __future__ import annotations

from functools import partial
from typing import Any

from graphql import build_schema

from core.clock import epoch_s
from core.oauth import ASSERTION_TYPE
from miniapps.developers.demo import APP, NAME
from miniapps.developers.granting import DEVICE_GRANT
from tests.support.city import JSON, OpenCity, answered
from tests.support.developing import Holder
from tests.support.threats import covers

_did = partial(answered, language="en")

ZHANG, OUYANG, LIU, OFFICER = "13800000001", "13800000003", "13800000004", "13900000019"
USCC, NAME_OF_FIRM = "91110101MA0DEM001X", "北京通城示范餐饮有限公司"

ME = """{ developer { id organisations {
  id name kind verified blocked ratedBecause role
  rating { grade score reasons appsMax submissionsPerDay rolloutBeginsPercentMax }
  keys { id use jwk retiresAt } apps { appId name category backendKeys { id use } domains { domain state } }
  members { id role }
} } }"""
REGISTER = """mutation($of: ID, $name: String) {
  registerDeveloper(input: {organisationId: $of, name: $name}) { id name kind verified role }
}"""
APPROVE = """mutation($code: String!, $for: ID!) {
  approveDeveloperDevice(userCode: $code, organisation: $for) { id }
}"""
DENY = "mutation($code: String!) { denyDeveloperDevice(userCode: $code) }"
DEVICES = "{ developerDevices { id organisation since usedAt } }"
END = "mutation($id: ID!) { endDeveloperDevice(id: $id) }"
ADD_KEY = """mutation($of: ID!, $jwk: JSON!, $proof: String!) {
  addDeveloperKey(organisation: $of, jwk: $jwk, proof: $proof) { id use jwk retiresAt }
}"""
ROTATE = """mutation($of: ID!, $jwk: JSON!, $proof: String!, $old: ID!) {
  rotateDeveloperKey(organisation: $of, jwk: $jwk, proof: $proof, retires: $old) { id retiresAt }
}"""
RETIRE = "mutation($of: ID!, $key: ID!) { retireDeveloperKey(organisation: $of, key: $key) { id retiresAt } }"
APP_KEY = """mutation($app: String!, $jwk: JSON!, $use: DeveloperKeyUse!, $proof: String) {
  addAppKey(appId: $app, jwk: $jwk, use: $use, proof: $proof) { id use }
}"""
RETIRE_APP_KEY = "mutation($app: String!, $key: ID!) { retireAppKey(appId: $app, key: $key) { id } }"
NEW_APP = """mutation($of: ID!, $id: String!) {
  registerApp(input: {organisation: $of, appId: $id, category: LIVING, names: {en: "One more"}}) {
    appId name category organisation { id }
  }
}"""
PROVE = """mutation($app: String!, $domain: String!) {
  proveDomain(appId: $app, domain: $domain) { id domain state token dnsName wellKnownUrl }
}"""
INVITE = """mutation($of: ID!, $who: ID!, $role: DeveloperRole!) {
  inviteDeveloperMember(organisation: $of, developer: $who, role: $role) {
    members { id } invitations { developer role declined }
  }
}"""
INVITED = "{ developerInvitations { id organisationName role } }"
ACCEPT = "mutation($id: ID!) { acceptDeveloperInvitation(id: $id) { members { id role } invitations { id } } }"
CHANGE = """mutation($of: ID!, $who: ID!, $role: DeveloperRole!) {
  changeDeveloperMember(organisation: $of, developer: $who, role: $role) { members { id role } }
}"""
RATE = """mutation($of: ID!, $grade: DeveloperGrade, $why: String!) {
  rateOrganisation(organisation: $of, grade: $grade, reason: $why) { grade score reasons }
}"""
APP_OF = "query($app: String!) { developerApp(appId: $app) { appId } }"


async def _post(city: OpenCity, path: str, **form: str) -> tuple[int, JSON]:
    async with city.http.post(f"{city.base}{path}", data=form) as response:
        return response.status, await response.json()


async def _studio(city: OpenCity, token: str) -> JSON:
    found: JSON = (await _did(city, ME, token))["developer"]
    (studio,) = (one for one in found["organisations"] if one["name"] == NAME)
    return {**studio, "developer": found["id"]}


async def _begin(city: OpenCity) -> JSON:
    status, begun = await _post(city, "/open/device", client_id="tong")
    assert status == 200, begun
    return begun


async def _poll(city: OpenCity, device_code: str) -> tuple[int, JSON]:
    return await _post(city, "/open/token", grant_type=DEVICE_GRANT, client_id="tong", device_code=device_code)


async def _signed_in(city: OpenCity, citizen: str, organisation: str) -> JSON:
    """The tokens of a tool."""
    begun = await _begin(city)
    await _did(city, APPROVE, citizen, **{"code": begun["user_code"].lower(), "for": organisation})
    status, told = await _poll(city, begun["device_code"])
    assert status == 200, told
    return told


async def test_a_tool_is_signed_in_and_out(same_city: OpenCity) -> None:
    city = same_city
    zhang, liu = await city.token(ZHANG), await city.token(LIU)
    studio = await _studio(city, zhang)
    assert (studio["kind"], studio["verified"], studio["role"], studio["blocked"]) == ("PERSON", False, "OWNER", None)
    assert studio["rating"]["grade"] == "C" and studio["rating"]["rolloutBeginsPercentMax"] == 5
    assert [one["appId"] for one in studio["apps"]] == [APP]
    assert (await _did(city, ME, liu))["developer"] is None

    begun = await _begin(city)
    assert begun["verification_uri_complete"] == f"{begun['verification_uri']}?code={begun['user_code']}"
    assert begun["verification_uri"].endswith("/#/developer/device")
    assert (await _poll(city, begun["device_code"]))[1]["error"] == "authorization_pending"
    assert (await _poll(city, begun["device_code"]))[1]["error"] == "slow_down"
    # Whose organisation it is not gives nobody a way in; a wrong code is nobody's.
    refused = await city.ask(APPROVE, token=liu, **{"code": begun["user_code"], "for": studio["id"]})
    assert refused.codes == ["NOT_FOUND"]
    wrong = await city.ask(APPROVE, token=zhang, **{"code": "BBBB-BBBB", "for": studio["id"]})
    assert wrong.codes == ["MINIAPPS_DEVICE_CODE_WRONG"]
    told = await _signed_in(city, zhang, studio["id"])
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 600, "developer")

    # The tool builds for the one organisation, and opens nothing of the citizen's.
    tool = told["access_token"]
    mine = (await _did(city, ME, tool))["developer"]
    assert (await _did(city, "{ developer { sandbox } }", tool))["developer"] == {"sandbox": False}
    assert mine["id"] == studio["developer"] and [one["id"] for one in mine["organisations"]] == [studio["id"]]
    assert (await city.ask("{ me { id name } }", token=tool)).codes == ["FORBIDDEN"]
    assert (await city.ask(REGISTER, token=tool, name="Another")).codes == ["FORBIDDEN"]

    # A refresh token is good once; shown again, its device is signed out.
    first = {"grant_type": "refresh_token", "client_id": "tong", "refresh_token": told["refresh_token"]}
    status, second = await _post(city, "/open/token", **first)
    assert status == 200 and second["refresh_token"] != told["refresh_token"]
    assert await _post(city, "/open/token", **first) == (
        400,
        {"error": "invalid_grant", "error_description": "the refresh token is not good any more: sign in again"},
    )
    after = {**first, "refresh_token": second["refresh_token"]}
    assert (await _post(city, "/open/token", **after))[1]["error"] == "invalid_grant"
    for token in (tool, second["access_token"]):
        assert (await city.ask(ME, token=token)).codes == ["UNAUTHENTICATED"]

    # And so is one that its owner ends.
    again = await _signed_in(city, zhang, studio["id"])
    (device,) = (await _did(city, DEVICES, zhang))["developerDevices"]
    assert device["organisation"] == studio["id"]
    assert (await city.ask(END, token=liu, id=device["id"])).codes == ["NOT_FOUND"]
    assert (await _did(city, END, zhang, id=device["id"])) == {"endDeveloperDevice": True}
    assert (await city.ask(ME, token=again["access_token"])).codes == ["UNAUTHENTICATED"]

    # Refused.
    begun = await _begin(city)
    await _did(city, DENY, zhang, code=begun["user_code"])
    assert (await _poll(city, begun["device_code"]))[1]["error"] == "access_denied"
    assert (await _poll(city, "nothing"))[1]["error"] == "expired_token"


async def test_the_token_door_refuses_what_is_malformed(same_city: OpenCity) -> None:
    city = same_city
    asked: list[tuple[dict[str, str], str]] = [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_client"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
    ]
    for form, error in asked:
        status, told = await _post(city, "/open/token", **form)
        assert (status // 100, told["error"]) == (4, error), form
    # The graph that documents are made for: the whole of it, and not sent again to whoever has it.
    sdl = f"{city.base}/.well-known/city-graph.graphql"
    async with city.http.get(sdl) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, "*")
        query = build_schema(await response.text()).query_type
        assert query and "miniPrograms" in query.fields
        tag = response.headers["ETag"]
    async with city.http.get(sdl, headers={"If-None-Match": tag}) as response:
        assert response.status == 304

    async with city.http.get(f"{city.base}/.well-known/city-open") as response:
        told = await response.json()
    assert told["token_endpoint"] == f"{told['issuer']}/open/token"
    assert all(key.startswith(told["tlog"]["origin"] + "+") for key in told["tlog"]["keys"]) and told["tlog"]["keys"]
    assert {"webhook_keys", "jwks_uri", "packages_endpoint", "backend_endpoint"} <= told.keys()


@covers("T23", "T29")
async def test_keys_of_an_organisation_and_of_a_backend(same_city: OpenCity) -> None:
    city, now = same_city, epoch_s(same_city.clock.now())
    zhang = await city.token(ZHANG)
    studio = await _studio(city, zhang)
    one, two, backend = Holder.ed25519(), Holder.p256(), Holder.ed25519()

    def claims(**more: Any) -> JSON:
        return {"organisation": studio["id"], "iat": now, **more}

    async def add(key: Holder, proof: str, document: str = ADD_KEY, **more: Any) -> Any:
        return await city.ask(document, token=zhang, of=studio["id"], jwk=key.jwk, proof=proof, **more)

    refused = [
        two.proof(claims()),  # by another key
        one.proof(claims(iat=now - 400)),
        one.proof(claims(organisation="mpo_other")),
        one.proof(claims(more=1)),
        one.signed(claims(), typ="JWT"),
        "no proof",
    ]
    for proof in refused:
        assert (await add(one, proof)).codes == ["MINIAPPS_KEY_REFUSED"]
    assert (await add(one, one.proof(claims()))).data["addDeveloperKey"]["id"] == one.kid
    assert (await add(one, one.proof(claims()))).errors == []
    rotated = await add(two, two.proof(claims()), ROTATE, old=one.kid)
    assert rotated.data == {"rotateDeveloperKey": {"id": two.kid, "retiresAt": None}}
    by_id = {key["id"]: key for key in (await _studio(city, zhang))["keys"]}
    assert by_id[one.kid]["retiresAt"] is not None and by_id[two.kid]["retiresAt"] is None

    # What packages may be signed with follows.
    developers = city.city.rooms.platform.developers
    organisation = (await developers.releases.organisations([studio["id"]]))[studio["id"]]
    assert organisation.key_id == one.kid
    assert {key["kid"] for key in organisation.signing(city.clock.now()).keys} == {one.kid, two.kid}
    await _did(city, RETIRE, zhang, of=studio["id"], key=one.kid)
    organisation = (await developers.releases.organisations([studio["id"]]))[studio["id"]]
    assert {key["kid"] for key in organisation.keys} == {one.kid, two.kid}
    assert {key["kid"] for key in organisation.signing(city.clock.now()).keys} == {two.kid}
    assert (await add(one, one.proof(claims()))).codes == ["MINIAPPS_KEY_REFUSED"]

    # A backend's key is one use's, and nobody else's.
    about = {"app": APP, "iat": now}
    for key, proof, codes in (
        (two, two.proof(about), ["MINIAPPS_KEY_TAKEN"]),
        (backend, backend.proof(claims()), ["MINIAPPS_KEY_REFUSED"]),
        (backend, backend.proof(about), []),
    ):
        answer = await city.ask(APP_KEY, token=zhang, app=APP, jwk=key.jwk, use="SIGN", proof=proof)
        assert answer.codes == codes
    sealing = Holder.p256().sealing_jwk
    assert (await _did(city, APP_KEY, zhang, app=APP, jwk=sealing, use="ENCRYPT"))["addAppKey"]["use"] == "ENCRYPT"
    assert (await city.ask(APP_KEY, token=zhang, app=APP, jwk=backend.jwk, use="ENCRYPT")).codes == [
        "MINIAPPS_KEY_REFUSED"
    ]

    # With it the backend comes to a token, by an assertion that is good once.
    door = f"{developers.tokens.issuer}/open/token"
    said = {"iss": APP, "sub": APP, "aud": door, "jti": "one", "iat": now, "exp": now + 60}

    async def ask(key: Holder, **more: Any) -> tuple[int, JSON]:
        assertion = key.signed({**said, **more}, typ="JWT")
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return await _post(city, "/open/token", grant_type="client_credentials", **form)

    status, told = await ask(backend)
    assert status == 200 and told["scope"] == "mini-backend" and "refresh_token" not in told
    assert await developers.backend(told["access_token"]) == APP
    assert (await city.ask(ME, token=told["access_token"])).codes == ["AUTH_TOKEN_INVALID"]
    wrong: list[tuple[Holder, JSON]] = [
        (backend, {}),
        (two, {"jti": "2"}),
        (backend, {"jti": "3", "aud": "https://elsewhere.example/open/token"}),
        (backend, {"jti": "4", "exp": now + 3600}),
        (backend, {"jti": "5", "exp": now - 60}),
        (backend, {"jti": "6", "sub": "org.example.other"}),
        (backend, {"jti": "7", "iss": "org.example.other", "sub": "org.example.other"}),
    ]
    for key, more in wrong:
        status, told = await ask(key, **more)
        assert (status, told["error"]) == (401, "invalid_client"), more
    await _did(city, RETIRE_APP_KEY, zhang, app=APP, key=backend.kid)
    assert (await ask(backend, jti="8"))[0] == 401


async def test_an_organisation_its_members_and_an_officer(same_city: OpenCity) -> None:
    city = same_city
    ouyang, zhang, liu = await city.token(OUYANG), await city.token(ZHANG), await city.token(LIU)
    own = "mutation($uscc: String!, $name: String!) { registerOrganisation(uscc: $uscc, name: $name) { id } }"
    org = (await _did(city, own, ouyang, uscc=USCC, name=NAME_OF_FIRM))["registerOrganisation"]["id"]
    assert (await city.ask(REGISTER, token=liu, of=org)).codes == ["NOT_FOUND"]
    firm = (await _did(city, REGISTER, ouyang, of=org))["registerDeveloper"]
    assert (firm["name"], firm["kind"], firm["verified"], firm["role"]) == (NAME_OF_FIRM, "ORGANISATION", True, "OWNER")
    assert (await _did(city, REGISTER, ouyang, of=org))["registerDeveloper"] == firm
    (mine,) = (await _did(city, ME, ouyang))["developer"]["organisations"]
    assert mine["rating"]["grade"] == "B"
    assert mine["rating"]["reasons"] == ["To begin with (+50)", "Known to the register of organisations (+20)"]

    # Names and ids that look like another's are nobody's.
    assert (await city.ask(REGISTER, token=liu, name="胡同工作室  HUTONG studio")).codes == ["MINIAPPS_NAME_TAKEN"]
    apps = [
        ("org.city.mine", ["MINIAPPS_APP_ID_REFUSED"]),
        ("Org.Example", ["MINIAPPS_APP_ID_REFUSED"]),
        ("studio.hutong.he11o", ["MINIAPPS_APP_ID_REFUSED"]),
        (APP, ["MINIAPPS_PROGRAM_TAKEN"]),
        ("cn.tongcheng.menu", []),
        ("cn.tongcheng.menu", []),
    ]
    for app_id, codes in apps:
        assert (await city.ask(NEW_APP, token=ouyang, of=firm["id"], id=app_id)).codes == codes, app_id
    assert (await city.ask(APP_OF, token=zhang, app="cn.tongcheng.menu")).codes == ["NOT_FOUND"]

    # Members of an organisation are decided elsewhere; those of a studio here.
    studio = await _studio(city, zhang)
    dev = (await _did(city, ME, ouyang))["developer"]["id"]
    refused = await city.ask(INVITE, token=ouyang, of=firm["id"], who=studio["developer"], role="DEVELOPER")
    assert refused.codes == ["MINIAPPS_MEMBERS_ELSEWHERE"]
    asked = (await _did(city, INVITE, zhang, of=studio["id"], who=dev, role="READER"))["inviteDeveloperMember"]
    assert [one["id"] for one in asked["members"]] == [studio["developer"]]
    assert asked["invitations"] == [{"developer": dev, "role": "READER", "declined": False}]
    assert (await city.ask(APP_OF, token=ouyang, app=APP)).codes == ["NOT_FOUND"]
    (invited,) = (await _did(city, INVITED, ouyang))["developerInvitations"]
    assert (invited["organisationName"], invited["role"]) == (NAME, "READER")
    told = (await _did(city, ACCEPT, ouyang, id=invited["id"]))["acceptDeveloperInvitation"]
    assert told["invitations"] == [] and {one["id"]: one["role"] for one in told["members"]} == {
        studio["developer"]: "OWNER",
        dev: "READER",
    }
    assert (await _did(city, APP_OF, ouyang, app=APP))["developerApp"]["appId"] == APP
    assert (await city.ask(PROVE, token=ouyang, app=APP, domain="api.example.com")).codes == ["FORBIDDEN"]
    last = await city.ask(CHANGE, token=zhang, of=studio["id"], who=studio["developer"], role="READER")
    assert last.codes == ["MINIAPPS_LAST_OWNER"]

    # A domain waits until it is looked for.
    asked = (await _did(city, PROVE, zhang, app=APP, domain="API.Example.com."))["proveDomain"]
    assert (asked["domain"], asked["state"]) == ("api.example.com", "PENDING")
    assert asked["dnsName"] == "_citytong-challenge.api.example.com" and asked["token"].startswith("citytong-domain=")
    assert (await _did(city, PROVE, zhang, app=APP, domain="api.example.com"))["proveDomain"] == asked
    for domain in ("localhost", "10.0.0.1", "city.internal", "x", "-a.example.com"):
        assert (await city.ask(PROVE, token=zhang, app=APP, domain=domain)).codes == ["MINIAPPS_DOMAIN_REFUSED"]

    # An officer blocks: nothing more is built, and who reads sees why.
    assert (await city.ask(RATE, token=zhang, of=studio["id"], grade="A", why="mine")).codes == ["FORBIDDEN"]
    officer = await city.token(OFFICER, audience="STAFF")
    blocked = await _did(city, RATE, officer, of=studio["id"], grade="BLOCKED", why="copies another program")
    assert blocked["rateOrganisation"]["grade"] == "BLOCKED"
    assert (await city.ask(PROVE, token=zhang, app=APP, domain="b.example.com")).codes == [
        "MINIAPPS_ORGANISATION_BLOCKED"
    ]
    seen = await _studio(city, zhang)
    assert (seen["blocked"], seen["ratedBecause"]) == ("officer", "copies another program")
    await _did(city, RATE, officer, of=studio["id"], grade=None, why="settled")
    assert (await _studio(city, zhang))["blocked"] is None
