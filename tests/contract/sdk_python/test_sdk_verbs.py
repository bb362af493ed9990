"""A program's backend against the city of tests: each verb, awaited and blocking, what it answers and what it
refuses.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk import MemoryReplay, MiniApp, PrivateKey, RedisReplay, Seen, TypedDocument
from citytong_sdk import errors as e
from citytong_sdk.bundles import archive, blocks, statement
from citytong_sdk.bundles.errors import KEY_UNKNOWN, BundleError
from citytong_sdk.errors import Reason
from citytong_sdk.keys import LOG, REVOCATIONS, WEBHOOK
from citytong_sdk.testing import Citizen, FakeClock, FakePlatform
from citytong_sdk.webhooks import CitizenForgotten, Ping

from core.embedded import Stores
from core.redis import connect
from sdk.contract.bundles.signatures import _FILES as FILES
from tests.contract.sdk_python.conftest import Ask
from tests.support.threats import covers

# --- who a citizen is


@covers("T21")
async def test_a_login_code_says_who_the_citizen_is_once(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    code = city.login_code(citizen)
    session = await ask("auth.code2session", code)
    assert session.openid == city.openid(citizen)
    assert session.scopes == citizen.grants
    assert session.expires_at == city.clock.now() + timedelta(hours=1)
    with pytest.raises(e.CodeUsed) as refusal:
        await ask("auth.code2session", code)
    assert (refusal.value.code, refusal.value.request_id, refusal.value.retryable) == (
        "MINIAPPS_CODE_USED",
        "req_test",
        False,
    )


async def test_a_login_code_ends_and_is_its_program_s(
    ask: Ask, city: FakePlatform, turn: FakeClock, citizen: Citizen
) -> None:
    late, phone = city.login_code(citizen), city.phone_code(citizen)
    turn.advance(300)
    for code in (late, phone, "lc_unknown"):
        with pytest.raises(e.CodeInvalid):
            await ask("auth.code2session", code)
    async with city.mini_app("org.example.other") as other:
        with pytest.raises(e.CodeInvalid):
            await other.auth.code2session(city.login_code(citizen, "org.example.program"))


async def test_what_a_citizen_withholds_is_refused_with_why(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    citizen.grants.discard("city.user.phone")
    with pytest.raises(e.NotPermitted) as refusal:
        await ask("phone.exchange", city.phone_code(citizen))
    assert (refusal.value.errno, refusal.value.fields) == (1105, {"name": "city.user.phone", "why": "consent"})


async def test_a_launch_token_is_believed_and_the_city_is_asked_for_its_keys_once(
    ask: Ask, city: FakePlatform, citizen: Citizen
) -> None:
    tokens = [city.launch_token(citizen, scene="code", referrer="org.city.home") for _ in range(3)]
    found = [await ask("auth.verify_launch_token", token) for token in tokens]
    assert {one.openid for one in found} == {city.openid(citizen)}
    assert (found[0].scene, found[0].referrer, found[0].version) == ("code", "org.city.home", 1)
    assert [one.path for one in city.requests] == ["/.well-known/mini-jwks.json"]


async def test_a_token_may_not_be_older_than_the_caller_says(
    ask: Ask, city: FakePlatform, turn: FakeClock, citizen: Citizen
) -> None:
    token = city.launch_token(citizen)
    turn.advance(91)
    await ask("auth.verify_launch_token", token)
    with pytest.raises(e.TokenInvalid) as refusal:
        await ask("auth.verify_launch_token", token, max_age=60)
    assert refusal.value.reason is Reason.EXPIRED


@covers("T22")
async def test_a_token_is_taken_once_where_a_store_remembers_it(
    ask: Ask, city: FakePlatform, turn: FakeClock, citizen: Citizen
) -> None:
    seen = MemoryReplay(clock=turn)
    token, other = city.launch_token(citizen), city.launch_token(citizen)
    await ask("auth.verify_launch_token", token, replay=seen)
    await ask("auth.verify_launch_token", other, replay=seen)
    for _ in range(2):
        with pytest.raises(e.TokenInvalid) as refusal:
            await ask("auth.verify_launch_token", token, replay=seen)
        assert refusal.value.reason is Reason.REPLAYED
    turn.advance(329)  # to the very end of what the skew allows
    with pytest.raises(e.TokenInvalid) as refusal:
        await ask("auth.verify_launch_token", token, replay=seen)
    assert refusal.value.reason is Reason.REPLAYED


async def test_a_forged_token_takes_no_place_in_the_store(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    seen = MemoryReplay(most=1)
    with pytest.raises(e.TokenInvalid):
        await ask("auth.verify_launch_token", city.launch_token(citizen, aud="org.example.other"), replay=seen)
    await ask("auth.verify_launch_token", city.launch_token(citizen), replay=seen)
    with pytest.raises(e.ReplayStoreFull):
        await ask("auth.verify_launch_token", city.launch_token(citizen), replay=seen)


async def test_redis_remembers_for_all_who_share_it(
    app: MiniApp, city: FakePlatform, citizen: Citizen, stores: Stores
) -> None:
    from redis import Redis

    token, client = city.launch_token(citizen), connect(url=stores.redis_url)
    with Redis.from_url(stores.redis_url) as blocking:
        await app.auth.verify_launch_token(token, replay=RedisReplay(client, prefix="t:"))
        with pytest.raises(e.TokenInvalid):
            app.sync.auth.verify_launch_token(token, replay=RedisReplay(blocking, prefix="t:"))
        with pytest.raises(TypeError, match="asynchronous"):
            app.sync.auth.verify_launch_token(city.launch_token(citizen), replay=RedisReplay(client, prefix="t:"))
        assert 0 < blocking.pttl(f"t:launch:{(await app.auth.verify_launch_token(token)).jti}") <= 332_000
    await client.aclose()


# --- phones


async def test_a_phone_is_told_for_a_code_and_sealed_for_one(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    plain = await ask("phone.exchange", city.phone_code(citizen))
    sealed = await ask("phone.exchange_sealed", city.phone_code(citizen))
    assert (plain.e164, plain.national, plain.country) == ("+8613800138000", "138 0013 8000", "CN")
    assert plain.e164 not in sealed
    assert await ask("phone.unseal", sealed) == plain
    with pytest.raises(e.SealInvalid) as refusal:
        await ask("phone.unseal", sealed)
    assert refusal.value.reason is Reason.REPLAYED


async def test_an_account_without_a_phone_and_a_program_without_a_key(ask: Ask, city: FakePlatform) -> None:
    with pytest.raises(e.NoPhone):
        await ask("phone.exchange", city.phone_code(city.citizen(phone=None)))
    city.app().sealing = None
    with pytest.raises(e.NoEncryptionKey):
        await ask("phone.exchange_sealed", city.phone_code(city.citizen()))


# --- messages


async def test_a_message_goes_once_for_each_time_that_it_was_accepted(
    ask: Ask, city: FakePlatform, citizen: Citizen
) -> None:
    openid = city.openid(citizen)
    city.subscribe(citizen, "loan_due")
    sent = await ask("messages.send_subscribe", openid, "loan_due", {"title": "Ulysses"}, page="pages/loan/loan")
    assert [(one.id, one.openid, one.page) for one in city.sent_messages] == [(sent.id, openid, "pages/loan/loan")]
    with pytest.raises(e.SubscriptionSpent):
        await ask("messages.send_subscribe", openid, "loan_due", {"title": "Ulysses"})
    with pytest.raises(e.NotSubscribed):
        await ask("messages.send_subscribe", city.openid(city.citizen()), "loan_due", {})
    with pytest.raises(e.TemplateUnknown):
        await ask("messages.send_subscribe", openid, "unknown", {})
    with pytest.raises(ValueError, match="data"):
        await ask("messages.send_subscribe", openid, "loan_due", {"title": "x" * 201})
    assert len(city.sent_messages) == 1


async def test_one_key_is_one_message(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    city.subscribe(citizen, "loan_due", times=2)
    openid = city.openid(citizen)
    told = [
        await ask("messages.send_subscribe", openid, "loan_due", {"t": "1"}, idempotency_key="loan-1") for _ in range(2)
    ]
    assert told[0] == told[1] and len(city.sent_messages) == 1
    with pytest.raises(e.IdempotencyKeyReused):
        await ask("messages.send_subscribe", openid, "loan_due", {"t": "2"}, idempotency_key="loan-1")


# --- the graph


async def test_a_document_is_asked_on_a_citizen_s_behalf(ask: Ask, city: FakePlatform, citizen: Citizen) -> None:
    def loans(variables: Any, who: Citizen | None) -> dict[str, Any]:
        return {"loans": variables["first"], "phone": None, "who": who is citizen}

    document: TypedDocument[Any, Any] = TypedDocument("d1", "Loans")
    city.answer("d1", loans, withheld={"Citizen.phone": "city.data.phone"})
    session = await ask("auth.code2session", city.login_code(citizen))
    claims = await ask("auth.verify_launch_token", city.launch_token(citizen))
    for who in (session, claims, session.openid):
        answer = await ask("graphql", document, {"first": 10}, on_behalf_of=who)
        assert answer.data == {"loans": 10, "phone": None, "who": True}
        assert answer.withheld == ("Citizen.phone",)
    with pytest.raises(e.NotPermitted) as refusal:
        await ask("graphql", "d1", {"first": 10})
    assert refusal.value.errno == 1106
    with pytest.raises(e.SessionOver):
        await ask("graphql", "d1", {"first": 10}, on_behalf_of="o_nobody")
    with pytest.raises(e.DocumentUnknown) as unknown:
        await ask("graphql", "d2")
    assert unknown.value.errno == 1301


async def test_public_documents_need_nobody(ask: Ask, city: FakePlatform) -> None:
    city.answer("d1", {"districts": 16}, personal=False)
    assert (await ask("graphql", "d1")).data == {"districts": 16}


# --- webhooks


@covers("T25")
async def test_a_webhook_is_believed_once(ask: Ask, city: FakePlatform, turn: FakeClock, app: MiniApp) -> None:
    told = CitizenForgotten(id="whd_9", at=turn.now(), app_id=app.app_id, openid="o_1")
    sent, seen = city.signed_webhook(told, id="whd_9"), MemoryReplay(clock=turn)
    assert await ask("webhooks.verify", sent.headers, sent.body, replay=seen) == told
    with pytest.raises(e.WebhookInvalid) as refusal:
        await ask("webhooks.verify", sent.headers, sent.body, replay=seen)
    assert refusal.value.reason is Reason.REPLAYED


async def test_a_new_key_of_webhooks_is_learnt_and_a_forgery_asks_no_more_than_once_a_minute(
    ask: Ask, city: FakePlatform, turn: FakeClock, app: MiniApp
) -> None:
    ping = Ping(id="", at=turn.now(), app_id=app.app_id)
    first = city.signed_webhook(ping)
    await ask("webhooks.verify", first.headers, first.body)
    for _ in range(5):
        with pytest.raises(e.WebhookInvalid):
            await ask("webhooks.verify", first.headers, first.body + b" ")
    assert len(city.requests) == 1
    city.rotate_keys(WEBHOOK)
    turn.advance(61)
    second = city.signed_webhook(ping)
    await ask("webhooks.verify", second.headers, second.body)
    assert len(city.requests) == 2


async def test_deliveries_are_listed_tested_and_replayed(ask: Ask, city: FakePlatform) -> None:
    ids = [await ask("webhooks.test") for _ in range(3)]
    page = await ask("webhooks.deliveries", first=2)
    assert [one["id"] for one in page["deliveries"]] == ids[:2]
    rest = await ask("webhooks.deliveries", first=2, after=page["next"])
    assert ([one["id"] for one in rest["deliveries"]], rest["next"]) == (ids[2:], None)
    await ask("webhooks.replay", ids[0])
    with pytest.raises(e.NotFound):
        await ask("webhooks.replay", "whd_unknown")


# --- packages, revocations, the log


def signed_package(key: PrivateKey) -> bytes:
    unsigned = archive.pack(FILES)
    said = statement.make(unsigned, built_with="test", created=0)
    return blocks.join(unsigned, {blocks.DEVELOPER: statement.sign_developer(said, key=key.private, kid=key.kid)})


async def test_a_package_is_vouched_for_by_all_three(ask: Ask, city: FakePlatform, tmp_path: Path) -> None:
    key = PrivateKey.generate()
    package = city.publish(signed_package(key), developer=key.jwk)
    city.publish(signed_package(key), developer=key.jwk)
    file = tmp_path / "x.ma"
    file.write_bytes(package)
    assert (await ask("package.verify", file)).statement.version_code == 14
    assert (await ask("package.verify", package, seen_version_code=14)).log_index == 0
    with pytest.raises(BundleError) as refusal:
        await ask("package.verify", package.replace(b"\x89PNG", b"\x89PNH"))
    assert refusal.value.code.startswith("BUNDLE_")
    with pytest.raises(BundleError) as older:
        await ask("package.verify", package, seen_version_code=15)
    assert older.value.code == "BUNDLE_OLDER"


async def test_another_city_s_word_on_a_package_is_nothing(ask: Ask) -> None:
    key, elsewhere = PrivateKey.generate(), FakePlatform(seed=9)
    package = elsewhere.publish(signed_package(key), developer=key.jwk)
    with pytest.raises(BundleError) as refusal:
        await ask("package.verify", package)
    assert refusal.value.code == KEY_UNKNOWN


async def test_the_log_s_next_key_is_taken_as_well(ask: Ask, city: FakePlatform) -> None:
    key = PrivateKey.generate()
    before = city.publish(signed_package(key), developer=key.jwk)
    city.rotate_keys(LOG)
    after = city.publish(signed_package(key), developer=key.jwk)
    assert [(await ask("package.verify", one)).log_index for one in (before, after)] == [0, 1]


@covers("T9")
async def test_what_was_revoked_is_known_within_a_minute(ask: Ask, city: FakePlatform, turn: FakeClock) -> None:
    assert await ask("revocations.is_revoked", 1) is False
    city.revoke(1)
    assert await ask("revocations.is_revoked", 1) is False
    turn.advance(60)
    assert (await ask("revocations.is_revoked", 1), await ask("revocations.is_revoked", 2)) == (True, False)
    city.revoke()
    turn.advance(60)
    assert await ask("revocations.is_revoked", 2) is True


@covers("T28")
async def test_the_list_of_revocations_never_goes_back(ask: Ask, city: FakePlatform, turn: FakeClock) -> None:
    city.revoke(1)
    await ask("revocations.current")
    city._list_number = 1
    turn.advance(60)
    with pytest.raises(e.RevocationsInvalid, match="STALE"):
        await ask("revocations.current")


async def test_what_an_earlier_run_saw_holds(city: FakePlatform) -> None:
    async with city.mini_app(seen=Seen(revocations=2)) as app:
        with pytest.raises(e.RevocationsInvalid):
            await app.revocations.is_revoked(1)
        city.revoke(7)
        assert await app.revocations.is_revoked(1) is False
        assert app.revocations.sequence == 2


async def test_the_list_holds_for_as_long_as_it_said_while_the_city_is_silent(
    ask: Ask, city: FakePlatform, turn: FakeClock
) -> None:
    city.revoke(1)
    assert await ask("revocations.is_revoked", 1) is True
    city.fail("revocations", "INTERNAL", times=99)
    turn.advance(3_000)
    assert await ask("revocations.is_revoked", 1) is True
    turn.advance(601)
    with pytest.raises(e.CityTongError) as refusal:
        await ask("revocations.is_revoked", 1)
    assert refusal.value.code == "INTERNAL"


async def test_a_list_by_another_key_of_the_city_is_refused(ask: Ask, city: FakePlatform) -> None:
    city.rings._rings[REVOCATIONS] = [city.rings.active(WEBHOOK)]
    jwks = city.rings.jwks()
    jwks["keys"] = [one for one in jwks["keys"] if one["city_purpose"] != REVOCATIONS]
    city.rings.jwks = lambda: jwks  # type: ignore[method-assign]
    with pytest.raises(e.RevocationsInvalid, match="KEY_UNKNOWN"):
        await ask("revocations.current")


@covers("T29", "T30")
async def test_a_log_that_takes_back_or_shows_two_histories_is_found_out(ask: Ask, city: FakePlatform) -> None:
    key = PrivateKey.generate()
    for _ in range(3):
        city.publish(signed_package(key), developer=key.jwk)
    assert (await ask("log.look")).size == 3
    for _ in range(2):
        city.publish(signed_package(key), developer=key.jwk)
    assert (await ask("log.look")).size == 5
    hidden = city.leaves.pop()
    with pytest.raises(e.LogRolledBack):
        await ask("log.look")
    city.leaves.extend([hidden, hidden])
    assert (await ask("log.look")).size == 6
    city.leaves[1] = hidden
    with pytest.raises(e.LogSplit) as split:
        await ask("log.look")
    assert len(set(split.value.notes)) == 2
    city.leaves.append(hidden)
    with pytest.raises(e.LogSplit):
        await ask("log.look")


# --- one fetch at a time


async def test_many_at_once_fetch_one_token_and_one_set_of_keys(app: MiniApp, city: FakePlatform) -> None:
    city.answer("d1", {}, personal=False)
    await asyncio.gather(*(app.graphql("d1") for _ in range(20)))
    tokens = [city.launch_token(city.citizen()) for _ in range(20)]
    await asyncio.gather(*(app.auth.verify_launch_token(token) for token in tokens))
    asked = [one.path for one in city.requests]
    assert (asked.count("/open/token"), asked.count("/.well-known/mini-jwks.json")) == (1, 1)


async def test_threads_share_one_token(app: MiniApp, city: FakePlatform) -> None:
    city.answer("d1", {}, personal=False)
    async with asyncio.TaskGroup() as threads:
        for _ in range(8):
            threads.create_task(asyncio.to_thread(app.sync.graphql, "d1"))
    assert [one.path for one in city.requests].count("/open/token") == 1
