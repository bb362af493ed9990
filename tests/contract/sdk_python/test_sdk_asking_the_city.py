"""How a backend asks: what is asked again and what is not, tokens and keys that it keeps, and bounds of time and
size.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from citytong_sdk import Limits, MiniApp, Options, PrivateKey
from citytong_sdk import errors as e
from citytong_sdk.city import issuer_of
from citytong_sdk.errors import Reason
from citytong_sdk.keys import LAUNCH
from citytong_sdk.testing import Citizen, FakeClock, FakePlatform

from tests.contract.sdk_python.conftest import Ask, asking

DOCUMENT = "d1"


@pytest.fixture(autouse=True)
def document(city: FakePlatform, app: MiniApp) -> None:
    city.answer(DOCUMENT, {"ok": True}, personal=False)


def asked(city: FakePlatform, path: str) -> int:
    return sum(one.path == path for one in city.requests)


# --- again, or not


@pytest.mark.parametrize("code", ["UNAVAILABLE", "MINIAPPS_TOO_OFTEN"])
async def test_what_the_city_did_not_do_is_asked_again(
    ask: Ask, city: FakePlatform, citizen: Citizen, code: str
) -> None:
    city.fail("code2session", code, times=2)
    assert (await ask("auth.code2session", city.login_code(citizen))).openid == city.openid(citizen)
    assert asked(city, "/open/v1/code2session") == 3


async def test_not_for_ever(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    city.fail("code2session", "MINIAPPS_TOO_OFTEN", times=3)
    with pytest.raises(e.RateLimited) as refusal:
        await ask("auth.code2session", city.login_code(citizen))
    assert (refusal.value.retryable, refusal.value.errno) == (True, 1006)
    assert asked(city, "/open/v1/code2session") == 3


@pytest.mark.parametrize("code", ["BAD_USER_INPUT", "INTERNAL", "NOT_FOUND"])
async def test_a_refusal_is_not_asked_again(ask: Ask, city: FakePlatform, code: str) -> None:
    city.fail("graphql", code)
    with pytest.raises(e.CityTongError) as refusal:
        await ask("graphql", DOCUMENT)
    assert (refusal.value.code, refusal.value.retryable) == (code, False)
    assert asked(city, "/open/v1/graphql") == 1


async def test_a_lost_answer_is_asked_again_only_where_that_is_harmless(
    ask: Ask, city: FakePlatform, citizen: Citizen
) -> None:
    city.subscribe(citizen, "loan_due", times=5)
    city.lose("messages")
    await ask("messages.send_subscribe", city.openid(citizen), "loan_due", {})
    assert len(city.sent_messages) == 1  # done by the first, and answered to the second

    city.lose("code2session")
    with pytest.raises(e.Unreachable) as refusal:
        await ask("auth.code2session", city.login_code(citizen))
    assert (refusal.value.sent, refusal.value.retryable) == (True, False)
    assert asked(city, "/open/v1/code2session") == 1


async def test_a_city_that_asks_to_wait_is_waited_for_but_not_too_long(
    ask: Ask, city: FakePlatform, turn: FakeClock
) -> None:
    city.fail("graphql", "MINIAPPS_TOO_OFTEN", retry_after=31)
    with pytest.raises(e.RateLimited) as refusal:
        await ask("graphql", DOCUMENT)
    assert refusal.value.retry_after == 31
    assert asked(city, "/open/v1/graphql") == 1
    city.fail("graphql", "MINIAPPS_TOO_OFTEN", retry_after=12)
    before = turn()
    assert (await ask("graphql", DOCUMENT)).data == {"ok": True}
    assert turn() - before == 12


# --- the access token


async def test_a_token_is_kept_until_a_minute_before_its_end(ask: Ask, city: FakePlatform, turn: FakeClock) -> None:
    await ask("graphql", DOCUMENT)
    turn.advance(539)
    await ask("graphql", DOCUMENT)
    assert asked(city, "/open/token") == 1
    turn.advance(1)
    await ask("graphql", DOCUMENT)
    assert asked(city, "/open/token") == 2


async def test_a_refused_token_is_fetched_anew_once(ask: Ask, city: FakePlatform) -> None:
    await ask("graphql", DOCUMENT)
    city.fail("graphql", "UNAUTHENTICATED")
    await ask("graphql", DOCUMENT)
    assert asked(city, "/open/token") == 2
    city.fail("graphql", "UNAUTHENTICATED", times=2)
    with pytest.raises(e.NotAuthenticated):
        await ask("graphql", DOCUMENT)
    assert asked(city, "/open/token") == 3


async def test_a_program_that_is_not_registered_gets_no_token(city: FakePlatform) -> None:
    app = MiniApp(
        app_id="org.example.program",
        key=PrivateKey.generate(),
        platform=city.url,
        transport=city.transport(),
        sync_transport=city.sync_transport(),
        clock=city.clock,
    )
    for blocking in (False, True):
        with pytest.raises(e.NotAuthenticated) as refusal:
            await asking(app, blocking=blocking)("graphql", DOCUMENT)
        assert (refusal.value.code, refusal.value.retryable) == ("OAUTH_INVALID_CLIENT", False)
    await app.aclose()
    app.sync.close()


async def test_each_try_shows_an_assertion_of_its_own(ask: Ask, city: FakePlatform) -> None:
    city.lose("token")
    await ask("graphql", DOCUMENT)
    bodies = [one.body for one in city.requests if one.path == "/open/token"]
    assert len(bodies) == len(set(bodies)) == 2


# --- the city's keys


async def test_a_new_key_is_learnt_when_a_token_names_it(
    ask: Ask, city: FakePlatform, turn: FakeClock, citizen: Citizen
) -> None:
    await ask("auth.verify_launch_token", city.launch_token(citizen))
    city.rotate_keys(LAUNCH)
    fresh = city.launch_token(citizen)
    with pytest.raises(e.TokenInvalid) as refusal:  # asked a moment ago
        await ask("auth.verify_launch_token", fresh)
    assert refusal.value.reason is Reason.KEY_UNKNOWN
    turn.advance(60)
    await ask("auth.verify_launch_token", fresh)
    assert asked(city, "/.well-known/mini-jwks.json") == 2


async def test_forged_names_of_keys_make_no_flood(
    ask: Ask, city: FakePlatform, turn: FakeClock, citizen: Citizen
) -> None:
    stranger = FakePlatform(url=city.url, seed=5, clock=turn)
    stranger.register("org.example.program", keys=[])
    forged = stranger.launch_token(citizen)
    for _ in range(50):
        with pytest.raises(e.TokenInvalid):
            await ask("auth.verify_launch_token", forged)
        turn.advance(1)
    assert asked(city, "/.well-known/mini-jwks.json") == 1


async def test_keys_are_good_for_a_day_when_the_city_is_silent(
    ask: Ask, city: FakePlatform, turn: FakeClock, citizen: Citizen
) -> None:
    await ask("auth.verify_launch_token", city.launch_token(citizen))
    city.fail("keys", "INTERNAL", times=99)
    turn.advance(24 * 3600)
    for _ in range(3):
        await ask("auth.verify_launch_token", city.launch_token(citizen))
    assert asked(city, "/.well-known/mini-jwks.json") == 2  # asked in vain once, and not for each token
    turn.advance(60)
    with pytest.raises(e.CityTongError):
        await ask("auth.verify_launch_token", city.launch_token(citizen))


async def test_a_backend_that_was_never_told_keys_says_so(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    city.fail("keys", "UNAVAILABLE", times=3)
    with pytest.raises(e.Unavailable) as refusal:
        await ask("auth.verify_launch_token", city.launch_token(citizen))
    assert refusal.value.retryable
    await ask("auth.verify_launch_token", city.launch_token(citizen))


# --- bounds


async def test_a_slow_city_is_not_waited_for(city: FakePlatform, turn: FakeClock, citizen: Citizen) -> None:
    quick = Options(limits=Limits(timeout_s=2.0))
    async with city.mini_app("org.example.quick", options=quick) as app:
        city.slow("code2session", 2.5)
        for blocking in (False, True):
            code, before = city.login_code(citizen, app.app_id), turn()
            with pytest.raises(e.TimedOut) as refusal:
                await asking(app, blocking=blocking)("auth.code2session", code)
            assert (refusal.value.sent, turn() - before) == (True, 2.0)
        app.sync.close()


def told(status: int, body: bytes, **headers: str) -> httpx.MockTransport:
    def reply(_: httpx.Request) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, headers=named, stream=httpx.ByteStream(body))

    return httpx.MockTransport(reply)


ODD: dict[str, tuple[int, bytes]] = {
    "not JSON": (200, b"<html>"),
    "a list": (200, b"[]"),
    "nested without end": (200, b"[" * 100_000),
    "somewhere else": (302, b""),
    "too much": (200, b" " * ((1 << 20) + 1)),
    "no keys": (200, b'{"keys": {}}'),
    "far too many keys": (200, json.dumps({"keys": [{}] * 5_001}).encode()),
}


async def test_what_comes_compressed_is_not_unpacked(city: FakePlatform) -> None:
    app = MiniApp(
        app_id="a.b",
        key=PrivateKey.generate(),
        platform=city.url,
        transport=told(200, b"x", content_encoding="gzip"),
    )
    with pytest.raises(e.AnswerInvalid, match="compressed"):
        await app.revocations.current()
    await app.aclose()


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("blocking", [False, True], ids=["async", "sync"])
async def test_an_answer_that_is_none_is_refused(
    city: FakePlatform, citizen: Citizen, name: str, blocking: bool
) -> None:
    transport = told(*ODD[name])
    app = MiniApp(
        app_id="a.b",
        key=PrivateKey.generate(),
        platform=city.url,
        transport=transport,
        sync_transport=transport,
    )
    with pytest.raises(e.AnswerInvalid) as refusal:
        await asking(app, blocking=blocking)("auth.verify_launch_token", city.launch_token(citizen))
    assert refusal.value.code == "SDK_ANSWER_INVALID"
    await app.aclose()
    app.sync.close()


async def test_answers_of_other_shapes_are_refused(
    ask: Ask, city: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = city.handle
    for door, verb, arguments in (
        ("/open/v1/code2session", "auth.code2session", ["lc_1"]),
        ("/open/v1/phone", "phone.exchange", ["pc_1"]),
        ("/open/v1/phone", "phone.exchange_sealed", ["pc_1"]),
        ("/open/v1/messages", "messages.send_subscribe", ["o_1", "t", {}]),
        ("/open/v1/graphql", "graphql", [DOCUMENT]),
    ):

        def odd(one: Any, door: str = door) -> Any:
            reply = real(one)
            return type(reply)(200, json.dumps({"openid": 1}).encode()) if one.path == door else reply

        monkeypatch.setattr(city, "handle", odd)
        with pytest.raises(e.AnswerInvalid):
            await ask(verb, *arguments)


@pytest.mark.parametrize(
    "address",
    [
        "http://city.example",
        "ftp://city.example",
        "city.example",
        "https://",
        "https://a@b.example",
        "https://a.example?x",
    ],
)
def test_a_city_is_an_https_address(address: str) -> None:
    with pytest.raises(ValueError, match="platform"):
        issuer_of(address)


def test_this_machine_needs_no_tls() -> None:
    assert issuer_of("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"
    assert issuer_of("http://city.localhost:1") == "http://city.localhost:1"
