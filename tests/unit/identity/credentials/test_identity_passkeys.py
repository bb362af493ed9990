"""Passkeys: real attestations and assertions by an authenticator in software, and everything that is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from core.locale import Locale
from identity.credentials.ceremonies import RelyingParty
from identity.credentials.model import PASSKEYS_MAX
from identity.model import Audience
from tests.support.attacks import against
from tests.unit.identity.credentials.authenticator import Authenticator, b64, from_b64
from tests.unit.identity.credentials.holders import Holders
from tests.unit.identity.room import LIU, outcome


async def test_what_the_browser_is_asked_to_make(people: Holders) -> None:
    principal = await people.zhang()
    own = await people.with_passkey(principal)
    principal = await people.renewed(await people.by_passkey(own))
    options = await people.credentials.passkeys.begin_registration(principal=principal, locale=Locale.ZH_CN)
    assert options["rp"] == {"id": "city.test", "name": "城市通 CityTong"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    (excluded,) = options["excludeCredentials"]
    assert (excluded["id"], excluded["transports"]) == (b64(own.credential_id), ["internal"])
    assert len(from_b64(options["challenge"])) == 32
    assert options["user"]["name"] == "138****0001" and options["user"]["displayName"] == "张*华"
    assert principal.actor not in orjson.dumps(options).decode()


@pytest.mark.parametrize(("synced", "method"), [(False, "hwk"), (True, "swk")])
async def test_a_passkey_signs_in_by_itself_and_is_two_factors(people: Holders, synced: bool, method: str) -> None:
    principal = await people.zhang()
    authenticator = await people.with_passkey(principal, synced=synced)
    signed_in = await people.by_passkey(authenticator)
    assert signed_in.session.account_id == principal.actor
    assert signed_in.session.methods == {method, "user"}
    assert (await people.room.principal(signed_in)).strong
    (passkey,) = (await people.held(principal)).passkeys
    assert (passkey.synced, passkey.sign_count, passkey.last_used_at) == (synced, 1, people.room.clock.now())
    assert "手机" not in repr(passkey) and "手机".encode() not in await people.room.dump()


async def test_whoever_makes_a_passkey_has_proven_themself_with_it(people: Holders) -> None:
    signed_in = await people.room.sign_in(LIU)
    principal = await people.room.principal(signed_in)
    assert not principal.strong
    await people.with_passkey(principal)
    assert (await people.renewed(signed_in)).methods == {"sms", "hwk", "user", "mfa"}


async def test_an_authenticator_that_does_not_count_is_believed(people: Holders) -> None:
    authenticator = await people.with_passkey(await people.zhang(), counts=False)
    assert await outcome(people.by_passkey(authenticator)) == "ok"
    assert await outcome(people.by_passkey(authenticator)) == "ok"


ELSEWHERE = {"origin": "https://city.test.evil.example"}


@pytest.mark.parametrize(
    ("kind", "client"),
    [
        ({}, ELSEWHERE),
        ({}, {"origin": "https://city.test:8443"}),
        ({}, {"origin": "http://city.test"}),
        ({}, {"crossOrigin": True}),
        ({}, {"type": "webauthn.get"}),
        ({}, {"challenge": b64(bytes(32))}),
        ({"rp_id": "test"}, {}),
        ({"rp_id": "evil.example"}, {}),
        ({"verifies": False}, {}),
    ],
)
async def test_what_was_made_elsewhere_or_without_its_user_is_not_kept(
    people: Holders, kind: dict[str, Any], client: dict[str, Any]
) -> None:
    principal = await people.zhang()
    origin, rp_id = people.party
    authenticator = Authenticator(**{"origin": origin, "rp_id": rp_id, **kind})
    before = await people.room.dump()
    assert await outcome(people.register(principal, authenticator, **client)) == "AUTH_PASSKEY_REFUSED"
    assert await people.room.dump() == before


@pytest.mark.parametrize(
    ("change", "client"),
    [
        ({}, ELSEWHERE),
        ({}, {"crossOrigin": True}),
        ({}, {"type": "webauthn.create"}),
        ({}, {"challenge": b64(bytes(32))}),
        ({"rp_id": "evil.example"}, {}),
        ({"verifies": False}, {}),
        ({"synced": True}, {}),  # whether a key may be copied never changes
        ({"user_handle": bytes(32)}, {}),
        ({"credential_id": bytes(32)}, {}),
        ({"count": 3}, {}),  # it has said 5 already
        ({"key": Authenticator("", "").key}, {}),
    ],
)
@against("replaying", "passkey answer")
async def test_an_answer_that_does_not_hold_signs_nobody_in(
    people: Holders, change: dict[str, Any], client: dict[str, Any]
) -> None:
    authenticator = await people.with_passkey(await people.zhang())
    for _ in range(5):
        await people.by_passkey(authenticator)
    before = await people.room.dump()
    assert await outcome(people.by_passkey(replace(authenticator, **change), **client)) == "AUTH_PASSKEY_REFUSED"
    assert await people.room.dump() == before
    assert await outcome(people.by_passkey(authenticator)) == "ok"


@against("replaying", "passkey answer")
async def test_an_answer_is_good_once(people: Holders) -> None:
    authenticator = await people.with_passkey(await people.zhang(), counts=False)
    id, options = await people.challenge()
    answer = authenticator.get(options)
    sign_in = people.credentials.passkeys.sign_in
    results = await asyncio.gather(*(outcome(sign_in(id=id, credential=answer, device_name="电脑")) for _ in range(3)))
    assert sorted(results) == ["AUTH_PASSKEY_REFUSED", "AUTH_PASSKEY_REFUSED", "ok"]
    other, _ = await people.challenge()
    assert await outcome(sign_in(id=other, credential=answer, device_name="电脑")) == "AUTH_PASSKEY_REFUSED"


async def test_a_challenge_is_good_for_five_minutes(people: Holders) -> None:
    authenticator = await people.with_passkey(await people.zhang())
    id, options = await people.challenge()
    answer = authenticator.get(options)
    people.room.clock.advance(seconds=300)
    late = people.credentials.passkeys.sign_in(id=id, credential=answer, device_name="电脑")
    assert await outcome(late) == "AUTH_PASSKEY_REFUSED"


@pytest.mark.parametrize(
    "credential", ["", "{}", "null", "[]", '{"id": 1}', "x" * 20_000, "[" * 5_000, '{"response": {"a": "\\ud800"}}']
)
@against("oversized input", "passkey answer")
async def test_what_is_no_answer_at_all_is_refused_as_one_that_does_not_hold(people: Holders, credential: str) -> None:
    principal = await people.zhang()
    await people.with_passkey(principal)
    id, _ = await people.challenge()
    passkeys = people.credentials.passkeys
    assert await outcome(passkeys.sign_in(id=id, credential=credential, device_name="电脑")) == "AUTH_PASSKEY_REFUSED"
    await passkeys.begin_registration(principal=(await _fresh(people)), locale=Locale.EN)
    again = passkeys.add(principal=principal, name="手机", credential=credential)
    assert await outcome(again) == "AUTH_PASSKEY_REFUSED"


async def _fresh(people: Holders) -> Any:
    return await people.room.citizen(LIU)


async def test_a_passkey_belongs_to_one_account(people: Holders) -> None:
    authenticator = await people.with_passkey(await people.zhang())
    liu = await people.room.citizen(LIU)
    assert await outcome(people.register(liu, authenticator)) == "AUTH_PASSKEY_REFUSED"
    assert (await people.held(liu)).passkeys == ()


@against("another's rights", "staff without a citizen's account")
async def test_a_citizens_passkey_is_no_staffs(people: Holders) -> None:
    authenticator = await people.with_passkey(await people.zhang())
    assert await outcome(people.by_passkey(authenticator, audience=Audience.STAFF)) == "AUTH_PASSKEY_REFUSED"


@against("a race", "passkey")
async def test_a_passkey_is_made_by_the_session_that_asked_and_once(people: Holders) -> None:
    principal, other = await people.zhang(), await people.zhang()
    passkeys = people.credentials.passkeys
    options = await passkeys.begin_registration(principal=principal, locale=Locale.ZH_CN)
    made = Authenticator(*people.party).create(options)
    assert await outcome(passkeys.add(principal=other, name="手机", credential=made)) == "AUTH_PASSKEY_REFUSED"
    assert await outcome(passkeys.add(principal=principal, name="手机", credential=made)) == "ok"
    assert await outcome(passkeys.add(principal=principal, name="手机", credential=made)) == "AUTH_PASSKEY_REFUSED"


@against("a stolen session", "credentials")
async def test_a_stale_session_makes_and_takes_away_none(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_passkey(principal)
    (passkey,) = (await people.held(principal)).passkeys
    people.room.clock.advance(seconds=300)
    passkeys = people.credentials.passkeys
    before = await people.room.dump()
    begun = passkeys.begin_registration(principal=principal, locale=Locale.ZH_CN)
    assert await outcome(begun) == "STEP_UP_REQUIRED"
    assert await outcome(passkeys.remove(principal=principal, passkey_id=passkey.id)) == "STEP_UP_REQUIRED"
    assert await people.room.dump() == before


async def test_several_passkeys_are_named_used_and_taken_away_one_by_one(people: Holders) -> None:
    signed_in = await people.room.sign_in(LIU)
    first = await people.with_passkey(await people.room.principal(signed_in))
    people.room.clock.advance(seconds=1)
    principal = await people.renewed(signed_in)
    second = await people.with_passkey(principal)
    passkeys = people.credentials.passkeys
    one, two = (await people.held(principal)).passkeys
    assert (await passkeys.rename(principal=principal, passkey_id=two.id, name=" 家里的  电脑 ")).name == "家里的 电脑"
    assert await outcome(passkeys.rename(principal=principal, passkey_id=two.id, name="")) == "BAD_USER_INPUT"
    held = await passkeys.remove(principal=principal, passkey_id=one.id)
    assert [passkey.name for passkey in held.passkeys] == ["家里的 电脑"]
    assert await outcome(people.by_passkey(first)) == "AUTH_PASSKEY_REFUSED"
    assert await outcome(people.by_passkey(second)) == "ok"
    assert await outcome(passkeys.remove(principal=principal, passkey_id=one.id)) == "NOT_FOUND"
    told = [event.payload["what"] for event in await people.room.events("identity.credentials_changed")]
    assert sorted(told) == ["passkey_added", "passkey_added", "passkey_removed"]
    assert len(await people.room.audited("credentials.passkey_renamed")) == 1


@against("reading another's", "passkeys")
async def test_nobody_reaches_another_accounts_passkey(people: Holders) -> None:
    zhang = await people.zhang()
    await people.with_passkey(zhang)
    (passkey,) = (await people.held(zhang)).passkeys
    liu = await people.room.citizen(LIU)
    passkeys = people.credentials.passkeys
    before = await people.room.dump()
    assert await outcome(passkeys.remove(principal=liu, passkey_id=passkey.id)) == "NOT_FOUND"
    assert await outcome(passkeys.rename(principal=liu, passkey_id=passkey.id, name="mine")) == "NOT_FOUND"
    assert await people.room.dump() == before


async def test_whoever_acts_for_another_has_no_part_in_their_passkeys(people: Holders) -> None:
    acting = await people.room.acting()
    begun = people.credentials.passkeys.begin_registration(principal=acting, locale=Locale.ZH_CN)
    assert await outcome(begun) == "FORBIDDEN"


async def test_an_account_has_so_many_passkeys_and_no_more(people: Holders) -> None:
    signed_in = await people.room.sign_in(LIU)
    await people.with_passkey(await people.room.principal(signed_in))
    principal = await people.renewed(signed_in)
    for _ in range(PASSKEYS_MAX - 1):
        await people.with_passkey(principal)
    assert await outcome(people.with_passkey(principal)) == "AUTH_TOO_MANY_PASSKEYS"


@pytest.mark.parametrize(
    ("address", "id", "origin"),
    [
        ("https://city.example", "city.example", "https://city.example"),
        ("https://city.example/", "city.example", "https://city.example"),
        ("https://city.example:443", "city.example", "https://city.example"),
        ("https://City.Example:8443/x", "city.example", "https://city.example:8443"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_the_party_is_the_public_address(address: str, id: str, origin: str) -> None:
    party = RelyingParty.at(address)
    assert (party.id, party.origin) == (id, origin)
