"""A program's backend, by the Python SDK over HTTP: who its citizen is, their phone, and what it asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from citytong_sdk import CityTongError, PrivateKey
from citytong_sdk.errors import (
    CodeInvalid,
    CodeUsed,
    DocumentUnknown,
    InvalidInput,
    NotAuthenticated,
    NotPermitted,
    RateLimited,
    SealInvalid,
    SessionOver,
)

from core.clock import FixedClock
from core.principal import Principal, PrincipalKind
from identity.model import Freeze
from miniapps.releases.model import ReleaseState
from tests.support.backing import APP, Backing, documents
from tests.support.city import OpenCity, did
from tests.support.counting import counted
from tests.support.threats import covers

OPENID, PHONE, NAME = "city.user.openid", "city.user.phone", "city.data.masked_name"
ALL = (OPENID, PHONE, NAME)
OUYANG, REVIEWER, OFFICER = "13800000003", "13900000017", "13900000019"
LOGIN = "mutation($id: ID!) { miniLogin(session: $id) { code } }"
PHONE_CODE = "mutation($id: ID!) { miniPhoneCode(session: $id) { code } }"
TOKEN = "mutation($id: ID!) { miniLaunchToken(session: $id) { token } }"
ANSWER = """mutation($id: ID!, $yes: [String!]!, $no: [String!]!) {
  answerMiniPermissions(session: $id, granted: $yes, denied: $no, text: "“胡同你好”申请获取信息。") { name state }
}"""
QUOTA = """mutation($app: String!, $name: String!, $n: Int) {
  setQuota(appId: $app, name: $name, perDay: $n) { name perDay used }
}"""
SETTLE = """mutation($app: String!, $name: String!) {
  setMiniPermission(appId: $app, name: $name, state: DENIED) { name }
}"""
STANDS = "query($id: ID!) { miniSession(session: $id) { ended } }"
RATE = """mutation($of: ID!, $grade: DeveloperGrade) {
  rateOrganisation(organisation: $of, grade: $grade, reason: "It calls at night") { grade }
}"""


def _pass(city: OpenCity, *, seconds: float) -> None:
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=seconds)


@dataclass(frozen=True, slots=True)
class _In:
    """Whom a backend says that it asks for, whoever told it so."""

    openid: str
    session_id: str


SEEN = "query { accessLog { nodes { program purpose fields { code } } } }"


async def _organisation(city: OpenCity) -> str:
    app = await city.city.rooms.platform.developers.app(APP)
    assert app is not None
    return app.organisation


async def _phone_code(city: OpenCity, citizen: str, session: str) -> str:
    return str((await did(city, PHONE_CODE, citizen, id=session))["code"])


@asynccontextmanager
async def _frozen(city: OpenCity, citizen: str) -> AsyncIterator[None]:
    """Meanwhile staff have frozen their account."""
    me, identity = (await did(city, "{ me { id } }", citizen))["id"], city.city.rooms.wings.identity.store

    async def set_frozen(freeze: Freeze | None) -> None:
        await identity.transaction(lambda session: identity.freezes.set(me, freeze, session=session))

    await set_frozen(Freeze(city.clock.now() + timedelta(days=1), "ivn_1"))
    try:
        yield
    finally:
        await set_frozen(None)


@covers("T24", "T34")
async def test_a_backend_learns_who_came_and_asks_for_them(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    await backing.released(permissions=ALL)
    zhang, ouyang = backing.builder, await city.token(OUYANG)
    session = await backing.opened(ouyang)
    async with backing.app() as app:
        # Who came: once, and by this program alone.
        code = (await did(city, LOGIN, ouyang, id=session))["code"]
        who = await app.auth.code2session(code)
        assert (who.session_id, who.scopes, who.version_code) == (session, frozenset({OPENID}), 1)
        with pytest.raises(CodeUsed):
            await app.auth.code2session(code)
        with pytest.raises(CodeInvalid) as refused:
            await app.auth.code2session("lc_unknown")
        assert refused.value.request_id and refused.value.docs and not refused.value.retryable
        token = (await did(city, TOKEN, ouyang, id=session))["token"]
        claims = await app.auth.verify_launch_token(token)
        assert (claims.openid, claims.session_id, claims.scene) == (who.openid, session, "home")

        # What they do not give is withheld, and is no error.
        ask = documents()
        withheld = await app.graphql(ask["Name"], on_behalf_of=who)
        assert (withheld.data, withheld.withheld) == ({"me": {"maskedName": None}}, ("Citizen.maskedName",))
        await did(city, ANSWER, ouyang, id=session, yes=[PHONE, NAME], no=[])
        for whom in (who, who.openid):
            told = await app.graphql(ask["Name"], on_behalf_of=whom)
            assert told.data and told.data["me"]["maskedName"].startswith("欧") and told.withheld == ()
        assert (await app.graphql(ask["City"])).data == {"miniPrograms": {"nodes": [{"appId": "org.city.code"}]}}
        with pytest.raises(NotPermitted) as nobodys:
            await app.graphql(ask["Name"])
        assert (nobodys.value.fields["why"], nobodys.value.errno) == ("context", 1106)
        with pytest.raises(DocumentUnknown):
            await app.graphql("0" * 64, on_behalf_of=who)

        # Another citizen's session is not theirs, and nobody else's openid is anybody.
        others = await backing.opened(zhang)
        with pytest.raises(SessionOver):
            await app.graphql(ask["Name"], on_behalf_of=_In(who.openid, others))
        with pytest.raises(CityTongError) as unknown:
            await app.graphql(ask["Name"], on_behalf_of="o_unknown")
        assert unknown.value.code == "MINIAPPS_OPENID_UNKNOWN"

        # Their phone: by this backend, or sealed to it past its front end.
        phone = await app.phone.exchange(await _phone_code(city, ouyang, session))
        assert (phone.e164, phone.country) == (f"+86{OUYANG}", "CN")
        sealed = await app.phone.exchange_sealed(await _phone_code(city, ouyang, session))
        assert await app.phone.unseal(sealed) == phone
        with pytest.raises(SealInvalid):
            await app.phone.unseal(sealed)
        login = (await did(city, LOGIN, ouyang, id=session))["code"]
        with pytest.raises(CodeInvalid):
            await app.phone.exchange(login)  # a code of the other kind

        # Who was told what, and what for, is the citizen's to read.
        seen = (await did(city, SEEN, ouyang))["nodes"]
        reads = {(one["purpose"], *(field["code"] for field in one["fields"])) for one in seen}
        assert reads == {
            ("A mini-program read, with your consent", "city.data.masked_name"),
            ("A mini-program was told, with your consent", PHONE),
        }


@covers("T21", "T23")
async def test_what_is_no_backend_is_told_nothing(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    ouyang = await city.token(OUYANG)
    await backing.released(2, permissions=ALL)
    code = (await did(city, LOGIN, ouyang, id=await backing.opened(ouyang)))["code"]
    for stranger in (backing.app(key=PrivateKey.generate()), backing.app(app_id="city.air")):
        async with stranger:
            with pytest.raises(NotAuthenticated):
                await stranger.auth.code2session(code)
    for header in ("", "Bearer x", f"Bearer {ouyang}", f"Bearer {backing.builder}", "Basic eDp5"):
        told = {"Authorization": header} if header else {}
        async with city.http.post(f"{city.base}/open/v1/code2session", json={"code": code}, headers=told) as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (401, "no-store")
            error = (await answer.json())["error"]
            assert error["code"] == "UNAUTHENTICATED" and code not in str(error)
    async with backing.app() as app:
        with pytest.raises(InvalidInput) as refused:
            await app.graphql("0" * 300)
        assert (refused.value.fields["field"], refused.value.errno) == ("documentId", 1005)
        await app.auth.code2session(code)  # nobody before has used it up


@covers("T34")
async def test_a_backend_asks_as_often_as_it_may_and_not_once_it_is_blocked(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    await backing.released(3, permissions=ALL)
    ouyang, reviewer = await city.token(OUYANG), await city.token(REVIEWER, audience="STAFF")
    session = await backing.opened(ouyang)
    async with backing.app() as app:
        quotas = await did(city, QUOTA, reviewer, app=APP, name="code2session", n=None)
        (used,) = (one["used"] for one in quotas if one["name"] == "code2session")
        await did(city, QUOTA, reviewer, app=APP, name="code2session", n=used + 1)
        codes = [(await did(city, LOGIN, ouyang, id=session))["code"] for _ in range(2)]
        await app.auth.code2session(codes[0])
        with pytest.raises(RateLimited) as spent:
            await app.auth.code2session(codes[1])
        assert spent.value.code == "MINIAPPS_QUOTA_SPENT" and (spent.value.retry_after or 0) > 60
        await did(city, QUOTA, reviewer, app=APP, name="code2session", n=None)
        _pass(city, seconds=15)
        await app.auth.code2session(codes[1])  # what was refused did not use it up

        # Blocked: within a quarter of a minute the backend is nobody's, whatever token it holds.
        officer, organisation = await city.token(OFFICER, audience="STAFF"), await _organisation(city)
        await did(city, RATE, officer, of=organisation, grade="BLOCKED")
        _pass(city, seconds=15)
        with pytest.raises(NotAuthenticated):
            await app.graphql(documents()["City"])
        await did(city, RATE, officer, of=organisation, grade=None)
        _pass(city, seconds=15)
        assert (await app.graphql(documents()["City"])).data is not None


@covers("T34")
async def test_of_a_frozen_account_no_backend_learns_anything(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    await backing.released(4, permissions=ALL)
    ouyang, ask = await city.token(OUYANG), documents()["Name"]
    session = await backing.opened(ouyang)
    await did(city, ANSWER, ouyang, id=session, yes=[PHONE, NAME], no=[])
    async with backing.app() as app:
        who = await app.auth.code2session((await did(city, LOGIN, ouyang, id=session))["code"])
        code = await _phone_code(city, ouyang, session)
        async with _frozen(city, ouyang):
            # What they agreed to stands in the ledger, and is worth nothing: neither in a run nor without one.
            for whom in (who, who.openid):
                told = await app.graphql(ask, on_behalf_of=whom)
                assert (told.data, told.withheld) == ({"me": {"maskedName": None}}, ("Citizen.maskedName",))
            with pytest.raises(NotPermitted) as refused:
                await app.phone.exchange(code)
            assert refused.value.fields["why"] == "policy"
        again = await app.graphql(ask, on_behalf_of=who.openid)
        assert again.data and again.data["me"]["maskedName"].startswith("欧")


async def test_a_call_of_a_process_that_knows_the_program_asks_little_of_the_stores(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    await backing.released(5, permissions=ALL)
    ouyang, rooms, redis = await city.token(OUYANG), city.city.rooms, city.city.ground.redis
    session = await backing.opened(ouyang)
    me = (await did(city, "{ me { id } }", ouyang))["id"]
    before, code = [(await did(city, LOGIN, ouyang, id=session))["code"] for _ in range(2)]
    await rooms.backends.code2session(app_id=APP, code=before)
    async with counted(redis, keys=":mini:") as asked:
        await rooms.backends.code2session(app_id=APP, code=code)
    assert (sorted(asked.mongo), asked.redis) == (
        ["find identity_citizens", "find identity_consents"],
        ["EVALSHA", "HGETALL"],
    )

    kind, scopes = PrincipalKind.CITIZEN, frozenset({"citizen"})
    principal = Principal(kind=kind, actor=me, subject=me, session_id="ses_1", scopes=scopes)
    async with counted(redis, keys=":mini:pace:") as asked:
        opened = await rooms.sessions.begin(principal=principal, app_id=APP)
    assert (len(asked.mongo), asked.redis) == (7, ["EVALSHA"]), asked.mongo
    for ask in (rooms.openids.launch_token, rooms.openids.login_code):
        async with counted(redis, keys=":mini:") as asked:
            await ask(principal=principal, session_id=opened.session.id)
        assert (asked.mongo, asked.redis[:2]) == (["find identity_citizens"], ["HGETALL", "EVALSHA"])


@covers("T34")
async def test_what_is_kept_in_memory_hides_no_change_for_long(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    await backing.released(6, permissions=ALL)
    ouyang, rooms = await city.token(OUYANG), city.city.rooms
    session = await backing.opened(ouyang)
    await did(city, ANSWER, ouyang, id=session, yes=[NAME], no=[])
    releases = rooms.releases.store
    release = (await rooms.releases.running(APP)).release.id

    async def code() -> str:
        return str((await did(city, LOGIN, ouyang, id=session))["code"])

    async def set_state(state: ReleaseState) -> None:
        """As another process does, of which nobody here is told."""
        await releases.mongo.transaction(lambda session: releases.set_state(release, state, session=session))

    async with backing.app() as app:
        # What a citizen takes back, and a freeze, count at once.
        assert NAME in (await app.auth.code2session(await code())).scopes
        await did(city, SETTLE, ouyang, app=APP, name=NAME)
        assert NAME not in (await app.auth.code2session(await code())).scopes
        before = await code()
        async with _frozen(city, ouyang):
            with pytest.raises(NotPermitted) as refused:
                await app.auth.code2session(before)
            assert refused.value.fields["why"] == "policy"

        # Another process's revocation counts here within five seconds; an open page asks every half minute.
        codes = [await code() for _ in range(2)]
        await set_state(ReleaseState.REVOKED)
        try:
            await app.auth.code2session(codes[0])
            _pass(city, seconds=5)
            with pytest.raises(CodeInvalid):
                await app.auth.code2session(codes[1])
            assert await did(city, STANDS, ouyang, id=session) == {"ended": "VERSION_REVOKED"}
        finally:
            await set_state(ReleaseState.RELEASED)
            _pass(city, seconds=5)


@covers("T34")
async def test_of_many_who_redeem_at_once_only_so_many_do_as_may(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    await backing.released(7, permissions=ALL)
    ouyang, reviewer = await city.token(OUYANG), await city.token(REVIEWER, audience="STAFF")
    session = await backing.opened(ouyang)
    quotas = await did(city, QUOTA, reviewer, app=APP, name="code2session", n=None)
    (used,) = (one["used"] for one in quotas if one["name"] == "code2session")
    await did(city, QUOTA, reviewer, app=APP, name="code2session", n=used + 2)
    _pass(city, seconds=15)
    codes = [(await did(city, LOGIN, ouyang, id=session))["code"] for _ in range(5)]
    async with backing.app() as app:
        came = await asyncio.gather(*map(app.auth.code2session, codes), return_exceptions=True)
        left = [code for code, who in zip(codes, came, strict=True) if isinstance(who, RateLimited)]
        assert len(left) == 3 and sum(isinstance(who, BaseException) for who in came) == 3
        await did(city, QUOTA, reviewer, app=APP, name="code2session", n=None)
        _pass(city, seconds=15)
        # What was refused is still good, each for one of those who show it at once.
        came = await asyncio.gather(*map(app.auth.code2session, [*left, *left]), return_exceptions=True)
        assert sorted(type(who).__name__ for who in came) == ["CodeUsed"] * 3 + ["Session"] * 3
