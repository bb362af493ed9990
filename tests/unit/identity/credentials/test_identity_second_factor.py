"""One-time passwords, recovery codes, the second step of signing in, and staff, who must take it."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from core.locale import Locale
from core.principal import PrincipalKind
from identity.credentials.errors import SecondFactorRequired
from identity.credentials.model import Totp
from identity.credentials.proofs import Proof, matching_step
from identity.model import Audience
from tests.support.attacks import against
from tests.unit.identity.credentials.holders import HERE, PASSPHRASE, Holders
from tests.unit.identity.room import CLERK, LIU, ZHANG, outcome

# RFC 6238 appendix B, SHA-1, the last six of the eight digits: time, password.
RFC_6238 = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("now_s", "code"), RFC_6238)
def test_the_published_passwords_are_of_their_time_steps(now_s: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890"
    totp = Totp(secret, confirmed_at=None, last_step=0)  # type: ignore[arg-type]
    step = now_s // 30
    assert matching_step(totp, code, now_s=now_s) == step
    assert matching_step(totp, code, now_s=now_s + 30) == step
    assert matching_step(totp, code, now_s=max(now_s - 30, 30)) == step
    assert matching_step(totp, code, now_s=now_s + 60) is None
    assert now_s < 90 or matching_step(totp, code, now_s=now_s - 60) is None
    used = Totp(secret, confirmed_at=None, last_step=step)  # type: ignore[arg-type]
    assert matching_step(used, code, now_s=now_s) is None


# --- enrolment


async def test_a_secret_counts_once_a_code_of_it_was_shown(people: Holders) -> None:
    principal = await people.zhang()
    enrolment = await people.credentials.totp.begin(principal=principal)
    uri = urlsplit(enrolment.uri)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query) == {"secret": [enrolment.secret], "issuer": ["城市通 CityTong"]}
    assert len(enrolment.secret) == 32 and enrolment.secret not in repr(enrolment)
    assert (await people.held(principal)).totp is None
    assert await outcome(people.room.sign_in(ZHANG)) == "ok"  # nothing is asked for yet
    confirm = people.credentials.totp.confirm
    wrong = people.totp(enrolment.secret, steps=9)
    assert await outcome(confirm(principal=principal, code=wrong, origin=HERE)) == "AUTH_PROOF_WRONG"
    codes = await confirm(principal=principal, code=people.totp(enrolment.secret), origin=HERE)
    assert len(set(codes)) == 10 and all(len(code) == 19 for code in codes)
    held = await people.held(principal)
    assert held.totp is not None and held.totp.confirmed_at == people.room.clock.now()
    dump = await people.room.dump()
    assert enrolment.secret.encode() not in dump and codes[0].replace("-", "").encode() not in dump
    for key in await people.room.redis.keys("*"):
        assert principal.actor.encode() not in key
    assert enrolment.secret not in repr(held)


async def test_a_secret_of_another_session_or_a_stale_one_is_not_confirmed(people: Holders) -> None:
    principal, other = await people.zhang(), await people.zhang()
    enrolment = await people.credentials.totp.begin(principal=principal)
    confirm = people.credentials.totp.confirm
    code = people.totp(enrolment.secret)
    assert await outcome(confirm(principal=other, code=code, origin=HERE)) == "AUTH_PROOF_WRONG"
    people.room.clock.advance(seconds=900)
    late = people.totp(enrolment.secret)
    assert await outcome(confirm(principal=principal, code=late, origin=HERE)) == "AUTH_PROOF_WRONG"
    assert await outcome(people.credentials.totp.begin(principal=principal)) == "STEP_UP_REQUIRED"
    assert (await people.held(principal)).totp is None


@against("a stolen session", "credentials")
async def test_a_session_left_open_gives_no_second_factor_away(people: Holders) -> None:
    signed_in = await people.room.sign_in(ZHANG)
    principal = await people.room.principal(signed_in)
    secret, _ = await people.with_totp(principal)
    totp = people.credentials.totp
    before = await people.room.dump()
    # Fresh, and by a code alone: whoever holds the phone is not enough.
    assert await outcome(totp.remove(principal=principal)) == "STEP_UP_REQUIRED"
    assert await outcome(totp.renew_recovery_codes(principal=principal)) == "STEP_UP_REQUIRED"
    assert await people.room.dump() == before
    strong = await people.renewed(signed_in)
    assert strong.methods == {"sms", "otp", "mfa"}
    people.room.clock.advance(seconds=300)
    assert await outcome(totp.remove(principal=strong)) == "STEP_UP_REQUIRED"
    strong = await people.step_up(strong, totp=people.totp(secret))
    held = await totp.remove(principal=strong)
    assert held.totp is None and held.recovery == ()
    assert await outcome(totp.remove(principal=strong)) == "NOT_FOUND"
    assert await outcome(totp.renew_recovery_codes(principal=strong)) == "NOT_FOUND"


# --- the second step


async def test_after_the_code_comes_the_second_step(people: Holders) -> None:
    principal = await people.zhang()
    secret, _ = await people.with_totp(principal)
    sessions = await people.room.mongo.collection("identity_sessions").count_documents({})
    asked = await people.pending()
    assert asked.methods == ["totp", "recovery"]
    assert await people.room.mongo.collection("identity_sessions").count_documents({}) == sessions
    signed_in = await people.complete(asked.pending_id, totp=people.totp(secret))
    assert signed_in.session.account_id == principal.actor
    assert signed_in.session.methods == {"sms", "otp", "mfa"}
    assert signed_in.session.device_name == "测试手机"
    again = await outcome(people.complete(asked.pending_id, totp=people.totp(secret, steps=1)))
    assert again == "AUTH_SIGN_IN_EXPIRED"


async def test_after_the_password_too(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    secret, _ = await people.with_totp(principal)
    assert await outcome(people.by_password("wrong-" + PASSPHRASE)) == "AUTH_PASSWORD_WRONG"
    with pytest.raises(SecondFactorRequired) as asked:
        await people.by_password()
    signed_in = await people.complete(asked.value.pending_id, totp=people.totp(secret))
    assert signed_in.session.methods == {"pwd", "otp", "mfa"}


@against("replaying", "one-time password")
async def test_a_code_of_the_app_is_good_once_wherever_it_is_shown(people: Holders) -> None:
    principal = await people.zhang()
    secret, _ = await people.with_totp(principal)
    one, two = await people.pending(), await people.pending()
    code = people.totp(secret)
    results = await asyncio.gather(*(outcome(people.complete(asked.pending_id, totp=code)) for asked in (one, two)))
    assert sorted(results) == ["AUTH_PROOF_WRONG", "ok"]
    three = await people.pending()
    stale = people.totp(secret, steps=-2)
    assert await outcome(people.complete(three.pending_id, totp=stale)) == "AUTH_PROOF_WRONG"


@against("replaying", "recovery code")
async def test_a_recovery_code_stands_in_once(people: Holders) -> None:
    principal = await people.zhang()
    _, codes = await people.with_totp(principal)
    asked = await people.pending()
    signed_in = await people.complete(asked.pending_id, recovery_code=codes[3].lower().replace("-", " "))
    assert signed_in.session.methods == {"sms", "otp", "mfa"}
    assert len((await people.held(principal)).recovery) == 9
    asked = await people.pending()
    assert await outcome(people.complete(asked.pending_id, recovery_code=codes[3])) == "AUTH_PROOF_WRONG"
    assert await outcome(people.complete(asked.pending_id, recovery_code=codes[4])) == "ok"
    told = [event.payload["what"] for event in await people.room.events("identity.credentials_changed")]
    assert told.count("recovery_code_used") == 2


async def test_new_recovery_codes_void_the_old_and_are_ones_own(people: Holders) -> None:
    signed_in = await people.room.sign_in(ZHANG)
    _, old = await people.with_totp(await people.room.principal(signed_in))
    new = await people.credentials.totp.renew_recovery_codes(principal=await people.renewed(signed_in))
    liu = await people.room.citizen(LIU)
    _, hers = await people.with_totp(liu)
    asked = await people.pending()
    for wrong in (old[0], hers[0]):
        assert await outcome(people.complete(asked.pending_id, recovery_code=wrong)) == "AUTH_PROOF_WRONG"
    assert await outcome(people.complete(asked.pending_id, recovery_code=new[0])) == "ok"


@against("guessing", "second step")
async def test_five_tries_and_the_sign_in_begins_again(people: Holders) -> None:
    principal = await people.zhang()
    secret, _ = await people.with_totp(principal)
    asked = await people.pending()
    wrong = people.totp(secret, steps=9)
    results = await asyncio.gather(*(outcome(people.complete(asked.pending_id, totp=wrong)) for _ in range(3)))
    results += [await outcome(people.complete(asked.pending_id, totp=wrong)) for _ in range(5)]
    assert results.count("AUTH_PROOF_WRONG") <= 5 and results[-1] == "AUTH_SIGN_IN_EXPIRED"
    right = people.complete(asked.pending_id, totp=people.totp(secret))
    assert await outcome(right) == "AUTH_SIGN_IN_EXPIRED"
    failed = await people.room.audited("credentials.second_step_failed")
    assert {entry["about"]["code"] for entry in failed} == {"AUTH_PROOF_WRONG"}


@against("guessing", "second step")
async def test_guesses_at_the_second_step_are_counted_over_all_sign_ins(people: Holders) -> None:
    principal = await people.zhang()
    secret, _ = await people.with_totp(principal)
    most = people.credentials.desk.limits.per_phone[0].count_max
    prover = people.credentials.second.prover
    wrong = Proof(totp=people.totp(secret, steps=9))
    for _ in range(most):
        guess = prover.prove(principal.actor, Audience.CITIZEN, wrong, HERE)
        assert await outcome(guess) == "AUTH_PROOF_WRONG"
    right = Proof(totp=people.totp(secret))
    assert await outcome(prover.prove(principal.actor, Audience.CITIZEN, right, HERE)) == "AUTH_TOO_MANY_REQUESTS"


@against("skipping the second factor", "another account's")
async def test_what_waits_is_good_for_five_minutes_and_for_nobody_elses_factor(people: Holders) -> None:
    principal = await people.zhang()
    secret, _ = await people.with_totp(principal)
    liu = await people.room.citizen(LIU)
    hers = await people.with_passkey(liu)
    asked = await people.pending()
    id, options = await people.challenge()
    other = people.complete(asked.pending_id, passkey_id=id, credential=hers.get(options))
    assert await outcome(other) == "AUTH_PASSKEY_REFUSED"
    first = people.complete(asked.pending_id, password=PASSPHRASE)
    assert await outcome(first) == "AUTH_PROOF_WRONG"  # a first step is no second
    both = people.complete(asked.pending_id, totp=people.totp(secret), recovery_code="A" * 16)
    assert await outcome(both) == "BAD_USER_INPUT"
    people.room.clock.advance(seconds=300)
    assert await outcome(people.complete(asked.pending_id, totp=people.totp(secret))) == "AUTH_SIGN_IN_EXPIRED"
    assert await outcome(people.complete("no such thing", totp="000000")) == "AUTH_SIGN_IN_EXPIRED"


async def test_a_passkey_is_asked_for_where_its_owner_wants_it(people: Holders) -> None:
    signed_in = await people.room.sign_in(ZHANG)
    authenticator = await people.with_passkey(await people.room.principal(signed_in))
    assert await outcome(people.room.sign_in(ZHANG)) == "ok"  # a passkey alone demands nothing
    principal = await people.renewed(signed_in)
    passkeys = people.credentials.passkeys
    await passkeys.ask_for_second_step(principal=principal, wanted=True)
    asked = await people.pending()
    assert asked.methods == ["passkey"]
    id, options = await people.challenge()
    completed = await people.complete(asked.pending_id, passkey_id=id, credential=authenticator.get(options))
    assert completed.session.methods == {"sms", "hwk", "user", "mfa"}
    # The passkey itself is two factors, and with the last one the wish goes.
    signed_in = await people.by_passkey(authenticator)
    principal = await people.room.principal(signed_in)
    (passkey,) = (await people.held(principal)).passkeys
    await passkeys.remove(principal=principal, passkey_id=passkey.id)
    assert await outcome(people.room.sign_in(ZHANG)) == "ok"
    wish = passkeys.ask_for_second_step(principal=principal, wanted=True)
    assert await outcome(wish) == "NOT_FOUND"


# --- staff


@against("skipping the second factor", "session that can only enrol")
async def test_staff_without_a_second_factor_can_only_enrol(strict: Holders) -> None:
    signed_in = await strict.room.sign_in(CLERK, audience=Audience.STAFF)
    clerk = await strict.room.principal(signed_in)
    assert (clerk.kind, clerk.scopes) == (PrincipalKind.STAFF, frozenset({"staff:enrol"}))
    assert (clerk.department, clerk.jurisdiction) == ("", None)
    assert (await strict.renewed(signed_in)).scopes == {"staff:enrol"}  # waiting makes nothing of it
    answer = await strict.ask("{ staffMe { badge } }", principal=clerk)
    assert [error["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    links = strict.credentials.links
    assert await outcome(links.asking(principal=clerk, code="x", origin=HERE)) == "FORBIDDEN"


async def test_once_it_is_made_the_sessions_next_tokens_hold_the_role(strict: Holders) -> None:
    signed_in = await strict.room.sign_in(CLERK, audience=Audience.STAFF)
    secret, _ = await strict.with_totp(await strict.room.principal(signed_in))
    clerk = await strict.renewed(signed_in)
    assert clerk.scopes == {"staff", "licences:issue", "citizens:find", "personal:identity:3"}
    assert clerk.department and clerk.strong
    asked = await strict.pending(CLERK, audience=Audience.STAFF)
    again = await strict.complete(asked.pending_id, totp=strict.totp(secret))
    assert (await strict.room.principal(again)).scopes == clerk.scopes
    totp = strict.credentials.totp
    before = await strict.room.dump()
    assert await outcome(totp.remove(principal=clerk)) == "AUTH_SECOND_FACTOR_NEEDED"
    assert await strict.room.dump() == before
    await strict.with_passkey(clerk)
    assert await outcome(totp.remove(principal=clerk)) == "ok"


async def test_staff_with_a_passkey_are_asked_for_it_or_use_it_alone(strict: Holders) -> None:
    signed_in = await strict.room.sign_in(CLERK, audience=Audience.STAFF)
    authenticator = await strict.with_passkey(await strict.room.principal(signed_in))
    asked = await strict.pending(CLERK, audience=Audience.STAFF)
    assert asked.methods == ["passkey"]
    alone = await strict.by_passkey(authenticator, audience=Audience.STAFF)
    clerk = await strict.room.principal(alone)
    assert "staff" in clerk.scopes and clerk.strong
    (passkey,) = (await strict.held(clerk)).passkeys
    removed = strict.credentials.passkeys.remove(principal=clerk, passkey_id=passkey.id)
    assert await outcome(removed) == "AUTH_SECOND_FACTOR_NEEDED"


@against("a frozen or erased account", "suspended staff")
async def test_staff_who_were_suspended_meanwhile_do_not_come_in(strict: Holders) -> None:
    signed_in = await strict.room.sign_in(CLERK, audience=Audience.STAFF)
    clerk = await strict.room.principal(signed_in)
    secret, _ = await strict.with_totp(clerk)
    authenticator = await strict.with_passkey(await strict.renewed(signed_in))
    asked = await strict.pending(CLERK, audience=Audience.STAFF)
    await strict.room.mongo.collection("identity_staff").update_one({"_id": clerk.actor}, {"$set": {"suspended": True}})
    late = strict.complete(asked.pending_id, totp=strict.totp(secret))
    assert await outcome(late) == "AUTH_SIGN_IN_EXPIRED"
    by_key = strict.by_passkey(authenticator, audience=Audience.STAFF)
    assert await outcome(by_key) == "AUTH_PASSKEY_REFUSED"
    begun = strict.credentials.passkeys.begin_registration(principal=clerk, locale=Locale.ZH_CN)
    assert await outcome(begun) == "AUTH_TOKEN_INVALID"
