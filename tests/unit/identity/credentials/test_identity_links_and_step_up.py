"""Another screen that a phone lets in, proving oneself again, and all of it over the graph."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.locale import Locale
from identity.credentials.links import Link, coarse_network, distinct_numbers
from identity.credentials.proofs import Proof
from identity.model import Audience
from tests.support.attacks import against
from tests.unit.identity.credentials.authenticator import Authenticator, from_json
from tests.unit.identity.credentials.holders import HERE, PASSPHRASE, Holders
from tests.unit.identity.room import CLERK, LIU, ZHANG, outcome

# --- another screen


async def begun(people: Holders, audience: Audience = Audience.CITIZEN) -> Link:
    return await people.credentials.links.begin(audience=audience, device_name="大厅 3 号屏", origin=HERE)


async def test_a_phone_lets_a_screen_in(people: Holders) -> None:
    links, principal = people.credentials.links, await people.zhang()
    people.room.clock.advance(seconds=60)
    link = await begun(people)
    assert await links.finish(id=link.id, secret=link.secret) is None
    asking = await links.asking(principal=principal, code=link.code, origin=HERE)
    assert (asking.device_name, asking.requested_at) == ("大厅 3 号屏", people.room.clock.now())
    assert asking.place.en == "36.110.0.0/16" and asking.numbers == (17, 42, 88)
    assert link.number == 42
    await links.approve(principal=principal, code=link.code, number=42, origin=HERE)
    signed_in = await links.finish(id=link.id, secret=link.secret)
    assert signed_in is not None
    assert (signed_in.session.account_id, signed_in.session.device_name) == (principal.actor, "大厅 3 号屏")
    assert signed_in.session.methods == principal.methods
    assert signed_in.session.authenticated_at == principal.authenticated_at  # no fresher than who let it in
    assert await outcome(links.finish(id=link.id, secret=link.secret)) == "AUTH_LINK_EXPIRED"
    assert await outcome(links.asking(principal=principal, code=link.code, origin=HERE)) == "AUTH_LINK_EXPIRED"
    (entry,) = await people.room.audited("credentials.link_approved")
    assert entry["actor"] == principal.actor and entry["about"]["link"] == link.id


@against("session fixation", "screen")
async def test_a_wrong_number_is_a_no(people: Holders) -> None:
    links, principal = people.credentials.links, await people.zhang()
    link = await begun(people)

    async def approve(number: int) -> str:
        return await outcome(links.approve(principal=principal, code=link.code, number=number, origin=HERE))

    assert await approve(17) == "AUTH_LINK_DENIED"
    assert await approve(42) == "AUTH_LINK_EXPIRED"
    assert await outcome(links.finish(id=link.id, secret=link.secret)) == "AUTH_LINK_DENIED"
    assert await outcome(links.finish(id=link.id, secret=link.secret)) == "AUTH_LINK_EXPIRED"


async def test_a_phone_says_no(people: Holders) -> None:
    links, principal = people.credentials.links, await people.zhang()
    link = await begun(people)
    await links.deny(principal=principal, code=link.code, origin=HERE)
    assert await outcome(links.finish(id=link.id, secret=link.secret)) == "AUTH_LINK_DENIED"


@against("session fixation", "screen")
@against("replaying", "screen")
async def test_who_photographs_the_code_does_not_collect_the_session(people: Holders) -> None:
    links, principal = people.credentials.links, await people.zhang()
    link, other = await begun(people), await begun(people)
    await links.approve(principal=principal, code=link.code, number=42, origin=HERE)
    for guess in (link.code, other.secret, ""):
        assert await outcome(links.finish(id=link.id, secret=guess)) == "AUTH_LINK_EXPIRED"
    assert await outcome(links.finish(id=other.id, secret=link.secret)) == "AUTH_LINK_EXPIRED"
    results = await asyncio.gather(*(outcome(links.finish(id=link.id, secret=link.secret)) for _ in range(3)))
    assert sorted(results) == ["AUTH_LINK_EXPIRED", "AUTH_LINK_EXPIRED", "ok"]
    assert link.secret not in repr(link) and link.code not in repr(link)


@against("a race", "screens")
async def test_two_answers_at_once_are_one(people: Holders) -> None:
    links, zhang, liu = people.credentials.links, await people.zhang(), await people.room.citizen(LIU)
    link = await begun(people)
    results = await asyncio.gather(
        *(outcome(links.approve(principal=who, code=link.code, number=42, origin=HERE)) for who in (zhang, liu))
    )
    assert sorted(results) == ["AUTH_LINK_EXPIRED", "ok"]


async def test_a_screen_waits_three_minutes(people: Holders) -> None:
    links, principal = people.credentials.links, await people.zhang()
    link = await begun(people)
    people.room.clock.advance(seconds=180)
    late = links.approve(principal=principal, code=link.code, number=42, origin=HERE)
    assert await outcome(late) == "AUTH_LINK_EXPIRED"
    assert await outcome(links.finish(id=link.id, secret=link.secret)) == "AUTH_LINK_EXPIRED"


async def test_who_may_not_answer(people: Holders) -> None:
    links, principal, acting = people.credentials.links, await people.zhang(), await people.room.acting()
    clerk = await people.room.clerk()
    link = await begun(people)

    async def approve(who: Any) -> str:
        return await outcome(links.approve(principal=who, code=link.code, number=42, origin=HERE))

    assert await approve(acting) == "FORBIDDEN"
    assert await approve(clerk) == "AUTH_LINK_EXPIRED"  # staff's is another screen
    people.room.clock.advance(seconds=120)
    later = await begun(people)
    people.room.clock.advance(seconds=170)
    stale = links.approve(principal=principal, code=later.code, number=42, origin=HERE)
    assert await outcome(stale) == "STEP_UP_REQUIRED"
    await links.deny(principal=principal, code=later.code, origin=HERE)  # a no needs no proof


@against("skipping the second factor", "screen")
async def test_with_a_second_factor_it_is_asked_for_before_a_screen_is_let_in(strict: Holders) -> None:
    signed_in = await strict.room.sign_in(CLERK, audience=Audience.STAFF)
    weak = await strict.room.principal(signed_in)
    await strict.with_totp(weak)
    links = strict.credentials.links
    link = await begun(strict, Audience.STAFF)
    clerk = await strict.renewed(signed_in)
    await links.approve(principal=clerk, code=link.code, number=42, origin=HERE)
    screen = await links.finish(id=link.id, secret=link.secret)
    assert screen is not None and "staff" in (await strict.room.principal(screen)).scopes


@against("guessing", "code of a screen")
async def test_codes_of_screens_are_not_guessed(people: Holders) -> None:
    links, principal = people.credentials.links, await people.zhang()
    most = people.credentials.desk.limits.per_phone[0].count_max
    link = await begun(people)
    for _ in range(most + 1):  # looking at a real one is no guess
        await links.asking(principal=principal, code=link.code, origin=HERE)
    for _ in range(min(most, people.credentials.desk.limits.per_device[0].count_max - most - 1)):
        assert await outcome(links.asking(principal=principal, code="x" * 22, origin=HERE)) == "AUTH_LINK_EXPIRED"
    seen = links.asking(principal=principal, code=link.code, origin=HERE)
    assert await outcome(seen) == "AUTH_TOO_MANY_REQUESTS"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("36.110.3.9", "36.110.0.0/16"),
        ("203.0.113.5", ""),
        ("8.8.4.4", "8.8.0.0/16"),
        ("2400:3200:1:2::7", "2400:3200::/32"),
        ("127.0.0.1", ""),
        ("192.168.1.7", ""),
        ("nonsense", ""),
    ],
)
def test_a_place_is_told_coarsely(address: str, network: str) -> None:
    assert coarse_network(address) == network


def test_the_numbers_differ_and_have_two_digits() -> None:
    for _ in range(50):
        numbers = distinct_numbers()
        assert len(set(numbers)) == 3 and all(10 <= number <= 99 for number in numbers)


async def test_redis_holds_nothing_of_what_waits_in_clear(people: Holders) -> None:
    signed_in = await people.room.sign_in(ZHANG)
    principal = await people.room.principal(signed_in)
    enrolment = await people.credentials.totp.begin(principal=principal)
    await people.with_totp(principal)
    link, asked = await begun(people), await people.pending()
    id, options = await people.challenge()
    secrets = [ZHANG, principal.actor, principal.session_id, enrolment.secret, link.id, link.code, link.secret]
    secrets += ["大厅 3 号屏", "测试手机", asked.pending_id, id, options["challenge"]]
    redis: Any = people.room.redis
    held = b""
    for key in await redis.keys("*"):
        kind = await redis.type(key)
        held += key + (await redis.get(key) if kind == b"string" else b"")
    assert held and [secret for secret in secrets if secret.encode() in held] == []


# --- proving oneself again


@against("guessing", "step-up")
async def test_a_code_sent_to_the_phone_proves_its_owner_again(people: Holders) -> None:
    principal = await people.zhang()
    people.room.clock.advance(seconds=3600)
    await people.credentials.step_up.request_code(principal=principal, locale=Locale.ZH_CN, origin=HERE)
    await people.room.deliver()
    message = await people.room.sms.latest(ZHANG)
    assert message is not None
    code = message["code"]
    assert await outcome(people.room.answer(ZHANG, code)) == "AUTH_CODE_EXPIRED"  # it signs nobody in
    liu = await people.room.citizen(LIU)
    assert await outcome(people.step_up(liu, code=code)) == "AUTH_CODE_EXPIRED"
    assert await outcome(people.step_up(principal, code="000000" if code != "000000" else "1" * 6)) == "AUTH_CODE_WRONG"
    again = await people.step_up(principal, code=code)
    assert again.session_id == principal.session_id
    assert again.authenticated_at == people.room.clock.now() and again.methods == {"sms"}
    assert await outcome(people.step_up(principal, code=code)) == "AUTH_CODE_EXPIRED"
    assert len(await people.room.audited("sessions.confirmed")) == 1


async def test_each_thing_that_an_account_has_proves_it_again(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    people.room.clock.advance(seconds=3600)
    assert await outcome(people.step_up(principal, password="wrong-" + PASSPHRASE)) == "AUTH_PASSWORD_WRONG"
    principal = await people.step_up(principal, password=PASSPHRASE)
    assert principal.methods == {"sms", "pwd"} and not principal.strong
    authenticator = await people.with_passkey(principal)
    id, options = await people.challenge()
    principal = await people.step_up(principal, passkey_id=id, credential=authenticator.get(options))
    assert principal.strong and principal.methods >= {"hwk", "user", "mfa"}
    secret, codes = await people.with_totp(principal)
    people.room.clock.advance(seconds=3600)
    principal = await people.step_up(principal, totp=people.totp(secret))
    assert principal.authenticated_at == people.room.clock.now()
    assert await outcome(people.step_up(principal, totp=people.totp(secret))) == "AUTH_PROOF_WRONG"
    assert await outcome(people.step_up(principal, recovery_code=codes[0])) == "ok"


@against("skipping the second factor", "weaker proof")
async def test_what_is_weaker_than_the_account_has_proves_nothing(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    await people.with_totp(principal)
    before = await people.room.dump()
    weak = people.credentials.step_up.confirm(principal=principal, proof=Proof(password=PASSPHRASE), origin=HERE)
    assert await outcome(weak) == "AUTH_PROOF_NOT_ENOUGH"
    assert await people.room.dump() == before


@against("skipping the second factor", "another account's")
async def test_another_accounts_passkey_proves_nothing(people: Holders) -> None:
    hers = await people.with_passkey(await people.room.citizen(LIU))
    principal = await people.zhang()
    id, options = await people.challenge()
    stolen = people.step_up(principal, passkey_id=id, credential=hers.get(options))
    assert await outcome(stolen) == "AUTH_PASSKEY_REFUSED"
    (entry,) = await people.room.audited("credentials.step_up_failed")
    assert (entry["actor"], entry["about"]) == (principal.actor, {"code": "AUTH_PASSKEY_REFUSED"})


@against("a stolen session", "after its end")
async def test_an_ended_session_is_not_made_surer(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    await people.room.identity.sessions.sign_out(principal=principal)
    assert await outcome(people.step_up(principal, password=PASSPHRASE)) == "AUTH_TOKEN_INVALID"


@against("another's rights", "acting for somebody")
async def test_whoever_acts_for_another_steps_up_as_themself(people: Holders) -> None:
    acting = await people.room.acting()
    assert await outcome(people.step_up(acting, code="123456")) == "FORBIDDEN"
    asked = people.credentials.step_up.request_code(principal=acting, locale=Locale.ZH_CN, origin=HERE)
    assert await outcome(asked) == "FORBIDDEN"


@pytest.mark.parametrize(
    "proof", [Proof(), Proof(code="1", totp="2"), Proof(passkey_id="x"), Proof(credential="x"), Proof(totp="12345")]
)
async def test_one_proof_is_shown(people: Holders, proof: Proof) -> None:
    principal = await people.zhang()
    shown = people.credentials.step_up.confirm(principal=principal, proof=proof, origin=HERE)
    assert await outcome(shown) == "BAD_USER_INPUT"
    assert "12345" not in repr(proof)


# --- over the graph

METHODS = """{ signInMethods {
  hasPassword passwordChangedAt passkeys { id name createdAt lastUsedAt synced } totp { confirmedAt }
  recoveryCodesLeft secondStepByPasskey } }"""
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) { accessToken session { id } } }"""


async def test_over_the_graph_a_second_step_is_asked_for_and_taken(people: Holders) -> None:
    principal = await people.zhang()
    nothing = await people.ask(METHODS, principal=principal)
    assert nothing["data"]["signInMethods"] == {
        "hasPassword": False,
        "passwordChangedAt": None,
        "passkeys": [],
        "totp": None,
        "recoveryCodesLeft": 0,
        "secondStepByPasskey": False,
    }
    secret, _ = await people.with_totp(principal)
    full = (await people.ask(METHODS, principal=principal))["data"]["signInMethods"]
    assert full["totp"] is not None and full["recoveryCodesLeft"] == 10
    people.room.clock.advance(seconds=61)
    given = {"phone": ZHANG, "code": await people.room.code(ZHANG), "deviceName": "电脑"}
    answer = await people.ask(SIGN_IN, variables={"input": given})
    (refusal,) = answer["errors"]
    assert (refusal["code"], refusal["methods"]) == ("AUTH_SECOND_FACTOR_REQUIRED", ["totp", "recovery"])
    assert set(refusal) == {"code", "kind", "retryable", "pending_id", "methods", "expires_at"}
    completed = await people.ask(
        "mutation($input: CompleteSignInInput!) { completeSignIn(input: $input) { accessToken } }",
        variables={"input": {"pendingId": refusal["pending_id"], "code": people.totp(secret)}},
    )
    assert completed["errors"] == []
    token = completed["data"]["completeSignIn"]["accessToken"]
    assert (await people.room.identity.authenticate(token=token)).strong


async def test_over_the_graph_a_passkey_is_made_and_used(people: Holders) -> None:

    principal, authenticator = await people.zhang(), Authenticator(*people.party)
    made = await people.ask("mutation { beginPasskeyRegistration { options } }", principal=principal)
    options = from_json(made["data"]["beginPasskeyRegistration"]["options"])
    added = await people.ask(
        'mutation($c: String!) { addPasskey(name: "手机", credential: $c) { name synced } }',
        principal=principal,
        variables={"c": authenticator.create(options)},
    )
    assert added == {"data": {"addPasskey": {"name": "手机", "synced": False}}, "errors": []}
    asked = await people.ask("mutation { beginPasskeySignIn { id options } }")
    challenge = asked["data"]["beginPasskeySignIn"]
    credential = authenticator.get(from_json(challenge["options"]))
    signed = await people.ask(
        "mutation($input: SignInWithPasskeyInput!) { signInWithPasskey(input: $input) { session { deviceName } } }",
        variables={"input": {"id": challenge["id"], "credential": credential, "deviceName": "电脑"}},
    )
    assert signed == {"data": {"signInWithPasskey": {"session": {"deviceName": "电脑"}}}, "errors": []}


async def test_over_the_graph_a_screen_is_let_in(people: Holders) -> None:
    principal = await people.zhang()
    begin = await people.ask('mutation { beginLink(deviceName: "电视") { id code secret number expiresAt } }')
    link = begin["data"]["beginLink"]
    finish = "mutation($id: ID!, $secret: String!) { finishLink(id: $id, secret: $secret) { session { deviceName } } }"
    mine = {"id": link["id"], "secret": link["secret"]}
    assert (await people.ask(finish, variables=mine))["data"] == {"finishLink": None}
    seen = await people.ask(
        "mutation($code: String!) { lookAtLink(code: $code) { deviceName place numbers } }",
        principal=principal,
        variables={"code": link["code"]},
    )
    assert seen["data"]["lookAtLink"] == {"deviceName": "电视", "place": "本地网络", "numbers": [17, 42, 88]}
    approved = await people.ask(
        "mutation($code: String!, $n: Int!) { approveLink(code: $code, number: $n) }",
        principal=principal,
        variables={"code": link["code"], "n": link["number"]},
    )
    assert approved["errors"] == []
    assert (await people.ask(finish, variables=mine))["data"] == {"finishLink": {"session": {"deviceName": "电视"}}}
